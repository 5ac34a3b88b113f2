// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A caller that checks what `Decode` promises, call by call.

mod repair;

use pagewise::{Decode, Error, Pause};

pub use repair::repair;

/// Output is cut off here: a few bytes of input can stand for very many.
pub const MAX_OUTPUT: usize = 1 << 16;

/// A dictionary in zstd's format, as `zstd --train` made it.
pub static DICTIONARY: &[u8] = include_bytes!("../dictionary.zstd");

/// How input and pages are split over calls.
pub struct Plan<'a> {
    pub page_len: usize,
    /// Pages added at a time.
    pub pages: usize,
    /// Whether pages that no copy can reach are released.
    pub release: bool,
    /// Lengths of the pieces of input, over and over; empty: all at once.
    pub pieces: &'a [u8],
}

/// Where a stream ended, and all bytes that came out of it.
pub struct Outcome {
    pub bytes: Vec<u8>,
    pub end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Done,
    Truncated,
    TooLong,
    Failed(Error),
}

/// What stands in a page before it is written: depends on the place, so that moved bytes show.
fn poison(at: usize) -> u8 {
    (at as u8).wrapping_mul(167) ^ 0xa5
}

/// Decodes `input` after `plan`, and panics where a promise is broken.
pub fn decode<D: Decode>(decoder: &mut D, input: &[u8], plan: &Plan<'_>) -> Outcome {
    let mut pages: Vec<Vec<u8>> = Vec::new();
    let mut settled_bytes: Vec<u8> = Vec::new();
    let mut released = 0;
    let mut pieces = plan.pieces.iter().cycle();
    let (mut from, mut to) = (0, 0);
    let (mut idle, mut before) = (0, (0, 0, 0));
    let end = loop {
        let result = decoder.decode(&input[from..to], &mut pages);
        let first = (settled_bytes.len() - released) / plan.page_len;
        check_pages(decoder, &pages, (first, released), &mut settled_bytes);
        let progress = match result {
            Ok(progress) => progress,
            Err(error) => {
                let again = decoder.decode(&input[from..to], &mut pages);
                assert_eq!(again, Err(error), "an error is repeated");
                break End::Failed(error);
            }
        };
        assert!(progress.consumed <= to - from);
        from += progress.consumed;
        // A large unit may wait for many small pieces.
        let now = (decoder.consumed(), decoder.written(), to);
        idle = if now == before { idle + 1 } else { 0 };
        before = now;
        assert!(idle < 100, "no progress");
        match progress.pause {
            Pause::Done if from == to && to < input.len() => {
                to = next(&mut pieces, to, input.len())
            }
            Pause::Done => break End::Done,
            Pause::NeedInput { min } => {
                assert!(min > to - from, "the missing bytes are there");
                if to == input.len() {
                    break End::Truncated;
                }
                to = next(&mut pieces, to, input.len());
            }
            Pause::NeedPage => {
                assert_eq!(decoder.written() as usize, released + pages.len() * plan.page_len);
                if decoder.written() as usize >= MAX_OUTPUT {
                    break End::TooLong;
                }
                if plan.release {
                    released += release(decoder, &mut pages, plan.page_len, released);
                }
                let total = released + pages.len() * plan.page_len;
                for _ in 0..plan.pages.min((MAX_OUTPUT - total) / plan.page_len) {
                    let at = released + pages.len() * plan.page_len;
                    pages.push((at..at + plan.page_len).map(poison).collect());
                }
            }
        }
    };
    check_pages(decoder, &pages, (0, released), &mut settled_bytes);
    if end == End::Done {
        assert_eq!(decoder.settled(), decoder.written());
    }
    Outcome { bytes: settled_bytes, end }
}

fn next<'a>(pieces: &mut impl Iterator<Item = &'a u8>, to: usize, length: usize) -> usize {
    match pieces.next() {
        Some(&piece) => length.min(to + usize::from(piece) + 1),
        None => length,
    }
}

/// From the `first` page on, settled bytes are as they were, and nothing was written past
/// `written()`.
fn check_pages<D: Decode>(
    decoder: &D,
    pages: &[Vec<u8>],
    (first, released): (usize, usize),
    settled_bytes: &mut Vec<u8>,
) {
    let (written, settled) = (decoder.written() as usize, decoder.settled() as usize);
    assert!(settled <= written && settled >= settled_bytes.len());
    let mut at = released + pages.iter().take(first).map(Vec::len).sum::<usize>();
    for page in &pages[first.min(pages.len())..] {
        let (done, untouched) = page.split_at(page.len().min(written.saturating_sub(at)));
        let known = settled_bytes.len().saturating_sub(at).min(done.len());
        let before = settled_bytes.get(at..at + known).unwrap_or(&[]);
        assert!(done[..known] == *before, "a settled byte changed");
        let settled_here = settled.saturating_sub(at).min(done.len());
        settled_bytes.extend_from_slice(&done[known..settled_here]);
        at += done.len();
        let clean = untouched.iter().zip(at..).all(|(&byte, at)| byte == poison(at));
        assert!(clean, "written past the end");
        at += untouched.len();
    }
}

/// Takes off the pages that the window has passed. Returns their bytes.
fn release<D: Decode>(
    decoder: &mut D,
    pages: &mut Vec<Vec<u8>>,
    page_len: usize,
    released: usize,
) -> usize {
    let window = decoder.window().unwrap_or(u64::MAX);
    let passed = decoder.written().saturating_sub(window).min(decoder.settled()) as usize;
    let count = passed.saturating_sub(released) / page_len;
    pages.drain(..count);
    decoder.release(count).expect("settled pages may be released");
    count * page_len
}
