// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The symbols of a compressed block: alphabets, tables and the loop (RFC 1951, 3.2.5 and 3.2.6).

use super::WINDOW;
use crate::bits::{Bits, REFILLED};
use crate::output::{Cursor, Fast};
use crate::prefix_code::{Entry, Table};
use crate::wrapped::Step;
use crate::zeroed::zeroed;
use crate::{Error, Page};

/// Symbols that have codes: 286 and 287 take part in the fixed code, and mean nothing (3.2.6).
pub(super) const LITLEN_SYMBOLS: usize = 288;
/// Likewise 30 and 31.
pub(super) const DISTANCE_SYMBOLS: usize = 32;

/// Bits of the first tables.
const LITLEN_BITS: u32 = 11;
const DISTANCE_BITS: u32 = 9;

/// One refill is enough for any symbol: longest code 15, its extra bits 5, distance code 15, its
/// extra bits 13 (3.2.5).
const MAX_SYMBOL_BITS: u32 = 15 + 5 + 15 + 13;
const _: () = assert!(MAX_SYMBOL_BITS <= REFILLED);

/// A turn of the fast loop consumes at most this many bits after its refill: a literal, then a length
/// with any code, then a distance that is found in the first table.
const MAX_TURN_BITS: u32 = LITLEN_BITS + (15 + 5) + (DISTANCE_BITS + 13);
/// So the next literal or length can be looked up at its end: a refill makes all 64 bits readable.
const _: () = assert!(MAX_TURN_BITS + LITLEN_BITS <= u64::BITS);
/// With a distance that needs a second lookup the bits are all there, but none to look up what follows.
const _: () = assert!(LITLEN_BITS + MAX_SYMBOL_BITS <= u64::BITS);

/// The most entries that the second tables of a complete code with these first tables and code
/// lengths up to 15 can take, by exhaustive search over all codes: 294 for 288 symbols and 11
/// bits, 82 for 32 symbols and 9 bits.
type LitlenTable = Table<{ 1 << LITLEN_BITS }, 512>;
type DistanceTable = Table<{ 1 << DISTANCE_BITS }, 128>;

/// The tables of a block's two codes; all-zero memory is a valid value.
pub(super) struct Codes {
    pub(super) litlen: LitlenTable,
    pub(super) distance: DistanceTable,
}

zeroed! { impl for Codes { litlen, distance } }

/// The literal/length alphabet (3.2.5).
pub(super) static LITLEN: [Entry; LITLEN_SYMBOLS] = {
    let mut symbols = [Entry::INVALID; LITLEN_SYMBOLS];
    let mut byte = 0;
    while byte < 256 {
        symbols[byte] = Entry::of_literal(byte as u8);
        byte += 1;
    }
    symbols[256] = Entry::END_OF_BLOCK;
    // Lengths 3 to 10 have no extra bits; then each four symbols have one more. 258 has a symbol
    // of its own.
    let mut length = 3;
    let mut index = 0;
    while index < 28 {
        let extra = if index < 8 { 0 } else { (index as u32 - 4) / 4 };
        symbols[257 + index] = Entry::of_extra(length, extra);
        length += 1 << extra;
        index += 1;
    }
    symbols[285] = Entry::of_extra(258, 0);
    symbols
};

/// The distance alphabet (3.2.5).
pub(super) static DISTANCE: [Entry; DISTANCE_SYMBOLS] = {
    let mut symbols = [Entry::INVALID; DISTANCE_SYMBOLS];
    // Distances 1 to 4 have no extra bits; then each two symbols have one more.
    let mut distance = 1;
    let mut index = 0;
    while index < 30 {
        let extra = if index < 4 { 0 } else { (index as u32 - 2) / 2 };
        symbols[index] = Entry::of_extra(distance, extra);
        distance = distance.wrapping_add(1 << extra);
        index += 1;
    }
    symbols
};

/// Why [`run`] came back.
enum Stop {
    /// The other loop is to go on.
    Edge,
    /// The block, the input or the round's room has ended.
    Step(Step),
    Invalid(Error),
    /// A copy from this distance failed.
    Copy {
        distance: usize,
    },
}

/// Decodes symbols until the block, the input or the round's room ends.
pub(super) fn decode<P: Page>(
    codes: &Codes,
    bits: &mut Bits<'_>,
    out: &mut Cursor<'_, P>,
) -> Result<Step, Error> {
    loop {
        let mut stop = fast(codes, bits, out);
        if let Stop::Edge = stop {
            stop = careful(codes, bits, out);
        }
        match stop {
            Stop::Edge => {}
            Stop::Step(step) => return Ok(step),
            Stop::Invalid(error) => return Err(error),
            Stop::Copy { distance } => return Err(out.why_not(distance)),
        }
    }
}

/// Symbols while a refill finds eight bytes of input, and the page has ample room.
///
/// A turn has one refill, and takes up to two literals, or at most one and then a match. The entry of
/// the next literal or length is looked up before the turn ends: `entry` is always that of the bits to
/// come. So the lookup runs beside the copy.
///
/// Nothing is judged here. A turn that finds the end of the block or no valid symbol takes nothing of
/// it, and leaves it to the careful loop.
#[inline(never)]
fn fast<P: Page>(codes: &Codes, bits: &mut Bits<'_>, out: &mut Cursor<'_, P>) -> Stop {
    let Some((mut out, mut at)) = Fast::open(out, WINDOW as usize) else { return Stop::Edge };
    // A copy that lives in registers.
    let mut b = *bits;
    if !b.refill_word() {
        return Stop::Edge;
    }
    let mut entry = codes.litlen.first(b.peek());
    let stop = loop {
        let Some(spot) = out.spot(at) else { break Stop::Edge };
        if !b.refill_word() {
            break Stop::Edge;
        }
        let spot = if entry.is_literal() {
            b.consume_entry(entry.word());
            let spot = spot.literal(entry.literal());
            at = spot.at();
            entry = codes.litlen.first(b.peek());
            if entry.is_literal() {
                b.consume_entry(entry.word());
                at = spot.literal(entry.literal()).at();
                entry = codes.litlen.first(b.peek());
                continue;
            }
            spot.without_literals()
        } else {
            spot.without_literals()
        };
        let mut next = b;
        let mut length = entry;
        if !length.has_extra() {
            next.consume_entry(LITLEN_BITS);
            length = codes.litlen.second(length, next.peek());
            if !entry.is_link() || !length.has_extra() {
                break Stop::Edge;
            }
        }
        let bits_of_length = next.peek();
        next.consume_entry(length.word());
        let length = length.value_with_extra(bits_of_length);

        let mut distance = codes.distance.first(next.peek());
        if !distance.has_extra() {
            let link = distance;
            next.consume_entry(DISTANCE_BITS);
            distance = codes.distance.second(link, next.peek());
            if !link.is_link() || !distance.has_extra() || !next.has_word() {
                break Stop::Edge;
            }
            let bits_of_distance = next.peek();
            next.consume_entry(distance.word());
            let distance = distance.value_with_extra(bits_of_distance);
            next.refill_word();
            b = next;
            entry = codes.litlen.first(b.peek());
            match spot.copy_rare(distance, length) {
                Some(place) => at = place,
                None => break Stop::Copy { distance },
            }
            continue;
        }
        let bits_of_distance = next.peek();
        next.consume_entry(distance.word());
        let distance = distance.value_with_extra(bits_of_distance);
        b = next;
        entry = codes.litlen.first(b.peek());
        match spot.copy(distance, length) {
            Some(place) => at = place,
            None => break Stop::Copy { distance },
        }
    };
    b.mask_count();
    *bits = b;
    out.finish(at);
    stop
}

/// Symbols one at a time, of which at least one is taken; ends where the fast loop can go on.
#[inline(never)]
fn careful<P: Page>(codes: &Codes, bits: &mut Bits<'_>, out: &mut Cursor<'_, P>) -> Stop {
    let mut b = *bits;
    let mut turns = 0u32;
    let stop = loop {
        if out.is_parked() {
            break Stop::Step(Step::Full);
        }
        if turns > 0 && out.has_ample() && b.has_word() {
            break Stop::Edge;
        }
        turns = 1;
        b.refill();
        let mut next = b;
        let mut entry = codes.litlen.first(next.peek());
        if entry.is_link() {
            next.consume(LITLEN_BITS);
            entry = codes.litlen.second(entry, next.peek());
        }
        let bits_after_code = next.peek();
        next.consume(entry.bits());
        if !entry.has_extra() {
            if next.is_overdrawn() {
                break Stop::Step(Step::NeedInput);
            }
            if entry.is_literal() {
                if out.is_full() || !out.push(entry.literal()) {
                    break Stop::Step(Step::Full);
                }
                b = next;
                continue;
            }
            if !entry.is_end_of_block() {
                break Stop::Invalid(Error::DeflateLitlenSymbol);
            }
            b = next;
            break Stop::Step(Step::End);
        }
        let length = entry.value_with_extra(bits_after_code);

        let mut entry = codes.distance.first(next.peek());
        if entry.is_link() {
            next.consume(DISTANCE_BITS);
            entry = codes.distance.second(entry, next.peek());
        }
        let distance = entry.value_with_extra(next.peek());
        next.consume(entry.bits());
        if next.is_overdrawn() {
            break Stop::Step(Step::NeedInput);
        }
        if !entry.has_extra() {
            break Stop::Invalid(Error::DeflateDistanceSymbol);
        }
        if out.is_full() {
            break Stop::Step(Step::Full);
        }
        b = next;
        if !out.copy_slowly(distance, length) {
            break Stop::Copy { distance };
        }
    };
    *bits = b;
    stop
}
