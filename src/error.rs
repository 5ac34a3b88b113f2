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
    /// The stream carries a check of a kind unknown here, and the caller did not choose to go
    /// [without it](crate::Decode::skip_unknown_checks).
    UnsupportedCheck,

    /// Pages of unequal length, of a length that is not a power of two of at least 64 bytes, or
    /// fewer pages than bytes were written.
    PageShape,
    /// `release` was asked for pages whose bytes are not final yet.
    ReleaseUnsettled,
    /// The stream's window is larger than the limit that the caller set.
    /// [`window`](crate::Decode::window) tells its size.
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
    /// zlib: FDICT asks for a preset dictionary (RFC 1950, 2.2), and none was set, or one with
    /// another DICTID.
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

    /// xz: a stream does not begin with the Header Magic Bytes (The .xz File Format, 2.1.1.1).
    XzMagic,
    /// xz: the Stream Header does not match its CRC32 (2.1.1.3).
    XzHeaderCrc32,
    /// xz: a reserved bit of the Stream Flags is set (2.1.1.2).
    XzStreamFlags,
    /// xz: a Block Header does not match its CRC32 (3.1.7).
    XzBlockHeaderCrc32,
    /// xz: a reserved bit of the Block Flags is set (3.1.2).
    XzBlockFlags,
    /// xz: a Block Header is too small for its fields (3.1.1).
    XzBlockHeaderSize,
    /// xz: a byte of the Header Padding is not null (3.1.6).
    XzHeaderPadding,
    /// xz: a multibyte integer has more than 63 bits, or a null byte as its last (1.2).
    XzInteger,
    /// xz: Compressed Size is zero, too large, or not the size of the Compressed Data (3.1.3).
    XzCompressedSize,
    /// xz: Uncompressed Size is not the size of the data (3.1.4).
    XzUncompressedSize,
    /// xz: a Filter ID that is not defined (5.3).
    XzFilter,
    /// xz: the size or the value of Filter Properties fits no such filter (5.3).
    XzFilterProperties,
    /// xz: LZMA2 is not the last filter, or not only the last (5.3.1).
    XzFilterChain,
    /// xz: a byte of the Block Padding is not null (3.3).
    XzBlockPadding,
    /// xz: the data do not match the Check, a CRC32 (3.4).
    XzCrc32,
    /// xz: the data do not match the Check, a CRC64 (3.4).
    XzCrc64,
    /// xz: the data do not match the Check, a SHA-256 (3.4).
    XzSha256,
    /// xz: Number of Records is not that of the blocks (4.2).
    XzRecordCount,
    /// xz: the Records do not have the sizes of the blocks (4.3), or these are too large (2.1).
    XzRecord,
    /// xz: a byte of the Index Padding is not null (4.4).
    XzIndexPadding,
    /// xz: the Index does not match its CRC32 (4.5).
    XzIndexCrc32,
    /// xz: the Footer Magic Bytes are not there (2.1.2.4).
    XzFooterMagic,
    /// xz: the Stream Footer does not match its CRC32 (2.1.2.1).
    XzFooterCrc32,
    /// xz: Backward Size is not the size of the Index (2.1.2.2).
    XzBackwardSize,
    /// xz: the Stream Flags in header and footer are not the same (2.1.2.3).
    XzFooterFlags,
    /// xz: Stream Padding is not a multiple of four null bytes (2.2).
    XzStreamPadding,

    /// LZMA2: a control byte from 3 to 127.
    Lzma2Control,
    /// LZMA2: the first chunk does not reset the dictionary.
    Lzma2Dictionary,
    /// LZMA2: the first LZMA chunk does not set properties.
    Lzma2Properties,
    /// LZMA2: a chunk's compressed data end before or after the chunk.
    Lzma2ChunkSize,

    /// LZMA: properties above 224, or more literal context and position bits than 4.
    LzmaProperties,
    /// LZMA: the range coder's first byte is not null.
    LzmaFirstByte,
    /// LZMA: a match longer than the rest of the chunk or file.
    LzmaLength,
    /// LZMA: an end marker where there is none to be: before the known size, or in LZMA2.
    LzmaEndMarker,
    /// LZMA: the range coder is not at its end where the chunk or file is.
    LzmaEnd,
    /// .lzma: bytes after the end of the file.
    LzmaTrailing,

    /// zstd: no Magic_Number, neither a frame's nor a skippable frame's (RFC 8878, 3.1).
    ZstdMagic,
    /// zstd: the reserved bit of the Frame_Header_Descriptor is set (3.1.1.1.1).
    ZstdReservedBit,
    /// zstd: Block_Type is 3, reserved (3.1.1.2.2).
    ZstdBlockType,
    /// zstd: a block is larger than Block_Maximum_Size, before or after decoding (3.1.1.2.4).
    ZstdBlockSize,
    /// zstd: the content does not have Frame_Content_Size (3.1.1.1.4).
    ZstdContentSize,
    /// zstd: the content does not match Content_Checksum (3.1.1).
    ZstdChecksum,
    /// zstd: the frame needs the dictionary with Dictionary_ID, which was not given (3.1.1.1.3).
    ZstdDictionaryId,
    /// zstd: a dictionary is too short, or its tables are not valid (5).
    ZstdDictionary,
    /// zstd: the sizes of a literals section do not fit the block (3.1.1.3.1.1).
    ZstdLiteralsSize,
    /// zstd: a Huffman tree description is not valid (4.2.1).
    ZstdHuffmanTree,
    /// zstd: a treeless literals block, and no tree before it (3.1.1.3.1.1).
    ZstdNoHuffmanTree,
    /// zstd: literals' streams do not fit their sizes, or do not end where they should (4.2.2).
    ZstdHuffmanStream,
    /// zstd: the header of a sequences section is not valid (3.1.1.3.2.1).
    ZstdSequencesHeader,
    /// zstd: an FSE table description, or the symbol of an RLE table, is not valid (4.1.1).
    ZstdFseTable,
    /// zstd: Repeat_Mode, and no table before it (3.1.1.3.2.1).
    ZstdNoFseTable,
    /// zstd: the sequences' stream has no end bit, or does not end where it should (3.1.1.3.2.1.2).
    ZstdSequencesStream,
    /// zstd: a repeated offset of zero (3.1.1.5).
    ZstdOffset,
    /// zstd: sequences ask for more literals than there are (3.1.1.4).
    ZstdLiteralsOverrun,

    /// Another crate's decoder refuses the input, and does not tell why in terms that have a
    /// variant here (only with the `oracle` feature).
    Oracle,
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
            Self::UnknownFormat
            | Self::UnsupportedFormat
            | Self::UnsupportedCheck
            | Self::ZlibDictionary
            | Self::XzStreamFlags
            | Self::XzBlockFlags
            | Self::XzHeaderPadding
            | Self::XzFilter
            | Self::XzFilterProperties
            | Self::XzFilterChain
            | Self::ZstdReservedBit
            | Self::ZstdDictionaryId => ErrorKind::Unsupported,
            Self::PageShape | Self::ReleaseUnsettled | Self::DistanceReleased => ErrorKind::Usage,
            Self::WindowLimit | Self::OutputLimit | Self::OutOfMemory => ErrorKind::Limit,
            Self::Internal => ErrorKind::Internal,
            Self::GzipHeaderCrc
            | Self::GzipCrc32
            | Self::GzipIsize
            | Self::ZlibAdler32
            | Self::XzHeaderCrc32
            | Self::XzBlockHeaderCrc32
            | Self::XzCrc32
            | Self::XzCrc64
            | Self::XzSha256
            | Self::XzIndexCrc32
            | Self::XzFooterCrc32
            | Self::ZstdChecksum => ErrorKind::Checksum,
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
            Self::UnknownFormat => "unknown format",
            Self::UnsupportedFormat => "format recognised, but not supported by this build",
            Self::UnsupportedCheck => "unknown kind of check",
            Self::PageShape => "pages missing, or of unequal or unsuitable length",
            Self::ReleaseUnsettled => "pages released before their bytes were final",
            Self::WindowLimit => "window larger than the limit (`window` tells its size)",
            Self::OutputLimit => "output larger than the limit (`info` may tell its size)",
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
            Self::ZlibDictionary => "zlib: another preset dictionary needed",
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
            Self::XzMagic => "xz: not in xz format",
            Self::XzHeaderCrc32 => "xz: stream header CRC32 mismatch",
            Self::XzStreamFlags => "xz: reserved stream flag set",
            Self::XzBlockHeaderCrc32 => "xz: block header CRC32 mismatch",
            Self::XzBlockFlags => "xz: reserved block flag set",
            Self::XzBlockHeaderSize => "xz: block header too small for its fields",
            Self::XzHeaderPadding => "xz: block header padding not null",
            Self::XzInteger => "xz: invalid multibyte integer",
            Self::XzCompressedSize => "xz: compressed size mismatch",
            Self::XzUncompressedSize => "xz: uncompressed size mismatch",
            Self::XzFilter => "xz: unknown filter",
            Self::XzFilterProperties => "xz: unsuitable filter properties",
            Self::XzFilterChain => "xz: invalid order of filters",
            Self::XzBlockPadding => "xz: block padding not null",
            Self::XzCrc32 => "xz: CRC32 mismatch",
            Self::XzCrc64 => "xz: CRC64 mismatch",
            Self::XzSha256 => "xz: SHA-256 mismatch",
            Self::XzRecordCount => "xz: number of index records is not that of the blocks",
            Self::XzRecord => "xz: index records do not match the blocks",
            Self::XzIndexPadding => "xz: index padding not null",
            Self::XzIndexCrc32 => "xz: index CRC32 mismatch",
            Self::XzFooterMagic => "xz: no footer magic bytes",
            Self::XzFooterCrc32 => "xz: stream footer CRC32 mismatch",
            Self::XzBackwardSize => "xz: backward size is not that of the index",
            Self::XzFooterFlags => "xz: stream flags differ in header and footer",
            Self::XzStreamPadding => "xz: stream padding is not null bytes by fours",
            Self::Lzma2Control => "LZMA2: invalid control byte",
            Self::Lzma2Dictionary => "LZMA2: dictionary not reset by the first chunk",
            Self::Lzma2Properties => "LZMA2: properties not set by the first LZMA chunk",
            Self::Lzma2ChunkSize => "LZMA2: compressed size of a chunk mismatch",
            Self::LzmaProperties => "LZMA: invalid properties",
            Self::LzmaFirstByte => "LZMA: first byte not null",
            Self::LzmaLength => "LZMA: match longer than the remaining output",
            Self::LzmaEndMarker => "LZMA: end marker out of place",
            Self::LzmaEnd => "LZMA: range coder not at its end",
            Self::LzmaTrailing => "lzma: bytes after the end",
            Self::ZstdMagic => "zstd: not in zstd format",
            Self::ZstdReservedBit => "zstd: reserved bit set",
            Self::ZstdBlockType => "zstd: reserved block type",
            Self::ZstdBlockSize => "zstd: block too large",
            Self::ZstdContentSize => "zstd: content size mismatch",
            Self::ZstdChecksum => "zstd: content checksum mismatch",
            Self::ZstdDictionaryId => "zstd: another dictionary needed",
            Self::ZstdDictionary => "zstd: invalid dictionary",
            Self::ZstdLiteralsSize => "zstd: invalid literals size",
            Self::ZstdHuffmanTree => "zstd: invalid Huffman tree",
            Self::ZstdNoHuffmanTree => "zstd: no Huffman tree to use again",
            Self::ZstdHuffmanStream => "zstd: invalid literals stream",
            Self::ZstdSequencesHeader => "zstd: invalid sequences header",
            Self::ZstdFseTable => "zstd: invalid FSE table",
            Self::ZstdNoFseTable => "zstd: no FSE table to use again",
            Self::ZstdSequencesStream => "zstd: invalid sequences stream",
            Self::ZstdOffset => "zstd: repeated offset of zero",
            Self::ZstdLiteralsOverrun => "zstd: sequences ask for too many literals",
            Self::Oracle => "refused by another crate's decoder",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for Error {}
