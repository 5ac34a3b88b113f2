// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Roots for `.ci/no-panic`: all of the public API, through functions that a linker can start at.

#![no_std]
#![crate_type = "lib"]

use pagewise::{
    decode_slice, Any, Carry, Concatenated, Decode, Deflate, Error, Format, Gzip, Lzma, Pause, Xz,
    XzBlock, XzFooter, XzIndex, XzRecord, Zlib, Zstd,
};

/// A page of a kernel: a mapped address and a constant length.
pub struct Mapped<'a>(&'a mut [u8; 4096]);

impl AsRef<[u8]> for Mapped<'_> {
    fn as_ref(&self) -> &[u8] {
        self.0
    }
}

impl AsMut<[u8]> for Mapped<'_> {
    fn as_mut(&mut self) -> &mut [u8] {
        self.0
    }
}

/// Calls everything that `Decode` has, on any pages. The sum keeps the optimiser from dropping a
/// call.
fn all<D: Decode>(decoder: &mut D, input: &[u8], flat: &mut [u8], pages: &mut [Mapped<'_>]) -> u64 {
    let step = |result: Result<pagewise::Progress, Error>| match result {
        Ok(progress) => {
            progress.consumed as u64
                ^ match progress.pause {
                    Pause::NeedInput { min } => min as u64,
                    Pause::NeedPage => 1,
                    _ => 2,
                }
        }
        Err(error) => error.errno() as u64 ^ error.message().len() as u64,
    };
    decoder.limit_window(flat.len() as u64);
    decoder.skip_unknown_checks(flat.len() > 1);
    let mut sum = step(decoder.decode(input, pages));
    sum ^= decoder.release(pages.len()).is_ok() as u64;
    sum ^= decoder.consumed() ^ decoder.written() ^ decoder.settled();
    sum ^= decoder.window().unwrap_or(0) ^ decoder.info().blocks ^ decoder.info().check as u64;
    sum ^= decoder.info().content_size.unwrap_or(0);
    sum ^= decoder.info().format.map_or(0, |format| format.name().len() as u64);
    decoder.reset();
    sum ^= decode_slice(decoder, input, flat).map_or(0, |decoded| decoded.written as u64);
    sum
}

macro_rules! roots {
    ($($name:ident: $decoder:ty),* $(,)?) => {$(
        #[no_mangle]
        pub fn $name(
            decoder: &mut $decoder,
            input: &[u8],
            flat: &mut [u8],
            pages: &mut [Mapped<'_>],
        ) -> u64 {
            all(decoder, input, flat, pages)
        }
    )*};
}

roots! {
    reach_gzip: Gzip,
    reach_zlib: Zlib,
    reach_deflate: Deflate,
    reach_xz: Xz,
    reach_xz_block: XzBlock,
    reach_lzma: Lzma,
    reach_zstd: Zstd<'static>,
    reach_any: Any,
    reach_file: Carry<Concatenated<Any>, { Any::CARRY }>,
    reach_members: Concatenated<Gzip>,
    reach_streams: Concatenated<Xz>,
}

/// What a kernel uses: all formats, all layers, one type of page.
#[no_mangle]
pub fn reach_pages(
    decoder: &mut Carry<Concatenated<Any>, { Any::CARRY }>,
    input: &[u8],
    pages: &mut [Mapped<'_>],
) -> Result<pagewise::Progress, Error> {
    decoder.decode(input, pages)
}

#[no_mangle]
pub fn reach_dictionary(decoder: &mut Zstd<'static>, dictionary: &'static [u8]) -> bool {
    decoder.set_magicless(dictionary.len() > 100);
    decoder.set_dictionary(dictionary).is_ok()
}

#[no_mangle]
pub fn reach_detect(input: &[u8]) -> Result<Option<Format>, Error> {
    Format::detect(input)
}

#[no_mangle]
pub fn reach_index(file: &[u8], footer: &[u8; 12], end: u64) -> u64 {
    let found = XzIndex::at_end(file).ok().flatten();
    let sum = found.map_or(0, |index| sum_of(&index));
    let footer = XzFooter::new(footer, end);
    let index = footer.as_ref().map(|footer| XzIndex::new(footer, file));
    sum ^ match (&footer, index) {
        (Ok(footer), Ok(Ok(index))) => footer.index().end ^ sum_of(&index),
        _ => 0,
    }
}

fn sum_of(index: &XzIndex<'_>) -> u64 {
    let sum = index.input().end ^ index.blocks() ^ index.uncompressed_size() ^ index.check() as u64;
    index.records().fold(sum, |sum, record| {
        let pages = record.pages(sum as usize).map_or(0, |pages| pages.end as u64);
        sum ^ record.input().end ^ record.output().end ^ pages
    })
}

#[no_mangle]
pub fn reach_record(decoder: &mut XzBlock, record: &XzRecord) {
    decoder.begin(record);
}

/// A source that does not panic. The implementation for slices panics if more is consumed than there is.
#[cfg(feature = "embedded-io")]
struct Source<'a>(&'a [u8]);

#[cfg(feature = "embedded-io")]
impl embedded_io::ErrorType for Source<'_> {
    type Error = core::convert::Infallible;
}

#[cfg(feature = "embedded-io")]
impl embedded_io::Read for Source<'_> {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Self::Error> {
        Ok(0)
    }
}

#[cfg(feature = "embedded-io")]
impl embedded_io::BufRead for Source<'_> {
    fn fill_buf(&mut self) -> Result<&[u8], Self::Error> {
        Ok(self.0)
    }

    fn consume(&mut self, amount: usize) {
        self.0 = self.0.get(amount..).unwrap_or(&[]);
    }
}

/// A whole stream.
#[cfg(feature = "embedded-io")]
#[no_mangle]
pub fn reach_reader(
    decoder: &mut Carry<Concatenated<Any>, { Any::CARRY }>,
    file: &[u8],
    pages: &mut [Mapped<'_>],
    buffer: &mut [u8],
) -> u64 {
    use embedded_io::{BufRead, Error as _, Read};
    let mut reader = pagewise::EmbeddedReader::new(Source(file), decoder, pages);
    reader.limit_window(reader.largest_window());
    let mut sum = 0;
    loop {
        match reader.read(buffer) {
            Ok(0) => break,
            Ok(length) => sum ^= length as u64,
            Err(error) => return error.kind() as u64,
        }
        sum ^= reader.fill_buf().map_or(0, |bytes| bytes.len() as u64);
        reader.consume(buffer.len());
        sum ^= reader.pages_needed().unwrap_or(0);
    }
    sum ^= reader.trailing().map_or(0, |bytes| bytes.len() as u64) ^ reader.decoder().written();
    sum ^= (reader.get_mut().0.len() ^ reader.get_ref().0.len()) as u64;
    sum ^ reader.into_inner().0.len() as u64
}

/// Decoders are made in place, also in statics.
#[no_mangle]
pub static mut REACH_STATIC: Carry<Concatenated<Any>, { Any::CARRY }> =
    Carry::new(Concatenated::new(Any::new()));
