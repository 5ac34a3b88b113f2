// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The fast build and the `safe` build do the same in each call: its result, position and bytes.
//!
//! Input: a byte that chooses page length and release, a byte for the decoder, whether to accept unknown
//! checks, and the number of pieces, the pieces' lengths, the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pagewise_fuzz::{poisoned, repair, Plan, MAX_OUTPUT};

/// What a caller sees of a call.
#[derive(PartialEq, Eq, Debug)]
struct Call {
    /// Bytes consumed and what is needed to go on, or the error.
    result: Result<(usize, Option<usize>, bool), &'static str>,
    consumed: u64,
    written: u64,
    settled: u64,
    window: Option<u64>,
    released: bool,
}

/// Decodes with the decoder of one build. Each build has a trait of its own.
macro_rules! decode {
    ($build:ident, $decoder:expr, $input:expr, $plan:expr, $skip:expr) => {{
        use $build::{Decode, Pause};
        let (input, plan): (&[u8], &Plan<'_>) = ($input, $plan);
        let mut decoder = $decoder;
        decoder.skip_unknown_checks($skip);
        let (mut calls, mut bytes) = (Vec::new(), Vec::new());
        let mut pages: Vec<Vec<u8>> = Vec::new();
        let mut pieces = plan.pieces.iter().cycle();
        let (mut from, mut to, mut released) = (0, 0, 0);
        loop {
            let result = decoder.decode(&input[from..to], &mut pages);
            let mut call = Call {
                result: match result {
                    Ok(progress) => Ok(match progress.pause {
                        Pause::NeedInput { min } => (progress.consumed, Some(min), false),
                        Pause::NeedPage => (progress.consumed, None, false),
                        Pause::Done => (progress.consumed, None, true),
                        pause => unreachable!("{pause:?}"),
                    }),
                    Err(error) => Err(error.message()),
                },
                consumed: decoder.consumed(),
                written: decoder.written(),
                settled: decoder.settled(),
                window: decoder.window(),
                released: true,
            };
            let mut is_over = to == input.len();
            match result.map(|progress| (progress.consumed, progress.pause)) {
                Ok((consumed, Pause::NeedPage)) => {
                    from += consumed;
                    is_over = decoder.written() as usize >= MAX_OUTPUT;
                    // Whole pages of final bytes are released, although a copy may still reach them.
                    let settled = (decoder.settled() as usize).saturating_sub(released);
                    let count = settled / plan.page_len;
                    if plan.release && count > 1 {
                        call.released = decoder.release(count - 1).is_ok();
                        released += (count - 1) * plan.page_len;
                        pages.drain(..count - 1).for_each(|page| bytes.extend(page));
                    }
                    for _ in 0..plan.pages {
                        let at = released + pages.len() * plan.page_len;
                        pages.push(poisoned(at, plan.page_len));
                    }
                }
                Ok((consumed, Pause::NeedInput { .. } | Pause::Done)) => {
                    from += consumed;
                    let piece = pieces.next().map_or(usize::MAX, |&piece| usize::from(piece) + 1);
                    is_over |= matches!(result, Ok(progress) if progress.pause == Pause::Done);
                    to = input.len().min(to.saturating_add(piece));
                }
                Ok((_, pause)) => unreachable!("{pause:?}"),
                Err(_) => is_over = true,
            }
            calls.push(call);
            if is_over {
                break;
            }
        }
        pages.drain(..).for_each(|page| bytes.extend(page));
        bytes.truncate(decoder.written() as usize);
        (calls, bytes)
    }};
}

/// Decodes with the same decoder of both builds.
macro_rules! compare {
    ($decoder:ident $(in $wrapper:ident)?, $input:expr, $plan:expr, $skip:expr) => {{
        let fast = decode!(pagewise, compare!(@new pagewise, $decoder $($wrapper)?), $input, $plan, $skip);
        let safe =
            decode!(pagewise_safe, compare!(@new pagewise_safe, $decoder $($wrapper)?), $input, $plan, $skip);
        assert_eq!(fast.0, safe.0);
        assert!(fast.1 == safe.1, "other bytes");
    }};
    (@new $build:ident, $decoder:ident) => { $build::$decoder::new() };
    (@new $build:ident, $decoder:ident $wrapper:ident) => {
        $build::$wrapper::new($build::$decoder::new())
    };
}

fuzz_target!(|data: &[u8]| {
    let [choice, kind, rest @ ..] = data else { return };
    let (pieces, input) = rest.split_at(usize::from(kind >> 4 & 7).min(rest.len()));
    let plan = Plan { pieces, ..Plan::of(*choice) };
    let skip = kind & 0x80 != 0;
    let mut input = input.to_vec();
    // Some .xz streams have their CRC32s made right.
    if kind & 15 == 15 {
        repair(&mut input);
    }
    match kind & 15 {
        0 | 1 => compare!(Gzip, &input, &plan, skip),
        2 | 3 => compare!(Deflate, &input, &plan, skip),
        4 => compare!(Zlib, &input, &plan, skip),
        5 => compare!(Gzip in Concatenated, &input, &plan, skip),
        6 | 7 => compare!(Any in Concatenated, &input, &plan, skip),
        8 | 9 => compare!(Zstd, &input, &plan, skip),
        10 => compare!(Zstd in Concatenated, &input, &plan, skip),
        11 => compare!(Lzma, &input, &plan, skip),
        12 => compare!(Xz in Concatenated, &input, &plan, skip),
        _ => compare!(Xz, &input, &plan, skip),
    }
});
