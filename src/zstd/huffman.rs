// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Huffman coding of literals: trees and streams (RFC 8878, 4.2).

use crate::bits::{BackwardBits, BackwardWindow, BACKWARD_REFILLED, WINDOW_REFILLED};
use crate::slices::rest_from;
use crate::zeroed::zeroed;
use crate::Error;

use super::fse::{Alphabet, Symbol, Table as FseTable};

/// Longest code (4.2.1).
const MAX_BITS: u32 = 11;
/// Most weights in a description. Symbols are bytes, and the weight of the last one is left out.
const MAX_WEIGHTS: usize = 255;
/// Number of valid weights, which are 0 to [`MAX_BITS`].
const WEIGHT_SYMBOLS: usize = MAX_BITS as usize + 1;
/// Number of values that a weight of four bits can have, including invalid ones.
const WEIGHT_VALUES: usize = 16;
/// The largest Accuracy_Log of the table of weights (4.2.1.2).
const WEIGHT_LOG: u32 = 6;
const WEIGHT_TABLE: usize = 1 << WEIGHT_LOG;
/// Weights that are decoded per refill.
const WEIGHTS_REFILLED: usize = 8;
const _: () = assert!(WEIGHTS_REFILLED as u32 * WEIGHT_LOG <= BACKWARD_REFILLED);

/// Symbols of a stream that are decoded per refill. Either reader provides 56 bits or more, which
/// is enough for 5 codes of 11 bits. So the bits of each lookup are the stream's, until that ends.
const SYMBOLS: usize = (WINDOW_REFILLED / MAX_BITS) as usize;
const _: () = assert!(WINDOW_REFILLED <= BACKWARD_REFILLED);

static WEIGHTS: Alphabet = {
    let mut symbols = [Symbol { base: 0, bits: 0 }; WEIGHT_SYMBOLS];
    let mut weight = 0;
    while weight < WEIGHT_SYMBOLS {
        symbols[weight].base = weight as u32;
        weight += 1;
    }
    Alphabet::new(symbols)
};

/// What the next bits of a stream decode to. The low six bits are all that a shift uses of its
/// count, so shifting by the whole entry shifts by the code's length.
///
/// ```text
///    15    8   7          0
/// | symbol | code length, 1 to 11 |
/// ```
type Entry = u16;

/// The tree of a literals section, as a table. All-zero memory has no tree yet.
pub(super) struct Huffman {
    /// Indexed by the next `MAX_BITS` bits, the first one highest.
    table: [Entry; 1 << MAX_BITS],
    /// Max_Number_of_Bits, or 0 if there is no tree.
    bits: u32,
    weights: [u8; MAX_WEIGHTS + 1],
    /// Symbols in the order of their weights.
    order: [u8; MAX_WEIGHTS + 1],
    weight_table: FseTable<512>,
}

zeroed! { impl for Huffman { table, bits, weights: scratch, order: scratch, weight_table } }

impl Huffman {
    /// Forgets the tree.
    pub(super) fn reset(&mut self) {
        self.bits = 0;
    }

    pub(super) fn is_known(&self) -> bool {
        self.bits > 0
    }

    /// Reads a Huffman_Tree_Description (4.2.1). Returns its length in bytes.
    pub(super) fn read(&mut self, input: &[u8]) -> Result<usize, Error> {
        let (&header, rest) = input.split_first().ok_or(Error::ZstdHuffmanTree)?;
        self.bits = 0;
        let (count, length) = if header < 128 {
            let length = usize::from(header);
            let compressed = rest.get(..length).ok_or(Error::ZstdHuffmanTree)?;
            let table = self.weight_table.read(compressed, &WEIGHTS, WEIGHT_LOG);
            let table = table.map_err(|_| Error::ZstdHuffmanTree)?;
            let stream = rest_from(compressed, table);
            (self.read_fse_weights(stream).ok_or(Error::ZstdHuffmanTree)?, length)
        } else {
            let count = usize::from(header.wrapping_sub(127));
            let length = count.div_ceil(2);
            let pairs = rest.get(..length).ok_or(Error::ZstdHuffmanTree)?;
            // If the count is odd, the last pair has one weight more, which is ignored.
            let mut slots = &mut self.weights[..];
            for &pair in pairs {
                let chunk;
                (chunk, slots) = slots.split_first_chunk_mut().ok_or(Error::ZstdHuffmanTree)?;
                *chunk = [pair >> 4, pair & 15];
            }
            (count, length)
        };
        self.build(count).ok_or(Error::ZstdHuffmanTree)?;
        Ok(length.wrapping_add(1))
    }

    /// Reads weights coded by FSE: by two states of one table in turn, until the bits are used up
    /// (4.2.1.2). Returns their number.
    #[inline(never)]
    fn read_fse_weights(&mut self, stream: &[u8]) -> Option<usize> {
        let mut bits = BackwardBits::new(stream)?;
        let mut state = self.weight_table.start(&mut bits);
        let mut other = self.weight_table.start(&mut bits);
        if bits.is_overdrawn() {
            return None;
        }
        let mut count = 0usize;
        let mut slots = self.weights.iter_mut().take(MAX_WEIGHTS);
        loop {
            bits.refill();
            for _ in 0..WEIGHTS_REFILLED {
                let row = self.weight_table.row(state);
                *slots.next()? = row.base as u8;
                count = count.wrapping_add(1);
                state = self.weight_table.next::<WEIGHT_TABLE>(row, &mut bits);
                (state, other) = (other, state);
                // The state that lacked bits is not used. The other one has the last weight.
                if bits.is_overdrawn() {
                    *slots.next()? = self.weight_table.row(state).base as u8;
                    return Some(count.wrapping_add(1));
                }
            }
        }
    }

    /// Builds the table from `count` weights and a last one that completes the tree (4.2.1.3).
    #[inline(never)]
    fn build(&mut self, count: usize) -> Option<()> {
        // Symbols of each weight. A weight above `MAX_BITS` makes the sum below too large.
        let mut symbols = [0u32; WEIGHT_VALUES];
        for &weight in self.weights.get(..count)? {
            let symbols = &mut symbols[usize::from(weight) % WEIGHT_VALUES];
            *symbols = symbols.wrapping_add(1);
        }
        let sum = (0..=u8::MAX).zip(&symbols).fold(0u32, |sum, (weight, &symbols)| {
            sum.wrapping_add(symbols.wrapping_mul(entries(weight)))
        });
        // The last weight is what is missing from the sum to the next power of two, 2^bits.
        let bits = u32::BITS.wrapping_sub(sum.leading_zeros());
        if sum == 0 || bits > MAX_BITS {
            return None;
        }
        let missing = 1u32.wrapping_shl(bits).wrapping_sub(sum);
        if !missing.is_power_of_two() {
            return None;
        }
        let last = missing.trailing_zeros().wrapping_add(1) as u8;
        *self.weights.get_mut(count)? = last;
        let same = &mut symbols[usize::from(last) % WEIGHT_VALUES];
        *same = same.wrapping_add(1);
        // "If no literal has a Weight of 1, then the data is considered corrupted."
        if symbols[1] == 0 {
            return None;
        }
        // Symbols are sorted by weight, and by number within a weight: the order of their runs in
        // the table.
        let (mut places, mut place) = ([0u8; WEIGHT_VALUES], 0u8);
        for (begin, &symbols) in places.iter_mut().zip(&symbols) {
            *begin = place;
            // After all of 256 symbols this wraps to 0, but nothing is placed there any more.
            place = place.wrapping_add(symbols as u8);
        }
        let mut symbol = 0u8;
        for &weight in self.weights.get(..=count)? {
            let place = &mut places[usize::from(weight) % WEIGHT_VALUES];
            self.order[usize::from(*place)] = symbol;
            *place = place.wrapping_add(1);
            symbol = symbol.wrapping_add(1);
        }
        // A code of n bits has a run of 2^(MAX_BITS - n) entries: all indices that start with it.
        // The runs are of one size for one weight, so the size is chosen once per weight.
        let unused = MAX_BITS.wrapping_sub(bits);
        let (mut order, mut table) = (&self.order[..], &mut self.table[..]);
        for (weight, &symbols) in (0..=u8::MAX).zip(&symbols) {
            let these;
            (these, order) = order.split_at_checked(symbols as usize)?;
            let size = entries(weight).wrapping_shl(unused) as usize;
            let length = bits.wrapping_add(1).wrapping_sub(u32::from(weight)) as u16;
            match size {
                0 => {}
                1 => table = fill::<1>(table, these, length)?,
                2 => table = fill::<2>(table, these, length)?,
                4 => table = fill::<4>(table, these, length)?,
                8 => table = fill::<8>(table, these, length)?,
                _ => {
                    for &symbol in these {
                        let run;
                        (run, table) = table.split_at_mut_checked(size)?;
                        run.fill(entry(symbol, length));
                    }
                }
            }
        }
        self.bits = bits;
        Some(())
    }

    /// Decodes one stream of exactly the symbols of `out` (4.2.2).
    pub(super) fn decode(&self, stream: &[u8], out: &mut [u8]) -> Option<()> {
        let mut bits = BackwardBits::new(stream)?;
        self.decode_rest(&mut bits, out)
    }

    /// Decodes four streams at once, one for each quarter of `out` in order (4.2.2).
    #[inline(never)]
    pub(super) fn decode_four(&self, streams: [&[u8]; 4], out: &mut [u8]) -> Option<()> {
        let quarter = out.len().div_ceil(4);
        let (a, rest) = out.split_at_mut_checked(quarter)?;
        let (b, rest) = rest.split_at_mut_checked(quarter)?;
        let (c, d) = rest.split_at_mut_checked(quarter)?;
        let [s, t, u, v] = streams;
        let mut streams = [
            BackwardWindow::new(s)?,
            BackwardWindow::new(t)?,
            BackwardWindow::new(u)?,
            BackwardWindow::new(v)?,
        ];
        let mut quarters = [a, b, c, d];
        let done = self.decode_rounds(&mut streams, &mut quarters)?;
        for (stream, out) in streams.iter().zip(&mut quarters) {
            self.decode_rest(&mut stream.rest(), out.get_mut(done..)?)?;
        }
        Some(())
    }

    /// Decodes four streams while each has eight bytes for a refill and room for [`SYMBOLS`].
    /// Returns the number of symbols decoded from each stream. This is not inlined, because its
    /// loop takes all registers.
    #[inline(never)]
    fn decode_rounds(
        &self,
        streams: &mut [BackwardWindow<'_>; 4],
        [a, b, c, d]: &mut [&mut [u8]; 4],
    ) -> Option<usize> {
        // All quarters are cut to the length of the last, which is the shortest, so that one
        // comparison per round bounds all of them.
        let length = d.len();
        let (a, b, c) = (a.get_mut(..length)?, b.get_mut(..length)?, c.get_mut(..length)?);
        // Copies that live in registers.
        let [mut s, mut t, mut u, mut v] = *streams;
        let mut done = 0u32;
        // Where a symbol's code starts depends on the symbol before it in the same stream. So the
        // streams take turns symbol by symbol, and a processor can overlap their lookups.
        while let (Some(a), Some(b), Some(c), Some(d)) =
            (chunk(a, done), chunk(b, done), chunk(c, done), chunk(d, done))
        {
            // A refill doesn't change a stream's position, so it does no harm if a later one fails.
            if !(s.refill() && t.refill() && u.refill() && v.refill()) {
                break;
            }
            for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
                *a = self.symbol(&mut s);
                *b = self.symbol(&mut t);
                *c = self.symbol(&mut u);
                *d = self.symbol(&mut v);
            }
            done = done.wrapping_add(SYMBOLS as u32);
        }
        *streams = [s, t, u, v];
        Some(done as usize)
    }

    /// Decodes the next symbol of a stream, of which [`MAX_BITS`] bits must be readable.
    #[inline(always)]
    fn symbol(&self, bits: &mut BackwardWindow<'_>) -> u8 {
        let entry = self.table[(bits.peek() >> (u64::BITS - MAX_BITS)) as usize];
        bits.consume(entry);
        (entry >> 8) as u8
    }

    /// Decodes the remaining symbols of a stream, which must end exactly with them.
    #[inline(never)]
    fn decode_rest(&self, bits: &mut BackwardBits<'_>, out: &mut [u8]) -> Option<()> {
        let mut b = *bits;
        let mut rest = out;
        while !rest.is_empty() {
            let length = rest.len().min(SYMBOLS);
            let chunk;
            (chunk, rest) = rest.split_at_mut_checked(length)?;
            b.refill();
            for slot in chunk {
                // If bits are missing, this is some symbol, and the check below fails.
                let entry = self.table[(b.peek() >> (u64::BITS - MAX_BITS)) as usize];
                b.consume(entry as u8);
                *slot = (entry >> 8) as u8;
            }
            if b.is_overdrawn() {
                return None;
            }
        }
        b.is_at_end().then_some(())
    }
}

/// The room for the symbols of a round, from `at` on.
#[inline(always)]
fn chunk(out: &mut [u8], at: u32) -> Option<&mut [u8; SYMBOLS]> {
    let at = at as usize;
    out.get_mut(at..at.wrapping_add(SYMBOLS))?.first_chunk_mut()
}

/// Writes a run of `N` entries for each of `symbols`, whose codes have `length` bits, to the start
/// of `table`. Returns the rest of the table. `N` is a constant so that a run is one or two stores.
#[inline(always)]
fn fill<'t, const N: usize>(
    mut table: &'t mut [Entry],
    symbols: &[u8],
    length: u16,
) -> Option<&'t mut [Entry]> {
    for &symbol in symbols {
        let run;
        (run, table) = table.split_first_chunk_mut::<N>()?;
        *run = [entry(symbol, length); N];
    }
    Some(table)
}

fn entry(symbol: u8, length: u16) -> Entry {
    u16::from(symbol) << 8 | length
}

/// Length of a weight's run, in codes of the longest length: 2^(`weight` - 1), and 0 for weight 0.
fn entries(weight: u8) -> u32 {
    1u32.wrapping_shl(u32::from(weight)) >> 1
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::zeroed::Zeroed;

    /// The weights of a random tree whose longest code has `bits` bits, including the last weight.
    fn tree(seed: u32, bits: u32) -> Vec<u8> {
        // The lengths of a complete code: one code of each length and two of the longest, some of
        // them split.
        let mut lengths: Vec<u32> = (1..=bits).chain([bits]).collect();
        let mut random = seed;
        for _ in 0..200 {
            random = random.wrapping_mul(1664525).wrapping_add(1013904223);
            let at = random as usize >> 8;
            let at = at % lengths.len();
            if lengths[at] < bits && lengths.len() < 256 {
                lengths[at] += 1;
                lengths.insert(random as usize % lengths.len(), lengths[at]);
            }
        }
        // Some symbols that do not occur.
        while lengths.len() < 256 && random % 5 > 0 {
            random = random.wrapping_mul(1664525).wrapping_add(1013904223) >> 1;
            lengths.insert(random as usize % lengths.len(), 0);
        }
        lengths
            .iter()
            .map(|&length| if length == 0 { 0 } else { (bits + 1 - length) as u8 })
            .collect()
    }

    /// The table by its definition: a run for each symbol, in the order of weights (4.2.1.3).
    fn naive(weights: &[u8], bits: u32) -> Vec<Entry> {
        let mut table = Vec::new();
        for weight in 1..=bits as u8 {
            for (symbol, _) in weights.iter().enumerate().filter(|&(_, &other)| other == weight) {
                let run = 1 << (u32::from(weight) - 1 + MAX_BITS - bits);
                let entry = (symbol << 8) as u16 | (bits + 1 - u32::from(weight)) as u16;
                table.extend((0..run).map(|_| entry));
            }
        }
        table
    }

    #[test]
    fn tables_are_as_defined() {
        let mut huffman = std::boxed::Box::new(Huffman::ZEROED);
        for bits in 1..=MAX_BITS {
            for seed in 0..100 {
                let weights = tree(seed, bits);
                let count = weights.len() - 1;
                huffman.weights[..count].copy_from_slice(&weights[..count]);
                huffman.build(count).unwrap();
                assert_eq!(huffman.table[..], naive(&weights, bits), "{bits} bits, seed {seed}");
            }
        }
    }

    #[test]
    fn weights_that_make_no_tree() {
        let mut huffman = std::boxed::Box::new(Huffman::ZEROED);
        for weights in [&[][..], &[0, 0], &[12, 1], &[15], &[11, 11, 1], &[3, 3, 1], &[2]] {
            huffman.weights[..weights.len()].copy_from_slice(weights);
            assert!(huffman.build(weights.len()).is_none(), "{weights:?}");
        }
    }

    /// Streams of any length decode to the symbols that they were written from.
    #[test]
    fn four_streams() {
        let mut huffman = std::boxed::Box::new(Huffman::ZEROED);
        for (bits, length) in
            (1..=MAX_BITS).flat_map(|bits| (6..400).map(move |length| (bits, length)))
        {
            let weights = tree(length, bits);
            let count = weights.len() - 1;
            huffman.weights[..count].copy_from_slice(&weights[..count]);
            huffman.build(count).unwrap();
            // Each entry of the table has a symbol of the tree.
            let places = (0..length).map(|i| (i.wrapping_mul(2654435761) >> 15) as usize % 2048);
            let symbols: Vec<u8> = places.map(|at| (huffman.table[at] >> 8) as u8).collect();
            let quarter = symbols.len().div_ceil(4);
            if 3 * quarter > symbols.len() {
                continue;
            }
            let shares =
                [0, 1, 2, 3].map(|i| &symbols[i * quarter..symbols.len().min((i + 1) * quarter)]);
            let streams = shares.map(|symbols| encode(&huffman.table, symbols));
            let mut out = std::vec![0; symbols.len()];
            huffman.decode_four(streams.each_ref().map(|stream| &stream[..]), &mut out).unwrap();
            assert_eq!(out, symbols, "{bits} bits, {length} symbols");
            // A symbol too many or too few in any stream is an error.
            for (i, share) in shares.into_iter().enumerate().filter(|(_, share)| !share.is_empty())
            {
                for wrong in [&share[1..], &[share, &share[..1]].concat()] {
                    let mut streams = streams.clone();
                    streams[i] = encode(&huffman.table, wrong);
                    let streams = streams.each_ref().map(|stream| &stream[..]);
                    assert!(huffman.decode_four(streams, &mut out).is_none());
                }
            }
        }
    }

    /// Encodes a stream, which starts with the code of the last symbol (4.2.2).
    fn encode(table: &[Entry], symbols: &[u8]) -> Vec<u8> {
        let mut bits = Vec::new();
        for &symbol in symbols.iter().rev() {
            let at = table.iter().position(|&entry| entry >> 8 == u16::from(symbol)).unwrap();
            let length = u32::from(table[at] & 0xff);
            bits.extend((0..length).map(|bit| at >> (MAX_BITS - length + bit) & 1));
        }
        bits.push(1);
        let byte = |bits: &[usize]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | *bit as u8);
        bits.chunks(8).map(byte).collect()
    }
}
