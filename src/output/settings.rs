// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Random pages and histories, for tests of the code that writes to them.

use std::vec::Vec;

use super::Output;
use crate::random::Random;
use crate::zeroed::Zeroed;

impl Random {
    /// A number below `limit`, mostly a small one.
    pub(super) fn mostly_small(&mut self, limit: usize) -> usize {
        let number = self.next();
        if number & 3 == 0 {
            (number >> 2) % limit
        } else {
            (number >> 2) % limit.min(40)
        }
    }
}

/// What was written and what may be copied, before a round.
pub(super) struct Setting {
    page_len: usize,
    /// The pages, the first of which starts at the place `released`.
    pub(super) pages: Vec<Vec<u8>>,
    pub(super) released: usize,
    /// Bytes written, and where the history starts among them.
    pub(super) written: usize,
    pub(super) history: usize,
    pub(super) window: usize,
}

impl Setting {
    /// At most `most_pages` pages of 64 bytes, doubled less than `sizes` times, with one of
    /// `windows`.
    pub(super) fn new(
        random: &mut Random,
        sizes: usize,
        most_pages: usize,
        windows: [usize; 4],
    ) -> Self {
        let bits =
            if cfg!(miri) { 6 + random.mostly_small(3) } else { 6 + random.mostly_small(sizes) };
        let mut page_len = 1 << bits;
        let mut count = 1 + random.mostly_small(most_pages);
        if random.mostly_small(8) == 0 {
            // A single page may have any length.
            (page_len, count) = (1 + random.mostly_small(3 * page_len), 1);
        }
        let pages =
            (0..count).map(|_| (0..page_len).map(|_| random.mostly_small(256) as u8).collect());
        let pages: Vec<Vec<u8>> = pages.collect();
        let released = if count > 1 { page_len * random.mostly_small(3) } else { 0 };
        let written = released + page_len * (count - 1) + random.mostly_small(page_len);
        let history = random.mostly_small(written + 1);
        let window = windows[random.mostly_small(4)];
        Self { page_len, pages, released, written, history, window }
    }

    /// The output as it is after `written` bytes.
    pub(super) fn output(&self) -> Output {
        let mut output = Output::ZEROED;
        (output.written, output.settled) = (self.written as u64, self.written as u64);
        (output.released, output.history) = (self.released as u64, self.history as u64);
        output.page_len = self.page_len;
        output
    }
}
