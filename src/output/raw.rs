// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Output without bounds checks, by addresses that are taken once for a round: what symbols of deflate
//! (`symbols`) and sequences of zstd (`sequences`) share.
//!
//! All unsafe code of the output is in this module. `twin.rs` and `twin_sequences.rs` have the same in safe
//! Rust, byte for byte the same up to [`OVERSHOOT`](crate::OVERSHOOT); the feature `safe` takes them instead.
//! No method of `Fast` or `Executor` is `unsafe` to call.

#[cfg(feature = "zstd")]
pub(super) mod sequences;
#[cfg(feature = "gzip")]
pub(super) mod symbols;

use core::marker::PhantomData;
use core::{ptr, slice};

use super::copy::{Exact, Rules, CHUNK};
use super::Parked;
use crate::Page;

/// Pages whose addresses are at hand: the present one, and 32 KiB of pages of 4 KiB before it.
const NEAR: usize = 9;

/// Bytes of a word.
const WORD: usize = 8;

/// The present page and those before it, by address as far as they are [covered](Self::cover).
///
/// Places are counted in bytes from the start of the present page; those of earlier pages are negative.
///
/// # Invariants
/// - `page` is the address of `length` bytes, at most `mask + 1`, that are borrowed mutably for `'c` and
///   that only this value accesses.
/// - `1 << shift` is `mask + 1`, and at most `isize::MAX + 1`.
/// - For each place from the first that is covered to `length`, `bases[NEAR - 1 + (place >> shift)]` (arithmetic
///   shift) is in the array, and `place` bytes after it is the address of that byte. If `place` is
///   negative, its page has `mask + 1` bytes and is borrowed for `'c`.
struct Near<'c, P> {
    bases: [*const u8; NEAR],
    page: *mut u8,
    length: usize,
    shift: u32,
    mask: usize,
    before: &'c [P],
    borrowed: PhantomData<&'c mut [u8]>,
}

impl<'c, P: Page> Near<'c, P> {
    /// The last of `pages`, or no byte if there is none, with the full pages before it. So far none of these is
    /// near.
    #[inline(always)]
    fn new(pages: &'c mut [P], shift: u32) -> Self {
        let (page, before) = match pages.split_last_mut() {
            Some((page, before)) => (page.as_mut(), &*before),
            None => (&mut [][..], &[][..]),
        };
        let mask = !usize::MAX.wrapping_shl(shift);
        let length = page.len().min(mask.wrapping_add(1));
        let page = page.as_mut_ptr();
        let mut bases = [ptr::null(); NEAR];
        bases[NEAR - 1] = page.cast_const();
        // INVARIANT: The slice is borrowed for `'c`. A place in the present page has a `place >> shift` of 0, as
        // `length` is at most `mask + 1`.
        Self { bases, page, length, shift, mask, before, borrowed: PhantomData }
    }

    /// Takes the addresses of pages that have `wanted` bytes before the present one, as far as there are such
    /// pages and room for their addresses. Returns how many bytes these pages have.
    #[inline(always)]
    fn cover(&mut self, wanted: usize) -> usize {
        let page_len = self.mask.wrapping_add(1);
        let mut covered = 0usize;
        // The nearest page is the last one.
        for (base, near) in self.bases.iter_mut().rev().skip(1).zip(self.before.iter().rev()) {
            let near = near.as_ref();
            if covered >= wanted || near.len() != page_len {
                break;
            }
            covered = covered.wrapping_add(page_len);
            *base = near.as_ptr().wrapping_add(covered);
        }
        // INVARIANT: Each page has as many bytes as the shift says: the page with `place >> shift` of -1 starts at
        // place -(mask + 1), which is `mask + 1` bytes before its base, and so on.
        covered
    }

    /// The address of the byte at `place`.
    ///
    /// # Safety
    ///
    /// `place` is not before the pages that are [covered](Self::cover), and at most `length`.
    #[inline(always)]
    unsafe fn address(&self, place: isize) -> *const u8 {
        let entry = (NEAR as isize - 1).wrapping_add(place.wrapping_shr(self.shift));
        debug_assert!((0..NEAR as isize).contains(&entry) && !self.bases[entry as usize].is_null());
        // SAFETY: By the type's invariant there is an entry for the page of such a place.
        unsafe { self.bases.get_unchecked(entry as usize).wrapping_offset(place) }
    }

    /// The present page.
    #[inline(always)]
    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: By the type's invariants these bytes are borrowed for longer than this slice lives, and
        // nothing else accesses them meanwhile. They are initialised, as a slice lent them.
        unsafe { slice::from_raw_parts_mut(self.page, self.length) }
    }

    /// For copies of any kind, from the place `at` on.
    #[inline(always)]
    fn exact<'s, 'a>(
        &'s mut self,
        rules: &'s Rules<'a>,
        at: usize,
        parked: Parked,
    ) -> Exact<'s, 'a, P> {
        Exact { before: self.before, page: self.bytes(), rules, at, parked }
    }
}

/// Copies a run of `length` bytes from the byte `done` on, in chunks.
///
/// # Safety
///
/// The run, rounded up to a chunk, can be read from `source` on and be written from `room` on. `source` is a
/// chunk or more before `room`, unless they are apart.
#[inline(always)]
unsafe fn copy_by_chunks(source: *const u8, room: *mut u8, mut done: usize, length: usize) {
    while done < length {
        // SAFETY: Each chunk starts before the run's end.
        unsafe {
            let chunk = source.add(done).cast::<u128>().read_unaligned();
            room.add(done).cast::<u128>().write_unaligned(chunk);
        }
        done = done.wrapping_add(CHUNK);
    }
}

/// Copies a run of `length` bytes from the byte `done` on, in words, one after the other: a word may be among
/// those that were just written.
///
/// # Safety
///
/// The run, rounded up to a word, can be read from `source` on and be written from `room` on. `source` is a
/// word or more before `room`, unless they are apart.
#[inline(always)]
unsafe fn copy_by_words(source: *const u8, room: *mut u8, mut done: usize, length: usize) {
    while done < length {
        // SAFETY: Each word starts before the run's end.
        unsafe {
            let word = source.add(done).cast::<u64>().read_unaligned();
            room.add(done).cast::<u64>().write_unaligned(word);
        }
        done = done.wrapping_add(WORD);
    }
}

/// Writes `length` bytes again that start at `source`, `distance` bytes back, less than a word.
///
/// # Safety
///
/// `distance` is not zero. A word can be read from `source` on, and `length` bytes and a word can be written
/// from `room` on.
#[inline(always)]
unsafe fn repeat(source: *const u8, room: *mut u8, distance: usize, length: usize) {
    // SAFETY: As the caller promises; each word starts before the run's end.
    unsafe {
        let (pattern, step) = repeated(source.cast::<u64>().read_unaligned(), distance);
        let mut done = 0;
        while done < length {
            room.add(done).cast::<u64>().write_unaligned(pattern);
            done = done.wrapping_add(step);
        }
    }
}

/// The first `distance` bytes of `word`, 1 to 7, over and over; and after how many bytes they start again
/// for the last time in the word.
#[inline(always)]
fn repeated(word: u64, distance: usize) -> (u64, usize) {
    let word = u64::from_le(word);
    let mut pattern = word & !u64::MAX.wrapping_shl((distance as u32).wrapping_mul(8));
    let mut have = distance;
    while have < WORD {
        pattern |= pattern.wrapping_shl((have as u32).wrapping_mul(8));
        have = have.wrapping_mul(2);
    }
    let step = match distance {
        3 | 6 => 6,
        5 | 7 => distance,
        _ => WORD,
    };
    (pattern.to_le(), step)
}
