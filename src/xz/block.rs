// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Blocks: header, Compressed Data, padding and check (The .xz File Format, 3).

use crate::check::Crc32;
use crate::decoder::{Next, Taken, MAX_UNIT};
use crate::slices::first_bytes;
use crate::zeroed::{zeroed, zeroed_enum, Maybe, Verdict};
use crate::{Check, Error};

use super::chain::Chain;
use super::lzma::LzmaEngine;
use super::lzma2::{dictionary_size, Chunks};
use super::verifier::{check_of, check_size, Verifier};
use super::{check_zeros, take_integer};

/// Filter ID of LZMA2 (5.3.1).
const LZMA2: u64 = 0x21;

/// The most bytes at a Block Header's start that can be other than padding: Block Header Size and
/// Block Flags, two sizes, three filters of ID, Size of Properties and a start offset, and LZMA2
/// with its one byte.
const MAX_HEAD: usize = 2 + 2 * 9 + 3 * (1 + 1 + 4) + (1 + 1 + 1);
const _: () = assert!(MAX_HEAD <= MAX_UNIT);

/// Bits of the Block Flags (3.1.2).
mod flag {
    pub(super) const FILTERS: u8 = 3;
    pub(super) const RESERVED: u8 = 0x3c;
    pub(super) const COMPRESSED_SIZE: u8 = 0x40;
    pub(super) const UNCOMPRESSED_SIZE: u8 = 0x80;
}

zeroed_enum! {
    /// The fields of a block, in their order.
    #[derive(Clone, Copy)]
    enum Field {
        /// The head of the header, which has all fields but the CRC32.
        Header = 0,
        /// The rest of the header up to its CRC32.
        HeaderPadding { remaining: u16 },
        HeaderCrc32,
        Chunk,
        Padding,
        Check,
        /// The rest of a check that is not known.
        UnknownCheck { remaining: u8 },
        /// Nothing more.
        End,
    }
}

/// A block that is being decoded.
pub(super) struct Block {
    field: Field,
    /// The check's ID, from the Stream Flags.
    pub(super) check: u8,
    verifier: Verifier,
    /// Size of the header, its CRC32 included.
    header: u16,
    /// CRC32 of the header so far.
    crc: Crc32,
    /// What is wrong with the header, if anything. It is returned only if the header's CRC32
    /// matches.
    verdict: Verdict,
    chunks: Chunks,
    pub(super) chain: Chain,
}

zeroed! {
    impl for Block {
        field, check, verifier, header, crc, verdict, chunks, chain,
    }
}

impl Block {
    /// Makes this ready for a block of a stream with the check of that ID, in place.
    pub(super) fn begin(&mut self, check: u8) {
        self.field = Field::Header;
        self.check = check;
        self.header = 0;
        self.chunks.begin(0, Maybe::Nothing, Maybe::Nothing);
        self.chain.reset();
    }

    /// Takes the next field.
    pub(super) fn field(&mut self, input: &[u8], lzma: &mut LzmaEngine) -> Result<Taken, Error> {
        match self.field {
            Field::Header => Ok(self.header(input)),
            Field::HeaderPadding { remaining } => Ok(self.header_padding(input, remaining)),
            Field::HeaderCrc32 => self.header_crc32(input, lzma),
            Field::Chunk => self.chunk(input, lzma),
            Field::Padding => self.padding(input),
            Field::Check => self.verify(input),
            Field::UnknownCheck { remaining } => Ok(self.unknown_check(input, remaining)),
            Field::End => Err(Error::Internal),
        }
    }

    /// Whether the last field was taken.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.field, Field::End)
    }

    /// Which check the block has.
    pub(super) fn check(&self) -> Check {
        check_of(self.check)
    }

    /// Unpadded Size and Uncompressed Size (4.3), of the header and chunks so far.
    pub(super) fn sizes(&self) -> (u64, u64) {
        let around = u64::from(self.header).wrapping_add(u64::from(check_size(self.check)));
        (self.chunks.compressed.saturating_add(around), self.chunks.uncompressed)
    }

    /// Adds settled bytes to the check.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.verifier.update(self.check, bytes);
    }

    /// Takes the head of the header: all of it up to its CRC32, or [`MAX_HEAD`] bytes.
    fn header(&mut self, input: &[u8]) -> Taken {
        let Some(&size) = input.first() else { return Taken::missing(1) };
        let header = u16::from(size).wrapping_add(1).wrapping_mul(4);
        let without_crc = header.wrapping_sub(4);
        let length = usize::from(without_crc).min(MAX_HEAD);
        let Some(head) = input.get(..length) else { return Taken::missing(length) };
        self.header = header;
        self.crc = Crc32::new();
        self.crc.update(head);
        self.verdict = self.read(head).into();
        self.field = Field::HeaderPadding { remaining: without_crc.wrapping_sub(length as u16) };
        Taken::field(length)
    }

    /// Reads Block Flags, sizes and filters (3.1.2 to 3.1.6).
    fn read(&mut self, head: &[u8]) -> Result<(), Error> {
        let [_, flags, fields @ ..] = head else { return Err(Error::XzBlockHeaderSize) };
        let mut fields = fields;
        if flags & flag::RESERVED != 0 {
            return Err(Error::XzBlockFlags);
        }
        let mut compressed_size = Maybe::Nothing;
        if flags & flag::COMPRESSED_SIZE != 0 {
            let size = take_integer(&mut fields, Error::XzBlockHeaderSize)?;
            if size == 0 {
                return Err(Error::XzCompressedSize);
            }
            compressed_size = Maybe::Just(size);
        }
        let mut uncompressed_size = Maybe::Nothing;
        if flags & flag::UNCOMPRESSED_SIZE != 0 {
            uncompressed_size = Maybe::Just(take_integer(&mut fields, Error::XzBlockHeaderSize)?);
        }
        let mut dictionary = 0;
        let last = flags & flag::FILTERS;
        for filter in 0..=last {
            let id = take_integer(&mut fields, Error::XzBlockHeaderSize)?;
            let size = take_integer(&mut fields, Error::XzBlockHeaderSize)?;
            let properties =
                usize::try_from(size).ok().and_then(|size| fields.split_at_checked(size));
            let (properties, rest) = properties.ok_or(Error::XzBlockHeaderSize)?;
            fields = rest;
            if (id == LZMA2) != (filter == last) {
                return Err(Error::XzFilterChain);
            }
            if filter == last {
                dictionary = dictionary_size(properties)?;
            } else {
                self.chain.push(id, properties)?;
            }
        }
        self.chunks.begin(dictionary, compressed_size, uncompressed_size);
        check_zeros(fields, Error::XzHeaderPadding)
    }

    /// Takes the rest of the header, which can be padding only, in pieces of any size.
    fn header_padding(&mut self, input: &[u8], remaining: u16) -> Taken {
        let padding = first_bytes(input, remaining.into());
        if padding.is_empty() && remaining > 0 {
            return Taken::missing(1);
        }
        self.crc.update(padding);
        self.verdict =
            self.verdict.result().and(check_zeros(padding, Error::XzHeaderPadding)).into();
        self.field = match remaining.saturating_sub(padding.len() as u16) {
            0 => Field::HeaderCrc32,
            remaining => Field::HeaderPadding { remaining },
        };
        Taken::field(padding.len())
    }

    /// The header's CRC32 (3.1.7).
    fn header_crc32(&mut self, input: &[u8], lzma: &mut LzmaEngine) -> Result<Taken, Error> {
        let Some(crc) = input.first_chunk::<4>() else { return Ok(Taken::missing(4)) };
        if u32::from_le_bytes(*crc) != self.crc.value() {
            return Err(Error::XzBlockHeaderCrc32);
        }
        self.verdict.result()?;
        self.verifier.reset();
        lzma.begin_block();
        self.field = Field::Chunk;
        Ok(Taken::field(crc.len()))
    }

    /// Takes the header of a chunk, or the end of the Compressed Data (3.2).
    fn chunk(&mut self, input: &[u8], lzma: &mut LzmaEngine) -> Result<Taken, Error> {
        let taken = self.chunks.header(input, lzma)?;
        if taken.next == Next::Settled {
            self.field = Field::Padding;
        }
        Ok(taken)
    }

    /// Block Padding (3.3).
    fn padding(&mut self, input: &[u8]) -> Result<Taken, Error> {
        let length = (self.chunks.compressed.wrapping_neg() & 3) as usize;
        let Some(padding) = input.get(..length) else { return Ok(Taken::missing(length)) };
        check_zeros(padding, Error::XzBlockPadding)?;
        self.field = Field::Check;
        Ok(Taken::field(length))
    }

    /// The check (3.4).
    fn verify(&mut self, input: &[u8]) -> Result<Taken, Error> {
        let size = check_size(self.check);
        if self.check() == Check::Unknown {
            self.field = Field::UnknownCheck { remaining: size };
            return Ok(Taken::field(0));
        }
        let Some(check) = input.get(..usize::from(size)) else {
            return Ok(Taken::missing(usize::from(size)));
        };
        self.verifier.verify(self.check, check)?;
        self.field = Field::End;
        Ok(Taken::field(check.len()))
    }

    fn unknown_check(&mut self, input: &[u8], remaining: u8) -> Taken {
        let bytes = first_bytes(input, remaining.into());
        if bytes.is_empty() {
            return Taken::missing(1);
        }
        self.field = match remaining.saturating_sub(bytes.len() as u8) {
            0 => Field::End,
            remaining => Field::UnknownCheck { remaining },
        };
        Taken::field(bytes.len())
    }
}
