// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Check sums over settled bytes.

mod adler32;
mod crc;

pub(crate) use adler32::Adler32;
pub(crate) use crc::Crc32;
