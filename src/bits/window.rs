// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The reader of zstd's Huffman streams, which are read backwards.

use super::{BackwardBits, BackwardHeld};

/// Reads the same bits as [`BackwardBits`], in a loop that consumes a few at a time.
///
/// There is no count of the consumed bits. A marker, which is a set bit below the last unread one,
/// moves up as bits are shifted out at the top, and zeros fill in below it. So consuming is one
/// shift, and a refill finds the count as the number of trailing zeros.
///
/// ```text
///                      63                                           0
/// loaded              | eight bytes, the last one highest         |1|   the marker replaces bit 0
/// three bits consumed | unread bits, next one highest     |1|0 0 0|
/// and five more       | unread bits             |1|0 0 0 0 0 0 0 0|
/// ```
///
/// The bit that the marker replaces is read later. A refill that moves the window by a byte or more
/// has it in a higher place; where no such refill is possible, [`rest`](Self::rest) reads it.
///
/// # Invariants
/// - `buffer` is the number that the eight bytes of the stream from `at` on make, least significant
///   byte first, with bit 0 set; shifted left by the number of bits consumed of them, at most 63.
/// - Before the first [`refill`](Self::refill), and in a stream of fewer than eight bytes, `buffer`
///   has only the marker and the zeros below it.
#[derive(Clone, Copy)]
pub(crate) struct BackwardWindow<'a> {
    stream: &'a [u8],
    /// Where the eight bytes start. In a stream of fewer than eight bytes, this is negative, and
    /// wraps to a place past the end of any stream.
    at: u32,
    buffer: u64,
}

/// Fewest bits that [`BackwardWindow::refill`] makes readable. Of the 64 bits loaded, up to 7 have
/// been consumed, as a refill drops whole bytes only, and the lowest is the marker.
pub(crate) const WINDOW_REFILLED: u32 = 64 - 7 - 1;

impl<'a> BackwardWindow<'a> {
    /// Begins as [`BackwardBits::new`] does, on a stream of less than 2 GiB.
    pub(crate) fn new(stream: &'a [u8]) -> Option<Self> {
        let BackwardBits { rest, used, .. } = BackwardBits::new(stream)?;
        let at = (rest.len() as u32).wrapping_sub(8);
        Some(Self { stream: rest, at, buffer: 1u64.wrapping_shl(used) })
    }

    /// Makes the next [`WINDOW_REFILLED`] bits readable. Returns `false`, and does nothing, if
    /// fewer than eight bytes of the stream remain for it.
    #[inline(always)]
    pub(crate) fn refill(&mut self) -> bool {
        let used = self.buffer.trailing_zeros();
        // A negative place wraps to one past the stream's end, so a single comparison covers both
        // ends. The sum below can't wrap if a `usize` has 64 bits, so the compiler adds no second
        // one.
        let at = self.at.wrapping_sub(used >> 3);
        let window = self.stream.get(at as usize..(at as usize).wrapping_add(8));
        let Some(window) = window.and_then(|window| window.first_chunk()) else { return false };
        self.at = at;
        self.buffer = (u64::from_le_bytes(*window) | 1).wrapping_shl(used & 7);
        true
    }

    /// The next bits, the first one highest. After the readable ones, the marker and zeros follow.
    #[inline(always)]
    pub(crate) fn peek(&self) -> u64 {
        self.buffer
    }

    /// Consumes as many bits as the low six bits of `entry` say, which must be readable. A shift
    /// ignores the other bits of `entry`.
    #[inline(always)]
    pub(crate) fn consume(&mut self, entry: u16) {
        self.buffer = self.buffer.wrapping_shl(u32::from(entry));
    }

    /// A reader of the bits that have not been consumed.
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
