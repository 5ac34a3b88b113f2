// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A decoder for whichever format a stream has.

use crate::decode::debug;
use crate::decoder::{Container, Decoder, Taken};
use crate::output::Output;
use crate::zeroed::{zeroed, zeroed_enum, Zeroed};
use crate::{After, Check, Decode, Error, Format, Info, Members, Page, Pause, Progress, Status};

/// Decodes whichever format the first bytes announce (see [`Format::detect`]); all-zero memory is
/// a fresh decoder.
///
/// It holds the state of every decoder that is built in, side by side. A caller that knows the
/// format needs less memory with that format's decoder.
///
/// ```
/// use pagewise::{decode_slice, Any, Decode, Error, Format};
///
/// # let file: &[u8] = &[0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x06, 0x00, 0x02, 0x4d, 0x01, 0x27];
/// let mut output = [0; 100];
/// let mut decoder = Any::new();
/// let _ = decode_slice(&mut decoder, file, &mut output)?;
/// assert_eq!(decoder.info().format, Some(Format::Zlib));
///
/// let error = decode_slice(&mut Any::new(), b"\x7fELF", &mut output);
/// assert_eq!(error, Err(Error::UnknownFormat));
/// # Ok::<(), Error>(())
/// ```
pub struct Any {
    stage: Stage,
    #[cfg(feature = "gzip")]
    deflate: Decoder<Either<crate::deflate::GzipMember, crate::deflate::ZlibStream<'static>>>,
    #[cfg(feature = "xz")]
    lzma: Decoder<Either<crate::xz::XzStream, crate::xz::LzmaFile>>,
    #[cfg(feature = "zstd")]
    zstd: Decoder<crate::zstd::ZstdFrame<'static>>,
}

zeroed! {
    impl for Any {
        stage,
        #[cfg(feature = "gzip")] deflate,
        #[cfg(feature = "xz")] lzma,
        #[cfg(feature = "zstd")] zstd,
    }
}

zeroed_enum! {
    /// The decoder that was chosen.
    #[derive(Clone, Copy)]
    enum Stage {
        Unknown = 0,
        #[cfg(feature = "gzip")]
        Deflate,
        #[cfg(feature = "xz")]
        Lzma,
        #[cfg(feature = "zstd")]
        Zstd,
        /// The format was recognised, but this build has no decoder for it.
        Unsupported(Format),
        Failed,
    }
}

/// Calls a method of the decoder that was chosen; the value is `$none` where there is none.
macro_rules! chosen {
    ($any:ident.$method:ident($($argument:expr),*), $none:expr) => {
        match $any.stage {
            #[cfg(feature = "gzip")]
            Stage::Deflate => $any.deflate.$method($($argument),*),
            #[cfg(feature = "xz")]
            Stage::Lzma => $any.lzma.$method($($argument),*),
            #[cfg(feature = "zstd")]
            Stage::Zstd => $any.zstd.$method($($argument),*),
            Stage::Unknown | Stage::Unsupported(_) | Stage::Failed => $none,
        }
    };
}

impl Any {
    /// A fresh decoder, whose window limit is that of the format: 128 MiB for zstd, and none for
    /// the others.
    pub const fn new() -> Self {
        Self::ZEROED
    }

    /// Chooses a decoder by the first bytes. Returns a pause if there are too few of them.
    fn choose(&mut self, input: &[u8]) -> Option<Pause> {
        self.stage = match Format::detect(input) {
            Ok(None) => return Some(Pause::NeedInput { min: input.len().saturating_add(1) }),
            #[cfg(feature = "gzip")]
            Ok(Some(Format::Gzip | Format::Zlib)) => Stage::Deflate,
            #[cfg(feature = "xz")]
            Ok(Some(Format::Xz | Format::Lzma)) => Stage::Lzma,
            #[cfg(feature = "zstd")]
            Ok(Some(Format::Zstd)) => Stage::Zstd,
            Ok(Some(format)) => Stage::Unsupported(format),
            Err(_) => Stage::Failed,
        };
        None
    }
}

debug! { [] for Any: }

impl Default for Any {
    fn default() -> Self {
        Self::new()
    }
}

impl Decode for Any {
    #[cfg(feature = "zstd")]
    const CARRY: usize = crate::zstd::MAX_UNIT;
    #[cfg(not(feature = "zstd"))]
    const CARRY: usize = crate::decoder::MAX_UNIT;

    fn decode<P: Page>(&mut self, input: &[u8], pages: &mut [P]) -> Result<Progress, Error> {
        if let Stage::Unknown = self.stage {
            if let Some(pause) = self.choose(input) {
                return Ok(Progress { consumed: 0, pause });
            }
        }
        let none = match self.stage {
            Stage::Unsupported(_) => Error::UnsupportedFormat,
            Stage::Failed => Error::UnknownFormat,
            _ => Error::Internal,
        };
        chosen!(self.decode(input, pages), Err(none))
    }

    fn status(&self) -> Status {
        let format = match self.stage {
            Stage::Unsupported(format) => Some(format),
            _ => None,
        };
        let nothing = Status { info: Info { format, ..Info::default() }, ..Status::default() };
        chosen!(self.status(), nothing)
    }

    fn limit_window(&mut self, bytes: u64) {
        #[cfg(feature = "gzip")]
        self.deflate.limit_window(bytes);
        #[cfg(feature = "xz")]
        self.lzma.limit_window(bytes);
        #[cfg(feature = "zstd")]
        self.zstd.limit_window(bytes);
    }

    fn skip_unknown_checks(&mut self, skip: bool) {
        #[cfg(feature = "gzip")]
        self.deflate.skip_unknown_checks(skip);
        #[cfg(feature = "xz")]
        self.lzma.skip_unknown_checks(skip);
        #[cfg(feature = "zstd")]
        self.zstd.skip_unknown_checks(skip);
    }

    fn release(&mut self, pages: usize) -> Result<(), Error> {
        let none = if pages == 0 { Ok(()) } else { Err(Error::ReleaseUnsettled) };
        chosen!(self.release(pages), none)
    }

    fn reset(&mut self) {
        chosen!(self.reset(), ());
        self.stage = Stage::Unknown;
    }
}

impl Members for Any {
    fn next_member(&mut self) {
        chosen!(self.next_member(), ());
    }

    fn after(&self, padding: u64, rest: &[u8]) -> Result<After, Error> {
        chosen!(self.after(padding, rest), Ok(After::Trailing))
    }
}

/// Two containers that share an engine; the first bytes choose one. Both lie side by side, so that
/// choosing one moves nothing.
struct Either<A, B> {
    chosen: Chosen,
    first: A,
    second: B,
}

zeroed! { impl [A: Zeroed, B: Zeroed] for Either<A, B> { chosen, first, second } }

zeroed_enum! {
    #[derive(Clone, Copy)]
    enum Chosen {
        /// Nothing was read yet.
        Neither = 0,
        First,
        Second,
    }
}

/// Calls a method of the container that was chosen; the value is `$none` if neither is.
macro_rules! either {
    ($either:ident.$method:ident($($argument:expr),*), $none:expr) => {
        match $either.chosen {
            Chosen::Neither => $none,
            Chosen::First => $either.first.$method($($argument),*),
            Chosen::Second => $either.second.$method($($argument),*),
        }
    };
}

impl<A: Container, B: Container<Engine = A::Engine>> Container for Either<A, B> {
    type Engine = A::Engine;

    fn format(&self) -> Option<Format> {
        either!(self.format(), None)
    }

    fn check(&self) -> Check {
        either!(self.check(), Check::None)
    }

    fn content_size(&self) -> Option<u64> {
        either!(self.content_size(), None)
    }

    fn dictionary_id(&self) -> Option<u32> {
        either!(self.dictionary_id(), None)
    }

    fn restart(&mut self) {
        self.first.restart();
        self.second.restart();
    }

    fn reset(&mut self) {
        self.restart();
        self.chosen = Chosen::Neither;
    }

    fn field(&mut self, input: &[u8], engine: &mut Self::Engine) -> Result<Taken, Error> {
        if let Chosen::Neither = self.chosen {
            let Some(format) = Format::detect(input)? else {
                return Ok(Taken::missing(input.len().saturating_add(1)));
            };
            self.chosen = match Some(format) {
                first if first == self.first.format() => Chosen::First,
                second if second == self.second.format() => Chosen::Second,
                _ => return Err(Error::UnsupportedFormat),
            };
        }
        either!(self.field(input, engine), Err(Error::Internal))
    }

    fn update(&mut self, bytes: &[u8]) {
        either!(self.update(bytes), ())
    }

    fn filter<P: Page>(
        &mut self,
        output: &Output,
        pages: &mut [P],
        reachable: u64,
        end: bool,
    ) -> Result<u64, Error> {
        either!(self.filter(output, pages, reachable, end), Err(Error::Internal))
    }

    fn after(&self, padding: u64, rest: &[u8]) -> Result<After, Error> {
        either!(self.after(padding, rest), Ok(After::Trailing))
    }
}
