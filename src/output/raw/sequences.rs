// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Sequences of literals and matches. The loop that executes a sequence holds what it reads and
//! writes against the limits of the round.

use core::ops::Range;
use core::slice;

use super::super::copy::{Exact, Rules, CHUNK};
use super::super::cursor::Cursor;
use super::super::sequence::{Limits, Sequence};
use super::super::Parked;
use super::{copy_by_chunks, copy_by_words, repeat, Near, WORD};
use crate::{Error, Page};

/// The present page and those before it, for a round of sequences.
///
/// # Invariants
/// - From each place below `limits.stop` there is room for `CHUNK` bytes.
/// - `nearest` is not before the pages that `near` covers, nor before `limits.lowest`.
pub(crate) struct Executor<'c, 'a, P> {
    near: Near<'c, P>,
    limits: Limits,
    nearest: isize,
    /// Where the round should end.
    end: usize,
    rules: &'c Rules<'a>,
    parked: &'c mut Parked,
    at: &'c mut usize,
}

impl<'c, 'a, P: Page> Executor<'c, 'a, P> {
    /// Takes the addresses, for sequences that may write `budget` bytes. This is a function of its
    /// own, so that its stack is free while they are executed.
    #[inline(never)]
    pub(crate) fn new(cursor: &'c mut Cursor<'a, P>, budget: usize) -> Self {
        let Cursor { pages, rules, parked, at, end, .. } = cursor;
        let mut near = Near::new(pages, rules.page_shift);
        let limits = Limits::new(rules, near.length, *end, *at, budget);
        let covered = near.cover(limits.lowest.min(0).unsigned_abs());
        // INVARIANT: `Limits` leaves as much room as it promises, and `near` covers `covered`
        // bytes.
        let nearest = limits.lowest.max((covered as isize).wrapping_neg());
        Self { near, limits, nearest, end: *end, rules, parked, at }
    }

    /// Executes sequences while nothing is wrong with them. Their literals are the range
    /// `remaining` of `literals`. Returns how many it executed; of the next one nothing has been
    /// written but scratch bytes.
    #[inline(never)]
    pub(crate) fn execute(
        &mut self,
        sequences: &[Sequence],
        literals: &[u8],
        remaining: &mut Range<usize>,
    ) -> usize {
        let (page, stop) = (self.near.page, self.limits.stop);
        let (mut at, taken, last_literal) = (*self.at, remaining.start, remaining.end);
        let is_padded = last_literal.checked_add(CHUNK).is_some_and(|end| end <= literals.len());
        if !is_padded || taken > last_literal || at >= stop || self.near.mask < CHUNK {
            return 0;
        }
        // Addresses take fewer registers than places do.
        let (mut literal, mut next) = (literals.as_ptr().wrapping_add(taken), sequences);
        let end_of_literals = literals.as_ptr().wrapping_add(last_literal);
        while let [sequence, rest @ ..] = next {
            let [run, length, distance] = sequence.fields();
            let middle = at.wrapping_add(run);
            let end = Sequence::end(middle, length);
            // If there are as many literals, `middle` has not overflowed.
            if run > end_of_literals.addr().wrapping_sub(literal.addr()) {
                break;
            }
            let source = if end < stop { self.source(middle, length, distance) } else { None };
            let Some(source) = source else {
                // SAFETY: These bytes are in `literals`, where they end at `last_literal` or
                // before.
                let run = unsafe { slice::from_raw_parts(literal, run) };
                let Some(after) = self.execute_exactly(at, run, length, distance) else { break };
                (at, literal, next) = (after, literal.wrapping_add(run.len()), rest);
                if at >= stop {
                    break;
                }
                continue;
            };
            debug_assert!(end.saturating_add(CHUNK) <= self.near.length);
            // SAFETY: Each store starts inside its run, or is the first of it, so at a place up to
            // `end`, from which there is room for a chunk. Reads of literals end at most a chunk
            // after the last literal, where `literals` goes on. Reads of the match stay in the
            // source's page, as `source` has seen; in the present page they end at most a chunk
            // after `end`.
            unsafe {
                copy_literals(literal, page.add(at), run);
                if distance < WORD {
                    repeat_match(source, page.add(middle), distance, length);
                } else {
                    copy_match(source, page.add(middle), length);
                }
            }
            at = end;
            literal = literal.wrapping_add(run);
            next = rest;
        }
        *self.at = at;
        remaining.start = literal.addr().wrapping_sub(literals.as_ptr().addr());
        sequences.len().wrapping_sub(next.len())
    }

    /// The address of the byte `distance` bytes before `middle`. `None`, unless a match of `length`
    /// bytes from there is allowed and all its chunks lie in one page.
    #[inline(always)]
    fn source(&self, middle: usize, length: usize, distance: usize) -> Option<*const u8> {
        let from = (middle as isize).wrapping_sub(distance as isize);
        // On 32-bit machines a distance from 2 GiB on is a negative `isize`.
        if distance == 0 || (usize::BITS < u64::BITS && (distance as isize) < 0) {
            return None;
        }
        let Near { shift, mask, before, .. } = self.near;
        // The last offset in a page from which a whole chunk can be read.
        let last_chunk = mask.wrapping_sub(CHUNK - 1);
        let offset = from as usize & mask;
        if offset > last_chunk || (length > CHUNK && length > last_chunk.wrapping_sub(offset)) {
            return None;
        }
        if from >= self.nearest {
            // SAFETY: `nearest <= from <= middle`, which is below the present page's length.
            return Some(unsafe { self.near.address(from) });
        }
        if from < self.limits.lowest || from >= 0 {
            return None;
        }
        let page = from.wrapping_shr(shift).wrapping_add_unsigned(before.len());
        let page = before.get(page as usize)?.as_ref();
        // The page is shorter than it was when it was filled.
        if page.len() <= mask {
            return None;
        }
        Some(page.as_ptr().wrapping_add(offset))
    }

    /// Executes a sequence with these literals at `at`, and writes nothing after it. Returns the
    /// place after it. `None`, and nothing done but scratch bytes, if it does not fit or is not
    /// allowed.
    #[cold]
    #[inline(never)]
    fn execute_exactly(
        &mut self,
        at: usize,
        literals: &[u8],
        length: usize,
        distance: usize,
    ) -> Option<usize> {
        let size = literals.len().saturating_add(length);
        if size > self.limits.most.min(self.near.length).saturating_sub(at) {
            return None;
        }
        let mut exact = self.near.exact(self.rules, at, *self.parked);
        exact.extend(literals);
        exact.copy(distance, length).then_some(exact.at)
    }

    /// The place of the next byte.
    #[cfg(test)]
    pub(crate) fn at(&self) -> usize {
        *self.at
    }

    /// Bytes that may still be written.
    pub(crate) fn budget(&self) -> usize {
        self.limits.most.saturating_sub(*self.at)
    }

    /// Whether the rest of a copy waits for the next page. Nothing may be executed before it is
    /// written.
    pub(crate) fn is_parked(&self) -> bool {
        self.parked.length > 0
    }

    /// Whether the round must end before another byte is written.
    pub(crate) fn is_full(&self) -> bool {
        *self.at >= self.end
    }

    /// Writes as many of `bytes` as there is room for, and returns how many.
    pub(crate) fn extend(&mut self, bytes: &[u8]) -> usize {
        self.exactly(|exact| exact.extend(bytes))
    }

    /// Copies `length` bytes from `distance` bytes back, in whichever page that is, and parks what
    /// does not fit.
    pub(crate) fn copy(&mut self, distance: usize, length: usize) -> Result<(), Error> {
        self.exactly(|exact| {
            if exact.copy(distance, length) {
                Ok(())
            } else {
                Err(exact.why_not(distance))
            }
        })
    }

    #[inline(always)]
    fn exactly<T>(&mut self, act: impl FnOnce(&mut Exact<'_, 'a, P>) -> T) -> T {
        let mut exact = self.near.exact(self.rules, *self.at, *self.parked);
        let result = act(&mut exact);
        (*self.at, *self.parked) = (exact.at, exact.parked);
        result
    }
}

/// Copies literals in chunks, at least one.
///
/// # Safety
///
/// `length` bytes, rounded up to a chunk, can be read from `source` on and be written from `room`
/// on, and they are apart.
#[inline(always)]
unsafe fn copy_literals(source: *const u8, room: *mut u8, length: usize) {
    // SAFETY: The first chunk is there whatever the length; what comes after it, as the caller
    // promises.
    unsafe {
        copy_by_chunks(source, room, 0, CHUNK);
        if length > CHUNK {
            copy_more_literals(source, room, length);
        }
    }
}

/// Copies the literals after the first chunk.
///
/// # Safety
///
/// As for [`copy_literals`].
#[cold]
#[inline(never)]
unsafe fn copy_more_literals(source: *const u8, room: *mut u8, length: usize) {
    // SAFETY: As the caller promises.
    unsafe { copy_by_chunks(source, room, CHUNK, length) };
}

/// Copies a match in words, at least two.
///
/// Most matches start where something was written just before. A word often lies within one earlier
/// store, which a processor forwards at once; a chunk spans several stores, and has to wait for all
/// of them.
///
/// # Safety
///
/// `length` bytes, rounded up to a chunk, can be read from `source` on and be written from `room`
/// on, and `source` is a word or more before `room`, unless they are apart.
#[inline(always)]
unsafe fn copy_match(source: *const u8, room: *mut u8, length: usize) {
    // SAFETY: Two words are there whatever the length; what comes after them, as the caller
    // promises.
    unsafe {
        copy_by_words(source, room, 0, CHUNK);
        if length > CHUNK {
            copy_by_words(source, room, CHUNK, 2 * CHUNK);
            if length > 2 * CHUNK {
                copy_more_words(source, room, length);
            }
        }
    }
}

/// Copies the bytes of a match after its first four words.
///
/// # Safety
///
/// As for [`copy_match`].
#[cold]
#[inline(never)]
unsafe fn copy_more_words(source: *const u8, room: *mut u8, length: usize) {
    // SAFETY: As the caller promises.
    unsafe { copy_by_words(source, room, 2 * CHUNK, length) };
}

/// [`repeat`] out of line, because few matches need it.
///
/// # Safety
///
/// As for [`repeat`].
#[cold]
#[inline(never)]
unsafe fn repeat_match(source: *const u8, room: *mut u8, distance: usize, length: usize) {
    // SAFETY: As the caller promises.
    unsafe { repeat(source, room, distance, length) };
}
