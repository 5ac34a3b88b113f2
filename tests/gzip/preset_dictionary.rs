// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! zlib streams with a preset dictionary (FDICT and DICTID; RFC 1950, 2.2).

use std::sync::LazyLock;

use flate2::{Compress, Compression, FlushCompress, Status};
use pagewise::{decode_slice, Any, Decode, Error, Info, Zlib};

use crate::common::bits::{BitWriter, Op};
use crate::common::data::{text, zlib_header};
use crate::common::feed::{Outcome, Verdict};
use crate::common::{cut, splits};

/// Longer than the window: only its end can be referred to.
static DICTIONARY: LazyLock<Vec<u8>> = LazyLock::new(|| text(40_000));

fn with_dictionary() -> Zlib<'static> {
    let mut decoder = Zlib::new();
    decoder.set_dictionary(&DICTIONARY);
    decoder
}

/// Compresses by C zlib, for a window of `1 << window_bits` bytes.
fn encode(content: &[u8], dictionary: &[u8], window_bits: u8) -> Vec<u8> {
    let mut encoder = Compress::new_with_window_bits(Compression::new(9), true, window_bits);
    encoder.set_dictionary(dictionary).unwrap();
    let mut stream = Vec::with_capacity(content.len() + 100);
    let status = encoder.compress_vec(content, &mut stream, FlushCompress::Finish);
    assert_eq!(status.unwrap(), Status::StreamEnd);
    stream
}

/// A stream around `ops` in one block with the fixed code, which asks for `dictionary`.
fn build(cinfo: u8, dictionary: &[u8], ops: &[Op], content: &[u8]) -> Vec<u8> {
    let raw = BitWriter::new().fixed(true, ops).finish();
    let adler = |bytes| zlib_rs::adler32::adler32(1, bytes).to_be_bytes();
    [&zlib_header(cinfo << 4 | 8, 0x20)[..], &adler(dictionary), &raw, &adler(content)].concat()
}

#[test]
fn all_splits() {
    // The end of the dictionary, its middle, and text of its own, more than a window long.
    let content =
        [&DICTIONARY[39_000..], &DICTIONARY[15_000..18_000], &text(50_000)[40_000..]].concat();
    for window_bits in [9, 15] {
        let stream = encode(&content, &DICTIONARY, window_bits);
        let expected = Outcome {
            verdict: Verdict::Done,
            bytes: content.clone(),
            written: content.len() as u64,
            consumed: stream.len() as u64,
        };
        splits::check(with_dictionary, "preset dictionary", &stream, &expected);
    }
}

#[test]
fn each_prefix_is_truncated() {
    let content = [&DICTIONARY[39_900..], b"new", &DICTIONARY[39_000..39_100]].concat();
    cut::check_prefixes(with_dictionary, &encode(&content, &DICTIONARY, 15), &content);
}

#[test]
fn copies_reach_as_far_as_the_window() {
    let dictionary = text(1000);
    let mut output = [0; 2000];
    let mut decoder = Zlib::new();
    decoder.set_dictionary(&dictionary);
    let copy = |distance, length| Op::Copy { distance, length };
    // A window of 256 bytes: a copy from its first byte on, across the start of the output.
    let content = [&dictionary[744..], &dictionary[744..746]].concat();
    let stream = build(0, &dictionary, &[copy(256, 258)], &content);
    let decoded = decode_slice(&mut decoder, &stream, &mut output).unwrap();
    assert_eq!(&output[..decoded.written], content);
    // One byte further is in the dictionary, but not in the window.
    let stream = build(0, &dictionary, &[copy(257, 3)], &[]);
    let result = decode_slice(&mut decoder, &stream, &mut output);
    assert_eq!(result, Err(Error::DistancePastWindow));
    let stream = build(0, &dictionary, &[Op::Literal(0), copy(257, 3)], &[]);
    let result = decode_slice(&mut decoder, &stream, &mut output);
    assert_eq!(result, Err(Error::DistancePastWindow));
    // A larger window, but no larger dictionary.
    let stream = build(7, &dictionary, &[copy(1000, 3)], &dictionary[..3]);
    assert_eq!(decode_slice(&mut decoder, &stream, &mut output).unwrap().written, 3);
    let stream = build(7, &dictionary, &[copy(1001, 3)], &[]);
    let result = decode_slice(&mut decoder, &stream, &mut output);
    assert_eq!(result, Err(Error::DistanceBeforeStart));
}

#[test]
fn the_right_one_is_asked_for() {
    let content = b"what the dictionary has not";
    let stream = encode(content, &DICTIONARY, 15);
    let id = zlib_rs::adler32::adler32(1, &DICTIONARY);
    let mut output = [0; 100];
    // No dictionary, another one, the right one, and none again.
    let mut decoder = Zlib::new();
    assert_eq!(decode_slice(&mut decoder, &stream, &mut output), Err(Error::ZlibDictionary));
    assert_eq!(decoder.info().dictionary_id, Some(id));
    decoder.set_dictionary(&DICTIONARY[1..]);
    assert_eq!(decode_slice(&mut decoder, &stream, &mut output), Err(Error::ZlibDictionary));
    decoder.set_dictionary(&DICTIONARY);
    // The dictionary stays over resets, and is not used by streams that ask for none.
    for _ in 0..2 {
        assert_eq!(
            decode_slice(&mut decoder, &stream, &mut output).unwrap().written,
            content.len()
        );
        assert_eq!(decoder.info().dictionary_id, Some(id));
        let raw = BitWriter::new().fixed(true, &[Op::Copy { distance: 1, length: 3 }]).finish();
        let without = [&zlib_header(0x78, 0)[..], &raw].concat();
        let result = decode_slice(&mut decoder, &without, &mut output);
        assert_eq!(result, Err(Error::DistanceBeforeStart));
        assert_eq!(decoder.info().dictionary_id, None);
    }
    let mut any = Any::new();
    assert_eq!(decode_slice(&mut any, &stream, &mut output), Err(Error::ZlibDictionary));
    assert!(matches!(any.info(), Info { dictionary_id: Some(asked), .. } if asked == id));
}
