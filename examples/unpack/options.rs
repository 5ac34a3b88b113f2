// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The command line.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use clap::{value_parser, Parser, ValueEnum};
use pagewise::Decode;

/// Decompresses FILE in memory that does not grow with it
#[derive(Parser)]
#[command(name = "unpack", after_help = EXPLANATION)]
pub(crate) struct Options {
    /// Compressed file; standard input if it is `-` or left out
    pub(crate) file: Option<PathBuf>,
    /// Write to OUT, which appears whole or not at all; standard output if it is `-` or left out
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
    /// Format of FILE; auto judges by its first bytes, which tell nothing of deflate
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Choice::Auto)]
    pub(crate) format: Choice,
    /// Bytes of input for one call of the decoder
    #[arg(long, value_name = "N", default_value = "64K", value_parser = memory)]
    pub(crate) input_chunk: usize,
    /// Length of a page: a power of two, at least 64
    #[arg(long, value_name = "B", default_value = "4K", value_parser = page_size)]
    pub(crate) page_size: usize,
    /// Pages added at a time
    #[arg(long, value_name = "P", default_value = "16", value_parser = memory)]
    pub(crate) pages: usize,
    /// Keep every page, as a kernel does, instead of using those behind the window again
    #[arg(long)]
    pub(crate) retain: bool,
    /// Refuse a file that needs a window (a dictionary of xz and lzma) of more than B bytes;
    /// without it only zstd has a limit, of 128M
    #[arg(long, value_name = "B", value_parser = size)]
    pub(crate) window_limit: Option<u64>,
    /// Decode the blocks of an .xz file by N threads at once, 0 for as many as there are processors; takes
    /// memory for 2N blocks of output, up to 1G. Other files, and those that can't be read anywhere, take
    /// one thread
    #[arg(short = 'T', long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u16).range(..=256))]
    threads: u16,
    /// Dictionary that a zstd file was compressed with: one in zstd's format, or any file
    #[arg(long, value_name = "FILE")]
    pub(crate) dictionary: Option<PathBuf>,
    /// Decompress a file with a kind of check that is unknown here, and don't verify it (xz)
    #[arg(long)]
    pub(crate) ignore_unknown_check: bool,
    /// Decoders to use: this crate's own; or miniz_oxide, lzma-rs and ruzstd behind the same trait, in
    /// a build with the feature `oracle`. These take more memory, and see less (no filters of xz)
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t = Engine::Native)]
    pub(crate) engine: Engine,
    /// Decode, verify and describe FILE; its contents go nowhere unless there is an OUT
    #[arg(long)]
    pub(crate) info: bool,
}

const EXPLANATION: &str = "\
Sizes take a suffix K, M or G, for KiB, MiB and GiB.

Exit status: 0 if FILE is good and all of it is written; 1 if not, with a line on standard error \
(standard output may have got the part before the fault); 2 for a mistake in the options.";

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Choice {
    Auto,
    Gzip,
    Zlib,
    Deflate,
    Xz,
    Lzma,
    Zstd,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    Native,
    Oracle,
}

impl Options {
    /// How many threads are to decode.
    pub(crate) fn threads(&self) -> usize {
        match self.threads {
            0 => available_parallelism().map_or(1, NonZero::get),
            threads => threads.into(),
        }
    }

    /// Tells a decoder the limits and choices.
    pub(crate) fn limit(&self, decoder: &mut impl Decode) {
        if let Some(bytes) = self.window_limit {
            decoder.limit_window(bytes);
        }
        decoder.skip_unknown_checks(self.ignore_unknown_check);
    }

    /// What is wrong with the options together.
    pub(crate) fn conflict(&self) -> Option<&'static str> {
        if self.page_size as u64 * self.pages as u64 > MAX_MEMORY {
            return Some("--pages times --page-size is more than 1G");
        }
        let is_zstd = matches!(self.format, Choice::Auto | Choice::Zstd);
        if self.dictionary.is_some() && !is_zstd {
            return Some("--dictionary is for zstd only");
        }
        if self.dictionary.is_some() && self.engine == Engine::Oracle {
            return Some("--dictionary is for the native engine only");
        }
        let both = self.info && self.output.as_deref().is_some_and(is_dash);
        both.then_some("--info and the contents cannot both go to standard output")
    }
}

/// Whether `path` stands for standard input or output.
pub(crate) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The most memory that an option may ask for at once.
const MAX_MEMORY: u64 = 1 << 30;

fn page_size(text: &str) -> Result<usize, String> {
    match size(text)? {
        bytes @ 64..=MAX_MEMORY if bytes.is_power_of_two() => Ok(bytes as usize),
        _ => Err("must be a power of two from 64 to 1G".into()),
    }
}

fn memory(text: &str) -> Result<usize, String> {
    match size(text)? {
        bytes @ 1..=MAX_MEMORY => Ok(bytes as usize),
        _ => Err("must be from 1 to 1G".into()),
    }
}

fn size(text: &str) -> Result<u64, String> {
    let split = |(unit, scale): (char, u64)| {
        Some((text.strip_suffix([unit, unit.to_ascii_lowercase()])?, scale))
    };
    let units = [('K', 1 << 10), ('M', 1 << 20), ('G', 1 << 30)];
    let (digits, scale) = units.into_iter().find_map(split).unwrap_or((text, 1));
    let number: u64 = digits.parse().map_err(|error| format!("{error}"))?;
    number.checked_mul(scale).ok_or_else(|| "number too large".into())
}
