// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What the benchmarks share: inputs, pages, and rounds in which all peers take turns.
//!
//! - `PAGEWISE_BENCH_FILES`: files, or directories of them, separated by colons. What is not
//!   compressed yet is compressed first. Each size class has a table of its own.
//! - `PAGEWISE_BENCH_ROUNDS`: how many rounds, by default 11.
//! - `PAGEWISE_BASE`: another checkout of this crate, as a peer.
//! - Arguments: the peers whose names contain one of them, instead of all.
//!
//! Where the linker puts code moves its speed: two builds of the same source differ by up to 4 %.

#[cfg(base)]
extern crate pagewise_base;

pub mod builds;
pub mod report;
pub mod turns;

use std::path::{Path, PathBuf};

use turns::{compare, Memory};
pub use turns::{Peer, Sample};

/// The files that `PAGEWISE_BENCH_FILES` names, compressed if they are not; or else the running
/// executable, an ELF file as kernel modules are.
pub fn samples(
    is_compressed: fn(&[u8]) -> bool,
    compress: impl Fn(&[u8]) -> Vec<u8>,
    length_of: fn(&[u8]) -> usize,
) -> Vec<Sample> {
    let mut paths = Vec::new();
    match std::env::var("PAGEWISE_BENCH_FILES") {
        Ok(list) => {
            list.split(':').filter(|path| !path.is_empty()).for_each(|path| add(path, &mut paths))
        }
        Err(_) => paths.push(std::env::current_exe().expect("the path of this program")),
    }
    let read = |path: PathBuf| {
        let file = std::fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let file = if is_compressed(&file) { file } else { compress(&file) };
        Sample { length: length_of(&file), file }
    };
    paths.into_iter().map(read).collect()
}

/// Adds a file, or all files below a directory in the order of their names.
fn add(path: impl AsRef<Path>, paths: &mut Vec<PathBuf>) {
    let path = path.as_ref();
    if !path.is_dir() {
        return paths.push(path.into());
    }
    let entries = path.read_dir().unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut entries: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry of a directory").path()).collect();
    entries.sort();
    entries.iter().for_each(|entry| add(entry, paths));
}

/// Measures all peers, and prints a table for each size class among the samples. `damage` makes the
/// check in a file wrong: a peer that still accepts the file is called "unchecked".
pub fn measure(title: &str, samples: &[Sample], mut peers: Vec<Peer<'_>>, damage: fn(&mut [u8])) {
    let names: Vec<String> =
        std::env::args().skip(1).filter(|name| !name.starts_with("--")).collect();
    let is_asked = |peer: &Peer<'_>| names.iter().any(|name| peer.name.contains(name));
    peers.retain(|peer| names.is_empty() || peer.is_reference || is_asked(peer));

    let mut memory = Memory::new(samples);
    let smallest = samples.iter().min_by_key(|sample| sample.length).expect("a file");
    let mut damaged = smallest.file.clone();
    damage(&mut damaged);
    for peer in &mut peers {
        let mut pages = memory.pages(peer.page_len, smallest.length);
        if (peer.decode)(&damaged, &mut pages).is_some() {
            peer.name += ", unchecked";
        }
    }
    compare(title, samples, &mut peers, &mut memory);
}
