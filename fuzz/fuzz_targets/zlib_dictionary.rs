// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! zlib streams with a preset dictionary: this crate decodes them as zlib does.
//!
//! Input: a byte that chooses the plan, the dictionary's length in two bytes, the dictionary, and a deflate
//! stream or what one is made of.

#![no_main]

use flate2::{Compress, Compression, Decompress, FlushCompress};
use libfuzzer_sys::fuzz_target;
use pagewise::{Error, Zlib};
use pagewise_fuzz::common::data::zlib_header;
use pagewise_fuzz::common::zlib;
use pagewise_fuzz::{decode, End, Plan, MAX_OUTPUT};

fuzz_target!(|data: &[u8]| {
    let Some((&[choice, low, high], rest)) = data.split_first_chunk() else { return };
    let length = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
    let (dictionary, rest) = rest.split_at(length);
    let plan = Plan::of(choice).with_dictionary();
    let mut decoder = Zlib::new();
    decoder.set_dictionary(dictionary);
    let header = [&zlib_header(0x78, 0x20)[..], &adler32(dictionary)].concat();

    if choice & 1 != 0 {
        let mut encoder = Compress::new(Compression::new(u32::from(choice >> 1 & 7) + 1), true);
        encoder.set_dictionary(dictionary).unwrap();
        let mut stream = Vec::with_capacity(rest.len() + 1000);
        encoder.compress_vec(rest, &mut stream, FlushCompress::Finish).unwrap();
        let outcome = decode(&mut decoder, &stream, &plan);
        assert!(outcome.end == End::Done && outcome.bytes == rest);
        return;
    }
    // zlib accepts a dictionary before a raw stream too. Its window is 32 KiB then, as it is here.
    let mut reference = Decompress::new(false);
    reference.set_dictionary(dictionary).unwrap();
    let mut bytes = vec![0; MAX_OUTPUT];
    let (verdict, consumed, given) = zlib::says(&mut reference, rest, &mut bytes);
    if given == MAX_OUTPUT {
        return;
    }
    let raw = if verdict == Some(true) { &rest[..consumed] } else { rest };
    let stream = [&header, raw, &adler32(&bytes[..given])].concat();
    let whole = if verdict == Some(true) { &stream[..] } else { &stream[..stream.len() - 4] };
    let outcome = decode(&mut decoder, whole, &plan);
    // One may find a cut stream bad before the other; the bytes are the same as far as both go.
    let common = given.min(outcome.bytes.len());
    assert!(outcome.bytes[..common] == bytes[..common], "other bytes");
    match (verdict, outcome.end) {
        (Some(true), End::Done) => assert_eq!(outcome.bytes.len(), given),
        (Some(false) | None, End::Truncated) => {}
        (Some(false) | None, End::Failed(error)) => assert_ne!(error, Error::ZlibDictionary),
        (verdict, end) => panic!("zlib: {verdict:?}, here: {end:?}"),
    }
});

fn adler32(bytes: &[u8]) -> [u8; 4] {
    zlib_rs::adler32::adler32(1, bytes).to_be_bytes()
}
