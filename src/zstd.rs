// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! zstd frames (RFC 8878, and zstd's own format document where that is more specific).

mod block;
mod codes;
mod dictionary;
mod execute;
mod fse;
mod huffman;
mod literals;
mod sequences;

use crate::check::Xxh64;
use crate::decoder::{Container, Decoder, Next, Taken};
use crate::format::{SKIPPABLE_MAGIC, ZSTD_MAGIC};
use crate::output::Prefix;
use crate::slices::rest_from;
use crate::zeroed::{zeroed, zeroed_enum, Maybe};
use crate::{After, Check, Error, Format};

pub use block::Blocks;
use dictionary::Dictionary;

/// Decoder for one zstd frame: header, blocks, content size and checksum, all verified.
///
/// A skippable frame is decoded as a frame without output. A zstd *file* is a series of frames;
/// [`Concatenated`](crate::Concatenated) takes them all.
///
/// A compressed block, of up to 128 KiB, is a unit of input. It is decoded in place, and stays
/// unconsumed until all of its output has been written.
///
/// Unless [`limit_window`](crate::Decode::limit_window) sets another limit, a frame with a window
/// of more than 128 MiB is refused, as in the reference decoder.
///
/// Its methods are those of [`Decode`](crate::Decode), [`set_dictionary`](Self::set_dictionary) and
/// [`set_magicless`](Self::set_magicless).
pub type Zstd<'d> = Decoder<ZstdFrame<'d>>;

/// The largest Block_Maximum_Size in bytes, for windows of any size (3.1.1.2.4). A block's literals
/// are at most as long.
pub(crate) const MAX_BLOCK: usize = 128 << 10;

/// Size of a Block_Header (3.1.1.2).
pub(crate) const BLOCK_HEADER: usize = 3;

/// Most bytes of a unit of input: a block with its header.
pub(crate) const MAX_UNIT: usize = BLOCK_HEADER + MAX_BLOCK;

/// Size of a Magic_Number.
pub(crate) const MAGIC: usize = 4;
/// Size of a skippable frame's Frame_Size (3.1.2).
pub(crate) const FRAME_SIZE: usize = 4;
/// Size of a Content_Checksum (3.1.1).
pub(crate) const CHECKSUM: usize = 4;

/// Bits of the Frame_Header_Descriptor (3.1.1.1.1).
mod descriptor {
    pub(super) const DICTIONARY_ID: u8 = 3;
    pub(super) const CHECKSUM: u8 = 1 << 2;
    pub(super) const RESERVED: u8 = 1 << 3;
    pub(super) const SINGLE_SEGMENT: u8 = 1 << 5;
}

zeroed_enum! {
    /// The next field. The variants are in the order of a frame's fields.
    #[derive(Clone, Copy)]
    enum Field {
        Magic = 0,
        Header,
        SkippableSize,
        Skippable { left: u32 },
        Block { begins: bool },
        /// The end of the frame, with its Content_Checksum if there is one.
        End,
    }
}

/// A zstd frame (RFC 8878), or a skippable one, the container of [`Zstd`].
pub struct ZstdFrame<'d> {
    field: Field,
    magicless: bool,
    has_checksum: bool,
    dictionary: Maybe<Dictionary<'d>>,
    /// Dictionary_ID; 0: none.
    dictionary_id: u32,
    /// Window_Size, and Block_Maximum_Size.
    window: u64,
    /// Block_Maximum_Size in bytes.
    max_block: usize,
    /// Frame_Content_Size in bytes, if the header tells it.
    content: Maybe<u64>,
    /// Bytes of content so far.
    written: u64,
    hash: Xxh64,
}

zeroed! {
    impl ['d] for ZstdFrame<'d> {
        field, magicless, has_checksum, dictionary, dictionary_id, window, max_block, content,
        written, hash,
    }
}

impl<'d> Decoder<ZstdFrame<'d>> {
    /// Chooses a dictionary for the frames to come: one in zstd's format, or else any content of at
    /// least 8 bytes. A reset keeps the choice. Call this between frames: a frame that has begun
    /// can't be continued.
    ///
    /// A dictionary in zstd's format has tables, which each frame starts with, and an ID. A frame
    /// that names a different ID is refused; so is one that names any ID if the dictionary is mere
    /// content.
    ///
    /// ```
    /// use pagewise::{Error, Zstd};
    ///
    /// let mut decoder = Zstd::new();
    /// decoder.set_dictionary(b"bytes that are often repeated")?;
    /// assert_eq!(decoder.set_dictionary(b"few"), Err(Error::ZstdDictionary));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ZstdDictionary`] if the dictionary is too short, or its tables or offsets are
    /// invalid. No dictionary is chosen then.
    pub fn set_dictionary(&mut self, dictionary: &'d [u8]) -> Result<(), Error> {
        let (container, engine) = self.inside();
        container.dictionary = Maybe::Nothing;
        container.dictionary = Maybe::Just(Dictionary::new(dictionary, engine)?);
        Ok(())
    }

    /// Chooses whether frames start without a Magic_Number, as in zstd's "magicless" format. A
    /// reset keeps the choice.
    pub fn set_magicless(&mut self, magicless: bool) {
        self.inside().0.magicless = magicless;
    }
}

impl ZstdFrame<'_> {
    /// Reads the Magic_Number of a frame or skippable frame (3.1.1, 3.1.2).
    fn magic(&mut self, input: &[u8]) -> Result<Taken, Error> {
        if self.magicless {
            self.field = Field::Header;
            return Ok(Taken::field(0));
        }
        // The first wrong byte is an error, however many bytes have arrived.
        let begins = |magic: [u8; MAGIC], mask: u8| {
            let mut bytes = input.iter().zip(magic).zip([mask, 0xff, 0xff, 0xff]);
            bytes.all(|((&byte, magic), mask)| byte & mask == magic)
        };
        let is_frame = begins(ZSTD_MAGIC, 0xff);
        if !is_frame && !begins(SKIPPABLE_MAGIC, 0xf0) {
            return Err(Error::ZstdMagic);
        }
        if input.len() < MAGIC {
            return Ok(Taken::missing(MAGIC));
        }
        self.field = if is_frame { Field::Header } else { Field::SkippableSize };
        Ok(Taken::field(MAGIC))
    }

    /// Reads the Frame_Header (3.1.1.1), and begins the frame's blocks.
    fn header(&mut self, input: &[u8], blocks: &mut Blocks) -> Result<Taken, Error> {
        let Some(&descriptor) = input.first() else { return Ok(Taken::missing(1)) };
        if descriptor & descriptor::RESERVED != 0 {
            return Err(Error::ZstdReservedBit);
        }
        let single_segment = descriptor & descriptor::SINGLE_SEGMENT != 0;
        let id_size = [0, 1, 2, 4][usize::from(descriptor & descriptor::DICTIONARY_ID)];
        let content_size = match descriptor >> 6 {
            0 => usize::from(single_segment),
            flag => 1usize.wrapping_shl(u32::from(flag)),
        };
        let window_size = usize::from(!single_segment);
        let size =
            1usize.wrapping_add(window_size).wrapping_add(id_size).wrapping_add(content_size);
        let Some(header) = input.get(..size) else { return Ok(Taken::missing(size)) };
        let mut fields = rest_from(header, 1);

        let window = number(&mut fields, window_size) as u32;
        let id = number(&mut fields, id_size) as u32;
        let content = number(&mut fields, content_size);
        // "When FCS_Field_Size is 2, the offset of 256 is added."
        let content = content.wrapping_add(if content_size == 2 { 256 } else { 0 });
        self.content = (content_size > 0).then_some(content).into();
        self.window = if single_segment { content } else { window_of(window) };
        self.max_block = self.window.min(MAX_BLOCK as u64) as usize;
        self.has_checksum = descriptor & descriptor::CHECKSUM != 0;
        self.hash = Xxh64::new();
        self.written = 0;

        self.dictionary_id = id;
        blocks.begin_frame(self.max_block);
        match self.dictionary.as_ref() {
            Some(dictionary) => dictionary.begin_frame(id, blocks)?,
            None if id != 0 => return Err(Error::ZstdDictionaryId),
            None => {}
        }
        self.field = Field::Block { begins: true };
        Ok(Taken::field(size))
    }

    /// Reads a Block_Header (3.1.1.2), and begins the block. A compressed block is begun only if
    /// all of it is in `input`.
    fn block(&mut self, input: &[u8], begins: bool, blocks: &mut Blocks) -> Result<Taken, Error> {
        self.check_content(false)?;
        let Some(&[a, b, c]) = input.first_chunk::<BLOCK_HEADER>() else {
            return Ok(Taken::missing(BLOCK_HEADER));
        };
        let header = u32::from_le_bytes([a, b, c, 0]);
        let size = (header >> 3) as usize;
        let kind = header >> 1 & 3;
        if kind > 2 {
            return Err(Error::ZstdBlockType);
        }
        if size > self.max_block {
            return Err(Error::ZstdBlockSize);
        }
        match kind {
            0 => blocks.begin_raw(size),
            1 => blocks.begin_rle(size),
            _ => {
                let whole = BLOCK_HEADER.saturating_add(size);
                if input.len() < whole {
                    return Ok(Taken::missing(whole));
                }
                blocks.begin_compressed(size);
            }
        }
        self.field = if header & 1 != 0 { Field::End } else { Field::Block { begins: false } };
        Ok(Taken { consumed: BLOCK_HEADER, next: Next::Body { window: self.window, begins } })
    }

    /// Checks the length of the content so far against Frame_Content_Size; if `ended`, they must be
    /// equal.
    fn check_content(&self, ended: bool) -> Result<(), Error> {
        match self.content.get() {
            Some(size) if self.written > size || (ended && self.written < size) => {
                Err(Error::ZstdContentSize)
            }
            _ => Ok(()),
        }
    }

    /// Ends the frame: checks the length of its content, then Content_Checksum (3.1.1).
    fn end(&self, input: &[u8]) -> Result<Taken, Error> {
        self.check_content(true)?;
        if !self.has_checksum {
            return Ok(Taken::end(0));
        }
        let Some(checksum) = input.first_chunk::<CHECKSUM>() else {
            return Ok(Taken::missing(CHECKSUM));
        };
        if u32::from_le_bytes(*checksum) != self.hash.value() as u32 {
            return Err(Error::ZstdChecksum);
        }
        Ok(Taken::end(CHECKSUM))
    }

    /// Skips User_Data of a skippable frame (3.1.2), in pieces of any size.
    fn skip(&mut self, input: &[u8], left: u32) -> Taken {
        let length = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if left == 0 {
            return Taken::end(0);
        }
        if length == 0 {
            return Taken::missing(1);
        }
        self.field = Field::Skippable { left: left.wrapping_sub(length as u32) };
        Taken::field(length)
    }
}

impl Container for ZstdFrame<'_> {
    /// The reference decoder has the same limit.
    const WINDOW_LIMIT: u64 = 128 << 20;

    const MAX_UNIT: usize = MAX_UNIT;

    type Engine = Blocks;

    fn format(&self) -> Option<Format> {
        Some(Format::Zstd)
    }

    fn check(&self) -> Check {
        if self.has_checksum {
            Check::Xxh64
        } else {
            Check::None
        }
    }

    fn content_size(&self) -> Option<u64> {
        self.content.get()
    }

    fn dictionary_id(&self) -> Option<u32> {
        (self.dictionary_id != 0).then_some(self.dictionary_id)
    }

    fn restart(&mut self) {
        self.field = Field::Magic;
        self.has_checksum = false;
        self.content = Maybe::Nothing;
        self.dictionary_id = 0;
    }

    fn field(&mut self, input: &[u8], blocks: &mut Blocks) -> Result<Taken, Error> {
        match self.field {
            Field::Magic => self.magic(input),
            Field::Header => self.header(input, blocks),
            Field::SkippableSize => {
                let Some(size) = input.first_chunk::<FRAME_SIZE>() else {
                    return Ok(Taken::missing(FRAME_SIZE));
                };
                self.field = Field::Skippable { left: u32::from_le_bytes(*size) };
                Ok(Taken::field(FRAME_SIZE))
            }
            Field::Skippable { left } => Ok(self.skip(input, left)),
            Field::Block { begins } => self.block(input, begins, blocks),
            Field::End => self.end(input),
        }
    }

    fn prefix(&self) -> &Prefix<'_> {
        self.dictionary.as_ref().map_or(&Prefix::NONE, Dictionary::content)
    }

    fn update(&mut self, bytes: &[u8]) {
        self.written = self.written.saturating_add(bytes.len() as u64);
        if self.has_checksum {
            self.hash.update(bytes);
        }
    }

    /// What follows a frame, as `zstd -dc` decides it: another frame.
    fn after(&self, _: u64, _: &[u8]) -> Result<After, Error> {
        Ok(After::Member)
    }
}

/// Window_Size in bytes, from a Window_Descriptor (3.1.1.1.2).
pub(crate) fn window_of(descriptor: u32) -> u64 {
    let base = 1u64.wrapping_shl((descriptor >> 3).wrapping_add(10));
    base.wrapping_add((base >> 3).wrapping_mul(u64::from(descriptor & 7)))
}

/// Takes the next field off `fields`: a little-endian number of `size` bytes, at most 8.
pub(crate) fn number(fields: &mut &[u8], size: usize) -> u64 {
    let (field, rest) = fields.split_at_checked(size).unwrap_or((&[], &[]));
    *fields = rest;
    field.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}
