// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Sequences of literals and matches without bounds checks, by addresses that are taken once for a round.
//!
//! `twin_sequences.rs` has the same in safe Rust; the feature `safe` takes it instead. No method here is
//! `unsafe` to call: what a sequence reads and writes is held against the round's limits in the loop
//! that executes it.

use core::marker::PhantomData;
use core::ops::Range;
use core::{ptr, slice};

use super::copy::{repeated, Exact, Limits, Rules, Sequence, CHUNK, WORD};
use super::cursor::Cursor;
use super::Parked;
use crate::{Error, Page};

/// Pages whose addresses are at hand: the present one, and 64 KiB of pages of 4 KiB before it.
const NEAR: usize = 9;

/// The present page and those before it, by address, for a round of sequences.
///
/// Places are counted in bytes from the start of the present page; those of earlier pages are negative.
///
/// # Invariants
/// - `page` is the address of `length` bytes, at most `isize::MAX`, that are borrowed mutably for `'c`
///   and that only this value accesses. From each place below `limits.stop` there is room for `CHUNK`
///   bytes.
/// - For each place from `near` to `length`, `bases[NEAR - 1 + (place >> shift)]` (arithmetic shift) is in
///   the array, and `place` bytes after it is the address of that byte. If `place` is negative, its page
///   has `mask + 1` bytes and is borrowed for `'c`.
pub(crate) struct Executor<'c, 'a, P> {
    bases: [*const u8; NEAR],
    page: *mut u8,
    length: usize,
    shift: u32,
    mask: usize,
    near: isize,
    limits: Limits,
    /// Where the round should end.
    end: usize,
    before: &'c [P],
    rules: &'c Rules<'a>,
    parked: &'c mut Parked,
    at: &'c mut usize,
    borrowed: PhantomData<&'c mut [u8]>,
}

impl<'c, 'a, P: Page> Executor<'c, 'a, P> {
    /// Takes the addresses for sequences that may write `room` bytes. By itself, as what it holds until then
    /// is not to be below what executes them.
    #[inline(never)]
    pub(crate) fn new(cursor: &'c mut Cursor<'a, P>, room: usize) -> Self {
        let (page, before) = match cursor.pages.split_last_mut() {
            Some((page, before)) => (page.as_mut(), &*before),
            None => (&mut [][..], &[][..]),
        };
        let Cursor { rules, parked, at, end, .. } = cursor;
        let end = *end;
        let shift = rules.page_shift;
        let mask = !usize::MAX.wrapping_shl(shift);
        let page_len = mask.wrapping_add(1);
        let length = page.len().min(page_len);
        let limits = Limits::new(rules, length, end, *at, room);
        let page = page.as_mut_ptr();
        let mut bases = [ptr::null(); NEAR];
        bases[NEAR - 1] = page.cast_const();
        // The nearest page is the last one.
        let mut covered = 0usize;
        let wanted = limits.lowest.min(0).unsigned_abs();
        for (base, near) in bases.iter_mut().rev().skip(1).zip(before.iter().rev()) {
            let near = near.as_ref();
            if covered >= wanted || near.len() != page_len {
                break;
            }
            covered = covered.wrapping_add(page_len);
            *base = near.as_ptr().wrapping_add(covered);
        }
        // INVARIANT: A slice has at most `isize::MAX` bytes, and this one is borrowed for `'c`. `Limits` leaves
        // as much room as it promises. `covered` bytes before the present page are in pages of the table,
        // each with as many bytes as the shift says: the page with `place >> shift` of -1 starts at place
        // -(mask + 1), which is `mask + 1` bytes before its base, and so on. A place in the present page has
        // a `place >> shift` of 0, as `length` is at most `mask + 1`.
        let near = limits.lowest.max((covered as isize).wrapping_neg());
        Self {
            bases,
            page,
            length,
            shift,
            mask,
            near,
            limits,
            end,
            before,
            rules,
            parked,
            at,
            borrowed: PhantomData,
        }
    }

    /// Executes sequences while nothing is wrong with them. Their literals are `left` of `literals`. Returns
    /// how many it executed; nothing of the next one has been done but scratch bytes.
    #[inline(never)]
    pub(crate) fn execute(
        &mut self,
        sequences: &[Sequence],
        literals: &[u8],
        left: &mut Range<usize>,
    ) -> usize {
        let Self { page, limits: Limits { stop, .. }, .. } = *self;
        let (mut at, taken, last_literal) = (*self.at, left.start, left.end);
        let is_padded = last_literal.checked_add(CHUNK).is_some_and(|end| end <= literals.len());
        if !is_padded || taken > last_literal || at >= stop || self.mask < CHUNK {
            return 0;
        }
        // Addresses take fewer registers than places do.
        let (mut literal, mut next) = (literals.as_ptr().wrapping_add(taken), sequences);
        let end_of_literals = literals.as_ptr().wrapping_add(last_literal);
        while let [sequence, rest @ ..] = next {
            let [run, length, distance] = sequence.parts();
            let middle = at.wrapping_add(run);
            let end = Sequence::end(middle, length);
            // Literals that are there do not let `middle` overflow.
            if run > end_of_literals.addr().wrapping_sub(literal.addr()) {
                break;
            }
            let source = if end < stop { self.source(middle, length, distance) } else { None };
            let Some(source) = source else {
                // SAFETY: These bytes are in `literals`, where they end at `last_literal` or before.
                let run = unsafe { slice::from_raw_parts(literal, run) };
                let Some(after) = self.execute_exactly(at, run, length, distance) else { break };
                (at, literal, next) = (after, literal.wrapping_add(run.len()), rest);
                if at >= stop {
                    break;
                }
                continue;
            };
            debug_assert!(end.saturating_add(CHUNK) <= self.length);
            // SAFETY: There is room for a chunk from each place up to `end` on, and each chunk starts
            // there, as it starts before the last byte of its run, or is the first one. Those of
            // literals end at most a chunk after the last literal. Those of the match are all in the source's
            // page, or end at most a chunk after `end` in the present one.
            unsafe {
                copy_literals(literal, page.add(at), run);
                if distance < WORD {
                    repeat(source, page.add(middle), distance, length);
                } else {
                    copy_match(source, page.add(middle), length);
                }
            }
            at = end;
            literal = literal.wrapping_add(run);
            next = rest;
        }
        *self.at = at;
        left.start = literal.addr().wrapping_sub(literals.as_ptr().addr());
        sequences.len().wrapping_sub(next.len())
    }

    /// The address of the bytes `distance` bytes before `middle`, if a match of `length` bytes from there is
    /// allowed, and all its chunks are in one page.
    #[inline(always)]
    fn source(&self, middle: usize, length: usize, distance: usize) -> Option<*const u8> {
        let from = (middle as isize).wrapping_sub(distance as isize);
        // 32-bit machines may take a distance for a negative number.
        if distance == 0 || (usize::BITS < u64::BITS && (distance as isize) < 0) {
            return None;
        }
        // The last place of a page that has a chunk from there on.
        let last_chunk = self.mask.wrapping_sub(CHUNK - 1);
        let offset = from as usize & self.mask;
        if offset > last_chunk || (length > CHUNK && length > last_chunk.wrapping_sub(offset)) {
            return None;
        }
        if from >= self.near {
            let entry = (NEAR as isize - 1).wrapping_add(from.wrapping_shr(self.shift));
            debug_assert!((0..NEAR as isize).contains(&entry));
            // SAFETY: As `near <= from <= middle < length`, there is an entry for the page of `from`.
            return Some(unsafe { self.bases.get_unchecked(entry as usize).wrapping_offset(from) });
        }
        if from < self.limits.lowest || from >= 0 {
            return None;
        }
        let page = from.wrapping_shr(self.shift).wrapping_add_unsigned(self.before.len());
        let page = self.before.get(page as usize)?.as_ref();
        // A page that is not the one it was.
        if page.len() <= self.mask {
            return None;
        }
        Some(page.as_ptr().wrapping_add(offset))
    }

    /// Executes a sequence with these literals at `at`, and writes not a byte more. Returns the place after it.
    /// `None`, and nothing done but scratch bytes, if it does not fit or is not allowed.
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
        if size > self.limits.end.saturating_sub(at) {
            return None;
        }
        let Self { before, rules, parked: &mut parked, .. } = *self;
        let mut exact = Exact { before, page: self.bytes(), rules, at, parked };
        exact.extend(literals);
        exact.copy(distance, length).then_some(exact.at)
    }

    /// The place of the next byte.
    pub(crate) fn at(&self) -> usize {
        *self.at
    }

    /// Whether the end of a copy waits for the next page. Nothing may be executed before it.
    pub(crate) fn is_parked(&self) -> bool {
        self.parked.length > 0
    }

    /// Whether the round must end before another byte is written.
    pub(crate) fn is_full(&self) -> bool {
        *self.at >= self.end
    }

    /// Writes as many of `bytes` as there is room for, and says how many.
    pub(crate) fn extend(&mut self, bytes: &[u8]) -> usize {
        self.exactly(|exact| exact.extend(bytes))
    }

    /// Writes `length` bytes again that start `distance` bytes back, wherever that is, and parks what does
    /// not fit.
    pub(crate) fn copy(&mut self, distance: usize, length: usize) -> Result<(), Error> {
        self.exactly(|exact| {
            if exact.copy(distance, length) {
                Ok(())
            } else {
                Err(exact.why_not(distance))
            }
        })
    }

    /// The present page.
    #[inline(always)]
    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: By the type's invariants these bytes are borrowed for longer than this slice lives, and
        // nothing else accesses them meanwhile. They are initialised, as a slice lent them.
        unsafe { slice::from_raw_parts_mut(self.page, self.length) }
    }

    #[inline(always)]
    fn exactly<T>(&mut self, act: impl FnOnce(&mut Exact<'_, 'a, P>) -> T) -> T {
        let Self { before, rules, at: &mut at, parked: &mut parked, .. } = *self;
        let mut exact = Exact { before, page: self.bytes(), rules, at, parked };
        let result = act(&mut exact);
        (*self.at, *self.parked) = (exact.at, exact.parked);
        result
    }
}

/// Copies literals in chunks, one at least.
///
/// # Safety
///
/// `length` bytes, rounded up to a chunk, can be read from `source` on and be written from `room` on, and
/// they are apart.
#[inline(always)]
unsafe fn copy_literals(source: *const u8, room: *mut u8, length: usize) {
    // SAFETY: The first chunk is there whatever the length; each other starts before the run's end.
    unsafe {
        copy_chunk(source, room);
        if length > CHUNK {
            copy_more(source, room, length);
        }
    }
}

/// Copies what comes after the first chunk.
///
/// # Safety
///
/// As [`copy_literals`].
#[cold]
#[inline(never)]
unsafe fn copy_more(source: *const u8, room: *mut u8, length: usize) {
    let mut done = CHUNK;
    while done < length {
        // SAFETY: As above.
        unsafe { copy_chunk(source.add(done), room.add(done)) };
        done = done.wrapping_add(CHUNK);
    }
}

/// Copies a match in words, two at least, one after the other: a word may be among those that were just
/// written.
///
/// Most matches start where something was written just before. A word often lies in one store, which a
/// processor hands on at once, where a chunk spans several and has to wait for all of them.
///
/// # Safety
///
/// `length` bytes, rounded up to two words, can be read from `source` on and be written from `room` on, and
/// `source` is a word or more before `room`, unless they are apart.
#[inline(always)]
unsafe fn copy_match(source: *const u8, room: *mut u8, length: usize) {
    // SAFETY: Two words are there whatever the length; each other two start before the run's end.
    unsafe {
        copy_words(source, room);
        if length > CHUNK {
            copy_words(source.add(CHUNK), room.add(CHUNK));
            if length > 2 * CHUNK {
                copy_more_words(source, room, length);
            }
        }
    }
}

/// Copies what comes after four words.
///
/// # Safety
///
/// As [`copy_match`].
#[cold]
#[inline(never)]
unsafe fn copy_more_words(source: *const u8, room: *mut u8, length: usize) {
    let mut done = 2 * CHUNK;
    while done < length {
        // SAFETY: As above.
        unsafe { copy_words(source.add(done), room.add(done)) };
        done = done.wrapping_add(CHUNK);
    }
}

/// Writes `length` bytes again that start at `source`, `distance` bytes back, less than a word.
///
/// # Safety
///
/// `distance` is not zero. A word can be read from `source` on, and `length` bytes, rounded up to a chunk,
/// can be written from `room` on.
#[cold]
#[inline(never)]
unsafe fn repeat(source: *const u8, room: *mut u8, distance: usize, length: usize) {
    // SAFETY: A word that starts before the run's end ends within a chunk after it.
    unsafe {
        let (pattern, step) = repeated(source.cast::<u64>().read_unaligned(), distance);
        let mut done = 0;
        while done < length {
            room.add(done).cast::<u64>().write_unaligned(pattern);
            done = done.wrapping_add(step);
        }
    }
}

/// Copies a chunk.
///
/// # Safety
///
/// It can be read from `source` and be written to `room`.
#[inline(always)]
unsafe fn copy_chunk(source: *const u8, room: *mut u8) {
    // SAFETY: As the caller promises; any address is one of bytes.
    unsafe { room.cast::<u128>().write_unaligned(source.cast::<u128>().read_unaligned()) };
}

/// Copies two words, the second after the first.
///
/// # Safety
///
/// They can be read from `source` and be written to `room`.
#[inline(always)]
unsafe fn copy_words(source: *const u8, room: *mut u8) {
    // SAFETY: As the caller promises; any address is one of bytes.
    unsafe {
        room.cast::<u64>().write_unaligned(source.cast::<u64>().read_unaligned());
        let (source, room) = (source.add(WORD), room.add(WORD));
        room.cast::<u64>().write_unaligned(source.cast::<u64>().read_unaligned());
    }
}
