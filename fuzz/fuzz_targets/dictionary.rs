// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Dictionaries and the frames that need them: this crate accepts what libzstd accepts, and decodes it to the
//! same bytes.
//!
//! Input: a byte that chooses the kind of dictionary and of frame, the dictionary's length in two bytes, the
//! dictionary, and a frame or what a frame is made of.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pagewise::{Concatenated, Decode, Error, Zstd};
use pagewise_fuzz::common::libzstd::{self, encode_with};
use pagewise_fuzz::common::zstd::{huffman_section, Header, Writer, COMPRESSED};
use pagewise_fuzz::oracles::{hold, libzstd_allows, libzstd_says, pagewise_says, Verdict};
use pagewise_fuzz::{decode, End, Plan, DICTIONARY};
use zstd_safe::CParameter::{ChecksumFlag, CompressionLevel};

fuzz_target!(|data: &[u8]| {
    let Some((&[choice, low, high], rest)) = data.split_first_chunk() else { return };
    let length = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
    let (dictionary, rest) = rest.split_at(length);
    let dictionary = match choice & 3 {
        // The bytes as they are; after a good head; as edits of a good one; and a good one.
        0 => dictionary.to_vec(),
        1 => [&DICTIONARY[..head()], dictionary].concat(),
        2 => changed(dictionary),
        _ => DICTIONARY.to_vec(),
    };
    let plan = Plan::of(choice & 0xf0).with_dictionary();
    let mut decoder = Zstd::new();
    let mut reference = libzstd::Decoder::new();
    let result = decoder.set_dictionary(&dictionary);
    if reference.set_dictionary(&dictionary) != result.is_ok() {
        // libzstd also accepts fewer than eight bytes, and trees of 12 bits.
        assert_eq!(result, Err(Error::ZstdDictionary));
        assert!(dictionary.len() < 8 || tree_is_refused(&dictionary));
        return;
    }
    if result.is_err() {
        // A refused dictionary leaves the decoder without one, but as good as new.
        decode(&mut decoder, rest, &plan);
        return;
    }
    if choice & 4 != 0 {
        // What libzstd makes with this dictionary.
        let parameters = [CompressionLevel(i32::from(choice >> 4)), ChecksumFlag(true)];
        let frame = encode_with(&dictionary, &parameters, rest);
        let outcome = decode(&mut decoder, &frame, &plan);
        assert_eq!(outcome.end, End::Done);
        assert!(outcome.bytes == rest, "other bytes");
        decoder.reset();
    }
    if let Some((ours, fault)) = pagewise_says(&mut decoder, rest, &Plan::FLAT.with_dictionary()) {
        let theirs = libzstd_says(&mut reference, rest);
        hold(&ours, &theirs, "libzstd", || {
            // libzstd takes the head of a dictionary for a part of its content. For the other differences see
            // `oracles`.
            let is_good = matches!(theirs.verdict, Verdict::Good(_));
            let is_in_head = fault.is_some_and(|fault| fault.error == Error::DistanceBeforeStart);
            (is_good && is_in_head) || libzstd_allows(rest, &theirs, fault)
        });
    }
    decoder.reset();
    decode(&mut Concatenated::new(decoder), rest, &plan);
});

/// Whether this crate refuses the tree of a formatted dictionary, in a frame too.
fn tree_is_refused(dictionary: &[u8]) -> bool {
    let tree = &dictionary[8..];
    let length = match tree[0] {
        length @ 0..128 => 1 + usize::from(length),
        count => 1 + usize::from(count - 127).div_ceil(2),
    };
    let literals = huffman_section(2, 0, 1, &[&tree[..length], &[1]].concat());
    let mut writer = Writer::new();
    writer.push(COMPRESSED, literals.len() + 1, &[&literals[..], &[0]].concat());
    let frame = writer.frame(&Header::NEW);
    decode(&mut Zstd::new(), &frame, &Plan::FLAT).end == End::Failed(Error::ZstdHuffmanTree)
}

/// Where the tables and offsets of the good dictionary end and its content begins.
fn head() -> usize {
    // Its content is text, and the three offsets before it are 1, 4 and 8.
    let offsets = [1, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0];
    DICTIONARY.windows(12).position(|bytes| bytes == offsets).map_or(0, |at| at + 12)
}

/// The good dictionary with some bytes changed: two bytes of an edit say where, one says how.
fn changed(edits: &[u8]) -> Vec<u8> {
    let mut dictionary = DICTIONARY.to_vec();
    for edit in edits.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % dictionary.len();
        dictionary[at] = edit[2];
    }
    dictionary
}
