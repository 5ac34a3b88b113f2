// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! miniz_oxide, lzma-rs and ruzstd.

use std::io::{ErrorKind, Write};

use lzma_rs::error::Error as LzmaRsError;
use miniz_oxide::inflate::core::{decompress, inflate_flags, DecompressorOxide};
use miniz_oxide::inflate::TINFLStatus;
use pagewise::Error;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{Fault, Format, Opinion, Verdict};
use crate::MAX_OUTPUT;

/// The opinion of the format's package. `None`: it does not have the format, or has no opinion.
pub(super) fn says(format: Format, input: &[u8]) -> Option<Opinion> {
    match format {
        Format::Deflate => Some(miniz_oxide_says(input, 0)),
        Format::Zlib => Some(miniz_oxide_says(
            input,
            inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER | inflate_flags::TINFL_FLAG_COMPUTE_ADLER32,
        )),
        // miniz_oxide has no gzip container.
        Format::Gzip => None,
        Format::Xz => lzma_rs_says(input, |input, output| lzma_rs::xz_decompress(input, output)),
        Format::Lzma => {
            lzma_rs_says(input, |input, output| lzma_rs::lzma_decompress(input, output))
        }
        Format::Zstd => ruzstd_says(input),
    }
}

fn miniz_oxide_says(input: &[u8], flags: u32) -> Opinion {
    let mut bytes = vec![0; MAX_OUTPUT];
    let flags = flags | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, consumed, given) =
        decompress(&mut DecompressorOxide::new(), input, &mut bytes, 0, flags);
    bytes.truncate(given);
    let verdict = match status {
        TINFLStatus::Done => Verdict::Good(consumed),
        TINFLStatus::NeedsMoreInput
        | TINFLStatus::HasMoreOutput
        | TINFLStatus::FailedCannotMakeProgress => Verdict::Truncated,
        _ => Verdict::Bad,
    };
    Opinion { verdict, bytes, reason: format!("{status:?}") }
}

fn lzma_rs_says(
    input: &[u8],
    decompress: impl FnOnce(&mut &[u8], &mut Limited) -> Result<(), LzmaRsError>,
) -> Option<Opinion> {
    let (mut rest, mut output) = (input, Limited(Vec::new()));
    let (verdict, reason) = match decompress(&mut rest, &mut output) {
        Ok(()) => (Verdict::Good(input.len() - rest.len()), String::new()),
        Err(LzmaRsError::IoError(error)) if error.kind() == ErrorKind::WriteZero => return None,
        Err(error) => (Verdict::Bad, error.to_string()),
    };
    Some(Opinion { verdict, bytes: output.0, reason })
}

/// A `Vec` that refuses to grow beyond what is looked at.
struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = MAX_OUTPUT - self.0.len();
        self.0.extend(&bytes[..room.min(bytes.len())]);
        Ok(room.min(bytes.len()))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn ruzstd_says(input: &[u8]) -> Option<Opinion> {
    let (mut rest, mut bytes) = (input, Vec::new());
    let mut decoder = FrameDecoder::new();
    // Skippable frames end here too, as errors.
    decoder.init(&mut rest).ok()?;
    let (verdict, reason) = loop {
        match decoder.decode_blocks(&mut rest, BlockDecodingStrategy::UptoBlocks(1)) {
            Ok(true) => break (Verdict::Good(input.len() - rest.len()), String::new()),
            Ok(false) => bytes.extend(decoder.collect().unwrap_or_default()),
            Err(error) => break (Verdict::Bad, error.to_string()),
        }
        if bytes.len() > MAX_OUTPUT {
            return None;
        }
    };
    bytes.extend(decoder.collect().unwrap_or_default());
    Some(Opinion { verdict, bytes, reason })
}

/// The words of lzma-rs for files with what it does not support: filters, SHA-256, reserved checks, and
/// anything after the first stream, or after the end marker of a .lzma file.
const LZMA_RS_LACKS: [(Format, &str); 5] = [
    (Format::Xz, "xz error: Unknown filter id"),
    (Format::Xz, "xz error: Unsupported SHA-256"),
    (Format::Xz, "xz error: Invalid check method"),
    (Format::Xz, "xz error: Unexpected data after last XZ block"),
    (Format::Lzma, "lzma error: Found end-of-stream marker but more bytes are available"),
];

/// Where they differ from this crate, which found `fault`, and with which the references in C agree.
pub(super) fn may_differ(
    format: Format,
    theirs: &Opinion,
    ours: &Opinion,
    fault: Option<Fault>,
) -> bool {
    match (ours.verdict, theirs.verdict) {
        (Verdict::Good(_), Verdict::Bad) => {
            LZMA_RS_LACKS.iter().any(|&(of, lack)| format == of && theirs.reason.starts_with(lack))
        }
        // lzma-rs does not look for an end marker after a known size.
        (Verdict::Good(ours), Verdict::Good(theirs)) => format == Format::Lzma && theirs < ours,
        // Nor does it look for what else can be there: it has all bytes, and stops. Without a size, it also
        // stops where the input ends and the range coder could be at its end, although another symbol can be
        // decoded.
        (Verdict::Truncated, Verdict::Good(_)) => {
            format == Format::Lzma && theirs.bytes.len() <= ours.bytes.len()
        }
        (Verdict::Bad, Verdict::Good(_)) => {
            fault.is_some_and(|fault| is_missed(format, fault.error))
        }
        _ => false,
    }
}

/// What they do not look at, so that they accept a stream wrongly. Most of it is pinned in
/// `tests/oracle/gaps.rs`.
fn is_missed(format: Format, error: Error) -> bool {
    match format {
        // miniz_oxide does not look at the checksum either if it is compiled for a fuzzer.
        Format::Zlib if matches!(error, Error::ZlibAdler32 | Error::DistancePastWindow) => true,
        Format::Deflate | Format::Zlib | Format::Gzip => false,
        // lzma-rs: the range coder's first byte and its end, and more context bits than 4.
        Format::Lzma => {
            matches!(error, Error::LzmaFirstByte | Error::LzmaEnd | Error::LzmaProperties)
        }
        Format::Xz => matches!(
            error,
            Error::XzInteger
                | Error::XzFilterProperties
                | Error::XzBackwardSize
                | Error::Lzma2Dictionary
                | Error::Lzma2Properties
                | Error::Lzma2ChunkSize
                | Error::LzmaFirstByte
                | Error::LzmaEnd
                | Error::DistancePastWindow
        ),
        // ruzstd: reserved bits, the content's size, the checksum, which it only returns, the sizes of a
        // compressed block and of its literals, and the shares of four streams.
        Format::Zstd => matches!(
            error,
            Error::ZstdReservedBit
                | Error::ZstdContentSize
                | Error::ZstdChecksum
                | Error::ZstdBlockSize
                | Error::ZstdLiteralsSize
                | Error::ZstdSequencesHeader
                | Error::ZstdHuffmanStream
        ),
    }
}
