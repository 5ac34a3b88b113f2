// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Check sums over settled bytes.

#[cfg(feature = "gzip")]
mod adler32;
mod crc;
#[cfg(feature = "xz")]
mod sha256;

#[cfg(feature = "gzip")]
pub(crate) use adler32::Adler32;
pub(crate) use crc::Crc32;
#[cfg(feature = "xz")]
pub(crate) use crc::Crc64;
#[cfg(feature = "xz")]
pub(crate) use sha256::Sha256;
