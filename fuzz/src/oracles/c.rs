// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! zlib, liblzma and libzstd.

use flate2::Decompress;
use pagewise::Error;

use super::{Fault, Format, Opinion, Verdict};
use crate::common::{liblzma, libzstd, zlib};
use crate::MAX_OUTPUT;

/// The opinion of the format's reference. `None`: it would need more memory than it is allowed.
pub(super) fn says(format: Format, input: &[u8]) -> Option<Opinion> {
    let mut bytes = vec![0; MAX_OUTPUT];
    let (is_good, consumed, given) = match format {
        Format::Deflate => zlib::says(&mut Decompress::new(false), input, &mut bytes),
        Format::Zlib => zlib::says(&mut Decompress::new(true), input, &mut bytes),
        Format::Gzip => zlib::says(&mut Decompress::new_gzip(15), input, &mut bytes),
        Format::Xz | Format::Lzma => {
            let decoder = match format {
                Format::Xz => || liblzma::stream_decoder(0),
                _ => liblzma::lzma_decoder,
            };
            let mut opinion = liblzma::says(decoder(), input, &mut bytes)?;
            if opinion.verdict == Some(false) {
                opinion = liblzma::says_by(1, decoder(), input, &mut bytes)?;
            }
            (opinion.verdict, opinion.consumed as usize, opinion.given)
        }
        Format::Zstd => return Some(libzstd_says(&mut libzstd::Decoder::new(), input)),
    };
    bytes.truncate(given);
    let verdict = match is_good {
        Some(true) => Verdict::Good(consumed),
        Some(false) => Verdict::Bad,
        None => Verdict::Truncated,
    };
    Some(Opinion { verdict, bytes, reason: String::new() })
}

/// libzstd's opinion, by a `decoder` that may have a dictionary.
pub fn libzstd_says(decoder: &mut libzstd::Decoder, input: &[u8]) -> Opinion {
    let mut bytes = Vec::new();
    let verdict = match decoder.decode(input, &mut bytes) {
        libzstd::Opinion::Good(consumed) => Verdict::Good(consumed),
        libzstd::Opinion::Bad => Verdict::Bad,
        libzstd::Opinion::Truncated => Verdict::Truncated,
    };
    Opinion { verdict, bytes, reason: String::new() }
}

/// Where the references accept more than this crate, which found `fault`; in one case they accept less.
pub(super) fn may_differ(
    format: Format,
    input: &[u8],
    theirs: &Opinion,
    fault: Option<Fault>,
) -> bool {
    let Verdict::Good(_) = theirs.verdict else {
        // libzstd compares the one byte of an RLE block with the largest block. So it refuses a block that
        // stands for nothing in a frame of nothing.
        let is_single_segment = input.get(4).is_some_and(|descriptor| descriptor & 0x20 != 0);
        let is_good_here = fault.is_none() && theirs.verdict == Verdict::Bad;
        return format == Format::Zstd
            && is_good_here
            && theirs.bytes.is_empty()
            && is_single_segment;
    };
    let Some(Fault { error, at }) = fault else { return false };
    match format {
        Format::Deflate | Format::Gzip | Format::Xz => false,
        // zlib compares distances with CINFO only if it was built with INFLATE_STRICT.
        Format::Zlib => error == Error::DistancePastWindow,
        // liblzma rounds a dictionary's size up to a multiple of 16, and accepts copies from as far.
        Format::Lzma => {
            let dictionary = input.get(1..5).map_or(0, |size| size[0] & 15);
            error == Error::DistancePastWindow && dictionary != 0
        }
        Format::Zstd => match error {
            // Copies from further back than the window, where libzstd happens to have the bytes; trees of
            // 12 bits; streams with bits left over, as its fast loop does not look; and any content size if
            // the last block has no bytes.
            Error::DistancePastWindow
            | Error::ZstdHuffmanTree
            | Error::ZstdHuffmanStream
            | Error::ZstdContentSize => true,
            // A compressed block without a byte, which is not even a literals section: libzstd skips it if
            // it decodes a stream.
            Error::ZstdLiteralsSize => {
                matches!(input[..at].last_chunk(), Some([4 | 5, 0, 0]))
            }
            _ => false,
        },
    }
}
