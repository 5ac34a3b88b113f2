// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! `unpack`: decompresses files from the shell, in pages as a kernel has them.

mod blocks;
mod facts;
mod meter;
mod options;
#[cfg(feature = "oracle")]
mod oracle;
mod refused;
mod sink;
mod size;
mod source;
mod stdout;
mod store;
mod temporary;
mod unpacker;

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use pagewise::{Any, Deflate, Gzip, Lzma, Members, Xz, Zlib, Zstd};
use signal_hook::consts::SIGPIPE;
use signal_hook::low_level::emulate_default_handler;

use facts::{Facts, Totals};
use options::{Choice, Engine, Options};
use source::Source;
use unpacker::unpack_as;

fn main() -> ExitCode {
    let options = match Options::from_command_line() {
        Ok(options) => options,
        Err(code) => return code,
    };
    if let Some(text) = options.generated() {
        return match stdout::print(&text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.exit(true),
        };
    }
    if options.files.is_empty() && io::stdin().is_terminal() {
        let usage = Options::command().render_usage();
        let _ = writeln!(io::stderr(), "{usage}\nFor more: unpack --help");
        return ExitCode::from(2);
    }
    match unpack_all(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => failure.exit(options.complains()),
    }
}

/// Why a file, or the whole run, ends early.
enum Failure {
    /// The file is not good or can't be read. The next one may be.
    File(String),
    /// The run makes no sense any more, as when the output can't be written.
    Run(String),
    /// Nobody reads standard output any more.
    Unread,
}

impl Failure {
    /// Ends the program, with a line about it if it `complains`. If nobody reads its output it ends by the signal that
    /// Rust's runtime ignores and that other programs end by, so that the shell and `tar` know.
    fn exit(&self, complains: bool) -> ExitCode {
        match self {
            Self::Unread => drop(emulate_default_handler(SIGPIPE)),
            Self::File(line) | Self::Run(line) if complains => tell(line),
            _ => {}
        }
        ExitCode::FAILURE
    }
}

/// A path as it is told: control characters, which a terminal would obey, are escaped.
fn shown(path: &Path) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    path.to_string_lossy().chars().map(escape).collect()
}

/// A line on standard error.
fn tell(line: &str) {
    // There is nobody to tell that standard error cannot be written.
    let _ = writeln!(io::stderr(), "unpack: {line}");
}

/// Decodes the files one after the other. `false`: some of them were not good.
fn unpack_all(options: &Options) -> Result<bool, Failure> {
    let dictionary = options.dictionary.as_deref().map(read_dictionary).transpose()?;
    let stdin = [Path::new("-").to_path_buf()];
    let files = if options.files.is_empty() { &stdin } else { &options.files[..] };
    let mut totals = Totals::default();
    let mut all_good = true;
    for path in files {
        match unpack(options, path, dictionary) {
            Ok((name, facts)) => totals.report(options, &name, &facts)?,
            Err(Failure::File(line)) => {
                if options.complains() {
                    tell(&line);
                }
                all_good = false;
            }
            Err(failure) => return Err(failure),
        }
    }
    totals.finish(options)?;
    Ok(all_good)
}

/// Decodes the file at `path`. Returns what to call it, and what it turned out to be.
fn unpack(
    options: &Options,
    path: &Path,
    dictionary: Option<&'static [u8]>,
) -> Result<(String, Facts), Failure> {
    let source = Source::open(path, options)?;
    let name = source.name.clone();
    let facts = if options.engine == Engine::Oracle {
        unpack_by_oracle(options, source)?
    } else if let Some(bytes) = dictionary {
        let mut decoder = Zstd::new();
        // It was tried before.
        decoder.set_dictionary(bytes).map_err(|error| Failure::Run(error.to_string()))?;
        unpack_as(options, source, decoder)?
    } else {
        unpack_natively(options, source)?
    };
    Ok((name, facts))
}

fn unpack_natively(options: &Options, source: Source) -> Result<Facts, Failure> {
    fn fresh<D: Members + Default>(options: &Options, source: Source) -> Result<Facts, Failure> {
        unpack_as(options, source, D::default())
    }
    match options.format {
        Choice::Auto => fresh::<Any>(options, source),
        Choice::Gzip => fresh::<Gzip>(options, source),
        Choice::Zlib => fresh::<Zlib>(options, source),
        Choice::Deflate => fresh::<Deflate>(options, source),
        Choice::Xz => fresh::<Xz>(options, source),
        Choice::Lzma => fresh::<Lzma>(options, source),
        Choice::Zstd => fresh::<Zstd<'static>>(options, source),
    }
}

#[cfg(feature = "oracle")]
fn unpack_by_oracle(options: &Options, source: Source) -> Result<Facts, Failure> {
    oracle::unpack(options, source)
}

#[cfg(not(feature = "oracle"))]
fn unpack_by_oracle(_: &Options, _: Source) -> Result<Facts, Failure> {
    Err(Failure::Run("--engine oracle needs a build with the feature `oracle`".into()))
}

/// Reads a dictionary, which lives as long as the process, and tries whether it is one.
fn read_dictionary(path: &Path) -> Result<&'static [u8], Failure> {
    let failure = |what: &dyn std::fmt::Display| Failure::Run(format!("{}: {what}", shown(path)));
    let bytes = fs::read(path).map_err(|error| failure(&error))?.leak();
    Zstd::new().set_dictionary(bytes).map_err(|error| failure(&error))?;
    Ok(bytes)
}
