// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Sequences of literals and matches, and where they can be executed without a closer look.

use super::copy::{Rules, CHUNK};
use crate::zeroed::zeroed;

/// Literals, and then a match. Once some of the literals are written, the length is that of the
/// remaining ones.
#[derive(Clone, Copy)]
pub(crate) struct Sequence {
    pub(crate) literals_length: u32,
    pub(crate) length: u32,
    pub(crate) distance: u32,
}

zeroed! { impl for Sequence { literals_length, length, distance } }

impl Sequence {
    /// Literals length, match length and distance.
    #[inline(always)]
    pub(crate) fn fields(&self) -> [usize; 3] {
        [self.literals_length, self.length, self.distance].map(|field| field as usize)
    }

    /// The place after a match of `length` bytes at `middle`, or the last of all places where that
    /// overflows.
    #[inline(always)]
    pub(super) fn end(middle: usize, length: usize) -> usize {
        if usize::BITS > u32::BITS {
            middle.wrapping_add(length)
        } else {
            middle.saturating_add(length)
        }
    }
}

/// Where sequences can be executed without a closer look, so that one comparison decides about
/// each. A sequence outside of the limits is not wrong yet: `Exact` judges it.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// The first place from which every match is allowed: it is in the history, and in the window
    /// of each place below `stop`.
    pub(super) lowest: isize,
    /// A sequence that ends below this place has room for a chunk after it, and ends neither after
    /// the round nor after `most`.
    pub(super) stop: usize,
    /// The place after the last byte that sequences may write.
    pub(super) most: usize,
}

impl Limits {
    /// Limits in a page of `length` bytes, for a round up to `end` in which `budget` bytes may be
    /// written from `at` on.
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
