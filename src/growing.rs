// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Output for users with an allocator: a `Vec`, or pages that are added as they are needed.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::decode::MIN_PAGE;
use crate::slices::rest_from;
use crate::{Decode, Error, Pause, Progress};

/// The first size that [`decode_to_vec`] tries if the header declares none, as a multiple of the
/// input's.
const FIRST_GUESS: usize = 4;
/// The largest size that it takes a header's word for, as a multiple of the input's: a header may
/// lie.
const MAX_GUESS: usize = 256;

/// Decodes a whole stream into a `Vec` of at most `limit` bytes.
///
/// The decoder is [reset](Decode::reset) first, as by [`decode_slice`](crate::decode_slice). If the
/// header declares the [size](crate::Info::content_size), as those of zstd and .lzma may, the `Vec`
/// has it from the start, up to 256 times the input's. Otherwise it grows by doubling.
///
/// ```
/// use pagewise::{decode_to_vec, Error, Zlib};
///
/// # let file: &[u8] = &[0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x06, 0x00, 0x02, 0x4d, 0x01, 0x27];
/// assert_eq!(decode_to_vec(&mut Zlib::new(), file, 1 << 20)?, b"abc");
/// assert_eq!(decode_to_vec(&mut Zlib::new(), file, 2), Err(Error::OutputLimit));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
///
/// [`Error::OutputLimit`], [`Error::OutOfMemory`], [`Error::Truncated`], and whatever is wrong with
/// the stream.
pub fn decode_to_vec<D: Decode>(
    decoder: &mut D,
    input: &[u8],
    limit: usize,
) -> Result<Vec<u8>, Error> {
    decoder.reset();
    let mut output: Vec<u8> = Vec::new();
    let mut rest = input;
    loop {
        let Progress { consumed, pause } = decoder.decode(rest, &mut [&mut output])?;
        rest = rest_from(rest, consumed);
        match pause {
            Pause::Done => break,
            Pause::NeedInput { .. } => return Err(Error::Truncated),
            Pause::NeedPage if output.len() >= limit => return Err(Error::OutputLimit),
            Pause::NeedPage => {
                let guess = match decoder.info().content_size {
                    Some(size) => {
                        let size = usize::try_from(size).unwrap_or(usize::MAX);
                        if size > limit && output.is_empty() {
                            return Err(Error::OutputLimit);
                        }
                        size.min(input.len().saturating_mul(MAX_GUESS))
                    }
                    None => input.len().saturating_mul(FIRST_GUESS),
                };
                let length = output.len().saturating_mul(2).max(guess.max(64)).min(limit);
                output.try_reserve_exact(length - output.len()).map_err(|_| Error::OutOfMemory)?;
                output.resize(length, 0);
            }
        }
    }
    output.truncate(usize::try_from(decoder.written()).map_err(|_| Error::Internal)?);
    Ok(output)
}

/// Pages of `N` bytes that are allocated as the output needs them, up to a limit.
///
/// They are the pages of one stream: the decoder must be fresh, or [reset](Decode::reset), at the
/// first call, and the same one until the stream has ended.
///
/// ```
/// use pagewise::{Concatenated, Decode, Error, GrowingPages, Gzip, Pause};
///
/// # let file: &[u8] = &[
/// #     0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c, 0x4a, 6, 0, 0xc2, 0x41, 0x24, 0x35, 3, 0,
/// #     0, 0];
/// let mut decoder = Concatenated::new(Gzip::new());
/// let mut pages = GrowingPages::<4096>::new(1 << 20);
/// let progress = pages.decode(&mut decoder, file)?;
/// assert_eq!(progress.pause, Pause::Done);
/// assert_eq!(&pages.as_slice()[0][..3], b"abc");
/// # Ok::<(), Error>(())
/// ```
pub struct GrowingPages<const N: usize> {
    pages: Vec<Box<[u8]>>,
    limit: usize,
}

/// Shows how many pages there are, without their bytes.
impl<const N: usize> fmt::Debug for GrowingPages<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("GrowingPages");
        fields.field("pages", &self.pages.len()).field("limit", &self.limit).finish()
    }
}

impl<const N: usize> GrowingPages<N> {
    /// No pages yet. There will be at most as many as hold `limit` bytes.
    pub const fn new(limit: usize) -> Self {
        const { assert!(N.is_power_of_two() && N >= MIN_PAGE, "not a page length") };
        Self { pages: Vec::new(), limit }
    }

    /// Decodes until input runs short or the stream has ended. It never stops for a page.
    ///
    /// # Errors
    ///
    /// [`Error::OutputLimit`], [`Error::OutOfMemory`], [`Error::PageShape`] if the decoder has
    /// written more than these pages hold, to others, and whatever is wrong with the stream.
    pub fn decode<D: Decode>(&mut self, decoder: &mut D, input: &[u8]) -> Result<Progress, Error> {
        let mut consumed = 0;
        loop {
            let rest = rest_from(input, consumed);
            let progress = decoder.decode(rest, &mut self.pages)?;
            consumed += progress.consumed;
            match progress.pause {
                Pause::NeedPage => self.add()?,
                pause => return Ok(Progress { consumed, pause }),
            }
        }
    }

    /// The pages so far. The last one may be only partly full.
    pub fn as_slice(&self) -> &[Box<[u8]>] {
        &self.pages
    }

    /// Returns the pages.
    pub fn into_inner(self) -> Vec<Box<[u8]>> {
        self.pages
    }

    fn add(&mut self) -> Result<(), Error> {
        if self.pages.len() >= self.limit.div_ceil(N) {
            return Err(Error::OutputLimit);
        }
        add_page(&mut self.pages, N)
    }
}

/// Adds a page of `length` bytes.
pub(crate) fn add_page(pages: &mut Vec<Box<[u8]>>, length: usize) -> Result<(), Error> {
    let mut page = Vec::new();
    page.try_reserve_exact(length).map_err(|_| Error::OutOfMemory)?;
    page.resize(length, 0);
    pages.try_reserve(1).map_err(|_| Error::OutOfMemory)?;
    pages.push(page.into_boxed_slice());
    Ok(())
}
