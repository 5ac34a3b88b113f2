// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Copies within the output: which of them are allowed, and how the bytes are moved.

use super::{Parked, Prefix};
use crate::{Error, Page, OVERSHOOT};

/// Bytes of a chunk, the unit in which short copies move.
pub(crate) const CHUNK: usize = 16;

/// Bytes that a short copy writes, whatever its length.
pub(super) const SHORT: usize = 2 * CHUNK;
const _: () = assert!(SHORT <= OVERSHOOT);

/// Literals that fit, before a short copy, where there is ample room.
pub(super) const LITERALS: usize = 2;

/// A place that has no room for anything.
pub(super) const NOWHERE: usize = usize::MAX;

/// Bytes of ample room: two literals and a short copy.
pub(super) const AMPLE: usize = LITERALS + SHORT;

/// Which copies are allowed in a round. Places are counted from the start of the present page.
///
/// # Invariants
/// - `1 << page_shift` is the length of every page, or half the address space if there is only one.
/// - `at + earlier` (wrapping) bytes of history lie before the place `at`.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) page_shift: u32,
    pub(super) earlier: usize,
    /// Bytes that a copy may reach back.
    pub(super) window: usize,
    pub(super) prefix: &'a Prefix<'a>,
}

impl Rules<'_> {
    /// Bytes of history before the place `at`.
    #[inline(always)]
    pub(super) fn history(&self, at: usize) -> usize {
        at.wrapping_add(self.earlier)
    }

    /// Whether a copy of `length` bytes to the place `at`, from `distance` bytes back, is allowed.
    /// A copy may start in the prefix if no byte that it takes from there is written more than a
    /// window after the first byte of the history. Whatever the copy takes from the history after
    /// that is in the window then.
    fn allow(&self, at: usize, distance: usize, length: usize) -> bool {
        let history = self.history(at);
        if distance.wrapping_sub(1) < history {
            return distance <= self.window;
        }
        let before = distance.wrapping_sub(history);
        let end = history.saturating_add(length.min(before));
        let inside = before <= self.prefix.bytes.len() && distance <= self.prefix.farthest;
        distance > 0 && inside && end <= self.window
    }
}

/// Where symbols have ample room and near sources, so that one comparison decides about each. A
/// symbol outside of the margins is not wrong yet: [`Exact`] judges it.
///
/// A page of 4096 bytes has `ample = 4096 + 1 - AMPLE = 4063`. The last place below that has just
/// enough room:
///
/// ```text
/// pages before |  present page
/// ... lowest ..|..  at ................  4062     4063     4064 .. 4095 |  next page
///     |                                  literal  literal  short copy
///     `-- copies from here on are allowed
/// ```
#[derive(Clone, Copy)]
pub(super) struct Margins {
    /// The first place from which every copy is allowed: it is in the history, in a page that is
    /// covered, and in the window of each place that a short copy can be written to.
    pub(super) lowest: isize,
    /// Places below this one have room for the literals and a short copy.
    pub(super) ample: usize,
    /// Where the round should end.
    pub(super) end: usize,
}

impl Margins {
    /// Margins that no place is inside of, in a round up to `end`.
    #[inline(always)]
    pub(super) fn none(end: usize) -> Self {
        Self { lowest: 0, ample: 0, end }
    }

    /// Margins in a page of `length` bytes, for a round up to `end`. The pages before it are
    /// covered for `covered` bytes, and no distance is above `farthest`.
    #[inline(always)]
    pub(super) fn new(
        rules: &Rules<'_>,
        length: usize,
        end: usize,
        covered: usize,
        farthest: usize,
    ) -> Self {
        let ample = (length.wrapping_add(1).saturating_sub(AMPLE)).min(end);
        // History that starts in this page makes `earlier` negative.
        let mut lowest = (covered as isize).min(rules.earlier as isize).wrapping_neg();
        if rules.window < farthest {
            // A short copy is written after the literals of the last spot at the latest.
            let latest = ample.wrapping_add(LITERALS) as isize;
            lowest = lowest.max(latest.wrapping_sub_unsigned(rules.window));
        }
        Self { lowest, ample, end }
    }
}

/// The present page and the full pages before it, for copies of any kind. They are executed a run
/// of bytes at a time, and write nothing past their last byte.
pub(super) struct Exact<'s, 'a, P> {
    pub(super) before: &'s [P],
    pub(super) page: &'s mut [u8],
    pub(super) rules: &'s Rules<'a>,
    /// Place of the next byte; at most the page's length.
    pub(super) at: usize,
    /// What did not fit of the last copy.
    pub(super) parked: Parked,
}

impl<P: Page> Exact<'_, '_, P> {
    /// Copies `length` bytes from `distance` bytes back, and parks what does not fit. `false`: the
    /// copy is not allowed, or a part of its source is not there; the bytes before that part are
    /// written.
    #[inline(always)]
    #[must_use]
    pub(super) fn copy(&mut self, distance: usize, length: usize) -> bool {
        self.rules.allow(self.at, distance, length) && self.resume(distance, length)
    }

    /// Why a copy from `distance` bytes back failed.
    #[cold]
    pub(super) fn why_not(&self, distance: usize) -> Error {
        let from = self.at.wrapping_sub(distance);
        let is_near = distance <= self.at;
        let before = self.before.len();
        if distance > self.rules.window {
            Error::DistancePastWindow
        } else if distance.wrapping_sub(1) >= self.rules.history(self.at) {
            Error::DistanceBeforeStart
        } else if !is_near && lookup(self.before, before, from, self.rules.page_shift).is_none() {
            Error::DistanceReleased
        } else {
            Error::PageShape
        }
    }

    /// Executes a copy that is allowed, or the rest of one, and parks what does not fit. `false`:
    /// its source is not there. The rest is not judged again: whether a copy is allowed depends on
    /// where it starts.
    #[must_use]
    pub(super) fn resume(&mut self, distance: usize, mut length: usize) -> bool {
        let history = self.rules.history(self.at);
        if distance.wrapping_sub(1) >= history {
            let prefix = self.rules.prefix.bytes;
            let from = prefix.len().wrapping_sub(distance.wrapping_sub(history));
            let Some(prefix) = prefix.get(from..) else { return false };
            let run = prefix.get(..length).unwrap_or(prefix);
            let taken = self.extend(run);
            length = length.wrapping_sub(taken);
            if taken < run.len() {
                self.parked = Parked { distance, length };
                return true;
            }
        }
        while length > 0 {
            let from = self.at.wrapping_sub(distance);
            let Some((done, room)) = self.page.split_at_mut_checked(self.at) else { return false };
            if room.is_empty() {
                break;
            }
            let room = room.get_mut(..length.min(room.len())).unwrap_or(&mut []);
            let copied = if let Some(pattern) = done.get(from..) {
                repeat(pattern, room)
            } else {
                let shift = self.rules.page_shift;
                let source = lookup(self.before, self.before.len(), from, shift);
                source.map_or(0, |source| copy_over(room, source))
            };
            // There is nothing to copy from: the page was released, or is shorter than it was.
            if copied == 0 {
                return false;
            }
            self.at = self.at.wrapping_add(copied);
            length = length.saturating_sub(copied);
        }
        self.parked = Parked { distance, length };
        true
    }

    /// Writes as many of `bytes` as there is room for, and returns how many.
    pub(super) fn extend(&mut self, bytes: &[u8]) -> usize {
        let fits = copy_over(self.page.get_mut(self.at..).unwrap_or(&mut []), bytes);
        self.at = self.at.wrapping_add(fits);
        fits
    }
}

/// The bytes from a place to the end of its page. The place is `from` bytes after the start of page
/// `origin`, or before it if `from` is negative (as an `isize`).
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

/// Copies as many bytes as both slices have, and returns how many.
#[inline(never)]
pub(crate) fn copy_over(room: &mut [u8], bytes: &[u8]) -> usize {
    let length = room.len().min(bytes.len());
    let (Some(room), Some(bytes)) = (room.get_mut(..length), bytes.get(..length)) else { return 0 };
    // Most copies are short, and a call of `memcpy` costs a kernel more than they do.
    let is_done = length <= 32
        && (copy_ends::<16>(room, bytes)
            || copy_ends::<8>(room, bytes)
            || copy_ends::<4>(room, bytes));
    if !is_done {
        room.iter_mut().zip(bytes).for_each(|(slot, &byte)| *slot = byte);
    }
    length
}

/// Copies `N` to twice `N` bytes, as many as both slices have, by two stores that may overlap: the
/// first `N` bytes and the last `N`. `false`, and nothing done, if there are fewer than `N`.
#[inline(always)]
fn copy_ends<const N: usize>(room: &mut [u8], bytes: &[u8]) -> bool {
    let rest = bytes.len().wrapping_sub(N);
    // Not by `last_chunk`, which can panic at opt-level z.
    let last = bytes.get(rest..).and_then(|bytes| bytes.first_chunk::<N>());
    let (Some(&first), Some(&last)) = (bytes.first_chunk::<N>(), last) else { return false };
    room.first_chunk_mut().into_iter().for_each(|slot| *slot = first);
    let room = room.get_mut(rest..).unwrap_or(&mut []);
    room.first_chunk_mut().into_iter().for_each(|slot| *slot = last);
    true
}

/// Fills `room` with the bytes of `pattern`, which end where it starts, over and over. Returns how
/// many bytes it wrote.
fn repeat(pattern: &[u8], room: &mut [u8]) -> usize {
    let mut have = copy_over(room, pattern);
    // What has been written doubles with each step.
    while let (true, Some((done, rest))) = (have > 0, room.split_at_mut_checked(have)) {
        if rest.is_empty() {
            break;
        }
        have = have.wrapping_add(copy_over(rest, done));
    }
    have
}

/// Reads a chunk. It is a number only so that it stays in registers.
#[inline(always)]
pub(super) fn load_chunk(bytes: &[u8], at: usize) -> Option<u128> {
    Some(u128::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[inline(always)]
pub(super) fn store_chunk(bytes: &mut [u8], at: usize, chunk: u128) -> Option<()> {
    *bytes.get_mut(at..)?.first_chunk_mut()? = chunk.to_ne_bytes();
    Some(())
}

/// Copies 16 to 64 bytes. `None`, and nothing done, if it is more or less.
#[inline(always)]
pub(super) fn copy_chunks(source: &[u8], room: &mut [u8]) -> Option<()> {
    if source.len() != room.len() || source.len() > 4 * CHUNK {
        return None;
    }
    let rest = source.len().checked_sub(CHUNK)?;
    let last = load_chunk(source, rest)?;
    store_chunk(room, 0, load_chunk(source, 0)?)?;
    if rest > CHUNK {
        store_chunk(room, CHUNK, load_chunk(source, CHUNK)?)?;
        let third = rest.min(2 * CHUNK);
        store_chunk(room, third, load_chunk(source, third)?)?;
    }
    store_chunk(room, rest, last)
}
