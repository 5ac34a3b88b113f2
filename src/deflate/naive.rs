// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A naive decoder of deflate streams, for tests: RFC 1951 a bit at a time, without tables but
//! those of the text.
//!
//! Where the text leaves open what is an error, and which one comes first, the decoder judges as
//! the crate does:
//!
//! - A code must be complete, have no codes at all, or have a single one of one bit. In 3.2.7 the
//!   exceptions are for distances.
//! - A block has at most 30 distance codes. The two others of 3.2.7 mean nothing.
//! - A length and its distance are judged once the bits of both have been read.

use std::vec::Vec;

use crate::pieces::Outcome;
use crate::Error;

/// The tables of 3.2.5: the shortest length or distance of each symbol, and its extra bits.
pub(super) const LENGTHS: [usize; 29] = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
];
pub(super) const LENGTH_BITS: [u32; 29] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
pub(super) const DISTANCES: [usize; 30] = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
    2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
];
pub(super) const DISTANCE_BITS: [u32; 30] = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13,
    13,
];

/// The order of the code length code's lengths (3.2.7).
pub(super) const ORDER: [usize; 19] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The lengths of the fixed codes (3.2.6).
pub(super) fn fixed() -> [Vec<u8>; 2] {
    let litlen = [[8; 144].as_slice(), &[9; 112], &[7; 24], &[8; 8]].concat();
    [litlen, Vec::from([5; 32])]
}

struct Naive<'a> {
    input: &'a [u8],
    /// Bits read.
    at: usize,
    output: Vec<u8>,
}

impl Naive<'_> {
    /// A number, its lowest bit first (3.1.1).
    fn bits(&mut self, count: u32) -> Result<usize, Error> {
        let mut value = 0;
        for place in 0..count {
            let byte = self.input.get(self.at / 8).ok_or(Error::Truncated)?;
            value |= usize::from(byte >> (self.at % 8) & 1) << place;
            self.at += 1;
        }
        Ok(value)
    }

    /// A symbol of the code with these lengths (3.2.2). `None`: there is no such code.
    fn symbol(&mut self, lengths: &[u8]) -> Result<Option<usize>, Error> {
        let longest = lengths.iter().fold(1, |longest, &length| longest.max(length));
        // The bits so far as a number, and the smallest code with as many.
        let (mut code, mut smallest) = (0, 0);
        for length in 1..=longest {
            code = code << 1 | self.bits(1)?;
            let codes = lengths.iter().filter(|&&l| l == length).count();
            if code < smallest + codes {
                let mut symbols = (0..lengths.len()).filter(|&symbol| lengths[symbol] == length);
                return Ok(symbols.nth(code - smallest));
            }
            smallest = (smallest + codes) << 1;
        }
        Ok(None)
    }

    /// 3.2.3
    fn stream(&mut self) -> Result<(), Error> {
        loop {
            let is_last = self.bits(1)? == 1;
            match self.bits(2)? {
                0 => self.stored()?,
                1 => self.compressed(fixed())?,
                2 => {
                    let codes = self.codes()?;
                    self.compressed(codes)?;
                }
                _ => return Err(Error::DeflateBlockType),
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// 3.2.4
    fn stored(&mut self) -> Result<(), Error> {
        self.at = self.at.next_multiple_of(8);
        let (length, complement) = (self.bits(16)?, self.bits(16)?);
        if length ^ complement != 0xffff {
            return Err(Error::DeflateStoredLength);
        }
        for _ in 0..length {
            let byte = self.bits(8)?;
            self.output.push(byte as u8);
        }
        Ok(())
    }

    /// The lengths of a block's two codes (3.2.7).
    fn codes(&mut self) -> Result<[Vec<u8>; 2], Error> {
        let [litlen, distance, code_lengths] =
            [257 + self.bits(5)?, 1 + self.bits(5)?, 4 + self.bits(4)?];
        if litlen > 286 || distance > 30 {
            return Err(Error::DeflateCodeCount);
        }
        let mut code = [0; 19];
        for &symbol in &ORDER[..code_lengths] {
            code[symbol] = self.bits(3)? as u8;
        }
        if !is_complete(&code) {
            return Err(Error::DeflateCodeLengthCode);
        }
        let mut lengths = Vec::new();
        while lengths.len() < litlen + distance {
            let (length, times) = match self.symbol(&code)?.unwrap() {
                16 => {
                    let times = 3 + self.bits(2)?;
                    (*lengths.last().ok_or(Error::DeflateRepeatFirst)?, times)
                }
                17 => (0, 3 + self.bits(3)?),
                18 => (0, 11 + self.bits(7)?),
                length => (length as u8, 1),
            };
            lengths.resize(lengths.len() + times, length);
        }
        if lengths.len() > litlen + distance {
            return Err(Error::DeflateRepeatLength);
        }
        let distances = lengths.split_off(litlen);
        if lengths[256] == 0 {
            return Err(Error::DeflateNoEndOfBlock);
        }
        let is_good = |lengths: &[u8]| {
            let sum: usize = lengths.iter().map(|&length| usize::from(length)).sum();
            is_complete(lengths) || sum <= 1
        };
        match (is_good(&lengths), is_good(&distances)) {
            (false, _) => Err(Error::DeflateLitlenCode),
            (_, false) => Err(Error::DeflateDistanceCode),
            _ => Ok([lengths, distances]),
        }
    }

    /// 3.2.5
    fn compressed(&mut self, [litlen, distances]: [Vec<u8>; 2]) -> Result<(), Error> {
        loop {
            let symbol = match self.symbol(&litlen)? {
                Some(byte @ 0..256) => {
                    self.output.push(byte as u8);
                    continue;
                }
                Some(256) => return Ok(()),
                Some(length @ 257..286) => length - 257,
                _ => return Err(Error::DeflateLitlenSymbol),
            };
            let length = LENGTHS[symbol] + self.bits(LENGTH_BITS[symbol])?;
            let symbol = self.symbol(&distances)?.filter(|&symbol| symbol < 30);
            let symbol = symbol.ok_or(Error::DeflateDistanceSymbol)?;
            let distance = DISTANCES[symbol] + self.bits(DISTANCE_BITS[symbol])?;
            let from = self.output.len().checked_sub(distance);
            let from = from.ok_or(Error::DistanceBeforeStart)?;
            for at in from..from + length {
                self.output.push(self.output[at]);
            }
        }
    }
}

/// Whether each bit pattern starts with exactly one code.
fn is_complete(lengths: &[u8]) -> bool {
    lengths.iter().filter(|&&length| length > 0).map(|&length| 1 << (15 - length)).sum::<u32>()
        == 1 << 15
}

/// Decodes a stream.
pub(super) fn decode(input: &[u8]) -> Outcome {
    let mut naive = Naive { input, at: 0, output: Vec::new() };
    let verdict = naive.stream();
    Outcome { verdict: verdict.map(|()| naive.at.div_ceil(8)), bytes: naive.output }
}
