// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Options that are refused, in words.

use crate::Files;

#[test]
fn options_of_compressors_are_refused() {
    let files = Files::good();
    for option in [
        "-0",
        "-1",
        "-9",
        "-19",
        "-6e",
        "-dc9",
        "-z",
        "--compress",
        "--fast",
        "--fast=3",
        "--best",
        "--ultra",
        "--extreme",
        "--lzma2=preset=1",
        "--x86",
        "--block-size=1M",
        "-C crc32",
        "--check=crc64",
        "--rsyncable",
        "--adapt",
        "--train",
    ] {
        files.unpack(&format!("{option} text.gz")).refuses(2, &["unpack only decompresses"]);
    }
    files.unpack("-9 text.gz").refuses(2, &["-9"]);
    files.unpack("--fast=3 text.gz").refuses(2, &["--fast:"]);
}

#[test]
fn others_say_what_to_do() {
    let files = Files::good();
    for (option, words) in [
        ("--rm", "kept"),
        ("-r", "name the files"),
        ("--ignore-check", "always verified"),
        ("--suffix=.x", "--output names"),
        ("-M 100M", "--window-limit"),
        ("--memlimit=1G", "--window-limit"),
        ("--single-stream", "all of a file"),
    ] {
        files.unpack(&format!("{option} text.gz")).refuses(2, &[words]);
    }
}

#[test]
fn mistakes_are_told() {
    let files = Files::good();
    for (arguments, words) in [
        ("--nonsense text.gz", "--nonsense"),
        ("-o out text.gz text.xz", "--output takes one FILE"),
        ("-c -o out text.gz", "cannot be used with"),
        ("-t -o out text.gz", "cannot be used with"),
        ("-l -o out text.gz", "cannot be used with"),
        ("-t -l text.gz", "cannot be used with"),
        ("--info -o - text.gz", "cannot both go"),
        ("-T 999 text.gz", "999"),
        ("--page-size 100 text.gz", "power of two"),
        ("--man text.gz", "cannot be used with"),
        ("--long=5 text.gz", "5"),
        ("--long=20 --window-limit=1M text.gz", "cannot be used with"),
    ] {
        let run = files.unpack(arguments);
        assert_eq!((run.status, run.out.len()), (2, 0), "{arguments}: {run:?}");
        assert!(run.err.starts_with("unpack: ") && run.err.contains(words), "{arguments}: {run:?}");
    }
    assert!(!files.names().contains(&"out".into()));
}

#[test]
fn names_may_be_cut_short() {
    let files = Files::good();
    files.unpack("--decomp --std --kee text.gz").gives(crate::streams::TEXT);
    files.unpack("--te text.gz").gives(b"");
}

#[test]
fn windows_are_limited() {
    let files = Files::good();
    files.unpack("--window-limit=4K text.xz").refuses(1, &["text.xz: ", "--window-limit=8388608"]);
    files.unpack("--window-limit=8MiB text.xz").gives(crate::streams::TEXT);
    files.unpack("--long=22 text.xz").refuses(1, &["text.xz: ", "--window-limit"]);
    files.unpack("--long=23 text.xz").gives(crate::streams::TEXT);
}
