// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The caller's pages as output and as history.
//!
//! [`Output`] is what is kept between calls: how far the output has come, and the rest of a copy
//! that did not fit ([`Parked`]). [`Cursor`] is one round: the present page, and the full pages
//! before it. A round ends at the end of its page at the latest.

pub(crate) mod copy;
mod cursor;
#[cfg(all(any(feature = "gzip", feature = "zstd"), not(feature = "safe")))]
#[allow(unsafe_code)]
mod raw;
#[cfg(all(feature = "zstd", test, not(feature = "safe")))]
mod raw_sequences_tests;
#[cfg(all(feature = "gzip", test, not(feature = "safe")))]
mod raw_tests;
#[cfg(feature = "zstd")]
mod sequence;
#[cfg(all(any(feature = "gzip", feature = "zstd"), test, not(feature = "safe")))]
mod settings;
#[cfg(all(feature = "gzip", any(feature = "safe", test)))]
// Tests of the other build use what differs.
#[cfg_attr(not(feature = "safe"), allow(dead_code))]
mod twin;
#[cfg(all(feature = "zstd", any(feature = "safe", test)))]
#[cfg_attr(not(feature = "safe"), allow(dead_code))]
mod twin_sequences;

use core::ops::Range;

use crate::decode::MIN_PAGE;
use crate::slices::{first_bytes, rest_from};
use crate::zeroed::zeroed;
use crate::{Error, Page};

#[cfg(feature = "zstd")]
pub(crate) use copy::CHUNK;
use copy::{copy_over, Rules};
pub(crate) use cursor::Cursor;
#[cfg(all(feature = "zstd", not(feature = "safe")))]
pub(crate) use raw::sequences::Executor;
#[cfg(all(feature = "gzip", not(feature = "safe")))]
pub(crate) use raw::symbols::Fast;
#[cfg(feature = "zstd")]
pub(crate) use sequence::Sequence;
#[cfg(all(feature = "gzip", feature = "safe"))]
pub(crate) use twin::Fast;
#[cfg(all(feature = "zstd", feature = "safe"))]
pub(crate) use twin_sequences::Executor;

/// A round on one large page ends after this many bytes, so that checks run over them while they
/// are still in a near cache.
const ROUND: usize = 32 << 10;

/// The most bytes that a filter needs at once to convert the first of them ([`Output::rewrite`]).
pub(crate) const LOOKAHEAD: usize = 16;
const _: () = assert!(2 * LOOKAHEAD <= MIN_PAGE);

/// Bytes that copies may refer to as if they stood before the history: a dictionary.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Prefix<'a> {
    pub(crate) bytes: &'a [u8],
    /// The longest distance of a copy that starts in them: the window, unless the format allows
    /// more.
    pub(crate) farthest: usize,
}

impl Prefix<'_> {
    pub(crate) const NONE: Self = Prefix { bytes: &[], farthest: 0 };
}

/// Why a step of an engine returned.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The next unit of input is not complete.
    NeedInput,
    /// There is another byte to write, and the round has no room for it.
    Full,
    /// What the called function decodes is whole: a table, a block's data, or a body.
    Done,
}

/// Saturated history length. It stands for 2 GiB and more, which only 32-bit targets reach, and
/// copies from further back than itself are refused. Its lowest 8 bits are replaced by those of the
/// true length, because the position bits of LZMA are taken from the length. What a round adds to
/// it never overflows a `usize`.
const FAR: usize = (usize::MAX / 2) & !0xff;

/// The remaining part of a copy that met the end of its page. The next round starts with it.
///
/// The distance stays the same; only the place that it is subtracted from starts over at 0. A copy
/// of 5 bytes from 3 bytes back, at place 62 of a page of 64 bytes, writes `a b` and parks distance
/// 3, length 3:
///
/// ```text
///                          v the copy starts
/// place   ... 59  60  61  62  63  |   0   1   2
///              a   b   c   a   b  |   c   a   b
///                      ^ source of place 0: place -3, which `lookup` finds in the page before
/// ```
#[derive(Clone, Copy)]
struct Parked {
    distance: usize,
    /// Bytes that are still to be written; 0 if no copy is parked.
    length: usize,
}

zeroed! { impl for Parked { distance, length } }

/// How far the output has come.
///
/// # Invariants
/// - `released` is at most `settled`; `settled` and `history` are at most `written`.
/// - `released` is a number of whole pages of `page_len` bytes.
#[doc(hidden)]
pub struct Output {
    written: u64,
    /// How many bytes are final.
    settled: u64,
    released: u64,
    /// Position of the first byte of the history: copies refer to nothing before it, except to a
    /// prefix.
    history: u64,
    /// Length of the first page at the last call that had pages; 0 if there was none.
    page_len: usize,
    /// The last byte written, zero if there is none.
    last: u8,
    parked: Parked,
}

zeroed! {
    impl for Output { written, settled, released, history, page_len, last, parked }
}

impl Output {
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    pub(crate) fn settled(&self) -> u64 {
        self.settled
    }

    /// Records that the bytes before `settled` are final. The count never decreases.
    pub(crate) fn settle(&mut self, settled: u64) {
        self.settled = settled.clamp(self.settled, self.written.max(self.settled));
    }

    /// Position of the first byte that a copy can still reach, with a window of `window` bytes.
    pub(crate) fn reachable_from(&self, window: usize) -> u64 {
        self.history.max(self.written.saturating_sub(window as u64))
    }

    /// Starts a new history, for a member, stream or frame, or after a reset of the dictionary:
    /// copies can't refer to the bytes written so far.
    pub(crate) fn begin_history(&mut self) {
        self.history = self.written;
    }

    /// Records that the caller took `pages` pages off the front of its array.
    ///
    /// [`Error::ReleaseUnsettled`], and nothing changed, if a byte in them is not settled, or if no
    /// page was seen so far.
    pub(crate) fn release(&mut self, pages: usize) -> Result<(), Error> {
        let bytes = (pages as u64).checked_mul(self.page_len as u64);
        let released = bytes.and_then(|bytes| self.released.checked_add(bytes));
        let known = self.page_len > 0 || pages == 0;
        let released = released.filter(|&released| known && released <= self.settled);
        self.released = released.ok_or(Error::ReleaseUnsettled)?;
        Ok(())
    }

    /// Whether the next byte belongs to a page that the caller has yet to add.
    pub(crate) fn is_full<P: Page>(&mut self, pages: &[P]) -> bool {
        self.locate(pages).is_ok_and(|(index, _)| index >= pages.len())
    }

    /// Checks that `pages` can be the array that holds the bytes written and not released.
    #[inline(never)]
    pub(crate) fn check_pages<P: Page>(&mut self, pages: &[P]) -> Result<(), Error> {
        self.locate(pages).map(|_| ())
    }

    /// Starts a round on the page of the next byte. Copies may reach `window` bytes back, and at
    /// the start of the history into `prefix`. A parked copy has been written as far as it fits. If
    /// all pages are full, the cursor has no page, and the copy stays parked.
    pub(crate) fn open<'a, P: Page>(
        &mut self,
        pages: &'a mut [P],
        window: usize,
        prefix: &'a Prefix<'a>,
    ) -> Result<Cursor<'a, P>, Error> {
        let (index, at) = self.locate(pages)?;
        let pages = pages.get_mut(..=index).unwrap_or(&mut []);
        let length = pages.last().map_or(0, |page| page.as_ref().len());
        if index > 0 && !pages.is_empty() && length != self.page_len {
            return Err(Error::PageShape);
        }
        let history = self.written.saturating_sub(self.history);
        let history =
            if history > FAR as u64 { FAR | history as usize & 0xff } else { history as usize };
        let page_shift = if index > 0 { self.page_len.trailing_zeros() } else { usize::BITS - 1 };
        let rules = Rules { page_shift, earlier: history.wrapping_sub(at), window, prefix };
        let mut cursor = Cursor {
            pages,
            rules,
            start: at,
            end: length.min(at.saturating_add(ROUND)),
            at,
            last: self.last,
            parked: self.parked,
        };
        if !cursor.unpark() {
            return Err(cursor.why_not(self.parked.distance));
        }
        Ok(cursor)
    }

    /// Ends a round, and counts its bytes as written.
    pub(crate) fn close<P: Page>(&mut self, mut cursor: Cursor<'_, P>) {
        self.last = cursor.last();
        let Cursor { pages, start, at, parked, .. } = cursor;
        // A page that has shrunk holds less than was written to it.
        let length = pages.last().map_or(0, |page| page.as_ref().len());
        let fresh = at.min(length).saturating_sub(start);
        self.written = self.written.saturating_add(fresh as u64);
        self.parked = parked;
    }

    /// Calls `take` with the bytes of `range`, one contiguous run after the other.
    pub(crate) fn read<P: Page>(
        &self,
        pages: &[P],
        range: Range<u64>,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), Error> {
        let mut at = range.start;
        while at < range.end {
            let (index, offset) = self.place(at);
            let run = pages.get(index).and_then(|page| page.as_ref().get(offset..));
            let run = first_bytes(run.unwrap_or(&[]), range.end.saturating_sub(at));
            if run.is_empty() {
                return Err(Error::PageShape);
            }
            take(run);
            at = at.saturating_add(run.len() as u64);
        }
        Ok(())
    }

    /// Calls `convert` with the bytes of `range`, one run after the other, to change them in place.
    /// It returns how many are done. What it leaves of a run, fewer than [`LOOKAHEAD`] bytes, it
    /// gets again in a buffer, with the bytes of the next page after them. Returns the position
    /// after the last byte that is done: the end of `range`, or as near to it as `convert` can get.
    pub(crate) fn rewrite<P: Page>(
        &self,
        pages: &mut [P],
        range: Range<u64>,
        mut convert: impl FnMut(&mut [u8]) -> usize,
    ) -> Result<u64, Error> {
        let mut at = range.start;
        while at < range.end {
            let (index, offset) = self.place(at);
            let page = pages.get_mut(index).ok_or(Error::PageShape)?;
            let length =
                first_bytes(rest_from(page.as_ref(), offset), range.end.saturating_sub(at)).len();
            let run = page.as_mut().get_mut(offset..).and_then(|run| run.get_mut(..length));
            let done = convert(run.unwrap_or(&mut []));
            at = at.saturating_add(done as u64);
            if done == length && done > 0 {
                continue;
            }
            // The rest of the page, followed by bytes of the next one.
            let mut joined = [0; 2 * LOOKAHEAD];
            let end = range.end.min(at.saturating_add(joined.len() as u64));
            let mut length = 0usize;
            self.read(pages, at..end, |run| {
                let room = joined.get_mut(length..).unwrap_or(&mut []);
                length = length.saturating_add(copy_over(room, run));
            })?;
            let done = convert(joined.get_mut(..length).unwrap_or(&mut []));
            let mut rest = joined.get(..done).unwrap_or(&[]);
            while !rest.is_empty() {
                let (index, offset) = self.place(at);
                let page = pages.get_mut(index).map_or(&mut [][..], |page| page.as_mut());
                let written = copy_over(page.get_mut(offset..).unwrap_or(&mut []), rest);
                if written == 0 {
                    return Err(Error::PageShape);
                }
                rest = rest_from(rest, written);
                at = at.saturating_add(written as u64);
            }
            if done == 0 {
                break;
            }
        }
        Ok(at)
    }

    /// Index of the page that holds the byte at `position`, and the byte's place in that page. The
    /// byte is written and not released.
    fn place(&self, position: u64) -> (usize, usize) {
        let offset = position.saturating_sub(self.released);
        // An offset that does not fit is past the array too: the caller's lookup fails.
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        if offset < self.page_len {
            return (0, offset);
        }
        let shift = self.page_len.trailing_zeros();
        (offset.wrapping_shr(shift), offset & self.page_len.wrapping_sub(1))
    }

    /// Index of the page for the next byte, which the caller may have yet to add, and the byte's
    /// place in it. Records the length of the pages. A change of it is an error, unless the first
    /// page has grown while all bytes are in it.
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
