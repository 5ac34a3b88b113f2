// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A signal that ends the program removes its temporary file.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{kill_process, Pid, Signal};

use crate::streams::{gzip, gzip_start};
use crate::{command, Files, UNPACK};

const DATA: &[u8] = &[b'x'; 100_000];

/// Starts `command`, which is to write to a file, gives it the beginning of a file, and waits for
/// its temporary file.
fn begin(files: &Files, command: &mut Command) -> (Child, ChildStdin) {
    let mut child = command.current_dir(&files.0).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&gzip_start(DATA)).unwrap();
    let start = Instant::now();
    while files.names().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(60), "no temporary file");
        sleep(Duration::from_millis(5));
    }
    assert!(files.names()[0].starts_with(".unpack-"), "{:?}", files.names());
    (child, input)
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Whether this test was started to ignore `signal`, as shells do to jobs in the background. Then `unpack`
/// ignores it too.
fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
    u64::from_str_radix(mask.trim(), 16).unwrap() >> (signal.as_raw() - 1) & 1 == 1
}

#[test]
fn a_signal_ends_it_and_removes_the_temporary_file() {
    for signal in [Signal::HUP, Signal::INT, Signal::TERM] {
        if is_ignored(signal) {
            continue;
        }
        let files = Files::new(&[]);
        let (mut child, input) = begin(&files, &mut command("-o out"));
        send(&child, signal);
        assert_eq!(child.wait().unwrap().signal(), Some(signal.as_raw()));
        drop(input);
        assert_eq!(files.names(), [""; 0], "{signal:?}");
    }
}

#[test]
fn a_signal_leaves_the_old_file() {
    let files = Files::new(&[]);
    fs::create_dir(files.path("to")).unwrap();
    fs::write(files.path("to/out"), "old").unwrap();
    let mut child =
        command("-f -o to/out").current_dir(&files.0).stdin(Stdio::piped()).spawn().unwrap();
    // `wait` would close it, and the end of the input may come before the signal.
    let input = child.stdin.take();
    let count = || fs::read_dir(files.path("to")).unwrap().count();
    while count() < 2 {
        assert!(child.try_wait().unwrap().is_none());
        sleep(Duration::from_millis(5));
    }
    send(&child, Signal::TERM);
    assert_eq!(child.wait().unwrap().signal(), Some(Signal::TERM.as_raw()));
    drop(input);
    assert_eq!(count(), 1);
    assert_eq!(fs::read(files.path("to/out")).unwrap(), b"old");
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_is_ignored_stays_so() {
    let files = Files::new(&[]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$1\" -o out", "sh", UNPACK]);
    let (mut child, mut input) = begin(&files, &mut shell);
    send(&child, Signal::HUP);
    input.write_all(&gzip(DATA)[gzip_start(DATA).len()..]).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    assert_eq!(files.names(), ["out"]);
    assert_eq!(fs::read(files.path("out")).unwrap(), DATA);
}
