// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Copies of all distances and lengths, compared with a naive twin, for pages of many lengths.

use crate::common::bits::{expand, literals, BitWriter, Op};
use crate::common::data::{self, random_ops, Random};
use crate::common::feed::decode_into;
use pagewise::{decode_slice, Deflate, OVERSHOOT};

#[test]
fn random_copies() {
    let mut random = Random(2);
    for _ in 0..300 {
        check(&random_ops(&mut random, 3_000));
    }
    for _ in 0..4 {
        check(&random_ops(&mut random, 100_000));
    }
}

#[test]
fn near_copies_of_all_lengths() {
    for distance in 1..=40 {
        let mut ops = literals(&data::random(40));
        ops.extend((3..=258).map(|length| Op::Copy { distance, length }));
        // And with fresh bytes to copy each time.
        for length in 3..=258 {
            ops.push(Op::Literal(length as u8));
            ops.push(Op::Copy { distance, length });
        }
        check(&ops);
    }
}

#[test]
fn far_copies_of_all_lengths() {
    for distance in [41, 63, 64, 65, 127, 128, 129, 255, 256, 257, 300, 4095, 4096, 4097, 32_768] {
        let mut ops = literals(&data::random(distance));
        ops.extend((3..=258).map(|length| Op::Copy { distance, length }));
        check(&ops);
    }
}

/// Compares `ops` with their naive expansion, for pages of all lengths and flat output.
fn check(ops: &[Op]) {
    let content = expand(ops);
    let stream = BitWriter::new().fixed(true, ops).finish();
    for bits in 6..=12 {
        assert!(decode_into(&stream, || vec![0; 1 << bits]).unwrap() == content, "1 << {bits}");
    }
    for room in [0, 1, 7, 300] {
        let mut flat = vec![0xa5; content.len() + room];
        assert!(decode_slice(&mut Deflate::new(), &stream, &mut flat).is_ok());
        let (output, rest) = flat.split_at(content.len());
        let mut clean = rest.iter().skip(OVERSHOOT);
        assert!(output == content && clean.all(|&byte| byte == 0xa5), "{room} to spare");
    }
}
