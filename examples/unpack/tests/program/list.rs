// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! `--list` and `--info`.

use crate::streams;
use crate::Files;

/// The words of a line.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[test]
fn a_list_has_a_line_for_each_file() {
    let two = streams::gzip(b"12345").repeat(2);
    let files = Files::new(&[("a.xz", streams::XZ), ("b.gz", &two), ("z.zst", streams::ZSTD)]);
    let run = files.unpack("-l a.xz b.gz z.zst");
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    let lines: Vec<_> = run.text().lines().map(words).collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(
        lines[0],
        ["Members", "Blocks", "Compressed", "Uncompressed", "Ratio", "Check", "Name"]
    );
    let xz = streams::XZ.len();
    assert_eq!(lines[1][..4], ["1", "1", &xz.to_string(), "22"]);
    assert_eq!(lines[1][5..], ["CRC32", "a.xz"]);
    // In each member a block with data, and an empty one.
    assert_eq!(lines[2], ["2", "4", &two.len().to_string(), "10", "0.15", "CRC32", "b.gz"]);
    assert_eq!(lines[3][5..], ["XXH64", "z.zst"]);
    let consumed = xz + two.len() + streams::ZSTD.len();
    assert_eq!(lines[4][..4], ["4", "6", &consumed.to_string(), "54"]);
    assert_eq!(lines[4][5..], ["3", "files"]);
}

#[test]
fn a_list_leaves_bad_files_out() {
    let files = Files::new(&[("a.xz", streams::XZ), ("bad.xz", &streams::XZ[..30])]);
    let run = files.unpack("--list bad.xz a.xz");
    assert_eq!(run.status, 1);
    assert!(run.err.starts_with("unpack: bad.xz: ") && run.err.lines().count() == 1, "{run:?}");
    assert!(run.text().lines().count() == 2 && run.text().ends_with(" a.xz\n"), "{run:?}");
}

#[test]
fn information_names_the_files_if_there_are_several() {
    let files = Files::good();
    let run = files.unpack("--info text.xz");
    assert!(run.text().starts_with("format        xz\nmembers       1\n"), "{run:?}");
    assert!(run.text().ends_with("\ncheck         CRC32, verified\n"), "{run:?}");
    let run = files.unpack("--info text.xz text.gz");
    assert_eq!(run.status, 0);
    assert!(run.text().starts_with("file          text.xz\nformat        xz\n"), "{run:?}");
    assert!(run.text().contains("\n\nfile          text.gz\nformat        gzip\n"), "{run:?}");
}
