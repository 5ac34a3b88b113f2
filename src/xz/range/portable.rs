// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Trees of bits, direct bits and literals after a match, in safe Rust.
//!
//! `x86_64.rs` does the same in assembly.

use super::super::model::LiteralCoder;
use super::{Coder, Probability};

/// Decodes a number of `log2(N)` bits, the highest first. The result has a one before it.
#[inline(always)]
pub(super) fn tree<const N: usize>(coder: &mut Coder<'_>, tree: &mut [Probability; N]) -> usize {
    let mut symbol = 1;
    let mut probability = tree[1];
    for _ in 0..N.trailing_zeros() {
        // Both are loaded before it is known which one it will be. After the last bit neither is
        // used.
        let below = [tree[symbol << 1 & (N - 1)], tree[(symbol << 1 | 1) & (N - 1)]];
        let (one, adapted) = coder.digit(probability);
        tree[symbol & (N - 1)] = adapted;
        probability = if one { below[1] } else { below[0] };
        symbol = symbol << 1 | usize::from(one);
    }
    symbol
}

/// [`tree`] for a tree of any size, a node at a time. `digit` decodes a bit with its probability.
#[inline(always)]
pub(super) fn walk(
    tree: &mut [Probability],
    mut digit: impl FnMut(&mut Probability) -> bool,
) -> usize {
    let mut symbol = 1usize;
    while let Some(probability) = tree.get_mut(symbol) {
        symbol = symbol << 1 | usize::from(digit(probability));
    }
    symbol
}

/// Decodes a literal after a match that would have gone on with `suggested`.
#[inline(always)]
pub(super) fn suggested_literal(
    coder: &mut Coder<'_>,
    literal: &mut LiteralCoder,
    suggested: u8,
) -> u8 {
    literal.suggested(suggested, |probability| coder.digit_of(probability))
}

/// Decodes `bits` direct bits, the highest first, and appends them to `value`.
#[inline(always)]
pub(super) fn direct(coder: &mut Coder<'_>, mut value: u32, bits: u32) -> u32 {
    for _ in 0..bits {
        coder.normalize();
        let state = &mut coder.state;
        state.range >>= 1;
        let (above, zero) = state.code.overflowing_sub(state.range);
        state.code = if zero { state.code } else { above };
        value = value << 1 | u32::from(!zero);
    }
    value
}
