// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Where the output goes.

use std::fs::{self, File};
use std::io::{self, ErrorKind, IoSlice, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use crate::options::{is_dash, Options};
use crate::Failure;

/// A file to write to.
pub(crate) struct Sink {
    name: String,
    is_stdout: bool,
    /// `None`: bytes vanish.
    file: Option<File>,
    temporary: Option<Temporary>,
}

impl Sink {
    pub(crate) fn open(options: &Options) -> Result<Self, Failure> {
        match options.output.as_deref() {
            Some(path) if !is_dash(path) => Self::create(path)
                .map_err(|error| Failure::Line(format!("{}: {error}", path.display()))),
            None if options.info => {
                Ok(Self { name: String::new(), is_stdout: false, file: None, temporary: None })
            }
            _ => Self::stdout(),
        }
    }

    /// A device or a fifo is written to as it is, a file by way of another one beside it.
    fn create(path: &Path) -> io::Result<Self> {
        let old = match fs::metadata(path) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let (file, temporary) = match old {
            None => Temporary::beside(path.into())?,
            Some(old) if old.is_file() => {
                // Symbolic links to it stay, and so do its permissions.
                let (file, temporary) = Temporary::beside(fs::canonicalize(path)?)?;
                file.set_permissions(old.permissions())?;
                (file, temporary)
            }
            Some(_) => {
                let file = File::options().write(true).open(path)?;
                return Ok(Self::over(path.display().to_string(), file));
            }
        };
        let temporary = Some(temporary);
        Ok(Self { temporary, ..Self::over(path.display().to_string(), file) })
    }

    pub(crate) fn stdout() -> Result<Self, Failure> {
        // `Stdout` would look for line ends in all that passes.
        match io::stdout().as_fd().try_clone_to_owned() {
            Ok(fd) => Ok(Self { is_stdout: true, ..Self::over("stdout".into(), fd.into()) }),
            Err(error) => Err(Failure::Line(format!("stdout: {error}"))),
        }
    }

    fn over(name: String, file: File) -> Self {
        Self { name, is_stdout: false, file: Some(file), temporary: None }
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.file.as_ref().is_some_and(File::is_terminal)
    }

    /// Writes all of `slices`, of which the first is not empty.
    pub(crate) fn write(&mut self, mut slices: &mut [IoSlice<'_>]) -> Result<(), Failure> {
        let Some(file) = &mut self.file else { return Ok(()) };
        while !slices.is_empty() {
            match file.write_vectored(slices) {
                Ok(0) => return Err(self.failure(ErrorKind::WriteZero.into())),
                Ok(written) => IoSlice::advance_slices(&mut slices, written),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failure(error)),
            }
        }
        Ok(())
    }

    /// All was written, and all is right.
    pub(crate) fn commit(&self) -> Result<(), Failure> {
        let Some(Temporary { path, target }) = &self.temporary else { return Ok(()) };
        fs::rename(path, target).map_err(|error| self.failure(error))
    }

    fn failure(&self, error: io::Error) -> Failure {
        match error.kind() {
            ErrorKind::BrokenPipe if self.is_stdout => Failure::Unread,
            _ => Failure::Line(format!("{}: {error}", self.name)),
        }
    }
}

/// A file that takes the place of `target` once it is whole, and goes away otherwise.
struct Temporary {
    path: PathBuf,
    target: PathBuf,
}

impl Temporary {
    fn beside(target: PathBuf) -> io::Result<(File, Self)> {
        let mut attempt = 0_u64;
        loop {
            let path = target.with_file_name(format!(".unpack-{}-{attempt}", std::process::id()));
            match File::create_new(&path) {
                Ok(file) => return Ok((file, Self { path, target })),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Once it was renamed there is nothing to remove.
        let _ = fs::remove_file(&self.path);
    }
}
