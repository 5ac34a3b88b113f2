// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Executing decoded sequences (RFC 8878, 3.1.1.4 and 3.1.1.5).

use core::ops::Range;

use crate::output::{Executor, Sequence, CHUNK};
use crate::zeroed::zeroed;
use crate::{Error, Page};

use super::MAX_BLOCK;

/// Sequences that are decoded at a time. They are decoded in one loop and executed in another,
/// because a processor has too few registers for both at once.
pub(super) const SIZE: usize = 256;

/// The literals of a block, and a chunk more, because they are copied in whole chunks.
pub(super) type Literals = [u8; MAX_BLOCK + CHUNK];

/// Decoded sequences. All-zero memory is an empty queue.
///
/// # Invariants
/// - `executed <= decoded <= SIZE`.
pub(super) struct Queue {
    sequences: [Sequence; SIZE],
    /// Number of sequences that were executed.
    executed: usize,
    /// Number of sequences in the queue, including those that were executed.
    decoded: usize,
}

zeroed! { impl for Queue { sequences, executed, decoded } }

impl Queue {
    pub(super) fn reset(&mut self) {
        self.refill(0);
    }

    /// Slots for the next sequences. To be filled only when all sequences have been executed.
    pub(super) fn slots(&mut self) -> &mut [Sequence; SIZE] {
        &mut self.sequences
    }

    /// Makes the first `count` slots, which have been filled, the sequences to execute.
    pub(super) fn refill(&mut self, count: usize) {
        (self.executed, self.decoded) = (0, count);
    }

    /// Executes the sequences (3.1.1.4). Their literals are the `remaining` ones of `literals`. A
    /// sequence that the executor leaves is executed and checked by `judge`. Returns whether the
    /// round had room for all.
    pub(super) fn execute<P: Page>(
        &mut self,
        literals: &Literals,
        remaining: &mut Range<usize>,
        executor: &mut Executor<'_, '_, P>,
    ) -> Result<bool, Error> {
        loop {
            let queue = self.sequences.get_mut(self.executed..self.decoded).unwrap_or(&mut []);
            let done = executor.execute(queue, literals, remaining);
            self.executed = self.executed.wrapping_add(done);
            // The parked copy comes before the next sequence, which must not be judged until it is
            // made.
            if executor.is_parked() {
                return Ok(false);
            }
            let Some(sequence) = queue.get_mut(done) else { return Ok(true) };
            if !sequence.judge(literals, remaining, executor)? {
                return Ok(false);
            }
            self.executed = self.executed.wrapping_add(1);
        }
    }
}

impl Sequence {
    /// Executes a sequence as far as the round has room. Returns `true` if it was executed
    /// entirely, or all but a part of its match, which is parked.
    ///
    /// # Errors
    ///
    /// The first of these that applies: the distance is zero, the literals are more than remain,
    /// the output is more than the block's budget; then what [`copy`](Executor::copy) finds wrong
    /// with the distance.
    #[cold]
    #[inline(never)]
    fn judge<P: Page>(
        &mut self,
        literals: &Literals,
        remaining: &mut Range<usize>,
        executor: &mut Executor<'_, '_, P>,
    ) -> Result<bool, Error> {
        let [run, length, distance] = self.fields();
        if distance == 0 {
            return Err(Error::ZstdOffset);
        }
        if run > remaining.len() {
            return Err(Error::ZstdLiteralsOverrun);
        }
        if run.saturating_add(length) > executor.budget() {
            return Err(Error::ZstdBlockSize);
        }
        if executor.is_full() {
            return Ok(false);
        }
        let rest = literals.get(remaining.clone()).unwrap_or(&[]);
        let taken = executor.extend(rest.get(..run).unwrap_or(rest));
        remaining.start = remaining.start.wrapping_add(taken);
        self.literals_length = self.literals_length.wrapping_sub(taken as u32);
        if taken < run {
            return Ok(false);
        }
        executor.copy(distance, length)?;
        Ok(true)
    }
}

/// Repeated_Offset1 to 3, as they are while sequences are decoded.
#[derive(Clone, Copy)]
pub(super) struct Resolver {
    repeated: [u32; 3],
}

impl Resolver {
    pub(super) fn new(repeated: [u32; 3]) -> Self {
        Self { repeated }
    }

    pub(super) fn repeated(&self) -> [u32; 3] {
        self.repeated
    }

    /// Resolves an Offset_Value (3.1.1.5), and updates the repeated offsets. This is written as
    /// selections without branches, because which case comes next can't be predicted.
    ///
    /// Values above 3 are offsets plus 3. Values 1 to 3 are repeated offsets, counted from the
    /// second one on if there are no literals. `place` has this shift in it:
    ///
    /// ```text
    /// place   value      distance     the repeated offsets after it
    /// 1       1          first        first,    second, third
    /// 2       1 or 2     second       second,   first,  third
    /// 3       2 or 3     third        third,    first,  second
    /// 4       3          first - 1    distance, first,  second
    /// 4 up    4 up       value - 3    distance, first,  second
    /// ```
    ///
    /// `third` is replaced from place 3 on and `second` from place 2 on; the distance always
    /// becomes first.
    #[inline(always)]
    pub(super) fn sequence(&mut self, value: u32, literals_length: u32, length: u32) -> Sequence {
        let [first, second, third] = self.repeated;
        let place = value.wrapping_add(u32::from(literals_length == 0));
        let fresh = if value > 3 { value.wrapping_sub(3) } else { first.wrapping_sub(1) };
        let early = if place == 1 { first } else { second };
        let late = if place == 3 { third } else { fresh };
        let distance = if place > 2 { late } else { early };
        let third = if place > 2 { second } else { third };
        let second = if place > 1 { first } else { second };
        self.repeated = [distance, second, third];
        Sequence { literals_length, length, distance }
    }
}
