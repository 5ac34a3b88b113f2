// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Decompressed bytes as a stream, in bounded memory.
//!
//! [`Flow`] is what the readers have in common: it feeds a decoder, hands out bytes once they are
//! settled, and uses a page again once its bytes were handed out and no copy can reach them. A
//! reader adds the traits that it implements, a source of input, and a [`Store`] of pages.

#[cfg(feature = "embedded-io")]
mod embedded;
#[cfg(feature = "std")]
mod std_io;

use core::mem;

use crate::slices::{first_bytes, rest_from};
use crate::{Decode, Error, Page, Pause, Progress};

#[cfg(feature = "embedded-io")]
pub use embedded::{EmbeddedReader, ReadError};
#[cfg(feature = "std")]
pub use std_io::Reader;

/// Where a reader has its pages from.
trait Store {
    type Page: Page;

    /// All pages so far.
    fn pages(&mut self) -> &mut [Self::Page];

    /// How many pages must be free to move the others and use them again, instead of adding one. At
    /// least 1.
    fn batch(&self) -> usize;

    /// Adds a page.
    fn add(&mut self) -> Result<(), Error>;
}

/// What a reader does next, once the settled bytes are handed out.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The decoder needs input.
    Starved,
    /// Every page is full. The decoder may have more bytes to give without more input.
    Full,
    /// The last member is complete. If bytes are left over, they are no part of the file.
    Ended { left_over: bool },
    /// Every call ends in this error.
    Failed(Error),
}

/// How far a stream of bytes has come.
///
/// # Invariants
///
/// `released <= handed <= settled`, all counted from the first byte of output, and `released` is
/// the number of bytes in the pages that the decoder was told of by [`Decode::release`].
#[derive(Debug)]
struct Flow {
    released: u64,
    /// Bytes handed out.
    handed: u64,
    /// Bytes that the decoder has settled.
    settled: u64,
    stage: Stage,
}

impl Flow {
    /// For a fresh decoder.
    const fn new() -> Self {
        Self { released: 0, handed: 0, settled: 0, stage: Stage::Starved }
    }

    /// Whether [`feed`](Self::feed) must be called before there is something to hand out, or an
    /// end.
    fn is_dry(&self) -> bool {
        self.handed >= self.settled && matches!(self.stage, Stage::Starved | Stage::Full)
    }

    /// Whether the decoder needs input to go on. Where it does not, the source is not asked: it
    /// might wait for input while the decoder has bytes to give.
    fn is_starved(&self) -> bool {
        matches!(self.stage, Stage::Starved)
    }

    /// Decodes from `input`, into pages of `store`. Empty input means that the source has ended, if
    /// the decoder [is starved](Self::is_starved). Returns the bytes consumed. What is wrong is
    /// told by [`ready`](Self::ready), after the bytes before it.
    fn feed<D: Decode>(&mut self, decoder: &mut D, store: &mut impl Store, input: &[u8]) -> usize {
        let (consumed, stage) = match self.step(decoder, store, input) {
            Ok(went) => went,
            Err(error) => (0, Stage::Failed(error)),
        };
        self.stage = stage;
        self.settled = decoder.settled();
        consumed
    }

    fn step<D: Decode>(
        &mut self,
        decoder: &mut D,
        store: &mut impl Store,
        input: &[u8],
    ) -> Result<(usize, Stage), Error> {
        let has_ended = self.is_starved() && input.is_empty();
        if let Stage::Full = self.stage {
            self.make_room(decoder, store)?;
        }
        let Progress { consumed, pause } = decoder.decode(input, store.pages())?;
        let stage = match pause {
            Pause::NeedPage => Stage::Full,
            Pause::NeedInput { .. } if has_ended => return Err(Error::Truncated),
            Pause::Done if has_ended => Stage::Ended { left_over: false },
            Pause::Done if consumed < input.len() => Stage::Ended { left_over: true },
            // Another member may follow in what the source has not given yet.
            Pause::NeedInput { .. } | Pause::Done => Stage::Starved,
        };
        Ok((consumed, stage))
    }

    /// Every page is full: uses those again that are handed out and out of reach, or adds one.
    fn make_room<D: Decode>(
        &mut self,
        decoder: &mut D,
        store: &mut impl Store,
    ) -> Result<(), Error> {
        let batch = store.batch();
        let pages = store.pages();
        let page_len = page_len(pages);
        let window = decoder.window().unwrap_or(u64::MAX);
        let unreachable = decoder.written().saturating_sub(window).min(self.handed);
        let free = unreachable.saturating_sub(self.released).checked_div(page_len).unwrap_or(0);
        // There can't be more pages free than there are.
        let free = usize::try_from(free).unwrap_or(0).min(pages.len());
        if free < batch {
            return store.add();
        }
        decoder.release(free)?;
        move_to_back(pages, free);
        self.released = self.released.saturating_add(page_len.saturating_mul(free as u64));
        Ok(())
    }

    /// The next bytes, as far as they lie in one page. None: the stream has ended.
    fn ready<'a, P: Page>(&self, pages: &'a [P]) -> Result<&'a [u8], Error> {
        let bytes = self.settled.saturating_sub(self.handed);
        if bytes == 0 {
            return match self.stage {
                Stage::Failed(error) => Err(error),
                _ => Ok(&[]),
            };
        }
        let at = self.handed.saturating_sub(self.released);
        let page_len = page_len(pages);
        let index = at.checked_div(page_len).and_then(|index| usize::try_from(index).ok());
        let offset = at.checked_rem(page_len).and_then(|offset| usize::try_from(offset).ok());
        let page = index.and_then(|index| pages.get(index)).ok_or(Error::PageShape)?;
        let run = rest_from(page.as_ref(), offset.unwrap_or(usize::MAX));
        Ok(first_bytes(run, bytes))
    }

    /// The next `bytes` bytes were handed out.
    fn consume(&mut self, bytes: usize) {
        self.handed = self.handed.saturating_add(bytes as u64).min(self.settled);
    }

    /// What was taken of the bytes after the last member, `held` by a [`Carry`](crate::Carry), if
    /// there are any.
    fn trailing<'a>(&self, held: &'a [u8]) -> Option<&'a [u8]> {
        match self.stage {
            Stage::Ended { left_over } if left_over || !held.is_empty() => Some(held),
            _ => None,
        }
    }
}

/// Length of a page, 0 if there is none.
fn page_len<P: Page>(pages: &[P]) -> u64 {
    pages.first().map_or(0, |page| page.as_ref().len() as u64)
}

/// Moves the first `free` pages after the others, which stay in their order. The order of those
/// moved does not matter. Unlike `rotate_left` this has no panic path at opt-level z.
fn move_to_back<P>(pages: &mut [P], free: usize) {
    let Some(distance) = free.checked_sub(1) else { return };
    let mut rest = pages;
    // Each page that stays changes places with the free one that is `free` before it.
    while let Some((first, after)) = rest.split_first_mut() {
        let Some(page) = after.get_mut(distance) else { break };
        mem::swap(first, page);
        rest = after;
    }
}

/// Copies the start of `from` to `to`, as much as both have. Returns how much that is.
fn copy_start(to: &mut [u8], from: &[u8]) -> usize {
    let length = to.len().min(from.len());
    crate::slices::copy(to, from);
    length
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn pages_that_stay_keep_their_order() {
        for length in 0..20 {
            for free in 0..=length {
                let mut pages: Vec<usize> = (0..length).collect();
                move_to_back(&mut pages, free);
                assert!(
                    pages.iter().copied().take(length - free).eq(free..length),
                    "{length}, {free}"
                );
                pages.sort_unstable();
                assert!(pages.into_iter().eq(0..length), "{length}, {free}");
            }
        }
    }
}
