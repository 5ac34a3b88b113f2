// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The temporary file that becomes OUT, and its end when a signal comes.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use tempfile::{Builder, NamedTempFile};

/// Signals that end a program and leave it the time to clean up.
const SIGNALS: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU, SIGXFSZ];

/// The temporary file, as long as there is one. Whoever holds the lock may make, rename or remove it.
static PRESENT: Mutex<Option<NamedTempFile>> = Mutex::new(None);

fn present() -> MutexGuard<'static, Option<NamedTempFile>> {
    PRESENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that takes the place of `target` once it is whole, and goes away otherwise. There is one at a
/// time.
pub(crate) struct Temporary {
    target: PathBuf,
    replace: bool,
}

impl Temporary {
    /// Creates the file beside `target`, with the permissions `mode`, or if that is not known with those of any new file.
    /// With `replace`, it may take the place of another one.
    pub(crate) fn beside(
        target: PathBuf,
        replace: bool,
        mode: Option<u32>,
    ) -> io::Result<(File, Self)> {
        let directory = directory(&target);
        // A missing directory is an error here, before one that would name the temporary file.
        fs::metadata(directory)?;
        watch_signals()?;
        let mut present = present();
        // The process's mask takes bits away, of any new file and while this one is written.
        let permissions = Permissions::from_mode(mode.unwrap_or(0o666));
        let file = Builder::new()
            .prefix(".unpack-")
            .permissions(permissions.clone())
            .tempfile_in(directory)?;
        if mode.is_some() {
            file.as_file().set_permissions(permissions)?;
        }
        let handle = file.as_file().try_clone()?;
        *present = Some(file);
        Ok((handle, Self { target, replace }))
    }

    /// All was written, and all is right.
    pub(crate) fn commit(&self) -> io::Result<()> {
        let mut present = present();
        let Some(file) = present.take() else { return Ok(()) };
        let renamed = match self.replace {
            true => file.persist(&self.target),
            false => file.persist_noclobber(&self.target),
        };
        renamed.map(drop).map_err(|failed| failed.error)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Once it was renamed there is nothing to remove.
        drop(present().take());
    }
}

fn directory(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// From now on a signal removes the temporary file before it ends the process as it would have.
fn watch_signals() -> io::Result<()> {
    let ignored = ignored_signals();
    let mut signals =
        Signals::new(SIGNALS.iter().filter(|&&signal| ignored >> (signal - 1) & 1 == 0))?;
    thread::Builder::new().spawn(move || {
        for signal in signals.forever() {
            // Held to the end, so that the file is not renamed or made again.
            let mut present = present();
            drop(present.take());
            // It does not come back from these.
            let _ = emulate_default_handler(signal);
        }
    })?;
    Ok(())
}

/// Signals that the program was started to ignore, as `nohup` does: a bit for each, from 1 on. Linux tells
/// them; elsewhere there are none.
fn ignored_signals() -> u64 {
    let find = || {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    };
    find().unwrap_or(0)
}
