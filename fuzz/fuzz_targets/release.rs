// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A caller that appends and releases pages at will, and one that breaks the rules.
//!
//! Input: a byte that chooses decoder and page length, one for how many steps there are and whether
//! they keep the rules, the steps, the stream. A step is taken before each call of the decoder.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pagewise::{Any, Concatenated, Decode, Error, Gzip, Lzma, Pause, Xz, Zstd};
use pagewise_fuzz::work::PER_BYTE;
use pagewise_fuzz::{check_pages, decode, poisoned, End, Meter, Plan, MAX_OUTPUT};

fuzz_target!(|data: &[u8]| {
    let [choice, count, rest @ ..] = data else { return };
    let (steps, input) = rest.split_at(usize::from(count & 127).min(rest.len()));
    let page_len = [64, 128, 512, 4096][usize::from(choice >> 4 & 3)];
    let keeps = count & 128 == 0;
    match choice & 7 {
        0 | 1 => run(Gzip::new, input, page_len, steps, keeps),
        2 => run(Xz::new, input, page_len, steps, keeps),
        3 => run(Lzma::new, input, page_len, steps, keeps),
        4 | 5 => run(Zstd::new, input, page_len, steps, keeps),
        6 => run(Concatenated::<Any>::default, input, page_len, steps, keeps),
        _ => run(Concatenated::<Xz>::default, input, page_len, steps, keeps),
    }
});

fn run<D: Decode>(fresh: impl Fn() -> D, input: &[u8], page_len: usize, steps: &[u8], keeps: bool) {
    let mut decoder = fresh();
    if keeps {
        let flat = decode(&mut fresh(), input, &Plan::FLAT);
        let (end, bytes) = keep_rules(&mut decoder, input, page_len, steps);
        // A copy that reaches into a released page is an error; otherwise nothing may differ.
        if end == End::Failed(Error::DistanceReleased) {
            assert!(flat.bytes.starts_with(&bytes), "other bytes");
        } else {
            assert_eq!((end, bytes.len()), (flat.end, flat.bytes.len()));
            assert!(flat.bytes == bytes, "other bytes");
        }
    } else {
        break_rules(&mut decoder, input, page_len, steps);
    }
    // Whatever has happened, a reset makes the decoder as good as new.
    decoder.reset();
    let again = decode(&mut decoder, input, &Plan::FLAT);
    assert_eq!(again.end, decode(&mut fresh(), input, &Plan::FLAT).end);
}

/// Appends any number of pages, and releases them as soon as their bytes are settled, whether
/// copies may reach them or not.
fn keep_rules<D: Decode>(
    decoder: &mut D,
    input: &[u8],
    page_len: usize,
    steps: &[u8],
) -> (End, Vec<u8>) {
    let mut meter = Meter::default();
    let mut pages: Vec<Vec<u8>> = Vec::new();
    let mut bytes = Vec::new();
    let (mut released, mut from) = (0, 0);
    let mut steps = steps.iter().copied();
    loop {
        let step = steps.next().unwrap_or(1);
        let room = (MAX_OUTPUT - released - pages.len() * page_len) / page_len;
        for _ in 0..usize::from(step & 7).min(room) {
            pages.push(poisoned(released + pages.len() * page_len, page_len));
        }
        let settled = (decoder.settled() as usize - released) / page_len;
        if step & 8 != 0 {
            // More pages than are settled: an error, which changes nothing.
            let too_many = settled + 1 + usize::from(step >> 4);
            assert_eq!(decoder.release(too_many), Err(Error::ReleaseUnsettled));
            assert_eq!(decoder.release(usize::MAX), Err(Error::ReleaseUnsettled));
        }
        let count = settled.min(usize::from(step >> 4));
        decoder.release(count).expect("settled pages may be released");
        pages.drain(..count);
        released += count * page_len;

        let result = meter.decode(decoder, &input[from..], &mut pages);
        check_pages(decoder, &pages, (0, released), &mut bytes);
        let end = match result {
            Err(error) => End::Failed(error),
            Ok(progress) => {
                from += progress.consumed;
                match progress.pause {
                    Pause::Done => End::Done,
                    Pause::NeedInput { .. } => End::Truncated,
                    Pause::NeedPage if decoder.written() as usize >= MAX_OUTPUT => End::TooLong,
                    Pause::NeedPage => continue,
                    pause => unreachable!("{pause:?}"),
                }
            }
        };
        meter.check(decoder, PER_BYTE);
        return (end, bytes);
    }
}

/// The most steps of a caller that breaks the rules.
const MAX_STEPS: usize = 150;

/// A page that may lend fewer bytes to write than to read.
#[derive(Clone, PartialEq)]
struct Page {
    bytes: Vec<u8>,
    to_write: usize,
}

impl Page {
    fn new(length: usize) -> Self {
        Self { bytes: vec![0xa5; length], to_write: usize::MAX }
    }
}

impl AsRef<[u8]> for Page {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsMut<[u8]> for Page {
    fn as_mut(&mut self) -> &mut [u8] {
        let length = self.bytes.len().min(self.to_write);
        &mut self.bytes[..length]
    }
}

/// Pages of other lengths, swapped, shrunk, grown, taken away, overwritten, shorter to write than
/// to read; released without being taken off, and taken off without being released. The decoder
/// must come to an end, of whatever kind.
fn break_rules<D: Decode>(decoder: &mut D, input: &[u8], page_len: usize, steps: &[u8]) {
    let mut meter = Meter::default();
    let mut pages: Vec<Page> = Vec::new();
    let mut from = 0;
    let mut added = 0;
    let mut steps = steps.iter().copied();
    loop {
        let step = steps.next();
        let argument = usize::from(step.unwrap_or(0) >> 4);
        let any = argument % pages.len().max(1);
        let last = pages.len().wrapping_sub(1);
        match step.map_or(0, |step| step & 15) {
            0 => pages.push(Page::new(page_len)),
            1 => pages.push(Page::new(page_len * 2)),
            2 => pages.push(Page::new(page_len / 2)),
            3 => pages.push(Page::new(page_len + argument)),
            4 => pages.push(Page::new(0)),
            5 => _ = pages.pop(),
            6 => pages.truncate(any),
            7 if !pages.is_empty() => pages.swap(any, last),
            8 if !pages.is_empty() => pages[any].bytes.truncate(argument * 5),
            9 if !pages.is_empty() => pages[last].bytes.truncate(argument * 5),
            10 if !pages.is_empty() => pages[any].bytes.resize(page_len, 0x5a),
            11 if !pages.is_empty() => pages[any].bytes.fill(argument as u8),
            12 => _ = decoder.release(if argument == 15 { usize::MAX } else { argument }),
            13 => _ = pages.drain(..any),
            14 if !pages.is_empty() => pages[any].to_write = argument * 5,
            _ => pages.extend((0..argument).map(|_| Page::new(page_len))),
        }
        added += 1;
        let before = pages.clone();
        let written = decoder.written();
        let progress = match meter.decode(decoder, &input[from..], &mut pages) {
            Ok(progress) => progress,
            Err(error) => {
                assert_ne!(error, Error::Internal);
                break;
            }
        };
        assert!(progress.consumed <= input.len() - from);
        from += progress.consumed;
        // What was written in this call is in pages of one length.
        let first = before.first().map_or(0, |page| page.bytes.len());
        let touched = before.iter().zip(&pages).filter(|(before, after)| before != after);
        for (page, _) in touched {
            assert_eq!(page.bytes.len(), first, "written to a page of another length");
        }
        let room = pages.iter().map(|page| page.bytes.len() as u64).sum();
        assert!(decoder.written() - written <= room);
        match progress.pause {
            Pause::NeedPage if added < MAX_STEPS => {}
            _ => break,
        }
    }
    meter.check(decoder, PER_BYTE);
}
