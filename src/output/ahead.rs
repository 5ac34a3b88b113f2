// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Sequences of which it is known how many bytes they will write: they may be made in whole chunks.
//!
//! A chunk is written at once, whatever the length. What it writes behind a copy's end lies before the
//! last byte that is sure to be written, so nothing past the end of the output is ever touched.

use super::cursor::{lookup, Cursor};
use super::words::{copy_over, load, load_chunk, store, store_chunk, Tail, CHUNK};
use crate::zeroed::zeroed;
use crate::zstd::MAX_BLOCK;
use crate::Page;

/// Most matches are not longer. A chunk is the most that a copy writes behind its end.
const MATCH: usize = 2 * CHUNK;

/// Bytes for the literals of a block: a chunk more than there can be, as they are read in chunks.
pub(crate) type Literals = [u8; MAX_BLOCK + CHUNK];

/// Literals and then a match. Of one that has begun, the literals that are left.
#[derive(Clone, Copy)]
pub(crate) struct Sequence {
    pub(crate) literals: u32,
    pub(crate) length: u32,
    pub(crate) offset: u32,
}

zeroed! { impl for Sequence { literals, length, offset } }

impl Sequence {
    /// Literals, length, offset.
    #[inline(always)]
    pub(crate) fn parts(&self) -> [usize; 3] {
        [self.literals, self.length, self.offset].map(|part| part as usize)
    }
}

impl<P: Page> Cursor<'_, P> {
    /// How far back a copy may reach for bytes that are there.
    pub(crate) fn reachable(&self) -> usize {
        let before = self.pages.len().saturating_sub(1);
        let retained = before.checked_shl(self.page_shift).unwrap_or(0).saturating_add(self.at);
        self.history().min(retained)
    }

    /// Makes sequences as long as they lie well inside of pages, and no match repeats what it writes
    /// itself. `bytes` are sure to be written in all; offsets must have been found good. The literals
    /// begin at `from`. Returns how many it made, and where their literals end.
    #[inline(never)]
    pub(crate) fn make(
        &mut self,
        bytes: usize,
        sequences: &[Sequence],
        literals: &Literals,
        from: usize,
    ) -> (usize, usize) {
        if !self.has_room(CHUNK) {
            return (0, from);
        }
        let start = self.at;
        let sure = self.end.min(start.saturating_add(bytes));
        // A copy that lives in registers.
        let mut cursor = self.reborrow();
        let (mut made, mut taken) = (0usize, from);
        for sequence in sequences {
            if cursor.make_one(sure, sequence, literals, taken).is_none() {
                break;
            }
            taken = taken.wrapping_add(sequence.literals as usize);
            made = made.wrapping_add(1);
        }
        let at = cursor.at;
        self.at = at;
        self.extend_tail(start);
        (made, taken)
    }

    /// One of them; `None`, and nothing done but bytes that are sure to be written, if it can't be.
    #[inline(always)]
    fn make_one(
        &mut self,
        sure: usize,
        sequence: &Sequence,
        literals: &Literals,
        taken: usize,
    ) -> Option<()> {
        let [run, length, offset] = sequence.parts();
        let at = self.at;
        let middle = at.wrapping_add(run);
        let end = middle.wrapping_add(length);
        if end.wrapping_add(CHUNK) > sure || offset < length {
            return None;
        }
        // The mask takes the place of a check; where it changes the place no literal is left.
        store_chunk(self.page()?, at, load_chunk(literals, taken & (MAX_BLOCK - 1))?)?;
        if run > CHUNK {
            append_long(self.page()?.get_mut(at..)?, literals.get(taken..)?.get(..run)?);
        }
        let from = middle.wrapping_sub(offset);
        let source = lookup(self.pages, self.pages.len().wrapping_sub(1), from, self.page_shift)?;
        // The first chunk and the last one. Of a short match they are the same: whether it is short
        // can't be predicted.
        let size = length.max(CHUNK);
        let behind = size.wrapping_sub(CHUNK);
        let source = source.get(..size)?;
        let (first, last) = (load_chunk(source, 0)?, load_chunk(source, behind)?);
        let slot = self.page()?.get_mut(middle..)?.get_mut(..size)?;
        store_chunk(slot, 0, first)?;
        store_chunk(slot, behind, last)?;
        if length > MATCH {
            repeat_long(self.pages, self.page_shift, from, middle, length)?;
        }
        self.at = end;
        Some(())
    }

    /// Makes a sequence whose runs are short and lie in one page each, byte for byte: there may be no room
    /// for chunks. Its offset must have been found good. `None`, and nothing done, if it is another one.
    #[inline(never)]
    pub(crate) fn make_few(
        &mut self,
        sequence: &Sequence,
        literals: &Literals,
        taken: usize,
    ) -> Option<()> {
        let [run, length, offset] = sequence.parts();
        let middle = self.at.wrapping_add(run);
        let fits = !self.is_full() && middle.wrapping_add(length) <= self.page()?.len();
        if !fits || run > CHUNK || length > CHUNK || offset < length {
            return None;
        }
        let mark = self.mark();
        if run > 0 {
            let last = taken.wrapping_add(run.saturating_sub(8));
            self.put_words(run, load(literals, taken)?, load(literals, last)?)?;
        }
        let done = self.load_words(middle.wrapping_sub(offset), length);
        let done = done.and_then(|(head, last)| self.put_words(length, head, last));
        if done.is_none() {
            self.move_to(mark);
        }
        done
    }

    /// Of `length` bytes from `from` on, up to 16, the first eight and the last eight, or both all there
    /// are.
    #[inline(always)]
    fn load_words(&self, from: usize, length: usize) -> Option<(u64, u64)> {
        let source = lookup(self.pages, self.pages.len().wrapping_sub(1), from, self.page_shift)?;
        if let Some(last) = load(source, length.saturating_sub(8)) {
            return Some((load(source, 0)?, last));
        }
        let source = source.get(..length)?;
        let word = source.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        Some((word, word))
    }

    /// Writes 1 to 16 bytes, of which `head` are the first eight and `last` the last eight, or both all
    /// there are. `None`, and nothing done, in the first bytes of a page.
    #[inline(always)]
    fn put_words(&mut self, length: usize, head: u64, last: u64) -> Option<()> {
        let first = length.min(8);
        let (head, last) = self.tail.join(first, head, last);
        let before = self.at.wrapping_sub(8);
        let page = self.page()?;
        store(page, before.wrapping_add(first), head)?;
        store(page, before.wrapping_add(length), last)?;
        self.tail = Tail(last);
        self.at = self.at.wrapping_add(length);
        Some(())
    }
}

/// More literals than a chunk.
#[inline(never)]
fn append_long(room: &mut [u8], literals: &[u8]) {
    copy_over(room, literals);
}

/// What a long match has between its first chunk and its last one.
#[inline(never)]
fn repeat_long<P: Page>(
    pages: &mut [P],
    page_shift: u32,
    from: usize,
    at: usize,
    length: usize,
) -> Option<()> {
    let mut done = CHUNK;
    while done < length.wrapping_sub(CHUNK) {
        let last = pages.len().wrapping_sub(1);
        let source = lookup(pages, last, from.wrapping_add(done), page_shift)?;
        let chunk = load_chunk(source, 0)?;
        store_chunk(pages.last_mut()?.as_mut(), at.wrapping_add(done), chunk)?;
        done = done.wrapping_add(CHUNK);
    }
    Some(())
}
