// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Compressed files of the EFI partition: read in pieces, and decoded as they come.

use core::fmt;

use pagewise::{Any, Carry, Concatenated, Decode, Error, Format, Pause};
use uefi::proto::media::file::{Directory, File, FileAttribute, FileMode, RegularFile};
use uefi::{CStr16, Status};

use crate::clock::{Clock, Time};
use crate::memory::{Memory, NoMemory, Placed, Room};

/// Takes pieces of any size, of a file in any format.
pub(crate) type Decoder = Placed<Carry<Concatenated<Any>, { Any::CARRY }>>;

/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;
/// The size of the output, if the header does not tell it, as a multiple of the file's.
const FIRST_GUESS: u64 = 4;
/// The largest size that a header's word is taken for, as a multiple of the file's: a header may lie.
const MAX_GUESS: u64 = 256;

/// What is wrong with a file.
pub(crate) enum Fault {
    /// It is not there.
    Missing,
    /// The firmware does not read it.
    Read(Status),
    /// There is no memory for its content.
    NoMemory,
    /// It is not what it should be, at the byte `at` of `size`.
    Damaged { error: Error, at: u64, size: u64 },
    /// Bytes follow what was compressed, from the byte `at` on.
    Trailing { at: u64, size: u64 },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no such file"),
            Self::Read(status) => write!(f, "cannot be read: {status}"),
            Self::NoMemory => f.write_str("no memory for its content"),
            Self::Damaged { error, at, size } => write!(f, "{error}, byte {at} of {size}"),
            Self::Trailing { at, size } => {
                write!(f, "bytes after the compressed data, byte {at} of {size}")
            }
        }
    }
}

impl From<NoMemory> for Fault {
    fn from(NoMemory: NoMemory) -> Self {
        Self::NoMemory
    }
}

impl From<uefi::Error> for Fault {
    fn from(error: uefi::Error) -> Self {
        match error.status() {
            Status::NOT_FOUND => Self::Missing,
            status => Self::Read(status),
        }
    }
}

/// A file that was decoded completely, with every check verified.
pub(crate) struct Unpacked {
    pub(crate) format: &'static str,
    /// Bytes of the file, and of its content.
    pub(crate) size: u64,
    pub(crate) length: usize,
    pub(crate) reading: Time,
    pub(crate) decoding: Time,
}

/// Opens a file of the EFI partition, and tells its size.
pub(crate) fn open(volume: &mut Directory, name: &CStr16) -> Result<(RegularFile, u64), Fault> {
    let file = volume.open(name, FileMode::Read, FileAttribute::empty())?;
    let mut file = file.into_regular_file().ok_or(Fault::Missing)?;
    file.set_position(RegularFile::END_OF_FILE)?;
    let size = file.get_position()?;
    file.set_position(0)?;
    Ok((file, size))
}

/// Reads a file, and decodes it into `room`.
///
/// There are never more than a piece of the file and the decoder's state in memory beside the output. A piece is
/// decoded while it is in the processor's cache.
pub(crate) fn unpack(
    (mut file, size): (RegularFile, u64),
    decoder: &mut Decoder,
    room: &mut impl Room,
    clock: &Clock,
) -> Result<Unpacked, Fault> {
    let (mut reading, mut decoding) = (Time::default(), Time::default());
    let mut piece = Memory::zeroed(PIECE)?;
    // The decoder may have decoded another file.
    decoder.reset();
    let mut pause = Pause::NeedInput { min: 1 };
    loop {
        let length = clock.time(&mut reading, || file.read(piece.as_mut()))?;
        let input = piece.as_ref().get(..length).unwrap_or(&[]);
        if input.is_empty() {
            break;
        }
        let trailing = clock.time(&mut decoding, || -> Result<usize, Fault> {
            let rest;
            (pause, rest) = decode(input, size, decoder, room)?;
            Ok(rest)
        })?;
        if pause == Pause::Done && trailing > 0 {
            return Err(Fault::Trailing { at: decoder.consumed(), size });
        }
    }
    let status = decoder.status();
    if pause != Pause::Done {
        return Err(Fault::Damaged { error: Error::Truncated, at: status.consumed, size });
    }
    let length = usize::try_from(status.written).map_err(|_| Fault::NoMemory)?;
    let format = status.info.format.map_or("unknown", Format::name);
    Ok(Unpacked { format, size, length, reading, decoding })
}

/// Decodes one piece, with as much room as it takes. Returns why the decoder paused, and how many bytes it has not
/// used, which after [`Pause::Done`] do not belong to the compressed data.
fn decode(
    mut input: &[u8],
    size: u64,
    decoder: &mut Decoder,
    room: &mut impl Room,
) -> Result<(Pause, usize), Fault> {
    loop {
        let progress = match decoder.decode(input, room.pages()) {
            Ok(progress) => progress,
            Err(error) => return Err(Fault::Damaged { error, at: decoder.consumed(), size }),
        };
        input = input.get(progress.consumed..).unwrap_or(&[]);
        if progress.pause != Pause::NeedPage {
            return Ok((progress.pause, input.len().saturating_add(decoder.held())));
        }
        let guess = match decoder.info().content_size {
            Some(content) => content.min(size.saturating_mul(MAX_GUESS)),
            None => size.saturating_mul(FIRST_GUESS),
        };
        room.grow(usize::try_from(guess).map_err(|_| Fault::NoMemory)?)?;
    }
}
