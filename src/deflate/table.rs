// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Lookup tables of prefix codes, in two levels.

use crate::zeroed::zeroed;

use super::canonical::{Builder, NotACode, Sorted};

/// What a bit pattern decodes to.
///
/// ```text
///    31   30     16   15    14    13      8   7       0
/// | link | value    | lit | ext | code bits | all bits |
///
/// kind              link lit ext   value                  code bits     all bits
/// literal             0   1   0    byte                   code          code
/// length, distance    0   0   1    base                   code          code + extra bits
/// end of block        0   0   0    1                      code          code
/// invalid             0   0   0    0                      code          code
/// link                1   0   0    second table's start   log2 size     0
/// ```
///
/// `all bits` is the number of bits to consume, at most 15 + 13. `code bits` tells where in them
/// the extra bits start. `invalid` is a symbol that no valid stream has, or a bit pattern without a
/// code. A link stands for all codes that are too long for the first table and start with the same
/// bits.
///
/// Both counts lie where no mask is needed, because a shift uses only the low five or six bits of
/// its count. Shifting by the whole entry shifts by `all bits`, of which bits 5 to 7 are zero.
/// Shifting by `entry >> 8` shifts by `code bits`.
#[derive(Clone, Copy)]
pub(super) struct Entry(u32);

zeroed! { impl for Entry(_) }

impl Entry {
    const EXTRA: u32 = 1 << 14;
    const LITERAL: u32 = 1 << 15;
    const LINK: u32 = 1 << 31;

    /// A symbol that no valid stream contains, or a bit pattern without a code.
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

    /// Adds the length of its code, `bits` bits, to the entry of a symbol.
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

    /// Bits to consume: those of the code, and the extra bits.
    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        self.0 & 0xff
    }

    /// The whole entry, for [`Bits::consume_entry`](crate::bits::Bits::consume_entry).
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

    /// The bits that this entry consumes, fewer than 32, cut from the bits to come.
    #[inline(always)]
    pub(super) fn own_bits(self, bits: u64) -> u32 {
        bits as u32 & !u32::MAX.wrapping_shl(self.0)
    }

    /// The base value plus the extra bits, of a length or distance. `own` is what
    /// [`own_bits`](Self::own_bits) returned: the code in its low bits, and the extra bits above
    /// it.
    #[inline(always)]
    pub(super) fn value_with_extra(self, own: u32) -> usize {
        // This is not a link, so bit 31 is zero, and the value needs no mask.
        (self.0 >> 16).wrapping_add(own.wrapping_shr(self.0 >> 8)) as usize
    }
}

/// The lookup table of a code. The next bits of the stream index `first`; a longer code is found by
/// a link there, in one of the second tables that share `second`.
///
/// ```text
/// first, FIRST entries             second, SECOND entries
/// | entry | ... | link | ... |     | entry | entry | ... | entry | ... |
///                   |               ^ start   2^n entries, indexed by the
///                   +---------------+         n bits that follow
/// ```
///
/// `FIRST` and `SECOND` are powers of two, so that a mask bounds each lookup.
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

    /// The entry for the next bits of the stream: of a code of up to `FIRST_BITS` bits, or a link.
    #[inline(always)]
    pub(super) fn first(&self, bits: u64) -> Entry {
        self.first[bits as usize & (FIRST - 1)]
    }

    /// The entry that a link leads to. `bits` are the bits of the stream after the first
    /// `FIRST_BITS`. The counts of the entry don't include those first bits.
    #[inline(always)]
    pub(super) fn second(&self, link: Entry, bits: u64) -> Entry {
        let below = bits & !u64::MAX.wrapping_shl(link.0 >> 8);
        let at = (link.value() as usize).wrapping_add(below as usize);
        self.second[at & (SECOND - 1)]
    }

    /// Builds the table of the canonical code with these lengths (RFC 1951, 3.2.2). Symbol `i` has
    /// a code of `lengths[i]` bits, 0 for none, and decodes to `symbols[i]`.
    ///
    /// The code must be complete. If `lone` is set, two incomplete codes are allowed, as in zlib:
    /// one without any symbol, and one with a single symbol, of one bit. Bit patterns without a
    /// code then decode to invalid entries of one bit.
    ///
    /// `sorted` is working memory, which would be too large for a kernel's stack. Its contents on
    /// entry don't matter.
    ///
    /// # Errors
    ///
    /// [`NotACode`] for any other lengths.
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
