// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Valid files of each format by a script, with what they stand for: blocks of all kinds one after the other,
//! chosen by the script's bytes.

use crate::common::bits::{expand, literals, BitWriter};
use crate::common::data::{self, random_ops, GzipHeader, Random};
use crate::common::huffman::Tree;
use crate::common::lzma::{self, random_symbols, Encoder, END_MARKER};
use crate::common::sequences::{random_sequences, Mode};
use crate::common::xz::{self, Block, Chunks, Reset};
use crate::common::zstd::{self, Coding, Header, Writer};

/// A file and its content.
pub type File = (Vec<u8>, Vec<u8>);

/// The bytes that choose; zeros once they have run out.
pub struct Script<'a>(pub &'a [u8]);

impl Script<'_> {
    pub fn next(&mut self) -> u8 {
        let (byte, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *byte
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.next()) % end
    }

    /// Up to `most` bytes, at least one.
    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = 1 + self.below(most);
        (0..length).map(|_| self.next()).collect()
    }

    /// A generator for the details of a block.
    fn random(&mut self) -> Random {
        Random(u64::from(self.next()))
    }

    /// The number of blocks.
    fn blocks(&mut self) -> usize {
        1 + self.below(6)
    }
}

/// A deflate stream (RFC 1951).
pub fn deflate(script: &mut Script<'_>) -> File {
    let (mut stream, mut all) = (BitWriter::new(), Vec::new());
    let count = script.blocks();
    for block in 1..=count {
        let last = block == count;
        let kind = script.below(3);
        if kind == 0 {
            let bytes = script.bytes(40);
            stream.stored(last, &bytes);
            all.extend(literals(&bytes));
            continue;
        }
        // Its copies stay within the block.
        let length = 1 + script.below(256) * 8;
        let ops = random_ops(&mut script.random(), length);
        if kind == 1 {
            stream.fixed(last, &ops);
        } else {
            // 226 of 8 bits and 60 of 9, two of 4 and 28 of 5: all symbols have a code.
            let litlen = bent(script, [vec![8; 226], vec![9; 60]].concat());
            let distance = bent(script, [vec![4; 2], vec![5; 28]].concat());
            let codes = stream.dynamic(last, &litlen, &distance);
            stream.ops(&codes, &ops).end(&codes);
        }
        all.extend(ops);
    }
    (stream.finish(), expand(&all))
}

/// Code lengths of another complete code: of three symbols with the same length, one gets one bit less and
/// two get one more.
fn bent(script: &mut Script<'_>, mut lengths: Vec<u8>) -> Vec<u8> {
    for _ in 0..script.below(64) {
        let first = (script.below(256) + 31 * script.below(8)) % lengths.len();
        let length = lengths[first];
        let mut same = (first + 1..lengths.len()).filter(|&at| lengths[at] == length);
        if let (2..=14, Some(second), Some(third)) = (length, same.next(), same.next()) {
            lengths[first] -= 1;
            lengths[second] += 1;
            lengths[third] += 1;
        }
    }
    lengths
}

/// A gzip member (RFC 1952).
pub fn gzip(script: &mut Script<'_>) -> File {
    let fields = script.next();
    let mut field = |bit: u8| (fields & bit != 0).then(|| script.bytes(30));
    let extra = field(1);
    let [name, comment] = [field(2), field(4)].map(|text| {
        text.map(|text| text.into_iter().filter(|&byte| byte != 0).collect::<Vec<_>>())
    });
    let header = GzipHeader { text: fields & 8 != 0, extra, name, comment, crc: fields & 16 != 0 };
    let (raw, content) = deflate(script);
    (data::gzip(&header, &raw, &content), content)
}

/// A zlib stream (RFC 1950).
pub fn zlib(script: &mut Script<'_>) -> File {
    let (raw, content) = deflate(script);
    (data::zlib(7, &raw, &content), content)
}

/// Literal context, literal position and position bits.
fn properties(script: &mut Script<'_>) -> (u32, u32, u32) {
    let lc = script.below(5);
    (lc as u32, script.below(5 - lc) as u32, script.below(5) as u32)
}

/// A .lzma file.
pub fn alone(script: &mut Script<'_>) -> File {
    let (lc, lp, pb) = properties(script);
    let mut encoder = Encoder::new(lc, lp, pb);
    let length = script.below(256) * 8;
    encoder.symbols(&random_symbols(&mut script.random(), length, 0));
    let content = encoder.content().to_vec();
    // Of unknown size; of known size; and of known size with an end marker.
    let kind = script.below(3);
    if kind != 1 {
        encoder.symbol(END_MARKER);
    }
    let size = (kind > 0).then_some(content.len() as u64);
    (lzma::alone(encoder.properties(), 1 << 16, size, &encoder.finish()), content)
}

/// An .xz stream of one block or several.
pub fn xz(script: &mut Script<'_>, blocks: usize) -> File {
    let check = xz::CHECKS[script.below(4)];
    let blocks: Vec<Block> = (0..blocks).map(|_| xz_block(script)).collect();
    let content = blocks.iter().flat_map(|block| block.content.clone()).collect();
    (xz::stream(check, &blocks), content)
}

fn xz_block(script: &mut Script<'_>) -> Block {
    let sizes = script.next();
    let block = if sizes & 1 != 0 { filtered(script) } else { chunks(script).block() };
    let block = Block { header_size: if sizes & 2 != 0 { 64 } else { 0 }, ..block };
    if sizes & 4 != 0 {
        block.with_sizes()
    } else {
        block
    }
}

/// Chunks of LZMA2.
fn chunks(script: &mut Script<'_>) -> Chunks {
    let mut chunks = Chunks::new();
    // Bytes since the dictionary was reset, and whether properties were set.
    let (mut begin, mut has_properties) = (None, false);
    for _ in 0..script.blocks() {
        let at = chunks.encoder.content().len();
        let reset = begin.is_none() || script.below(8) == 0;
        if reset {
            begin = Some(at);
        }
        if script.below(4) == 0 {
            chunks.stored(reset, &script.bytes(40));
            has_properties &= !reset;
            continue;
        }
        let kind = match script.below(3) {
            _ if reset => Reset::Dictionary,
            _ if !has_properties => Reset::Properties,
            0 => Reset::Properties,
            1 => Reset::State,
            _ => Reset::Nothing,
        };
        if matches!(kind, Reset::Dictionary | Reset::Properties) {
            let (lc, lp, pb) = properties(script);
            chunks.encoder.set_properties(lc, lp, pb);
            has_properties = true;
        }
        let length = 1 + script.below(256) * 4;
        let before = at - begin.unwrap_or(0);
        chunks.lzma(kind, &random_symbols(&mut script.random(), length, before));
    }
    chunks
}

/// What liblzma makes of machine code behind up to three filters.
fn filtered(script: &mut Script<'_>) -> Block {
    let filters: Vec<_> = (0..1 + script.below(3))
        .map(|_| match script.below(9) {
            8 => (xz::DELTA, vec![script.next()]),
            index => {
                let (id, alignment) = xz::BRANCHES[index];
                let start = u32::from(script.next()) * alignment;
                let has_start = start > 0;
                (id, if has_start { start.to_le_bytes().to_vec() } else { vec![] })
            }
        })
        .collect();
    Block::encoded(&filters, &data::code(1 + script.below(256) * 16))
}

/// A zstd frame (RFC 8878).
pub fn zstd(script: &mut Script<'_>) -> File {
    let mut writer = Writer::new();
    // Whether the last sequences had the predefined tables.
    let mut is_predefined = false;
    for _ in 0..script.blocks() {
        match script.below(8) {
            0 => _ = writer.raw(&script.bytes(40)),
            1 => _ = writer.rle(script.next(), script.below(256) * 4),
            _ => compressed(script, &mut writer, &mut is_predefined),
        }
    }
    let content = writer.content().to_vec();
    let flags = script.next();
    let width = match content.len() {
        length if length >= 256 => [0, 2, 4, 8][script.below(4)],
        _ => [0, 4, 8][script.below(3)],
    };
    // Without a window, it is the content, and no block may be larger: none is, here.
    let header = if flags & 1 != 0 && content.len() >= 1024 {
        Header::SINGLE_SEGMENT
    } else {
        Header { size_width: width, ..Header::NEW }
    };
    (writer.frame(&Header { checksum: flags & 2 != 0, ..header }), content)
}

fn compressed(script: &mut Script<'_>, writer: &mut Writer, is_predefined: &mut bool) {
    let text = data::text(1000);
    let mut bytes = text[script.below(256)..][..script.below(256)].to_vec();
    let mut random = script.random();
    let coding = match script.below(5) {
        0 => Coding::Raw,
        1 if !bytes.is_empty() => {
            bytes.fill(b'r');
            Coding::Rle
        }
        2 if bytes.len() > 20 => Coding::Huffman(Tree::flat(&text)),
        3 if bytes.len() > 20 => Coding::Huffman(Tree::random(&mut random, &text, 11)),
        // All trees have all bytes of the text.
        4 if bytes.len() > 20 && writer.memory.tree.is_some() => Coding::Treeless,
        _ => Coding::Raw,
    };
    let count = script.below(40);
    let before = writer.content().len();
    // Without history, the first copy needs literals.
    let count = if before == 0 && bytes.len() < 20 { 0 } else { count };
    let sequences = random_sequences(&mut random, writer.offsets, before, bytes.len(), count);
    let block = zstd::Block::new(&bytes, &sequences).coding(coding);
    let block = match script.below(3) {
        _ if sequences.is_empty() => block,
        0 if *is_predefined => block.modes([Mode::Repeat, Mode::Repeat, Mode::Repeat]),
        1 => {
            *is_predefined = false;
            let more = script.next();
            block.fitted([more % 5, more / 5 % 4, more / 20 % 5].map(|more| 5 + u32::from(more)))
        }
        _ => {
            *is_predefined = true;
            block
        }
    };
    writer.compressed(&block);
}
