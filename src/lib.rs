// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! gzip, xz and zstd decompression into memory pages that the caller owns.
//!
//! The crate is `core` only: no allocator, no operating system, no dependency. All state is in the
//! decoder, whose size is known at compile time; all output is in the caller's pages, which are
//! also the history that the formats copy from. So there is no window memory, whatever a header
//! asks for.
//!
//! ```
//! use pagewise::{Decode, Error, Gzip, Pause};
//!
//! # let file: &[u8] = &[
//! #     0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c, 0x4a, 6, 0, 0xc2, 0x41, 0x24, 0x35, 3, 0,
//! #     0, 0];
//! let mut decoder = Gzip::new();
//! let mut pages: Vec<[u8; 4096]> = Vec::new();
//! let mut rest = file;
//! loop {
//!     let progress = decoder.decode(rest, &mut pages)?;
//!     rest = &rest[progress.consumed..];
//!     match progress.pause {
//!         Pause::NeedPage => pages.push([0; 4096]),
//!         Pause::Done => break,
//!         _ => return Err(Error::Truncated),
//!     }
//! }
//! assert_eq!(&pages[0][..decoder.written() as usize], b"abc");
//! # Ok::<(), Error>(())
//! ```
//!
//! # How a byte travels
//!
//! ```text
//! input -> container     -> engine             -> Cursor: push, extend, copy -> the caller's page
//!          gzip, zlib       deflate symbols
//!          xz, lzma         LZMA symbols
//!          zstd             literals, sequences
//!                                    filters change bytes in place once no copy can reach them;
//!                                    checks take each run of settled bytes while it is hot
//! ```
//!
//! # Choosing a decoder
//!
//! One member, stream or frame is decoded by
//!
#![cfg_attr(feature = "gzip", doc = "- [`Gzip`], [`Zlib`] or [`Deflate`],")]
#![cfg_attr(feature = "xz", doc = "- [`Xz`] or [`Lzma`],")]
#![cfg_attr(feature = "zstd", doc = "- [`Zstd`],")]
#![cfg_attr(
    any(feature = "gzip", feature = "xz", feature = "zstd"),
    doc = "- [`Any`], which chooses one of them by the first bytes."
)]
//!
//! [`Concatenated`] takes them one after the other, as files have them; [`Carry`] feeds a decoder
//! from pieces of input of any size. They compose: a file reader wants
//! `Carry<Concatenated<Any>, { Any::CARRY }>`. [`decode_slice`] is the one-call form.
//!
#![cfg_attr(
    feature = "xz",
    doc = "The blocks of an .xz file can be decoded in any order, and on several processors: see \
        [`XzIndex`]."
)]
//!
//! With the feature `std` there is a `Reader`, which implements `Read` and `BufRead` over
//! compressed input; with `embedded-io` an `EmbeddedReader` does the same for the traits of the
//! crate of that name.
//!
//! With the feature `safe` there is no `unsafe` code but for the C ABI: safe twins take the place
//! of the primitives that write pages by address, and of the assembly for LZMA on x86-64, with the
//! same results.
//!
//! With the feature `capi` all of it has a C ABI, which `src/pagewise.h` declares.
//!
//! The feature `oracle` offers other crates' decoders behind the same trait, for comparison. It
//! needs `std`, and has dependencies.

#![no_std]
// docs.rs labels what needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]
// Not denied: what they find differs between compilers, and the crate is to build with each of
// them.
#![warn(missing_docs, unused_qualifications)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(test, feature = "oracle", feature = "std"))]
extern crate std;

#[cfg(any(feature = "gzip", feature = "xz", feature = "zstd"))]
mod any;
#[cfg(any(feature = "gzip", feature = "zstd"))]
#[cfg_attr(not(all(feature = "gzip", feature = "zstd")), allow(dead_code))]
mod bits;
mod carry;
#[cfg(any(feature = "gzip", feature = "xz", feature = "zstd"))]
mod check;
mod concatenated;
#[cfg(any(feature = "gzip", feature = "xz", feature = "zstd"))]
pub mod container;
mod decode;
#[cfg(any(feature = "gzip", feature = "xz", feature = "zstd"))]
#[cfg_attr(not(feature = "xz"), allow(dead_code))]
mod decoder;
#[cfg(feature = "gzip")]
mod deflate;
mod error;
#[cfg(all(feature = "capi", any(feature = "gzip", feature = "xz", feature = "zstd")))]
// An ABI is made of pointers.
#[allow(unsafe_code)]
mod ffi;
mod format;
#[cfg(feature = "alloc")]
mod growing;
#[cfg(feature = "oracle")]
pub mod oracle;
#[cfg(any(feature = "gzip", feature = "xz", feature = "zstd"))]
// Each format uses its part of it.
#[cfg_attr(not(all(feature = "gzip", feature = "xz", feature = "zstd")), allow(dead_code))]
mod output;
#[cfg(all(test, any(feature = "gzip", feature = "xz")))]
mod pieces;
#[cfg(all(test, any(feature = "gzip", feature = "xz", feature = "zstd")))]
mod random;
#[cfg(all(
    any(feature = "std", feature = "embedded-io"),
    any(feature = "gzip", feature = "xz", feature = "zstd")
))]
mod reader;
// Each format uses its part of it.
#[allow(dead_code)]
mod slices;
#[cfg(feature = "xz")]
mod xz;
// Each format uses its part of it.
#[cfg_attr(not(feature = "zstd"), allow(dead_code))]
mod zeroed;
#[cfg(feature = "zstd")]
mod zstd;

#[cfg(any(feature = "gzip", feature = "xz", feature = "zstd"))]
pub use any::Any;
pub use carry::Carry;
pub use concatenated::Concatenated;
pub use decode::{
    decode_slice, After, Decode, Decoded, Members, Page, Pause, Progress, Status, OVERSHOOT,
};
#[cfg(any(feature = "gzip", feature = "xz", feature = "zstd"))]
pub use decoder::Decoder;
#[cfg(feature = "gzip")]
pub use deflate::{Deflate, Gzip, Zlib};
pub use error::{Error, ErrorKind};
pub use format::{Check, Format, Info};
#[cfg(feature = "alloc")]
pub use growing::{decode_to_vec, GrowingPages};
#[cfg(all(feature = "std", any(feature = "gzip", feature = "xz", feature = "zstd")))]
pub use reader::Reader;
#[cfg(all(feature = "embedded-io", any(feature = "gzip", feature = "xz", feature = "zstd")))]
pub use reader::{EmbeddedReader, ReadError};
#[cfg(feature = "xz")]
pub use xz::{Lzma, Xz, XzBlock, XzFooter, XzIndex, XzRecord, XzRecords};
pub use zeroed::Zeroed;
#[cfg(feature = "zstd")]
pub use zstd::Zstd;

/// The README's examples are tests.
#[cfg(all(doctest, feature = "gzip", feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
