// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! `raw/symbols.rs` in safe Rust: each method writes the same bytes, and checks its bounds.

use super::copy::{
    copy_over, load_chunk, store_chunk, Exact, Margins, Rules, CHUNK, LITERALS, NOWHERE, SHORT,
};
use super::cursor::Cursor;
use super::Parked;
use crate::{Error, Page};

/// Earlier pages that are at hand: 32 KiB of pages of 4 KiB.
const NEAR: usize = 8;

/// The present page and those before it.
pub(crate) struct Fast<'c, 'a, P> {
    /// The pages before the present one, the nearest last; empty where there is no such page, or no
    /// use for it.
    near: [&'c [u8]; NEAR],
    page: &'c mut [u8],
    shift: u32,
    mask: usize,
    margins: Margins,
    before: &'c [P],
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
        let (page, before) = match cursor.pages.split_last_mut() {
            Some((page, before)) => (page.as_mut(), &*before),
            None => (&mut [][..], &[][..]),
        };
        let Cursor { rules, parked, at, end, .. } = cursor;
        let shift = rules.page_shift;
        let mask = !usize::MAX.wrapping_shl(shift);
        let (near, margins) = ([&[][..]; NEAR], Margins::none(*end));
        Fast { near, page, shift, mask, margins, before, rules, parked, at, failed: None }
    }

    /// Begins the stretch; no symbol has a distance above `farthest`. Returns the place of the next
    /// byte. Without a page there is no room.
    #[inline(never)]
    pub(crate) fn begin(&mut self, farthest: usize) -> usize {
        let mut covered = 0usize;
        let wanted = farthest.min(self.rules.window).min(self.rules.earlier);
        for (slot, page) in self.near.iter_mut().rev().zip(self.before.iter().rev()) {
            if covered >= wanted {
                break;
            }
            *slot = page.as_ref();
            covered = covered.wrapping_add(self.mask.wrapping_add(1));
        }
        let (length, end) = (self.page.len(), self.margins.end);
        self.margins = Margins::new(self.rules, length, end, covered, farthest);
        *self.at
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
        *self.page.get_mut(at)? = byte;
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

    /// Executes a copy whose source lies in one page and does not overlap the room for it. `None`,
    /// and nothing done, if it is another copy, or if there is no room.
    #[inline]
    fn copy_apart(&mut self, at: usize, distance: usize, length: usize) -> Option<()> {
        let from = (at as isize).wrapping_sub(distance as isize);
        if from < self.margins.lowest || distance < length {
            return None;
        }
        let (done, room) = self.page.split_at_mut_checked(at)?;
        let near = self.near[from.wrapping_shr(self.shift) as usize & (NEAR - 1)];
        let source = if from < 0 { near } else { done };
        let source = source.get(from as usize & self.mask..)?.get(..length)?;
        copy_over(room.get_mut(..length)?, source);
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
        let (before, rules, parked) = (self.before, self.rules, *self.parked);
        let mut exact = Exact { before, page: self.page, rules, at, parked };
        if !exact.copy(distance, length) {
            self.failed = Some(exact.why_not(distance));
            *self.at = at;
            return NOWHERE;
        }
        *self.parked = exact.parked;
        exact.at
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

    /// Gives up the room for literals: only a copy may follow here.
    #[inline(always)]
    pub(crate) fn without_literals(self) -> Spot<'f, 'c, 'a, P, 0> {
        Spot { fast: self.fast, at: self.at }
    }

    #[inline(always)]
    fn put(&mut self, byte: u8) {
        self.fast.page.get_mut(self.at).into_iter().for_each(|slot| *slot = byte);
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
    /// Copies `length` bytes from `distance` bytes back, and parks what does not fit. Returns the
    /// place after them, or [`NOWHERE`] if the copy failed.
    #[inline(always)]
    pub(crate) fn copy(self, distance: usize, length: usize) -> usize {
        let Self { fast, at } = self;
        let from = (at as isize).wrapping_sub(distance as isize);
        if length > SHORT {
            return fast.copy_exactly(at, distance, length);
        }
        if from < fast.margins.lowest {
            return fast.copy_exactly(at, distance, length);
        }
        if (distance as isize) < length as isize {
            return fast.copy_exactly(at, distance, length);
        }
        if fast.copy_short(at, from as usize).is_none() {
            return fast.copy_exactly(at, distance, length);
        }
        at.wrapping_add(length)
    }
}

impl<P: Page> Fast<'_, '_, P> {
    /// Copies `SHORT` bytes. `None`, and nothing done, if the source's page ends before that.
    #[inline(always)]
    fn copy_short(&mut self, at: usize, from: usize) -> Option<()> {
        // Which page a copy reads from can't be predicted. So this is no branch, but a choice
        // between two addresses and two lengths that are all at hand.
        let index = (from as isize).wrapping_shr(self.shift);
        let near = self.near[index as usize & (NEAR - 1)];
        let source = if index == 0 { &*self.page } else { near };
        let offset = from & self.mask;
        let source = source.get(offset..offset.checked_add(SHORT)?)?;
        let (first, second) = (load_chunk(source, 0)?, load_chunk(source, CHUNK)?);
        let room = self.page.get_mut(at..at.checked_add(SHORT)?)?;
        store_chunk(room, 0, first)?;
        store_chunk(room, CHUNK, second)
    }
}
