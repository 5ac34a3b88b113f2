// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A decoder for whichever format a stream has.

use crate::deflate::{Taken, Wrapped, Wrapper};
use crate::gzip::Member;
use crate::zlib::Stream;
use crate::{After, Check, Error, Format};

/// Decodes whichever format the first bytes announce (see [`Format::detect`]); all-zero memory is
/// a fresh decoder.
///
/// ```
/// use pagewise::{decode_slice, Any, Decode, Error, Format};
///
/// # let file: &[u8] = &[0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x06, 0x00, 0x02, 0x4d, 0x01, 0x27];
/// let mut output = [0; 100];
/// let mut decoder = Any::new();
/// let _ = decode_slice(&mut decoder, file, &mut output)?;
/// assert_eq!(decoder.info().format, Some(Format::Zlib));
///
/// let error = decode_slice(&mut Any::new(), b"\x7fELF", &mut output);
/// assert_eq!(error, Err(Error::UnknownFormat));
/// # Ok::<(), Error>(())
/// ```
pub type Any = Wrapped<Detected>;

/// The wrapper that the first bytes announce.
#[doc(hidden)]
#[repr(u8)]
pub enum Detected {
    /// Nothing was read yet.
    Unknown = 0,
    /// Recognised, but there is no decoder for it.
    Other(Format),
    Gzip(Member),
    Zlib(Stream),
}

impl Wrapper for Detected {
    const NEW: Self = Self::Unknown;

    fn format(&self) -> Option<Format> {
        match self {
            Self::Unknown => None,
            Self::Other(format) => Some(*format),
            Self::Gzip(member) => member.format(),
            Self::Zlib(stream) => stream.format(),
        }
    }

    fn check(&self) -> Check {
        match self {
            Self::Unknown | Self::Other(_) => Check::None,
            Self::Gzip(member) => member.check(),
            Self::Zlib(stream) => stream.check(),
        }
    }

    fn header(&mut self, input: &[u8]) -> Result<Taken, Error> {
        if let Self::Unknown = self {
            *self = match Format::detect(input)? {
                Some(Format::Gzip) => Self::Gzip(Member::NEW),
                Some(Format::Zlib) => Self::Zlib(Stream::NEW),
                Some(format) => Self::Other(format),
                None => return Ok(Taken::missing(input.len().saturating_add(1))),
            };
        }
        match self {
            Self::Unknown => Err(Error::Internal),
            Self::Other(_) => Err(Error::UnsupportedFormat),
            Self::Gzip(member) => member.header(input),
            Self::Zlib(stream) => stream.header(input),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Unknown | Self::Other(_) => {}
            Self::Gzip(member) => member.update(bytes),
            Self::Zlib(stream) => stream.update(bytes),
        }
    }

    fn trailer(&mut self, input: &[u8]) -> Result<Taken, Error> {
        match self {
            Self::Unknown | Self::Other(_) => Err(Error::Internal),
            Self::Gzip(member) => member.trailer(input),
            Self::Zlib(stream) => stream.trailer(input),
        }
    }

    fn window(&self) -> usize {
        match self {
            Self::Unknown | Self::Other(_) => 0,
            Self::Gzip(member) => member.window(),
            Self::Zlib(stream) => stream.window(),
        }
    }

    fn after(&self, rest: &[u8]) -> After {
        match self {
            Self::Unknown | Self::Other(_) => After::Trailing,
            Self::Gzip(member) => member.after(rest),
            Self::Zlib(stream) => stream.after(rest),
        }
    }
}
