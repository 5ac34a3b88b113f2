// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What liblzma makes of .xz and .lzma files.

use liblzma::stream::{self, Action, Status, Stream};

/// A decoder's opinion of a file: `Some(true)` valid, `Some(false)` not, `None` truncated; the bytes consumed
/// if it is valid, and those that were output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opinion {
    pub verdict: Option<bool>,
    pub consumed: u64,
    pub given: usize,
}

/// The most memory that liblzma takes.
const MEMORY: u64 = 1 << 28;

/// Its decoder for one .xz stream, or with [`CONCATENATED`](stream::CONCATENATED) for all.
pub fn stream_decoder(flags: u32) -> Stream {
    Stream::new_stream_decoder(MEMORY, flags).unwrap()
}

/// A decoder for .lzma files, as `xz -dc` has it, which guesses a file's format by the same header.
pub fn lzma_decoder() -> Stream {
    Stream::new_lzma_decoder(MEMORY).unwrap()
}

/// liblzma's opinion. `None`: it would need more memory.
pub fn says(decoder: Stream, file: &[u8], output: &mut [u8]) -> Option<Opinion> {
    let whole = output.len();
    says_by(whole, decoder, file, output)
}

/// liblzma's opinion, with at most `piece` bytes of output a call. In a single call it can output bytes that
/// the filters have not seen, if it finds an error after them.
pub fn says_by(
    piece: usize,
    mut decoder: Stream,
    file: &[u8],
    output: &mut [u8],
) -> Option<Opinion> {
    let status = loop {
        let (at, given) = (decoder.total_in() as usize, decoder.total_out() as usize);
        let end = output.len().min(given + piece);
        let status = decoder.process(&file[at..], &mut output[given..end], Action::Finish);
        // LZMA_BUF_ERROR, under another name: nothing more can be done.
        if status != Ok(Status::Ok) {
            break status;
        }
    };
    let given = decoder.total_out() as usize;
    Some(match status {
        Ok(Status::StreamEnd) => {
            Opinion { verdict: Some(true), consumed: decoder.total_in(), given }
        }
        Ok(_) => Opinion { verdict: None, consumed: 0, given },
        Err(stream::Error::MemLimit) => return None,
        Err(_) => Opinion { verdict: Some(false), consumed: 0, given },
    })
}
