// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What C zlib says of odd streams, this crate says too.

use crate::common::bits::{literals, litlen_lengths, BitWriter, Codes, Op};
use crate::common::data::{self, encode_c, Wrapper};
use crate::common::zlib::{self, Opinion};
use flate2::Decompress;
use pagewise::{decode_slice, Decode, Deflate, Error};

fn pagewise_says(decoder: &mut Deflate, stream: &[u8], output: &mut [u8]) -> Opinion {
    decoder.reset();
    let result = decode_slice(decoder, stream, output);
    let written = decoder.written() as usize;
    match result {
        Ok(decoded) => (Some(true), decoded.consumed, written),
        Err(Error::Truncated | Error::OutputLimit) => (None, 0, written),
        Err(_) => (Some(false), 0, written),
    }
}

/// Two decoders and their outputs.
struct Pair {
    zlib: Decompress,
    pagewise: Box<Deflate>,
    outputs: [Vec<u8>; 2],
}

impl Pair {
    fn new() -> Self {
        let outputs = [vec![0; 1 << 18], vec![0; 1 << 18]];
        Self { zlib: Decompress::new(false), pagewise: Box::new(Deflate::new()), outputs }
    }

    /// Checks that both judge `stream` alike.
    fn agree(&mut self, stream: &[u8]) -> Option<bool> {
        let [a, b] = &mut self.outputs;
        self.zlib.reset(false);
        let zlib = zlib::says(&mut self.zlib, stream, a);
        let pagewise = pagewise_says(&mut self.pagewise, stream, b);
        assert_eq!(pagewise, zlib, "left pagewise, right zlib: {stream:x?}");
        assert!(a[..zlib.2] == b[..zlib.2], "{stream:x?}");
        zlib.0
    }
}

#[test]
fn zlib_agrees_on_odd_codes() {
    let mut pair = Pair::new();
    let mut verdicts = Vec::new();
    // One code too many, of the longest length: only there can the excess be that small.
    let longest = [(1..=14).collect(), vec![15; 3]].concat();
    let litlens: [&[u8]; 10] = [
        &[vec![0; 240], longest.clone()].concat(),
        &litlen_lengths(&[9, 9]),
        &litlen_lengths(&[8, 8]),
        &litlen_lengths(&[9, 10]),
        &litlen_lengths(&[8, 0]),
        &[vec![0; 256], vec![1]].concat(),
        &[vec![0; 256], vec![2]].concat(),
        &[vec![1], vec![0; 255], vec![1]].concat(),
        &[vec![8; 254], vec![9; 4]].concat(),
        // Codes of all lengths up to the longest.
        &[(1..=15).collect(), vec![0; 241], vec![15, 0]].concat(),
    ];
    let distances: [&[u8]; 12] = [
        &longest[..16],
        &longest,
        &[0],
        &[1],
        &[2],
        &[15],
        &[1, 1],
        &[0, 1],
        &[1, 1, 1],
        &[0; 30],
        &[vec![4; 2], vec![5; 28]].concat(),
        &[vec![0; 29], vec![1]].concat(),
    ];
    for litlen in litlens {
        for distance in distances {
            let mut stream = BitWriter::new();
            let _ = stream.dynamic(true, litlen, distance);
            for tail in 0..256 {
                // Random symbols, and zeros after them.
                let mut stream = stream.clone();
                for byte in data::Random(tail).bytes(12).into_iter().chain([0; 40]) {
                    stream.put(u32::from(byte), 8);
                }
                verdicts.push(pair.agree(&stream.finish()));
            }
        }
    }
    let count = |verdict| verdicts.iter().filter(|&&v| v == verdict).count();
    assert!(count(Some(true)) > 1000 && count(Some(false)) > 1000, "both must be tested");
}

#[test]
fn zlib_agrees_on_counts_and_fixed_symbols() {
    let mut pair = Pair::new();
    // HLIT and HDIST over all their values (RFC 1951, 3.2.7), with codes that are complete.
    let good = litlen_lengths(&[9, 9]);
    for litlen in 257..=288 {
        for distance in 1..=32 {
            let mut lengths = good.clone();
            lengths.resize(litlen, 0);
            let mut distances = vec![1, 1];
            distances.resize(distance.max(2), 0);
            let mut stream = BitWriter::new();
            let codes = stream.dynamic(true, &lengths, &distances[..distance]);
            let valid = pair.agree(&stream.end(&codes).finish());
            assert_eq!(valid, Some(litlen <= 286 && distance <= 30), "{litlen}, {distance}");
        }
    }

    // All symbols of the fixed code (3.2.6), where the longest extra bits reach back 32,768 bytes.
    let codes = Codes::fixed();
    for history in [0, 1, 100, 32_767, 32_768] {
        let mut stream = BitWriter::new();
        stream.stored(false, &data::random(history / 2));
        stream.stored(false, &data::random(history.div_ceil(2)));
        stream.block(true, 1);
        for symbol in 256..288 {
            for distance in 0..32 {
                for extra in [0, u32::MAX] {
                    let mut stream = stream.clone();
                    stream.symbol(&codes.litlen, symbol);
                    let bits = [0, 1, 5][usize::from(symbol >= 265) + usize::from(symbol >= 281)];
                    stream.put(extra, bits).symbol(&codes.distance, distance).put(extra, 13);
                    pair.agree(&stream.put(0, 64).finish());
                }
            }
        }
    }
}

#[test]
fn zlib_agrees_on_code_length_codes() {
    let mut pair = Pair::new();
    let mut random = data::Random(3);
    let mut verdicts = Vec::new();
    for round in 0..20_000 {
        let mut stream = BitWriter::new();
        let lengths = match round % 2 {
            0 => (0..4 + random.below(16)).map(|_| random.below(8) as u8).collect(),
            _ => complete(&mut random, 19, 7),
        };
        stream.counts(true, 257 + random.below(3), 1 + random.below(3), lengths.len());
        lengths.iter().for_each(|&length| _ = stream.put(length.into(), 3));
        random.bytes(150).iter().for_each(|&byte| _ = stream.put(byte.into(), 8));
        verdicts.push(agree_but_for_no_code(&mut pair, &stream.finish()));
    }
    assert!(verdicts.iter().all(|&verdict| verdict == Some(false)), "random codes are none");
}

#[test]
fn zlib_agrees_on_random_code_lengths() {
    let mut pair = Pair::new();
    let (mut random, mut good) = (data::Random(9), 0);
    for _ in 0..4000 {
        // Complete codes, some of which are then made incomplete.
        let mut litlen = complete(&mut random, 257 + 29, 15);
        let shortest = (0..litlen.len()).filter(|&at| litlen[at] > 0).min_by_key(|&at| litlen[at]);
        litlen.swap(256, shortest.unwrap());
        let mut distance = complete(&mut random, 30, 15);
        for lengths in [&mut litlen, &mut distance] {
            if random.below(4) == 0 {
                let at = random.below(lengths.len());
                lengths[at] = (lengths[at] + 1) % 16;
            }
        }
        let mut stream = BitWriter::new();
        let _ = stream.dynamic(true, &litlen, &distance);
        for byte in random.bytes(200) {
            stream.put(u32::from(byte), 8);
        }
        good += usize::from(pair.agree(&stream.finish()) == Some(true));
    }
    assert!(good > 100, "{good} streams are valid");
}

/// Code lengths of a complete code: leaves of a tree that is split at random.
fn complete(random: &mut data::Random, symbols: usize, longest: u8) -> Vec<u8> {
    let mut lengths = vec![1, 1];
    for _ in 0..random.below(2 * symbols) {
        let at = random.below(lengths.len());
        if lengths[at] < longest && lengths.len() < symbols {
            lengths[at] += 1;
            lengths.push(lengths[at]);
        }
    }
    lengths.resize(symbols, 0);
    for last in (1..symbols).rev() {
        lengths.swap(last, random.below(last + 1));
    }
    lengths
}

#[test]
fn zlib_agrees_on_mutated_streams() {
    let mut pair = Pair::new();
    let content = [data::text(400), data::runs(300), data::text(100)].concat();
    let mut streams: Vec<Vec<u8>> =
        [0, 1, 6, 9].map(|level| encode_c(Wrapper::Deflate, &content, level, 15)).into();
    let copies = [(100, 258), (1, 258), (300, 5)];
    let copies = copies.map(|(distance, length)| Op::Copy { distance, length });
    let ops = [literals(&content[..100]), copies.to_vec()].concat();
    streams.push(
        BitWriter::new().fixed(false, &ops).stored(false, b"stored").fixed(true, &ops).finish(),
    );
    streams.push(encode_c(Wrapper::Deflate, &vec![7; 150_000], 6, 15));

    let (mut random, mut verdicts) = (data::Random(1), Vec::new());
    for round in 0..30_000 {
        let mut stream = streams[round % streams.len()].clone();
        // Headers decide more than the symbols after them.
        let reach = if round % 2 == 0 { stream.len().min(60) } else { stream.len() };
        for _ in 0..1 + random.below(3) {
            stream[random.below(reach)] ^= 1 << random.below(8);
        }
        match random.below(4) {
            0 => stream.truncate(random.below(stream.len() + 1)),
            1 => {}
            _ => stream.extend(random.bytes(40)),
        }
        verdicts.push(agree_but_for_no_code(&mut pair, &stream));
    }
    for round in 0..10_000 {
        let mut stream = random.bytes(2 + round % 100);
        // A dynamic header in one of two, with HLIT and HDIST in their bounds.
        if round % 2 == 0 {
            stream[0] = stream[0] & !6 | 4;
            stream[1] &= 0xf7;
        }
        verdicts.push(agree_but_for_no_code(&mut pair, &stream));
    }
    for verdict in [Some(true), Some(false), None] {
        assert!(verdicts.iter().filter(|&&v| v == verdict).count() > 500, "{verdict:?}");
    }
}

/// A code length code without any code fails at once here. zlib reads zeros for lengths, and fails
/// once it has them all. So they differ only where the input ends before that.
fn agree_but_for_no_code(pair: &mut Pair, stream: &[u8]) -> Option<bool> {
    let [a, b] = &mut pair.outputs;
    pair.pagewise.reset();
    if decode_slice(&mut *pair.pagewise, stream, b) == Err(Error::DeflateCodeLengthCode) {
        pair.zlib.reset(false);
        let verdict = zlib::says(&mut pair.zlib, stream, a).0;
        assert_ne!(verdict, Some(true), "{stream:x?}");
        return Some(false);
    }
    pair.agree(stream)
}
