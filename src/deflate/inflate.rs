// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A deflate stream: block headers, stored blocks and code lengths (RFC 1951, 3.2.3 to 3.2.7).

use crate::bits::{Bits, Held};
use crate::output::Cursor;
use crate::wrapped::{Engine, Step};
use crate::zeroed::{zeroed, zeroed_enum};
use crate::{Error, Page};

use super::canonical::Sorted;
use super::symbols::{self, Codes, DISTANCE_SYMBOLS, LITLEN_SYMBOLS};
use super::table::{Entry, Table};

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
        /// The lengths of the two codes.
        CodeLengths,
        /// Compressed data (3.2.5).
        Symbols,
        /// The final block has ended.
        End,
    }
}

/// Most code lengths: HLIT and HDIST at their limits.
const MAX_LENGTHS: usize = LITLEN_SYMBOLS + DISTANCE_SYMBOLS;
/// Most literal/length codes that a block may have, and most distance codes.
const MAX_LITLEN_CODES: u32 = 286;
const MAX_DISTANCE_CODES: u32 = 30;
const CODE_LENGTH_SYMBOLS: usize = 19;
/// The longest code of the code length alphabet has 7 bits.
const CODE_LENGTH_TABLE: usize = 1 << 7;

/// The order of the code length code's lengths (3.2.7).
static CODE_LENGTH_ORDER: [u8; CODE_LENGTH_SYMBOLS] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The code length alphabet: a length, or how often to repeat one (3.2.7).
static CODE_LENGTH: [Entry; CODE_LENGTH_SYMBOLS] = {
    let mut symbols = [Entry::INVALID; CODE_LENGTH_SYMBOLS];
    let mut length = 0;
    while length < 16 {
        symbols[length] = Entry::of_literal(length as u8);
        length += 1;
    }
    symbols[16] = Entry::of_extra(REPEAT_LAST, 2);
    symbols[17] = Entry::of_extra(3, 3);
    symbols[18] = Entry::of_extra(11, 7);
    symbols
};
/// Symbol 16 repeats the last length 3 to 6 times. Its base is told from 17's by a bit above any
/// count.
const REPEAT_LAST: u16 = 3 | 256;

/// The state of one deflate stream; all-zero memory is a fresh one.
#[doc(hidden)]
pub struct Inflate {
    stage: Stage,
    /// BFINAL of the present block.
    last_block: bool,
    /// `codes` are those of the fixed code (3.2.6): a flood of empty fixed blocks builds them once.
    fixed: bool,
    held: Held,
    /// Bytes to come of a stored block.
    stored: u16,
    /// Codes of the two alphabets, and of the code length alphabet.
    litlen_codes: u16,
    distance_codes: u16,
    code_length_codes: u16,
    /// Lengths read so far.
    have: u16,
    blocks: u64,
    lengths: [u8; MAX_LENGTHS],
    code_length: Table<CODE_LENGTH_TABLE, 1>,
    codes: Codes,
    sorted: Sorted,
}

zeroed! {
    impl for Inflate {
        stage, last_block, fixed, held, stored, litlen_codes, distance_codes, code_length_codes,
        have, blocks, lengths, code_length, codes, sorted,
    }
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
            match self.part(&mut bits, out) {
                Ok(Step::End) if self.stage == Stage::End => break Ok(Step::End),
                Ok(Step::End) => {}
                other => break other,
            }
        };
        let consumed;
        (consumed, self.held) = bits.finish();
        (consumed, result)
    }
}

impl Inflate {
    /// One part of a block: [`Step::End`] says that the next stage was entered.
    fn part<P: Page>(
        &mut self,
        bits: &mut Bits<'_>,
        out: &mut Cursor<'_, P>,
    ) -> Result<Step, Error> {
        match self.stage {
            Stage::BlockHeader => self.block_header(bits),
            Stage::StoredLength => self.stored_length(bits),
            Stage::StoredBytes => self.stored_bytes(bits, out),
            Stage::Counts => self.counts(bits),
            Stage::CodeLengthCode => self.code_length_code(bits),
            Stage::CodeLengths => self.code_lengths(bits),
            Stage::Symbols => {
                let step = symbols::decode(&self.codes, bits, out)?;
                if step == Step::End {
                    self.end_block(bits);
                }
                Ok(step)
            }
            Stage::End => Ok(Step::End),
        }
    }

    /// 3.2.3
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
        Ok(Step::End)
    }

    fn end_block(&mut self, bits: &mut Bits<'_>) {
        self.stage = Stage::BlockHeader;
        if self.last_block {
            // What is left of the last byte belongs to nothing.
            bits.align();
            self.stage = Stage::End;
        }
    }

    /// 3.2.4
    fn stored_length(&mut self, bits: &mut Bits<'_>) -> Result<Step, Error> {
        let Some(&[a, b, c, d]) = bits.unread().first_chunk() else { return Ok(Step::NeedInput) };
        self.stored = u16::from_le_bytes([a, b]);
        if self.stored != !u16::from_le_bytes([c, d]) {
            return Err(Error::DeflateStoredLength);
        }
        bits.skip_bytes(4);
        self.stage = Stage::StoredBytes;
        Ok(Step::End)
    }

    fn stored_bytes<P: Page>(
        &mut self,
        bits: &mut Bits<'_>,
        out: &mut Cursor<'_, P>,
    ) -> Result<Step, Error> {
        let (taken, step) = out.store(bits.unread(), usize::from(self.stored));
        bits.skip_bytes(taken);
        self.stored = self.stored.saturating_sub(taken as u16);
        if step == Step::End {
            self.end_block(bits);
        }
        Ok(step)
    }

    /// 3.2.6
    fn load_fixed_codes(&mut self) -> Result<(), Error> {
        if self.fixed {
            return Ok(());
        }
        let (litlen, distance) = self.lengths.split_at_mut(LITLEN_SYMBOLS);
        for (symbol, length) in litlen.iter_mut().enumerate() {
            *length = match symbol {
                144..=255 => 9,
                256..=279 => 7,
                _ => 8,
            };
        }
        distance.fill(5);
        self.fixed = true;
        self.build(LITLEN_SYMBOLS, DISTANCE_SYMBOLS)
    }

    /// 3.2.7
    fn counts(&mut self, bits: &mut Bits<'_>) -> Result<Step, Error> {
        let mut next = *bits;
        let Some(counts) = next.take(5 + 5 + 4) else { return Ok(Step::NeedInput) };
        let (litlen, distance) = (257 + (counts & 31), 1 + (counts >> 5 & 31));
        if litlen > MAX_LITLEN_CODES || distance > MAX_DISTANCE_CODES {
            return Err(Error::DeflateCodeCount);
        }
        *bits = next;
        self.litlen_codes = litlen as u16;
        self.distance_codes = distance as u16;
        self.code_length_codes = (4 + (counts >> 10)) as u16;
        self.have = 0;
        self.fixed = false;
        self.stage = Stage::CodeLengthCode;
        Ok(Step::End)
    }

    fn code_length_code(&mut self, bits: &mut Bits<'_>) -> Result<Step, Error> {
        while self.have < self.code_length_codes {
            let Some(length) = bits.take(3) else { return Ok(Step::NeedInput) };
            self.note_code_length(length as u8);
        }
        while usize::from(self.have) < CODE_LENGTH_SYMBOLS {
            self.note_code_length(0);
        }
        let lengths =
            self.lengths.first_chunk::<CODE_LENGTH_SYMBOLS>().unwrap_or(&[0; CODE_LENGTH_SYMBOLS]);
        self.code_length
            .build(lengths, &CODE_LENGTH, false, &mut self.sorted)
            .map_err(|_| Error::DeflateCodeLengthCode)?;
        self.have = 0;
        self.stage = Stage::CodeLengths;
        Ok(Step::End)
    }

    fn note_code_length(&mut self, length: u8) {
        let symbol = CODE_LENGTH_ORDER.get(usize::from(self.have)).copied().unwrap_or(0);
        if let Some(slot) = self.lengths.get_mut(usize::from(symbol)) {
            *slot = length;
        }
        self.have = self.have.wrapping_add(1);
    }

    fn code_lengths(&mut self, bits: &mut Bits<'_>) -> Result<Step, Error> {
        // A copy that lives in registers.
        let mut b = *bits;
        let result = self.read_code_lengths(&mut b);
        *bits = b;
        if result? == Step::End {
            self.build(usize::from(self.litlen_codes), usize::from(self.distance_codes))?;
            self.stage = Stage::Symbols;
            return Ok(Step::End);
        }
        Ok(Step::NeedInput)
    }

    #[inline(always)]
    fn read_code_lengths(&mut self, bits: &mut Bits<'_>) -> Result<Step, Error> {
        let all = usize::from(self.litlen_codes.wrapping_add(self.distance_codes));
        let lengths = self.lengths.get_mut(..all).ok_or(Error::Internal)?;
        let mut have = usize::from(self.have);
        while have < all {
            bits.refill();
            let mut next = *bits;
            let entry = self.code_length.first(next.peek());
            let repeats = entry.value_with_extra(next.peek());
            next.consume(entry.bits());
            if next.is_overdrawn() {
                self.have = have as u16;
                return Ok(Step::NeedInput);
            }
            if entry.is_literal() {
                lengths.get_mut(have).into_iter().for_each(|slot| *slot = entry.literal());
                have = have.wrapping_add(1);
            } else {
                let (length, times) = if repeats < usize::from(REPEAT_LAST) {
                    (0, repeats)
                } else {
                    let last = have.checked_sub(1).and_then(|last| lengths.get(last));
                    (*last.ok_or(Error::DeflateRepeatFirst)?, repeats & 255)
                };
                let end = have.wrapping_add(times);
                lengths.get_mut(have..end).ok_or(Error::DeflateRepeatLength)?.fill(length);
                have = end;
            }
            *bits = next;
        }
        Ok(Step::End)
    }

    /// Builds both tables from `lengths`.
    fn build(&mut self, litlen_codes: usize, distance_codes: usize) -> Result<(), Error> {
        let lengths = self.lengths.split_at_checked(litlen_codes);
        let (litlen, rest) = lengths.ok_or(Error::Internal)?;
        let distance = rest.get(..distance_codes).ok_or(Error::Internal)?;
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
