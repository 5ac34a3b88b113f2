// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Decodes a stream in several ways, for the library's own tests.

use std::vec;
use std::vec::Vec;

use crate::{decode_slice, Decode, Error, Pause};

/// Bytes of input that a call gets on top of the unconsumed ones.
const CHUNKS: &[usize] = if cfg!(miri) { &[13, usize::MAX] } else { &[1, 13, usize::MAX] };
/// Lengths of pages: the shortest, a usual one, and one of several rounds.
const PAGES: &[usize] = if cfg!(miri) { &[64, 4096] } else { &[64, 4096, 1 << 17] };

/// What came of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Bytes of input that belong to the stream.
    pub(crate) verdict: Result<usize, Error>,
    /// Bytes of output, up to the error if there is one.
    pub(crate) bytes: Vec<u8>,
}

/// Requires that `input` comes out as `expected`, however input and pages are split over calls.
pub(crate) fn expect<D: Decode>(decoder: &mut D, input: &[u8], expected: &Outcome, name: &str) {
    for &chunk in CHUNKS {
        for &page in PAGES {
            let outcome = feed(decoder, input, chunk, page);
            let written = outcome.bytes.len();
            assert_eq!(outcome.verdict, expected.verdict, "{name}, {chunk}, {page}: {written}");
            let differs = outcome.bytes.iter().zip(&expected.bytes).position(|(a, b)| a != b);
            assert_eq!(differs, None, "{name}, {chunk}, {page}: wrong byte");
            assert_eq!(written, expected.bytes.len(), "{name}, {chunk}, {page}");
        }
    }
    if expected.verdict.is_ok() {
        let mut exact = vec![0; expected.bytes.len()];
        let decoded = decode_slice(decoder, input, &mut exact).map(|decoded| decoded.consumed);
        assert_eq!(decoded, expected.verdict, "{name}");
        assert!(exact == expected.bytes, "{name}");
    }
}

/// Decodes `input`, of which each call gets `chunk` bytes more, into pages of `page` bytes.
fn feed<D: Decode>(decoder: &mut D, input: &[u8], chunk: usize, page: usize) -> Outcome {
    decoder.reset();
    let (mut pages, mut at, mut end) = (Vec::new(), 0, chunk.min(input.len()));
    let verdict = loop {
        let progress = match decoder.decode(&input[at..end], &mut pages) {
            Ok(progress) => progress,
            Err(error) => break Err(error),
        };
        at += progress.consumed;
        match progress.pause {
            Pause::Done => break Ok(at),
            Pause::NeedPage => pages.push(vec![0xa5; page]),
            Pause::NeedInput { .. } if end == input.len() => break Err(Error::Truncated),
            Pause::NeedInput { .. } => end = end.saturating_add(chunk).min(input.len()),
        }
    };
    let mut bytes = pages.concat();
    bytes.truncate(decoder.written() as usize);
    Outcome { verdict, bytes }
}
