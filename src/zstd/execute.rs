// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Executing decoded sequences (RFC 8878, 3.1.1.4 and 3.1.1.5).

use core::ops::Range;

use crate::output::{Executor, Sequence, CHUNK};
use crate::zeroed::zeroed;
use crate::{Error, Page};

use super::MAX_BLOCK;

/// Sequences that are decoded at a time: decoding and executing are loops of their own, as a processor
/// has too few registers for both.
pub(super) const SIZE: usize = 256;

/// Bytes for the literals of a block: a chunk more than there can be, as they are read in chunks.
pub(super) type Literals = [u8; MAX_BLOCK + CHUNK];

/// Decoded sequences; all-zero memory is an empty queue.
pub(super) struct Queue {
    sequences: [Sequence; SIZE],
    /// Sequences that were executed, and all.
    executed: usize,
    decoded: usize,
}

zeroed! { impl for Queue { sequences, executed, decoded } }

impl Queue {
    pub(super) fn reset(&mut self) {
        self.refill(0);
    }

    /// Slots for the next sequences, once all have been executed.
    pub(super) fn slots(&mut self) -> &mut [Sequence; SIZE] {
        &mut self.sequences
    }

    /// The first `count` slots have been filled.
    pub(super) fn refill(&mut self, count: usize) {
        (self.executed, self.decoded) = (0, count);
    }

    /// Executes the sequences (3.1.1.4), and judges each that is unusual. Their literals are the
    /// `remaining` ones of `literals`. Returns whether the round had room for all.
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
            // Nothing may be judged before that.
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
    /// Executes a sequence as far as the round has room, and says what is wrong with it, in the order of its
    /// bytes. Returns whether there was room for all of it, or its match was parked.
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

/// Repeated_Offset1 to 3.
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

    /// Resolves an Offset_Value (3.1.1.5): values 1 to 3 are repeated offsets, counted from the second one on
    /// if there are no literals. There is no branch, as none could be predicted.
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
