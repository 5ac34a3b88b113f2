// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! .xz files built field by field, valid or not, with all CRCs right (The .xz File Format); the chunks of
//! LZMA2; and what liblzma makes.

use std::ops::Range;

use liblzma::stream::{Action, Check, Filters, LzmaOptions, Mode, Status, Stream};

use pagewise::{Decode, Error, Pause, XzBlock, XzIndex};

use super::lzma::{Encoder, Symbol};

pub const NO_CHECK: u8 = 0;
pub const CRC32: u8 = 1;
pub const CRC64: u8 = 4;
pub const SHA256: u8 = 10;
pub const CHECKS: [u8; 4] = [NO_CHECK, CRC32, CRC64, SHA256];

/// Filter IDs (5.3).
pub const DELTA: u64 = 3;
pub const X86: u64 = 4;
pub const LZMA2: u64 = 0x21;
/// All BCJ filters, with their alignments.
pub const BRANCHES: [(u64, u32); 8] =
    [(4, 1), (5, 4), (6, 16), (7, 4), (8, 2), (9, 4), (10, 4), (11, 2)];

/// Dictionary Sizes of 4 KiB, of 1 MiB, and the largest (5.3.1).
pub const DICTIONARY_4K: u8 = 0;
pub const DICTIONARY_1M: u8 = 16;
pub const DICTIONARY_4G: u8 = 40;

pub fn crc32(bytes: &[u8]) -> [u8; 4] {
    zlib_rs::crc32::crc32(0, bytes).to_le_bytes()
}

/// The field of a check (3.4); zeros if its ID is reserved.
pub fn check_field(id: u8, content: &[u8]) -> Vec<u8> {
    let check = match id {
        CRC32 => Check::Crc32,
        CRC64 => Check::Crc64,
        SHA256 => Check::Sha256,
        _ => return vec![0; check_size(id)],
    };
    // liblzma's, which is before the Index of a file with one block.
    let file = encode(&lzma2(&mut small_options()), check, content);
    let (_, footer) = file.split_last_chunk::<12>().unwrap();
    let index = 4 * (u32::from_le_bytes(footer[4..8].try_into().unwrap()) as usize + 1);
    let end = file.len() - 12 - index;
    if content.is_empty() {
        // There was no block.
        return match id {
            CRC32 | CRC64 => vec![0; check_size(id)],
            _ => EMPTY_SHA256.to_vec(),
        };
    }
    file[end - check_size(id)..end].to_vec()
}

/// SHA-256 of no bytes.
#[rustfmt::skip]
const EMPTY_SHA256: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// Size of a check by its ID (2.1.1.2).
pub fn check_size(id: u8) -> usize {
    [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64][usize::from(id)]
}

/// A multibyte integer (1.2).
pub fn integer(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A Stream Header with these Stream Flags (2.1.1).
pub fn stream_header(flags: [u8; 2]) -> Vec<u8> {
    [b"\xfd7zXZ\0", &flags[..], &crc32(&flags)].concat()
}

/// A Block Header of `size` bytes (3.1): Block Flags, and fields with zeros after them.
pub fn block_header(size: usize, flags: u8, fields: &[u8]) -> Vec<u8> {
    assert!(size % 4 == 0 && size <= 1024 && 2 + fields.len() + 4 <= size);
    let mut header = vec![(size / 4 - 1) as u8, flags];
    header.extend(fields);
    header.resize(size - 4, 0);
    header.extend(crc32(&header));
    header
}

/// An Index (4): Number of Records, and two numbers for each.
pub fn index(count: u64, records: &[(u64, u64)]) -> Vec<u8> {
    let numbers = records.iter().flat_map(|&(a, b)| [a, b]).flat_map(integer);
    index_of(&integer(count).into_iter().chain(numbers).collect::<Vec<_>>())
}

/// An Index with these bytes between indicator and padding.
pub fn index_of(fields: &[u8]) -> Vec<u8> {
    let mut index = [&[0], fields].concat();
    index.resize(index.len().next_multiple_of(4), 0);
    index.extend(crc32(&index));
    index
}

/// A Stream Footer (2.1.2) after an Index of `index` bytes.
pub fn stream_footer(index: u64, flags: [u8; 2]) -> Vec<u8> {
    let fields = [&((index / 4 - 1) as u32).to_le_bytes()[..], &flags].concat();
    [&crc32(&fields)[..], &fields, b"YZ"].concat()
}

/// A block, which tests change as they like.
#[derive(Clone)]
pub struct Block {
    /// Size of the header; 0: as small as possible.
    pub header_size: usize,
    /// The sizes that the header declares.
    pub compressed_size: Option<u64>,
    pub uncompressed_size: Option<u64>,
    pub filters: Vec<(u64, Vec<u8>)>,
    /// Compressed Data (3.2), and their content.
    pub data: Vec<u8>,
    pub content: Vec<u8>,
}

impl Block {
    /// A block with LZMA2 alone, and no sizes.
    pub fn new(data: Vec<u8>, content: &[u8]) -> Self {
        Self {
            header_size: 0,
            compressed_size: None,
            uncompressed_size: None,
            filters: vec![(LZMA2, vec![DICTIONARY_1M])],
            data,
            content: content.to_vec(),
        }
    }

    /// A block of stored chunks.
    pub fn stored(content: &[u8]) -> Self {
        let mut data = Chunks::new();
        for (index, bytes) in content.chunks(1 << 16).enumerate() {
            data.stored(index == 0, bytes);
        }
        Self::new(data.end(), content)
    }

    /// A block that liblzma makes with these filters, LZMA2 not among them, and small dictionaries.
    pub fn encoded(filters: &[(u64, Vec<u8>)], content: &[u8]) -> Self {
        let mut chain = self::filters(filters);
        chain.lzma2(&small_options());
        let data = raw(&chain, content);
        let lzma2 = (LZMA2, vec![DICTIONARY_4K]);
        Self { filters: [filters, &[lzma2]].concat(), ..Self::new(data, content) }
    }

    /// The block with both sizes in the header, as threaded encoders write it.
    pub fn with_sizes(mut self) -> Self {
        self.compressed_size = Some(self.data.len() as u64);
        self.uncompressed_size = Some(self.content.len() as u64);
        self
    }

    pub fn header(&self) -> Vec<u8> {
        let sizes = [(0x40, self.compressed_size), (0x80, self.uncompressed_size)];
        let mut flags = self.filters.len() as u8 - 1;
        let mut fields = Vec::new();
        for (flag, size) in sizes {
            if let Some(size) = size {
                flags |= flag;
                fields.extend(integer(size));
            }
        }
        for (id, properties) in &self.filters {
            fields.extend(integer(*id));
            fields.extend(integer(properties.len() as u64));
            fields.extend(properties);
        }
        let size = (2 + fields.len() + 4).next_multiple_of(4).max(self.header_size);
        block_header(size, flags, &fields)
    }

    pub fn to_bytes(&self, check: u8) -> Vec<u8> {
        let mut block = [self.header(), self.data.clone()].concat();
        block.resize(block.len().next_multiple_of(4), 0);
        block.extend(check_field(check, &self.content));
        block
    }

    /// The block's record in the Index (4.3).
    pub fn record(&self, check: u8) -> (u64, u64) {
        let unpadded = self.header().len() + self.data.len() + check_size(check);
        (unpadded as u64, self.content.len() as u64)
    }
}

/// A whole stream (2.1).
pub fn stream(check: u8, blocks: &[Block]) -> Vec<u8> {
    let records: Vec<_> = blocks.iter().map(|block| block.record(check)).collect();
    stream_with(check, blocks, &index(records.len() as u64, &records))
}

/// A whole stream with another Index.
pub fn stream_with(check: u8, blocks: &[Block], index: &[u8]) -> Vec<u8> {
    let mut stream = stream_header([0, check]);
    blocks.iter().for_each(|block| stream.extend(block.to_bytes(check)));
    stream.extend(index);
    stream.extend(stream_footer(index.len() as u64, [0, check]));
    stream
}

/// Decodes each block of a file by itself, the last one first. [`Error::OutputLimit`] if there are more
/// than `limit` bytes of output.
pub fn by_blocks(file: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let mut decoder = Box::new(XzBlock::new());
    let mut backwards: Vec<Vec<u8>> = Vec::new();
    let (mut end, mut total) = (file.len(), 0);
    if file.is_empty() {
        return Err(Error::Truncated);
    }
    while let Some(index) = XzIndex::at_end(&file[..end])? {
        let records: Vec<_> = index.records().collect();
        for record in records.iter().rev() {
            decoder.begin(record);
            let mut rest = &file[record.input().start as usize..record.input().end as usize];
            let mut pages: Vec<[u8; 4096]> = Vec::new();
            loop {
                let progress = decoder.decode(rest, &mut pages)?;
                rest = &rest[progress.consumed..];
                match progress.pause {
                    Pause::Done => break,
                    Pause::NeedPage if total + pages.len() * 4096 >= limit => {
                        return Err(Error::OutputLimit);
                    }
                    Pause::NeedPage => pages.push([0; 4096]),
                    _ => return Err(Error::Truncated),
                }
            }
            let written = decoder.written();
            assert!(rest.is_empty() && record.output().end - record.output().start == written);
            total += written as usize;
            backwards.push(pages.as_flattened()[..written as usize].to_vec());
        }
        end = index.input().start as usize;
    }
    backwards.reverse();
    Ok(backwards.concat())
}

/// What a chunk of LZMA2 resets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    Nothing = 0x80,
    State = 0xa0,
    Properties = 0xc0,
    Dictionary = 0xe0,
}

/// Writes the chunks of LZMA2.
#[derive(Clone)]
pub struct Chunks {
    pub encoder: Encoder,
    data: Vec<u8>,
}

impl Chunks {
    pub fn new() -> Self {
        Self { encoder: Encoder::new(3, 0, 2), data: Vec::new() }
    }

    /// Adds up to 64 KiB as they are.
    pub fn stored(&mut self, reset: bool, bytes: &[u8]) -> &mut Self {
        let size = u16::try_from(bytes.len() - 1).unwrap().to_be_bytes();
        if reset {
            self.encoder.reset_dictionary();
        }
        self.encoder.stored(bytes);
        self.raw(&[if reset { 1 } else { 2 }]).raw(&size).raw(bytes)
    }

    pub fn lzma(&mut self, reset: Reset, symbols: &[Symbol]) -> &mut Self {
        let before = self.encoder.content().len();
        if reset == Reset::Dictionary {
            self.encoder.reset_dictionary();
        }
        if reset != Reset::Nothing {
            self.encoder.reset_state();
        }
        let data = self.encoder.symbols(symbols).finish();
        let size = self.encoder.content().len() - before;
        self.chunk(reset, size, data.len(), &data)
    }

    /// Adds a chunk that declares other sizes than those of `data`.
    pub fn chunk(&mut self, reset: Reset, output: usize, input: usize, data: &[u8]) -> &mut Self {
        let output = output - 1;
        self.raw(&[reset as u8 | u8::try_from(output >> 16).unwrap()]);
        self.raw(&(output as u16).to_be_bytes());
        self.raw(&u16::try_from(input - 1).unwrap().to_be_bytes());
        if reset as u8 >= Reset::Properties as u8 {
            self.data.push(self.encoder.properties());
        }
        self.raw(data)
    }

    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.data.extend(bytes);
        self
    }

    /// The chunks so far, and the end of the data.
    pub fn end(&self) -> Vec<u8> {
        [&self.data[..], &[0]].concat()
    }

    /// The chunks so far as a block.
    pub fn block(&self) -> Block {
        Block::new(self.end(), self.encoder.content())
    }
}

/// Fast options, with the smallest dictionary.
pub fn small_options() -> LzmaOptions {
    let mut options = LzmaOptions::new_preset(0).unwrap();
    options.dict_size(4096);
    options
}

pub fn preset(preset: u32, dictionary: u32) -> LzmaOptions {
    let mut options = LzmaOptions::new_preset(preset).unwrap();
    options.dict_size(dictionary);
    options
}

/// Makes options fast, whatever the dictionary.
pub fn fast(options: &mut LzmaOptions) -> &mut LzmaOptions {
    options.mode(Mode::Fast).nice_len(16).depth(1)
}

pub fn lzma2(options: &mut LzmaOptions) -> Filters {
    let mut filters = Filters::new();
    filters.lzma2(options);
    filters
}

/// Filters by their IDs and properties, for LZMA2 to follow.
pub fn filters(filters: &[(u64, Vec<u8>)]) -> Filters {
    let mut chain = Filters::new();
    for (id, properties) in filters {
        let result = match id {
            3 => chain.delta_properties(properties),
            4 => chain.x86_properties(properties),
            5 => chain.powerpc_properties(properties),
            6 => chain.ia64_properties(properties),
            7 => chain.arm_properties(properties),
            8 => chain.arm_thumb_properties(properties),
            9 => chain.sparc_properties(properties),
            10 => chain.arm64_properties(properties),
            _ => chain.riscv_properties(properties),
        };
        assert!(result.is_ok(), "filter {id}");
    }
    chain
}

/// A file of one block, by liblzma.
pub fn encode(filters: &Filters, check: Check, content: &[u8]) -> Vec<u8> {
    run(Stream::new_stream_encoder(filters, check).unwrap(), content)
}

/// A file with a block for each of `contents`, by liblzma.
pub fn encode_blocks(filters: &Filters, check: Check, contents: &[&[u8]]) -> Vec<u8> {
    let mut encoder = Stream::new_stream_encoder(filters, check).unwrap();
    let mut file = Vec::new();
    for content in contents {
        process(&mut encoder, content, &mut file, Action::FullFlush);
    }
    process(&mut encoder, b"", &mut file, Action::Finish);
    file
}

/// LZMA2 and the filters before it, with no container.
pub fn raw(filters: &Filters, content: &[u8]) -> Vec<u8> {
    run(Stream::new_raw_encoder(filters).unwrap(), content)
}

/// What `encoder` makes of `content`.
pub fn run(mut encoder: Stream, content: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    process(&mut encoder, content, &mut stream, Action::Finish);
    stream
}

fn process(encoder: &mut Stream, content: &[u8], to: &mut Vec<u8>, action: Action) {
    let begin = encoder.total_in();
    loop {
        to.reserve(content.len() + 1024);
        let at = (encoder.total_in() - begin) as usize;
        if encoder.process_vec(&content[at..], to, action).unwrap() == Status::StreamEnd {
            break;
        }
    }
}

/// What the CRC32 fields of a good stream cover. Each field follows its range, except the footer's, which is
/// before it.
pub fn crc_fields(stream: &[u8]) -> Vec<Range<usize>> {
    let footer = stream.len() - 12;
    let backward = u32::from_le_bytes(stream[footer + 4..footer + 8].try_into().unwrap());
    let index = footer - 4 * (backward as usize + 1);
    let mut fields = vec![6..8, index..footer - 4, footer + 4..footer + 10];
    let mut numbers = stream[index + 1..].iter();
    let mut number = || {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let byte = numbers.next().unwrap();
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    };
    let mut at = 12;
    for _ in 0..number() {
        fields.push(at..at + 4 * usize::from(stream[at]));
        at += number().next_multiple_of(4);
        number();
    }
    assert_eq!(at, index);
    fields
}

/// Makes the CRC32 fields right again. They are where [`crc_fields`] found them.
pub fn repair(stream: &mut [u8], fields: &[Range<usize>]) {
    let footer = stream.len() - 12;
    for field in fields {
        let at = if field.start > footer { footer } else { field.end };
        let crc = crc32(&stream[field.clone()]);
        stream[at..at + 4].copy_from_slice(&crc);
    }
}
