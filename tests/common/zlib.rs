// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What C zlib makes of streams.

use flate2::{Decompress, FlushDecompress, Status};

/// A decoder's opinion of a stream: `Some(true)` valid, `Some(false)` not, `None` truncated; the bytes
/// consumed if it is valid, and those written.
pub type Opinion = (Option<bool>, usize, usize);

/// zlib's opinion of a stream in the wrapper that `decoder`, which is fresh, was made for.
pub fn says(decoder: &mut Decompress, stream: &[u8], output: &mut [u8]) -> Opinion {
    let status = decoder.decompress(stream, output, FlushDecompress::Finish);
    let written = decoder.total_out() as usize;
    match status {
        Ok(Status::StreamEnd) => (Some(true), decoder.total_in() as usize, written),
        Ok(_) => (None, 0, written),
        Err(_) => (Some(false), 0, written),
    }
}
