// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Output without bounds checks, by addresses that are taken once a round. The symbols of deflate
//! (`symbols`) and the sequences of zstd (`sequences`) share it.
//!
//! All unsafe code of the output is in this module and those two. `twin.rs` and `twin_sequences.rs`
//! do the same in safe Rust: they write the same bytes, and may differ in what they leave in the
//! [scratch bytes](crate::OVERSHOOT) after them. The feature `safe` takes the twins instead. No
//! method of `Fast` or `Executor` is `unsafe` to call.

#[cfg(feature = "zstd")]
pub(super) mod sequences;
#[cfg(feature = "gzip")]
pub(super) mod symbols;

use core::marker::PhantomData;
use core::{ptr, slice};

use super::copy::{Exact, Rules, CHUNK};
use super::Parked;
use crate::Page;

/// Pages that have their addresses at hand: the present one, and 32 KiB of pages of 4 KiB before
/// it.
const NEAR: usize = 9;

/// Bytes of a word.
const WORD: usize = 8;

/// The present page and those before it, by address as far as they are [covered](Self::cover).
///
/// Places are counted in bytes from the start of the present page; those of earlier pages are
/// negative, and `place >> shift` says how many pages back. Pages lie anywhere in memory. For each
/// of them `bases` has the address that place 0 would have if the page went on up to there. So the
/// byte at a place is `place` bytes after the base of its page, whichever page that is: one load
/// and one addition, with no branch and no mask.
///
/// ```text
/// pages of 4096 bytes, `shift` = 12:
/// place         -8192 .. -4097      -4096 .. -1         0 .. length - 1
/// place >> 12         -2                 -1                  0
/// bases[]              6                  7                  8 = NEAR - 1
/// holds         start + 8192        start + 4096        start             (of that page)
/// ```
///
/// # Invariants
/// - `page` is the address of `length` bytes, at most `mask + 1`, that are borrowed mutably for
///   `'c` and that only this value accesses.
/// - `1 << shift` is `mask + 1`, and at most `isize::MAX + 1`.
/// - For each place from the first that is covered to `length - 1`, `bases[NEAR - 1 + (place >>
///   shift)]` (arithmetic shift) is in the array, and `place` bytes after it is the address of that
///   byte. If `place` is negative, its page has `mask + 1` bytes and is borrowed for `'c`.
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
    /// The last of `pages` is the present page, and has no byte if there is none. The full pages
    /// before it are not covered yet.
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
        // INVARIANT: The slice is borrowed for `'c`. A place in the present page has a `place >>
        // shift` of 0, as `length` is at most `mask + 1`.
        Self { bases, page, length, shift, mask, before, borrowed: PhantomData }
    }

    /// Takes the addresses of the pages that hold the `wanted` bytes before the present page, as
    /// far as there are such pages and room in `bases`. Returns how many bytes these pages have.
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
        // INVARIANT: Each page has as many bytes as the shift says. The page with a `place >>
        // shift` of -k starts at place -k * (mask + 1), and its base is k * (mask + 1) bytes after
        // its start.
        covered
    }

    /// The address of the byte at `place`.
    ///
    /// # Safety
    ///
    /// `place` is not before the pages that are [covered](Self::cover), and less than `length`.
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
        // SAFETY: By the type's invariants these bytes are borrowed for longer than this slice
        // lives, and nothing else accesses them meanwhile. They are initialised, as a slice lent
        // them.
        unsafe { slice::from_raw_parts_mut(self.page, self.length) }
    }

    /// These pages for copies of any kind, from the place `at` on.
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

/// Copies the bytes `done..length` of a run, in chunks: the last one may copy more.
///
/// # Safety
///
/// The run, rounded up to a chunk, can be read from `source` on and be written from `room` on.
/// `source` is at least a chunk before `room`, or they do not overlap.
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

/// Copies the bytes `done..length` of a run, in words, one after the other: a word may be read from
/// those that were just written. The last one may copy more.
///
/// # Safety
///
/// The run, rounded up to a word, can be read from `source` on and be written from `room` on.
/// `source` is at least a word before `room`, or they do not overlap.
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

/// Fills `length` bytes from `room` on with the `distance` bytes that start at `source`, over and
/// over: a copy from less than a word back.
///
/// # Safety
///
/// `distance` is not zero. A word can be read from `source` on, and `length` bytes and a word can
/// be written from `room` on.
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

/// A word of the first `distance` bytes of `word`, 1 to 7, over and over; and the step to the next
/// store of that word, the largest multiple of `distance` in a word. `abc` gives `abcabcab` and 6:
/// the next store starts with `abc` where this one ends with `ab`.
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
