// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A stream for each error that a decoder returns.

use crate::common::bits::{expand, literals, litlen_lengths, BitWriter, Code, Codes, Op};
use crate::common::data::{
    self, encode_c, gzip, raw_literals, zlib, zlib_header, GzipHeader, Wrapper,
};
use crate::common::defect::{check_defect as check, check_told_apart, CONTENT};
use pagewise::{
    decode_slice, Any, Concatenated, Decode, Deflate, Error, ErrorKind, Format, Gzip, Pause, Zlib,
};

/// Checks `stream` in each wrapper, and where `Any` chooses the format.
fn check_raw(stream: &[u8], error: Error) {
    // Bytes after the defect, so that the decoder does not stop because the input ends.
    let stream = [stream, &[0; 64]].concat();
    let raw = raw_literals(CONTENT);
    let header = GzipHeader::full().to_bytes();
    let [gzip_stream, zlib_stream] =
        [&header[..], &zlib_header(0x78, 0)].map(|header| [header, &stream].concat());
    let (gzip, zlib) = (gzip(&GzipHeader::default(), &raw, CONTENT), zlib(7, &raw, CONTENT));
    check(Deflate::new(), &stream, error, &raw);
    check(Gzip::new(), &gzip_stream, error, &gzip);
    check(Any::new(), &gzip_stream, error, &zlib);
    check(Concatenated::new(Gzip::new()), &gzip_stream, error, &gzip);
    check(Zlib::new(), &zlib_stream, error, &zlib);
    check(Any::new(), &zlib_stream, error, &gzip);
}

#[test]
fn block_headers() {
    check_raw(&[0b111], Error::DeflateBlockType);
    check_raw(&[0b110], Error::DeflateBlockType);
    for bit in 0..32 {
        let mut stream = BitWriter::new().stored(true, b"stored").finish();
        stream[1 + bit / 8] ^= 1 << (bit % 8);
        check_raw(&stream, Error::DeflateStoredLength);
    }
    for (litlen, distance) in [(287, 30), (288, 30), (286, 31), (286, 32), (288, 32)] {
        let stream = BitWriter::new().counts(true, litlen, distance, 19).finish();
        check_raw(&stream, Error::DeflateCodeCount);
    }
}

#[test]
fn code_length_codes() {
    // Lengths of the symbols 16, 17, 18, 0, 8, 7 ...: over-subscribed, incomplete, one code, none.
    let defects: [&[u32]; 6] =
        [&[1, 1, 1, 0], &[1, 2, 2, 2], &[1, 2, 3, 0], &[7, 7, 7, 7], &[1, 0, 0, 0], &[0, 0, 0, 0]];
    for lengths in defects {
        let mut stream = BitWriter::new();
        stream.counts(true, 257, 1, lengths.len());
        lengths.iter().for_each(|&length| _ = stream.put(length, 3));
        check_raw(&stream.finish(), Error::DeflateCodeLengthCode);
    }

    let mut stream = BitWriter::new();
    check_raw(
        &stream.dynamic_counts(true, 257, 1).code_length(16, 0).finish(),
        Error::DeflateRepeatFirst,
    );

    // 250 lengths, then repeats of 8 or more where 8 remain.
    for repeats in [[(16, 3), (16, 0)], [(17, 0), (17, 3)], [(0, 0), (18, 0)], [(18, 127), (0, 0)]]
    {
        let mut stream = BitWriter::new();
        stream.dynamic_counts(true, 257, 1);
        (0..250).for_each(|_| _ = stream.code_length(8, 0));
        repeats.iter().for_each(|&(symbol, extra)| _ = stream.code_length(symbol, extra));
        check_raw(&stream.finish(), Error::DeflateRepeatLength);
    }
}

#[test]
fn codes() {
    let good = litlen_lengths(&[9, 9]);
    // One code too many, of the longest length: only there can the excess be that small.
    let longest = [(1..=14).collect(), vec![15; 3]].concat();
    let defects: [(&[u8], &[u8], Error); 12] = [
        (&[vec![0; 240], longest.clone()].concat(), &[1, 1], Error::DeflateLitlenCode),
        (&good, &longest, Error::DeflateDistanceCode),
        (&litlen_lengths(&[8, 0]), &[1, 1], Error::DeflateNoEndOfBlock),
        (&[0; 257], &[1, 1], Error::DeflateNoEndOfBlock),
        (&litlen_lengths(&[8, 8]), &[1, 1], Error::DeflateLitlenCode),
        (&litlen_lengths(&[8, 9]), &[1, 1], Error::DeflateLitlenCode),
        (&litlen_lengths(&[9, 10]), &[1, 1], Error::DeflateLitlenCode),
        (&litlen_lengths(&[0, 9]), &[1, 1], Error::DeflateLitlenCode),
        // One code alone, but of two bits.
        (&[vec![0; 256], vec![2]].concat(), &[1, 1], Error::DeflateLitlenCode),
        (&good, &[1, 1, 1], Error::DeflateDistanceCode),
        (&good, &[1, 2], Error::DeflateDistanceCode),
        (&good, &[2], Error::DeflateDistanceCode),
    ];
    for (litlen, distance, error) in defects {
        let mut stream = BitWriter::new();
        let _ = stream.dynamic(true, litlen, distance);
        check_raw(&stream.finish(), error);
    }
}

#[test]
fn symbols() {
    // Symbols that have codes in the fixed code, and mean nothing (RFC 1951, 3.2.6).
    let codes = Codes::fixed();
    for symbol in [286, 287] {
        let stream = BitWriter::new().block(true, 1).symbol(&codes.litlen, symbol).finish();
        check_raw(&stream, Error::DeflateLitlenSymbol);
    }
    for symbol in [30, 31] {
        let mut stream = BitWriter::new();
        stream.block(true, 1).ops(&codes, &literals(b"abc"));
        stream.symbol(&codes.litlen, 257).symbol(&codes.distance, symbol);
        check_raw(&stream.finish(), Error::DeflateDistanceSymbol);
    }

    // One code of one bit, the other bit pattern (3.2.7).
    let mut stream = BitWriter::new();
    let _ = stream.dynamic(true, &[vec![0; 256], vec![1]].concat(), &[1]);
    check_raw(&stream.put(1, 1).finish(), Error::DeflateLitlenSymbol);

    for (distances, bit) in [([1, 0], 1), ([0, 1], 1), ([0, 0], 0), ([0, 0], 1)] {
        let mut stream = BitWriter::new();
        let codes = stream.dynamic(true, &[vec![8; 254], vec![9; 4]].concat(), &distances);
        stream.ops(&codes, &literals(b"abc")).symbol(&codes.litlen, 257).put(bit, 1);
        check_raw(&stream.finish(), Error::DeflateDistanceSymbol);
    }
}

#[test]
fn distances() {
    for before in [0, 1, 2, 100, 5_000, 32_767] {
        for length in [3, 8, 16, 17, 64, 65, 258] {
            let ops = [literals(&data::text(before)), copy(before + 1, length)].concat();
            let stream = BitWriter::new().fixed(true, &ops).finish();
            check_raw(&stream, Error::DistanceBeforeStart);
        }
    }

    // A distance past the window that CINFO declares, with as much output as anyone could ask for.
    let good = zlib(7, &raw_literals(CONTENT), CONTENT);
    for cinfo in 0..7 {
        let window = 256 << cinfo;
        for length in [3, 8, 16, 17, 64, 65, 258] {
            for distance in [window + 1, window + 100, 32_768] {
                let ops = [literals(&data::text(33_000)), copy(distance, length)].concat();
                let raw = BitWriter::new().fixed(true, &ops).finish();
                let stream = zlib(cinfo, &raw, &expand(&ops));
                check(Zlib::new(), &stream, Error::DistancePastWindow, &good);
            }
        }
        let ops = [literals(&data::text(33_000)), copy(window, 258)].concat();
        let stream = zlib(cinfo, &BitWriter::new().fixed(true, &ops).finish(), &expand(&ops));
        assert!(decode_slice(&mut Zlib::new(), &stream, &mut vec![0; 40_000]).is_ok());
    }
}

fn copy(distance: usize, length: usize) -> Vec<Op> {
    vec![Op::Copy { distance, length }]
}

#[test]
fn gzip_fields() {
    let good = gzip(&GzipHeader::full(), &raw_literals(CONTENT), CONTENT);
    let check = |at: usize, flip: u8, error| {
        let mut stream = good.clone();
        stream[at] ^= flip;
        check(Gzip::new(), &stream, error, &good);
    };
    for bit in 0..8 {
        check(0, 1 << bit, Error::GzipMagic);
        check(1, 1 << bit, Error::GzipMagic);
        check(2, 1 << bit, Error::GzipMethod);
    }
    for bit in 5..8 {
        check(3, 1 << bit, Error::GzipFlags);
    }
    let header = GzipHeader::full().to_bytes().len();
    let end = good.len();
    for bit in 0..8 {
        // Bytes that can change without moving the end of a field: not XLEN, nor the zero after a
        // string.
        for at in (4..10).chain(12..20).chain([header - 3, header - 2, header - 1]) {
            if good[at] ^ 1 << bit != 0 && at != header - 3 {
                check(at, 1 << bit, Error::GzipHeaderCrc);
            }
        }
        (end - 8..end - 4).for_each(|at| check(at, 1 << bit, Error::GzipCrc32));
        (end - 4..end).for_each(|at| check(at, 1 << bit, Error::GzipIsize));
    }
}

#[test]
fn zlib_fields() {
    let good = zlib(7, &raw_literals(CONTENT), CONTENT);
    let with = |header: [u8; 2]| [&header[..], &good[2..]].concat();
    for bit in 0..5 {
        let [cmf, flg] = zlib_header(0x78, 0x80);
        check(Zlib::new(), &with([cmf, flg ^ 1 << bit]), Error::ZlibHeaderCheck, &good);
    }
    for method in (0..16).filter(|&method| method != 8) {
        check(Zlib::new(), &with(zlib_header(0x70 | method, 0)), Error::ZlibMethod, &good);
    }
    for cinfo in 8..16 {
        check(Zlib::new(), &with(zlib_header(cinfo << 4 | 8, 0)), Error::ZlibWindow, &good);
    }
    check(Zlib::new(), &with(zlib_header(0x78, 0x20)), Error::ZlibDictionary, &good);
    for back in 1..=4 {
        let mut stream = good.clone();
        *stream.iter_mut().nth_back(back - 1).unwrap() ^= 0x40;
        check(Zlib::new(), &stream, Error::ZlibAdler32, &good);
        check(Any::new(), &stream, Error::ZlibAdler32, &good);
    }
}

#[test]
fn formats() {
    let good = encode_c(Wrapper::Zlib, CONTENT, 6, 15);
    let lzma = |properties, dictionary: u32, size: u64| {
        [&[properties], &dictionary.to_le_bytes()[..], &size.to_le_bytes()].concat()
    };
    for stream in [
        &b"\x7fELF"[..],
        b"PK\x03\x04",
        b"\x1f\x9d\x90",
        &[0x78, 0],
        &[0x88, 0x1c, 0, 0, 0],
        &[0, 0, 0, 0, 0],
        // Properties, dictionary sizes and sizes that no .lzma file has.
        &[225],
        &[5],
        &lzma(93, 0x10_0001, 100),
        &lzma(93, 0x7_0000, 100),
        &lzma(93, 0x1_0000, 1 << 38),
        &lzma(93, 0x1_0000, u64::MAX - 1),
    ] {
        check(Any::new(), stream, Error::UnknownFormat, &good);
    }
    for (stream, format) in [
        (&b"\xfd7zXZ\0"[..], Format::Xz),
        (&[0x1f, 0x8b], Format::Gzip),
        (&[0x78, 0x9c], Format::Zlib),
        (&[0x28, 0xb5, 0x2f, 0xfd], Format::Zstd),
        (&[0x50, 0x2a, 0x4d, 0x18], Format::Zstd),
        (&[0x5f, 0x2a, 0x4d, 0x18], Format::Zstd),
        (&lzma(93, 0x80_0000, u64::MAX), Format::Lzma),
        (&lzma(0, 0x6000, 0), Format::Lzma),
        (&lzma(224 - 4 - 9 * 4, u32::MAX, (1 << 38) - 1), Format::Lzma),
    ] {
        // The error comes not one byte earlier, and then it is known.
        for end in 0..stream.len() {
            let progress = Any::new().decode(&stream[..end], &mut [[0; 64]]).unwrap();
            assert!(matches!(progress.pause, Pause::NeedInput { min } if min > end));
            assert_eq!(Format::detect(&stream[..end]), Ok(None), "{format:?}");
        }
        assert_eq!(Format::detect(stream), Ok(Some(format)));
        let mut decoder = Any::new();
        let result = decoder.decode(stream, &mut [[0; 64]]);
        assert!(matches!(result.unwrap().pause, Pause::NeedInput { .. }));
        assert_eq!(decoder.info().format, Some(format));
        // Whatever stands in a skippable frame is good.
        if stream[1..] != [0x2a, 0x4d, 0x18] {
            let longer = [stream, &[0xff; 64]].concat();
            assert!(decoder.decode(&longer, &mut [[0; 64]]).is_err());
            assert_eq!(decoder.info().format, Some(format));
        }
    }
}

#[test]
fn limits() {
    let raw = raw_literals(CONTENT);
    let streams = [
        (zlib(7, &raw, CONTENT), 32_768),
        (zlib(0, &raw, CONTENT), 256),
        (gzip(&GzipHeader::full(), &raw, CONTENT), 32_768),
    ];
    for (good, window) in &streams {
        for limit in [0, 1, window - 1] {
            let mut decoder = Any::new();
            decoder.limit_window(limit);
            // Before there is any page.
            assert_eq!(decoder.decode::<[u8; 64]>(good, &mut []), Err(Error::WindowLimit));
            // Limits outlive a reset.
            decoder.reset();
            check(decoder, good, Error::WindowLimit, good);
        }
        let mut decoder = Any::new();
        decoder.limit_window(*window);
        assert!(decode_slice(&mut decoder, good, &mut [0; 64]).is_ok());
        assert_eq!(decoder.window(), Some(*window));
    }
    let mut decoder = Deflate::new();
    decoder.limit_window(32_767);
    check(decoder, &raw, Error::WindowLimit, &raw);

    let good = &streams[0].0;
    let mut output = [0; CONTENT.len()];
    assert!(decode_slice(&mut Zlib::new(), good, &mut output).is_ok());
    let short = &mut output[1..];
    assert_eq!(decode_slice(&mut Zlib::new(), good, short), Err(Error::OutputLimit));
    let cut = &good[..good.len() - 1];
    assert_eq!(decode_slice(&mut Zlib::new(), cut, &mut output), Err(Error::Truncated));
}

#[test]
fn mistakes_of_the_caller() {
    let content = data::random(200);
    let ops = [literals(&content), copy(200, 3)].concat();
    let literals = BitWriter::new().fixed(true, &ops[..200]).finish();
    let stream = BitWriter::new().fixed(true, &ops).finish();

    // Pages that were released too early.
    let (mut decoder, mut pages) = (Deflate::new(), vec![[0; 64]; 4]);
    let most = literals.len() - 2;
    let consumed = decoder.decode(&stream[..most], &mut pages).unwrap().consumed;
    assert_eq!(decoder.release(4), Err(Error::ReleaseUnsettled));
    assert_eq!(decoder.release(1), Ok(()), "a refused release is none");
    pages.remove(0);
    for _ in 0..3 {
        let result = decoder.decode(&stream[consumed..], &mut pages);
        assert_eq!(result, Err(Error::DistanceReleased));
    }
    decoder.reset();
    assert_eq!(decoder.decode(&stream, &mut [[0; 64]; 4]).unwrap().pause, Pause::Done);

    // Pages of different lengths.
    decoder.reset();
    let mut uneven = [vec![0; 64], vec![0; 64], vec![0; 128]];
    for _ in 0..3 {
        assert_eq!(decoder.decode(&stream, &mut uneven), Err(Error::PageShape));
        assert_eq!(decoder.decode(&stream, &mut [[0; 64]; 4]), Err(Error::PageShape));
    }
    decoder.reset();
    assert_eq!(decoder.decode(&stream, &mut [[0; 256]; 1]).unwrap().pause, Pause::Done);
}

#[test]
fn errors_are_told_apart() {
    let errors = [
        (Error::Truncated, ErrorKind::Truncated, 61),
        (Error::UnknownFormat, ErrorKind::Unsupported, 95),
        (Error::UnsupportedFormat, ErrorKind::Unsupported, 95),
        (Error::ZlibDictionary, ErrorKind::Unsupported, 95),
        (Error::PageShape, ErrorKind::Usage, 22),
        (Error::ReleaseUnsettled, ErrorKind::Usage, 22),
        (Error::DistanceReleased, ErrorKind::Usage, 22),
        (Error::WindowLimit, ErrorKind::Limit, 105),
        (Error::OutputLimit, ErrorKind::Limit, 27),
        (Error::OutOfMemory, ErrorKind::Limit, 12),
        (Error::Internal, ErrorKind::Internal, 5),
        (Error::GzipHeaderCrc, ErrorKind::Checksum, 74),
        (Error::GzipCrc32, ErrorKind::Checksum, 74),
        (Error::GzipIsize, ErrorKind::Checksum, 74),
        (Error::ZlibAdler32, ErrorKind::Checksum, 74),
        (Error::DistanceBeforeStart, ErrorKind::Corrupt, 117),
        (Error::DistancePastWindow, ErrorKind::Corrupt, 117),
        (Error::GzipMagic, ErrorKind::Corrupt, 117),
        (Error::ZlibHeaderCheck, ErrorKind::Corrupt, 117),
        (Error::DeflateBlockType, ErrorKind::Corrupt, 117),
    ];
    check_told_apart(&errors);
}

#[test]
fn a_code_is_canonical() {
    // The writer that all of this relies on: the example of RFC 1951, 3.2.2.
    let code = Code::canonical(&[3, 3, 3, 3, 3, 2, 4, 4]);
    let mut stream = BitWriter::new();
    (0..8).for_each(|symbol| _ = stream.symbol(&code, symbol));
    let stream = stream.finish();
    let bits: String = stream.iter().map(|byte| format!("{:08b}", byte.reverse_bits())).collect();
    assert_eq!(bits, "010011100101110001110111".to_owned() + "10000000");
}
