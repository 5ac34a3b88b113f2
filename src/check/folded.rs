// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! CRCs of long data, folded: without tables for all but the last bytes, in general registers.
//!
//! A CRC is linear, and does not change if a multiple of the polynomial is added to the message. A
//! multiple of few terms, all a whole number of bytes apart, allows each byte to be moved to a few
//! places after it. Exclusive or of words does so for eight bytes at a time.
//!
//! A block is folded: words from fixed distances before it, folded themselves, are added to it. The
//! ring keeps folded blocks as long as later ones need them. In the end all but the *tail*, which is
//! at least as long as the greatest distance, was moved, and the tables take the tail alone:
//!
//! ```text
//!   moved, forgotten | moved, in the ring | tail, in the ring | less than a block, as it came
//! ```
//!
//! Blocks of the tail hold words of other blocks of the tail too, although none of the tail was to be
//! moved. Adding these words once more takes them out again. The last block goes first, because what
//! is added must still be folded.
//!
//! Short data go to the tables alone, so nothing is folded before it is known that there are more.
//! The first blocks are then folded where they stand, the first of them first.

use super::crc::{word_at, Lanes, Register, WORD};
use crate::slices::{copy, rest_from};
use crate::zeroed::zeroed;

/// Bytes folded at a time.
const BLOCK: usize = 128;

/// Bytes of the ring.
const RING: usize = 4096;
const _: () = assert!(RING.is_power_of_two() && BLOCK.is_power_of_two());

/// Distances in bytes, from the highest term, of the other terms of a multiple of CRC-32's polynomial:
/// a byte has the same effect as one of the same value at each of these places after it.
///
/// A search found that distances of 145, 183, 211 and 300 span fewest bytes among multiples of five terms.
/// Squared over GF(2), a polynomial has its terms at twice the distances. The square is used
/// because a load that overlaps two stores waits until both are in the cache.
const FOLD_32: [usize; 4] = [2 * 145, 2 * 183, 2 * 211, 2 * 300];

/// Distances for CRC-64's polynomial. It is a multiple of x + 1, so all its multiples have an even
/// number of terms. By count, those of six span 16,000 bytes or more, and those of eight some 1,700.
///
/// This multiple of eight was found within minutes: of the sums of four different x^(8a), a from 0 to
/// 2,000, those with the same low 20 bits were looked through for equals, for one value of these bits
/// after another. The search also found a span of 1,403, but with distances below [`BLOCK`].
#[cfg(feature = "xz")]
const FOLD_64: [usize; 7] = [297, 419, 503, 788, 829, 928, 1429];

/// A polynomial with a multiple to fold by.
trait Fold: Register {
    const SHAPE: Shape;

    /// What is moved to the word `offset` bytes into the block at `at`. Written out for opt-level z,
    /// which would leave a loop.
    fn moved(ring: &Ring, at: usize, offset: usize) -> u64;
}

impl Fold for u32 {
    const SHAPE: Shape = Shape::new(FOLD_32[0], FOLD_32[3], 8 * BLOCK, 4);

    #[inline(always)]
    fn moved(ring: &Ring, at: usize, offset: usize) -> u64 {
        ring.word(at.wrapping_sub(FOLD_32[0]), offset)
            ^ ring.word(at.wrapping_sub(FOLD_32[1]), offset)
            ^ ring.word(at.wrapping_sub(FOLD_32[2]), offset)
            ^ ring.word(at.wrapping_sub(FOLD_32[3]), offset)
    }
}

#[cfg(feature = "xz")]
impl Fold for u64 {
    const SHAPE: Shape = Shape::new(FOLD_64[0], FOLD_64[6], 22 * BLOCK, 8);

    #[inline(always)]
    fn moved(ring: &Ring, at: usize, offset: usize) -> u64 {
        ring.word(at.wrapping_sub(FOLD_64[0]), offset)
            ^ ring.word(at.wrapping_sub(FOLD_64[1]), offset)
            ^ ring.word(at.wrapping_sub(FOLD_64[2]), offset)
            ^ ring.word(at.wrapping_sub(FOLD_64[3]), offset)
            ^ ring.word(at.wrapping_sub(FOLD_64[4]), offset)
            ^ ring.word(at.wrapping_sub(FOLD_64[5]), offset)
            ^ ring.word(at.wrapping_sub(FOLD_64[6]), offset)
    }
}

/// What follows from a multiple's distances.
#[derive(Clone, Copy)]
struct Shape {
    /// Blocks of the tail.
    tail: usize,
    /// Blocks at the start of any to which nothing is moved from within.
    unmoved: usize,
    /// Zero blocks that the first ones after those are folded with.
    zeros: usize,
    /// Data of fewer bytes are not folded. As measured, the tables are about as fast for them.
    long: usize,
    /// Bytes of the register.
    register: usize,
}

impl Shape {
    /// From the shortest and the greatest distance in bytes, `long` and `register`.
    ///
    /// Inlined, so that no code is made of it where only constants call it: its assertions can panic.
    #[inline(always)]
    const fn new(nearest: usize, span: usize, long: usize, register: usize) -> Self {
        let (tail, unmoved) = (span.div_ceil(BLOCK), nearest / BLOCK);
        let zeros = (span - unmoved * BLOCK).div_ceil(BLOCK);
        // A block and all that is added to it lie apart.
        assert!(BLOCK <= nearest && span + BLOCK <= RING);
        // In the end the ring holds zeros, the tail, and less than a block. When folding begins, it
        // holds zeros and the first blocks, which are enough for a tail.
        assert!((1 + tail + zeros) * BLOCK <= RING);
        assert!(zeros * BLOCK + long <= RING && long % BLOCK == 0);
        assert!(tail * BLOCK <= long);
        Self { tail, unmoved, zeros, long, register }
    }
}

/// Which CRC.
#[derive(Clone, Copy)]
pub(crate) enum Polynomial {
    Crc32,
    #[cfg(feature = "xz")]
    Crc64,
}

impl Polynomial {
    fn shape(self) -> Shape {
        match self {
            Self::Crc32 => u32::SHAPE,
            #[cfg(feature = "xz")]
            Self::Crc64 => u64::SHAPE,
        }
    }

    #[inline(never)]
    fn crc(self, fresh: bool, front: &[u8], last: &[u8]) -> u64 {
        match self {
            Self::Crc32 => crc::<u32>(fresh, front, last).into(),
            #[cfg(feature = "xz")]
            Self::Crc64 => crc::<u64>(fresh, front, last),
        }
    }
}

/// The last bytes, each at its position modulo the length. The first block is repeated after them, for
/// reads across the end.
struct Ring([u8; RING + BLOCK]);

zeroed! { impl for Ring(_) }

impl Ring {
    /// Makes the block after the end equal to the first.
    fn repeat(&mut self) {
        let first = self.0.first_chunk::<BLOCK>().copied();
        if let (Some(first), Some(last)) = (first, self.0.last_chunk_mut()) {
            *last = first;
        }
    }

    /// The word `offset` bytes after the position `at`, which is taken modulo the ring's length.
    #[inline(always)]
    fn word(&self, at: usize, offset: usize) -> u64 {
        word_at(&self.0, (at % RING).wrapping_add(offset))
    }

    #[inline(always)]
    fn block(&mut self, at: usize) -> Option<&mut [u8; BLOCK]> {
        self.0.get_mut(at % RING..).and_then(|bytes| bytes.first_chunk_mut())
    }

    /// Stores the whole blocks of `bytes`, folded, from `at` on, a multiple of a block's length.
    fn fold(&mut self, polynomial: Polynomial, at: usize, bytes: &[u8]) {
        match polynomial {
            Polynomial::Crc32 => self.fold_by::<u32>(at, bytes),
            #[cfg(feature = "xz")]
            Polynomial::Crc64 => self.fold_by::<u64>(at, bytes),
        }
    }

    #[inline(never)]
    fn fold_by<R: Fold>(&mut self, at: usize, bytes: &[u8]) {
        let (mut next_at, mut rest) = (at, bytes);
        while let Some((block, after)) = rest.split_first_chunk() {
            self.fold_block::<R>(next_at, block);
            next_at = next_at.wrapping_add(BLOCK);
            rest = after;
        }
    }

    #[inline(always)]
    fn fold_block<R: Fold>(&mut self, at: usize, block: &[u8; BLOCK]) {
        let at = at & (RING - BLOCK);
        let mut done = 0;
        while done < BLOCK {
            // Two words at a time, which share a vector register where there are any.
            let next = done.wrapping_add(WORD);
            let first = word_at(block, done) ^ R::moved(self, at, done);
            let second = word_at(block, next) ^ R::moved(self, at, next);
            put_word(&mut self.0, at.wrapping_add(done), first);
            put_word(&mut self.0, at.wrapping_add(next), second);
            done = next.wrapping_add(WORD);
        }
        if at == 0 {
            self.repeat();
        }
    }

    /// Folds the block at `at` where it stands, or undoes that.
    fn fold_in_place(&mut self, polynomial: Polynomial, at: usize) {
        let block = self.block(at).map_or([0; BLOCK], |block| *block);
        self.fold(polynomial, at, &block);
    }

    /// Folds `count` blocks from `start` as if there were zeros before them. `undo`: undoes that.
    fn fold_within(&mut self, polynomial: Polynomial, start: usize, count: usize, undo: bool) {
        let Shape { unmoved, zeros, .. } = polynomial.shape();
        for zero in 1..=zeros {
            if let Some(block) = self.block(start.wrapping_sub(zero.wrapping_mul(BLOCK))) {
                *block = [0; BLOCK];
            }
        }
        self.repeat();
        let last = count.wrapping_sub(1);
        for step in unmoved..count {
            let index = if undo { last.wrapping_sub(step.wrapping_sub(unmoved)) } else { step };
            self.fold_in_place(polynomial, start.wrapping_add(index.wrapping_mul(BLOCK)));
        }
    }
}

#[inline(always)]
fn put_word(bytes: &mut [u8], at: usize, word: u64) {
    if let Some(place) = bytes.get_mut(at..).and_then(|bytes| bytes.first_chunk_mut()) {
        *place = word.to_le_bytes();
    }
}

/// A running CRC of data that may be long, with the same polynomial from the first byte to the last.
/// All-zero memory is a fresh one.
pub(crate) struct Folded {
    /// Bytes so far. Those after the last whole block stand in the ring as they came. Positions are
    /// counted in a `usize`, where they may wrap: the ring's length divides its range.
    length: u64,
    ring: Ring,
}

zeroed! { impl for Folded { length, ring } }

impl Folded {
    /// Makes this a fresh one, in place. The ring is left as it is: nothing reads it before it is set.
    pub(crate) fn reset(&mut self) {
        self.length = 0;
    }

    #[inline(never)]
    pub(crate) fn update(&mut self, polynomial: Polynomial, bytes: &[u8]) {
        let Shape { long, .. } = polynomial.shape();
        let (mut at, mut rest) = (self.length as usize, bytes);
        let short = self.length < long as u64;
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if short {
            (at, rest) = self.keep(at, long.wrapping_sub(at), rest);
            if at == long {
                self.begin(polynomial);
            }
        } else if at % BLOCK != 0 {
            (at, rest) = self.keep(at, BLOCK.wrapping_sub(at % BLOCK), rest);
            if at % BLOCK == 0 {
                self.ring.fold_in_place(polynomial, at.wrapping_sub(BLOCK));
            }
        }
        if rest.is_empty() {
            return;
        }
        // They are at the start of a block.
        self.ring.fold(polynomial, at, rest);
        let whole = rest.len() & !(BLOCK - 1);
        self.keep(at.wrapping_add(whole), BLOCK, rest_from(rest, whole));
    }

    /// Stores up to `room` bytes at `at`, as they are and not across the end. Returns the position after
    /// them, and the remaining bytes.
    fn keep<'a>(&mut self, at: usize, room: usize, bytes: &'a [u8]) -> (usize, &'a [u8]) {
        let (head, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        copy(self.ring.0.get_mut(at % RING..).unwrap_or(&mut []), head);
        (at.wrapping_add(head.len()), rest)
    }

    /// Folds the first blocks, which were kept as they came. The register before the data, all ones, is
    /// added to their first bytes, since these are moved.
    #[cold]
    fn begin(&mut self, polynomial: Polynomial) {
        let Shape { long, register, .. } = polynomial.shape();
        self.ring.0.iter_mut().take(register).for_each(|byte| *byte = !*byte);
        self.ring.fold_within(polynomial, 0, long / BLOCK, false);
    }

    /// The CRC. This is good for [`clear`](Self::clear) only, afterwards.
    pub(crate) fn finish(&mut self, polynomial: Polynomial) -> u64 {
        let Shape { long, tail, .. } = polynomial.shape();
        let length = self.length as usize;
        if self.length < long as u64 {
            return polynomial.crc(true, &[], self.ring.0.get(..length).unwrap_or(&[]));
        }
        let whole = length & !(BLOCK - 1);
        let tail_at = whole.wrapping_sub(tail.wrapping_mul(BLOCK));
        self.ring.fold_within(polynomial, tail_at, tail, true);
        let start = tail_at % RING;
        let end = start.wrapping_add(length.wrapping_sub(tail_at));
        self.ring.repeat();
        if let Some(bytes) = self.ring.0.get(start..end) {
            return polynomial.crc(false, &[], bytes);
        }
        // Across the end, by more than the repeated block.
        let (last, front) = self.ring.0.split_at_checked(start).unwrap_or_default();
        let front = front.get(..RING.wrapping_sub(start)).unwrap_or(&[]);
        polynomial.crc(false, front, last.get(..end.wrapping_sub(RING)).unwrap_or(&[]))
    }
}

/// The CRC of two parts, the first with a whole number of lane blocks. `fresh`: the register before
/// them is all ones; in folded data it is zero.
fn crc<R: Register>(fresh: bool, front: &[u8], last: &[u8]) -> R {
    let mut lanes = Lanes::new(if fresh { !R::ZERO } else { R::ZERO });
    lanes.pass(front);
    !lanes.finish(last)
}

#[cfg(test)]
mod tests {
    use super::super::crc::tests::{bits, bytes, naive_step};
    use super::*;
    use crate::zeroed::Zeroed;

    /// x^n modulo the polynomial, as a register.
    fn power<R: Register>(n: usize) -> u64 {
        (0..n).fold(1 << (bits::<R>() - 1), |register, _| naive_step::<R>(register))
    }

    fn is_multiple<R: Register>(distances: &[usize]) {
        let span = distances[distances.len() - 1];
        let others = distances.iter().map(|distance| power::<R>(8 * (span - distance)));
        assert_eq!(others.fold(0, |sum, term| sum ^ term), power::<R>(8 * span));
        assert!(distances.is_sorted());
    }

    /// One state for all, which is never set up anew: each length, in runs of some lengths.
    fn any_length_and_runs<R: Fold>(polynomial: Polynomial) {
        let long = R::SHAPE.long;
        let bytes = bytes(2 * RING + long);
        let ones = u64::MAX >> (64 - bits::<R>());
        let (mut register, mut folded) = (ones, Folded::ZEROED);
        for length in 0..=bytes.len() {
            for run in [1000, 4096, bytes.len()] {
                folded.reset();
                bytes[..length].chunks(run).for_each(|run| folded.update(polynomial, run));
                let value = folded.finish(polynomial);
                assert_eq!(value, register ^ ones, "length {length}, run {run}");
            }
            if let Some(&byte) = bytes.get(length) {
                register ^= u64::from(byte);
                register = (0..8).fold(register, |register, _| naive_step::<R>(register));
            }
        }
        for run in (1..300).chain([1023, 1024, 1025, 1500, 2047, 2048, 2049, 3000]) {
            // A few bytes first, an empty run, and before them what is then forgotten.
            for first in [0, 1, 127, 128, long - 1, long, long + 1] {
                folded.reset();
                folded.update(polynomial, &bytes[..run]);
                folded.reset();
                folded.update(polynomial, &bytes[..first]);
                folded.update(polynomial, &[]);
                bytes[first..].chunks(run).for_each(|run| folded.update(polynomial, run));
                let value = folded.finish(polynomial);
                assert_eq!(value, register ^ ones, "first {first}, run {run}");
            }
        }
    }

    #[test]
    fn crc32() {
        is_multiple::<u32>(&FOLD_32);
        any_length_and_runs::<u32>(Polynomial::Crc32);
    }

    #[cfg(feature = "xz")]
    #[test]
    fn crc64() {
        is_multiple::<u64>(&FOLD_64);
        any_length_and_runs::<u64>(Polynomial::Crc64);
    }
}
