// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Checksums over settled bytes.

#[cfg(feature = "gzip")]
mod adler32;
#[cfg(any(feature = "gzip", feature = "xz"))]
mod crc;
#[cfg(any(feature = "gzip", feature = "xz"))]
mod folded;
#[cfg(feature = "xz")]
mod sha256;
#[cfg(feature = "zstd")]
mod xxh64;

#[cfg(any(feature = "xz", feature = "zstd"))]
use crate::zeroed::zeroed;

#[cfg(feature = "gzip")]
pub(crate) use adler32::Adler32;
#[cfg(any(feature = "gzip", feature = "xz"))]
pub(crate) use crc::Crc32;
#[cfg(any(feature = "gzip", feature = "xz"))]
pub(crate) use folded::{Folded, Polynomial};
#[cfg(feature = "xz")]
pub(crate) use sha256::Sha256;
#[cfg(feature = "zstd")]
pub(crate) use xxh64::Xxh64;

/// Cuts runs of any length into pieces of `N` bytes, a power of two. All-zero memory is a fresh
/// one.
#[cfg(any(feature = "xz", feature = "zstd"))]
#[derive(Clone, Copy)]
struct Pieces<const N: usize> {
    /// Number of bytes so far, modulo 2^64.
    length: u64,
    /// The bytes after the last whole piece, followed by old ones.
    begun: [u8; N],
}

#[cfg(any(feature = "xz", feature = "zstd"))]
zeroed! { impl [const N: usize] for Pieces<N> { length, begun } }

#[cfg(any(feature = "xz", feature = "zstd"))]
impl<const N: usize> Pieces<N> {
    /// Takes `bytes`, and calls `take` with each piece that they complete.
    #[inline(always)]
    fn update(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8; N])) {
        let begun = self.rest().len();
        self.length = self.length.wrapping_add(bytes.len() as u64);
        let mut rest = bytes;
        if begun > 0 {
            let free = self.begun.get_mut(begun..).unwrap_or(&mut []);
            let (fitting, after) = rest.split_at_checked(free.len()).unwrap_or((rest, &[]));
            free.iter_mut().zip(fitting).for_each(|(place, &byte)| *place = byte);
            if fitting.len() < free.len() {
                return;
            }
            take(&self.begun);
            rest = after;
        }
        while let Some((piece, after)) = rest.split_first_chunk() {
            take(piece);
            rest = after;
        }
        self.begun.iter_mut().zip(rest).for_each(|(place, &byte)| *place = byte);
    }

    /// The bytes after the last whole piece.
    fn rest(&self) -> &[u8] {
        const { assert!(N.is_power_of_two()) };
        self.begun.get(..self.length as usize & (N - 1)).unwrap_or(&[])
    }
}
