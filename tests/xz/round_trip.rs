// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What liblzma compresses comes back, whatever its settings.

use crate::common::data;
use crate::common::feed::{check_whole, PAGE};
use crate::common::xz::{
    self, encode, encode_blocks, fast, filters, lzma2, preset, run, small_options, Block, BRANCHES,
    CHECKS, DELTA,
};
use liblzma::stream::{self, LzmaOptions, MatchFinder, Mode, Stream, PRESET_EXTREME};
use pagewise::{decode_slice, Any, Check, Concatenated, Decode, Format, Lzma, Xz};

/// The decoders, made once.
struct Decoders {
    xz: Box<Xz>,
    lzma: Box<Lzma>,
    any: Box<Any>,
}

impl Decoders {
    fn new() -> Self {
        Self { xz: Box::default(), lzma: Box::default(), any: Box::default() }
    }

    fn xz(&mut self, stream: &[u8], content: &[u8], name: &str) {
        check_whole(&mut *self.xz, stream, content, name);
        check_whole(&mut *self.any, stream, content, name);
    }

    fn lzma(&mut self, file: &[u8], content: &[u8], name: &str) {
        check_whole(&mut *self.lzma, file, content, name);
        check_whole(&mut *self.any, file, content, name);
    }

    /// Checks the content in both formats.
    fn options(&mut self, options: &mut LzmaOptions, content: &[u8], name: &str) {
        let stream = encode(&lzma2(options), stream::Check::Crc32, content);
        self.xz(&stream, content, &format!("{name}, xz"));
        let file = run(Stream::new_lzma_encoder(options).unwrap(), content);
        self.lzma(&file, content, &format!("{name}, lzma"));
    }
}

/// Contents of up to a few pages.
fn shapes() -> Vec<(String, Vec<u8>)> {
    let mut shapes = Vec::new();
    for length in [0, 1, 2, 5, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE] {
        shapes.push((format!("{length} random bytes"), data::random(length)));
        shapes.push((format!("{length} bytes of text"), data::text(length)));
        shapes.push((format!("{length} bytes of runs"), data::runs(length)));
        shapes.push((format!("{length} zeros"), vec![0; length]));
    }
    for period in (1..=40).step_by(3) {
        shapes.push((format!("period {period}"), data::periodic(period, 2 * PAGE + 50)));
    }
    shapes
}

/// A mix of everything that the encoder treats differently.
fn mixed() -> Vec<u8> {
    [data::text(20_000), data::random(9_000), data::elf(9_000), data::text(12_000)].concat()
}

#[test]
fn presets() {
    let mut decoders = Decoders::new();
    let content = mixed();
    for level in 0..=9 {
        for extreme in [0, PRESET_EXTREME] {
            let name = format!("preset {level} {extreme:#x}");
            let encoder = Stream::new_easy_encoder(level | extreme, stream::Check::Crc64);
            decoders.xz(&run(encoder.unwrap(), &content), &content, &name);
            for (shape, content) in shapes() {
                let mut options = preset(level | extreme, 1 << 16);
                decoders.options(&mut options, &content, &format!("{name}, {shape}"));
            }
        }
    }
}

#[test]
fn properties() {
    let mut decoders = Decoders::new();
    let content = mixed();
    for (lc, lp) in (0..=4).flat_map(|lc| (0..=4 - lc).map(move |lp| (lc, lp))) {
        for pb in 0..=4 {
            let mut options = preset(1, 1 << 16);
            options.literal_context_bits(lc).literal_position_bits(lp).position_bits(pb);
            decoders.options(&mut options, &content, &format!("lc {lc}, lp {lp}, pb {pb}"));
        }
    }
    for finder in [
        MatchFinder::HashChain3,
        MatchFinder::HashChain4,
        MatchFinder::BinaryTree2,
        MatchFinder::BinaryTree3,
        MatchFinder::BinaryTree4,
    ] {
        for mode in [Mode::Fast, Mode::Normal] {
            for nice in [5, 64, 273] {
                let mut options = preset(6, 1 << 16);
                options.match_finder(finder).mode(mode).nice_len(nice);
                decoders.options(&mut options, &content, &format!("{finder:?}, {mode:?}, {nice}"));
            }
        }
    }
}

#[test]
fn dictionaries() {
    let mut decoders = Decoders::new();
    // Repetitions from within small dictionaries, from their ends, and from beyond.
    let content = [data::text(3_000), data::random(3_000)].concat().repeat(6);
    for bits in 12..=26 {
        for size in [1 << bits, 3 << (bits - 1)] {
            let mut options = preset(0, size);
            decoders.options(fast(&mut options), &content, &format!("dictionary of {size}"));
            assert_eq!(decoders.xz.window(), Some(u64::from(size)));
            assert_eq!(decoders.lzma.window(), Some(u64::from(size)));
        }
    }
}

#[test]
fn machine_code() {
    let mut decoders = Decoders::new();
    let content = data::elf(2 << 20);
    assert!(content.starts_with(b"\x7fELF") && content.len() > 1 << 20);
    let mut options = preset(1, 1 << 20);
    decoders.options(&mut options, &content, "no filter");
    let mut chain = filters(&[(xz::X86, vec![])]);
    let stream = encode(chain.lzma2(&options), stream::Check::Sha256, &content);
    decoders.xz(&stream, &content, "x86");
}

/// All filters, with start offsets and distances.
fn all_filters() -> Vec<(u64, Vec<u8>)> {
    let mut all = Vec::new();
    for (id, alignment) in BRANCHES {
        all.push((id, vec![]));
        for start in [0, alignment, 0x1000, 0x7fff_fff0, 0xffff_fff0] {
            all.push((id, start.to_le_bytes().to_vec()));
        }
    }
    all.extend([1, 2, 3, 4, 255, 256].map(|distance| (DELTA, vec![(distance - 1) as u8])));
    all
}

#[test]
fn every_filter() {
    let mut decoders = Decoders::new();
    let full = [data::elf(60_000), data::random(60_000)].concat();
    for filter in all_filters() {
        for length in [0, 1, 3, 4, 5, 15, 16, 17, 256, 257, 4096, 4099, full.len()] {
            let name = format!("filter {filter:x?}, {length} bytes");
            let content = &full[full.len() - length..];
            let block = Block::encoded(std::slice::from_ref(&filter), content);
            let blocks = std::slice::from_ref(&block);
            decoders.xz(&xz::stream(xz::CRC32, blocks), content, &name);
            decoders.xz(&xz::stream(xz::NO_CHECK, blocks), content, &name);
            if length > 4099 {
                // The encoder did change something.
                let lzma2 = vec![block.filters[1].clone()];
                let bare = xz::stream(xz::NO_CHECK, &[Block { filters: lzma2, ..block }]);
                let mut output = vec![0; length];
                decoders.xz.reset();
                assert!(decode_slice(&mut *decoders.xz, &bare, &mut output).is_ok(), "{name}");
                assert!(output != content, "{name}");
            }
        }
    }
}

#[test]
fn chains() {
    let mut decoders = Decoders::new();
    let content = [data::elf(12_000), data::random(12_000)].concat();
    let all = all_filters();
    let mut random = data::Random(3);
    for length in 1..=3 {
        for round in 0..60 {
            let chain: Vec<_> = (0..length).map(|_| all[random.below(all.len())].clone()).collect();
            let content = &content[round..content.len() - random.below(300)];
            let block = Block::encoded(&chain, content);
            decoders.xz(&xz::stream(xz::CRC32, &[block]), content, &format!("{chain:x?}"));
        }
    }
}

#[test]
fn checks() {
    let mut decoders = Decoders::new();
    let checks = [
        (stream::Check::None, Check::None),
        (stream::Check::Crc32, Check::Crc32),
        (stream::Check::Crc64, Check::Crc64),
        (stream::Check::Sha256, Check::Sha256),
    ];
    for (check, expected) in checks {
        for length in (0..200).chain([4095, 4096, 4097, 100_000]) {
            let content = data::text(length);
            let stream = encode(&lzma2(&mut small_options()), check, &content);
            decoders.xz(&stream, &content, &format!("{check:?}, {length} bytes"));
            let info = decoders.xz.info();
            assert_eq!((info.format, info.check), (Some(Format::Xz), expected));
            assert_eq!(info.blocks, u64::from(length > 0));
            assert_eq!(decoders.any.info(), info);
        }
    }
}

#[test]
fn incompressible() {
    let mut decoders = Decoders::new();
    for length in [1, 65_535, 65_536, 65_537, 300_000] {
        let content = data::random(length);
        let mut options = preset(1, 1 << 16);
        decoders.options(&mut options, &content, &format!("{length} random bytes"));
        let stream = encode(&lzma2(&mut options), stream::Check::Crc32, &content);
        // Header, Block Header, and a stored chunk that resets the dictionary.
        assert_eq!(stream[12 + 4 * (usize::from(stream[12]) + 1)], 1);
        // Between stored chunks and others, state and properties are kept.
        let content = [data::text(length), content, data::text(length)].concat().repeat(2);
        decoders.options(&mut options, &content, &format!("{length} random bytes within text"));
    }
}

#[test]
fn blocks() {
    let mut decoders = Decoders::new();
    let content = [data::elf(30_000), data::text(30_000)].concat();
    let checks =
        [stream::Check::None, stream::Check::Crc32, stream::Check::Crc64, stream::Check::Sha256];
    for (round, check) in checks.into_iter().enumerate() {
        for size in [777, 4096, 10_000] {
            let name = format!("{check:?}, blocks of {size} bytes");
            let pieces: Vec<&[u8]> = content.chunks(size).collect();
            for filter in [vec![], vec![(xz::X86, vec![])], vec![(DELTA, vec![3])]] {
                let mut chain = filters(&filter);
                let stream = encode_blocks(chain.lzma2(&small_options()), check, &pieces);
                decoders.xz(&stream, &content, &name);
                assert_eq!(decoders.xz.info().blocks, pieces.len() as u64, "{name}");

                // With sizes in the headers, and a header of any size.
                let blocks: Vec<Block> = pieces
                    .iter()
                    .enumerate()
                    .map(|(index, piece)| Block {
                        header_size: 4 * (index % 257),
                        ..Block::encoded(&filter, piece).with_sizes()
                    })
                    .collect();
                decoders.xz(&xz::stream(CHECKS[round], &blocks), &content, &name);
            }
        }
    }
    // Blocks without data, and blocks of all filters in turn.
    let filters = all_filters();
    let blocks: Vec<Block> = content
        .chunks(1_111)
        .enumerate()
        .flat_map(|(index, piece)| {
            let block = Block::encoded(&[filters[index % filters.len()].clone()], piece);
            [block.with_sizes(), Block::new(vec![0], b""), Block::encoded(&[], b"").with_sizes()]
        })
        .collect();
    for check in CHECKS {
        decoders.xz(&xz::stream(check, &blocks), &content, "blocks of all filters");
    }
}

#[test]
fn filters_begin_anew_with_a_block() {
    // Blocks of little but opcodes and the highest bytes of near targets, which leave the x86
    // filter in the middle of a decision, and delta with bytes to add.
    let mut random = data::Random(11);
    let content: Vec<u8> =
        (0..12_000).map(|_| [0xe8, 0xe9, 0, 0xff, 0, 7][random.below(6)]).collect();
    for filter in [(xz::X86, vec![]), (DELTA, vec![2])] {
        let blocks: Vec<Block> = content
            .chunks(41)
            .map(|piece| Block::encoded(std::slice::from_ref(&filter), piece))
            .collect();
        let stream = xz::stream(xz::CRC32, &blocks);
        Decoders::new().xz(&stream, &content, &format!("{filter:x?}"));
    }
}

#[test]
fn streams_with_padding() {
    let content = data::text(40_000);
    let mut file = Vec::new();
    for (index, piece) in content.chunks(997).enumerate() {
        let check = CHECKS[index % 4];
        file.extend(xz::stream(check, &[Block::encoded(&[], piece)]));
        file.extend(vec![0; 4 * (index % 3)]);
        if index % 5 == 0 {
            file.extend(xz::stream(check, &[]));
        }
    }
    let streams = content.len().div_ceil(997);
    let mut output = vec![0; content.len()];
    let mut decoder = Concatenated::new(Xz::new());
    let decoded = decode_slice(&mut decoder, &file, &mut output).unwrap();
    assert_eq!((decoded.consumed, decoded.written), (file.len(), content.len()));
    assert!(output == content);
    assert_eq!(decoder.members() as usize, streams + streams.div_ceil(5));
    assert_eq!(decoder.info().blocks as usize, streams);

    output.fill(0);
    let mut decoder = Concatenated::new(Any::new());
    assert!(decode_slice(&mut decoder, &file, &mut output).is_ok());
    assert!(output == content);
}

#[test]
fn what_is_told_of_a_stream() {
    let content = data::text(100_000);
    let mut output = vec![0; content.len()];
    let mut options = preset(0, 1 << 15);
    let stream = encode(&lzma2(&mut options), stream::Check::Crc64, &content);
    let file = run(Stream::new_lzma_encoder(&options).unwrap(), &content);
    for (input, format, check) in
        [(&stream, Format::Xz, Check::Crc64), (&file, Format::Lzma, Check::None)]
    {
        let mut decoder = Any::new();
        assert_eq!((decoder.info().format, decoder.window()), (None, None));
        let _ = decode_slice(&mut decoder, input, &mut output).unwrap();
        let info = decoder.info();
        assert_eq!((info.format, info.check, info.blocks), (Some(format), check, 1));
        assert_eq!(decoder.window(), Some(1 << 15));
    }
    assert_eq!(Xz::new().info().format, Some(Format::Xz));
    assert_eq!(Lzma::new().info().format, Some(Format::Lzma));

    // The check is known from the header on, the window from the first chunk of a block on.
    let mut decoder = Xz::new();
    let _ = decoder.decode::<[u8; 64]>(&stream[..12], &mut []).unwrap();
    assert_eq!((decoder.info().check, decoder.window()), (Check::Crc64, None));
    let _ = decoder.decode::<[u8; 64]>(&stream[12..], &mut []).unwrap();
    assert_eq!(decoder.window(), Some(1 << 15));
}
