// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The result never depends on how input and pages are split over calls: zstd.

use std::sync::LazyLock;

use crate::common::data::{self, Random};
use crate::common::feed::{feed, Holding, Outcome, Plan, Verdict};
use crate::common::huffman::Tree;
use crate::common::libzstd::{encode, encode_pieces, encode_with};
use crate::common::sequences::{copy, random_sequences, repeat};
use crate::common::splits::{check_carried, compare, done, failed, PAGES};
use crate::common::zstd::{skippable, Block, Coding, Header, Writer, BLOCK, WINDOW_1K};
use pagewise::{Any, Carry, Concatenated, Decode, Error, Zstd};
use zstd_safe::CParameter::{
    self, ChecksumFlag, CompressionLevel, ContentSizeFlag, TargetCBlockSize, WindowLog,
};

type Frames = Concatenated<Zstd<'static>>;

fn frames() -> Frames {
    Concatenated::new(Zstd::new())
}

/// Checks splits with a `Carry` for whole blocks.
fn check<D: Holding>(fresh: fn() -> D, name: &str, input: &[u8], expected: &Outcome) {
    check_carried::<D, { Frames::CARRY }>(fresh, name, input, expected);
}

fn check_encoded(parameters: &[CParameter], content: &[u8]) {
    let frame = encode(parameters, content);
    check(Zstd::new, &format!("{parameters:?}"), &frame, &done(&frame, content.to_vec()));
}

#[test]
fn encoded_frames() {
    let content = [data::text(15_000), data::random(2_000), data::runs(9_000)].concat();
    // Small windows, small blocks: pages are released as soon as they have passed.
    for window in [10, 12, 14] {
        for level in [1, 6, 19] {
            let parameters = [WindowLog(window), CompressionLevel(level), ChecksumFlag(true)];
            check_encoded(&parameters, &content);
        }
    }
    check_encoded(&[TargetCBlockSize(1340), ContentSizeFlag(false)], &content);
    check_encoded(&[ChecksumFlag(true)], &data::elf(60_000));
    // 30 bytes of input for many pages of 64 KiB.
    check_encoded(&[ChecksumFlag(true)], &vec![0; 400_000]);
}

#[test]
fn blocks_of_the_largest_size() {
    // Small pieces only for streams that are short.
    let content = [data::random(3000), data::text(200_000)].concat();
    let mut writer = Writer::new();
    writer.raw(&data::random(BLOCK)).compressed(&Block::new(&data::random(BLOCK - 30), &[]));
    let largest = writer.frame(&Header::NEW);
    let encoded = encode(&[CompressionLevel(9), ChecksumFlag(true)], &content);
    for (frame, content) in [(encoded, &content[..]), (largest, writer.content())] {
        for chunk in [977, 4096, 50_000, 131_072, 131_075, usize::MAX] {
            for page in PAGES {
                let plan = Plan { chunk, page, batch: 1, release: true, filtered: false };
                let expected = done(&frame, content.to_vec());
                let outcome = feed(&mut Zstd::new(), &frame, content, plan);
                compare("large", plan, &outcome, &expected);
                let mut carried: Carry<_, { Zstd::CARRY }> = Carry::new(Zstd::new());
                compare("large", plan, &feed(&mut carried, &frame, content, plan), &expected);
            }
        }
    }
}

/// Blocks of all kinds, with sequences at random, in a window of 1 KiB.
fn mixed(rounds: usize) -> Writer {
    let mut random = Random(3);
    let mut writer = Writer::new();
    writer.raw(b"first").rle(b'r', 9);
    for round in 0..rounds {
        let literals = random.below(300);
        let literals = &data::text(4000)[round * 7..][..literals];
        let mut sequences =
            random_sequences(&mut random, writer.offsets, 14, literals.len(), round % 40);
        let size = |sequences: &[crate::common::sequences::Sequence]| -> usize {
            sequences.iter().map(|sequence| sequence.length).sum()
        };
        while size(&sequences) + literals.len() > 1024 {
            sequences.pop();
        }
        let mut block = Block::new(literals, &sequences);
        if round % 3 > 0 && !literals.is_empty() {
            block = block.coding(Coding::Huffman(Tree::flat(literals)));
        }
        if round % 4 > 1 && !sequences.is_empty() {
            block = block.fitted([5, 6, 7]);
        }
        writer.compressed(&block);
        match round % 8 {
            0 => _ = writer.raw(&random.bytes(round)),
            3 => _ = writer.rle(round as u8, 1 + round),
            4 => _ = writer.raw(b"").rle(b'r', 0),
            5 => _ = writer.compressed(&Block::new(b"", &[])),
            _ => {}
        }
    }
    writer
}

#[test]
fn all_kinds_of_blocks() {
    let writer = mixed(60);
    let expected = |frame: &[u8]| done(frame, writer.content().to_vec());
    let header = Header { window: Some(WINDOW_1K), ..Header::NEW };
    let frame = writer.frame(&header);
    check(Zstd::new, "window", &frame, &expected(&frame));
    check(Any::new, "window, any format", &frame, &expected(&frame));
    let frame = writer.frame(&Header { size_width: 8, dictionary: (4, 0), ..Header::NEW });
    check(Zstd::new, "long header", &frame, &expected(&frame));
    let frame = writer.frame(&Header::SINGLE_SEGMENT);
    check(Zstd::new, "single segment", &frame, &expected(&frame));

    let frame = writer.frame(&Header { magicless: true, checksum: false, ..header });
    let magicless = || {
        let mut decoder = Zstd::new();
        decoder.set_magicless(true);
        decoder
    };
    check(magicless, "magicless", &frame, &expected(&frame));
}

#[test]
fn ends_of_pages() {
    // The last copy of a block, and of the frame, goes over a page's end. So do literals after it,
    // and blocks of one byte.
    for start in [1, 60, 62, 63, 64, 65, 4_090, 4_095, 4_096] {
        for (length, behind) in [(3, 0), (66, 0), (130, 1), (600, 70), (5000, 3)] {
            let literals = data::text(start + behind);
            let block = Block::new(&literals, &[copy(start, 1, length), copy(0, 1, length)]);
            let mut writer = Writer::new();
            writer.compressed(&block).rle(b'r', length).compressed(&block);
            let frame = writer.frame(&Header::NEW);
            let expected = done(&frame, writer.content().to_vec());
            let name = format!("{length} bytes behind {start}");
            for (page, batch) in [(Some(64), 1), (Some(4096), 1), (None, 1)] {
                for chunk in [1, usize::MAX] {
                    let plan = Plan { chunk, page, batch, ..Plan::WHOLE };
                    let outcome = feed(&mut Zstd::new(), &frame, writer.content(), plan);
                    compare(&name, plan, &outcome, &expected);
                }
            }
        }
    }
}

#[test]
fn copies_over_page_ends() {
    // Long copies at all distances up to the window, which overlap themselves, begin and end within
    // pages and span several small ones.
    let mut random = Random(5);
    let mut writer = Writer::new();
    data::random(17_000).chunks(9_000).for_each(|piece| _ = writer.raw(piece));
    for bit in 0..14 {
        let mut sequences = Vec::new();
        for _ in 0..12 {
            let distance = (1 << bit) + random.next() % (1 << bit);
            sequences.push(copy(1, distance, 3 + random.below(400)));
            sequences.push(copy(0, 1 << bit, 500));
        }
        writer.compressed(&Block::new(&random.bytes(20), &sequences));
    }
    let frame = writer.frame(&Header { window: Some(4 << 3), ..Header::NEW });
    check(Zstd::new, "copies", &frame, &done(&frame, writer.content().to_vec()));
}

#[test]
fn several_frames() {
    let content = data::text(9_000);
    let mut file = skippable(3, &data::random(300));
    for (index, piece) in content.chunks(1_300).enumerate() {
        let parameters = [ChecksumFlag(index % 2 == 0), ContentSizeFlag(index % 3 == 0)];
        file.extend(encode(&parameters, piece));
        file.extend(encode(&[], b""));
        file.extend(skippable(index as u8, &data::random(index * index)));
    }
    let expected = done(&file, content.clone());
    check(frames, "frames", &file, &expected);
    check(|| Concatenated::new(Any::new()), "frames, any format", &file, &expected);
    for behind in [&b"#"[..], &[0; 9], &[0x28, 0xb5, 0x2e], &[0x50, 0x2a, 0x4d, 0x19]] {
        let damaged = [&file[..], behind].concat();
        let verdict = Verdict::Failed(Error::ZstdMagic);
        check(
            frames,
            "damage behind",
            &damaged,
            &Outcome { verdict, ..done(&file, content.clone()) },
        );
    }
    // A skippable frame by itself.
    let frame = skippable(15, &data::random(5000));
    check(Zstd::new, "skippable", &frame, &done(&frame, vec![]));
    let frame = skippable(0, b"");
    check(Any::new, "empty and skippable", &[&frame[..], b"##"].concat(), &done(&frame, vec![]));
}

static DICTIONARY: LazyLock<Vec<u8>> = LazyLock::new(|| data::text(3_000));

#[test]
fn dictionaries() {
    fn fresh() -> Zstd<'static> {
        let mut decoder = Zstd::new();
        decoder.set_dictionary(&DICTIONARY).unwrap();
        decoder
    }
    let content = [&DICTIONARY[1_000..], &data::runs(2_000), &DICTIONARY[..2_500]].concat();
    for window in [10, 11, 13] {
        let parameters = [WindowLog(window), CompressionLevel(12), ChecksumFlag(true)];
        let frame = encode_with(&DICTIONARY, &parameters, &content);
        let name = format!("window log {window}");
        check(fresh, &name, &frame, &done(&frame, content.clone()));
    }
    // Copies from the dictionary's first byte to its last, over its end, and over ends of pages.
    let mut writer = Writer::behind(&DICTIONARY);
    writer.compressed(&Block::new(b"", &[copy(0, 3_000, 3_000), copy(0, 6_000, 10)]));
    for length in [3, 64, 500] {
        let reach = 3_000 + writer.content().len() as u64;
        let copies = [copy(1, 1 + reach, length), copy(0, reach, length), repeat(1, 1, 70)];
        writer.compressed(&Block::new(b"ab", &copies));
        let end = writer.content().len() as u64 + length as u64 / 2;
        writer.compressed(&Block::new(b"", &[copy(0, end, length)]));
    }
    let frame = writer.frame(&Header::NEW);
    check(fresh, "copies", &frame, &done(&frame, writer.content().to_vec()));
    let mut frame = frame;
    frame.extend(writer.frame(&Header::SINGLE_SEGMENT));
    let content = writer.content().repeat(2);
    check(|| Concatenated::new(fresh()), "two frames", &frame, &done(&frame, content));
}

#[test]
fn dictionaries_go_out_of_reach() {
    fn fresh() -> Zstd<'static> {
        let mut decoder = Zstd::new();
        decoder.set_dictionary(&DICTIONARY).unwrap();
        decoder
    }
    // A copy starts while all of the dictionary can be reached. It may take bytes from there until
    // a window of 1 KiB has been written, and go on after the dictionary's end.
    let header = Header { window: Some(WINDOW_1K), ..Header::NEW };
    for before in [900, 1000, 1023, 1024] {
        for back in [1, 5, 63, 64, 70, 500, 3000] {
            for length in [3, 50, 130, 200, 1000] {
                let mut writer = Writer::behind(&DICTIONARY);
                let far = copy(0, before as u64 + back, length);
                writer.raw(&data::random(before)).compressed(&Block::new(b"", &[far]));
                let frame = writer.frame(&header);
                let is_good = before + length.min(back as usize) <= 1024;
                let content = &writer.content()[..if is_good { before + length } else { before }];
                let expected = if is_good {
                    done(&frame, content.to_vec())
                } else {
                    failed(fresh(), &frame, content, Error::DistancePastWindow)
                };
                let name = format!("{length} bytes, {back} back, behind {before}");
                for (page, batch, release) in [
                    (None, 1, false),
                    (Some(64), 1, true),
                    (Some(64), 9, false),
                    (Some(1024), 1, true),
                ] {
                    let plan = Plan { page, batch, release, ..Plan::WHOLE };
                    let outcome = feed(&mut fresh(), &frame, content, plan);
                    compare(&name, plan, &outcome, &expected);
                }
            }
        }
    }
}

#[test]
fn truncated_frames() {
    let content = data::text(12_000);
    let frame = encode_pieces(&[ChecksumFlag(true)], &content.chunks(900).collect::<Vec<_>>());
    for missing in [1, 3, 4, 5, 7, 200, frame.len() - 20, frame.len() - 4, frame.len() - 3] {
        let frame = &frame[..frame.len() - missing];
        let mut decoder: Carry<_, { Frames::CARRY }> = Carry::new(Zstd::new());
        let outcome = feed(&mut decoder, frame, &content, Plan::WHOLE);
        assert_eq!(outcome.verdict, Verdict::Truncated);
        check(Zstd::new, &format!("{missing} bytes missing"), frame, &outcome);
    }
}

#[test]
fn defects() {
    let writer = mixed(20);
    let content = writer.content();
    let mut frame = writer.frame(&Header::NEW);
    *frame.last_mut().unwrap() ^= 1;
    let expected = failed(Zstd::new(), &frame, content, Error::ZstdChecksum);
    check(Zstd::new, "check sum", &frame, &expected);

    let size = Header { size_width: 8, ..Header::NEW };
    let mut frame = writer.frame(&size);
    frame[6] ^= 1;
    let expected = failed(Zstd::new(), &frame, content, Error::ZstdContentSize);
    check(Zstd::new, "content size", &frame, &expected);

    // Each defect after good blocks, and after good sequences of its own block.
    let good = [copy(2, 3, 70), copy(0, 5, 70)];
    let far = content.len() as u64 + 143;
    let small = Header { window: Some(WINDOW_1K), ..Header::NEW };
    for (bad, header, error) in [
        (copy(0, far, 66), Header::NEW, Error::DistanceBeforeStart),
        (copy(0, 1025, 3), small, Error::DistancePastWindow),
        (copy(9, 3, 3), Header::NEW, Error::ZstdLiteralsOverrun),
        (copy(0, 3, 3000), small, Error::ZstdBlockSize),
    ] {
        let mut writer = writer.clone();
        let block = Block::new(b"two", &[&good[..], &[bad]].concat());
        writer.unchecked(&block);
        let frame = writer.frame(&header);
        let mut good = writer.clone();
        good.compressed(&Block::new(b"two", &block.sequences[..2]));
        let outcome = feed(&mut Zstd::new(), &frame, good.content(), Plan::WHOLE);
        assert_eq!(outcome.verdict, Verdict::Failed(error));
        check(Zstd::new, &format!("{error:?}"), &frame, &outcome);
    }
    let mut bad = writer.clone();
    // An invalid literals length code.
    let block = [1 << 3, b'x', 1, 0x40, 40, 1];
    bad.push(crate::common::zstd::COMPRESSED, block.len(), &block);
    let frame = bad.frame(&Header::NEW);
    let expected = failed(Zstd::new(), &frame, content, Error::ZstdFseTable);
    check(Zstd::new, "symbol", &frame, &expected);

    let frame = writer.frame(&Header { window: Some(20 << 3), ..Header::NEW });
    let expected = failed(Zstd::new(), &frame, b"", Error::WindowLimit);
    check(Zstd::new, "window limit", &frame, &expected);
}
