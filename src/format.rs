// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Which format a stream has, and what can be said of it.

use crate::Error;

/// A compressed format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Format {
    /// RFC 1952.
    Gzip,
    /// RFC 1950.
    Zlib,
    /// RFC 1951, with nothing around it. Never detected: it has no header.
    Deflate,
    /// The .xz file format.
    Xz,
    /// RFC 8878.
    Zstd,
    /// The .lzma file format.
    Lzma,
}

/// The first bytes of .xz files (The .xz File Format, 2.1.1.1).
pub(crate) const XZ_MAGIC: [u8; 6] = [0xfd, b'7', b'z', b'X', b'Z', 0];
/// The first bytes of zstd frames (RFC 8878, 3.1.1), and of skippable frames but for four bits
/// (3.1.2).
pub(crate) const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
pub(crate) const SKIPPABLE_MAGIC: [u8; 4] = [0x50, 0x2a, 0x4d, 0x18];
/// ID1 and ID2 of gzip members (RFC 1952, 2.3.1).
pub(crate) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

impl Format {
    /// Tells the format by the first bytes of a file; `None` if they are too few.
    ///
    /// zlib has no magic number, but a header check that two other bytes rarely pass. .lzma has
    /// none either, but a header of 13 bytes of which few values are in use.
    ///
    /// ```
    /// use pagewise::{Error, Format};
    ///
    /// assert_eq!(Format::detect(&[0x1f, 0x8b, 8]), Ok(Some(Format::Gzip)));
    /// assert_eq!(Format::detect(&[0x28, 0xb5]), Ok(None));
    /// assert_eq!(Format::detect(b"\x7fELF"), Err(Error::UnknownFormat));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnknownFormat`] if they begin none of the formats.
    pub fn detect(input: &[u8]) -> Result<Option<Self>, Error> {
        let magics: [(&[u8], Self); 4] = [
            (&GZIP_MAGIC, Self::Gzip),
            (&XZ_MAGIC, Self::Xz),
            (&ZSTD_MAGIC, Self::Zstd),
            (&SKIPPABLE_MAGIC, Self::Zstd),
        ];
        let mut undecided = false;
        for (magic, format) in magics {
            let mut pairs = magic.iter().zip(input);
            let skippable = magic == SKIPPABLE_MAGIC;
            if pairs.all(|(&m, &byte)| m == byte || (skippable && m == 0x50 && byte & 0xf0 == m)) {
                if input.len() >= magic.len() {
                    return Ok(Some(format));
                }
                undecided = true;
            }
        }
        match *input {
            [cmf, flg, ..] if check_zlib_header(cmf, flg).is_ok() => Ok(Some(Self::Zlib)),
            [cmf] if cmf & 0x8f == 8 => Ok(None),
            _ if undecided => Ok(None),
            _ if !begins_lzma(input) => Err(Error::UnknownFormat),
            _ => Ok((input.len() >= LZMA_HEADER).then_some(Self::Lzma)),
        }
    }

    /// The usual name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Deflate => "deflate",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Lzma => "lzma",
        }
    }
}

/// Properties, Dictionary Size and Uncompressed Size (The .lzma File Format, 1.1).
pub(crate) const LZMA_HEADER: usize = 13;

/// Whether `input` begins a .lzma file, as XZ Utils judge it: properties that they can decode, a
/// dictionary size of 2^n or 2^n + 2^(n - 1), or all ones, and a size below 256 GiB, or unknown.
fn begins_lzma(input: &[u8]) -> bool {
    let mut header = [0; LZMA_HEADER];
    header.iter_mut().zip(input).for_each(|(slot, &byte)| *slot = byte);
    let [properties, d0, d1, d2, d3, s0, s1, s2, s3, s4, s5, s6, s7] = header;
    let context_and_position = properties % 9 + properties / 9 % 5;
    if input.is_empty() || properties > 224 || context_and_position > 4 {
        return false;
    }
    let dictionary = u32::from_le_bytes([d0, d1, d2, d3]);
    let size = u64::from_le_bytes([s0, s1, s2, s3, s4, s5, s6, s7]);
    // Only whole fields are judged.
    let good_dictionary = dictionary == u32::MAX
        || matches!(dictionary.wrapping_shr(dictionary.trailing_zeros()), 1 | 3);
    (input.len() < 5 || good_dictionary)
        && (input.len() < LZMA_HEADER || size == u64::MAX || size < 1 << 38)
}

/// CM of zlib streams: deflate (RFC 1950, 2.2).
const ZLIB_DEFLATE: u8 = 8;
/// CINFO of a 32 KiB window, the largest (RFC 1950, 2.2).
const MAX_CINFO: u8 = 7;

/// CMF and FLG, judged (RFC 1950, 2.2).
pub(crate) fn check_zlib_header(cmf: u8, flg: u8) -> Result<(), Error> {
    if u16::from_be_bytes([cmf, flg]) % 31 != 0 {
        return Err(Error::ZlibHeaderCheck);
    }
    if cmf & 15 != ZLIB_DEFLATE {
        return Err(Error::ZlibMethod);
    }
    if cmf >> 4 > MAX_CINFO {
        return Err(Error::ZlibWindow);
    }
    Ok(())
}

/// A check that a stream carries of its output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Check {
    /// No check: only the format's own redundancy reveals damage.
    #[default]
    None,
    /// CRC-32, in gzip with the output's length.
    Crc32,
    /// Adler-32 (zlib).
    Adler32,
    /// CRC-64 (xz).
    Crc64,
    /// SHA-256 (xz).
    Sha256,
    /// The low half of XXH64 (zstd).
    Xxh64,
    /// One that this crate does not know, and does not verify.
    Unknown,
}

impl Check {
    /// The usual name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Crc32 => "CRC32",
            Self::Adler32 => "Adler-32",
            Self::Crc64 => "CRC64",
            Self::Sha256 => "SHA-256",
            Self::Xxh64 => "XXH64",
            Self::Unknown => "unknown",
        }
    }
}

/// What has been learnt of a stream. With several members: of the last one, but for `blocks`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Its format, once known.
    pub format: Option<Format>,
    /// The check that it carries.
    pub check: Check,
    /// Blocks begun so far, over all members.
    pub blocks: u64,
    /// Bytes of output of the member, stream or frame: as its header tells them (zstd and .lzma, if
    /// the encoder knew), and always once it is complete. What a header tells is not verified
    /// before that.
    pub content_size: Option<u64>,
    /// The dictionary that its header asks for: Dictionary_ID of zstd (RFC 8878, 3.1.1.1.3), or
    /// DICTID of zlib, the Adler-32 of the dictionary (RFC 1950, 2.2). Also after the error that
    /// none, or another one, was set.
    pub dictionary_id: Option<u32>,
}
