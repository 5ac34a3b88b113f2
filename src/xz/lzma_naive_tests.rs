// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! [`Lzma`] against the [naive](super::lzma_naive) decoder: random streams, damaged and truncated
//! ones, and random bytes.

use std::boxed::Box;
use std::format;
use std::vec;
use std::vec::Vec;

use super::lzma_naive::{decode, Naive};
use super::range::naive::{Bias, Inventor};
use super::Lzma;
use crate::pieces::expect;
use crate::random::Random;
use crate::zeroed::Zeroed;
use crate::Error;

/// Random streams, and how often each is damaged.
const STREAMS: u64 = if cfg!(miri) { 2 } else { 90 };
const DAMAGES: usize = if cfg!(miri) { 1 } else { 4 };
/// Most symbols of a stream.
const SYMBOLS: [usize; 4] = if cfg!(miri) { [30; 4] } else { [30, 300, 300, 2000] };
/// Files of random bytes.
const FILES: u64 = if cfg!(miri) { 3 } else { 2000 };

/// How a stream ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// At the known size, with or without a marker.
    Size,
    SizeAndMarker,
    /// At a marker.
    Marker,
    /// At a known size that is wrong by so much.
    WrongSize(i64),
    /// With a symbol that is an error.
    Error,
}

/// A header with valid properties ("lzma file format").
fn header(random: &mut Random) -> ([u32; 3], u32, Vec<u8>) {
    let lc = random.below(5);
    let (lp, pb) = (random.below(5 - lc), random.below(5));
    let dictionary = [0, 1 << 12, 5000, 1 << 16, u32::MAX][random.below(5)];
    let properties = ((pb * 5 + lp) * 9 + lc) as u8;
    let header = [&[properties], &dictionary.to_le_bytes()[..]].concat();
    ([lc, lp, pb].map(|bits| bits as u32), dictionary, header)
}

/// The bits of a match with the given bits of its length, and a distance, less one, of 128 or more.
/// The first one is the last.
fn match_bits(length: &[usize], distance: u32) -> Vec<usize> {
    let top = distance.ilog2();
    let slot = 2 * top + (distance >> (top - 1) & 1);
    let slot_bits = (0..6).rev().map(|place| slot >> place & 1);
    // Direct bits, and those of the tree for the lowest four.
    let places = (4..top - 1).rev().chain(0..4);
    let bits = slot_bits.chain(places.map(|place| distance >> place & 1));
    let mut bits = [&[1, 0], length, &bits.map(|bit| bit as usize).collect::<Vec<_>>()].concat();
    bits.reverse();
    bits
}

/// The bits of a length of two bytes.
const TWO: [usize; 4] = [0; 4];

/// A file of random symbols, and what they stand for, up to the error if there is one.
fn file(seed: u64, end: End) -> (Vec<u8>, Vec<u8>) {
    let mut random = Random(seed);
    let (properties, dictionary, mut file) = header(&mut random);
    let symbols = SYMBOLS[random.below(4)];
    let mut naive = Naive::new(properties, dictionary);
    let mut bits = Inventor::new(random);
    let mut output = Vec::new();
    let mut count = 0;
    loop {
        let before = (naive.clone(), bits.encoder.clone());
        bits.bias = match bits.random.below(9) {
            0..4 => Bias::Likely,
            4 => Bias::Unlikely,
            _ => Bias::None,
        };
        if bits.random.below(40) == 0 {
            // As far as the smallest dictionary reaches, and a byte more.
            bits.given = match_bits(&TWO, 4095 + bits.random.below(2) as u32);
        }
        let is_enough = count >= symbols;
        match naive.step(&mut bits, &mut output, None) {
            Err(_) if is_enough && end == End::Error => break,
            Ok(false) if is_enough && end != End::Error => break,
            Ok(false) => count += 1,
            // Made up again, with other bits.
            _ => (naive, bits.encoder) = before,
        }
    }
    if matches!(end, End::Marker | End::SizeAndMarker) {
        bits.given = match_bits(&TWO, u32::MAX);
        assert_eq!(naive.step(&mut bits, &mut output, None), Ok(true));
    }
    let size = match end {
        End::Marker => u64::MAX,
        End::WrongSize(difference) => (output.len() as u64).saturating_add_signed(difference),
        End::Size | End::SizeAndMarker => output.len() as u64,
        End::Error => [u64::MAX, 1 << 40][bits.random.below(2)],
    };
    file.extend(size.to_le_bytes());
    file.extend(bits.encoder.finish());
    (file, output)
}

#[test]
fn any_stream_decodes_as_bit_by_bit() {
    let mut decoder = Box::new(Lzma::ZEROED);
    let mut seen = Vec::new();
    for seed in 0..STREAMS {
        let mut random = Random(!seed);
        let wrong = End::WrongSize(random.below(40) as i64 - 20);
        let kinds = [End::Size, End::SizeAndMarker, End::Marker, End::Size, wrong, End::Error];
        let end = kinds[seed as usize % 6];
        let (file, output) = file(seed, end);
        let outcome = decode(&file);
        if matches!(end, End::Size | End::SizeAndMarker | End::Marker) {
            assert_eq!(outcome.verdict, Ok(file.len()), "seed {seed}");
            assert!(outcome.bytes == output, "seed {seed}");
        }
        expect(&mut *decoder, &file, &outcome, &format!("seed {seed}"));
        seen.extend(outcome.verdict.err());
        for damage in 0..DAMAGES {
            let mut file = file.clone();
            // Now and then in the header.
            let at = random.below([file.len(), file.len().min(24)][damage / 3]);
            if damage == 0 {
                file.truncate(at);
            } else {
                file[at] ^= 1 << random.below(8);
            }
            let outcome = decode(&file);
            expect(&mut *decoder, &file, &outcome, &format!("seed {seed}, damage {damage}"));
            seen.extend(outcome.verdict.err());
        }
    }
    let errors = [
        Error::Truncated,
        Error::LzmaProperties,
        Error::LzmaFirstByte,
        Error::LzmaLength,
        Error::LzmaEndMarker,
        Error::LzmaEnd,
        Error::DistancePastWindow,
        Error::DistanceBeforeStart,
    ];
    // All cases have come.
    let missing = errors.iter().find(|error| !seen.contains(error));
    assert!(missing.is_none() || cfg!(miri), "{missing:?}");
}

/// An end marker takes 17 bytes where the probability of each of its bits has come near its limit
/// by other bits. With fewer bytes it must not be taken for whole. That needs more symbols than
/// Miri gets through.
#[test]
#[cfg_attr(miri, ignore)]
fn a_long_symbol_is_whole_or_not_there() {
    let times = 150;
    let literal = Vec::from([0; 9]);
    let mut symbols = vec![literal.clone(); 200];
    // Before a node of a tree come those that follow it, because their bits pass through it.
    for ones in (0..8).rev() {
        let length = [[1].repeat(2 + ones), [0].repeat(8 - ones)].concat();
        let lowest = (1 << ones.min(3)) - 1;
        if ones == 0 {
            symbols.extend(vec![match_bits(&length, 1 << 16); times]);
        }
        symbols.extend(vec![match_bits(&length, 128 + lowest); times]);
    }
    symbols.extend(vec![match_bits(&[1, 0, 1, 1, 1], 128); times]);
    symbols.extend(vec![match_bits(&[0, 1, 1, 1], 128); times]);
    let short_rep = Vec::from([0, 0, 1, 1]);
    for _ in 0..times {
        symbols.extend([literal.clone(), literal.clone(), literal.clone(), short_rep.clone()]);
    }
    symbols.extend(vec![literal; times]);

    let mut naive = Naive::new([0; 3], u32::MAX);
    let mut bits = Inventor::new(Random(0));
    let mut output = Vec::new();
    for given in symbols {
        bits.given = given;
        assert_eq!(naive.step(&mut bits, &mut output, None), Ok(false));
    }
    let before = bits.encoder.clone().finish().len();
    bits.given = match_bits(&[1; 10], u32::MAX);
    assert_eq!(naive.step(&mut bits, &mut output, None), Ok(true));
    let data = bits.encoder.finish();
    assert!(data.len() - before >= 17, "{}", data.len() - before);

    let file = [&[0, 0xff, 0xff, 0xff, 0xff][..], &[0xff; 8], &data].concat();
    assert_eq!(decode(&file).verdict, Ok(file.len()));
    for end in file.len() - 30..=file.len() {
        let outcome = decode(&file[..end]);
        expect(&mut *Box::new(Lzma::ZEROED), &file[..end], &outcome, &format!("{end}"));
    }
}

#[test]
fn any_bytes_decode_as_bit_by_bit() {
    let mut decoder = Box::new(Lzma::ZEROED);
    for seed in 0..FILES {
        let mut random = Random(seed);
        let (_, _, mut file) = header(&mut random);
        let size = [u64::MAX, random.below(200) as u64][random.below(2)];
        file.extend(size.to_le_bytes());
        // The first symbols are literals if the first bytes are small.
        let bits = random.below(9);
        file.extend([0, random.below(1 << bits) as u8]);
        file.extend((0..random.below(200)).map(|_| random.next() as u8));
        expect(&mut *decoder, &file, &decode(&file), &format!("seed {seed}"));
    }
}
