// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What other crates' decoders accept wrongly, or cannot do: a stream for each gap, so that it is seen when
//! one closes.

use std::io::Read;

use crate::common::bits::{literals, BitWriter, Op};
use crate::common::data::{self, zlib};
use crate::common::defect::{check_defect, check_told_apart, CONTENT};
use crate::common::huffman::Tree;
use crate::common::lzma::Symbol::Match;
use crate::common::lzma::{self, alone, alone_of, Encoder, END_MARKER};
use crate::common::sequences::copy;
use crate::common::xz::{
    self, block_header, check_field, index, stream_footer, stream_header, Chunks, Reset, CRC32,
    DICTIONARY_4K, LZMA2, NO_CHECK, SHA256, X86,
};
use crate::common::zstd::{huffman_section, Block, Header, Memory, Writer, COMPRESSED, WINDOW_1K};
use pagewise::oracle;
use pagewise::{decode_slice, Decode, Error, ErrorKind, Lzma, Xz, Zlib, Zstd};

/// Checks that `native` refuses `stream` with `error`, and that `oracle` accepts all of it.
fn check(mut native: impl Decode, mut oracle: impl Decode, stream: &[u8], error: Error) {
    let mut output = vec![0; 1 << 18];
    assert_eq!(decode_slice(&mut native, stream, &mut output).map(|_| ()), Err(error));
    let decoded = decode_slice(&mut oracle, stream, &mut output);
    assert_eq!(decoded.map(|decoded| decoded.consumed), Ok(stream.len()), "{error:?} is seen");
}

/// Checks that `native` accepts `stream`, and that `oracle` refuses it with `error`, until it gets `good`.
fn check_refused(
    native: impl Decode,
    oracle: impl Decode,
    stream: &[u8],
    error: Error,
    good: &[u8],
) {
    let mut native = native;
    assert!(decode_slice(&mut native, stream, &mut [0; 1000]).is_ok());
    check_defect(oracle, stream, error, good);
}

#[test]
fn zlib_windows() {
    // CINFO of 256 bytes.
    let content = [data::random(300), vec![b'a'; 3]].concat();
    let content = [&content[..], &content[..50]].concat();
    let ops = [literals(&content[..303]), vec![Op::Copy { distance: 303, length: 50 }]].concat();
    let raw = BitWriter::new().fixed(true, &ops).finish();
    let stream = zlib(0, &raw, &content);
    check(Zlib::new(), oracle::Zlib::new(), &stream, Error::DistancePastWindow);
}

fn good_xz() -> Vec<u8> {
    xz::stream(CRC32, &[xz::Block::stored(CONTENT)])
}

fn check_xz(stream: &[u8], error: Error) {
    check(Xz::new(), oracle::Xz::new(), stream, error);
}

#[test]
fn xz_filters_and_checks() {
    let refused = |stream: &[u8], error| {
        check_refused(Xz::new(), oracle::Xz::new(), stream, error, &good_xz());
    };
    let filtered = xz::stream(CRC32, &[xz::Block::encoded(&[(X86, vec![])], &data::code(900))]);
    refused(&filtered, Error::XzFilter);
    refused(&xz::stream(SHA256, &[xz::Block::stored(b"content")]), Error::UnsupportedCheck);

    // It does not skip unknown checks.
    let unknown = xz::stream(2, &[xz::Block::stored(b"content")]);
    let (mut native, mut oracle) = (Xz::new(), oracle::Xz::new());
    check_defect(oracle::Xz::new(), &unknown, Error::UnsupportedCheck, &good_xz());
    native.skip_unknown_checks(true);
    oracle.skip_unknown_checks(true);
    check_refused(native, oracle, &unknown, Error::UnsupportedCheck, &good_xz());
}

#[test]
fn xz_fields() {
    let stored = xz::Block::stored(b"content");
    // A filter ID in two bytes.
    let header = block_header(16, 0, &[LZMA2 as u8 | 0x80, 0, 1, DICTIONARY_4K]);
    let mut block = [&header[..], &stored.data].concat();
    let record = (block.len() as u64, 7);
    block.resize(block.len().next_multiple_of(4), 0);
    let index = index(1, &[record]);
    let parts = [stream_header([0, 0]), block, check_field(NO_CHECK, b""), index.clone()];
    let stream = [parts.concat(), stream_footer(index.len() as u64, [0, 0])].concat();
    check_xz(&stream, Error::XzInteger);

    let block = xz::Block { filters: vec![(LZMA2, vec![41])], ..stored.clone() };
    check_xz(&xz::stream(CRC32, &[block]), Error::XzFilterProperties);

    let mut stream = xz::stream(CRC32, &[stored]);
    let fields = xz::crc_fields(&stream);
    // The highest bits of Backward Size.
    let at = stream.len() - 5;
    stream[at] |= 0xc0;
    xz::repair(&mut stream, &fields);
    check_xz(&stream, Error::XzBackwardSize);
    // One more than this is more than `lzma-rs` can count: it panics if overflow is checked.
    stream[at - 3..=at].fill(0xff);
    xz::repair(&mut stream, &fields);
    check_defect(oracle::Xz::new(), &stream, Error::Oracle, &good_xz());

    // A damaged footer is not seen as one.
    let mut stream = good_xz();
    *stream.last_mut().unwrap() ^= 1;
    let mut output = [0; 100];
    assert_eq!(decode_slice(&mut Xz::new(), &stream, &mut output), Err(Error::XzFooterMagic));
    assert_eq!(decode_slice(&mut oracle::Xz::new(), &stream, &mut output), Err(Error::Truncated));
}

#[test]
fn chunks() {
    let check_chunks = |chunks: &Chunks, dictionary, error| {
        let block = xz::Block { filters: vec![(LZMA2, vec![dictionary])], ..chunks.block() };
        check_xz(&xz::stream(CRC32, &[block]), error);
    };
    let symbols = lzma::literals(b"some bytes");
    let mut chunks = Chunks::new();
    check_chunks(chunks.lzma(Reset::Properties, &symbols), 0, Error::Lzma2Dictionary);
    let mut chunks = Chunks::new();
    chunks.encoder.set_properties(0, 0, 0);
    chunks.stored(true, b"stored").lzma(Reset::State, &symbols);
    check_chunks(&chunks, 0, Error::Lzma2Properties);

    let mut chunks = Chunks::new();
    let data = chunks.encoder.symbols(&symbols).finish();
    let with = |size: usize, data: &[u8]| {
        let mut chunks = chunks.clone();
        chunks.chunk(Reset::Dictionary, 10, size, data);
        chunks
    };
    // The byte too many counts as the end of the data for a decoder that does not count.
    check_chunks(&with(data.len() + 1, &data), 0, Error::Lzma2ChunkSize);
    let changed = |at: usize| {
        let mut data = data.clone();
        data[at] ^= 1;
        with(data.len(), &data)
    };
    check_chunks(&changed(0), 0, Error::LzmaFirstByte);
    check_chunks(&changed(data.len() - 1), 0, Error::LzmaEnd);

    let mut chunks = Chunks::new();
    let copy = Match { distance: 5000, length: 50 };
    chunks.stored(true, &data::random(5000)).lzma(Reset::Properties, &[copy]);
    check_chunks(&chunks, DICTIONARY_4K, Error::DistancePastWindow);
}

#[test]
fn lzma_files() {
    let check_lzma = |file: &[u8], error| check(Lzma::new(), oracle::Lzma::new(), file, error);
    let symbols = lzma::literals(b"some bytes");
    let mut file = alone_of(&symbols, 4096, false);
    file[13] = 1;
    check_lzma(&file, Error::LzmaFirstByte);
    file[13] = 0;
    // This crate goes on to an end marker, and there is none.
    let last = file.len() - 1;
    file[last] ^= 1;
    check_lzma(&file, Error::Truncated);
    let mut encoder = Encoder::new(4, 1, 0);
    encoder.symbols(&symbols).symbol(END_MARKER);
    check_lzma(&alone(encoder.properties(), 4096, None, &encoder.finish()), Error::LzmaProperties);

    // An end marker after a known size: trailing bytes.
    let mut encoder = Encoder::new(3, 0, 2);
    encoder.symbols(&symbols).symbol(END_MARKER);
    let file = alone(encoder.properties(), 4096, Some(10), &encoder.finish());
    let mut output = [0; 100];
    let native = decode_slice(&mut Lzma::new(), &file, &mut output).unwrap();
    let oracle = decode_slice(&mut oracle::Lzma::new(), &file, &mut output).unwrap();
    assert_eq!((native.consumed, native.written, oracle.written), (file.len(), 10, 10));
    assert!(oracle.consumed < file.len());
}

fn check_zstd(frame: &[u8], error: Error) {
    check(Zstd::new(), oracle::Zstd::new(), frame, error);
}

#[test]
fn zstd_headers() {
    let mut writer = Writer::new();
    writer.raw(b"content");
    let header = Header { checksum: false, ..Header::NEW };
    check_zstd(&writer.frame(&Header { bits: 8, ..header }), Error::ZstdReservedBit);
    let sized = Header { checksum: false, ..Header::SINGLE_SEGMENT };
    let mut frame = writer.frame(&sized);
    frame[5] += 1;
    check_zstd(&frame, Error::ZstdContentSize);

    // A dictionary, which the package does not get.
    let frame = writer.frame(&Header { dictionary: (1, 9), ..header });
    let good = Writer::new().raw(CONTENT).frame(&header);
    check_defect(oracle::Zstd::new(), &frame, Error::ZstdDictionaryId, &good);
}

#[test]
fn zstd_blocks() {
    let check_block = |content: &[u8], window, error| {
        let mut writer = Writer::new();
        writer.push(COMPRESSED, content.len(), content);
        check_zstd(&writer.frame(&Header { checksum: false, window, ..Header::NEW }), error);
    };
    let text = data::text(300);
    let tree = Tree::flat(&text);
    // Quarters of other lengths than they should be.
    let pieces = [&text[..80], &text[80..150], &text[150..225], &text[225..]];
    let streams = pieces.map(|piece| tree.stream(piece));
    let mut content = tree.description();
    for stream in &streams[..3] {
        content.extend((stream.len() as u16).to_le_bytes());
    }
    content.extend(streams.concat());
    let section = huffman_section(2, 1, 300, &content);
    check_block(&[&section[..], &[0]].concat(), Some(WINDOW_1K), Error::ZstdHuffmanStream);

    // Reserved bits of Symbol_Compression_Modes.
    let block = Block::new(b"literals", &[copy(8, 5, 3)]);
    let mut sequences = Memory::default().sequences_section(&block);
    sequences[1] |= 1;
    let content = [Memory::default().literals_section(&block), sequences].concat();
    check_block(&content, Some(WINDOW_1K), Error::ZstdSequencesHeader);

    // More bytes than a block may have, although its content is small enough.
    let block = Block::new(&data::random(1000), &[copy(100, 90, 3); 8]);
    let content = Memory::default().block(&block);
    assert!(content.len() > 1024);
    check_block(&content, Some(WINDOW_1K), Error::ZstdBlockSize);

    // More literals than a block may have: RLE, 20 bits of size, no sequences.
    let size = (1025_u32 << 4 | 3 << 2 | 1).to_le_bytes();
    check_block(&[&size[..3], b"a\0"].concat(), Some(WINDOW_1K), Error::ZstdLiteralsSize);
}

#[test]
fn ruzstd_leaves_the_checksum_to_its_user() {
    let mut writer = Writer::new();
    writer.raw(b"content");
    let mut frame = writer.frame(&Header::NEW);
    *frame.last_mut().unwrap() ^= 1;
    let mut output = Vec::new();
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(&frame[..]).unwrap();
    decoder.read_to_end(&mut output).unwrap();
    assert_eq!(output, b"content");

    let good = Writer::new().raw(CONTENT).frame(&Header::NEW);
    check_defect(oracle::Zstd::new(), &frame, Error::ZstdChecksum, &good);
}

#[test]
fn a_refusal_without_a_name_is_corruption() {
    check_told_apart(&[(Error::Oracle, ErrorKind::Corrupt, 117)]);
}
