// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Sequences of which it is known how many bytes they will write: they may be made in whole chunks.
//!
//! A chunk is written at once, whatever the length. What it writes behind a copy's end lies before the
//! last byte that is sure to be written, so nothing past the end of the output is ever touched.

use super::cursor::{lookup, Cursor};
use super::words::{copy_over, last_chunk, last_chunk_mut};
use crate::Page;

/// Bytes that are copied at once.
const CHUNK: usize = 16;

/// Most matches are not longer. The others are made in pieces of this length, so a copy may write as
/// much behind its end.
const MATCH: usize = 2 * CHUNK;

/// Literals and then a match. Of one that has begun, the literals that are left.
#[derive(Clone, Copy)]
pub(crate) struct Sequence {
    pub(crate) literals: u32,
    pub(crate) length: u32,
    pub(crate) offset: u32,
}

impl<P: Page> Cursor<'_, P> {
    /// How far back a copy may reach for bytes that are there.
    pub(crate) fn reachable(&self) -> usize {
        let before = self.pages.len().saturating_sub(1);
        let retained = before.checked_shl(self.page_shift).unwrap_or(0).saturating_add(self.at);
        self.history().min(retained)
    }

    /// Makes sequences as long as they lie well inside of pages and `literals`, and no match repeats what
    /// it writes itself. `bytes` are sure to be written in all; offsets must have been found good. Returns
    /// how many it made, and how many literals they took.
    #[inline(never)]
    pub(crate) fn make(
        &mut self,
        bytes: usize,
        sequences: &[Sequence],
        literals: &[u8],
    ) -> (usize, usize) {
        if !self.has_room(MATCH) {
            return (0, 0);
        }
        let start = self.at;
        let sure = self.end.min(start.saturating_add(bytes));
        // A copy that lives in registers.
        let mut cursor = self.reborrow();
        let mut taken = 0usize;
        let mut rest = sequences.iter();
        while let Some(sequence) = rest.as_slice().first() {
            let Some(literals) = literals.get(taken..) else { break };
            if cursor.make_one(sure, sequence, literals).is_none() {
                break;
            }
            taken = taken.wrapping_add(sequence.literals as usize);
            rest.next();
        }
        let at = cursor.at;
        self.at = at;
        self.extend_tail(start);
        (sequences.len().wrapping_sub(rest.len()), taken)
    }

    /// One of them; `None`, and nothing done but bytes that are sure to be written, if it can't be.
    #[inline(always)]
    fn make_one(&mut self, sure: usize, sequence: &Sequence, literals: &[u8]) -> Option<()> {
        let Sequence { literals: run, length, offset } = *sequence;
        let (run, length, offset) = (run as usize, length as usize, offset as usize);
        let at = self.at;
        let middle = at.wrapping_add(run);
        let end = middle.wrapping_add(length);
        if end.wrapping_add(MATCH) > sure || offset < length {
            return None;
        }
        let chunk: &[u8; CHUNK] = literals.first_chunk()?;
        *chunk_mut(self.page()?, at)? = *chunk;
        if run > CHUNK {
            append_long(self.page()?.get_mut(at..)?, literals.get(..run)?);
        }
        let from = middle.wrapping_sub(offset);
        let source = lookup(self.pages, self.pages.len().wrapping_sub(1), from, self.page_shift)?;
        let source: &[u8; MATCH] = source.first_chunk()?;
        let first: [u8; CHUNK] = *source.first_chunk()?;
        if length > CHUNK {
            let second: [u8; CHUNK] = *last_chunk(source)?;
            let slot: &mut [u8; MATCH] = chunk_mut(self.page()?, middle)?;
            *slot.first_chunk_mut()? = first;
            *last_chunk_mut(slot)? = second;
            if length > MATCH {
                repeat_long(self.pages, self.page_shift, from, middle, length)?;
            }
        } else {
            *chunk_mut(self.page()?, middle)? = first;
        }
        self.at = end;
        Some(())
    }
}

/// More literals than a chunk.
#[inline(never)]
fn append_long(room: &mut [u8], literals: &[u8]) {
    copy_over(room, literals);
}

/// What a long match has behind its first piece.
#[inline(never)]
fn repeat_long<P: Page>(
    pages: &mut [P],
    page_shift: u32,
    from: usize,
    at: usize,
    length: usize,
) -> Option<()> {
    let mut done = MATCH;
    while done < length {
        let last = pages.len().wrapping_sub(1);
        let source = lookup(pages, last, from.wrapping_add(done), page_shift)?;
        let piece: [u8; MATCH] = *source.first_chunk()?;
        *chunk_mut(pages.last_mut()?.as_mut(), at.wrapping_add(done))? = piece;
        done = done.wrapping_add(MATCH);
    }
    Some(())
}

#[inline(always)]
fn chunk_mut<const N: usize>(page: &mut [u8], at: usize) -> Option<&mut [u8; N]> {
    page.get_mut(at..)?.first_chunk_mut()
}
