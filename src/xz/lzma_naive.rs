// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A naive decoder of .lzma files, for tests: the LZMA specification, with an array for each kind
//! of probability, into a `Vec`.
//!
//! The decoder judges as the crate does where that is not as the reference decoder does:
//!
//! - A symbol is judged once all bits of it have been read.
//! - A match that is longer than the remaining output writes nothing.
//! - An end marker before the known size is an error.
//! - lc and lp are at most 4 together.

use std::vec;
use std::vec::Vec;

use super::range::naive::{Probability, RangeDecoder, Source, HALF};
use crate::pieces::Outcome;
use crate::Error;

/// "Match Length Decoding".
#[derive(Clone)]
struct Lengths {
    choice: Probability,
    choice2: Probability,
    low: [[Probability; 8]; 16],
    middle: [[Probability; 8]; 16],
    high: [Probability; 256],
}

impl Lengths {
    const NEW: Self = Self {
        choice: HALF,
        choice2: HALF,
        low: [[HALF; 8]; 16],
        middle: [[HALF; 8]; 16],
        high: [HALF; 256],
    };

    fn decode(&mut self, source: &mut impl Source, position: usize) -> Result<usize, Error> {
        Ok(2 + if source.bit(&mut self.choice)? == 0 {
            source.tree(&mut self.low[position], 3)?
        } else if source.bit(&mut self.choice2)? == 0 {
            8 + source.tree(&mut self.middle[position], 3)?
        } else {
            16 + source.tree(&mut self.high, 8)?
        })
    }
}

/// What comes out of the bits of a symbol.
enum Symbol {
    Literal(u8),
    /// A copy of this many bytes from the latest distance.
    Copy(usize),
    EndMarker,
}

/// The state of the decoder.
#[derive(Clone)]
pub(super) struct Naive {
    /// lc, lp and pb.
    properties: [u32; 3],
    dictionary: u64,
    state: usize,
    /// The last distances, less one, the latest first.
    reps: [u32; 4],
    is_match: [[Probability; 16]; 12],
    is_rep: [Probability; 12],
    is_rep0: [Probability; 12],
    is_rep0_long: [[Probability; 16]; 12],
    is_rep1: [Probability; 12],
    is_rep2: [Probability; 12],
    match_lengths: Lengths,
    rep_lengths: Lengths,
    slots: [[Probability; 64]; 4],
    /// A tree for each slot from 4 to 13. The largest has 32 entries.
    low_bits: [[Probability; 32]; 14],
    align: [Probability; 16],
    literals: Vec<[Probability; 0x300]>,
}

impl Naive {
    pub(super) fn new(properties: [u32; 3], dictionary: u32) -> Self {
        Self {
            properties,
            // "lzma file format": a smaller one means this.
            dictionary: dictionary.max(1 << 12).into(),
            state: 0,
            reps: [0; 4],
            is_match: [[HALF; 16]; 12],
            is_rep: [HALF; 12],
            is_rep0: [HALF; 12],
            is_rep0_long: [[HALF; 16]; 12],
            is_rep1: [HALF; 12],
            is_rep2: [HALF; 12],
            match_lengths: Lengths::NEW,
            rep_lengths: Lengths::NEW,
            slots: [[HALF; 64]; 4],
            low_bits: [[HALF; 32]; 14],
            align: [HALF; 16],
            literals: vec![[HALF; 0x300]; 1 << (properties[0] + properties[1])],
        }
    }

    /// "Main Loop of Decoder": the bits of one symbol, after `output`.
    fn symbol(&mut self, source: &mut impl Source, output: &[u8]) -> Result<Symbol, Error> {
        let [.., pb] = self.properties;
        let position = output.len() & ((1 << pb) - 1);
        let state = self.state;
        if source.bit(&mut self.is_match[state][position])? == 0 {
            let literal = self.literal(source, output)?;
            self.state = match state {
                0..4 => 0,
                4..10 => state - 3,
                _ => state - 6,
            };
            return Ok(Symbol::Literal(literal));
        }
        let after_literal = state < 7;
        if source.bit(&mut self.is_rep[state])? == 0 {
            let length = self.match_lengths.decode(source, position)?;
            self.state = if after_literal { 7 } else { 10 };
            self.reps.rotate_right(1);
            self.reps[0] = self.distance(source, length)?;
            let is_marker = self.reps[0] == u32::MAX;
            return Ok(if is_marker { Symbol::EndMarker } else { Symbol::Copy(length) });
        }
        if source.bit(&mut self.is_rep0[state])? == 0 {
            if source.bit(&mut self.is_rep0_long[state][position])? == 0 {
                self.state = if after_literal { 9 } else { 11 };
                return Ok(Symbol::Copy(1));
            }
        } else if source.bit(&mut self.is_rep1[state])? == 0 {
            self.reps[..2].rotate_right(1);
        } else {
            let older = source.bit(&mut self.is_rep2[state])?;
            self.reps[..3 + older].rotate_right(1);
        }
        self.state = if after_literal { 8 } else { 11 };
        Ok(Symbol::Copy(self.rep_lengths.decode(source, position)?))
    }

    /// "Literal Decoding"
    fn literal(&mut self, source: &mut impl Source, output: &[u8]) -> Result<u8, Error> {
        let [lc, lp, _] = self.properties;
        let previous = usize::from(output.last().copied().unwrap_or(0));
        let low_bits = output.len() & ((1 << lp) - 1);
        let coder = &mut self.literals[low_bits << lc | previous >> (8 - lc)];
        let mut symbol = 1;
        if self.state >= 7 {
            let matched = usize::from(output[output.len() - 1 - self.reps[0] as usize]);
            for place in (0..8).rev() {
                let expected = matched >> place & 1;
                let bit = source.bit(&mut coder[(1 + expected) << 8 | symbol])?;
                symbol = symbol << 1 | bit;
                if bit != expected {
                    break;
                }
            }
        }
        while symbol < 0x100 {
            symbol = symbol << 1 | source.bit(&mut coder[symbol])?;
        }
        Ok(symbol as u8)
    }

    /// "Match Distance Decoding": the distance, less one.
    fn distance(&mut self, source: &mut impl Source, length: usize) -> Result<u32, Error> {
        let slot = source.tree(&mut self.slots[(length - 2).min(3)], 6)?;
        if slot < 4 {
            return Ok(slot as u32);
        }
        let bits = slot as u32 / 2 - 1;
        let mut high = 2 | slot as u32 & 1;
        if slot < 14 {
            let low = source.reverse_tree(&mut self.low_bits[slot], bits)?;
            return Ok(high << bits | low as u32);
        }
        for _ in 4..bits {
            high = high << 1 | source.direct_bit()? as u32;
        }
        Ok(high << 4 | source.reverse_tree(&mut self.align, 4)? as u32)
    }

    /// Decodes a symbol and writes what it stands for. `size` is that of the whole output, if
    /// known. Returns whether the symbol was the end marker.
    pub(super) fn step(
        &mut self,
        source: &mut impl Source,
        output: &mut Vec<u8>,
        size: Option<u64>,
    ) -> Result<bool, Error> {
        let written = output.len() as u64;
        let remaining = size.map_or(u64::MAX, |size| size - written);
        let length = match self.symbol(source, output)? {
            Symbol::EndMarker if size.is_none() || remaining == 0 => return Ok(true),
            Symbol::EndMarker => return Err(Error::LzmaEndMarker),
            _ if remaining == 0 => return Err(Error::LzmaEnd),
            Symbol::Literal(byte) => {
                output.push(byte);
                return Ok(false);
            }
            Symbol::Copy(length) => length,
        };
        let distance = u64::from(self.reps[0]) + 1;
        if length as u64 > remaining {
            return Err(Error::LzmaLength);
        }
        if distance > self.dictionary {
            return Err(Error::DistancePastWindow);
        }
        let from = written.checked_sub(distance).ok_or(Error::DistanceBeforeStart)? as usize;
        for at in from..from + length {
            output.push(output[at]);
        }
        Ok(false)
    }
}

/// Decodes a .lzma file.
pub(super) fn decode(file: &[u8]) -> Outcome {
    let mut output = Vec::new();
    let verdict = decode_into(file, &mut output);
    Outcome { verdict, bytes: output }
}

/// Bytes of the file that belong to the stream ("lzma file format" and "LZMA decoding modes").
fn decode_into(file: &[u8], output: &mut Vec<u8>) -> Result<usize, Error> {
    let header: &[u8; 18] = file.first_chunk().ok_or(Error::Truncated)?;
    let [properties, d0, d1, d2, d3, s0, s1, s2, s3, s4, s5, s6, s7, first, ..] = *header;
    let [lc, lp, pb] = [properties % 9, properties / 9 % 5, properties / 45].map(u32::from);
    if pb > 4 || lc + lp > 4 {
        return Err(Error::LzmaProperties);
    }
    if first != 0 {
        return Err(Error::LzmaFirstByte);
    }
    let size = u64::from_le_bytes([s0, s1, s2, s3, s4, s5, s6, s7]);
    let size = (size != u64::MAX).then_some(size);
    let dictionary = u32::from_le_bytes([d0, d1, d2, d3]);
    let mut naive = Naive::new([lc, lp, pb], dictionary);
    let mut range = RangeDecoder::new(file, 14);
    loop {
        if size == Some(output.len() as u64) && range.is_finished()? {
            return Ok(range.at());
        }
        if naive.step(&mut range, output, size)? {
            return range.is_finished()?.then_some(range.at()).ok_or(Error::LzmaEnd);
        }
    }
}
