// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Sequences are executed in whole chunks where more bytes are known to follow. If a later one turns out to
//! be wrong, nothing after the last good one and its scratch bytes is touched (the pages here are poisoned),
//! and all good ones are there, however many are decoded before they are executed.

use crate::common::data::{self, Random};
use crate::common::feed::check_whole;
use crate::common::sequences::{copy, random_sequences, repeat, Sequence, OFFSETS};
use crate::common::splits::{check, failed};
use crate::common::zstd::{Block, Header, Writer, BLOCK};
use pagewise::{Error, Zstd};

/// Numbers around those that are kept back, that are decoded at a time, and multiples of these.
const COUNTS: [usize; 12] = [0, 1, 7, 8, 9, 40, 255, 256, 257, 264, 265, 600];

fn literals_of(sequences: &[Sequence]) -> usize {
    sequences.iter().map(|sequence| sequence.literals).sum()
}

/// A frame of one block, and the content of its good sequences.
fn frame(literals: &[u8], good: &[Sequence], bad: &[Sequence]) -> (Vec<u8>, Vec<u8>) {
    let mut writer = Writer::new();
    writer.compressed(&Block::new(&literals[..literals_of(good)], good));
    let content = writer.content().to_vec();
    let mut writer = Writer::new();
    writer.unchecked(&Block::new(literals, &[good, bad].concat())).raw(b"more");
    (writer.frame(&Header { checksum: false, ..Header::NEW }), content)
}

#[test]
fn bad_sequences_behind_good_ones() {
    let mut random = Random(7);
    for count in COUNTS {
        let literals = data::text(4 * count + 20);
        let mut good = random_sequences(&mut random, OFFSETS, 0, 4 * count, count);
        // So that the next repeat offset less one is zero.
        good.push(copy(1, 1, 3));
        let rest = literals.len() - literals_of(&good);
        let (_, content) = frame(&literals, &good, &[]);
        let far = content.len() as u64 + 1;
        for (bad, error) in [
            (copy(0, far, 9), Error::DistanceBeforeStart),
            (copy(2, far + 200, 40), Error::DistanceBeforeStart),
            (repeat(0, 3, 9), Error::ZstdOffset),
            (copy(rest + 1, 1, 3), Error::ZstdLiteralsOverrun),
            (copy(0, 1, BLOCK + 1), Error::ZstdBlockSize),
        ] {
            // What would follow is not looked at.
            let (frame, content) = frame(&literals, &good, &[bad, copy(0, 1, 3), copy(1, 2, 9)]);
            let name = format!("{error:?} behind {count}");
            // The literals of a sequence whose offset is bad are written before it is found.
            let is_late = error == Error::DistanceBeforeStart;
            let literals_of_bad = if is_late { bad.literals } else { 0 };
            let from = literals_of(&good);
            let content = [&content[..], &literals[from..from + literals_of_bad]].concat();
            let expected = failed(Zstd::new(), &frame, &content, error);
            assert_eq!(expected.written, content.len() as u64, "{name}");
            check(Zstd::new, &name, &frame, &expected);
        }
    }
}

#[test]
fn literals_behind_the_last_sequence() {
    let mut random = Random(8);
    for count in COUNTS {
        for behind in [0, 1, 15, 16, 31, 32, 33, 300] {
            let good = random_sequences(&mut random, OFFSETS, 0, 4 * count, count);
            let literals = data::text(literals_of(&good) + behind);
            let mut writer = Writer::new();
            writer.compressed(&Block::new(&literals, &good));
            writer.raw(b"more").compressed(&Block::new(b"literals", &[copy(3, 4, 50)]));
            let frame = writer.frame(&Header::NEW);
            let name = format!("{behind} behind {count}");
            check_whole(&mut Zstd::new(), &frame, writer.content(), &name);
        }
    }
}
