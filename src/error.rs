// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What can be wrong with a stream, or with a call.

use core::fmt;

/// Why decoding stopped for good.
///
/// Each variant names the field or the rule of the format that was broken. Running out of input or
/// of pages is not an error (see [`Pause`](crate::Pause)); only the one-call forms, which know that
/// nothing more will come, turn those into [`Error::Truncated`] and [`Error::OutputLimit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Error {
    /// The input ended before the stream did.
    Truncated,
    /// The first bytes belong to no format that this crate knows.
    UnknownFormat,
    /// The format was recognised, but no decoder for it was built in.
    UnsupportedFormat,

    /// Pages of unequal length, of a length that is not a power of two of at least 64 bytes, or
    /// fewer pages than bytes were written.
    PageShape,
    /// `release` was asked for pages whose bytes are not final yet.
    ReleaseUnsettled,
    /// The stream refers further back than the window limit set by the caller allows.
    WindowLimit,
    /// The output is larger than the caller allows.
    OutputLimit,
    /// The allocator had no memory for another page (only with the `alloc` feature).
    OutOfMemory,
    /// A state that the code proves impossible; never silently passed over.
    Internal,

    /// A copy begins before the first byte of output.
    DistanceBeforeStart,
    /// A copy reaches further back than the window that the stream declared.
    DistancePastWindow,
    /// A copy reaches into a page that the caller has released.
    DistanceReleased,

    /// gzip: ID1 and ID2 are not 0x1f 0x8b (RFC 1952, 2.3.1).
    GzipMagic,
    /// gzip: CM is not 8, deflate (RFC 1952, 2.3.1).
    GzipMethod,
    /// gzip: a reserved bit of FLG is set (RFC 1952, 2.3.1.2).
    GzipFlags,
    /// gzip: the header does not match its CRC16 (RFC 1952, 2.3.1).
    GzipHeaderCrc,
    /// gzip: the output does not match CRC32 (RFC 1952, 2.3.1).
    GzipCrc32,
    /// gzip: the output's length does not match ISIZE (RFC 1952, 2.3.1).
    GzipIsize,

    /// zlib: CMF and FLG are not a multiple of 31 (RFC 1950, 2.2).
    ZlibHeaderCheck,
    /// zlib: CM is not 8, deflate (RFC 1950, 2.2).
    ZlibMethod,
    /// zlib: CINFO is above 7, a window of more than 32 KiB (RFC 1950, 2.2).
    ZlibWindow,
    /// zlib: FDICT asks for a preset dictionary (RFC 1950, 2.2), which nobody gave.
    ZlibDictionary,
    /// zlib: the output does not match ADLER32 (RFC 1950, 2.2).
    ZlibAdler32,

    /// deflate: BTYPE is 3, reserved (RFC 1951, 3.2.3).
    DeflateBlockType,
    /// deflate: LEN and NLEN of a stored block do not agree (RFC 1951, 3.2.4).
    DeflateStoredLength,
    /// deflate: HLIT above 286 or HDIST above 30 codes (RFC 1951, 3.2.7).
    DeflateCodeCount,
    /// deflate: the code length code is over-subscribed or incomplete (RFC 1951, 3.2.7).
    DeflateCodeLengthCode,
    /// deflate: code 16 repeats a length where none came before (RFC 1951, 3.2.7).
    DeflateRepeatFirst,
    /// deflate: a repeat runs past the last code length (RFC 1951, 3.2.7).
    DeflateRepeatLength,
    /// deflate: the end-of-block symbol 256 has no code (RFC 1951, 3.2.7).
    DeflateNoEndOfBlock,
    /// deflate: the literal/length code is over-subscribed or incomplete (RFC 1951, 3.2.7).
    DeflateLitlenCode,
    /// deflate: the distance code is over-subscribed or incomplete (RFC 1951, 3.2.7).
    DeflateDistanceCode,
    /// deflate: a literal/length symbol that means nothing: 286, 287, or no code (RFC 1951, 3.2.5).
    DeflateLitlenSymbol,
    /// deflate: a distance symbol that means nothing: 30, 31, or no code (RFC 1951, 3.2.5).
    DeflateDistanceSymbol,
}

/// What an [`Error`] asks of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ended too early: fetch the rest of it.
    Truncated,
    /// The input breaks a rule of its format.
    Corrupt,
    /// The input decoded, but to bytes other than those that were compressed.
    Checksum,
    /// The input may be fine, but this crate, or this build of it, does not decode it.
    Unsupported,
    /// A limit that the caller set, or its memory, was exceeded.
    Limit,
    /// The caller broke a rule of [`Decode`](crate::Decode).
    Usage,
    /// A defect of this crate.
    Internal,
}

impl Error {
    /// Tells truncated, corrupt, checksum, unsupported, over-limit and page-shape errors apart.
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::Truncated => ErrorKind::Truncated,
            Self::UnknownFormat | Self::UnsupportedFormat | Self::ZlibDictionary => {
                ErrorKind::Unsupported
            }
            Self::PageShape | Self::ReleaseUnsettled | Self::DistanceReleased => ErrorKind::Usage,
            Self::WindowLimit | Self::OutputLimit | Self::OutOfMemory => ErrorKind::Limit,
            Self::Internal => ErrorKind::Internal,
            Self::GzipHeaderCrc | Self::GzipCrc32 | Self::GzipIsize | Self::ZlibAdler32 => {
                ErrorKind::Checksum
            }
            _ => ErrorKind::Corrupt,
        }
    }

    /// The positive errno of Linux that says this best, as its file systems use them: ENODATA
    /// truncated, EUCLEAN corrupt, EBADMSG checksum, EOPNOTSUPP unsupported, EINVAL a caller's
    /// mistake, EFBIG output limit, ENOBUFS window limit, ENOMEM no memory, EIO a defect of this
    /// crate.
    pub const fn errno(self) -> i32 {
        match self {
            Self::OutputLimit => 27,
            Self::WindowLimit => 105,
            Self::OutOfMemory => 12,
            _ => match self.kind() {
                ErrorKind::Truncated => 61,
                ErrorKind::Corrupt => 117,
                ErrorKind::Checksum => 74,
                ErrorKind::Unsupported => 95,
                ErrorKind::Limit | ErrorKind::Usage => 22,
                ErrorKind::Internal => 5,
            },
        }
    }

    /// The sentence that `Display` prints.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Truncated => "input ends before the stream does",
            Self::UnknownFormat => "not a format known here",
            Self::UnsupportedFormat => "format recognised, but not supported by this build",
            Self::PageShape => "pages of unequal or unfit length, or pages missing",
            Self::ReleaseUnsettled => "pages released before their bytes were final",
            Self::WindowLimit => "window larger than the limit",
            Self::OutputLimit => "output larger than the limit",
            Self::OutOfMemory => "no memory for another page",
            Self::Internal => "internal error",
            Self::DistanceBeforeStart => "distance reaches before the first byte",
            Self::DistancePastWindow => "distance reaches past the window",
            Self::DistanceReleased => "distance reaches into a released page",
            Self::GzipMagic => "gzip: not in gzip format",
            Self::GzipMethod => "gzip: unknown compression method",
            Self::GzipFlags => "gzip: reserved flag set",
            Self::GzipHeaderCrc => "gzip: header CRC16 mismatch",
            Self::GzipCrc32 => "gzip: CRC32 mismatch",
            Self::GzipIsize => "gzip: ISIZE mismatch",
            Self::ZlibHeaderCheck => "zlib: header check mismatch",
            Self::ZlibMethod => "zlib: unknown compression method",
            Self::ZlibWindow => "zlib: window size above 32 KiB",
            Self::ZlibDictionary => "zlib: preset dictionary needed",
            Self::ZlibAdler32 => "zlib: ADLER32 mismatch",
            Self::DeflateBlockType => "deflate: reserved block type",
            Self::DeflateStoredLength => "deflate: stored block lengths disagree",
            Self::DeflateCodeCount => "deflate: too many length or distance codes",
            Self::DeflateCodeLengthCode => "deflate: invalid code length code",
            Self::DeflateRepeatFirst => "deflate: repeat with no length before it",
            Self::DeflateRepeatLength => "deflate: repeat past the last code length",
            Self::DeflateNoEndOfBlock => "deflate: no code for the end of block",
            Self::DeflateLitlenCode => "deflate: invalid literal/length code",
            Self::DeflateDistanceCode => "deflate: invalid distance code",
            Self::DeflateLitlenSymbol => "deflate: invalid literal/length symbol",
            Self::DeflateDistanceSymbol => "deflate: invalid distance symbol",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for Error {}
