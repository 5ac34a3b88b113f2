// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! One round of output: bytes pushed, runs, and match copies.

use super::copy::{copy_chunks, copy_over, load_chunk, lookup, store_chunk, Exact, Rules, CHUNK};
use super::Parked;
use super::Step;
use crate::{Error, Page};

/// One round of output: a page with the full pages before it.
///
/// The pages stay one array, and the present page is looked up in it like the others: from which
/// page a copy reads can't be predicted, so that must not be a branch.
///
/// Sums that an invariant keeps from overflowing are written as wrapping ones; if a page changes
/// under our hands all the same, a lookup fails.
///
/// # Invariants
/// - The last of `pages` is the present one; `pages` is empty if there is none.
/// - The pages before it are full, and have the length that `rules` tells.
/// - `start <= at`, and `at` is at most the page's length; `end` is where the round should end.
/// - `last` is the byte before `start`.
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

/// Where a [`Cursor`] is.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    at: usize,
    parked: Parked,
}

impl<P: Page> Cursor<'_, P> {
    /// A copy of this cursor, for a loop to hold in registers. A call that is not inlined gets a copy of
    /// its own in turn. [`move_to`](Self::move_to) brings this cursor to where the copy came.
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

    /// Whether the end of a copy waits for the next page. Nothing may be decoded before it.
    #[inline(always)]
    pub(crate) fn is_parked(&self) -> bool {
        self.parked.length > 0
    }

    /// Ends the round after `bytes` more at the latest.
    pub(crate) fn cap(&mut self, bytes: usize) {
        self.end = self.end.min(self.at.saturating_add(bytes));
    }

    /// Bytes of history, which are those that a copy can reach but for the window.
    #[inline(always)]
    pub(crate) fn history(&self) -> usize {
        self.rules.history(self.at)
    }

    /// Bytes of history once a parked copy will have been made.
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

    /// The byte `distance` bytes back, which a copy has reached before.
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

    /// Writes as many of `bytes` as there is room for, and says how many.
    pub(crate) fn extend(&mut self, bytes: &[u8]) -> usize {
        let at = self.at;
        let Some(room) = self.page().and_then(|page| page.get_mut(at..)) else { return 0 };
        let fits = copy_over(room, bytes);
        self.at = at.wrapping_add(fits);
        fits
    }

    /// Writes `left` bytes that stand in `input` as they are, as far as they are there and there is
    /// room. Returns how many, and what is needed for the others.
    pub(crate) fn store(&mut self, input: &[u8], left: usize) -> (usize, Step) {
        let taken = self.extend(input.get(..left).unwrap_or(input));
        let step = match left.saturating_sub(taken) {
            0 => Step::Done,
            _ if self.is_full() => Step::Full,
            _ => Step::NeedInput,
        };
        (taken, step)
    }

    /// Writes `byte` up to `times` times, as there is room for, and says how often.
    pub(crate) fn fill(&mut self, byte: u8, times: usize) -> usize {
        let at = self.at;
        let Some(room) = self.page().and_then(|page| page.get_mut(at..)) else { return 0 };
        let fits = times.min(room.len());
        room.iter_mut().take(fits).for_each(|slot| *slot = byte);
        self.at = at.wrapping_add(fits);
        fits
    }

    /// Writes `length` bytes again that start `distance` bytes back. What does not fit is parked:
    /// then the round [is full](Self::is_full), and must have had room for one byte before.
    /// `false`: there is [an error](Self::why_not).
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

    /// A copy of up to 16 bytes, none of which it writes itself: always a whole chunk, so that its
    /// length is no branch. `None`, and nothing done, within 16 bytes of a page's end.
    #[inline(always)]
    fn copy_chunk(&mut self, distance: usize, length: usize) -> Option<()> {
        let chunk = load_chunk(self.source(distance)?, 0)?;
        let at = self.at;
        store_chunk(self.page()?, at, chunk)?;
        self.at = at.wrapping_add(length);
        Some(())
    }

    /// A copy of 17 to 64 bytes, none of which it writes itself. `None`, and nothing done, if it is
    /// longer, or at a page's end.
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

    /// Makes the parked copy as far as it fits. `false`: its source is not there.
    #[must_use]
    pub(super) fn unpark(&mut self) -> bool {
        let Parked { distance, length } = self.parked;
        // Without a page there is no room, and the copy stays parked.
        length == 0 || self.exactly(|exact| exact.resume(distance, length)).unwrap_or(true)
    }

    /// Acts on the present page. `None`: there is none.
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

    /// From the byte `distance` bytes back to the end of its page.
    #[inline(always)]
    fn source(&self, distance: usize) -> Option<&[u8]> {
        let from = self.at.wrapping_sub(distance);
        lookup(self.pages, self.pages.len().wrapping_sub(1), from, self.rules.page_shift)
    }
}
