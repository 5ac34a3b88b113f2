// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The same as `gzip` for zstd. The first byte chooses the decoder, its dictionary, whether frames are
//! magicless, the page length and release.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pagewise::{Any, Concatenated, Decode, Zstd};
use pagewise_fuzz::{decode, Plan, DICTIONARY};

fuzz_target!(|data: &[u8]| {
    let Some((&choice, mut input)) = data.split_first() else { return };
    if choice & 3 == 2 {
        return run(Any::new(), choice, input);
    }
    let mut decoder = Zstd::new();
    decoder.set_magicless(choice & 8 != 0);
    if choice & 0x80 != 0 {
        // One of the input's own: its length, then its bytes.
        let Some((&[low, high], rest)) = input.split_first_chunk() else { return };
        let length = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
        let (dictionary, frame) = rest.split_at(length);
        // Refused, it leaves the decoder without one, but as good as new.
        let _ = decoder.set_dictionary(dictionary);
        input = frame;
    } else if choice & 4 != 0 {
        decoder.set_dictionary(DICTIONARY).expect("zstd made it");
    }
    match choice & 3 {
        3 => run(Concatenated::new(decoder), choice, input),
        _ => run(decoder, choice, input),
    }
});

fn run<D: Decode>(mut decoder: D, choice: u8, input: &[u8]) {
    let page_len = [64, 256, 4096, 1 << 15][usize::from(choice >> 4 & 3)];
    let plan = Plan { page_len, pages: 1, release: choice & 0x40 != 0, pieces: &[] };
    decode(&mut decoder, input, &plan);
}
