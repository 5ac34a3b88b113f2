// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The Literals_Section of a compressed block (RFC 8878, 3.1.1.3.1).

use crate::Error;

use super::huffman::Huffman;
use super::MAX_BLOCK;

/// Sizes of three streams (3.1.1.3.1.6).
const JUMP_TABLE: usize = 6;
/// Four streams have at least so many symbols: else one would begin behind the end.
const MIN_FOUR: usize = 6;

/// Where the literals of a block are.
#[derive(Clone, Copy)]
pub(super) struct Literals {
    /// In the block as they are, from here on; else they were decoded.
    raw: Option<usize>,
    length: usize,
}

impl Literals {
    pub(super) const NONE: Self = Self { raw: None, length: 0 };

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// The literals, which are in `block` or in `decoded`.
    pub(super) fn get<'a>(&self, block: &'a [u8], decoded: &'a [u8]) -> &'a [u8] {
        let (bytes, from) = match self.raw {
            Some(from) => (block, from),
            None => (decoded, 0),
        };
        bytes.get(from..from.saturating_add(self.length)).unwrap_or(&[])
    }

    /// Reads the section at the begin of `block`, and decodes what is to be decoded into `decoded`.
    /// Returns also the section's length.
    pub(super) fn read(
        block: &[u8],
        max: usize,
        huffman: &mut Huffman,
        decoded: &mut [u8; MAX_BLOCK],
    ) -> Result<(Self, usize), Error> {
        let mut head = [0; 8];
        head.iter_mut().zip(block).for_each(|(slot, &byte)| *slot = byte);
        let head = u64::from_le_bytes(head);
        let header = Header::new(head);
        let (length, rest) = (header.regenerated, block.get(header.length..));
        let rest = rest.filter(|_| length <= max).ok_or(Error::ZstdLiteralsSize)?;
        let content = rest.get(..header.compressed).ok_or(Error::ZstdLiteralsSize)?;
        let out = decoded.get_mut(..length).ok_or(Error::ZstdLiteralsSize)?;
        let end = header.length.saturating_add(header.compressed);
        let raw = match header.kind {
            Kind::Raw => Some(header.length),
            Kind::Rle => {
                out.fill(content.first().copied().unwrap_or(0));
                None
            }
            Kind::Compressed | Kind::Treeless => {
                let tree =
                    if header.kind == Kind::Compressed { huffman.read(content)? } else { 0 };
                if !huffman.is_known() {
                    return Err(Error::ZstdNoHuffmanTree);
                }
                let streams = content.get(tree..).unwrap_or(&[]);
                if header.four {
                    if length < MIN_FOUR {
                        return Err(Error::ZstdLiteralsSize);
                    }
                    let streams = four_streams(streams).ok_or(Error::ZstdHuffmanStream)?;
                    huffman.decode_four(streams, out).ok_or(Error::ZstdHuffmanStream)?;
                } else {
                    huffman.decode(streams, out).ok_or(Error::ZstdHuffmanStream)?;
                }
                None
            }
        };
        Ok((Self { raw, length }, end))
    }
}

/// Literals_Block_Type (3.1.1.3.1.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Raw,
    Rle,
    Compressed,
    Treeless,
}

/// Literals_Section_Header (3.1.1.3.1.1).
struct Header {
    kind: Kind,
    /// Of the header itself.
    length: usize,
    regenerated: usize,
    /// Of what follows the header.
    compressed: usize,
    /// Whether there are four streams, not one.
    four: bool,
}

impl Header {
    /// From the first bytes of a section; those that are missing are zero.
    fn new(head: u64) -> Self {
        let format = head >> 2 & 3;
        let field = |from: u32, bits: u32| (head >> from & !u64::MAX.wrapping_shl(bits)) as usize;
        let kind = match head & 3 {
            0 => Kind::Raw,
            1 => Kind::Rle,
            2 => Kind::Compressed,
            _ => Kind::Treeless,
        };
        if let Kind::Raw | Kind::Rle = kind {
            let (length, regenerated) = match format {
                1 => (2, field(4, 12)),
                3 => (3, field(4, 20)),
                _ => (1, field(3, 5)),
            };
            let compressed = if kind == Kind::Raw { regenerated } else { 1 };
            return Self { kind, length, regenerated, compressed, four: false };
        }
        let (length, bits) = match format {
            0 | 1 => (3, 10),
            2 => (4, 14),
            _ => (5, 18),
        };
        let (regenerated, compressed) = (field(4, bits), field(bits.wrapping_add(4), bits));
        Self { kind, length, regenerated, compressed, four: format > 0 }
    }
}

/// Cuts four streams by their Jump_Table (3.1.1.3.1.6).
fn four_streams(streams: &[u8]) -> Option<[&[u8]; 4]> {
    let (&[a, b, c, d, e, f], rest) = streams.split_first_chunk::<JUMP_TABLE>()?;
    let size = |low, high| usize::from(u16::from_le_bytes([low, high]));
    let (first, rest) = rest.split_at_checked(size(a, b))?;
    let (second, rest) = rest.split_at_checked(size(c, d))?;
    let (third, fourth) = rest.split_at_checked(size(e, f))?;
    Some([first, second, third, fourth])
}
