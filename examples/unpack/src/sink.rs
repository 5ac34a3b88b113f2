// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Where the output goes.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, IoSlice, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::SystemTime;

use crate::options::{is_dash, Options};
use crate::source::Source;
use crate::temporary::Temporary;
use crate::{shown, stdout, Failure};

/// A file to write to.
pub(crate) struct Sink {
    name: String,
    is_stdout: bool,
    /// `None`: bytes vanish.
    file: Option<File>,
    temporary: Option<Temporary>,
    /// The time that it gets in the end.
    time: Option<SystemTime>,
}

impl Sink {
    /// Where the contents of `source` go.
    pub(crate) fn open(options: &Options, source: &Source) -> Result<Self, Failure> {
        match options.output.as_deref() {
            Some(path) if !is_dash(path) => Self::create(path, options.force, source.metadata())
                .map_err(|error| Failure::Run(format!("{}: {error}", shown(path)))),
            _ if options.wants_contents() => Self::stdout(),
            _ => Ok(Self::nowhere()),
        }
    }

    /// A device or a fifo is written to as it is, a file by way of another one beside it. A new file gets the
    /// permissions and the time of `input`, the file that is read, if it is one.
    fn create(path: &Path, replace: bool, input: Option<Metadata>) -> io::Result<Self> {
        let old = match fs::metadata(path) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        // A link that leads nowhere is in the way, too.
        let is_there = old.as_ref().map_or(path.is_symlink(), Metadata::is_file);
        if is_there && !replace {
            return Err(io::Error::other("exists already; --force replaces it"));
        }
        let identity = |file: &Metadata| (file.dev(), file.ino());
        if old.is_some() && old.as_ref().map(identity) == input.as_ref().map(identity) {
            return Err(io::Error::other("is the file that is read"));
        }
        let (file, temporary) = match old {
            None => {
                let mode = input.as_ref().map(|input| input.permissions().mode() & 0o777);
                Temporary::beside(path.into(), replace, mode)?
            }
            Some(old) if old.is_file() => {
                // Symbolic links to it stay, and so do its permissions.
                let mode = old.permissions().mode();
                Temporary::beside(fs::canonicalize(path)?, replace, Some(mode))?
            }
            Some(_) => {
                let file = File::options().write(true).open(path)?;
                return Ok(Self::over(shown(path), file));
            }
        };
        let (temporary, time) = (Some(temporary), input.and_then(|input| input.modified().ok()));
        Ok(Self { temporary, time, ..Self::over(shown(path), file) })
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
        Self { name, file: Some(file), ..Self::nowhere() }
    }

    /// Where bytes vanish.
    fn nowhere() -> Self {
        Self { name: String::new(), is_stdout: false, file: None, temporary: None, time: None }
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
        if let (Some(file), Some(time)) = (&self.file, self.time) {
            file.set_modified(time).map_err(|error| self.failure(error))?;
        }
        temporary.commit().map_err(|error| self.failure(error))
    }

    fn failure(&self, error: io::Error) -> Failure {
        match error.kind() {
            ErrorKind::BrokenPipe if self.is_stdout => Failure::Unread,
            _ => Failure::Run(format!("{}: {error}", self.name)),
        }
    }
}
