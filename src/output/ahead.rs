// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Sequences of which it is known how many bytes they will write: they may be made in whole chunks.
//!
//! A chunk is written at once, whatever the length. What it writes after a copy's end lies before the
//! last byte that is sure to be written, but for a few scratch bytes at a page's end.

use super::copy::{copy_over, load, load_chunk, lookup, store, store_chunk, CHUNK};
use super::cursor::Cursor;
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
        let retained =
            before.checked_shl(self.rules.page_shift).unwrap_or(0).saturating_add(self.at);
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
        let source =
            lookup(self.pages, self.pages.len().wrapping_sub(1), from, self.rules.page_shift)?;
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
            repeat_long(self.pages, self.rules.page_shift, from, middle, length)?;
        }
        self.at = end;
        Some(())
    }

    /// Makes a sequence whose runs are short and lie in one page each, at a page's end. Its offset must have
    /// been found good. `None`, and nothing done but scratch bytes, if it is another one.
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
        let at = self.at;
        let literals = literals.get(taken..)?.get(..run.max(CHUNK))?;
        put_short(self.page()?.get_mut(at..)?, literals, run)?;
        let from = middle.wrapping_sub(offset);
        let source =
            lookup(self.pages, self.pages.len().wrapping_sub(1), from, self.rules.page_shift)?;
        let chunk = load_short(source, length)?;
        put_short(self.page()?.get_mut(middle..)?, &chunk, length)?;
        self.at = middle.wrapping_add(length);
        Some(())
    }
}

/// The first `length` bytes of `source`, at most 16, and then what follows them there, or zeros.
#[inline(always)]
fn load_short(source: &[u8], length: usize) -> Option<[u8; CHUNK]> {
    if let Some(chunk) = source.first_chunk() {
        return Some(*chunk);
    }
    let mut chunk = [0; CHUNK];
    copy_over(&mut chunk, source.get(..length)?);
    Some(chunk)
}

/// Writes the first `length` bytes of `bytes`, at most 16: as a chunk where there is room for one.
#[inline(always)]
fn put_short(room: &mut [u8], bytes: &[u8], length: usize) -> Option<()> {
    if room.len() >= CHUNK {
        return store_chunk(room, 0, load_chunk(bytes, 0)?);
    }
    let room = room.get_mut(..length)?;
    if let Some(last) = length.checked_sub(8) {
        store(room, 0, load(bytes, 0)?)?;
        store(room, last, load(bytes, last)?)
    } else {
        copy_over(room, bytes);
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
