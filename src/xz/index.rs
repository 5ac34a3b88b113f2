// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The Index, compared with the blocks in constant memory (The .xz File Format, 4).

use crate::check::{Crc32, Sha256};
use crate::decoder::Taken;
use crate::slices::first_bytes;
use crate::zeroed::{zeroed, zeroed_enum, Zeroed};
use crate::Error;

use super::lzma2::MAX_SIZE;
use super::verifier::is_same;
use super::{check_zeros, integer};

/// Size of the CRC32 (4.5).
pub(super) const CRC32: usize = 4;
/// The smallest Unpadded Size (4.3.1).
const MIN_UNPADDED: u64 = 5;

/// What the sizes of blocks add up to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Totals {
    pub(super) count: u64,
    /// Bytes of the blocks, including their padding.
    pub(super) input: u64,
    pub(super) uncompressed: u64,
}

zeroed! { impl for Totals { count, input, uncompressed } }

impl Totals {
    /// Adds a block by its Unpadded Size and Uncompressed Size.
    pub(super) fn add(&mut self, unpadded: u64, uncompressed: u64) -> Result<(), Error> {
        if unpadded < MIN_UNPADDED {
            return Err(Error::XzRecord);
        }
        self.count = self.count.wrapping_add(1);
        self.input = add(self.input, padded(unpadded))?;
        self.uncompressed = add(self.uncompressed, uncompressed)?;
        Ok(())
    }
}

/// The size of a block with its padding (3.3).
pub(super) fn padded(unpadded: u64) -> u64 {
    unpadded.saturating_add(3) & !3
}

/// The sizes of all blocks: what they add up to, and a hash of them in their order.
struct Sizes {
    totals: Totals,
    hash: Sha256,
}

zeroed! { impl for Sizes { totals, hash } }

impl Sizes {
    fn reset(&mut self) {
        self.totals = Totals::ZEROED;
        self.hash = Sha256::new();
    }

    fn add(&mut self, unpadded: u64, uncompressed: u64) -> Result<(), Error> {
        self.totals.add(unpadded, uncompressed)?;
        self.hash.update(&unpadded.to_le_bytes());
        self.hash.update(&uncompressed.to_le_bytes());
        Ok(())
    }

    fn is_same(&self, other: &Self) -> bool {
        let sums = |sizes: &Self| {
            let Totals { count, input, uncompressed } = sizes.totals;
            (count, input, uncompressed)
        };
        sums(self) == sums(other) && is_same(&self.hash.finish(), &other.hash.finish())
    }
}

/// All sizes in a stream add up to less than 2^63 (2.1).
fn add(sum: u64, size: u64) -> Result<u64, Error> {
    Some(sum.saturating_add(size)).filter(|&sum| sum <= MAX_SIZE).ok_or(Error::XzRecord)
}

zeroed_enum! {
    /// The fields of an Index, in their order.
    #[derive(Clone, Copy)]
    enum Field {
        Indicator = 0,
        Count,
        Unpadded,
        Uncompressed { unpadded: u64 },
        Padding,
        Crc32,
        /// Nothing more.
        End,
    }
}

/// The sizes of the blocks so far, and the Index, which must have the same.
pub(super) struct Index {
    field: Field,
    blocks: Sizes,
    records: Sizes,
    crc: Crc32,
    size: u64,
}

zeroed! { impl for Index { field, blocks, records, crc, size } }

impl Index {
    /// Makes this ready for another stream, in place.
    pub(super) fn reset(&mut self) {
        self.field = Field::Indicator;
        self.blocks.reset();
        self.records.reset();
        self.crc = Crc32::new();
        self.size = 0;
    }

    /// Adds the sizes of a block that was decoded.
    pub(super) fn add_block(&mut self, unpadded: u64, uncompressed: u64) -> Result<(), Error> {
        self.blocks.add(unpadded, uncompressed)
    }

    /// Reads the next field. Each block has a record, so a count that is right bounds the work.
    pub(super) fn field(&mut self, input: &[u8]) -> Result<Taken, Error> {
        let (length, next) = match self.field {
            Field::Indicator => (1, Field::Count),
            Field::Count | Field::Unpadded | Field::Uncompressed { .. } => {
                let Some((number, length)) = integer(input)? else {
                    return Ok(Taken::missing(input.len().saturating_add(1)));
                };
                (length, self.number(number)?)
            }
            Field::Padding => {
                if !self.records.is_same(&self.blocks) {
                    return Err(Error::XzRecord);
                }
                let length = (self.size.wrapping_neg() & 3) as usize;
                check_zeros(first_bytes(input, length as u64), Error::XzIndexPadding)?;
                (length, Field::Crc32)
            }
            Field::Crc32 => {
                let Some(crc) = input.first_chunk() else {
                    return Ok(Taken::missing(CRC32));
                };
                if u32::from_le_bytes(*crc) != self.crc.value() {
                    return Err(Error::XzIndexCrc32);
                }
                self.size = self.size.wrapping_add(CRC32 as u64);
                self.field = Field::End;
                return Ok(Taken::field(CRC32));
            }
            Field::End => return Err(Error::Internal),
        };
        let Some(bytes) = input.get(..length) else { return Ok(Taken::missing(length)) };
        self.crc.update(bytes);
        self.size = self.size.wrapping_add(length as u64);
        self.field = next;
        Ok(Taken::field(length))
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(self.field, Field::End)
    }

    /// Takes a field that is a multibyte integer, and returns which field comes next.
    fn number(&mut self, number: u64) -> Result<Field, Error> {
        match self.field {
            Field::Count if number != self.blocks.totals.count => Err(Error::XzRecordCount),
            Field::Unpadded => Ok(Field::Uncompressed { unpadded: number }),
            Field::Uncompressed { unpadded } => {
                self.records.add(unpadded, number)?;
                Ok(self.next_record())
            }
            _ => Ok(self.next_record()),
        }
    }

    fn next_record(&self) -> Field {
        if self.records.totals.count < self.blocks.totals.count {
            Field::Unpadded
        } else {
            Field::Padding
        }
    }

    /// Bytes of the Index so far.
    pub(super) fn size(&self) -> u64 {
        self.size
    }
}
