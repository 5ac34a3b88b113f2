// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Containers, which stand around compressed data in each format, and the engines that decode what
//! is inside.
//!
//! They are type parameters of [`Decoder`](crate::Decoder), and name the format in it: `Gzip` is
//! `Decoder<GzipMember>`. Code that is generic over formats can say `fn f<C: Container>(decoder:
//! &mut Decoder<C>)`; otherwise the decoders' names are all that is needed.

pub use crate::decoder::{Container, Engine};
#[cfg(feature = "gzip")]
pub use crate::deflate::{GzipMember, Inflate, RawDeflate, ZlibStream};
#[cfg(feature = "xz")]
pub use crate::xz::{LzmaEngine, LzmaFile, XzOneBlock, XzStream};
#[cfg(feature = "zstd")]
pub use crate::zstd::{Blocks, ZstdFrame};
