// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Bit readers.

#[cfg(feature = "zstd")]
mod window;

use crate::slices::rest_from;
use crate::zeroed::zeroed;

#[cfg(feature = "zstd")]
pub(crate) use window::{BackwardWindow, WINDOW_REFILLED};

/// Fewest bits that [`Bits::refill`] provides while at least eight bytes of input remain. See
/// [`Bits::refill_word`] for the derivation.
pub(crate) const REFILLED: u32 = 56;

/// The unread bits of a byte that has been consumed. A [`Bits`] keeps nothing else between calls.
///
/// # Invariants
/// - `count <= 7`, and the bits of `bits` from `count` up are zero.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    bits: u8,
    count: u8,
}

zeroed! { impl for Held { bits, count } }

impl Held {
    pub(crate) const NONE: Self = Self { bits: 0, count: 0 };
}

#[inline(always)]
fn load(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Reads a byte string as bits, least significant first (RFC 1951, 3.1.1).
///
/// ```text
///         63                            count                             0
/// buffer | zeros, or bits of `rest`          | unread bits, next one lowest |
/// ```
///
/// # Invariants
/// - `count <= 63`, unless overdrawn; the low `count` bits of `buffer` are the next bits of the
///   stream. Between [`consume_entry`](Self::consume_entry) and [`mask_count`](Self::mask_count)
///   this holds for the low six bits of `count`.
/// - Each bit of `buffer` from `count` up is zero or equal to the bit of the stream that belongs
///   there, so a refill may put it in again by OR.
/// - `rest` is a tail of `input`: the bytes not yet counted into `buffer`.
#[derive(Clone, Copy)]
pub(crate) struct Bits<'a> {
    input: &'a [u8],
    rest: &'a [u8],
    buffer: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(held: Held, input: &'a [u8]) -> Self {
        Self { input, rest: input, buffer: u64::from(held.bits), count: u32::from(held.count) }
    }

    /// Ends reading. Returns the number of bytes consumed, and the unread bits of the last of them.
    pub(crate) fn finish(self) -> (usize, Held) {
        let count = self.count & 7;
        let bits = self.buffer as u8 & !(u8::MAX << count);
        (self.used(), Held { bits, count: count as u8 })
    }

    /// Bytes of which at least one bit was consumed.
    fn used(&self) -> usize {
        let buffered = (self.count >> 3) as usize;
        self.input.len().saturating_sub(self.rest.len()).saturating_sub(buffered)
    }

    /// The bytes of which no bit was consumed.
    pub(crate) fn unread(&self) -> &'a [u8] {
        rest_from(self.input, self.used())
    }

    /// Drops the bits up to the next byte's start.
    pub(crate) fn align(&mut self) {
        self.consume(self.count & 7);
    }

    /// Drops the bits up to the next byte's start, then `bytes` bytes of [`unread`](Self::unread).
    pub(crate) fn skip_bytes(&mut self, bytes: usize) {
        let rest = rest_from(self.unread(), bytes);
        *self = Self { input: self.input, rest, buffer: 0, count: 0 };
    }

    /// Takes input until the buffer has at least [`REFILLED`] bits, or all that remain. Returns
    /// whether it has that many.
    #[inline(always)]
    pub(crate) fn refill(&mut self) -> bool {
        if self.refill_word() {
            return true;
        }
        // A copy, so that the reader itself can live in registers.
        let mut bits = *self;
        bits.refill_bytes();
        *self = bits;
        self.count >= REFILLED
    }

    /// Takes input until the buffer has [`REFILLED`] to 63 bits, without a branch on how many it
    /// has. All 64 bits of [`peek`](Self::peek) are then bits of the stream. Returns `false`, and
    /// does nothing, if fewer than eight bytes remain.
    ///
    /// A load of eight bytes is shifted to just above the `count` bits present, and merged by OR.
    /// It fills the other 64 - `count` bits of the buffer. To keep the count below 64, only (63 -
    /// `count`) / 8 bytes of it are counted and taken from `rest`:
    ///
    /// ```text
    ///         63                              count           0
    /// before | zeros, or bits of `rest`      | unread bits     |   count = 8 q + r, r from 0 to 7
    /// load   | x | next 7 - q bytes of `rest` |
    /// after  | x | unread bits                                 |   count = 8 q + r + 8 (7 - q)
    ///                                                                    = 56 + r
    /// ```
    ///
    /// So the new count is the old one with bits 3 to 5 set, which takes one OR. The 8 - r bits x
    /// are the low bits of the first byte that is not counted. `peek` shows them; the next refill
    /// loads that byte again, and puts the same bits at the same place.
    ///
    /// `count` is used modulo 64, because [`consume_entry`](Self::consume_entry) leaves garbage
    /// above its low six bits.
    #[inline(always)]
    pub(crate) fn refill_word(&mut self) -> bool {
        let Some(word) = self.rest.first_chunk() else { return false };
        self.buffer |= u64::from_le_bytes(*word).wrapping_shl(self.count);
        let bytes = (!self.count >> 3 & 7) as usize;
        self.rest = rest_from(self.rest, bytes);
        self.count |= REFILLED;
        true
    }

    /// Whether [`refill_word`](Self::refill_word) would succeed.
    pub(crate) fn has_word(&self) -> bool {
        self.rest.len() >= size_of::<u64>()
    }

    #[cold]
    #[inline(never)]
    fn refill_bytes(&mut self) {
        while let (true, Some((&byte, rest))) = (self.count < REFILLED, self.rest.split_first()) {
            self.buffer |= u64::from(byte).wrapping_shl(self.count);
            self.count = self.count.wrapping_add(8);
            self.rest = rest;
        }
    }

    /// The next bits of the stream, the first one lowest. At the end of the input, zeros follow the
    /// last bit once a [`refill`](Self::refill) has been made.
    #[inline(always)]
    pub(crate) fn peek(&self) -> u64 {
        self.buffer
    }

    /// Consumes `bits` bits, at most 63. If fewer are buffered, this reader [is
    /// overdrawn](Self::is_overdrawn): it must be discarded in favour of an earlier copy.
    #[inline(always)]
    pub(crate) fn consume(&mut self, bits: u32) {
        self.buffer = self.buffer.wrapping_shr(bits);
        self.count = self.count.wrapping_sub(bits);
    }

    /// Consumes as many bits as the low six bits of `entry` say. The higher bits of a table entry
    /// need not be masked off: a shift ignores them, and a subtraction of the whole word is right
    /// modulo 64.
    ///
    /// If any higher bit is set, the bits must be buffered, and only this method,
    /// [`peek`](Self::peek) and [`refill_word`](Self::refill_word) may be called until
    /// [`mask_count`](Self::mask_count). Otherwise this is [`consume`](Self::consume).
    #[inline(always)]
    pub(crate) fn consume_entry(&mut self, entry: u32) {
        self.buffer = self.buffer.wrapping_shr(entry);
        self.count = self.count.wrapping_sub(entry);
    }

    /// Clears the garbage that [`consume_entry`](Self::consume_entry) left in the count.
    #[inline(always)]
    pub(crate) fn mask_count(&mut self) {
        self.count &= 63;
    }

    /// Whether more bits were consumed than the buffer had.
    #[inline(always)]
    pub(crate) fn is_overdrawn(&self) -> bool {
        (self.count as i32) < 0
    }

    /// Consumes the next `bits` bits, at most 31, and returns them as a number. Returns `None`, and
    /// consumes nothing, if fewer remain.
    pub(crate) fn take(&mut self, bits: u32) -> Option<u32> {
        self.refill();
        let value = self.buffer as u32 & !u32::MAX.wrapping_shl(bits);
        let mut next = *self;
        next.consume(bits);
        if next.is_overdrawn() {
            return None;
        }
        *self = next;
        Some(value)
    }
}

/// Reads a byte string as bits from its end, most significant first: zstd's streams are written
/// forwards and read backwards (RFC 8878, 3.1.1.3.2.1.2 and 4.2.2).
///
/// Consuming bits only adds to `used`. A refill cuts the bytes that were read entirely off the end
/// of `rest`, and loads the last eight bytes of what remains:
///
/// ```text
///         63                                                       0
/// buffer | used: already read | next bit ...                       |
///         last byte of `rest`   ...               eighth byte from its end
/// ```
///
/// # Invariants
/// - `rest` is a head of the stream. `used` is how many bits of its last eight bytes were read: at
///   most 64 unless overdrawn.
/// - `buffer` holds these eight bytes, the last one highest. If `rest` is shorter, the low bytes
///   are zero.
#[derive(Clone, Copy)]
pub(crate) struct BackwardBits<'a> {
    rest: &'a [u8],
    buffer: u64,
    used: u32,
}

/// Fewest bits that [`BackwardBits::refill`] makes readable while at least eight bytes of the
/// stream remain: of the 64 bits loaded, up to 7 have been read, as a refill drops whole bytes
/// only.
pub(crate) const BACKWARD_REFILLED: u32 = 57;

/// The position of a [`BackwardBits`] in its stream, which is kept between calls.
#[derive(Clone, Copy)]
pub(crate) struct BackwardHeld {
    rest: usize,
    used: u32,
}

zeroed! { impl for BackwardHeld { rest, used } }

impl<'a> BackwardBits<'a> {
    /// Begins after the final bit flag, which is the highest set bit of the last byte. Returns
    /// `None` if the stream is empty or its last byte is zero.
    pub(crate) fn new(stream: &'a [u8]) -> Option<Self> {
        let zeros = stream.last().filter(|&&last| last != 0)?.leading_zeros();
        let held = BackwardHeld { rest: stream.len(), used: zeros.wrapping_add(1) };
        Some(Self::resume(stream, held))
    }

    /// Continues from a position that [`hold`](Self::hold) returned, on the same stream.
    pub(crate) fn resume(stream: &'a [u8], held: BackwardHeld) -> Self {
        let rest = stream.get(..held.rest).unwrap_or(&[]);
        let mut bits = Self { rest, buffer: 0, used: held.used };
        bits.refill();
        bits
    }

    pub(crate) fn hold(self) -> BackwardHeld {
        BackwardHeld { rest: self.rest.len(), used: self.used }
    }

    /// Makes the next [`BACKWARD_REFILLED`] bits readable, or all that remain.
    #[inline(never)]
    pub(crate) fn refill(&mut self) {
        if !self.refill_whole() {
            self.refill_last();
        }
    }

    /// Makes the next [`BACKWARD_REFILLED`] bits readable. Returns `false`, and does nothing, if
    /// fewer than eight bytes would remain in `rest`.
    #[inline(always)]
    pub(crate) fn refill_whole(&mut self) -> bool {
        let bytes = (self.used >> 3) as usize;
        let Some(rest) = self.rest.get(..self.rest.len().wrapping_sub(bytes)) else { return false };
        let Some(word) = load(rest, rest.len().wrapping_sub(8)) else { return false };
        self.rest = rest;
        self.used &= 7;
        self.buffer = word;
        true
    }

    /// Loads the first eight bytes of the stream, or all of a shorter one. `used` may exceed 7
    /// then.
    #[cold]
    fn refill_last(&mut self) {
        let length = self.rest.len();
        let bytes = ((self.used >> 3) as usize).min(length.saturating_sub(8));
        let length = length.wrapping_sub(bytes);
        self.rest = self.rest.get(..length).unwrap_or(&[]);
        self.used = self.used.wrapping_sub((bytes as u32) << 3);
        self.buffer = load(self.rest, length.wrapping_sub(8)).unwrap_or_else(|| {
            // Fewer than eight bytes: zeros take the place of those before the first one.
            let bytes = self.rest.iter().rev().zip(0..8);
            bytes.fold(0, |word, (&byte, place)| {
                word | (u64::from(byte) << 56).wrapping_shr(place << 3)
            })
        });
    }

    /// Consumes the next `bits` bits, at most 31, and returns them as a number.
    ///
    /// Once they are consumed, they are the lowest of the `used` bits at the top of the buffer.
    /// Rotating left by `used` brings those to the bottom, so the result is their low `bits` bits.
    /// Two shifts would have to treat zero bits apart.
    ///
    /// ```text
    ///                   63                                  0
    /// buffer           | read before | taken | not yet read |     `used` counts the first two
    /// rotated          | not yet read | read before | taken |
    /// ```
    #[inline(always)]
    pub(crate) fn take(&mut self, bits: u8) -> u32 {
        self.consume(bits);
        self.buffer.rotate_left(self.used) as u32 & LOW_BITS[usize::from(bits)]
    }

    /// The next bits, the first one highest. Bits after the readable ones are meaningless.
    #[inline(always)]
    pub(crate) fn peek(&self) -> u64 {
        self.buffer.wrapping_shl(self.used)
    }

    /// Consumes `bits` bits.
    #[inline(always)]
    pub(crate) fn consume(&mut self, bits: u8) {
        self.used = self.used.wrapping_add(u32::from(bits));
    }

    /// Whether more bits were consumed than the stream has.
    #[inline(always)]
    pub(crate) fn is_overdrawn(&self) -> bool {
        self.used as usize > self.rest.len().wrapping_mul(8)
    }

    /// Whether exactly all bits of the stream were consumed.
    pub(crate) fn is_at_end(&self) -> bool {
        self.used as usize == self.rest.len().wrapping_mul(8)
    }
}

/// `LOW_BITS[n]` is a mask of the low `n` bits, and of all 32 for `n >= 32`. A load takes fewer
/// steps than making the mask by a variable shift. The array has an entry for each `u8`, so that
/// indexing by one needs no bounds check.
pub(crate) static LOW_BITS: [u32; 256] = {
    let mut masks = [u32::MAX; 256];
    let mut bits = 0;
    while bits < 32 {
        masks[bits] = (1 << bits) - 1;
        bits += 1;
    }
    masks
};

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// Bit by bit, from the definition.
    fn naive(input: &[u8], from: usize, bits: u32) -> u32 {
        (0..bits as usize)
            .map(|i| u32::from(input[(from + i) / 8] >> ((from + i) % 8) & 1) << i)
            .sum()
    }

    #[test]
    fn any_split_reads_the_same_bits() {
        let input: Vec<u8> = (0..64u32).map(|i| (i.wrapping_mul(2654435761) >> 13) as u8).collect();
        for chunk in [1, 2, 3, 7, 8, 9, 64] {
            let (mut held, mut at, mut end, mut position) = (Held::NONE, 0, 0, 0);
            let mut widths = (1..=15).cycle();
            let mut width = 1;
            while end < input.len() || position + width as usize <= 8 * input.len() {
                end = (end + chunk).min(input.len());
                let mut bits = Bits::new(held, &input[at..end]);
                while let Some(value) = bits.take(width) {
                    assert_eq!(value, naive(&input, position, width), "chunk {chunk}");
                    position += width as usize;
                    width = widths.next().unwrap();
                }
                let used;
                (used, held) = bits.finish();
                at += used;
                assert_eq!(at, position.div_ceil(8), "whole bytes are given back");
            }
        }
    }

    #[test]
    fn backwards_is_forwards_from_the_end() {
        let stream: Vec<u8> =
            (0..40u32).map(|i| (i.wrapping_mul(2654435761) >> 11) as u8).collect();
        for last in [1u8, 0x80, 0x35, 0xff] {
            let stream = [&stream[..], &[last]].concat();
            let mut bits = BackwardBits::new(&stream).unwrap();
            let mut left = 8 * stream.len() - last.leading_zeros() as usize - 1;
            let mut widths = (0..=24).cycle();
            loop {
                let width = widths.next().unwrap();
                bits.refill();
                let value = bits.take(width as u8);
                if bits.is_overdrawn() {
                    assert!(left < width as usize);
                    break;
                }
                left -= width as usize;
                assert_eq!(value, naive(&stream, left, width));
                bits = BackwardBits::resume(&stream, bits.hold());
                assert_eq!(bits.is_at_end(), left == 0);
            }
        }
        assert!(BackwardBits::new(&[]).is_none() && BackwardBits::new(&[7, 0]).is_none());
    }
}
