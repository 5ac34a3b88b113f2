// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The Sequences_Section of a compressed block: decoding and making sequences (RFC 8878, 3.1.1.3.2
//! and 3.1.1.4).

use crate::bits::{BackwardBits, BackwardHeld, BACKWARD_REFILLED};
use crate::output::Cursor;
use crate::wrapped::Step;
use crate::{Error, Page};

use super::codes::{
    choose, read_table, DEFAULT_LITERALS, DEFAULT_MATCHES, DEFAULT_OFFSETS, LENGTH_BITS, LITERALS,
    LITERALS_LOG, MATCHES, MATCH_LOG, OFFSETS, OFFSET_CODES, OFFSET_LOG, STATE_BITS, TABLE,
};
use super::fse::Table;

/// Offsets of up to so many bits are read with both lengths behind one refill. Larger ones are rare.
const MAX_FAST_BITS: u8 = (BACKWARD_REFILLED - 2 * LENGTH_BITS) as u8;
const _: () = assert!(OFFSET_CODES as u32 - 1 + LENGTH_BITS <= BACKWARD_REFILLED);
const _: () = assert!(2 * LENGTH_BITS <= BACKWARD_REFILLED);
const _: () = assert!(LENGTH_BITS + STATE_BITS <= BACKWARD_REFILLED);

/// Bytes that must lie before those in the buffer, so that two refills find all they may take: 63
/// bits of it may have been read, and then all but one of a refill.
const MAX_BYTES: usize = 63 / 8 + 63 / 8;

/// Sequences that are decoded at a time: decoding and copying are loops of their own, as a processor
/// has too few registers for both.
const QUEUE: usize = 32;

/// What a frame's blocks hand on to each other; all-zero memory is a valid value.
pub(super) struct Sequences {
    /// Whether there are tables that a block can use again.
    known: bool,
    literals: Table<TABLE>,
    offsets: Table<TABLE>,
    matches: Table<TABLE>,
    /// Repeated_Offset1 to 3.
    repeated: [u32; 3],
    /// How many of the present block are not decoded yet, and bytes and literals that these may have.
    left: u32,
    room: u32,
    literals_left: u32,
    /// The block's stream, and the three states.
    held: BackwardHeld,
    states: [usize; 3],
    /// Those that are decoded, and which of them are still to be made.
    queue: [Sequence; QUEUE],
    made: usize,
    decoded: usize,
    /// What is wrong behind them.
    verdict: Result<(), Error>,
}

/// What some sequences have together.
struct Totals {
    sequences: usize,
    literals: u32,
    matches: u32,
    /// Whether an offset is zero.
    has_zero: bool,
}

/// Literals and then a match. Of one that has begun, the literals that are left.
#[derive(Clone, Copy)]
struct Sequence {
    literals: u32,
    length: u32,
    offset: u32,
}

impl Sequences {
    pub(super) const NEW: Self = Self {
        known: false,
        literals: Table::NEW,
        offsets: Table::NEW,
        matches: Table::NEW,
        repeated: [0; 3],
        left: 0,
        room: 0,
        literals_left: 0,
        held: BackwardHeld::NONE,
        states: [0; 3],
        queue: [Sequence { literals: 0, length: 0, offset: 0 }; QUEUE],
        made: 0,
        decoded: 0,
        verdict: Ok(()),
    };

    /// Begins a frame.
    pub(super) fn clear(&mut self) {
        self.known = false;
        self.repeated = [1, 4, 8];
    }

    /// Reads the tables and offsets of a dictionary (RFC 8878, 5), and returns their length.
    pub(super) fn read_dictionary(&mut self, input: &[u8]) -> Option<usize> {
        let mut rest = input;
        read_table(&mut self.offsets, &mut rest, &OFFSETS, OFFSET_LOG)?;
        read_table(&mut self.matches, &mut rest, &MATCHES, MATCH_LOG)?;
        read_table(&mut self.literals, &mut rest, &LITERALS, LITERALS_LOG)?;
        for offset in &mut self.repeated {
            let (bytes, behind) = rest.split_first_chunk()?;
            *offset = u32::from_le_bytes(*bytes);
            rest = behind;
        }
        self.known = true;
        Some(input.len().saturating_sub(rest.len()))
    }

    /// Repeated_Offset1 to 3.
    pub(super) fn repeated(&self) -> [u32; 3] {
        self.repeated
    }

    /// Reads the header and tables at the begin of `section`, and begins its stream, which is what
    /// follows. The sequences may use `literals` literals, and make `room` bytes with them.
    pub(super) fn begin<'a>(
        &mut self,
        section: &'a [u8],
        literals: usize,
        room: usize,
    ) -> Result<&'a [u8], Error> {
        self.made = 0;
        self.decoded = 0;
        self.verdict = Ok(());
        self.literals_left = literals as u32;
        self.room = room as u32;
        let (count, mut rest) = number(section).ok_or(Error::ZstdSequencesHeader)?;
        self.left = count;
        if count == 0 {
            return if rest.is_empty() { Ok(rest) } else { Err(Error::ZstdSequencesHeader) };
        }
        let (&modes, behind) = rest.split_first().ok_or(Error::ZstdSequencesHeader)?;
        if modes & 3 != 0 {
            return Err(Error::ZstdSequencesHeader);
        }
        rest = behind;
        let known = self.known;
        self.known = false;
        let Self { literals, offsets, matches, .. } = self;
        choose(
            literals,
            modes >> 6,
            known,
            &mut rest,
            (&DEFAULT_LITERALS, &LITERALS, LITERALS_LOG),
        )?;
        choose(
            offsets,
            modes >> 4 & 3,
            known,
            &mut rest,
            (&DEFAULT_OFFSETS, &OFFSETS, OFFSET_LOG),
        )?;
        choose(matches, modes >> 2 & 3, known, &mut rest, (&DEFAULT_MATCHES, &MATCHES, MATCH_LOG))?;
        self.known = true;
        let mut bits = BackwardBits::new(rest).ok_or(Error::ZstdSequencesStream)?;
        self.states = [
            self.literals.start(&mut bits),
            self.offsets.start(&mut bits),
            self.matches.start(&mut bits),
        ];
        if bits.is_overdrawn() {
            return Err(Error::ZstdSequencesStream);
        }
        self.held = bits.hold();
        Ok(rest)
    }

    /// Bytes that the block may have behind the sequences.
    pub(super) fn room(&self) -> usize {
        self.room as usize
    }

    /// Makes sequences until they or the round's room end. `literals` are those that are left.
    pub(super) fn run<P: Page>(
        &mut self,
        stream: &[u8],
        literals: &mut &[u8],
        out: &mut Cursor<'_, P>,
    ) -> Result<Step, Error> {
        loop {
            if self.made < self.decoded && !self.make(literals, out)? {
                return Ok(Step::Full);
            }
            if out.is_parked() {
                return Ok(Step::Full);
            }
            self.verdict?;
            if self.left == 0 {
                return Ok(Step::End);
            }
            self.decode(stream);
        }
    }

    /// Decodes the next sequences, and finds out what is wrong behind those that are good.
    fn decode(&mut self, stream: &[u8]) {
        let mut bits = BackwardBits::resume(stream, self.held);
        // Behind the last one there are no states.
        let most = (self.left as usize).saturating_sub(1);
        let mut totals = self.decode_some::<false>(&mut bits, most);
        if totals.sequences == 0 {
            totals = self.decode_some::<true>(&mut bits, 1);
        }
        self.held = bits.hold();
        self.made = 0;
        self.decoded = totals.sequences;
        self.left = self.left.wrapping_sub(totals.sequences as u32);
        let bytes = totals.literals.wrapping_add(totals.matches);
        if totals.has_zero || totals.literals > self.literals_left || bytes > self.room {
            self.verdict = self.cut();
        } else if bits.is_overdrawn() {
            self.decoded = 0;
            self.verdict = Err(Error::ZstdSequencesStream);
        } else if self.left == 0 && !bits.is_at_end() {
            // "At the end, the bitstream shall be entirely consumed."
            self.verdict = Err(Error::ZstdSequencesStream);
        }
        self.literals_left = self.literals_left.saturating_sub(totals.literals);
        self.room = self.room.saturating_sub(bytes);
    }

    /// Drops decoded sequences from the first bad one on, and says what it is.
    #[cold]
    fn cut(&mut self) -> Result<(), Error> {
        let (mut literals_left, mut room) = (self.literals_left, self.room);
        for (index, sequence) in self.queue.iter().take(self.decoded).enumerate() {
            let bytes = sequence.literals.wrapping_add(sequence.length);
            let error = if sequence.offset == 0 {
                Error::ZstdOffset
            } else if sequence.literals > literals_left {
                Error::ZstdLiteralsOverrun
            } else if bytes > room {
                Error::ZstdBlockSize
            } else {
                literals_left = literals_left.wrapping_sub(sequence.literals);
                room = room.wrapping_sub(bytes);
                continue;
            };
            self.decoded = index;
            return Err(error);
        }
        Err(Error::Internal)
    }

    /// Decodes up to `most` sequences into the queue. Unless `LAST`: as long as a refill has bits for
    /// the next one; else one, with what bits there are, and with states behind it only if there is
    /// another.
    #[inline(never)]
    fn decode_some<const LAST: bool>(
        &mut self,
        bits: &mut BackwardBits<'_>,
        most: usize,
    ) -> Totals {
        // Copies that live in registers.
        let mut b = *bits;
        let [mut literals_state, mut offset_state, mut match_state] = self.states;
        let [mut first, mut second, mut third] = self.repeated;
        let (mut sequences, mut all_literals, mut all_matches) = (0usize, 0u32, 0u32);
        let mut smallest = u32::MAX;
        for slot in self.queue.iter_mut().take(most) {
            if !LAST && !b.has_before(MAX_BYTES) {
                break;
            }
            let literals_row = self.literals.row(literals_state);
            let offset_row = self.offsets.row(offset_state);
            let match_row = self.matches.row(match_state);
            if !LAST && offset_row.bits > MAX_FAST_BITS {
                break;
            }
            b.refill();
            let value = offset_row.value(b.take(offset_row.bits));
            if LAST {
                b.refill();
            }
            let length = match_row.value(b.take(match_row.bits));
            let literals = literals_row.value(b.take(literals_row.bits));
            if !b.has_left(STATE_BITS) {
                b.refill();
            }
            if !LAST || self.left > 1 {
                literals_state = literals_row.next(b.take(literals_row.state_bits));
                match_state = match_row.next(b.take(match_row.state_bits));
                offset_state = offset_row.next(b.take(offset_row.state_bits));
            }

            // 3.1.1.5: values 1 to 3 are repeated offsets; without literals they are one further.
            let repeated = value.wrapping_add(u32::from(literals == 0));
            let repeated = if value > 3 { 4 } else { repeated };
            let fresh = if value > 3 { value.wrapping_sub(3) } else { first.wrapping_sub(1) };
            let offset = match repeated {
                1 => first,
                2 => second,
                3 => third,
                _ => fresh,
            };
            third = if repeated > 2 { second } else { third };
            second = if repeated > 1 { first } else { second };
            first = offset;

            *slot = Sequence { literals, length, offset };
            sequences = sequences.wrapping_add(1);
            all_literals = all_literals.wrapping_add(literals);
            all_matches = all_matches.wrapping_add(length);
            smallest = smallest.min(offset);
        }
        *bits = b;
        self.states = [literals_state, offset_state, match_state];
        self.repeated = [first, second, third];
        Totals { sequences, literals: all_literals, matches: all_matches, has_zero: smallest == 0 }
    }

    /// Makes the decoded sequences. Whether there was room for all of them (3.1.1.4).
    #[inline(never)]
    fn make<P: Page>(
        &mut self,
        literals: &mut &[u8],
        out: &mut Cursor<'_, P>,
    ) -> Result<bool, Error> {
        // Copies that live in registers.
        let mut cursor = out.reborrow();
        let mut rest = *literals;
        let mut made = self.made;
        let mut failed = None;
        let done = loop {
            let Some(sequence) = self.queue.get_mut(..self.decoded).and_then(|q| q.get_mut(made))
            else {
                break true;
            };
            if cursor.is_full() {
                break false;
            }
            let run = sequence.literals as usize;
            let (offset, length) = (sequence.offset as usize, sequence.length as usize);
            if cursor.append(rest, run) {
                rest = rest.get(run..).unwrap_or(&[]);
            } else {
                let taken = cursor.extend(rest.get(..run).unwrap_or(rest));
                rest = rest.get(taken..).unwrap_or(&[]);
                sequence.literals = sequence.literals.wrapping_sub(taken as u32);
                if taken < run {
                    break false;
                }
            }
            made = made.wrapping_add(1);
            if !cursor.copy(offset, length) {
                failed = Some(offset);
                break false;
            }
        };
        let mark = cursor.mark();
        out.move_to(mark);
        *literals = rest;
        self.made = made;
        match failed {
            Some(offset) => Err(out.why_not(offset)),
            None => Ok(done),
        }
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
