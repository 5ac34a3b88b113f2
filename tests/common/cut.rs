// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Streams cut short anywhere.

use pagewise::{decode_slice, Any, Carry, Decode, Error, Pause};

/// Checks that each prefix of `stream` waits for more input, and that `content` is all that is ever
/// written.
pub fn check_prefixes<D: Decode>(fresh: fn() -> D, stream: &[u8], content: &[u8]) {
    check_prefixes_settled(fresh, stream, content, D::written);
}

/// [`check_prefixes`] for output that is not final as it is written: only `settled` bytes count.
pub fn check_prefixes_settled<D: Decode>(
    fresh: fn() -> D,
    stream: &[u8],
    content: &[u8],
    settled: fn(&D) -> u64,
) {
    check_each_prefix(&mut fresh(), stream, content, settled);
    check_growing(fresh(), stream, content);
    check_growing(Carry::<D, { Any::CARRY }>::new(fresh()), stream, content);
}

/// Checks each prefix of `stream`, given in one call.
pub fn check_each_prefix<D: Decode>(
    decoder: &mut D,
    stream: &[u8],
    content: &[u8],
    settled: fn(&D) -> u64,
) {
    let (mut output, mut before) = (vec![0; content.len()], 0);
    for end in 0..stream.len() {
        decoder.reset();
        let result = decode_slice(decoder, &stream[..end], &mut output);
        assert_eq!(result, Err(Error::Truncated), "{end} bytes of {}", stream.len());
        assert!(output.starts_with(&content[..settled(decoder) as usize]));
        assert!(before <= settled(decoder), "more input gives less output");
        before = settled(decoder);
    }
}

/// Checks all prefixes of `stream` with one decoder, which gets one more byte each time.
pub fn check_growing<D: Decode>(mut decoder: D, stream: &[u8], content: &[u8]) {
    let (mut output, mut at) = (vec![0; content.len()], 0);
    for end in 0..=stream.len() {
        let progress = decoder.decode(&stream[at..end], &mut [&mut output[..]]).unwrap();
        at += progress.consumed;
        match progress.pause {
            Pause::NeedInput { min } => assert!(end < stream.len() && min > end - at),
            Pause::Done => assert_eq!(end, stream.len()),
            pause => panic!("{pause:?}: the output has no byte more"),
        }
    }
    assert!(output == content);
}
