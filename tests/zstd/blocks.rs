// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Blocks that use every part of the format, each of which libzstd decodes as this crate does.

use crate::common::data::{self, Random};
use crate::common::feed::check_whole;
use crate::common::fse::Distribution;
use crate::common::huffman::{weights, Tree};
use crate::common::libzstd;
use crate::common::sequences::{
    copy, random_sequences, repeat, Mode, Sequence, LITERALS_LENGTHS, MATCH_LENGTHS, OFFSETS,
};
use crate::common::zstd::{Block, Coding, Header, Writer, BLOCK, WINDOW_128K, WINDOW_1K};
use pagewise::Zstd;

/// Checks that the frame stands for the writer's content.
fn check(writer: &Writer, header: &Header, name: &str) {
    let frame = writer.frame(header);
    assert!(libzstd::decode(&frame) == writer.content(), "{name}, libzstd");
    check_whole(&mut Zstd::new(), &frame, writer.content(), name);
}

/// Checks the blocks in a frame with a window, and in one with a single segment.
fn check_both(writer: &Writer, name: &str) {
    check(writer, &Header::NEW, name);
    // A block must not be larger than the window, which is the content.
    let mut writer = writer.clone();
    let missing = writer.frame(&Header::NEW).len().saturating_sub(writer.content().len());
    check(writer.rle(0, missing.min(BLOCK)), &Header::SINGLE_SEGMENT, name);
}

fn of(block: &Block) -> Writer {
    let mut writer = Writer::new();
    writer.compressed(block);
    writer
}

/// Ways to code the same literals.
fn codings(literals: &[u8]) -> Vec<(String, Coding, Option<u8>)> {
    let mut codings = vec![("raw".into(), Coding::Raw, None), ("raw".into(), Coding::Raw, Some(3))];
    let tree = Tree::flat(literals);
    for format in 0..4 {
        let coding = Coding::Huffman(tree.clone());
        codings.push((format!("Huffman, format {format}"), coding, Some(format)));
    }
    codings
}

/// Ways to code the same sequences.
fn modes(block: &Block) -> [Vec<Mode>; 3] {
    let fitted = block.clone().fitted([6, 6, 6]).modes;
    let accurate = block.clone().fitted([9, 8, 9]).modes;
    [0, 1, 2].map(|kind| vec![Mode::Predefined, fitted[kind].clone(), accurate[kind].clone()])
}

#[test]
fn literals_with_tables() {
    let mut random = Random(1);
    let literals = data::text(900);
    let block = Block::new(&literals, &random_sequences(&mut random, OFFSETS, 0, 900, 60));
    for (name, coding, format) in codings(&literals) {
        let [of_literals, of_offsets, of_lengths] = modes(&block);
        for a in &of_literals {
            for b in &of_offsets {
                for c in &of_lengths {
                    let first = Block { format, ..block.clone() }.coding(coding.clone()).modes([
                        a.clone(),
                        b.clone(),
                        c.clone(),
                    ]);
                    let mut writer = of(&first);
                    // Each table again, with the others and by itself; and the tree.
                    for repeated in 1..8 {
                        let modes = [0, 1, 2].map(|kind| match repeated >> kind & 1 {
                            1 => Mode::Repeat,
                            _ => Mode::Predefined,
                        });
                        let treeless = matches!(coding, Coding::Huffman(_)) && repeated % 2 == 0;
                        let coding = if treeless { Coding::Treeless } else { coding.clone() };
                        writer.compressed(&first.clone().coding(coding).modes(modes));
                        writer.compressed(&first);
                    }
                    check_both(&writer, &name);
                }
            }
        }
    }
}

#[test]
fn tables_of_one_symbol() {
    // Each kind of code alone, with the others in all modes.
    let literals = data::random(1000);
    let sequences = vec![copy(16, 13, 24); 40];
    let block = Block::new(&literals, &sequences);
    let rle = [Mode::Rle(16), Mode::Rle(4), Mode::Rle(21)];
    let [a, b, c] = modes(&block);
    for round in 0..4usize.pow(3) {
        let pick = |kind: usize, modes: &[Mode]| {
            let index = round / 4usize.pow(kind as u32) % 4;
            modes.get(index).unwrap_or(&rle[kind]).clone()
        };
        let modes = [pick(0, &a), pick(1, &b), pick(2, &c)];
        let first = block.clone().modes(modes);
        let again = block.clone().modes([Mode::Repeat, Mode::Repeat, Mode::Repeat]);
        let mut writer = of(&first);
        writer.compressed(&again).compressed(&first).compressed(&Block::new(b"abc", &[]));
        writer.raw(b"raw").rle(b'r', 70).compressed(&again);
        check_both(&writer, &format!("round {round}"));
    }
    // Every code of each kind that a block has room for.
    let mut blocks = Vec::new();
    for (code, (base, _)) in (0..).zip(LITERALS_LENGTHS) {
        let block = Block::new(&data::random(base), &[copy(base, 1, 3)]);
        blocks.push((block, [Mode::Rle(code), Mode::Predefined, Mode::Predefined]));
    }
    for (code, (base, _)) in (0..).zip(MATCH_LENGTHS) {
        let block = Block::new(b"", &[copy(0, 3, base)]);
        blocks.push((block, [Mode::Predefined, Mode::Predefined, Mode::Rle(code)]));
    }
    for code in 0..=16 {
        let offset_value = if code < 3 { 1 << code } else { (2 << code) - 1 };
        let block = Block::new(b"r", &[repeat(1, offset_value, 3)]);
        blocks.push((block, [Mode::Predefined, Mode::Rle(code), Mode::Predefined]));
    }
    for (block, modes) in blocks {
        let mut writer = Writer::new();
        writer.raw(&data::random(BLOCK));
        let name = format!("{modes:?}");
        check_both(writer.compressed(&block.modes(modes)), &name);
    }
}

#[test]
fn one_byte_for_all_literals() {
    for size in [1, 2, 31, 32, 4095, 4096, BLOCK - 3] {
        for format in [None, Some(3)] {
            let block = Block { format, ..Block::new(&vec![b'r'; size], &[copy(1, 1, 3)]) };
            check_both(&of(&block.coding(Coding::Rle)), &format!("{size} bytes"));
        }
    }
}

#[test]
fn trees() {
    let mut random = Random(2);
    let deepest: Vec<u8> = weights(&[(1..=10).collect(), vec![11; 2]].concat());
    let mut trees = vec![
        ("two symbols".to_owned(), Tree::direct(&[1, 1])),
        ("two far symbols".into(), Tree::direct(&[vec![0; 127], vec![1, 1]].concat())),
        ("two last symbols".into(), Tree::fse(&[vec![0; 254], vec![1, 1]].concat())),
        ("first and last symbol".into(), Tree::fse(&[vec![1], vec![0; 254], vec![1]].concat())),
        ("11 bits".into(), Tree::direct(&deepest)),
        ("11 bits, FSE".into(), Tree::fse(&deepest)),
        ("11 bits, last is heaviest".into(), {
            let reversed: Vec<u8> = deepest.iter().rev().copied().collect();
            Tree::direct(&reversed)
        }),
        ("128 symbols".into(), Tree::direct(&[1; 128])),
        ("255 symbols".into(), Tree::flat(&(0..=254).collect::<Vec<_>>())),
        ("255 symbols, not the first".into(), Tree::flat(&(1..=255).collect::<Vec<_>>())),
        ("256 symbols".into(), Tree::flat(&(0..=255).collect::<Vec<_>>())),
        ("129 symbols".into(), Tree::direct(&[vec![1; 2], vec![2; 127]].concat())),
    ];
    for symbols in [2, 3, 5, 17, 100, 128, 129, 200, 256] {
        for longest in 8..=11 {
            let mut bytes: Vec<u8> = (0..=255).collect();
            for last in (1..256).rev() {
                bytes.swap(last, random.below(last + 1));
            }
            let tree = Tree::random(&mut random, &bytes[..symbols], longest);
            if tree.weights.len() <= 129 {
                trees.push((format!("{symbols} symbols, FSE"), Tree::fse(&tree.weights)));
            }
            trees.push((format!("{symbols} symbols, up to {longest} bits"), tree));
        }
    }
    for (name, tree) in trees {
        let present: Vec<u8> = (0..=255)
            .filter(|&byte| tree.weights.get(byte as usize).is_some_and(|&w| w > 0))
            .collect();
        for (length, formats) in [(6, 0..4), (1, 0..1), (0, 0..1), (1000, 0..3), (20_000, 3..4)] {
            let literals: Vec<u8> = (0..length)
                .map(|at| {
                    if at < present.len() {
                        present[at]
                    } else {
                        present[random.below(present.len())]
                    }
                })
                .collect();
            for format in formats {
                let mut writer = Writer::new();
                let coding = Coding::Huffman(tree.clone());
                let block = Block { format: Some(format), ..Block::new(&literals, &[]) };
                if tree.stream(&literals).len() + tree.description().len() > 1023 && format < 2 {
                    continue;
                }
                writer.raw(b"before").compressed(&block.clone().coding(coding));
                writer.compressed(&block.coding(Coding::Treeless));
                check_both(&writer, &format!("{name}, {length} literals in format {format}"));
            }
        }
    }
}

#[test]
fn counts_of_sequences() {
    for count in [1, 2, 127, 128, 129, 255, 256, 0x7eff, 0x7f00, 0x7f01, 0xa000] {
        let mut sequences = vec![repeat(0, 1, 3); count];
        sequences[0] = copy(8, 8, 3);
        let block = Block::new(b"literals and more", &sequences);
        check_both(&of(&block), &format!("{count} sequences"));
    }
    // No sequences. There are two ways to write that, the second of which starts like a count of
    // two bytes.
    let mut writer = Writer::new();
    writer.compressed(&Block::new(b"none", &[])).compressed(&Block::new(b"", &[]));
    writer.compressed(&Block::new(b"more", &[]).coding(Coding::Huffman(Tree::flat(b"more"))));
    check_both(&writer, "no sequences");
}

#[test]
fn lengths() {
    // Each code with the least and the most of its extra bits.
    let mut sequences = Vec::new();
    for (base, bits) in LITERALS_LENGTHS {
        for literals in [base, base + (1 << bits) - 1] {
            sequences.push(copy(literals, 5, 3));
        }
    }
    for (base, bits) in MATCH_LENGTHS {
        for length in [base, base + (1 << bits) - 1] {
            sequences.push(copy(1, 3, length));
        }
    }
    sequences.retain(|sequence| sequence.literals + sequence.length <= BLOCK);
    sequences.extend([copy(BLOCK - 20, 1, 20), copy(0, 6, BLOCK), copy(1, 6, BLOCK - 1)]);
    for sequence in sequences {
        let literals = data::random(sequence.literals);
        let mut writer = Writer::new();
        writer.raw(b"before").compressed(&Block::new(&literals, &[sequence]));
        check_both(&writer, &format!("{sequence:?}"));
    }
}

#[test]
fn offsets() {
    // At the window's edge and at the frame's first byte, near and far.
    for (window, size) in [(WINDOW_1K, 1 << 10), (WINDOW_1K + 7, 1920), (WINDOW_128K, BLOCK)] {
        let header = Header { window: Some(window), ..Header::NEW };
        let mut writer = Writer::new();
        for piece in data::random(2 * size).chunks(1000) {
            writer.raw(piece);
        }
        for bit in 0..size.ilog2() as u64 {
            let offsets =
                [1 << bit, (1 << bit) + 1, (2 << bit) - 1].map(|offset| copy(1, offset, 9));
            writer.compressed(&Block::new(b"off", &offsets));
        }
        let size = size as u64;
        writer.compressed(&Block::new(
            b"edge",
            &[copy(0, size, 3), copy(2, size, 300), copy(0, size, 5)],
        ));
        check(&writer, &header, &format!("window of {size}"));
        // A single segment is its own window, wherever the frame comes from.
        let all = writer.content().len() as u64;
        writer.compressed(&Block::new(b"", &[copy(0, all, 70)]));
        check(&writer, &Header::SINGLE_SEGMENT, "single segment");
    }
    let mut random = Random(6);
    for _ in 0..200 {
        let mut writer = Writer::new();
        for _ in 0..5 {
            // Repeat codes first in a block too.
            let literals = random.bytes(200);
            let count = 1 + random.below(50);
            let mut sequences: Vec<Sequence> =
                (0..3).map(|_| copy(30, 9 + random.below(20) as u64, 5)).collect();
            sequences.extend((0..count).map(|_| {
                let literals = random.below(3);
                repeat(literals, 1 + random.below(if literals == 0 { 2 } else { 3 }) as u64, 3)
            }));
            sequences.push(repeat(0, 3, 4));
            writer.compressed(&Block::new(&literals, &sequences));
        }
        check_both(&writer, "repeat codes");
    }
}

#[test]
fn distributions() {
    let mut random = Random(7);
    let literals = data::random(3_000);
    let sequences: Vec<Sequence> = (0..300)
        .map(|_| copy(1 + random.below(4), 1 + random.below(4) as u64, 3 + random.below(4)))
        .collect();
    let block = Block::new(&literals, &sequences);
    // Codes: literals lengths 1 to 4, offsets 2, match lengths 0 to 3.
    let all_less = |symbols: usize, log: u32| {
        let mut probabilities = vec![-1; symbols];
        probabilities[2] = (1 << log) - (symbols as i32 - 1);
        Distribution::new(log, &probabilities)
    };
    let cases = [
        [all_less(5, 5), all_less(5, 5), all_less(4, 5)],
        [all_less(32, 5), all_less(32, 5), all_less(32, 5)],
        [all_less(36, 9), all_less(32, 8), all_less(53, 9)],
        [all_less(36, 6), all_less(29, 8), all_less(53, 6)],
        [
            Distribution::new(5, &[0, 1, 1, 1, 29]),
            Distribution::new(5, &[0, 0, 31, 1]),
            Distribution::new(5, &[29, 1, -1, 1]),
        ],
        [
            Distribution::new(9, &[0, 500, 10, 1, 1]),
            Distribution::new(8, &[0, 1, 254, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            Distribution::new(9, &[509, -1, -1, 1]),
        ],
        [
            Distribution::new(6, &[0, 16, 16, 16, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            Distribution::new(5, &[16, 0, 15, 0, 0, 0, 0, 0, 0, -1]),
            Distribution::new(7, &[33, 31, 31, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ],
    ];
    for (index, case) in cases.into_iter().enumerate() {
        let block = block.clone().modes(case.map(Mode::Fse));
        let again = block.clone().modes([Mode::Repeat, Mode::Repeat, Mode::Repeat]);
        let mut writer = of(&block);
        check_both(writer.compressed(&again), &format!("distributions {index}"));
    }
    for round in 0..200 {
        let logs = [5 + round % 5, 5 + round % 4, 5 + round / 5 % 5];
        let block = Block::new(&literals, &random_sequences(&mut random, OFFSETS, 0, 3000, 100))
            .fitted(logs);
        check_both(&of(&block), &format!("{logs:?}"));
    }
}
