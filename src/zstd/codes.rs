// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The codes of sequences, and their tables (RFC 8878, 3.1.1.3.2.1 and 3.1.1.3.2.2).

use crate::slices::rest_from;
use crate::Error;

use super::fse::{Alphabet, Symbol, Table};

/// Largest Accuracy_Log of literals length codes (3.1.1.3.2.1).
pub(super) const LITERALS_LENGTH_LOG: u32 = 9;
/// Largest Accuracy_Log of offset codes (3.1.1.3.2.1).
pub(super) const OFFSET_LOG: u32 = 8;
/// Largest Accuracy_Log of match length codes (3.1.1.3.2.1).
pub(super) const MATCH_LENGTH_LOG: u32 = 9;

/// Rows of each of the three tables. They have the same size, so that the same functions serve all.
pub(super) const TABLE: usize = 1 << LITERALS_LENGTH_LOG;
/// Most rows of an offset table that are in use. An offset state is read last, and the next
/// sequence needs it first, so its mask matters most: cutting a number to a byte can be part of a
/// move.
pub(super) const OFFSET_TABLE: usize = 1 << OFFSET_LOG;
/// Rows that the predefined tables have at most.
const DEFAULT: usize = 1 << 6;

/// Offset codes that are supported. Offset codes have up to 31 extra bits, and length codes up to
/// 16.
pub(super) const OFFSET_CODES: usize = 32;
/// Most bits that updating the three states takes: at most the Accuracy_Log of each.
pub(super) const STATE_BITS: u32 = LITERALS_LENGTH_LOG + OFFSET_LOG + MATCH_LENGTH_LOG;

/// Literals length codes (3.1.1.3.2.1.1).
pub(super) static LITERALS_LENGTHS: Alphabet = Alphabet::new(codes::<36, 20>(
    0,
    16,
    &[1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
));
/// Match length codes (3.1.1.3.2.1.1).
pub(super) static MATCH_LENGTHS: Alphabet = Alphabet::new(codes::<53, 21>(
    3,
    32,
    &[1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
));
/// Offset codes (3.1.1.3.2.1.1). Each has as many extra bits as its number.
pub(super) static OFFSETS: Alphabet = {
    let mut codes = [Symbol { base: 0, bits: 0 }; OFFSET_CODES];
    let mut code = 0;
    while code < OFFSET_CODES {
        codes[code] = Symbol { base: 1 << code, bits: code as u8 };
        code += 1;
    }
    Alphabet::new(codes)
};

/// Codes of the lengths from `least` on. The first `plain` codes stand for one length each. Each
/// code after them has the next number of extra bits in `bits`, and stands for the range that
/// follows the last one.
const fn codes<const N: usize, const M: usize>(
    least: u32,
    plain: usize,
    bits: &[u8; M],
) -> [Symbol; N] {
    assert!(plain + M == N);
    let mut codes = [Symbol { base: 0, bits: 0 }; N];
    let mut code = 0;
    let mut length = least;
    while code < N {
        let extra = if code < plain { 0 } else { bits[code - plain] };
        codes[code] = Symbol { base: length, bits: extra };
        length += 1 << extra;
        code += 1;
    }
    codes
}

/// The predefined table of literals length codes (3.1.1.3.2.2).
pub(super) static DEFAULT_LITERALS_LENGTHS: Table<DEFAULT> = Table::fixed(
    [
        4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1,
        1, 1, -1, -1, -1, -1,
    ],
    6,
    &LITERALS_LENGTHS,
);
/// The predefined table of match length codes (3.1.1.3.2.2).
pub(super) static DEFAULT_MATCH_LENGTHS: Table<DEFAULT> = Table::fixed(
    [
        1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
    ],
    6,
    &MATCH_LENGTHS,
);
/// The predefined table of offset codes (3.1.1.3.2.2).
pub(super) static DEFAULT_OFFSETS: Table<DEFAULT> = Table::fixed(
    [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
    5,
    &OFFSETS,
);

/// Prepares a table by its Compression_Mode (3.1.1.3.2.1), and takes its description, if any, off
/// `rest`. `known` says whether `table` is one that Repeat_Mode may use again.
pub(super) fn choose(
    table: &mut Table<TABLE>,
    mode: u8,
    known: bool,
    rest: &mut &[u8],
    (default, alphabet, log): (&Table<DEFAULT>, &Alphabet, u32),
) -> Result<(), Error> {
    match mode {
        0 => table.copy_from(default),
        1 => {
            let (&code, after) = rest.split_first().ok_or(Error::ZstdFseTable)?;
            *rest = after;
            table.repeat(alphabet.get(code).ok_or(Error::ZstdFseTable)?);
        }
        2 => read_table(table, rest, alphabet, log).ok_or(Error::ZstdFseTable)?,
        _ if known => {}
        _ => return Err(Error::ZstdNoFseTable),
    }
    Ok(())
}

/// Reads a table from its description, which it takes off `rest`.
#[inline(never)]
pub(super) fn read_table(
    table: &mut Table<TABLE>,
    rest: &mut &[u8],
    alphabet: &Alphabet,
    log: u32,
) -> Option<()> {
    let length = table.read(rest, alphabet, log).ok()?;
    *rest = rest_from(rest, length);
    Some(())
}
