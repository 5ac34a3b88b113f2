// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! zlib streams (RFC 1950).

use crate::check::Adler32;
use crate::decoder::{Container, Decoder, Taken};
use crate::format::check_zlib_header;
use crate::output::Prefix;
use crate::zeroed::{zeroed, Maybe, Zeroed};
use crate::{Check, Error, Format};

use super::Inflate;

/// Decoder for a zlib stream (RFC 1950): header, deflate stream, ADLER32, all verified.
///
/// Distances are checked against the window size that CINFO declares. A stream with a preset
/// dictionary (FDICT) needs [`set_dictionary`](Self::set_dictionary).
///
/// Its methods are those of [`Decode`](crate::Decode), and `set_dictionary`.
pub type Zlib<'d> = Decoder<ZlibStream<'d>>;

const HEADER: usize = 2;
const DICTID: usize = 4;
const TRAILER: usize = 4;
/// Bit of FLG that announces a preset dictionary (RFC 1950, 2.2).
const FDICT: u8 = 1 << 5;

/// A zlib stream (RFC 1950), the container of [`Zlib`].
pub struct ZlibStream<'d> {
    begun: bool,
    adler: Adler32,
    /// What the header asks for.
    dictionary_id: Maybe<u32>,
    dictionary: Maybe<Dictionary<'d>>,
}

zeroed! { impl ['d] for ZlibStream<'d> { begun, adler, dictionary_id, dictionary } }

/// A preset dictionary.
#[derive(Clone, Copy)]
struct Dictionary<'d> {
    prefix: Prefix<'d>,
    /// Its Adler-32.
    id: u32,
}

impl<'d> Decoder<ZlibStream<'d>> {
    /// Chooses the preset dictionary for streams that ask for one (FDICT; RFC 1950, 2.2). It stays
    /// chosen over a reset. Streams that ask for another one, by its Adler-32, are refused with
    /// [`Error::ZlibDictionary`]; [`Info::dictionary_id`](crate::Info::dictionary_id) tells which.
    /// A stream that asks for none does not use it.
    ///
    /// ```
    /// use pagewise::{decode_slice, Decode, Error, Zlib};
    ///
    /// # let file = [
    /// #     0x78, 0xf9, 0x04, 0x1a, 0x01, 0x9e, 0x2b, 0x00, 0x62, 0x05, 0x38, 0x01, 0x00, 0x26,
    /// #     0x63, 0x05, 0x18];
    /// let mut output = [0; 100];
    /// let mut decoder = Zlib::new();
    /// assert_eq!(decode_slice(&mut decoder, &file, &mut output), Err(Error::ZlibDictionary));
    /// assert_eq!(decoder.info().dictionary_id, Some(0x041a_019e));
    ///
    /// decoder.set_dictionary(b"page");
    /// let decoded = decode_slice(&mut decoder, &file, &mut output)?;
    /// assert_eq!(&output[..decoded.written], b"page page page");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn set_dictionary(&mut self, dictionary: &'d [u8]) {
        let mut adler = Adler32::ZEROED;
        adler.update(dictionary);
        // How far copies reach is known with the window.
        let prefix = Prefix { bytes: dictionary, farthest: 0 };
        let dictionary = Dictionary { prefix, id: adler.value() };
        self.inside().0.dictionary = Maybe::Just(dictionary);
    }
}

impl ZlibStream<'_> {
    /// Reads and checks CMF, FLG, and DICTID where FDICT is set.
    fn header(&mut self, input: &[u8]) -> Result<Taken, Error> {
        let Some(&[cmf, flg]) = input.first_chunk::<HEADER>() else {
            return Ok(Taken::missing(HEADER));
        };
        check_zlib_header(cmf, flg)?;
        let window = 256 << (cmf >> 4 & 7);
        let mut length = HEADER;
        if flg & FDICT != 0 {
            length = HEADER + DICTID;
            let Some(&[_, _, a, b, c, d]) = input.first_chunk::<{ HEADER + DICTID }>() else {
                return Ok(Taken::missing(length));
            };
            let id = u32::from_be_bytes([a, b, c, d]);
            self.dictionary_id = Maybe::Just(id);
            match &mut self.dictionary {
                Maybe::Just(dictionary) if dictionary.id == id => {
                    dictionary.prefix.farthest = window;
                }
                _ => return Err(Error::ZlibDictionary),
            }
        }
        self.begun = true;
        Ok(Taken::body(length, window as u64))
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

impl Container for ZlibStream<'_> {
    type Engine = Inflate;

    fn format(&self) -> Option<Format> {
        Some(Format::Zlib)
    }

    fn check(&self) -> Check {
        Check::Adler32
    }

    fn restart(&mut self) {
        *self = Self { dictionary: self.dictionary, ..Self::ZEROED };
    }

    fn dictionary_id(&self) -> Option<u32> {
        self.dictionary_id.get()
    }

    fn prefix(&self) -> &Prefix<'_> {
        match (self.dictionary_id, &self.dictionary) {
            (Maybe::Just(_), Maybe::Just(dictionary)) => &dictionary.prefix,
            _ => &Prefix::NONE,
        }
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
