// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! [`raw::symbols`](super::raw::symbols) and [`twin`](super::twin) against a naive model: random
//! pages, histories, windows, distances and lengths. Miri runs these tests too.

use std::vec;
use std::vec::Vec;

use super::copy::NOWHERE;
use super::raw::symbols;
use super::settings::Setting;
use super::{twin, Output, Prefix};
use crate::random::Random;
use crate::zeroed::Zeroed;
use crate::OVERSHOOT;

const ROUNDS: usize = if cfg!(miri) { 40 } else { 4_000 };

enum Symbol {
    Literal(u8),
    Copy { distance: usize, length: usize },
}

/// Where a stretch ended: bytes written, those of a parked copy, and whether a copy failed.
#[derive(PartialEq, Eq, Debug)]
struct End {
    written: usize,
    parked: usize,
    failed: bool,
}

fn symbols(random: &mut Random) -> Vec<Symbol> {
    let symbol = |random: &mut Random| match random.mostly_small(3) {
        0 => Symbol::Literal(random.mostly_small(256) as u8),
        // Distances up to the farthest that is passed to `begin`, and zero, which no format has.
        1 => Symbol::Copy {
            distance: random.mostly_small((1 << 15) + 1),
            length: 1 + random.mostly_small(258),
        },
        _ => Symbol::Copy {
            distance: 1 + random.mostly_small(700),
            length: 1 + random.mostly_small(60),
        },
    };
    (0..1 + random.mostly_small(60)).map(|_| symbol(random)).collect()
}

/// The model: as many of `symbols` as `ends` has, byte by byte, on one array that stands for all
/// pages.
fn naive(setting: &Setting, symbols: &[Symbol], ends: &[usize]) -> (Vec<u8>, End) {
    let mut bytes = setting.pages.concat();
    let page_end = bytes.len();
    let at = |place: usize| place - setting.released;
    let mut end = End { written: setting.written, parked: 0, failed: false };
    for symbol in &symbols[..ends.len()] {
        match *symbol {
            Symbol::Literal(byte) => {
                bytes[at(end.written)] = byte;
                end.written += 1;
            }
            Symbol::Copy { distance, length } => {
                let from = end.written.wrapping_sub(distance);
                let is_there = distance > 0
                    && distance <= end.written - setting.history
                    && distance <= setting.window
                    && from >= setting.released;
                if !is_there {
                    end.failed = true;
                    break;
                }
                for done in 0..length {
                    if at(end.written) == page_end {
                        end.parked = length - done;
                        break;
                    }
                    bytes[at(end.written)] = bytes[at(end.written) - distance];
                    end.written += 1;
                }
            }
        }
    }
    (bytes, end)
}

/// Runs `symbols` while there is ample room. Returns the pages, the end, and the place after each
/// symbol.
macro_rules! stretch {
    ($fast:ident, $setting:expr, $symbols:expr) => {{
        let (mut output, mut pages) = ($setting.output(), $setting.pages.clone());
        let mut cursor = output.open(&mut pages, $setting.window, &Prefix::NONE).unwrap();
        let mut fast = $fast::Fast::new(&mut cursor);
        let mut at = fast.begin(1 << 15);
        let mut ends = Vec::new();
        for symbol in $symbols {
            let Some(spot) = fast.spot(at) else { break };
            at = match *symbol {
                Symbol::Literal(byte) => spot.literal(byte).at(),
                Symbol::Copy { distance, length } => {
                    // The copy may rely on no more room than there is after both literals.
                    spot.without_literals().copy(distance, length)
                }
            };
            ends.push(at);
        }
        let failed = ends.last() == Some(&NOWHERE);
        assert_eq!(fast.finish(at).is_err(), failed);
        output.close(cursor);
        let end = End { written: output.written as usize, parked: output.parked.length, failed };
        (pages.concat(), end, ends)
    }};
}

#[test]
fn raw_and_twin_write_what_the_model_writes() {
    let mut random = Random(1);
    let (mut copies, mut failures, mut parked) = (0, 0, 0);
    for round in 0..ROUNDS {
        let setting = Setting::new(&mut random, 11, 20, [40_000, 1 << 15, 256, 1 << 12]);
        let symbols = symbols(&mut random);
        let (raw, raw_end, raw_ends) = stretch!(symbols, setting, &symbols);
        let (twin, twin_end, twin_ends) = stretch!(twin, setting, &symbols);
        assert_eq!((&raw_end, &raw_ends), (&twin_end, &twin_ends), "round {round}");
        let (expected, end) = naive(&setting, &symbols, &raw_ends);
        assert_eq!(raw_end, end, "round {round}");
        let written = end.written - setting.released;
        let clean = (written + OVERSHOOT).min(expected.len());
        for (bytes, name) in [(&raw, "raw"), (&twin, "twin")] {
            assert!(bytes[..written] == expected[..written], "round {round}, {name}: wrong bytes");
            // A copy that failed has written nothing.
            assert!(bytes[clean..] == expected[clean..], "round {round}, {name}: overshoot");
        }
        copies += raw_ends.len();
        failures += usize::from(end.failed);
        parked += usize::from(end.parked > 0);
    }
    // All cases have occurred.
    assert!(copies > ROUNDS && failures > ROUNDS / 20 && parked > ROUNDS / 50);
}

#[test]
fn copies_of_any_length_stay_in_the_page() {
    for distance in [0, 1, 7, 8, 16, 100, 101, usize::MAX / 2, usize::MAX / 2 + 1, usize::MAX] {
        for length in [0, 33, 155, 156, 157, usize::MAX / 2, usize::MAX - 20, usize::MAX] {
            let mut pages = vec![vec![7u8; 256]];
            let mut output = Output::ZEROED;
            (output.written, output.page_len) = (100, 256);
            let mut cursor = output.open(&mut pages, 1 << 15, &Prefix::NONE).unwrap();
            let mut fast = symbols::Fast::new(&mut cursor);
            let at = fast.begin(1 << 15);
            let after = fast.spot(at).unwrap().without_literals().copy(distance, length);
            let expected = if (1..=100).contains(&distance) {
                256.min(100 + length.min(156))
            } else {
                NOWHERE
            };
            // A copy of nothing from nowhere does no harm.
            assert!(after == expected || length == 0, "{length} bytes from {distance}");
        }
    }
}

#[test]
fn literals_leave_room_for_a_copy() {
    for spare in 1..80 {
        let mut pages = vec![vec![7u8; 256]];
        let mut output = Output::ZEROED;
        (output.written, output.page_len) = (256 - spare as u64, 256);
        let mut cursor = output.open(&mut pages, 1 << 15, &Prefix::NONE).unwrap();
        let mut fast = symbols::Fast::new(&mut cursor);
        let at = fast.begin(1 << 15);
        let Some(spot) = fast.spot(at) else {
            assert!(spare < OVERSHOOT, "{spare} bytes are ample room");
            continue;
        };
        let after = spot.literal(1).literal(2).copy(200 - spare, 9);
        assert_eq!(after, at + 11);
        fast.finish(after).unwrap();
        output.close(cursor);
        assert_eq!(pages[0][at..after], [1, 2, 7, 7, 7, 7, 7, 7, 7, 7, 7]);
    }
}
