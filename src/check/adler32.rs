// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Adler-32 (RFC 1950, 2.2 and 8.2).

use crate::zeroed::zeroed;
#[cfg(test)]
use crate::zeroed::Zeroed;

/// The largest prime below 2^16.
const BASE: u32 = 65521;

/// Bytes summed at a time. `second` is the sum of `first` after each byte, so the last of these
/// bytes counts in it once, the one before it twice, and so on.
const LANES: usize = 32;

/// Bytes after which the sums are reduced modulo `BASE`. If both sums are at most `BASE - 1`
/// before, `n` bytes of 255 bring `second` to at most n (n + 1) / 2 * 255 + (n + 1) (BASE - 1),
/// which must fit 32 bits.
const RUN: usize = 5536;
const _: () = assert!(RUN % LANES == 0);
const _: () = {
    let n = RUN as u64;
    assert!(n * (n + 1) / 2 * 255 + (n + 1) * (BASE as u64 - 1) <= u32::MAX as u64);
};

/// A running Adler-32. All-zero memory is a fresh one.
///
/// # Invariants
/// - `first` and `second` are below `BASE`.
#[derive(Clone, Copy)]
pub(crate) struct Adler32 {
    /// The sum of all bytes. The specification starts this sum with 1, which [`value`](Self::value)
    /// adds.
    first: u32,
    /// The sum of `first` after each byte.
    second: u32,
    /// Number of bytes so far, modulo `BASE`: what the missing 1 would have added to `second`.
    length: u32,
}

zeroed! { impl for Adler32 { first, second, length } }

impl Adler32 {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        while !bytes.is_empty() {
            let (run, after) = bytes.split_at_checked(RUN).unwrap_or((bytes, &[]));
            bytes = after;
            let mut rest = run;
            while let Some((chunk, after)) = rest.split_first_chunk::<LANES>() {
                rest = after;
                let mut sum = 0u32;
                let mut weighted = 0u32;
                for (weight, &byte) in (1..=LANES as u32).rev().zip(chunk) {
                    sum = sum.wrapping_add(u32::from(byte));
                    weighted = weighted.wrapping_add(weight.wrapping_mul(u32::from(byte)));
                }
                let whole = self.first.wrapping_mul(LANES as u32).wrapping_add(weighted);
                self.second = self.second.wrapping_add(whole);
                self.first = self.first.wrapping_add(sum);
            }
            for &byte in rest {
                self.first = self.first.wrapping_add(u32::from(byte));
                self.second = self.second.wrapping_add(self.first);
            }
            self.first %= BASE;
            self.second %= BASE;
            self.length = self.length.wrapping_add(run.len() as u32) % BASE;
        }
    }

    pub(crate) fn value(&self) -> u32 {
        let first = self.first.wrapping_add(1) % BASE;
        let second = self.second.wrapping_add(self.length) % BASE;
        second << 16 | first
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn naive(bytes: &[u8]) -> u32 {
        let (mut a, mut b) = (1u32, 0u32);
        for &byte in bytes {
            a = (a + u32::from(byte)) % BASE;
            b = (b + a) % BASE;
        }
        b << 16 | a
    }

    #[test]
    fn known_and_naive() {
        let mut bytes: Vec<u8> = (0..70_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
        bytes.extend([255; 70_000]);
        for length in [0, 1, 2, 31, 32, 33, 5535, 5536, 5537, 65_521, 140_000] {
            for split in [0, 1, length / 2, length] {
                let mut sum = Adler32::ZEROED;
                sum.update(&bytes[..split.min(length)]);
                sum.update(&bytes[split.min(length)..length]);
                assert_eq!(sum.value(), naive(&bytes[..length]), "length {length}, split {split}");
            }
        }
        let mut sum = Adler32::ZEROED;
        sum.update(b"Wikipedia");
        assert_eq!(sum.value(), 0x11e6_0398);
    }
}
