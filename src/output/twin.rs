// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! [`raw`](super::raw) in safe Rust: each method writes the same bytes, and checks its bounds.

use super::copy::{
    load_chunk, lookup, store_chunk, Exact, Margins, Rules, CHUNK, LITERALS, NOWHERE, SHORT,
};
use super::cursor::Cursor;
use super::Parked;
use crate::{Error, Page};

/// The present page and those before it, as one array: from which of them a copy reads can't be
/// predicted, so that must not be a branch.
pub(crate) struct Fast<'c, 'a, P> {
    pages: &'c mut [P],
    margins: Margins,
    rules: &'c Rules<'a>,
    parked: &'c mut Parked,
    at: &'c mut usize,
    /// Where a copy failed, and why.
    failed: Option<(usize, Error)>,
}

impl<'c, 'a, P: Page> Fast<'c, 'a, P> {
    /// Begins a stretch of symbols, of which none has a distance above `farthest`. Returns also the place
    /// of the next byte. Without a page there is no room.
    pub(crate) fn open(cursor: &'c mut Cursor<'a, P>, farthest: usize) -> (Self, usize) {
        let length = cursor.page().map_or(0, |page| page.len());
        let Cursor { pages, rules, parked, at, .. } = cursor;
        let covered = pages.len().saturating_sub(1).wrapping_shl(rules.page_shift);
        let margins = Margins::new(rules, length, cursor.end, covered, farthest);
        let place = *at;
        (Fast { pages, margins, rules, parked, at, failed: None }, place)
    }

    /// The place `at`, if there is room from there on.
    #[inline(always)]
    pub(crate) fn spot(&mut self, at: usize) -> Option<Spot<'_, 'c, 'a, P, LITERALS>> {
        (at < self.margins.ample).then_some(Spot { fast: self, at })
    }

    /// Whether the round must end before another byte is written at `at`.
    #[inline(always)]
    pub(crate) fn is_full(&self, at: usize) -> bool {
        at >= self.margins.end
    }

    /// Whether nothing more may be decoded: the end of a copy waits for the next page, or a copy failed.
    #[inline(always)]
    pub(crate) fn is_stopped(&self) -> bool {
        self.parked.length > 0 || self.failed.is_some()
    }

    /// Writes one byte at `at`, and returns the place after it. `None`, and nothing done: the round must
    /// end before.
    #[inline(always)]
    pub(crate) fn push(&mut self, at: usize, byte: u8) -> Option<usize> {
        if self.is_full(at) {
            return None;
        }
        *self.bytes().get_mut(at)? = byte;
        Some(at.wrapping_add(1))
    }

    /// Ends the stretch: the next byte's place is `at`, unless a copy failed.
    #[inline(always)]
    pub(crate) fn finish(self, at: usize) -> Result<(), Error> {
        let Some((place, error)) = self.failed else {
            *self.at = at;
            return Ok(());
        };
        *self.at = place;
        Err(error)
    }

    /// The present page.
    #[inline(always)]
    fn bytes(&mut self) -> &mut [u8] {
        self.pages.last_mut().map_or(&mut [], P::as_mut)
    }

    /// Writes `length` bytes again that start `distance` bytes back, wherever that is, and parks what does
    /// not fit. Returns the place after them, or [`NOWHERE`] if the copy failed.
    #[cold]
    #[inline(never)]
    pub(crate) fn copy_exactly(&mut self, at: usize, distance: usize, length: usize) -> usize {
        let Some((page, before)) = self.pages.split_last_mut() else {
            self.failed = Some((at, Error::Internal));
            return NOWHERE;
        };
        let (page, rules) = (page.as_mut(), self.rules);
        let mut exact = Exact { before, page, rules, at, parked: *self.parked };
        let after = if exact.copy(distance, length) {
            Ok(exact.at)
        } else {
            Err((at, exact.why_not(distance)))
        };
        *self.parked = exact.parked;
        after.unwrap_or_else(|failed| {
            self.failed = Some(failed);
            NOWHERE
        })
    }
}

/// A place in the present page with room for `LITERALS` bytes and [`SHORT`] more.
pub(crate) struct Spot<'f, 'c, 'a, P, const LITERALS: usize> {
    fast: &'f mut Fast<'c, 'a, P>,
    at: usize,
}

impl<'f, 'c, 'a, P: Page, const LITERALS: usize> Spot<'f, 'c, 'a, P, LITERALS> {
    #[inline(always)]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The same place, for a copy.
    #[inline(always)]
    pub(crate) fn without_literals(self) -> Spot<'f, 'c, 'a, P, 0> {
        Spot { fast: self.fast, at: self.at }
    }

    #[inline(always)]
    fn put(&mut self, byte: u8) {
        self.fast.bytes().get_mut(self.at).into_iter().for_each(|slot| *slot = byte);
    }
}

impl<'f, 'c, 'a, P: Page> Spot<'f, 'c, 'a, P, 2> {
    /// Writes a literal.
    #[inline(always)]
    pub(crate) fn literal(mut self, byte: u8) -> Spot<'f, 'c, 'a, P, 1> {
        self.put(byte);
        Spot { fast: self.fast, at: self.at.wrapping_add(1) }
    }
}

impl<'f, 'c, 'a, P: Page> Spot<'f, 'c, 'a, P, 1> {
    /// Writes a literal.
    #[inline(always)]
    pub(crate) fn literal(mut self, byte: u8) -> Spot<'f, 'c, 'a, P, 0> {
        self.put(byte);
        Spot { fast: self.fast, at: self.at.wrapping_add(1) }
    }
}

impl<P: Page> Spot<'_, '_, '_, P, 0> {
    /// Writes `length` bytes again that start `distance` bytes back, and parks what does not fit. Returns
    /// the place after them, or [`NOWHERE`] if the copy failed.
    #[inline(always)]
    pub(crate) fn copy(self, distance: usize, length: usize) -> usize {
        let Self { fast, at } = self;
        let from = (at as isize).wrapping_sub(distance as isize);
        let is_short = length <= SHORT && distance as isize >= length as isize;
        if is_short && from >= fast.margins.lowest && fast.copy_short(at, from as usize).is_some() {
            return at.wrapping_add(length);
        }
        fast.copy_exactly(at, distance, length)
    }
}

impl<P: Page> Fast<'_, '_, P> {
    /// Copies `SHORT` bytes. `None`, and nothing done, where the source's page ends before.
    #[inline(always)]
    fn copy_short(&mut self, at: usize, from: usize) -> Option<()> {
        let last = self.pages.len().wrapping_sub(1);
        let source = lookup(self.pages, last, from, self.rules.page_shift)?;
        let source = source.get(..SHORT)?;
        let (first, second) = (load_chunk(source, 0)?, load_chunk(source, CHUNK)?);
        let room = self.pages.last_mut()?.as_mut().get_mut(at..)?.get_mut(..SHORT)?;
        store_chunk(room, 0, first)?;
        store_chunk(room, CHUNK, second)
    }
}
