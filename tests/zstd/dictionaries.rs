// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Dictionaries for zstd, good ones and others, and how far copies reach into them.

use crate::common::data::{self, Random};
use crate::common::feed::check_whole;
use crate::common::fse::Distribution;
use crate::common::huffman::Tree;
use crate::common::libzstd;
use crate::common::sequences::{copy, next_offsets, random_sequences, repeat, Mode};
use crate::common::zstd::{Block, Coding, Dictionary, Header, Writer, WINDOW_1K};
use pagewise::{decode_slice, Decode, Error, Zstd};

const CONTENT: &[u8] = b"a good frame";

#[test]
fn all_that_they_hold() {
    let mut random = Random(12);
    let content = data::text(2000);
    let literals = data::text(400);
    let dictionary = Dictionary {
        id: 0x1234_5678,
        tree: Tree::flat(&literals),
        tables: [
            Distribution::fitted(7, 0..36),
            Distribution::fitted(6, 0..20),
            Distribution::fitted(8, 0..53),
        ],
        offsets: [100, 2000, 7],
        content: content.clone(),
    };
    let bytes = dictionary.to_bytes();
    let mut decoder = libzstd::Decoder::with_dictionary(&bytes);
    let mut formatted = Zstd::new();
    formatted.set_dictionary(&bytes).unwrap();
    let header = Header { dictionary: (4, 0x1234_5678), ..Header::NEW };
    let raw = data::random(5000);
    let mut plain = Zstd::new();
    plain.set_dictionary(&raw).unwrap();
    for round in 0..100 {
        let mut writer = dictionary.writer();
        let mut sequences = vec![repeat(random.below(2), 1 + random.below(3) as u64, 3 + round)];
        sequences.push(copy(3, 2000 + 3 + round as u64, 50));
        let mut offsets = dictionary.offsets;
        sequences.iter().for_each(|sequence| offsets = next_offsets(offsets, sequence));
        sequences.extend(random_sequences(&mut random, offsets, 2000, 300, 30));
        let block = Block::new(&literals, &sequences);
        let block = block.modes([Mode::Repeat, Mode::Repeat, Mode::Repeat]);
        writer.compressed(&block.clone().coding(Coding::Treeless));
        let frame = writer.frame(&header);
        assert!(libzstd::decode_by(&mut decoder, &frame) == writer.content(), "round {round}");
        check_whole(&mut formatted, &frame, writer.content(), &format!("round {round}"));
        // A raw dictionary of the content: without tables.
        let mut writer = Writer::behind(&raw);
        let sequences = [copy(5, 5005, 70), copy(0, 4000, 200), repeat(1, 3, 9)];
        writer.compressed(&Block::new(&literals, &sequences));
        let frame = writer.frame(&Header::NEW);
        let mut decoder = libzstd::Decoder::with_dictionary(&raw);
        assert!(libzstd::decode_by(&mut decoder, &frame) == writer.content(), "raw, round {round}");
        check_whole(&mut plain, &frame, writer.content(), &format!("raw, round {round}"));
    }
}

fn dictionary() -> Dictionary {
    Dictionary {
        id: 77,
        tree: Tree::flat(CONTENT),
        tables: [36, 29, 53].map(|symbols| Distribution::fitted(7, 0..symbols)),
        offsets: [1, 4, 100],
        content: data::text(100),
    }
}

/// Checks whether `bytes` are accepted when they are set as a dictionary.
fn check_dictionary(bytes: &[u8], is_good: bool) {
    let result = Zstd::new().set_dictionary(bytes);
    assert_eq!(result, if is_good { Ok(()) } else { Err(Error::ZstdDictionary) });
}

#[test]
fn defects() {
    let good = dictionary();
    let bytes = good.to_bytes();
    check_dictionary(&bytes, true);
    // Whatever is not a formatted dictionary is a raw one, unless it starts like one.
    for raw in [&b"12345678"[..], &bytes[1..], CONTENT] {
        check_dictionary(raw, true);
    }
    // At least 8 bytes, of either kind.
    for end in 0..8 {
        check_dictionary(&CONTENT[..end], false);
        check_dictionary(&bytes[..end], false);
    }
    for end in 8..bytes.len() - good.content.len() {
        check_dictionary(&bytes[..end], false);
    }
    // Offsets must reach into the content.
    for offset in [0, 101, u32::MAX.into()] {
        for index in 0..3 {
            let mut dictionary = good.clone();
            dictionary.offsets[index] = offset;
            check_dictionary(&dictionary.to_bytes(), false);
        }
    }
    check_dictionary(&Dictionary { tree: Tree::direct(&[1; 3]), ..good.clone() }.to_bytes(), true);
    for (index, symbols, log) in [(0, 36, 10), (0, 37, 9), (1, 29, 9), (2, 53, 10), (2, 54, 9)] {
        let mut dictionary = good.clone();
        dictionary.tables[index] = Distribution::fitted(log, 0..symbols);
        check_dictionary(&dictionary.to_bytes(), false);
    }
    for id in [1, 255, 1 << 31] {
        check_dictionary(&Dictionary { id, ..good.clone() }.to_bytes(), true);
    }

    // Frames that name another dictionary, or none.
    let mut writer = good.writer();
    writer.compressed(&Block::new(CONTENT, &[copy(3, 50, 20)]));
    let mut decoder = Zstd::new();
    decoder.set_dictionary(&bytes).unwrap();
    for (width, id) in [(0, 0), (1, 0), (1, 77), (2, 77), (4, 77), (1, 78), (2, 0x4d4d), (4, 78)] {
        decoder.reset();
        let frame = writer.frame(&Header { dictionary: (width, id), ..Header::NEW });
        let result = decode_slice(&mut decoder, &frame, &mut [0; 64]);
        match id {
            0 | 77 => assert_eq!(result.unwrap().written, CONTENT.len() + 20),
            _ => assert_eq!(result, Err(Error::ZstdDictionaryId)),
        }
    }
    // A raw one has no ID, so it is used for any.
    let mut decoder = Zstd::new();
    decoder.set_dictionary(&good.content).unwrap();
    let mut writer = Writer::behind(&good.content);
    writer.compressed(&Block::new(CONTENT, &[copy(3, 50, 20)]));
    let frame = writer.frame(&Header { dictionary: (1, 77), ..Header::NEW });
    let result = decode_slice(&mut decoder, &frame, &mut [0; 64]);
    assert!(matches!(result, Ok(_) | Err(Error::ZstdDictionaryId)), "{result:?}");

    // Out of reach: before its first byte, and once more than a window was written.
    for (before, offset, error) in [
        (0, 101, Some(Error::DistanceBeforeStart)),
        (10, 111, Some(Error::DistanceBeforeStart)),
        (10, 110, None),
        (1024, 1024, None),
        (1025, 1026, Some(Error::DistancePastWindow)),
        (1100, 1101, Some(Error::DistancePastWindow)),
    ] {
        let mut writer = Writer::behind(&good.content);
        writer.rle(b'r', before.min(1000)).rle(b'r', before - before.min(1000));
        writer.unchecked(&Block::new(b"", &[copy(0, offset, 3)]));
        let header = Header { window: Some(WINDOW_1K), checksum: false, ..Header::NEW };
        decoder.reset();
        let result = decode_slice(&mut decoder, &writer.frame(&header), &mut [0; 2000]);
        assert_eq!(result.err(), error, "{before} bytes, {offset} back");
    }
}
