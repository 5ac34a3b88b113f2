// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The decoder of `ruzstd`.

use std::vec::Vec;

use ruzstd::decoding::errors::{BlockHeaderReadError, FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{guarded, Head, Package, Turn};
use crate::format::{SKIPPABLE_MAGIC, ZSTD_MAGIC};
use crate::slices::rest_from;
use crate::zstd::{self, number, window_of, BLOCK_HEADER, CHECKSUM, FRAME_SIZE, MAGIC, MAX_BLOCK};
use crate::{Check, Error};

/// A frame, unit by unit: each unit is collected, because `ruzstd` reads it whole.
pub struct Frame {
    decoder: FrameDecoder,
    field: Field,
    has_checksum: bool,
    unit: Vec<u8>,
}

enum Field {
    Header,
    Block,
    /// The rest of a skippable frame.
    Skippable {
        left: u32,
    },
}

impl Default for Frame {
    fn default() -> Self {
        let mut decoder = FrameDecoder::new();
        // The window limit is checked before `ruzstd` gets the frame.
        decoder.set_max_window_size(u64::MAX);
        Self { decoder, field: Field::Header, has_checksum: false, unit: Vec::new() }
    }
}

impl Package for Frame {
    type Native = zstd::ZstdFrame<'static>;

    fn head(input: &[u8]) -> Result<Head, usize> {
        let size = header_size(input);
        let Some(header) = input.get(..size) else { return Err(size) };
        let Some((magic, [descriptor, fields @ ..])) = header.split_at_checked(MAGIC) else {
            return Ok(Head { window: 0, check: Check::None });
        };
        if magic != ZSTD_MAGIC {
            return Ok(Head { window: 0, check: Check::None });
        }
        let mut fields = fields;
        let window = if descriptor & SINGLE_SEGMENT == 0 {
            window_of(number(&mut fields, 1) as u32)
        } else {
            number(&mut fields, id_size(*descriptor));
            let size = fields.len();
            number(&mut fields, size) + if size == 2 { 256 } else { 0 }
        };
        let check = if descriptor & HAS_CHECKSUM == 0 { Check::None } else { Check::Xxh64 };
        Ok(Head { window, check })
    }

    fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> (usize, Result<Turn, Error>) {
        let mut rest = input;
        let turn = loop {
            if let Field::Skippable { left } = &mut self.field {
                let length = rest.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                rest = rest_from(rest, length);
                *left -= length as u32;
                break Ok(if *left == 0 { Turn::End } else { Turn::NeedInput });
            }
            let size = match self.field {
                Field::Block => block_size(&self.unit, self.has_checksum),
                _ => header_size(&self.unit),
            };
            let missing = size.saturating_sub(self.unit.len());
            if missing > 0 {
                let (taken, after) = rest.split_at(missing.min(rest.len()));
                if taken.is_empty() {
                    break Ok(Turn::NeedInput);
                }
                self.unit.extend_from_slice(taken);
                rest = after;
                continue;
            }
            let result = match self.field {
                Field::Block => self.block(output),
                _ => self.header().map(|()| Turn::More),
            };
            self.unit.clear();
            match result {
                Ok(Turn::More) if output.is_empty() => {}
                turn => break turn,
            }
        };
        (input.len() - rest.len(), turn)
    }
}

impl Frame {
    fn header(&mut self) -> Result<(), Error> {
        let Self { decoder, unit, .. } = self;
        let mut source = unit.as_slice();
        let skipped = guarded(|| match decoder.reset(&mut source) {
            Ok(()) => Ok(None),
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => Ok(Some(length)),
            Err(refusal) => Err(told(&refusal)),
        })?;
        if !source.is_empty() {
            return Err(Error::Oracle);
        }
        self.has_checksum = unit.get(MAGIC).is_some_and(|&flags| flags & HAS_CHECKSUM != 0);
        self.field = match skipped {
            Some(left) => Field::Skippable { left },
            None => Field::Block,
        };
        Ok(())
    }

    fn block(&mut self, output: &mut Vec<u8>) -> Result<Turn, Error> {
        let Self { decoder, unit, .. } = self;
        let mut source = unit.as_slice();
        guarded(|| {
            let one = BlockDecodingStrategy::UptoBlocks(1);
            decoder.decode_blocks(&mut source, one).map_err(|refusal| told(&refusal))?;
            output.extend(decoder.collect().unwrap_or_default());
            Ok(())
        })?;
        if !source.is_empty() {
            return Err(Error::Oracle);
        }
        if !decoder.is_finished() {
            return Ok(Turn::More);
        }
        match decoder.get_checksum_from_data() {
            Some(checksum) if Some(checksum) != decoder.get_calculated_checksum() => {
                Err(Error::ZstdChecksum)
            }
            _ => Ok(Turn::End),
        }
    }
}

/// Bits of the Frame_Header_Descriptor (RFC 8878, 3.1.1.1.1).
const HAS_CHECKSUM: u8 = 1 << 2;
const SINGLE_SEGMENT: u8 = 1 << 5;

/// Bytes of the magic number and the header at the start of `begin`, or a lower bound if it is too
/// short to show them.
fn header_size(begin: &[u8]) -> usize {
    match begin.split_at_checked(MAGIC) {
        Some((magic, &[descriptor, ..])) if magic == ZSTD_MAGIC => {
            let single_segment = descriptor & SINGLE_SEGMENT != 0;
            let content_size = [usize::from(single_segment), 2, 4, 8][usize::from(descriptor >> 6)];
            let window_size = usize::from(!single_segment);
            MAGIC + 1 + window_size + id_size(descriptor) + content_size
        }
        Some((magic, [])) if magic == ZSTD_MAGIC => MAGIC + 1,
        Some((&[first, ref magic @ ..], _))
            if first & 0xf0 == SKIPPABLE_MAGIC[0] && magic == &SKIPPABLE_MAGIC[1..] =>
        {
            MAGIC + FRAME_SIZE
        }
        _ => MAGIC,
    }
}

/// Size of Dictionary_ID (3.1.1.1.1.6).
fn id_size(descriptor: u8) -> usize {
    [0, 1, 2, 4][usize::from(descriptor & 3)]
}

/// Size of a block (3.1.1.2), and of the checksum after the last one. A bad block counts as its
/// header.
fn block_size(begin: &[u8], has_checksum: bool) -> usize {
    let Some(&[a, b, c]) = begin.first_chunk::<BLOCK_HEADER>() else { return BLOCK_HEADER };
    let header = u32::from_le_bytes([a, b, c, 0]);
    let content = match (header >> 1 & 3, (header >> 3) as usize) {
        (3, _) => return BLOCK_HEADER,
        (_, size) if size > MAX_BLOCK => return BLOCK_HEADER,
        (1, _) => 1,
        (_, size) => size,
    };
    let is_last = header & 1 != 0;
    BLOCK_HEADER + content + if is_last && has_checksum { CHECKSUM } else { 0 }
}

fn told(refusal: &FrameDecoderError) -> Error {
    use FrameDecoderError::{
        DictNotProvided, FailedToReadBlockHeader, ReadFrameHeaderError as Header, WindowSizeTooBig,
    };
    match refusal {
        Header(ReadFrameHeaderError::BadMagicNumber(_)) => Error::ZstdMagic,
        DictNotProvided { .. } => Error::ZstdDictionaryId,
        WindowSizeTooBig { .. } => Error::WindowLimit,
        FailedToReadBlockHeader(BlockHeaderReadError::FoundReservedBlock) => Error::ZstdBlockType,
        FailedToReadBlockHeader(BlockHeaderReadError::BlockSizeError(_)) => Error::ZstdBlockSize,
        _ => Error::Oracle,
    }
}
