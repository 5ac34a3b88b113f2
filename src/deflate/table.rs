// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Lookup tables of prefix codes: what a bit pattern decodes to.

use crate::zeroed::zeroed;

use super::canonical::{Builder, NotACode, Sorted};

/// What a bit pattern decodes to.
///
/// ```text
/// bits  0..=7   bits to consume: code and extra bits; a link: none
/// bits  8..=13  code bits: where the extra bits start; a link: log2 of its second table
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

    pub(super) const fn link(start: usize, bits: u32) -> Self {
        Self(Self::LINK | (start as u32) << 16 | bits << 8)
    }

    /// This symbol with a code of `bits` bits.
    #[inline(always)]
    pub(super) fn coded(self, bits: usize) -> Self {
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
    pub(super) fn value(self) -> u32 {
        self.0 >> 16 & 0x7fff
    }

    /// The bits that this entry consumes, at most 32, from the bits to come.
    #[inline(always)]
    pub(super) fn own_bits(self, bits: u64) -> u32 {
        bits as u32 & !u32::MAX.wrapping_shl(self.0)
    }

    /// The base value plus the extra bits, which follow the code in [`own_bits`](Self::own_bits).
    #[inline(always)]
    pub(super) fn value_with_extra(self, own: u32) -> usize {
        // Not a link, so there is no flag above the value.
        (self.0 >> 16).wrapping_add(own.wrapping_shr(self.0 >> 8)) as usize
    }
}

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
    pub(super) const FIRST_BITS: usize = FIRST.trailing_zeros() as usize;
    const POWERS_OF_TWO: () = assert!(FIRST.is_power_of_two() && SECOND.is_power_of_two());

    /// The entry for a code of up to `FIRST_BITS` bits, or a link.
    #[inline(always)]
    pub(super) fn first(&self, bits: u64) -> Entry {
        self.first[bits as usize & (FIRST - 1)]
    }

    /// The entry that a link leads to. `bits` are the ones after the first `FIRST_BITS`, and the
    /// entry's counts are of these.
    #[inline(always)]
    pub(super) fn second(&self, link: Entry, bits: u64) -> Entry {
        let below = bits & !u64::MAX.wrapping_shl(link.0 >> 8);
        let at = (link.value() as usize).wrapping_add(below as usize);
        self.second[at & (SECOND - 1)]
    }

    /// Builds the table of the canonical code with these lengths (RFC 1951, 3.2.2): symbol `i` has a
    /// code of `lengths[i]` bits, 0 for none, and decodes to `symbols[i]`.
    ///
    /// A code must be complete. If `lone` is set, zlib's exceptions hold: no code at all, or a single
    /// code of one bit. Bit patterns without a code are then invalid entries of one bit.
    ///
    /// `sorted` is working memory, too large for a kernel's stack; its contents do not matter.
    pub(super) fn build(
        &mut self,
        lengths: &[u8],
        symbols: &[Entry],
        lone: bool,
        sorted: &mut Sorted,
    ) -> Result<(), NotACode> {
        let () = Self::POWERS_OF_TWO;
        Builder { first: &mut self.first, second: &mut self.second }
            .build(lengths, symbols, lone, sorted)
    }
}
