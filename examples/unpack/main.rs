// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! `unpack`: decompresses a file from the shell, in pages as a kernel has them.

mod blocks;
mod meter;
mod options;
#[cfg(feature = "oracle")]
mod oracle;
mod sink;
mod source;
mod store;

use std::fmt::Display;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use pagewise::{
    Any, Carry, Check, Concatenated, Decode, Deflate, Error, Format, Gzip, Lzma, Members, Pause,
    Xz, Zlib, Zstd,
};

use meter::Meter;
use options::{Choice, Engine, Options};
use sink::Sink;
use source::Source;
use store::Store;

fn main() -> ExitCode {
    let options = Options::parse();
    if options.file.is_none() && io::stdin().is_terminal() {
        let _ = write!(io::stderr(), "{}", Options::command().render_help());
        return ExitCode::from(2);
    }
    if let Some(conflict) = options.conflict() {
        Options::command().error(clap::error::ErrorKind::ArgumentConflict, conflict).exit();
    }
    match unpack(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Unread) => ExitCode::FAILURE,
        Err(Failure::Line(line)) => {
            complain(&line);
            ExitCode::FAILURE
        }
    }
}

/// Why a run ends early.
enum Failure {
    /// What to say of it.
    Line(String),
    /// Nobody reads standard output any more, which is no reason to talk.
    Unread,
}

fn complain(line: &str) {
    // There is nobody to tell that standard error cannot be written.
    let _ = writeln!(io::stderr(), "unpack: {line}");
}

fn unpack(options: &Options) -> Result<(), Failure> {
    let source = Source::open(options)?;
    if options.engine == Engine::Oracle {
        return unpack_by_oracle(options, source);
    }
    if let Some(path) = &options.dictionary {
        return unpack_as(options, source, with_dictionary(path)?);
    }
    match options.format {
        Choice::Auto => unpack_as(options, source, Any::new()),
        Choice::Gzip => unpack_as(options, source, Gzip::new()),
        Choice::Zlib => unpack_as(options, source, Zlib::new()),
        Choice::Deflate => unpack_as(options, source, Deflate::new()),
        Choice::Xz => unpack_as(options, source, Xz::new()),
        Choice::Lzma => unpack_as(options, source, Lzma::new()),
        Choice::Zstd => unpack_as(options, source, Zstd::new()),
    }
}

#[cfg(feature = "oracle")]
fn unpack_by_oracle(options: &Options, source: Source) -> Result<(), Failure> {
    oracle::unpack(options, source)
}

#[cfg(not(feature = "oracle"))]
fn unpack_by_oracle(_: &Options, source: Source) -> Result<(), Failure> {
    Err(source.failure("--engine oracle needs a build with the feature `oracle`"))
}

/// A decoder with the dictionary at `path`, which lives as long as the process.
fn with_dictionary(path: &Path) -> Result<Zstd<'static>, Failure> {
    let failure = |what: &dyn Display| Failure::Line(format!("{}: {what}", path.display()));
    let bytes = fs::read(path).map_err(|error| failure(&error))?;
    let mut decoder = Zstd::new();
    decoder.set_dictionary(bytes.leak()).map_err(|error| failure(&error))?;
    Ok(decoder)
}

fn unpack_as<D: Members>(options: &Options, source: Source, decoder: D) -> Result<(), Failure> {
    let sink = Sink::open(options)?;
    let mut meter = Meter::new(source.length, sink.is_terminal());
    let mut store = Store::new(options, sink);
    let facts = blocks::unpack(options, &source, &mut store, &mut meter)?;
    if let Some(facts) = facts {
        meter.clear();
        store.sink.commit()?;
        return facts.report(options);
    }
    let decoder = Box::new(Carry::new(Concatenated::new(decoder)));
    let mut unpacker = Unpacker { decoder, meter, store, source };
    options.limit(&mut *unpacker.decoder);
    let end = unpacker.run();
    // What was good before a fault goes out too, as from `gzip -dc`.
    let drained = unpacker.drain();
    unpacker.meter.clear();
    let end = end?;
    drained?;
    unpacker.store.sink.commit()?;
    if end == End::Trailing {
        let name = &unpacker.source.name;
        complain(&format!("{name}: trailing bytes ignored after the last member"));
    }
    unpacker.facts(options.engine).report(options)
}

/// What a good file turned out to be.
struct Facts {
    format: Option<Format>,
    members: u64,
    /// `None`: not all packages tell.
    blocks: Option<u64>,
    window: u64,
    consumed: u64,
    written: u64,
    /// Check of the last member.
    check: Check,
}

impl Facts {
    /// Prints this if it is asked for.
    fn report(&self, options: &Options) -> Result<(), Failure> {
        if !options.info {
            return Ok(());
        }
        let check = match self.check {
            Check::None => "none".into(),
            Check::Unknown => "unknown, not verified".into(),
            check => format!("{}, verified", check.name()),
        };
        // Streams of one .xz file, and frames of a zstd file, may have other ones each.
        let differs = matches!(self.format, Some(Format::Xz | Format::Zstd));
        let whose = if differs && self.members > 1 { " (last member)" } else { "" };
        let text = format!(
            "format        {}\nmembers       {}\nblocks        {}\nwindow        {}\n\
             compressed    {}\nuncompressed  {}\nratio         {:.2}\ncheck         {check}{whose}\n",
            self.format.map_or("unknown", |format| format.name()),
            self.members,
            self.blocks.map_or("unknown".into(), |blocks| blocks.to_string()),
            self.window,
            self.consumed,
            self.written,
            self.written as f64 / self.consumed as f64,
        );
        Sink::stdout()?.write(&mut [io::IoSlice::new(text.as_bytes())])
    }
}

/// A file on its way through a decoder.
struct Unpacker<D> {
    source: Source,
    decoder: Box<Carry<Concatenated<D>, { Any::CARRY }>>,
    store: Store,
    meter: Meter,
}

/// How a good file ends.
#[derive(PartialEq, Eq)]
enum End {
    Clean,
    /// With bytes that are no part of it.
    Trailing,
}

impl<D: Members> Unpacker<D> {
    fn run(&mut self) -> Result<End, Failure> {
        loop {
            let chunk = self.source.chunk();
            let progress = match self.decoder.decode(chunk, &mut self.store.pages) {
                Ok(progress) => progress,
                Err(error) => return Err(self.failure(error)),
            };
            let left_over = progress.consumed < chunk.len() || self.decoder.held() > 0;
            self.source.advance(progress.consumed);
            match progress.pause {
                Pause::NeedPage => self.make_room()?,
                Pause::Done if left_over => return Ok(End::Trailing),
                pause => {
                    if !self.source.refill()? {
                        return self.input_ended(pause);
                    }
                }
            }
            self.meter.show(self.decoder.consumed(), self.decoder.written());
        }
    }

    /// Every page is full: writes out what is settled, then uses pages again or adds some.
    fn make_room(&mut self) -> Result<(), Failure> {
        self.drain()?;
        let free = self.store.recyclable(&*self.decoder);
        let result = if free > 0 && free >= self.store.worthwhile() {
            self.decoder.release(free).map(|()| self.store.recycle(free))
        } else {
            self.store.grow()
        };
        result.map_err(|error| self.failure(error))
    }

    /// A lone byte behind the last member, which could begin another one, counts as a truncated
    /// member, as it does for `gzip -dc`.
    fn input_ended(&self, pause: Pause) -> Result<End, Failure> {
        match pause {
            Pause::Done => Ok(End::Clean),
            _ => Err(self.source.failure_at(Error::Truncated, self.source.read)),
        }
    }

    fn facts(&self, engine: Engine) -> Facts {
        let status = self.decoder.status();
        Facts {
            format: status.info.format,
            members: self.decoder.get_ref().members(),
            blocks: (engine == Engine::Native).then_some(status.info.blocks),
            window: status.window.unwrap_or(0),
            consumed: status.consumed,
            written: status.written,
            check: status.info.check,
        }
    }

    fn drain(&mut self) -> Result<(), Failure> {
        self.store.drain(self.decoder.settled())
    }

    fn failure(&self, error: Error) -> Failure {
        let offset = self.decoder.consumed();
        let info = self.decoder.info();
        match info.format {
            Some(format) if error == Error::UnsupportedFormat => {
                self.source.failure_at(format_args!("{}: {error}", format.name()), offset)
            }
            // Otherwise it is known here, but not to the engine.
            _ if error == Error::UnsupportedCheck && info.check == Check::Unknown => {
                self.source.failure(format_args!("{error}; --ignore-unknown-check goes without it"))
            }
            _ if error == Error::WindowLimit => {
                self.source.failure(format_args!("{error}; a larger --window-limit allows it"))
            }
            _ if error == Error::ZstdDictionaryId => {
                self.source.failure(format_args!("{error}; --dictionary names one"))
            }
            _ => self.source.failure_at(error, offset),
        }
    }
}
