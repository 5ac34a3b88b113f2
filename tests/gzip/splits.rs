// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The result never depends on how input and pages are split over calls.

use crate::common::bits::{expand, literals, BitWriter, Codes, Op};
use crate::common::data::{self, encode_c, encode_rs, gzip, zlib, GzipHeader, Wrapper};
use crate::common::feed::{feed, Outcome, Plan, Verdict};
use crate::common::splits::{check, compare, done, failed, PAGES};
use pagewise::{Any, Carry, Concatenated, Decode, Deflate, Error, Gzip, Zlib};
use zlib_rs::{DeflateConfig, Strategy};

#[test]
fn gzip_members() {
    let content = data::text(100_000);
    let raw = encode_c(Wrapper::Deflate, &content, 6, 15);
    let file = gzip(&GzipHeader::full(), &raw, &content);
    check(Gzip::new, "text", &file, &done(&file, content.clone()));
    check(Any::new, "text, any format", &file, &done(&file, content));

    let content = data::elf(150_000);
    let file = encode_c(Wrapper::Gzip, &content, 9, 15);
    check(Gzip::new, "elf", &file, &done(&file, content));

    // 300 bytes of input for many pages of 64 KiB.
    let content = vec![0; 400_000];
    let file = encode_c(Wrapper::Gzip, &content, 9, 15);
    check(Gzip::new, "zeros", &file, &done(&file, content));
}

#[test]
fn zlib_streams() {
    // Windows of 512 bytes to 32 KiB: pages are released as soon as the small ones have passed.
    for (window_bits, level) in [(9, 9), (10, 1), (12, 6), (15, 0)] {
        let content = [data::text(20_000), data::runs(10_000), data::random(5_000)].concat();
        let file = encode_c(Wrapper::Zlib, &content, level, window_bits);
        let name = format!("window bits {window_bits}, level {level}");
        check(Zlib::new, &name, &file, &done(&file, content.clone()));
        check(Any::new, &name, &file, &done(&file, content));
    }
}

#[test]
fn deflate_block_types() {
    // Two stored blocks of the largest size, and a third.
    let content = data::random(2 * 65_535 + 1000);
    let (first, rest) = content.split_at(65_535);
    let (second, third) = rest.split_at(65_535);
    let mut stream = BitWriter::new();
    stream.stored(false, first).stored(false, second).stored(true, third);
    let file = stream.finish();
    check(Deflate::new, "stored", &file, &done(&file, content));

    for strategy in [Strategy::Fixed, Strategy::HuffmanOnly, Strategy::Rle, Strategy::Filtered] {
        let content = [data::runs(12_000), data::text(9_000), data::periodic(33, 9_000)].concat();
        let config = DeflateConfig { strategy, ..DeflateConfig::new(6) };
        let file = encode_rs(Wrapper::Deflate, &content, config);
        check(Deflate::new, &format!("{strategy:?}"), &file, &done(&file, content));
    }

    // All types in turn, and empty blocks of each; stored blocks begin at every bit of a byte.
    let ops = literals(b"Fixed!");
    let litlen = [vec![8; 242], vec![9; 28]].concat();
    let (mut stream, mut content) = (BitWriter::new(), Vec::new());
    for round in 0..40 {
        stream.stored(false, &data::random(round)).stored(false, b"");
        let codes = stream.dynamic(false, &litlen, &[1, 1]);
        let dynamic = [literals(&data::text(round)), repeat(1, 3 + round % 7, round % 3)].concat();
        stream.ops(&codes, &dynamic).end(&codes);
        stream.fixed(false, &ops[..round % 7]).fixed(false, &[]);
        content.extend(data::random(round));
        content.extend(expand_behind(&content, &dynamic));
        content.extend(&b"Fixed!"[..round % 7]);
    }
    stream.fixed(true, &[]);
    let file = stream.finish();
    check(Deflate::new, "mixed", &file, &done(&file, content));
}

fn repeat(distance: usize, length: usize, times: usize) -> Vec<Op> {
    vec![Op::Copy { distance, length }; times]
}

/// `content`, and what `ops` append to it.
fn expand_behind(content: &[u8], ops: &[Op]) -> Vec<u8> {
    let all = expand(&[literals(content), ops.to_vec()].concat());
    all[content.len()..].to_vec()
}

#[test]
fn copies_over_page_ends() {
    // Long copies at all distances up to the farthest (RFC 1951, 3.2.5), which overlap themselves,
    // begin and end within pages and span several small ones.
    let mut ops = literals(&data::random(32_768));
    ops.extend(repeat(32_768, 258, 130));
    let mut random = data::Random(5);
    for bit in 0..15 {
        for _ in 0..24 {
            let distance = (1 << bit) + random.below(1 << bit);
            ops.push(Op::Copy { distance, length: 3 + random.below(256) });
            ops.push(Op::Copy { distance: 1 << bit, length: 258 });
            ops.push(Op::Literal(random.next() as u8));
        }
    }
    ops.extend(repeat(32_767, 257, 20));
    ops.extend(repeat(32_768, 3, 20));
    let file = BitWriter::new().fixed(true, &ops).finish();
    check(Deflate::new, "copies", &file, &done(&file, expand(&ops)));
}

#[test]
fn the_smallest_carry() {
    // A unit of input fits into the `Carry`, wherever its pieces end.
    let content = data::text(3_000);
    let raw = encode_c(Wrapper::Deflate, &content, 9, 15);
    let file = gzip(&GzipHeader::full(), &raw, &content).repeat(2);
    let content = content.repeat(2);
    let mut decoder: Carry<_, { Concatenated::<Gzip>::CARRY }> =
        Carry::new(Concatenated::new(Gzip::new()));
    for chunk in 1..40 {
        for page in PAGES {
            let plan = Plan { chunk, page, batch: 1, release: true, filtered: false };
            decoder.reset();
            let outcome = feed(&mut decoder, &file, &content, plan);
            compare("small carry", plan, &outcome, &done(&file, content.clone()));
        }
    }
}

#[test]
fn concatenated_members() {
    let content = data::text(30_000);
    let (a, b) = content.split_at(7_777);
    let a = encode_c(Wrapper::Gzip, a, 6, 15);
    let b = gzip(&GzipHeader::full(), &encode_c(Wrapper::Deflate, b, 1, 15), b);
    let empty = encode_c(Wrapper::Gzip, b"", 6, 15);
    let file = [&a[..], &empty, &b, &empty].concat();

    let expected = done(&file, content);
    let gzips = || Concatenated::new(Gzip::new());
    check(gzips, "members", &file, &expected);
    check(|| Concatenated::new(Any::new()), "members, any format", &file, &expected);

    // Trailing bytes, padding, and trailing bytes after padding, are no part of the output.
    check(gzips, "trailing", &[&file, &b"trailing"[..]].concat(), &expected);
    let padded = [&file[..], &[0; 700]].concat();
    let expected = Outcome { consumed: padded.len() as u64, ..expected };
    check(gzips, "padded", &padded, &expected);
    check(gzips, "padded, trailing", &[&padded[..], &a].concat(), &expected);
}

#[test]
fn truncated_streams() {
    let content = data::text(20_000);
    let file = encode_c(Wrapper::Gzip, &content, 6, 15);
    for missing in [1, 4, 8, 9, 500, file.len() - 10, file.len() - 3] {
        let file = &file[..file.len() - missing];
        let mut decoder: Carry<Gzip> = Carry::new(Gzip::new());
        let outcome = feed(&mut decoder, file, &content, Plan::WHOLE);
        assert_eq!(outcome.verdict, Verdict::Truncated);
        // How much of the input was consumed is the same too, including what a `Carry` holds.
        check(Gzip::new, &format!("{missing} bytes missing"), file, &outcome);
    }
}

#[test]
fn errors_in_wrappers() {
    let content = data::text(20_000);
    let file = encode_c(Wrapper::Gzip, &content, 6, 15);
    for (back, error) in [(8, Error::GzipCrc32), (1, Error::GzipIsize)] {
        let mut file = file.clone();
        let at = file.len() - back;
        file[at] ^= 0x10;
        check(Gzip::new, "trailer", &file, &failed(Gzip::new(), &file, &content, error));
    }
    let mut file = encode_c(Wrapper::Zlib, &content, 6, 15);
    *file.last_mut().unwrap() ^= 1;
    check(Zlib::new, "adler", &file, &failed(Zlib::new(), &file, &content, Error::ZlibAdler32));
}

#[test]
fn ends_in_deflate() {
    // Each end after output that fills several small pages, all of which must have been written.
    check_ends(&literals(&data::text(5_000)), true);
}

#[test]
fn ends_behind_a_copy_over_a_page_end() {
    let copy = |start| {
        let copy = Op::Copy { distance: 9, length: 258 };
        [literals(&data::text(start)), vec![copy]].concat()
    };
    for start in [10, 60, 63, 4_000, 4_090] {
        check_ends(&copy(start), true);
    }
    // The rounds of a flat buffer have ends too.
    for bits in 12..=14 {
        check_ends(&copy((1 << bits) - 100), false);
    }
}

/// Streams that are well-formed up to the end of `ops`, and not after it: everything that `ops`
/// stand for is written, in one piece and, if `split`, in others.
fn check_ends(ops: &[Op], split: bool) {
    let codes = Codes::fixed();
    let mut closed = BitWriter::new();
    closed.fixed(false, ops);
    let mut open = BitWriter::new();
    open.block(true, 1).ops(&codes, ops);

    let mut ends = vec![(Verdict::Truncated, closed.clone())];
    let mut end = |stream: &mut BitWriter, error| {
        // Bytes after the defect, so that the decoder does not stop because the input ends.
        ends.push((Verdict::Failed(error), stream.put(0, 64).clone()));
    };
    end(closed.clone().block(true, 3), Error::DeflateBlockType);
    end(closed.clone().block(true, 0), Error::DeflateStoredLength);
    end(closed.clone().counts(true, 287, 30, 19), Error::DeflateCodeCount);
    end(open.clone().symbol(&codes.litlen, 286), Error::DeflateLitlenSymbol);
    let length = open.symbol(&codes.litlen, 257);
    end(length.clone().symbol(&codes.distance, 30), Error::DeflateDistanceSymbol);
    end(length.symbol(&codes.distance, 29), Error::DistanceBeforeStart);

    let content = expand(ops);
    for (verdict, stream) in ends {
        let file = stream.finish();
        let name = format!("{verdict:?} after {} bytes", content.len());
        let whole = feed(&mut Deflate::new(), &file, &content, Plan::WHOLE);
        let expected =
            Outcome { verdict, consumed: whole.consumed, ..done(&file, content.clone()) };
        compare(&name, Plan::WHOLE, &whole, &expected);
        if split {
            check(Deflate::new, &name, &file, &expected);
        }
    }
}

#[test]
fn errors_in_headers() {
    let mut file = gzip(&GzipHeader::full(), &data::raw_literals(b"abc"), b"abc");
    let header = GzipHeader::full().to_bytes().len();
    file[header - 1] ^= 1;
    let error = failed(Gzip::new(), &file, b"", Error::GzipHeaderCrc);
    // CRC16 is the unit at fault.
    let expected = Outcome { consumed: header as u64 - 2, ..error };
    check(Gzip::new, "header CRC", &file, &expected);

    fn limited() -> Gzip {
        let mut decoder = Gzip::new();
        decoder.limit_window(32_767);
        decoder
    }
    file[header - 1] ^= 1;
    let error = failed(limited(), &file, b"", Error::WindowLimit);
    check(limited, "window limit", &file, &error);
}

#[test]
fn pages_that_fit_exactly() {
    // The stream's end is seen, and its check verified, without a page for bytes that do not come.
    for length in [0, 64, 128, 4096, 65_536] {
        let content = data::text(length);
        for file in [
            encode_c(Wrapper::Zlib, &content, 6, 15),
            zlib(7, &data::raw_literals(&content), &content),
        ] {
            let mut pages = vec![[0; 64]; length / 64];
            let progress = Zlib::new().decode(&file, &mut pages).unwrap();
            assert_eq!(progress.pause, pagewise::Pause::Done);
            assert!(pages.concat() == content);
        }
    }
}
