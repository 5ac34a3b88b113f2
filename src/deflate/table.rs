// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Prefix codes: from code lengths to a lookup table.

use crate::zeroed::zeroed;

/// Longest code that [`Table::build`] takes (RFC 1951, 3.2.7).
const MAX_CODE_BITS: usize = 15;

/// What a bit pattern decodes to.
///
/// ```text
/// bits  0..=7   bits to consume: code and extra bits; a link: none
/// bits  8..=13  code bits: where the extra bits begin; a link: log2 of its second table
/// bit   14      value with extra bits: a length or a distance
/// bit   15      literal
/// bits 16..=30  value; a link: where its second table starts
/// bit   31      link: a longer code, looked up in the second table
/// ```
/// None of bits 14, 15 and 31: value 1 is the end of a block, 0 is no such code, or a symbol that
/// means nothing. The counts are where a processor finds them without a mask.
#[derive(Clone, Copy)]
pub(super) struct Entry(u32);

zeroed! { impl for Entry(_) }

impl Entry {
    const EXTRA: u32 = 1 << 14;
    const LITERAL: u32 = 1 << 15;
    const LINK: u32 = 1 << 31;

    /// A symbol that no valid stream contains.
    pub(super) const INVALID: Self = Self(0);
    pub(super) const END_OF_BLOCK: Self = Self(1 << 16);

    pub(super) const fn of_literal(value: u8) -> Self {
        Self(Self::LITERAL | (value as u32) << 16)
    }

    pub(super) const fn of_extra(value: u16, extra_bits: u32) -> Self {
        Self(Self::EXTRA | (value as u32) << 16 | extra_bits)
    }

    const fn link(start: usize, bits: u32) -> Self {
        Self(Self::LINK | (start as u32) << 16 | bits << 8)
    }

    /// This symbol behind a code of `bits` bits.
    const fn coded(self, bits: usize) -> Self {
        Self(self.0.wrapping_add((bits as u32) << 8 | bits as u32))
    }

    #[inline(always)]
    pub(super) fn is_literal(self) -> bool {
        self.0 & Self::LITERAL != 0
    }

    #[inline(always)]
    pub(super) fn is_end_of_block(self) -> bool {
        let flags = self.0 & (Self::EXTRA | Self::LITERAL | Self::LINK);
        flags == 0 && self.value() == 1
    }

    /// Whether this is a length or a distance.
    #[inline(always)]
    pub(super) fn has_extra(self) -> bool {
        self.0 & Self::EXTRA != 0
    }

    #[inline(always)]
    pub(super) fn is_link(self) -> bool {
        self.0 & Self::LINK != 0
    }

    /// Code and extra bits.
    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        self.0 & 0xff
    }

    /// All of it, for [`Bits::consume_entry`](crate::bits::Bits::consume_entry).
    #[inline(always)]
    pub(super) fn word(self) -> u32 {
        self.0
    }

    #[inline(always)]
    pub(super) fn literal(self) -> u8 {
        (self.0 >> 16) as u8
    }

    /// The base value, or where a link's second table starts.
    #[inline(always)]
    fn value(self) -> u32 {
        self.0 >> 16 & 0x7fff
    }

    /// The base value plus the extra bits, which stand in `bits` behind the code.
    #[inline(always)]
    pub(super) fn value_with_extra(self, bits: u64) -> usize {
        self.value_of_own(self.own_bits(bits))
    }

    /// Of the bits to come those that this entry consumes, at most 32.
    #[inline(always)]
    pub(super) fn own_bits(self, bits: u64) -> u32 {
        bits as u32 & !u32::MAX.wrapping_shl(self.0)
    }

    /// The base value plus the extra bits, which stand in [`own_bits`](Self::own_bits) behind the code.
    #[inline(always)]
    pub(super) fn value_of_own(self, own: u32) -> usize {
        // Not a link, so there is no flag above the value.
        (self.0 >> 16).wrapping_add(own.wrapping_shr(self.0 >> 8)) as usize
    }
}

/// Why code lengths make no code.
pub(super) struct NotACode;

/// A lookup table: `FIRST` entries found by the next bits of the stream, and second tables for
/// longer codes in `SECOND` entries. Both are powers of two, so that masks bound the lookups.
pub(super) struct Table<const FIRST: usize, const SECOND: usize> {
    first: [Entry; FIRST],
    second: [Entry; SECOND],
}

zeroed! {
    impl [const FIRST: usize, const SECOND: usize] for Table<FIRST, SECOND> { first, second }
}

impl<const FIRST: usize, const SECOND: usize> Table<FIRST, SECOND> {
    #[cfg(test)]
    const FIRST_BITS: usize = FIRST.trailing_zeros() as usize;
    const POWERS_OF_TWO: () = assert!(FIRST.is_power_of_two() && SECOND.is_power_of_two());

    /// The entry for a code of up to `FIRST_BITS` bits, or a link.
    #[inline(always)]
    pub(super) fn first(&self, bits: u64) -> Entry {
        self.first[bits as usize & (FIRST - 1)]
    }

    /// The entry that a link leads to. `bits` are those behind the first `FIRST_BITS`, and the
    /// entry tells of them only.
    #[inline(always)]
    pub(super) fn second(&self, link: Entry, bits: u64) -> Entry {
        let below = bits & !u64::MAX.wrapping_shl(link.0 >> 8);
        let at = (link.value() as usize).wrapping_add(below as usize);
        self.second[at & (SECOND - 1)]
    }

    /// Makes the table for the canonical code with these lengths (RFC 1951, 3.2.2): `lengths[i]`
    /// bits, 0 for none, stand for `symbols[i]`.
    ///
    /// A code must be complete, with zlib's exceptions if `lone` is set: no code at all, or one
    /// code of one bit. Bit patterns without a code are then invalid entries of one bit. `order` is
    /// memory to work in: too much for a kernel's stack.
    pub(super) fn build(
        &mut self,
        lengths: &[u8],
        symbols: &[Entry],
        lone: bool,
        order: &mut Order,
    ) -> Result<(), NotACode> {
        let () = Self::POWERS_OF_TWO;
        Builder { first: &mut self.first, second: &mut self.second }
            .build(lengths, symbols, lone, order)
    }
}

/// The two parts of a table of any size: one builder serves all.
struct Builder<'a> {
    first: &'a mut [Entry],
    second: &'a mut [Entry],
}

impl Builder<'_> {
    #[inline(never)]
    fn build(
        mut self,
        lengths: &[u8],
        symbols: &[Entry],
        lone: bool,
        order: &mut Order,
    ) -> Result<(), NotACode> {
        let mut count = [0u16; MAX_CODE_BITS + 1];
        for &length in lengths {
            let count = &mut count[usize::from(length) & MAX_CODE_BITS];
            *count = count.wrapping_add(1);
        }
        let coded = lengths.len().wrapping_sub(usize::from(count[0]));
        count[0] = 0;

        // Kraft's sum: the codes of the longest length that are left.
        let mut left = 1i32;
        for &codes in &count[1..] {
            left = (left << 1).wrapping_sub(i32::from(codes));
            if left < 0 {
                return Err(NotACode);
            }
        }
        let mut symbols = Sorted::new(lengths, &count, symbols, order);
        if left == 0 {
            self.build_complete(&mut count, &mut symbols)
        } else if lone && coded <= usize::from(count[1]).min(1) {
            self.first.fill(Entry::INVALID.coded(1));
            if coded == 1 {
                let entry = symbols.next().coded(1);
                self.first.iter_mut().step_by(2).for_each(|slot| *slot = entry);
            }
            Ok(())
        } else {
            Err(NotACode)
        }
    }

    fn first_bits(&self) -> usize {
        self.first.len().trailing_zeros() as usize
    }

    /// Short codes, by length. `filled` entries stand for the bits that codes have so far; each bit
    /// more doubles them, and the codes of that length take their places. What has no code yet
    /// then gets one, or a link, as the code is complete.
    fn build_complete(
        &mut self,
        count: &mut [u16; MAX_CODE_BITS + 1],
        symbols: &mut Sorted<'_>,
    ) -> Result<(), NotACode> {
        let mut code = 0usize;
        let mut filled = 1usize;
        for length in 1..=self.first_bits() {
            let codes = count.get(length).copied().unwrap_or(0);
            if let Some((done, rest)) = self.first.split_at_mut_checked(filled) {
                rest.iter_mut().zip(done).for_each(|(slot, &mut entry)| *slot = entry);
            }
            filled = filled.wrapping_mul(2);
            for _ in 0..codes {
                let entry = symbols.next().coded(length);
                self.first.get_mut(code).into_iter().for_each(|slot| *slot = entry);
                code = next_code(code, length);
            }
        }
        self.build_second(count, code, symbols)
    }

    /// Long codes: the second tables, one for each group of codes that begin alike.
    fn build_second(
        &mut self,
        count: &mut [u16; MAX_CODE_BITS + 1],
        mut code: usize,
        symbols: &mut Sorted<'_>,
    ) -> Result<(), NotACode> {
        let first_bits = self.first_bits();
        let mask = self.first.len().wrapping_sub(1);
        let (mut start, mut size, mut group) = (0usize, 0usize, usize::MAX);
        for length in first_bits.wrapping_add(1)..=MAX_CODE_BITS {
            let beyond = length.wrapping_sub(first_bits);
            while let Some(codes) = count.get_mut(length).filter(|codes| **codes > 0) {
                let codes_left = *codes;
                *codes = codes_left.wrapping_sub(1);
                if code & mask != group {
                    group = code & mask;
                    start = start.wrapping_add(size);
                    let bits = second_bits(count.get(length..).unwrap_or(&[]), beyond);
                    size = 1usize.wrapping_shl(bits);
                    let link = Entry::link(start, bits);
                    self.first.get_mut(group).into_iter().for_each(|slot| *slot = link);
                }
                let entry = symbols.next().coded(beyond);
                let end = start.wrapping_add(size);
                let table = self.second.get_mut(start..end).ok_or(NotACode)?;
                let mut place = code.wrapping_shr(first_bits as u32);
                while let Some(slot) = table.get_mut(place) {
                    *slot = entry;
                    place = place.wrapping_add(1usize.wrapping_shl(beyond as u32));
                }
                code = next_code(code, length);
            }
        }
        Ok(())
    }
}

/// Bits of a second table that begins with a code of `bits` bits: as many as the codes left fill
/// completely. One code of that length has just been taken off `count`.
fn second_bits(count: &[u16], bits: usize) -> u32 {
    let mut bits = bits as u32;
    let mut left = 1i32.wrapping_shl(bits).wrapping_sub(1);
    for &codes in count {
        left = left.wrapping_sub(i32::from(codes));
        if left <= 0 {
            break;
        }
        left = left.wrapping_mul(2);
        bits = bits.wrapping_add(1);
    }
    bits
}

/// Most symbols of a code: deflate's literals and lengths.
pub(super) const MAX_SYMBOLS: usize = 288;

/// Numbers of symbols.
pub(super) type Order = [u16; MAX_SYMBOLS];

/// The symbols of a code in the order of their codes: by length, then by number.
struct Sorted<'a> {
    symbols: &'a [Entry],
    order: &'a Order,
    next: usize,
}

impl<'a> Sorted<'a> {
    #[inline(always)]
    fn new(
        lengths: &[u8],
        count: &[u16; MAX_CODE_BITS + 1],
        symbols: &'a [Entry],
        order: &'a mut Order,
    ) -> Self {
        let mut places = [0u16; MAX_CODE_BITS + 1];
        let mut shorter = 0u16;
        for (place, &codes) in places.iter_mut().zip(count) {
            *place = shorter;
            shorter = shorter.wrapping_add(codes);
        }
        for (symbol, &length) in (0..=u16::MAX).zip(lengths) {
            if length != 0 {
                let place = &mut places[usize::from(length) & MAX_CODE_BITS];
                if let Some(slot) = order.get_mut(usize::from(*place)) {
                    *slot = symbol;
                }
                *place = place.wrapping_add(1);
            }
        }
        Self { symbols, order, next: 0 }
    }

    #[inline(always)]
    fn next(&mut self) -> Entry {
        let symbol = self.order.get(self.next).map_or(usize::MAX, |&symbol| usize::from(symbol));
        self.next = self.next.wrapping_add(1);
        self.symbols.get(symbol).copied().unwrap_or(Entry::INVALID)
    }
}

/// The code after `code` among those of `length` bits, both in the stream's bit order, that is
/// with the first bit lowest: one is added from the top bit down.
#[inline(always)]
fn next_code(code: usize, length: usize) -> usize {
    let all = !usize::MAX.wrapping_shl(length as u32);
    // The highest zero bit is set, and the ones above it are cleared.
    match (!code & all).checked_ilog2() {
        Some(zero) => code & !usize::MAX.wrapping_shl(zero) | 1usize.wrapping_shl(zero),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::boxed::Box;
    use std::vec::Vec;

    use super::*;
    use crate::zeroed::Zeroed;

    type Small = Table<{ 1 << 9 }, 2048>;

    /// A small generator of numbers below `limit`.
    fn random(state: &mut u64, limit: usize) -> usize {
        *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (*state >> 33) as usize % limit
    }

    /// The lengths of a complete code: a random leaf of the tree is split until there are enough.
    fn complete(state: &mut u64, codes: usize, symbols: usize) -> Vec<u8> {
        let mut leaves = Vec::from([0u8]);
        while leaves.len() < codes {
            // Mostly deep ones, so that second tables come out unlike.
            let leaf = leaves.len() - 1 - random(state, leaves.len().min(4));
            if leaves[leaf] < 15 {
                leaves[leaf] += 1;
                leaves.push(leaves[leaf]);
            } else {
                let leaf = random(state, leaves.len());
                leaves.swap(leaf, 0);
                leaves.rotate_left(1);
            }
        }
        let mut lengths = leaves;
        lengths.resize(symbols, 0);
        for place in 0..symbols {
            lengths.swap(place, random(state, symbols));
        }
        lengths
    }

    /// The codes as the algorithm of RFC 1951, 3.2.2 gives them.
    fn naive_codes(lengths: &[u8]) -> Vec<u32> {
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
        let mut order = Box::new([0; MAX_SYMBOLS]);
        let mut table = Box::new(Small::ZEROED);
        let mut state = 1;
        for round in 0..300 {
            let codes = 2 + random(&mut state, 60 + round % 30);
            let lengths = complete(&mut state, codes, 100);
            assert!(table.build(&lengths, &symbols[..100], false, &mut order).is_ok(), "{round}");
            let naive = naive_codes(&lengths);
            for (symbol, (&length, &code)) in lengths.iter().zip(&naive).enumerate() {
                if length == 0 {
                    continue;
                }
                // The code's first bit is the lowest; what stands behind it does not matter.
                let code = u64::from(code.reverse_bits() >> (32 - u32::from(length)));
                for behind in [0, u64::MAX, 0x5a5a_5a5a] {
                    let bits = code | behind << length;
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
        let mut order = Box::new([0; MAX_SYMBOLS]);
        let mut table = Box::new(Small::ZEROED);
        let mut state = 7;
        for round in 0..2000 {
            let count = 1 + random(&mut state, 6);
            let lengths: Vec<u8> = (0..count).map(|_| random(&mut state, 5) as u8).collect();
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
