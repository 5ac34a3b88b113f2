// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Sequences of literals and matches, and where they can be executed without a closer look.

use super::copy::{Rules, CHUNK};
use crate::zeroed::zeroed;

/// Literals and then a match. After the first bytes of its literals, those that remain.
#[derive(Clone, Copy)]
pub(crate) struct Sequence {
    pub(crate) literals_length: u32,
    pub(crate) length: u32,
    pub(crate) distance: u32,
}

zeroed! { impl for Sequence { literals_length, length, distance } }

impl Sequence {
    /// Literals, length, distance.
    #[inline(always)]
    pub(crate) fn fields(&self) -> [usize; 3] {
        [self.literals_length, self.length, self.distance].map(|field| field as usize)
    }

    /// The place after a match of `length` bytes at `middle`; the last place of all where there is none.
    #[inline(always)]
    pub(super) fn end(middle: usize, length: usize) -> usize {
        if usize::BITS > u32::BITS {
            middle.wrapping_add(length)
        } else {
            middle.saturating_add(length)
        }
    }
}

/// Where sequences can be executed without a closer look, so that one comparison each decides. Outside
/// of it nothing is wrong yet: that is for `Exact` to judge.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// The first place from which every copy is allowed: it is in the history, and in the window of each
    /// place below `stop`.
    pub(super) lowest: isize,
    /// Sequences that end below have room for a chunk after them, and are neither past the round's end nor
    /// more than they may be.
    pub(super) stop: usize,
    /// Where sequences have written all that they may.
    pub(super) most: usize,
}

impl Limits {
    /// For a page of `length` bytes in a round up to `end`, with `budget` bytes to be written from `at` on.
    #[inline(always)]
    pub(super) fn new(
        rules: &Rules<'_>,
        length: usize,
        end: usize,
        at: usize,
        budget: usize,
    ) -> Self {
        let stop = length.wrapping_add(1).saturating_sub(CHUNK);
        let most = at.saturating_add(budget);
        let stop = stop.min(end.min(most).saturating_add(1));
        let earliest = (stop as isize).saturating_sub_unsigned(rules.window);
        // History that starts in this page makes `earlier` negative.
        let lowest = earliest.max((rules.earlier as isize).wrapping_neg());
        Self { lowest, stop, most }
    }
}
