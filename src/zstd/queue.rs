// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Sequences between decoding and making (RFC 8878, 3.1.1.4 and 3.1.1.5).

use core::ops::Range;

use crate::output::{Cursor, Literals, Sequence};
use crate::zeroed::zeroed;
use crate::{Error, Page};

/// Sequences that are decoded at a time: decoding and copying are loops of their own, as a processor
/// has too few registers for both.
const SIZE: usize = 256;

/// So many are rather made with more behind them: then more bytes are known to follow.
const FEW: usize = 8;

/// Decoded sequences, each checked against what the block may still have; all-zero memory is an empty queue.
pub(super) struct Queue {
    sequences: [Sequence; SIZE],
    /// How many of them are made, and how many there are.
    made: usize,
    decoded: usize,
    /// Bytes that those make which are not made yet.
    ahead: u32,
    /// Their offsets are at most one more.
    reach: u32,
}

zeroed! { impl for Queue { sequences, made, decoded, ahead, reach } }

/// Repeated_Offset1 to 3, and what the sequences have together that were made with them.
pub(super) struct Resolver {
    repeated: [u32; 3],
    literals: u32,
    lengths: u32,
    reach: u32,
}

impl Resolver {
    pub(super) fn new(repeated: [u32; 3]) -> Self {
        Self { repeated, literals: 0, lengths: 0, reach: 0 }
    }

    pub(super) fn repeated(&self) -> [u32; 3] {
        self.repeated
    }

    /// Makes an Offset_Value an offset (3.1.1.5): values 1 to 3 are repeated offsets; without literals
    /// they are one further. No branch, as none could be predicted.
    #[inline(always)]
    pub(super) fn sequence(&mut self, value: u32, literals: u32, length: u32) -> Sequence {
        let [first, second, third] = self.repeated;
        let place = value.wrapping_add(u32::from(literals == 0));
        let fresh = if value > 3 { value.wrapping_sub(3) } else { first.wrapping_sub(1) };
        let early = if place == 1 { first } else { second };
        let late = if place == 3 { third } else { fresh };
        let offset = if place > 2 { late } else { early };
        let third = if place > 2 { second } else { third };
        let second = if place > 1 { first } else { second };
        self.repeated = [offset, second, third];
        // An offset of zero reaches further than any.
        self.reach = self.reach.max(offset.wrapping_sub(1));
        self.literals = self.literals.wrapping_add(literals);
        self.lengths = self.lengths.wrapping_add(length);
        Sequence { literals, length, offset }
    }
}

/// What a block may still have.
pub(super) struct Left {
    pub(super) literals: u32,
    pub(super) bytes: u32,
}

zeroed! { impl for Left { literals, bytes } }

impl Queue {
    pub(super) fn clear(&mut self) {
        self.made = 0;
        self.decoded = 0;
        self.ahead = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.made >= self.decoded
    }

    /// Room for more, to be [added](Self::add). What is not made yet moves to the front.
    pub(super) fn slots(&mut self) -> &mut [Sequence] {
        let few = self.decoded.saturating_sub(self.made);
        for index in 0..few {
            if let Some(&sequence) = self.sequences.get(self.made.wrapping_add(index)) {
                self.sequences[index & (SIZE - 1)] = sequence;
            }
        }
        self.made = 0;
        self.decoded = few;
        self.sequences.get_mut(few..).unwrap_or(&mut [])
    }

    /// Adds the next `count` of the slots, which are what `resolver` made, as far as they are good.
    pub(super) fn add(
        &mut self,
        count: usize,
        resolver: &Resolver,
        left: &mut Left,
    ) -> Result<(), Error> {
        let Resolver { literals, lengths, reach, .. } = *resolver;
        let bytes = literals.wrapping_add(lengths);
        if reach == u32::MAX || literals > left.literals || bytes > left.bytes {
            return Err(self.add_good(count, left));
        }
        left.literals = left.literals.wrapping_sub(literals);
        left.bytes = left.bytes.wrapping_sub(bytes);
        self.reach = if self.decoded > 0 { self.reach.max(reach) } else { reach };
        self.decoded = self.decoded.wrapping_add(count);
        self.ahead = self.ahead.wrapping_add(bytes);
        Ok(())
    }

    /// Adds sequences up to the first bad one, and says what it is.
    #[cold]
    fn add_good(&mut self, count: usize, left: &mut Left) -> Error {
        let fresh = self.sequences.get(self.decoded..).unwrap_or(&[]);
        let mut error = Error::Internal;
        let mut good = 0usize;
        for sequence in fresh.iter().take(count) {
            let bytes = sequence.literals.wrapping_add(sequence.length);
            if sequence.offset == 0 {
                error = Error::ZstdOffset;
            } else if sequence.literals > left.literals {
                error = Error::ZstdLiteralsOverrun;
            } else if bytes > left.bytes {
                error = Error::ZstdBlockSize;
            } else {
                left.literals = left.literals.wrapping_sub(sequence.literals);
                left.bytes = left.bytes.wrapping_sub(bytes);
                good = good.wrapping_add(1);
                continue;
            }
            break;
        }
        self.decoded = self.decoded.wrapping_add(good);
        // Bytes past the end of the last good one must stay as they are.
        self.ahead = 0;
        error
    }

    /// Makes the sequences (3.1.1.4), or all but a few if `more` are to come. Whether there was room
    /// for them. `behind` bytes are sure to follow them.
    #[inline(never)]
    pub(super) fn make<P: Page>(
        &mut self,
        literals: &Literals,
        left: &mut Range<usize>,
        out: &mut Cursor<'_, P>,
        more: bool,
        behind: usize,
    ) -> Result<bool, Error> {
        let ahead = (self.ahead as usize).saturating_add(behind);
        let is_reachable = self.is_reachable(out);
        let sure = if is_reachable { ahead } else { 0 };
        let before = out.committed();
        let mut failed = None;
        let done = loop {
            let written = out.committed().wrapping_sub(before);
            let queue = self.sequences.get_mut(self.made..self.decoded).unwrap_or(&mut []);
            let sure = sure.saturating_sub(written);
            let (quick, taken) = out.make(sure, queue, literals, left.start);
            left.start = taken;
            self.made = self.made.wrapping_add(quick);
            if more && self.decoded.saturating_sub(self.made) <= FEW {
                break true;
            }
            let Some(sequence) = queue.get_mut(quick) else { break true };
            if is_reachable && out.make_few(sequence, literals, left.start).is_some() {
                left.start = left.start.wrapping_add(sequence.literals as usize);
                self.made = self.made.wrapping_add(1);
                continue;
            }
            if out.is_full() {
                break false;
            }
            let [run, length, offset] = sequence.parts();
            let rest = literals.get(left.clone()).unwrap_or(&[]);
            let taken = out.extend(rest.get(..run).unwrap_or(rest));
            left.start = left.start.wrapping_add(taken);
            sequence.literals = sequence.literals.wrapping_sub(taken as u32);
            if taken < run {
                break false;
            }
            self.made = self.made.wrapping_add(1);
            if !out.copy_slowly(offset, length) {
                failed = Some(offset);
                break false;
            }
        };
        let written = out.committed().wrapping_sub(before);
        self.ahead = self.ahead.saturating_sub(written as u32);
        match failed {
            Some(offset) => Err(out.why_not(offset)),
            None => Ok(done),
        }
    }

    /// Whether all that is to be copied is there, or will be.
    fn is_reachable<P: Page>(&self, cursor: &Cursor<'_, P>) -> bool {
        let (reachable, window) = (cursor.reachable(), cursor.window());
        if (self.reach as usize) < reachable.min(window) {
            return true;
        }
        let mut reachable = reachable;
        // Which of them reaches so far is what counts.
        let queue = self.sequences.get(self.made..self.decoded).unwrap_or(&[]);
        queue.iter().all(|sequence| {
            reachable = reachable.saturating_add(sequence.literals as usize);
            let is_reachable = sequence.offset as usize <= reachable.min(window);
            reachable = reachable.saturating_add(sequence.length as usize);
            is_reachable
        })
    }
}
