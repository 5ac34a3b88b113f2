// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The decoders of `miniz_oxide`.

use std::vec;
use std::vec::Vec;

use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_PARSE_ZLIB_HEADER,
    TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{decompress, DecompressorOxide};
use miniz_oxide::inflate::TINFLStatus;

use super::{guarded, Foreign, Head, Package, Turn};
use crate::decoder::{Container, Taken};
use crate::deflate::WINDOW;
use crate::zeroed::zeroed;
use crate::{deflate, After, Check, Error, Format};

/// `miniz_oxide`'s decoder of a raw stream.
#[derive(Default)]
pub struct Raw(Inflate);

impl Package for Raw {
    type Native = deflate::RawDeflate;

    fn head(_: &[u8]) -> Result<Head, usize> {
        Ok(Head { window: WINDOW, check: Check::None })
    }

    fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> (usize, Result<Turn, Error>) {
        self.0.decode(input, output, 0)
    }
}

/// `miniz_oxide`'s decoder of a zlib stream.
#[derive(Default)]
pub struct Zlib(Inflate);

impl Package for Zlib {
    type Native = deflate::ZlibStream<'static>;

    fn head(_: &[u8]) -> Result<Head, usize> {
        Ok(Head { window: WINDOW, check: Check::Adler32 })
    }

    fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> (usize, Result<Turn, Error>) {
        self.0.decode(input, output, TINFL_FLAG_PARSE_ZLIB_HEADER)
    }
}

/// The container of a gzip member: this crate's own.
pub struct Member(deflate::GzipMember);

zeroed! { impl for Member(_) }

impl Container for Member {
    type Engine = Foreign<Raw>;

    fn format(&self) -> Option<Format> {
        self.0.format()
    }

    fn check(&self) -> Check {
        self.0.check()
    }

    fn restart(&mut self) {
        self.0.restart();
    }

    fn field(&mut self, input: &[u8], _: &mut Foreign<Raw>) -> Result<Taken, Error> {
        self.0.field(input)
    }

    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn after(&self, padding: u64, rest: &[u8]) -> Result<After, Error> {
        self.0.after(padding, rest)
    }
}

struct Inflate {
    decompressor: DecompressorOxide,
    /// The last bytes of output. The older ones start at `at`.
    window: Vec<u8>,
    at: usize,
    /// Whether there are older ones.
    is_full: bool,
}

impl Default for Inflate {
    fn default() -> Self {
        let decompressor = DecompressorOxide::new();
        Self { decompressor, window: vec![0; WINDOW as usize], at: 0, is_full: false }
    }
}

impl Inflate {
    fn decode(
        &mut self,
        input: &[u8],
        output: &mut Vec<u8>,
        framing: u32,
    ) -> (usize, Result<Turn, Error>) {
        let mut flags = framing | TINFL_FLAG_HAS_MORE_INPUT;
        if !self.is_full {
            // Where the buffer wraps around, `miniz_oxide` does not see that a copy is from before
            // the first byte: it would take the zeros that are there.
            flags |= TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        }
        let Self { decompressor, window, at, is_full } = self;
        let result = guarded(|| Ok(decompress(decompressor, input, window, *at, flags)));
        let (status, consumed, written) = match result {
            Ok(result) => result,
            Err(error) => return (0, Err(error)),
        };
        let end = *at + written;
        output.extend_from_slice(window.get(*at..end).unwrap_or(&[]));
        *is_full |= end == window.len();
        *at = end % window.len();
        let turn = match status {
            TINFLStatus::HasMoreOutput => Ok(Turn::More),
            TINFLStatus::NeedsMoreInput => Ok(Turn::NeedInput),
            TINFLStatus::Done => Ok(Turn::End),
            TINFLStatus::Adler32Mismatch => Err(Error::ZlibAdler32),
            _ => Err(Error::Oracle),
        };
        (consumed, turn)
    }
}
