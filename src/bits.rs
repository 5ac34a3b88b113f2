// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Bit readers.

/// Fewest bits that [`Bits::refill`] leaves while eight bytes of input or more are there.
pub(crate) const REFILLED: u32 = 56;

/// Bits that belong to a byte already consumed: what is kept of the input between two calls.
///
/// # Invariants
/// - `count <= 7`, and the bits of `bits` from `count` up are zero.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    bits: u8,
    count: u8,
}

impl Held {
    pub(crate) const NONE: Self = Self { bits: 0, count: 0 };
}

/// Reads a byte string as bits, least significant first (RFC 1951, 3.1.1).
///
/// # Invariants
/// - `count <= 63`, unless overdrawn; the low `count` bits of `buffer` are the next bits of the stream.
/// - Bits of `buffer` above them are zero or equal to what follows in the stream, so a refill may
///   put them in again by OR.
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

    /// Ends reading: the bytes consumed, and what was left of the last of them.
    pub(crate) fn finish(self) -> (usize, Held) {
        let used = self.input.len().saturating_sub(self.unread().len());
        let count = self.count & 7;
        let bits = self.buffer as u8 & !(u8::MAX << count);
        (used, Held { bits, count: count as u8 })
    }

    /// The bytes of which no bit was consumed.
    pub(crate) fn unread(&self) -> &'a [u8] {
        let buffered = (self.count >> 3) as usize;
        let at = self.input.len().saturating_sub(self.rest.len()).saturating_sub(buffered);
        self.input.get(at..).unwrap_or(&[])
    }

    /// Drops the bits up to the next byte's begin.
    pub(crate) fn align(&mut self) {
        self.consume(self.count & 7);
    }

    /// Drops the bits up to the next byte's begin, and `bytes` bytes more.
    pub(crate) fn skip_bytes(&mut self, bytes: usize) {
        let rest = self.unread().get(bytes..).unwrap_or(&[]);
        *self = Self { input: self.input, rest, buffer: 0, count: 0 };
    }

    /// Takes up input until there are at least [`REFILLED`] bits, or all there is. Whether there
    /// are that many.
    #[inline(always)]
    pub(crate) fn refill(&mut self) -> bool {
        let Some(word) = self.rest.first_chunk::<8>() else {
            // A copy, so that the reader itself can live in registers.
            let mut bits = *self;
            bits.refill_bytes();
            *self = bits;
            return self.count >= REFILLED;
        };
        self.buffer |= u64::from_le_bytes(*word).wrapping_shl(self.count);
        // Whole bytes only are counted: 56 to 63 bits, of which the top ones may be put in again.
        let bytes = ((63 ^ self.count) >> 3 & 7) as usize;
        self.rest = self.rest.get(bytes..).unwrap_or(&[]);
        self.count |= REFILLED;
        true
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

    /// The bits to come, the next one lowest; those past the last one there is mean nothing.
    #[inline(always)]
    pub(crate) fn peek(&self) -> u64 {
        self.buffer
    }

    /// Consumes `bits` bits, at most 63. If they are not all there this reader [is
    /// overdrawn](Self::is_overdrawn), and only to be thrown away for a copy of before.
    #[inline(always)]
    pub(crate) fn consume(&mut self, bits: u32) {
        self.buffer = self.buffer.wrapping_shr(bits);
        self.count = self.count.wrapping_sub(bits);
    }

    /// Whether more bits were consumed than there are.
    #[inline(always)]
    pub(crate) fn is_overdrawn(&self) -> bool {
        (self.count as i32) < 0
    }

    /// The next `bits` bits as a number, consumed, or `None` if they are not all there.
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
}
