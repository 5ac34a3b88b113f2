// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The contract: what a page is, and what a decoder promises.

use crate::{Error, Info};

/// A page of output: anything that lends its bytes.
///
/// `[u8; N]`, `&mut [u8; N]`, `&mut [u8]`, `Box<[u8]>`, `Vec<u8>` and a newtype over a kernel's
/// mapped page are pages. Its length must not change while a decoder uses it; if it does, decoding
/// ends in an error or in garbage, never in a panic.
pub trait Page: AsRef<[u8]> + AsMut<[u8]> {}

impl<T: AsRef<[u8]> + AsMut<[u8]> + ?Sized> Page for T {}

/// Bytes after [`written`](Decode::written) that a call may overwrite, never beyond the end of the
/// page that holds the next byte.
pub const OVERSHOOT: usize = 64;

/// Pages of one array are at least this long; a single page may have any length.
#[cfg(any(feature = "gzip", feature = "xz", feature = "zstd", feature = "alloc"))]
pub(crate) const MIN_PAGE: usize = 64;

/// How far a call to [`Decode::decode`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct Progress {
    /// Bytes of this call's input that are done with. The others are to be passed again.
    pub consumed: usize,
    /// What is needed to go on.
    pub pause: Pause,
}

impl Progress {
    /// What a decoder of your own returns.
    pub const fn new(consumed: usize, pause: Pause) -> Self {
        Self { consumed, pause }
    }
}

/// Why [`Decode::decode`] came back without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pause {
    /// More input: call again with at least `min` unconsumed bytes. If there are none left, the
    /// stream is truncated.
    NeedInput {
        /// Bytes to pass, the unconsumed ones included.
        min: usize,
    },
    /// Every page is full: append one.
    NeedPage,
    /// The stream is complete, and every check in it matched. Input beyond `consumed` does not
    /// belong to it. Every further call says so again, of the same pages (see [`Decode`]).
    Done,
}

/// How far a decoder has come, and what it has learnt of the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Bytes of input consumed over all calls; those that a [`Carry`](crate::Carry) holds do not
    /// count before they are decoded. After an error: where the unit at fault starts (a field, a
    /// block of zstd, the checksum that does not match), or the end of a copy that reaches too far.
    pub consumed: u64,
    /// Bytes of output so far.
    pub written: u64,
    /// How many of the bytes written are final. Checksums run over them.
    pub settled: u64,
    /// Bytes of history that the stream may refer to, known once its header was read. After
    /// [`Error::WindowLimit`]: what the stream asks for.
    pub window: Option<u64>,
    /// What the stream is.
    pub info: Info,
}

/// A streaming decompressor into pages.
///
/// # Rules
///
/// - `pages` are all pages so far (since the last [`release`](Self::release)), in their order and
///   with their contents unchanged; new ones are appended. All have the same length, a power of
///   two of at least 64 bytes. A single page may have any length, so a flat buffer is one page; it
///   may grow as long as it is the only one.
/// - Output starts at byte 0 of page 0. Bytes from [`written`](Self::written) on are scratch: up to
///   [`OVERSHOOT`] of them may be overwritten, never beyond the end of the page that holds the next
///   byte. A caller that decompresses in place leaves that margin.
/// - Input is taken in whole units (a header field, a symbol): what was not consumed is passed
///   again with more after it. [`Carry`](crate::Carry) does that for callers with small pieces.
/// - The result never depends on how input and pages are split over calls.
/// - After an error every call of [`decode`](Self::decode) returns it until [`reset`](Self::reset).
/// - After [`Pause::Done`] every call returns it again until [`reset`](Self::reset), and neither
///   takes input nor writes; only [`Concatenated`](crate::Concatenated) goes on if the input holds
///   another member.
/// - `Done` is a statement about the pages that the stream was decoded into, so every call that
///   returns it must get these pages. Pages without room for the bytes written and not released
///   are refused with [`Error::PageShape`]. Other pages of the same shape cannot be told from the
///   right ones: they would pass for finished with nothing written to them. Call
///   [`reset`](Self::reset) before each stream that goes into pages of its own. [`decode_slice`]
///   does that by itself.
///
/// # Implementing and choosing
///
/// The trait is open: wrappers such as [`Carry`](crate::Carry), and harnesses that hold another
/// decoder against these, implement it. Methods that are added later have a default.
///
/// There is no `dyn Decode`. Pages are generic, so that no caller has to build an array of
/// references to them, which in a kernel would be an allocation. Where the decoder is chosen at run
/// time, `Any` is that choice: an `enum` in effect, with one branch a call.
pub trait Decode {
    /// The most bytes that a unit of input can need: a `Carry` of this size never starves.
    const CARRY: usize;

    /// Decodes until input runs short, the pages are full, or the stream has ended.
    fn decode<P: Page>(&mut self, input: &[u8], pages: &mut [P]) -> Result<Progress, Error>;

    /// How far the decoder has come, and what it has learnt of the stream.
    fn status(&self) -> Status;

    /// Bytes of input consumed over all calls ([`Status::consumed`]).
    fn consumed(&self) -> u64 {
        self.status().consumed
    }

    /// Bytes of output so far ([`Status::written`]).
    fn written(&self) -> u64 {
        self.status().written
    }

    /// How many of the bytes written are final ([`Status::settled`]).
    fn settled(&self) -> u64 {
        self.status().settled
    }

    /// Bytes of history that the stream may refer to, once known ([`Status::window`]).
    fn window(&self) -> Option<u64> {
        self.status().window
    }

    /// What the stream is ([`Status::info`]).
    fn info(&self) -> Info {
        self.status().info
    }

    /// Refuses streams with a larger window than `bytes`, before they ask for a page. Without a
    /// call only zstd has a limit, 128 MiB, as its reference decoder has.
    fn limit_window(&mut self, bytes: u64);

    /// Whether to decode streams with a check that this crate does not know, which then goes
    /// unverified, instead of refusing them. None of the formats' present encoders writes one.
    fn skip_unknown_checks(&mut self, skip: bool);

    /// Tells that `pages` pages were taken off the front of the array. Their bytes must be
    /// [settled](Self::settled). A copy that reaches into them later is an error, so keep the last
    /// [`window`](Self::window) bytes. If releasing a page means moving the rest, release in
    /// batches, for example when half of the pages are free.
    ///
    /// # Errors
    ///
    /// [`Error::ReleaseUnsettled`] if they are not settled, or there are no such pages. The call
    /// has no effect then, and decoding can go on.
    ///
    /// # Example
    ///
    /// ```
    /// # use pagewise::{Decode, Error, Gzip};
    /// /// Whole pages at the front that no copy can reach any more.
    /// fn recyclable(decoder: &impl Decode, released: u64, page_len: u64) -> u64 {
    ///     let window = decoder.window().unwrap_or(u64::MAX);
    ///     let reached = decoder.written().saturating_sub(window);
    ///     reached.min(decoder.settled()).saturating_sub(released) / page_len
    /// }
    /// assert_eq!(recyclable(&Gzip::new(), 0, 4096), 0);
    /// ```
    fn release(&mut self, pages: usize) -> Result<(), Error>;

    /// Makes this a fresh decoder, in place. Limits, choices and a dictionary stay.
    fn reset(&mut self);
}

/// Implements `Debug` for a decoder: its status and the fields that are listed, without its tables.
macro_rules! debug {
    ([$($generics:tt)*] for $type:ty: $($field:ident),*) => {
        impl<$($generics)*> ::core::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut fields = f.debug_struct(stringify!($type));
                $(fields.field(stringify!($field), &self.$field);)*
                fields.field("status", &$crate::Decode::status(self)).finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use debug;

/// What [`decode_slice`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Decoded {
    /// Bytes of the input that belong to the stream.
    pub consumed: usize,
    /// Bytes of output.
    pub written: usize,
}

/// Decodes a whole stream from one slice into another: a flat buffer is one page.
///
/// The decoder is [reset](Decode::reset) first, so that one decoder serves for any number of
/// streams, whatever became of the one before. Limits, choices and a dictionary stay. `input`
/// starts where the stream does, even if calls of [`Decode::decode`] have taken some of it. Success
/// means that the first `written` bytes of `output` are those of this stream.
///
/// ```
/// use pagewise::{decode_slice, Error, Zlib};
///
/// # let file: &[u8] = &[0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x06, 0x00, 0x02, 0x4d, 0x01, 0x27];
/// let mut output = [0; 100];
/// let decoded = decode_slice(&mut Zlib::new(), file, &mut output)?;
/// assert_eq!(&output[..decoded.written], b"abc");
///
/// let mut decoder = Zlib::new();
/// assert_eq!(decode_slice(&mut decoder, &file[..8], &mut output), Err(Error::Truncated));
/// assert_eq!(decode_slice(&mut decoder, file, &mut output[..2]), Err(Error::OutputLimit));
/// assert_eq!(decode_slice(&mut decoder, file, &mut output[..3])?.written, 3);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Truncated`] if the stream goes on after the input, [`Error::OutputLimit`] if its output
/// goes on after `output`, and whatever is wrong with the stream.
pub fn decode_slice<D: Decode>(
    decoder: &mut D,
    input: &[u8],
    output: &mut [u8],
) -> Result<Decoded, Error> {
    decoder.reset();
    let progress = decoder.decode(input, &mut [output])?;
    match progress.pause {
        Pause::Done => {
            let written = usize::try_from(decoder.written()).map_err(|_| Error::Internal)?;
            Ok(Decoded { consumed: progress.consumed, written })
        }
        Pause::NeedInput { .. } => Err(Error::Truncated),
        Pause::NeedPage => Err(Error::OutputLimit),
    }
}

/// What follows the end of a member, judged as the format's reference tool judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Another member begins here.
    Member,
    /// Padding. The bytes after it are judged again.
    Padding {
        /// How many bytes of it there are.
        length: usize,
    },
    /// Something that is no part of the file.
    Trailing,
    /// Too little to tell: at least `min` bytes are needed.
    Missing {
        /// Bytes to pass.
        min: usize,
    },
}

/// A decoder whose streams may follow one another into one output.
pub trait Members: Decode {
    /// Makes ready for the next member: its output goes on where this one's ended.
    fn next_member(&mut self);

    /// Judges the bytes after a member, after `padding` bytes of padding; there is at least one.
    ///
    /// # Errors
    ///
    /// The format's, where its reference tool holds what is there for damage.
    fn after(&self, padding: u64, rest: &[u8]) -> Result<After, Error>;
}
