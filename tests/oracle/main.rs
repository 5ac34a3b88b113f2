// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The tests of other crates' decoders behind `Decode`.
#![cfg(feature = "oracle")]

#[path = "../common/mod.rs"]
mod common;

mod agreement;
mod gaps;
