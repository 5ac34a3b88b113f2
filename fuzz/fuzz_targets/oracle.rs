// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Verdict and bytes are those of zlib, liblzma and libzstd, and of miniz_oxide, lzma-rs and
//! ruzstd, except for the differences that `oracles` knows. The first byte chooses the format, and
//! whether the checksums are made right first.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pagewise::{Decode, Deflate, Gzip, Lzma, Xz, Zlib, Zstd};
use pagewise_fuzz::heal::heal;
use pagewise_fuzz::oracles::{compare, install_hook, Format};

fuzz_target!(init: install_hook(), |data: &[u8]| {
    let Some((&choice, input)) = data.split_first() else { return };
    match choice & 7 {
        0 => run(&mut Deflate::new(), Format::Deflate, choice, input),
        1 => run(&mut Zlib::new(), Format::Zlib, choice, input),
        2 => run(&mut Gzip::new(), Format::Gzip, choice, input),
        3 | 4 => run(&mut Xz::new(), Format::Xz, choice, input),
        5 => run(&mut Lzma::new(), Format::Lzma, choice, input),
        _ => run(&mut Zstd::new(), Format::Zstd, choice, input),
    }
});

fn run<D: Decode>(decoder: &mut D, format: Format, choice: u8, input: &[u8]) {
    let mut input = input.to_vec();
    // As liblzma does.
    decoder.skip_unknown_checks(true);
    if choice & 8 != 0 {
        heal(decoder, &mut input);
        decoder.reset();
    }
    compare(decoder, format, &input);
}
