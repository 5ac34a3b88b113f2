// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What `gzip` checks, for .xz and .lzma. The first byte chooses the decoder, whether CRC32s are made right
//! first and unknown checks accepted, the page length and release. An .xz file must be good exactly if each
//! of its blocks is, decoded by itself, and have the same bytes then.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pagewise::{Any, Concatenated, Decode, Lzma, Xz};
use pagewise_fuzz::common::xz::by_blocks;
use pagewise_fuzz::{decode, repair, End, Outcome, Plan, MAX_OUTPUT};

fuzz_target!(|data: &[u8]| {
    let Some((&choice, input)) = data.split_first() else { return };
    match choice & 3 {
        0 => drop(run::<Xz>(choice, input)),
        1 => drop(run::<Lzma>(choice, input)),
        2 => drop(run::<Any>(choice, input)),
        _ => {
            let (file, outcome) = run::<Concatenated<Xz>>(choice, input);
            // Choices are each decoder's own.
            if choice & 8 == 0 {
                compare(&file, &outcome);
            }
        }
    }
});

/// Compares the blocks of `file`, each decoded by itself, with the outcome for the whole file.
fn compare(file: &[u8], whole: &Outcome) {
    let by_blocks = by_blocks(file, MAX_OUTPUT);
    match whole.end {
        End::Done => assert!(by_blocks.as_ref() == Ok(&whole.bytes), "{by_blocks:?}"),
        // It may be good, but the caller has had enough of it.
        End::TooLong => {}
        _ => assert!(by_blocks.is_err(), "the blocks are good, but not the file: {:?}", whole.end),
    }
}

fn run<D: Decode + Default>(choice: u8, input: &[u8]) -> (Vec<u8>, Outcome) {
    let mut input = input.to_vec();
    if choice & 4 != 0 {
        repair(&mut input);
    }
    let plan = Plan::of(choice);
    let mut decoder = D::default();
    decoder.skip_unknown_checks(choice & 8 != 0);
    let outcome = decode(&mut decoder, &input, &plan);
    (input, outcome)
}
