// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! More than 4 GiB of output, through a few pages that are used again and again.

use crate::common::bits::{expand, literals, BitWriter, Op};
use crate::common::data::{gzip, raw_literals, GzipHeader};
use crate::common::window::{decode_through, PAGE};
use pagewise::{Concatenated, Decode, Gzip};

/// Copies that end where they began within a byte: 8 of 8 + 5 + 7 bits with the fixed code.
const COPIES: usize = 8;
const LENGTH: usize = 258;

/// One byte over and over: a literal, and copies of it, most of them from further back than a length that has
/// wrapped would allow.
fn ops(copies: usize) -> Vec<Op> {
    let mut ops = literals(b"x");
    ops.push(Op::Copy { distance: 1, length: LENGTH });
    ops.resize(2 + copies, Op::Copy { distance: LENGTH, length: LENGTH });
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
    // Behind another member, so that the history starts neither with the output nor with a page.
    let mut file = gzip(&GzipHeader::default(), &raw_literals(b"xx"), b"xx");
    file.extend([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
    file.extend(&short[..same]);
    (0..turns).for_each(|_| file.extend(period));
    file.extend(&short[same..]);
    file.extend(crc.to_le_bytes());
    file.extend((length as u32).to_le_bytes());

    let mut decoder = Concatenated::new(Gzip::new());
    decode_through(&mut decoder, &file, |_, page| assert!(page.iter().all(|&byte| byte == b'x')));
    assert_eq!((decoder.written(), decoder.members()), (2 + length, 2));
}
