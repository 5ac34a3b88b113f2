// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Dictionaries (RFC 8878, 5).

use crate::output::Prefix;
use crate::Error;

use super::block::Blocks;

/// Magic_Number of a dictionary with tables.
const MAGIC: u32 = 0xec30_a437;
/// Size of Magic_Number and Dictionary_ID.
const HEADER: usize = 8;

/// Fewest bytes of a dictionary without tables.
const MIN_CONTENT: usize = 8;

/// A dictionary whose tables and offsets have been checked.
pub(super) struct Dictionary<'d> {
    /// Dictionary_ID, or 0 if there is none.
    id: u32,
    /// Entropy_Tables, which are empty if the dictionary is raw content.
    tables: &'d [u8],
    content: Prefix<'d>,
}

impl<'d> Dictionary<'d> {
    /// Recognises the format by the Magic_Number, and reads the tables into `blocks` to check them.
    pub(super) fn new(bytes: &'d [u8], blocks: &mut Blocks) -> Result<Self, Error> {
        if bytes.len() < MIN_CONTENT {
            return Err(Error::ZstdDictionary);
        }
        // Copies may start in any part of it, also further back than Window_Size.
        let prefix = |bytes| Prefix { bytes, farthest: usize::MAX };
        let raw = Self { id: 0, tables: &[], content: prefix(bytes) };
        let Some((&[a, b, c, d, e, f, g, h], rest)) = bytes.split_first_chunk::<HEADER>() else {
            return Ok(raw);
        };
        if u32::from_le_bytes([a, b, c, d]) != MAGIC {
            return Ok(raw);
        }
        let length = blocks.read_tables(rest).ok_or(Error::ZstdDictionary)?;
        let (tables, content) = rest.split_at_checked(length).ok_or(Error::ZstdDictionary)?;
        let id = u32::from_le_bytes([e, f, g, h]);
        // "Each recent offset must have a value <= dictionary content size, and cannot equal 0."
        let good = |&offset: &u32| (1..=content.len() as u64).contains(&u64::from(offset));
        if !blocks.offsets().iter().all(good) {
            return Err(Error::ZstdDictionary);
        }
        Ok(Self { id, tables, content: prefix(content) })
    }

    pub(super) fn content(&self) -> &Prefix<'d> {
        &self.content
    }

    /// Reads the tables into `blocks`, for a frame that names the dictionary `id`, or none if `id`
    /// is 0.
    pub(super) fn begin_frame(&self, id: u32, blocks: &mut Blocks) -> Result<(), Error> {
        if id != 0 && id != self.id {
            return Err(Error::ZstdDictionaryId);
        }
        if !self.tables.is_empty() {
            blocks.read_tables(self.tables).ok_or(Error::Internal)?;
        }
        Ok(())
    }
}
