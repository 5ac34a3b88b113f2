// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Bytes moved by words and chunks: what a [`Cursor`](super::Cursor)'s copies are made of.

use crate::zeroed::zeroed;

/// The last eight bytes written, the last one highest.
///
/// A copy of up to 16 bytes is made as two words, without a branch on its length. Each word is
/// stored where it *ends*; what it holds before the copied bytes are the bytes that stand there
/// already. So nothing is ever written past the copy's end.
#[derive(Clone, Copy)]
pub(super) struct Tail(pub(super) u64);

zeroed! { impl for Tail(_) }

impl Tail {
    #[inline(always)]
    pub(super) fn last(self) -> u8 {
        (self.0 >> 56) as u8
    }

    #[inline(always)]
    pub(super) fn push(self, byte: u8) -> Self {
        Self(self.0 >> 8 | u64::from(byte) << 56)
    }

    /// Makes the words of a copy that are to be stored: one that ends after `first` bytes, 1 to 8,
    /// and one that ends after all. `head` begins with the first byte copied, and `last` as many
    /// bytes later as there are more than eight. So up to eight bytes both are the same, and above
    /// eight they hold copied bytes alone.
    #[inline(always)]
    pub(super) fn join(self, first: usize, head: u64, last: u64) -> (u64, u64) {
        let bits = (first as u32) << 3;
        let kept = (self.0 >> 8).wrapping_shr(bits.wrapping_sub(8));
        let shift = bits.wrapping_neg();
        (kept | head.wrapping_shl(shift), kept | last.wrapping_shl(shift))
    }
}

/// Copies as many bytes as both have, and says how many.
pub(crate) fn copy_over(room: &mut [u8], bytes: &[u8]) -> usize {
    room.iter_mut().zip(bytes).for_each(|(slot, &byte)| *slot = byte);
    room.len().min(bytes.len())
}

/// Fills `room` with what stands before it, over and over. Returns how many bytes it wrote.
pub(super) fn repeat(pattern: &[u8], room: &mut [u8]) -> usize {
    let mut have = copy_over(room, pattern);
    // What has been written doubles with each step.
    while let (true, Some((done, rest))) = (have > 0, room.split_at_mut_checked(have)) {
        if rest.is_empty() {
            break;
        }
        have = have.wrapping_add(copy_over(rest, done));
    }
    have
}

#[inline(always)]
pub(crate) fn load(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[inline(always)]
pub(super) fn store(bytes: &mut [u8], at: usize, word: u64) -> Option<()> {
    *bytes.get_mut(at..)?.first_chunk_mut()? = word.to_le_bytes();
    Some(())
}

/// Bytes of a chunk.
pub(super) const CHUNK: usize = 16;

/// A chunk, which is a number only so that it stays in registers.
#[inline(always)]
pub(super) fn load_chunk(bytes: &[u8], at: usize) -> Option<u128> {
    Some(u128::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[inline(always)]
pub(super) fn store_chunk(bytes: &mut [u8], at: usize, chunk: u128) -> Option<()> {
    *bytes.get_mut(at..)?.first_chunk_mut()? = chunk.to_ne_bytes();
    Some(())
}

/// Copies 16 to 64 bytes, and returns the last ones. `None`, and nothing done, if it is more.
#[inline(always)]
pub(super) fn copy_chunks(source: &[u8], room: &mut [u8]) -> Option<Tail> {
    if source.len() != room.len() || source.len() > 4 * CHUNK {
        return None;
    }
    let behind = source.len().checked_sub(CHUNK)?;
    let last = load_chunk(source, behind)?;
    store_chunk(room, 0, load_chunk(source, 0)?)?;
    if behind > CHUNK {
        store_chunk(room, CHUNK, load_chunk(source, CHUNK)?)?;
        let third = behind.min(2 * CHUNK);
        store_chunk(room, third, load_chunk(source, third)?)?;
    }
    store_chunk(room, behind, last)?;
    Some(Tail(load(source, behind.wrapping_add(8))?))
}
