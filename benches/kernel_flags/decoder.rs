// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! gzip on 4 KiB pages as one function, so that all of it is compiled under one set of flags.

#![no_std]
#![crate_type = "rlib"]

extern crate pagewise;

use pagewise::{Decode, Error, Gzip, Progress};

#[inline(never)]
pub fn decode(
    decoder: &mut Gzip,
    input: &[u8],
    pages: &mut [&mut [u8]],
) -> Result<Progress, Error> {
    decoder.decode(input, pages)
}
