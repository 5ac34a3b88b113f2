// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Files to standard output, one and several.

use crate::streams::{self, TEXT};
use crate::{Files, Run, UNPACK};

const NAMES: [&str; 4] = ["text.gz", "text.xz", "text.lzma", "text.zst"];

#[test]
fn what_it_does_anyway_may_be_asked_for() {
    let files = Files::good();
    for name in NAMES {
        for options in [
            "",
            "-d",
            "-c",
            "-k",
            "-dc",
            "-dkc",
            "-cd -f",
            "--decompress",
            "--uncompress",
            "--stdout",
            "--to-stdout",
            "--keep",
            "-d -d",
            "-T0",
            "-dcT2",
            "--threads=0",
            "-n",
            "--no-sparse",
            "--single-thread",
            "-q",
            "--long=27",
            "--long",
            "--no-progress",
        ] {
            files.unpack(&format!("{options} {name}")).gives(TEXT);
            files.unpack(&format!("{name} {options}")).gives(TEXT);
        }
    }
    assert_eq!(files.names(), ["text.gz", "text.lzma", "text.xz", "text.zst"]);
}

#[test]
fn standard_input_has_the_name_dash_or_none() {
    let files = Files::good();
    for script in ["\"$1\" <text.gz", "\"$1\" - <text.gz", "cat text.gz | \"$1\" -dc"] {
        files.shell(script).gives(TEXT);
    }
    files.shell("\"$1\" text.xz - text.xz <text.gz").gives(&TEXT.repeat(3));
}

#[test]
fn several_files_go_out_in_their_order() {
    let other = streams::gzip(b"another\n");
    let files = Files::new(&[("a.xz", streams::XZ), ("b.gz", &other), ("c.zst", streams::ZSTD)]);
    let all = [TEXT, b"another\n", TEXT].concat();
    files.unpack("a.xz b.gz c.zst").gives(&all);
    files.unpack("-dc -T2 a.xz b.gz c.zst").gives(&all);
}

#[test]
fn a_bad_file_is_named_and_the_others_are_decoded() {
    let mut damaged = streams::gzip(b"damaged\n");
    let crc = damaged.len() - 8;
    damaged[crc] ^= 1;
    let files =
        Files::new(&[("a.xz", streams::XZ), ("bad.gz", &damaged), ("c.zst", streams::ZSTD)]);
    let run = files.unpack("a.xz missing.gz bad.gz . c.zst");
    assert_eq!(run.status, 1);
    assert_eq!(run.out, [TEXT, b"damaged\n", TEXT].concat());
    let lines: Vec<_> = run.err.lines().collect();
    assert_eq!(lines.len(), 3, "{run:?}");
    assert!(lines[0].starts_with("unpack: missing.gz: "), "{run:?}");
    assert!(lines[1].starts_with("unpack: bad.gz: "), "{run:?}");
    assert!(lines[2].starts_with("unpack: .: "), "{run:?}");
}

#[test]
fn quiet_and_verbose() {
    let trailing = [&streams::gzip(TEXT)[..], b"trailing"].concat();
    let files = Files::new(&[("a.gz", &trailing), ("bad.gz", b"bad")]);
    let run = files.unpack("a.gz");
    assert!(run.status == 0 && run.err.contains("a.gz: trailing"), "{run:?}");
    files.unpack("-q a.gz").gives(TEXT);
    files.unpack("-q bad.gz").refuses(1, &["bad.gz: "]);
    let run = files.unpack("-qq bad.gz");
    assert_eq!((run.status, run.err.as_str()), (1, ""));
    let run = files.unpack("-v a.gz");
    assert!(run.out == TEXT && run.err.contains("a.gz: good, 22 bytes"), "{run:?}");
}

#[test]
fn what_is_wrong_is_told_in_words() {
    let mut changed = streams::gzip(TEXT);
    changed[10] ^= 0xff;
    let more = |file: &[u8]| [file, b"more"].concat();
    let files = Files::new(&[
        ("empty", b""),
        ("changed.gz", &changed),
        ("more.xz", &more(streams::XZ)),
        ("more.zst", &more(streams::ZSTD)),
        ("more.lzma", &more(streams::LZMA)),
    ]);
    files.unpack("-t empty").refuses(1, &["empty: empty"]);
    files.unpack("-t changed.gz").refuses(1, &["changed.gz: corrupt: ", ", at input offset "]);
    files.unpack("-t more.xz").refuses(1, &["more.xz: bytes after the end"]);
    files.unpack("-t more.zst").refuses(1, &["more.zst: bytes after the end"]);
    files.unpack("-t more.lzma").refuses(1, &["bytes after the end"]);
}

#[test]
fn names_are_shown_without_control_characters() {
    let files = Files::new(&[("a\x1b[31m\n.xz", &streams::XZ[..50])]);
    let run = files.shell("\"$1\" -t a*");
    run.refuses(1, &["a\\u{1b}[31m\\n.xz: input ends"]);
}

#[test]
fn test_tells_of_bad_files_only() {
    let gzip = streams::gzip(TEXT);
    let files = Files::new(&[("a.xz", streams::XZ), ("b.gz", &gzip), ("cut.gz", &gzip[..20])]);
    files.unpack("-t a.xz b.gz").gives(b"");
    files.unpack("-dt a.xz").gives(b"");
    files.unpack("--test a.xz cut.gz b.gz").refuses(1, &["cut.gz: "]);
    // The one after it was looked at: two lines.
    let run = files.unpack("-t cut.gz a.xz missing b.gz");
    assert_eq!((run.status, run.err.lines().count()), (1, 2), "{run:?}");
    let run = files.unpack("-tv a.xz cut.gz b.gz");
    assert!(run.status == 1 && run.out.is_empty(), "{run:?}");
    assert_eq!(run.err.matches(": good, ").count(), 2, "{run:?}");
}

#[test]
fn it_is_the_program_of_this_package() {
    let run = Run::from(std::process::Command::new(UNPACK).arg("--version").output().unwrap());
    run.gives(format!("unpack {}\n", env!("CARGO_PKG_VERSION")).as_bytes());
    Files::good().unpack("-V").gives(run.text().as_bytes());
}
