// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Contents to compress, the encoders that do it, and wrappers built by hand.

use flate2::{Compress, Compression, FlushCompress, Status};
use zlib_rs::{DeflateConfig, ReturnCode};

use super::bits::{literals, BitWriter, Op};

/// What is around a deflate stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapper {
    Deflate,
    Zlib,
    Gzip,
}

impl Wrapper {
    pub const ALL: [Self; 3] = [Self::Deflate, Self::Zlib, Self::Gzip];

    /// As zlib's `deflateInit2` wants them.
    fn window_bits(self, window_bits: u8) -> i32 {
        match self {
            Self::Deflate => -i32::from(window_bits),
            Self::Zlib => i32::from(window_bits),
            Self::Gzip => i32::from(window_bits) + 16,
        }
    }
}

/// Compresses by C zlib.
pub fn encode_c(wrapper: Wrapper, content: &[u8], level: u32, window_bits: u8) -> Vec<u8> {
    let level = Compression::new(level);
    let mut encoder = match wrapper {
        Wrapper::Gzip => Compress::new_gzip(level, window_bits),
        _ => Compress::new_with_window_bits(level, wrapper == Wrapper::Zlib, window_bits),
    };
    let mut stream = Vec::with_capacity(bound(content.len()));
    let status = encoder.compress_vec(content, &mut stream, FlushCompress::Finish);
    assert_eq!(status.unwrap(), Status::StreamEnd);
    stream
}

/// Compresses by zlib-rs; `config.window_bits` counts without a wrapper, 9 to 15.
pub fn encode_rs(wrapper: Wrapper, content: &[u8], config: DeflateConfig) -> Vec<u8> {
    let mut stream = vec![0; bound(content.len())];
    let window_bits = wrapper.window_bits(config.window_bits as u8);
    let config = DeflateConfig { window_bits, ..config };
    let (stream, code) = zlib_rs::compress_slice(&mut stream, content, config);
    assert_eq!(code, ReturnCode::Ok);
    stream.to_vec()
}

/// More bytes than any encoder makes of `length` bytes: the fixed code takes 9 bits at most.
fn bound(length: usize) -> usize {
    length + length / 4 + 1024
}

/// The optional fields of a gzip header (RFC 1952, 2.3.1).
#[derive(Clone, Default)]
pub struct GzipHeader {
    pub text: bool,
    pub extra: Option<Vec<u8>>,
    pub name: Option<Vec<u8>>,
    pub comment: Option<Vec<u8>>,
    pub crc: bool,
}

impl GzipHeader {
    pub fn full() -> Self {
        Self {
            text: true,
            extra: Some(b"AP\x05\x00extra".to_vec()),
            name: Some(b"name".to_vec()),
            comment: Some(b"a longer comment than the name is".to_vec()),
            crc: true,
        }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let flags = [
            self.text,
            self.crc,
            self.extra.is_some(),
            self.name.is_some(),
            self.comment.is_some(),
        ];
        let flags = flags.iter().zip(0..).map(|(&set, bit)| u8::from(set) << bit).sum();
        let mut header = vec![0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3];
        if let Some(extra) = &self.extra {
            header.extend(u16::try_from(extra.len()).unwrap().to_le_bytes());
            header.extend(extra);
        }
        for text in [&self.name, &self.comment].into_iter().flatten() {
            header.extend(text);
            header.push(0);
        }
        if self.crc {
            header.extend((zlib_rs::crc32::crc32(0, &header) as u16).to_le_bytes());
        }
        header
    }
}

/// A gzip member around the deflate stream `raw` (RFC 1952, 2.3).
pub fn gzip(header: &GzipHeader, raw: &[u8], content: &[u8]) -> Vec<u8> {
    let crc = zlib_rs::crc32::crc32(0, content).to_le_bytes();
    [&header.to_bytes(), raw, &crc, &(content.len() as u32).to_le_bytes()].concat()
}

/// A zlib stream around `raw` that declares a window of `256 << cinfo` bytes (RFC 1950, 2.2).
pub fn zlib(cinfo: u8, raw: &[u8], content: &[u8]) -> Vec<u8> {
    let adler = zlib_rs::adler32::adler32(1, content).to_be_bytes();
    [&zlib_header(cinfo << 4 | 8, 0), raw, &adler].concat()
}

/// CMF, and FLG with the FCHECK that fits (RFC 1950, 2.2).
pub fn zlib_header(cmf: u8, flg: u8) -> [u8; 2] {
    let rest = u16::from_be_bytes([cmf, flg & 0xe0]) % 31;
    [cmf, (flg & 0xe0) | ((31 - rest as u8) % 31)]
}

/// `content` as one block of literals with the fixed code.
pub fn raw_literals(content: &[u8]) -> Vec<u8> {
    BitWriter::new().fixed(true, &literals(content)).finish()
}

/// Pseudo-random numbers (splitmix64), the same in each run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

/// Bytes that do not compress.
pub fn random(length: usize) -> Vec<u8> {
    Random(length as u64).bytes(length)
}

/// Something like prose: words of a small vocabulary, the early ones more often.
pub fn text(length: usize) -> Vec<u8> {
    let mut random = Random(0x7e87);
    let words: Vec<Vec<u8>> = (0..600)
        .map(|_| (0..2 + random.below(9)).map(|_| b'a' + random.below(26) as u8).collect())
        .collect();
    let mut text = Vec::new();
    while text.len() < length {
        let most = 1 + random.below(words.len());
        text.extend(&words[random.below(most)]);
        text.push(if random.below(12) == 0 { b'\n' } else { b' ' });
    }
    text.truncate(length);
    text
}

/// Runs of equal bytes, from 1 to 1,000 long.
pub fn runs(length: usize) -> Vec<u8> {
    let mut random = Random(0x10ad);
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let byte = random.next() as u8;
        bytes.resize(bytes.len() + 1 + random.below(1000), byte);
    }
    bytes.truncate(length);
    bytes
}

/// A random string of `period` bytes, over and over.
pub fn periodic(period: usize, length: usize) -> Vec<u8> {
    random(period).into_iter().cycle().take(length).collect()
}

/// This test's own machine code.
pub fn elf(length: usize) -> Vec<u8> {
    let mut bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    bytes.truncate(length);
    bytes
}

/// Bytes in which every filter finds something to change, wherever pages end.
pub fn code(length: usize) -> Vec<u8> {
    let mut random = Random(length as u64);
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let any = random.next().to_le_bytes();
        match random.below(4) {
            // Calls of x86, ARM, ARM64, PowerPC; for the other filters any bytes are as good as
            // code.
            0 => bytes.extend([0xe8, any[0], any[1], 0, [0, 0xff][random.below(2)]]),
            1 => bytes.extend([any[0], any[1], any[2], [0xeb, 0x94][random.below(2)]]),
            2 => bytes.extend([0x48, any[0], any[1], any[2] & 0xfc | 1]),
            _ => bytes.extend(any),
        }
        // Instructions are in step, and sometimes out of step.
        bytes.truncate(bytes.len() - usize::from(any[7] < 40));
    }
    bytes.truncate(length);
    bytes
}

/// Literals and copies for `length` bytes or a few more: distances near, far and in between.
pub fn random_ops(random: &mut Random, length: usize) -> Vec<Op> {
    let (mut ops, mut at) = (literals(&random.bytes(3)), 3);
    while at < length {
        let distance = match random.below(4) {
            0 => 1 + random.below(40),
            1 => at - random.below(3),
            2 => at / 2,
            _ => 1 + random.below(at),
        };
        let copied = match random.below(8) {
            0 => 3 + random.below(256),
            1..4 => 17 + random.below(50),
            _ => 3 + random.below(14),
        };
        if random.below(3) == 0 {
            ops.push(Op::Literal(random.next() as u8));
            at += 1;
        } else {
            let distance = distance.clamp(1, at.min(32_768));
            ops.push(Op::Copy { distance, length: copied });
            at += copied;
        }
    }
    ops
}
