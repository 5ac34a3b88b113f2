// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Deflate streams written symbol by symbol, valid or not, and what they stand for (RFC 1951).

/// A literal, or a copy of earlier output.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    Literal(u8),
    Copy { distance: usize, length: usize },
}

/// What a decoder must make of `ops`, byte by byte from the definition (3.2.3).
pub fn expand(ops: &[Op]) -> Vec<u8> {
    let mut output = Vec::new();
    for op in ops {
        match *op {
            Op::Literal(byte) => output.push(byte),
            Op::Copy { distance, length } => {
                for _ in 0..length {
                    output.push(output[output.len() - distance]);
                }
            }
        }
    }
    output
}

pub fn literals(bytes: &[u8]) -> Vec<Op> {
    bytes.iter().map(|&byte| Op::Literal(byte)).collect()
}

/// Code lengths of 8 bits for all literals but the last; `last` is for the last literal and what
/// follows. A complete code has 2 / 512 to go then.
pub fn litlen_lengths(last: &[u8]) -> Vec<u8> {
    [&[8; 255], last].concat()
}

/// Writes bits, least significant first (3.1.1), and the parts of deflate blocks.
#[derive(Clone, Default)]
pub struct BitWriter {
    bytes: Vec<u8>,
    /// Bits used of the last byte; 0 if it is full, or if there is none.
    used: u32,
}

impl BitWriter {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn finish(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// A number (3.1.1); bits above its own are zero.
    pub fn put(&mut self, value: u32, bits: u32) -> &mut Self {
        for bit in 0..bits {
            if self.used == 0 {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |=
                ((value.checked_shr(bit).unwrap_or(0) & 1) as u8) << self.used;
            self.used = (self.used + 1) % 8;
        }
        self
    }

    /// The code of `symbol`, its most significant bit first (3.1.1).
    pub fn symbol(&mut self, code: &Code, symbol: usize) -> &mut Self {
        let (code, bits) = code.0[symbol];
        for bit in (0..bits).rev() {
            self.put(code >> bit & 1, 1);
        }
        self
    }

    /// BFINAL and BTYPE (3.2.3).
    pub fn block(&mut self, last: bool, btype: u32) -> &mut Self {
        self.put(u32::from(last), 1).put(btype, 2)
    }

    /// A stored block of at most 65,535 bytes (3.2.4).
    pub fn stored(&mut self, last: bool, bytes: &[u8]) -> &mut Self {
        let length = u16::try_from(bytes.len()).unwrap();
        self.block(last, 0);
        self.used = 0;
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend((!length).to_le_bytes());
        self.bytes.extend(bytes);
        self
    }

    /// A whole block with the fixed code (3.2.6).
    pub fn fixed(&mut self, last: bool, ops: &[Op]) -> &mut Self {
        let codes = Codes::fixed();
        self.block(last, 1).ops(&codes, ops).end(&codes)
    }

    /// The header of a block with a code of its own (3.2.7), without repeats.
    pub fn dynamic(&mut self, last: bool, litlen: &[u8], distance: &[u8]) -> Codes {
        self.dynamic_counts(last, litlen.len(), distance.len());
        for &length in litlen.iter().chain(distance) {
            self.code_length(usize::from(length), 0);
        }
        Codes { litlen: Code::canonical(litlen), distance: Code::canonical(distance) }
    }

    /// The header of a dynamic block up to the code lengths: HLIT, HDIST, and a code length code
    /// that has all symbols.
    pub fn dynamic_counts(&mut self, last: bool, litlen: usize, distance: usize) -> &mut Self {
        self.counts(last, litlen, distance, CODE_LENGTH_LENGTHS.len());
        for symbol in CODE_LENGTH_ORDER {
            self.put(u32::from(CODE_LENGTH_LENGTHS[symbol]), 3);
        }
        self
    }

    /// The header of a dynamic block up to HCLEN.
    pub fn counts(
        &mut self,
        last: bool,
        litlen: usize,
        distance: usize,
        hclen: usize,
    ) -> &mut Self {
        self.block(last, 2);
        self.put(litlen as u32 - 257, 5).put(distance as u32 - 1, 5).put(hclen as u32 - 4, 4)
    }

    /// A symbol of the code length alphabet, after [`dynamic_counts`](Self::dynamic_counts).
    pub fn code_length(&mut self, symbol: usize, extra: u32) -> &mut Self {
        self.symbol(&Code::canonical(&CODE_LENGTH_LENGTHS), symbol);
        self.put(extra, [2, 3, 7].get(symbol.wrapping_sub(16)).copied().unwrap_or(0))
    }

    pub fn ops(&mut self, codes: &Codes, ops: &[Op]) -> &mut Self {
        for op in ops {
            match *op {
                Op::Literal(byte) => self.symbol(&codes.litlen, usize::from(byte)),
                Op::Copy { distance, length } => self.copy(codes, distance, length),
            };
        }
        self
    }

    /// The end-of-block symbol.
    pub fn end(&mut self, codes: &Codes) -> &mut Self {
        self.symbol(&codes.litlen, 256)
    }

    fn copy(&mut self, codes: &Codes, distance: usize, length: usize) -> &mut Self {
        let (symbol, extra, bits) = find(&LENGTHS, length);
        self.symbol(&codes.litlen, 257 + symbol).put(extra, bits);
        let (symbol, extra, bits) = find(&DISTANCES, distance);
        self.symbol(&codes.distance, symbol).put(extra, bits)
    }
}

/// The last entry whose base is at most `value`: its index, and the extra bits.
fn find(table: &[(usize, u32)], value: usize) -> (usize, u32, u32) {
    let symbol = table.iter().rposition(|&(base, _)| base <= value).unwrap();
    let (base, bits) = table[symbol];
    (symbol, (value - base) as u32, bits)
}

/// The codes of a block's two alphabets.
pub struct Codes {
    pub litlen: Code,
    pub distance: Code,
}

impl Codes {
    /// The fixed codes (3.2.6).
    pub fn fixed() -> Self {
        let litlen = [vec![8; 144], vec![9; 112], vec![7; 24], vec![8; 8]].concat();
        Self { litlen: Code::canonical(&litlen), distance: Code::canonical(&[5; 32]) }
    }
}

/// For each symbol its code, and how many bits that has.
pub struct Code(Vec<(u32, u32)>);

impl Code {
    /// The canonical code with these lengths (3.2.2); one that does not exist has overlong numbers.
    pub fn canonical(lengths: &[u8]) -> Self {
        let mut codes = vec![(0, 0); lengths.len()];
        let mut next = 0;
        for bits in 1..=15 {
            next <<= 1;
            for (code, _) in codes.iter_mut().zip(lengths).filter(|(_, &l)| u32::from(l) == bits) {
                *code = (next, bits);
                next += 1;
            }
        }
        Self(codes)
    }
}

/// A complete code of all 19 code length symbols: 13 / 16 + 6 / 32.
const CODE_LENGTH_LENGTHS: [u8; 19] = [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5];

/// The order of code length code lengths in a header (3.2.7).
const CODE_LENGTH_ORDER: [usize; 19] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Smallest length and extra bits of symbols 257 to 285 (3.2.5).
#[rustfmt::skip]
const LENGTHS: [(usize, u32); 29] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0),
    (11, 1), (13, 1), (15, 1), (17, 1), (19, 2), (23, 2), (27, 2), (31, 2),
    (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4), (115, 4),
    (131, 5), (163, 5), (195, 5), (227, 5), (258, 0),
];

/// Smallest distance and extra bits of symbols 0 to 29 (3.2.5).
#[rustfmt::skip]
const DISTANCES: [(usize, u32); 30] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3),
    (33, 4), (49, 4), (65, 5), (97, 5), (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8),
    (1025, 9), (1537, 9), (2049, 10), (3073, 10), (4097, 11), (6145, 11), (8193, 12), (12289, 12),
    (16385, 13), (24577, 13),
];
