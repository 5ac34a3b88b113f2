// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Bounded memory: pages that no copy can reach any more are written out and used again. However long the output is,
//! there are never more pages than hold the stream's window and a batch.
//!
//! `cargo run --release --example window -- FILE >OUTPUT`

use pagewise::{Any, Carry, Concatenated, Decode, Pause, Zeroed};
use std::fs::File;
use std::io::{self, Read, Write};

const PAGE: usize = 4096;
/// Pages that are released at a time: releasing moves those that stay.
const BATCH: usize = 64;
/// A stream that asks for more is refused.
const MAX_WINDOW: u64 = 64 << 20;

fn main() -> io::Result<()> {
    let mut file = File::open(std::env::args_os().nth(1).expect("a file to decompress"))?;
    let mut output = io::stdout().lock();
    let mut decoder = Carry::<Concatenated<Any>, { Any::CARRY }>::boxed();
    decoder.limit_window(MAX_WINDOW);
    let mut pages: Vec<Box<[u8]>> = Vec::new();
    // Pages released so far, and the most that there were.
    let (mut released, mut most) = (0, 0);
    let mut piece = vec![0; 1 << 16];
    let pause = loop {
        let length = file.read(&mut piece)?;
        let mut rest = &piece[..length];
        let pause = loop {
            let progress = decoder.decode(rest, &mut pages).map_err(invalid)?;
            rest = &rest[progress.consumed..];
            if progress.pause != Pause::NeedPage {
                break progress.pause;
            }
            // Final bytes that are further back than the window are in pages that can go.
            let window = decoder.window().unwrap_or(u64::MAX);
            let reached = decoder.written().saturating_sub(window).min(decoder.settled());
            let free = (reached / PAGE as u64 - released) as usize;
            if free >= BATCH {
                pages[..free].iter().try_for_each(|page| output.write_all(page))?;
                decoder.release(free).map_err(invalid)?;
                released += free as u64;
                // They come last now, to be written again.
                pages.rotate_left(free);
            } else {
                pages.push(vec![0; PAGE].into_boxed_slice());
            }
            most = most.max(pages.len());
        };
        if length == 0 || (pause == Pause::Done && !rest.is_empty()) {
            break pause;
        }
    };
    if pause != Pause::Done {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut length = decoder.written() - released * PAGE as u64;
    for page in &pages {
        output.write_all(&page[..length.min(PAGE as u64) as usize])?;
        length = length.saturating_sub(PAGE as u64);
    }
    eprintln!("{} bytes, {most} pages", decoder.written());
    output.flush()
}

fn invalid(error: pagewise::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
