// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The command line.

use std::io::{self, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::error::ErrorKind;
use clap::{value_parser, ArgAction, Args, CommandFactory, Parser, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;
use pagewise::Decode;

use crate::size::{memory, page_size, size, MAX_MEMORY};
use crate::{refused, stdout, tell};

/// Decompresses FILEs to standard output, in memory that does not grow with them
#[derive(Parser)]
#[command(
    name = "unpack", version, after_help = EXPLANATION, args_override_self = true, infer_long_args = true,
    max_term_width = 100
)]
pub(crate) struct Options {
    /// Compressed files, decoded one after the other; standard input if one is - or none is named
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Write to OUT, which appears whole or not at all, with the permissions and the time of FILE; standard
    /// output if it is - or left out
    #[arg(short, long, value_name = "OUT", conflicts_with_all = ["test", "list", "stdout"])]
    pub(crate) output: Option<PathBuf>,
    /// Replace OUT if it exists; read compressed data from a terminal
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Decode and verify FILEs, and write nothing
    #[arg(short, long, conflicts_with_all = ["list", "info"])]
    pub(crate) test: bool,
    /// Decode and verify FILEs, and list their sizes, members, blocks and checks
    #[arg(short, long, conflicts_with = "info")]
    pub(crate) list: bool,
    /// Decode, verify and describe FILEs; their contents go nowhere unless there is an OUT
    #[arg(long)]
    pub(crate) info: bool,
    #[command(flatten)]
    _habits: Habits,
    /// Decode the blocks of an .xz file by N threads at once, 0 for as many as there are processors; takes
    /// memory for 2N blocks of output, up to 1G. Other files, and those that can't be read anywhere, take
    /// one thread
    #[arg(short = 'T', long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u16).range(..=256))]
    threads: u16,
    /// Format of FILEs; auto judges by their first bytes, which tell nothing of deflate
    #[arg(short = 'F', long, value_enum, value_name = "FORMAT", default_value_t = Choice::Auto)]
    pub(crate) format: Choice,
    /// Dictionary that zstd files were compressed with: one in zstd's format, or any file
    #[arg(short = 'D', long, value_name = "FILE", alias = "patch-from")]
    pub(crate) dictionary: Option<PathBuf>,
    /// Refuse a file that needs a window (a dictionary of xz and lzma) of more than B bytes;
    /// without it only zstd has a limit, of 128M
    #[arg(long, value_name = "B", value_parser = size)]
    window_limit: Option<u64>,
    /// As --window-limit with a power of two: 2^N bytes
    #[arg(
        long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "27",
        value_parser = value_parser!(u8).range(10..=41), conflicts_with = "window_limit"
    )]
    long: Option<u8>,
    /// Decompress a file with a kind of check that is unknown here, and don't verify it (xz)
    #[arg(long)]
    ignore_unknown_check: bool,
    /// Say nothing but errors; twice: nothing at all
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) quiet: u8,
    /// Say of each good file that it is
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Show no progress bar; there is one only if standard error is a terminal, and the output is not
    #[arg(long)]
    no_progress: bool,
    /// Bytes of input for one call of the decoder
    #[arg(long, value_name = "N", default_value = "64K", value_parser = memory)]
    pub(crate) input_chunk: usize,
    /// Length of a page: a power of two, at least 64
    #[arg(long, value_name = "B", default_value = "4K", value_parser = page_size)]
    pub(crate) page_size: usize,
    /// Pages added at a time
    #[arg(long, value_name = "P", default_value = "16", value_parser = memory)]
    pub(crate) pages: usize,
    /// Keep every page, as a kernel does, instead of reusing pages that no copy can reach any more
    #[arg(long)]
    pub(crate) retain: bool,
    /// Decoders to use: pagewise's own, or (in a build with the feature oracle) miniz_oxide, lzma-rs and ruzstd,
    /// which take more memory and support less, for example no xz filters
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t = Engine::Native)]
    pub(crate) engine: Engine,
    /// Print completions for a shell
    #[arg(long, value_enum, value_name = "SHELL", exclusive = true)]
    completions: Option<Shell>,
    /// Print this as a manual page
    #[arg(long, exclusive = true)]
    man: bool,
}

/// Options for what is done anyway, and for what makes no difference here. They are taken from those who
/// are used to them.
#[derive(Args)]
struct Habits {
    /// Decompress: what is done anyway, and to standard output
    #[arg(id = "decompress", short = 'd', long, alias = "uncompress")]
    _decompress: bool,
    /// Write to standard output: what is done anyway
    #[arg(id = "stdout", short = 'c', long, alias = "to-stdout")]
    _stdout: bool,
    /// Keep FILEs: what is done anyway
    #[arg(id = "keep", short = 'k', long)]
    _keep: bool,
    /// Taken, and without effect
    #[arg(
        id = "nothing", short = 'n', long = "no-name", hide = true,
        aliases = ["asyncio", "no-asyncio", "no-sparse", "no-sync", "no-warn", "progress", "single-thread", "sparse"],
    )]
    _nothing: bool,
}

const EXPLANATION: &str = "\
Sizes take a suffix K, M or G, for KiB, MiB and GiB. Options of gzip, xz and zstd that mean nothing to a \
decompressor are refused.

Exit status: 0 if all FILEs are good and written; 1 if not, with a line on standard error for each that \
is not (standard output may have got the part before the fault); 2 for a mistake in the options. Bytes after \
the end of gzip data are named and left alone.";

/// Parts of the manual page that clap can't know.
const MANUAL_END: &str = r#".SH EXAMPLES
.TP
unpack linux.tar.xz | tar x
Whatever the format is.
.TP
unpack \-o vmlinux \-T0 vmlinux.xz
To a file, on all processors.
.TP
unpack \-t *.zst && echo good
Verifies files.
.SH SEE ALSO
.BR gzip (1),
.BR xz (1),
.BR zstd (1)
"#;

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Choice {
    Auto,
    Gzip,
    Zlib,
    Deflate,
    Xz,
    #[value(alias = "alone")]
    Lzma,
    Zstd,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    Native,
    Oracle,
}

impl Options {
    /// Reads the command line. What ends the program at once is said here: a mistake, help, the version.
    pub(crate) fn from_command_line() -> Result<Self, ExitCode> {
        let error = match Self::try_parse() {
            Ok(options) => match options.conflict() {
                None => return Ok(options),
                Some(why) => Self::command().error(ErrorKind::ArgumentConflict, why),
            },
            Err(error) => error,
        };
        if !error.use_stderr() {
            return Err(match stdout::print(error.to_string().as_bytes()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(failure) => failure.exit(true),
            });
        }
        match refused::words(&error) {
            Some(words) => tell(&words),
            None => tell(error.to_string().trim_start_matches("error: ").trim_end()),
        }
        Err(ExitCode::from(2))
    }

    /// Completions or the manual page, if they are asked for.
    pub(crate) fn generated(&self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        if let Some(shell) = self.completions {
            clap_complete::generate(shell, &mut Self::command(), "unpack", &mut text);
        } else if self.man {
            // Memory takes all that is written to it.
            Self::render_manual(&mut text).ok()?;
        } else {
            return None;
        }
        Some(text)
    }

    fn render_manual(page: &mut impl Write) -> io::Result<()> {
        let manual =
            Man::new(Self::command()).source(concat!("unpack ", env!("CARGO_PKG_VERSION")));
        manual.render_title(page)?;
        manual.render_name_section(page)?;
        manual.render_synopsis_section(page)?;
        manual.render_description_section(page)?;
        manual.render_options_section(page)?;
        let (sizes, status) =
            EXPLANATION.split_once("\n\nExit status: ").unwrap_or((EXPLANATION, ""));
        write!(page, ".SH NOTES\n{sizes}\n.SH \"EXIT STATUS\"\n{status}\n{MANUAL_END}")
    }

    /// How many threads are to decode.
    pub(crate) fn threads(&self) -> usize {
        match self.threads {
            0 => available_parallelism().map_or(1, NonZero::get),
            threads => threads.into(),
        }
    }

    /// Whether the contents are to be written.
    pub(crate) fn wants_contents(&self) -> bool {
        self.output.is_some() || !(self.test || self.list || self.info)
    }

    pub(crate) fn wants_progress(&self) -> bool {
        !self.no_progress && self.quiet == 0
    }

    /// Tells a decoder the limits and choices.
    pub(crate) fn limit(&self, decoder: &mut impl Decode) {
        if let Some(bytes) = self.window_limit.or(self.long.map(|log| 1 << log)) {
            decoder.limit_window(bytes);
        }
        decoder.skip_unknown_checks(self.ignore_unknown_check);
    }

    /// Whether anybody wants to know why something failed.
    pub(crate) fn complains(&self) -> bool {
        self.quiet < 2
    }

    /// What is wrong with the options together.
    fn conflict(&self) -> Option<&'static str> {
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
        let output = self.output.as_deref();
        if output.is_some() && self.files.len() > 1 {
            return Some("--output takes one FILE; without it several go to standard output");
        }
        let both = self.info && output.is_some_and(is_dash);
        both.then_some("--info and the contents cannot both go to standard output")
    }
}

/// Whether `path` stands for standard input or output.
pub(crate) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}
