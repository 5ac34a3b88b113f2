// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A deflate stream: block headers, stored blocks, and the order of a block's stages (RFC 1951,
//! 3.2.3 to 3.2.7).

use crate::bits::{Bits, Held};
use crate::decoder::Engine;
use crate::output::{Cursor, Step};
use crate::zeroed::{zeroed, zeroed_enum};
use crate::{Error, Page};

use super::canonical::Sorted;
use super::code_lengths::CodeLengths;
use super::symbols::{self, Codes};

zeroed_enum! {
    /// What comes next in the stream.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Stage {
        /// BFINAL and BTYPE (3.2.3).
        BlockHeader = 0,
        /// LEN and NLEN of a stored block (3.2.4).
        StoredLength,
        /// The bytes of a stored block.
        StoredBytes,
        /// HLIT, HDIST and HCLEN (3.2.7).
        Counts,
        /// The lengths of the code length code.
        CodeLengthCode,
        /// The lengths of the litlen code and the distance code.
        CodeLengths,
        /// Compressed data (3.2.5).
        Symbols,
        /// The final block has ended.
        End,
    }
}

/// The engine of gzip, zlib and deflate: the state of one deflate stream (RFC 1951). All-zero
/// memory is a fresh one.
pub struct Inflate {
    stage: Stage,
    /// BFINAL of the present block.
    last_block: bool,
    /// Whether `codes` holds the fixed codes (3.2.6). A series of empty fixed blocks builds them
    /// once.
    fixed: bool,
    held: Held,
    /// Remaining bytes of a stored block.
    stored: u16,
    blocks: u64,
    code_lengths: CodeLengths,
    codes: Codes,
    sorted: Sorted,
}

zeroed! {
    impl for Inflate { stage, last_block, fixed, held, stored, blocks, code_lengths, codes, sorted }
}

impl Engine for Inflate {
    fn restart(&mut self) {
        self.stage = Stage::BlockHeader;
        self.held = Held::NONE;
    }

    fn reset(&mut self) {
        self.restart();
        self.blocks = 0;
    }

    fn blocks(&self) -> u64 {
        self.blocks
    }

    fn step<P: Page>(
        &mut self,
        input: &[u8],
        out: &mut Cursor<'_, P>,
    ) -> (usize, Result<Step, Error>) {
        let mut bits = Bits::new(self.held, input);
        let result = loop {
            match self.advance(&mut bits, out) {
                Ok(Step::Done) if self.stage == Stage::End => break Ok(Step::Done),
                Ok(Step::Done) => {}
                other => break other,
            }
        };
        let consumed;
        (consumed, self.held) = bits.finish();
        (consumed, result)
    }
}

impl Inflate {
    /// Continues the present stage of a block. [`Step::Done`] says that the stage is complete and
    /// the next one has been entered.
    fn advance<P: Page>(
        &mut self,
        bits: &mut Bits<'_>,
        out: &mut Cursor<'_, P>,
    ) -> Result<Step, Error> {
        match self.stage {
            Stage::BlockHeader => self.block_header(bits),
            Stage::StoredLength => self.stored_length(bits),
            Stage::StoredBytes => self.stored_bytes(bits, out),
            Stage::Counts => {
                let step = self.code_lengths.counts(bits)?;
                self.enter(step, Stage::CodeLengthCode)
            }
            Stage::CodeLengthCode => {
                let step = self.code_lengths.code_length_code(bits)?;
                self.enter(step, Stage::CodeLengths)
            }
            Stage::CodeLengths => {
                let step = self.code_lengths.read(bits)?;
                if step == Step::Done {
                    self.fixed = false;
                    self.build()?;
                }
                self.enter(step, Stage::Symbols)
            }
            Stage::Symbols => {
                let step = symbols::decode(&self.codes, bits, out)?;
                if step == Step::Done {
                    self.end_block(bits);
                }
                Ok(step)
            }
            Stage::End => Ok(Step::Done),
        }
    }

    /// Enters `stage` if the present one is complete.
    fn enter(&mut self, step: Step, stage: Stage) -> Result<Step, Error> {
        if step == Step::Done {
            self.stage = stage;
        }
        Ok(step)
    }

    /// Reads BFINAL and BTYPE (3.2.3).
    fn block_header(&mut self, bits: &mut Bits<'_>) -> Result<Step, Error> {
        let mut next = *bits;
        let Some(header) = next.take(3) else { return Ok(Step::NeedInput) };
        self.stage = match header >> 1 {
            0 => {
                next.align();
                Stage::StoredLength
            }
            1 => {
                self.load_fixed_codes()?;
                Stage::Symbols
            }
            2 => Stage::Counts,
            _ => return Err(Error::DeflateBlockType),
        };
        *bits = next;
        self.last_block = header & 1 != 0;
        self.blocks = self.blocks.wrapping_add(1);
        Ok(Step::Done)
    }

    fn end_block(&mut self, bits: &mut Bits<'_>) {
        self.stage = Stage::BlockHeader;
        if self.last_block {
            // The remaining bits of the last byte are padding.
            bits.align();
            self.stage = Stage::End;
        }
    }

    /// Reads LEN and NLEN (3.2.4).
    fn stored_length(&mut self, bits: &mut Bits<'_>) -> Result<Step, Error> {
        let Some(&[a, b, c, d]) = bits.unread().first_chunk() else { return Ok(Step::NeedInput) };
        self.stored = u16::from_le_bytes([a, b]);
        if self.stored != !u16::from_le_bytes([c, d]) {
            return Err(Error::DeflateStoredLength);
        }
        bits.skip_bytes(4);
        self.stage = Stage::StoredBytes;
        Ok(Step::Done)
    }

    fn stored_bytes<P: Page>(
        &mut self,
        bits: &mut Bits<'_>,
        out: &mut Cursor<'_, P>,
    ) -> Result<Step, Error> {
        let (taken, step) = out.store(bits.unread(), usize::from(self.stored));
        bits.skip_bytes(taken);
        self.stored = self.stored.saturating_sub(taken as u16);
        if step == Step::Done {
            self.end_block(bits);
        }
        Ok(step)
    }

    /// Makes `codes` the fixed codes (3.2.6).
    fn load_fixed_codes(&mut self) -> Result<(), Error> {
        if !self.fixed {
            self.code_lengths.set_fixed();
            self.build()?;
            self.fixed = true;
        }
        Ok(())
    }

    /// Builds the tables of both codes.
    fn build(&mut self) -> Result<(), Error> {
        let (litlen, distance) = self.code_lengths.of_codes();
        if litlen.get(256).is_none_or(|&length| length == 0) {
            return Err(Error::DeflateNoEndOfBlock);
        }
        self.codes
            .litlen
            .build(litlen, &symbols::LITLEN, true, &mut self.sorted)
            .map_err(|_| Error::DeflateLitlenCode)?;
        self.codes
            .distance
            .build(distance, &symbols::DISTANCE, true, &mut self.sorted)
            .map_err(|_| Error::DeflateDistanceCode)
    }
}
