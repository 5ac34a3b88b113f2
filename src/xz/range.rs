// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The range decoder and its bit trees (LZMA specification, "Range Coder" and "Bit Trees").

#[cfg(test)]
pub(super) mod naive;
mod portable;
#[cfg(all(target_arch = "x86_64", target_pointer_width = "64", not(any(feature = "safe", miri))))]
#[allow(unsafe_code)]
mod x86_64;

use core::slice::Iter;

use crate::zeroed::zeroed;

use super::model::LiteralCoder;
#[cfg(not(all(
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(any(feature = "safe", miri))
)))]
use portable as primitives;
#[cfg(all(
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(any(feature = "safe", miri))
))]
use x86_64 as primitives;

/// A probability of a zero bit, of `ONE`.
pub(super) type Probability = u16;

/// What a probability begins with: one half.
pub(super) const HALF: Probability = (ONE / 2) as Probability;

const ONE_BITS: u32 = 11;
const ONE: u32 = 1 << ONE_BITS;
/// A probability moves by a 32nd of its distance to the bit that was decoded.
const MOVE_BITS: u32 = 5;
/// A probability is at least this, and at most `ONE` less this: its steps are zero from there on.
const LEAST: u32 = (1 << MOVE_BITS) - 1;

/// The range is at least this when a bit is decoded.
const TOP: u32 = 1 << 24;

/// Bytes that a range decoder starts with: a null byte, and `code`.
pub(super) const START: usize = 5;

/// The most bytes that `bits` bits with probabilities and `direct` ones without can take.
///
/// Consider the binary logarithm of the range, a level of at most 32:
///
/// - A bit with a probability lowers the level by at most log2(2^11 / 31), which is less than 6.05:
///   it leaves at least 31 times `range >> 11`.
/// - A direct bit lowers it by 1.
/// - A byte raises it by 8. It is taken before a bit, if the level is below 24, and leaves a level
///   below 32. One byte is enough, as no bit leaves less than 24 - 6.05.
///
/// The level is at least 24 - 6.05 before the first bit. The last bit, which has a probability,
/// takes no byte after it. So all bytes and all bits but the last lead to a level of at most 32:
///
/// ```text
/// (24 - 6.05) + 8 bytes - 6.05 (bits - 1) - direct  <=  32
/// ```
///
/// The sum below is in hundredths of a bit. It includes that `range >> 11` is rounded down, in the
/// 6.05, and that halves of the range are, in the 1.
pub(super) const fn most_bytes(bits: usize, direct: usize) -> usize {
    const { assert!(ONE / LEAST == 66) };
    (3200 - (2400 - 605) + (bits - 1) * 605 + direct * 100 + 1) / 800
}

/// A range decoder with its input.
///
/// Decoding adapts probabilities, unless `CAREFUL` is set and it is a `trial`.
#[derive(Clone)]
pub(super) struct Range<'a, const CAREFUL: bool> {
    pub(super) coder: Coder<'a>,
    pub(super) trial: bool,
}

/// A range decoder and its remaining input. Missing bytes are read as null bytes, and are not
/// counted: there must be as many bytes as a symbol can take. Who adds some for that looks how many
/// were taken.
#[derive(Clone)]
pub(super) struct Coder<'a> {
    pub(super) state: State,
    pub(super) rest: Iter<'a, u8>,
}

/// What a range decoder keeps between calls: zeros until it has its first bytes.
#[derive(Clone, Copy)]
pub(super) struct State {
    range: u32,
    code: u32,
}

zeroed! { impl for State { range, code } }

impl State {
    /// The state after the [first bytes](START).
    pub(super) const fn new(code: u32) -> Self {
        Self { range: u32::MAX, code }
    }

    /// Whether another byte must be taken before the next bit.
    #[inline(always)]
    pub(super) fn is_short(self) -> bool {
        self.range < TOP
    }

    #[inline(always)]
    pub(super) fn shift_in(&mut self, byte: u8) {
        self.range <<= 8;
        self.code = self.code << 8 | u32::from(byte);
    }

    /// Whether the encoder can have ended here: that leaves a `code` of zero.
    pub(super) fn is_at_end(self) -> bool {
        self.code == 0
    }
}

impl Coder<'_> {
    #[inline(always)]
    fn normalize(&mut self) {
        if self.state.is_short() {
            self.state.shift_in(self.rest.next().copied().unwrap_or(0));
        }
    }

    /// Decodes a bit of a number by selection, as a branch on it could not be predicted. Returns
    /// the bit, and what the probability becomes.
    #[inline(always)]
    fn digit(&mut self, probability: Probability) -> (bool, Probability) {
        self.normalize();
        let p = u32::from(probability);
        let bound = (self.state.range >> ONE_BITS).wrapping_mul(p);
        let (above, zero) = self.state.code.overflowing_sub(bound);
        let rest = self.state.range.wrapping_sub(bound);
        self.state.range = if zero { bound } else { rest };
        self.state.code = if zero { self.state.code } else { above };
        // p + (ONE - p) / 32 is also p - (p - (ONE - 31)) / 32, with division rounded down: one
        // shift for both.
        let toward = if zero { ONE.wrapping_sub(LEAST) } else { 0 };
        let step = (p.wrapping_sub(toward) as i32) >> MOVE_BITS;
        (!zero, p.wrapping_sub(step as u32) as Probability)
    }

    /// Decodes a bit of a number, and adapts its probability in place.
    #[inline(always)]
    fn digit_of(&mut self, probability: &mut Probability) -> bool {
        let (one, adapted) = self.digit(*probability);
        *probability = adapted;
        one
    }
}

impl<const CAREFUL: bool> Range<'_, CAREFUL> {
    /// Decodes a bit that decides how to go on, with a branch.
    #[inline(always)]
    pub(super) fn bit(&mut self, probability: &mut Probability) -> bool {
        if CAREFUL {
            return self.digit_apart(probability);
        }
        self.coder.normalize();
        let state = &mut self.coder.state;
        let p = u32::from(*probability);
        let bound = (state.range >> ONE_BITS).wrapping_mul(p);
        if state.code < bound {
            state.range = bound;
            *probability = p.wrapping_add(ONE.wrapping_sub(p) >> MOVE_BITS) as Probability;
            false
        } else {
            state.range = state.range.wrapping_sub(bound);
            state.code = state.code.wrapping_sub(bound);
            *probability = p.wrapping_sub(p >> MOVE_BITS) as Probability;
            true
        }
    }

    /// Decodes a bit of a number, and adapts its probability unless this is a trial.
    #[inline(always)]
    pub(super) fn digit_of(&mut self, probability: &mut Probability) -> bool {
        if CAREFUL {
            return self.digit_apart(probability);
        }
        self.coder.digit_of(probability)
    }

    /// [`digit_of`](Self::digit_of) out of line: code that seldom runs should be small.
    #[inline(never)]
    fn digit_apart(&mut self, probability: &mut Probability) -> bool {
        let (one, adapted) = self.coder.digit(*probability);
        if !(CAREFUL && self.trial) {
            *probability = adapted;
        }
        one
    }

    /// Decodes a number of `log2(N)` bits, the highest first. The result has a one before it.
    #[inline(always)]
    pub(super) fn tree<const N: usize>(&mut self, tree: &mut [Probability; N]) -> usize {
        const { assert!(N.is_power_of_two()) };
        if !CAREFUL {
            return primitives::tree(&mut self.coder, tree);
        }
        portable::walk(tree, |probability| self.digit_of(probability))
    }

    /// Decodes a literal after a match that would have gone on with `suggested`.
    #[inline(always)]
    pub(super) fn suggested_literal(&mut self, coder: &mut LiteralCoder, suggested: u8) -> u8 {
        if !CAREFUL {
            return primitives::suggested_literal(&mut self.coder, coder, suggested);
        }
        coder.suggested(suggested, |probability| self.digit_of(probability))
    }

    /// Decodes a number of `bits` bits, the lowest first. Node n of its tree is `tree[root + n]`,
    /// with n from 1 on.
    #[inline(always)]
    pub(super) fn reverse_tree<const N: usize>(
        &mut self,
        tree: &mut [Probability; N],
        root: usize,
        bits: u32,
    ) -> u32 {
        const { assert!(N.is_power_of_two()) };
        let (mut symbol, mut value) = (1usize, 0);
        for bit in 0..bits {
            let one = self.digit_of(&mut tree[root.wrapping_add(symbol) & (N - 1)]);
            symbol = symbol << 1 | usize::from(one);
            value |= u32::from(one).wrapping_shl(bit);
        }
        value
    }

    /// Decodes `bits` direct bits, which have no probabilities, the highest first, and appends them
    /// to `value`.
    #[inline(always)]
    pub(super) fn direct(&mut self, value: u32, bits: u32) -> u32 {
        primitives::direct(&mut self.coder, value, bits)
    }
}
