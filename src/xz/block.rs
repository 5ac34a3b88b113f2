// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Blocks: their headers and sizes (The .xz File Format, 3), and the chunks of LZMA2 in them.

use crate::check::Crc32;
use crate::wrapped::{Next, Taken};
use crate::zeroed::{zeroed, Maybe, Verdict};
use crate::Error;

use super::chain::Chain;
use super::integer;
use super::lzma::{Lzma, Marker};
use super::range;

/// Filter ID of LZMA2 (5.3.1).
const LZMA2: u64 = 0x21;

/// Bytes at a Block Header's begin that can mean something: Block Header Size and Block Flags, two
/// sizes, three filters of ID, Size of Properties and a start offset, and LZMA2 with its one byte.
/// All others are padding.
pub(super) const MAX_HEAD: usize = 2 + 2 * 9 + 3 * (1 + 1 + 4) + (1 + 1 + 1);

/// Bits of the Block Flags (3.1.2).
mod flag {
    pub(super) const FILTERS: u8 = 3;
    pub(super) const RESERVED: u8 = 0x3c;
    pub(super) const COMPRESSED_SIZE: u8 = 0x40;
    pub(super) const UNCOMPRESSED_SIZE: u8 = 0x80;
}

/// Sizes are multibyte integers, of 63 bits (1.2).
pub(super) const MAX_SIZE: u64 = u64::MAX >> 1;

/// A block on its way.
pub(super) struct Block {
    /// Size of the header, its CRC32 included.
    pub(super) header: u16,
    /// Of the header so far.
    pub(super) crc: Crc32,
    /// What is wrong with the header: to be told once it is known that its CRC32 matches.
    pub(super) verdict: Verdict,
    /// Sizes that the header tells.
    compressed_size: Maybe<u64>,
    uncompressed_size: Maybe<u64>,
    /// Sizes of the chunks so far.
    pub(super) compressed: u64,
    pub(super) uncompressed: u64,
    dictionary: u32,
    /// Whether a chunk has reset the dictionary, and one has set properties.
    has_dictionary: bool,
    has_properties: bool,
    pub(super) chain: Chain,
}

zeroed! {
    impl for Block {
        header, crc, verdict, compressed_size, uncompressed_size, compressed, uncompressed,
        dictionary, has_dictionary, has_properties, chain,
    }
}

impl Block {
    /// Begins a block by the head of its header: all of it up to its CRC32, or [`MAX_HEAD`] bytes.
    pub(super) fn begin(&mut self, header: u16, head: &[u8]) {
        self.header = header;
        self.crc = Crc32::new();
        self.crc.update(head);
        self.compressed = 0;
        self.uncompressed = 0;
        self.has_dictionary = false;
        self.has_properties = false;
        self.verdict = self.read(head).into();
    }

    /// More of the header, behind its head.
    pub(super) fn pad(&mut self, padding: &[u8]) {
        self.crc.update(padding);
        self.verdict = self.verdict.result().and(check_padding(padding)).into();
    }

    /// 3.1.2 to 3.1.6
    fn read(&mut self, head: &[u8]) -> Result<(), Error> {
        let [_, flags, fields @ ..] = head else { return Err(Error::XzBlockHeaderSize) };
        let mut fields = fields;
        if flags & flag::RESERVED != 0 {
            return Err(Error::XzBlockFlags);
        }
        self.compressed_size = Maybe::Nothing;
        if flags & flag::COMPRESSED_SIZE != 0 {
            let size = take_integer(&mut fields)?;
            if size == 0 {
                return Err(Error::XzCompressedSize);
            }
            self.compressed_size = Maybe::Just(size);
        }
        self.uncompressed_size = Maybe::Nothing;
        if flags & flag::UNCOMPRESSED_SIZE != 0 {
            self.uncompressed_size = Maybe::Just(take_integer(&mut fields)?);
        }
        self.chain.clear();
        let last = flags & flag::FILTERS;
        for filter in 0..=last {
            let id = take_integer(&mut fields)?;
            let size = take_integer(&mut fields)?;
            let properties =
                usize::try_from(size).ok().and_then(|size| fields.split_at_checked(size));
            let (properties, behind) = properties.ok_or(Error::XzBlockHeaderSize)?;
            fields = behind;
            if (id == LZMA2) != (filter == last) {
                return Err(Error::XzFilterChain);
            }
            if filter == last {
                self.dictionary = dictionary_size(properties)?;
            } else {
                self.chain.push(id, properties)?;
            }
        }
        check_padding(fields)
    }

    /// The header of a chunk, or the end of the block's data, which is the only field before which
    /// all is to be settled. LZMA2 has no specification of its own; its control bytes are those of XZ
    /// Utils.
    pub(super) fn chunk(&mut self, input: &[u8], lzma: &mut Lzma) -> Result<Taken, Error> {
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
                // Properties are to be set anew after a reset.
                self.has_properties &= !begins;
                lzma.begin_stored(size);
                Ok(self.data(control::STORED_HEADER, begins))
            }
            control::LZMA.. => self.lzma_chunk(control, input, lzma),
            _ => Err(Error::Lzma2Control),
        }
    }

    fn lzma_chunk(&mut self, control: u8, input: &[u8], lzma: &mut Lzma) -> Result<Taken, Error> {
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

    /// A chunk's data, behind `header` bytes; it may forget the bytes so far.
    fn data(&self, header: usize, begins: bool) -> Taken {
        let window = self.dictionary.into();
        Taken { consumed: header, next: Next::Body { window, begins } }
    }

    fn check_dictionary(&mut self, begins: bool) -> Result<(), Error> {
        self.has_dictionary |= begins;
        self.has_dictionary.then_some(()).ok_or(Error::Lzma2Dictionary)
    }

    /// Adds the sizes of a chunk, and holds them against the header before anything is decoded.
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

    /// The size of the Block Padding (3.3).
    pub(super) fn padding(&self) -> usize {
        (self.compressed.wrapping_neg() & 3) as usize
    }
}

/// Control bytes of LZMA2.
mod control {
    pub(super) const END: u8 = 0;
    /// Bytes as they are, after a dictionary reset, and without.
    pub(super) const STORED_RESET: u8 = 1;
    pub(super) const STORED: u8 = 2;
    /// Control byte, and size less one.
    pub(super) const STORED_HEADER: usize = 3;
    /// LZMA; after a reset of the state; and with new properties; and after a dictionary reset.
    pub(super) const LZMA: u8 = 0x80;
    pub(super) const LZMA_STATE: u8 = 0xa0;
    pub(super) const LZMA_PROPERTIES: u8 = 0xc0;
    pub(super) const LZMA_RESET: u8 = 0xe0;
    /// The highest bits of the uncompressed size less one.
    pub(super) const SIZE: u8 = 0x1f;
    /// Control byte, and the two sizes, less one.
    pub(super) const LZMA_HEADER: usize = 5;
}

/// 5.3.1
pub(crate) fn dictionary_size(properties: &[u8]) -> Result<u32, Error> {
    match *properties {
        [40] => Ok(u32::MAX),
        [bits @ 0..40] => Ok(u32::from(2 | bits & 1).wrapping_shl(u32::from(bits / 2 + 11))),
        _ => Err(Error::XzFilterProperties),
    }
}

fn check_padding(padding: &[u8]) -> Result<(), Error> {
    if padding.iter().any(|&byte| byte != 0) {
        return Err(Error::XzHeaderPadding);
    }
    Ok(())
}

fn take_integer(fields: &mut &[u8]) -> Result<u64, Error> {
    let (value, length) = integer(fields)?.ok_or(Error::XzBlockHeaderSize)?;
    *fields = fields.get(length..).unwrap_or(&[]);
    Ok(value)
}
