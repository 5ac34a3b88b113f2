// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Where the output goes, and where it can't go.

use std::fs::{self, File, Permissions};
use std::io::Read;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use crate::streams::{self, TEXT};
use crate::{command, Files};

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let files = Files::new(&[("a.xz", streams::XZ), ("cut.xz", &streams::XZ[..50])]);
    files.unpack("-o out a.xz").gives(b"");
    assert_eq!(fs::read(files.path("out")).unwrap(), TEXT);
    files.unpack("-o part cut.xz").refuses(1, &["cut.xz: "]);
    assert_eq!(files.names(), ["a.xz", "cut.xz", "out"]);
    let missing = files.unpack("-o missing/out a.xz");
    missing.refuses(1, &["missing/out: "]);
    assert!(!missing.err.contains(".unpack-"), "{missing:?}");
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
fn a_new_file_has_permissions_and_time_of_the_old_one() {
    let files = Files::good();
    let mode = |name| fs::metadata(files.path(name)).unwrap().permissions().mode() & 0o777;
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::set_permissions(files.path("text.gz"), Permissions::from_mode(0o600)).unwrap();
    File::open(files.path("text.gz")).unwrap().set_modified(time).unwrap();
    files.unpack("-o private text.gz").gives(b"");
    assert_eq!(mode("private"), 0o600);
    assert_eq!(fs::metadata(files.path("private")).unwrap().modified().unwrap(), time);
    // Without one: those of any new file.
    files.shell("umask 027; cat text.gz | \"$1\" -o out").gives(b"");
    assert_eq!(mode("out"), 0o640);
}

#[test]
fn the_input_is_not_replaced() {
    let files = Files::new(&[("a.xz", streams::XZ)]);
    symlink("a.xz", files.path("link")).unwrap();
    fs::hard_link(files.path("a.xz"), files.path("hard")).unwrap();
    for out in ["a.xz", "./a.xz", "link", "hard"] {
        files.unpack(&format!("-f -o {out} a.xz")).refuses(1, &[out, "is the file that is read"]);
        files.shell(&format!("\"$1\" -f -o {out} <a.xz")).refuses(1, &["that is read"]);
    }
    assert_eq!(fs::read(files.path("a.xz")).unwrap(), streams::XZ);
    // A link that leads nowhere.
    symlink("nowhere", files.path("dangling")).unwrap();
    files.unpack("-o dangling a.xz").refuses(1, &["dangling: exists already"]);
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
fn an_output_that_nobody_reads_ends_it_by_a_signal() {
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
    assert_eq!((end.status.signal(), end.stderr.len()), (Some(13), 0), "{end:?}");
}
