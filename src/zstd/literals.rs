// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The Literals_Section of a compressed block (RFC 8878, 3.1.1.3.1).

use core::mem::size_of;

use crate::output::copy::copy_over;
use crate::slices::rest_from;
use crate::Error;

use super::execute::Literals;
use super::huffman::Huffman;
use super::MAX_BLOCK;

/// Size of the Jump_Table, which has the sizes of three streams (3.1.1.3.1.6).
const JUMP_TABLE: usize = 6;
/// Fewest literals that four streams may have, as in the reference decoder. The first three streams
/// have a quarter each, rounded up, which would be too many of 2 or 5 literals, for example.
const MIN_FOUR: usize = 6;

/// Bytes after the last literal that a copy of literals may read, because it copies whole chunks.
const LITERALS_AFTER: usize = size_of::<Literals>() - MAX_BLOCK;

/// Reads the literals section at the start of `block`, and stores the literals, at most `max`, at
/// the start of `literals`. Returns the number of literals, and the section's length in bytes.
pub(super) fn read(
    block: &[u8],
    max: usize,
    huffman: &mut Huffman,
    literals: &mut Literals,
) -> Result<(usize, usize), Error> {
    let mut head = [0; 8];
    head.iter_mut().zip(block).for_each(|(slot, &byte)| *slot = byte);
    let head = u64::from_le_bytes(head);
    let header = Header::new(head);
    let (length, rest) = (header.regenerated, block.get(header.length..));
    let rest = rest.filter(|_| length <= max).ok_or(Error::ZstdLiteralsSize)?;
    let content = rest.get(..header.compressed).ok_or(Error::ZstdLiteralsSize)?;
    let out = literals.get_mut(..length).ok_or(Error::ZstdLiteralsSize)?;
    match header.kind {
        Kind::Raw => _ = copy_over(out, content),
        Kind::Rle => out.fill(content.first().copied().unwrap_or(0)),
        Kind::Compressed | Kind::Treeless => {
            let tree = if header.kind == Kind::Compressed { huffman.read(content)? } else { 0 };
            if !huffman.is_known() {
                return Err(Error::ZstdNoHuffmanTree);
            }
            let streams = rest_from(content, tree);
            if header.four {
                if length < MIN_FOUR {
                    return Err(Error::ZstdLiteralsSize);
                }
                let streams = four_streams(streams).ok_or(Error::ZstdHuffmanStream)?;
                huffman.decode_four(streams, out).ok_or(Error::ZstdHuffmanStream)?;
            } else {
                huffman.decode(streams, out).ok_or(Error::ZstdHuffmanStream)?;
            }
        }
    }
    // A copy in whole chunks can put bytes after the last literal into a page, as scratch bytes.
    // Clear them, so that earlier contents of the decoder's memory don't get there.
    if let Some(after) = literals.get_mut(length..).and_then(|after| after.first_chunk_mut()) {
        *after = [0; LITERALS_AFTER];
    }
    Ok((length, header.length.saturating_add(header.compressed)))
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
    /// Length of the header in bytes.
    length: usize,
    /// Number of literals.
    regenerated: usize,
    /// Length in bytes of what follows the header.
    compressed: usize,
    /// Whether there are four streams instead of one.
    four: bool,
}

impl Header {
    /// Reads the header from the first eight bytes of a section. Missing ones are zero.
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

/// Splits a Jump_Table and four streams into the streams (3.1.1.3.1.6).
fn four_streams(streams: &[u8]) -> Option<[&[u8]; 4]> {
    let (&[a, b, c, d, e, f], rest) = streams.split_first_chunk::<JUMP_TABLE>()?;
    let size = |low, high| usize::from(u16::from_le_bytes([low, high]));
    let (first, rest) = rest.split_at_checked(size(a, b))?;
    let (second, rest) = rest.split_at_checked(size(c, d))?;
    let (third, fourth) = rest.split_at_checked(size(e, f))?;
    Some([first, second, third, fourth])
}
