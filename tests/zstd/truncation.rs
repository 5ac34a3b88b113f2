// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! zstd frames cut short anywhere, damaged anywhere, and floods of nothing.

use std::time::{Duration, Instant};

use crate::common::cut::{check_each_prefix, check_growing};
use crate::common::data::{self, Random};
use crate::common::huffman::Tree;
use crate::common::libzstd::encode;
use crate::common::sequences::{copy, random_sequences, repeat, Mode};
use crate::common::zstd::{
    block, skippable, Block, Coding, Header, Writer, BLOCK, COMPRESSED, MAGIC, RAW, RLE,
};
use pagewise::{decode_slice, Carry, Concatenated, Decode, Error, Pause, Progress, Zstd};
use zstd_safe::CParameter::ChecksumFlag;

type Carried<D> = Carry<D, { Zstd::CARRY }>;

/// Checks that each prefix waits for more input, and that `content` is all that is ever written.
fn check(stream: &[u8], content: &[u8]) {
    check_each_prefix(&mut Zstd::new(), stream, content, Zstd::written);
    let frames = || Concatenated::new(Zstd::new());
    check_each_prefix(&mut frames(), stream, content, Decode::written);
    check_growing(Zstd::new(), stream, content);
    check_growing(frames(), stream, content);
    check_growing(Carried::new(Zstd::new()), stream, content);
}

/// Blocks of each kind by themselves, and one after the other.
fn writers() -> Vec<Writer> {
    let mut random = Random(9);
    let text = data::text(200);
    let sequences = random_sequences(&mut random, [1, 4, 8], 0, 100, 12);
    let huffman = Block::new(&text, &sequences).coding(Coding::Huffman(Tree::flat(&text)));
    let four = Block { format: Some(1), ..huffman.clone() };
    let mut single = vec![Block::new(&text, &[]), Block::new(&text, &[copy(3, 2, 70)])];
    single.extend([huffman.clone(), four.clone(), huffman.clone().fitted([5, 5, 5])]);
    single.push(four.clone().fitted([9, 8, 9]));
    single.push(Block::new(b"rrrrr", &[copy(1, 1, 9)]).coding(Coding::Rle));
    let rle = [Mode::Rle(1), Mode::Rle(2), Mode::Rle(6)];
    single.push(Block::new(b"rle", &[copy(1, 1, 9); 3]).modes(rle));
    let mut writers = vec![Writer::new().raw(&text).clone(), Writer::new().rle(b'r', 99).clone()];
    writers.push(Writer::new().raw(b"").clone());
    for block in &single {
        writers.push(Writer::new().compressed(block).clone());
    }
    let mut all = Writer::new();
    all.compressed(&four).raw(b"raw").compressed(&four.clone().fitted([6, 6, 6])).rle(b'r', 70);
    let again = [Mode::Repeat, Mode::Repeat, Mode::Repeat];
    all.compressed(&four.coding(Coding::Treeless).modes(again)).raw(b"");
    all.compressed(&Block::new(b"", &[repeat(0, 1, 9)])).compressed(&Block::new(b"", &[]));
    writers.push(all);
    writers
}

#[test]
fn every_prefix_needs_input() {
    for writer in writers() {
        check(&writer.frame(&Header::NEW), writer.content());
    }
    let writer = writers().pop().unwrap();
    for width in [0, 1, 2, 4] {
        for size_width in [1, 2, 4, 8] {
            let window = if size_width == 1 { None } else { Header::NEW.window };
            let header = Header { window, size_width, dictionary: (width, 0), ..Header::NEW };
            let mut small = Writer::new();
            let writer = if size_width == 1 { small.raw(b"small") } else { &writer };
            check(&writer.frame(&header), writer.content());
        }
    }
    check(&skippable(7, &data::random(100)), b"");
    let magicless = Header { magicless: true, ..Header::NEW };
    let mut decoder = Zstd::new();
    decoder.set_magicless(true);
    check_each_prefix(&mut decoder, &writer.frame(&magicless), writer.content(), Zstd::written);
}

#[test]
fn prefixes_of_files_end_between_frames() {
    let parts = [
        (skippable(1, b"first"), 0),
        (encode(&[ChecksumFlag(true)], b"content"), 7),
        (encode(&[], b""), 0),
        (skippable(2, b""), 0),
        (encode(&[], &[7; 100]), 100),
        (skippable(3, &[0x28, 0xb5, 0x2f, 0xfd]), 0),
    ];
    let file: Vec<u8> = parts.iter().flat_map(|(part, _)| part.clone()).collect();
    let mut ends = vec![(0, 0)];
    for (part, more) in &parts {
        let &(at, written) = ends.last().unwrap();
        ends.push((at + part.len(), written + more));
    }
    let mut decoder = Concatenated::new(Zstd::new());
    for end in 0..=file.len() {
        decoder.reset();
        let result = decode_slice(&mut decoder, &file[..end], &mut [0; 107]);
        match ends[1..].iter().find(|&&(at, _)| at == end) {
            Some(&(_, written)) => assert_eq!(result.unwrap().written, written),
            None => assert_eq!(result, Err(Error::Truncated), "{end} bytes of {ends:?}"),
        }
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let (mut decoder, mut harmless) = (Zstd::new(), 0);
    decoder.limit_window(u64::MAX);
    // Enough to end all that a flip can begin, but for a skippable frame.
    let padding = data::random(3 << 20);
    let mut output = vec![0; 8 << 20];
    let headers = [
        Header::NEW,
        Header::SINGLE_SEGMENT,
        Header { size_width: 8, dictionary: (4, 0), ..Header::NEW },
    ];
    for (round, writer) in writers().into_iter().enumerate() {
        let frame = writer.frame(&headers[round % 3]);
        if round % 3 == 1 && writer.content().len() < frame.len() {
            // There can be no such frame.
            continue;
        }
        let mut file = [&frame[..], &padding].concat();
        for bit in 0..8 * frame.len() {
            file[bit / 8] ^= 1 << (bit % 8);
            decoder.reset();
            match decode_slice(&mut decoder, &file, &mut output) {
                Ok(decoded) => {
                    // Without the flag there is no checksum, and its bytes are not read.
                    let has_checksum = file[4] & 4 != 0;
                    assert!(!has_checksum || output[..decoded.written] == *writer.content());
                    harmless += usize::from(has_checksum);
                }
                Err(Error::Truncated | Error::OutputLimit) => panic!("bit {bit}: no end"),
                Err(_) => {}
            }
            file[bit / 8] ^= 1 << (bit % 8);
        }
    }
    // The unused bit, and the size of the window if no copy is long.
    assert!(harmless >= 50, "{harmless}");
}

#[test]
fn every_cut_in_two() {
    // All of a block's parts in one call, or in two.
    let frame = writers().pop().unwrap().frame(&Header::NEW);
    let mut whole = vec![0; 5000];
    let written = decode_slice(&mut Zstd::new(), &frame, &mut whole).unwrap().written;
    for cut in 0..=frame.len() {
        let (mut decoder, mut output) = (Zstd::new(), vec![0; written]);
        let first = decoder.decode(&frame[..cut], &mut [&mut output[..]]).unwrap();
        let rest = &frame[first.consumed..];
        let second = decoder.decode(rest, &mut [&mut output[..]]).unwrap();
        assert_eq!(second, Progress::new(rest.len(), Pause::Done), "cut {cut}");
        assert!(whole[..written] == output);
    }
}

/// Decodes all of `file`, which has no output, in one call and without a page.
fn check_flood<D: Decode>(decoder: &mut D, file: &[u8], blocks: u64) {
    let begin = Instant::now();
    let progress = decoder.decode::<[u8; 64]>(file, &mut []).unwrap();
    assert_eq!(progress, Progress::new(file.len(), Pause::Done));
    assert_eq!((decoder.written(), decoder.info().blocks), (0, blocks));
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

#[test]
fn floods_of_nothing() {
    const FLOOD: usize = 100_000;
    let mut frames = Concatenated::new(Zstd::new());
    for part in
        [skippable(0, b""), skippable(9, b"data"), Writer::new().raw(b"").frame(&Header::NEW)]
    {
        let blocks = if part.starts_with(&MAGIC) { FLOOD as u64 } else { 0 };
        frames.reset();
        check_flood(&mut frames, &part.repeat(FLOOD), blocks);
        assert_eq!(frames.members(), FLOOD as u64);
    }

    // Blocks without output, also with the largest tree and tables.
    let literals = Tree::flat(&(0..=255).collect::<Vec<_>>());
    let mut tree = Writer::new();
    tree.compressed(&Block::new(b"", &[]).coding(Coding::Huffman(literals)));
    let tree = tree.frame(&Header { checksum: false, ..Header::NEW })[9..].to_vec();
    let plain = crate::common::zstd::plain_section(0, None, 0, b"");
    let kinds = [
        (RAW, 0, vec![]),
        (RLE, 0, vec![b'r']),
        (COMPRESSED, 2, [&plain[..], &[0]].concat()),
        (COMPRESSED, tree.len(), tree),
    ];
    for (kind, size, content) in kinds {
        let count = if size > 2 { FLOOD / 10 } else { FLOOD };
        let mut file = Header { checksum: false, ..Header::NEW }.to_bytes(0);
        file.extend(block(false, kind, size, &content).repeat(count));
        file.extend(block(true, RAW, 0, b""));
        check_flood(&mut Zstd::new(), &file, count as u64 + 1);
    }
}

#[test]
fn long_skippable_frames() {
    // The state is bounded, whatever the length: the frame comes in pieces, none of which is kept.
    let length = 3 * BLOCK + 77;
    let frame = skippable(5, &vec![b's'; length]);
    let (mut decoder, mut at) = (Zstd::new(), 0);
    for piece in [1, 1, 5, 1, 1000, BLOCK, BLOCK + 1] {
        let progress = decoder.decode::<[u8; 64]>(&frame[at..][..piece], &mut []).unwrap();
        assert!(at < 8 || progress.consumed == piece, "{progress:?}");
        assert!(matches!(progress.pause, Pause::NeedInput { .. }));
        at += progress.consumed;
    }
    let progress = decoder.decode::<[u8; 64]>(&frame[at..], &mut []).unwrap();
    assert_eq!(progress, Progress::new(frame.len() - at, Pause::Done));
    // The longest frame that there can be.
    let mut frame = skippable(0, b"");
    frame[4..].fill(0xff);
    let (mut decoder, piece) = (Zstd::new(), vec![0; 1 << 26]);
    assert_eq!(decoder.decode::<[u8; 64]>(&frame, &mut []).unwrap().consumed, 8);
    let mut left = u64::from(u32::MAX);
    while left > 0 {
        let progress = decoder.decode::<[u8; 64]>(&piece, &mut []).unwrap();
        assert!(progress.consumed > 0);
        left -= progress.consumed as u64;
        assert_eq!(progress.pause == Pause::Done, left == 0);
    }
    assert_eq!(decoder.consumed(), 8 + u64::from(u32::MAX));
}

#[test]
fn raw_and_rle_blocks_need_not_be_whole() {
    // Their bytes are output as they come.
    let content = data::random(BLOCK);
    let mut writer = Writer::new();
    writer.raw(&content).rle(7, BLOCK);
    let frame = writer.frame(&Header::NEW);
    let (mut decoder, mut output) = (Zstd::new(), vec![0; 2 * BLOCK]);
    let progress = decoder.decode(&frame[..1000], &mut [&mut output[..]]).unwrap();
    assert!(progress.consumed > 900, "{progress:?}");
    assert!(decoder.written() > 900);
    let rest = &frame[progress.consumed..];
    assert_eq!(decoder.decode(rest, &mut [&mut output[..]]).unwrap().pause, Pause::Done);
    assert!(output == writer.content());
}
