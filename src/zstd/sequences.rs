// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The Sequences_Section of a compressed block: reading and executing sequences (RFC 8878,
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

/// Most bits of a sequence, without those of the states, that one refill is enough for. Longer sequences are
/// rare. They take a refill for the offset, one for both lengths, which have up to 16 bits each, and one for
/// the states.
const MAX_FAST_BITS: u8 = (BACKWARD_REFILLED - STATE_BITS) as u8;
const _: () = assert!(OFFSET_CODES as u32 - 1 <= BACKWARD_REFILLED);
const _: () = assert!(16 + 16 <= BACKWARD_REFILLED);
const _: () = assert!(STATE_BITS <= BACKWARD_REFILLED);

/// What a frame's blocks hand on to each other; all-zero memory is a valid value.
pub(super) struct Sequences {
    /// Whether there are tables that a block can use again.
    known: bool,
    literals_lengths: Table<TABLE>,
    offsets: Table<TABLE>,
    match_lengths: Table<TABLE>,
    /// Repeated_Offset1 to 3.
    repeated: [u32; 3],
    /// Sequences of the present block that are not decoded yet.
    remaining: u32,
    /// Bytes that the block may have yet.
    budget: u32,
    /// The block's stream, and the three states.
    held: BackwardHeld,
    states: [usize; 3],
    queue: Queue,
    /// What is wrong after them.
    verdict: Verdict,
}

zeroed! {
    impl for Sequences {
        known, literals_lengths, offsets, match_lengths, repeated, remaining, budget, held, states,
        queue, verdict,
    }
}

impl Sequences {
    /// Begins a frame.
    pub(super) fn reset(&mut self) {
        self.known = false;
        self.repeated = [1, 4, 8];
    }

    /// Reads the tables and offsets of a dictionary (RFC 8878, 5), and returns their length.
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

    /// Reads the header and tables at the start of `section`, and begins its stream, which is what
    /// follows. The block may have `budget` bytes.
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

    /// Bytes that the block may have after the sequences.
    pub(super) fn budget(&self) -> usize {
        self.budget as usize
    }

    /// Executes sequences until none remains or the round has no more room. Their literals are the `remaining`
    /// ones of `literals`. A function of its own, so that its stack is free while literals are decoded.
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

    /// Decodes the next sequences, and notes what is wrong after those that are good.
    fn decode(&mut self, stream: &[u8]) {
        let mut bits = BackwardBits::resume(stream, self.held);
        let mut count = 0usize;
        while count < SIZE && self.remaining > 0 {
            // After the last one there are no states.
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

    /// Decodes up to `most` sequences into the queue's slots from `first` on. Returns how many. Unless `LAST`:
    /// as long as a refill has bits for the next one; else one, with what bits there are, and with states
    /// after it only if there is another.
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
        // In the tables, as the compiler is to see (see `Table::next`).
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
            // Most lengths are short, which are told by their codes alone.
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

/// Number_of_Sequences (3.1.1.3.2.1).
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
