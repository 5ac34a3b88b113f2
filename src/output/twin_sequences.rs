// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! `raw/sequences.rs` in safe Rust: each method writes the same bytes, and checks its bounds.

use core::ops::Range;

use super::copy::{copy_over, load_chunk, lookup, store_chunk, CHUNK};
use super::cursor::Cursor;
use super::sequence::{Limits, Sequence};
use crate::{Error, Page};

/// The present page and those before it, for a round of sequences.
pub(crate) struct Executor<'c, 'a, P> {
    cursor: &'c mut Cursor<'a, P>,
    limits: Limits,
}

impl<'c, 'a, P: Page> Executor<'c, 'a, P> {
    /// An executor of sequences that may write `budget` bytes.
    #[inline(always)]
    pub(crate) fn new(cursor: &'c mut Cursor<'a, P>, budget: usize) -> Self {
        let length = cursor.page().map_or(0, |page| page.len());
        let limits = Limits::new(&cursor.rules, length, cursor.end, cursor.at, budget);
        Self { cursor, limits }
    }

    /// Executes sequences while nothing is wrong with them. Their literals are the range
    /// `remaining` of `literals`. Returns how many it executed; of the next one nothing has been
    /// written but scratch bytes.
    pub(crate) fn execute(
        &mut self,
        sequences: &[Sequence],
        literals: &[u8],
        remaining: &mut Range<usize>,
    ) -> usize {
        let mut done = 0usize;
        while let Some(rest) = sequences.get(done..) {
            let inside = self.execute_inside(rest, literals, remaining);
            done = done.wrapping_add(inside);
            let next = rest.get(inside);
            if next.and_then(|next| self.execute_exactly(next, literals, remaining)).is_none() {
                break;
            }
            done = done.wrapping_add(1);
            if self.cursor.at >= self.limits.stop {
                break;
            }
        }
        done
    }

    /// [`execute`](Self::execute) while sequences lie well inside of pages.
    #[inline(never)]
    fn execute_inside(
        &mut self,
        sequences: &[Sequence],
        literals: &[u8],
        remaining: &mut Range<usize>,
    ) -> usize {
        // A copy of the cursor that lives in registers.
        let mut cursor = self.cursor.reborrow();
        let mut rest = remaining.clone();
        let mut done = 0usize;
        for sequence in sequences {
            if execute_one(&mut cursor, self.limits, sequence, literals, &mut rest).is_none() {
                break;
            }
            done = done.wrapping_add(1);
        }
        let at = cursor.at;
        self.cursor.at = at;
        *remaining = rest;
        done
    }

    /// Executes a sequence, and writes nothing after it. `None`, and nothing done but scratch
    /// bytes, if it does not fit or is not allowed.
    #[inline(never)]
    fn execute_exactly(
        &mut self,
        sequence: &Sequence,
        literals: &[u8],
        remaining: &mut Range<usize>,
    ) -> Option<()> {
        let [run, length, distance] = sequence.fields();
        let at = self.cursor.at;
        let end = self.limits.most.min(self.cursor.page()?.len());
        if run.saturating_add(length) > end.saturating_sub(at) {
            return None;
        }
        self.cursor.extend(literals.get(remaining.clone())?.get(..run)?);
        if !self.cursor.copy_slowly(distance, length) {
            self.cursor.at = at;
            return None;
        }
        remaining.start = remaining.start.wrapping_add(run);
        Some(())
    }

    /// The place of the next byte.
    #[cfg(all(test, not(feature = "safe")))]
    pub(crate) fn at(&self) -> usize {
        self.cursor.at
    }

    /// Bytes that may still be written.
    pub(crate) fn budget(&self) -> usize {
        self.limits.most.saturating_sub(self.cursor.at)
    }

    /// Whether the rest of a copy waits for the next page. Nothing may be executed before it is
    /// written.
    pub(crate) fn is_parked(&self) -> bool {
        self.cursor.is_parked()
    }

    /// Whether the round must end before another byte is written.
    pub(crate) fn is_full(&self) -> bool {
        self.cursor.is_full()
    }

    /// Writes as many of `bytes` as there is room for, and returns how many.
    pub(crate) fn extend(&mut self, bytes: &[u8]) -> usize {
        self.cursor.extend(bytes)
    }

    /// Copies `length` bytes from `distance` bytes back, in whichever page that is, and parks what
    /// does not fit.
    pub(crate) fn copy(&mut self, distance: usize, length: usize) -> Result<(), Error> {
        if self.cursor.copy_slowly(distance, length) {
            Ok(())
        } else {
            Err(self.cursor.why_not(distance))
        }
    }
}

/// Executes a sequence; `None`, and nothing done but scratch bytes, if something is unusual about
/// it.
#[inline(always)]
fn execute_one<P: Page>(
    cursor: &mut Cursor<'_, P>,
    limits: Limits,
    sequence: &Sequence,
    literals: &[u8],
    remaining: &mut Range<usize>,
) -> Option<()> {
    let [run, length, distance] = sequence.fields();
    let (at, taken) = (cursor.at, remaining.start);
    let middle = at.wrapping_add(run);
    let end = Sequence::end(middle, length);
    let from = (middle as isize).wrapping_sub(distance as isize);
    let is_apart = distance >= length && distance as isize > 0;
    if run > remaining.end.wrapping_sub(taken)
        || end >= limits.stop
        || from < limits.lowest
        || !is_apart
    {
        return None;
    }
    // These are written whatever comes of the match: only the distance can still be wrong.
    store_chunk(cursor.page()?, at, load_chunk(literals, taken)?)?;
    if run > CHUNK {
        copy_over(cursor.page()?.get_mut(at..)?, literals.get(taken..)?.get(..run)?);
    }
    let shift = cursor.rules.page_shift;
    let origin = cursor.pages.len().wrapping_sub(1);
    let source = lookup(cursor.pages, origin, from as usize, shift)?;
    // The first chunk and the last one, which are the same for a short match: whether it is short
    // can't be predicted, and so must not be a branch.
    let size = length.max(CHUNK);
    let rest = size.wrapping_sub(CHUNK);
    let source = source.get(..size)?;
    let (first, last) = (load_chunk(source, 0)?, load_chunk(source, rest)?);
    let slot = cursor.page()?.get_mut(middle..)?.get_mut(..size)?;
    store_chunk(slot, 0, first)?;
    store_chunk(slot, rest, last)?;
    if length > 2 * CHUNK {
        repeat_long(cursor.pages, shift, from as usize, middle, length)?;
    }
    cursor.at = end;
    remaining.start = taken.wrapping_add(run);
    Some(())
}

/// Copies what a long match has between its first chunk and its last one.
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
