// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What libzstd compresses comes back, whatever its settings.

use crate::common::data::{self, random, runs, text};
use crate::common::feed::check_whole;
use crate::common::libzstd::{encode, encode_pieces, encode_with, train};
use crate::common::zstd::{skippable, BLOCK};
use pagewise::{decode_slice, Any, Carry, Check, Concatenated, Decode, Error, Format, Pause, Zstd};
use zstd_safe::{CParameter, FrameFormat, ParamSwitch, Strategy};
use CParameter::{
    ChecksumFlag, CompressionLevel, ContentSizeFlag, DictIdFlag, EnableLongDistanceMatching,
    LiteralCompressionMode, TargetCBlockSize, WindowLog,
};

const PAGE: usize = 4096;

/// Contents of up to a few pages, and of about a block.
fn shapes(lengths: &[usize]) -> Vec<(String, Vec<u8>)> {
    let mut shapes = Vec::new();
    for &length in lengths {
        shapes.push((format!("{length} random bytes"), random(length)));
        shapes.push((format!("{length} bytes of text"), text(length)));
        shapes.push((format!("{length} bytes of runs"), runs(length)));
        shapes.push((format!("{length} zeros"), vec![0; length]));
    }
    shapes
}

/// With a checksum and the content's size, or without.
fn flags(index: usize) -> [CParameter; 2] {
    [ChecksumFlag(index % 2 == 0), ContentSizeFlag(index / 2 % 2 == 0)]
}

fn check(decoder: &mut Zstd<'_>, parameters: &[CParameter], content: &[u8], name: &str) {
    let frame = encode(parameters, content);
    check_whole(decoder, &frame, content, &format!("{name}, {parameters:?}"));
}

#[test]
fn levels() {
    let mut decoder = Zstd::new();
    let mut round = 0;
    for (name, content) in shapes(&[0, 1, 2, 100, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE]) {
        for level in (-7..=22).chain([-100, zstd_safe::min_c_level()]) {
            round += 1;
            let [checksum, size] = flags(round / 3 + round);
            let parameters = [CompressionLevel(level), checksum, size];
            check(&mut decoder, &parameters, &content, &name);
        }
    }
    for (name, content) in shapes(&[BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5 * PAGE]) {
        for level in [-5, 1, 3, 6, 12, 16, 22] {
            round += 1;
            let [checksum, size] = flags(round);
            let parameters = [CompressionLevel(level), checksum, size];
            check(&mut decoder, &parameters, &content, &name);
        }
    }
    for period in 1..=40 {
        let content = data::periodic(period, 2 * PAGE + 50);
        check(&mut decoder, &[CompressionLevel(3)], &content, &format!("period {period}"));
        check(&mut decoder, &[CompressionLevel(19)], &content, &format!("period {period}"));
    }
}

#[test]
fn strategies() {
    let mut decoder = Zstd::new();
    let strategies = [
        Strategy::ZSTD_fast,
        Strategy::ZSTD_dfast,
        Strategy::ZSTD_greedy,
        Strategy::ZSTD_lazy,
        Strategy::ZSTD_lazy2,
        Strategy::ZSTD_btlazy2,
        Strategy::ZSTD_btopt,
        Strategy::ZSTD_btultra,
        Strategy::ZSTD_btultra2,
    ];
    let content = [text(50_000), data::elf(90_000), random(20_000), runs(30_000)].concat();
    for (index, strategy) in strategies.into_iter().enumerate() {
        for window in [10, 13, 17, 20] {
            for literals in [ParamSwitch::Enable, ParamSwitch::Disable] {
                let parameters = [
                    CParameter::Strategy(strategy),
                    WindowLog(window),
                    LiteralCompressionMode(literals),
                    ContentSizeFlag(index % 2 == 0),
                ];
                check(&mut decoder, &parameters, &content, "mixed content");
                if index % 2 == 1 {
                    assert_eq!(decoder.window(), Some(1 << window.min(18)));
                }
            }
        }
    }
}

#[test]
fn block_sizes() {
    // The smallest block size that libzstd aims at, and others; and blocks that end where it was
    // told.
    let mut decoder = Zstd::new();
    let content = [text(150_000), random(5_000), data::elf(150_000), runs(30_000)].concat();
    for target in [1340, 2000, 5000, 40_000] {
        for level in [1, 5, 18] {
            let parameters =
                [TargetCBlockSize(target), CompressionLevel(level), ChecksumFlag(true)];
            check(&mut decoder, &parameters, &content, "mixed content");
        }
    }
    for size in [1024, 5000, 60_000] {
        check(&mut decoder, &[CParameter::MaxBlockSize(size)], &content, "mixed content");
    }
    let mut random = data::Random(1);
    for most in [3, 100, 3000] {
        let mut pieces = vec![&content[..0], &content[..1]];
        let mut rest = &content[1..most * 60];
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(random.below(most).min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        let frame = encode_pieces(&[ChecksumFlag(true)], &pieces);
        check_whole(&mut decoder, &frame, &pieces.concat(), &format!("pieces up to {most}"));
        assert!(decoder.info().blocks >= 60);
    }
}

#[test]
fn long_distances() {
    // The largest window that is accepted by default.
    let content = random(5 << 20);
    let far = [&content[..], &text(9 << 20), &content].concat();
    let parameters = [WindowLog(27), EnableLongDistanceMatching(true), CompressionLevel(1)];
    // Content of a size that the encoder does not know.
    let frame = encode_pieces(&parameters, &[&far[..1000], &far[1000..]]);
    assert!(frame.len() < 10 << 20);
    let mut decoder = Zstd::new();
    check_whole(&mut decoder, &frame, &far, "long");
    assert_eq!(decoder.window(), Some(1 << 27));
}

#[test]
fn machine_code() {
    let content = data::elf(3 << 20);
    assert!(content.starts_with(b"\x7fELF") && content.len() > 1 << 20);
    let mut decoder = Zstd::new();
    for level in [-1, 1, 3, 9, 19] {
        check(&mut decoder, &[CompressionLevel(level), ChecksumFlag(true)], &content, "elf");
    }
}

#[test]
fn frames_one_after_the_other() {
    let mut decoder = Concatenated::new(Zstd::new());
    let (mut file, mut content) = (skippable(0, b""), Vec::new());
    for round in 0..40 {
        let piece = if round % 3 == 0 { text(700 * round) } else { random(round) };
        file.extend(encode(&flags(round), &piece));
        if round % 4 == 1 {
            file.extend(skippable(round as u8 % 16, &random(round * round)));
        }
        content.extend(piece);
    }
    let mut output = vec![0; content.len()];
    for _ in 0..2 {
        let decoded = decode_slice(&mut decoder, &file, &mut output).unwrap();
        assert_eq!((decoded.consumed, decoded.written), (file.len(), content.len()));
        assert!(output == content);
        assert_eq!(decoder.members(), 51);
        decoder.reset();
    }
    let mut any = Concatenated::new(Any::new());
    assert!(decode_slice(&mut any, &file, &mut output).is_ok());
    // One decoder takes one frame; a skippable frame counts as one.
    let progress = Zstd::new().decode(&file, &mut [[0; 64]]).unwrap();
    assert_eq!((progress.consumed, progress.pause), (8, Pause::Done));

    // Bytes after the last frame that are no frame are damage, as for `zstd -dc`.
    let behind = [&file[..], b"no frame"].concat();
    assert_eq!(decode_slice(&mut decoder, &behind, &mut output), Err(Error::ZstdMagic));
    decoder.reset();
    let padded = [&file[..], &[0; 8]].concat();
    assert_eq!(decode_slice(&mut decoder, &padded, &mut output), Err(Error::ZstdMagic));
}

#[test]
fn dictionaries() {
    // Lines of a log, and a dictionary trained on them.
    let line = |index: usize| {
        let number = data::Random(index as u64).next();
        format!("{{\"id\": {index}, \"user\": \"user{}\", \"value\": {number}}}\n", number % 50)
    };
    let lines: Vec<String> = (0..3000).map(line).collect();
    let samples: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
    let trained = train(4000, &samples);
    assert!(trained.starts_with(&crate::common::zstd::DICTIONARY_MAGIC) && trained.len() > 1000);
    let raw = samples[..30].concat();
    let other = text(100_000);
    let contents = [
        samples[7].to_vec(),
        samples[100..400].concat(),
        other[50_000..60_000].to_vec(),
        [&other[..], &samples.concat(), &other].concat(),
        Vec::new(),
    ];
    for dictionary in [&trained, &raw, &other] {
        let mut decoder = Zstd::new();
        decoder.set_dictionary(dictionary).unwrap();
        for (index, content) in contents.iter().enumerate() {
            for (round, level) in [-3, 1, 3, 9, 15, 19].into_iter().enumerate() {
                let [checksum, size] = flags(round);
                let parameters =
                    [CompressionLevel(level), checksum, size, DictIdFlag(round % 2 == 0)];
                let frame = encode_with(dictionary, &parameters, content);
                // The dictionary outlives a reset, which this does.
                check_whole(&mut decoder, &frame, content, &format!("content {index}, {level}"));
                if dictionary == &trained && round % 2 == 0 {
                    let mut output = vec![0; content.len()];
                    let result = decode_slice(&mut Zstd::new(), &frame, &mut output);
                    assert_eq!(result, Err(Error::ZstdDictionaryId));
                }
            }
        }
        // Each frame begins with the dictionary.
        let parts: Vec<Vec<u8>> =
            contents.iter().map(|content| encode_with(dictionary, &[], content)).collect();
        let mut decoder = Zstd::new();
        decoder.set_dictionary(dictionary).unwrap();
        check_whole_file(Concatenated::new(decoder), &parts.concat(), &contents.concat());
    }
    // Windows smaller than the dictionary, which is out of reach once as many bytes are written.
    let mut decoder = Zstd::new();
    decoder.set_dictionary(&other).unwrap();
    for window in 10..18 {
        let parameters = [WindowLog(window), CompressionLevel(7), ContentSizeFlag(false)];
        for length in [500, 1000, 5000, 50_000] {
            let content = &other[100_000 - length..];
            let frame = encode_with(&other, &parameters, content);
            check_whole(&mut decoder, &frame, content, &format!("window log {window}"));
        }
    }
}

/// Decodes a whole file into pages, and checks that it ends where it seems to end.
fn check_whole_file(mut decoder: Concatenated<Zstd<'_>>, file: &[u8], content: &[u8]) {
    let (mut pages, mut rest): (Vec<[u8; PAGE]>, _) = (Vec::new(), file);
    loop {
        let progress = decoder.decode(rest, &mut pages).unwrap();
        rest = &rest[progress.consumed..];
        match progress.pause {
            Pause::NeedPage => pages.push([0; PAGE]),
            pause => break assert_eq!((rest.len(), pause), (0, Pause::Done)),
        }
    }
    assert!(pages.as_flattened().starts_with(content));
    assert_eq!(decoder.written(), content.len() as u64);
}

#[test]
fn frames_without_magic() {
    let format = CParameter::Format(FrameFormat::Magicless);
    let mut decoder = Zstd::new();
    decoder.set_magicless(true);
    for (name, content) in shapes(&[0, 1, PAGE, BLOCK + 1]) {
        for round in 0..4 {
            let [checksum, size] = flags(round);
            check(&mut decoder, &[format, checksum, size], &content, &name);
        }
    }
    // Frames one after the other too, where only a frame can follow; a magic number counts as a
    // header there.
    let file = encode(&[format], b"magicless").repeat(3);
    let mut output = [0; 27];
    let mut decoder = Concatenated::new(decoder);
    decoder.reset();
    assert!(decode_slice(&mut decoder, &file, &mut output).is_ok());
    assert_eq!(&output, b"magiclessmagiclessmagicless");
    decoder.reset();
    assert_eq!(decode_slice(&mut Zstd::new(), &file, &mut output), Err(Error::ZstdMagic));
}

#[test]
fn what_is_told_of_a_frame() {
    let content = text(300_000);
    let mut output = vec![0; content.len()];
    for (checksum, check) in [(true, Check::Xxh64), (false, Check::None)] {
        let parameters = [ChecksumFlag(checksum), ContentSizeFlag(false), WindowLog(15)];
        let frame = encode(&parameters, &content);
        let mut decoder = Any::new();
        assert_eq!((decoder.info().format, decoder.info().blocks), (None, 0));
        assert_eq!(decoder.window(), None);
        let _ = decode_slice(&mut decoder, &frame, &mut output).unwrap();
        let info = decoder.info();
        assert_eq!((info.format, info.check), (Some(Format::Zstd), check));
        assert!(info.blocks >= 10, "{}", info.blocks);
        assert_eq!(decoder.window(), Some(1 << 15));
    }
    assert_eq!(Zstd::new().info().format, Some(Format::Zstd));
    let mut carried: Carry<Zstd<'_>, { Zstd::CARRY }> = Carry::new(Zstd::new());
    let frame = encode(&[ChecksumFlag(true)], &content);
    let decoded = decode_slice(&mut carried, &frame, &mut output).unwrap();
    assert_eq!((decoded.consumed, decoded.written), (frame.len(), content.len()));
    assert!(output == content);
}
