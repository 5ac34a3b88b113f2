// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The pages that a file is unpacked in.

use std::io::IoSlice;

use pagewise::{Decode, Error};

use crate::options::Options;
use crate::sink::Sink;
use crate::Failure;

/// Bytes of pages that may be free, and others are added nevertheless.
const MAX_FREE: usize = 2 << 20;

/// The pages, and what became of those before them.
pub(crate) struct Store {
    pub(crate) pages: Vec<Vec<u8>>,
    page_size: usize,
    /// Pages added at a time.
    batch: usize,
    retain: bool,
    /// Bytes of pages that were used again.
    released: u64,
    /// Bytes written out.
    drained: u64,
    pub(crate) sink: Sink,
}

impl Store {
    pub(crate) fn new(options: &Options, sink: Sink) -> Self {
        Self {
            pages: Vec::new(),
            page_size: options.page_size,
            batch: options.pages,
            retain: options.retain,
            released: 0,
            drained: 0,
            sink,
        }
    }

    /// Bytes written out so far.
    pub(crate) fn drained(&self) -> u64 {
        self.drained
    }

    /// Writes out bytes that were decoded elsewhere, before there are pages here.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.drained += bytes.len() as u64;
        self.sink.write(&mut [IoSlice::new(bytes)])
    }

    /// Writes out the bytes up to `settled` that are not out yet.
    pub(crate) fn drain(&mut self, settled: u64) -> Result<(), Failure> {
        if settled <= self.drained {
            return Ok(());
        }
        let start = (self.drained - self.released) as usize;
        let end = (settled - self.released) as usize;
        let first = start / self.page_size;
        let mut slices = Vec::new();
        for (index, page) in self.pages.iter().enumerate().skip(first) {
            let base = index * self.page_size;
            if base >= end {
                break;
            }
            let bytes = start.saturating_sub(base)..self.page_size.min(end - base);
            slices.push(IoSlice::new(&page[bytes]));
        }
        self.drained = settled;
        self.sink.write(&mut slices)
    }

    /// Whole pages at the front that no copy can reach any more, and nobody wants to keep.
    pub(crate) fn recyclable(&self, decoder: &impl Decode) -> usize {
        if self.retain {
            return 0;
        }
        let window = decoder.window().unwrap_or(u64::MAX);
        let behind = decoder.written().saturating_sub(window).min(decoder.settled());
        (behind.saturating_sub(self.released) / self.page_size as u64) as usize
    }

    /// How many pages must be free to use them again. Each turn moves what stands for all pages, 24
    /// bytes each; so half of them, or as many as are no loss beside a large window.
    pub(crate) fn worthwhile(&self) -> usize {
        (self.pages.len() / 2).min(MAX_FREE / self.page_size)
    }

    /// Moves `pages` pages from the front to the end, to be filled again.
    pub(crate) fn recycle(&mut self, pages: usize) {
        self.released += pages as u64 * self.page_size as u64;
        self.pages.rotate_left(pages);
    }

    pub(crate) fn grow(&mut self) -> Result<(), Error> {
        self.pages.try_reserve(self.batch).map_err(|_| Error::OutOfMemory)?;
        for _ in 0..self.batch {
            self.pages.push(zeroed(self.page_size)?);
        }
        Ok(())
    }
}

/// Memory, or an error where there is none.
pub(crate) fn zeroed(bytes: usize) -> Result<Vec<u8>, Error> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(bytes).map_err(|_| Error::OutOfMemory)?;
    memory.resize(bytes, 0);
    Ok(memory)
}
