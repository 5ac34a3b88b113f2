// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A compressed block for each error of zstd's entropy coding.

use crate::common::data;
use crate::common::fse::{Backward, Distribution, Table};
use crate::common::huffman::{direct_weights, fse_weights, Tree};
use crate::common::sequences::{copy, predefined, sequence_stream, Mode, Sequence};
use crate::common::zstd::{
    huffman_section, plain_section, Block, Header, Memory, Writer, COMPRESSED,
};
use pagewise::{decode_slice, Any, Decode, Error, Zstd};

/// A frame with one compressed block after some bytes, and another block after that.
fn frame(content: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.raw(b"before").push(COMPRESSED, content.len(), content).raw(&[0; 64]);
    writer.frame(&Header { checksum: false, ..Header::NEW })
}

fn result(content: &[u8]) -> Result<usize, Error> {
    let mut output = vec![0; 1 << 18];
    let result = decode_slice(&mut Zstd::new(), &frame(content), &mut output);
    result.map(|decoded| decoded.written - 6 - 64)
}

/// Checks that the block's `content` ends in `error` in any decoder, and that none of it is output.
fn check(content: &[u8], error: Error) {
    let frame = frame(content);
    for end in [frame.len() - 67, frame.len()] {
        let mut output = vec![0; 1 << 18];
        let mut decoder = Zstd::new();
        let result = decode_slice(&mut decoder, &frame[..end], &mut output);
        assert_eq!(result, Err(error), "{content:x?}");
        // Fields before the sequences' stream are judged before any output.
        if error != Error::ZstdSequencesStream {
            assert_eq!(decoder.written(), 6, "{content:x?}");
        }
        decoder.reset();
        assert_eq!(decoder.decode(&frame[..9], &mut [&mut output[..]]).map(|_| ()), Ok(()));
        assert_eq!(decode_slice(&mut Any::new(), &frame[..end], &mut output), Err(error));
    }
}

fn check_one_of(content: &[u8], errors: &[Error]) {
    let error = result(content).unwrap_err();
    assert!(errors.contains(&error), "{error:?}: {content:x?}");
    check(content, error);
}

/// Checks a block with this literals section and no sequences.
fn check_literals(section: &[u8], error: Error) {
    check(&[section, &[0]].concat(), error);
}

#[test]
fn literals_sections() {
    // Not even a header, or a part of it.
    check(&[], Error::ZstdLiteralsSize);
    for header in [&[0b0100][..], &[0b1100], &[0b1100, 0], &[0b1101, 0]] {
        check(header, Error::ZstdLiteralsSize);
    }
    for kind in [2, 3] {
        for format in 0..4 {
            let section = huffman_section(kind, format, 6, &[0; 12]);
            let header = section.len() - 12;
            for end in 1..header {
                check(&section[..end], Error::ZstdLiteralsSize);
            }
        }
    }
    // More literals than the block has bytes.
    for size in [1, 5, 31, 32, 4095, 4096, 131_060] {
        let section = plain_section(0, None, size, &data::random(size));
        let least = section.len() - size;
        for cut in [1, 2, size / 2 + 1, size] {
            let end = (section.len() - cut.min(size)).max(least);
            check(&section[..end], Error::ZstdLiteralsSize);
        }
    }
    check(&plain_section(1, None, 9, b""), Error::ZstdLiteralsSize);
    // More literals than a block can have.
    for size in [131_073, (1 << 20) - 1] {
        let content = plain_section(1, Some(3), size, b"r");
        let errors = [Error::ZstdLiteralsSize, Error::ZstdBlockSize];
        check_one_of(&[&content[..], &[0]].concat(), &errors);
    }
    let text = data::text(500);
    let tree = Tree::flat(&text);
    let four = [tree.description(), tree.four_streams(&text)].concat();
    for format in [1, 2, 3] {
        let section = huffman_section(2, format, 500, &four);
        assert_eq!(result(&[&section[..], &[0]].concat()), Ok(500));
        for end in [section.len() - 1, section.len() - 100, section.len() - four.len()] {
            check(&section[..end], Error::ZstdLiteralsSize);
        }
    }
    // Too few literals for four streams.
    let tree = Tree::flat(b"few bytes");
    for size in [0, 3, 4] {
        for format in 1..4 {
            let streams = tree.four_streams(&b"few "[..size]);
            let content = [&tree.description()[..], &streams].concat();
            for size in size..6 {
                let content = [&huffman_section(2, format, size, &content)[..], &[0]].concat();
                check_one_of(&content, &[Error::ZstdLiteralsSize, Error::ZstdHuffmanStream]);
            }
        }
    }
    let section = huffman_section(2, 3, 131_073, &four);
    let errors = [Error::ZstdLiteralsSize, Error::ZstdBlockSize];
    check_one_of(&[&section[..], &[0]].concat(), &errors);
}

#[test]
fn huffman_trees() {
    let literals = |description: &[u8]| {
        let content = [description, &[0xff; 9]].concat();
        huffman_section(2, 0, 4, &content)
    };
    let direct: [&[u8]; 12] = [
        // No power of two with one more weight.
        &[3, 1],
        &[1, 1, 1, 2],
        &[4, 1, 1],
        // No weight of one.
        &[2],
        &[2, 2, 2],
        // One symbol, or none.
        &[0],
        &[0, 0, 0],
        // 12 bits.
        &[12],
        &[1, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 12],
        &[11, 11, 1],
        &[15],
        &[13, 1],
    ];
    for weights in direct {
        check_literals(&literals(&direct_weights(weights)), Error::ZstdHuffmanTree);
    }
    // 12 bits, as libzstd takes it.
    let deepest: Vec<u8> = (1..=11).rev().chain([1]).collect();
    check_literals(&literals(&direct_weights(&deepest)), Error::ZstdHuffmanTree);

    // FSE: no bytes, an incomplete table, one of too many rows, no stream, one without a final bit.
    for length in 0..4 {
        let description = [&[length][..], &[0; 3]].concat();
        check_literals(&literals(&description), Error::ZstdHuffmanTree);
    }
    let good = [1, 2, 1, 2, 3, 3, 0, 0, 1];
    let accurate = Distribution::fitted(7, good.iter().copied());
    let with_length = |stream: Vec<u8>| [&[stream.len() as u8][..], &stream].concat();
    let stream = fse_weights(&accurate, &good);
    check_literals(&literals(&with_length(stream)), Error::ZstdHuffmanTree);
    let distribution = Distribution::fitted(6, good.iter().copied());
    let mut stream = fse_weights(&distribution, &good);
    for end in 1..stream.len() {
        let description = with_length(stream[..end].to_vec());
        // What is cut may be a stream, but hardly one of weights that make a tree.
        let result = result(&[&literals(&description)[..], &[0]].concat());
        assert!(matches!(result, Err(Error::ZstdHuffmanTree | Error::ZstdHuffmanStream)), "{end}");
    }
    *stream.last_mut().unwrap() = 0;
    check_literals(&literals(&with_length(stream)), Error::ZstdHuffmanTree);
    // Weights that direct ones cannot be: 12 and more; and 256 of them.
    for symbols in 13..20 {
        let probabilities: Vec<i32> =
            (0..symbols).map(|symbol| if symbol == 1 { 64 - symbols + 1 } else { 1 }).collect();
        let distribution = Distribution::new(6, &probabilities);
        let weights = [symbols as u8 - 1, 1, 1, 1];
        let description = with_length(fse_weights(&distribution, &weights));
        check_literals(&literals(&description), Error::ZstdHuffmanTree);
    }
    // Weights of one kind need no bits, so their stream has no end.
    for stream in [&[1][..], &[4], &[0, 4], &[255, 255, 255]] {
        let one = [Distribution::new(5, &[0, 32]).description(), stream.to_vec()].concat();
        check_literals(&literals(&with_length(one)), Error::ZstdHuffmanTree);
    }
    let distribution = Distribution::new(6, &[32, 31, 1]);
    for count in [256, 257, 300, 400] {
        let stream = fse_weights(&distribution, &vec![1; count]);
        if stream.len() < 128 {
            check_literals(&literals(&with_length(stream)), Error::ZstdHuffmanTree);
        }
    }
    // A description longer than the section, of each kind.
    for description in [direct_weights(&[1; 99]), with_length(fse_weights(&distribution, &[1; 99]))]
    {
        for end in 1..description.len() {
            let section = huffman_section(2, 0, 4, &description[..end]);
            check_literals(&section, Error::ZstdHuffmanTree);
        }
    }
}

#[test]
fn missing_trees_and_tables() {
    let tree = Tree::flat(b"literals");
    for format in 0..4 {
        let streams =
            [vec![0xff; 20], tree.four_streams(b"literals")][usize::from(format > 0)].clone();
        let section = huffman_section(3, format, 8, &streams);
        check_literals(&section, Error::ZstdNoHuffmanTree);
    }
    // A block without sequences leaves no table either.
    for kind in 0..3 {
        let mut modes = [Mode::Predefined, Mode::Predefined, Mode::Predefined];
        let block = Block::new(b"literals", &[copy(3, 2, 9)]).modes(modes.clone());
        modes[kind] = Mode::Repeat;
        let again = block.clone().modes(modes);
        let mut memory = Memory::default();
        memory.block(&block);
        check(&memory.block(&again), Error::ZstdNoFseTable);
        let mut writer = Writer::new();
        writer.compressed(&Block::new(b"none", &[]));
        writer.memory.block(&block);
        writer.unchecked(&again);
        let result = decode_slice(&mut Zstd::new(), &writer.frame(&Header::NEW), &mut [0; 64]);
        assert_eq!(result, Err(Error::ZstdNoFseTable));
        // Nor does the frame before.
        let mut writer = Writer::new();
        writer.compressed(&block);
        let first = writer.frame(&Header::NEW);
        let mut second = Writer::new();
        second.memory = writer.memory;
        second.unchecked(&again);
        let file = [first, second.frame(&Header::NEW)].concat();
        let mut decoder = pagewise::Concatenated::new(Zstd::new());
        assert_eq!(decode_slice(&mut decoder, &file, &mut [0; 99]), Err(Error::ZstdNoFseTable));
    }
}

#[test]
fn huffman_streams() {
    let text = data::text(300);
    let tree = Tree::flat(&text);
    let check = |format, size, streams: &[u8]| {
        let content = [&tree.description()[..], streams].concat();
        check_literals(&huffman_section(2, format, size, &content), Error::ZstdHuffmanStream);
    };
    let one = tree.stream(&text);
    let mut unfinished = one.clone();
    *unfinished.last_mut().unwrap() = 0;
    check(0, 300, &unfinished);
    check(0, 300, &[]);
    // One symbol too many, or too few; more bytes, or fewer, at either end.
    for size in [0, 1, 299, 301, 400] {
        check(0, size, &one);
    }
    check(0, 300, &one[1..]);
    check(0, 300, &[&[0], &one[..]].concat());
    check(0, 300, &[&one[..], &[1]].concat());
    check(0, 0, &[0]);
    check(0, 0, &[2]);

    let four = tree.four_streams(&text);
    for format in [1, 2, 3] {
        for size in [280, 299, 301, 310] {
            check(format, size, &four);
        }
        for (at, byte) in [(0, four[0] - 1), (2, four[2] + 1), (5, 255), (1, 255), (4, 0), (0, 0)] {
            let mut bad = four.clone();
            bad[at] = byte;
            check(format, 300, &bad);
        }
        for length in 0..6 {
            check(format, 300, &four[..length]);
        }
        // No room for the last stream.
        let size = 6 + [0, 2, 4].map(|at| usize::from(four[at])).iter().sum::<usize>();
        check(format, 300, &four[..size]);
        for end in [size - 1, size + 1, four.len() - 1] {
            check(format, 300, &four[..end]);
        }
    }
}

/// Literals, a header with these modes, and `rest` after it.
fn sequences(count: &[u8], modes: u8, rest: &[u8]) -> Vec<u8> {
    [&plain_section(0, None, 8, b"literals"), count, &[modes], rest].concat()
}

#[test]
fn sequence_headers() {
    let literals = plain_section(0, None, 8, b"literals");
    for count in [&[][..], &[128], &[254], &[255], &[255, 0]] {
        check(&[&literals, count].concat(), Error::ZstdSequencesHeader);
    }
    // No modes, and reserved ones.
    for count in [&[1][..], &[127], &[128, 1], &[254, 255], &[255, 0, 0], &[255, 255, 255]] {
        check(&[&literals, count].concat(), Error::ZstdSequencesHeader);
        for reserved in 1..4 {
            check(&sequences(count, reserved, &[0x55; 20]), Error::ZstdSequencesHeader);
        }
    }
    // After a count of zero there is nothing.
    for count in [&[0][..], &[128, 0]] {
        let content = [&literals, count].concat();
        assert_eq!(result(&content), Ok(8));
        for behind in [&[0][..], &[1], &[0, 0, 0, 1]] {
            check(&[&content, behind].concat(), Error::ZstdSequencesHeader);
        }
    }
}

#[test]
fn fse_tables() {
    let stream = [0x55; 20];
    let error = Error::ZstdFseTable;
    // Literals lengths, offsets, match lengths: the largest symbol of each, and no larger one.
    for (kind, last) in [(0, 35), (1, 31), (2, 52)] {
        let mode = |number: u8| number << (6 - 2 * kind);
        for symbol in [last + 1, last + 2, 128, 255] {
            check(&sequences(&[1], mode(1), &[&[symbol], &stream[..]].concat()), error);
        }
        check(&sequences(&[1], mode(1), &[]), error);
        // Accuracies, and symbols that have rows.
        for log in [[10, 9, 10][kind as usize], 11, 15, 20] {
            let description = Distribution::fitted(log, 0..20).description();
            check(&sequences(&[1], mode(2), &[&description, &stream[..]].concat()), error);
        }
        for symbols in [last + 2, last + 3, 60] {
            let description = Distribution::fitted(8, 0..symbols).description();
            check(&sequences(&[1], mode(2), &[&description, &stream[..]].concat()), error);
        }
        let mut far = vec![16, 15];
        far.resize(usize::from(last) + 1, 0);
        let with = |more: &[i32]| Distribution::new(5, &[&far[..], more].concat()).description();
        for more in [&[1][..], &[-1], &[0, 1], &[0, 0, 0, 0, -1]] {
            check(&sequences(&[1], mode(2), &[&with(more), &stream[..]].concat()), error);
        }
        // Zeros without end.
        check(&sequences(&[1], mode(2), &[&[0x10, 0xfe][..], &[0xff; 400]].concat()), error);
        // Cut short; what is cut off may be unused bits.
        let description = Distribution::fitted(7, 0..30).description();
        for end in 0..description.len() {
            check(&sequences(&[1], mode(2), &description[..end]), error);
        }
    }
    // All rows are one symbol's: the format demands two symbols, and libzstd accepts one.
    for kind in 0..3 {
        let list = [copy(3, 2, 9); 3];
        let probabilities = [vec![0; [3, 2, 6][kind]], vec![32]].concat();
        let mut modes = [Mode::Predefined, Mode::Predefined, Mode::Predefined];
        modes[kind] = Mode::Fse(Distribution::new(5, &probabilities));
        let block = Block::new(b"literals.", &list).modes(modes);
        let result = result(&Memory::default().block(&block));
        assert!(matches!(result, Ok(36) | Err(Error::ZstdFseTable)), "{result:?}");
    }
}

#[test]
fn sequence_streams() {
    let error = Error::ZstdSequencesStream;
    let tables = predefined().map(|distribution| Table::new(&distribution));
    let [a, b, c] = &tables;
    let list: Vec<Sequence> = (0..4).map(|index| copy(2, 1 + index, 5)).collect();
    let stream = |list: &[Sequence]| sequence_stream([a, b, c], list);
    let good = stream(&list).finish();
    assert_eq!(result(&sequences(&[4], 0, &good)), Ok(8 + 20));
    check(&sequences(&[4], 0, &[]), error);
    for last in [&[0][..], &[0, 0]] {
        check(&sequences(&[4], 0, &[&good, last].concat()), error);
    }
    let mut unfinished = good.clone();
    *unfinished.last_mut().unwrap() = 0;
    check(&sequences(&[4], 0, &unfinished), error);
    // More bytes and bits, and fewer.
    check(&sequences(&[4], 0, &[&[0], &good[..]].concat()), error);
    check(&sequences(&[4], 0, &good[1..]), error);
    check(&sequences(&[4], 0, &stream(&list).put(0, 1).finish()), error);
    check(&sequences(&[4], 0, &Backward::new().put(0, 16).finish()), error);
    check(&sequences(&[4], 0, &Backward::new().finish()), error);
    check(&sequences(&[3], 0, &good), error);
    let result = result(&sequences(&[5], 0, &good));
    assert!(matches!(result, Err(Error::ZstdSequencesStream)), "{result:?}");
    // As many sequences as there can be, from nothing.
    let rle = [0, 2, 0];
    let bits = Backward::new().put(0, 2).finish();
    check(&sequences(&[255, 255, 255], 0b0101_0100, &[&rle[..], &bits].concat()), error);
    let block = Block::new(b"literals", &list);
    assert!(Memory::default().block(&block).ends_with(&good));
}
