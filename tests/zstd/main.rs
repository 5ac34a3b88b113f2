// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The tests of zstd (RFC 8878).

#[path = "../common/mod.rs"]
mod common;

mod block_defects;
mod blocks;
mod defects;
mod dictionaries;
mod differential;
mod frames;
mod overrun;
mod round_trip;
mod splits;
mod truncation;
