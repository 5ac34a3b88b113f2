// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A stream for each error that the .xz decoder returns.

use crate::common::data;
use crate::common::defect::{check_defect, check_told_apart, CONTENT};
use crate::common::xz::{
    self, block_header, check_size, crc32, index, index_of, integer, stream_footer, stream_header,
    stream_with, Block, BRANCHES, CHECKS, CRC32, CRC64, DELTA, DICTIONARY_4K, LZMA2, NO_CHECK,
    SHA256, X86,
};
use pagewise::{decode_slice, Any, Check, Concatenated, Decode, Error, ErrorKind, Xz};

fn good() -> Vec<u8> {
    xz::stream(CRC32, &[Block::stored(CONTENT)])
}

/// Checks that `stream` ends in `error`, and that a good one decodes after a reset.
fn check_with<D: Decode>(decoder: D, stream: &[u8], error: Error) {
    check_defect(decoder, stream, error, &good());
}

fn check(stream: &[u8], error: Error) {
    check_with(Xz::new(), stream, error);
    check_with(Concatenated::new(Xz::new()), stream, error);
    if error != Error::XzMagic {
        check_with(Any::new(), stream, error);
    }
}

fn check_block(block: Block, error: Error) {
    check(&xz::stream(CRC32, &[block]), error);
}

/// Checks what the header of a stream, and a block with this header, end in.
fn check_header(header: &[u8], error: Error) {
    // Bytes after the defect, so that the decoder does not stop because the input ends.
    check(&[&stream_header([0, CRC32]), header, &[0; 64]].concat(), error);
}

fn is_good(stream: &[u8]) -> bool {
    let mut output = vec![0; 1 << 18];
    decode_slice(&mut Xz::new(), stream, &mut output).is_ok_and(|d| d.consumed == stream.len())
}

/// `stream` with some of its bytes changed.
fn patched(stream: &[u8], at: usize, flip: u8) -> Vec<u8> {
    let mut stream = stream.to_vec();
    stream[at] ^= flip;
    stream
}

#[test]
fn stream_headers() {
    let good = good();
    assert!(is_good(&good));
    for bit in 0..8 {
        for at in 0..6 {
            check(&patched(&good, at, 1 << bit), Error::XzMagic);
        }
        for at in 6..12 {
            check(&patched(&good, at, 1 << bit), Error::XzHeaderCrc32);
        }
        check(&[&stream_header([1 << bit, CRC32]), &good[12..]].concat(), Error::XzStreamFlags);
    }
    for bit in 4..8 {
        let header = stream_header([0, CRC32 | 1 << bit]);
        check(&[&header, &good[12..]].concat(), Error::XzStreamFlags);
    }
}

#[test]
fn reserved_checks() {
    for id in (0..16).filter(|id| !CHECKS.contains(id)) {
        let blocks = [Block::stored(CONTENT), Block::encoded(&[(X86, vec![])], &[0xe8; 99])];
        let content = [CONTENT, &[0xe8; 99]].concat();
        let mut stream = xz::stream(id, &blocks);
        // Whatever the check is.
        let at = 12 + blocks[0].to_bytes(id).len() - check_size(id);
        stream[at..at + check_size(id)].fill(0x5a);
        check(&stream, Error::UnsupportedCheck);

        let mut decoder = Xz::new();
        decoder.skip_unknown_checks(true);
        for _ in 0..2 {
            let mut output = [0; 200];
            let decoded = decode_slice(&mut decoder, &stream, &mut output).unwrap();
            assert_eq!((decoded.consumed, decoded.written), (stream.len(), content.len()));
            assert_eq!(output[..content.len()], content);
            assert_eq!(decoder.info().check, Check::Unknown);
            // The choice outlives a reset.
            decoder.reset();
        }
        // The sizes are verified all the same.
        let records = blocks.each_ref().map(|block| block.record(id));
        let index = index(2, &[(records[0].0 + 1, records[0].1), records[1]]);
        check_with(decoder, &stream_with(id, &blocks, &index), Error::XzRecord);
        let mut any = Any::new();
        any.skip_unknown_checks(true);
        assert!(decode_slice(&mut any, &stream, &mut [0; 200]).is_ok());
    }
}

#[test]
fn block_headers() {
    let lzma2 = [integer(LZMA2), vec![1, DICTIONARY_4K]].concat();
    for size in [12, 40, 44, 48, 52, 1020, 1024] {
        let header = block_header(size, 0, &lzma2);
        for at in [size - 4, size - 1] {
            check_header(&patched(&header, at, 1), Error::XzBlockHeaderCrc32);
        }
        // The CRC32 is verified before the fields are.
        check_header(&patched(&header, 1, 0x04), Error::XzBlockHeaderCrc32);
        for at in [5, 7, 8, 20, 39, 43, 44, 500, 1019].into_iter().filter(|&at| at < size - 4) {
            let mut header = patched(&header, at, 1);
            let crc = crc32(&header[..size - 4]);
            header[size - 4..].copy_from_slice(&crc);
            check_header(&header, Error::XzHeaderPadding);
        }
        for bit in 2..6 {
            check_header(&block_header(size, 1 << bit, &lzma2), Error::XzBlockFlags);
        }
    }

    // Headers too small for their fields: for each number, size and filter in turn.
    let full = [
        integer(1 << 62),
        integer(1 << 62),
        [integer(X86), vec![4, 0, 0, 0, 0]].concat(),
        [integer(7), vec![4, 0, 0, 0, 0]].concat(),
        [integer(10), vec![4, 0, 0, 0, 0]].concat(),
        lzma2.clone(),
    ]
    .concat();
    assert_eq!(2 + full.len(), 41);
    for length in (2..full.len()).step_by(4) {
        check_header(
            &block_header(2 + length + 4, 0xc3, &full[..length]),
            Error::XzBlockHeaderSize,
        );
    }
    for size in [2, 3, 0x7f, 1 << 31, u64::MAX >> 1] {
        let fields = [integer(LZMA2), integer(size), vec![0]].concat();
        let fields = &fields[..fields.len().min(2)];
        check_header(&block_header(8, 0, fields), Error::XzBlockHeaderSize);
    }
    check_header(&block_header(8, 0, &[]), Error::XzFilterChain);
}

#[test]
fn multibyte_integers() {
    let lzma2 = [integer(LZMA2), vec![1, DICTIONARY_4K]].concat();
    let bad: [&[u8]; 5] = [
        // More bytes than needed.
        &[0x80, 0],
        &[0xff, 0x80, 0],
        &[0x8d, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
        // More than nine bytes.
        &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1],
        &[0xff; 10],
    ];
    for number in bad {
        let header = |flags, fields: &[&[u8]]| block_header(48, flags, &fields.concat());
        check_header(&header(0x40, &[number, &lzma2]), Error::XzInteger);
        check_header(&header(0x80, &[number, &lzma2]), Error::XzInteger);
        check_header(&header(0, &[number, &lzma2]), Error::XzInteger);
        check_header(&header(0, &[&integer(LZMA2), number, &lzma2]), Error::XzInteger);

        let block = Block::stored(CONTENT);
        let blocks = std::slice::from_ref(&block);
        let (unpadded, uncompressed) = block.record(CRC32);
        let (unpadded, uncompressed) = (integer(unpadded), integer(uncompressed));
        for fields in [
            [number, &unpadded, &uncompressed],
            [&[1], number, &uncompressed],
            [&[1], &unpadded, number],
        ] {
            let index = index_of(&[&fields.concat()[..], &[0; 12]].concat());
            check(&stream_with(CRC32, blocks, &index), Error::XzInteger);
        }
    }
    // The largest number of all is one.
    let largest = integer(u64::MAX >> 1);
    assert_eq!(largest.len(), 9);
    let header = block_header(24, 0x80, &[&largest[..], &lzma2].concat());
    let mut block = Block::stored(CONTENT);
    block.uncompressed_size = Some(u64::MAX >> 1);
    check_block(block, Error::XzUncompressedSize);
    check_header(&header, Error::XzUncompressedSize);
}

#[test]
fn sizes_in_block_headers() {
    for block in [Block::stored(CONTENT), Block::encoded(&[(X86, vec![])], &data::text(5_000))] {
        let block = block.with_sizes();
        assert!(is_good(&xz::stream(CRC32, std::slice::from_ref(&block))));
        let (compressed, uncompressed) = (block.data.len() as u64, block.content.len() as u64);
        for size in [0, 1, compressed - 1, compressed + 1, compressed + 4, 1 << 32, u64::MAX >> 1] {
            let block = Block { compressed_size: Some(size), ..block.clone() };
            check_block(block, Error::XzCompressedSize);
        }
        for size in [0, 1, uncompressed - 1, uncompressed + 1, 1 << 32, u64::MAX >> 1] {
            let block = Block { uncompressed_size: Some(size), ..block.clone() };
            check_block(block, Error::XzUncompressedSize);
        }
    }
    // A lie is found before the chunk after it asks for a page.
    let block =
        Block { uncompressed_size: Some(CONTENT.len() as u64 - 1), ..Block::stored(CONTENT) };
    let stream = xz::stream(CRC32, &[block]);
    let result = Xz::new().decode::<[u8; 64]>(&stream, &mut []);
    assert_eq!(result, Err(Error::XzUncompressedSize));
}

#[test]
fn filters() {
    let lzma2 = (LZMA2, vec![DICTIONARY_4K]);
    let with = |filters: Vec<(u64, Vec<u8>)>| Block { filters, ..Block::stored(CONTENT) };
    for id in [0, 1, 2, 0x0c, 0x20, 0x22, 0x103, 0x1_0000_0004, u64::MAX >> 1] {
        check_block(with(vec![(id, vec![]), lzma2.clone()]), Error::XzFilter);
        check_block(with(vec![(DELTA, vec![0]), (id, vec![0]), lzma2.clone()]), Error::XzFilter);
        check_block(with(vec![(id, vec![])]), Error::XzFilterChain);
    }
    check_block(with(vec![lzma2.clone(), lzma2.clone()]), Error::XzFilterChain);
    check_block(with(vec![lzma2.clone(), (X86, vec![])]), Error::XzFilterChain);
    check_block(with(vec![(X86, vec![]); 4]), Error::XzFilterChain);
    check_block(with(vec![(DELTA, vec![0])]), Error::XzFilterChain);
    let x86 = (X86, vec![]);
    check_block(with(vec![x86, lzma2.clone(), lzma2.clone()]), Error::XzFilterChain);

    for (id, alignment) in BRANCHES {
        for length in (1..=8).filter(|&length| length != 4) {
            let filter = (id, vec![0; length]);
            check_block(with(vec![filter, lzma2.clone()]), Error::XzFilterProperties);
        }
        for start in 1..alignment {
            let filter = (id, start.to_le_bytes().to_vec());
            check_block(with(vec![filter, lzma2.clone()]), Error::XzFilterProperties);
        }
    }
    for length in [0, 2, 4] {
        let filter = (DELTA, vec![0; length]);
        check_block(with(vec![filter, lzma2.clone()]), Error::XzFilterProperties);
        check_block(with(vec![(LZMA2, vec![0; length])]), Error::XzFilterProperties);
    }
    for dictionary in 41..=255 {
        check_block(with(vec![(LZMA2, vec![dictionary])]), Error::XzFilterProperties);
    }
}

#[test]
fn padding_and_checks() {
    for id in CHECKS {
        // Blocks with one, two, three bytes of padding, and none.
        for length in 20..24 {
            let block = Block::stored(&data::text(length));
            let stream = xz::stream(id, std::slice::from_ref(&block));
            let data_end = 12 + block.header().len() + block.data.len();
            let check_begin = data_end.next_multiple_of(4);
            for at in data_end..check_begin {
                for bit in 0..8 {
                    check(&patched(&stream, at, 1 << bit), Error::XzBlockPadding);
                }
            }
            let error = match id {
                NO_CHECK => continue,
                CRC32 => Error::XzCrc32,
                CRC64 => Error::XzCrc64,
                _ => Error::XzSha256,
            };
            for at in check_begin..check_begin + check_size(id) {
                check(&patched(&stream, at, 1 << (at % 8)), error);
            }
            check(&patched(&stream, data_end - 5, 1), error);
        }
    }
}

#[test]
fn indexes() {
    let blocks = [Block::stored(CONTENT), Block::stored(&data::text(300))];
    let records = blocks.each_ref().map(|block| block.record(SHA256));
    let [(u0, c0), (u1, c1)] = records;
    let check = |index: &[u8], error| check(&stream_with(SHA256, &blocks, index), error);
    assert!(is_good(&stream_with(SHA256, &blocks, &index(2, &records))));
    for count in [0, 1, 3, 127, 1 << 40, u64::MAX >> 1] {
        check(&index(count, &records), Error::XzRecordCount);
        let longer = [&records[..], &records].concat();
        check(&index(count, &longer), Error::XzRecordCount);
    }
    for lie in [
        [(u0 + 1, c0), (u1, c1)],
        [(u0, c0 + 1), (u1, c1)],
        [(u0, c0), (u1 - 1, c1)],
        [(u0, c0), (u1, c1 - 1)],
        // Records with the same sums.
        [(u1, c1), (u0, c0)],
        [(u0 + 4, c0), (u1 - 4, c1)],
        [(u0, c0 + 5), (u1, c1 - 5)],
        // Sizes too small for a block, and too large together.
        [(4, c0), (u1, c1)],
        [(0, c0), (u1, c1)],
        [(u64::MAX >> 1, c0), (u1, c1)],
        [(u0, u64::MAX >> 1), (u1, c1)],
        [(u0, u64::MAX >> 1), (u1, u64::MAX >> 1)],
    ] {
        check(&index(2, &lie), Error::XzRecord);
    }
    let none = xz::stream(CRC32, &[]);
    assert!(is_good(&none));
    let empty = [stream_header([0, CRC32]), index(1, &[(12, 0)]), stream_footer(8, [0, CRC32])];
    self::check(&empty.concat(), Error::XzRecordCount);
}

#[test]
fn ends_of_indexes() {
    let mut paddings = [false; 4];
    for blocks in 0..4 {
        let blocks: Vec<Block> =
            (0..blocks).map(|block| Block::stored(&data::text([20, 110, 20][block]))).collect();
        let mut fields = integer(blocks.len() as u64);
        for (unpadded, uncompressed) in blocks.iter().map(|block| block.record(CRC32)) {
            fields.extend([integer(unpadded), integer(uncompressed)].concat());
        }
        let end = fields.len();
        let padding = (1 + end).next_multiple_of(4) - 1 - end;
        paddings[padding] = true;
        fields.resize(end + padding, 0);
        let stream = stream_with(CRC32, &blocks, &index_of(&fields));
        assert!(is_good(&stream));
        for back in 13..=16 {
            check(&patched(&stream, stream.len() - back, 0x40), Error::XzIndexCrc32);
        }
        for at in end..end + padding {
            let fields = patched(&fields, at, 0x10);
            let stream = stream_with(CRC32, &blocks, &index_of(&fields));
            check(&stream, Error::XzIndexPadding);
        }
    }
    assert_eq!(paddings.iter().filter(|&&seen| seen).count(), 4, "{paddings:?}");
}

#[test]
fn footers() {
    let good = good();
    let end = good.len();
    let index = 4 + 4 * u64::from(good[end - 8]);
    let with = |footer: &[u8]| [&good[..end - 12], footer].concat();
    for bit in 0..8 {
        for at in [end - 2, end - 1] {
            check(&patched(&good, at, 1 << bit), Error::XzFooterMagic);
        }
        for at in end - 12..end - 2 {
            check(&patched(&good, at, 1 << bit), Error::XzFooterCrc32);
        }
        check(&with(&stream_footer(index, [1 << bit, CRC32])), Error::XzFooterFlags);
        check(&with(&stream_footer(index, [0, CRC32 ^ 1 << bit])), Error::XzFooterFlags);
    }
    assert!(is_good(&with(&stream_footer(index, [0, CRC32]))));
    for size in [4, index - 4, index + 4, 1 << 20, 1 << 34] {
        check(&with(&stream_footer(size, [0, CRC32])), Error::XzBackwardSize);
    }
}

#[test]
fn behind_streams() {
    let good = good();
    let check = |behind: &[u8], error| {
        let file = [&good[..], behind].concat();
        check_with(Concatenated::new(Xz::new()), &file, error);
        check_with(Concatenated::new(Any::new()), &file, error);
        // A stream by itself ends at its own end.
        let decoded = decode_slice(&mut Xz::new(), &file, &mut [0; 100]).unwrap();
        assert_eq!(decoded.consumed, good.len());
    };
    for zeros in [1, 2, 3, 5, 6, 7, 101] {
        check(&[&vec![0; zeros], &good[..]].concat(), Error::XzStreamPadding);
    }
    for zeros in [0, 4, 8, 400] {
        check(&[&vec![0; zeros], &b"#"[..]].concat(), Error::XzMagic);
        check(&[&vec![0; zeros], &good[1..]].concat(), Error::XzMagic);
        let mut output = [0; 100];
        let file = [&good[..], &vec![0; zeros], &good].concat();
        let mut decoder = Concatenated::new(Xz::new());
        assert!(decode_slice(&mut decoder, &file, &mut output).is_ok());
        assert_eq!(decoder.members(), 2);
        // Too few zeros wait for more.
        for more in 1..4 {
            let file = [&good[..], &vec![0; zeros + more]].concat();
            decoder.reset();
            let result = decode_slice(&mut decoder, &file, &mut output);
            assert_eq!(result, Err(Error::Truncated));
        }
    }
}

#[test]
fn errors_are_told_apart() {
    let errors = [
        (Error::UnsupportedCheck, ErrorKind::Unsupported, 95),
        (Error::XzStreamFlags, ErrorKind::Unsupported, 95),
        (Error::XzBlockFlags, ErrorKind::Unsupported, 95),
        (Error::XzHeaderPadding, ErrorKind::Unsupported, 95),
        (Error::XzFilter, ErrorKind::Unsupported, 95),
        (Error::XzFilterProperties, ErrorKind::Unsupported, 95),
        (Error::XzFilterChain, ErrorKind::Unsupported, 95),
        (Error::XzHeaderCrc32, ErrorKind::Checksum, 74),
        (Error::XzBlockHeaderCrc32, ErrorKind::Checksum, 74),
        (Error::XzCrc32, ErrorKind::Checksum, 74),
        (Error::XzCrc64, ErrorKind::Checksum, 74),
        (Error::XzSha256, ErrorKind::Checksum, 74),
        (Error::XzIndexCrc32, ErrorKind::Checksum, 74),
        (Error::XzFooterCrc32, ErrorKind::Checksum, 74),
        (Error::XzMagic, ErrorKind::Corrupt, 117),
        (Error::XzInteger, ErrorKind::Corrupt, 117),
        (Error::XzRecord, ErrorKind::Corrupt, 117),
        (Error::XzStreamPadding, ErrorKind::Corrupt, 117),
        (Error::Lzma2Control, ErrorKind::Corrupt, 117),
        (Error::LzmaEnd, ErrorKind::Corrupt, 117),
        (Error::LzmaTrailing, ErrorKind::Corrupt, 117),
    ];
    check_told_apart(&errors);
}
