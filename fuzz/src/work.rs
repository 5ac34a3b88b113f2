// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Work is bounded by input and output. It is counted, not timed.
//!
//! With `--cfg count_edges` the compiler calls [`__sanitizer_edge`] on each edge of control flow
//! (`fuzz/run` has the flags). The count is the same on every machine and in every run. Between two
//! edges the code takes a number of steps that is known when it is compiled, except in calls of
//! `memcpy`, `memmove` and `memset`: what these move is output, or a part of the decoder's state. So a
//! bound on the edges is a bound on the work. Loops that were unrolled or vectorised count fewer edges
//! than turns, by a constant factor.

use pagewise::{Decode, Error, Page, Progress};

/// Most edges for a byte. The most expensive bytes describe tables: a zstd block of 16 bytes can describe
/// three of 512, 256 and 512 rows and use them once, which is 690 edges a byte; a deflate block of 11
/// bytes can describe codes of 286 symbols and 30, which is 550.
pub const PER_BYTE: u64 = 1_000;
/// Most edges for a byte where each frame takes a dictionary's tables anew, even with a header of two bytes:
/// 21,000 edges in five bytes with tables as `zstd --train` makes them, and twice that with the largest.
pub const PER_BYTE_WITH_DICTIONARY: u64 = 10_000;
/// Edges for a call, however little comes of it; and once in addition.
const PER_CALL: u64 = 2_000;
const ONCE: u64 = 20_000;
/// Edges for a byte passed to a `Carry`, which may copy it, and get it again at the next call.
const PER_CARRIED: u64 = 8;

/// Counts what a decoder's calls cost.
#[derive(Default)]
pub struct Meter {
    edges: u64,
    calls: u64,
    /// Bytes passed, in all calls and in the last one.
    passed: u64,
    last: u64,
}

impl Meter {
    pub fn decode<D: Decode, P: Page>(
        &mut self,
        decoder: &mut D,
        input: &[u8],
        pages: &mut [P],
    ) -> Result<Progress, Error> {
        let before = edges();
        let result = decoder.decode(input, pages);
        self.edges += edges() - before;
        self.calls += 1;
        self.last = input.len() as u64;
        self.passed += self.last;
        result
    }

    /// Checks that the cost so far is within the bound. Bytes that were passed and not consumed cost nothing,
    /// however often, with two exceptions: those of the last call, which may have a block that is not
    /// consumed while it is being decoded, or because it is at fault; and those of a `Carry`, the only
    /// decoder to take one byte at a time.
    pub fn check<D: Decode>(&self, decoder: &D, per_byte: u64) {
        let bytes = decoder.consumed() + decoder.written() + self.last;
        let carried = if D::CARRY == 1 { self.passed } else { 0 };
        let bound = ONCE + per_byte * bytes + PER_CALL * self.calls + PER_CARRIED * carried;
        let Self { edges, calls, passed, .. } = self;
        assert!(*edges <= bound, "{edges} edges in {calls} calls for {bytes} of {passed} bytes");
        assert!(*edges > 0 || !cfg!(count_edges), "edges are not counted");
    }
}

#[cfg(not(count_edges))]
fn edges() -> u64 {
    0
}

#[cfg(count_edges)]
use counted::edges;

#[cfg(count_edges)]
mod counted {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    static EDGES: AtomicU64 = AtomicU64::new(0);

    pub(super) fn edges() -> u64 {
        EDGES.load(Relaxed)
    }

    /// Called on each edge. A function whose name starts like this is not instrumented itself. There is one
    /// thread, and a load and a store are cheaper than an atomic sum.
    #[no_mangle]
    extern "C" fn __sanitizer_edge() {
        EDGES.store(EDGES.load(Relaxed).wrapping_add(1), Relaxed);
    }
}
