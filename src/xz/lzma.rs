// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! LZMA: literals, matches, and the loop that decodes them (LZMA specification).

use crate::decoder::Engine;
use crate::output::{Cursor, Step};
use crate::slices::rest_from;
use crate::zeroed::{zeroed, zeroed_enum};
use crate::{Error, Page};

use super::model::{Model, Properties, MIN_LENGTH};
use super::range::{self, Coder, Range};

/// The most bytes of input that a symbol takes. A match with a new distance has the most bits:
/// whether it is a match and whether its distance is an old one, ten of its length, six of the
/// distance's slot, 26 direct ones, and the four lowest of the distance.
///
/// This is the margin of the fast loop, which checks once per symbol that as many bytes remain.
/// Near the end of the input, `careful` pads it with zeros to as many bytes, and checks afterwards
/// whether the symbol took one of the zeros.
pub(super) const MAX_SYMBOL: usize = range::most_bytes(1 + 1 + 10 + 6 + 4, 26);
const _: () = assert!(MAX_SYMBOL == 20);

/// States below this follow a literal.
const LITERAL_STATES: u32 = 7;

/// What an end marker has for its distance, less one.
const END_MARKER: u32 = u32::MAX;

zeroed_enum! {
    /// Where an end marker is allowed.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(super) enum Marker {
        /// Nowhere.
        Never = 0,
        /// Where the known size ends. It need not be there.
        AtEnd,
        /// Anywhere. The data end with it.
        Anywhere,
    }
}

zeroed_enum! {
    /// What is being decoded.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Stage {
        /// Bytes that are not compressed.
        Stored = 0,
        Symbols,
        /// The end marker has been decoded.
        Marked,
        /// The last symbol took input from after the chunk's end.
        Overrun,
    }
}

/// The engine of xz and .lzma: the state of an LZMA decoder. All-zero memory is a fresh one.
pub struct LzmaEngine {
    stage: Stage,
    marker: Marker,
    properties: Properties,
    /// Bytes of input and output that remain of the chunk or file; all ones where that is not
    /// known.
    input_left: u64,
    output_left: u64,
    range: range::State,
    /// What the last symbols were: 0 to 11 (LZMA specification, "State").
    state: u32,
    /// The last distances, less one, the latest first.
    distances: [u32; 4],
    blocks: u64,
    model: Model,
}

zeroed! {
    impl for LzmaEngine {
        stage, marker, properties, input_left, output_left, range, state, distances, blocks, model,
    }
}

/// Why no more symbols are decoded.
enum Stop {
    /// A margin has ended: too little input for any symbol, the end of the chunk's, or no room.
    Edge,
    /// The next symbol is not complete in the input.
    Starved,
    /// The next symbol needs room, and the round has none.
    Full,
    /// One symbol was decoded, as was asked for.
    Symbol,
    /// The symbol was the end marker.
    Marker,
    Invalid(Error),
    /// A copy from this distance failed.
    Copy {
        distance: usize,
    },
}

impl Engine for LzmaEngine {
    fn step<P: Page>(
        &mut self,
        input: &[u8],
        out: &mut Cursor<'_, P>,
    ) -> (usize, Result<Step, Error>) {
        match self.stage {
            Stage::Stored => self.stored(input, out),
            Stage::Symbols | Stage::Marked | Stage::Overrun => self.symbols(input, out),
        }
    }

    fn blocks(&self) -> u64 {
        self.blocks
    }

    fn reset(&mut self) {
        self.blocks = 0;
    }
}

impl LzmaEngine {
    pub(super) fn begin_block(&mut self) {
        self.blocks = self.blocks.wrapping_add(1);
    }

    /// Sets the properties for the symbols that follow.
    pub(super) fn set_properties(&mut self, byte: u8) -> Result<(), Error> {
        self.properties = Properties::new(byte).ok_or(Error::LzmaProperties)?;
        Ok(())
    }

    /// Forgets all that was learnt from the symbols so far.
    pub(super) fn reset_state(&mut self) {
        self.model.reset(self.properties);
        self.state = 0;
        self.distances = [0; 4];
    }

    /// Begins a chunk of bytes that are not compressed.
    pub(super) fn begin_stored(&mut self, length: u64) {
        self.stage = Stage::Stored;
        self.input_left = length;
        self.output_left = length;
    }

    /// Begins compressed data, of which `start` are the first bytes. The sizes are those of the
    /// remaining input and of the output, all ones where they are not known.
    pub(super) fn begin_symbols(
        &mut self,
        start: [u8; range::START],
        (input, output): (u64, u64),
        marker: Marker,
    ) -> Result<(), Error> {
        let [0, code @ ..] = start else { return Err(Error::LzmaFirstByte) };
        self.stage = Stage::Symbols;
        self.range = range::State::new(u32::from_be_bytes(code));
        self.input_left = input;
        self.output_left = output;
        self.marker = marker;
        Ok(())
    }

    fn stored<P: Page>(
        &mut self,
        input: &[u8],
        out: &mut Cursor<'_, P>,
    ) -> (usize, Result<Step, Error>) {
        let left = usize::try_from(self.output_left).unwrap_or(usize::MAX);
        let (taken, step) = out.store(input, left);
        self.output_left = self.output_left.saturating_sub(taken as u64);
        (taken, Ok(step))
    }

    fn symbols<P: Page>(
        &mut self,
        input: &[u8],
        out: &mut Cursor<'_, P>,
    ) -> (usize, Result<Step, Error>) {
        let mut rest = input;
        let result = loop {
            if out.is_parked() {
                break Ok(Step::Full);
            }
            if self.output_left == 0 || self.stage != Stage::Symbols {
                match self.finish(&mut rest) {
                    Ok(None) => {}
                    Ok(Some(step)) => break Ok(step),
                    Err(error) => break Err(error),
                }
            }
            let ample = rest.len() >= MAX_SYMBOL && out.history() > 0 && !out.is_full();
            let (used, stop) = if ample { self.fast(rest, out) } else { self.careful(rest, out) };
            rest = rest_from(rest, used);
            let left = self.input_left.checked_sub(used as u64);
            self.input_left = left.unwrap_or(0);
            match stop {
                Stop::Invalid(error) => break Err(error),
                Stop::Copy { distance } => break Err(out.why_not(distance)),
                // The symbol is written all the same: with other pages the caller may have it
                // already.
                _ if left.is_none() => self.stage = Stage::Overrun,
                Stop::Edge | Stop::Symbol => {}
                Stop::Full => break Ok(Step::Full),
                Stop::Starved => break Ok(Step::NeedInput),
                Stop::Marker => match self.marker {
                    Marker::Anywhere => self.stage = Stage::Marked,
                    Marker::AtEnd if self.output_left == 0 => self.stage = Stage::Marked,
                    _ => break Err(Error::LzmaEndMarker),
                },
            }
        };
        (input.len().saturating_sub(rest.len()), result)
    }

    /// What comes at the end of the known size, or after an end marker. `None`: an end marker must
    /// come.
    fn finish(&mut self, rest: &mut &[u8]) -> Result<Option<Step>, Error> {
        if self.stage == Stage::Overrun {
            return Err(Error::Lzma2ChunkSize);
        }
        // The encoder's last byte may still have to be taken, as before any bit.
        if self.range.is_short() {
            self.input_left = self.input_left.checked_sub(1).ok_or(Error::Lzma2ChunkSize)?;
            let Some((&byte, after)) = rest.split_first() else {
                self.input_left = self.input_left.wrapping_add(1);
                return Ok(Some(Step::NeedInput));
            };
            self.range.shift_in(byte);
            *rest = after;
        }
        match self.marker {
            Marker::AtEnd if self.stage != Stage::Marked && !self.range.is_at_end() => Ok(None),
            _ if !self.range.is_at_end() => Err(Error::LzmaEnd),
            Marker::Never if self.input_left > 0 => Err(Error::Lzma2ChunkSize),
            _ => Ok(Some(Step::Done)),
        }
    }

    /// Decodes symbols while there is input for any symbol.
    fn fast<P: Page>(&mut self, input: &[u8], out: &mut Cursor<'_, P>) -> (usize, Stop) {
        // A symbol may start where the chunk's input ends, but not after that.
        let chunk = usize::try_from(self.input_left).unwrap_or(usize::MAX);
        let least = input.len().saturating_sub(chunk).max(MAX_SYMBOL);
        let coder = Coder { state: self.range, rest: input.iter() };
        let mut range = Range::<false> { coder, trial: false };
        let stop = self.run(&mut range, least, out);
        self.range = range.coder.state;
        (input.len().saturating_sub(range.coder.rest.len()), stop)
    }

    /// Decodes one symbol, if it is complete in the input and there is room for it. To find out, it
    /// is decoded twice: first in a trial, which changes neither the model nor the output.
    fn careful<P: Page>(&mut self, input: &[u8], out: &mut Cursor<'_, P>) -> (usize, Stop) {
        let mut padded = [0; MAX_SYMBOL];
        padded.iter_mut().zip(input).for_each(|(slot, &byte)| *slot = byte);
        let coder = Coder { state: self.range, rest: padded.iter() };
        let start = Range::<true> { coder, trial: true };

        let full = out.is_full() || self.output_left == 0;
        if full && self.output_left > 0 && self.marker != Marker::Anywhere {
            return (0, Stop::Full);
        }
        let mut range = start.clone();
        let stop = self.run(&mut range, 0, out);
        let used = MAX_SYMBOL.saturating_sub(range.coder.rest.len());
        if used > input.len() {
            return (0, Stop::Starved);
        }
        if full && !matches!(stop, Stop::Marker) {
            let stop =
                if self.output_left == 0 { Stop::Invalid(Error::LzmaEnd) } else { Stop::Full };
            return (0, stop);
        }
        let mut range = Range { trial: false, ..start };
        let stop = self.run(&mut range, 0, out);
        self.range = range.coder.state;
        (used, stop)
    }

    /// The symbol loop. It runs while at least `least` bytes of input remain and the round has
    /// room. If `CAREFUL`, it decodes one symbol and looks at neither; in a trial that leaves no
    /// trace.
    #[inline(never)]
    fn run<const CAREFUL: bool, P: Page>(
        &mut self,
        range: &mut Range<'_, CAREFUL>,
        least: usize,
        out: &mut Cursor<'_, P>,
    ) -> Stop {
        let before = out.committed();
        let output_left = usize::try_from(self.output_left).unwrap_or(usize::MAX / 2);
        out.cap(output_left);
        let end = out.history().saturating_add(output_left);
        // Copies that live in registers.
        let mut r = range.clone();
        let mut cursor = out.reborrow();
        let (model, properties) = (&mut self.model, self.properties);
        let (mut state, [mut rep0, mut rep1, mut rep2, mut rep3]) = (self.state, self.distances);
        let stop = loop {
            if !CAREFUL && r.coder.rest.len() < least {
                break Stop::Edge;
            }
            // Not `Full`: the next symbol can be an end marker, which needs no room.
            if !CAREFUL && cursor.is_full() {
                break Stop::Edge;
            }
            let position = cursor.history();
            let position_state = properties.position_state(position);
            let from = state as usize & 15;

            if !r.bit(&mut model.is_match[from][position_state]) {
                // The byte before the first one counts as null.
                let previous = if CAREFUL && position == 0 { 0 } else { cursor.last() };
                let coder = &mut model.literal_coders[properties.literal_coder(position, previous)];
                let byte = if state < LITERAL_STATES {
                    r.tree(&mut coder.plain) as u8
                } else {
                    let distance = (rep0 as usize).wrapping_add(1);
                    let Some(suggested) = cursor.peek(distance) else {
                        break Stop::Copy { distance };
                    };
                    r.suggested_literal(coder, suggested)
                };
                if CAREFUL && r.trial {
                    break Stop::Symbol;
                }
                let _ = cursor.push(byte);
                state = state.saturating_sub(if state < 10 { 3 } else { 6 });
                if CAREFUL {
                    break Stop::Symbol;
                }
                continue;
            }

            let after_literal = state < LITERAL_STATES;
            let is_new = !r.bit(&mut model.is_rep[from]);
            let mut lengths = &mut model.match_lengths;
            let mut is_short = false;
            if is_new {
                state = if after_literal { 7 } else { 10 };
            } else {
                lengths = &mut model.rep_lengths;
                state = if after_literal { 8 } else { 11 };
                if !r.bit(&mut model.is_rep0[from]) {
                    if !r.bit(&mut model.is_rep0_long[from][position_state]) {
                        state = if after_literal { 9 } else { 11 };
                        is_short = true;
                    }
                } else if !r.bit(&mut model.is_rep1[from]) {
                    (rep0, rep1) = (rep1, rep0);
                } else if !r.bit(&mut model.is_rep2[from]) {
                    (rep0, rep1, rep2) = (rep2, rep0, rep1);
                } else {
                    (rep0, rep1, rep2, rep3) = (rep3, rep0, rep1, rep2);
                }
            }
            let length = if is_short { 1 } else { r.length(lengths, position_state) };
            if is_new {
                (rep1, rep2, rep3) = (rep0, rep1, rep2);
                let slots = &mut model.slots[length.wrapping_sub(MIN_LENGTH).min(3)];
                rep0 = r.distance(slots, &mut model.low_bits, &mut model.align);
                if rep0 == END_MARKER {
                    break Stop::Marker;
                }
            }
            if CAREFUL && r.trial {
                break Stop::Symbol;
            }
            if length > end.wrapping_sub(position) {
                break Stop::Invalid(Error::LzmaLength);
            }
            let distance = (rep0 as usize).wrapping_add(1);
            let done = if CAREFUL {
                cursor.copy_slowly(distance, length)
            } else {
                cursor.copy(distance, length)
            };
            if !done {
                break Stop::Copy { distance };
            }
            if CAREFUL {
                break Stop::Symbol;
            }
        };
        let mark = cursor.mark();
        let trial = r.trial;
        *range = r;
        if !(CAREFUL && trial) {
            out.move_to(mark);
            self.state = state;
            self.distances = [rep0, rep1, rep2, rep3];
            let written = out.committed().wrapping_sub(before);
            self.output_left = self.output_left.saturating_sub(written as u64);
        }
        stop
    }
}
