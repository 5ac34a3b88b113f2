// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The standard library's `Read` and `BufRead`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use std::io::{self, BufRead, Read};

use super::{copy_start, Flow, Store};
use crate::growing::add_page;
use crate::{Any, Carry, Concatenated, Decode, Error, ErrorKind, Zeroed};

/// Length of a page. Longer ones gain no speed, and shorter ones lose some.
const PAGE: usize = 64 << 10;

/// The others are moved, 16 bytes for each, when one of so many pages is free. So moving them costs
/// at most 256 bytes for a page of output, and no more than a fifteenth of the window is spent on
/// it.
const BATCH: usize = 16;

/// Reads decompressed bytes from a [`BufRead`] of compressed ones. A [`Read`] becomes one in a
/// [`BufReader`](io::BufReader), and [`Stdin`](io::Stdin) by `lock()`.
///
/// [`Reader::new`] recognises the format, and takes the members of a file one after the other, as
/// [`Concatenated`] does. [`with_decoder`](Self::with_decoder) takes a decoder of your choice.
///
/// ```
/// use std::io::{self, Read};
///
/// # let file: &[u8] = &[
/// #     0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c, 0x4a, 6, 0, 0xc2, 0x41, 0x24, 0x35, 3, 0,
/// #     0, 0];
/// let mut text = String::new();
/// pagewise::Reader::new(file).read_to_string(&mut text)?;
/// assert_eq!(text, "abc");
/// # Ok::<(), io::Error>(())
/// ```
///
/// # Memory
///
/// The reader owns the decoder, some 335 KiB for the default one on 64-bit machines, and pages of
/// 64 KiB. Pages are added as output comes and used again once no copy can reach them. So they hold
/// the output, or if that is less, the window, a fifteenth more and three pages. A large window in
/// a header costs nothing by itself. For input that you don't trust,
/// [`limit_window`](Self::limit_window) bounds the memory.
///
/// The source's buffer is used as it is. A zstd block, which has up to 128 KiB, is decoded in place
/// if the buffer holds all of it, and is copied once otherwise.
///
/// # Errors
///
/// What is wrong with the stream is an [`Error`] inside of an [`io::Error`], and
/// [`decoder().consumed()`](Decode::consumed) tells where. All settled bytes before it are
/// handed out first, and every call after it returns it again. A checksum is compared at the end of
/// a block or a member, when its bytes were handed out: only the end of the stream tells that all
/// was right.
///
/// | [kind](io::ErrorKind) | |
/// | --- | --- |
/// | `UnexpectedEof` | the source ended before the stream, or is empty: [`Error::Truncated`] |
/// | `OutOfMemory` | no memory for another page: [`Error::OutOfMemory`] |
/// | `InvalidData` | any other |
///
/// Errors of the source are returned as they are, and lose nothing: after `Interrupted` or
/// `WouldBlock` the next call goes on.
///
/// ```
/// use std::io::{ErrorKind, Read};
/// use pagewise::{Error, Reader};
///
/// # let file: &[u8] = &[
/// #     0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c, 0x4a, 6, 0, 0xc2, 0x41, 0x24, 0x35, 3, 0,
/// #     0, 0];
/// let mut output = Vec::new();
/// let error = Reader::new(&file[..20]).read_to_end(&mut output).unwrap_err();
/// assert_eq!(output, b"abc");
/// assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
/// assert_eq!(error.get_ref().and_then(|error| error.downcast_ref()), Some(&Error::Truncated));
/// ```
///
/// # The end
///
/// After a member the source is asked for more, as another one may follow; on a connection that
/// stays open this waits. The stream ends where the source does, or before bytes that are no part
/// of the file, if the format's reference tool leaves such bytes alone.
/// [`trailing`](Self::trailing) tells them.
pub struct Reader<R, D = Concatenated<Any>, const N: usize = { Any::CARRY }> {
    source: R,
    decoder: Box<Carry<D, N>>,
    pages: Vec<Box<[u8]>>,
    flow: Flow,
}

impl<R: BufRead> Reader<R> {
    /// Reads files of all formats that were built in.
    pub fn new(source: R) -> Self {
        Self::with_decoder(source, Zeroed::boxed())
    }
}

impl<R: BufRead, D: Decode, const N: usize> Reader<R, D, N> {
    /// Reads by a decoder, which is [reset](Decode::reset) first. Its limits, choices and
    /// dictionary stay.
    ///
    /// ```
    /// use std::io::{self, Read};
    /// use pagewise::{Carry, Reader, Zeroed, Zlib};
    ///
    /// # let file: &[u8] = &[0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x06, 0x00, 0x02, 0x4d, 0x01, 0x27];
    /// let mut text = String::new();
    /// Reader::with_decoder(file, Carry::<Zlib>::boxed()).read_to_string(&mut text)?;
    /// assert_eq!(text, "abc");
    /// # Ok::<(), io::Error>(())
    /// ```
    pub fn with_decoder(source: R, mut decoder: Box<Carry<D, N>>) -> Self {
        decoder.reset();
        Self { source, decoder, pages: Vec::new(), flow: Flow::new() }
    }

    /// Starts over with another source, and returns the one before. Limits, choices and a
    /// dictionary stay, and so does the memory.
    pub fn reset(&mut self, source: R) -> R {
        self.decoder.reset();
        self.flow = Flow::new();
        mem::replace(&mut self.source, source)
    }

    /// Refuses streams with a larger window than `bytes` with [`Error::WindowLimit`]. Without a
    /// call only zstd has a limit, 128 MiB; the window of an .xz file may have 4 GiB.
    pub fn limit_window(&mut self, bytes: u64) {
        self.decoder.limit_window(bytes);
    }

    /// The decoder, which tells what the stream is.
    pub fn decoder(&self) -> &D {
        self.decoder.get_ref()
    }

    /// The bytes after the last member, if the stream has ended there and they are no part of it:
    /// those that were taken from the source, which stands after them. They are at most the
    /// beginning of a member that is not one, and none if the source had that in its buffer at
    /// once.
    ///
    /// ```
    /// use std::io::{self, Read};
    /// use pagewise::Reader;
    ///
    /// # let file: &[u8] = &[0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x06, 0x00, 0x02, 0x4d, 0x01, 0x27];
    /// let longer = [file, b"and more"].concat();
    /// let mut reader = Reader::new(&longer[..]);
    /// assert_eq!(reader.trailing(), None);
    /// reader.read_to_end(&mut Vec::new())?;
    /// let mut trailing = reader.trailing().unwrap_or_default().to_vec();
    /// reader.into_inner().read_to_end(&mut trailing)?;
    /// assert_eq!(trailing, b"and more");
    /// # Ok::<(), io::Error>(())
    /// ```
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

impl<R: BufRead, D: Decode, const N: usize> BufRead for Reader<R, D, N> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.flow.is_dry() {
            let input = if self.flow.is_starved() { self.source.fill_buf()? } else { &[] };
            let consumed = self.flow.feed(&mut *self.decoder, &mut self.pages, input);
            self.source.consume(consumed);
        }
        Ok(self.flow.ready(&self.pages)?)
    }

    fn consume(&mut self, amount: usize) {
        self.flow.consume(amount);
    }
}

impl<R: BufRead, D: Decode, const N: usize> Read for Reader<R, D, N> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = copy_start(buffer, self.fill_buf()?);
        self.consume(read);
        Ok(read)
    }
}

/// The source, the decoder, and bytes of pages.
impl<R: fmt::Debug, D: Decode, const N: usize> fmt::Debug for Reader<R, D, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Reader");
        fields.field("source", &self.source).field("decoder", &self.decoder);
        fields.field("pages", &self.pages.len()).field("flow", &self.flow).finish()
    }
}

impl Store for Vec<Box<[u8]>> {
    type Page = Box<[u8]>;

    fn pages(&mut self) -> &mut [Self::Page] {
        self
    }

    fn batch(&self) -> usize {
        self.len().div_ceil(BATCH).max(1)
    }

    fn add(&mut self) -> Result<(), Error> {
        add_page(self, PAGE)
    }
}

/// With the kind that [`Reader`](Reader#errors) says.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::OutOfMemory => io::ErrorKind::OutOfMemory,
            _ if error.kind() == ErrorKind::Truncated => io::ErrorKind::UnexpectedEof,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}
