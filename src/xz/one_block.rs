// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! One block by itself (The .xz File Format, 3).

use crate::decoder::{Container, Decoder, Taken};
use crate::output::Output;
use crate::zeroed::zeroed;
use crate::{Check, Decode, Error, Format, Page};

use super::block::Block;
use super::lzma::LzmaEngine;
use super::plan::XzRecord;

/// Decoder for one block of an .xz stream, by its record in the [`XzIndex`](crate::XzIndex).
///
/// The input is the part [`XzRecord::input`] of the file, and the output starts at byte 0 of page
/// 0. The block must have exactly both sizes of its record, or the error is [`Error::XzRecord`].
///
/// A fresh decoder, also in all-zero memory, has no record yet, and refuses every block.
///
/// Its methods are those of [`Decode`].
pub type XzBlock = Decoder<XzOneBlock>;

impl XzBlock {
    /// A decoder for the block of `record`.
    // Inline, so that a kernel's object has no frame of a decoder's size unless this is used.
    #[inline]
    pub fn for_record(record: &XzRecord) -> Self {
        let mut decoder = Self::new();
        decoder.begin(record);
        decoder
    }

    /// Makes this a fresh decoder for the block of `record`, in place. Limits and choices stay.
    pub fn begin(&mut self, record: &XzRecord) {
        let (container, _) = self.inside();
        container.unpadded = record.unpadded;
        container.uncompressed = record.uncompressed;
        container.block.check = record.check;
        self.reset();
    }
}

/// A block of an .xz stream, the container of [`XzBlock`].
pub struct XzOneBlock {
    /// The sizes from the record.
    unpadded: u64,
    uncompressed: u64,
    block: Block,
}

zeroed! { impl for XzOneBlock { unpadded, uncompressed, block } }

impl Container for XzOneBlock {
    type Engine = LzmaEngine;

    fn format(&self) -> Option<Format> {
        Some(Format::Xz)
    }

    fn check(&self) -> Check {
        self.block.check()
    }

    fn content_size(&self) -> Option<u64> {
        Some(self.uncompressed)
    }

    fn restart(&mut self) {
        self.block.begin(self.block.check);
    }

    /// Takes the next field of the block, and compares the sizes so far with those of the record.
    fn field(&mut self, input: &[u8], lzma: &mut LzmaEngine) -> Result<Taken, Error> {
        let taken = self.block.field(input, lzma)?;
        let (unpadded, uncompressed) = self.block.sizes();
        if unpadded > self.unpadded || uncompressed > self.uncompressed {
            return Err(Error::XzRecord);
        }
        if !self.block.is_whole() {
            return Ok(taken);
        }
        if (unpadded, uncompressed) != (self.unpadded, self.uncompressed) {
            return Err(Error::XzRecord);
        }
        Ok(Taken::end(taken.consumed))
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
}
