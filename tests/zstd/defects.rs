// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A frame for each error that the zstd decoder returns, but for those of entropy coding.

use crate::common::data;
use crate::common::defect::{check_defect, check_told_apart, CONTENT};
use crate::common::sequences::{copy, repeat};
use crate::common::zstd::{
    skippable, Block, Coding, Header, Writer, BLOCK, COMPRESSED, RAW, RLE, WINDOW_128K, WINDOW_1K,
};
use pagewise::{decode_slice, Any, Concatenated, Decode, Error, ErrorKind, Pause, Zstd};

fn good() -> Vec<u8> {
    Writer::new().raw(CONTENT).frame(&Header::NEW)
}

/// Checks that `stream` ends in `error`, and that a good one decodes after a reset.
fn check_with<D: Decode>(decoder: D, stream: &[u8], error: Error) {
    check_defect(decoder, stream, error, &good());
}

fn check(stream: &[u8], error: Error) {
    // Bytes after the defect, so that the decoder does not stop because the input ends.
    let stream = [stream, &[0; 64]].concat();
    check_with(Zstd::new(), &stream, error);
    check_with(Concatenated::new(Zstd::new()), &stream, error);
    if error != Error::ZstdMagic {
        check_with(Any::new(), &stream, error);
    }
}

/// Checks blocks in frames with a window and without.
fn check_block(writer: &Writer, error: Error) {
    let frame = writer.frame(&Header::NEW);
    check(&frame, error);
    // A block must not be larger than the window, which is the content.
    let mut single_segment =
        Header::SINGLE_SEGMENT.to_bytes((writer.content().len() + BLOCK) as u64);
    single_segment.extend(&frame[6..]);
    check(&single_segment, error);
}

fn is_good(stream: &[u8]) -> bool {
    let mut output = vec![0; 1 << 20];
    let result = decode_slice(&mut Zstd::new(), stream, &mut output);
    result.is_ok_and(|decoded| decoded.consumed == stream.len())
}

#[test]
fn magic_numbers() {
    let good = good();
    assert!(is_good(&good));
    for bit in 0..32 {
        let mut stream = good.clone();
        stream[bit / 8] ^= 1 << (bit % 8);
        check(&stream, Error::ZstdMagic);
        // Not one byte later, whichever kind of frame it started as.
        for mut frame in [good.clone(), skippable(9, b"some data")] {
            frame[bit / 8] ^= 1 << (bit % 8);
            let result = Zstd::new().decode(&frame[..bit / 8 + 1], &mut [[0; 64]]);
            match result {
                Err(error) => assert_eq!(error, Error::ZstdMagic),
                // Another of the 16 skippable ones.
                Ok(progress) => assert!(bit < 4 && frame[0] >> 4 == 5, "{progress:?}"),
            }
        }
    }
    for stream in [&b"\x1f\x8b\x08\0"[..], b"\xfd7zXZ\0", b"\x27\xb5\x2f\xfd", b"\0\0\0\0"] {
        check(stream, Error::ZstdMagic);
    }
}

#[test]
fn frame_headers() {
    let mut writer = Writer::new();
    writer.raw(CONTENT);
    for bits in [8, 0x18] {
        check(&writer.frame(&Header { bits, ..Header::NEW }), Error::ZstdReservedBit);
    }
    for (width, id) in [(1, 1), (1, 255), (2, 256), (4, 1), (4, 1 << 31)] {
        let header = Header { dictionary: (width, id), ..Header::NEW };
        check(&writer.frame(&header), Error::ZstdDictionaryId);
    }
    // Before there is any page, and for the least and the largest window that there can be.
    for (window, size) in [
        (WINDOW_1K, 1 << 10),
        (WINDOW_1K + 1, 1024 + 128),
        (WINDOW_128K + 7, 15 << 14),
        (17 << 3, 1 << 27),
        (17 << 3 | 1, 9 << 24),
        (21 << 3, 1 << 31),
        (0xff, (1 << 41) + (7 << 38)),
    ] {
        let stream = writer.frame(&Header { window: Some(window), ..Header::NEW });
        for limit in [size - 1, size, size + 1] {
            let mut decoder = Any::new();
            decoder.limit_window(limit);
            let result = decoder.decode::<[u8; 64]>(&stream, &mut []);
            assert_eq!(result.err(), (limit < size).then_some(Error::WindowLimit), "{size}");
            if let Ok(progress) = result {
                assert_eq!(decoder.window(), Some(size));
                let rest = &stream[progress.consumed..];
                let rest = decoder.decode(rest, &mut [[0; 64]]).unwrap();
                assert_eq!(rest.pause, Pause::Done);
            }
        }
        if size > 1 << 27 {
            check(&stream, Error::WindowLimit);
            // The limit outlives a reset, and one of zero is one.
            let mut decoder = Zstd::new();
            decoder.limit_window(0);
            decoder.reset();
            check_with(decoder, &stream, Error::WindowLimit);
        } else {
            assert!(is_good(&stream));
        }
    }
    // A single segment is its own window, but there need not be memory for it.
    for (size, error) in [(1 << 27, Error::ZstdContentSize), ((1 << 27) + 1, Error::WindowLimit)] {
        let mut stream = Header { size_width: 8, ..Header::SINGLE_SEGMENT }.to_bytes(size);
        stream.extend(&writer.frame(&Header::NEW)[6..]);
        check(&stream, error);
    }
}

#[test]
fn content_sizes() {
    // One byte less than the content, and one more; many more; and for no block at all.
    let content = data::text(1000);
    let mut writer = Writer::new();
    writer.raw(&content[..400]).compressed(&Block::new(&content[400..], &[copy(0, 9, 100)]));
    let size = writer.content().len() as u64;
    for size_width in [2, 4, 8] {
        for claim in [256, size - 1, size + 1, size + 100, 65_791] {
            let header = Header { size_width, ..Header::NEW };
            let mut stream = header.to_bytes(claim);
            stream.extend(&writer.frame(&Header::NEW)[6..]);
            check(&stream, Error::ZstdContentSize);
        }
    }
    for (content, claim) in [(0, 1), (1, 0), (30, 29), (30, 31), (255, 254)] {
        let rest = &Writer::new().raw(&data::random(content)).frame(&Header::NEW)[6..];
        let mut stream = Header { size_width: 1, ..Header::SINGLE_SEGMENT }.to_bytes(claim);
        stream.extend(rest);
        // A block that is larger than all of the content is larger than the window.
        let error =
            if content as u64 > claim { Error::ZstdBlockSize } else { Error::ZstdContentSize };
        check(&stream, error);
        let mut stream = Header { size_width: 8, ..Header::NEW }.to_bytes(claim);
        stream.extend(rest);
        check(&stream, Error::ZstdContentSize);
    }
}

#[test]
fn block_headers() {
    for before in [&b""[..], b"before"] {
        for size in [0, 1, 5, BLOCK] {
            let mut writer = Writer::new();
            writer.raw(before).push(3, size, b"block");
            check_block(&writer, Error::ZstdBlockType);
        }
    }
    // The window, or 128 KiB, is the largest block, of compressed ones too.
    for (window, most) in [(WINDOW_1K, 1024), (WINDOW_1K + 1, 1152), (WINDOW_128K + 3, BLOCK)] {
        let header = Header { window: Some(window), ..Header::NEW };
        for kind in [RAW, RLE, COMPRESSED] {
            for size in [most + 1, most + 100, (1 << 21) - 1] {
                let mut writer = Writer::new();
                writer.push(kind, size, &data::random(most + 100));
                check(&writer.frame(&header), Error::ZstdBlockSize);
            }
        }
        // By literals after the sequences, by a copy, by literals before it.
        let literals = data::random(most - 100);
        let long = most - 101;
        for (sequences, more) in [
            (vec![copy(1, 1, 100)], 0),
            (vec![copy(long, 1, 3), copy(1, 1, 97)], 0),
            (vec![copy(long, 1, 100)], 0),
            (vec![copy(1, 1, 3), copy(1, 1, 131_074 - 3)], 0),
        ] {
            let mut writer = Writer::new();
            writer.compressed(&Block::new(&literals, &sequences));
            let fits = writer.content().len() - more <= most;
            match fits {
                true => assert!(is_good(&writer.frame(&header))),
                false => check(&writer.frame(&header), Error::ZstdBlockSize),
            }
            let mut longer = sequences.clone();
            longer.last_mut().unwrap().length += 1;
            let mut writer = Writer::new();
            if longer.last().unwrap().length <= 131_074 {
                writer.compressed(&Block::new(&literals, &longer));
                check(&writer.frame(&header), Error::ZstdBlockSize);
            }
        }
        let rle = |size| Block::new(&vec![b'r'; size], &[]).coding(Coding::Rle);
        assert!(is_good(&Writer::new().compressed(&rle(most)).frame(&header)));
        let mut decoder = Zstd::new();
        let frame = Writer::new().compressed(&rle(most + 1)).frame(&header);
        let result = decode_slice(&mut decoder, &frame, &mut vec![0; 1 << 18]);
        assert!(
            matches!(result, Err(Error::ZstdBlockSize | Error::ZstdLiteralsSize)),
            "{result:?}"
        );
    }
}

#[test]
fn check_sums() {
    let writer = || Writer::new().raw(&data::text(77)).rle(b'r', 50).clone();
    let good = writer().frame(&Header::NEW);
    for bit in 0..32 {
        let mut stream = good.clone();
        let end = stream.len();
        stream[end - 4 + bit / 8] ^= 1 << (bit % 8);
        check(&stream, Error::ZstdChecksum);
    }
    let mut stream = good;
    stream[15] ^= 1;
    check(&stream, Error::ZstdChecksum);
}

#[test]
fn distances() {
    for before in [0, 1, 2, 100, 1023, 1024, 5_000] {
        for length in [3, 8, 16, 17, 64, 65, 258, 1000] {
            let mut writer = Writer::new();
            writer.raw(&data::text(before));
            writer.unchecked(&Block::new(b"", &[copy(0, before as u64 + 1, length)]));
            check_block(&writer, Error::DistanceBeforeStart);
            let header = Header { window: Some(WINDOW_1K), ..Header::NEW };
            if before < 1024 && length < 1000 {
                check(&writer.frame(&header), Error::DistanceBeforeStart);
            }
        }
    }
    // Of the first repeat offsets, two reach too far at first.
    for (offset_value, literals) in [(1, 0), (2, 0), (2, 3), (3, 3), (3, 7)] {
        let mut writer = Writer::new();
        writer.unchecked(&Block::new(b"literal", &[repeat(literals, offset_value, 3)]));
        check(&writer.frame(&Header::NEW), Error::DistanceBeforeStart);
    }
    // A distance past the window, with as much output as anyone could ask for.
    for (window, size) in [(WINDOW_1K, 1024), (WINDOW_1K + 7, 1920), (WINDOW_1K + 8, 2048)] {
        let header = Header { window: Some(window), ..Header::NEW };
        for length in [3, 8, 16, 17, 64, 65, 258] {
            let mut writer = Writer::new();
            data::text(5000).chunks(1000).for_each(|piece| _ = writer.raw(piece));
            let mut farther = writer.clone();
            writer.compressed(&Block::new(b"", &[copy(0, size, length)]));
            assert!(is_good(&writer.frame(&header)));
            for offset in [size + 1, size + 100, 4900] {
                let block = Block::new(b"", &[copy(0, offset, length)]);
                let frame = farther.clone().compressed(&block).frame(&header);
                check(&frame, Error::DistancePastWindow);
            }
            farther.unchecked(&Block::new(b"", &[copy(0, (1 << 28) - 3, length)]));
            let mut decoder = Zstd::new();
            let result = decode_slice(&mut decoder, &farther.frame(&header), &mut vec![0; 1 << 16]);
            let far = [Error::DistancePastWindow, Error::DistanceBeforeStart];
            assert!(far.contains(&result.unwrap_err()));
        }
    }
    // A distance into the frame before.
    let first = Writer::new().raw(&data::text(3000)).frame(&Header::NEW);
    let mut writer = Writer::new();
    writer.unchecked(&Block::new(b"own", &[copy(3, 4, 100)]));
    let file = [first, writer.frame(&Header::NEW)].concat();
    check_with(Concatenated::new(Zstd::new()), &file, Error::DistanceBeforeStart);
}

#[test]
fn sequences() {
    // Repeat1 - 1 is zero at once, or after it was lessened.
    for sequences in [
        vec![repeat(0, 3, 3)],
        vec![copy(2, 1, 3), repeat(0, 3, 3)],
        vec![copy(2, 2, 3), repeat(0, 3, 3), repeat(0, 3, 3)],
    ] {
        let mut writer = Writer::new();
        writer.raw(b"before").unchecked(&Block::new(b"literals", &sequences));
        check_block(&writer, Error::ZstdOffset);
    }
    for (literals, sequences) in [
        (0, vec![copy(1, 1, 3)]),
        (7, vec![copy(8, 1, 3)]),
        (7, vec![copy(7, 1, 3), copy(1, 1, 3)]),
        (7, vec![copy(65_536, 1, 3)]),
    ] {
        let mut writer = Writer::new();
        writer.raw(b"before").unchecked(&Block::new(&data::text(literals), &sequences));
        check_block(&writer, Error::ZstdLiteralsOverrun);
        let rle = Block::new(&vec![b'r'; literals.max(1)], &sequences).coding(Coding::Rle);
        if literals > 0 {
            let mut writer = Writer::new();
            check_block(writer.raw(b"before").unchecked(&rle), Error::ZstdLiteralsOverrun);
        }
    }
}

#[test]
fn pages_that_went_too_early() {
    let mut writer = Writer::new();
    writer.raw(&data::random(200));
    let first = writer.frame(&Header::NEW).len() - 4;
    writer.compressed(&Block::new(b"", &[copy(0, 200, 3)]));
    let frame = writer.frame(&Header::NEW);
    let (mut decoder, mut pages) = (Zstd::new(), vec![[0; 64]; 4]);
    let consumed = decoder.decode(&frame[..first], &mut pages).unwrap().consumed;
    assert_eq!((consumed, decoder.written()), (first, 200));
    assert_eq!(decoder.release(4), Err(Error::ReleaseUnsettled));
    assert_eq!(decoder.release(1), Ok(()), "a refused release is none");
    pages.remove(0);
    for _ in 0..3 {
        let result = decoder.decode(&frame[consumed..], &mut pages);
        assert_eq!(result, Err(Error::DistanceReleased));
    }
    decoder.reset();
    assert_eq!(decoder.decode(&frame, &mut [[0; 64]; 4]).unwrap().pause, Pause::Done);
    decoder.reset();
    let mut uneven = [vec![0; 64], vec![0; 64], vec![0; 128]];
    assert_eq!(decoder.decode(&frame, &mut uneven), Err(Error::PageShape));
}

#[test]
fn errors_are_told_apart() {
    let errors = [
        (Error::ZstdMagic, ErrorKind::Corrupt, 117),
        (Error::ZstdReservedBit, ErrorKind::Unsupported, 95),
        (Error::ZstdBlockType, ErrorKind::Corrupt, 117),
        (Error::ZstdBlockSize, ErrorKind::Corrupt, 117),
        (Error::ZstdContentSize, ErrorKind::Corrupt, 117),
        (Error::ZstdChecksum, ErrorKind::Checksum, 74),
        (Error::ZstdDictionaryId, ErrorKind::Unsupported, 95),
        (Error::ZstdLiteralsSize, ErrorKind::Corrupt, 117),
        (Error::ZstdHuffmanTree, ErrorKind::Corrupt, 117),
        (Error::ZstdNoHuffmanTree, ErrorKind::Corrupt, 117),
        (Error::ZstdHuffmanStream, ErrorKind::Corrupt, 117),
        (Error::ZstdSequencesHeader, ErrorKind::Corrupt, 117),
        (Error::ZstdFseTable, ErrorKind::Corrupt, 117),
        (Error::ZstdNoFseTable, ErrorKind::Corrupt, 117),
        (Error::ZstdSequencesStream, ErrorKind::Corrupt, 117),
        (Error::ZstdOffset, ErrorKind::Corrupt, 117),
        (Error::ZstdLiteralsOverrun, ErrorKind::Corrupt, 117),
    ];
    check_told_apart(&errors);
    for (error, ..) in errors {
        assert!(error.message().starts_with("zstd: "), "{error}");
    }
    assert!(Error::ZstdDictionary.message().starts_with("zstd: "));
}
