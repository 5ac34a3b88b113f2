// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A loader's work: a whole file in memory, decompressed into one flat buffer. Nothing is allocated, and the decoder
//! lies in static memory.
//!
//! `cargo run --release --example flat -- FILE >OUTPUT`, for outputs of up to 64 MiB.

#![no_std]

extern crate std;

use core::mem::MaybeUninit;
use core::ptr::addr_of_mut;
use pagewise::{decode_slice, Any, Concatenated, Error, Zeroed};
use std::io::{self, Write};
use std::{env, fs, vec};

/// 207 KiB, which are in `.bss`.
static mut DECODER: MaybeUninit<Concatenated<Any>> = MaybeUninit::uninit();

/// Decompresses `file` into `memory`, and returns how many bytes it has. A loader calls this once.
///
/// Up to [`OVERSHOOT`](pagewise::OVERSHOOT) bytes after the output are scratch, within `memory`.
fn load(file: &[u8], memory: &mut [u8]) -> Result<usize, Error> {
    // SAFETY: There is one thread, and one call.
    let decoder = Concatenated::init(unsafe { &mut *addr_of_mut!(DECODER) });
    let decoded = decode_slice(decoder, file, memory)?;
    if decoded.consumed < file.len() {
        // Padding that a boot partition has after the file, or something else.
        std::eprintln!("{} bytes after the end", file.len() - decoded.consumed);
    }
    Ok(decoded.written)
}

// What a loader has of its own: a file, memory, and a console.
fn main() -> io::Result<()> {
    let file = fs::read(env::args_os().nth(1).expect("a file to decompress"))?;
    let mut memory = vec![0; 64 << 20];
    match load(&file, &mut memory) {
        Ok(length) => io::stdout().write_all(&memory[..length]),
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
    }
}
