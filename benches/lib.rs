// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What the benchmarks share: inputs, pages, and a table of ratios from interleaved rounds.

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use pagewise::{decode_slice, Decode, Pause};

/// A compressed file, and the length of what is in it.
pub struct Sample {
    pub file: Vec<u8>,
    pub length: usize,
}

/// The files that `PAGEWISE_BENCH_FILES` names, separated by colons, compressed if they are not; or
/// else the running executable, an ELF file as kernel modules are.
pub fn samples(
    is_compressed: fn(&[u8]) -> bool,
    compress: fn(&[u8]) -> Vec<u8>,
    length_of: fn(&[u8]) -> usize,
) -> Vec<Sample> {
    let own = std::env::current_exe().expect("the path of this program");
    let files = std::env::var("PAGEWISE_BENCH_FILES").unwrap_or_else(|_| own.display().to_string());
    let read = |path: &str| std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let files = files.split(':').filter(|path| !path.is_empty()).map(read);
    let files = files.map(|file| if is_compressed(&file) { file } else { compress(&file) });
    files.map(|file| Sample { length: length_of(&file), file }).collect()
}

/// Pages apart from each other in memory, as a kernel has them.
struct Pages(Vec<Box<[u8]>>);

impl Pages {
    fn new(page_len: usize, bytes: usize) -> Self {
        Self((0..bytes.div_ceil(page_len)).map(|_| vec![0; page_len].into()).collect())
    }

    /// Decodes a whole file and keeps all pages, which are given one at a time.
    fn decode<D: Decode>(&mut self, decoder: &mut D, file: &[u8]) -> u64 {
        decoder.reset();
        let (mut rest, mut count) = (file, 0);
        loop {
            let progress = decoder.decode(rest, &mut self.0[..count]).expect("a good file");
            rest = &rest[progress.consumed..];
            match progress.pause {
                Pause::NeedPage => count += 1,
                Pause::Done => return decoder.written(),
                Pause::NeedInput { .. } => panic!("a file cut short"),
            }
        }
    }
}

/// A decoder to measure: decodes a file into a buffer of the right length, or into its own pages.
pub struct Peer<'a> {
    pub name: &'a str,
    pub decode: Decoder<'a>,
}

type Decoder<'a> = Box<dyn FnMut(&[u8], &mut [u8]) + 'a>;

impl<'a> Peer<'a> {
    /// This crate, on 4 KiB pages for up to `largest` bytes.
    pub fn retained(mut decoder: impl Decode + 'a, largest: usize) -> Self {
        let mut pages = Pages::new(4096, largest);
        let decode = move |file: &[u8], output: &mut [u8]| {
            assert_eq!(pages.decode(&mut decoder, file), output.len() as u64);
        };
        Self { name: "pagewise, 4 KiB pages retained", decode: Box::new(decode) }
    }

    /// This crate, into one buffer.
    pub fn flat(mut decoder: impl Decode + 'a) -> Self {
        let decode = move |file: &[u8], output: &mut [u8]| {
            decoder.reset();
            let decoded = decode_slice(&mut decoder, file, output).expect("a good file");
            assert_eq!(decoded.written, output.len());
        };
        Self { name: "pagewise, flat", decode: Box::new(decode) }
    }
}

const ROUNDS: usize = 21;

/// Measures each peer by itself, and then all in turn.
pub fn measure(name: &str, samples: &[Sample], peers: &mut [Peer<'_>]) {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(samples.iter().map(|sample| sample.length as u64).sum()));
    let mut output = vec![0; largest(samples)];
    for peer in &mut *peers {
        group.bench_function(peer.name, |bencher| {
            bencher.iter(|| {
                for sample in samples {
                    (peer.decode)(&sample.file, &mut output[..sample.length]);
                }
            });
        });
    }
    group.finish();
    criterion.final_summary();
    print_ratios(samples, peers, ROUNDS);
}

/// The longest output.
pub fn largest(samples: &[Sample]) -> usize {
    samples.iter().map(|sample| sample.length).max().unwrap_or(0)
}

/// Measures all peers in turn, round by round, and prints the medians and their ratios to the
/// first peer: what is slow about the machine for a while is slow for all of them.
fn print_ratios(samples: &[Sample], peers: &mut [Peer<'_>], rounds: usize) {
    let total: usize = samples.iter().map(|sample| sample.length).sum();
    let mut output = vec![0; largest(samples)];
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); peers.len()];
    for round in 0..=rounds {
        for (peer, times) in peers.iter_mut().zip(&mut times) {
            let start = Instant::now();
            for sample in samples {
                (peer.decode)(&sample.file, &mut output[..sample.length]);
            }
            // The first round warms up.
            if round > 0 {
                times.push(start.elapsed());
            }
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    };
    let medians: Vec<f64> = times.iter_mut().map(median).collect();
    println!("\n{} files, {total} bytes, medians of {rounds} interleaved rounds", samples.len());
    println!("{:<34} {:>9} {:>18}", "", "MB/s", format!("to {}", peers[0].name));
    for (peer, median) in peers.iter().zip(&medians) {
        println!(
            "{:<34} {:>9.1} {:>18.2}",
            peer.name,
            total as f64 / 1e6 / median,
            medians[0] / median
        );
    }
}
