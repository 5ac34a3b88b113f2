// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! This crate as peers: as it is, its `safe` build, and another checkout of it where one is named.

use crate::Peer;

/// One build's peers. Each build is a crate with a trait of its own, so this can't be a generic
/// function. It calls only what seldom changes, since the base may be an older version.
macro_rules! peers {
    ($build:ident, $name:literal, $decoder:ident) => {{
        let whole = || {
            use $build::{Decode, Pause};
            let mut decoder = Box::new($build::$decoder::new());
            move |file: &[u8], pages: &mut [&mut [u8]]| {
                decoder.reset();
                let (mut rest, mut count) = (file, 0);
                loop {
                    let progress = decoder.decode(rest, pages.get_mut(..count)?).ok()?;
                    rest = &rest[progress.consumed..];
                    match progress.pause {
                        Pause::NeedPage => count += 1,
                        Pause::Done => return Some(decoder.written() as usize),
                        _ => return None,
                    }
                }
            }
        };
        [
            Peer::pages(concat!($name, ", 4 KiB pages"), whole()),
            Peer {
                page_len: Some(65536),
                ..Peer::pages(concat!($name, ", 64 KiB pages"), whole())
            },
            Peer::flat(concat!($name, ", flat"), whole()),
        ]
    }};
}

macro_rules! builds {
    ($decoder:ident) => {{
        let mut peers = Vec::from(peers!(pagewise, "pagewise", $decoder));
        peers[0].is_reference = true;
        peers[2].is_reference = true;
        peers.extend(peers!(pagewise_safe, "safe", $decoder));
        #[cfg(base)]
        {
            let mut base = peers!(pagewise_base, "base", $decoder);
            base[0].is_reference = true;
            base[2].is_reference = true;
            peers.extend(base);
        }
        peers
    }};
}

/// Each build's decoder of gzip.
pub fn gzip<'a>() -> Vec<Peer<'a>> {
    builds!(Gzip)
}

/// Each build's decoder of .xz.
pub fn xz<'a>() -> Vec<Peer<'a>> {
    builds!(Xz)
}

/// Each build's decoder of zstd.
pub fn zstd<'a>() -> Vec<Peer<'a>> {
    builds!(Zstd)
}
