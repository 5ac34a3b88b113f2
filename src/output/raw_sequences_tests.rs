// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! [`raw::sequences`](super::raw::sequences) and [`twin_sequences`](super::twin_sequences) against
//! a naive model: random pages, histories, windows and sequences. Miri runs these tests too.

use std::vec;
use std::vec::Vec;

use super::raw::sequences;
use super::settings::Setting;
use super::{twin_sequences, Output, Prefix, Sequence, CHUNK};
use crate::random::Random;
use crate::zeroed::Zeroed;
use crate::OVERSHOOT;

const ROUNDS: usize = if cfg!(miri) { 40 } else { 6_000 };

/// Executes what it can, and the next sequence exactly, and so on, until there is an error, or the
/// room or the page ends. Returns the pages, bytes written, those of a parked copy, and sequences
/// done.
macro_rules! round {
    ($module:ident, $setting:expr, $room:expr, $sequences:expr, $literals:expr) => {{
        let (mut output, mut pages) = ($setting.output(), $setting.pages.clone());
        let mut cursor = output.open(&mut pages, $setting.window, &Prefix::NONE).unwrap();
        let mut executor = $module::Executor::new(&mut cursor, $room);
        let start = executor.at();
        let (mut left, mut next, mut quick) = (0..$literals.len() - CHUNK, 0, 0);
        let is_good = loop {
            let done = executor.execute(&$sequences[next..], &$literals, &mut left);
            (next, quick) = (next + done, quick + done);
            assert!(executor.at() - start <= $room);
            let Some(sequence) = $sequences.get(next) else { break true };
            let [run, length, distance] = sequence.fields();
            let rest = &$literals[left.clone()];
            let is_much = run > rest.len() || executor.at() - start + run + length > $room;
            if is_much || executor.is_full() || executor.is_parked() {
                break true;
            }
            let taken = executor.extend(&rest[..run]);
            left.start += taken;
            if taken < run {
                break true;
            }
            next += 1;
            if executor.copy(distance, length).is_err() {
                break false;
            }
        };
        output.close(cursor);
        let end = (output.written as usize, output.parked.length, next, left.start, is_good);
        (pages.concat(), end, quick)
    }};
}

/// The model: byte by byte, on one array that stands for all pages.
fn naive(
    setting: &Setting,
    room: usize,
    sequences: &[Sequence],
    literals: &[u8],
) -> (Vec<u8>, (usize, usize, usize, usize, bool)) {
    let mut bytes = setting.pages.concat();
    let (page_end, first) = (bytes.len() + setting.released, setting.released);
    let (mut at, mut taken, mut next) = (setting.written, 0, 0);
    for sequence in sequences {
        let [run, length, distance] = sequence.fields();
        let is_much =
            run > literals.len() - CHUNK - taken || at - setting.written + run + length > room;
        if is_much || at == page_end {
            break;
        }
        let fits = run.min(page_end - at);
        bytes[at - first..][..fits].copy_from_slice(&literals[taken..][..fits]);
        (at, taken) = (at + fits, taken + fits);
        if fits < run {
            break;
        }
        next += 1;
        let from = at.wrapping_sub(distance);
        let is_allowed =
            distance > 0 && distance <= at - setting.history && distance <= setting.window;
        // A copy at a page's end does not look for its source yet.
        if !is_allowed || (from < first && at < page_end) {
            return (bytes, (at, 0, next, taken, false));
        }
        for done in 0..length {
            if at == page_end {
                return (bytes, (at, length - done, next, taken, true));
            }
            bytes[at - first] = bytes[at - distance - first];
            at += 1;
        }
    }
    (bytes, (at, 0, next, taken, true))
}

#[test]
fn raw_and_twin_write_what_the_model_writes() {
    let mut random = Random(1);
    let (mut quick, mut all, mut parked, mut failed) = (0, 0, 0, 0);
    for round in 0..ROUNDS {
        let windows = [1 << 30, usize::MAX, 1 << 15, 256];
        let mut setting = Setting::new(&mut random, 8, 40, windows);
        setting.history = [0, setting.history][random.mostly_small(2)];
        let room = [1 << 17, random.mostly_small(1 << 12)][random.mostly_small(2)];
        let literals: Vec<u8> =
            (0..random.mostly_small(1 << 12) + CHUNK).map(|i| i as u8 ^ 0x55).collect();
        let far = [64, 1 << 10, 1 << 16][random.mostly_small(3)];
        let sequences: Vec<Sequence> = (0..random.mostly_small(300))
            .map(|_| Sequence {
                literals_length: [random.mostly_small(4), random.mostly_small(60)]
                    [random.mostly_small(2)] as u32,
                length: 3 + [random.mostly_small(20), random.mostly_small(300)]
                    [random.mostly_small(2)] as u32,
                distance: [
                    1 + random.mostly_small(far),
                    random.mostly_small(far),
                    random.mostly_small(20),
                ][random.mostly_small(3)] as u32,
            })
            .collect();
        let (raw, raw_end, raw_quick) = round!(sequences, setting, room, sequences, literals);
        let (twin, twin_end, _) = round!(twin_sequences, setting, room, sequences, literals);
        assert_eq!(raw_end, twin_end, "round {round}");
        let (expected, end) = naive(&setting, room, &sequences, &literals);
        assert_eq!(raw_end, end, "round {round}");
        let written = end.0 - setting.released;
        let clean = (written + OVERSHOOT).min(expected.len());
        for (bytes, name) in [(&raw, "raw"), (&twin, "twin")] {
            assert!(bytes[..written] == expected[..written], "round {round}, {name}: wrong bytes");
            assert!(bytes[clean..] == expected[clean..], "round {round}, {name}: overshoot");
        }
        quick += raw_quick;
        all += end.2;
        parked += usize::from(end.1 > 0);
        failed += usize::from(!end.4);
    }
    // All cases have occurred.
    assert!(
        quick > all / 3 && parked > ROUNDS / 50 && failed > ROUNDS / 20,
        "{quick} of {all}, {parked}, {failed}"
    );
}

/// Lengths that no format has do no harm.
#[test]
fn any_numbers_stay_in_the_page() {
    let numbers =
        [0, 1, 7, 8, 15, 16, 17, 100, 101, u32::MAX / 2, u32::MAX / 2 + 1, u32::MAX - 15, u32::MAX];
    for literals_length in numbers {
        for (length, distance) in numbers.iter().flat_map(|&l| numbers.map(|d| (l, d))) {
            let mut pages = vec![vec![7u8; 256]];
            let mut output = Output::ZEROED;
            (output.written, output.page_len) = (100, 256);
            let mut cursor = output.open(&mut pages, usize::MAX, &Prefix::NONE).unwrap();
            let mut executor = sequences::Executor::new(&mut cursor, usize::MAX);
            let sequence = [Sequence { literals_length, length, distance }];
            let bytes = vec![7; 400];
            executor.execute(&sequence, &bytes, &mut (0..384));
            executor.execute(&sequence, &bytes, &mut (0..385));
            assert!(executor.at() <= 256 - CHUNK);
        }
    }
}
