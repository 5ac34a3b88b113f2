// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Blocks decoded one by one, by the Index: they have the same bytes as the stream, and a file that is
//! refused in one of the two ways is refused in the other.

use crate::common::data;
use crate::common::defect::CONTENT;
use crate::common::feed::PAGE;
use crate::common::xz::{
    self, by_blocks, encode_blocks, index, index_of, integer, lzma2, small_options, stream_footer,
    stream_header, stream_with, Block, CHECKS, CRC32, CRC64, DELTA, NO_CHECK, SHA256, X86,
};
use liblzma::stream::Check;
use pagewise::{
    decode_slice, Concatenated, Decode, Error, Pause, Xz, XzBlock, XzFooter, XzIndex, XzRecord,
};

/// More bytes than any file here has.
const LIMIT: usize = 1 << 20;

/// The result of the decoder of whole files.
fn in_order(file: &[u8]) -> Result<Vec<u8>, Error> {
    let mut decoder = Box::new(Concatenated::<Xz>::default());
    let mut output = vec![0; LIMIT];
    let decoded = decode_slice(&mut *decoder, file, &mut output)?;
    assert_eq!(decoded.consumed, file.len());
    output.truncate(decoded.written);
    Ok(output)
}

/// Three blocks with filters, and without.
fn blocks() -> Vec<Block> {
    vec![
        Block::stored(CONTENT).with_sizes(),
        Block::encoded(&[(X86, vec![])], &[0xe8; 99]),
        Block::encoded(&[(DELTA, vec![1])], &data::text(200)).with_sizes(),
    ]
}

fn content(blocks: &[Block]) -> Vec<u8> {
    blocks.iter().flat_map(|block| block.content.clone()).collect()
}

#[test]
fn ranges_are_those_of_the_blocks() {
    for check in CHECKS {
        let blocks = blocks();
        let file = xz::stream(check, &blocks);
        let index = XzIndex::at_end(&file).unwrap().unwrap();
        assert_eq!(index.input(), 0..file.len() as u64);
        assert_eq!(index.blocks(), 3);
        assert_eq!(index.uncompressed_size(), content(&blocks).len() as u64);
        let records: Vec<XzRecord> = index.records().collect();
        assert_eq!(records.len(), 3);
        let (mut input, mut output) = (12, 0);
        for (record, block) in records.iter().zip(&blocks) {
            let bytes = block.to_bytes(check);
            assert_eq!(record.input(), input..input + bytes.len() as u64);
            assert_eq!(record.output(), output..output + block.content.len() as u64);
            (input, output) = (record.input().end, record.output().end);
        }
        assert_eq!(by_blocks(&file, LIMIT).unwrap(), content(&blocks), "check {check}");
    }
}

#[test]
fn files_of_an_encoder() {
    for (length, size) in
        [(0, 1000), (1, 1000), (100_000, 4096), (100_000, 7777), (300_000, 1 << 16)]
    {
        let content = data::text(length);
        for check in [Check::None, Check::Crc32, Check::Crc64, Check::Sha256] {
            let contents: Vec<&[u8]> = content.chunks(size).collect();
            let file = encode_blocks(&lzma2(&mut small_options()), check, &contents);
            let index = XzIndex::at_end(&file).unwrap().unwrap();
            assert_eq!(index.blocks(), length.div_ceil(size) as u64);
            assert!(by_blocks(&file, LIMIT).unwrap() == content, "{length} by {size}");
            // Several streams, with padding between them and after them.
            let twice = [&file[..], &[0; 8], &file, &[0; 4]].concat();
            assert!(by_blocks(&twice, LIMIT).unwrap() == content.repeat(2), "{length} by {size}");
        }
    }
    assert!(XzIndex::at_end(&[]).unwrap().is_none());
}

/// With a byte changed, removed or added, which need not be damage, both judge alike.
#[test]
fn damage_is_seen_by_both() {
    let (one, three) = (&blocks()[..1], &blocks()[..]);
    for check in [NO_CHECK, CRC32, CRC64, SHA256] {
        let file = [xz::stream(check, three), vec![0; 4], xz::stream(check, one)].concat();
        let same = |file: &[u8], what: &str| {
            let (whole, split) = (in_order(file), by_blocks(file, LIMIT));
            assert_eq!(whole.is_ok(), split.is_ok(), "{what}: {whole:?}, {split:?}");
            assert!(whole.is_err() || whole == split, "{what}");
        };
        for at in 0..file.len() {
            for flip in [1, 0x80] {
                let mut file = file.clone();
                file[at] ^= flip;
                same(&file, &format!("check {check}, {at} by {flip}"));
            }
            same(&file[..at], &format!("check {check}, cut at {at}"));
            same(
                &[&file[..at], &[0], &file[at..]].concat(),
                &format!("check {check}, more at {at}"),
            );
        }
        for tail in [&b"x"[..], &[0], &[0; 3], &[0; 4], &[0; 5], b"\0\0\0\0x", &file[..12]] {
            same(&[&file, tail].concat(), &format!("check {check}, then {tail:?}"));
            same(&[tail, &file].concat(), &format!("check {check}, after {tail:?}"));
        }
    }
}

/// `blocks` with an Index that has right padding and a right CRC32, but other records.
fn lying(records: &[(u64, u64)]) -> Vec<u8> {
    stream_with(CRC32, &blocks(), &index(records.len() as u64, records))
}

#[test]
fn lying_records() {
    let good: Vec<(u64, u64)> = blocks().iter().map(|block| block.record(CRC32)).collect();
    assert!(in_order(&lying(&good)).is_ok() && by_blocks(&lying(&good), LIMIT).is_ok());
    let mut lies = Vec::new();
    for at in 0..good.len() {
        for by in [1, 3, 4, 8, 1 << 20, (1 << 62) - 1] {
            let (unpadded, uncompressed) = good[at];
            for other in [
                (unpadded + by, uncompressed),
                (unpadded.saturating_sub(by), uncompressed),
                (unpadded, uncompressed + by),
                (unpadded, uncompressed.saturating_sub(by)),
            ] {
                let mut records = good.clone();
                records[at] = other;
                lies.push(records);
            }
        }
        let mut fewer = good.clone();
        fewer.remove(at);
        lies.push(fewer);
        let mut more = good.clone();
        more.insert(at, (8, 0));
        lies.push(more);
    }
    // Right sums of wrong sizes.
    let [(a, b), (c, d), (e, f)] = good[..] else { unreachable!() };
    lies.extend([
        vec![(c, d), (a, b), (e, f)],
        vec![(a + 4, b), (c - 4, d), (e, f)],
        vec![(a, b + 1), (c, d - 1), (e, f)],
        vec![(a, b), (c.next_multiple_of(4) + e, d + f)],
        vec![],
    ]);
    for records in lies {
        let file = lying(&records);
        let (whole, split) = (in_order(&file), by_blocks(&file, LIMIT));
        assert!(
            matches!(whole, Err(Error::XzRecord | Error::XzRecordCount)),
            "{records:?}: {whole:?}"
        );
        // A block that starts elsewhere can show any damage.
        assert!(split.is_err(), "{records:?}");
    }
}

#[test]
fn hostile_indexes() {
    let of = |index: &[u8]| {
        let file = stream_with(CRC32, &blocks(), index);
        let error = XzIndex::at_end(&file).unwrap_err();
        assert!(in_order(&file).is_err());
        error
    };
    // Counts that no file can have.
    for count in [4, 1 << 20, (1 << 63) - 1] {
        // Padding can look like a size, which is then too small.
        let error = of(&index(count, &[(40, 1); 3]));
        assert!(matches!(error, Error::XzRecordCount | Error::XzRecord), "{error:?}");
    }
    let count = integer(3);
    assert_eq!(of(&index_of(&[&count[..], &[0x80; 9]].concat())), Error::XzInteger);
    assert_eq!(of(&index_of(&[&count[..], &[40, 0x80, 0]].concat())), Error::XzInteger);
    assert_eq!(
        of(&index_of(&[&count[..], &[40, 1, 40, 1, 40, 0x81]].concat())),
        Error::XzRecordCount
    );
    assert_eq!(of(&index_of(&[1, 40, 1, 1, 1, 1, 1, 1])), Error::XzRecordCount);
    assert_eq!(of(&index_of(&[1, 40, 0x81, 1, 7])), Error::XzIndexPadding);
    assert_eq!(of(&index(1, &[(4, 1)])), Error::XzRecord);
    // Sums that overflow, and blocks that would start before the file.
    assert_eq!(of(&index(2, &[(1 << 62, 1), (1 << 62, 1)])), Error::XzRecord);
    assert_eq!(of(&index(2, &[(40, 1 << 62), (40, 1 << 62)])), Error::XzRecord);
    assert_eq!(of(&index(1, &[(4000, 1)])), Error::XzRecord);
    // Blocks that end where there is no header.
    assert_eq!(of(&index(1, &[(40, 1)])), Error::XzMagic);
}

#[test]
fn footers() {
    let good = xz::stream(CRC32, &blocks());
    let end = good.len() as u64;
    let footer = |footer: &[u8], end| XzFooter::new(footer.try_into().unwrap(), end);
    let last = |file: &[u8]| file[file.len() - 12..].to_vec();
    assert!(footer(&last(&good), end).is_ok());
    assert_eq!(footer(&last(&good), 11), Err(Error::Truncated));
    assert_eq!(footer(&last(&good), 12), Err(Error::XzBackwardSize));
    assert_eq!(footer(&stream_footer(1 << 34, [0, CRC32]), end), Err(Error::XzBackwardSize));
    assert_eq!(footer(&stream_footer(8, [1, CRC32]), end), Err(Error::XzFooterFlags));
    assert_eq!(footer(&stream_footer(8, [0, 0x10]), end), Err(Error::XzFooterFlags));
    assert_eq!(footer(&[0; 12], end), Err(Error::XzFooterMagic));
    let mut damaged = last(&good);
    damaged[4] ^= 1;
    assert_eq!(footer(&damaged, end), Err(Error::XzFooterCrc32));

    // Other bytes than it asks for.
    let footer = footer(&last(&good), end).unwrap();
    let range = footer.index().start as usize..footer.index().end as usize;
    assert!(XzIndex::new(&footer, &good[range.clone()]).is_ok());
    assert_eq!(XzIndex::new(&footer, &[]).unwrap_err(), Error::XzBackwardSize);
    let short = XzIndex::new(&footer, &good[range.start..range.end - 4]);
    assert_eq!(short.unwrap_err(), Error::XzBackwardSize);
    let elsewhere = XzIndex::new(&footer, &good[range.start - 4..range.end - 4]);
    assert_eq!(elsewhere.unwrap_err(), Error::XzBackwardSize);

    // A header with another check.
    let index = XzIndex::new(&footer, &good[range]).unwrap();
    let header = |flags| stream_header(flags).try_into().unwrap();
    assert_eq!(index.check_header(&header([0, CRC32])), Ok(()));
    assert_eq!(index.check_header(&header([0, CRC64])), Err(Error::XzFooterFlags));
    assert_eq!(index.check_header(&header([1, CRC32])), Err(Error::XzStreamFlags));
}

/// A block is compared with its record as soon as its chunks exceed it, and at its end.
#[test]
fn records_of_other_sizes() {
    let content = data::random(5 * PAGE);
    let mut chunks = xz::Chunks::new();
    for (index, bytes) in content.chunks(PAGE).enumerate() {
        chunks.stored(index == 0, bytes);
    }
    let block = chunks.block();
    let (unpadded, uncompressed) = block.record(CRC32);
    let bytes = block.to_bytes(CRC32);
    let decode = |records: &[(u64, u64)]| {
        // Before the Index there is room for a block as long as the record says.
        let index = index(records.len() as u64, records);
        let file = [vec![0; 1 << 16], index.clone(), stream_footer(index.len() as u64, [0, CRC32])];
        let file = file.concat();
        let footer = XzFooter::new(file[file.len() - 12..].try_into().unwrap(), file.len() as u64);
        let index = XzIndex::new(&footer.unwrap(), &index).unwrap();
        let mut decoder = XzBlock::for_record(&index.records().next().unwrap());
        let mut pages = vec![[0; PAGE]; 6];
        let result = decoder.decode(&bytes, &mut pages);
        (result, decoder.written())
    };
    let (result, written) = decode(&[(unpadded, uncompressed)]);
    assert_eq!(result.map(|progress| progress.pause), Ok(Pause::Done));
    assert_eq!(written, uncompressed);
    let page = PAGE as u64;
    for (record, decoded) in [
        ((unpadded, uncompressed + 1), uncompressed),
        ((unpadded + 1, uncompressed), uncompressed),
        ((unpadded - 1, uncompressed), uncompressed),
        ((unpadded, uncompressed - 1), uncompressed - page),
        ((unpadded, 2 * page), 2 * page),
        ((unpadded, 0), 0),
        ((unpadded - 3 * page, uncompressed), 2 * page),
        ((5, uncompressed), 0),
    ] {
        let (result, written) = decode(&[record]);
        assert_eq!(result, Err(Error::XzRecord), "{record:?}");
        assert_eq!(written, decoded, "{record:?}");
    }
}

#[test]
fn one_decoder_for_many_blocks() {
    let blocks = blocks();
    let file = xz::stream(SHA256, &blocks);
    let index = XzIndex::at_end(&file).unwrap().unwrap();
    let records: Vec<XzRecord> = index.records().collect();
    let bytes =
        |record: &XzRecord| &file[record.input().start as usize..record.input().end as usize];
    let mut decoder = XzBlock::new();
    let mut output = [0; 256];
    // Without a record there is no block.
    let fresh = decode_slice(&mut decoder, bytes(&records[0]), &mut output);
    assert_eq!(fresh, Err(Error::XzRecord));
    for order in [[2, 0, 1], [0, 1, 2], [1, 1, 1]] {
        for at in order {
            decoder.begin(&records[at]);
            for _ in 0..2 {
                let decoded = decode_slice(&mut decoder, bytes(&records[at]), &mut output).unwrap();
                assert_eq!(decoded.consumed, bytes(&records[at]).len());
                assert!(output[..decoded.written] == blocks[at].content, "block {at}");
                assert_eq!(decoder.info().blocks, 1);
            }
        }
        // Another block's record.
        decoder.begin(&records[0]);
        assert!(decode_slice(&mut decoder, bytes(&records[2]), &mut output).is_err());
    }
}

#[test]
fn pages_of_a_block() {
    let aligned = Block::stored(&data::random(2 * PAGE));
    let odd = Block::stored(&data::random(PAGE + 1));
    let file = xz::stream(CRC32, &[aligned.clone(), odd.clone(), aligned]);
    let records: Vec<XzRecord> = XzIndex::at_end(&file).unwrap().unwrap().records().collect();
    assert_eq!(records[0].pages(PAGE), Ok(0..2));
    assert_eq!(records[1].pages(PAGE), Ok(2..4));
    assert_eq!(records[2].pages(PAGE), Err(Error::PageShape));
    assert_eq!(records[0].pages(PAGE + 1), Err(Error::PageShape));
    assert_eq!(records[0].pages(0), Err(Error::PageShape));
    assert_eq!(records[1].pages(2 * PAGE), Ok(1..2));
    assert_eq!(records[1].pages(4 * PAGE), Err(Error::PageShape));
}
