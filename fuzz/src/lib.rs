// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A caller that checks what `Decode` promises, call by call; and what the targets share.

// The builders of streams and the reference decoders of the tests.
#[path = "../../tests/common/mod.rs"]
pub mod common;
pub mod heal;
pub mod model;
pub mod oracles;
mod repair;
pub mod work;

use pagewise::{Decode, Error, Pause, OVERSHOOT};

pub use repair::{first_check, repair};
pub use work::Meter;

/// Output is cut off here, as a few bytes of input can stand for very many.
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
    /// Most edges for a byte of input or output.
    pub per_byte: u64,
}

impl Plan<'_> {
    /// All input at once into one large page.
    pub const FLAT: Self = Self {
        page_len: MAX_OUTPUT,
        pages: 1,
        release: false,
        pieces: &[],
        per_byte: work::PER_BYTE,
    };

    /// A plan that a byte of the input chooses: page length, release, pages at a time.
    pub fn of(choice: u8) -> Self {
        Self {
            page_len: [64, 256, 4096, 1 << 15][usize::from(choice >> 4 & 3)],
            pages: 1 + usize::from(choice >> 7) * 4,
            release: choice & 0x40 != 0,
            ..Self::FLAT
        }
    }

    /// The plan for a decoder with a dictionary.
    pub fn with_dictionary(self) -> Self {
        Self { per_byte: work::PER_BYTE_WITH_DICTIONARY, ..self }
    }
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

/// A page whose bytes come `at` bytes from the start. What is in it before it is written depends on
/// the place, so that moved bytes show, and on the length, so that bytes that come out without
/// having been written differ between plans.
pub fn poisoned(at: usize, page_len: usize) -> Vec<u8> {
    (at..at + page_len).map(|at| poison(at, page_len)).collect()
}

fn poison(at: usize, page_len: usize) -> u8 {
    (at as u8).wrapping_mul(167) ^ page_len.trailing_zeros() as u8 ^ 0xa5
}

/// Decodes `input` by `plan`, and panics where a promise is broken.
pub fn decode<D: Decode>(decoder: &mut D, input: &[u8], plan: &Plan<'_>) -> Outcome {
    let mut meter = Meter::default();
    let mut pages: Vec<Vec<u8>> = Vec::new();
    let mut settled_bytes: Vec<u8> = Vec::new();
    let mut released = 0;
    let mut pieces = plan.pieces.iter().cycle();
    let (mut from, mut to) = (0, 0);
    let mut before = None;
    let end = loop {
        let result = meter.decode(decoder, &input[from..to], &mut pages);
        let first = (settled_bytes.len() - released) / plan.page_len;
        check_pages(decoder, &pages, (first, released), &mut settled_bytes);
        let progress = match result {
            Ok(progress) => progress,
            Err(error) => {
                assert_ne!(error, Error::Internal);
                let again = decoder.decode(&input[from..to], &mut pages);
                assert_eq!(again, Err(error), "an error is repeated");
                break End::Failed(error);
            }
        };
        assert!(progress.consumed <= to - from);
        from += progress.consumed;
        // So there are at most as many calls as bytes, pieces and pages.
        let page = released / plan.page_len + pages.len();
        let now = Some((decoder.consumed(), decoder.written(), to, page));
        assert_ne!(now, before, "a call without progress");
        before = now;
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
                    pages.push(poisoned(at, plan.page_len));
                }
            }
            pause => unreachable!("{pause:?}"),
        }
    };
    check_pages(decoder, &pages, (0, released), &mut settled_bytes);
    let info = decoder.info();
    if end == End::Done {
        assert_eq!(decoder.settled(), decoder.written());
        assert!(info.format.is_some(), "{info:?}");
    }
    meter.check(decoder, plan.per_byte);
    Outcome { bytes: settled_bytes, end }
}

fn next<'a>(pieces: &mut impl Iterator<Item = &'a u8>, to: usize, length: usize) -> usize {
    match pieces.next() {
        Some(&piece) => length.min(to + usize::from(piece) + 1),
        None => length,
    }
}

/// Checks from the `first` page on that settled bytes are as they were, and that nothing was
/// written past `written()` but scratch bytes. Pages are as [`poisoned`] made them.
pub fn check_pages<D: Decode>(
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
        // In the page of the next byte some bytes after it are scratch.
        let scratch = if at == written { OVERSHOOT } else { 0 };
        let mut clean = untouched.iter().zip(at..).skip(scratch);
        assert!(clean.all(|(&byte, at)| byte == poison(at, page.len())), "written past the end");
        at += untouched.len();
    }
}

/// Takes off the pages that the window has passed, and returns their bytes.
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
