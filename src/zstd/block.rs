// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Blocks of a zstd frame (RFC 8878, 3.1.1.2 and 3.1.1.3).

use core::ops::Range;

use crate::decoder::Engine;
use crate::output::{Cursor, Step};
use crate::slices::rest_from;
use crate::zeroed::{zeroed, zeroed_enum};
use crate::{Error, Page};

use super::execute::Literals;
use super::huffman::Huffman;
use super::literals;
use super::sequences::Sequences;

zeroed_enum! {
    /// The kind of the present block, and what of it remains.
    #[derive(Clone, Copy)]
    enum Stage {
        /// The remaining bytes of a raw block.
        Raw { remaining: usize } = 0,
        /// An RLE block, whose byte remains to be written so many times.
        Rle { remaining: usize },
        /// A compressed block of `size` bytes.
        Compressed { size: usize },
        /// A compressed block of `size` bytes whose literals and tables have been read.
        Sequences { size: usize },
        /// A compressed block of `size` bytes after its last sequence. Literals may remain.
        LastLiterals { size: usize },
    }
}

/// The engine of zstd: the state of a frame's blocks (RFC 8878, 3.1.1.2). All-zero memory is a
/// fresh one.
pub struct Blocks {
    stage: Stage,
    blocks: u64,
    /// Block_Maximum_Size in bytes.
    max: usize,
    /// The part of `literals` that remains to be copied.
    remaining: Range<usize>,
    /// Length in bytes of the present block before the bitstream of its sequences.
    sections: usize,
    huffman: Huffman,
    sequences: Sequences,
    literals: Literals,
}

zeroed! {
    impl for Blocks {
        stage, blocks, max, remaining, sections, huffman, sequences, literals: scratch,
    }
}

impl Engine for Blocks {
    fn step<P: Page>(
        &mut self,
        input: &[u8],
        out: &mut Cursor<'_, P>,
    ) -> (usize, Result<Step, Error>) {
        match self.stage {
            Stage::Raw { remaining } => {
                let (taken, step) = out.store(input, remaining);
                self.stage = Stage::Raw { remaining: remaining.saturating_sub(taken) };
                (taken, Ok(step))
            }
            Stage::Rle { remaining } => {
                let Some(&byte) = input.first() else { return (0, Ok(Step::NeedInput)) };
                let remaining = remaining.saturating_sub(out.fill(byte, remaining));
                self.stage = Stage::Rle { remaining };
                // The byte stays unconsumed until it has been written as often as it should be.
                if remaining == 0 {
                    (1, Ok(Step::Done))
                } else {
                    (0, Ok(Step::Full))
                }
            }
            Stage::Compressed { size }
            | Stage::Sequences { size }
            | Stage::LastLiterals { size } => {
                let Some(block) = input.get(..size) else { return (0, Ok(Step::NeedInput)) };
                match self.compressed(block, out) {
                    Ok(Step::Done) => (size, Ok(Step::Done)),
                    result => (0, result),
                }
            }
        }
    }

    fn blocks(&self) -> u64 {
        self.blocks
    }

    fn reset(&mut self) {
        self.blocks = 0;
    }
}

impl Blocks {
    /// Begins a frame whose blocks are at most `max` bytes long, compressed and decompressed.
    pub(super) fn begin_frame(&mut self, max: usize) {
        self.max = max;
        self.huffman.reset();
        self.sequences.reset();
    }

    /// Reads the Entropy_Tables of a dictionary (RFC 8878, 5). Returns their length in bytes.
    pub(super) fn read_tables(&mut self, tables: &[u8]) -> Option<usize> {
        let huffman = self.huffman.read(tables).ok()?;
        let sequences = self.sequences.read_dictionary(tables.get(huffman..)?)?;
        Some(huffman.wrapping_add(sequences))
    }

    /// Repeated_Offset1 to 3, before the next block.
    pub(super) fn offsets(&self) -> [u32; 3] {
        self.sequences.repeated()
    }

    pub(super) fn begin_raw(&mut self, length: usize) {
        self.begin(Stage::Raw { remaining: length });
    }

    pub(super) fn begin_rle(&mut self, length: usize) {
        self.begin(Stage::Rle { remaining: length });
    }

    pub(super) fn begin_compressed(&mut self, size: usize) {
        self.begin(Stage::Compressed { size });
    }

    fn begin(&mut self, stage: Stage) {
        self.stage = stage;
        self.blocks = self.blocks.wrapping_add(1);
    }

    /// Decodes a compressed block, as far as there is room. The caller passes all of it again until
    /// it is done.
    fn compressed<P: Page>(
        &mut self,
        block: &[u8],
        out: &mut Cursor<'_, P>,
    ) -> Result<Step, Error> {
        let size = block.len();
        if let Stage::Compressed { .. } = self.stage {
            let (count, length) =
                literals::read(block, self.max, &mut self.huffman, &mut self.literals)?;
            let section = rest_from(block, length);
            let stream = self.sequences.begin(section, self.max)?;
            self.sections = size.saturating_sub(stream.len());
            self.remaining = 0..count;
            self.stage = Stage::Sequences { size };
        }
        if let Stage::Sequences { .. } = self.stage {
            let stream = rest_from(block, self.sections);
            let step = self.sequences.run(stream, &self.literals, &mut self.remaining, out)?;
            if step != Step::Done {
                return Ok(Step::Full);
            }
            if self.remaining.len() > self.sequences.budget() {
                return Err(Error::ZstdBlockSize);
            }
            self.stage = Stage::LastLiterals { size };
        }
        let rest = self.literals.get(self.remaining.clone()).unwrap_or(&[]);
        let taken = out.extend(rest);
        self.remaining.start = self.remaining.start.wrapping_add(taken);
        // The rest of the last copy may be parked until the next page.
        let is_done = taken == rest.len() && !out.is_parked();
        Ok(if is_done { Step::Done } else { Step::Full })
    }
}
