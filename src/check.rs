// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Check sums over settled bytes.

#[cfg(feature = "gzip")]
mod adler32;
#[cfg(any(feature = "gzip", feature = "xz"))]
mod crc;
#[cfg(feature = "xz")]
mod sha256;
#[cfg(feature = "zstd")]
mod xxh64;

#[cfg(feature = "gzip")]
pub(crate) use adler32::Adler32;
#[cfg(any(feature = "gzip", feature = "xz"))]
pub(crate) use crc::Crc32;
#[cfg(feature = "xz")]
pub(crate) use crc::Crc64;
#[cfg(feature = "xz")]
pub(crate) use sha256::Sha256;
#[cfg(feature = "zstd")]
pub(crate) use xxh64::Xxh64;
