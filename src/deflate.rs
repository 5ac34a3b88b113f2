// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Deflate streams, alone or in a wrapper (RFC 1951): what [`Deflate`], [`Gzip`](crate::Gzip) and
//! [`Zlib`](crate::Zlib) have in common.

mod inflate;
mod symbols;

use crate::output::Output;
use crate::{After, Check, Decode, Error, Format, Info, Members, Page, Pause, Progress};

use inflate::{Inflate, Step};

/// The farthest that a distance can reach, and so the window of gzip and raw deflate
/// (RFC 1951, 2).
pub(crate) const WINDOW: usize = 32 << 10;

/// What stands around a deflate stream. Not for implementing elsewhere.
#[doc(hidden)]
pub trait Wrapper {
    /// A fresh one; all-zero memory is one too.
    const NEW: Self;

    /// The format, once known.
    fn format(&self) -> Option<Format>;

    /// The check in the trailer.
    fn check(&self) -> Check;

    /// Reads the next part of the header.
    fn header(&mut self, input: &[u8]) -> Result<Taken, Error>;

    /// Takes settled bytes into the check.
    fn update(&mut self, bytes: &[u8]);

    /// Reads the trailer, and verifies what it says of the output.
    fn trailer(&mut self, input: &[u8]) -> Result<Taken, Error>;

    /// Bytes of history that the stream may refer to, once the header was read.
    fn window(&self) -> usize;

    /// What the bytes after the trailer are.
    fn after(&self, _rest: &[u8]) -> After {
        After::Trailing
    }
}

/// What a wrapper took of the input.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Taken {
    pub(crate) consumed: usize,
    pub(crate) next: Next,
}

/// What a wrapper does next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Its next part, for which there may be input.
    Part,
    /// Its next part, for which it needs so many unconsumed bytes at least.
    Missing { min: usize },
    /// Header or trailer is complete.
    End,
}

impl Taken {
    /// A part of `length` bytes, of which so far there are too few.
    pub(crate) const fn missing(length: usize) -> Self {
        Self { consumed: 0, next: Next::Missing { min: length } }
    }

    /// The last part.
    pub(crate) const fn end(consumed: usize) -> Self {
        Self { consumed, next: Next::End }
    }

    fn pause(self) -> Option<Pause> {
        match self.next {
            Next::Missing { min } => Some(Pause::NeedInput { min }),
            Next::Part | Next::End => None,
        }
    }
}

/// No wrapper.
#[doc(hidden)]
pub struct Raw(());

impl Wrapper for Raw {
    const NEW: Self = Self(());

    fn format(&self) -> Option<Format> {
        Some(Format::Deflate)
    }

    fn check(&self) -> Check {
        Check::None
    }

    fn header(&mut self, _: &[u8]) -> Result<Taken, Error> {
        Ok(Taken::end(0))
    }

    fn update(&mut self, _: &[u8]) {}

    fn trailer(&mut self, _: &[u8]) -> Result<Taken, Error> {
        Ok(Taken::end(0))
    }

    fn window(&self) -> usize {
        WINDOW
    }
}

/// How far a decoder has come.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Stage {
    Header = 0,
    Body,
    Trailer,
    Done,
    Failed(Error),
}

/// Decoder for a raw deflate stream, which has no header, no trailer and no check (RFC 1951).
pub type Deflate = Wrapped<Raw>;

/// Decoder for a deflate stream in the wrapper `W`, used under the names [`Deflate`],
/// [`Gzip`](crate::Gzip), [`Zlib`](crate::Zlib) and [`Any`](crate::Any). All-zero memory is a fresh
/// one.
pub struct Wrapped<W> {
    stage: Stage,
    wrapper: W,
    output: Output,
    consumed: u64,
    /// The complement of the window limit: all zero is no limit.
    window_limit: u64,
    inflate: Inflate,
}

impl<W: Wrapper> Wrapped<W> {
    /// A fresh decoder without a window limit.
    pub const fn new() -> Self {
        Self {
            stage: Stage::Header,
            wrapper: W::NEW,
            output: Output::new(),
            consumed: 0,
            window_limit: 0,
            inflate: Inflate::new(),
        }
    }

    fn run<P: Page>(&mut self, input: &[u8], pages: &mut [P]) -> Result<Progress, Error> {
        let mut rest = input;
        let pause = loop {
            let (consumed, pause) = match self.stage {
                Stage::Header => {
                    let taken = self.wrapper.header(rest)?;
                    if taken.next == Next::End {
                        if self.wrapper.window() as u64 > !self.window_limit {
                            return Err(Error::WindowLimit);
                        }
                        self.stage = Stage::Body;
                    }
                    (taken.consumed, taken.pause())
                }
                Stage::Body => self.body(rest, pages)?,
                Stage::Trailer => {
                    let taken = self.wrapper.trailer(rest)?;
                    if taken.next == Next::End {
                        self.stage = Stage::Done;
                    }
                    (taken.consumed, taken.pause())
                }
                Stage::Done => (0, Some(Pause::Done)),
                Stage::Failed(error) => return Err(error),
            };
            rest = rest.get(consumed..).unwrap_or(&[]);
            self.consumed = self.consumed.saturating_add(consumed as u64);
            if let Some(pause) = pause {
                break pause;
            }
        };
        Ok(Progress { consumed: input.len().saturating_sub(rest.len()), pause })
    }

    /// One round of the deflate stream.
    fn body<P: Page>(
        &mut self,
        input: &[u8],
        pages: &mut [P],
    ) -> Result<(usize, Option<Pause>), Error> {
        let mut cursor = self.output.open(pages, self.wrapper.window())?;
        let has_page = cursor.has_page();
        let (consumed, step) = self.inflate.step(input, &mut cursor);
        let fresh = self.output.close(cursor);
        self.wrapper.update(fresh);
        let pause = match step {
            Ok(Step::NeedInput) => {
                let unconsumed = input.len().saturating_sub(consumed);
                Some(Pause::NeedInput { min: unconsumed.saturating_add(1) })
            }
            Ok(Step::Full) if !has_page => Some(Pause::NeedPage),
            // A page that is shorter to write than to read would be tried for ever.
            Ok(Step::Full) if consumed == 0 && fresh.is_empty() => return Err(Error::PageShape),
            Ok(Step::Full) => None,
            Ok(Step::End) => {
                self.stage = Stage::Trailer;
                None
            }
            Err(error) => {
                self.consumed = self.consumed.saturating_add(consumed as u64);
                return Err(error);
            }
        };
        Ok((consumed, pause))
    }
}

impl<W: Wrapper> Default for Wrapped<W> {
    fn default() -> Self {
        Self::new()
    }
}

/// Most bytes of one unit: the fixed part of a gzip header. A symbol's 48 bits touch seven.
const MAX_UNIT: usize = 10;

impl<W: Wrapper> Decode for Wrapped<W> {
    const CARRY: usize = MAX_UNIT;

    fn decode<P: Page>(&mut self, input: &[u8], pages: &mut [P]) -> Result<Progress, Error> {
        let result = self.run(input, pages);
        if let Err(error) = result {
            self.stage = Stage::Failed(error);
        }
        result
    }

    fn consumed(&self) -> u64 {
        self.consumed
    }

    fn written(&self) -> u64 {
        self.output.written()
    }

    fn settled(&self) -> u64 {
        self.output.written()
    }

    fn window(&self) -> Option<u64> {
        match self.stage {
            Stage::Header | Stage::Failed(_) => None,
            _ => Some(self.wrapper.window() as u64),
        }
    }

    fn limit_window(&mut self, bytes: u64) {
        self.window_limit = !bytes;
    }

    fn info(&self) -> Info {
        Info {
            format: self.wrapper.format(),
            check: self.wrapper.check(),
            blocks: self.inflate.blocks(),
        }
    }

    fn release(&mut self, pages: usize) -> Result<(), Error> {
        self.output.release(pages, self.settled())
    }

    fn reset(&mut self) {
        self.next_member();
        self.output = Output::new();
        self.consumed = 0;
        self.inflate.reset();
    }
}

impl<W: Wrapper> Members for Wrapped<W> {
    fn next_member(&mut self) {
        self.stage = Stage::Header;
        self.wrapper = W::NEW;
        self.output.begin_history();
        self.inflate.restart();
    }

    fn after(&self, rest: &[u8]) -> After {
        self.wrapper.after(rest)
    }
}
