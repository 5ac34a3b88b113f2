// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Rounds in which decoders take turns over the same files and the same memory.

use std::time::Duration;

use crate::report;

/// A compressed file, and the length of what is in it.
pub struct Sample {
    pub file: Vec<u8>,
    pub length: usize,
}

/// A decoder to measure.
pub struct Peer<'a> {
    pub name: String,
    /// Length of the pages that it writes to; `None`: a single page as long as the output.
    pub page_len: Option<usize>,
    /// Whether the others are compared with it.
    pub is_reference: bool,
    pub decode: Decoder<'a>,
}

/// Decodes a file into pages, all of which are kept, and returns how many bytes it wrote; `None`
/// for a file that it refuses.
type Decoder<'a> = Box<dyn FnMut(&[u8], &mut [&mut [u8]]) -> Option<usize> + 'a>;

impl<'a> Peer<'a> {
    /// A peer that fills 4 KiB pages, one after the other.
    pub fn pages(
        name: &str,
        decode: impl FnMut(&[u8], &mut [&mut [u8]]) -> Option<usize> + 'a,
    ) -> Self {
        Self {
            name: name.into(),
            page_len: Some(4096),
            is_reference: false,
            decode: Box::new(decode),
        }
    }

    /// A peer that writes to a buffer of the right length.
    pub fn flat(
        name: &str,
        decode: impl FnMut(&[u8], &mut [&mut [u8]]) -> Option<usize> + 'a,
    ) -> Self {
        Self { page_len: None, ..Self::pages(name, decode) }
    }
}

/// A peer decodes at least this many bytes in a turn, so that its code and tables are in the
/// caches for most of it.
const MIN_TURN: usize = 1 << 20;
/// A round decodes small files more than once, until it has made this many bytes.
const MIN_ROUND: usize = 8 << 20;

/// Memory for the output of all peers, in which each has its pages.
pub struct Memory(Vec<u8>);

impl Memory {
    const ALIGNMENT: usize = 65536;

    pub fn new(samples: &[Sample]) -> Self {
        let largest = samples.iter().map(|sample| sample.length).max().unwrap_or(0);
        Self(vec![0; largest + 3 * Self::ALIGNMENT])
    }

    /// Pages at addresses that are multiples of their length, with room for more than `length`
    /// bytes. Pages that follow each other are apart in memory, as a kernel's may be.
    pub fn pages(&mut self, page_len: Option<usize>, length: usize) -> Vec<&mut [u8]> {
        let start = self.0.as_ptr().align_offset(Self::ALIGNMENT);
        let memory = &mut self.0[start..];
        let Some(page_len) = page_len else { return vec![&mut memory[..length]] };
        let count = length / page_len + 1;
        let mut chunks = memory[..count * page_len].chunks_exact_mut(page_len);
        let from_both_ends = |index| match index % 2 {
            0 => chunks.next(),
            _ => chunks.next_back(),
        };
        (0..count).map_while(from_both_ends).collect()
    }
}

/// Has all peers take turns, and prints a table for each size class among the samples.
pub fn compare(title: &str, samples: &[Sample], peers: &mut [Peer<'_>], memory: &mut Memory) {
    for (class, lengths) in report::CLASSES {
        let members = samples.iter().filter(|sample| lengths.contains(&sample.length));
        let members: Vec<&Sample> = members.collect();
        if members.is_empty() {
            continue;
        }
        let times = take_turns(&members, peers, memory);
        let row = |(peer, seconds): (&Peer<'_>, Vec<f64>)| report::Row {
            name: peer.name.clone(),
            seconds,
            is_reference: peer.is_reference,
        };
        let rows: Vec<report::Row> = peers.iter().zip(times).map(row).collect();
        let bytes = members.iter().map(|sample| sample.length).sum();
        report::print(&format!("{title}, {class}: {} files", members.len()), bytes, &rows);
    }
}

/// The seconds that each peer takes for all samples, in each round.
fn take_turns(samples: &[&Sample], peers: &mut [Peer<'_>], memory: &mut Memory) -> Vec<Vec<f64>> {
    let rounds = std::env::var("PAGEWISE_BENCH_ROUNDS").unwrap_or_else(|_| "11".into());
    let rounds: usize = rounds.parse().expect("PAGEWISE_BENCH_ROUNDS is a number");
    let turns = turns(samples);
    let bytes: usize = samples.iter().map(|sample| sample.length).sum();
    let passes = MIN_ROUND.div_ceil(bytes.max(1));
    let mut times = vec![Vec::new(); peers.len()];
    for round in 0..=rounds {
        let mut round_times = vec![Duration::ZERO; peers.len()];
        for turn in 0..passes * turns.len() {
            for index in 0..peers.len() {
                // No peer always comes after the same one.
                let is_forward = (round + turn) % 2 == 0;
                let index = if is_forward { index } else { peers.len() - 1 - index };
                for sample in turns[turn % turns.len()] {
                    round_times[index] += time(&mut peers[index], sample, memory);
                }
            }
        }
        // The first round warms up.
        if round > 0 {
            for (times, time) in times.iter_mut().zip(round_times) {
                times.push(time.as_secs_f64() / passes as f64);
            }
        }
    }
    times
}

/// What a peer decodes in one turn: as few samples as make `MIN_TURN` bytes.
fn turns<'a, 'b>(mut samples: &'b [&'a Sample]) -> Vec<&'b [&'a Sample]> {
    let mut turns = Vec::new();
    while !samples.is_empty() {
        let mut bytes = 0;
        let is_enough = |sample: &&Sample| {
            bytes += sample.length;
            bytes >= MIN_TURN
        };
        let count = samples.iter().position(is_enough).map_or(samples.len(), |last| last + 1);
        let (turn, rest) = samples.split_at(count);
        turns.push(turn);
        samples = rest;
    }
    turns
}

fn time(peer: &mut Peer<'_>, sample: &Sample, memory: &mut Memory) -> Duration {
    let mut pages = memory.pages(peer.page_len, sample.length);
    let start = processor_time();
    let written = (peer.decode)(&sample.file, &mut pages);
    let time = processor_time() - start;
    assert_eq!(written, Some(sample.length), "{}", peer.name);
    time
}

/// The time that this thread has spent on the processor, so that what else runs on the machine does
/// not count.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn processor_time() -> Duration {
    #[repr(C)]
    struct Timespec {
        seconds: i64,
        nanoseconds: i64,
    }
    extern "C" {
        fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
    }
    const CLOCK_THREAD_CPUTIME_ID: i32 = 3;
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: `time` is what the function fills.
    let result = unsafe { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(result, 0);
    Duration::new(time.seconds as u64, time.nanoseconds as u32)
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn processor_time() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}
