// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Tests of the feature `oracle`: other crates' decoders, which implement `Decode` too.
#![cfg(feature = "oracle")]

#[path = "../common/mod.rs"]
mod common;

mod agreement;
mod gaps;
