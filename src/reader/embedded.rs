// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The `Read` and `BufRead` of the crate `embedded-io`.

use core::fmt;

use embedded_io::{BufRead, ErrorKind, ErrorType, Read};

use super::{copy_start, page_len, Flow, Store};
use crate::{Carry, Decode, Error, Page};

/// Reads decompressed bytes from a source of compressed ones, in pages and by a decoder that the
/// caller owns.
///
/// ```
/// use embedded_io::Read;
/// use pagewise::{Carry, Concatenated, EmbeddedReader, Gzip, ReadError};
///
/// # let file: &[u8] = &[
/// #     0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c, 0x4a, 6, 0, 0xc2, 0x41, 0x24, 0x35, 3, 0,
/// #     0, 0];
/// let mut decoder: Carry<Concatenated<Gzip>> = Carry::default(); // some 20 KiB: may be static
/// let mut memory = [0; 10 * 4096]; // the window of gzip, 32 KiB, and two pages more
/// let mut pages: [&mut [u8]; 10] = core::array::from_fn(|_| &mut [][..]);
/// memory.chunks_mut(4096).zip(&mut pages).for_each(|(chunk, page)| *page = chunk);
///
/// let mut reader = EmbeddedReader::new(file, &mut decoder, &mut pages);
/// let mut buffer = [0; 100];
/// assert_eq!(reader.read(&mut buffer)?, 3);
/// assert_eq!(&buffer[..3], b"abc");
/// assert_eq!(reader.read(&mut buffer)?, 0);
/// # Ok::<(), ReadError<core::convert::Infallible>>(())
/// ```
///
/// # How many pages
///
/// A stream whose output fits in the pages needs no more. A longer one needs pages for its window
/// and one more, and yet another under a filter of .xz, which changes bytes after the window has
/// passed them: [`pages_needed`](Self::pages_needed) tells how many. If there are fewer, the reader
/// hands out what fits and then fails with [`Error::WindowLimit`]. To refuse such a stream before
/// its first byte, whatever its length, call `reader.limit_window(reader.largest_window())`.
///
/// Pages move in their array when they are used again, so an array of `&mut [u8]` is better than
/// one of `[u8; 4096]`, whose bytes have to be copied. With more pages than needed they move less
/// often.
///
/// # Errors and the end
///
/// Settled bytes before an error are handed out first, and every call after it returns it again. An
/// error of the source loses nothing: the next call goes on. An empty source is an error,
/// [`Error::Truncated`].
///
/// A checksum is compared at the end of a block or a member, when its bytes were handed out: only
/// the end of the stream tells that all was right. After a member of
/// [`Concatenated`](crate::Concatenated) another may follow, so the source is asked for more. The
/// stream ends where the source does, or before bytes that are no part of it.
pub struct EmbeddedReader<'a, R, P, D, const N: usize> {
    source: R,
    decoder: &'a mut Carry<D, N>,
    pages: &'a mut [P],
    flow: Flow,
}

impl<'a, R: BufRead, P: Page, D: Decode, const N: usize> EmbeddedReader<'a, R, P, D, N> {
    /// Reads by `decoder`, which is [reset](Decode::reset) first. Its limits, choices and
    /// dictionary stay.
    pub fn new(source: R, decoder: &'a mut Carry<D, N>, pages: &'a mut [P]) -> Self {
        decoder.reset();
        Self { source, decoder, pages, flow: Flow::new() }
    }

    /// Refuses streams with a larger window than `bytes` with [`Error::WindowLimit`], before their
    /// first byte.
    pub fn limit_window(&mut self, bytes: u64) {
        self.decoder.limit_window(bytes);
    }

    /// The largest window, in bytes, that the pages are enough for: all but one of them. Under a
    /// filter of .xz it is a page less.
    pub fn largest_window(&self) -> u64 {
        page_len(self.pages).saturating_mul(self.pages.len().saturating_sub(1) as u64)
    }

    /// How many pages of this length are enough for the stream's window, known once its header was
    /// read, also after [`Error::WindowLimit`]. Under a filter of .xz it is a page more.
    pub fn pages_needed(&self) -> Option<u64> {
        let window = self.decoder.window()?;
        // If there is no page yet, it is as if there were one for each byte.
        Some(window.div_ceil(page_len(self.pages).max(1)).saturating_add(1))
    }

    /// The decoder, which tells what the stream is.
    pub fn decoder(&self) -> &D {
        self.decoder.get_ref()
    }

    /// The bytes after the last member, if the stream has ended there and they are no part of it:
    /// those that were taken from the source, which stands after them. They are at most the
    /// beginning of a member that is not one, and none if the source had that in its buffer at
    /// once.
    pub fn trailing(&self) -> Option<&[u8]> {
        self.flow.trailing(self.decoder.held_bytes())
    }

    /// The source.
    pub fn get_ref(&self) -> &R {
        &self.source
    }

    /// The source. What is read from it is lost to the stream.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.source
    }

    /// The source. At the end of the stream it stands after the last member and
    /// [`trailing`](Self::trailing).
    pub fn into_inner(self) -> R {
        self.source
    }
}

impl<R: BufRead, P: Page, D: Decode, const N: usize> BufRead for EmbeddedReader<'_, R, P, D, N> {
    fn fill_buf(&mut self) -> Result<&[u8], Self::Error> {
        while self.flow.is_dry() {
            let input = match self.flow.is_starved() {
                true => self.source.fill_buf().map_err(ReadError::Source)?,
                false => &[],
            };
            let consumed = self.flow.feed(self.decoder, &mut self.pages, input);
            self.source.consume(consumed);
        }
        self.flow.ready(self.pages).map_err(ReadError::Stream)
    }

    fn consume(&mut self, amount: usize) {
        self.flow.consume(amount);
    }
}

impl<R: BufRead, P: Page, D: Decode, const N: usize> Read for EmbeddedReader<'_, R, P, D, N> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = copy_start(buffer, self.fill_buf()?);
        self.consume(read);
        Ok(read)
    }
}

impl<R: ErrorType, P, D, const N: usize> ErrorType for EmbeddedReader<'_, R, P, D, N> {
    type Error = ReadError<R::Error>;
}

/// The source, the decoder, and how many pages there are.
impl<R: fmt::Debug, P, D: Decode, const N: usize> fmt::Debug for EmbeddedReader<'_, R, P, D, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("EmbeddedReader");
        fields.field("source", &self.source).field("decoder", &self.decoder);
        fields.field("pages", &self.pages.len()).field("flow", &self.flow).finish()
    }
}

impl<P: Page> Store for &mut [P] {
    type Page = P;

    fn pages(&mut self) -> &mut [P] {
        self
    }

    fn batch(&self) -> usize {
        1
    }

    /// There are as many pages as there are.
    fn add(&mut self) -> Result<(), Error> {
        Err(Error::WindowLimit)
    }
}

/// Why an [`EmbeddedReader`] can't go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError<E> {
    /// The source's own error.
    Source(E),
    /// What is wrong with the stream, or with the pages.
    Stream(Error),
}

impl<E: fmt::Display> fmt::Display for ReadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => error.fmt(f),
            Self::Stream(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for ReadError<E> {}

/// The source's kind, or `InvalidData`.
impl<E: embedded_io::Error> embedded_io::Error for ReadError<E> {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Source(error) => error.kind(),
            Self::Stream(_) => ErrorKind::InvalidData,
        }
    }
}
