// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! [`Deflate`] against the [naive](super::naive) decoder: random streams, damaged and truncated
//! ones.

use std::boxed::Box;
use std::format;
use std::vec::Vec;

use super::canonical::tests::{complete, naive_codes};
use super::code_lengths::tests::Writer;
use super::naive::{self, DISTANCES, DISTANCE_BITS, LENGTHS, LENGTH_BITS, ORDER};
use super::Deflate;
use crate::pieces::expect;
use crate::random::Random;
use crate::zeroed::Zeroed;
use crate::Error;

/// Random streams, and how often each is damaged.
const STREAMS: u64 = if cfg!(miri) { 1 } else { 100 };
const DAMAGES: usize = if cfg!(miri) { 1 } else { 8 };
/// Most blocks of a stream.
const BLOCKS: usize = if cfg!(miri) { 2 } else { 6 };
/// Most symbols of a block: mostly few, so that headers are damaged often.
const SYMBOLS: [usize; 4] = if cfg!(miri) { [20; 4] } else { [20, 20, 200, 1500] };
/// Most bytes of a stored block: more than a distance can reach.
const STORED: usize = if cfg!(miri) { 100 } else { 40_000 };

/// A prefix code: a length for each symbol, and a code where the length is not zero.
struct Code {
    lengths: Vec<u8>,
    codes: Vec<u32>,
}

impl Code {
    fn new(lengths: Vec<u8>) -> Self {
        Self { codes: naive_codes(&lengths), lengths }
    }

    /// The symbols in `from..to` that have codes.
    fn coded(&self, from: usize, to: usize) -> Vec<usize> {
        (from..to.min(self.lengths.len())).filter(|&symbol| self.lengths[symbol] > 0).collect()
    }

    /// Writes a symbol, its code's highest bit first (3.1.1).
    fn write(&self, out: &mut Writer, symbol: usize) {
        let length = u32::from(self.lengths[symbol]);
        out.bits(self.codes[symbol].reverse_bits() >> (32 - length), length);
    }
}

/// A valid stream in the making.
struct Stream {
    out: Writer,
    random: Random,
    /// Bytes that it stands for so far.
    length: usize,
}

impl Stream {
    /// Blocks of all kinds.
    fn new(seed: u64) -> Self {
        let mut stream = Self { out: Writer::default(), random: Random(seed), length: 0 };
        let blocks = 1 + stream.random.below(BLOCKS);
        for block in 1..=blocks {
            stream.out.bits(u32::from(block == blocks), 1);
            let kind = [0, 1, 2, 2, 2, 2][stream.random.below(6)];
            stream.out.bits(kind, 2);
            match kind {
                0 => stream.stored(),
                1 => stream.symbols(naive::fixed()),
                _ => {
                    let codes = stream.codes();
                    stream.symbols(codes);
                }
            }
        }
        stream
    }

    /// 3.2.4
    fn stored(&mut self) {
        // Bits up to the next byte mean nothing.
        let padding = self.out.count.next_multiple_of(8) - self.out.count;
        self.out.bits(self.random.next() as u32, padding as u32);
        let most = [1, 60, 60, STORED][self.random.below(4)];
        let length = self.random.below(most);
        self.out.bits(length as u32, 16);
        self.out.bits(!length as u32, 16);
        (0..length).for_each(|_| self.out.bits(self.random.next() as u32, 8));
        self.length += length;
    }

    /// Random codes for literals and lengths and for distances, with their description (3.2.7).
    fn codes(&mut self) -> [Vec<u8>; 2] {
        let (mut litlen, mut distance) = (257 + self.random.below(30), 1 + self.random.below(30));
        let mut longest = 9 + self.random.below(7) as u8;
        // Now and then the symbols with the most extra bits have the longest codes.
        let is_sorted = self.random.below(4) == 0;
        if is_sorted {
            (litlen, distance, longest) = (285, 30, 15);
        }
        let coded = [litlen, 2 + self.random.below(12), 100][self.random.below(3)];
        let mut lengths = complete(&mut self.random, longest, coded, litlen);
        if is_sorted {
            lengths.sort_unstable();
        }
        // The end of the block has one of the codes, now and then the only one.
        if lengths[256] == 0 {
            let other = lengths.iter().position(|&length| length > 0).unwrap_or(0);
            lengths.swap(other, 256);
        }
        if self.random.below(20) == 0 {
            lengths.fill(0);
            lengths[256] = 1;
        }
        let mut distances = Vec::from([0; 30]);
        distances.truncate(distance);
        match self.random.below(8) {
            // No code, or one only.
            kind @ 0..2 => distances[self.random.below(distance)] = kind as u8,
            _ if distance == 1 => distances[0] = 1,
            _ => {
                let coded = [distance, 2 + self.random.below(distance - 1)][self.random.below(2)];
                distances = complete(&mut self.random, longest, coded, distance);
                if is_sorted {
                    distances.sort_unstable();
                }
            }
        }
        self.out.bits(litlen as u32 - 257, 5);
        self.out.bits(distance as u32 - 1, 5);
        self.code_lengths(&[&lengths[..], &distances].concat());
        [lengths, distances]
    }

    /// Code lengths, each of them or each repeat in one of the ways to write it.
    fn code_lengths(&mut self, lengths: &[u8]) {
        // With the number that the extra bits have, and how many they are.
        let (mut symbols, mut at) = (Vec::new(), 0);
        while at < lengths.len() {
            let length = lengths[at];
            let run = lengths[at..].iter().take_while(|&&other| other == length).count();
            let is_repeat = at > 0 && lengths[at - 1] == length;
            let (symbol, least, bits) = match self.random.below(3) {
                0 if is_repeat && run >= 3 => (16, 3, 2),
                1 if length == 0 && run >= 3 => (17, 3, 3),
                2 if length == 0 && run >= 11 => (18, 11, 7),
                _ => (usize::from(length), 1, 0),
            };
            let extra = self.random.below(1 << bits).min(run - least);
            symbols.push((symbol, extra as u32, bits));
            at += least + extra;
        }
        let mut used: Vec<usize> = symbols.iter().map(|&(symbol, ..)| symbol).collect();
        // Now and then a code that is not used; two codes at least.
        used.push(self.random.below(16));
        used.sort_unstable();
        used.dedup();
        used.extend((used.len() == 1).then_some(18));
        let mut lengths = Vec::from([0; 19]);
        let code = complete(&mut self.random, 7, used.len(), used.len());
        used.iter().zip(code).for_each(|(&symbol, length)| lengths[symbol] = length);
        let last = ORDER.iter().rposition(|&symbol| lengths[symbol] > 0);
        let count = last.map_or(4, |last| 4.max(last + 1));
        self.out.bits(count as u32 - 4, 4);
        ORDER[..count].iter().for_each(|&symbol| self.out.bits(lengths[symbol].into(), 3));
        let code = Code::new(lengths);
        for (symbol, extra, bits) in symbols {
            code.write(&mut self.out, symbol);
            self.out.bits(extra, bits);
        }
    }

    /// Literals and copies as far as they have codes, and the end of the block (3.2.5).
    fn symbols(&mut self, codes: [Vec<u8>; 2]) {
        let [litlen, distance] = codes.map(Code::new);
        let (literals, lengths) = (litlen.coded(0, 256), litlen.coded(257, 286));
        let distances = distance.coded(0, 30);
        let most = SYMBOLS[self.random.below(4)];
        for _ in 0..self.random.below(most) {
            let reach = distances.partition_point(|&symbol| DISTANCES[symbol] <= self.length);
            if lengths.is_empty() || reach == 0 || self.random.below(3) == 0 {
                let Some(choice) = self.random.next().checked_rem(literals.len()) else { continue };
                litlen.write(&mut self.out, literals[choice]);
                self.length += 1;
                continue;
            }
            // Often the last one, which can have the longest code.
            let last = lengths.len() - 1;
            let symbol = lengths[[self.random.below(last + 1), last][self.random.below(2)]];
            let bits = LENGTH_BITS[symbol - 257];
            let extra = self.random.below(1 << bits);
            litlen.write(&mut self.out, symbol);
            self.out.bits(extra as u32, bits);
            let length = LENGTHS[symbol - 257] + extra;
            let last = reach - 1;
            let symbol = distances[[self.random.below(last + 1), last][self.random.below(2)]];
            let bits = DISTANCE_BITS[symbol];
            let extra = self.random.below(1 << bits).min(self.length - DISTANCES[symbol]);
            distance.write(&mut self.out, symbol);
            self.out.bits(extra as u32, bits);
            self.length += length;
        }
        litlen.write(&mut self.out, 256);
    }
}

#[test]
fn any_stream_decodes_as_bit_by_bit() {
    let mut decoder = Box::new(Deflate::ZEROED);
    let mut seen = Vec::new();
    for seed in 0..STREAMS {
        let Stream { out, mut random, length } = Stream::new(seed);
        let mut stream = out.bytes;
        let whole = naive::decode(&stream);
        assert_eq!((whole.verdict, whole.bytes.len()), (Ok(stream.len()), length), "seed {seed}");
        stream.extend([0x5a; 9]);
        expect(&mut *decoder, &stream, &whole, &format!("seed {seed}"));
        for damage in 0..DAMAGES {
            let mut stream = stream.clone();
            // Near the start there are headers more often.
            let most = [usize::MAX, 80, 16][damage % 3].min(stream.len());
            let at = random.below(most);
            if damage % 4 == 0 {
                stream.truncate(at);
            } else {
                stream[at] ^= 1 << random.below(8);
            }
            let outcome = naive::decode(&stream);
            expect(&mut *decoder, &stream, &outcome, &format!("seed {seed}, damage {damage}"));
            seen.extend(outcome.verdict.err());
        }
    }
    // All cases have come, but for a repeat before the first length, which is rare.
    let errors = [
        Error::Truncated,
        Error::DeflateBlockType,
        Error::DeflateStoredLength,
        Error::DeflateCodeCount,
        Error::DeflateCodeLengthCode,
        Error::DeflateRepeatLength,
        Error::DeflateNoEndOfBlock,
        Error::DeflateLitlenCode,
        Error::DeflateDistanceCode,
        Error::DeflateLitlenSymbol,
        Error::DeflateDistanceSymbol,
        Error::DistanceBeforeStart,
    ];
    let missing = errors.iter().find(|error| !seen.contains(error));
    assert!(missing.is_none() || cfg!(miri), "{missing:?}");
}
