// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! More than 4 GiB of output, through a few pages that are used again and again.

use crate::common::bits::{expand, literals, BitWriter, Op};
use pagewise::{Concatenated, Decode, Gzip, Pause};

const PAGE: usize = 64 << 10;
/// Copies that end where they began within a byte: 8 of 8 + 5 bits with the fixed code.
const COPIES: usize = 8;
const LENGTH: usize = 258;

/// One byte over and over: a literal, and copies of it.
fn ops(copies: usize) -> Vec<Op> {
    let mut ops = literals(b"x");
    ops.resize(1 + copies, Op::Copy { distance: 1, length: LENGTH });
    ops
}

#[test]
#[ignore = "takes some seconds"]
fn isize_is_modulo_4_gib() {
    // The bytes of the copies, put in as often as it takes (RFC 1952, 2.3.1: ISIZE is the length
    // modulo 2^32).
    let short = BitWriter::new().fixed(true, &ops(COPIES)).finish();
    let long = BitWriter::new().fixed(true, &ops(2 * COPIES)).finish();
    let same = short.iter().zip(&long).take_while(|(a, b)| a == b).count();
    let turn = long.len() - short.len();
    let period = &long[same - turn..same];
    let turn_length = (COPIES * LENGTH) as u64;
    let turns = (1 << 32) / turn_length + 10;
    let length = expand(&ops(COPIES)).len() as u64 + turns * turn_length;
    assert!(length > 1 << 32);

    let (mut crc, mut left) = (0, length);
    while left > 0 {
        let run = left.min(PAGE as u64);
        crc = zlib_rs::crc32::crc32(crc, &[b'x'; PAGE][..run as usize]);
        left -= run;
    }
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    file.extend(&short[..same]);
    (0..turns).for_each(|_| file.extend(period));
    file.extend(&short[same..]);
    file.extend(crc.to_le_bytes());
    file.extend((length as u32).to_le_bytes());

    let mut decoder = Concatenated::new(Gzip::new());
    let (mut pages, mut released, mut rest) = (vec![[0; PAGE]; 4], 0, &file[..]);
    loop {
        let progress = decoder.decode(rest, &mut pages).unwrap();
        rest = &rest[progress.consumed..];
        match progress.pause {
            Pause::NeedPage => {
                assert!(pages[0].iter().all(|&byte| byte == b'x'));
                decoder.release(1).unwrap();
                released += PAGE as u64;
                pages.rotate_left(1);
                pages[3].fill(0);
            }
            pause => break assert_eq!(pause, Pause::Done),
        }
    }
    assert_eq!((decoder.written(), decoder.consumed()), (length, file.len() as u64));
    assert!(length - released <= 4 * PAGE as u64);
}
