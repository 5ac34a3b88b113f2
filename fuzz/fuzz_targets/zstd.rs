// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What `gzip` checks, for zstd. The first byte chooses the decoder, its dictionary, whether frames are
//! magicless, the page length and release.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pagewise::{Any, Concatenated, Decode, Zstd};
use pagewise_fuzz::{decode, Plan, DICTIONARY};

fuzz_target!(|data: &[u8]| {
    let Some((&choice, input)) = data.split_first() else { return };
    if choice & 3 == 2 {
        return run(Any::new(), choice, input);
    }
    let mut decoder = Zstd::new();
    decoder.set_magicless(choice & 8 != 0);
    if choice & 4 != 0 {
        decoder.set_dictionary(DICTIONARY).expect("zstd made it");
    }
    match choice & 3 {
        3 => run(Concatenated::new(decoder), choice, input),
        _ => run(decoder, choice, input),
    }
});

fn run<D: Decode>(mut decoder: D, choice: u8, input: &[u8]) {
    let plan = Plan::of(choice);
    let plan = if choice & 4 != 0 { plan.with_dictionary() } else { plan };
    decode(&mut decoder, input, &plan);
}
