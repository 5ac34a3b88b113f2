// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! .xz streams (The .xz File Format 1.2.1).

mod alone;
mod block;
mod chain;
mod filters;
mod index;
mod lzma;
mod model;
mod range;

use crate::check::{Crc32, Folded, Polynomial, Sha256};
use crate::format::XZ_MAGIC;
use crate::output::Output;
use crate::wrapped::{count, Container, Next, Taken, Wrapped, MAX_UNIT};
use crate::zeroed::{zeroed, zeroed_enum};
use crate::{After, Check, Error, Format, Page};

pub(crate) use alone::Alone;
pub use alone::Lzma;
#[cfg(feature = "oracle")]
pub(crate) use alone::MIN_DICTIONARY;
#[cfg(feature = "oracle")]
pub(crate) use block::dictionary_size;
use block::{Block, MAX_HEAD};
use index::Index;

/// Decoder for one .xz stream: headers, blocks of LZMA2 behind up to three filters, checks, index
/// and footer, all verified.
///
/// An .xz *file* is a series of streams with padding; [`Concatenated`](crate::Concatenated) takes
/// them all.
///
/// Where a block has a filter besides LZMA2, bytes are [settled](crate::Decode::settled) once they
/// are out of the dictionary's reach, or the block has ended.
pub type Xz = Wrapped<Stream>;

/// Size of a Stream Header, and of a Stream Footer (2.1.1, 2.1.2).
const HEADER: usize = 12;

/// Footer Magic Bytes (2.1.2.4).
const FOOTER_MAGIC: [u8; 2] = *b"YZ";

/// Check IDs (2.1.1.2).
mod check_id {
    pub(super) const NONE: u8 = 0;
    pub(super) const CRC32: u8 = 1;
    pub(super) const CRC64: u8 = 4;
    pub(super) const SHA256: u8 = 10;
}

/// Reserved bits of the second byte of the Stream Flags.
const RESERVED_FLAGS: u8 = 0xf0;

const _: () = assert!(MAX_HEAD <= MAX_UNIT && HEADER <= MAX_UNIT);

zeroed_enum! {
    /// The parts of a stream, in their order.
    #[derive(Clone, Copy)]
    enum Part {
        Header = 0,
        /// A block, or the Index.
        Block,
        /// The rest of a Block Header up to its CRC32.
        BlockHeader { left: u16 },
        BlockHeaderCrc32,
        Chunk,
        BlockPadding,
        Check,
        /// The rest of a check that is not known.
        UnknownCheck { left: u8 },
        Index,
        Footer,
    }
}

/// The container of an .xz stream.
#[doc(hidden)]
pub struct Stream {
    part: Part,
    check: u8,
    verifier: Verifier,
    block: Block,
    index: Index,
}

zeroed! { impl for Stream { part, check, verifier, block, index } }

impl Stream {
    /// 2.1.1
    fn header(&mut self, input: &[u8]) -> Result<Taken, Error> {
        // The verdict is the same however many of the bytes are there.
        if input.iter().zip(XZ_MAGIC).any(|(&byte, magic)| byte != magic) {
            return Err(Error::XzMagic);
        }
        let Some(header) = input.first_chunk::<HEADER>() else {
            return Ok(Taken::missing(HEADER));
        };
        let [_, _, _, _, _, _, version, check, crc @ ..] = *header;
        if crc_of(&[version, check]) != u32::from_le_bytes(crc) {
            return Err(Error::XzHeaderCrc32);
        }
        if version != 0 || check & RESERVED_FLAGS != 0 {
            return Err(Error::XzStreamFlags);
        }
        self.check = check;
        self.part = Part::Block;
        Ok(Taken::part(HEADER))
    }

    /// The head of a Block Header (3.1), or the Index Indicator (4.1).
    fn block(&mut self, input: &[u8]) -> Taken {
        let Some(&size) = input.first() else { return Taken::missing(1) };
        if size == 0 {
            self.part = Part::Index;
            return Taken::part(0);
        }
        let header = u16::from(size).wrapping_add(1).wrapping_mul(4);
        let without_crc = header.wrapping_sub(4);
        let length = usize::from(without_crc).min(MAX_HEAD);
        let Some(head) = input.get(..length) else { return Taken::missing(length) };
        self.block.begin(header, head);
        self.part = Part::BlockHeader { left: without_crc.wrapping_sub(length as u16) };
        Taken::part(length)
    }

    /// The rest of it, which can be padding only, in pieces of any size.
    fn block_header(&mut self, input: &[u8], left: u16) -> Taken {
        let padding = input.get(..usize::from(left)).unwrap_or(input);
        if padding.is_empty() && left > 0 {
            return Taken::missing(1);
        }
        self.block.pad(padding);
        self.part = match left.saturating_sub(padding.len() as u16) {
            0 => Part::BlockHeaderCrc32,
            left => Part::BlockHeader { left },
        };
        Taken::part(padding.len())
    }

    fn block_header_crc32(&mut self, input: &[u8]) -> Result<Taken, Error> {
        let Some(crc) = input.first_chunk::<4>() else { return Ok(Taken::missing(4)) };
        if u32::from_le_bytes(*crc) != self.block.crc.value() {
            return Err(Error::XzBlockHeaderCrc32);
        }
        self.block.verdict.result()?;
        self.verifier.clear();
        self.part = Part::Chunk;
        Ok(Taken::part(crc.len()))
    }

    /// The header of a chunk, or the end of the block's data.
    fn chunk(&mut self, input: &[u8], lzma: &mut lzma::Lzma) -> Result<Taken, Error> {
        let taken = self.block.chunk(input, lzma)?;
        if taken.next == Next::Settled {
            self.part = Part::BlockPadding;
        }
        Ok(taken)
    }

    /// 3.3
    fn block_padding(&mut self, input: &[u8]) -> Result<Taken, Error> {
        let length = self.block.padding();
        let Some(padding) = input.get(..length) else { return Ok(Taken::missing(length)) };
        if padding.iter().any(|&byte| byte != 0) {
            return Err(Error::XzBlockPadding);
        }
        self.part = Part::Check;
        Ok(Taken::part(length))
    }

    /// 3.4
    fn verify(&mut self, input: &[u8]) -> Result<Taken, Error> {
        let size = check_size(self.check);
        if self.check() == Check::Unknown {
            self.part = Part::UnknownCheck { left: size };
            return Ok(Taken::part(0));
        }
        let Some(check) = input.get(..usize::from(size)) else {
            return Ok(Taken::missing(usize::from(size)));
        };
        self.verifier.verify(self.check, check)?;
        self.end_block()?;
        Ok(Taken::part(check.len()))
    }

    fn unknown_check(&mut self, input: &[u8], left: u8) -> Result<Taken, Error> {
        let bytes = input.get(..usize::from(left)).unwrap_or(input);
        if bytes.is_empty() {
            return Ok(Taken::missing(1));
        }
        let left = left.saturating_sub(bytes.len() as u8);
        self.part = Part::UnknownCheck { left };
        if left == 0 {
            self.end_block()?;
        }
        Ok(Taken::part(bytes.len()))
    }

    fn end_block(&mut self) -> Result<(), Error> {
        let around = u64::from(self.block.header).wrapping_add(u64::from(check_size(self.check)));
        let unpadded = self.block.compressed.saturating_add(around);
        self.part = Part::Block;
        self.index.add_block(unpadded, self.block.uncompressed)
    }

    fn index(&mut self, input: &[u8]) -> Result<Taken, Error> {
        let taken = self.index.field(input)?;
        if self.index.is_whole() {
            self.part = Part::Footer;
        }
        Ok(taken)
    }

    /// 2.1.2
    fn footer(&self, input: &[u8]) -> Result<Taken, Error> {
        let Some(footer) = input.first_chunk::<HEADER>() else {
            return Ok(Taken::missing(HEADER));
        };
        let [c0, c1, c2, c3, fields @ .., y, z] = *footer;
        let [b0, b1, b2, b3, flags @ ..] = fields;
        if [y, z] != FOOTER_MAGIC {
            return Err(Error::XzFooterMagic);
        }
        if crc_of(&fields) != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Err(Error::XzFooterCrc32);
        }
        if !self.index.has_backward_size(u32::from_le_bytes([b0, b1, b2, b3])) {
            return Err(Error::XzBackwardSize);
        }
        if flags != [0, self.check] {
            return Err(Error::XzFooterFlags);
        }
        Ok(Taken::end(HEADER))
    }
}

impl Container for Stream {
    type Engine = lzma::Lzma;

    fn format(&self) -> Option<Format> {
        Some(Format::Xz)
    }

    fn check(&self) -> Check {
        check_of(self.check)
    }

    fn restart(&mut self) {
        self.part = Part::Header;
        self.check = check_id::NONE;
        self.block.chain.clear();
        self.index.clear();
    }

    fn part(&mut self, input: &[u8], lzma: &mut lzma::Lzma) -> Result<Taken, Error> {
        match self.part {
            Part::Header => self.header(input),
            Part::Block => Ok(self.block(input)),
            Part::BlockHeader { left } => Ok(self.block_header(input, left)),
            Part::BlockHeaderCrc32 => {
                let taken = self.block_header_crc32(input)?;
                if taken.next == Next::Part {
                    lzma.begin_block();
                }
                Ok(taken)
            }
            Part::Chunk => self.chunk(input, lzma),
            Part::BlockPadding => self.block_padding(input),
            Part::Check => self.verify(input),
            Part::UnknownCheck { left } => self.unknown_check(input, left),
            Part::Index => self.index(input),
            Part::Footer => self.footer(input),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.verifier.update(self.check, bytes);
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

    /// As `xz -dc` judges it: null bytes by fours (2.2), or another stream.
    fn after(&self, _: u64, rest: &[u8]) -> Result<After, Error> {
        let zeros = count(rest.iter().take_while(|&&byte| byte == 0));
        Ok(match zeros {
            0 => After::Member,
            4.. => After::Padding { length: zeros & !3 },
            _ if zeros < rest.len() => return Err(Error::XzStreamPadding),
            _ => After::Missing { min: 4 },
        })
    }
}

/// Whichever check a stream has (3.4).
struct Verifier {
    crc: Folded,
    sha256: Sha256,
}

zeroed! { impl for Verifier { crc, sha256 } }

impl Verifier {
    fn clear(&mut self) {
        self.crc.clear();
        self.sha256 = Sha256::new();
    }

    fn update(&mut self, check: u8, bytes: &[u8]) {
        match check {
            check_id::CRC32 => self.crc.update(Polynomial::Crc32, bytes),
            check_id::CRC64 => self.crc.update(Polynomial::Crc64, bytes),
            check_id::SHA256 => self.sha256.update(bytes),
            _ => {}
        }
    }

    fn verify(&mut self, check: u8, stored: &[u8]) -> Result<(), Error> {
        let (same, error) = match check {
            check_id::NONE => (true, Error::Internal),
            check_id::CRC32 => {
                let crc = self.crc.finish(Polynomial::Crc32) as u32;
                (is_same(stored, &crc.to_le_bytes()), Error::XzCrc32)
            }
            check_id::CRC64 => {
                let crc = self.crc.finish(Polynomial::Crc64);
                (is_same(stored, &crc.to_le_bytes()), Error::XzCrc64)
            }
            check_id::SHA256 => (is_same(stored, &self.sha256.finish()), Error::XzSha256),
            _ => (false, Error::Internal),
        };
        same.then_some(()).ok_or(error)
    }
}

/// A check by its ID (2.1.1.2).
pub(crate) fn check_of(id: u8) -> Check {
    match id {
        check_id::NONE => Check::None,
        check_id::CRC32 => Check::Crc32,
        check_id::CRC64 => Check::Crc64,
        check_id::SHA256 => Check::Sha256,
        _ => Check::Unknown,
    }
}

/// Size of a check by its ID, also of those that are reserved (2.1.1.2).
fn check_size(check: u8) -> u8 {
    match check {
        0 => 0,
        1..4 => 4,
        4..7 => 8,
        7..10 => 16,
        10..13 => 32,
        _ => 64,
    }
}

/// Whether two hashes are the same. The operator would call `bcmp`, which kernels may not have.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |unlike, (a, b)| unlike | a ^ b) == 0
}

pub(crate) fn crc_of(bytes: &[u8]) -> u32 {
    let mut crc = Crc32::new();
    crc.update(bytes);
    crc.value()
}

/// The multibyte integer that `input` begins with, and its length (1.2). `None`: it goes on behind
/// the input.
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
