// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! One round of output: bytes pushed, runs, and match copies.

use super::copy::{copy_chunks, copy_over, load_chunk, lookup, store_chunk, Exact, Rules, CHUNK};
use super::Parked;
use super::Step;
use crate::{Error, Page};

/// One round of output: a page with the full pages before it.
///
/// The pages stay one array, in which the present page is looked up like the others. Which page a
/// copy reads from can't be predicted, so that must not be a branch.
///
/// Sums that an invariant keeps from overflowing are wrapping ones. If a page changes its length in
/// spite of the contract, a lookup fails.
///
/// # Invariants
/// - The last of `pages` is the present one; `pages` is empty if there is none.
/// - The pages before it are full, and have the length that `rules` tells.
/// - `start <= at`, and `at` is at most the page's length; `end` is where the round should end.
/// - `last` is the byte before `start`, zero if there is none.
#[doc(hidden)]
pub struct Cursor<'a, P> {
    pub(super) pages: &'a mut [P],
    pub(super) rules: Rules<'a>,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) at: usize,
    pub(super) last: u8,
    pub(super) parked: Parked,
}

/// How far a [`Cursor`] has come.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    at: usize,
    parked: Parked,
}

impl<P: Page> Cursor<'_, P> {
    /// A copy of this cursor, which a loop can hold in registers. A function that is not inlined
    /// gets another copy from the loop. [`move_to`](Self::move_to) brings this cursor to where the
    /// copy has come.
    #[inline(always)]
    pub(crate) fn reborrow(&mut self) -> Cursor<'_, P> {
        Cursor { pages: self.pages, ..*self }
    }

    #[inline(always)]
    pub(crate) fn mark(&self) -> Mark {
        Mark { at: self.at, parked: self.parked }
    }

    #[inline(always)]
    pub(crate) fn move_to(&mut self, mark: Mark) {
        Mark { at: self.at, parked: self.parked } = mark;
    }

    /// Whether the round must end before another byte is written.
    #[inline(always)]
    pub(crate) fn is_full(&self) -> bool {
        self.at >= self.end
    }

    /// Whether the rest of a copy waits for the next page. Nothing may be decoded before it is
    /// written.
    #[inline(always)]
    pub(crate) fn is_parked(&self) -> bool {
        self.parked.length > 0
    }

    /// Moves the end of the round to `bytes` bytes from here, if it is further away.
    pub(crate) fn cap(&mut self, bytes: usize) {
        self.end = self.end.min(self.at.saturating_add(bytes));
    }

    /// Bytes of history: how far back a copy may reach, the window aside.
    #[inline(always)]
    pub(crate) fn history(&self) -> usize {
        self.rules.history(self.at)
    }

    /// Bytes of history, including those that a parked copy has still to write.
    pub(crate) fn committed(&self) -> usize {
        self.history().wrapping_add(self.parked.length)
    }

    /// The last byte written, zero if there is none.
    #[inline(always)]
    pub(crate) fn last(&mut self) -> u8 {
        if self.at == self.start {
            return self.last;
        }
        let at = self.at.wrapping_sub(1);
        self.page().and_then(|page| page.get(at)).copied().unwrap_or(0)
    }

    /// The byte `distance` bytes back, for a distance that a copy has had before. `None`: its page
    /// is not there.
    #[inline(always)]
    pub(crate) fn peek(&self, distance: usize) -> Option<u8> {
        self.source(distance)?.first().copied()
    }

    /// Writes one byte; `false`, and nothing done, if there is no room.
    #[inline(always)]
    #[must_use]
    pub(crate) fn push(&mut self, byte: u8) -> bool {
        let at = self.at;
        let Some(slot) = self.page().and_then(|page| page.get_mut(at)) else { return false };
        *slot = byte;
        self.at = at.wrapping_add(1);
        true
    }

    /// Writes as many of `bytes` as there is room for, and returns how many.
    pub(crate) fn extend(&mut self, bytes: &[u8]) -> usize {
        let at = self.at;
        let Some(room) = self.page().and_then(|page| page.get_mut(at..)) else { return 0 };
        let fits = copy_over(room, bytes);
        self.at = at.wrapping_add(fits);
        fits
    }

    /// Writes up to `left` bytes that `input` holds as they are, as far as there is input and room.
    /// Returns how many it wrote, and what the others need.
    pub(crate) fn store(&mut self, input: &[u8], left: usize) -> (usize, Step) {
        let taken = self.extend(input.get(..left).unwrap_or(input));
        let step = match left.saturating_sub(taken) {
            0 => Step::Done,
            _ if self.is_full() => Step::Full,
            _ => Step::NeedInput,
        };
        (taken, step)
    }

    /// Writes `byte` at most `times` times, as far as there is room, and returns how often.
    pub(crate) fn fill(&mut self, byte: u8, times: usize) -> usize {
        let at = self.at;
        let Some(room) = self.page().and_then(|page| page.get_mut(at..)) else { return 0 };
        let fits = times.min(room.len());
        room.iter_mut().take(fits).for_each(|slot| *slot = byte);
        self.at = at.wrapping_add(fits);
        fits
    }

    /// Copies `length` bytes from `distance` bytes back. The round must have room for one byte.
    /// What does not fit is parked, and then the round [is full](Self::is_full). `false`: there is
    /// [an error](Self::why_not).
    #[inline(always)]
    #[must_use]
    pub(crate) fn copy(&mut self, distance: usize, length: usize) -> bool {
        if distance >= length && distance <= self.rules.window && distance <= self.history() {
            let done = if length <= CHUNK {
                self.copy_chunk(distance, length)
            } else {
                self.copy_medium(distance, length)
            };
            if done.is_some() {
                return true;
            }
        }
        let mut cursor = self.reborrow();
        let done = cursor.copy_slowly(distance, length);
        let mark = cursor.mark();
        self.move_to(mark);
        done
    }

    /// Why [`copy`](Self::copy) failed.
    #[cold]
    pub(crate) fn why_not(&mut self, distance: usize) -> Error {
        self.exactly(|exact| exact.why_not(distance)).unwrap_or(Error::Internal)
    }

    /// A copy of at most 16 bytes that does not overlap itself. It writes a whole chunk, so that
    /// there is no branch on its length. `None`, and nothing done, if less than a chunk is between
    /// the source, or the place to write to, and the end of its page.
    #[inline(always)]
    fn copy_chunk(&mut self, distance: usize, length: usize) -> Option<()> {
        let chunk = load_chunk(self.source(distance)?, 0)?;
        let at = self.at;
        store_chunk(self.page()?, at, chunk)?;
        self.at = at.wrapping_add(length);
        Some(())
    }

    /// A copy of 17 to 64 bytes that does not overlap itself. `None`, and nothing done, if it is
    /// longer, or if its source or the room for it meets the end of a page.
    #[inline(always)]
    fn copy_medium(&mut self, distance: usize, length: usize) -> Option<()> {
        let from = self.at.wrapping_sub(distance);
        let (page, before) = self.pages.split_last_mut()?;
        let (done, room) = page.as_mut().split_at_mut_checked(self.at)?;
        let source = match done.get(from..) {
            Some(source) => source,
            None => lookup(before, before.len(), from, self.rules.page_shift)?,
        };
        copy_chunks(source.get(..length)?, room.get_mut(..length)?)?;
        self.at = self.at.wrapping_add(length);
        Some(())
    }

    /// [`copy`](Self::copy) for any source and length, a run of bytes at a time.
    #[inline(never)]
    #[must_use]
    pub(crate) fn copy_slowly(&mut self, distance: usize, length: usize) -> bool {
        self.exactly(|exact| exact.copy(distance, length)).unwrap_or(false)
    }

    /// Executes the parked copy as far as it fits. `false`: its source is not there.
    #[must_use]
    pub(super) fn unpark(&mut self) -> bool {
        let Parked { distance, length } = self.parked;
        // Without a page there is no room, and the copy stays parked.
        length == 0 || self.exactly(|exact| exact.resume(distance, length)).unwrap_or(true)
    }

    /// Calls `act` with the present page and the full pages before it. `None`: there is no page.
    fn exactly<T>(&mut self, act: impl FnOnce(&mut Exact<'_, '_, P>) -> T) -> Option<T> {
        let Self { rules, at, parked, .. } = self;
        let (page, before) = self.pages.split_last_mut()?;
        let page = page.as_mut();
        let mut exact = Exact { before, page, rules, at: *at, parked: *parked };
        let result = act(&mut exact);
        (*at, *parked) = (exact.at, exact.parked);
        Some(result)
    }

    /// The present page.
    #[inline(always)]
    pub(super) fn page(&mut self) -> Option<&mut [u8]> {
        Some(self.pages.last_mut()?.as_mut())
    }

    /// The bytes from `distance` bytes back to the end of their page.
    #[inline(always)]
    fn source(&self, distance: usize) -> Option<&[u8]> {
        let from = self.at.wrapping_sub(distance);
        lookup(self.pages, self.pages.len().wrapping_sub(1), from, self.rules.page_shift)
    }
}
