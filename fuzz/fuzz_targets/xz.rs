// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The same as `gzip` for .xz and .lzma. The first byte chooses the decoder, whether CRC32s are set
//! right first and unknown checks accepted, the page length and release.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pagewise::{Any, Concatenated, Decode, Lzma, Xz};
use pagewise_fuzz::{decode, repair, Plan};

fuzz_target!(|data: &[u8]| {
    let Some((&choice, input)) = data.split_first() else { return };
    match choice & 3 {
        0 => run::<Xz>(choice, input),
        1 => run::<Lzma>(choice, input),
        2 => run::<Any>(choice, input),
        _ => run::<Concatenated<Xz>>(choice, input),
    }
});

fn run<D: Decode + Default>(choice: u8, input: &[u8]) {
    let mut input = input.to_vec();
    if choice & 4 != 0 {
        repair(&mut input);
    }
    let plan = Plan::of(choice);
    let mut decoder = D::default();
    decoder.skip_unknown_checks(choice & 8 != 0);
    decode(&mut decoder, &input, &plan);
}
