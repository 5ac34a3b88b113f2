// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What an LZMA decoder learns: its properties and probabilities, and what is read by several of them
//! (LZMA specification).

use crate::zeroed::zeroed;

use super::range::{Probability, Range, HALF};

/// Shortest match.
pub(super) const MIN_LENGTH: usize = 2;
/// Position states: the lowest `pb` bits of the position, of which there are at most 4.
const POSITIONS: usize = 1 << 4;
/// States are 0 to 11.
const STATES: usize = 16;
/// Literal coders: one for each value of the `lc` and `lp` bits, which are at most 4 together, as
/// LZMA2 wants it.
const MAX_LITERAL_BITS: u8 = 4;
const LITERAL_CODERS: usize = 1 << MAX_LITERAL_BITS;
/// Distances have a slot tree each for the lengths 2, 3 and 4, and one for all others.
const LENGTH_CLASSES: usize = 4;

/// Four bits in reverse.
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

    /// Which coder is for a literal at `position`, after the byte `previous`.
    #[inline(always)]
    pub(super) fn literal_coder(self, position: usize, previous: u8) -> usize {
        let lc = u32::from(self.literal_context_bits);
        let high = (position & usize::from(self.literal_position_mask)).wrapping_shl(lc);
        let low = usize::from(previous).wrapping_shl(lc) >> 8;
        high.wrapping_add(low) & (LITERAL_CODERS - 1)
    }
}

/// The probabilities of a literal.
#[cfg_attr(test, derive(Clone))]
#[repr(C)]
pub(super) struct LiteralCoder {
    /// After a literal, and once a bit was other than a match suggested.
    pub(super) plain: [Probability; 256],
    /// While all bits were as a match suggested, by these bits and the suggested next one, with a one before
    /// them: a head of the suggested byte with a one before it. So where the next probability is, as long as
    /// the bits agree, is known before any of them is decoded.
    pub(super) agreed: [Probability; 512],
}

zeroed! { impl for LiteralCoder { plain, agreed } }

impl LiteralCoder {
    fn reset(&mut self) {
        self.plain.fill(HALF);
        self.agreed.fill(HALF);
    }

    /// A literal after a match, whose next byte is `suggested`. `digit` decodes a bit with its probability.
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
    /// Whether it is not one of the 8 shortest, and not one of the next 8.
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

/// All probabilities, each of a bit that is zero. [`reset`](Self::reset) comes before use.
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
    /// The lowest four bits of the distances beyond.
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
    /// Forgets everything; of the literal coders those that `properties` leave in use.
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

    /// A distance, less one.
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
        // The two highest bits, and how many follow.
        let (high, bits) = (slot as u32 & 1 | 2, (slot as u32 >> 1).wrapping_sub(1));
        if slot < 14 {
            let base = high.wrapping_shl(bits);
            let root = (base as usize).wrapping_sub(slot);
            base | self.reverse_tree(low_bits, root, bits)
        } else {
            // As a tree, and then from its lowest bit to its highest.
            let high = self.direct(high, bits.wrapping_sub(4));
            high << 4 | u32::from(REVERSED[self.tree(align) & 15])
        }
    }
}
