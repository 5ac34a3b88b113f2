// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What is different on a terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread::{sleep, spawn, JoinHandle};
use std::time::Duration;

use rustix::pty::{grantpt, openpt, ptsname, unlockpt, OpenptFlags};

use crate::streams::{gzip, zstd};
use crate::{command, Run};

/// A terminal: the side of a program, and what comes out of the other side in the end.
fn terminal() -> (File, JoinHandle<String>) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let slave = File::options().read(true).write(true).open(name).unwrap();
    let shown = spawn(move || {
        let mut shown = Vec::new();
        // It ends in an error once nobody has the other side.
        let _ = File::from(master).read_to_end(&mut shown);
        String::from_utf8_lossy(&shown).into_owned()
    });
    (slave, shown)
}

#[test]
fn compressed_data_are_not_read_from_a_terminal() {
    let (slave, _) = terminal();
    let stdin = || slave.try_clone().unwrap();
    let run = Run::from(command("-").stdin(stdin()).output().unwrap());
    run.refuses(1, &["stdin: a terminal", "--force"]);
    // Without any FILE it may not be known what this is.
    let run = Run::from(command("").stdin(stdin()).output().unwrap());
    assert_eq!((run.status, run.out.len()), (2, 0));
    assert!(run.err.contains("Usage: unpack") && run.err.contains("--help"), "{run:?}");
}

/// What a run shows on standard error that gets a part of `file`, and the others after a while.
fn shown(command: &mut Command, file: &[u8]) -> String {
    let (slave, shown) = terminal();
    let mut child = command
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(slave)
        .spawn()
        .unwrap();
    // Its copy of the terminal would keep that open.
    command.stderr(Stdio::null());
    let mut input = child.stdin.take().unwrap();
    for part in file.chunks(file.len() / 2 + 1) {
        input.write_all(part).unwrap();
        // Longer than a run is silent.
        sleep(Duration::from_millis(700));
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    shown.join().unwrap()
}

#[test]
fn a_bar_has_a_total_if_the_header_tells() {
    let data = vec![b'x'; 6 << 20];
    let text = shown(&mut command(""), &zstd(&data));
    assert!(text.contains("/6.00 MiB"), "{text:?}");
    let text = shown(&mut command(""), &gzip(&data));
    assert!(text.contains("MiB/s") && !text.contains("/6.00 MiB"), "{text:?}");
    for silent in ["--no-progress", "-q"] {
        assert_eq!(shown(&mut command(silent), &zstd(&data)), "");
    }
}
