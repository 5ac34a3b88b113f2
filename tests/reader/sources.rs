// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Sources that are interrupted, that fail, and that have nothing yet.

use std::io::{self, BufRead, ErrorKind, Read};

use crate::common::data;
use crate::{judge, samples, Sample};
use flate2::{Compress, Compression, FlushCompress};
use pagewise::Reader;

/// Gives pieces, and an error before each.
struct Fitful<'a> {
    rest: &'a [u8],
    piece: usize,
    error: ErrorKind,
    is_next: bool,
}

impl Read for Fitful<'_> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        unreachable!("a buffered source is used as one")
    }
}

impl BufRead for Fitful<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.is_next = !self.is_next;
        match self.is_next {
            true => Err(self.error.into()),
            false => Ok(&self.rest[..self.piece.min(self.rest.len())]),
        }
    }

    fn consume(&mut self, amount: usize) {
        self.rest = &self.rest[amount..];
    }
}

#[test]
fn errors_of_the_source_lose_nothing() {
    for Sample { name, file, content } in samples(200_000) {
        for piece in [100, 70_000] {
            // `read_to_end` tries again by itself.
            let error = ErrorKind::Interrupted;
            let mut reader = Reader::new(Fitful { rest: &file, piece, error, is_next: false });
            let mut output = Vec::new();
            reader.read_to_end(&mut output).unwrap();
            assert!(output == content, "{name}");

            let error = ErrorKind::WouldBlock;
            let mut reader = Reader::new(Fitful { rest: &file, piece, error, is_next: false });
            let (mut output, mut buffer, mut errors) = (Vec::<u8>::new(), [0; 3000], 0);
            loop {
                match reader.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(read) => output.extend(&buffer[..read]),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::WouldBlock);
                        errors += 1;
                    }
                }
            }
            assert!(output == content && errors > 0, "{name}");
        }
    }
}

#[test]
fn bytes_do_not_wait_for_input_that_they_do_not_need() {
    // A copy that goes on in the next page, and its peer has sent nothing after it.
    for length in [65_536 + 1, 65_536 + 100, 2 * 65_536 + 200, 65_536, 1, 0] {
        let content = [&data::random(50)[..], &vec![7; length]].concat();
        let content = &content[..length];
        let mut encoder = Compress::new_gzip(Compression::new(6), 15);
        let mut sent = Vec::with_capacity(10_000);
        encoder.compress_vec(content, &mut sent, FlushCompress::Sync).unwrap();
        // Also where what was sent ends right after the symbol of the copy.
        for end in sent.len().saturating_sub(40)..=sent.len() {
            let (_, expected) = judge(&sent[..end]);
            assert!(end < sent.len() || expected == content);
            for piece in [1, 10, usize::MAX] {
                let mut socket = Socket { sent: &sent[..end], piece };
                let mut reader = Reader::new(&mut socket);
                let mut output = Vec::new();
                let error = reader.read_to_end(&mut output).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                assert!(output == expected, "{} of {length} bytes, by {piece}", output.len());
            }
        }
    }
}

/// A connection that stays open.
struct Socket<'a> {
    sent: &'a [u8],
    piece: usize,
}

impl Read for Socket<'_> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        unreachable!("a buffered source is used as one")
    }
}

impl BufRead for Socket<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.sent {
            [] => Err(ErrorKind::WouldBlock.into()),
            sent => Ok(&sent[..self.piece.min(sent.len())]),
        }
    }

    fn consume(&mut self, amount: usize) {
        self.sent = &self.sent[amount..];
    }
}
