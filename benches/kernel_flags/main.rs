// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Decodes gzip files with the same code compiled twice, in turn, and prints the ratios.

#![allow(dead_code)]

#[path = "../report.rs"]
mod report;
#[path = "../turns.rs"]
mod turns;

use turns::{compare, Memory, Peer, Sample};

macro_rules! peer {
    ($name:literal, $decoder:ident) => {{
        extern crate $decoder;
        let decode = |file: &[u8], pages: &mut [&mut [u8]]| {
            let mut decoder = Box::new($decoder::Decoder::new());
            $decoder::decode(&mut decoder, file, pages).map(|written| written as usize)
        };
        Peer { is_reference: true, ..Peer::pages($name, decode) }
    }};
}

fn main() {
    let sample = |path: String| {
        let file = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let isize = file.last_chunk().expect("a gzip file");
        Sample { length: u32::from_le_bytes(*isize) as usize, file }
    };
    let samples: Vec<Sample> = std::env::args().skip(1).map(sample).collect();
    let mut peers = [
        peer!("pagewise, default", pagewise_default),
        peer!("pagewise, kernel", pagewise_kernel),
        #[cfg(safe)]
        peer!("safe, default", safe_default),
        #[cfg(safe)]
        peer!("safe, kernel", safe_kernel),
        #[cfg(base)]
        peer!("base, default", base_default),
        #[cfg(base)]
        peer!("base, kernel", base_kernel),
    ];
    compare("gzip, default and kernel flags", &samples, &mut peers, &mut Memory::new(&samples));
}
