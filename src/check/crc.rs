// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Cyclic redundancy checks by tables, without vector registers.
//!
//! A register depends on the one before it through a lookup, so a single one waits for a load each
//! time. There are [`LANES`] registers instead. Words are dealt out to them in turn, and each skips
//! the words of the others:
//!
//! ```text
//! word    0  1  2  3 | 4  5  6  7 | 8 ...
//! lane    0  1  2  3   0  1  2  3   0
//! ```
//!
//! A CRC is linear: the register after a message is the sum (XOR) of the registers after each of
//! its words alone, with zeros in place of all others. So a lane has the register of the message
//! with its own words only, and a table tells what a byte becomes after the zeros up to the lane's
//! next word. A processor can overlap the lookups of different lanes. [`Lanes::finish`] adds the
//! lanes up.

use core::ops::{BitXor, Not, Shr};

use crate::slices::rest_from;
use crate::zeroed::zeroed;

/// Number of registers.
const LANES: usize = 4;
/// Bytes of a word.
pub(super) const WORD: usize = 8;
/// Bytes of a word for each lane.
const LANE_BLOCK: usize = LANES * WORD;

/// The reflected polynomial of CRC-32 (RFC 1952, 8).
const POLYNOMIAL_32: u32 = 0xedb8_8320;

/// The reflected polynomial of CRC-64 (xz file format 1.2.1, 6).
#[cfg(feature = "xz")]
const POLYNOMIAL_64: u64 = 0xc96c_5795_d787_0f42;

/// A register of a CRC, reflected: its lowest bit is the coefficient of the highest power.
pub(crate) trait Register:
    Copy + BitXor<Output = Self> + Not<Output = Self> + Shr<u32, Output = Self>
where
    Self: Into<u64> + 'static,
{
    const ZERO: Self;
    const TABLES: &'static Tables<Self>;
}

impl Register for u32 {
    const ZERO: Self = 0;
    const TABLES: &'static Tables<Self> = &TABLES_32;
}

#[cfg(feature = "xz")]
impl Register for u64 {
    const ZERO: Self = 0;
    const TABLES: &'static Tables<Self> = &TABLES_64;
}

/// The lookup tables of a polynomial.
pub(crate) struct Tables<R> {
    /// `byte[b]` is the register after byte `b` alone, from a register of zero.
    byte: [R; 256],
    /// `skip[k][b]` is the register after byte `b` at index `k` of a word and zero bytes up to the
    /// lane's next word, from a register of zero.
    skip: [[R; 256]; WORD],
}

static TABLES_32: Tables<u32> = Tables::new(POLYNOMIAL_32 as u64).narrow();
#[cfg(feature = "xz")]
static TABLES_64: Tables<u64> = Tables::new(POLYNOMIAL_64);

impl Tables<u64> {
    const fn new(polynomial: u64) -> Self {
        let mut tables = Self { byte: [0; 256], skip: [[0; 256]; WORD] };
        let mut byte = 0;
        while byte < 256 {
            let mut register = byte as u64;
            let mut bit = 0;
            while bit < 8 {
                let carry = if register & 1 != 0 { polynomial } else { 0 };
                register = register >> 1 ^ carry;
                bit += 1;
            }
            tables.byte[byte] = register;
            byte += 1;
        }
        byte = 0;
        while byte < 256 {
            // From the last byte of the word to the first: each is followed by one zero byte more.
            let mut register = tables.byte[byte];
            let mut passed = 1;
            while passed <= LANE_BLOCK {
                let place = LANE_BLOCK - passed;
                if place < WORD {
                    tables.skip[place][byte] = register;
                }
                register = register >> 8 ^ tables.byte[(register & 0xff) as usize];
                passed += 1;
            }
            byte += 1;
        }
        tables
    }

    /// The tables of a polynomial of 32 bits, whose registers have only 32 bits, as such numbers.
    const fn narrow(&self) -> Tables<u32> {
        let mut tables = Tables { byte: [0; 256], skip: [[0; 256]; WORD] };
        let mut byte = 0;
        while byte < 256 {
            tables.byte[byte] = self.byte[byte] as u32;
            let mut place = 0;
            while place < WORD {
                tables.skip[place][byte] = self.skip[place][byte] as u32;
                place += 1;
            }
            byte += 1;
        }
        tables
    }
}

/// A running CRC-32 of few bytes, such as a header. All-zero memory is a fresh one.
#[derive(Clone, Copy)]
pub(crate) struct Crc32 {
    /// The CRC of the bytes so far, which is the complement of the register.
    value: u32,
}

zeroed! { impl for Crc32 { value } }

impl Crc32 {
    pub(crate) const fn new() -> Self {
        Self { value: 0 }
    }

    pub(crate) fn value(&self) -> u32 {
        self.value
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.value = !Lanes::new(!self.value).finish(bytes);
    }
}

#[inline(always)]
pub(super) fn word_at(bytes: &[u8], at: usize) -> u64 {
    let bytes = rest_from(bytes, at);
    bytes.first_chunk().map_or(0, |word| u64::from_le_bytes(*word))
}

/// The register of each lane, before its next word.
pub(super) struct Lanes<R>([R; LANES]);

impl<R: Register> Lanes<R> {
    #[inline(always)]
    pub(super) fn new(register: R) -> Self {
        let mut lanes = [R::ZERO; LANES];
        lanes[0] = register;
        Self(lanes)
    }

    /// Takes a whole number of lane blocks. At least one more must follow, in
    /// [`finish`](Self::finish): the skips are made up to there.
    #[inline(never)]
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((block, after)) = rest.split_first_chunk::<LANE_BLOCK>() {
            let mut at = 0;
            for lane in &mut self.0 {
                *lane = skip(word_at(block, at) ^ (*lane).into());
                at = at.wrapping_add(WORD);
            }
            rest = after;
        }
    }

    /// The register after `bytes`, which are the last: at least a lane block, unless nothing was
    /// passed.
    pub(super) fn finish(mut self, bytes: &[u8]) -> R {
        let passed = bytes.len().saturating_sub(LANE_BLOCK) / LANE_BLOCK * LANE_BLOCK;
        let (front, rest) = bytes.split_at_checked(passed).unwrap_or((&[], bytes));
        self.pass(front);
        let Some((block, rest)) = rest.split_first_chunk::<LANE_BLOCK>() else {
            return bytewise(self.0[0], bytes);
        };
        // From here on there is one register, which takes in each lane's at the last word of that
        // lane.
        let (mut register, mut at) = (R::ZERO, 0);
        for lane in self.0 {
            let word = word_at(block, at) ^ lane.into() ^ register.into();
            register = bytewise(R::ZERO, &word.to_le_bytes());
            at = at.wrapping_add(WORD);
        }
        bytewise(register, rest)
    }
}

/// The register after `bytes`, taken one at a time.
fn bytewise<R: Register>(mut register: R, bytes: &[u8]) -> R {
    for &byte in bytes {
        let sum: u64 = register.into() ^ u64::from(byte);
        register = register >> 8 ^ R::TABLES.byte[(sum & 0xff) as usize];
    }
    register
}

/// The register of a lane before its next word, given its last one with the register added. Written
/// out because at opt-level z a loop would stay one.
#[inline(always)]
fn skip<R: Register>(word: u64) -> R {
    let [a, b, c, d, e, f, g, h] = word.to_le_bytes();
    let tables = &R::TABLES.skip;
    tables[0][usize::from(a)]
        ^ tables[1][usize::from(b)]
        ^ tables[2][usize::from(c)]
        ^ tables[3][usize::from(d)]
        ^ tables[4][usize::from(e)]
        ^ tables[5][usize::from(f)]
        ^ tables[6][usize::from(g)]
        ^ tables[7][usize::from(h)]
}

#[cfg(test)]
pub(super) mod tests {
    use std::vec::Vec;

    use super::*;

    pub(in crate::check) fn bits<R>() -> u32 {
        8 * size_of::<R>() as u32
    }

    /// The register after a zero bit, from the definition.
    pub(in crate::check) fn naive_step<R: Register>(register: u64) -> u64 {
        let polynomial = match bits::<R>() {
            32 => 0xedb8_8320,
            _ => 0xc96c_5795_d787_0f42,
        };
        register >> 1 ^ if register & 1 != 0 { polynomial } else { 0 }
    }

    pub(in crate::check) fn bytes(length: usize) -> Vec<u8> {
        (0..length as u32).map(|i| (i.wrapping_mul(i) >> 5) as u8).collect()
    }

    fn naive<R: Register>(bytes: &[u8]) -> u64 {
        let ones = u64::MAX >> (64 - bits::<R>());
        let step = |register, _| naive_step::<R>(register);
        ones ^ bytes.iter().fold(ones, |sum, &byte| (0..8).fold(sum ^ u64::from(byte), step))
    }

    fn known_and_naive<R: Register>(known: u64) {
        assert_eq!(naive::<R>(b"123456789"), known);
        let bytes = bytes(300);
        for length in 0..=bytes.len() {
            let naive = naive::<R>(&bytes[..length]);
            for split in (0..length.saturating_sub(LANE_BLOCK - 1)).step_by(LANE_BLOCK) {
                let mut lanes = Lanes::new(!R::ZERO);
                lanes.pass(&bytes[..split]);
                let value: u64 = (!lanes.finish(&bytes[split..length])).into();
                assert_eq!(value, naive, "length {length}, split {split}");
            }
            let value: u64 = (!Lanes::new(!R::ZERO).finish(&bytes[..length])).into();
            assert_eq!(value, naive, "length {length}");
        }
    }

    #[test]
    fn crc32() {
        known_and_naive::<u32>(0xcbf4_3926);
        let bytes = bytes(100);
        for split in 0..=bytes.len() {
            let mut crc = Crc32 { value: 0 };
            crc.update(&bytes[..split]);
            crc.update(&bytes[split..]);
            assert_eq!(u64::from(crc.value()), naive::<u32>(&bytes), "split {split}");
        }
    }

    #[cfg(feature = "xz")]
    #[test]
    fn crc64() {
        known_and_naive::<u64>(0x995d_c9bb_df19_39fa);
    }
}
