// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Canonical prefix codes (RFC 1951, 3.2.2): from code lengths to the entries of a lookup table.

use super::table::Entry;
use crate::slices::{copy, rest_from};

/// Longest code (RFC 1951, 3.2.7).
const MAX_CODE_BITS: usize = 15;
/// Number of possible code lengths, including 0.
const LENGTHS: usize = MAX_CODE_BITS + 1;
/// Kraft sum of a complete code, counted in codes of [`MAX_CODE_BITS`] bits.
const COMPLETE: u32 = 1 << MAX_CODE_BITS;

/// Most symbols of a code: the 288 of the litlen code, rounded up to a power of two so that a mask
/// bounds an index.
pub(super) const MAX_SYMBOLS: usize = 512;

/// Working memory to build a table.
pub(super) type Sorted = [Entry; MAX_SYMBOLS];

/// The error of code lengths that don't define a valid code.
pub(super) struct NotACode;

/// The two parts of a [`Table`](super::table::Table), as slices, so that one builder serves all
/// sizes.
pub(super) struct Builder<'a> {
    pub(super) first: &'a mut [Entry],
    pub(super) second: &'a mut [Entry],
}

impl Builder<'_> {
    /// See [`Table::build`](super::table::Table::build).
    #[inline(never)]
    pub(super) fn build(
        self,
        lengths: &[u8],
        symbols: &[Entry],
        lone: bool,
        sorted: &mut Sorted,
    ) -> Result<(), NotACode> {
        let Canonical { mut counts, sum, coded } = sort(lengths, symbols, sorted);
        if sum == COMPLETE {
            let (next, longer) = fill(self.first, &counts, coded);
            return self.fill_second(&mut counts, next, longer);
        }
        if !lone || coded.len() > counts[1].min(1) as usize {
            return Err(NotACode);
        }
        self.first.fill(Entry::INVALID.coded(1));
        if let Some(entry) = coded.first() {
            let entry = entry.coded(1);
            self.first.iter_mut().step_by(2).for_each(|slot| *slot = entry);
        }
        Ok(())
    }

    /// Enters the codes that are longer than the index of the first table. Codes that start with
    /// the same index form a group, which gets a link in the first table and a second table for the
    /// bits after the index. `code` is what [`fill`] returned: the first of the longer codes,
    /// without the bits after the index. `longer` has their symbols.
    fn fill_second(
        self,
        counts: &mut [u32; LENGTHS],
        mut code: NextCode,
        longer: &[Entry],
    ) -> Result<(), NotACode> {
        let first_bits = self.first.len().trailing_zeros() as usize;
        let mask = self.first.len().wrapping_sub(1);
        let (mut start, mut size, mut group) = (0usize, 0usize, usize::MAX);
        let mut length = first_bits;
        for &symbol in longer {
            let codes = loop {
                match counts.get_mut(length) {
                    Some(codes) if length > first_bits && *codes > 0 => break codes,
                    Some(_) => {
                        length = length.wrapping_add(1);
                        code.lengthen();
                    }
                    None => return Err(NotACode),
                }
            };
            *codes = codes.wrapping_sub(1);
            let beyond = length.wrapping_sub(first_bits);
            if code.reversed & mask != group {
                group = code.reversed & mask;
                start = start.wrapping_add(size);
                let bits = second_bits(rest_from(counts, length), beyond);
                size = 1usize.wrapping_shl(bits);
                if let Some(slot) = self.first.get_mut(group) {
                    *slot = Entry::link(start, bits);
                }
            }
            let entry = symbol.coded(beyond);
            let table = self.second.get_mut(start..start.wrapping_add(size)).ok_or(NotACode)?;
            let mut place = code.reversed.wrapping_shr(first_bits as u32);
            while let Some(slot) = table.get_mut(place) {
                *slot = entry;
                place = place.wrapping_add(1usize.wrapping_shl(beyond as u32));
            }
            code.advance(!usize::MAX.wrapping_shl(length as u32));
        }
        Ok(())
    }
}

/// Index bits of a second table whose first code has `bits` bits: the least number with which the
/// codes that follow fill the table. `counts` has the number of the codes to come by length, from
/// that of the first code on, without the first code itself.
fn second_bits(counts: &[u32], bits: usize) -> u32 {
    let mut bits = bits as u32;
    let mut room = 1i32.wrapping_shl(bits).wrapping_sub(1);
    for &codes in counts {
        room = room.wrapping_sub(codes as i32);
        if room <= 0 {
            break;
        }
        room = room.wrapping_mul(2);
        bits = bits.wrapping_add(1);
    }
    bits
}

/// A canonical code, as its lengths define it.
struct Canonical<'a> {
    /// Number of codes by length. The number for length 0 is zero.
    counts: [u32; LENGTHS],
    /// Kraft sum: above [`COMPLETE`] if codes collide, below it if some bit patterns have no code.
    sum: u32,
    /// The symbols that have a code, in the order of their codes: by length, then by number.
    coded: &'a [Entry],
}

/// Sorts symbols by the lengths of their codes: a counting sort.
#[inline(always)]
fn sort<'a>(lengths: &[u8], symbols: &[Entry], sorted: &'a mut Sorted) -> Canonical<'a> {
    let mut counts = [0u32; LENGTHS];
    for &length in lengths {
        let count = &mut counts[usize::from(length) & MAX_CODE_BITS];
        *count = count.wrapping_add(1);
    }
    // Symbols without a code are sorted too, to the front: leaving them out would take a branch
    // that is hard to predict.
    let mut places = [0u32; LENGTHS];
    let (mut shorter, mut sum) = (counts[0], 0u32);
    for length in 1..LENGTHS {
        let codes = counts[length];
        places[length] = shorter;
        shorter = shorter.wrapping_add(codes);
        sum = sum.wrapping_add(codes << (MAX_CODE_BITS - length));
    }
    for (&symbol, &length) in symbols.iter().zip(lengths) {
        let place = &mut places[usize::from(length) & MAX_CODE_BITS];
        sorted[*place as usize & (sorted.len() - 1)] = symbol;
        *place = place.wrapping_add(1);
    }
    let coded = sorted.get(counts[0] as usize..lengths.len()).unwrap_or(&[]);
    counts[0] = 0;
    Canonical { counts, sum, coded }
}

/// Enters those codes of a complete code that are no longer than the index of `table`. Returns the
/// next code, and the symbols from its own on.
///
/// The table doubles with each code length. For codes of `n` bits it has 2^n entries. Shorter codes
/// don't depend on bit `n - 1` of the index, so the upper half starts as a copy of the lower half.
/// The first code of a length ends in a zero, and the codes from there on come in pairs that differ
/// only in their last bit, which is bit `n - 1` of the index. So a pair has the same place in the
/// lower and in the upper half, and the index advances once for both. An entry that no code has
/// reached yet is garbage, but a complete code reaches all of them.
///
/// ```text
/// Code lengths 1, 2, 3, 3 of a, b, c, d. An index has the first bit of a code rightmost.
/// n = 1    0: a   1: -
/// n = 2   00: a  01: b   10: a  11: -
/// n = 3  000: a 001: b  010: a 011: c  100: a 101: b  110: a 111: d
/// ```
#[inline(always)]
fn fill<'a>(
    table: &mut [Entry],
    counts: &[u32; LENGTHS],
    coded: &'a [Entry],
) -> (NextCode, &'a [Entry]) {
    let (mut code, mut longer) = (NextCode::FIRST, coded);
    // The compiler sees that `bits` is in bounds as an index.
    #[allow(clippy::needless_range_loop)]
    for bits in 1..LENGTHS {
        let half = 1usize << (bits - 1);
        let Some((lower, upper)) = table.split_at_mut_checked(half) else { break };
        let Some(upper) = upper.get_mut(..half) else { break };
        if longer.len() < coded.len() {
            copy(upper, lower);
        }
        let Some((now, rest)) = longer.split_at_checked(counts[bits] as usize) else { break };
        longer = rest;
        // Until the pairs are done, `code` lacks its last bit.
        for pair in now.chunks_exact(2) {
            let at = code.reversed;
            let (Some(low), Some(high)) = (lower.get_mut(at), upper.get_mut(at)) else { break };
            let &[a, b] = pair else { break };
            *low = a.coded(bits);
            *high = b.coded(bits);
            code.advance(half.wrapping_sub(1));
        }
        code.lengthen();
        if let &[last] = now.chunks_exact(2).remainder() {
            if let Some(low) = lower.get_mut(code.reversed) {
                *low = last.coded(bits);
            }
            code.advance(half.wrapping_mul(2).wrapping_sub(1));
        }
    }
    (code, longer)
}

/// The next code to assign. Canonical codes of one length are consecutive numbers.
pub(super) struct NextCode {
    /// The code as a number, its last bit lowest.
    number: u32,
    /// The code as an index: its bits in the order of the stream, the first one lowest.
    pub(super) reversed: usize,
}

impl NextCode {
    pub(super) const FIRST: Self = Self { number: 0, reversed: 0 };

    /// Appends a zero, to continue with codes that are one bit longer.
    #[inline(always)]
    pub(super) fn lengthen(&mut self) {
        self.number = self.number.wrapping_mul(2);
    }

    /// Advances to the next code of the same length. `mask` has as many low bits as a code. The
    /// last code is followed by the first.
    ///
    /// Counting up to a number that ends in `n` zeros flips its lowest `n + 1` bits, which are the
    /// highest `n + 1` bits of the index. So no bits have to be reversed, and the chain of
    /// dependent operations on the index is one XOR per code.
    ///
    /// ```text
    /// number    0 0 1 1 -> 0 1 0 0     n = 2: the lowest 3 bits flip
    /// reversed  1 1 0 0 -> 0 0 1 0     XOR 1 1 1 0, the highest 3 bits of `mask`
    /// ```
    #[inline(always)]
    pub(super) fn advance(&mut self, mask: usize) {
        self.number = self.number.wrapping_add(1);
        // The set bit spares the compiler a special case for zero.
        let zeros = (self.number | 1 << 31).trailing_zeros();
        self.reversed ^= mask ^ mask.wrapping_shr(1).wrapping_shr(zeros);
    }

    /// The code as a number: how many bit patterns of its length come before it. After the last
    /// code of a complete code, that is all of them.
    pub(super) fn number(&self) -> u32 {
        self.number
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::boxed::Box;
    use std::vec::Vec;

    use super::super::table::Table;
    use super::*;
    use crate::random::Random;
    use crate::zeroed::Zeroed;

    type Small = Table<{ 1 << 9 }, 2048>;

    /// The lengths of a random complete code, each at most `longest`. A leaf of the tree is split
    /// until there are enough.
    pub(in super::super) fn complete(
        random: &mut Random,
        longest: u8,
        codes: usize,
        symbols: usize,
    ) -> Vec<u8> {
        let mut leaves = Vec::from([0u8]);
        while leaves.len() < codes {
            // Deep leaves are preferred, so that the second tables differ in size.
            let leaf = leaves.len() - 1 - random.below(leaves.len().min(4));
            if leaves[leaf] < longest {
                leaves[leaf] += 1;
                leaves.push(leaves[leaf]);
            } else {
                let leaf = random.below(leaves.len());
                leaves.swap(leaf, 0);
                leaves.rotate_left(1);
            }
        }
        let mut lengths = leaves;
        lengths.resize(symbols, 0);
        for place in 0..symbols {
            lengths.swap(place, random.below(symbols));
        }
        lengths
    }

    /// The codes by the algorithm of RFC 1951, 3.2.2.
    pub(in super::super) fn naive_codes(lengths: &[u8]) -> Vec<u32> {
        let mut next = [0u32; 17];
        for bits in 1..=15u8 {
            let shorter = lengths.iter().filter(|&&l| l == bits - 1 && l > 0).count() as u32;
            next[usize::from(bits)] = (next[usize::from(bits) - 1] + shorter) << 1;
        }
        let code = |&length: &u8| {
            let code = next[usize::from(length)];
            next[usize::from(length)] += u32::from(length > 0);
            code
        };
        lengths.iter().map(code).collect()
    }

    #[test]
    fn lookups_find_what_bit_by_bit_decoding_finds() {
        let symbols: Vec<Entry> = (0..288).map(|value| Entry::of_extra(value, 0)).collect();
        let mut order = Box::new([Entry::INVALID; MAX_SYMBOLS]);
        let mut table = Box::new(Small::ZEROED);
        let mut random = Random(1);
        for round in 0..300 {
            let codes = 2 + random.below(60 + round % 30);
            let lengths = complete(&mut random, 15, codes, 100);
            assert!(table.build(&lengths, &symbols[..100], false, &mut order).is_ok(), "{round}");
            let naive = naive_codes(&lengths);
            for (symbol, (&length, &code)) in lengths.iter().zip(&naive).enumerate() {
                if length == 0 {
                    continue;
                }
                // The code's first bit is the lowest. The bits after the code don't matter.
                let code = u64::from(code.reverse_bits() >> (32 - u32::from(length)));
                for after in [0, u64::MAX, 0x5a5a_5a5a] {
                    let bits = code | after << length;
                    let mut entry = table.first(bits);
                    let mut used = 0;
                    if entry.is_link() {
                        used = Small::FIRST_BITS as u32;
                        entry = table.second(entry, bits >> used);
                    }
                    assert_eq!(entry.value(), symbol as u32, "round {round}");
                    assert_eq!(used + entry.bits(), u32::from(length), "round {round}");
                }
            }
        }
    }

    #[test]
    fn only_complete_codes_pass() {
        let symbols: Vec<Entry> = (0..288).map(|value| Entry::of_extra(value, 0)).collect();
        let mut order = Box::new([Entry::INVALID; MAX_SYMBOLS]);
        let mut table = Box::new(Small::ZEROED);
        let mut random = Random(7);
        for round in 0..2000 {
            let count = 1 + random.below(6);
            let lengths: Vec<u8> = (0..count).map(|_| random.below(5) as u8).collect();
            let kraft: u32 = lengths.iter().filter(|&&l| l > 0).map(|&l| 1 << (15 - l)).sum();
            let coded = lengths.iter().filter(|&&l| l > 0).count();
            let lone = coded == 0 || (coded == 1 && kraft == 1 << 14);
            for allowed in [false, true] {
                let built = table.build(&lengths, &symbols[..count], allowed, &mut order);
                let expected = kraft == 1 << 15 || (allowed && lone);
                assert_eq!(built.is_ok(), expected, "round {round}: {lengths:?}, {allowed}");
            }
        }
    }
}
