// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The caller's pages as output and as history: the only file that knows pages.
//!
//! [`Output`] is what is kept between calls: how far the output has come, and a copy that did not
//! fit ([`Parked`]). [`Cursor`] is one round: the page being written, with the full pages before
//! it. A round ends at its page's end at the latest.

use crate::{Error, Page, MIN_PAGE};

/// A round on one large page ends after this many bytes, so that checks run over them while they
/// are still in the nearest cache.
const ROUND: usize = 16 << 10;

/// The rest of a copy that met the page's end; the next round begins by making it.
#[derive(Clone, Copy)]
struct Parked {
    distance: usize,
    /// 0: none.
    length: usize,
}

/// How far the output has come.
///
/// # Invariants
/// - `released` and `history` are at most `written`.
/// - `released` is a number of whole pages of `page_len` bytes.
pub(crate) struct Output {
    written: u64,
    released: u64,
    /// Where the bytes begin that copies may refer to: the member's first byte.
    history: u64,
    /// Length of the first page when pages were last seen; 0: never.
    page_len: usize,
    parked: Parked,
}

impl Output {
    pub(crate) const fn new() -> Self {
        let parked = Parked { distance: 0, length: 0 };
        Self { written: 0, released: 0, history: 0, page_len: 0, parked }
    }

    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Starts a new member, stream or frame: what was written before it is not its history.
    pub(crate) fn begin_history(&mut self) {
        self.history = self.written;
    }

    /// The caller took `pages` pages off the front of its array, all of them below `settled`.
    pub(crate) fn release(&mut self, pages: usize, settled: u64) -> Result<(), Error> {
        let bytes = (pages as u64).checked_mul(self.page_len as u64);
        let released = bytes.and_then(|bytes| self.released.checked_add(bytes));
        let known = self.page_len > 0 || pages == 0;
        let released = released.filter(|&released| known && released <= settled);
        self.released = released.ok_or(Error::ReleaseUnsettled)?;
        Ok(())
    }

    /// Begins a round on the page that the next byte belongs to. If all pages are full it
    /// [has no page](Cursor::has_page); otherwise a parked copy has been made as far as it fits.
    #[inline(always)]
    pub(crate) fn open<'a, P: Page>(
        &mut self,
        pages: &'a mut [P],
        window: usize,
    ) -> Result<Cursor<'a, P>, Error> {
        let (index, at) = self.locate(pages)?;
        let pages = pages.get_mut(..=index).unwrap_or(&mut []);
        let length = pages.last().map_or(0, |page| page.as_ref().len());
        if index > 0 && !pages.is_empty() && length != self.page_len {
            return Err(Error::PageShape);
        }
        let history = self.written.saturating_sub(self.history);
        let history = usize::try_from(history).unwrap_or(usize::MAX / 2);
        let page_shift = if index > 0 { self.page_len.trailing_zeros() } else { usize::BITS - 1 };
        let mut cursor = Cursor {
            pages,
            page_shift,
            end: length.min(at.saturating_add(ROUND)),
            start: at,
            at,
            tail: Tail(0),
            reach: history.wrapping_sub(at),
            window,
            parked: self.parked,
        };
        cursor.reload_tail();
        let Parked { distance, length } = self.parked;
        if length > 0 && !cursor.copy_slowly(distance, length) {
            return Err(cursor.why_not(distance));
        }
        Ok(cursor)
    }

    /// Ends a round: its bytes are written, and returned.
    pub(crate) fn close<'a, P: Page>(&mut self, cursor: Cursor<'a, P>) -> &'a [u8] {
        let Cursor { pages, start, at, parked, .. } = cursor;
        let fresh = pages.last().and_then(|page| page.as_ref().get(start..at)).unwrap_or(&[]);
        self.written = self.written.saturating_add(fresh.len() as u64);
        self.parked = parked;
        fresh
    }

    /// Index of the page for the next byte, which may be yet to come, and the byte's place in it.
    /// Notes the pages' length and refuses a change of it, but for a first page that has grown
    /// while all bytes are in it.
    fn locate<P: Page>(&mut self, pages: &[P]) -> Result<(usize, usize), Error> {
        let retained = self.written.saturating_sub(self.released);
        let Some(first) = pages.first() else {
            return if retained == 0 { Ok((0, 0)) } else { Err(Error::PageShape) };
        };
        let length = first.as_ref().len();
        if length != self.page_len {
            let alone = self.released == 0 && self.written <= self.page_len as u64;
            if self.page_len != 0 && !(alone && length > self.page_len) {
                return Err(Error::PageShape);
            }
            self.page_len = length;
        }
        if pages.len() > 1 && !(length.is_power_of_two() && length >= MIN_PAGE) {
            return Err(Error::PageShape);
        }
        let (index, at) = match usize::try_from(retained) {
            Ok(retained) if pages.len() == 1 && retained < length => (0, retained),
            Ok(retained) if length.is_power_of_two() => {
                (retained.wrapping_shr(length.trailing_zeros()), retained & length.wrapping_sub(1))
            }
            Ok(retained) if retained == length => (1, 0),
            _ => return Err(Error::PageShape),
        };
        let fits = index < pages.len() || (index == pages.len() && at == 0);
        fits.then_some((index, at)).ok_or(Error::PageShape)
    }
}

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
/// - `tail` holds the bytes before `at`, the last one highest: eight, or `at` if that is less.
/// - `at + reach` (wrapping) bytes of history lie before `at`.
pub(crate) struct Cursor<'a, P> {
    pages: &'a mut [P],
    page_shift: u32,
    end: usize,
    start: usize,
    at: usize,
    tail: Tail,
    reach: usize,
    window: usize,
    parked: Parked,
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

    /// Whether there is a page at all.
    pub(crate) fn has_page(&self) -> bool {
        !self.pages.is_empty()
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
        self.reload_tail();
        fits
    }

    /// Writes `length` bytes again that begin `distance` bytes back. What does not fit is parked:
    /// then the round [is full](Self::is_full), and must have had room for one byte before.
    /// `false`: there is [an error](Self::why_not).
    #[inline(always)]
    #[must_use]
    pub(crate) fn copy(&mut self, distance: usize, length: usize) -> bool {
        let history = self.at.wrapping_add(self.reach);
        if distance >= length && distance <= self.window && distance <= history {
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
        } else if distance.wrapping_sub(1) >= self.at.wrapping_add(self.reach) {
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
    fn copy_slowly(&mut self, distance: usize, mut length: usize) -> bool {
        if distance > self.window || distance.wrapping_sub(1) >= self.at.wrapping_add(self.reach) {
            return false;
        }
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
        self.reload_tail();
        true
    }

    /// The present page.
    #[inline(always)]
    fn page(&mut self) -> Option<&mut [u8]> {
        Some(self.pages.last_mut()?.as_mut())
    }

    /// From the byte `distance` bytes back to the end of its page.
    #[inline(always)]
    fn source(&self, distance: usize) -> Option<&[u8]> {
        let from = self.at.wrapping_sub(distance);
        lookup(self.pages, self.pages.len().wrapping_sub(1), from, self.page_shift)
    }

    fn reload_tail(&mut self) {
        let at = self.at;
        let last = self.page().and_then(|page| page.get(at.saturating_sub(8)..at)).unwrap_or(&[]);
        self.tail = match last.first_chunk() {
            Some(word) => Tail(u64::from_le_bytes(*word)),
            None => last.iter().fold(Tail(0), |tail, &byte| tail.push(byte)),
        };
    }
}

/// From a place in an array of pages to the end of its page: `from` bytes behind the begin of page
/// `origin`, or before it if negative.
#[inline(always)]
fn lookup<P: Page>(pages: &[P], origin: usize, from: usize, page_shift: u32) -> Option<&[u8]> {
    let index = origin.wrapping_add((from as isize).wrapping_shr(page_shift) as usize);
    pages.get(index)?.as_ref().get(from & !usize::MAX.wrapping_shl(page_shift)..)
}

/// Copies as many bytes as both have, and says how many.
fn copy_over(room: &mut [u8], bytes: &[u8]) -> usize {
    room.iter_mut().zip(bytes).for_each(|(slot, &byte)| *slot = byte);
    room.len().min(bytes.len())
}

/// Fills `room` with what stands before it, over and over. Returns how many bytes it wrote.
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

/// The last eight bytes written, the last one highest.
///
/// A copy of up to 16 bytes is made as two words, without a branch on its length. Each word is
/// stored where it *ends*; what it holds before the copied bytes are the bytes that stand there
/// already. So nothing is ever written past the copy's end.
#[derive(Clone, Copy)]
struct Tail(u64);

impl Tail {
    #[inline(always)]
    fn push(self, byte: u8) -> Self {
        Self(self.0 >> 8 | u64::from(byte) << 56)
    }

    /// Makes the words of a copy that are to be stored: one that ends after `first` bytes, 1 to 8,
    /// and one that ends after all. `head` begins with the first byte copied, and `last` as many
    /// bytes later as there are more than eight. So up to eight bytes both are the same, and above
    /// eight they hold copied bytes alone.
    #[inline(always)]
    fn join(self, first: usize, head: u64, last: u64) -> (u64, u64) {
        let bits = (first as u32) << 3;
        let kept = (self.0 >> 8).wrapping_shr(bits.wrapping_sub(8));
        let shift = bits.wrapping_neg();
        (kept | head.wrapping_shl(shift), kept | last.wrapping_shl(shift))
    }
}

#[inline(always)]
fn load(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[inline(always)]
fn store(bytes: &mut [u8], at: usize, word: u64) -> Option<()> {
    *bytes.get_mut(at..)?.first_chunk_mut()? = word.to_le_bytes();
    Some(())
}

/// Copies 17 to 64 bytes, and returns the last ones. `None`, and nothing done, if it is more.
#[inline(always)]
fn copy_chunks(source: &[u8], room: &mut [u8]) -> Option<Tail> {
    if source.len() != room.len() || source.len() > 64 {
        return None;
    }
    let last = *source.last_chunk::<16>()?;
    *room.first_chunk_mut::<16>()? = *source.first_chunk::<16>()?;
    if source.len() > 32 {
        let middle = source.len().min(48);
        let (source, room) = (source.get(16..middle)?, room.get_mut(16..middle)?);
        *room.first_chunk_mut::<16>()? = *source.first_chunk::<16>()?;
        *room.last_chunk_mut::<16>()? = *source.last_chunk::<16>()?;
    }
    *room.last_chunk_mut::<16>()? = last;
    Some(Tail(load(&last, 8)?))
}
