// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Compressed data in a container: what all decoders have in common.
//!
//! A [`Container`] reads the fields around the compressed data, an [`Engine`] the data itself.
//! [`Decoder`] drives both, and counts input and output.

use crate::decode::debug;
use crate::output::{Cursor, Output, Prefix, Step};
use crate::slices::rest_from;
use crate::zeroed::{zeroed, zeroed_enum, Zeroed};
use crate::{After, Check, Decode, Error, Format, Info, Members, Page, Pause, Progress, Status};

/// Decodes the compressed data of a format, inside of its container.
///
/// It is sealed, as [`Container`] is.
pub trait Engine: Zeroed {
    /// Decodes until the input or the room runs out, or the body ends. Returns the bytes consumed,
    /// and why it stopped.
    #[doc(hidden)]
    fn step<P: Page>(
        &mut self,
        input: &[u8],
        out: &mut Cursor<'_, P>,
    ) -> (usize, Result<Step, Error>);

    /// Blocks begun, over all members.
    #[doc(hidden)]
    fn blocks(&self) -> u64;

    /// Prepares for another member, in place; the count of blocks goes on. The default does
    /// nothing, for formats whose container begins each body by itself.
    #[doc(hidden)]
    fn restart(&mut self) {}

    /// Makes this a fresh engine, in place.
    #[doc(hidden)]
    fn reset(&mut self);
}

/// What stands around compressed data in a format: the fields before, between and after.
///
/// It is sealed: its methods, which are hidden, have types that have no name outside of the crate.
pub trait Container: Zeroed {
    /// The window limit where the caller sets none.
    #[doc(hidden)]
    const WINDOW_LIMIT: u64 = u64::MAX;

    /// The most bytes that a unit of input can need.
    const MAX_UNIT: usize = MAX_UNIT;

    /// What decodes the data inside.
    type Engine: Engine;

    /// The format, once known.
    #[doc(hidden)]
    fn format(&self) -> Option<Format>;

    /// The check that the container carries.
    #[doc(hidden)]
    fn check(&self) -> Check;

    /// Bytes of output, where the header tells them.
    #[doc(hidden)]
    fn content_size(&self) -> Option<u64> {
        None
    }

    /// The dictionary that the header asks for.
    #[doc(hidden)]
    fn dictionary_id(&self) -> Option<u32> {
        None
    }

    /// Prepares for another member of the same format, in place.
    #[doc(hidden)]
    fn restart(&mut self);

    /// Makes this a fresh container, in place.
    #[doc(hidden)]
    fn reset(&mut self) {
        self.restart();
    }

    /// Reads the next field: those before the first body, between two, and after the last.
    #[doc(hidden)]
    fn field(&mut self, input: &[u8], engine: &mut Self::Engine) -> Result<Taken, Error>;

    /// Bytes that copies may refer to as if they stood before the data.
    #[doc(hidden)]
    fn prefix(&self) -> &Prefix<'_> {
        &Prefix::NONE
    }

    /// Takes settled bytes into the check.
    #[doc(hidden)]
    fn update(&mut self, bytes: &[u8]);

    /// Filters bytes that no copy can reach any more: those before `reachable`, and all of them at
    /// the `end` of a block. Returns how many bytes of output are final. The default is for formats
    /// without filters, whose bytes are final as they are written.
    #[doc(hidden)]
    fn filter<P: Page>(
        &mut self,
        output: &Output,
        _pages: &mut [P],
        _reachable: u64,
        _end: bool,
    ) -> Result<u64, Error> {
        Ok(output.written())
    }

    /// Judges the bytes after a member and so many bytes of padding. There is at least one byte.
    #[doc(hidden)]
    fn after(&self, _padding: u64, _rest: &[u8]) -> Result<After, Error> {
        Ok(After::Trailing)
    }
}

/// What a container consumed, and what it expects next.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Taken {
    pub(crate) consumed: usize,
    pub(crate) next: Next,
}

/// What comes next in a container.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another field, for which there may be input.
    Field,
    /// A field that needs at least `min` unconsumed bytes.
    Missing { min: usize },
    /// Compressed data, with copies from at most `window` bytes back; if it `begins`, from none of
    /// the bytes so far.
    Body { window: u64, begins: bool },
    /// Another field, once all bytes so far are final.
    Settled,
    /// Nothing: the member is complete.
    End,
}

impl Taken {
    /// A field of `length` bytes, followed by another.
    pub(crate) const fn field(consumed: usize) -> Self {
        Self { consumed, next: Next::Field }
    }

    /// A field of `length` bytes, of which so far there are too few.
    pub(crate) const fn missing(length: usize) -> Self {
        Self { consumed: 0, next: Next::Missing { min: length } }
    }

    /// The last field before the first body.
    pub(crate) const fn body(consumed: usize, window: u64) -> Self {
        Self { consumed, next: Next::Body { window, begins: true } }
    }

    /// The last field of all.
    pub(crate) const fn end(consumed: usize) -> Self {
        Self { consumed, next: Next::End }
    }
}

zeroed_enum! {
    /// How far a decoder has come.
    #[derive(Clone, Copy)]
    enum Stage {
        Field = 0,
        Body,
        Done,
        Failed(Error),
    }
}

/// Decoder for one member, stream or frame in the container `C`, used under the names of the
/// formats. All-zero memory is a fresh one.
pub struct Decoder<C: Container> {
    stage: Stage,
    container: C,
    output: Output,
    consumed: u64,
    /// Bytes that were written before the present member.
    start: u64,
    /// Window of the present body; 0: not known yet.
    window: u64,
    /// The caller's window limit and one more; 0: none was set.
    window_limit: u64,
    skip_unknown_checks: bool,
    engine: C::Engine,
}

zeroed! {
    impl [C: Container] for Decoder<C> {
        stage, container, output, consumed, start, window, window_limit, skip_unknown_checks,
        engine,
    }
}

impl<C: Container> Decoder<C> {
    /// A fresh decoder, whose window limit is the format's own: 128 MiB for zstd, and none for the
    /// others.
    pub const fn new() -> Self {
        Self::ZEROED
    }

    /// Container and engine, for settings that one format has.
    pub(crate) fn inside(&mut self) -> (&mut C, &mut C::Engine) {
        (&mut self.container, &mut self.engine)
    }

    fn run<P: Page>(&mut self, input: &[u8], pages: &mut [P]) -> Result<Progress, Error> {
        let mut rest = input;
        let pause = loop {
            let (consumed, pause) = match self.stage {
                Stage::Field => self.field(rest, pages)?,
                Stage::Body => self.body(rest, pages)?,
                Stage::Done => {
                    // Success speaks of these pages, so they must have room for what was written.
                    self.output.check_pages(pages)?;
                    (0, Some(Pause::Done))
                }
                Stage::Failed(error) => return Err(error),
            };
            rest = rest_from(rest, consumed);
            self.consumed = self.consumed.saturating_add(consumed as u64);
            if let Some(pause) = pause {
                break pause;
            }
        };
        Ok(Progress { consumed: input.len().saturating_sub(rest.len()), pause })
    }

    /// One field of the container.
    fn field<P: Page>(
        &mut self,
        input: &[u8],
        pages: &mut [P],
    ) -> Result<(usize, Option<Pause>), Error> {
        let taken = self.container.field(input, &mut self.engine)?;
        if self.container.check() == Check::Unknown && !self.skip_unknown_checks {
            return Err(Error::UnsupportedCheck);
        }
        match taken.next {
            Next::Field => {}
            Next::Missing { min } => return Ok((0, Some(Pause::NeedInput { min }))),
            Next::Body { window, begins } => {
                let limit = self.window_limit.checked_sub(1).unwrap_or(C::WINDOW_LIMIT);
                self.window = window;
                if window > limit {
                    return Err(Error::WindowLimit);
                }
                if begins {
                    self.output.begin_history();
                }
                self.stage = Stage::Body;
            }
            Next::Settled => self.settle(pages, true)?,
            Next::End => self.stage = Stage::Done,
        }
        Ok((taken.consumed, None))
    }

    /// The compressed data, up to the end of a round.
    fn body<P: Page>(
        &mut self,
        input: &[u8],
        pages: &mut [P],
    ) -> Result<(usize, Option<Pause>), Error> {
        let before = self.output.written();
        let (consumed, step) = self.round(input, pages)?;
        self.settle(pages, false)?;
        let pause = match step {
            Ok(Step::NeedInput) => {
                let unconsumed = input.len().saturating_sub(consumed);
                Some(Pause::NeedInput { min: unconsumed.saturating_add(1) })
            }
            Ok(Step::Full) if self.output.is_full(pages) => Some(Pause::NeedPage),
            // A page that is shorter to write than to read would be tried for ever.
            Ok(Step::Full) if consumed == 0 && self.output.written() == before => {
                return Err(Error::PageShape);
            }
            Ok(Step::Full) => None,
            Ok(Step::Done) => {
                self.stage = Stage::Field;
                None
            }
            Err(error) => {
                self.consumed = self.consumed.saturating_add(consumed as u64);
                return Err(error);
            }
        };
        Ok((consumed, pause))
    }

    /// Bytes of the window, at most `usize::MAX`: distances are counted in a `usize`.
    fn window_len(&self) -> usize {
        usize::try_from(self.window).unwrap_or(usize::MAX)
    }

    /// One round: the bytes consumed, and why it ended. It is not inlined, so that its stack frame
    /// is gone while bytes settle.
    #[inline(never)]
    fn round<P: Page>(&mut self, input: &[u8], pages: &mut [P]) -> Result<Round, Error> {
        let mut cursor = self.output.open(pages, self.window_len(), self.container.prefix())?;
        let (consumed, step) = self.engine.step(input, &mut cursor);
        self.output.close(cursor);
        Ok((consumed, step))
    }

    /// Filters the bytes that no copy can reach any more, and passes settled bytes to the check.
    fn settle<P: Page>(&mut self, pages: &mut [P], end: bool) -> Result<(), Error> {
        let (from, reachable) =
            (self.output.settled(), self.output.reachable_from(self.window_len()));
        let to = self.container.filter(&self.output, pages, reachable, end)?;
        self.output.read(pages, from..to, |bytes| self.container.update(bytes))?;
        self.output.settle(to);
        Ok(())
    }
}

type Round = (usize, Result<Step, Error>);

debug! { [C: Container] for Decoder<C>: }

impl<C: Container> Default for Decoder<C> {
    fn default() -> Self {
        Self::new()
    }
}

/// Most bytes of a unit in every format but zstd: the head of an .xz block header. The fixed part
/// of a gzip header has 10 bytes, a symbol of LZMA at most 20, and one of deflate touches 7.
pub(crate) const MAX_UNIT: usize = 48;

impl<C: Container> Decode for Decoder<C> {
    const CARRY: usize = C::MAX_UNIT;

    fn decode<P: Page>(&mut self, input: &[u8], pages: &mut [P]) -> Result<Progress, Error> {
        let result = self.run(input, pages);
        if let Err(error) = result {
            self.stage = Stage::Failed(error);
        }
        result
    }

    fn status(&self) -> Status {
        let content_size = match self.stage {
            Stage::Done => Some(self.output.written().saturating_sub(self.start)),
            _ => self.container.content_size(),
        };
        Status {
            consumed: self.consumed,
            written: self.output.written(),
            settled: self.output.settled(),
            window: (self.window > 0).then_some(self.window),
            info: Info {
                format: self.container.format(),
                check: self.container.check(),
                blocks: self.engine.blocks(),
                content_size,
                dictionary_id: self.container.dictionary_id(),
            },
        }
    }

    fn limit_window(&mut self, bytes: u64) {
        self.window_limit = bytes.saturating_add(1);
    }

    fn skip_unknown_checks(&mut self, skip: bool) {
        self.skip_unknown_checks = skip;
    }

    fn release(&mut self, pages: usize) -> Result<(), Error> {
        self.output.release(pages)
    }

    fn reset(&mut self) {
        self.stage = Stage::Field;
        self.container.reset();
        self.output = Output::ZEROED;
        self.consumed = 0;
        self.start = 0;
        self.window = 0;
        self.engine.reset();
    }
}

impl<C: Container> Members for Decoder<C> {
    fn next_member(&mut self) {
        self.start = self.output.written();
        self.stage = Stage::Field;
        self.container.restart();
        self.engine.restart();
    }

    fn after(&self, padding: u64, rest: &[u8]) -> Result<After, Error> {
        self.container.after(padding, rest)
    }
}
