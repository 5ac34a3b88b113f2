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

/// Words of eight bytes that are worked on beside each other.
const LANES: usize = 4;
const WORD: usize = 8;
const LANE_BLOCK: usize = LANES * WORD;

/// The reflected polynomial of CRC-32 (RFC 1952, 8).
const POLYNOMIAL: u32 = 0xedb8_8320;

/// Distances in bytes of the terms of a multiple of the polynomial, from its highest term: a byte
/// has the same effect as one of the same value at each of these places behind it. Found by search:
/// of the multiples of five terms the one with the shortest reach.
const FOLD: [usize; 4] = [145, 183, 211, 300];
const REACH: usize = FOLD[3];

/// Bytes folded at a time: a block that does not reach into itself.
const FOLD_BLOCK: usize = 64;
const _: () = assert!(FOLD_BLOCK <= FOLD[0] && FOLD_BLOCK % WORD == 0);

/// Folded bytes: those that the next block takes up, and a few blocks to save moving them down
/// each time. In the end the last [`REACH`] bytes of a run take the blocks' place.
const FOLDED: usize = REACH + 5 * FOLD_BLOCK;
const _: () = assert!(FOLDED >= 2 * REACH);

/// Shorter runs are not worth folding.
const FOLD_MIN: usize = 2 * REACH;

/// The register after `byte` and nothing else.
static BYTE: [u32; 256] = byte_table();

/// `SKIP[k][b]`: the register after byte `b` as the `k`-th of a word and then all bytes up to the
/// lane's next word, zero.
static SKIP: [[u32; 256]; WORD] = skip_tables();

const fn byte_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut register = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            let carry = if register & 1 != 0 { POLYNOMIAL } else { 0 };
            register = register >> 1 ^ carry;
            bit += 1;
        }
        table[byte] = register;
        byte += 1;
    }
    table
}

const fn skip_tables() -> [[u32; 256]; WORD] {
    let bytes = byte_table();
    let mut tables = [[0; 256]; WORD];
    let mut byte = 0;
    while byte < 256 {
        // From the word's last byte back: each place earlier is one zero byte more to pass.
        let mut register = bytes[byte];
        let mut passed = 1;
        while passed <= LANE_BLOCK {
            let place = LANE_BLOCK - passed;
            if place < WORD {
                tables[place][byte] = register;
            }
            register = register >> 8 ^ bytes[(register & 0xff) as usize];
            passed += 1;
        }
        byte += 1;
    }
    tables
}

/// A running CRC-32; all-zero memory is a fresh one.
#[derive(Clone, Copy)]
pub(crate) struct Crc32 {
    /// The register, complemented as the format's value is.
    value: u32,
}

impl Crc32 {
    pub(crate) const fn new() -> Self {
        Self { value: 0 }
    }

    pub(crate) fn value(&self) -> u32 {
        self.value
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let register = !self.value;
        self.value =
            !if bytes.len() < FOLD_MIN { lanes(register, bytes) } else { fold(register, bytes) };
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
        let (before, out) = folded.split_at_mut_checked(at).unwrap_or((&mut [], &mut []));
        let [a, b, c, d] = FOLD.map(|distance| back(before, distance).first_chunk::<FOLD_BLOCK>());
        let (Some(a), Some(b), Some(c), Some(d)) = (a, b, c, d) else { break };
        let Some(out) = out.first_chunk_mut::<FOLD_BLOCK>() else { break };
        let mut out = &mut out[..];
        for word in 0..FOLD_BLOCK / WORD {
            let sum = word_at(a, word) ^ word_at(b, word) ^ word_at(c, word) ^ word_at(d, word);
            let Some((bytes, behind)) = out.split_first_chunk_mut() else { break };
            *bytes = (sum ^ word_at(block, word) ^ u64::from(register)).to_le_bytes();
            register = 0;
            out = behind;
        }
        at = at.wrapping_add(FOLD_BLOCK);
        rest = behind;
    }
    // What was folded reaches into the bytes behind it, and no further than `REACH`.
    move_down(&mut folded, at);
    let (before, last) = folded.split_at_mut_checked(REACH).unwrap_or((&mut [], &mut []));
    let (reached, rest) = rest.split_at_checked(REACH).unwrap_or((rest, &[]));
    let last = last.get_mut(..REACH).unwrap_or(&mut []);
    last.iter_mut().zip(reached).for_each(|(last, &byte)| *last = byte);
    for distance in FOLD {
        last.iter_mut().zip(back(before, distance)).for_each(|(last, &byte)| *last ^= byte);
    }
    lanes(lanes(register, last), rest)
}

/// The last `distance` bytes.
#[inline(always)]
fn back(bytes: &[u8], distance: usize) -> &[u8] {
    bytes.get(bytes.len().wrapping_sub(distance)..).unwrap_or(&[])
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
fn word_at(bytes: &[u8], word: usize) -> u64 {
    let bytes = bytes.get(WORD.wrapping_mul(word)..).unwrap_or(&[]);
    bytes.first_chunk().map_or(0, |word| u64::from_le_bytes(*word))
}

/// The register after `bytes`.
fn lanes(mut register: u32, bytes: &[u8]) -> u32 {
    let mut lanes = [0u32; LANES];
    let mut rest = bytes;
    while let Some((block, behind)) = rest.split_first_chunk::<LANE_BLOCK>() {
        lanes[0] ^= register;
        register = 0;
        rest = behind;
        let last = rest.len() < LANE_BLOCK;
        for (place, lane) in lanes.iter_mut().enumerate() {
            let word = word_at(block, place) ^ u64::from(*lane);
            if last {
                // From here on each byte follows all before it.
                register = bytewise(0, &(word ^ u64::from(register)).to_le_bytes());
            } else {
                *lane = skip(word);
            }
        }
    }
    bytewise(register, rest)
}

/// The register after `bytes`, one at a time.
fn bytewise(mut register: u32, bytes: &[u8]) -> u32 {
    for &byte in bytes {
        register = register >> 8 ^ BYTE[((register ^ u32::from(byte)) & 0xff) as usize];
    }
    register
}

/// A lane's register, before its next word.
#[inline(always)]
fn skip(word: u64) -> u32 {
    let bytes = word.to_le_bytes();
    SKIP.iter().zip(bytes).fold(0, |register, (table, byte)| register ^ table[usize::from(byte)])
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// Bit by bit, from the definition.
    fn naive(bytes: &[u8]) -> u32 {
        let mut register = u32::MAX;
        for &byte in bytes {
            register ^= u32::from(byte);
            for _ in 0..8 {
                register = register >> 1 ^ if register & 1 != 0 { POLYNOMIAL } else { 0 };
            }
        }
        !register
    }

    #[test]
    fn known_and_naive() {
        let bytes: Vec<u8> = (0..5000u32).map(|i| (i.wrapping_mul(i) >> 5) as u8).collect();
        for length in (0..=200).chain([256, 511, 599, 600, 601, 728, 999, 1900, 5000]) {
            for split in [0, 1, 31, 32, 33, 64, 65, 700, length / 2] {
                let split = split.min(length);
                let mut crc = Crc32::new();
                crc.update(&bytes[..split]);
                crc.update(&bytes[split..length]);
                assert_eq!(crc.value(), naive(&bytes[..length]), "length {length}, split {split}");
            }
        }
        let mut crc = Crc32::new();
        crc.update(b"123456789");
        assert_eq!(crc.value(), 0xcbf4_3926);
    }
}
