// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Where the output goes.

use std::fs::{self, File};
use std::io::{self, ErrorKind, IoSlice, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::Path;

use crate::options::{is_dash, Options};
use crate::temporary::Temporary;
use crate::{stdout, Failure};

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
            Some(path) if !is_dash(path) => Self::create(path, options.force)
                .map_err(|error| Failure::Run(format!("{}: {error}", path.display()))),
            _ if options.wants_contents() => Self::stdout(),
            _ => Ok(Self { name: String::new(), is_stdout: false, file: None, temporary: None }),
        }
    }

    /// A device or a fifo is written to as it is, a file by way of another one beside it.
    fn create(path: &Path, replace: bool) -> io::Result<Self> {
        let old = match fs::metadata(path) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let (file, temporary) = match old {
            None => Temporary::beside(path.into(), replace)?,
            Some(old) if old.is_file() && !replace => {
                return Err(io::Error::other("exists already; --force replaces it"));
            }
            Some(old) if old.is_file() => {
                // Symbolic links to it stay, and so do its permissions.
                let (file, temporary) = Temporary::beside(fs::canonicalize(path)?, replace)?;
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
        if stdout::was_closed() {
            return Err(Failure::Run("standard output is closed".into()));
        }
        // `Stdout` would look for line ends in all that passes.
        match io::stdout().as_fd().try_clone_to_owned() {
            Ok(fd) => Ok(Self { is_stdout: true, ..Self::over("stdout".into(), fd.into()) }),
            Err(error) => Err(Failure::Run(format!("stdout: {error}"))),
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
        let Some(temporary) = &self.temporary else { return Ok(()) };
        temporary.commit().map_err(|error| self.failure(error))
    }

    fn failure(&self, error: io::Error) -> Failure {
        match error.kind() {
            ErrorKind::BrokenPipe if self.is_stdout => Failure::Unread,
            _ => Failure::Run(format!("{}: {error}", self.name)),
        }
    }
}
