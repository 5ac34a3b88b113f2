// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Output without bounds checks, for symbol loops while there is ample room: literals and short
//! copies by addresses that are taken once for a stretch of symbols.
//!
//! All unsafe code of the output is in this file and in `raw_sequences.rs`. `twin.rs` has the same in safe Rust,
//! byte for byte the same up to [`OVERSHOOT`](crate::OVERSHOOT); the feature `safe` takes it instead.
//!
//! No method here is `unsafe` to call. Room is a token: a [`Spot`] exists only where its bytes fit.
//! What a copy reads is held against [`lowest`](Margins::lowest) in the method that reads it.

use core::marker::PhantomData;
use core::{ptr, slice};

use super::copy::{
    copy_over, repeated, Exact, Margins, Rules, CHUNK, LITERALS, NOWHERE, SHORT, WORD,
};
use super::cursor::Cursor;
use super::Parked;
use crate::{Error, Page};

/// Pages whose addresses are at hand: the present one, and 32 KiB of pages of 4 KiB before it.
const NEAR: usize = 9;

/// The present page and those before it, by address.
///
/// Places are counted in bytes from the start of the present page; those of earlier pages are negative.
///
/// # Invariants
/// - `page` is the address of `length` bytes, at most `isize::MAX`, that are borrowed mutably for `'c`
///   and that only this value accesses.
/// - From each place below `margins.ample` there is room for `LITERALS + SHORT` bytes.
/// - For each place from `margins.lowest` to `length`, `bases[NEAR - 1 + (place >> shift)]` (arithmetic
///   shift) is in the array, and `place` bytes after it is the address of that byte. If `place` is
///   negative, its page has `mask + 1` bytes and is borrowed for `'c`.
pub(crate) struct Fast<'c, 'a, P> {
    bases: [*const u8; NEAR],
    page: *mut u8,
    length: usize,
    shift: u32,
    mask: usize,
    margins: Margins,
    before: &'c [P],
    rules: &'c Rules<'a>,
    parked: &'c mut Parked,
    at: &'c mut usize,
    /// Why a copy failed; `at` is where.
    failed: Option<Error>,
    borrowed: PhantomData<&'c mut [u8]>,
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
        let length = page.len().min(mask.wrapping_add(1));
        // INVARIANT: A slice has at most `isize::MAX` bytes, and this one is borrowed for `'c`. No place is
        // in `margins`.
        Fast {
            bases: [ptr::null(); NEAR],
            page: page.as_mut_ptr(),
            length,
            shift,
            mask,
            margins: Margins::none(*end),
            before,
            rules,
            parked,
            at,
            failed: None,
            borrowed: PhantomData,
        }
    }

    /// Begins the stretch; no symbol has a distance above `farthest`. Returns the place of the next byte.
    /// Without a page there is no room.
    #[inline(never)]
    pub(crate) fn begin(&mut self, farthest: usize) -> usize {
        let (bases, page_len) = (&mut self.bases, self.mask.wrapping_add(1));
        bases[NEAR - 1] = self.page.cast_const();
        // The nearest page is the last one.
        let mut covered = 0usize;
        let wanted = farthest.min(self.rules.window).min(self.rules.reach);
        for (base, near) in bases.iter_mut().rev().skip(1).zip(self.before.iter().rev()) {
            let near = near.as_ref();
            if covered >= wanted || near.len() != page_len {
                break;
            }
            covered = covered.wrapping_add(page_len);
            *base = near.as_ptr().wrapping_add(covered);
        }
        // INVARIANT: `covered` bytes before the present page are in pages of the table, each with as many
        // bytes as the shift says: the page with `place >> shift` of -1 starts at place -(mask + 1), which
        // is `mask + 1` bytes before its base, and so on. A place in the present page has a `place >> shift`
        // of 0, as `length` is at most `mask + 1`. `Margins` leaves as much room as it promises.
        self.margins = Margins::new(self.rules, self.length, self.margins.end, covered, farthest);
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
        match self.failed {
            None => *self.at = at,
            Some(error) => return Err(error),
        }
        Ok(())
    }

    /// The present page.
    #[inline(always)]
    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: By the type's invariants these bytes are borrowed for longer than this slice lives, and
        // nothing else accesses them meanwhile. They are initialised, as a slice lent them.
        unsafe { slice::from_raw_parts_mut(self.page, self.length) }
    }

    /// Addresses of `length` bytes that start `distance` bytes before the place `at`, and of as many from `at`
    /// on, if each lie in one page and the source is near.
    #[inline]
    fn near(&self, at: usize, distance: usize, length: usize) -> Option<(*const u8, *mut u8)> {
        let from = (at as isize).wrapping_sub(distance as isize);
        // In this order, as each relies on the ones before: no difference overflows, and `from` is less than
        // `at` and has an entry.
        let is_near = at <= self.length
            && (distance as isize) > 0
            && from >= self.margins.lowest
            && length <= self.length.wrapping_sub(at)
            && length <= self.mask.wrapping_sub(from as usize & self.mask);
        if !is_near {
            return None;
        }
        let entry = (NEAR as isize - 1).wrapping_add(from.wrapping_shr(self.shift));
        debug_assert!((0..NEAR as isize).contains(&entry) && !self.bases[entry as usize].is_null());
        // SAFETY: `lowest <= from < at <= length`, so the entry is in the table, and `at` is in the present
        // page or at its end.
        unsafe {
            let base = *self.bases.get_unchecked(entry as usize);
            Some((base.wrapping_offset(from), self.page.add(at)))
        }
    }

    /// [`copy_exactly`](Self::copy_exactly) for a copy that is long, or repeats what it writes itself:
    /// by chunks or words, if they all lie in one page.
    #[cold]
    #[inline(never)]
    fn copy_long(&mut self, at: usize, distance: usize, length: usize) -> usize {
        let rounded = length.saturating_add(CHUNK - 1);
        let Some((source, room)) = self.near(at, distance, rounded) else {
            return self.copy_exactly(at, distance, length);
        };
        // SAFETY: The copy writes no more than `rounded` bytes, as the last store starts before `length` and
        // has at most `CHUNK` bytes. It reads as many bytes, `distance` bytes before those that it writes, or
        // the first `WORD` of them. All are in their pages, where `near` found them.
        unsafe {
            if distance >= CHUNK {
                for done in (0..length).step_by(CHUNK) {
                    let chunk = source.add(done).cast::<u128>().read_unaligned();
                    room.add(done).cast::<u128>().write_unaligned(chunk);
                }
            } else if distance >= WORD {
                for done in (0..length).step_by(WORD) {
                    let word = source.add(done).cast::<u64>().read_unaligned();
                    room.add(done).cast::<u64>().write_unaligned(word);
                }
            } else {
                let (pattern, step) = repeated(source.cast::<u64>().read_unaligned(), distance);
                let mut done = 0;
                while done < length {
                    room.add(done).cast::<u64>().write_unaligned(pattern);
                    done = done.wrapping_add(step);
                }
            }
        }
        at.wrapping_add(length)
    }

    /// Copies bytes of one page that lie before those that are written, and not a byte more. `None`, and
    /// nothing done, if they do not, or if there is no room for them.
    #[inline(always)]
    fn copy_apart(&mut self, at: usize, distance: usize, length: usize) -> Option<()> {
        if distance < length {
            return None;
        }
        let (source, room) = self.near(at, distance, length)?;
        // SAFETY: Both are in their pages, where `near` found them. `room` starts `distance` bytes after
        // `source` if both are in the present page, so that they do not overlap.
        let (source, room) = unsafe {
            (slice::from_raw_parts(source, length), slice::from_raw_parts_mut(room, length))
        };
        copy_over(room, source);
        Some(())
    }

    /// Writes `length` bytes again that start `distance` bytes back, wherever that is, and parks what does
    /// not fit. Returns the place after them, or [`NOWHERE`] if the copy failed.
    #[cold]
    #[inline(never)]
    pub(crate) fn copy_exactly(&mut self, at: usize, distance: usize, length: usize) -> usize {
        if self.copy_apart(at, distance, length).is_some() {
            return at.wrapping_add(length);
        }
        let Self { before, rules, .. } = *self;
        let parked = *self.parked;
        let mut exact = Exact { before, page: self.bytes(), rules, at, parked };
        if !exact.copy(distance, length) {
            self.failed = Some(exact.why_not(distance));
            *self.at = at;
            return NOWHERE;
        }
        let Exact { at, parked, .. } = exact;
        *self.parked = parked;
        at
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

    /// Gives up the room for literals: what may follow here is a copy.
    #[inline(always)]
    pub(crate) fn without_literals(self) -> Spot<'f, 'c, 'a, P, 0> {
        // INVARIANT: There is room for `SHORT` bytes here already.
        Spot { fast: self.fast, at: self.at }
    }

    /// Writes one byte here.
    #[inline(always)]
    fn put(&mut self, byte: u8) {
        const { assert!(LITERALS > 0) };
        debug_assert!(self.at < self.fast.length);
        // SAFETY: There is room for a literal at `at`, so the place is in the present page.
        unsafe { self.fast.page.add(self.at).write(byte) };
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
        // INVARIANT: As above.
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
        if length > SHORT {
            return fast.copy_long(at, distance, length);
        }
        if from < fast.margins.lowest {
            return fast.copy_exactly(at, distance, length);
        }
        if (distance as isize) < length as isize {
            return fast.copy_long(at, distance, length);
        }
        // Where a run of `SHORT` bytes from there ends, the source's page must not have ended.
        if from as usize & fast.mask > fast.mask.wrapping_sub(SHORT - 1) {
            return fast.copy_exactly(at, distance, length);
        }
        let entry = (NEAR as isize - 1).wrapping_add(from.wrapping_shr(fast.shift));
        debug_assert!((0..NEAR as isize).contains(&entry) && !fast.bases[entry as usize].is_null());
        debug_assert!(from <= at as isize && at.saturating_add(SHORT) <= fast.length);
        // SAFETY: `distance` is not negative, so `lowest <= from <= at`, and by the invariant there is an
        // entry for the page of `from`. `SHORT` bytes from there on are in that page: the last comparison
        // says so for one of `mask + 1` bytes, and for the present page `from <= at` does, as there is
        // room for `SHORT` bytes at `at`. Both chunks are read before either is written.
        unsafe {
            let base = *fast.bases.get_unchecked(entry as usize);
            let source = base.wrapping_offset(from).cast::<u128>();
            let room = fast.page.add(at).cast::<u128>();
            let (first, second) = (source.read_unaligned(), source.add(1).read_unaligned());
            room.write_unaligned(first);
            room.add(1).write_unaligned(second);
        }
        at.wrapping_add(length)
    }
}
