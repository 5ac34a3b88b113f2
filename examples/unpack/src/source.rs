// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Where the input comes from.

use std::fmt::Display;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, IsTerminal, Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::options::{is_dash, Options};
use crate::store::zeroed;
use crate::{shown, Failure};

/// Bytes read at a time, unless a chunk is larger.
const READ: usize = 64 << 10;

/// A file, and what was read of it.
pub(crate) struct Source {
    pub(crate) name: String,
    /// Bytes that it has, if that can be known.
    pub(crate) length: Option<u64>,
    /// Where they begin in `file`.
    origin: u64,
    /// Bytes read over all.
    pub(crate) read: u64,
    file: File,
    buffer: Vec<u8>,
    /// Where the bytes in `buffer` begin that were not consumed.
    start: usize,
    /// Where they end.
    end: usize,
    /// Bytes passed at a time.
    chunk: usize,
}

impl Source {
    /// `-` is standard input.
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Self, Failure> {
        let path = Some(path).filter(|path| !is_dash(path));
        let name = path.map_or("stdin".into(), shown);
        let failure = |what: &dyn Display| Failure::File(format!("{name}: {what}"));
        if path.is_none() && !options.force && io::stdin().is_terminal() {
            return Err(failure(
                &"a terminal, from which compressed data are read only with --force",
            ));
        }
        let mut file = match path {
            Some(path) => File::open(path),
            None => io::stdin().as_fd().try_clone_to_owned().map(File::from),
        }
        .map_err(|error| failure(&error))?;
        let (origin, length) = remaining(&mut file).map_err(|error| failure(&error))?;
        let chunk = options.input_chunk;
        let buffer = zeroed(chunk.max(READ)).map_err(|_| failure(&"no memory for the input"))?;
        Ok(Self { name, length, origin, read: 0, file, buffer, start: 0, end: 0, chunk })
    }

    /// What the decoder gets next.
    pub(crate) fn chunk(&self) -> &[u8] {
        &self.buffer[self.start..self.end.min(self.start + self.chunk)]
    }

    /// All bytes, if they can be read anywhere. What is read there is not counted here.
    pub(crate) fn region(&self) -> Option<Region<'_>> {
        Some(Region { file: &self.file, origin: self.origin, length: self.length? })
    }

    /// What the file system knows of it, if it is a file.
    pub(crate) fn metadata(&self) -> Option<Metadata> {
        self.file.metadata().ok().filter(Metadata::is_file)
    }

    /// All that was read and not consumed.
    #[cfg(feature = "oracle")]
    pub(crate) fn unconsumed(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(crate) fn advance(&mut self, consumed: usize) {
        self.start += consumed;
    }

    /// Reads on if all was consumed. `false`: the input has ended.
    pub(crate) fn refill(&mut self) -> Result<bool, Failure> {
        if self.start < self.end {
            return Ok(true);
        }
        (self.start, self.end) = (0, 0);
        self.read_on()
    }

    /// Reads more input after what the buffer holds, which must have room. Returns whether there was more.
    pub(crate) fn read_on(&mut self) -> Result<bool, Failure> {
        loop {
            match self.file.read(&mut self.buffer[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    self.read += read as u64;
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failure_at(error, self.read)),
            }
        }
    }

    pub(crate) fn failure(&self, what: impl Display) -> Failure {
        Failure::File(format!("{}: {what}", self.name))
    }

    pub(crate) fn failure_at(&self, what: impl Display, offset: u64) -> Failure {
        self.failure(format_args!("{what}, at input offset {offset}"))
    }
}

/// Where `file` stands, and bytes from there to its end, if it has one.
fn remaining(file: &mut File) -> io::Result<(u64, Option<u64>)> {
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Ok((0, None));
    }
    let origin = file.stream_position()?;
    Ok((origin, Some(metadata.len().saturating_sub(origin))))
}

/// The bytes of a [`Source`] that can be read anywhere, by several threads.
pub(crate) struct Region<'a> {
    file: &'a File,
    origin: u64,
    pub(crate) length: u64,
}

impl Region<'_> {
    /// Fills `buffer` with the bytes from `at` on. `None` if they can't be read.
    pub(crate) fn read(&self, at: u64, buffer: &mut [u8]) -> Option<()> {
        self.file.read_exact_at(buffer, self.origin.checked_add(at)?).ok()
    }

    pub(crate) fn array<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        let mut array = [0; N];
        self.read(at, &mut array)?;
        Some(array)
    }
}
