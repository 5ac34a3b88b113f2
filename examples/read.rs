// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Decompresses a file, or standard input, to standard output: `read [FILE]`.

use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

use pagewise::Reader;

fn main() -> io::Result<()> {
    let source: Box<dyn BufRead> = match env::args_os().nth(1) {
        Some(path) => Box::new(BufReader::with_capacity(256 << 10, File::open(path)?)),
        None => Box::new(io::stdin().lock()),
    };
    let mut reader = Reader::new(source);
    io::copy(&mut reader, &mut io::stdout().lock())?;
    if reader.trailing().is_some() {
        eprintln!("read: trailing bytes ignored after the last member");
    }
    Ok(())
}
