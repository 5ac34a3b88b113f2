// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! zstd frames written from a description, valid or not, and what they stand for (RFC 8878).

use super::fse::{Distribution, Table};
use super::huffman::Tree;
use super::sequences::{
    codes_of, next_offsets, predefined, sequence_count, sequence_stream, Mode, Sequence, OFFSETS,
};

pub const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
pub const DICTIONARY_MAGIC: [u8; 4] = [0x37, 0xa4, 0x30, 0xec];

/// Most bytes of a block, compressed or not (3.1.1.2.3).
pub const BLOCK: usize = 128 << 10;

/// Block_Type (3.1.1.2.2).
pub const RAW: u32 = 0;
pub const RLE: u32 = 1;
pub const COMPRESSED: u32 = 2;

/// A frame header (3.1.1.1).
#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub magicless: bool,
    /// Window_Descriptor; `None`: Single_Segment_flag.
    pub window: Option<u8>,
    /// Bytes of Frame_Content_Size: 0 or 1, as the flag says, 2, 4 or 8.
    pub size_width: usize,
    /// Bytes of Dictionary_ID, and its value.
    pub dictionary: (usize, u32),
    pub checksum: bool,
    /// Unused and reserved bits.
    pub bits: u8,
}

/// Window_Descriptor of 128 KiB, which allows blocks of the largest size.
pub const WINDOW_128K: u8 = 7 << 3;
/// Window_Descriptor of 1 KiB, the smallest.
pub const WINDOW_1K: u8 = 0;

impl Header {
    /// A header with a window of 128 KiB and a checksum.
    pub const NEW: Self = Self {
        magicless: false,
        window: Some(WINDOW_128K),
        size_width: 0,
        dictionary: (0, 0),
        checksum: true,
        bits: 0,
    };

    pub const SINGLE_SEGMENT: Self = Self { window: None, size_width: 4, ..Self::NEW };

    pub fn to_bytes(self, content_size: u64) -> Vec<u8> {
        let size_flag = [0, 0, 1, 9, 2, 9, 9, 9, 3][self.size_width];
        let dictionary_flag = [0, 1, 2, 9, 3][self.dictionary.0];
        let descriptor = size_flag << 6
            | u8::from(self.window.is_none()) << 5
            | self.bits
            | u8::from(self.checksum) << 2
            | dictionary_flag;
        let mut header = if self.magicless { vec![] } else { MAGIC.to_vec() };
        header.push(descriptor);
        header.extend(self.window);
        header.extend(&self.dictionary.1.to_le_bytes()[..self.dictionary.0]);
        let offset = if self.size_width == 2 { 256 } else { 0 };
        let size = content_size.wrapping_sub(offset).to_le_bytes();
        header.extend(&size[..self.size_width]);
        header
    }
}

/// A skippable frame (3.1.2).
pub fn skippable(nibble: u8, data: &[u8]) -> Vec<u8> {
    [&[0x50 | nibble, 0x2a, 0x4d, 0x18], &(data.len() as u32).to_le_bytes()[..], data].concat()
}

/// A Block_Header and its content (3.1.1.2).
pub fn block(last: bool, kind: u32, size: usize, content: &[u8]) -> Vec<u8> {
    let header = u32::from(last) | kind << 1 | u32::try_from(size).unwrap() << 3;
    [&header.to_le_bytes()[..3], content].concat()
}

/// What a compressed block is made of (3.1.1.3).
#[derive(Clone, Debug)]
pub struct Block {
    pub literals: Vec<u8>,
    pub coding: Coding,
    /// Size_Format; `None`: the smallest.
    pub format: Option<u8>,
    pub sequences: Vec<Sequence>,
    /// The modes of literals lengths, offsets and match lengths.
    pub modes: [Mode; 3],
}

/// A literals block (3.1.1.3.1.1).
#[derive(Clone, Debug)]
pub enum Coding {
    Raw,
    Rle,
    Huffman(Tree),
    Treeless,
}

impl Block {
    /// Literals as they are, and the predefined tables.
    pub fn new(literals: &[u8], sequences: &[Sequence]) -> Self {
        Self {
            literals: literals.to_vec(),
            coding: Coding::Raw,
            format: None,
            sequences: sequences.to_vec(),
            modes: [Mode::Predefined, Mode::Predefined, Mode::Predefined],
        }
    }

    pub fn coding(self, coding: Coding) -> Self {
        Self { coding, ..self }
    }

    pub fn modes(self, modes: [Mode; 3]) -> Self {
        Self { modes, ..self }
    }

    /// The block with tables that fit the sequences, of these accuracies.
    pub fn fitted(self, logs: [u32; 3]) -> Self {
        let modes = [0, 1, 2].map(|kind| {
            let codes = self.sequences.iter().map(|sequence| codes_of(sequence)[kind].0);
            Mode::Fse(Distribution::fitted(logs[kind], codes))
        });
        self.modes(modes)
    }
}

/// What a decoder remembers between blocks.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pub tree: Option<Tree>,
    pub tables: [Option<Table>; 3],
}

impl Memory {
    /// The content of a Compressed_Block.
    pub fn block(&mut self, block: &Block) -> Vec<u8> {
        [self.literals_section(block), self.sequences_section(block)].concat()
    }

    /// The Literals_Section (3.1.1.3.1).
    pub fn literals_section(&mut self, block: &Block) -> Vec<u8> {
        let size = block.literals.len();
        let (kind, tree) = match &block.coding {
            Coding::Raw => return plain_section(0, block.format, size, &block.literals),
            Coding::Rle => return plain_section(1, block.format, size, &block.literals[..1]),
            Coding::Huffman(tree) => {
                self.tree = Some(tree.clone());
                (2, tree.description())
            }
            Coding::Treeless => (3, vec![]),
        };
        let codes = self.tree.as_ref().expect("a tree");
        let stream = |format| match format {
            0 => [&tree[..], &codes.stream(&block.literals)].concat(),
            _ => [&tree[..], &codes.four_streams(&block.literals)].concat(),
        };
        let fits = |format: &u8| size.max(stream(*format).len()) >> size_bits(*format) == 0;
        let format = block.format.unwrap_or_else(|| (0..4).find(fits).expect("a size that fits"));
        huffman_section(kind, format, size, &stream(format))
    }

    /// The Sequences_Section (3.1.1.3.2).
    pub fn sequences_section(&mut self, block: &Block) -> Vec<u8> {
        let mut section = sequence_count(block.sequences.len());
        if block.sequences.is_empty() {
            return section;
        }
        section.push(0);
        for (index, mode) in block.modes.iter().enumerate() {
            let (number, description, table) = match mode {
                Mode::Predefined => (0, vec![], Some(Table::new(&predefined()[index]))),
                Mode::Rle(symbol) => (1, vec![*symbol], Some(Table::rle(*symbol))),
                Mode::Fse(fse) => (2, fse.description(), Some(Table::new(fse))),
                Mode::Repeat => (3, vec![], self.tables[index].clone()),
            };
            let modes = sequence_count(block.sequences.len()).len();
            section[modes] |= number << (6 - 2 * index);
            section.extend(description);
            self.tables[index] = table;
        }
        let tables = self.tables.each_ref().map(|table| table.as_ref().expect("a table"));
        section.extend(sequence_stream(tables, &block.sequences).finish());
        section
    }
}

/// A raw or RLE literals section.
pub fn plain_section(kind: u8, format: Option<u8>, size: usize, content: &[u8]) -> Vec<u8> {
    let format = format.unwrap_or(match size {
        0..32 => 0,
        32..4096 => 1,
        _ => 3,
    });
    let (shift, length) = [(3, 1), (4, 2), (3, 1), (4, 3)][usize::from(format)];
    // In the shortest format, the higher bit belongs to the size.
    let format = if shift == 3 { 0 } else { format };
    let header = size << shift | usize::from(format) << 2 | usize::from(kind);
    [&header.to_le_bytes()[..length], content].concat()
}

/// A Huffman-coded literals section, with or without a tree; `content` has the streams.
pub fn huffman_section(kind: u8, format: u8, size: usize, content: &[u8]) -> Vec<u8> {
    let sizes = size as u64 | (content.len() as u64) << size_bits(format);
    let header = sizes << 4 | u64::from(format) << 2 | u64::from(kind);
    [&header.to_le_bytes()[..[3, 3, 4, 5][usize::from(format)]], content].concat()
}

fn size_bits(format: u8) -> u32 {
    [10, 10, 14, 18][usize::from(format)]
}

/// Writes the blocks of a frame, and expands them byte by byte.
#[derive(Clone, Debug)]
pub struct Writer {
    pub memory: Memory,
    pub offsets: [u64; 3],
    blocks: Vec<u8>,
    /// Where the last block starts.
    last: usize,
    /// A dictionary's content, and what follows it.
    history: Vec<u8>,
    start: usize,
}

impl Writer {
    pub fn new() -> Self {
        Self::behind(b"")
    }

    /// A writer with a raw dictionary.
    pub fn behind(dictionary: &[u8]) -> Self {
        Self {
            memory: Memory::default(),
            offsets: OFFSETS,
            blocks: Vec::new(),
            last: 0,
            history: dictionary.to_vec(),
            start: dictionary.len(),
        }
    }

    pub fn content(&self) -> &[u8] {
        &self.history[self.start..]
    }

    pub fn raw(&mut self, content: &[u8]) -> &mut Self {
        self.history.extend(content);
        self.push(RAW, content.len(), content)
    }

    pub fn rle(&mut self, byte: u8, size: usize) -> &mut Self {
        self.history.resize(self.history.len() + size, byte);
        self.push(RLE, size, &[byte])
    }

    pub fn compressed(&mut self, block: &Block) -> &mut Self {
        self.execute(block);
        self.unchecked(block)
    }

    /// Adds a compressed block that may be invalid: it is not expanded.
    pub fn unchecked(&mut self, block: &Block) -> &mut Self {
        let content = self.memory.block(block);
        self.push(COMPRESSED, content.len(), &content)
    }

    pub fn push(&mut self, kind: u32, size: usize, content: &[u8]) -> &mut Self {
        self.last = self.blocks.len();
        self.blocks.extend(block(false, kind, size, content));
        self
    }

    /// Sequence execution (3.1.1.4).
    fn execute(&mut self, block: &Block) {
        let mut literals = block.literals.iter();
        for sequence in &block.sequences {
            self.history.extend(literals.by_ref().take(sequence.literals));
            self.offsets = next_offsets(self.offsets, sequence);
            for _ in 0..sequence.length {
                self.history.push(self.history[self.history.len() - self.offsets[0] as usize]);
            }
        }
        self.history.extend(literals);
    }

    /// The frame, whose last block is the last one so far.
    pub fn frame(&self, header: &Header) -> Vec<u8> {
        let content = self.content();
        let mut frame = header.to_bytes(content.len() as u64);
        let last = frame.len() + self.last;
        frame.extend(&self.blocks);
        frame[last] |= 1;
        if header.checksum {
            frame.extend(&xxh64(content).to_le_bytes()[..4]);
        }
        frame
    }
}

/// A formatted dictionary (5).
#[derive(Clone, Debug)]
pub struct Dictionary {
    pub id: u32,
    pub tree: Tree,
    /// The tables of literals lengths, offsets and match lengths.
    pub tables: [Distribution; 3],
    pub offsets: [u64; 3],
    pub content: Vec<u8>,
}

impl Dictionary {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [DICTIONARY_MAGIC, self.id.to_le_bytes()].concat();
        bytes.extend(self.tree.description());
        [1, 2, 0].iter().for_each(|&kind| bytes.extend(self.tables[kind].description()));
        self.offsets.iter().for_each(|&offset| bytes.extend((offset as u32).to_le_bytes()));
        [&bytes[..], &self.content].concat()
    }

    /// A writer for frames that need the dictionary.
    pub fn writer(&self) -> Writer {
        let tables = self.tables.each_ref().map(|table| Some(Table::new(table)));
        let memory = Memory { tree: Some(self.tree.clone()), tables };
        Writer { memory, offsets: self.offsets, ..Writer::behind(&self.content) }
    }
}

/// XXH64 with a seed of zero, as its specification defines it.
pub fn xxh64(bytes: &[u8]) -> u64 {
    const P: [u64; 5] = [
        0x9e37_79b1_85eb_ca87,
        0xc2b2_ae3d_27d4_eb4f,
        0x1656_67b1_9e37_79f9,
        0x85eb_ca77_c2b2_ae63,
        0x27d4_eb2f_1656_67c5,
    ];
    let round = |lane: u64, input: u64| {
        lane.wrapping_add(input.wrapping_mul(P[1])).rotate_left(31).wrapping_mul(P[0])
    };
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
    let mut lanes = [P[0].wrapping_add(P[1]), P[1], 0, P[0].wrapping_neg()];
    let stripes = bytes.chunks_exact(32);
    let mut rest = stripes.remainder();
    for stripe in stripes {
        for (lane, input) in lanes.iter_mut().zip(stripe.chunks(8)) {
            *lane = round(*lane, word(input));
        }
    }
    let mut hash = P[4];
    if bytes.len() >= 32 {
        hash = (lanes.iter().zip([1, 7, 12, 18]))
            .fold(0, |sum: u64, (lane, bits)| sum.wrapping_add(lane.rotate_left(bits)));
        for lane in lanes {
            hash = (hash ^ round(0, lane)).wrapping_mul(P[0]).wrapping_add(P[3]);
        }
    }
    hash = hash.wrapping_add(bytes.len() as u64);
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        hash = (hash ^ round(0, word(head))).rotate_left(27).wrapping_mul(P[0]).wrapping_add(P[3]);
        rest = tail;
    }
    if let Some((head, tail)) = rest.split_first_chunk::<4>() {
        hash ^= u64::from(u32::from_le_bytes(*head)).wrapping_mul(P[0]);
        hash = hash.rotate_left(23).wrapping_mul(P[1]).wrapping_add(P[2]);
        rest = tail;
    }
    for &byte in rest {
        hash = (hash ^ u64::from(byte).wrapping_mul(P[4])).rotate_left(11).wrapping_mul(P[0]);
    }
    hash = (hash ^ hash >> 33).wrapping_mul(P[1]);
    hash = (hash ^ hash >> 29).wrapping_mul(P[2]);
    hash ^ hash >> 32
}
