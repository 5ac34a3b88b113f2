// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! FSE tables built and used as they are defined, and bitstreams that are read backwards (RFC 8878, 4.1).

/// A bitstream by the numbers that a decoder reads from it, the first one first.
#[derive(Clone, Default)]
pub struct Backward(Vec<(u64, u32)>);

impl Backward {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn put(&mut self, value: u64, bits: u32) -> &mut Self {
        assert!(value >> bits == 0, "{value} in {bits} bits");
        self.0.push((value, bits));
        self
    }

    /// The stream with its final bit. Numbers were written in the opposite order.
    pub fn finish(&self) -> Vec<u8> {
        let mut stream = Forward::default();
        self.0.iter().rev().for_each(|&(value, bits)| stream.put(value, bits));
        stream.put(1, 1);
        stream.bytes
    }
}

/// Bits in their order in memory, least significant first.
#[derive(Default)]
struct Forward {
    bytes: Vec<u8>,
    used: usize,
}

impl Forward {
    fn put(&mut self, value: u64, bits: u32) {
        for bit in 0..bits {
            if self.used % 8 == 0 {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= ((value >> bit & 1) as u8) << (self.used % 8);
            self.used += 1;
        }
    }
}

/// A distribution: its Accuracy_Log, and the probability of each symbol, -1 for "less than one".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    pub log: u32,
    pub probabilities: Vec<i32>,
}

impl Distribution {
    pub fn new(log: u32, probabilities: &[i32]) -> Self {
        Self { log, probabilities: probabilities.to_vec() }
    }

    /// A distribution of all of `symbols`, at least two, the frequent ones more often.
    pub fn fitted(log: u32, symbols: impl IntoIterator<Item = u8>) -> Self {
        let mut counts = [0; 256];
        symbols.into_iter().for_each(|symbol| counts[usize::from(symbol)] += 1);
        if counts.iter().filter(|&&count| count > 0).count() < 2 {
            let free = counts.iter().position(|&count| count == 0);
            counts[free.unwrap()] = 1;
        }
        let total: usize = counts.iter().sum();
        let last = counts.iter().rposition(|&count| count > 0).unwrap();
        let mut probabilities: Vec<i32> = counts[..=last]
            .iter()
            .map(|&count| if count == 0 { 0 } else { ((count << log) / total).max(1) as i32 })
            .collect();
        // What rounding left over, or took too much of, one by one.
        loop {
            let rest = (1 << log) - probabilities.iter().sum::<i32>();
            let largest = probabilities.iter_mut().max_by_key(|probability| **probability).unwrap();
            match rest {
                0 => return Self { log, probabilities },
                1.. => *largest += rest,
                _ => *largest -= 1,
            }
            assert!(*largest > 0, "more symbols than rows");
        }
    }

    /// The FSE Table Description (4.1.1).
    pub fn description(&self) -> Vec<u8> {
        let mut stream = Forward::default();
        stream.put(u64::from(self.log - 5), 4);
        let mut left = 1i32 << self.log;
        let mut symbols = self.probabilities.iter();
        while left > 0 {
            let probability = *symbols.next().expect("probabilities for all rows");
            // A number from 0 to `most`, the first `short` of which have one bit less.
            let (value, most) = ((probability + 1) as u64, (left + 1) as u64);
            let bits = u64::BITS - most.leading_zeros();
            let short = (1 << bits) - 1 - most;
            assert!(value <= most);
            match value {
                _ if value < short => stream.put(value, bits - 1),
                _ if value < 1 << (bits - 1) => stream.put(value, bits),
                _ => stream.put(value + short, bits),
            }
            left -= probability.abs();
            if probability == 0 {
                let zeros = symbols.as_slice().iter().take_while(|&&next| next == 0).count();
                symbols = symbols.as_slice()[zeros..].iter();
                (0..zeros / 3).for_each(|_| stream.put(3, 2));
                stream.put(zeros as u64 % 3, 2);
            }
        }
        assert_eq!(symbols.as_slice(), [], "probabilities for all rows, and no more");
        stream.bytes
    }
}

/// What a state means, and how the next state follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub symbol: u8,
    pub bits: u32,
    pub base: u32,
}

/// A decoding table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub log: u32,
    pub rows: Vec<Row>,
}

impl Table {
    /// A table of one symbol, for which no bit is read.
    pub fn rle(symbol: u8) -> Self {
        Self { log: 0, rows: vec![Row { symbol, bits: 0, base: 0 }] }
    }

    /// A table by 4.1.1, "From Normalized Distribution to Decoding Tables".
    pub fn new(distribution: &Distribution) -> Self {
        let (log, size) = (distribution.log, 1usize << distribution.log);
        let mut symbols = vec![None; size];
        let mut end = size;
        let all = || distribution.probabilities.iter().zip(0u8..=255);
        for (_, symbol) in all().filter(|(&probability, _)| probability == -1) {
            end -= 1;
            symbols[end] = Some(symbol);
        }
        let mut position = 0;
        for (&probability, symbol) in all() {
            for _ in 0..probability.max(0) {
                symbols[position] = Some(symbol);
                loop {
                    position = (position + (size >> 1) + (size >> 3) + 3) % size;
                    if position < end {
                        break;
                    }
                }
            }
        }
        assert!(position == 0 || end == 0, "all rows are taken");
        let symbols: Vec<u8> = symbols.into_iter().map(Option::unwrap).collect();
        let mut rows = vec![Row { symbol: 0, bits: log, base: 0 }; size];
        for (_, symbol) in all().filter(|(&probability, _)| probability != 0) {
            // The symbol's rows share the states by powers of two: the first rows get two shares, the others
            // one, and the others come first in the states' order.
            let own: Vec<usize> = (0..size).filter(|&row| symbols[row] == symbol).collect();
            let shares = own.len().next_power_of_two();
            let share_bits = log - shares.trailing_zeros();
            let double = shares - own.len();
            let mut base = 0;
            for index in (double..own.len()).chain(0..double) {
                let bits = share_bits + u32::from(index < double);
                rows[own[index]] = Row { symbol, bits, base };
                base += 1 << bits;
            }
        }
        Self { log, rows }
    }

    /// The states in which a decoder finds `symbols`, the first one first.
    pub fn states(&self, symbols: &[u8]) -> Vec<u32> {
        let mut states = Vec::new();
        for &symbol in symbols.iter().rev() {
            let state = self.rows.iter().position(|row| {
                let leads = |&next: &u32| row.base <= next && next - row.base < 1 << row.bits;
                row.symbol == symbol && states.last().is_none_or(leads)
            });
            states.push(state.unwrap_or_else(|| panic!("symbol {symbol} has no row")) as u32);
        }
        states.reverse();
        states
    }

    /// Appends the bits that lead from one state to another.
    pub fn step(&self, stream: &mut Backward, from: u32, to: u32) {
        let Row { bits, base, .. } = self.rows[from as usize];
        stream.put((to - base).into(), bits);
    }
}
