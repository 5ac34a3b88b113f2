// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Raw deflate streams (RFC 1951). gzip and zlib, which wrap such streams, are submodules.

mod canonical;
mod code_lengths;
mod gzip;
mod inflate;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod naive_tests;
mod symbols;
mod table;
mod zlib;

use crate::decoder::{Container, Decoder, Taken};
use crate::zeroed::{zeroed, Zeroed};
use crate::{Check, Error, Format};

pub use gzip::{Gzip, GzipMember};
pub use inflate::Inflate;
pub use zlib::{Zlib, ZlibStream};

/// The greatest distance, which is therefore the window of gzip and raw deflate (RFC 1951, 2).
pub(crate) const WINDOW: u64 = 32 << 10;

/// Decoder for a raw deflate stream, which has no header, no trailer and no check (RFC 1951).
///
/// Its methods are those of [`Decode`](crate::Decode).
pub type Deflate = Decoder<RawDeflate>;

/// Nothing around the data, the container of [`Deflate`].
pub struct RawDeflate {
    begun: bool,
}

zeroed! { impl for RawDeflate { begun } }

impl Container for RawDeflate {
    type Engine = Inflate;

    fn format(&self) -> Option<Format> {
        Some(Format::Deflate)
    }

    fn check(&self) -> Check {
        Check::None
    }

    fn restart(&mut self) {
        *self = Self::ZEROED;
    }

    fn field(&mut self, _: &[u8], _: &mut Inflate) -> Result<Taken, Error> {
        if self.begun {
            return Ok(Taken::end(0));
        }
        self.begun = true;
        Ok(Taken::body(0, WINDOW))
    }

    fn update(&mut self, _: &[u8]) {}
}
