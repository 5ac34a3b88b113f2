// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The code lengths of a block: the fixed ones, and those that a dynamic block transmits (RFC 1951,
//! 3.2.6 and 3.2.7).

use crate::bits::{Bits, REFILLED};
use crate::output::Step;
use crate::slices::copy;
use crate::zeroed::zeroed;
use crate::Error;

use super::canonical::NextCode;
use super::symbols::{DISTANCE_SYMBOLS, LITLEN_SYMBOLS};

/// Most litlen code lengths that a block may transmit.
const MAX_LITLEN_CODES: u32 = 286;
/// Most distance code lengths that a block may transmit.
const MAX_DISTANCE_CODES: u32 = 30;
/// Most code lengths. The fixed codes have more than a block may transmit, some for invalid
/// symbols.
const MAX_LENGTHS: usize = LITLEN_SYMBOLS + DISTANCE_SYMBOLS;

/// Symbols of the code length alphabet: 16 lengths, and three ways to repeat one.
const SYMBOLS: usize = 16 + 3;
/// The symbol that repeats the previous length. The symbols after it repeat zero.
const REPEAT_LAST: u8 = 16;
/// Bits in which a length of the code length code is transmitted.
const LENGTH_BITS: u32 = 3;
/// Longest code of the code length code.
const MAX_BITS: u32 = (1 << LENGTH_BITS) - 1;
const TABLE: usize = 1 << MAX_BITS;

/// Extra bits of symbols 16, 17 and 18, and the count to which they are added. The last entry
/// rounds the number of entries up to a power of two.
static REPEATS: [(u32, u8); 4] = [(2, 3), (3, 3), (7, 11), (0, 0)];

/// Symbols without extra bits that one refill is enough for.
const LITERALS: usize = (REFILLED / MAX_BITS) as usize;
/// One refill is enough for any symbol with its extra bits.
const _: () = assert!(MAX_BITS + 7 <= REFILLED);

/// A repeated length is written in chunks of this many. That overwrites up to 15 lengths after
/// them, which have not been read yet.
const CHUNK: usize = 16;

/// The order in which the lengths of the code length code are transmitted (3.2.7).
static ORDER: [u8; SYMBOLS] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// What a bit pattern of the code length code decodes to.
///
/// ```text
///    7    3   2             0
/// | symbol | bits to consume |
/// ```
#[derive(Clone, Copy)]
struct Entry(u8);

zeroed! { impl for Entry(_) }

impl Entry {
    /// Whether this is a length that stands for itself.
    #[inline(always)]
    fn is_literal(self) -> bool {
        self.0 < (REPEAT_LAST << LENGTH_BITS)
    }

    #[inline(always)]
    fn symbol(self) -> u8 {
        self.0 >> LENGTH_BITS
    }

    #[inline(always)]
    fn bits(self) -> u32 {
        u32::from(self.0) & MAX_BITS
    }
}

/// The code lengths of the present block. All-zero memory is a valid value.
pub(super) struct CodeLengths {
    /// Number of litlen code lengths.
    litlen_codes: u16,
    /// Number of distance code lengths.
    distance_codes: u16,
    /// Number of lengths of the code length code.
    code_length_codes: u16,
    /// Lengths read so far, of the code that is being read.
    have: u16,
    /// Lengths of the litlen code, then of the distance code. Until they are read, the lengths of
    /// the code length code by symbol.
    lengths: [u8; MAX_LENGTHS + CHUNK],
    table: [Entry; TABLE],
}

zeroed! {
    impl for CodeLengths {
        litlen_codes, distance_codes, code_length_codes, have, lengths, table,
    }
}

impl CodeLengths {
    /// The lengths of the litlen code, and those of the distance code.
    pub(super) fn of_codes(&self) -> (&[u8], &[u8]) {
        let (litlen, rest) =
            self.lengths.split_at_checked(usize::from(self.litlen_codes)).unwrap_or_default();
        (litlen, rest.get(..usize::from(self.distance_codes)).unwrap_or_default())
    }

    /// Sets the lengths of the fixed codes (3.2.6).
    pub(super) fn set_fixed(&mut self) {
        self.litlen_codes = LITLEN_SYMBOLS as u16;
        self.distance_codes = DISTANCE_SYMBOLS as u16;
        for (symbol, length) in (0..MAX_LENGTHS).zip(&mut self.lengths) {
            *length = match symbol {
                144..=255 => 9,
                256..=279 => 7,
                ..LITLEN_SYMBOLS => 8,
                _ => 5,
            };
        }
    }

    /// Reads HLIT, HDIST and HCLEN (3.2.7).
    pub(super) fn counts(&mut self, bits: &mut Bits<'_>) -> Result<Step, Error> {
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
        Ok(Step::Done)
    }

    /// Reads the lengths of the code length code, and builds its table (3.2.7).
    pub(super) fn code_length_code(&mut self, bits: &mut Bits<'_>) -> Result<Step, Error> {
        if self.have == 0 {
            self.lengths[..SYMBOLS].fill(0);
        }
        while self.have < self.code_length_codes {
            let Some(length) = bits.take(LENGTH_BITS) else { return Ok(Step::NeedInput) };
            let symbol = ORDER.get(usize::from(self.have)).map_or(0, |&symbol| usize::from(symbol));
            self.lengths[symbol] = length as u8;
            self.have = self.have.wrapping_add(1);
        }
        self.have = 0;
        self.build()?;
        Ok(Step::Done)
    }

    /// Builds the table of the code length code, which must be complete (3.2.2 and 3.2.7). The
    /// table doubles with each code length, as it does in `fill` of
    /// [`canonical`](super::canonical).
    fn build(&mut self) -> Result<(), Error> {
        // The set of symbols for each length, one bit per symbol.
        let mut symbols = [0u32; MAX_BITS as usize + 1];
        for (symbol, &length) in (0..SYMBOLS as u32).zip(&self.lengths) {
            symbols[usize::from(length) & MAX_BITS as usize] |= 1u32.wrapping_shl(symbol);
        }
        let mut code = NextCode::FIRST;
        for (bits, &coded) in (0..=MAX_BITS).zip(&symbols).skip(1) {
            code.lengthen();
            let half = 1usize.wrapping_shl(bits).wrapping_shr(1);
            if let Some((lower, upper)) = self.table.split_at_mut_checked(half) {
                copy(upper.get_mut(..half).unwrap_or_default(), lower);
            }
            let mut coded = coded;
            while coded != 0 {
                let symbol = coded.trailing_zeros();
                coded &= coded.wrapping_sub(1);
                self.table[code.reversed & (TABLE - 1)] =
                    Entry((symbol << LENGTH_BITS | bits) as u8);
                code.advance(half.wrapping_mul(2).wrapping_sub(1));
            }
        }
        // The codes cover this number of bit patterns: more than exist if codes collide, and fewer
        // if some patterns have no code.
        if code.number() as usize == TABLE {
            Ok(())
        } else {
            Err(Error::DeflateCodeLengthCode)
        }
    }

    /// Reads the lengths of the litlen code and the distance code (3.2.7).
    pub(super) fn read(&mut self, bits: &mut Bits<'_>) -> Result<Step, Error> {
        let all = usize::from(self.litlen_codes.wrapping_add(self.distance_codes));
        // Copies that live in registers.
        let mut b = *bits;
        let mut have = usize::from(self.have);
        let result = loop {
            if have >= all {
                break Ok(Step::Done);
            }
            let ample = b.refill();
            if ample && all.wrapping_sub(have) >= LITERALS {
                let literals = self.literals(&mut b, have);
                have = have.wrapping_add(literals);
                if literals > 0 {
                    continue;
                }
            }
            match self.symbol(&mut b, have, all) {
                Ok(Some(end)) => have = end,
                Ok(None) => break Ok(Step::NeedInput),
                Err(error) => break Err(error),
            }
        };
        *bits = b;
        self.have = have as u16;
        result
    }

    /// Reads up to [`LITERALS`] symbols that are lengths, not repeats, from the bits of one refill.
    /// Stores the lengths from place `have` on, and returns their number.
    #[inline(always)]
    fn literals(&mut self, bits: &mut Bits<'_>, have: usize) -> usize {
        let Some(lengths) = self.lengths.get_mut(have..) else { return 0 };
        let Some(lengths) = lengths.first_chunk_mut::<LITERALS>() else { return 0 };
        for (read, length) in lengths.iter_mut().enumerate() {
            let entry = self.table[bits.peek() as usize & (TABLE - 1)];
            if !entry.is_literal() {
                return read;
            }
            bits.consume(entry.bits());
            *length = entry.symbol();
        }
        LITERALS
    }

    /// Reads one symbol with its extra bits, and stores the lengths that it stands for from place
    /// `have` on. Returns the place after them, which is at most `all`, or `None` if bits are
    /// missing.
    #[inline(always)]
    fn symbol(
        &mut self,
        bits: &mut Bits<'_>,
        have: usize,
        all: usize,
    ) -> Result<Option<usize>, Error> {
        let mut next = *bits;
        let entry = self.table[next.peek() as usize & (TABLE - 1)];
        next.consume(entry.bits());
        let (mut length, mut times) = (entry.symbol(), 1);
        if !entry.is_literal() {
            let (extra_bits, base) = REPEATS[usize::from(length) & 3];
            times = base.wrapping_add(next.peek() as u8 & !u8::MAX.wrapping_shl(extra_bits));
            next.consume(extra_bits);
        }
        if next.is_overdrawn() {
            return Ok(None);
        }
        if !entry.is_literal() {
            length = match length {
                REPEAT_LAST => {
                    let last = self.lengths.get(have.wrapping_sub(1));
                    *last.ok_or(Error::DeflateRepeatFirst)?
                }
                _ => 0,
            };
        }
        let end = have.wrapping_add(usize::from(times));
        if end > all {
            return Err(Error::DeflateRepeatLength);
        }
        let mut place = have;
        while place < end {
            let chunk_end = place.wrapping_add(CHUNK);
            if let Some(chunk) = self.lengths.get_mut(place..chunk_end) {
                chunk.fill(length);
            }
            place = chunk_end;
        }
        *bits = next;
        Ok(Some(end))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::boxed::Box;
    use std::vec::Vec;

    use super::super::canonical::tests::{complete, naive_codes};
    use super::*;
    use crate::bits::Held;
    use crate::random::Random;
    use crate::zeroed::Zeroed;

    /// Writes numbers, their lowest bits first (3.1.1).
    #[derive(Default)]
    pub(in super::super) struct Writer {
        pub(in super::super) bytes: Vec<u8>,
        /// Bits written.
        pub(in super::super) count: usize,
    }

    impl Writer {
        pub(in super::super) fn bits(&mut self, value: u32, count: u32) {
            for bit in 0..count {
                self.bytes.resize(self.count / 8 + 1, 0);
                self.bytes[self.count / 8] |= ((value >> bit & 1) as u8) << (self.count % 8);
                self.count += 1;
            }
        }
    }

    /// A random header, the lengths that it encodes, and how many of them belong to the litlen
    /// code. `None` if the random code has no symbol that fits.
    fn header(random: &mut Random) -> Option<(Writer, Vec<u8>, usize)> {
        let (litlen, distance) = (257 + random.below(30), 1 + random.below(30));
        let codes = 2 + random.below(SYMBOLS - 1);
        let code = complete(random, MAX_BITS as u8, codes, SYMBOLS);
        let mut out = Writer::default();
        out.bits(litlen as u32 - 257, 5);
        out.bits(distance as u32 - 1, 5);
        out.bits(SYMBOLS as u32 - 4, 4);
        ORDER.iter().for_each(|&symbol| out.bits(u32::from(code[usize::from(symbol)]), 3));
        let naive = naive_codes(&code);
        let mut lengths = Vec::new();
        let mut tries = 0;
        while lengths.len() < litlen + distance {
            tries += 1;
            if tries > 5000 {
                return None;
            }
            let symbol = random.below(SYMBOLS);
            let extra_bits = [2, 3, 7][symbol.saturating_sub(16)];
            let extra = random.below(1 << extra_bits) as u32;
            let (length, times) = match symbol {
                16 => (lengths.last().copied(), 3 + extra),
                17 => (Some(0), 3 + extra),
                18 => (Some(0), 11 + extra),
                _ => (Some(symbol as u8), 1),
            };
            let end = lengths.len() + times as usize;
            let bits = u32::from(code[symbol]);
            let Some(length) = length.filter(|_| bits > 0 && end <= litlen + distance) else {
                continue;
            };
            out.bits(naive[symbol].reverse_bits() >> (32 - bits), bits);
            if symbol >= 16 {
                out.bits(extra, extra_bits);
            }
            lengths.resize(end, length);
        }
        Some((out, lengths, litlen))
    }

    #[test]
    fn any_split_reads_the_same_lengths() {
        let mut lengths = Box::new(CodeLengths::ZEROED);
        let (mut random, mut headers) = (Random(3), 0);
        while headers < 200 {
            let Some((written, expected, litlen)) = header(&mut random) else { continue };
            headers += 1;
            let bytes = [&written.bytes[..], &[0xa5; 9][..random.below(10)]].concat();
            for split in 0..=written.bytes.len() {
                let (mut held, mut at, mut stage) = (Held::NONE, 0, 0);
                for end in [split, bytes.len()] {
                    let mut bits = Bits::new(held, &bytes[at..end]);
                    while stage < 3 {
                        let step = match stage {
                            0 => lengths.counts(&mut bits),
                            1 => lengths.code_length_code(&mut bits),
                            _ => lengths.read(&mut bits),
                        };
                        match step {
                            Ok(Step::Done) => stage += 1,
                            Ok(_) => break,
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                    let used;
                    (used, held) = bits.finish();
                    at += used;
                }
                assert_eq!((stage, at), (3, written.count.div_ceil(8)), "split {split}");
                let (first, second) = lengths.of_codes();
                assert_eq!((first, second), expected.split_at(litlen), "split {split}");
            }
        }
    }

    #[test]
    fn only_complete_code_length_codes_pass() {
        let mut lengths = Box::new(CodeLengths::ZEROED);
        let (mut random, mut good) = (Random(5), 0);
        for round in 0..20000 {
            let limit = 3 + random.below(6);
            let places = 2 + random.below(SYMBOLS - 1);
            lengths.lengths[..SYMBOLS].fill(0);
            for length in &mut lengths.lengths[..places] {
                *length = random.below(limit) as u8;
            }
            let lengths_are = &lengths.lengths[..SYMBOLS];
            let kraft: usize = lengths_are.iter().filter(|&&l| l > 0).map(|&l| TABLE >> l).sum();
            let complete = kraft == TABLE;
            good += usize::from(complete);
            assert_eq!(lengths.build().is_ok(), complete, "round {round}");
        }
        assert!(good > 100, "{good}");
    }
}
