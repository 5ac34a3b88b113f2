// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Options of `gzip`, `xz` and `zstd` that are refused, with a word on why.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::Error;

/// Options that control compression.
const COMPRESSORS: &[&str] = &[
    "-0",
    "-1",
    "-2",
    "-3",
    "-4",
    "-5",
    "-6",
    "-7",
    "-8",
    "-9",
    "-b",
    "-C",
    "-e",
    "-z",
    "--adapt",
    "--arm",
    "--arm64",
    "--armthumb",
    "--best",
    "--block-list",
    "--block-size",
    "--check",
    "--compress",
    "--compress-literals",
    "--content-size",
    "--delta",
    "--exclude-compressed",
    "--extreme",
    "--fast",
    "--filters",
    "--flush-timeout",
    "--ia64",
    "--lzma1",
    "--lzma2",
    "--max",
    "--memlimit-compress",
    "--no-adjust",
    "--no-compress-literals",
    "--no-content-size",
    "--no-dictID",
    "--no-row-match-finder",
    "--powerpc",
    "--riscv",
    "--row-match-finder",
    "--rsyncable",
    "--size-hint",
    "--sparc",
    "--stream-size",
    "--target-compressed-block-size",
    "--train",
    "--ultra",
    "--x86",
    "--zstd",
];

/// Others, and what to do without them.
const OTHERS: &[(&[&str], &str)] = &[
    (&["--rm"], "input files are kept"),
    (
        &["-a", "-N", "-O", "-S", "--name", "--output-dir-flat", "--output-dir-mirror", "--suffix"],
        "output goes to standard output, or to the file that --output names",
    ),
    (&["-r", "--recursive", "--files", "--files0", "--filelist"], "name the files"),
    (&["--ignore-check", "--no-check"], "checks are always verified"),
    (&["--single-stream"], "all of a file is decoded"),
    (
        &["-M", "--memlimit", "--memlimit-decompress", "--memlimit-mt-decompress", "--memory"],
        "memory does not grow with the file; --window-limit bounds what its header may ask for",
    ),
];

/// What to say of the option that `error` is about, if it is one of these.
pub(crate) fn words(error: &Error) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let name = option.split('=').next()?;
    let why = if COMPRESSORS.contains(&name) {
        "unpack only decompresses"
    } else {
        OTHERS.iter().find(|(names, _)| names.contains(&name))?.1
    };
    Some(format!("{name}: {why}"))
}
