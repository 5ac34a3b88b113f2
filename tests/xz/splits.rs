// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The result never depends on how input and pages are split over calls: .xz and .lzma.

use crate::common::data::{self, Random};
use crate::common::feed::{feed, Outcome, Plan, Verdict};
use crate::common::lzma::Symbol::{Literal, Match, Rep, ShortRep};
use crate::common::lzma::{alone_of, expand, literals, random_symbols};
use crate::common::splits::{check, check_filtered, compare, done, failed, PAGES};
use crate::common::xz::{
    self, encode, encode_blocks, lzma2, preset, small_options, Block, Chunks, Reset, BRANCHES,
    CHECKS, CRC32, DELTA, LZMA2, NO_CHECK, SHA256, X86,
};
use liblzma::stream;
use pagewise::{Any, Carry, Concatenated, Decode, Error, Lzma, Xz};

fn xzs() -> Concatenated<Xz> {
    Concatenated::new(Xz::new())
}

#[test]
fn plain_streams() {
    let content = [data::text(25_000), data::random(9_000), data::runs(6_000)].concat();
    for (round, check_id) in CHECKS.into_iter().enumerate() {
        // Dictionaries of 4 KiB to 32 KiB: pages are released as soon as the small ones have passed.
        let mut options = preset(round as u32, 4096 << round);
        let file = xz::stream(
            check_id,
            &[Block {
                filters: vec![(LZMA2, vec![2 * round as u8])],
                ..Block::new(xz::raw(&lzma2(&mut options), &content), &content)
            }],
        );
        let expected = done(&file, content.clone());
        match round {
            0 => check(Any::new, "any format", &file, &expected),
            1 => check(xzs, "streams", &file, &expected),
            _ => check(Xz::new, &format!("preset {round}"), &file, &expected),
        }
    }

    // 300 bytes of input for many pages of 64 KiB.
    let content = vec![0; 300_000];
    let file = encode(&lzma2(&mut small_options()), stream::Check::Crc32, &content);
    check(Xz::new, "zeros", &file, &done(&file, content));
}

/// A stream of one block with `chain` before LZMA2.
fn filtered(check_id: u8, chain: &[(u64, Vec<u8>)], content: &[u8]) -> Vec<u8> {
    xz::stream(check_id, &[Block::encoded(chain, content)])
}

#[test]
fn each_filter() {
    let content = data::code(11_111);
    for (id, alignment) in BRANCHES {
        let start = (0x1_0000 - alignment).to_le_bytes().to_vec();
        let file = filtered(CRC32, &[(id, start)], &content);
        let expected = done(&file, content.clone());
        check_filtered(Xz::new, &format!("filter {id}"), &file, &expected);
    }
    for distance in [1, 4, 256] {
        let file = filtered(CRC32, &[(DELTA, vec![(distance - 1) as u8])], &content);
        let expected = done(&file, content.clone());
        check_filtered(Any::new, &format!("delta {distance}"), &file, &expected);
    }
}

#[test]
fn chains() {
    let content = data::code(9_000);
    let (x86, arm, thumb, ia64, riscv) =
        ((X86, vec![]), (7, vec![]), (8, vec![]), (6, vec![]), (11, vec![]));
    let delta = (DELTA, vec![6]);
    for chain in [
        vec![x86.clone(), delta.clone()],
        vec![delta.clone(), x86.clone()],
        vec![x86.clone(), arm, thumb],
        vec![ia64, riscv.clone(), x86.clone()],
        vec![x86.clone(), x86.clone(), x86.clone()],
        vec![delta.clone(), riscv, delta],
    ] {
        let file = filtered(SHA256, &chain, &content);
        check_filtered(Xz::new, &format!("{chain:x?}"), &file, &done(&file, content.clone()));
    }
}

#[test]
fn blocks() {
    // With filters and without in turn, some as short as an instruction, and headers of all sizes.
    let content = data::code(12_000);
    let mut rest = &content[..];
    let mut blocks = Vec::new();
    for (index, size) in [1, 5, 64, 0, 3000, 4, 130, 4096, 63, 2, 4000, 15].into_iter().enumerate()
    {
        let (piece, behind) = rest.split_at(size.min(rest.len()));
        rest = behind;
        let chain = match index % 4 {
            0 => vec![(X86, vec![])],
            1 => vec![(DELTA, vec![1]), (10, vec![])],
            2 => vec![],
            _ => vec![(6, vec![])],
        };
        let mut block = Block::encoded(&chain, piece);
        block.header_size = [0, 1024, 52, 64, 44, 48][index % 6];
        blocks.push(if index % 2 == 0 { block } else { block.with_sizes() });
    }
    let content = content[..content.len() - rest.len()].to_vec();
    let file = xz::stream(CRC32, &blocks);
    check_filtered(Xz::new, "blocks", &file, &done(&file, content));

    let content = data::text(20_000);
    let pieces: Vec<&[u8]> = content.chunks(1_234).collect();
    let file = encode_blocks(&lzma2(&mut small_options()), stream::Check::Crc64, &pieces);
    check(Xz::new, "plain blocks", &file, &done(&file, content));
}

#[test]
fn streams_with_padding() {
    let content = data::code(6_000);
    let (a, b) = content.split_at(1_111);
    let a = filtered(CRC32, &[(X86, vec![])], a);
    let b = xz::stream(SHA256, &[Block::stored(b)]);
    let empty = xz::stream(NO_CHECK, &[]);
    let file = [&a[..], &[0; 4], &empty, &[0; 400], &b, &empty, &[0; 8]].concat();
    check_filtered(xzs, "streams", &file, &done(&file, content.clone()));
    check_filtered(|| Concatenated::new(Any::new()), "any", &file, &done(&file, content.clone()));

    // What is not padding is damage, up to which the input is consumed.
    for (behind, good, error) in [
        (&[0, 0, 0, 0, 0, 1][..], 4, Error::XzStreamPadding),
        (&[0, 0, 0, 1], 0, Error::XzStreamPadding),
        (&[1], 0, Error::XzMagic),
        (&[0, 0, 0, 0, 0xfd, b'7', b'Y'], 4, Error::XzMagic),
    ] {
        let consumed = (file.len() + good) as u64;
        let file = [&file[..], behind].concat();
        let verdict = Verdict::Failed(error);
        let expected = Outcome { verdict, consumed, ..done(&file, content.clone()) };
        check_filtered(xzs, "trailing bytes", &file, &expected);
    }
}

#[test]
fn chunks() {
    // Chunks of all kinds, as short as a byte, with all symbols, at any place of a page.
    let mut random = Random(8);
    let mut chunks = Chunks::new();
    for round in 0..300 {
        let reset = match round % 29 {
            0 => Reset::Dictionary,
            11 => Reset::Properties,
            17 => Reset::State,
            _ => Reset::Nothing,
        };
        if reset == Reset::Properties {
            chunks.encoder.set_properties(round % 5, 4 - round % 5, round % 4);
        }
        let before = if reset == Reset::Dictionary { 0 } else { round as usize % 29 };
        let length = 1 + random.below(200);
        let symbols = match round % 7 {
            3 => vec![Literal(round as u8)],
            5 if before > 0 => vec![Rep { index: 0, length: 273 }, ShortRep],
            _ => random_symbols(&mut random, length, before.min(12)),
        };
        chunks.lzma(reset, &symbols);
        if round % 13 == 1 {
            chunks.stored(false, &data::random(1 + round as usize));
        }
    }
    let file = xz::stream(CRC32, &[chunks.block()]);
    check(Xz::new, "chunks", &file, &done(&file, chunks.encoder.content().to_vec()));
}

#[test]
fn alone() {
    let mut random = Random(4);
    let mut symbols = literals(&data::random(5_000));
    for bit in 0..12 {
        // Long copies at all distances, which overlap themselves and span several small pages.
        for length in [2, 17, 64, 273] {
            let distance = (1 << bit) + random.below(1 << bit) as u64;
            symbols.extend([Match { distance, length }, ShortRep, Literal(bit)]);
            symbols.push(Rep { index: random.below(4), length });
        }
    }
    let before = expand(&symbols).len();
    symbols.extend(random_symbols(&mut random, 5_000, before));
    let content = expand(&symbols);
    for marked in [false, true] {
        let file = alone_of(&symbols, 1 << 16, marked);
        let expected = done(&file, content.clone());
        check(Lzma::new, &format!("end marker: {marked}"), &file, &expected);
        check(Any::new, &format!("any format, end marker: {marked}"), &file, &expected);
        let behind = [&file[..], b"behind"].concat();
        check(Lzma::new, "trailing bytes", &behind, &expected);
        let verdict = Verdict::Failed(Error::LzmaTrailing);
        let damage = Outcome { verdict, ..expected };
        check(|| Concatenated::new(Lzma::new()), "trailing bytes, members", &behind, &damage);
    }
}

#[test]
fn ends_of_pages() {
    // The last symbol is a copy over the end of a page, of a chunk, of a block, of the file. An end
    // marker comes with a full page. Nothing comes after it.
    for start in [1, 60, 62, 63, 64, 65, 4_090, 4_095, 4_096] {
        for length in [1, 2, 3, 66, 130, 273] {
            let copy = match length {
                1 => ShortRep,
                _ => Match { distance: 1, length },
            };
            let symbols = [literals(&data::text(start)), vec![copy]].concat();
            let content = expand(&symbols);
            let name = format!("{length} bytes behind {start}");
            let mut chunks = Chunks::new();
            chunks.lzma(Reset::Dictionary, &symbols).lzma(Reset::Nothing, &[copy]);
            let block = chunks.block();
            let file = xz::stream(CRC32, &[block.clone(), block]);
            let expected = done(&file, chunks.encoder.content().repeat(2));
            for (page, batch) in [(Some(64), 1), (Some(4096), 1), (None, 1)] {
                for chunk in [1, usize::MAX] {
                    let plan = Plan { chunk, page, batch, ..Plan::WHOLE };
                    let outcome = feed(&mut Xz::new(), &file, &expected.bytes, plan);
                    compare(&name, plan, &outcome, &expected);
                    for marked in [false, true] {
                        let file = alone_of(&symbols, 1 << 16, marked);
                        let expected = done(&file, content.clone());
                        let outcome = feed(&mut Lzma::new(), &file, &expected.bytes, plan);
                        compare(&name, plan, &outcome, &expected);
                    }
                }
            }
        }
    }
}

#[test]
fn the_smallest_carry() {
    // A unit of input fits, wherever its pieces end: the head of a Block Header is the largest.
    let content = data::code(1_500);
    let start = vec![0, 0, 0, 0x10];
    let chain = [(X86, start.clone()), (7, start.clone()), (10, start)];
    let mut block = Block::encoded(&chain, &content).with_sizes();
    block.header_size = 64;
    let padded = [&xz::stream(SHA256, &[block.clone(), block])[..], &[0; 12]].concat();
    let (file, content) = (padded.repeat(2), content.repeat(4));
    let expected = done(&file, content);
    let mut decoder: Carry<_, { Concatenated::<Xz>::CARRY }> =
        Carry::new(Concatenated::new(Xz::new()));
    for chunk in 1..60 {
        for page in PAGES {
            let plan = Plan { chunk, page, batch: 1, release: true, filtered: true };
            decoder.reset();
            let outcome = feed(&mut decoder, &file, &expected.bytes, plan);
            compare("small carry", plan, &outcome, &expected);
        }
    }
}

#[test]
fn truncated_streams() {
    let content = data::code(5_000);
    for (name, file, is_filtered) in [
        ("plain", filtered(CRC32, &[], &content), false),
        ("stored", xz::stream(CRC32, &[Block::stored(&content)]), false),
        ("x86", filtered(CRC32, &[(X86, vec![])], &content), true),
        ("chain", filtered(CRC32, &[(6, vec![]), (DELTA, vec![2]), (11, vec![])], &content), true),
    ] {
        for missing in [1, 12, 13, 20, 30, 500, file.len() - 40, file.len() - 20] {
            let file = &file[..file.len() - missing];
            let mut decoder: Carry<Xz> = Carry::new(Xz::new());
            let plan = Plan { filtered: is_filtered, ..Plan::WHOLE };
            let outcome = feed(&mut decoder, file, &content, plan);
            assert_eq!(outcome.verdict, Verdict::Truncated);
            let name = format!("{name}, {missing} bytes missing");
            match is_filtered {
                true => check_filtered(Xz::new, &name, file, &outcome),
                false => check(Xz::new, &name, file, &outcome),
            }
        }
    }
    let file = alone_of(&literals(&content), 1 << 16, true);
    for missing in [1, 5, 6, 7, 1000] {
        let file = &file[..file.len() - missing];
        let mut decoder: Carry<Lzma> = Carry::new(Lzma::new());
        let outcome = feed(&mut decoder, file, &content, Plan::WHOLE);
        assert_eq!(outcome.verdict, Verdict::Truncated);
        check(Lzma::new, &format!("lzma, {missing} bytes missing"), file, &outcome);
    }
}

#[test]
fn defects() {
    let content = data::code(5_000);
    for chain in [vec![], vec![(X86, vec![])], vec![(DELTA, vec![0]), (7, vec![])]] {
        let is_filtered = !chain.is_empty();
        let whole = Plan { filtered: is_filtered, ..Plan::WHOLE };
        let block = Block::encoded(&chain, &content);
        let mut wrong_check = block.clone();
        wrong_check.content[77] ^= 1;
        let mut cut = block.clone();
        cut.data.truncate(cut.data.len() - 300);
        cut.data.extend([0; 300]);
        let mut sizes = block.clone().with_sizes();
        *sizes.uncompressed_size.as_mut().unwrap() += 1;
        let mut control = block.clone();
        *control.data.last_mut().unwrap() = 3;
        for (name, block, error) in [
            ("check", wrong_check, Some(Error::XzCrc32)),
            ("data", cut, None),
            ("size", sizes, Some(Error::XzUncompressedSize)),
            ("control", control, Some(Error::Lzma2Control)),
        ] {
            let file = xz::stream(CRC32, &[block]);
            // What damaged data stand for, only the decoder knows.
            let heads = whole_output(&file);
            let outcome = feed(&mut Xz::new(), &file, &heads, whole);
            if let Some(error) = error {
                assert_eq!(outcome.verdict, Verdict::Failed(error));
                assert!(content.starts_with(&outcome.bytes));
            }
            assert!(matches!(outcome.verdict, Verdict::Failed(_)), "{name}");
            match is_filtered {
                true => check_filtered(Xz::new, name, &file, &outcome),
                false => check(Xz::new, name, &file, &outcome),
            }
        }
    }
    let symbols = [literals(&content), vec![Match { distance: 5_001, length: 300 - 27 }]].concat();
    let file = alone_of(&symbols, 1 << 16, false);
    let expected = failed(Lzma::new(), &file, &content, Error::DistanceBeforeStart);
    check(Lzma::new, "distance", &file, &expected);
}

/// All final bytes of a stream that is given whole.
fn whole_output(file: &[u8]) -> Vec<u8> {
    let (mut decoder, mut output) = (Xz::new(), vec![0; 1 << 16]);
    let _ = decoder.decode(file, &mut [&mut output[..]]);
    output.truncate(decoder.settled() as usize);
    output
}

#[test]
fn limits() {
    fn limited() -> Xz {
        let mut decoder = Xz::new();
        decoder.limit_window(4095);
        decoder
    }
    let content = data::text(1_000);
    let mut first = Block::stored(&content);
    first.filters = vec![(LZMA2, vec![0])];
    let file = xz::stream(CRC32, &[first]);
    let expected = failed(limited(), &file, b"", Error::WindowLimit);
    check(limited, "window limit", &file, &expected);
}
