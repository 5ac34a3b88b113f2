// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Filters change bytes in place: when these are final, and that they stay as they are.

use crate::common::data;
use crate::common::feed::{feed, Plan};
use crate::common::lzma::Symbol::{Literal, Match, Rep, ShortRep};
use crate::common::splits::{compare, done};
use crate::common::xz::{self, Block, Chunks, Reset, CRC32, DELTA, NO_CHECK, X86};
use pagewise::{Concatenated, Decode, Error, Pause, Xz};

#[test]
fn copies_right_behind_filtered_bytes() {
    // What is before the bytes of a copy must stay: it is final, and not what the engine wrote.
    let delta = (DELTA, vec![0]);
    for before in (1..20).chain(50..70) {
        for length in 2..20 {
            let short = Match { distance: 1, length };
            let symbols = [Literal(9), short, Literal(4), ShortRep, Rep { index: 0, length }];
            let filtered = |chunks: &Chunks| {
                let mut block = chunks.block();
                block.filters.insert(0, delta.clone());
                block.content = sums(&block.content);
                block
            };
            let (mut first, mut second) = (Chunks::new(), Chunks::new());
            first.stored(true, &vec![1; before]);
            second.lzma(Reset::Dictionary, &symbols);
            let mut both = first.clone();
            both.lzma(Reset::Dictionary, &symbols);
            let plain = [filtered(&first), second.block()];
            let twice = [filtered(&first), filtered(&second), filtered(&both)];
            let streams =
                [xz::stream(CRC32, &plain[..1]), vec![0; 8], xz::stream(CRC32, &plain[1..])];
            for (file, blocks) in [
                (xz::stream(CRC32, &plain), &plain[..]),
                (xz::stream(CRC32, &twice), &twice),
                (streams.concat(), &plain),
            ] {
                let content: Vec<u8> = blocks.iter().flat_map(|b| b.content.clone()).collect();
                let expected = done(&file, content);
                for page in [Some(64), None] {
                    for chunk in [1, usize::MAX] {
                        let plan = Plan { chunk, page, batch: 1, filtered: true, release: false };
                        let outcome =
                            feed(&mut Concatenated::new(Xz::new()), &file, &expected.bytes, plan);
                        compare(&format!("{before}, {length}"), plan, &outcome, &expected);
                    }
                }
            }
        }
    }
}

/// Each byte added to all those before it.
fn sums(bytes: &[u8]) -> Vec<u8> {
    let sums = bytes.iter().scan(0_u8, |sum, &byte| {
        *sum = sum.wrapping_add(byte);
        Some(*sum)
    });
    sums.collect()
}

#[test]
fn pages_that_are_not_final() {
    let content = data::code(20_000);
    for (chain, lag) in [(vec![], 0), (vec![(X86, vec![])], 4096), (vec![(DELTA, vec![0])], 4096)] {
        let file = xz::stream(CRC32, &[Block::encoded(&chain, &content)]);
        let (mut decoder, mut pages) = (Xz::new(), vec![[0; 64]; 20_000_usize.div_ceil(64)]);
        let progress = decoder.decode(&file[..file.len() / 2], &mut pages).unwrap();
        // As far as the dictionary reaches, and less than an instruction more.
        let behind = decoder.written() - decoder.settled();
        assert!((lag..lag + 16).contains(&behind), "{chain:?}: {behind}");
        let settled = decoder.settled();
        assert_eq!(decoder.release(settled as usize / 64 + 1), Err(Error::ReleaseUnsettled));
        let released = settled.min(decoder.written() - 4096) as usize / 64;
        assert_eq!(decoder.release(released), Ok(()), "a refused release is none");
        assert_eq!(pages.drain(..released).collect::<Vec<_>>().concat(), content[..64 * released]);
        let progress = decoder.decode(&file[progress.consumed..], &mut pages).unwrap();
        assert_eq!((progress.pause, decoder.settled()), (Pause::Done, 20_000));
        assert!(pages.concat().starts_with(&content[64 * released..]));
    }
}

#[test]
fn a_dictionary_reset_makes_bytes_final() {
    // No copy reaches these bytes any more, whatever the size of the dictionary.
    let mut chunks = Chunks::new();
    chunks.stored(true, &[1; 3000]).stored(true, &[1; 10]);
    let mut block = chunks.block();
    block.filters.insert(0, (DELTA, vec![0]));
    let file = xz::stream(NO_CHECK, &[block]);
    let (mut decoder, mut pages) = (Xz::new(), vec![[0; 64]; 50]);
    let before = 12 + 12 + 3 + 3000;
    let _ = decoder.decode(&file[..before], &mut pages).unwrap();
    assert_eq!((decoder.written(), decoder.settled()), (3000, 0));
    let _ = decoder.decode(&file[before..before + 3 + 5], &mut pages).unwrap();
    assert_eq!((decoder.written(), decoder.settled()), (3005, 3000));
}
