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
/// The size of the output, if the header does not tell it, as a multiple of the file's. Most kernels are larger
/// than three times the file by xz, and smaller by gzip.
const FIRST_GUESS: u64 = 3;
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
            Self::Damaged { error, at, size } => write!(f, "{error}, at byte {at} of {size}"),
            Self::Trailing { at, size } => {
                write!(f, "bytes after the compressed data, at byte {at} of {size}")
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
    /// How often the room had to grow.
    pub(crate) grown: usize,
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
    let mut work = Work { decoder, room, size, grown: 0 };
    let mut pause = Pause::NeedInput { min: 1 };
    loop {
        let length = clock.time(&mut reading, || file.read(piece.as_mut()))?;
        let input = piece.as_ref().get(..length).unwrap_or(&[]);
        if input.is_empty() {
            break;
        }
        pause = clock.time(&mut decoding, || work.decode(input))?;
    }
    // `Done` may be said after each member; only the one at the end of the file counts.
    if pause != Pause::Done {
        return Err(work.damaged(Error::Truncated));
    }
    let status = work.decoder.status();
    Ok(Unpacked {
        format: status.info.format.map_or("unknown", Format::name),
        size,
        length: usize::try_from(status.written).map_err(|_| Fault::NoMemory)?,
        grown: work.grown,
        reading,
        decoding,
    })
}

/// A file that is being decoded.
struct Work<'a, R> {
    decoder: &'a mut Decoder,
    room: &'a mut R,
    /// Bytes of the file.
    size: u64,
    grown: usize,
}

impl<R: Room> Work<'_, R> {
    /// Decodes one piece, with as much room as it takes.
    fn decode(&mut self, mut input: &[u8]) -> Result<Pause, Fault> {
        loop {
            let progress = match self.decoder.decode(input, self.room.pages()) {
                Ok(progress) => progress,
                Err(error) => return Err(self.damaged(error)),
            };
            input = input.get(progress.consumed..).unwrap_or(&[]);
            match progress.pause {
                Pause::NeedPage => {
                    self.room.grow(self.guess()?)?;
                    self.grown = self.grown.saturating_add(1);
                }
                // Neither the rest of the piece nor what the decoder holds is another member, or padding.
                Pause::Done if !input.is_empty() || self.decoder.held() > 0 => {
                    return Err(Fault::Trailing { at: self.decoder.consumed(), size: self.size });
                }
                pause => return Ok(pause),
            }
        }
    }

    /// How many bytes the content may have.
    fn guess(&self) -> Result<usize, Fault> {
        let guess = match self.decoder.info().content_size {
            Some(content) => content.min(self.size.saturating_mul(MAX_GUESS)),
            None => self.size.saturating_mul(FIRST_GUESS),
        };
        usize::try_from(guess).map_err(|_| Fault::NoMemory)
    }

    fn damaged(&self, error: Error) -> Fault {
        Fault::Damaged { error, at: self.decoder.consumed(), size: self.size }
    }
}
