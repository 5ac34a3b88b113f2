// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Huffman coding of literals: trees and streams (RFC 8878, 4.2).

use crate::bits::{BackwardBits, BACKWARD_REFILLED};
use crate::zeroed::zeroed;
use crate::Error;

use super::fse::{Alphabet, Symbol, Table as FseTable};

/// Longest code (4.2.1).
const MAX_BITS: u32 = 11;
/// Symbols are bytes; the weight of the last one is not told.
const MAX_WEIGHTS: usize = 255;
/// Weights are up to [`MAX_BITS`].
const WEIGHT_SYMBOLS: usize = MAX_BITS as usize + 1;
/// The largest Accuracy_Log of their table (4.2.1.2).
const WEIGHT_LOG: u32 = 6;
const WEIGHT_TABLE: usize = 1 << WEIGHT_LOG;
/// Weights that are decoded for one refill.
const WEIGHTS_REFILLED: usize = 8;
const _: () = assert!(WEIGHTS_REFILLED as u32 * WEIGHT_LOG <= BACKWARD_REFILLED);

/// Symbols of a stream that are decoded for one refill.
const SYMBOLS: usize = 5;
const _: () = assert!(SYMBOLS as u32 * MAX_BITS < BACKWARD_REFILLED);

static WEIGHTS: Alphabet = {
    let mut symbols = [Symbol { base: 0, bits: 0 }; WEIGHT_SYMBOLS];
    let mut weight = 0;
    while weight < WEIGHT_SYMBOLS {
        symbols[weight].base = weight as u32;
        weight += 1;
    }
    Alphabet::new(symbols)
};

/// What the next bits of a stream decode to: a symbol in the high byte, and how many bits it has in the
/// low one, where a shift takes them as they are.
type Entry = u16;

/// The tree of a literals section, as a table; all-zero memory is one that has no tree yet.
pub(super) struct Huffman {
    table: [Entry; 1 << MAX_BITS],
    /// Max_Number_of_Bits; 0: there is no tree.
    bits: u32,
    weights: [u8; MAX_WEIGHTS + 1],
    /// Symbols in the order of their weights.
    order: [u8; MAX_WEIGHTS + 1],
    weight_table: FseTable<512>,
}

zeroed! { impl for Huffman { table, bits, weights, order, weight_table } }

impl Huffman {
    /// Forgets the tree.
    pub(super) fn clear(&mut self) {
        self.bits = 0;
    }

    pub(super) fn is_known(&self) -> bool {
        self.bits > 0
    }

    /// Reads a Huffman_Tree_Description, and returns its length (4.2.1).
    pub(super) fn read(&mut self, input: &[u8]) -> Result<usize, Error> {
        let (&header, rest) = input.split_first().ok_or(Error::ZstdHuffmanTree)?;
        self.bits = 0;
        let (count, length) = if header < 128 {
            let length = usize::from(header);
            let compressed = rest.get(..length).ok_or(Error::ZstdHuffmanTree)?;
            let table = self.weight_table.read(compressed, &WEIGHTS, WEIGHT_LOG);
            let table = table.map_err(|_| Error::ZstdHuffmanTree)?;
            let stream = compressed.get(table..).unwrap_or(&[]);
            (self.read_compressed(stream).ok_or(Error::ZstdHuffmanTree)?, length)
        } else {
            let count = usize::from(header.wrapping_sub(127));
            let length = count.div_ceil(2);
            let pairs = rest.get(..length).ok_or(Error::ZstdHuffmanTree)?;
            let weights = pairs.iter().flat_map(|&pair| [pair >> 4, pair & 15]);
            self.weights.iter_mut().zip(weights).for_each(|(slot, weight)| *slot = weight);
            (count, length)
        };
        self.build(count).ok_or(Error::ZstdHuffmanTree)?;
        Ok(length.wrapping_add(1))
    }

    /// Weights by two states of one table, in turn, up to the end of the bits (4.2.1.2). Returns
    /// how many there are.
    #[inline(never)]
    fn read_compressed(&mut self, stream: &[u8]) -> Option<usize> {
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
                // After the last bits they are zero.
                if bits.is_overdrawn() {
                    *slots.next()? = self.weight_table.row(state).base as u8;
                    return Some(count.wrapping_add(1));
                }
            }
        }
    }

    /// From `count` weights to the table; the last weight completes the tree (4.2.1, 4.2.1.3).
    #[inline(never)]
    fn build(&mut self, count: usize) -> Option<()> {
        // Entries of the table for each weight, and where they begin.
        let mut symbols = [0u32; WEIGHT_SYMBOLS];
        for &weight in self.weights.get(..count)? {
            let symbols = symbols.get_mut(usize::from(weight))?;
            *symbols = symbols.wrapping_add(1);
        }
        let sum = (0..=u8::MAX).zip(&symbols).fold(0u32, |sum, (weight, &symbols)| {
            sum.wrapping_add(symbols.wrapping_mul(entries(weight)))
        });
        // The next power of two, of which the last weight is what is missing.
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
        *symbols.get_mut(usize::from(last))? = symbols.get(usize::from(last))?.wrapping_add(1);
        // "If no literal has a Weight of 1, then the data is considered corrupted."
        if *symbols.get(1)? == 0 {
            return None;
        }
        // In the order of weights, and of numbers among those of one weight, which is the order of the
        // table: entries of one symbol after the other, with a length that seldom changes.
        let (mut places, mut place) = ([0u32; WEIGHT_SYMBOLS], 0u32);
        for (begin, &symbols) in places.iter_mut().zip(&symbols) {
            *begin = place;
            place = place.wrapping_add(symbols);
        }
        let mut symbol = 0u8;
        for &weight in self.weights.get(..=count)? {
            let place = places.get_mut(usize::from(weight))?;
            *self.order.get_mut(*place as usize)? = symbol;
            *place = place.wrapping_add(1);
            symbol = symbol.wrapping_add(1);
        }
        // The table is one of the longest codes, whatever the tree's are.
        let unused = MAX_BITS.wrapping_sub(bits);
        let (mut order, mut table) = (self.order.iter(), &mut self.table[..]);
        for (weight, &symbols) in (0..=u8::MAX).zip(&symbols) {
            let length = bits.wrapping_add(1).wrapping_sub(u32::from(weight));
            let size = entries(weight).wrapping_shl(unused) as usize;
            for &symbol in order.by_ref().take(symbols as usize) {
                let slots;
                (slots, table) = table.split_at_mut_checked(size)?;
                slots.fill(u16::from(symbol) << 8 | length as u16);
            }
        }
        self.bits = bits;
        Some(())
    }

    /// Decodes one stream that makes `out` (4.2.2).
    pub(super) fn decode(&self, stream: &[u8], out: &mut [u8]) -> Option<()> {
        let mut bits = BackwardBits::new(stream)?;
        self.decode_rest(&mut bits, out)
    }

    /// Decodes four streams beside each other, which make the quarters of `out` in their order.
    #[inline(never)]
    pub(super) fn decode_four(&self, streams: [&[u8]; 4], out: &mut [u8]) -> Option<()> {
        let quarter = out.len().div_ceil(4);
        let (a, rest) = out.split_at_mut_checked(quarter)?;
        let (b, rest) = rest.split_at_mut_checked(quarter)?;
        let (c, d) = rest.split_at_mut_checked(quarter)?;
        let [s, t, u, v] = streams;
        let mut s = BackwardBits::new(s)?;
        let mut t = BackwardBits::new(t)?;
        let mut u = BackwardBits::new(u)?;
        let mut v = BackwardBits::new(v)?;
        let (mut a, mut b, mut c, mut d) = (a, b, c, d);
        // The processor works on the four of a round at once, as none waits for another.
        for _ in 0..d.len() / SYMBOLS {
            if !(s.refill_whole() && t.refill_whole() && u.refill_whole() && v.refill_whole()) {
                break;
            }
            let (a_next, b_next, c_next, d_next);
            (a_next, a) = a.split_first_chunk_mut()?;
            (b_next, b) = b.split_first_chunk_mut()?;
            (c_next, c) = c.split_first_chunk_mut()?;
            (d_next, d) = d.split_first_chunk_mut()?;
            s.consume(self.symbols(s.peek(), a_next));
            t.consume(self.symbols(t.peek(), b_next));
            u.consume(self.symbols(u.peek(), c_next));
            v.consume(self.symbols(v.peek(), d_next));
        }
        self.decode_rest(&mut s, a)?;
        self.decode_rest(&mut t, b)?;
        self.decode_rest(&mut u, c)?;
        self.decode_rest(&mut v, d)
    }

    /// The symbols that `word` begins with. Returns how many bits they have together, which is known
    /// before the last of them is shifted out.
    #[inline]
    fn symbols(&self, mut word: u64, out: &mut [u8; SYMBOLS]) -> u8 {
        // The low bytes do not come to 256.
        let mut sum: Entry = 0;
        for slot in out {
            let entry = self.table[(word >> (u64::BITS - MAX_BITS)) as usize];
            word = word.wrapping_shl(u32::from(entry));
            sum = sum.wrapping_add(entry);
            *slot = (entry >> 8) as u8;
        }
        sum as u8
    }

    /// The last symbols of a stream, which then must have come to its end.
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
                // Where bits are missing it is a symbol all the same.
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

/// Entries of a table that a weight takes: half of what the weight above does.
fn entries(weight: u8) -> u32 {
    1u32.wrapping_shl(u32::from(weight)) >> 1
}
