// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Decodes gzip files with the same code compiled twice, in turn, and prints the ratio.

extern crate default_decoder;
extern crate default_pagewise;
extern crate kernel_decoder;
extern crate kernel_pagewise;

use std::time::{Duration, Instant};

const ROUNDS: usize = 31;

macro_rules! time {
    ($pagewise:ident, $decoder:ident, $files:expr, $memory:expr) => {{
        let start = Instant::now();
        for file in $files {
            let mut decoder = Box::new($pagewise::Gzip::new());
            let mut pages: Vec<&mut [u8]> = $memory.chunks_exact_mut(4096).collect();
            let progress = $decoder::decode(&mut decoder, file, &mut pages).expect("a good file");
            assert_eq!(progress.pause, $pagewise::Pause::Done);
        }
        start.elapsed()
    }};
}

fn main() {
    let files: Vec<Vec<u8>> =
        std::env::args().skip(1).map(|path| std::fs::read(path).expect("a file")).collect();
    let length = |file: &Vec<u8>| u32::from_le_bytes(*file.last_chunk().expect("a gzip file"));
    let largest = files.iter().map(length).max().expect("at least one file") as usize;
    let mut memory = vec![0; largest.next_multiple_of(4096)];
    let (mut default, mut kernel): (Vec<Duration>, Vec<Duration>) = Default::default();
    for _ in 0..ROUNDS {
        default.push(time!(default_pagewise, default_decoder, &files, memory));
        kernel.push(time!(kernel_pagewise, kernel_decoder, &files, memory));
    }
    default.sort();
    kernel.sort();
    let ratio = default[ROUNDS / 2].as_secs_f64() / kernel[ROUNDS / 2].as_secs_f64();
    println!("speed under kernel flags: {ratio:.2} of that under default flags");
}
