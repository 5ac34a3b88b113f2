// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! More output than there is memory, through a few pages that are used again and again.

use pagewise::{Decode, Pause};

pub const PAGE: usize = 64 << 10;
const PAGES: usize = 4;

/// Decodes `file` through four pages. Each full page is released, after `see` was called with it and with
/// the position of its first byte.
pub fn decode_through<D: Decode>(
    decoder: &mut D,
    file: &[u8],
    mut see: impl FnMut(u64, &[u8; PAGE]),
) {
    let (mut pages, mut released, mut rest) = (vec![[0; PAGE]; PAGES], 0, file);
    loop {
        let progress = decoder
            .decode(rest, &mut pages)
            .unwrap_or_else(|error| panic!("{error} after {} bytes", decoder.written()));
        rest = &rest[progress.consumed..];
        match progress.pause {
            Pause::NeedPage => {
                see(released, &pages[0]);
                decoder.release(1).unwrap();
                released += PAGE as u64;
                pages.rotate_left(1);
                pages[PAGES - 1].fill(0);
            }
            pause => break assert_eq!(pause, Pause::Done),
        }
    }
    assert!(rest.is_empty() && decoder.consumed() == file.len() as u64);
    assert!(decoder.written() - released <= (PAGES * PAGE) as u64);
}
