// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The reader of Huffman streams in zstd, which are read backwards.

use super::{BackwardBits, BackwardHeld};

/// Reads like [`BackwardBits`], for streams whose bits are consumed a few at a time: a set bit after the
/// last bit that is not consumed tells how many were, so that consuming is one shift, without a count.
///
/// ```text
/// after a refill     | bits to come, first one highest            1 | 0 0 0 |  three bits were consumed
/// and five bits more | bits to come                     1 | 0 0 0 0 0 0 0 0 |
/// ```
///
/// # Invariants
/// - `buffer` are the eight bytes of the stream from `at` on as a number, with its lowest bit set whatever
///   it was, shifted left by the number of bits consumed of them, which is at most 63.
/// - Before the first [`refill`](Self::refill), and on a stream of less than eight bytes, only these zeros
///   and the set bit before them are in `buffer`.
#[derive(Clone, Copy)]
pub(crate) struct BackwardWindow<'a> {
    stream: &'a [u8],
    /// Below zero, which wraps to a place that no stream has, in a stream of less than eight bytes.
    at: u32,
    buffer: u64,
}

/// Fewest bits that [`BackwardWindow::refill`] makes readable: of 64 at most seven were consumed, and the
/// lowest stands for no bit.
pub(crate) const WINDOW_REFILLED: u32 = 64 - 7 - 1;

impl<'a> BackwardWindow<'a> {
    /// Begins like [`BackwardBits::new`], on a stream of less than 2 GiB.
    pub(crate) fn new(stream: &'a [u8]) -> Option<Self> {
        let BackwardBits { rest, used, .. } = BackwardBits::new(stream)?;
        let at = (rest.len() as u32).wrapping_sub(8);
        Some(Self { stream: rest, at, buffer: 1u64.wrapping_shl(used) })
    }

    /// Makes the next [`WINDOW_REFILLED`] bits readable; `false`, and nothing done, if there are not
    /// eight bytes for it.
    #[inline(always)]
    pub(crate) fn refill(&mut self) -> bool {
        let used = self.buffer.trailing_zeros();
        // Below zero there are no bytes. So one comparison is enough for both ends of the stream; and as
        // the sum can't wrap where a `usize` has 64 bits, the compiler makes no second one.
        let at = self.at.wrapping_sub(used >> 3);
        let window = self.stream.get(at as usize..(at as usize).wrapping_add(8));
        let Some(window) = window.and_then(|window| window.first_chunk()) else { return false };
        self.at = at;
        self.buffer = (u64::from_le_bytes(*window) | 1).wrapping_shl(used & 7);
        true
    }

    /// The next bits, highest first.
    #[inline(always)]
    pub(crate) fn peek(&self) -> u64 {
        self.buffer
    }

    /// Consumes as many bits as the low six bits of `entry` say, which must be readable.
    #[inline(always)]
    pub(crate) fn consume(&mut self, entry: u16) {
        self.buffer = self.buffer.wrapping_shl(u32::from(entry));
    }

    /// A reader of all that is not consumed.
    pub(crate) fn rest(&self) -> BackwardBits<'a> {
        let rest = (self.at.wrapping_add(8) as usize).min(self.stream.len());
        let used = self.buffer.trailing_zeros();
        BackwardBits::resume(self.stream, BackwardHeld { rest, used })
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn a_window_reads_the_same_bits_backwards() {
        let bytes: Vec<u8> = (0..40u32).map(|i| (i.wrapping_mul(2654435761) >> 11) as u8).collect();
        for (length, last) in
            (0..40).flat_map(|length| [1u8, 0x80, 0x35].map(|last| (length, last)))
        {
            let stream = [&bytes[..length], &[last]].concat();
            let mut bits = BackwardBits::new(&stream).unwrap();
            let mut window = BackwardWindow::new(&stream).unwrap();
            let mut widths = (1..=11).cycle();
            while window.refill() {
                for width in widths.by_ref().take(5) {
                    bits.refill();
                    assert_eq!(window.peek() >> (64 - width), u64::from(bits.take(width as u8)));
                    window.consume(0xff00 | width as u16);
                }
            }
            let mut rest = window.rest();
            loop {
                bits.refill();
                rest.refill();
                assert_eq!(rest.is_at_end(), bits.is_at_end(), "length {length}");
                if rest.is_at_end() {
                    break;
                }
                assert_eq!(rest.take(1), bits.take(1));
            }
        }
    }
}
