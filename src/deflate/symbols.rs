// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The symbols of a compressed block: alphabets, tables and the loop (RFC 1951, 3.2.5 and 3.2.6).

use crate::bits::{Bits, REFILLED};
use crate::output::Cursor;
use crate::prefix_code::{Entry, Table};
use crate::wrapped::Step;
use crate::zeroed::zeroed;
use crate::{Error, Page};

/// Symbols that have codes: 286 and 287 take part in the fixed code, and mean nothing (3.2.6).
pub(super) const LITLEN_SYMBOLS: usize = 288;
/// Likewise 30 and 31.
pub(super) const DISTANCE_SYMBOLS: usize = 32;

/// One refill is enough for any symbol: longest code 15, its extra bits 5, distance code 15, its
/// extra bits 13 (3.2.5).
const _: () = assert!(15 + 5 + 15 + 13 <= REFILLED);

/// Bits of the first tables.
const LITLEN_BITS: u32 = 11;
const DISTANCE_BITS: u32 = 9;

/// Literals taken for one refill.
const LITERALS: usize = 3;
const _: () = assert!(LITERALS as u32 * LITLEN_BITS <= REFILLED);
/// A literal and a match fit into one refill if neither literal nor length is a link: 11 and 11
/// bits, 5 extra bits, and the distance's 15 and 13.
const _: () = assert!(2 * LITLEN_BITS + 5 + 15 + 13 <= REFILLED);

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
    /// A turn without ample input or room is next, or is over.
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
        let mut stop = run::<true, P>(codes, bits, out);
        if let Stop::Edge = stop {
            stop = run::<false, P>(codes, bits, out);
        }
        match stop {
            Stop::Edge => {}
            Stop::Step(step) => return Ok(step),
            Stop::Invalid(error) => return Err(error),
            Stop::Copy { distance } => return Err(out.why_not(distance)),
        }
    }
}

/// The symbol loop. A turn takes up to [`LITERALS`] literals, or at most one and then a match.
///
/// `AMPLE`: as long as a turn finds [`REFILLED`] bits and room for its literals, which saves it
/// the checks for them. Otherwise one turn, of one symbol.
///
/// A symbol with its extra bits and its distance is taken on a copy of the reader, which becomes
/// the reader if its bits were all there; where bits are missing, lookups see zeros.
#[inline(never)]
fn run<const AMPLE: bool, P: Page>(
    codes: &Codes,
    bits: &mut Bits<'_>,
    out: &mut Cursor<'_, P>,
) -> Stop {
    // Copies that live in registers.
    let mut b = *bits;
    let mut cursor = out.reborrow();
    let mut turns = 0;
    let stop = loop {
        let ample = b.refill() && cursor.has_room(LITERALS);
        if ample != AMPLE || (!AMPLE && turns > 0) {
            break Stop::Edge;
        }
        turns = 1;
        if !AMPLE && cursor.is_parked() {
            break Stop::Step(Step::Full);
        }

        let mut entry = codes.litlen.first(b.peek());
        if AMPLE && entry.is_literal() {
            entry = take_literal(codes, &mut b, &mut cursor, entry);
            if entry.is_literal() {
                entry = take_literal(codes, &mut b, &mut cursor, entry);
                if entry.is_literal() {
                    take_literal(codes, &mut b, &mut cursor, entry);
                }
                continue;
            }
            if !entry.has_extra() {
                continue;
            }
        }

        let mut next = b;
        if !entry.has_extra() {
            if entry.is_link() {
                next.consume(LITLEN_BITS);
                entry = codes.litlen.second(entry, next.peek());
            }
            if !entry.has_extra() {
                next.consume(entry.bits());
                if !AMPLE && next.is_overdrawn() {
                    break Stop::Step(Step::NeedInput);
                }
                if entry.is_literal() {
                    if (!AMPLE && cursor.is_full()) || !cursor.push(entry.literal()) {
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
        }
        let length = entry.value_with_extra(next.peek());
        next.consume(entry.bits());

        let mut entry = codes.distance.first(next.peek());
        if entry.is_link() {
            next.consume(DISTANCE_BITS);
            entry = codes.distance.second(entry, next.peek());
        }
        let distance = entry.value_with_extra(next.peek());
        next.consume(entry.bits());
        if !AMPLE && next.is_overdrawn() {
            break Stop::Step(Step::NeedInput);
        }
        if !entry.has_extra() {
            break Stop::Invalid(Error::DeflateDistanceSymbol);
        }
        if !AMPLE && cursor.is_full() {
            break Stop::Step(Step::Full);
        }
        b = next;
        let done = if AMPLE {
            cursor.copy(distance, length)
        } else {
            cursor.copy_slowly(distance, length)
        };
        if !done {
            break Stop::Copy { distance };
        }
    };
    let mark = cursor.mark();
    out.move_to(mark);
    *bits = b;
    stop
}

/// Takes a literal of the first table, for which there is room, and looks up what follows.
#[inline(always)]
fn take_literal<P: Page>(
    codes: &Codes,
    bits: &mut Bits<'_>,
    out: &mut Cursor<'_, P>,
    literal: Entry,
) -> Entry {
    bits.consume(literal.bits());
    let _ = out.push(literal.literal());
    codes.litlen.first(bits.peek())
}
