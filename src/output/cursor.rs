// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! One round of output: bytes pushed, runs, and the match copy.

use super::words::{copy_chunks, copy_over, load, repeat, store, Tail};
use super::Parked;
use crate::wrapped::Step;
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
/// - The pages before it are full, and all are `1 << page_shift` bytes long; `page_shift` is that
///   of half the address space if there is only one.
/// - `start <= at`, and `at` is at most the page's length; `end` is where the round should end.
/// - `tail` holds the last eight bytes written, also those of the page before.
/// - `at + reach` (wrapping) bytes of history lie before `at`.
#[doc(hidden)]
pub struct Cursor<'a, P> {
    pub(super) pages: &'a mut [P],
    pub(super) page_shift: u32,
    pub(super) end: usize,
    pub(super) start: usize,
    pub(super) at: usize,
    pub(super) tail: Tail,
    pub(super) reach: usize,
    pub(super) window: usize,
    /// What stands before the history: a dictionary.
    pub(super) prefix: &'a [u8],
    pub(super) parked: Parked,
}

/// Where a [`Cursor`] is.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    at: usize,
    tail: Tail,
    parked: Parked,
}

impl<P: Page> Cursor<'_, P> {
    /// The same cursor for a loop to hold in registers: a call that is not inlined gets one of its
    /// own in turn. [`move_to`](Self::move_to) brings this one to where that one came.
    #[inline(always)]
    pub(crate) fn reborrow(&mut self) -> Cursor<'_, P> {
        Cursor { pages: self.pages, ..*self }
    }

    #[inline(always)]
    pub(crate) fn mark(&self) -> Mark {
        Mark { at: self.at, tail: self.tail, parked: self.parked }
    }

    #[inline(always)]
    pub(crate) fn move_to(&mut self, mark: Mark) {
        Mark { at: self.at, tail: self.tail, parked: self.parked } = mark;
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
        self.at.wrapping_add(self.reach)
    }

    /// How far back a copy may reach at all.
    #[cfg(feature = "zstd")]
    pub(crate) fn window(&self) -> usize {
        self.window
    }

    /// The same once a parked copy will have been made.
    pub(crate) fn committed(&self) -> usize {
        self.history().wrapping_add(self.parked.length)
    }

    /// The last byte written, zero if there is none.
    #[inline(always)]
    pub(crate) fn last(&self) -> u8 {
        self.tail.last()
    }

    /// The byte `distance` bytes back, which a copy has reached before.
    #[inline(always)]
    pub(crate) fn peek(&self, distance: usize) -> Option<u8> {
        self.source(distance)?.first().copied()
    }

    /// Whether `bytes` more fit.
    #[inline(always)]
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.at.wrapping_add(bytes) <= self.end
    }

    /// Writes one byte; `false`, and nothing done, if there is no room.
    #[inline(always)]
    #[must_use]
    pub(crate) fn push(&mut self, byte: u8) -> bool {
        let at = self.at;
        let Some(slot) = self.page().and_then(|page| page.get_mut(at)) else { return false };
        *slot = byte;
        self.at = at.wrapping_add(1);
        self.tail = self.tail.push(byte);
        true
    }

    /// Writes as many of `bytes` as there is room for, and says how many.
    pub(crate) fn extend(&mut self, bytes: &[u8]) -> usize {
        let at = self.at;
        let Some(room) = self.page().and_then(|page| page.get_mut(at..)) else { return 0 };
        let fits = copy_over(room, bytes);
        self.at = at.wrapping_add(fits);
        self.extend_tail(at);
        fits
    }

    /// Writes `left` bytes that stand in `input` as they are, as far as they are there and there is
    /// room. Returns how many, and what is needed for the others.
    pub(crate) fn store(&mut self, input: &[u8], left: usize) -> (usize, Step) {
        let taken = self.extend(input.get(..left).unwrap_or(input));
        let step = match left.saturating_sub(taken) {
            0 => Step::End,
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
        self.extend_tail(at);
        fits
    }

    /// Writes `length` bytes again that begin `distance` bytes back. What does not fit is parked:
    /// then the round [is full](Self::is_full), and must have had room for one byte before.
    /// `false`: there is [an error](Self::why_not).
    #[inline(always)]
    #[must_use]
    pub(crate) fn copy(&mut self, distance: usize, length: usize) -> bool {
        if distance >= length && distance <= self.window && distance <= self.history() {
            let done = if length <= 16 {
                self.copy_words(distance, length)
            } else {
                self.copy_chunks(distance, length)
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
    pub(crate) fn why_not(&self, distance: usize) -> Error {
        if distance > self.window {
            Error::DistancePastWindow
        } else if distance.wrapping_sub(1) >= self.history() {
            Error::DistanceBeforeStart
        } else if self.source(distance).is_none() {
            Error::DistanceReleased
        } else {
            Error::PageShape
        }
    }

    /// A copy of up to 16 bytes, none of which it writes itself (see [`Tail`]). `None`, and nothing
    /// done, within 16 bytes of a page's end.
    #[inline(always)]
    fn copy_words(&mut self, distance: usize, length: usize) -> Option<()> {
        let (first, beyond) = (length.min(8), length.saturating_sub(8).min(8));
        let source: &[u8; 16] = self.source(distance)?.first_chunk()?;
        let (head, last) = (load(source, 0)?, load(source, beyond)?);
        let (head, last) = self.tail.join(first, head, last);
        let before = self.at.wrapping_sub(8);
        let area: &mut [u8; 24] = self.page()?.get_mut(before..)?.first_chunk_mut()?;
        store(area, first, head)?;
        store(area, first.wrapping_add(beyond), last)?;
        self.tail = Tail(last);
        self.at = self.at.wrapping_add(length);
        Some(())
    }

    /// A copy of 17 to 64 bytes, none of which it writes itself. `None`, and nothing done, if it is
    /// longer, or at a page's end.
    #[inline(always)]
    fn copy_chunks(&mut self, distance: usize, length: usize) -> Option<()> {
        let from = self.at.wrapping_sub(distance);
        let (page, before) = self.pages.split_last_mut()?;
        let (done, room) = page.as_mut().split_at_mut_checked(self.at)?;
        let source = match done.get(from..) {
            Some(source) => source,
            None => lookup(before, before.len(), from, self.page_shift)?,
        };
        self.tail = copy_chunks(source.get(..length)?, room.get_mut(..length)?)?;
        self.at = self.at.wrapping_add(length);
        Some(())
    }

    /// [`copy`](Self::copy) for any source and length, a run of bytes at a time.
    #[inline(never)]
    #[must_use]
    pub(crate) fn copy_slowly(&mut self, distance: usize, length: usize) -> bool {
        self.reaches(distance, length) && self.copy_judged(distance, length)
    }

    /// Whether a copy from `distance` bytes back is good. It may begin before the history if none of
    /// the bytes that it takes from there is written more than a window behind the first one: then
    /// what comes after them is in the window too.
    fn reaches(&self, distance: usize, length: usize) -> bool {
        let history = self.history();
        if distance.wrapping_sub(1) < history {
            return distance <= self.window;
        }
        let before = distance.wrapping_sub(history);
        let end = history.saturating_add(length.min(before));
        distance > 0 && before <= self.prefix.len() && end <= self.window
    }

    /// A copy that is good, or the rest of one: where it began is what counts. `false`: the bytes to
    /// copy are not there.
    #[must_use]
    pub(super) fn copy_judged(&mut self, distance: usize, mut length: usize) -> bool {
        let history = self.history();
        if distance.wrapping_sub(1) >= history {
            let from = self.prefix.len().wrapping_sub(distance.wrapping_sub(history));
            let Some(prefix) = self.prefix.get(from..) else { return false };
            let run = prefix.get(..length).unwrap_or(prefix);
            let taken = self.extend(run);
            length = length.wrapping_sub(taken);
            if taken < run.len() {
                self.parked = Parked { distance, length };
                return true;
            }
        }
        let start = self.at;
        while length > 0 {
            let from = self.at.wrapping_sub(distance);
            let Some((page, before)) = self.pages.split_last_mut() else { break };
            let Some((done, room)) = page.as_mut().split_at_mut_checked(self.at) else {
                return false;
            };
            if room.is_empty() {
                break;
            }
            let room = room.get_mut(..length.min(room.len())).unwrap_or(&mut []);
            let copied = if let Some(pattern) = done.get(from..) {
                repeat(pattern, room)
            } else if let Some(source) = lookup(before, before.len(), from, self.page_shift) {
                copy_over(room, source)
            } else {
                return false;
            };
            // Nothing to copy from: a page before this one is shorter than it was.
            if copied == 0 {
                return false;
            }
            self.at = self.at.wrapping_add(copied);
            length = length.saturating_sub(copied);
        }
        self.parked = Parked { distance, length };
        self.extend_tail(start);
        true
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
        lookup(self.pages, self.pages.len().wrapping_sub(1), from, self.page_shift)
    }

    /// Takes the bytes from `from` to the present place into the tail.
    pub(super) fn extend_tail(&mut self, from: usize) {
        let (at, mut tail) = (self.at, self.tail);
        let fresh = self.page().and_then(|page| page.get(from.max(at.saturating_sub(8))..at));
        let fresh = fresh.unwrap_or(&[]);
        tail = match fresh.first_chunk() {
            Some(word) => Tail(u64::from_le_bytes(*word)),
            None => fresh.iter().fold(tail, |tail, &byte| tail.push(byte)),
        };
        self.tail = tail;
    }
}

/// From a place in an array of pages to the end of its page: `from` bytes behind the begin of page
/// `origin`, or before it if negative.
#[inline(always)]
pub(super) fn lookup<P: Page>(
    pages: &[P],
    origin: usize,
    from: usize,
    page_shift: u32,
) -> Option<&[u8]> {
    let index = origin.wrapping_add((from as isize).wrapping_shr(page_shift) as usize);
    pages.get(index)?.as_ref().get(from & !usize::MAX.wrapping_shl(page_shift)..)
}
