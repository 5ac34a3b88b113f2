// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! CRCs of long data, folded: most of the data is reduced to a short tail by XOR of words, and the
//! tables take the tail alone. This needs neither vector registers nor a carry-less multiplication.
//!
//! # Why folding keeps the CRC
//!
//! A message is a polynomial over GF(2): its bits are the coefficients, the first one that of the
//! highest power. Adding is XOR. But for its initial and final ones, the CRC is a remainder modulo
//! a polynomial P, so adding a multiple of P to the message does not change it. Take a multiple of
//! P whose terms are a whole number of bytes apart: M = x^(8D) + x^(8(D - d1)) + x^(8(D - d2)) +
//! ... + 1. For a byte b at index i of the message, b M, multiplied by the power of x that brings
//! its first term there, has b at the indices i, i + d1, i + d2, ..., i + D and zeros elsewhere.
//! Adding it clears the byte at i, and adds that byte to the bytes at the other indices: the byte
//! is *moved*. It can be moved if index i + D is in the message.
//!
//! ```text
//! index        i          i + d1     i + d2              i + D
//! message    | b |  ...  | p |  ... | q |      ...      | r |
//! b M        | b |   0   | b |   0  | b |       0       | b |
//! sum        | 0 |  ...  | p+b | .. | q+b |    ...      | r+b |
//! ```
//!
//! Bytes are moved in order, each with what was moved to it before. So what is moved from index j
//! is the *folded* byte c(j) = m(j) + c(j - d1) + c(j - d2) + ... + c(j - D), where m is the
//! message as it came. It depends on nothing nearer than d1, so a whole block, which is shorter, is
//! folded by words: it is the XOR of the block with the folded data at the distances d1 to D before
//! it. The [`Ring`] has that data.
//!
//! # The tail
//!
//! The bytes before the tail are moved. The tail is at least D long, so all that is moved past its
//! start stays in it. Before it there are only zeros then, which leave a register of zero as it is:
//!
//! ```text
//!   moved, forgotten | moved, in the ring | tail, in the ring | less than a block, as it came
//! ```
//!
//! The blocks of the tail were folded too, before it was known that the data would end. So index j
//! has c(j). But bytes of the tail are not moved, so the terms from within the tail must go: adding
//! them once more removes them. The last block goes first, because the terms to add must still be
//! folded bytes.
//!
//! # Short data
//!
//! Short data goes to the tables alone, so nothing is folded until there is more. The first blocks
//! are then folded in place, from the first one on.

use super::crc::{word_at, Lanes, Register, WORD};
use crate::slices::{copy, rest_from};
use crate::zeroed::zeroed;

/// Bytes folded at a time.
const BLOCK: usize = 128;

/// Length of the ring in bytes.
const RING: usize = 4096;
const _: () = assert!(RING.is_power_of_two() && BLOCK.is_power_of_two());

/// Distances d1 to D in bytes, for a multiple of CRC-32's polynomial with five terms.
///
/// Among the multiples of five terms, a search found that distances of 145, 183, 211 and 300 have
/// the shortest span. The square of a polynomial over GF(2) has its terms at twice the distances.
/// The square is used because a load that overlaps two stores waits until both are in the cache,
/// and at twice the distance the stores are older.
const FOLD_32: [usize; 4] = [2 * 145, 2 * 183, 2 * 211, 2 * 300];

/// Distances d1 to D in bytes, for a multiple of CRC-64's polynomial with eight terms. That
/// polynomial is a multiple of x + 1, so all its multiples have an even number of terms. By the
/// number of candidates, the first multiples of six terms are expected at spans of some 16,000
/// bytes, those of eight at some 1,700.
///
/// The search took minutes. It took the sums of four different x^(8a), a from 0 to 2,000, modulo
/// the polynomial, and looked for equal ones among those with the same low 20 bits, for one value
/// of these bits after another. It also found a span of 1,403, but with distances below [`BLOCK`].
#[cfg(feature = "xz")]
const FOLD_64: [usize; 7] = [297, 419, 503, 788, 829, 928, 1429];

/// A polynomial with a multiple to fold by.
trait Fold: Register {
    const SHAPE: Shape;

    /// The sum of what is moved to the word `offset` bytes into the block at `at`. Written out
    /// because at opt-level z a loop would stay one.
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
    /// Length of the tail in blocks: no shorter than the greatest distance.
    tail: usize,
    /// Number of blocks at the start of a series to which nothing is moved from within the series,
    /// as they end within the shortest distance of its start.
    unmoved: usize,
    /// Number of blocks before a series from which something is moved to the block after the
    /// unmoved ones. If they are zero, the series is folded as if it were the whole message.
    zeros: usize,
    /// Data of fewer bytes is not folded. As measured, the tables are about as fast for it.
    long: usize,
    /// Bytes of the register.
    register: usize,
}

impl Shape {
    /// Computes the shape from the shortest and the greatest distance in bytes, `long` and
    /// `register`.
    ///
    /// Inlined, so that no code of it remains if only constants call it: its assertions can panic.
    #[inline(always)]
    const fn new(nearest: usize, span: usize, long: usize, register: usize) -> Self {
        let (tail, unmoved) = (span.div_ceil(BLOCK), nearest / BLOCK);
        let zeros = (span - unmoved * BLOCK).div_ceil(BLOCK);
        // A block does not overlap, in the ring, what is added to it.
        assert!(BLOCK <= nearest && span + BLOCK <= RING);
        // At the end, the ring has room for the zeros, the tail, and less than a block. When
        // folding begins, it has room for the zeros and the first blocks, which are long enough for
        // a tail.
        assert!((1 + tail + zeros) * BLOCK <= RING);
        assert!(zeros * BLOCK + long <= RING && long % BLOCK == 0);
        assert!(tail * BLOCK <= long);
        Self { tail, unmoved, zeros, long, register }
    }
}

/// Selects a CRC.
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

/// The last [`RING`] bytes, each at its position modulo `RING`. The first block is repeated after
/// them, so that a read of up to a block may cross the end.
struct Ring([u8; RING + BLOCK]);

zeroed! { impl for Ring(_) }

impl Ring {
    /// Copies the first block to the place after the end.
    fn repeat(&mut self) {
        let first = self.0.first_chunk::<BLOCK>().copied();
        if let (Some(first), Some(last)) = (first, self.0.last_chunk_mut()) {
            *last = first;
        }
    }

    /// The word `offset` bytes after the position `at`. The position is taken modulo the ring's
    /// length, and `offset` is that of a word in a block.
    #[inline(always)]
    fn word(&self, at: usize, offset: usize) -> u64 {
        word_at(&self.0, (at % RING).wrapping_add(offset))
    }

    #[inline(always)]
    fn block(&mut self, at: usize) -> Option<&mut [u8; BLOCK]> {
        self.0.get_mut(at % RING..).and_then(|bytes| bytes.first_chunk_mut())
    }

    /// Folds the whole blocks of `bytes`, and stores them from the position `at` on, which is a
    /// multiple of [`BLOCK`].
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
            // Two words at a time, which the compiler may keep in a vector register.
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

    /// Folds the block at `at` in place. A second call undoes that, while the bytes before it are
    /// the same.
    fn fold_in_place(&mut self, polynomial: Polynomial, at: usize) {
        let block = self.block(at).map_or([0; BLOCK], |block| *block);
        self.fold(polynomial, at, &block);
    }

    /// Folds `count` blocks from `start` on as if zeros were before them. If `undo`, takes out
    /// again what this adds.
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

/// A running CRC of data that may be long. The polynomial must be the same for all calls. All-zero
/// memory is a fresh one.
pub(crate) struct Folded {
    /// Number of bytes so far. Bytes after the last whole block are in the ring as they came.
    /// Positions are counted in a `usize`, where they may wrap, because the ring's length divides
    /// its range.
    length: u64,
    ring: Ring,
}

zeroed! { impl for Folded { length, ring } }

impl Folded {
    /// Makes this a fresh one, in place. The ring keeps its contents, which are not read before
    /// they are overwritten.
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
        // The remaining bytes start at the start of a block.
        self.ring.fold(polynomial, at, rest);
        let whole = rest.len() & !(BLOCK - 1);
        self.keep(at.wrapping_add(whole), BLOCK, rest_from(rest, whole));
    }

    /// Stores up to `room` bytes at the position `at`, as they are. They must not cross the end.
    /// Returns the position after them, and the remaining bytes.
    fn keep<'a>(&mut self, at: usize, room: usize, bytes: &'a [u8]) -> (usize, &'a [u8]) {
        let (head, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        copy(self.ring.0.get_mut(at % RING..).unwrap_or(&mut []), head);
        (at.wrapping_add(head.len()), rest)
    }

    /// Folds the first blocks, which were kept as they came. The register before the data, which is
    /// all ones, is first added to the first bytes of the data. It is moved with them, so the
    /// register of the tail starts at zero.
    #[cold]
    fn begin(&mut self, polynomial: Polynomial) {
        let Shape { long, register, .. } = polynomial.shape();
        self.ring.0.iter_mut().take(register).for_each(|byte| *byte = !*byte);
        self.ring.fold_within(polynomial, 0, long / BLOCK, false);
    }

    /// Returns the CRC of the bytes so far. After that, only [`reset`](Self::reset) may be called.
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
        // The tail crosses the end by more than the repeated block.
        let (last, front) = self.ring.0.split_at_checked(start).unwrap_or_default();
        let front = front.get(..RING.wrapping_sub(start)).unwrap_or(&[]);
        polynomial.crc(false, front, last.get(..end.wrapping_sub(RING)).unwrap_or(&[]))
    }
}

/// The CRC of `front`, which is a whole number of lane blocks, followed by `last`. The register
/// before them is all ones if `fresh`, and zero for folded data.
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

    /// Each length, in runs of some lengths, with one state that is only reset in between.
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
            // Before a reset, a run; after it, a few bytes and an empty run first.
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
