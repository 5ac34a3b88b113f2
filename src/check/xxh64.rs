// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! XXH64 with seed zero (xxHash fast digest algorithm, XXH64).

use crate::zeroed::{zeroed, Zeroed};

use super::Pieces;

const PRIME_1: u64 = 0x9e37_79b1_85eb_ca87;
const PRIME_2: u64 = 0xc2b2_ae3d_27d4_eb4f;
const PRIME_3: u64 = 0x1656_67b1_9e37_79f9;
const PRIME_4: u64 = 0x85eb_ca77_c2b2_ae63;
const PRIME_5: u64 = 0x27d4_eb2f_1656_67c5;

/// Bytes of a stripe, which has a word for each of the four accumulators.
const STRIPE: usize = 32;

/// The accumulators before the first stripe.
const INITIAL: [u64; 4] = [PRIME_1.wrapping_add(PRIME_2), PRIME_2, 0, 0u64.wrapping_sub(PRIME_1)];

/// A running XXH64. All-zero memory is a fresh one.
#[derive(Clone, Copy)]
pub(crate) struct Xxh64 {
    /// The accumulators less their [initial](INITIAL) values.
    gain: [u64; 4],
    stripes: Pieces<STRIPE>,
}

zeroed! { impl for Xxh64 { gain, stripes } }

impl Xxh64 {
    pub(crate) const fn new() -> Self {
        Self::ZEROED
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let mut sums = self.sums();
        self.stripes.update(bytes, |stripe| take(&mut sums, stripe));
        for ((gain, sum), initial) in self.gain.iter_mut().zip(sums).zip(INITIAL) {
            *gain = sum.wrapping_sub(initial);
        }
    }

    fn sums(&self) -> [u64; 4] {
        let mut sums = INITIAL;
        sums.iter_mut().zip(self.gain).for_each(|(sum, gain)| *sum = sum.wrapping_add(gain));
        sums
    }

    /// The hash value of the bytes so far.
    pub(crate) fn value(&self) -> u64 {
        let mut hash = if self.stripes.length < STRIPE as u64 {
            PRIME_5
        } else {
            let sums = self.sums();
            let [a, b, c, d] = sums;
            let merged = a
                .rotate_left(1)
                .wrapping_add(b.rotate_left(7))
                .wrapping_add(c.rotate_left(12))
                .wrapping_add(d.rotate_left(18));
            sums.into_iter().fold(merged, |hash, sum| {
                (hash ^ round(0, sum)).wrapping_mul(PRIME_1).wrapping_add(PRIME_4)
            })
        };
        hash = hash.wrapping_add(self.stripes.length);
        let mut rest = self.stripes.rest();
        while let Some((word, after)) = rest.split_first_chunk() {
            hash = (hash ^ round(0, u64::from_le_bytes(*word)))
                .rotate_left(27)
                .wrapping_mul(PRIME_1)
                .wrapping_add(PRIME_4);
            rest = after;
        }
        if let Some((half, after)) = rest.split_first_chunk() {
            hash = (hash ^ u64::from(u32::from_le_bytes(*half)).wrapping_mul(PRIME_1))
                .rotate_left(23)
                .wrapping_mul(PRIME_2)
                .wrapping_add(PRIME_3);
            rest = after;
        }
        for &byte in rest {
            hash = (hash ^ u64::from(byte).wrapping_mul(PRIME_5))
                .rotate_left(11)
                .wrapping_mul(PRIME_1);
        }
        hash = (hash ^ hash >> 33).wrapping_mul(PRIME_2);
        hash = (hash ^ hash >> 29).wrapping_mul(PRIME_3);
        hash ^ hash >> 32
    }
}

#[inline(always)]
fn round(sum: u64, word: u64) -> u64 {
    sum.wrapping_add(word.wrapping_mul(PRIME_2)).rotate_left(31).wrapping_mul(PRIME_1)
}

#[inline(always)]
fn take(sums: &mut [u64; 4], stripe: &[u8; STRIPE]) {
    let mut rest = &stripe[..];
    for sum in sums {
        let Some((word, after)) = rest.split_first_chunk() else { return };
        *sum = round(*sum, u64::from_le_bytes(*word));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn hash(bytes: &[u8]) -> u64 {
        let mut hash = Xxh64::new();
        hash.update(bytes);
        hash.value()
    }

    #[test]
    fn known() {
        assert_eq!(hash(b""), 0xef46_db37_51d8_e999);
        assert_eq!(hash(b"a"), 0xd24e_c4f1_a98c_6e5b);
        assert_eq!(hash(b"abc"), 0x44bc_2cf5_ad77_0999);
        assert_eq!(hash(b"Nobody inspects the spammish repetition"), 0xfbce_a83c_8a37_8bf1);
    }

    #[test]
    fn splits() {
        let bytes: Vec<u8> = (0..400u32).map(|i| (i.wrapping_mul(i) >> 3) as u8).collect();
        for length in 0..bytes.len() {
            let whole = hash(&bytes[..length]);
            for split in [0, 1, 7, 31, 32, 33, 63, 64, 65, length / 2] {
                let split = split.min(length);
                let mut parts =
                    Xxh64 { gain: [0; 4], stripes: Pieces { length: 0, begun: [0; STRIPE] } };
                parts.update(&bytes[..split]);
                parts.update(&bytes[split..length]);
                assert_eq!(parts.value(), whole, "length {length}, split {split}");
            }
        }
    }
}
