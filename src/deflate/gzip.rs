// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! gzip members (RFC 1952).

use crate::check::{Crc32, Folded, Polynomial};
use crate::decoder::{Container, Decoder, Taken};
use crate::format::GZIP_MAGIC;
use crate::slices::zeros_at_start;
use crate::zeroed::{zeroed, zeroed_enum};
use crate::{After, Check, Error, Format};

use super::{Inflate, WINDOW};

/// Decoder for one gzip member (RFC 1952): header, deflate stream, CRC32 and ISIZE, all verified.
///
/// A gzip *file* is a series of members; [`Concatenated`](crate::Concatenated) takes them all.
///
/// Its methods are those of [`Decode`](crate::Decode).
pub type Gzip = Decoder<GzipMember>;

/// Offsets in bytes, in the fixed part of the header and in the trailer (RFC 1952, 2.3).
mod field {
    pub(super) const CM: usize = 2;
    pub(super) const FLG: usize = 3;
    pub(super) const FIXED_END: usize = 10;
    /// The end of the trailer, which is CRC32 and ISIZE.
    pub(super) const ISIZE_END: usize = 8;
}

/// Bits of FLG (RFC 1952, 2.3.1).
mod flag {
    pub(super) const FHCRC: u8 = 1 << 1;
    pub(super) const FEXTRA: u8 = 1 << 2;
    pub(super) const FNAME: u8 = 1 << 3;
    pub(super) const FCOMMENT: u8 = 1 << 4;
    pub(super) const RESERVED: u8 = 7 << 5;
}

const DEFLATE: u8 = 8;

zeroed_enum! {
    /// The next field. The variants are in the order of a member's fields.
    #[derive(Clone, Copy)]
    enum Field {
        Fixed = 0,
        ExtraLength,
        Extra { left: u16 },
        Name,
        Comment,
        HeaderCrc,
        Body,
        Trailer,
    }
}

/// A gzip member (RFC 1952), the container of [`Gzip`].
pub struct GzipMember {
    field: Field,
    flags: u8,
    header: Crc32,
    /// Length of the output in bytes, modulo 2^32 as in ISIZE.
    size: u32,
    output: Folded,
}

zeroed! { impl for GzipMember { field, flags, header, size, output } }

impl GzipMember {
    /// Checks ID1, ID2, CM and FLG as far as they are in `input`. An error does not depend on how
    /// much of the header has arrived, because the fields are checked in their order.
    fn check_fixed(&mut self, input: &[u8]) -> Result<(), Error> {
        if input.iter().zip(GZIP_MAGIC).any(|(&byte, magic)| byte != magic) {
            return Err(Error::GzipMagic);
        }
        if input.get(field::CM).is_some_and(|&method| method != DEFLATE) {
            return Err(Error::GzipMethod);
        }
        self.flags = input.get(field::FLG).copied().unwrap_or(0);
        if self.flags & flag::RESERVED != 0 {
            return Err(Error::GzipFlags);
        }
        Ok(())
    }

    /// Reads the next field. It needs no engine, so that a different decoder of the data can share
    /// it.
    pub(crate) fn field(&mut self, input: &[u8]) -> Result<Taken, Error> {
        let (consumed, next) = match self.field {
            Field::Fixed => {
                self.check_fixed(input)?;
                (field::FIXED_END, Field::ExtraLength)
            }
            Field::ExtraLength if self.flags & flag::FEXTRA == 0 => (0, Field::Name),
            Field::ExtraLength => {
                let length = input.first_chunk().map_or(0, |xlen| u16::from_le_bytes(*xlen));
                (2, Field::Extra { left: length })
            }
            Field::Extra { left: 0 } => (0, Field::Name),
            Field::Extra { left } => {
                let length = input.len().min(usize::from(left));
                (length.max(1), Field::Extra { left: left.saturating_sub(length as u16) })
            }
            Field::Name if self.flags & flag::FNAME == 0 => (0, Field::Comment),
            Field::Name => text(input, Field::Name, Field::Comment),
            Field::Comment if self.flags & flag::FCOMMENT == 0 => (0, Field::HeaderCrc),
            Field::Comment => text(input, Field::Comment, Field::HeaderCrc),
            Field::HeaderCrc if self.flags & flag::FHCRC == 0 => (0, Field::Body),
            Field::HeaderCrc => {
                let crc16 = self.header.value() as u16;
                if input.first_chunk().is_some_and(|crc| u16::from_le_bytes(*crc) != crc16) {
                    return Err(Error::GzipHeaderCrc);
                }
                (2, Field::Body)
            }
            Field::Body => {
                self.field = Field::Trailer;
                return Ok(Taken::body(0, WINDOW));
            }
            Field::Trailer => return self.trailer(input),
        };
        let Some(bytes) = input.get(..consumed) else { return Ok(Taken::missing(consumed)) };
        if self.flags & flag::FHCRC != 0 {
            self.header.update(bytes);
        }
        self.field = next;
        Ok(Taken::field(consumed))
    }

    /// Reads and checks CRC32 and ISIZE.
    fn trailer(&mut self, input: &[u8]) -> Result<Taken, Error> {
        let Some(&[a, b, c, d, e, f, g, h]) = input.first_chunk::<{ field::ISIZE_END }>() else {
            return Ok(Taken::missing(field::ISIZE_END));
        };
        if u64::from(u32::from_le_bytes([a, b, c, d])) != self.output.finish(Polynomial::Crc32) {
            return Err(Error::GzipCrc32);
        }
        if u32::from_le_bytes([e, f, g, h]) != self.size {
            return Err(Error::GzipIsize);
        }
        Ok(Taken::end(field::ISIZE_END))
    }
}

/// Reads a piece of a zero-terminated string of any length. Returns its length, and the field that
/// comes next: `this` one again until the zero has been read. For an empty `input`, the length is
/// 1: one byte is missing.
fn text(input: &[u8], this: Field, next: Field) -> (usize, Field) {
    let mut rest = input.iter();
    let next = if rest.any(|&byte| byte == 0) { next } else { this };
    (input.len().saturating_sub(rest.len()).max(1), next)
}

impl Container for GzipMember {
    type Engine = Inflate;

    fn format(&self) -> Option<Format> {
        Some(Format::Gzip)
    }

    fn check(&self) -> Check {
        Check::Crc32
    }

    fn restart(&mut self) {
        self.field = Field::Fixed;
        self.flags = 0;
        self.header = Crc32::new();
        self.size = 0;
        self.output.reset();
    }

    fn field(&mut self, input: &[u8], _: &mut Inflate) -> Result<Taken, Error> {
        self.field(input)
    }

    fn update(&mut self, bytes: &[u8]) {
        self.output.update(Polynomial::Crc32, bytes);
        self.size = self.size.wrapping_add(bytes.len() as u32);
    }

    /// What follows a member, as `gzip -dc` decides it: another member, zero bytes up to the end,
    /// or other data, which is ignored. A single byte that is not zero could be the start of a
    /// member.
    fn after(&self, padding: u64, rest: &[u8]) -> Result<After, Error> {
        Ok(match *rest {
            [0, ..] => After::Padding { length: zeros_at_start(rest) },
            _ if padding > 0 => After::Trailing,
            [_] => After::Missing { min: GZIP_MAGIC.len() },
            [a, b, ..] if [a, b] == GZIP_MAGIC => After::Member,
            _ => After::Trailing,
        })
    }
}
