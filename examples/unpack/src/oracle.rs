// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Decoders of other crates (feature `oracle`).

use pagewise::oracle::{Deflate, Gzip, Lzma, Xz, Zlib, Zstd};
use pagewise::{Error, Format};

use crate::facts::Facts;
use crate::options::{Choice, Options};
use crate::source::Source;
use crate::unpacker::unpack_as;
use crate::Failure;

pub(crate) fn unpack(options: &Options, mut source: Source) -> Result<Facts, Failure> {
    match format(options, &mut source)? {
        Format::Gzip => unpack_as(options, source, Gzip::new()),
        Format::Zlib => unpack_as(options, source, Zlib::new()),
        Format::Deflate => unpack_as(options, source, Deflate::new()),
        Format::Xz => unpack_as(options, source, Xz::new()),
        Format::Lzma => unpack_as(options, source, Lzma::new()),
        Format::Zstd => unpack_as(options, source, Zstd::new()),
        _ => Err(source.failure_at(Error::UnsupportedFormat, 0)),
    }
}

/// The format that was chosen, or that the first bytes announce.
fn format(options: &Options, source: &mut Source) -> Result<Format, Failure> {
    Ok(match options.format {
        Choice::Gzip => Format::Gzip,
        Choice::Zlib => Format::Zlib,
        Choice::Deflate => Format::Deflate,
        Choice::Xz => Format::Xz,
        Choice::Lzma => Format::Lzma,
        Choice::Zstd => Format::Zstd,
        Choice::Auto => loop {
            match Format::detect(source.unconsumed()) {
                Ok(Some(format)) => break format,
                Ok(None) if source.read_on()? => {}
                Ok(None) => return Err(source.failure_at(Error::Truncated, source.read)),
                Err(error) => return Err(source.failure_at(error, 0)),
            }
        },
    })
}
