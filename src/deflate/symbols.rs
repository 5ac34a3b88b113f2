// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The symbols of a compressed block: alphabets, tables and the loop (RFC 1951, 3.2.5 and 3.2.6).

use crate::bits::{Bits, REFILLED};
use crate::output::Step;
use crate::output::{Cursor, Fast};
use crate::zeroed::zeroed;
use crate::{Error, Page};

use super::table::{Entry, Table};
use super::WINDOW;

/// Symbols that have codes: 286 and 287 take part in the fixed code, and mean nothing (3.2.6).
pub(super) const LITLEN_SYMBOLS: usize = 288;
/// Symbols that have codes: 30 and 31 take part in the fixed code too, and mean nothing (3.2.6).
pub(super) const DISTANCE_SYMBOLS: usize = 32;

/// Bits of the first tables.
const LITLEN_BITS: u32 = 11;
const DISTANCE_BITS: u32 = 9;

/// One refill is enough for any symbol: longest code 15, its extra bits 5, distance code 15, its
/// extra bits 13 (3.2.5).
const _: () = assert!(15 + 5 + 15 + 13 <= REFILLED);

/// A turn of the fast loop consumes after its refill at most a literal, then a length with any code, then
/// a distance that is found in the first table. The next literal or length can be looked up at its end,
/// because a refill makes all 64 bits readable.
const _: () = assert!(LITLEN_BITS + (15 + 5) + (DISTANCE_BITS + 13) + LITLEN_BITS <= u64::BITS);

/// A distance that needs a second lookup has a refill of its own, after the first one.
const _: () = assert!((LITLEN_BITS + (15 + 5) + DISTANCE_BITS) <= REFILLED);
const _: () = assert!(15 - DISTANCE_BITS + 13 + LITLEN_BITS <= REFILLED);

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
}

/// Decodes symbols until the block, the input or the round's room ends.
pub(super) fn decode<P: Page>(
    codes: &Codes,
    bits: &mut Bits<'_>,
    out: &mut Cursor<'_, P>,
) -> Result<Step, Error> {
    let mut fast = Fast::new(out);
    let mut at = fast.begin(WINDOW as usize);
    let stop = loop {
        let mut stop = run::<true, P>(codes, bits, &mut fast, &mut at);
        if let Stop::Edge = stop {
            stop = run::<false, P>(codes, bits, &mut fast, &mut at);
        }
        if !matches!(stop, Stop::Edge) {
            break stop;
        }
    };
    fast.finish(at)?;
    match stop {
        Stop::Step(step) => Ok(step),
        Stop::Invalid(error) => Err(error),
        Stop::Edge => Err(Error::Internal),
    }
}

/// The symbol loop.
///
/// `FAST`: while a refill finds eight bytes of input, and the page has ample room. Then a turn takes up
/// to two literals, or at most one and then a match, for one refill. `entry` is always that of the bits
/// to come: it is looked up before the copy, and both run beside each other. Nothing is judged: a turn
/// that finds the end of the block, or no valid symbol, takes nothing of it and leaves it to the other
/// loop.
///
/// Otherwise one symbol a turn, and at least one; ends where the fast loop can go on. A symbol with its
/// extra bits and its distance is read on a copy of the reader, which becomes the reader if its bits
/// were all there and there is room; where bits are missing, lookups see zeros.
#[inline(never)]
fn run<const FAST: bool, P: Page>(
    codes: &Codes,
    bits: &mut Bits<'_>,
    out: &mut Fast<'_, '_, P>,
    place: &mut usize,
) -> Stop {
    // Copies that live in registers.
    let (mut b, mut at) = (*bits, *place);
    if FAST && !b.refill_word() {
        return Stop::Edge;
    }
    let mut entry = codes.litlen.first(b.peek());
    let mut turns = 0;
    let stop = loop {
        let (mut room, mut is_full) = (None, false);
        if FAST {
            let Some(spot) = out.spot(at) else { break Stop::Edge };
            if !b.refill_word() {
                break Stop::Edge;
            }
            if entry.is_literal() {
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
                room = Some(spot.without_literals());
            } else {
                room = Some(spot.without_literals());
            }
        } else {
            if out.is_stopped() {
                break Stop::Step(Step::Full);
            }
            if turns > 0 && b.has_word() && out.spot(at).is_some() {
                break Stop::Edge;
            }
            turns = 1;
            is_full = out.is_full(at);
            b.refill();
            entry = codes.litlen.first(b.peek());
        }

        let mut next = b;
        let mut length = entry;
        if !length.has_extra() {
            if length.is_link() {
                next.consume_entry(LITLEN_BITS);
                length = codes.litlen.second(length, next.peek());
            }
            if !length.has_extra() {
                if FAST {
                    break Stop::Edge;
                }
                next.consume(length.bits());
                if next.is_overdrawn() {
                    break Stop::Step(Step::NeedInput);
                }
                if length.is_literal() {
                    let Some(after) = out.push(at, length.literal()) else {
                        break Stop::Step(Step::Full);
                    };
                    at = after;
                    b = next;
                    continue;
                }
                if !length.is_end_of_block() {
                    break Stop::Invalid(Error::DeflateLitlenSymbol);
                }
                b = next;
                break Stop::Step(Step::Done);
            }
        }
        let length = take_value::<FAST>(&mut next, length);

        let mut distance = codes.distance.first(next.peek());
        if !distance.has_extra() {
            if distance.is_link() {
                next.consume_entry(DISTANCE_BITS);
                // For the lookup at the end of the turn.
                if FAST && !next.refill_word() {
                    break Stop::Edge;
                }
                distance = codes.distance.second(distance, next.peek());
            }
            if FAST && !distance.has_extra() {
                break Stop::Edge;
            }
        }
        let is_valid = distance.has_extra();
        let distance = take_value::<FAST>(&mut next, distance);
        if !FAST {
            if next.is_overdrawn() {
                break Stop::Step(Step::NeedInput);
            }
            if !is_valid {
                break Stop::Invalid(Error::DeflateDistanceSymbol);
            }
            if is_full {
                break Stop::Step(Step::Full);
            }
        }
        b = next;
        if FAST {
            entry = codes.litlen.first(b.peek());
        }
        at = match room {
            Some(spot) => spot.copy(distance, length),
            None => out.copy_exactly(at, distance, length),
        };
    };
    if FAST {
        b.mask_count();
    }
    (*bits, *place) = (b, at);
    stop
}

/// Consumes a length's or distance's code and extra bits.
#[inline(always)]
fn take_value<const FAST: bool>(bits: &mut Bits<'_>, entry: Entry) -> usize {
    let own = entry.own_bits(bits.peek());
    if FAST {
        bits.consume_entry(entry.word());
    } else {
        bits.consume(entry.bits());
    }
    entry.value_with_extra(own)
}
