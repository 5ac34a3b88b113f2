// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The symbols of a compressed block: alphabets, tables and the loop (RFC 1951, 3.2.5 and 3.2.6).

use crate::bits::{Bits, REFILLED};
use crate::output::Step;
use crate::output::{Cursor, Fast};
use crate::zeroed::zeroed;
use crate::{Error, Page};

use super::table::{Entry, Table};
use super::WINDOW;

/// Symbols of the litlen code. The fixed code has codes for 286 and 287 too, which are invalid
/// (3.2.6).
pub(super) const LITLEN_SYMBOLS: usize = 288;
/// Symbols of the distance code. The fixed code has codes for 30 and 31 too, which are invalid
/// (3.2.6).
pub(super) const DISTANCE_SYMBOLS: usize = 32;

/// Bits that index the first table of each code.
const LITLEN_BITS: u32 = 11;
const DISTANCE_BITS: u32 = 9;

/// Careful loop: a turn makes one refill, which is enough for a whole length and distance. So if
/// bits are missing, the input has ended. A litlen code has up to 15 bits, and a length up to 5
/// extra bits; a distance code has up to 15 bits, and a distance up to 13 extra bits (3.2.5).
const _: () = assert!(15 + 5 + 15 + 13 <= REFILLED);

/// Fast loop: after its refill, a turn reads at most the following bits. It consumes all but the
/// last 11: 53 bits, and at least 56 are counted. The last lookup only peeks, for which all 64 bits
/// are good.
///
/// ```text
/// literal | length, any code, extra bits | distance, first table, extra bits | next litlen lookup
///      11 |                       15 + 5 |                            9 + 13 |            11 = 64
/// ```
const _: () = assert!(LITLEN_BITS + (15 + 5) + (DISTANCE_BITS + 13) + LITLEN_BITS <= u64::BITS);

/// Fast loop: a distance whose code is in a second table takes another refill between its two
/// lookups. Before it, a turn consumes at most 11 + 20 + 9 bits; after it, the remaining 6 bits of
/// the code and 13 extra bits, and then peeks at 11 more.
const _: () = assert!((LITLEN_BITS + (15 + 5) + DISTANCE_BITS) <= REFILLED);
const _: () = assert!(15 - DISTANCE_BITS + 13 + LITLEN_BITS <= REFILLED);

/// The second tables of a complete code with up to 288 symbols and code lengths up to 15 take at
/// most 294 entries if the first table has 11 bits (by exhaustive search).
type LitlenTable = Table<{ 1 << LITLEN_BITS }, 512>;
/// The second tables of a complete code with up to 32 symbols and code lengths up to 15 take at
/// most 82 entries if the first table has 9 bits (by exhaustive search).
type DistanceTable = Table<{ 1 << DISTANCE_BITS }, 128>;

/// The tables of a block's two codes. All-zero memory is a valid value.
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
    // Lengths 3 to 10 have no extra bits. From there on, each group of four symbols has one extra
    // bit more than the group before it. Length 258 has a symbol of its own.
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
    // Distances 1 to 4 have no extra bits. From there on, each pair of symbols has one extra bit
    // more than the pair before it.
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

/// Why [`run`] returned.
enum Stop {
    /// The other instance of the loop continues from here.
    Edge,
    /// The block, the input or the round's room has ended.
    Step(Step),
    /// The next symbol is invalid.
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

/// The symbol loop, in two instances.
///
/// The fast one (`FAST`) runs while a refill finds eight bytes of input and the page has ample
/// room. A turn decodes two literals, or a match with at most one literal before it. `entry` is the
/// result of looking up the bits to come; the lookup for the next turn is made before the copy, so
/// that a processor can do both at once. The fast instance judges nothing: at the end of the block,
/// an invalid symbol, or a literal whose code is in a second table, it consumes nothing of that
/// symbol and returns.
///
/// The careful one decodes one symbol per turn. After at least one symbol, it returns as soon as
/// the fast one can run. It reads a symbol, with its extra bits and its distance, on a copy of the
/// reader, and keeps the copy if no bits were missing and the symbol's output has room. Where bits
/// are missing, lookups see zeros, and the copy is overdrawn.
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
                // For the remaining bits of the distance, and the lookup at the end of the turn.
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

/// Consumes the code and the extra bits of a length or distance, and returns its value.
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
