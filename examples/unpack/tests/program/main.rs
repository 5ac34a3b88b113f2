// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The program, run as from a shell.

mod decompress;
mod generated;
mod list;
mod options;
mod output;
mod signals;
mod streams;
mod terminal;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const UNPACK: &str = env!("CARGO_BIN_EXE_unpack");

/// `unpack` with `arguments`, apart by spaces, and nothing on its standard input.
fn command(arguments: &str) -> Command {
    let mut command = Command::new(UNPACK);
    command.args(arguments.split_whitespace()).stdin(Stdio::null());
    command
}

/// A directory of files that goes away.
struct Files(TempDir);

impl Files {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, contents) in files {
            fs::write(directory.path().join(name), contents).unwrap();
        }
        Self(directory)
    }

    /// Small files, a good one of each format.
    fn good() -> Self {
        let gzip = streams::gzip(streams::TEXT);
        Self::new(&[
            ("text.gz", &gzip),
            ("text.xz", streams::XZ),
            ("text.lzma", streams::LZMA),
            ("text.zst", streams::ZSTD),
        ])
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs `unpack` in there.
    fn unpack(&self, arguments: &str) -> Run {
        Run::from(command(arguments).current_dir(&self.0).output().unwrap())
    }

    /// Runs a script in there, whose `$1` is `unpack`.
    fn shell(&self, script: &str) -> Run {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh", UNPACK]).current_dir(&self.0).stdin(Stdio::null());
        Run::from(shell.output().unwrap())
    }

    /// What is there.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// How a run ended.
#[derive(Debug)]
struct Run {
    /// Exit status; -1 after a signal.
    status: i32,
    out: Vec<u8>,
    err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let err = String::from_utf8(output.stderr).unwrap();
        Self { status: output.status.code().unwrap_or(-1), out: output.stdout, err }
    }
}

impl Run {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }

    /// All went well: this on standard output, and nothing on standard error.
    #[track_caller]
    fn gives(&self, out: &[u8]) {
        assert_eq!((self.status, self.err.as_str()), (0, ""));
        assert!(self.out == out, "{self:?}");
    }

    /// It ended with `status`, nothing on standard output, and one line on standard error that has
    /// all of `words`.
    #[track_caller]
    fn refuses(&self, status: i32, words: &[&str]) {
        assert_eq!((self.status, self.out.len()), (status, 0), "{self:?}");
        assert!(self.err.starts_with("unpack: ") && self.err.lines().count() == 1, "{self:?}");
        assert!(words.iter().all(|word| self.err.contains(word)), "{words:?} in {self:?}");
    }
}
