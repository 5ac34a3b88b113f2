// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Where the blocks of a stream lie, read from its end (The .xz File Format, 2.1.2 and 4).

use core::ops::Range;

use crate::slices::split_last;
use crate::zeroed::Zeroed;
use crate::{Check, Error};

use super::header::{self, HEADER};
use super::index::{padded, Totals, CRC32};
use super::verifier::{check_of, crc_of};
use super::{check_zeros, take_integer};

/// The Stream Footer of an .xz stream. It says where the Index is, and the Index says where the
/// blocks are. They can then be decoded in any order and at the same time (see [`XzIndex`]).
///
/// ```text
/// Stream Header | Block | ... | Block | Index | Stream Footer | Stream Padding
///                                     ^-----------'  Backward Size
/// ```
///
/// This and [`XzIndex::new`] are for files that are not in memory. [`XzIndex::at_end`] does all of
/// it for a file in a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XzFooter {
    index_start: u64,
    index_end: u64,
    check: u8,
}

impl XzFooter {
    /// Bytes of a Stream Footer, and of a Stream Header.
    pub const SIZE: usize = HEADER;

    /// Reads the last bytes of a stream. `end` is where they end in the file.
    ///
    /// # Errors
    ///
    /// [`Error::XzFooterMagic`], [`Error::XzFooterCrc32`], [`Error::XzFooterFlags`];
    /// [`Error::XzBackwardSize`] if the Index would start before the file does.
    pub fn new(footer: &[u8; Self::SIZE], end: u64) -> Result<Self, Error> {
        let (size, flags) = header::footer(footer)?;
        let check = header::check_id_of(flags).ok_or(Error::XzFooterFlags)?;
        let index_end = end.checked_sub(HEADER as u64).ok_or(Error::Truncated)?;
        let index_start = index_end.checked_sub(size).ok_or(Error::XzBackwardSize)?;
        Ok(Self { index_start, index_end, check })
    }

    /// Where the Index lies in the file.
    pub fn index(&self) -> Range<u64> {
        self.index_start..self.index_end
    }
}

/// The Index of an .xz stream: where each block's input lies in the file, and where its output lies
/// in the output of the stream.
///
/// Blocks don't refer to each other, so each can be decoded by an [`XzBlock`](crate::XzBlock) of
/// its own, in any order and on any number of processors. If the Index is accepted, and each of its
/// blocks ends without an error, then [`Xz`](crate::Xz) decodes the stream without an error too, to
/// the same bytes. If anything is wrong, decode the stream by `Xz`, for the first error in the
/// order of the file.
///
/// An `XzIndex` takes constant memory: it reads records from the Index itself, whenever it is asked
/// for them. Blocks that don't fit between the start of the file and the Index are refused before
/// there is a record. Sizes of output are claims until the blocks are decoded: limit what you
/// allocate for them.
///
/// ```
/// use pagewise::{decode_slice, Error, XzBlock, XzIndex};
///
/// # let file: &[u8] = &[
/// #     0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 1, 0x69, 0x22, 0xde, 0x36, 2, 0, 0x21, 1, 0, 0, 0,
/// #     0, 0x37, 0x27, 0x97, 0xd6, 1, 0, 2, 0x61, 0x62, 0x63, 0, 0, 0xc2, 0x41, 0x24, 0x35, 0,
/// #     1, 0x17, 3, 7, 0x60, 0xc, 0xbc, 0x90, 0x42, 0x99, 0xd, 1, 0, 0, 0, 0, 1, 0x59, 0x5a];
/// let mut end = file.len();
/// while let Some(index) = XzIndex::at_end(&file[..end])? {
///     // One stream after the other, the last one first.
///     let mut output = vec![0; index.uncompressed_size() as usize];
///     for record in index.records() {
///         // Each of these could run on a processor of its own.
///         let (input, place) = (record.input(), record.output());
///         let input = &file[input.start as usize..input.end as usize];
///         let output = &mut output[place.start as usize..place.end as usize];
///         let decoded = decode_slice(&mut XzBlock::for_record(&record), input, output)?;
///         assert_eq!(decoded.written, output.len());
///     }
///     assert_eq!(output, b"abc");
///     end = index.input().start as usize;
/// }
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct XzIndex<'a> {
    footer: XzFooter,
    /// Where the stream starts in the file.
    start: u64,
    totals: Totals,
    /// List of Records (4.3).
    records: &'a [u8],
}

impl<'a> XzIndex<'a> {
    /// Reads the bytes of an Index, which are at [`XzFooter::index`] in the file.
    ///
    /// # Errors
    ///
    /// What [`Xz`](crate::Xz) finds in an Index: [`Error::XzIndexCrc32`], [`Error::XzInteger`],
    /// [`Error::XzIndexPadding`]. [`Error::XzRecordCount`] if there are more or fewer records than
    /// it declares. [`Error::XzRecord`] if the blocks of the records don't fit between the start of
    /// the file and the Index. [`Error::XzBackwardSize`] if `index` doesn't have as many bytes as
    /// it should.
    pub fn new(footer: &XzFooter, index: &'a [u8]) -> Result<Self, Error> {
        if index.len() as u64 != footer.index_end.wrapping_sub(footer.index_start) {
            return Err(Error::XzBackwardSize);
        }
        let (covered, crc) = split_last::<CRC32>(index).ok_or(Error::XzBackwardSize)?;
        let Some((0, mut fields)) = covered.split_first() else {
            // What the footer points to is no Index.
            return Err(Error::XzBackwardSize);
        };
        if crc_of(covered) != u32::from_le_bytes(*crc) {
            return Err(Error::XzIndexCrc32);
        }
        let count = take_integer(&mut fields, Error::XzRecordCount)?;
        let records = fields;
        let mut totals = Totals::ZEROED;
        while totals.count < count {
            let unpadded = take_integer(&mut fields, Error::XzRecordCount)?;
            let uncompressed = take_integer(&mut fields, Error::XzRecordCount)?;
            totals.add(unpadded, uncompressed)?;
        }
        // The Index ends at a multiple of four bytes, so at most three bytes of padding can remain.
        if fields.len() > 3 {
            return Err(Error::XzRecordCount);
        }
        check_zeros(fields, Error::XzIndexPadding)?;
        let size = totals.input.saturating_add(HEADER as u64);
        let start = footer.index_start.checked_sub(size).ok_or(Error::XzRecord)?;
        Ok(Self { footer: *footer, start, totals, records })
    }

    /// Reads the Index of the last stream in `file`, which may have Stream Padding after it, and
    /// compares Stream Header and Stream Footer. `None`: `file` is empty.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`] and the errors of [`XzFooter::new`], [`Self::new`] and
    /// [`Self::check_header`]. [`Error::XzMagic`] if there is padding only.
    pub fn at_end(file: &'a [u8]) -> Result<Option<Self>, Error> {
        if file.is_empty() {
            return Ok(None);
        }
        let mut stream = file;
        while let Some((rest, [0, 0, 0, 0])) = split_last::<4>(stream) {
            stream = rest;
        }
        if stream.is_empty() {
            return Err(Error::XzMagic);
        }
        let (_, footer) = split_last(stream).ok_or(Error::Truncated)?;
        let footer = XzFooter::new(footer, stream.len() as u64)?;
        let range = |range: Range<u64>| stream.get(range.start as usize..range.end as usize);
        let index = Self::new(&footer, range(footer.index()).ok_or(Error::Internal)?)?;
        let header = range(index.input()).and_then(|stream| stream.first_chunk());
        index.check_header(header.ok_or(Error::Internal)?)?;
        Ok(Some(index))
    }

    /// Checks the Stream Header, the first bytes of the stream, against the footer.
    ///
    /// # Errors
    ///
    /// [`Error::XzMagic`], [`Error::XzHeaderCrc32`], [`Error::XzStreamFlags`],
    /// [`Error::XzFooterFlags`].
    pub fn check_header(&self, header: &[u8; XzFooter::SIZE]) -> Result<(), Error> {
        let check = header::check_id(header)?;
        (check == Some(self.footer.check)).then_some(()).ok_or(Error::XzFooterFlags)
    }

    /// Where the stream lies in the file, from its header to its footer.
    pub fn input(&self) -> Range<u64> {
        self.start..self.footer.index_end.wrapping_add(HEADER as u64)
    }

    /// Bytes of the stream's output.
    pub fn uncompressed_size(&self) -> u64 {
        self.totals.uncompressed
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> u64 {
        self.totals.count
    }

    /// Which check the blocks have.
    pub fn check(&self) -> Check {
        check_of(self.footer.check)
    }

    /// The blocks in their order.
    pub fn records(&self) -> XzRecords<'a> {
        XzRecords {
            fields: self.records,
            remaining: self.totals.count,
            input: self.start.wrapping_add(HEADER as u64),
            output: 0,
            check: self.footer.check,
        }
    }
}

/// The records of an [`XzIndex`], one for each block.
#[derive(Clone, Debug)]
pub struct XzRecords<'a> {
    fields: &'a [u8],
    remaining: u64,
    /// Where the next block lies in the file, and its output in the output of the stream.
    input: u64,
    output: u64,
    check: u8,
}

impl Iterator for XzRecords<'_> {
    type Item = XzRecord;

    fn next(&mut self) -> Option<XzRecord> {
        self.remaining = self.remaining.checked_sub(1)?;
        // `XzIndex::new` has read them without an error.
        let unpadded = take_integer(&mut self.fields, Error::Internal).ok()?;
        let uncompressed = take_integer(&mut self.fields, Error::Internal).ok()?;
        let record = XzRecord {
            input: self.input,
            output: self.output,
            unpadded,
            uncompressed,
            check: self.check,
        };
        self.input = record.input().end;
        self.output = record.output().end;
        Some(record)
    }
}

/// A block, by its record in the Index (4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XzRecord {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) unpadded: u64,
    pub(crate) uncompressed: u64,
    pub(crate) check: u8,
}

impl XzRecord {
    /// Where the block lies in the file, its padding and its check included.
    pub fn input(&self) -> Range<u64> {
        self.input..self.input.saturating_add(padded(self.unpadded))
    }

    /// Where the block's output lies in the output of the stream.
    pub fn output(&self) -> Range<u64> {
        self.output..self.output.saturating_add(self.uncompressed)
    }

    /// The pages of this block, in an array of pages for the whole stream. An
    /// [`XzBlock`](crate::XzBlock) decodes into exactly these.
    ///
    /// # Errors
    ///
    /// [`Error::PageShape`] if `page_len` is not a power of two, or if the block starts within a
    /// page. Another block ends there, and two decoders can't have the page at the same time.
    /// Encoders make blocks of some MiB, so that is rare. Decode such a stream by
    /// [`Xz`](crate::Xz), or into a flat buffer, where each block is a page by itself.
    pub fn pages(&self, page_len: usize) -> Result<Range<usize>, Error> {
        if !page_len.is_power_of_two() {
            return Err(Error::PageShape);
        }
        let (mask, shift) = (page_len.wrapping_sub(1) as u64, page_len.trailing_zeros());
        let Range { start, end } = self.output();
        if start & mask != 0 {
            return Err(Error::PageShape);
        }
        let page = |at: u64| usize::try_from(at.wrapping_shr(shift)).map_err(|_| Error::PageShape);
        Ok(page(start)?..page(end.saturating_add(mask))?)
    }
}
