// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Literals and short copies while there is ample room.
//!
//! A [`Spot`] stands for room: it exists only where its bytes fit. What a copy reads is held
//! against [`lowest`](Margins::lowest) in the method that reads it.

use core::slice;

use super::super::copy::{copy_over, Margins, Rules, CHUNK, LITERALS, NOWHERE, SHORT};
use super::super::cursor::Cursor;
use super::super::Parked;
use super::{copy_by_chunks, copy_by_words, repeat, Near, WORD};
use crate::{Error, Page};

/// The present page and those before it, for a stretch of symbols.
///
/// # Invariants
/// - From each place below `margins.ample` there is room for `LITERALS + SHORT` bytes.
/// - `margins.lowest` is not before the pages that `near` covers.
pub(crate) struct Fast<'c, 'a, P> {
    near: Near<'c, P>,
    margins: Margins,
    rules: &'c Rules<'a>,
    parked: &'c mut Parked,
    at: &'c mut usize,
    /// Why a copy failed; `at` is where.
    failed: Option<Error>,
}

impl<'c, 'a, P: Page> Fast<'c, 'a, P> {
    /// A stretch of symbols that has not [begun](Self::begin).
    #[inline(always)]
    pub(crate) fn new(cursor: &'c mut Cursor<'a, P>) -> Self {
        let Cursor { pages, rules, parked, at, end, .. } = cursor;
        let near = Near::new(pages, rules.page_shift);
        // INVARIANT: No place is below `ample`, and `lowest` is not negative.
        Fast { near, margins: Margins::none(*end), rules, parked, at, failed: None }
    }

    /// Begins the stretch; no symbol has a distance above `farthest`. Returns the place of the next
    /// byte. Without a page there is no room.
    #[inline(never)]
    pub(crate) fn begin(&mut self, farthest: usize) -> usize {
        let wanted = farthest.min(self.rules.window).min(self.rules.earlier);
        let covered = self.near.cover(wanted);
        // INVARIANT: `Margins` leaves as much room as it promises, and goes no further back than
        // `covered`.
        let (length, end) = (self.near.length, self.margins.end);
        self.margins = Margins::new(self.rules, length, end, covered, farthest);
        *self.at
    }

    /// The place `at`, if there is room from there on.
    #[inline(always)]
    pub(crate) fn spot(&mut self, at: usize) -> Option<Spot<'_, 'c, 'a, P, LITERALS>> {
        // INVARIANT: `ample` leaves as much room.
        (at < self.margins.ample).then_some(Spot { fast: self, at })
    }

    /// Whether the round must end before another byte is written at `at`.
    #[inline(always)]
    pub(crate) fn is_full(&self, at: usize) -> bool {
        at >= self.margins.end
    }

    /// Whether nothing more may be decoded: the rest of a copy waits for the next page, or a copy
    /// failed.
    #[inline(always)]
    pub(crate) fn is_stopped(&self) -> bool {
        self.parked.length > 0 || self.failed.is_some()
    }

    /// Writes one byte at `at`, and returns the place after it. `None`, and nothing done, if the
    /// round must end before that.
    #[inline(always)]
    pub(crate) fn push(&mut self, at: usize, byte: u8) -> Option<usize> {
        if self.is_full(at) {
            return None;
        }
        *self.near.bytes().get_mut(at)? = byte;
        Some(at.wrapping_add(1))
    }

    /// Ends the stretch: the next byte's place is `at`, unless a copy failed.
    #[inline(always)]
    pub(crate) fn finish(self, at: usize) -> Result<(), Error> {
        match self.failed {
            None => *self.at = at,
            Some(error) => return Err(error),
        }
        Ok(())
    }

    /// The address of the byte `distance` bytes before the place `at`, and that of `at`. `None`,
    /// unless the source is near and `length` bytes lie in one page from either on.
    #[inline]
    fn addresses(&self, at: usize, distance: usize, length: usize) -> Option<(*const u8, *mut u8)> {
        let near = &self.near;
        let from = (at as isize).wrapping_sub(distance as isize);
        // In this order, as each comparison relies on those before it: no difference overflows, and
        // `from` is less than `at` and has an address.
        let is_near = at <= near.length
            && (distance as isize) > 0
            && from >= self.margins.lowest
            && length <= near.length.wrapping_sub(at)
            && length <= near.mask.wrapping_sub(from as usize & near.mask);
        // SAFETY: `lowest <= from < at <= length`, and `at` is in the present page or at its end.
        is_near.then(|| unsafe { (near.address(from), near.page.add(at)) })
    }

    /// A copy that is longer than [`SHORT`], or that overlaps itself: in chunks or words, if they
    /// all lie in one page, or else by [`copy_exactly`](Self::copy_exactly).
    #[cold]
    #[inline(never)]
    fn copy_long(&mut self, at: usize, distance: usize, length: usize) -> usize {
        let rounded = length.saturating_add(CHUNK - 1);
        let Some((source, room)) = self.addresses(at, distance, rounded) else {
            return self.copy_exactly(at, distance, length);
        };
        // SAFETY: The copy writes no more than `rounded` bytes, as the last store starts before
        // `length` and has at most `CHUNK` bytes. It reads as many bytes, `distance` bytes before
        // those that it writes, or the first `WORD` of them. All are in their pages, where
        // `addresses` found them.
        unsafe {
            if distance >= CHUNK {
                copy_by_chunks(source, room, 0, length);
            } else if distance >= WORD {
                copy_by_words(source, room, 0, length);
            } else {
                repeat(source, room, distance, length);
            }
        }
        at.wrapping_add(length)
    }

    /// Executes a copy whose source lies in one page and does not overlap the room for it, and
    /// writes nothing after it. `None`, and nothing done, if it is another copy, or if there is no
    /// room.
    #[inline(always)]
    fn copy_apart(&mut self, at: usize, distance: usize, length: usize) -> Option<()> {
        if distance < length {
            return None;
        }
        let (source, room) = self.addresses(at, distance, length)?;
        // SAFETY: Both are in their pages, where `addresses` found them. `room` starts `distance`
        // bytes after `source` if both are in the present page, so that they do not overlap.
        let (source, room) = unsafe {
            (slice::from_raw_parts(source, length), slice::from_raw_parts_mut(room, length))
        };
        copy_over(room, source);
        Some(())
    }

    /// Copies `length` bytes from `distance` bytes back, in whichever page that is, and parks what
    /// does not fit. Returns the place after them, or [`NOWHERE`] if the copy failed.
    #[cold]
    #[inline(never)]
    pub(crate) fn copy_exactly(&mut self, at: usize, distance: usize, length: usize) -> usize {
        if self.copy_apart(at, distance, length).is_some() {
            return at.wrapping_add(length);
        }
        let mut exact = self.near.exact(self.rules, at, *self.parked);
        if !exact.copy(distance, length) {
            self.failed = Some(exact.why_not(distance));
            *self.at = at;
            return NOWHERE;
        }
        *self.parked = exact.parked;
        exact.at
    }
}

/// A place in the present page.
///
/// # Invariants
/// - From `at` on the page has room for `LITERALS` bytes and [`SHORT`] more.
pub(crate) struct Spot<'f, 'c, 'a, P, const LITERALS: usize> {
    fast: &'f mut Fast<'c, 'a, P>,
    at: usize,
}

impl<'f, 'c, 'a, P: Page, const LITERALS: usize> Spot<'f, 'c, 'a, P, LITERALS> {
    #[inline(always)]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Gives up the room for literals: only a copy may follow here.
    #[inline(always)]
    pub(crate) fn without_literals(self) -> Spot<'f, 'c, 'a, P, 0> {
        // INVARIANT: There is room for `SHORT` bytes here already.
        Spot { fast: self.fast, at: self.at }
    }

    /// Writes one byte here.
    #[inline(always)]
    fn put(&mut self, byte: u8) {
        const { assert!(LITERALS > 0) };
        debug_assert!(self.at < self.fast.near.length);
        // SAFETY: There is room for a literal at `at`, so the place is in the present page.
        unsafe { self.fast.near.page.add(self.at).write(byte) };
    }
}

impl<'f, 'c, 'a, P: Page> Spot<'f, 'c, 'a, P, 2> {
    /// Writes a literal.
    #[inline(always)]
    pub(crate) fn literal(mut self, byte: u8) -> Spot<'f, 'c, 'a, P, 1> {
        self.put(byte);
        // INVARIANT: One literal less fits from one byte further on.
        Spot { fast: self.fast, at: self.at.wrapping_add(1) }
    }
}

impl<'f, 'c, 'a, P: Page> Spot<'f, 'c, 'a, P, 1> {
    /// Writes a literal.
    #[inline(always)]
    pub(crate) fn literal(mut self, byte: u8) -> Spot<'f, 'c, 'a, P, 0> {
        self.put(byte);
        // INVARIANT: One literal less fits from one byte further on.
        Spot { fast: self.fast, at: self.at.wrapping_add(1) }
    }
}

impl<P: Page> Spot<'_, '_, '_, P, 0> {
    /// Copies `length` bytes from `distance` bytes back, and parks what does not fit. Returns the
    /// place after them, or [`NOWHERE`] if the copy failed.
    #[inline(always)]
    pub(crate) fn copy(self, distance: usize, length: usize) -> usize {
        let Self { fast, at } = self;
        let from = (at as isize).wrapping_sub(distance as isize);
        if length > SHORT {
            return fast.copy_long(at, distance, length);
        }
        if from < fast.margins.lowest {
            return fast.copy_exactly(at, distance, length);
        }
        if (distance as isize) < length as isize {
            return fast.copy_long(at, distance, length);
        }
        // `SHORT` bytes from `from` on must lie in the source's page.
        let near = &fast.near;
        if from as usize & near.mask > near.mask.wrapping_sub(SHORT - 1) {
            return fast.copy_exactly(at, distance, length);
        }
        debug_assert!(from <= at as isize && at.saturating_add(SHORT) <= near.length);
        // SAFETY: `distance` is not negative, so `lowest <= from <= at`. `SHORT` bytes from `from`
        // on are in its page: the last comparison says so for one of `mask + 1` bytes, and for the
        // present page `from <= at` does, as there is room for `SHORT` bytes at `at`. Both chunks
        // are read before either is written.
        unsafe {
            let source = near.address(from).cast::<u128>();
            let room = near.page.add(at).cast::<u128>();
            let (first, second) = (source.read_unaligned(), source.add(1).read_unaligned());
            room.write_unaligned(first);
            room.add(1).write_unaligned(second);
        }
        at.wrapping_add(length)
    }
}
