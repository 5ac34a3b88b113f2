// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Cyclic redundancy checks in software, without vector registers.
//!
//! A CRC is linear, and its value does not change if a multiple of the polynomial is added to the
//! message. Two ways to go fast follow from that.
//!
//! Folding: with a multiple of few terms, all a whole number of bytes apart, each byte of a long run
//! can be moved to a few places behind it, by exclusive or of whole words and without a table. What
//! is left in the end is the run's last part.
//!
//! Lanes: that part is cut into interleaved words. Lane `i` takes every `LANES`-th one, and each
//! lane's register skips the bytes of the others by tables made for that distance. The lanes' chains
//! of lookups then run beside each other.

use core::ops::{BitXor, Not, Shr};

use crate::zeroed::{zeroed, Zeroed};

/// Words of eight bytes that are worked on beside each other.
const LANES: usize = 4;
const WORD: usize = 8;
const LANE_BLOCK: usize = LANES * WORD;

/// The reflected polynomial of CRC-32 (RFC 1952, 8).
const POLYNOMIAL_32: u32 = 0xedb8_8320;

/// The reflected polynomial of CRC-64 (xz file format 1.2.1, 6).
#[cfg(feature = "xz")]
const POLYNOMIAL_64: u64 = 0xc96c_5795_d787_0f42;

/// Distances in bytes of the terms of a multiple of CRC-32's polynomial, from its highest term: a
/// byte has the same effect as one of the same value at each of these places behind it. Found by
/// search: of the multiples of five terms the one with the shortest reach.
///
/// CRC-64's polynomial has no such multiple. It is even, a multiple of x + 1, so those of five terms
/// do not exist, and by count the first of six reaches some 16,000 bytes.
const FOLD: [usize; 4] = [145, 183, 211, 300];
const REACH: usize = FOLD[3];

/// Bytes folded at a time: a block that does not reach into itself.
const FOLD_BLOCK: usize = 64;
const _: () = assert!(FOLD_BLOCK <= FOLD[0] && FOLD_BLOCK % WORD == 0);

/// Folded bytes: those that the next block takes up, and a few blocks to save moving them down
/// each time. In the end the last [`REACH`] bytes of a run take the blocks' place.
const FOLDED: usize = REACH + 5 * FOLD_BLOCK;
const _: () = assert!(FOLDED >= 2 * REACH);

/// Shorter runs are not worth folding, as measured.
const FOLD_MIN: usize = 5 * REACH;

/// A register, as wide as its polynomial.
pub(crate) trait Register:
    Copy + BitXor<Output = Self> + Not<Output = Self> + Shr<u32, Output = Self> + Into<u64> + 'static
{
    const ZERO: Self;
    const TABLES: &'static Tables<Self>;

    /// The register after `bytes`, by the fastest way there is.
    fn after(self, bytes: &[u8]) -> Self;
}

impl Register for u32 {
    const ZERO: Self = 0;
    const TABLES: &'static Tables<Self> = &TABLES_32;

    #[inline(always)]
    fn after(self, bytes: &[u8]) -> Self {
        if bytes.len() < FOLD_MIN {
            lanes(self, bytes)
        } else {
            fold(self, bytes)
        }
    }
}

#[cfg(feature = "xz")]
impl Register for u64 {
    const ZERO: Self = 0;
    const TABLES: &'static Tables<Self> = &TABLES_64;

    #[inline(always)]
    fn after(self, bytes: &[u8]) -> Self {
        lanes(self, bytes)
    }
}

/// What a polynomial's lookups are in.
pub(crate) struct Tables<R> {
    /// The register after a byte and nothing else.
    byte: [R; 256],
    /// `skip[k][b]`: the register after byte `b` as the `k`-th of a word and then all bytes up to
    /// the lane's next word, zero.
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
            // From the word's last byte back: each place earlier is one zero byte more to pass.
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

    /// The same for a polynomial of 32 bits: its registers have no others.
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

/// A running CRC; all-zero memory is a fresh one.
#[derive(Clone, Copy)]
pub(crate) struct Crc<R> {
    /// The register, complemented as the format's value is.
    value: R,
}

zeroed! { impl [R: Zeroed] for Crc<R> { value } }

pub(crate) type Crc32 = Crc<u32>;
#[cfg(feature = "xz")]
pub(crate) type Crc64 = Crc<u64>;

impl<R: Register> Crc<R> {
    pub(crate) const fn new() -> Self {
        Self { value: R::ZERO }
    }

    pub(crate) fn value(&self) -> R {
        self.value
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.value = !(!self.value).after(bytes);
    }
}

/// The register after `bytes`, at least [`REACH`] of them.
fn fold(mut register: u32, bytes: &[u8]) -> u32 {
    let mut folded = [0u8; FOLDED];
    let mut at = REACH;
    let mut rest = bytes;
    while let Some((block, behind)) = rest.split_first_chunk::<FOLD_BLOCK>() {
        if behind.len() < REACH {
            break;
        }
        if at >= FOLDED {
            move_down(&mut folded, at);
            at = REACH;
        }
        // What the block is folded from, and its own place. All distances in it are constant.
        let window = folded.get_mut(at.wrapping_sub(REACH)..);
        let window = window.and_then(|bytes| bytes.first_chunk_mut::<{ REACH + FOLD_BLOCK }>());
        let Some(window) = window else { break };
        for word in 0..FOLD_BLOCK / WORD {
            let from = WORD.wrapping_mul(word);
            fold_word(window, from, word_at(block, from) ^ u64::from(register));
            register = 0;
        }
        at = at.wrapping_add(FOLD_BLOCK);
        rest = behind;
    }
    // What was folded reaches into the bytes behind it, and no further than `REACH`. From the last
    // word back, as these are not folded on; the two at the front overlap.
    move_down(&mut folded, at);
    folded.get_mut(REACH..).unwrap_or(&mut []).fill(0);
    for word in 1..=REACH.div_ceil(WORD) {
        let from = REACH.saturating_sub(WORD.wrapping_mul(word));
        fold_word(&mut folded, from, word_at(rest, from));
    }
    let last = folded.get(REACH..REACH + REACH).unwrap_or(&[]);
    lanes(lanes(register, last), rest.get(REACH..).unwrap_or(&[]))
}

/// Puts `word` and what reaches it [`REACH`] bytes behind `from`.
#[inline(always)]
fn fold_word(folded: &mut [u8], from: usize, word: u64) {
    let at = from.wrapping_add(REACH);
    let back = |distance| word_at(folded, at.wrapping_sub(distance));
    // Written out for opt-level z, which would leave a loop.
    let sum = word ^ back(FOLD[0]) ^ back(FOLD[1]) ^ back(FOLD[2]) ^ back(FOLD[3]);
    if let Some(out) = folded.get_mut(at..).and_then(|out| out.first_chunk_mut()) {
        *out = sum.to_le_bytes();
    }
}

/// Moves the last [`REACH`] bytes before `at` down to the begin, in pieces from the front, as both
/// places may overlap.
fn move_down(folded: &mut [u8; FOLDED], at: usize) {
    const PIECE: usize = 60;
    const { assert!(REACH % PIECE == 0) };
    let mut to = 0;
    while to < REACH {
        let from = to.wrapping_add(at).wrapping_sub(REACH);
        let piece = folded.get(from..).and_then(|bytes| bytes.first_chunk::<PIECE>()).copied();
        let place = folded.get_mut(to..).and_then(|bytes| bytes.first_chunk_mut::<PIECE>());
        if let (Some(piece), Some(place)) = (piece, place) {
            *place = piece;
        }
        to = to.wrapping_add(PIECE);
    }
}

#[inline(always)]
fn word_at(bytes: &[u8], at: usize) -> u64 {
    let bytes = bytes.get(at..).unwrap_or(&[]);
    bytes.first_chunk().map_or(0, |word| u64::from_le_bytes(*word))
}

/// The register after `bytes`.
fn lanes<R: Register>(mut register: R, bytes: &[u8]) -> R {
    let mut lanes = [R::ZERO; LANES];
    let mut rest = bytes;
    while let Some((block, behind)) = rest.split_first_chunk::<LANE_BLOCK>() {
        lanes[0] = lanes[0] ^ register;
        register = R::ZERO;
        rest = behind;
        let last = rest.len() < LANE_BLOCK;
        for (place, lane) in lanes.iter_mut().enumerate() {
            let word = word_at(block, WORD.wrapping_mul(place)) ^ (*lane).into();
            if last {
                // From here on each byte follows all before it.
                register = bytewise(R::ZERO, &(word ^ register.into()).to_le_bytes());
            } else {
                *lane = skip(word);
            }
        }
    }
    bytewise(register, rest)
}

/// The register after `bytes`, one at a time.
fn bytewise<R: Register>(mut register: R, bytes: &[u8]) -> R {
    for &byte in bytes {
        let sum: u64 = register.into() ^ u64::from(byte);
        register = register >> 8 ^ R::TABLES.byte[(sum & 0xff) as usize];
    }
    register
}

/// A lane's register, before its next word.
#[inline(always)]
fn skip<R: Register>(word: u64) -> R {
    let lookups = R::TABLES.skip.iter().zip(word.to_le_bytes());
    lookups.fold(R::ZERO, |register, (table, byte)| register ^ table[usize::from(byte)])
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// Bit by bit, from the definition. The complement of a polynomial of `bits` bits.
    fn naive(bits: u32, polynomial: u64, bytes: &[u8]) -> u64 {
        let ones = u64::MAX >> (64 - bits);
        let mut register = ones;
        for &byte in bytes {
            register ^= u64::from(byte);
            for _ in 0..8 {
                register = register >> 1 ^ if register & 1 != 0 { polynomial } else { 0 };
            }
        }
        register ^ ones
    }

    fn known_and_naive<R: Register>(polynomial: R, known: u64) {
        let bits = 8 * size_of::<R>() as u32;
        let bytes: Vec<u8> = (0..5000u32).map(|i| (i.wrapping_mul(i) >> 5) as u8).collect();
        for length in (0..=200).chain([256, 511, 1499, 1500, 1501, 1900, 2500, 5000]) {
            let whole = naive(bits, polynomial.into(), &bytes[..length]);
            for split in [0, 1, 31, 32, 33, 64, 65, 700, length / 2] {
                let split = split.min(length);
                let mut crc = Crc::<R>::new();
                crc.update(&bytes[..split]);
                crc.update(&bytes[split..length]);
                let value: u64 = crc.value().into();
                assert_eq!(value, whole, "{bits} bits, length {length}, split {split}");
            }
        }
        let mut zeroed = Crc { value: R::ZERO };
        zeroed.update(b"123456789");
        assert_eq!(zeroed.value().into(), known);
    }

    #[test]
    fn crc32() {
        known_and_naive(POLYNOMIAL_32, 0xcbf4_3926);
    }

    #[test]
    fn folded() {
        let bytes: Vec<u8> = (0..2000u32).map(|i| (i.wrapping_mul(i) >> 5) as u8).collect();
        for length in REACH..=bytes.len() {
            let bytes = &bytes[..length];
            assert_eq!(fold(0x1234_5678, bytes), lanes(0x1234_5678, bytes), "length {length}");
        }
    }

    #[cfg(feature = "xz")]
    #[test]
    fn crc64() {
        known_and_naive(POLYNOMIAL_64, 0x995d_c9bb_df19_39fa);
    }
}
