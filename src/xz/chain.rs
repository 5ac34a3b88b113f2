// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The filters of a block, one after the other over the same bytes (The .xz File Format, 5).

use crate::output::Output;
use crate::zeroed::zeroed;
use crate::{Error, Page};

use super::filters::Filter;

/// Filters of a block besides LZMA2 (5.2).
const MAX_FILTERS: usize = 3;

/// The filters of a block except LZMA2, in the order of its header. The last one is the first to
/// get the bytes that LZMA2 has decoded.
///
/// They change the bytes in place. The first to run may change bytes that no copy can reach any
/// more, and each of the others those that the one before it is done with.
pub(super) struct Chain {
    length: usize,
    filters: [Filter; MAX_FILTERS],
    /// How far each filter has come: a position in the output.
    done: [u64; MAX_FILTERS],
}

zeroed! { impl for Chain { length, filters, done } }

impl Chain {
    pub(super) fn reset(&mut self) {
        self.length = 0;
    }

    /// Adds a filter after those so far.
    pub(super) fn push(&mut self, id: u64, properties: &[u8]) -> Result<(), Error> {
        let filter = self.filters.get_mut(self.length).ok_or(Error::Internal)?;
        filter.set(id, properties)?;
        self.length = self.length.wrapping_add(1);
        self.done = [0; MAX_FILTERS];
        Ok(())
    }

    /// Runs the filters as near to `reachable` as they can get, and at the block's `end` over all
    /// bytes. Returns how many bytes of output are final then.
    pub(super) fn run<P: Page>(
        &mut self,
        output: &Output,
        pages: &mut [P],
        reachable: u64,
        end: bool,
    ) -> Result<u64, Error> {
        // With no filter there is nothing to wait for.
        let all = end || self.length == 0;
        let mut limit = if all { output.written() } else { reachable };
        for at in (0..self.length).rev() {
            let (filter, done) = (self.filters.get_mut(at), self.done.get_mut(at));
            let (Some(filter), Some(done)) = (filter, done) else { return Err(Error::Internal) };
            // Bytes before the block are not this block's, and settled.
            let from = output.settled().max(*done);
            *done = output.rewrite(pages, from..limit, |bytes| filter.run(bytes))?;
            if end {
                // The last bytes, too few to be judged, stay as they are.
                *done = limit;
            }
            limit = *done;
        }
        Ok(limit)
    }
}
