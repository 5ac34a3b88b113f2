// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! One decoder for several streams: success is never reported for a buffer that was not filled.

use crate::common::data::{self, encode_c, Wrapper};
use crate::common::xz::{self, Block, CRC64, X86};
use crate::common::{libzstd, lzma};
use pagewise::{
    decode_slice, Any, Carry, Concatenated, Decode, Decoded, Deflate, Error, Gzip, Lzma, Pause,
    Progress, Xz, Zlib, Zstd,
};
use zstd_safe::{CParameter, FrameFormat};

/// What a buffer holds before it is decoded into.
const POISON: u8 = 0xa5;

/// Two contents of the same length, so that a buffer filled for one is wrong for the other.
fn contents() -> [Vec<u8>; 2] {
    let text = data::text(5000);
    [text.iter().rev().copied().collect(), text]
}

/// A stream and its content.
struct Sample {
    stream: Vec<u8>,
    content: Vec<u8>,
}

fn samples(encode: impl Fn(&[u8]) -> Vec<u8>) -> [Sample; 2] {
    contents().map(|content| Sample { stream: encode(&content), content })
}

fn deflate() -> [Sample; 2] {
    samples(|content| encode_c(Wrapper::Deflate, content, 6, 15))
}

fn zlib() -> [Sample; 2] {
    samples(|content| encode_c(Wrapper::Zlib, content, 6, 15))
}

fn gzip() -> [Sample; 2] {
    samples(|content| encode_c(Wrapper::Gzip, content, 6, 15))
}

fn plain_xz() -> [Sample; 2] {
    samples(|content| xz::stream(CRC64, &[Block::encoded(&[], content)]))
}

fn filtered_xz() -> [Sample; 2] {
    samples(|content| xz::stream(CRC64, &[Block::encoded(&[(X86, vec![])], content)]))
}

fn alone() -> [Sample; 2] {
    samples(|content| lzma::alone_of(&lzma::literals(content), 1 << 16, false))
}

fn zstd() -> [Sample; 2] {
    samples(|content| libzstd::encode(&[CParameter::ChecksumFlag(true)], content))
}

/// Calls `$check` with each decoder and what it decodes.
macro_rules! each {
    ($check:ident) => {
        $check("deflate", &mut Deflate::new(), &deflate());
        $check("zlib", &mut Zlib::new(), &zlib());
        $check("gzip", &mut Gzip::new(), &gzip());
        $check("xz", &mut Xz::new(), &plain_xz());
        $check("xz, filtered", &mut Xz::new(), &filtered_xz());
        $check("lzma", &mut Lzma::new(), &alone());
        $check("zstd", &mut Zstd::new(), &zstd());
        for samples in [zlib(), gzip(), filtered_xz(), alone(), zstd()] {
            $check("any", &mut Any::new(), &samples);
            $check("members of any", &mut Concatenated::new(Any::new()), &samples);
            let mut file: Carry<Concatenated<Any>, { Any::CARRY }> = Carry::default();
            $check("file", &mut file, &samples);
        }
        $check("members", &mut Concatenated::new(Gzip::new()), &gzip());
        $check("pieces", &mut Carry::<Gzip>::new(Gzip::new()), &gzip());
        #[cfg(feature = "oracle")]
        {
            use pagewise::oracle;
            $check("oracle deflate", &mut oracle::Deflate::new(), &deflate());
            $check("oracle zlib", &mut oracle::Zlib::new(), &zlib());
            $check("oracle gzip", &mut oracle::Gzip::new(), &gzip());
            $check("oracle xz", &mut oracle::Xz::new(), &plain_xz());
            $check("oracle lzma", &mut oracle::Lzma::new(), &alone());
            $check("oracle zstd", &mut oracle::Zstd::new(), &zstd());
            $check("oracle file", &mut Concatenated::new(oracle::Zstd::new()), &zstd());
        }
    };
}

/// Decodes each sample in one call into a poisoned buffer.
fn check_slices<D: Decode>(name: &str, decoder: &mut D, samples: &[Sample]) {
    for Sample { stream, content } in samples {
        let mut output = vec![POISON; content.len()];
        let decoded = decode_slice(decoder, stream, &mut output);
        let whole = Decoded { consumed: stream.len(), written: content.len() };
        assert_eq!(decoded, Ok(whole), "{name}");
        assert!(output == *content, "{name}: the buffer was not filled");
        assert_eq!(decoder.consumed(), stream.len() as u64, "{name}");
    }
}

/// Whatever a decoder did before, [`decode_slice`] starts over.
fn slices<D: Decode>(name: &str, decoder: &mut D, samples: &[Sample; 2]) {
    let [Sample { stream, content }, _] = samples;
    // The decoder has finished, as after each of these calls.
    check_slices(name, decoder, samples);

    // The decoder has no room for the rest.
    let mut output = vec![POISON; content.len()];
    let cut = decode_slice(decoder, stream, &mut output[..999]);
    assert_eq!(cut, Err(Error::OutputLimit), "{name}");
    check_slices(name, decoder, samples);

    // The decoder waits for input, after nothing, a header, a half, or all but the end.
    for end in [0, 1, 7, 20, stream.len() / 2, stream.len() - 1] {
        let cut = decode_slice(decoder, &stream[..end], &mut output);
        assert_eq!(cut, Err(Error::Truncated), "{name}, {end} bytes");
        check_slices(name, decoder, samples);
        decoder.reset();
        let cut = decoder.decode(&stream[..end], &mut [&mut output[..]]).unwrap();
        assert_ne!(cut.pause, Pause::Done, "{name}, {end} bytes");
        check_slices(name, decoder, samples);
    }

    // The decoder has failed: at once, in the data, or by the caller's mistake.
    for at in [0, stream.len() / 2] {
        let mut bad = stream.clone();
        bad[at..(at + 20).min(stream.len())].fill(0xff);
        if decode_slice(decoder, &bad, &mut output).is_ok() {
            // There is no check to fail.
            assert!(matches!(name, "deflate" | "lzma" | "oracle deflate" | "oracle lzma"));
        }
        check_slices(name, decoder, samples);
    }
    decoder.reset();
    let uneven = decoder.decode(stream, &mut [&mut [0; 128][..], &mut [0; 64][..]]);
    assert_eq!(uneven, Err(Error::PageShape), "{name}");
    check_slices(name, decoder, samples);

    // Pages were released.
    let mut pages = vec![[POISON; 64]; content.len().div_ceil(64)];
    decoder.reset();
    assert_eq!(decoder.decode(stream, &mut pages).unwrap().pause, Pause::Done, "{name}");
    decoder.release(pages.len() - 1).unwrap();
    check_slices(name, decoder, samples);
}

#[test]
fn decode_slice_starts_afresh() {
    each!(slices);
}

/// A decoder that has finished finishes again for its own pages, but not for none, fewer or shorter ones.
fn finished<D: Decode>(name: &str, decoder: &mut D, samples: &[Sample; 2]) {
    let done = Ok(Progress::new(0, Pause::Done));
    let [Sample { stream, content }, _] = samples;
    let count = content.len().div_ceil(64);
    let decode = |decoder: &mut D| {
        let mut pages = vec![[POISON; 64]; count];
        decoder.reset();
        let progress = decoder.decode(stream, &mut pages).unwrap();
        assert_eq!(progress, Progress::new(stream.len(), Pause::Done), "{name}");
        assert!(pages.as_flattened()[..content.len()] == *content, "{name}");
        pages
    };
    let mut pages = decode(decoder);
    for _ in 0..2 {
        assert_eq!(decoder.decode(&[], &mut pages), done, "{name}");
    }
    pages.push([POISON; 64]);
    assert_eq!(decoder.decode(&[], &mut pages), done, "{name}");
    assert!(pages[count] == [POISON; 64], "{name}");

    for fewer in [0, 1, count - 1] {
        let mut pages = decode(decoder);
        for _ in 0..2 {
            let result = decoder.decode(&[], &mut pages[..fewer]);
            assert_eq!(result, Err(Error::PageShape), "{name}, {fewer} pages");
        }
        // The error stays, as any does.
        assert_eq!(decoder.decode(&[], &mut pages), Err(Error::PageShape), "{name}");
    }
    decode(decoder);
    let mut longer = vec![[POISON; 128]; count];
    assert_eq!(decoder.decode(&[], &mut longer), Err(Error::PageShape), "{name}");

    // Pages that were released are not missed, but the last one would be.
    let mut pages = decode(decoder);
    decoder.release(count - 1).unwrap();
    assert_eq!(decoder.decode(&[], &mut pages[count - 1..]), done, "{name}");
    assert_eq!(decoder.decode(&[], &mut pages[..0]), Err(Error::PageShape), "{name}");

    // A flat buffer.
    let mut flat = vec![POISON; content.len()];
    decoder.reset();
    assert!(decoder.decode(stream, &mut [&mut flat[..]]).is_ok(), "{name}");
    assert_eq!(decoder.decode(&[], &mut [&mut flat[..]]), done, "{name}");
    // Another buffer of the same length can't be told apart, and stays as it is: the caller must reset.
    let mut other = vec![POISON; content.len()];
    assert_eq!(decoder.decode(&[], &mut [&mut other[..]]), done, "{name}");
    assert!(other.iter().all(|&byte| byte == POISON), "{name}");
    let shorter = decoder.decode(&[], &mut [&mut other[1..]]);
    assert_eq!(shorter, Err(Error::PageShape), "{name}");
}

#[test]
fn done_is_said_of_pages_with_room() {
    each!(finished);
}

/// Trailing bytes do not get around the rule.
#[test]
fn done_before_trailing_bytes() {
    let [Sample { stream, content }, _] = gzip();
    let file = [&stream[..], b"tail"].concat();
    let mut decoder = Concatenated::new(Gzip::new());
    let mut output = vec![POISON; content.len()];
    let progress = decoder.decode(&file, &mut [&mut output[..]]).unwrap();
    assert_eq!(progress, Progress::new(stream.len(), Pause::Done));
    let again = decoder.decode(b"tail", &mut [&mut output[..]]).unwrap();
    assert_eq!(again, Progress::new(0, Pause::Done));
    assert_eq!(decoder.decode(b"tail", &mut [&mut output[1..]]), Err(Error::PageShape));
}

#[test]
fn without_output_no_page_is_missed() {
    let empty = encode_c(Wrapper::Gzip, b"", 6, 15);
    let mut none: [[u8; 64]; 0] = [];
    let mut decoder = Concatenated::new(Gzip::new());
    for piece in [&empty[..], &[], &empty, &[]] {
        let progress = decoder.decode(piece, &mut none).unwrap();
        assert_eq!(progress, Progress::new(piece.len(), Pause::Done));
    }
    assert_eq!(decoder.members(), 2);
}

#[test]
fn limits_and_choices_stay() {
    let [Sample { stream, content }, _] = gzip();
    let mut output = vec![POISON; content.len()];
    let mut decoder = Any::new();
    decoder.limit_window(1000);
    for _ in 0..3 {
        assert_eq!(decode_slice(&mut decoder, &stream, &mut output), Err(Error::WindowLimit));
    }
    decoder.limit_window(32 << 10);
    assert!(decode_slice(&mut decoder, &stream, &mut output).is_ok());

    // A check that is reserved (The .xz File Format, 2.1.1.2).
    let stream = xz::stream(2, &[Block::encoded(&[], &content)]);
    assert_eq!(decode_slice(&mut decoder, &stream, &mut output), Err(Error::UnsupportedCheck));
    decoder.skip_unknown_checks(true);
    for _ in 0..3 {
        output.fill(POISON);
        assert!(decode_slice(&mut decoder, &stream, &mut output).is_ok());
        assert!(output == content);
    }
}

#[test]
fn a_dictionary_stays() {
    let dictionary = data::random(3000);
    let content = [&dictionary[1000..], b"more", &dictionary[..2000]].concat();
    let magicless = [CParameter::Format(FrameFormat::Magicless)];
    let frame = libzstd::encode_with(&dictionary, &magicless, &content);
    assert!(frame.len() < 200, "made of the dictionary");
    let mut decoder = Zstd::new();
    decoder.set_dictionary(&dictionary).unwrap();
    decoder.set_magicless(true);
    for _ in 0..3 {
        let sample = [Sample { stream: frame.clone(), content: content.clone() }];
        check_slices("dictionary", &mut decoder, &sample);
        let cut = decode_slice(&mut decoder, &frame[..20], &mut vec![0; content.len()]);
        assert_eq!(cut, Err(Error::Truncated));
    }
}

#[cfg(feature = "alloc")]
mod alloc {
    use pagewise::{decode_to_vec, GrowingPages};

    use super::*;

    /// [`decode_to_vec`] starts over, and pages that have grown for one stream are not for another.
    fn vectors<D: Decode>(name: &str, decoder: &mut D, samples: &[Sample; 2]) {
        let [Sample { stream, content }, _] = samples;
        let check = |decoder: &mut D| {
            for Sample { stream, content } in samples {
                let output = decode_to_vec(decoder, stream, usize::MAX);
                assert!(output.as_ref() == Ok(content), "{name}: {:?}", output.err());
            }
        };
        check(decoder);
        assert_eq!(decode_to_vec(decoder, stream, 999), Err(Error::OutputLimit), "{name}");
        check(decoder);
        let half = &stream[..stream.len() / 2];
        assert_eq!(decode_to_vec(decoder, half, usize::MAX), Err(Error::Truncated), "{name}");
        check(decoder);
        assert!(decode_to_vec(decoder, &[0xff; 100], usize::MAX).is_err(), "{name}");
        check(decoder);

        let mut first = GrowingPages::<64>::new(usize::MAX);
        decoder.reset();
        assert_eq!(first.decode(decoder, stream).unwrap().pause, Pause::Done, "{name}");
        assert_eq!(first.decode(decoder, &[]).unwrap().pause, Pause::Done, "{name}");
        assert!(first.as_slice().concat()[..content.len()] == *content, "{name}");
        let mut second = GrowingPages::<64>::new(usize::MAX);
        assert_eq!(second.decode(decoder, &[]), Err(Error::PageShape), "{name}");
        // Nor are they for a stream that goes on. (Some oracles write only at the end.)
        decoder.reset();
        let end = stream.len() - 2;
        let consumed = first.decode(decoder, &stream[..end]).unwrap().consumed;
        let has_written = decoder.written() > 0;
        assert!(has_written || name.starts_with("oracle"), "{name}");
        let result = second.decode(decoder, &stream[consumed..]);
        assert!(!has_written || result == Err(Error::PageShape), "{name}");
        decoder.reset();
        assert_eq!(second.decode(decoder, stream).unwrap().pause, Pause::Done, "{name}");
        assert!(second.as_slice().concat()[..content.len()] == *content, "{name}");
    }

    #[test]
    fn decode_to_vec_starts_afresh() {
        each!(vectors);
    }
}
