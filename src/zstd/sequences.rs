// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The Sequences_Section of a compressed block: decoding and executing sequences (RFC 8878,
//! 3.1.1.3.2 and 3.1.1.4).

use core::ops::Range;

use crate::bits::{BackwardBits, BackwardHeld, BACKWARD_REFILLED};
use crate::output::Step;
use crate::output::{Cursor, Executor};
use crate::zeroed::{zeroed, Verdict};
use crate::{Error, Page};

use super::codes::{
    choose, read_table, DEFAULT_LITERALS_LENGTHS, DEFAULT_MATCH_LENGTHS, DEFAULT_OFFSETS,
    LITERALS_LENGTHS, LITERALS_LENGTH_LOG, MATCH_LENGTHS, MATCH_LENGTH_LOG, OFFSETS, OFFSET_CODES,
    OFFSET_LOG, OFFSET_TABLE, STATE_BITS, TABLE,
};
use super::execute::{Literals, Queue, Resolver, SIZE};
use super::fse::Table;

/// Most extra bits of a sequence's three codes for which a single refill is enough. What one
/// sequence reads, in this order:
///
/// ```text
/// offset   | match length | literals length | three state updates
/// up to 31 | up to 16     | up to 16        | up to 9 + 9 + 8 = STATE_BITS
/// ```
///
/// A refill provides 57 bits, so after 26 for the states 31 remain for the rest. A sequence with
/// more extra bits is rare, and takes three refills: one for the offset, one for both lengths, and
/// one for the states.
const MAX_FAST_BITS: u8 = (BACKWARD_REFILLED - STATE_BITS) as u8;
const _: () = assert!(OFFSET_CODES as u32 - 1 <= BACKWARD_REFILLED);
const _: () = assert!(16 + 16 <= BACKWARD_REFILLED);
const _: () = assert!(STATE_BITS <= BACKWARD_REFILLED);

/// The sequences of the present block, and what blocks take over from the ones before: tables and
/// repeated offsets. All-zero memory is a valid value.
pub(super) struct Sequences {
    /// Whether there are tables that Repeat_Mode can use.
    known: bool,
    literals_lengths: Table<TABLE>,
    offsets: Table<TABLE>,
    match_lengths: Table<TABLE>,
    /// Repeated_Offset1 to 3.
    repeated: [u32; 3],
    /// Sequences of the present block that are not decoded yet.
    remaining: u32,
    /// Bytes that the present block may still write.
    budget: u32,
    /// Position in the block's bitstream.
    held: BackwardHeld,
    /// States of the literals length, offset and match length codes.
    states: [usize; 3],
    /// Decoded sequences.
    queue: Queue,
    /// The error that follows the decoded sequences, if any.
    verdict: Verdict,
}

zeroed! {
    impl for Sequences {
        known, literals_lengths, offsets, match_lengths, repeated, remaining, budget, held, states,
        queue, verdict,
    }
}

impl Sequences {
    /// Begins a frame: forgets the tables, and sets the repeated offsets to 1, 4 and 8 (3.1.1.5).
    pub(super) fn reset(&mut self) {
        self.known = false;
        self.repeated = [1, 4, 8];
    }

    /// Reads the tables and offsets of a dictionary (RFC 8878, 5). Returns their length in bytes.
    pub(super) fn read_dictionary(&mut self, input: &[u8]) -> Option<usize> {
        let mut rest = input;
        read_table(&mut self.offsets, &mut rest, &OFFSETS, OFFSET_LOG)?;
        read_table(&mut self.match_lengths, &mut rest, &MATCH_LENGTHS, MATCH_LENGTH_LOG)?;
        read_table(&mut self.literals_lengths, &mut rest, &LITERALS_LENGTHS, LITERALS_LENGTH_LOG)?;
        for offset in &mut self.repeated {
            let (bytes, after) = rest.split_first_chunk()?;
            *offset = u32::from_le_bytes(*bytes);
            rest = after;
        }
        self.known = true;
        Some(input.len().saturating_sub(rest.len()))
    }

    /// Repeated_Offset1 to 3.
    pub(super) fn repeated(&self) -> [u32; 3] {
        self.repeated
    }

    /// Reads the header and the tables at the start of `section`, and begins its bitstream, which
    /// is the rest. Returns the bitstream. The block may write `budget` bytes.
    pub(super) fn begin<'a>(
        &mut self,
        section: &'a [u8],
        budget: usize,
    ) -> Result<&'a [u8], Error> {
        self.queue.reset();
        self.verdict = Verdict::Nothing;
        self.budget = budget as u32;
        let (count, mut rest) = number(section).ok_or(Error::ZstdSequencesHeader)?;
        self.remaining = count;
        if count == 0 {
            return if rest.is_empty() { Ok(rest) } else { Err(Error::ZstdSequencesHeader) };
        }
        let (&modes, after) = rest.split_first().ok_or(Error::ZstdSequencesHeader)?;
        if modes & 3 != 0 {
            return Err(Error::ZstdSequencesHeader);
        }
        rest = after;
        let known = self.known;
        self.known = false;
        let Self { literals_lengths, offsets, match_lengths, .. } = self;
        choose(
            literals_lengths,
            modes >> 6,
            known,
            &mut rest,
            (&DEFAULT_LITERALS_LENGTHS, &LITERALS_LENGTHS, LITERALS_LENGTH_LOG),
        )?;
        choose(
            offsets,
            modes >> 4 & 3,
            known,
            &mut rest,
            (&DEFAULT_OFFSETS, &OFFSETS, OFFSET_LOG),
        )?;
        choose(
            match_lengths,
            modes >> 2 & 3,
            known,
            &mut rest,
            (&DEFAULT_MATCH_LENGTHS, &MATCH_LENGTHS, MATCH_LENGTH_LOG),
        )?;
        self.known = true;
        let mut bits = BackwardBits::new(rest).ok_or(Error::ZstdSequencesStream)?;
        self.states = [
            self.literals_lengths.start(&mut bits),
            self.offsets.start(&mut bits),
            self.match_lengths.start(&mut bits),
        ];
        if bits.is_overdrawn() {
            return Err(Error::ZstdSequencesStream);
        }
        self.held = bits.hold();
        Ok(rest)
    }

    /// Bytes that the present block may still write.
    pub(super) fn budget(&self) -> usize {
        self.budget as usize
    }

    /// Decodes and executes sequences until none remain or the round has no more room. Their
    /// literals are the `remaining` ones of `literals`. This is not inlined, so that its stack is
    /// free while literals are decoded.
    #[inline(never)]
    pub(super) fn run<P: Page>(
        &mut self,
        stream: &[u8],
        literals: &Literals,
        remaining: &mut Range<usize>,
        out: &mut Cursor<'_, P>,
    ) -> Result<Step, Error> {
        let before = out.committed();
        let mut executor = Executor::new(out, self.budget());
        let step = loop {
            if !self.queue.execute(literals, remaining, &mut executor)? {
                break Step::Full;
            }
            self.verdict.result()?;
            if self.remaining == 0 {
                break Step::Done;
            }
            self.decode(stream);
        };
        self.budget = self.budget.wrapping_sub(out.committed().wrapping_sub(before) as u32);
        Ok(step)
    }

    /// Fills the queue with the next sequences. An error is kept as `verdict`, which counts once
    /// the sequences before it have been executed.
    fn decode(&mut self, stream: &[u8]) {
        let mut bits = BackwardBits::resume(stream, self.held);
        let mut count = 0usize;
        while count < SIZE && self.remaining > 0 {
            // No states follow the last sequence.
            let most = self.remaining.wrapping_sub(1) as usize;
            let done = self.decode_some::<false>(&mut bits, count, most);
            count = count.wrapping_add(done);
            self.remaining = self.remaining.wrapping_sub(done as u32);
            if count >= SIZE {
                break;
            }
            self.decode_some::<true>(&mut bits, count, 1);
            self.remaining = self.remaining.wrapping_sub(1);
            // "At the end, the bitstream shall be entirely consumed."
            let is_overdrawn = bits.is_overdrawn();
            if is_overdrawn || (self.remaining == 0 && !bits.is_at_end()) {
                self.verdict = Verdict::Just(Error::ZstdSequencesStream);
            }
            if is_overdrawn {
                break;
            }
            count = count.wrapping_add(1);
        }
        self.held = bits.hold();
        self.queue.refill(count);
    }

    /// Decodes up to `most` sequences into the queue's slots from `first` on. Returns how many.
    ///
    /// Without `LAST`, this stops before a sequence for which the stream has fewer than eight
    /// bytes, or that has more than [`MAX_FAST_BITS`] extra bits. So no bits can be missing, and
    /// there are no checks.
    ///
    /// With `LAST`, it decodes one sequence of any kind by three refills. It reads states after
    /// that only if another sequence follows. The caller checks whether bits were missing.
    #[inline(never)]
    fn decode_some<const LAST: bool>(
        &mut self,
        bits: &mut BackwardBits<'_>,
        first: usize,
        most: usize,
    ) -> usize {
        let mut resolver = Resolver::new(self.repeated);
        // Copies that live in registers.
        let mut b = *bits;
        // Masked so that the compiler sees states within the tables, as in `Table::next`.
        let [mut literals_length_state, mut offset_state, mut match_length_state] =
            self.states.map(|state| state & (TABLE - 1));
        offset_state &= OFFSET_TABLE - 1;
        let slots = self.queue.slots().get_mut(first..).unwrap_or(&mut []);
        let most = most.min(slots.len());
        let mut count = 0usize;
        for slot in slots.get_mut(..most).unwrap_or(&mut []) {
            if LAST {
                b.refill();
            } else if !b.refill_whole() {
                break;
            }
            let literals_length_row = self.literals_lengths.row(literals_length_state);
            let offset_row = self.offsets.row(offset_state);
            let match_length_row = self.match_lengths.row(match_length_state);
            let length_bits = literals_length_row.bits.wrapping_add(match_length_row.bits);
            if !LAST && offset_row.bits.wrapping_add(length_bits) > MAX_FAST_BITS {
                break;
            }
            let value = offset_row.value(b.take(offset_row.bits));
            if LAST {
                b.refill();
            }
            let (mut length, mut literals_length) =
                (match_length_row.base, literals_length_row.base);
            // Short lengths are the most frequent, and their codes have no extra bits.
            if length_bits > 0 {
                length = match_length_row.value(b.take(match_length_row.bits));
                literals_length = literals_length_row.value(b.take(literals_length_row.bits));
            }
            if LAST {
                b.refill();
            }
            if !LAST || self.remaining > 1 {
                literals_length_state =
                    self.literals_lengths.next::<TABLE>(literals_length_row, &mut b);
                match_length_state = self.match_lengths.next::<TABLE>(match_length_row, &mut b);
                offset_state = self.offsets.next::<OFFSET_TABLE>(offset_row, &mut b);
            }
            *slot = resolver.sequence(value, literals_length, length);
            count = count.wrapping_add(1);
        }
        *bits = b;
        self.states = [literals_length_state, offset_state, match_length_state];
        self.repeated = resolver.repeated();
        count
    }
}

/// Reads Number_of_Sequences (3.1.1.3.2.1). Returns it, and the bytes after it.
fn number(section: &[u8]) -> Option<(u32, &[u8])> {
    let (&first, rest) = section.split_first()?;
    let first = u32::from(first);
    if first < 128 {
        return Some((first, rest));
    }
    let (&second, rest) = rest.split_first()?;
    if first < 255 {
        return Some((first.wrapping_sub(128) << 8 | u32::from(second), rest));
    }
    let (&third, rest) = rest.split_first()?;
    Some(((u32::from(second) | u32::from(third) << 8).wrapping_add(0x7f00), rest))
}
