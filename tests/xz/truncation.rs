// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! .xz and .lzma files cut short anywhere, damaged anywhere, and floods of nothing.

use crate::common::cut::{check_prefixes, check_prefixes_settled};
use crate::common::data::{self, Random};
use crate::common::lzma::Symbol::{Match, Rep, ShortRep};
use crate::common::lzma::{alone_of, expand, literals, random_symbols};
use crate::common::xz::{
    self, integer, Block, Chunks, Reset, BRANCHES, CHECKS, CRC32, CRC64, DELTA, NO_CHECK, SHA256,
    X86,
};
use pagewise::{decode_slice, Any, Concatenated, Decode, Error, Lzma, Pause, Progress, Xz};

/// Small files without filters, and their contents.
fn plain_files() -> Vec<(Vec<u8>, Vec<u8>)> {
    let text = data::text(300);
    let mut files = Vec::new();
    for check in CHECKS {
        let stored = Block::stored(&text[..40]);
        let block = Block::encoded(&[], &text).with_sizes();
        files.push((xz::stream(check, std::slice::from_ref(&stored)), stored.content.clone()));
        files.push((xz::stream(check, &[block, stored]), [&text, &text[..40]].concat()));
    }
    // Chunks of all kinds.
    let mut chunks = Chunks::new();
    let mut random = Random(6);
    for reset in [Reset::Dictionary, Reset::Nothing, Reset::State, Reset::Properties] {
        chunks.lzma(reset, &random_symbols(&mut random, 60, 0)).stored(false, b"stored");
    }
    chunks.stored(true, b"again").lzma(Reset::Properties, &literals(b"and again"));
    let mut block = chunks.block();
    block.header_size = 64;
    files.push((xz::stream(CRC32, &[block]), chunks.encoder.content().to_vec()));
    files.push((xz::stream(SHA256, &[]), Vec::new()));
    let empty = Block::new(vec![0], b"");
    files.push((xz::stream(CRC64, &[empty.clone(), empty.with_sizes()]), Vec::new()));
    files
}

/// Small files with filters.
fn filtered_files() -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut files = Vec::new();
    let code = [&[0xe8, 1, 2, 0, 0][..], &data::random(150), &[0xe8, 3, 0, 0, 0, 0xe8]].concat();
    let delta = (DELTA, vec![2]);
    let mut chains = vec![vec![delta.clone()], vec![delta.clone(), (X86, vec![]), delta]];
    chains.extend(BRANCHES.map(|(id, _)| vec![(id, vec![0, 0, 1, 0])]));
    for (index, chain) in chains.into_iter().enumerate() {
        let block = Block::encoded(&chain, &code);
        let blocks = [block.clone(), block.with_sizes()];
        files.push((xz::stream(CHECKS[index % 4], &blocks), code.repeat(2)));
    }
    files
}

/// Small .lzma files, of known size, and with an end marker.
fn lzma_files() -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut files = Vec::new();
    let mut symbols = literals(&data::random(100));
    symbols.extend([Match { distance: 77, length: 273 }, ShortRep, Rep { index: 3, length: 9 }]);
    let runs = random_symbols(&mut Random(2), 400, 0);
    for symbols in [symbols, runs, literals(&data::text(50)), Vec::new()] {
        for marked in [false, true] {
            files.push((alone_of(&symbols, 1 << 16, marked), expand(&symbols)));
        }
    }
    files
}

#[test]
fn every_prefix_needs_input() {
    for (file, content) in plain_files() {
        check_prefixes(Xz::new, &file, &content);
        check_prefixes(Any::new, &file, &content);
        check_prefixes(|| Concatenated::new(Xz::new()), &file, &content);
    }
    for (file, content) in filtered_files() {
        check_prefixes_settled(Xz::new, &file, &content, Xz::settled);
        check_prefixes_settled(Any::new, &file, &content, Any::settled);
    }
    for (file, content) in lzma_files() {
        check_prefixes(Lzma::new, &file, &content);
        check_prefixes(Any::new, &file, &content);
        check_prefixes(|| Concatenated::new(Lzma::new()), &file, &content);
    }
}

#[test]
fn prefixes_of_streams_end_between_them() {
    let parts = [
        (xz::stream(CRC32, &[Block::stored(b"first")]), 5),
        (vec![0; 4], 0),
        (vec![0; 4], 0),
        (xz::stream(NO_CHECK, &[]), 0),
        (xz::stream(SHA256, &[Block::stored(b"second")]), 6),
        (vec![0; 4], 0),
    ];
    let file: Vec<u8> = parts.iter().flat_map(|(part, _)| part.clone()).collect();
    let ends: Vec<(usize, usize)> = (1..=parts.len())
        .map(|count| {
            let ended = parts[..count].iter();
            ended.fold((0, 0), |(at, written), (part, more)| (at + part.len(), written + more))
        })
        .collect();
    let mut decoder = Concatenated::new(Xz::new());
    for end in 0..=file.len() {
        decoder.reset();
        let result = decode_slice(&mut decoder, &file[..end], &mut [0; 11]);
        match ends.iter().find(|&&(at, _)| at == end) {
            Some(&(_, written)) => assert_eq!(result.unwrap().written, written),
            None => assert_eq!(result, Err(Error::Truncated), "{end} bytes of {ends:?}"),
        }
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let mut decoder = Xz::new();
    // Enough to end all that a flip can begin: a header of 1,024 bytes, a chunk of 64 KiB.
    let padding = data::random(70_000);
    let mut output = vec![0; 3 << 20];
    let (mut flips, mut harmless) = (0, 0);
    for (stream, content) in plain_files().into_iter().chain(filtered_files()) {
        if stream[7] == NO_CHECK {
            continue;
        }
        let mut file = [&stream[..], &padding].concat();
        for bit in 0..8 * stream.len() {
            file[bit / 8] ^= 1 << (bit % 8);
            decoder.reset();
            match decode_slice(&mut decoder, &file, &mut output) {
                Ok(decoded) => {
                    assert!(output[..decoded.written] == content, "bit {bit} of {stream:x?}");
                    harmless += 1;
                }
                Err(Error::Truncated | Error::OutputLimit) => panic!("bit {bit}: no end"),
                Err(_) => flips += 1,
            }
            file[bit / 8] ^= 1 << (bit % 8);
        }
    }
    // A chunk's reset, and its properties, can make no difference where little was learnt.
    assert!(flips > 20_000 && harmless < 20, "{harmless} of {flips}");
}

#[test]
fn damage_without_a_check() {
    // Fields that can show damage do so without a check: header, sizes, padding, index, footer.
    let stream = xz::stream(NO_CHECK, &[Block::stored(b"no check").with_sizes()]);
    let data = 12 + 12 + 3..12 + 12 + 3 + 8;
    assert_eq!(&stream[data.clone()], b"no check");
    let mut decoder = Xz::new();
    for bit in 0..8 * stream.len() {
        let mut stream = [&stream[..], &[0; 2000]].concat();
        stream[bit / 8] ^= 1 << (bit % 8);
        decoder.reset();
        let result = decode_slice(&mut decoder, &stream, &mut [0; 3000]);
        assert_eq!(result.is_ok(), data.contains(&(bit / 8)), "bit {bit}");
    }
}

#[test]
fn floods_of_empty_streams_and_blocks() {
    // There is no output, so no page is asked for, and one call takes everything: each call for a
    // page or for more input would be counted.
    const FLOOD: usize = 20_000;
    for (stream, blocks) in [
        (xz::stream(CRC32, &[]), 0),
        (xz::stream(NO_CHECK, &[Block::new(vec![0], b"")]), 1),
        ([&xz::stream(SHA256, &[])[..], &[0; 8]].concat(), 0),
    ] {
        let file = stream.repeat(FLOOD);
        let mut decoder = Concatenated::new(Xz::new());
        let progress = decoder.decode::<[u8; 64]>(&file, &mut []).unwrap();
        assert_eq!(progress, Progress::new(file.len(), Pause::Done));
        assert_eq!((decoder.members(), decoder.written()), (FLOOD as u64, 0));
        assert_eq!(decoder.info().blocks, blocks * FLOOD as u64);
    }

    // Empty blocks, with a filter or without, in headers as large as possible.
    for (check, header_size, filters) in [(CRC32, 0, 0), (NO_CHECK, 1024, 0), (CRC32, 0, 3)] {
        let mut empty = Block::new(vec![0], b"");
        empty.header_size = header_size;
        empty.filters.splice(0..0, vec![(X86, vec![]); filters]);
        let flood = FLOOD / 10 + 1;
        let mut stream = xz::stream_header([0, check]);
        stream.extend(empty.to_bytes(check).repeat(flood));
        let (unpadded, uncompressed) = empty.record(check);
        let record = [integer(unpadded), integer(uncompressed)].concat();
        let index = xz::index_of(&[integer(flood as u64), record.repeat(flood)].concat());
        stream.extend(&index);
        stream.extend(xz::stream_footer(index.len() as u64, [0, check]));
        let mut decoder = Xz::new();
        let progress = decoder.decode::<[u8; 64]>(&stream, &mut []).unwrap();
        assert_eq!(progress, Progress::new(stream.len(), Pause::Done));
        assert_eq!((decoder.info().blocks, decoder.written()), (flood as u64, 0));
        // And one by one, which shows that no call does a part of the work twice.
        decoder.reset();
        let mut at = 0;
        for end in 1..=stream.len() {
            at += decoder.decode::<[u8; 64]>(&stream[at..end], &mut []).unwrap().consumed;
        }
        assert_eq!(at, stream.len());
    }

    // Chunks of one byte: one call takes them all, and fills page after page.
    let mut chunks = Chunks::new();
    for index in 0..FLOOD {
        match index % 2 {
            0 => chunks.stored(index == 0, b"x"),
            _ => chunks.lzma(Reset::Properties, &literals(b"y")),
        };
    }
    let stream = xz::stream(CRC32, &[chunks.block()]);
    let mut pages = vec![[0; 64]; FLOOD.div_ceil(64)];
    let progress = Xz::new().decode(&stream, &mut pages).unwrap();
    assert_eq!(progress, Progress::new(stream.len(), Pause::Done));
}
