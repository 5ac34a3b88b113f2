// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! .lzma files (The .lzma File Format).

use crate::decoder::{Container, Decoder, Taken, MAX_UNIT};
use crate::format::LZMA_HEADER;
use crate::zeroed::{zeroed, Maybe, Zeroed};
use crate::{After, Check, Error, Format};

use super::lzma::{LzmaEngine, Marker};
use super::range;

/// Decoder for a .lzma file: properties, dictionary size and uncompressed size, then LZMA, up to
/// the size or to an end marker. The format has no check.
///
/// It accepts at most 4 literal context and literal position bits together, as XZ Utils do.
///
/// Its methods are those of [`Decode`](crate::Decode).
pub type Lzma = Decoder<LzmaFile>;

/// The smallest dictionary size: a smaller one in a header means this.
pub(crate) const MIN_DICTIONARY: u32 = 4 << 10;
/// The uncompressed size of a file that does not declare it (1.1.3).
const UNKNOWN_SIZE: u64 = u64::MAX;

/// Bytes of the header, and of the data that the range decoder starts with.
const HEADER: usize = LZMA_HEADER + range::START;
const _: () = assert!(HEADER <= MAX_UNIT);

/// A .lzma file, the container of [`Lzma`].
pub struct LzmaFile {
    begun: bool,
    /// Uncompressed Size, if the header declares it.
    size: Maybe<u64>,
}

zeroed! { impl for LzmaFile { begun, size } }

impl Container for LzmaFile {
    type Engine = LzmaEngine;

    fn format(&self) -> Option<Format> {
        Some(Format::Lzma)
    }

    fn check(&self) -> Check {
        Check::None
    }

    fn content_size(&self) -> Option<u64> {
        self.size.get()
    }

    fn restart(&mut self) {
        *self = Self::ZEROED;
    }

    /// Takes the header (1.1) and the first bytes of the data.
    fn field(&mut self, input: &[u8], lzma: &mut LzmaEngine) -> Result<Taken, Error> {
        if self.begun {
            return Ok(Taken::end(0));
        }
        let Some(header) = input.first_chunk::<HEADER>() else {
            return Ok(Taken::missing(HEADER));
        };
        let [properties, d0, d1, d2, d3, s0, s1, s2, s3, s4, s5, s6, s7, start @ ..] = *header;
        lzma.set_properties(properties)?;
        lzma.reset_state();
        let size = u64::from_le_bytes([s0, s1, s2, s3, s4, s5, s6, s7]);
        let marker = if size == UNKNOWN_SIZE { Marker::Anywhere } else { Marker::AtEnd };
        lzma.begin_symbols(start, (u64::MAX, size), marker)?;
        lzma.begin_block();
        self.begun = true;
        self.size = (size != UNKNOWN_SIZE).then_some(size).into();
        let dictionary = u32::from_le_bytes([d0, d1, d2, d3]).max(MIN_DICTIONARY);
        Ok(Taken::body(HEADER, dictionary.into()))
    }

    fn update(&mut self, _: &[u8]) {}

    /// Nothing may follow, as for `xz -dc`.
    fn after(&self, _: u64, _: &[u8]) -> Result<After, Error> {
        Err(Error::LzmaTrailing)
    }
}
