// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! `EmbeddedReader`: as many pages as there are, and no allocator.

use embedded_io::{BufRead, Error as _, ErrorKind, ErrorType, Read};

use crate::common::data::{self, encode_c, Wrapper};
use crate::common::xz::{self, Block, CRC32, X86};
use crate::{gzip, judge, samples, zlib, Sample};
use pagewise::{Any, Carry, Concatenated, Decode, EmbeddedReader, Error, Page, ReadError, Zeroed};

type File = Carry<Concatenated<Any>, { Any::CARRY }>;

/// Gives pieces of up to so many bytes.
struct Pieces<'a>(&'a [u8], usize);

impl ErrorType for Pieces<'_> {
    type Error = ErrorKind;
}

impl Read for Pieces<'_> {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> {
        unreachable!("a buffered source is used as one")
    }
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> Result<&[u8], ErrorKind> {
        Ok(&self.0[..self.1.min(self.0.len())])
    }

    fn consume(&mut self, amount: usize) {
        self.0 = &self.0[amount..];
    }
}

/// All bytes up to the end or an error.
fn read<R: BufRead, P: Page, D: Decode, const N: usize>(
    reader: &mut EmbeddedReader<'_, R, P, D, N>,
    length: usize,
) -> (Result<(), ReadError<R::Error>>, Vec<u8>) {
    let (mut output, mut buffer) = (Vec::new(), vec![0; length]);
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break (Ok(()), output),
            Ok(read) => output.extend(&buffer[..read]),
            Err(error) => break (Err(error), output),
        }
    }
}

#[test]
fn all_formats() {
    let mut decoder = File::boxed();
    let mut few = vec![vec![0; 4096]; 34];
    let mut small = vec![[0; 64]; 128 * 1024 / 64 + 2];
    for Sample { name, file, content } in samples(150_000) {
        for (piece, length) in [(1, 1000), (1000, 1), (usize::MAX, 5000)] {
            let source = Pieces(&file, piece);
            let mut reader = EmbeddedReader::new(source, &mut decoder, &mut small);
            let (end, output) = read(&mut reader, length);
            assert!(end == Ok(()) && output == content, "{name}, {piece}: {end:?}");
            let mut reader = EmbeddedReader::new(Pieces(&file, piece), &mut decoder, &mut few);
            let (end, output) = read(&mut reader, length);
            assert!(end == Ok(()) && output == content, "{name}, {piece}: {end:?}");
            assert_eq!(reader.trailing(), None);
            assert_eq!(reader.into_inner().0, b"");
        }
    }
}

#[test]
fn errors() {
    let mut decoder = File::boxed();
    let mut pages = vec![[0; 4096]; 34];
    for Sample { name, file, .. } in samples(600) {
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 0x11;
            for file in [&damaged[..], &file[..at]] {
                let (verdict, bytes) = judge(file);
                let expected = verdict.map_err(ReadError::Stream);
                let mut reader = EmbeddedReader::new(Pieces(file, 50), &mut decoder, &mut pages);
                let (end, output) = read(&mut reader, 7);
                if end == Err(ReadError::Stream(Error::WindowLimit)) && end != expected {
                    // These pages are too few for what the damage has made of the window.
                    assert!(reader.pages_needed().unwrap() > 34, "{name}, {at}");
                    continue;
                }
                assert_eq!(end, expected, "{name}, {at}");
                assert!(output == bytes, "{name}, {at}");
                assert_eq!(read(&mut reader, 7), (expected, vec![]), "{name}, {at}");
            }
        }
    }
}

/// Reads `file` in pages of `length` bytes, `count` of them.
fn read_in(
    file: &[u8],
    length: usize,
    count: usize,
) -> (Result<(), ReadError<ErrorKind>>, Vec<u8>, Option<u64>) {
    let mut decoder = File::boxed();
    let mut memory = vec![0; length * count];
    let mut pages: Vec<&mut [u8]> = memory.chunks_mut(length).collect();
    let mut reader = EmbeddedReader::new(Pieces(file, 1000), &mut decoder, &mut pages);
    assert_eq!(reader.pages_needed(), None, "nothing is known before the header");
    let (end, output) = read(&mut reader, 999);
    assert_eq!(read(&mut reader, 999), (end, vec![]));
    (end, output, reader.pages_needed())
}

#[test]
fn too_few_pages() {
    let content = data::text(300_000);
    let too_few = Err(ReadError::Stream(Error::WindowLimit));
    for (name, file, window) in [
        ("gzip", gzip(&content), 32_u64 << 10),
        ("zlib", encode_c(Wrapper::Zlib, &content, 6, 10), 1 << 10),
        ("xz", xz::stream(CRC32, &[Block::encoded(&[], &content)]), 4096),
        ("zstd", crate::zstd(&content), 128 << 10),
    ] {
        for length in [64, 512, 4096] {
            let needed = window.div_ceil(length as u64) + 1;
            let count = needed as usize;
            let (end, output, told) = read_in(&file, length, count);
            assert!(end == Ok(()) && output == content, "{name}, {length}: {end:?}");
            assert_eq!(told, Some(needed), "{name}, {length}");
            // What fits is handed out.
            for fewer in [count - 1, 1] {
                let (end, output, told) = read_in(&file, length, fewer);
                assert_eq!((end, told), (too_few, Some(needed)), "{name}, {length}");
                assert!(output == content[..fewer * length], "{name}: {}", output.len());
            }
        }
        let (end, output, _) = read_in(&file, 64, 0);
        assert_eq!((end, output), (too_few, vec![]), "{name}");
    }
    // A page of another length than a power of two can be the only one.
    let (end, output, _) = read_in(&gzip(&content), 100, 2);
    assert_eq!((end, output), (Err(ReadError::Stream(Error::PageShape)), vec![]));
}

#[test]
fn a_filter_needs_another_page() {
    let content = data::code(100_000);
    let file = xz::stream(CRC32, &[Block::encoded(&[(X86, vec![])], &content)]);
    for length in [64, 4096] {
        let needed = 4096 / length + 1;
        let (end, output, told) = read_in(&file, length, needed + 1);
        assert!(end == Ok(()) && output == content, "{end:?}");
        assert_eq!(told, Some(needed as u64));
        let (end, output, _) = read_in(&file, length, needed);
        assert!(content.starts_with(&output));
        assert_eq!(end, Err(ReadError::Stream(Error::WindowLimit)));
    }
}

#[test]
fn a_small_output_needs_no_window() {
    for (length, count) in [(1000, 1), (512, 2), (64, 16)] {
        let content = data::text(1000);
        for Sample { name, file, content } in [
            Sample::new("gzip", &content, gzip),
            Sample::new("xz", &content, |c| xz::stream(CRC32, &[Block::stored(c)])),
        ] {
            let (end, output, _) = read_in(&file, length, count);
            assert!(end == Ok(()) && output == content, "{name}, {length}: {end:?}");
        }
    }
}

#[test]
fn limits_before_the_first_byte() {
    let content = data::text(1000);
    let mut decoder = File::boxed();
    let mut pages = vec![[0; 4096]; 9];
    for (count, fits) in [(9, true), (8, false), (1, false), (0, false)] {
        for file in [gzip(&content), zlib(&content)] {
            let pages = &mut pages[..count];
            let mut reader = EmbeddedReader::new(Pieces(&file, 7), &mut decoder, pages);
            assert_eq!(reader.largest_window(), 4096 * (count as u64).saturating_sub(1));
            reader.limit_window(reader.largest_window());
            let (end, output) = read(&mut reader, 100);
            if fits {
                assert!(end == Ok(()) && output == content);
                continue;
            }
            assert_eq!((end, output), (Err(ReadError::Stream(Error::WindowLimit)), vec![]));
            let needed = if count == 0 { 32_769 } else { 9 };
            assert_eq!(reader.pages_needed(), Some(needed), "{count}");
        }
        // The limit is the decoder's, and stays.
        decoder.limit_window(u64::MAX);
    }
}

#[test]
fn trailing_bytes() {
    let mut decoder = File::boxed();
    let mut pages = [[0; 4096]; 9];
    let file = [&gzip(b"abc")[..], b"\x1ftail"].concat();
    for piece in [1, 2, 100] {
        let mut reader = EmbeddedReader::new(Pieces(&file, piece), &mut decoder, &mut pages);
        assert_eq!(read(&mut reader, 100), (Ok(()), b"abc".to_vec()));
        let taken = reader.trailing().unwrap().to_vec();
        assert_eq!([&taken, reader.get_ref().0].concat(), b"\x1ftail");
    }
}

#[test]
fn errors_of_the_source() {
    /// Fails every other time.
    struct Fitful<'a>(&'a [u8], bool);

    impl ErrorType for Fitful<'_> {
        type Error = ErrorKind;
    }

    impl Read for Fitful<'_> {
        fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> {
            unreachable!("a buffered source is used as one")
        }
    }

    impl BufRead for Fitful<'_> {
        fn fill_buf(&mut self) -> Result<&[u8], ErrorKind> {
            self.1 = !self.1;
            if self.1 {
                return Err(ErrorKind::TimedOut);
            }
            Ok(&self.0[..self.0.len().min(1000)])
        }

        fn consume(&mut self, amount: usize) {
            self.0 = &self.0[amount..];
        }
    }

    let content = data::text(100_000);
    let file = gzip(&content);
    let (mut decoder, mut pages) = (File::boxed(), [[0; 4096]; 9]);
    let mut reader = EmbeddedReader::new(Fitful(&file, false), &mut decoder, &mut pages);
    let (mut output, mut errors) = (Vec::new(), 0);
    loop {
        let (end, part) = read(&mut reader, 500);
        output.extend(part);
        match end {
            Ok(()) => break,
            Err(error) => {
                assert_eq!(error, ReadError::Source(ErrorKind::TimedOut));
                assert_eq!(error.kind(), ErrorKind::TimedOut);
                errors += 1;
            }
        }
    }
    assert!(output == content && errors > 10);
    let stream: ReadError<ErrorKind> = ReadError::Stream(Error::GzipCrc32);
    assert_eq!(
        (stream.kind(), stream.to_string()),
        (ErrorKind::InvalidData, Error::GzipCrc32.to_string())
    );
}
