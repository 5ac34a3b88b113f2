// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! .xz streams (The .xz File Format 1.2.1).

mod block;
mod chain;
mod filters;
mod header;
mod index;
mod lzma;
mod lzma2;
mod lzma_file;
#[cfg(test)]
mod lzma_naive;
#[cfg(test)]
mod lzma_naive_tests;
mod model;
mod one_block;
mod plan;
mod range;
mod verifier;

use crate::decoder::{Container, Decoder, Taken, MAX_UNIT};
use crate::output::Output;
use crate::slices::{rest_from, zeros_at_start};
use crate::zeroed::{zeroed, zeroed_enum};
use crate::{After, Check, Error, Format, Page};

use block::Block;
use header::HEADER;
use index::Index;
pub use lzma::LzmaEngine;
#[cfg(feature = "oracle")]
pub(crate) use lzma2::dictionary_size;
#[cfg(feature = "oracle")]
pub(crate) use lzma_file::MIN_DICTIONARY;
pub use lzma_file::{Lzma, LzmaFile};
pub use one_block::{XzBlock, XzOneBlock};
pub use plan::{XzFooter, XzIndex, XzRecord, XzRecords};
use verifier::check_id;
#[cfg(feature = "oracle")]
pub(crate) use verifier::{check_of, crc_of};

/// Decoder for one .xz stream: headers, blocks of LZMA2 with up to three filters, checks, index
/// and footer, all verified.
///
/// An .xz *file* is a series of streams with padding; [`Concatenated`](crate::Concatenated) takes
/// them all.
///
/// Where a block has a filter besides LZMA2, bytes are [settled](crate::Decode::settled) once they
/// are out of the dictionary's reach, or the block has ended.
///
/// Its methods are those of [`Decode`](crate::Decode).
pub type Xz = Decoder<XzStream>;

const _: () = assert!(HEADER <= MAX_UNIT);

zeroed_enum! {
    /// The fields of a stream, in their order.
    #[derive(Clone, Copy)]
    enum Field {
        Header = 0,
        /// Whatever comes next: a block, or the Index.
        Next,
        Block,
        Index,
        Footer,
    }
}

/// A stream of the .xz file format, the container of [`Xz`].
pub struct XzStream {
    field: Field,
    block: Block,
    index: Index,
}

zeroed! { impl for XzStream { field, block, index } }

impl XzStream {
    /// Stream Header (2.1.1).
    fn header(&mut self, input: &[u8]) -> Result<Taken, Error> {
        let Some(check) = header::check_id(input)? else { return Ok(Taken::missing(HEADER)) };
        self.block.begin(check);
        self.field = Field::Next;
        Ok(Taken::field(HEADER))
    }

    /// Looks for a Block Header Size (3.1.1), or the Index Indicator (4.1), which is no such size.
    fn next(&mut self, input: &[u8]) -> Taken {
        let Some(&size) = input.first() else { return Taken::missing(1) };
        if size == 0 {
            self.field = Field::Index;
        } else {
            self.block.begin(self.block.check);
            self.field = Field::Block;
        }
        Taken::field(0)
    }

    fn block(&mut self, input: &[u8], lzma: &mut LzmaEngine) -> Result<Taken, Error> {
        let taken = self.block.field(input, lzma)?;
        if self.block.is_whole() {
            let (unpadded, uncompressed) = self.block.sizes();
            self.index.add_block(unpadded, uncompressed)?;
            self.field = Field::Next;
        }
        Ok(taken)
    }

    fn index(&mut self, input: &[u8]) -> Result<Taken, Error> {
        let taken = self.index.field(input)?;
        if self.index.is_whole() {
            self.field = Field::Footer;
        }
        Ok(taken)
    }

    /// Stream Footer (2.1.2).
    fn footer(&self, input: &[u8]) -> Result<Taken, Error> {
        let Some(footer) = input.first_chunk() else { return Ok(Taken::missing(HEADER)) };
        let (index, flags) = header::footer(footer)?;
        if self.index.size() != index {
            return Err(Error::XzBackwardSize);
        }
        if flags != [0, self.block.check] {
            return Err(Error::XzFooterFlags);
        }
        Ok(Taken::end(HEADER))
    }
}

impl Container for XzStream {
    type Engine = LzmaEngine;

    fn format(&self) -> Option<Format> {
        Some(Format::Xz)
    }

    fn check(&self) -> Check {
        self.block.check()
    }

    fn restart(&mut self) {
        self.field = Field::Header;
        self.block.begin(check_id::NONE);
        self.index.reset();
    }

    fn field(&mut self, input: &[u8], lzma: &mut LzmaEngine) -> Result<Taken, Error> {
        match self.field {
            Field::Header => self.header(input),
            Field::Next => Ok(self.next(input)),
            Field::Block => self.block(input, lzma),
            Field::Index => self.index(input),
            Field::Footer => self.footer(input),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.block.update(bytes);
    }

    fn filter<P: Page>(
        &mut self,
        output: &Output,
        pages: &mut [P],
        reachable: u64,
        end: bool,
    ) -> Result<u64, Error> {
        self.block.chain.run(output, pages, reachable, end)
    }

    /// Judges what follows as `xz -dc` does: null bytes by fours (2.2), or another stream.
    fn after(&self, _: u64, rest: &[u8]) -> Result<After, Error> {
        let zeros = zeros_at_start(rest);
        Ok(match zeros {
            0 => After::Member,
            4.. => After::Padding { length: zeros & !3 },
            _ if zeros < rest.len() => return Err(Error::XzStreamPadding),
            _ => After::Missing { min: 4 },
        })
    }
}

/// The multibyte integer at the start of `input`, and its length (1.2). `None`: it is not complete.
pub(crate) fn integer(input: &[u8]) -> Result<Option<(u64, usize)>, Error> {
    let mut value = 0;
    for ((length, shift), &byte) in (1..).zip((0..63).step_by(7)).zip(input) {
        value |= u64::from(byte & 0x7f).wrapping_shl(shift);
        if byte & 0x80 == 0 {
            // The last byte of several is not zero: there is one way to write a number.
            let good = byte != 0 || length == 1;
            return if good { Ok(Some((value, length))) } else { Err(Error::XzInteger) };
        }
        if length == 9 {
            return Err(Error::XzInteger);
        }
    }
    Ok(None)
}

/// Takes the multibyte integer at the start of `fields` off it. The error is `missing` if it is not
/// complete.
fn take_integer(fields: &mut &[u8], missing: Error) -> Result<u64, Error> {
    let (value, length) = integer(fields)?.ok_or(missing)?;
    *fields = rest_from(fields, length);
    Ok(value)
}

/// Checks that padding is null bytes; `otherwise` is the error.
fn check_zeros(padding: &[u8], otherwise: Error) -> Result<(), Error> {
    padding.iter().all(|&byte| byte == 0).then_some(()).ok_or(otherwise)
}
