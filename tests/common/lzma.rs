// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! LZMA written symbol by symbol, valid or not, and what it stands for (LZMA specification).

use super::data::Random;

/// A symbol of LZMA.
#[derive(Clone, Copy, Debug)]
pub enum Symbol {
    Literal(u8),
    /// A copy, whose distance becomes the latest one.
    Match {
        distance: u64,
        length: usize,
    },
    /// A copy from one of the last four distances, the latest first.
    Rep {
        index: usize,
        length: usize,
    },
    /// One byte from the latest distance.
    ShortRep,
}
use Symbol::{Literal, Match, Rep, ShortRep};

/// The distance that is an end marker.
pub const END_MARKER: Symbol = Match { distance: 1 << 32, length: 2 };

pub fn literals(bytes: &[u8]) -> Vec<Symbol> {
    bytes.iter().map(|&byte| Literal(byte)).collect()
}

/// What a decoder must make of `symbols`, byte by byte.
pub fn expand(symbols: &[Symbol]) -> Vec<u8> {
    let mut history = History::default();
    symbols.iter().for_each(|&symbol| history.apply(symbol));
    history.bytes
}

/// The bytes so far, and the last four distances.
#[derive(Clone)]
struct History {
    bytes: Vec<u8>,
    /// Where the bytes start that a copy can reach.
    begin: usize,
    distances: [u64; 4],
}

impl Default for History {
    fn default() -> Self {
        Self { bytes: Vec::new(), begin: 0, distances: [1; 4] }
    }
}

impl History {
    fn apply(&mut self, symbol: Symbol) {
        let [d0, d1, d2, d3] = self.distances;
        let length = match symbol {
            Literal(byte) => return self.bytes.push(byte),
            Match { distance, length } => {
                self.distances = [distance, d0, d1, d2];
                // An end marker copies nothing.
                if distance == 1 << 32 {
                    0
                } else {
                    length
                }
            }
            Rep { index, length } => {
                self.distances = match index {
                    0 => [d0, d1, d2, d3],
                    1 => [d1, d0, d2, d3],
                    2 => [d2, d0, d1, d3],
                    _ => [d3, d0, d1, d2],
                };
                length
            }
            ShortRep => 1,
        };
        for _ in 0..length {
            self.bytes.push(self.back(self.distances[0]));
        }
    }

    /// The byte `distance` bytes back, zero if there is none.
    fn back(&self, distance: u64) -> u8 {
        let at = (self.bytes.len() as u64).checked_sub(distance);
        at.filter(|&at| at >= self.begin as u64).map_or(0, |at| self.bytes[at as usize])
    }
}

/// The probability that a bit is zero, of 2048.
type Probability = u16;

/// The encoder for the specification's "Range Coder".
#[derive(Clone)]
struct RangeEncoder {
    low: u64,
    range: u32,
    cache: u8,
    pending: u64,
    bytes: Vec<u8>,
}

impl RangeEncoder {
    const fn new() -> Self {
        Self { low: 0, range: u32::MAX, cache: 0, pending: 1, bytes: Vec::new() }
    }

    fn bit(&mut self, probability: &mut Probability, bit: bool) {
        let bound = (self.range >> 11) * u32::from(*probability);
        if bit {
            self.low += u64::from(bound);
            self.range -= bound;
            *probability -= *probability >> 5;
        } else {
            self.range = bound;
            *probability += (2048 - *probability) >> 5;
        }
        self.normalize();
    }

    fn direct(&mut self, value: u32, bits: u32) {
        for bit in (0..bits).rev() {
            self.range >>= 1;
            self.low += u64::from(self.range) * u64::from(value >> bit & 1);
            self.normalize();
        }
    }

    fn normalize(&mut self) {
        while self.range < 1 << 24 {
            self.range <<= 8;
            self.shift();
        }
    }

    /// Outputs the highest byte of `low`, unless a carry may still come.
    fn shift(&mut self) {
        if self.low as u32 >= 0xff00_0000 && self.low >> 32 == 0 {
            self.pending += 1;
        } else {
            let carry = (self.low >> 32) as u8;
            self.bytes.push(self.cache.wrapping_add(carry));
            let ones = self.pending as usize - 1;
            self.bytes.extend(std::iter::repeat_n(0xff_u8.wrapping_add(carry), ones));
            self.cache = (self.low >> 24) as u8;
            self.pending = 1;
        }
        self.low = self.low << 8 & 0xffff_ffff;
    }

    fn finish(mut self) -> Vec<u8> {
        (0..5).for_each(|_| self.shift());
        self.bytes
    }

    fn tree(&mut self, tree: &mut [Probability], bits: u32, value: usize) {
        let mut node = 1;
        for bit in (0..bits).rev() {
            let bit = value >> bit & 1;
            self.bit(&mut tree[node], bit == 1);
            node = node << 1 | bit;
        }
    }

    fn reverse_tree(&mut self, tree: &mut [Probability], bits: u32, value: usize) {
        let mut node = 1;
        for bit in 0..bits {
            let bit = value >> bit & 1;
            self.bit(&mut tree[node], bit == 1);
            node = node << 1 | bit;
        }
    }
}

const HALF: Probability = 1024;

/// The probabilities of a length ("LZ Length").
#[derive(Clone)]
struct Lengths {
    choice: [Probability; 2],
    low: [[Probability; 8]; 16],
    middle: [[Probability; 8]; 16],
    high: [Probability; 256],
}

impl Lengths {
    const NEW: Self = Self {
        choice: [HALF; 2],
        low: [[HALF; 8]; 16],
        middle: [[HALF; 8]; 16],
        high: [HALF; 256],
    };

    fn encode(&mut self, range: &mut RangeEncoder, length: usize, position_state: usize) {
        let length = length - 2;
        range.bit(&mut self.choice[0], length >= 8);
        if length < 8 {
            return range.tree(&mut self.low[position_state], 3, length);
        }
        range.bit(&mut self.choice[1], length >= 16);
        match length {
            8..16 => range.tree(&mut self.middle[position_state], 3, length - 8),
            _ => range.tree(&mut self.high, 8, length - 16),
        }
    }
}

/// All that a reset of the state forgets.
#[derive(Clone)]
struct Model {
    state: usize,
    is_match: [[Probability; 16]; 12],
    is_rep: [Probability; 12],
    is_rep0: [Probability; 12],
    is_rep0_long: [[Probability; 16]; 12],
    is_rep1: [Probability; 12],
    is_rep2: [Probability; 12],
    lengths: Lengths,
    rep_lengths: Lengths,
    slots: [[Probability; 64]; 4],
    low_bits: [Probability; 128],
    align: [Probability; 16],
    literals: Vec<[Probability; 0x300]>,
}

impl Model {
    fn new(literal_bits: u32) -> Self {
        Self {
            state: 0,
            is_match: [[HALF; 16]; 12],
            is_rep: [HALF; 12],
            is_rep0: [HALF; 12],
            is_rep0_long: [[HALF; 16]; 12],
            is_rep1: [HALF; 12],
            is_rep2: [HALF; 12],
            lengths: Lengths::NEW,
            rep_lengths: Lengths::NEW,
            slots: [[HALF; 64]; 4],
            low_bits: [HALF; 128],
            align: [HALF; 16],
            literals: vec![[HALF; 0x300]; 1 << literal_bits],
        }
    }
}

/// Writes symbols; [`finish`](Self::finish) ends a run of them with a range coder of its own.
#[derive(Clone)]
pub struct Encoder {
    properties: (u32, u32, u32),
    model: Model,
    history: History,
    range: RangeEncoder,
}

impl Encoder {
    /// An encoder with these lc, lp and pb.
    pub fn new(lc: u32, lp: u32, pb: u32) -> Self {
        Self {
            properties: (lc, lp, pb),
            model: Model::new(lc + lp),
            history: History::default(),
            range: RangeEncoder::new(),
        }
    }

    /// The properties as a header has them.
    pub fn properties(&self) -> u8 {
        let (lc, lp, pb) = self.properties;
        ((pb * 5 + lp) * 9 + lc) as u8
    }

    /// All bytes so far.
    pub fn content(&self) -> &[u8] {
        &self.history.bytes
    }

    pub fn set_properties(&mut self, lc: u32, lp: u32, pb: u32) {
        self.properties = (lc, lp, pb);
        self.reset_state();
    }

    pub fn reset_state(&mut self) {
        self.model = Model::new(self.properties.0 + self.properties.1);
        self.history.distances = [1; 4];
    }

    pub fn reset_dictionary(&mut self) {
        self.history.begin = self.history.bytes.len();
    }

    /// Bytes that are not encoded.
    pub fn stored(&mut self, bytes: &[u8]) {
        self.history.bytes.extend(bytes);
    }

    pub fn finish(&mut self) -> Vec<u8> {
        std::mem::replace(&mut self.range, RangeEncoder::new()).finish()
    }

    pub fn symbols(&mut self, symbols: &[Symbol]) -> &mut Self {
        symbols.iter().for_each(|&symbol| _ = self.symbol(symbol));
        self
    }

    pub fn symbol(&mut self, symbol: Symbol) -> &mut Self {
        let position = self.history.bytes.len() - self.history.begin;
        let position_state = position & ((1 << self.properties.2) - 1);
        let (model, range) = (&mut self.model, &mut self.range);
        let state = model.state;
        let is_literal = matches!(symbol, Literal(_));
        range.bit(&mut model.is_match[state][position_state], !is_literal);
        if !is_literal {
            range.bit(&mut model.is_rep[state], !matches!(symbol, Match { .. }));
        }
        let behind_literal = state < 7;
        match symbol {
            Literal(byte) => self.literal(byte, position),
            Match { distance, length } => {
                model.lengths.encode(range, length, position_state);
                model.distance(range, (distance - 1) as u32, length);
                model.state = if behind_literal { 7 } else { 10 };
            }
            ShortRep => {
                range.bit(&mut model.is_rep0[state], false);
                range.bit(&mut model.is_rep0_long[state][position_state], false);
                model.state = if behind_literal { 9 } else { 11 };
            }
            Rep { index, length } => {
                range.bit(&mut model.is_rep0[state], index > 0);
                if index == 0 {
                    range.bit(&mut model.is_rep0_long[state][position_state], true);
                } else {
                    range.bit(&mut model.is_rep1[state], index > 1);
                }
                if index > 1 {
                    range.bit(&mut model.is_rep2[state], index > 2);
                }
                model.rep_lengths.encode(range, length, position_state);
                model.state = if behind_literal { 8 } else { 11 };
            }
        }
        self.history.apply(symbol);
        self
    }

    /// "Literal decoding".
    fn literal(&mut self, byte: u8, position: usize) {
        let (lc, lp, _) = self.properties;
        let (model, range) = (&mut self.model, &mut self.range);
        let previous = usize::from(self.history.back(1)) >> (8 - lc);
        let coder = &mut model.literals[(position & ((1 << lp) - 1)) << lc | previous];
        let mut node = 1;
        let mut suggested = usize::from(self.history.back(self.history.distances[0]));
        let mut agrees = model.state >= 7;
        for bit in (0..8).rev() {
            let bit = usize::from(byte) >> bit & 1;
            suggested <<= 1;
            let tree = if agrees { 1 + (suggested >> 8 & 1) } else { 0 };
            range.bit(&mut coder[tree << 8 | node], bit == 1);
            agrees &= suggested >> 8 & 1 == bit;
            node = node << 1 | bit;
        }
        model.state = match model.state {
            0..4 => 0,
            state @ 4..10 => state - 3,
            state => state - 6,
        };
    }
}

impl Model {
    /// "LZ Distance": `distance` is one less.
    fn distance(&mut self, range: &mut RangeEncoder, distance: u32, length: usize) {
        let bits = distance.checked_ilog2().unwrap_or(0);
        let slot = match distance {
            0..4 => distance,
            _ => 2 * bits + (distance >> (bits - 1) & 1),
        };
        range.tree(&mut self.slots[(length - 2).min(3)], 6, slot as usize);
        if slot < 4 {
            return;
        }
        let bits = slot / 2 - 1;
        let base = (2 | slot & 1) << bits;
        let rest = distance - base;
        if slot < 14 {
            let tree = &mut self.low_bits[(base - slot) as usize..];
            range.reverse_tree(tree, bits, rest as usize);
        } else {
            range.direct(rest >> 4, bits - 4);
            range.reverse_tree(&mut self.align, 4, rest as usize & 15);
        }
    }
}

/// Symbols of all kinds for `length` bytes or a few more, after `before` bytes of history.
pub fn random_symbols(random: &mut Random, length: usize, before: usize) -> Vec<Symbol> {
    let (mut symbols, mut at) = (Vec::new(), 0);
    // The distances in use, all of which are within the history.
    while at < length {
        let history = before + at;
        let copied = match random.below(8) {
            0 => 2 + random.below(272),
            1..4 => 10 + random.below(50),
            _ => 2 + random.below(9),
        };
        let (symbol, copied) = match random.below(9) {
            0..3 => (Literal(random.next() as u8), 1),
            3 | 4 if history > 0 => (Rep { index: random.below(4), length: copied }, copied),
            5 if history > 0 => (ShortRep, 1),
            6.. if history > 0 => {
                let distance = match random.below(4) {
                    0 => 1 + random.below(40.min(history)),
                    1 => history - random.below(3.min(history)),
                    2 => history.div_ceil(2),
                    _ => 1 + random.below(history),
                };
                (Match { distance: distance as u64, length: copied }, copied)
            }
            _ => (Literal(b'a' + random.below(4) as u8), 1),
        };
        symbols.push(symbol);
        at += copied;
    }
    symbols
}

/// A .lzma file (The .lzma File Format, 1.1).
pub fn alone(properties: u8, dictionary: u32, size: Option<u64>, data: &[u8]) -> Vec<u8> {
    let size = size.unwrap_or(u64::MAX).to_le_bytes();
    [&[properties], &dictionary.to_le_bytes()[..], &size, data].concat()
}

/// A .lzma file of `symbols` with lc 3, lp 0, pb 2; if `marked`, of unknown size, with an end
/// marker.
pub fn alone_of(symbols: &[Symbol], dictionary: u32, marked: bool) -> Vec<u8> {
    let mut encoder = Encoder::new(3, 0, 2);
    encoder.symbols(symbols);
    let size = (!marked).then_some(encoder.content().len() as u64);
    if marked {
        encoder.symbol(END_MARKER);
    }
    alone(encoder.properties(), dictionary, size, &encoder.finish())
}
