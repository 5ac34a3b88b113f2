// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The tests of .xz and .lzma, with LZMA2, LZMA and the filters.

#[path = "../common/mod.rs"]
mod common;

mod blocks;
mod defects;
mod differential;
mod large;
mod lzma;
mod lzma2_defects;
mod round_trip;
mod settled;
mod splits;
mod truncation;
