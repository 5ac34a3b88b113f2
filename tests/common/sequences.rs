// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The sequences of zstd's compressed blocks, their codes and their stream (RFC 8878, 3.1.1.3.2).

use super::data::Random;
use super::fse::{Backward, Distribution, Table};

/// The first repeat offsets (3.1.1.5).
pub const OFFSETS: [u64; 3] = [1, 4, 8];

/// As many literals, then a copy.
#[derive(Clone, Copy, Debug)]
pub struct Sequence {
    pub literals: usize,
    pub offset_value: u64,
    pub length: usize,
}

/// A sequence with an offset of its own.
pub fn copy(literals: usize, offset: u64, length: usize) -> Sequence {
    Sequence { literals, offset_value: offset + 3, length }
}

/// A sequence with a repeat code, 1 to 3.
pub fn repeat(literals: usize, offset_value: u64, length: usize) -> Sequence {
    Sequence { literals, offset_value, length }
}

/// The repeat offsets after `sequence`, the first of which is its own (3.1.1.5).
pub fn next_offsets([first, second, third]: [u64; 3], sequence: &Sequence) -> [u64; 3] {
    let shift = u64::from(sequence.literals == 0);
    match sequence.offset_value {
        4.. => [sequence.offset_value - 3, first, second],
        value => match value + shift {
            1 => [first, second, third],
            2 => [second, first, third],
            3 => [third, first, second],
            _ => [first - 1, first, second],
        },
    }
}

/// `count` sequences that take at most `literals` literals, `before` bytes from the start: offsets
/// near and far, one byte after another, all repeat codes.
pub fn random_sequences(
    random: &mut Random,
    mut offsets: [u64; 3],
    before: usize,
    mut literals: usize,
    count: usize,
) -> Vec<Sequence> {
    let mut at = before as u64;
    let mut sequences = Vec::new();
    while sequences.len() < count {
        let some = if at == 0 { 8 } else { random.below(8) * random.below(2) };
        let taken = some.min(literals);
        let reach = at + taken as u64;
        let length = 3 + random.below(20) * random.below(3) + 200 * (random.below(30) / 29);
        let sequence = match random.below(6) {
            0 => copy(taken, 1 + random.next() % reach, length),
            1 => copy(taken, reach - random.next() % reach.min(3), length),
            2 => copy(taken, 1 + random.next() % reach.min(40), length),
            value => repeat(taken, value as u64 - 2, length),
        };
        let next = next_offsets(offsets, &sequence);
        if (1..=reach).contains(&next[0]) {
            offsets = next;
            at = reach + length as u64;
            literals -= taken;
            sequences.push(sequence);
        }
    }
    sequences
}

/// A Symbol_Compression_Mode with its table (3.1.1.3.2.1).
#[derive(Clone, Debug)]
pub enum Mode {
    Predefined,
    Rle(u8),
    Fse(Distribution),
    Repeat,
}

/// The code of a number, its extra bits and how many they are.
type Code = (u8, u64, u32);

/// Codes of literals length, offset and match length (3.1.1.3.2.1.1).
pub fn codes_of(sequence: &Sequence) -> [Code; 3] {
    let offset_bits = sequence.offset_value.ilog2();
    let offset = sequence.offset_value - (1 << offset_bits);
    [
        find(&LITERALS_LENGTHS, sequence.literals),
        (offset_bits as u8, offset, offset_bits),
        find(&MATCH_LENGTHS, sequence.length),
    ]
}

/// The last entry whose base is at most `value`.
fn find(table: &[(usize, u32)], value: usize) -> Code {
    let code = table.iter().rposition(|&(base, _)| base <= value).unwrap();
    let (base, bits) = table[code];
    (code as u8, (value - base) as u64, bits)
}

/// The stream of a Sequences_Section (3.1.1.3.2.2), without its final bit.
pub fn sequence_stream(tables: [&Table; 3], sequences: &[Sequence]) -> Backward {
    let codes: Vec<[Code; 3]> = sequences.iter().map(codes_of).collect();
    let states = [0, 1, 2].map(|kind| {
        tables[kind].states(&codes.iter().map(|codes| codes[kind].0).collect::<Vec<_>>())
    });
    let mut stream = Backward::new();
    for kind in 0..3 {
        stream.put(states[kind][0].into(), tables[kind].log);
    }
    for (at, codes) in codes.iter().enumerate() {
        for kind in [1, 2, 0] {
            let (_, extra, bits) = codes[kind];
            stream.put(extra, bits);
        }
        for kind in [0, 2, 1] {
            if let Some(&next) = states[kind].get(at + 1) {
                tables[kind].step(&mut stream, states[kind][at], next);
            }
        }
    }
    stream
}

/// Number_of_Sequences, in as few bytes as possible.
pub fn sequence_count(count: usize) -> Vec<u8> {
    match count {
        0..0x80 => vec![count as u8],
        0x80..0x7f00 => vec![0x80 | (count >> 8) as u8, count as u8],
        _ => [&[255], &u16::try_from(count - 0x7f00).unwrap().to_le_bytes()[..]].concat(),
    }
}

/// The default distributions of literals lengths, offsets and match lengths (3.1.1.3.2.2).
#[rustfmt::skip]
pub fn predefined() -> [Distribution; 3] {
    [
        Distribution::new(6, &[
            4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1,
            1, 1, 1, -1, -1, -1, -1,
        ]),
        Distribution::new(5, &[
            1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1,
            -1,
        ]),
        Distribution::new(6, &[
            1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
        ]),
    ]
}

/// Baseline and Number_of_Bits of the literals length codes.
#[rustfmt::skip]
pub const LITERALS_LENGTHS: [(usize, u32); 36] = [
    (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 0),
    (12, 0), (13, 0), (14, 0), (15, 0), (16, 1), (18, 1), (20, 1), (22, 1), (24, 2), (28, 2),
    (32, 3), (40, 3), (48, 4), (64, 6), (128, 7), (256, 8), (512, 9), (1024, 10), (2048, 11),
    (4096, 12), (8192, 13), (16384, 14), (32768, 15), (65536, 16),
];

/// Baseline and Number_of_Bits of the match length codes.
#[rustfmt::skip]
pub const MATCH_LENGTHS: [(usize, u32); 53] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 0), (12, 0), (13, 0),
    (14, 0), (15, 0), (16, 0), (17, 0), (18, 0), (19, 0), (20, 0), (21, 0), (22, 0), (23, 0),
    (24, 0), (25, 0), (26, 0), (27, 0), (28, 0), (29, 0), (30, 0), (31, 0), (32, 0), (33, 0),
    (34, 0), (35, 1), (37, 1), (39, 1), (41, 1), (43, 2), (47, 2), (51, 3), (59, 3), (67, 4),
    (83, 4), (99, 5), (131, 7), (259, 8), (515, 9), (1027, 10), (2051, 11), (4099, 12), (8195, 13),
    (16387, 14), (32771, 15), (65539, 16),
];
