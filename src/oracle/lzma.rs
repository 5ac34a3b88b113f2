// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The decoders of `lzma-rs`.

use core::marker::PhantomData;
use std::io::{BufRead, Read, Result as IoResult};
use std::vec::Vec;

use lzma_rs::error::{Error as Refusal, Result as Opinion};
use lzma_rs::{lzma_decompress, xz_decompress};

use super::{guarded, Head, Package, Turn, MAX_HEAD};
use crate::decoder::Container;
use crate::format::{LZMA_HEADER, XZ_MAGIC};
use crate::xz::{self, check_of, crc_of, dictionary_size, integer};
use crate::{Check, Error};

/// A stream that is collected until it is whole.
#[derive(Default)]
pub struct Collected<F> {
    input: Vec<u8>,
    /// How far an end was looked for.
    searched: usize,
    format: PhantomData<F>,
}

impl<F: Whole> Package for Collected<F> {
    type Native = F::Native;

    fn head(input: &[u8]) -> Result<Head, usize> {
        F::head(input)
    }

    fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> (usize, Result<Turn, Error>) {
        let before = self.input.len();
        self.input.extend_from_slice(input);
        while let Some(end) = F::next_end(&self.input, &mut self.searched) {
            let whole = self.input.get(..end).unwrap_or(&[]);
            if let Some((length, verdict)) = F::judge(whole, output) {
                return (length.saturating_sub(before), verdict.map(|()| Turn::End));
            }
        }
        (input.len(), Ok(Turn::NeedInput))
    }
}

/// A format whose streams are decoded whole.
pub trait Whole: Default {
    type Native: Container;

    fn head(input: &[u8]) -> Result<Head, usize>;

    /// The next place where the stream may end, if there is one in `input`.
    fn next_end(input: &[u8], searched: &mut usize) -> Option<usize>;

    /// Decodes `input`, or returns `None` if it is not whole. The verdict is on as many bytes as
    /// are returned: the stream's, or those that were read before it was refused. Neither depends
    /// on what follows.
    fn judge(input: &[u8], output: &mut Vec<u8>) -> Option<(usize, Result<(), Error>)>;
}

/// `lzma-rs`'s decoder of an .xz stream.
#[derive(Default)]
pub struct Xz;

/// Size of a Stream Header, and of a Stream Footer (The .xz File Format, 2.1.1, 2.1.2).
const HEADER: usize = 12;

impl Whole for Xz {
    type Native = xz::XzStream;

    fn head(input: &[u8]) -> Result<Head, usize> {
        let is_xz = input.iter().zip(XZ_MAGIC).all(|(&byte, magic)| byte == magic);
        let Some((header, block)) = input.split_at_checked(HEADER) else {
            return if is_xz { Err(HEADER) } else { Ok(Head { window: 0, check: Check::None }) };
        };
        let check = if is_xz { check_of(header[7]) } else { Check::None };
        let Some(&size) = block.first() else { return Err(HEADER + 1) };
        // Up to its CRC32 (3.1.1). An Index begins with a zero.
        let length = (4 * usize::from(size)).min(MAX_HEAD - HEADER);
        let Some(block) = block.get(..length) else { return Err(HEADER + length) };
        Ok(Head { window: dictionary(block).unwrap_or(0), check })
    }

    /// After the header, so that a bad one is refused at once; and after whatever is a footer.
    fn next_end(input: &[u8], searched: &mut usize) -> Option<usize> {
        while *searched + 4 <= input.len() {
            *searched += 4;
            let before = input.get(..*searched)?;
            if *searched == HEADER || before.last_chunk().is_some_and(is_footer) {
                return Some(*searched);
            }
        }
        None
    }

    fn judge(input: &[u8], output: &mut Vec<u8>) -> Option<(usize, Result<(), Error>)> {
        let (_, verdict) = attempt(xz_decompress, input, output)?;
        // All of it had to be there before it was judged.
        Some((input.len(), verdict))
    }
}

/// Whether these bytes are a Stream Footer (2.1.2).
fn is_footer(bytes: &[u8; HEADER]) -> bool {
    let [a, b, c, d, fields @ .., y, z] = bytes;
    [*y, *z] == *b"YZ" && crc_of(fields) == u32::from_le_bytes([*a, *b, *c, *d])
}

/// The dictionary size of a block with LZMA2 alone, by its header (3.1, 5.3.1).
fn dictionary(header: &[u8]) -> Option<u64> {
    const LZMA2: u64 = 0x21;
    let [_, flags, fields @ ..] = header else { return None };
    let mut fields = fields;
    let mut number = || {
        let (value, length) = integer(fields).ok()??;
        fields = fields.get(length..)?;
        Some(value)
    };
    // Compressed Size and Uncompressed Size.
    for _ in 0..(flags >> 6).count_ones() {
        number()?;
    }
    let is_lzma2 = flags & 3 == 0 && number()? == LZMA2 && number()? == 1;
    dictionary_size(fields.get(..1).filter(|_| is_lzma2)?).ok().map(u64::from)
}

/// `lzma-rs`'s decoder of a .lzma file.
#[derive(Default)]
pub struct Alone;

impl Whole for Alone {
    type Native = xz::LzmaFile;

    fn head(input: &[u8]) -> Result<Head, usize> {
        let Some(&[_, a, b, c, d, ..]) = input.first_chunk::<LZMA_HEADER>() else {
            return Err(LZMA_HEADER);
        };
        let window = u32::from_le_bytes([a, b, c, d]).max(xz::MIN_DICTIONARY);
        Ok(Head { window: window.into(), check: Check::None })
    }

    /// Anywhere: each piece of input may be the last one.
    fn next_end(input: &[u8], searched: &mut usize) -> Option<usize> {
        let is_new = input.len() > *searched;
        *searched = input.len();
        is_new.then_some(input.len())
    }

    fn judge(input: &[u8], output: &mut Vec<u8>) -> Option<(usize, Result<(), Error>)> {
        attempt(lzma_decompress, input, output)
    }
}

type Decoder<'a> = fn(&mut Source<'a>, &mut Vec<u8>) -> Opinion<()>;

/// Decodes the stream at the start of `input`. `None`: it is not complete. Otherwise where it ends,
/// or where it was refused.
///
/// `lzma-rs` wants nothing to follow a stream. First it gets input that never seems to end, which
/// shows where it looks for the end. If it refuses the stream there, it gets the input that ends
/// there.
fn attempt<'a>(
    decoder: Decoder<'a>,
    input: &'a [u8],
    output: &mut Vec<u8>,
) -> Option<(usize, Result<(), Error>)> {
    let mut source = Source { rest: input, ends: false, is_short: false };
    let mut verdict = guarded(|| decoder(&mut source, output).map_err(told));
    let length = input.len() - source.rest.len();
    if verdict.is_err() {
        if source.is_short {
            output.clear();
            return None;
        }
        let rest = input.get(..length).unwrap_or(input);
        let mut source = Source { rest, ends: true, is_short: false };
        output.clear();
        verdict = guarded(|| decoder(&mut source, output).map_err(told));
    }
    Some((length, verdict))
}

/// Input for `lzma-rs`.
struct Source<'a> {
    rest: &'a [u8],
    /// Whether the end shows. If not, there seems to be another byte, until it is read.
    ends: bool,
    /// Whether more was read than there is.
    is_short: bool,
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        self.is_short |= self.rest.is_empty() && !buffer.is_empty();
        self.rest.read(buffer)
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> IoResult<&[u8]> {
        Ok(if self.rest.is_empty() && !self.ends { &[0] } else { self.rest })
    }

    fn consume(&mut self, amount: usize) {
        self.rest.consume(amount);
    }
}

/// Errors by the words of a refusal.
const TOLD: [(&str, Error); 6] = [
    ("Invalid XZ magic", Error::XzMagic),
    ("Invalid check method", Error::UnsupportedCheck),
    ("Unsupported SHA-256 checksum", Error::UnsupportedCheck),
    ("Unknown filter id", Error::XzFilter),
    ("Invalid block CRC32", Error::XzCrc32),
    ("Invalid block CRC64", Error::XzCrc64),
];

fn told(refusal: Refusal) -> Error {
    let Refusal::XzError(text) = refusal else { return Error::Oracle };
    let known = TOLD.iter().find(|(begin, _)| text.starts_with(begin));
    known.map_or(Error::Oracle, |&(_, error)| error)
}
