// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Where the output goes, and where it can't go.

use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::process::Stdio;

use crate::streams::{self, TEXT};
use crate::{command, Files};

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let files = Files::new(&[("a.xz", streams::XZ), ("cut.xz", &streams::XZ[..50])]);
    files.unpack("-o out a.xz").gives(b"");
    assert_eq!(fs::read(files.path("out")).unwrap(), TEXT);
    files.unpack("-o part cut.xz").refuses(1, &["cut.xz: "]);
    assert_eq!(files.names(), ["a.xz", "cut.xz", "out"]);
    files.unpack("-o missing/out a.xz").refuses(1, &["missing/out: "]);
    files.unpack("-o - a.xz").gives(TEXT);
}

#[test]
fn only_force_replaces_a_file() {
    let files =
        Files::new(&[("a.xz", streams::XZ), ("cut.xz", &streams::XZ[..50]), ("out", b"old")]);
    let out = files.path("out");
    fs::set_permissions(&out, Permissions::from_mode(0o604)).unwrap();
    symlink("out", files.path("link")).unwrap();
    files.unpack("-o out a.xz").refuses(1, &["out: ", "--force"]);
    files.unpack("-fo out cut.xz").refuses(1, &["cut.xz: "]);
    assert_eq!(fs::read(&out).unwrap(), b"old");
    files.unpack("-f -o link a.xz").gives(b"");
    assert_eq!(fs::read(&out).unwrap(), TEXT);
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o604);
    assert!(fs::symlink_metadata(files.path("link")).unwrap().is_symlink());
    assert_eq!(files.names(), ["a.xz", "cut.xz", "link", "out"]);
    // A device is written to as it is.
    files.unpack("-o /dev/null a.xz").gives(b"");
}

#[test]
fn a_new_file_has_the_permissions_of_any() {
    let files = Files::good();
    files.shell("umask 027; \"$1\" -o out text.gz").gives(b"");
    assert_eq!(fs::metadata(files.path("out")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_closed_standard_output_is_an_error() {
    let files = Files::good();
    for arguments in [
        "text.gz",
        "-dc text.xz text.gz",
        "--info text.gz",
        "-l text.gz",
        "--version",
        "--help",
        "--man",
        "--completions bash",
    ] {
        files.shell(&format!("\"$1\" {arguments} >&-")).refuses(1, &["standard output is closed"]);
    }
    // Nothing has to go there.
    files.shell("\"$1\" -t text.gz >&-").gives(b"");
    files.shell("\"$1\" -o out text.gz >&-").gives(b"");
    assert_eq!(fs::read(files.path("out")).unwrap(), TEXT);
    files.shell("\"$1\" text.gz >/dev/null").gives(b"");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_an_error() {
    let files = Files::good();
    files.shell("\"$1\" text.gz text.xz >/dev/full").refuses(1, &["stdout: "]);
}

#[test]
fn an_output_that_nobody_reads_is_no_reason_to_talk() {
    let file = streams::gzip(&vec![b'x'; 4 << 20]);
    let files = Files::new(&[("a.gz", &file), ("b.gz", &file)]);
    let mut child = command("a.gz b.gz")
        .current_dir(&files.0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut few = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut few).unwrap();
    let end = child.wait_with_output().unwrap();
    assert_eq!((end.status.code(), end.stderr.len()), (Some(1), 0), "{end:?}");
}
