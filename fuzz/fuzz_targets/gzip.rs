// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Never panics; settled bytes stay final; nothing is touched past `written()`; each call makes
//! progress. The first byte chooses the decoder and the page length.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pagewise::{Any, Concatenated, Deflate, Gzip, Zlib};
use pagewise_fuzz::{decode, Plan};

fuzz_target!(|data: &[u8]| {
    let Some((&choice, input)) = data.split_first() else { return };
    let plan = Plan::of(choice);
    match choice & 7 {
        0 | 1 => decode(&mut Gzip::new(), input, &plan),
        2 => decode(&mut Zlib::new(), input, &plan),
        3 | 4 => decode(&mut Deflate::new(), input, &plan),
        5 => decode(&mut Any::new(), input, &plan),
        _ => decode(&mut Concatenated::new(Gzip::new()), input, &plan),
    };
});
