// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Other crates' decoders behind `Decode`: they keep its rules, and judge as this crate does, except for the
//! gaps that they have.

use crate::common::cut::check_prefixes;
use crate::common::data::{self, encode_c, Random, Wrapper};
use crate::common::feed::Holding;
use crate::common::libzstd::{encode, encode_pieces};
use crate::common::lzma::{alone, alone_of, random_symbols, Encoder, END_MARKER};
use crate::common::splits::{check, done, failed};
use crate::common::xz::{
    self, lzma2, preset, small_options, Block, Chunks, Reset, CRC32, NO_CHECK,
};
use crate::common::zstd::skippable;
use liblzma::stream::Check;
use pagewise::oracle;
use pagewise::{
    decode_slice, Carry, Concatenated, Decode, Deflate, Error, Format, Gzip, Lzma, Xz, Zlib, Zstd,
};
use zstd_safe::CParameter::{ChecksumFlag, CompressionLevel, WindowLog};

impl Holding for oracle::Gzip {}
impl Holding for oracle::Zlib {}
impl Holding for oracle::Deflate {}
impl Holding for oracle::Xz {}
impl Holding for oracle::Lzma {}
impl Holding for oracle::Zstd {}

/// More bytes than any of the streams stands for, good or damaged.
const ROOM: usize = 1 << 21;

/// Two decoders, and how often each verdict occurred.
struct Pair<N, O> {
    native: N,
    oracle: O,
    outputs: [Vec<u8>; 2],
    good: usize,
    bad: usize,
    /// For each error that the oracle does not see, how often it did not.
    unseen: Vec<(Error, usize)>,
}

impl<N: Decode, O: Decode> Pair<N, O> {
    /// The errors that the package does not see are documented at the oracle's type, and pinned one by one in
    /// `gaps.rs`.
    fn new(native: N, oracle: O, unseen: &[Error]) -> Self {
        let unseen = unseen.iter().map(|&error| (error, 0)).collect();
        Self { native, oracle, outputs: [vec![0; ROOM], vec![0; ROOM]], good: 0, bad: 0, unseen }
    }

    /// Checks that both accept `stream`, with the same bytes and up to the same byte; or neither does; or its
    /// damage is of a kind that the oracle does not see.
    fn agree(&mut self, stream: &[u8]) {
        let [a, b] = &mut self.outputs;
        self.native.reset();
        self.oracle.reset();
        let native = decode_slice(&mut self.native, stream, a);
        let oracle = decode_slice(&mut self.oracle, stream, b);
        match (native, oracle) {
            (Ok(decoded), Ok(_)) => {
                assert_eq!(native, oracle, "left native, right oracle: {stream:x?}");
                assert!(a[..decoded.written] == b[..decoded.written], "{stream:x?}");
                self.good += 1;
            }
            (Err(error), Ok(_)) => {
                let known = self.unseen.iter_mut().find(|(unseen, _)| *unseen == error);
                known.unwrap_or_else(|| panic!("not seen: {error:?}: {stream:x?}")).1 += 1;
            }
            (Ok(_), Err(error)) => panic!("good, but for the oracle {error:?}: {stream:x?}"),
            (Err(_), Err(_)) => self.bad += 1,
        }
    }

    /// Checks all `streams`, which are good, and then each in `rounds` damaged ones, whose checksums `repair`
    /// may make right again.
    fn agree_on_mutations(
        mut self,
        streams: &[Vec<u8>],
        rounds: usize,
        repair: impl Fn(usize, &mut [u8]),
    ) {
        streams.iter().for_each(|stream| self.agree(stream));
        assert_eq!(self.good, streams.len(), "all are good as they are");
        let mut random = Random(5);
        for round in 0..rounds {
            let index = round % streams.len();
            let mut stream = streams[index].clone();
            // Headers decide more than the data behind them.
            let reach = if random.below(2) == 0 { stream.len().min(60) } else { stream.len() };
            for _ in 0..1 + random.below(3) {
                stream[random.below(reach)] ^= 1 << random.below(8);
            }
            repair(index, &mut stream);
            match random.below(4) {
                0 => stream.truncate(random.below(stream.len() + 1)),
                1 => {}
                _ => stream.extend(random.bytes(40)),
            }
            self.agree(&stream);
        }
        assert!(self.bad > rounds / 4, "{} of {rounds} are bad", self.bad);
        for (error, times) in self.unseen {
            assert!(times > 0, "{error:?} was seen, or did not come up");
        }
    }
}

fn unrepaired(_: usize, _: &mut [u8]) {}

/// Contents of all kinds: prose, runs, copies from far away, and bytes that do not compress.
fn contents() -> Vec<Vec<u8>> {
    let mixed = [data::text(90_000), data::random(5_000), data::runs(60_000)].concat();
    vec![Vec::new(), data::text(1), mixed, data::periodic(32_768, 100_000), data::elf(300_000)]
}

fn content() -> Vec<u8> {
    [data::text(400), data::runs(300), data::text(100)].concat()
}

#[test]
fn deflate() {
    let mut streams = Vec::new();
    for content in contents() {
        for (level, window_bits) in [(0, 15), (1, 15), (6, 15), (9, 15), (6, 9)] {
            streams.push(encode_c(Wrapper::Deflate, &content, level, window_bits));
        }
    }
    let mut pair = Pair::new(Deflate::new(), oracle::Deflate::new(), &[]);
    streams.iter().for_each(|stream| pair.agree(stream));
    assert_eq!(pair.good, streams.len());
    let small = [0, 1, 6, 9].map(|level| encode_c(Wrapper::Deflate, &content(), level, 15));
    Pair::new(Deflate::new(), oracle::Deflate::new(), &[])
        .agree_on_mutations(&small, 30_000, unrepaired);
}

#[test]
fn zlib() {
    let streams = [0, 1, 6, 9].map(|level| encode_c(Wrapper::Zlib, &content(), level, 15));
    // The check is the last field, so it is right again if it is put last.
    let repair = |_: usize, stream: &mut [u8]| {
        let mut output = vec![0; ROOM];
        let mut decoder = Deflate::new();
        let at = stream.len() - 4;
        if let Ok(decoded) = decode_slice(&mut decoder, &stream[2..at], &mut output) {
            let adler = zlib_rs::adler32::adler32(1, &output[..decoded.written]);
            stream[2 + decoded.consumed..][..4].copy_from_slice(&adler.to_be_bytes());
        }
    };
    Pair::new(Zlib::new(), oracle::Zlib::new(), &[]).agree_on_mutations(&streams, 20_000, repair);
}

#[test]
fn gzip() {
    let streams = [0, 1, 6, 9].map(|level| encode_c(Wrapper::Gzip, &content(), level, 15));
    Pair::new(Gzip::new(), oracle::Gzip::new(), &[])
        .agree_on_mutations(&streams, 10_000, unrepaired);
}

#[test]
fn xz() {
    let mut pair = Pair::new(Xz::new(), oracle::Xz::new(), &[]);
    let checks = [Check::None, Check::Crc32, Check::Crc64];
    for (index, content) in contents().iter().enumerate() {
        for level in [0, 6, 9] {
            let mut options = preset(level, 4096 << index);
            pair.agree(&xz::encode(&lzma2(&mut options), checks[index % 3], content));
        }
    }
    // Chunks that keep, or reset, whatever they can.
    let mut random = Random(4);
    for round in 0..200 {
        let (mut chunks, mut history) = (Chunks::new(), 0);
        for number in 0..5 {
            let resets = [Reset::Dictionary, Reset::Properties, Reset::State, Reset::Nothing];
            let reset = if number == 0 { resets[0] } else { resets[random.below(4)] };
            if matches!(reset, Reset::Dictionary | Reset::Properties) {
                let (lc, lp) = [(3, 0), (0, 0), (4, 0), (0, 4), (1, 2)][random.below(5)];
                chunks.encoder.set_properties(lc, lp, random.below(5) as u32);
            }
            history *= usize::from(reset != Reset::Dictionary);
            let before = chunks.encoder.content().len() - history;
            chunks.lzma(reset, &random_symbols(&mut random, 40, history));
            if round % 2 == 0 {
                chunks.stored(false, b"stored bytes");
            }
            history = chunks.encoder.content().len() - before;
        }
        pair.agree(&xz::stream(CRC32, &[chunks.block(), Block::stored(b"another").with_sizes()]));
    }
    assert_eq!((pair.good, pair.bad), (215, 0));

    let streams = [
        xz::encode(&lzma2(&mut small_options()), Check::None, &content()),
        xz::encode(&lzma2(&mut small_options()), Check::Crc64, &content()),
        xz::stream(NO_CHECK, &[Block::stored(b"abcdef"), Block::stored(b"xyz").with_sizes()]),
    ];
    let fields = streams.each_ref().map(|stream| xz::crc_fields(stream));
    let unseen = [
        Error::XzInteger,
        Error::XzFilterProperties,
        Error::XzBackwardSize,
        Error::Lzma2Dictionary,
        Error::Lzma2ChunkSize,
        Error::LzmaFirstByte,
        Error::LzmaEnd,
    ];
    Pair::new(Xz::new(), oracle::Xz::new(), &unseen).agree_on_mutations(
        &streams,
        60_000,
        |index, stream| xz::repair(stream, &fields[index]),
    );
}

#[test]
fn lzma() {
    let mut random = Random(1);
    let mut files = vec![alone_of(&random_symbols(&mut random, 9000, 0), 1 << 16, true)];
    for round in 0..40 {
        let (lc, lp) = [(0, 0), (3, 0), (4, 0), (0, 4), (2, 2), (1, 3)][round % 6];
        let mut encoder = Encoder::new(lc, lp, round as u32 % 5);
        encoder.symbols(&random_symbols(&mut random, 300, 0));
        let size = (round % 2 == 0).then_some(encoder.content().len() as u64);
        if size.is_none() {
            encoder.symbol(END_MARKER);
        }
        files.push(alone(encoder.properties(), 1 << 16, size, &encoder.finish()));
    }
    // Where the range coder is not at its end, this crate waits for an end marker.
    let unseen = [Error::LzmaProperties, Error::LzmaFirstByte, Error::LzmaEnd, Error::Truncated];
    Pair::new(Lzma::new(), oracle::Lzma::new(), &unseen)
        .agree_on_mutations(&files, 30_000, unrepaired);
}

#[test]
fn zstd() {
    let mut pair = Pair::new(Zstd::new(), oracle::Zstd::new(), &[]);
    for content in contents() {
        for level in [-3, 1, 3, 9, 19] {
            pair.agree(&encode(&[CompressionLevel(level), ChecksumFlag(true)], &content));
            pair.agree(&encode(&[CompressionLevel(level), WindowLog(10)], &content));
        }
    }
    pair.agree(&skippable(3, b"some data"));
    pair.agree(&skippable(15, b""));
    assert_eq!((pair.good, pair.bad), (52, 0));

    let text = data::text(3000);
    let mut frames = Vec::new();
    for level in [-3, 1, 3, 9, 19] {
        frames.push(encode(&[CompressionLevel(level), ChecksumFlag(true)], &content()));
        frames.push(encode(&[CompressionLevel(level), ChecksumFlag(false)], &content()));
        frames.push(encode(&[CompressionLevel(level), WindowLog(10)], &text));
        frames.push(encode_pieces(&[CompressionLevel(level)], &[&text[..700], &text[700..]]));
    }
    let unseen = [
        Error::ZstdContentSize,
        Error::ZstdReservedBit,
        Error::ZstdBlockSize,
        Error::ZstdHuffmanStream,
        Error::ZstdSequencesHeader,
    ];
    Pair::new(Zstd::new(), oracle::Zstd::new(), &unseen)
        .agree_on_mutations(&frames, 100_000, unrepaired);
}

/// Checks splits and prefixes of a good stream; and splits of the stream with a wrong bit.
fn check_rules<D: Holding>(fresh: fn() -> D, name: &str, stream: &[u8], content: &[u8]) {
    check(fresh, name, stream, &done(stream, content.to_vec()));
    check_prefixes(fresh, stream, content);
    let mut failures = 0;
    for (at, bit) in [(0, 1), (1, 2), (6, 3), (stream.len() / 2, 1), (stream.len() - 5, 3)] {
        let mut bad = stream.to_vec();
        bad[at] ^= 1 << bit;
        let mut output = vec![0; ROOM];
        let mut decoder = fresh();
        let Err(error) = decode_slice(&mut decoder, &bad, &mut output) else { continue };
        if error == Error::Truncated {
            continue;
        }
        let written = decoder.written() as usize;
        let expected = failed(fresh(), &bad, &output[..written], error);
        check(fresh, &format!("{name}, bit {bit} of byte {at}"), &bad, &expected);
        failures += 1;
    }
    assert!(failures > 0, "{name}: one must be noticed");
}

#[test]
fn results_do_not_depend_on_splits() {
    let content = [data::text(9_000), data::runs(9_000), data::random(500)].concat();
    let of = |wrapper| encode_c(wrapper, &content, 6, 15);
    check_rules(oracle::Deflate::new, "deflate", &of(Wrapper::Deflate), &content);
    check_rules(oracle::Zlib::new, "zlib", &of(Wrapper::Zlib), &content);
    check_rules(oracle::Gzip::new, "gzip", &of(Wrapper::Gzip), &content);
    let frame = encode(&[CompressionLevel(3), WindowLog(10), ChecksumFlag(true)], &content);
    check_rules(oracle::Zstd::new, "zstd", &frame, &content);
    let stream = xz::encode(&lzma2(&mut small_options()), Check::Crc32, &content);
    check_rules(oracle::Xz::new, "xz", &stream, &content);
    // Each call decodes from the start.
    let symbols = random_symbols(&mut Random(3), 4000, 0);
    let content = crate::common::lzma::expand(&symbols);
    for marked in [true, false] {
        let file = alone_of(&symbols, 1 << 12, marked);
        check_rules(oracle::Lzma::new, &format!("lzma, {marked}"), &file, &content);
    }
}

/// Checks a `file` of several members of `format`, with `rest` trailing bytes that are no part of it.
fn check_file<D: pagewise::Members>(decoder: D, format: Format, file: &[u8], rest: usize) {
    let mut decoder: Carry<Concatenated<D>> = Carry::new(Concatenated::new(decoder));
    let mut output = [0; 1000];
    let decoded = decode_slice(&mut decoder, file, &mut output).unwrap();
    assert_eq!((decoded.consumed, decoded.written), (file.len() - rest, 18));
    assert_eq!(&output[..18], b"a memberand a last");
    assert_eq!(decoder.get_ref().members(), 2);
    assert_eq!(decoder.info().format, Some(format));
    assert!(decoder.window() > Some(0));
}

#[test]
fn files_are_members() {
    let [a, b] = [&b"a member"[..], b"and a last"];
    let gzip = |content| encode_c(Wrapper::Gzip, content, 6, 15);
    check_file(
        oracle::Gzip::new(),
        Format::Gzip,
        &[gzip(a), gzip(b), b"tail".to_vec()].concat(),
        4,
    );
    let xz = |content| xz::encode(&lzma2(&mut small_options()), Check::Crc64, content);
    check_file(oracle::Xz::new(), Format::Xz, &[xz(a), vec![0; 4], xz(b), vec![0; 8]].concat(), 0);
    let zstd = |content| encode(&[CompressionLevel(3)], content);
    check_file(oracle::Zstd::new(), Format::Zstd, &[zstd(a), zstd(b)].concat(), 0);
}

/// A stream whose header asks for `window` bytes.
fn check_window<D: Decode>(mut decoder: D, stream: &[u8], window: u64) {
    let mut output = [0; 100];
    decoder.limit_window(window);
    assert!(decode_slice(&mut decoder, stream, &mut output).is_ok());
    assert_eq!(decoder.window(), Some(window));
    decoder.reset();
    decoder.limit_window(window - 1);
    let refused = decode_slice(&mut decoder, stream, &mut output);
    assert_eq!((refused, decoder.written()), (Err(Error::WindowLimit), 0));
}

#[test]
fn windows_have_a_limit() {
    let content = &data::text(50);
    check_window(oracle::Zlib::new(), &encode_c(Wrapper::Zlib, content, 6, 15), 32 << 10);
    check_window(oracle::Gzip::new(), &encode_c(Wrapper::Gzip, content, 6, 15), 32 << 10);
    check_window(oracle::Xz::new(), &xz::stream(CRC32, &[Block::stored(content)]), 1 << 20);
    let with_sizes = xz::stream(CRC32, &[Block::stored(content).with_sizes()]);
    check_window(oracle::Xz::new(), &with_sizes, 1 << 20);
    let symbols = crate::common::lzma::literals(content);
    check_window(oracle::Lzma::new(), &alone_of(&symbols, 1 << 16, true), 1 << 16);
    check_window(oracle::Lzma::new(), &alone_of(&symbols, 1, true), 4096);
    check_window(oracle::Zstd::new(), &encode(&[CompressionLevel(3)], content), 50);
    let of_unknown_size = encode_pieces(&[WindowLog(12)], &[content, b""]);
    check_window(oracle::Zstd::new(), &of_unknown_size, 4096);
}
