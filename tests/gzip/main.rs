// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The tests of gzip, zlib and deflate (RFC 1952, 1950 and 1951).

#[path = "../common/mod.rs"]
mod common;

mod copies;
mod defects;
mod differential;
mod large;
mod members;
mod preset_dictionary;
mod round_trip;
mod splits;
mod truncation;
