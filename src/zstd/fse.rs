// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Finite State Entropy: distributions and decoding tables (RFC 8878, 4.1).

use crate::bits::{BackwardBits, Bits, Held};
use crate::zeroed::{zeroed, Zeroed};

/// Most symbols of an alphabet, which the match length codes have.
const MAX_SYMBOLS: usize = 53;

/// Most rows of a table that [`Table::build`] can make.
const MAX_ROWS: usize = 512;

/// The smallest Accuracy_Log (4.1.1).
const MIN_LOG: u32 = 5;

/// A row of a decoding table: what the symbol of one state stands for, and which states can be
/// next.
///
/// ```text
/// | base, 32 bits | next, 16 bits | state_bits, 8 bits | bits, 8 bits |  (ordered by the compiler)
///
/// value of the symbol = base + `bits` bits of the stream
/// next state          = next + `state_bits` bits of the stream
/// ```
///
/// A row has eight bytes. It has the base and extra bits of the symbol instead of the symbol
/// itself, which spares a second lookup per symbol.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// The least value that the symbol stands for.
    pub(super) base: u32,
    /// The first of the 2^`state_bits` states that can be next.
    next: u16,
    /// Bits to read for the next state.
    state_bits: u8,
    /// Extra bits of the symbol, to be added to `base`.
    pub(super) bits: u8,
}

zeroed! { impl for Row { base, next, state_bits, bits } }

impl Row {
    /// The value of the symbol, given its extra bits.
    #[inline(always)]
    pub(super) fn value(&self, bits: u32) -> u32 {
        self.base.wrapping_add(bits)
    }

    /// The next state, given the bits read for it.
    #[inline(always)]
    fn next(&self, bits: u32) -> usize {
        u32::from(self.next).wrapping_add(bits) as usize
    }
}

/// What a symbol stands for: `base`, plus a number of `bits` extra bits.
#[derive(Clone, Copy)]
pub(super) struct Symbol {
    pub(super) base: u32,
    pub(super) bits: u8,
}

/// What the symbols of an alphabet stand for.
pub(super) struct Alphabet {
    /// One symbol for each index of six bits. Symbols from `size` on are meaningless.
    symbols: [Symbol; 64],
    size: usize,
}

impl Alphabet {
    pub(super) const fn new<const N: usize>(symbols: [Symbol; N]) -> Self {
        assert!(N <= MAX_SYMBOLS);
        let mut alphabet = Self { symbols: [Symbol { base: 0, bits: 0 }; 64], size: N };
        let mut symbol = 0;
        while symbol < N {
            alphabet.symbols[symbol] = symbols[symbol];
            symbol += 1;
        }
        alphabet
    }

    pub(super) fn get(&self, symbol: u8) -> Option<Symbol> {
        self.symbols.get(..self.size)?.get(usize::from(symbol)).copied()
    }
}

/// The error of a description that defines no table.
pub(super) struct NotATable;

/// Reads a value from 0 to `most` = `remaining + 1`, of which small ones have one bit less than the
/// others (4.1.1).
///
/// `most` has `width + 1` bits, which allow 2^(`width` + 1) values: `short` more than there are. So
/// `short` values can do with `width` bits, those from 0 to `short` - 1. If the low `width` bits
/// are any other number, one more bit is read above them. If it is clear, the value is that number;
/// if it is set, `short` is subtracted from the whole, so that the values have no gap.
///
/// ```text
/// most = 157: width 7, short = 256 - 158 = 98
/// low bits 0 to 97                     values 0 to 97          7 bits
/// low bits 98 to 127, then a 0         values 98 to 127        8 bits
/// low bits 98 to 127, then a 1         values 128 to 157       8 bits, 128 + low - 98
/// ```
fn read_value(bits: &mut Bits<'_>, remaining: u32) -> Result<u16, NotATable> {
    let most = remaining.wrapping_add(1);
    let width = most.leading_zeros() ^ 31;
    let short = (1u32.wrapping_shl(width) << 1).wrapping_sub(1).wrapping_sub(most);
    bits.refill();
    let low = bits.peek() as u32 & !u32::MAX.wrapping_shl(width);
    let high = (bits.peek() as u32).wrapping_shr(width) & 1;
    let value = if low < short {
        bits.consume(width);
        low
    } else {
        bits.consume(width.wrapping_add(1));
        if high == 0 {
            low
        } else {
            low.wrapping_add(1u32.wrapping_shl(width)).wrapping_sub(short)
        }
    };
    if bits.is_overdrawn() {
        return Err(NotATable);
    }
    Ok(value as u16)
}

/// A decoding table of up to `N` rows, a power of two.
pub(super) struct Table<const N: usize> {
    rows: [Row; N],
    /// Accuracy_Log: bits of a state.
    log: u32,
    /// The distribution from which the table was built (4.1.1): how likely each symbol is, in
    /// points out of 2^`log`, or -1 for less than one point.
    points: [i16; MAX_SYMBOLS],
    /// Working memory of [`build`](Self::build): each symbol in order, as often as it has points,
    /// and room for a word after that.
    ordered: [u8; MAX_ROWS + 8],
}

zeroed! { impl [const N: usize] for Table<N> { rows, log, points, ordered } }

impl<const N: usize> Table<N> {
    /// The table of a predefined distribution (3.1.1.3.2.2).
    pub(super) const fn fixed<const M: usize>(
        points: [i16; M],
        log: u32,
        alphabet: &Alphabet,
    ) -> Self {
        let mut table = Self::ZEROED;
        table.log = log;
        let mut symbol = 0;
        while symbol < M {
            table.points[symbol] = points[symbol];
            symbol += 1;
        }
        table.build(alphabet);
        table
    }

    /// The first state of a stream.
    #[inline(always)]
    pub(super) fn start(&self, bits: &mut BackwardBits<'_>) -> usize {
        bits.take(self.log as u8) as usize
    }

    /// The state after `row`. The table must have no row in use from `ROWS` on. The state is masked
    /// here, so that the compiler sees its range, and drops the mask in [`row`](Self::row).
    #[inline(always)]
    pub(super) fn next<const ROWS: usize>(&self, row: &Row, bits: &mut BackwardBits<'_>) -> usize {
        const { assert!(ROWS <= N) };
        row.next(bits.take(row.state_bits)) & (ROWS - 1)
    }

    #[inline(always)]
    pub(super) fn row(&self, state: usize) -> &Row {
        &self.rows[state & (N - 1)]
    }

    /// Makes this the table of RLE_Mode: one row for `symbol`, which takes no bits and is its own
    /// next state.
    pub(super) fn repeat(&mut self, symbol: Symbol) {
        self.log = 0;
        self.rows[0] = Row { base: symbol.base, bits: symbol.bits, ..Row::ZEROED };
    }

    /// Reads the FSE Table Description at the start of `input`, and builds its table (4.1.1).
    /// Returns the length of the description in bytes.
    #[inline(never)]
    pub(super) fn read(
        &mut self,
        input: &[u8],
        alphabet: &Alphabet,
        max_log: u32,
    ) -> Result<usize, NotATable> {
        let mut bits = Bits::new(Held::NONE, input);
        self.log = bits.take(4).ok_or(NotATable)?.wrapping_add(MIN_LOG);
        if self.log > max_log {
            return Err(NotATable);
        }
        self.points = [0; MAX_SYMBOLS];
        let mut places = self.points.iter_mut().take(alphabet.size);
        let mut remaining = 1u32.wrapping_shl(self.log);
        while remaining > 0 {
            let point = i32::from(read_value(&mut bits, remaining)?).wrapping_sub(1);
            *places.next().ok_or(NotATable)? = point as i16;
            remaining = remaining.checked_sub(point.unsigned_abs()).ok_or(NotATable)?;
            // A zero is followed by the number of further zeros.
            let mut more = point == 0;
            while more {
                let zeros = bits.take(2).ok_or(NotATable)?;
                for _ in 0..zeros {
                    places.next().ok_or(NotATable)?;
                }
                more = zeros == 3;
            }
        }
        self.build(alphabet);
        Ok(input.len().saturating_sub(bits.unread().len()))
    }

    /// Builds the rows from the distribution (4.1.1). If the points don't add up to the table's
    /// size, some rows are meaningless.
    ///
    /// First each row gets its symbol, in `base`. Then the rows get their next states. The rows of
    /// a symbol with `p` points are numbered from `p` to 2 `p` - 1, from the lowest state up. Row
    /// number `c` reads as many bits as it takes to shift `c` up to the range from `size` to 2
    /// `size` - 1:
    ///
    /// ```text
    /// bits = log - floor(log2 c)         next = (c << bits) - size
    /// ```
    ///
    /// A row reaches 2^bits states, and `c << bits` grows by as much from one `c` to the next. So
    /// the range of one row starts where that of the row before it ends. Where `c` is a power of
    /// two, that is at `size`, and the range starts at 0 with one bit less. Together, the rows of a
    /// symbol reach each state once. For 5 points and a size of 128:
    ///
    /// ```text
    /// c                5      6      7       8      9
    /// bits             5      5      5       4      4
    /// next states  32-63  64-95  96-127   0-15  16-31
    /// ```
    #[inline(never)]
    const fn build(&mut self, alphabet: &Alphabet) {
        let log = self.log;
        const { assert!(N <= MAX_ROWS) };
        let symbols = alphabet.size;
        let size = 1usize.wrapping_shl(log);
        let mask = size.wrapping_sub(1) & (N - 1);
        // Symbols of less than one point get a row each, from the last row down. The others are
        // listed in `ordered`, each as often as it has points. A store writes eight copies of a
        // symbol, and the next symbol overwrites those that are too many. So symbols of one to
        // eight points all take one store, without a branch on how many points it is.
        //
        //     a, 3 points   a a a a a a a a
        //     b, 1 point          b b b b b b b b
        //     c, 9 points           c c c c c c c c|c c c c c c c c
        //     ordered       a a a b c c c c c c c c c x x x x x x x    x: unused, or overwritten
        let mut next = [0u16; 64];
        let mut rows = 0usize;
        let mut last = mask;
        let mut symbol = 0usize;
        while symbol < symbols && symbol < MAX_SYMBOLS {
            let points = self.points[symbol];
            next[symbol] = points.unsigned_abs();
            if points < 0 {
                self.rows[last & (N - 1)].base = symbol as u32;
                last = last.wrapping_sub(1);
            }
            let end = rows.wrapping_add(if points < 0 { 0 } else { points as usize });
            while rows < end {
                if let Some((_, rest)) = self.ordered.split_at_mut_checked(rows) {
                    if let Some(slot) = rest.first_chunk_mut() {
                        *slot = [symbol as u8; 8];
                    }
                }
                rows = rows.wrapping_add(8);
            }
            rows = end;
            symbol = symbol.wrapping_add(1);
        }
        let step = (size >> 1).wrapping_add(size >> 3).wrapping_add(3);
        let mut place = 0usize;
        let mut row = 0usize;
        while row < rows && row < MAX_ROWS {
            self.rows[place & (N - 1)].base = self.ordered[row] as u32;
            row = row.wrapping_add(1);
            place = place.wrapping_add(step) & mask;
            // Skip the rows at the end that are taken, of which there are at most `MAX_SYMBOLS`.
            let mut passed = 0;
            while place > last && passed < MAX_SYMBOLS {
                place = place.wrapping_add(step) & mask;
                passed = passed.wrapping_add(1);
            }
        }
        // `next` is the number of the next row of each symbol.
        let mut state = 0usize;
        while state <= mask {
            let symbol = self.rows[state & (N - 1)].base as usize & 63;
            let count = next[symbol];
            next[symbol] = count.wrapping_add(1);
            let bits = log.wrapping_sub((count as u32 | 1).leading_zeros() ^ 31);
            let base = (count as u32).wrapping_shl(bits).wrapping_sub(size as u32);
            let meaning = alphabet.symbols[symbol];
            self.rows[state & (N - 1)] = Row {
                base: meaning.base,
                bits: meaning.bits,
                next: base as u16,
                state_bits: bits as u8,
            };
            state = state.wrapping_add(1);
        }
    }

    /// Copies the rows of a table that is not larger, and its Accuracy_Log.
    pub(super) fn copy_from<const M: usize>(&mut self, table: &Table<M>) {
        self.log = table.log;
        self.rows.iter_mut().zip(&table.rows).for_each(|(row, other)| *row = *other);
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::random::Random;

    const SYMBOLS: Alphabet = {
        let mut symbols = [Symbol { base: 0, bits: 0 }; MAX_SYMBOLS];
        let mut symbol = 0;
        while symbol < MAX_SYMBOLS {
            symbols[symbol].base = symbol as u32;
            symbol += 1;
        }
        Alphabet::new(symbols)
    };

    /// The example of the specification: a symbol with 5 points of 128 (4.1.1).
    #[test]
    fn the_example() {
        // A symbol with one point takes row 0, so that the other's first row is 1.
        let table = Table::<128>::fixed([1, 5, 122], 7, &SYMBOLS);
        let rows: vec::Vec<_> = (0..128)
            .filter(|&state| table.row(state).base == 1)
            .map(|state| (table.row(state).state_bits, table.row(state).next(0)))
            .collect();
        assert_eq!(rows, [(5, 32), (5, 64), (5, 96), (4, 0), (4, 16)]);
    }

    /// Tables of random distributions have their symbols where the definition has them.
    #[test]
    fn rows_of_any_distribution() {
        let mut random = Random(1);
        let mut below = |limit| random.below(limit);
        for log in (5..=9).cycle().take(500) {
            let size = 1usize << log;
            let mut points = [0i16; MAX_SYMBOLS];
            let mut left = size;
            while left > 0 {
                let (symbol, most) = (below(MAX_SYMBOLS), [1, 3, 40, size][below(4)].min(left));
                let more = 1 + below(most);
                match points[symbol] {
                    0 if more == 1 && below(2) == 0 => points[symbol] = -1,
                    -1 => continue,
                    _ => points[symbol] += more as i16,
                }
                left -= more;
            }
            let table = Table::<512>::fixed(points, log, &SYMBOLS);
            let mut expected = vec![None; size];
            let low = (0..MAX_SYMBOLS).filter(|&symbol| points[symbol] < 0);
            for (symbol, row) in low.zip((0..size).rev()) {
                expected[row] = Some(symbol);
            }
            let free = expected.iter().filter(|row| row.is_none()).count();
            let mut place = 0;
            for (symbol, &count) in points.iter().enumerate() {
                for _ in 0..count.max(0) {
                    while place >= free {
                        place = (place + (size >> 1) + (size >> 3) + 3) % size;
                    }
                    expected[place] = Some(symbol);
                    place = (place + (size >> 1) + (size >> 3) + 3) % size;
                }
            }
            let symbols = (0..size).map(|state| Some(table.row(state).base as usize));
            assert!(symbols.eq(expected), "{points:?}");
        }
    }

    /// Exactly one row of each symbol leads to each state.
    #[test]
    fn rows_of_a_symbol_cover_all_states() {
        for points in
            [[16, 8, 4, 2, 1, 1], [27, 1, 1, 1, 1, 1], [-1, 30, -1, 0, 0, 0], [32, 0, 0, 0, 0, 0]]
        {
            let table = Table::<32>::fixed(points, 5, &SYMBOLS);
            for (symbol, &points) in points.iter().enumerate().filter(|(_, &points)| points != 0) {
                let mut reached = [0; 32];
                let rows =
                    (0..32).map(|state| table.row(state)).filter(|row| row.base as usize == symbol);
                assert_eq!(rows.clone().count(), points.unsigned_abs() as usize);
                for row in rows {
                    (0..1 << row.state_bits).for_each(|bits| reached[row.next(bits)] += 1);
                }
                assert_eq!(reached, [1; 32]);
            }
        }
    }

    #[test]
    fn value_ranges() {
        // 156 points remain: 0 to 97 take seven bits, 98 to 157 eight.
        for value in 0..=157u32 {
            let (bits, width) = match value {
                0..=97 => (value, 7),
                98..=127 => (value, 8),
                _ => (value + 98, 8),
            };
            let bytes = [bits as u8, 0xff];
            let mut reader = Bits::new(Held::NONE, &bytes[..1 + usize::from(width < 8)]);
            assert_eq!(read_value(&mut reader, 156).ok(), Some(value as u16));
        }
    }
}
