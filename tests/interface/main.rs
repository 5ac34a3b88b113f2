// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The tests of what the formats share: pages, one decoder for several streams, the forms for users with
//! an allocator, and the C ABI.

#[path = "../common/mod.rs"]
mod common;

#[cfg(feature = "alloc")]
mod alloc;
#[cfg(feature = "capi")]
mod any_memory;
#[cfg(all(unix, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod c_abi;
mod construction;
mod info;
mod pages;
mod reuse;
