// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What an LZMA decoder learns: its properties and probabilities, and the numbers that are decoded
//! with several probabilities (LZMA specification).

use crate::zeroed::zeroed;

use super::range::{Probability, Range, HALF};

/// Shortest match.
pub(super) const MIN_LENGTH: usize = 2;
/// Position states: the lowest `pb` bits of the position, of which there are at most 4.
const POSITIONS: usize = 1 << 4;
/// States, which are 0 to 11, rounded up to a power of two.
const STATES: usize = 16;
/// Literal coders: one for each value of the `lc` and `lp` bits, of which there are at most 4
/// together, as LZMA2 demands.
const MAX_LITERAL_BITS: u8 = 4;
const LITERAL_CODERS: usize = 1 << MAX_LITERAL_BITS;
/// Distances have a slot tree each for the lengths 2, 3 and 4, and one for all others.
const LENGTH_CLASSES: usize = 4;

/// The numbers of four bits, each with its bits in reverse.
static REVERSED: [u8; 16] = {
    let mut reversed = [0; 16];
    let mut bits = 0;
    while bits < 16 {
        reversed[bits] = (bits as u8).reverse_bits() >> 4;
        bits += 1;
    }
    reversed
};

/// lc, lp and pb, unpacked; all-zero memory is a valid value.
#[derive(Clone, Copy)]
pub(super) struct Properties {
    literal_context_bits: u8,
    literal_position_mask: u8,
    position_mask: u8,
    coders: u8,
}

zeroed! {
    impl for Properties { literal_context_bits, literal_position_mask, position_mask, coders }
}

impl Properties {
    /// Unpacks (pb * 5 + lp) * 9 + lc. `None`: out of bounds.
    pub(super) fn new(byte: u8) -> Option<Self> {
        let (lc, lp, pb) = (byte % 9, byte / 9 % 5, byte / 45);
        if pb > 4 || lc.wrapping_add(lp) > MAX_LITERAL_BITS {
            return None;
        }
        Some(Self {
            literal_context_bits: lc,
            literal_position_mask: !u8::MAX.wrapping_shl(u32::from(lp)),
            position_mask: !u8::MAX.wrapping_shl(u32::from(pb)),
            coders: 1u8.wrapping_shl(u32::from(lc.wrapping_add(lp))),
        })
    }

    #[inline(always)]
    pub(super) fn position_state(self, position: usize) -> usize {
        position & usize::from(self.position_mask) & (POSITIONS - 1)
    }

    /// Index of the coder for a literal at `position`, after the byte `previous`.
    #[inline(always)]
    pub(super) fn literal_coder(self, position: usize, previous: u8) -> usize {
        let lc = u32::from(self.literal_context_bits);
        let high = (position & usize::from(self.literal_position_mask)).wrapping_shl(lc);
        let low = usize::from(previous).wrapping_shl(lc) >> 8;
        high.wrapping_add(low) & (LITERAL_CODERS - 1)
    }
}

/// The probabilities of a literal (LZMA specification, "Literal Decoding").
///
/// The bits of a literal are decoded from the highest on. The bits so far with a one before them,
/// the *symbol*, choose the probability of the next one in `plain`. A literal after a match comes
/// with a hint: the byte that the match would have copied next, the *suggested* one. While all bits
/// so far are as suggested, the next probability is chosen by the symbol and by the suggested bit,
/// and stands in `agreed`. Once a bit is not as suggested, that byte says nothing about the others,
/// and `plain` has their probabilities.
///
/// The index in `agreed` is `symbol << 1 | suggested bit`. As all bits of the symbol are suggested
/// ones, that is a head of `path = 0x100 | suggested`, and needs no decoded bit: all eight
/// addresses are known from the start. (The specification has two arrays of 256 instead, one for
/// each value of the suggested bit.)
///
/// ```text
/// suggested 0xa6 = 0b1010_0110, path = 0b1_1010_0110; the literal is 0xb6 = 0b1011_0110
/// bit   symbol before   path >> bit   probability
///   7   1               11            agreed[3]
///   6   11              110           agreed[6]
///   5   110             1101          agreed[13]
///   4   1101            1_1010        agreed[26]    the bit is 1, and 0 was suggested
///   3   1_1011          11_0100       plain[27]     as the symbol is not 0b11_0100 >> 1
///   2   11_0110                       plain[54]     and so on, as after a literal
/// ```
#[cfg_attr(test, derive(Clone))]
#[repr(C)]
pub(super) struct LiteralCoder {
    /// By the symbol: after a literal, and once a bit was not as suggested.
    pub(super) plain: [Probability; 256],
    /// By the symbol and the suggested bit: while all bits of the symbol are as suggested.
    pub(super) agreed: [Probability; 512],
}

zeroed! { impl for LiteralCoder { plain, agreed } }

impl LiteralCoder {
    fn reset(&mut self) {
        self.plain.fill(HALF);
        self.agreed.fill(HALF);
    }

    /// Decodes a literal after a match that would have gone on with `suggested`. `digit` decodes a
    /// bit with its probability.
    #[inline(always)]
    pub(super) fn suggested(
        &mut self,
        suggested: u8,
        mut digit: impl FnMut(&mut Probability) -> bool,
    ) -> u8 {
        let path = 0x100 | usize::from(suggested);
        let mut symbol = 1usize;
        for bit in (0..8).rev() {
            let ahead = path >> bit;
            let probability = if symbol == ahead >> 1 {
                &mut self.agreed[ahead & 511]
            } else {
                &mut self.plain[symbol & 255]
            };
            symbol = symbol << 1 | usize::from(digit(probability));
        }
        symbol as u8
    }
}

/// The probabilities of a match's length.
pub(super) struct Lengths {
    /// The first bits of a length: whether it is not one of the 8 shortest, and not one of the next
    /// 8.
    choice: Probability,
    choice2: Probability,
    low: [[Probability; 8]; POSITIONS],
    middle: [[Probability; 8]; POSITIONS],
    high: [Probability; 256],
}

zeroed! { impl for Lengths { choice, choice2, low, middle, high } }

impl Lengths {
    fn reset(&mut self) {
        self.choice = HALF;
        self.choice2 = HALF;
        self.low.as_flattened_mut().fill(HALF);
        self.middle.as_flattened_mut().fill(HALF);
        self.high.fill(HALF);
    }
}

/// All probabilities, each that a bit is zero. [`reset`](Self::reset) comes before use.
pub(super) struct Model {
    pub(super) is_match: [[Probability; POSITIONS]; STATES],
    pub(super) is_rep: [Probability; STATES],
    pub(super) is_rep0: [Probability; STATES],
    pub(super) is_rep1: [Probability; STATES],
    pub(super) is_rep2: [Probability; STATES],
    pub(super) is_rep0_long: [[Probability; POSITIONS]; STATES],
    pub(super) match_lengths: Lengths,
    pub(super) rep_lengths: Lengths,
    pub(super) slots: [[Probability; 64]; LENGTH_CLASSES],
    /// The low bits of distances in slots 4 to 13.
    pub(super) low_bits: [Probability; 128],
    /// The lowest four bits of distances in slots from 14 on.
    pub(super) align: [Probability; 16],
    pub(super) literal_coders: [LiteralCoder; LITERAL_CODERS],
}

zeroed! {
    impl for Model {
        is_match, is_rep, is_rep0, is_rep1, is_rep2, is_rep0_long, match_lengths, rep_lengths,
        slots, low_bits, align, literal_coders,
    }
}

impl Model {
    /// Forgets what was learnt, except in the literal coders that `properties` leave unused.
    pub(super) fn reset(&mut self, properties: Properties) {
        self.is_match.as_flattened_mut().fill(HALF);
        self.is_rep.fill(HALF);
        self.is_rep0.fill(HALF);
        self.is_rep1.fill(HALF);
        self.is_rep2.fill(HALF);
        self.is_rep0_long.as_flattened_mut().fill(HALF);
        self.match_lengths.reset();
        self.rep_lengths.reset();
        self.slots.as_flattened_mut().fill(HALF);
        self.low_bits.fill(HALF);
        self.align.fill(HALF);
        for coder in self.literal_coders.iter_mut().take(usize::from(properties.coders)) {
            coder.reset();
        }
    }
}

impl<const CAREFUL: bool> Range<'_, CAREFUL> {
    #[inline(always)]
    pub(super) fn length(&mut self, lengths: &mut Lengths, position_state: usize) -> usize {
        let (tree, least) = if !self.bit(&mut lengths.choice) {
            (&mut lengths.low[position_state], MIN_LENGTH)
        } else if !self.bit(&mut lengths.choice2) {
            (&mut lengths.middle[position_state], MIN_LENGTH + 8)
        } else {
            return (self.tree(&mut lengths.high) & 255).wrapping_add(MIN_LENGTH + 16);
        };
        (self.tree(tree) & 7).wrapping_add(least)
    }

    /// Decodes a distance, less one.
    #[inline(always)]
    pub(super) fn distance(
        &mut self,
        slots: &mut [Probability; 64],
        low_bits: &mut [Probability; 128],
        align: &mut [Probability; 16],
    ) -> u32 {
        let slot = self.tree(slots) & 63;
        if slot < 4 {
            return slot as u32;
        }
        // The two highest bits, and how many bits follow them.
        let (high, bits) = (slot as u32 & 1 | 2, (slot as u32 >> 1).wrapping_sub(1));
        if slot < 14 {
            let base = high.wrapping_shl(bits);
            let root = (base as usize).wrapping_sub(slot);
            base | self.reverse_tree(low_bits, root, bits)
        } else {
            // The lowest bit comes first. A tree takes the first bit for the highest, so the result
            // is reversed.
            let high = self.direct(high, bits.wrapping_sub(4));
            high << 4 | u32::from(REVERSED[self.tree(align) & 15])
        }
    }
}
