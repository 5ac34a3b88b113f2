// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Decoders of other crates, which implement this crate's trait: second opinions.
//!
//! They are for tests, for fuzzing, and for comparisons. They need `std` and rustc 1.87, allocate,
//! and keep a window or the whole output beside the pages. [`Deflate`], [`Zlib`] and [`Gzip`] are
//! by `miniz_oxide`, [`Xz`] and [`Lzma`] by `lzma-rs`, [`Zstd`] by `ruzstd`.
//!
//! ```
//! use pagewise::{decode_slice, oracle, Gzip};
//!
//! # let file: &[u8] = &[
//! #     0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c, 0x4a, 6, 0, 0xc2, 0x41, 0x24, 0x35, 3, 0,
//! #     0, 0];
//! let (mut ours, mut theirs) = ([0; 100], [0; 100]);
//! let decoded = decode_slice(&mut Gzip::new(), file, &mut ours)?;
//! assert_eq!(decode_slice(&mut oracle::Gzip::new(), file, &mut theirs)?, decoded);
//! assert_eq!(ours, theirs);
//! # Ok::<(), pagewise::Error>(())
//! ```
//!
//! All of them keep the rules of [`Decode`](crate::Decode): the result does not depend on how input
//! and pages are split, bytes are settled as they are written, and after an error nothing comes.
//! The type of each says what its package cannot do, and what it accepts wrongly. For all of them:
//!
//! - An error that a package has no name for is [`Error::Oracle`]; so is a panic in it, where
//!   panics unwind. After an error [`consumed`](crate::Decode::consumed) is how much of the input
//!   the package got.
//! - [`window`](crate::Decode::window) is what the stream's header asks for, so that
//!   [`limit_window`](crate::Decode::limit_window) means the same; pages are not read again.
//! - [`Info::blocks`](crate::Info) stays 0: not all packages count them.
//! - In a file, [`Concatenated`](crate::Concatenated) judges what follows a member, by the rules
//!   for this crate's own decoders.

mod deflate;
mod lzma;
mod zstd;

/// Types that stand for other crates' decoders. Each is a type parameter of [`Decoder`].
pub mod package {
    pub use super::deflate::{Member, Raw, Zlib};
    pub use super::lzma::{Alone, Collected, Xz};
    pub use super::zstd::Frame;
    pub use super::{Bare, Foreign, Package};
}

use core::marker::PhantomData;
use std::boxed::Box;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::vec::Vec;

use crate::decoder::{Container, Decoder, Engine, Taken};
use crate::output::{Cursor, Step};
use crate::slices::rest_from;
use crate::zeroed::{zeroed, Maybe, Zeroed};
use crate::{After, Check, Error, Format, Page};

/// `miniz_oxide` for a raw deflate stream. It decodes as the input comes.
pub type Deflate = Decoder<Bare<deflate::Raw>>;

/// `miniz_oxide` for a zlib stream. It judges the header and ADLER32 by itself.
///
/// It does not hold distances against the window size that CINFO declares. Built for fuzzing
/// (`--cfg fuzzing`) it does not verify ADLER32.
pub type Zlib = Decoder<Bare<deflate::Zlib>>;

/// `miniz_oxide` for the deflate stream of a gzip member.
///
/// It knows nothing of gzip: header, CRC32 and ISIZE are read and verified by the same code as for
/// [`Gzip`](crate::Gzip), and so are no second opinion.
pub type Gzip = Decoder<deflate::Member>;

/// `lzma-rs` for an .xz stream. It takes a stream that is whole, so all input is collected, and
/// output begins when the stream has ended.
///
/// The end is a Stream Footer with the right CRC32 where one can be. So damage shows only at the
/// end. If the footer itself is damaged, the stream never ends, and counts as truncated.
///
/// It knows neither filters besides LZMA2 ([`Error::XzFilter`]) nor SHA-256
/// ([`Error::UnsupportedCheck`]). And it does not see:
///
/// - a dictionary size that is none, or distances beyond it: [`window`](crate::Decode::window)
///   gives the first block's;
/// - that the first chunk of LZMA2 does not reset dictionary and properties;
/// - that a chunk's compressed size is not what was read of it; that its first byte is not null, or
///   the range coder not at its end;
/// - that a number could be written with fewer bytes, or the two highest bits of Backward Size.
pub type Xz = Decoder<Bare<lzma::Collected<lzma::Xz>>>;

/// `lzma-rs` for a .lzma file. It takes a file that is whole, and only decoding shows whether it
/// is. So all input is collected, and each call decodes it from the start: give it large pieces.
///
/// It takes any literal context and position bits, where XZ Utils take 4 at most, and any byte for
/// the first one of the data. In a file of known size it takes the size for the end: it does not
/// see a range coder that is not at its end, and leaves an end marker as trailing bytes.
pub type Lzma = Decoder<Bare<lzma::Collected<lzma::Alone>>>;

/// `ruzstd` for a zstd frame, or a skippable one. It decodes block by block, and gives bytes out
/// once they are out of the window's reach, or the frame has ended.
///
/// It computes the content's checksum and leaves it to its user to compare it with the frame's,
/// which is done here. Dictionaries are not passed on: frames that name one are refused. And it
/// does not see:
///
/// - a Frame_Content_Size that is not the content's;
/// - reserved bits, of the Frame_Header_Descriptor and of Symbol_Compression_Modes;
/// - that a compressed block is larger than Block_Maximum_Size before decoding;
/// - that one of four Huffman streams has more or fewer literals than its share.
pub type Zstd = Decoder<Bare<zstd::Frame>>;

/// A package: another crate's decoder for one member, stream or frame. Its methods are hidden.
pub trait Package: Default {
    /// This crate's container of the format, for what it says of it.
    type Native: Container;

    /// What the first bytes declare. `Err`: how many bytes that takes.
    #[doc(hidden)]
    fn head(input: &[u8]) -> Result<Head, usize>;

    /// Decodes some of `input`, and appends to `output`. Returns also the bytes consumed.
    #[doc(hidden)]
    fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> (usize, Result<Turn, Error>);
}

/// What a stream declares at its start.
#[doc(hidden)]
pub struct Head {
    window: u64,
    check: Check,
}

/// Why [`Package::decode`] returned.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Turn {
    /// There is output to be stored.
    More,
    NeedInput,
    End,
}

/// Calls a package, which may panic if a stream is damaged.
fn guarded<T>(call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // What the call leaves half done is not looked at before a reset drops it.
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(Error::Oracle))
}

/// No container: the package reads all of the stream. The head is looked at for the window and the
/// check, and left to the package.
pub struct Bare<P> {
    begun: bool,
    check: Maybe<Check>,
    package: PhantomData<P>,
}

zeroed! { impl [P] for Bare<P> { begun, check, package } }

/// The most bytes that a [`Head`] takes: .xz headers of the stream and the first block.
const MAX_HEAD: usize = 64;

impl<P: Package> Container for Bare<P> {
    const WINDOW_LIMIT: u64 = P::Native::WINDOW_LIMIT;

    const MAX_UNIT: usize = MAX_HEAD;

    type Engine = Foreign<P>;

    fn format(&self) -> Option<Format> {
        P::Native::ZEROED.format()
    }

    fn check(&self) -> Check {
        self.check.get().unwrap_or(Check::None)
    }

    fn restart(&mut self) {
        *self = Self::ZEROED;
    }

    fn field(&mut self, input: &[u8], _: &mut Foreign<P>) -> Result<Taken, Error> {
        if self.begun {
            return Ok(Taken::end(0));
        }
        match P::head(input) {
            Err(min) => Ok(Taken::missing(min)),
            Ok(Head { window, check }) => {
                self.check = Maybe::Just(check);
                self.begun = true;
                Ok(Taken::body(0, window))
            }
        }
    }

    fn update(&mut self, _: &[u8]) {}

    fn after(&self, padding: u64, rest: &[u8]) -> Result<After, Error> {
        P::Native::ZEROED.after(padding, rest)
    }
}

/// A package as an engine.
pub struct Foreign<P> {
    /// `None`: fresh.
    running: Option<Box<Running<P>>>,
}

zeroed! { impl [P] for Foreign<P> { running } }

#[derive(Default)]
struct Running<P> {
    package: P,
    /// Output of the package, and how much of it is in the pages.
    output: Vec<u8>,
    stored: usize,
    /// What to return once all of the output is there.
    end: Option<Result<Step, Error>>,
}

impl<P: Package> Engine for Foreign<P> {
    fn step<Q: Page>(
        &mut self,
        input: &[u8],
        out: &mut Cursor<'_, Q>,
    ) -> (usize, Result<Step, Error>) {
        let running = self.running.get_or_insert_default();
        let mut rest = input;
        let result = loop {
            let output = rest_from(&running.output, running.stored);
            let fits = out.extend(output);
            running.stored += fits;
            if fits < output.len() {
                break Ok(Step::Full);
            }
            running.output.clear();
            running.stored = 0;
            if let Some(end) = running.end {
                break end;
            }
            let (consumed, turn) = running.package.decode(rest, &mut running.output);
            rest = rest_from(rest, consumed);
            running.end = match turn {
                Ok(Turn::More) => None,
                Ok(Turn::NeedInput) if running.output.is_empty() => break Ok(Step::NeedInput),
                Ok(Turn::NeedInput) => None,
                Ok(Turn::End) => Some(Ok(Step::Done)),
                Err(error) => Some(Err(error)),
            };
        };
        (input.len() - rest.len(), result)
    }

    fn blocks(&self) -> u64 {
        0
    }

    fn restart(&mut self) {
        self.running = None;
    }

    fn reset(&mut self) {
        self.running = None;
    }
}
