// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A naive range decoder and its encoder, for tests (LZMA specification, "Range Decoder" and "The
//! Binary Tree of bit models").

use std::vec::Vec;

use crate::random::Random;
use crate::Error;

/// A probability of a zero bit, of 2048.
pub(in super::super) type Probability = u16;
pub(in super::super) const HALF: Probability = 1024;

/// Where bits come from: a [decoder](RangeDecoder), or an [`Inventor`], with which a walk through
/// the model makes a random stream.
pub(in super::super) trait Source {
    /// A bit with this probability, which adapts.
    fn bit(&mut self, probability: &mut Probability) -> Result<usize, Error>;

    /// A bit that is as likely zero as one.
    fn direct_bit(&mut self) -> Result<usize, Error>;

    /// A number of `bits` bits, its highest first.
    fn tree(&mut self, tree: &mut [Probability], bits: u32) -> Result<usize, Error> {
        let mut node = 1;
        for _ in 0..bits {
            node = node << 1 | self.bit(&mut tree[node])?;
        }
        Ok(node - (1 << bits))
    }

    /// A number of `bits` bits, its lowest first.
    fn reverse_tree(&mut self, tree: &mut [Probability], bits: u32) -> Result<usize, Error> {
        let (mut node, mut value) = (1, 0);
        for place in 0..bits {
            let bit = self.bit(&mut tree[node])?;
            node = node << 1 | bit;
            value |= bit << place;
        }
        Ok(value)
    }
}

/// Moves a probability by a 32nd of its distance to the bit that came.
fn adapt(probability: &mut Probability, bit: usize) {
    match bit {
        0 => *probability += (2048 - *probability) >> 5,
        _ => *probability -= *probability >> 5,
    }
}

/// "Range Decoder". The specification reads a byte after the bit that makes it due. This one reads
/// it before the next bit, so that a truncated stream yields each symbol whose bits are there.
pub(in super::super) struct RangeDecoder<'a> {
    input: &'a [u8],
    at: usize,
    range: u32,
    code: u32,
}

impl<'a> RangeDecoder<'a> {
    /// Begins with the four bytes from place `at`.
    pub(in super::super) fn new(input: &'a [u8], at: usize) -> Self {
        let code = input[at..at + 4].iter().fold(0, |code, &byte| code << 8 | u32::from(byte));
        Self { input, at: at + 4, range: u32::MAX, code }
    }

    /// Bytes of the input that have been read.
    pub(in super::super) fn at(&self) -> usize {
        self.at
    }

    fn normalize(&mut self) -> Result<(), Error> {
        if self.range < 1 << 24 {
            let byte = *self.input.get(self.at).ok_or(Error::Truncated)?;
            self.at += 1;
            self.range <<= 8;
            self.code = self.code << 8 | u32::from(byte);
        }
        Ok(())
    }

    /// Whether the encoder can have ended here.
    pub(in super::super) fn is_finished(&mut self) -> Result<bool, Error> {
        self.normalize()?;
        Ok(self.code == 0)
    }
}

impl Source for RangeDecoder<'_> {
    fn bit(&mut self, probability: &mut Probability) -> Result<usize, Error> {
        self.normalize()?;
        let bound = (self.range >> 11) * u32::from(*probability);
        let bit = usize::from(self.code >= bound);
        if bit == 0 {
            self.range = bound;
        } else {
            self.code -= bound;
            self.range -= bound;
        }
        adapt(probability, bit);
        Ok(bit)
    }

    fn direct_bit(&mut self) -> Result<usize, Error> {
        self.normalize()?;
        self.range >>= 1;
        let bit = usize::from(self.code >= self.range);
        self.code -= self.range * bit as u32;
        Ok(bit)
    }
}

/// "Range Decoder", the other way round.
#[derive(Clone)]
pub(in super::super) struct RangeEncoder {
    /// The stream as one number, but for its four lowest bytes.
    bytes: Vec<u8>,
    low: u32,
    range: u32,
}

impl RangeEncoder {
    /// Takes the part of the range that starts at `from`.
    fn narrow(&mut self, from: u32, range: u32) {
        let (low, carry) = self.low.overflowing_add(from);
        if carry {
            let ones = self.bytes.iter().rev().take_while(|&&byte| byte == 0xff).count();
            let at = self.bytes.len() - ones;
            self.bytes[at..].fill(0);
            self.bytes[at - 1] += 1;
        }
        (self.low, self.range) = (low, range);
        while self.range < 1 << 24 {
            self.bytes.push((self.low >> 24) as u8);
            self.low <<= 8;
            self.range <<= 8;
        }
    }

    pub(in super::super) fn finish(mut self) -> Vec<u8> {
        self.bytes.extend(self.low.to_be_bytes());
        self.bytes
    }
}

/// Which bits are made up.
#[derive(Clone, Copy)]
pub(in super::super) enum Bias {
    /// Zeros as often as ones.
    None,
    /// Mostly the bit that the model holds for likely, so that probabilities come to their limits.
    Likely,
    /// The other bit, so that symbols take many bytes.
    Unlikely,
}

/// Makes up bits, and encodes them.
pub(in super::super) struct Inventor {
    pub(in super::super) random: Random,
    pub(in super::super) bias: Bias,
    /// Bits to take before any is made up, the last one first.
    pub(in super::super) given: Vec<usize>,
    pub(in super::super) encoder: RangeEncoder,
}

impl Inventor {
    pub(in super::super) fn new(random: Random) -> Self {
        let encoder = RangeEncoder { bytes: Vec::from([0]), low: 0, range: u32::MAX };
        Self { random, bias: Bias::None, given: Vec::new(), encoder }
    }
}

impl Source for Inventor {
    fn bit(&mut self, probability: &mut Probability) -> Result<usize, Error> {
        let likely = usize::from(*probability < HALF);
        let bit = self.given.pop().unwrap_or(match self.bias {
            Bias::None => self.random.below(2),
            Bias::Likely => likely ^ usize::from(self.random.below(30) == 0),
            Bias::Unlikely => 1 - likely,
        });
        let encoder = &mut self.encoder;
        let bound = (encoder.range >> 11) * u32::from(*probability);
        match bit {
            0 => encoder.narrow(0, bound),
            _ => encoder.narrow(bound, encoder.range - bound),
        }
        adapt(probability, bit);
        Ok(bit)
    }

    fn direct_bit(&mut self) -> Result<usize, Error> {
        let bit = self.given.pop().unwrap_or(self.random.below(2));
        let half = self.encoder.range >> 1;
        self.encoder.narrow(half * bit as u32, half);
        Ok(bit)
    }
}
