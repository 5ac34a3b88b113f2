// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! gzip on pages, one at a time, as one function, so that all of it is compiled under one set of
//! flags.

#![no_std]
#![crate_type = "rlib"]

extern crate pagewise;

use pagewise::{Decode, Gzip, Pause};

/// How many bytes the file decodes to.
#[inline(never)]
pub fn decode(decoder: &mut Gzip, file: &[u8], pages: &mut [&mut [u8]]) -> Option<u64> {
    let (mut rest, mut count) = (file, 0);
    loop {
        let progress = decoder.decode(rest, pages.get_mut(..count)?).ok()?;
        rest = rest.get(progress.consumed..)?;
        match progress.pause {
            Pause::NeedPage => count += 1,
            Pause::Done => return Some(decoder.written()),
            _ => return None,
        }
    }
}

/// The decoder's type, for memory that is made under other flags.
pub type Decoder = Gzip;
