// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The Sequences_Section of a compressed block: decoding and making sequences (RFC 8878, 3.1.1.3.2
//! and 3.1.1.4).

use core::ops::Range;

use crate::bits::{BackwardBits, BackwardHeld, BACKWARD_REFILLED};
use crate::output::{Cursor, Executor};
use crate::wrapped::Step;
use crate::zeroed::{zeroed, Verdict};
use crate::{Error, Page};

use super::codes::{
    choose, read_table, DEFAULT_LITERALS, DEFAULT_MATCHES, DEFAULT_OFFSETS, LITERALS, LITERALS_LOG,
    MATCHES, MATCH_LOG, OFFSETS, OFFSET_CODES, OFFSET_LOG, OFFSET_TABLE, STATE_BITS, TABLE,
};
use super::execute::{Literals, Queue, Resolver, SIZE};
use super::fse::Table;

/// Sequences with so many bits beside those of the states are read behind one refill. Others are rare:
/// they take a refill for the offset, one for both lengths, which have up to 16 bits each, and one for
/// the states.
const MAX_FAST_BITS: u8 = (BACKWARD_REFILLED - STATE_BITS) as u8;
const _: () = assert!(OFFSET_CODES as u32 - 1 <= BACKWARD_REFILLED);
const _: () = assert!(16 + 16 <= BACKWARD_REFILLED);
const _: () = assert!(STATE_BITS <= BACKWARD_REFILLED);

/// What a frame's blocks hand on to each other; all-zero memory is a valid value.
pub(super) struct Sequences {
    /// Whether there are tables that a block can use again.
    known: bool,
    literals: Table<TABLE>,
    offsets: Table<TABLE>,
    matches: Table<TABLE>,
    /// Repeated_Offset1 to 3.
    repeated: [u32; 3],
    /// Sequences of the present block that are not decoded yet, and bytes that the block may still have.
    left: u32,
    room: u32,
    /// The block's stream, and the three states.
    held: BackwardHeld,
    states: [usize; 3],
    queue: Queue,
    /// What is wrong after them.
    verdict: Verdict,
}

zeroed! {
    impl for Sequences {
        known, literals, offsets, matches, repeated, left, room, held, states, queue, verdict,
    }
}

impl Sequences {
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
    /// follows. The block may have `room` bytes.
    pub(super) fn begin<'a>(&mut self, section: &'a [u8], room: usize) -> Result<&'a [u8], Error> {
        self.queue.clear();
        self.verdict = Verdict::Nothing;
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

    /// Bytes that the block may have after the sequences.
    pub(super) fn room(&self) -> usize {
        self.room as usize
    }

    /// Executes sequences until they or the round's room end. `left` of `literals` remain. By itself, as its
    /// memory is not to be held while literals are decoded.
    #[inline(never)]
    pub(super) fn run<P: Page>(
        &mut self,
        stream: &[u8],
        literals: &Literals,
        left: &mut Range<usize>,
        out: &mut Cursor<'_, P>,
    ) -> Result<Step, Error> {
        let before = out.committed();
        let mut executor = Executor::new(out, self.room());
        let step = loop {
            if !self.queue.execute(literals, left, &mut executor)? {
                break Step::Full;
            }
            self.verdict.result()?;
            if self.left == 0 {
                break Step::End;
            }
            self.decode(stream);
        };
        self.room = self.room.wrapping_sub(out.committed().wrapping_sub(before) as u32);
        Ok(step)
    }

    /// Decodes the next sequences, and finds out what is wrong behind those that are good.
    fn decode(&mut self, stream: &[u8]) {
        let mut bits = BackwardBits::resume(stream, self.held);
        let mut count = 0usize;
        while count < SIZE && self.left > 0 {
            // After the last one there are no states.
            let most = self.left.wrapping_sub(1) as usize;
            let done = self.decode_some::<false>(&mut bits, count, most);
            count = count.wrapping_add(done);
            self.left = self.left.wrapping_sub(done as u32);
            if count >= SIZE {
                break;
            }
            self.decode_some::<true>(&mut bits, count, 1);
            self.left = self.left.wrapping_sub(1);
            // "At the end, the bitstream shall be entirely consumed."
            let is_overdrawn = bits.is_overdrawn();
            if is_overdrawn || (self.left == 0 && !bits.is_at_end()) {
                self.verdict = Verdict::Just(Error::ZstdSequencesStream);
            }
            if is_overdrawn {
                break;
            }
            count = count.wrapping_add(1);
        }
        self.held = bits.hold();
        self.queue.begin(count);
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
        let [mut literals_state, mut offset_state, mut match_state] =
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
            let literals_row = self.literals.row(literals_state);
            let offset_row = self.offsets.row(offset_state);
            let match_row = self.matches.row(match_state);
            let length_bits = literals_row.bits.wrapping_add(match_row.bits);
            if !LAST && offset_row.bits.wrapping_add(length_bits) > MAX_FAST_BITS {
                break;
            }
            let value = offset_row.value(b.take(offset_row.bits));
            if LAST {
                b.refill();
            }
            let (mut length, mut literals) = (match_row.base, literals_row.base);
            // Most lengths are short, which are told by their codes alone.
            if length_bits > 0 {
                length = match_row.value(b.take(match_row.bits));
                literals = literals_row.value(b.take(literals_row.bits));
            }
            if LAST {
                b.refill();
            }
            if !LAST || self.left > 1 {
                literals_state = self.literals.next::<TABLE>(literals_row, &mut b);
                match_state = self.matches.next::<TABLE>(match_row, &mut b);
                offset_state = self.offsets.next::<OFFSET_TABLE>(offset_row, &mut b);
            }
            *slot = resolver.sequence(value, literals, length);
            count = count.wrapping_add(1);
        }
        *bits = b;
        self.states = [literals_state, offset_state, match_state];
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
