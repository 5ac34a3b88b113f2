// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! zlib streams (RFC 1950).

use crate::check::Adler32;
use crate::decoder::{Container, Decoder, Taken};
use crate::format::check_zlib_header;
use crate::zeroed::{zeroed, Zeroed};
use crate::{Check, Error, Format};

use super::Inflate;

/// Decoder for a zlib stream (RFC 1950): header, deflate stream, ADLER32, all verified.
///
/// Distances are checked against the window size that CINFO declares. A stream with a preset dictionary
/// (FDICT) is refused with [`Error::ZlibDictionary`].
pub type Zlib = Decoder<ZlibStream>;

const HEADER: usize = 2;
const TRAILER: usize = 4;
/// Bit of FLG that announces a preset dictionary (RFC 1950, 2.2).
const FDICT: u8 = 1 << 5;

/// The container of a zlib stream.
#[doc(hidden)]
pub struct ZlibStream {
    begun: bool,
    adler: Adler32,
}

zeroed! { impl for ZlibStream { begun, adler } }

impl ZlibStream {
    /// Reads and checks CMF and FLG.
    fn header(&mut self, input: &[u8]) -> Result<Taken, Error> {
        let Some(&[cmf, flg]) = input.first_chunk::<HEADER>() else {
            return Ok(Taken::missing(HEADER));
        };
        check_zlib_header(cmf, flg)?;
        if flg & FDICT != 0 {
            return Err(Error::ZlibDictionary);
        }
        self.begun = true;
        Ok(Taken::body(HEADER, 256 << (cmf >> 4 & 7)))
    }

    /// Reads and checks ADLER32.
    fn trailer(&self, input: &[u8]) -> Result<Taken, Error> {
        let Some(&adler) = input.first_chunk::<TRAILER>() else {
            return Ok(Taken::missing(TRAILER));
        };
        if u32::from_be_bytes(adler) != self.adler.value() {
            return Err(Error::ZlibAdler32);
        }
        Ok(Taken::end(TRAILER))
    }
}

impl Container for ZlibStream {
    type Engine = Inflate;

    fn format(&self) -> Option<Format> {
        Some(Format::Zlib)
    }

    fn check(&self) -> Check {
        Check::Adler32
    }

    fn restart(&mut self) {
        *self = Self::ZEROED;
    }

    fn field(&mut self, input: &[u8], _: &mut Inflate) -> Result<Taken, Error> {
        if self.begun {
            self.trailer(input)
        } else {
            self.header(input)
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.adler.update(bytes);
    }
}
