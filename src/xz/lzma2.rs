// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! LZMA2: the chunks that a block's Compressed Data consist of (The .xz File Format, 3.2 and
//! 5.3.1).
//!
//! LZMA2 has no specification of its own. Its control bytes are those of XZ Utils.

use crate::decoder::{Next, Taken};
use crate::zeroed::{zeroed, Maybe};
use crate::Error;

use super::lzma::{LzmaEngine, Marker};
use super::range;

/// Sizes are multibyte integers, of 63 bits (1.2).
pub(super) const MAX_SIZE: u64 = u64::MAX >> 1;

/// Control bytes.
mod control {
    pub(super) const END: u8 = 0;
    /// Bytes as they are: with a dictionary reset before them, and without.
    pub(super) const STORED_RESET: u8 = 1;
    pub(super) const STORED: u8 = 2;
    /// Bytes of a header: control byte, and size less one.
    pub(super) const STORED_HEADER: usize = 3;
    /// LZMA: with no reset; with a reset of the state; also with new properties; and of the
    /// dictionary too.
    pub(super) const LZMA: u8 = 0x80;
    pub(super) const LZMA_STATE: u8 = 0xa0;
    pub(super) const LZMA_PROPERTIES: u8 = 0xc0;
    pub(super) const LZMA_RESET: u8 = 0xe0;
    /// The highest bits of the uncompressed size less one.
    pub(super) const SIZE: u8 = 0x1f;
    /// Bytes of a header without properties: control byte, and the two sizes, less one.
    pub(super) const LZMA_HEADER: usize = 5;
}

/// The chunks of a block so far.
pub(super) struct Chunks {
    /// Bytes of the chunks, headers included, and bytes of their output.
    pub(super) compressed: u64,
    pub(super) uncompressed: u64,
    /// What the two must be at the end, if the Block Header declares them.
    compressed_size: Maybe<u64>,
    uncompressed_size: Maybe<u64>,
    dictionary: u32,
    /// Whether a chunk has reset the dictionary, and one has set properties.
    has_dictionary: bool,
    has_properties: bool,
}

zeroed! {
    impl for Chunks {
        compressed, uncompressed, compressed_size, uncompressed_size, dictionary, has_dictionary,
        has_properties,
    }
}

impl Chunks {
    /// Begins a block with a dictionary of `dictionary` bytes, and with the sizes that its header
    /// declares.
    pub(super) fn begin(
        &mut self,
        dictionary: u32,
        compressed_size: Maybe<u64>,
        uncompressed_size: Maybe<u64>,
    ) {
        self.compressed = 0;
        self.uncompressed = 0;
        self.compressed_size = compressed_size;
        self.uncompressed_size = uncompressed_size;
        self.dictionary = dictionary;
        self.has_dictionary = false;
        self.has_properties = false;
    }

    /// Takes the header of a chunk, or the end of the data. All output must be settled after the
    /// end ([`Next::Settled`]), as the check comes next.
    pub(super) fn header(&mut self, input: &[u8], lzma: &mut LzmaEngine) -> Result<Taken, Error> {
        let Some(&control) = input.first() else { return Ok(Taken::missing(1)) };
        match control {
            control::END => {
                self.count(1, 0)?;
                if self.compressed_size.get().is_some_and(|size| size != self.compressed) {
                    return Err(Error::XzCompressedSize);
                }
                if self.uncompressed_size.get().is_some_and(|size| size != self.uncompressed) {
                    return Err(Error::XzUncompressedSize);
                }
                Ok(Taken { consumed: 1, next: Next::Settled })
            }
            control::STORED_RESET | control::STORED => {
                let begins = control == control::STORED_RESET;
                self.check_dictionary(begins)?;
                let Some(&[_, a, b]) = input.first_chunk() else {
                    return Ok(Taken::missing(control::STORED_HEADER));
                };
                let size = u64::from(u16::from_be_bytes([a, b])).wrapping_add(1);
                self.count((control::STORED_HEADER as u64).wrapping_add(size), size)?;
                // Properties must be set anew after a reset.
                self.has_properties &= !begins;
                lzma.begin_stored(size);
                Ok(self.data(control::STORED_HEADER, begins))
            }
            control::LZMA.. => self.lzma_header(control, input, lzma),
            _ => Err(Error::Lzma2Control),
        }
    }

    fn lzma_header(
        &mut self,
        control: u8,
        input: &[u8],
        lzma: &mut LzmaEngine,
    ) -> Result<Taken, Error> {
        let begins = control >= control::LZMA_RESET;
        let sets_properties = control >= control::LZMA_PROPERTIES;
        self.check_dictionary(begins)?;
        if !sets_properties && !self.has_properties {
            return Err(Error::Lzma2Properties);
        }
        let header = control::LZMA_HEADER.wrapping_add(usize::from(sets_properties));
        let Some((head, start)) = input.split_at_checked(header) else {
            return Ok(Taken::missing(header.wrapping_add(range::START)));
        };
        let (Some(&[_, a, b, c, d]), Some(&start)) = (head.first_chunk(), start.first_chunk())
        else {
            return Ok(Taken::missing(header.wrapping_add(range::START)));
        };
        let high = u64::from(control & control::SIZE) << 16;
        let output = (high | u64::from(u16::from_be_bytes([a, b]))).wrapping_add(1);
        let input = u64::from(u16::from_be_bytes([c, d])).wrapping_add(1);
        self.count((header as u64).wrapping_add(input), output)?;
        if sets_properties {
            lzma.set_properties(head.last().copied().unwrap_or(0))?;
            self.has_properties = true;
        }
        if control >= control::LZMA_STATE {
            lzma.reset_state();
        }
        let left = input.checked_sub(range::START as u64).ok_or(Error::Lzma2ChunkSize)?;
        lzma.begin_symbols(start, (left, output), Marker::Never)?;
        Ok(self.data(header.wrapping_add(range::START), begins))
    }

    /// The data of a chunk, after `header` bytes. If it `begins` a history, copies can't reach the
    /// bytes so far.
    fn data(&self, header: usize, begins: bool) -> Taken {
        let window = self.dictionary.into();
        Taken { consumed: header, next: Next::Body { window, begins } }
    }

    fn check_dictionary(&mut self, begins: bool) -> Result<(), Error> {
        self.has_dictionary |= begins;
        self.has_dictionary.then_some(()).ok_or(Error::Lzma2Dictionary)
    }

    /// Adds the sizes of a chunk, and compares them with the Block Header before anything is
    /// decoded.
    fn count(&mut self, compressed: u64, uncompressed: u64) -> Result<(), Error> {
        self.compressed = self.compressed.saturating_add(compressed);
        self.uncompressed = self.uncompressed.saturating_add(uncompressed);
        if self.compressed > self.compressed_size.get().unwrap_or(MAX_SIZE) {
            return Err(Error::XzCompressedSize);
        }
        if self.uncompressed > self.uncompressed_size.get().unwrap_or(MAX_SIZE) {
            return Err(Error::XzUncompressedSize);
        }
        Ok(())
    }
}

/// The dictionary size in bytes, from the Filter Properties of LZMA2 (5.3.1).
pub(crate) fn dictionary_size(properties: &[u8]) -> Result<u32, Error> {
    match *properties {
        [40] => Ok(u32::MAX),
        [bits @ 0..40] => Ok(u32::from(2 | bits & 1).wrapping_shl(u32::from(bits / 2 + 11))),
        _ => Err(Error::XzFilterProperties),
    }
}
