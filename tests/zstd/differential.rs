// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What libzstd says of odd frames and dictionaries, this crate says too.

use crate::common::data::{self, Random};
use crate::common::fse::Distribution;
use crate::common::huffman::{fse_weights, Tree};
use crate::common::libzstd::{self, encode, encode_with, Opinion};
use crate::common::sequences::{copy, random_sequences, repeat, Mode, OFFSETS};
use crate::common::zstd::{
    huffman_section, skippable, Block, Coding, Dictionary, Header, Writer, COMPRESSED, WINDOW_1K,
};
use pagewise::{decode_slice, Decode, Error, Zstd};
use zstd_safe::CParameter::{self, ChecksumFlag, CompressionLevel, TargetCBlockSize, WindowLog};

/// More bytes than any of the frames stands for, good or damaged.
const ROOM: usize = 1 << 21;

/// Two decoders, their outputs, and how often each verdict occurred.
struct Pair {
    libzstd: libzstd::Decoder,
    pagewise: Zstd<'static>,
    outputs: [Vec<u8>; 2],
    good: usize,
    bad: usize,
    truncated: usize,
    /// Where libzstd allows more than the format does.
    stricter: usize,
}

impl Pair {
    fn new() -> Self {
        let (libzstd, pagewise) = (libzstd::Decoder::new(), Zstd::new());
        let outputs = [Vec::with_capacity(ROOM), vec![0; ROOM]];
        Self { libzstd, pagewise, outputs, good: 0, bad: 0, truncated: 0, stricter: 0 }
    }

    /// Checks that both judge `frame` alike, except for this:
    ///
    /// - libzstd accepts copies from further back than the window where it happens to have the bytes,
    ///   trees of 12 bits, four Huffman streams with bits left over, as its fast loop does not look,
    ///   compressed blocks without a byte, and any content size if the last block has none. The format
    ///   allows none of these.
    /// - If a frame ends too early, one of them may have seen a defect that the other has not come
    ///   to. Neither accepts such a frame.
    /// - How much either outputs before a defect differs. The bytes are the same as far as both go.
    fn agree(&mut self, frame: &[u8]) {
        let [a, b] = &mut self.outputs;
        let libzstd = self.libzstd.decode(frame, a);
        self.pagewise.reset();
        let result = decode_slice(&mut self.pagewise, frame, b);
        let written = self.pagewise.written() as usize;
        let given = written.min(a.len());
        assert!(a[..given] == b[..given], "{result:?}: {frame:x?}");
        match (libzstd, result) {
            (Opinion::Good(consumed), Ok(decoded)) => {
                let both = [(consumed, a.len()), (decoded.consumed, written)];
                assert_eq!(both[0], both[1], "left libzstd, right pagewise: {frame:x?}");
                self.good += 1;
            }
            (
                Opinion::Good(_),
                Err(
                    Error::DistancePastWindow
                    | Error::ZstdHuffmanTree
                    | Error::ZstdHuffmanStream
                    | Error::ZstdContentSize,
                ),
            ) => self.stricter += 1,
            (Opinion::Good(_), Err(Error::ZstdLiteralsSize)) => {
                let header = frame[..self.pagewise.consumed() as usize].last_chunk();
                assert!(matches!(header, Some([4 | 5, 0, 0])), "{frame:x?}");
                self.stricter += 1;
            }
            (Opinion::Good(_), _) | (_, Ok(_)) => panic!("{libzstd:?}, {result:?}: {frame:x?}"),
            (Opinion::Bad, _) => self.bad += 1,
            (Opinion::Truncated, _) => self.truncated += 1,
        }
    }
}

/// Small frames of all kinds.
fn frames() -> Vec<Vec<u8>> {
    let content = [data::text(600), data::runs(300), data::random(40), vec![0xe8; 300]].concat();
    let mut frames = Vec::new();
    for level in [-3, 1, 3, 9, 19] {
        for more in [ChecksumFlag(true), TargetCBlockSize(1340), WindowLog(10)] {
            let parameters = [CompressionLevel(level), ChecksumFlag(false), more];
            frames.push(encode(&parameters, &content));
        }
        frames.push(encode(&[CompressionLevel(level)], &data::text(3000)));
    }
    let mut random = Random(4);
    for round in 0..60 {
        let text = &data::text(2000)[round * 9..][..20 + 12 * (round % 30)];
        let sequences = random_sequences(&mut random, OFFSETS, 0, text.len(), 3 + round / 2);
        let huffman = if round % 2 == 0 {
            Tree::flat(text)
        } else {
            let tree = Tree::random(&mut random, text, 11);
            Tree::fse(&tree.weights)
        };
        let logs = [5 + round as u32 % 5, 5 + round as u32 % 4, 5 + round as u32 % 3];
        let format = Some((round % 2) as u8);
        let block = Block { format, ..Block::new(text, &sequences) };
        let mut writer = Writer::new();
        writer.compressed(&block.coding(Coding::Huffman(huffman)).fitted(logs));
        let sequences = random_sequences(&mut random, writer.offsets, 20, text.len(), 9);
        let block = Block::new(text, &sequences);
        let mode = if round % 3 == 0 { Mode::Predefined } else { Mode::Repeat };
        let all = [mode.clone(), mode.clone(), mode];
        let fits = all.iter().all(|mode| matches!(mode, Mode::Predefined));
        if fits {
            writer.compressed(&block.coding(Coding::Treeless).modes(all));
        } else {
            writer.compressed(&block.coding(Coding::Treeless)).raw(b"raw").rle(b'r', 30);
        }
        let checksum = round % 7 == 0;
        let window = if writer.content().len() < 1024 { Some(WINDOW_1K) } else { Some(8) };
        let width = [0, 2, 4, 8][round % 4] * usize::from(writer.content().len() > 256);
        let header = Header { checksum, window, size_width: width, ..Header::NEW };
        frames.push(writer.frame(&header));
        frames.push(writer.frame(&Header { checksum: false, ..Header::SINGLE_SEGMENT }));
    }
    frames.push(skippable(3, b"some data"));
    frames
}

#[test]
fn libzstd_agrees_on_mutated_frames() {
    let mut pair = Pair::new();
    let frames = frames();
    let mut random = Random(2);
    frames.iter().for_each(|frame| pair.agree(frame));
    assert_eq!((pair.good, pair.bad), (frames.len(), 0), "all are good as they are");
    for round in 0..150_000 {
        let mut frame = frames[round % frames.len()].clone();
        // Headers and tables decide more than the streams after them.
        let reach = if round % 3 == 0 { frame.len() } else { frame.len().min(60) };
        for _ in 0..1 + random.below(2) {
            let at = if random.below(8) == 0 { frame.len() - 1 } else { random.below(reach) };
            match random.below(8) {
                0 => frame[at] = random.next() as u8,
                1 => frame[at] = frame[at].wrapping_add(1),
                2 => frame[at] = frame[at].wrapping_sub(1),
                // Not the magic number each time.
                _ => frame[at.max(4).min(reach - 1)] ^= 1 << random.below(8),
            }
        }
        match random.below(8) {
            0 => frame.truncate(random.below(frame.len() + 1)),
            1 | 2 => {}
            _ => frame.extend(random.bytes(40)),
        }
        pair.agree(&frame);
    }
    let Pair { good, bad, truncated, stricter, .. } = pair;
    let counts = (good, bad, truncated, stricter);
    assert!(good > 5_000 && bad > 50_000 && truncated > 3_000, "{counts:?}");
}

#[test]
fn libzstd_agrees_on_frame_headers() {
    let mut pair = Pair::new();
    let mut random = Random(3);
    for descriptor in 0..=255 {
        for round in 0..60 {
            let mut frame = crate::common::zstd::MAGIC.to_vec();
            frame.push(descriptor);
            // Numbers are zero, small, or any.
            let mask = [0, 0, 1, 3, 0x1f, 0xff][round % 6];
            let single_segment = descriptor & 0x20 != 0;
            if !single_segment {
                frame.push([0, 1, 8, 88, 136, 144, 255, 248][random.below(8)]);
            }
            let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
            let zeros = random.below(3) > 0;
            frame.extend(random.bytes(dictionary).iter().map(|&byte| if zeros { 0 } else { byte }));
            let width = [usize::from(single_segment), 2, 4, 8][usize::from(descriptor >> 6)];
            let mut size = random.bytes(width);
            size.iter_mut().for_each(|byte| *byte &= mask);
            size.iter_mut().skip(2).for_each(|byte| *byte = 0);
            let claim = size.iter().rev().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
            let claim = if width == 2 { claim + 256 } else { claim };
            frame.extend(size);
            let length = if random.below(3) > 0 { claim } else { random.below(300) };
            let content = data::random(length % 70_000);
            let mut writer = Writer::new();
            content.chunks(256.max(length)).for_each(|piece| _ = writer.raw(piece));
            if content.is_empty() {
                writer.raw(b"");
            }
            let rest = writer.frame(&Header { checksum: descriptor & 4 != 0, ..Header::NEW });
            frame.extend(&rest[6..]);
            pair.agree(&frame);
        }
    }
    let Pair { good, bad, stricter, .. } = pair;
    assert!(good > 1_000 && bad > 5_000 && stricter < 30, "{good}, {bad}, {stricter}");
}

/// Found by the fuzzer, for blocks other than the last.
#[test]
fn libzstd_goes_on_after_a_compressed_block_without_a_byte() {
    let mut pair = Pair::new();
    for place in 0..3 {
        let mut writer = Writer::new();
        for index in 0..3 {
            if index == place {
                writer.push(COMPRESSED, 0, b"");
            } else {
                writer.raw(b"some");
            }
        }
        pair.agree(&writer.frame(&Header { checksum: false, ..Header::NEW }));
    }
    assert_eq!(pair.stricter, 3);
}

#[test]
fn libzstd_agrees_on_random_blocks() {
    let mut pair = Pair::new();
    let mut random = Random(5);
    for round in 0..30_000 {
        // Often a valid literals section; then anything, or one symbol of each kind and a stream with about
        // as many bits as these need.
        let literals = random.below(6);
        let mut content = match round % 3 {
            0 => vec![(literals << 3) as u8],
            1 => vec![(random.below(32) << 3) as u8 | 1, b'r'],
            _ => random.bytes(1),
        };
        content.extend(random.bytes(if round % 3 == 0 { literals } else { 0 }));
        let count = [0, 1, 1, 2, 3, 128, 255][random.below(7)];
        content.push(count);
        if round % 2 == 0 {
            let symbols = [random.below(3), random.below(6), random.below(40)];
            content.extend([0b0101_0100].into_iter().chain(symbols.map(|symbol| symbol as u8)));
            content.extend(random.bytes(usize::from(count) * symbols[1] / 8));
            content.push(1 << random.below(8));
        } else if count > 0 || random.below(4) == 0 {
            content.push((random.next() as u8) & 0xfc);
            let more = random.below(40);
            content.extend(random.bytes(more));
        }
        let mut writer = Writer::new();
        writer.raw(b"before").push(COMPRESSED, content.len(), &content).raw(b"behind");
        pair.agree(&writer.frame(&Header { checksum: false, ..Header::NEW }));
    }
    let Pair { good, bad, .. } = pair;
    assert!(good > 30 && bad > 20_000, "{good}, {bad}");
}

#[test]
fn libzstd_agrees_on_weights() {
    let mut pair = Pair::new();
    let mut random = Random(6);
    for round in 0..20_000 {
        // Random trees, most of which are invalid, over a stream that may be anything.
        let most = [2, 4, 7, 11, 12, 13][round % 6];
        let count = 1 + random.below(if round % 2 == 0 { 12 } else { 128 });
        let mut weights: Vec<u8> = (0..count).map(|_| random.below(most) as u8).collect();
        if round % 5 == 0 {
            let bytes: Vec<u8> = (0..2 + random.below(100) as u8).collect();
            weights = Tree::random(&mut random, &bytes, 11).weights;
            weights.pop();
            if round % 10 == 0 {
                let at = random.below(weights.len());
                weights[at] = random.below(12) as u8;
            }
        }
        let description = if random.below(2) == 0 && weights.len() > 1 {
            let distribution = Distribution::fitted(5 + random.below(3) as u32, weights.clone());
            let stream = fse_weights(&distribution, &weights);
            if stream.len() > 127 {
                continue;
            }
            [&[stream.len() as u8][..], &stream].concat()
        } else {
            weights.truncate(128);
            crate::common::huffman::direct_weights(&weights)
        };
        // A stream of few symbols, of a size that can be right.
        let last = 1 + random.below(255) as u8;
        let size = random.below(5);
        let stream = [&description[..], &random.bytes(size / 2), &[last]].concat();
        let content = [&huffman_section(2, 0, size, &stream)[..], &[0]].concat();
        let mut writer = Writer::new();
        writer.push(COMPRESSED, content.len(), &content);
        pair.agree(&writer.frame(&Header { checksum: false, ..Header::NEW }));
    }
    let Pair { good, bad, .. } = pair;
    assert!(good > 100 && bad > 5_000, "{good}, {bad}");
}

#[test]
fn libzstd_agrees_on_dictionaries() {
    let content = data::text(300);
    let dictionary = Dictionary {
        id: 0x3039,
        tree: Tree::flat(&content),
        tables: [36, 29, 53].map(|symbols| Distribution::fitted(7, 0..symbols)),
        offsets: [1, 4, 100],
        content: content.clone(),
    };
    let bytes = dictionary.to_bytes();
    let mut writer = dictionary.writer();
    let block = Block::new(&content, &[repeat(3, 3, 9), copy(0, 310, 20), repeat(0, 2, 5)]);
    let repeats = [Mode::Repeat, Mode::Repeat, Mode::Repeat];
    writer.compressed(&block.coding(Coding::Treeless).modes(repeats));
    let header = Header { checksum: false, ..Header::NEW };
    let frames = [
        writer.frame(&header),
        writer.frame(&Header { dictionary: (2, 0x3039), ..header }),
        encode_with(&bytes, &[CParameter::CompressionLevel(5)], &content),
        encode(&[], &content),
    ];
    let mut random = Random(8);
    let [mut good, mut bad] = [0, 0];
    for round in 0..4_000 {
        let mut bytes = bytes.clone();
        if round > 0 {
            let at = if round % 4 == 0 { bytes.len() } else { bytes.len() - content.len() };
            bytes[random.below(at)] ^= 1 << random.below(8);
        }
        if round % 16 == 1 {
            bytes.truncate(8 + random.below(bytes.len() - 8));
        }
        let mut libzstd = libzstd::Decoder::new();
        let is_good = libzstd.set_dictionary(&bytes);
        let mut pagewise = Zstd::new();
        assert_eq!(pagewise.set_dictionary(&bytes).is_ok(), is_good, "{round}: {bytes:x?}");
        if !is_good {
            bad += 1;
            continue;
        }
        good += 1;
        let (mut a, mut b) = (Vec::new(), vec![0; 5000]);
        for (index, frame) in frames.iter().enumerate() {
            let opinion = libzstd.decode(frame, &mut a);
            pagewise.reset();
            let result = decode_slice(&mut pagewise, frame, &mut b);
            let given = a.len().min(pagewise.written() as usize);
            assert!(a[..given] == b[..given], "{round}, frame {index}");
            let is_good = matches!(opinion, Opinion::Good(_));
            // libzstd takes the head of a dictionary for a part of its content.
            let is_same = result.is_ok() == is_good;
            let is_in_head = is_good && result == Err(Error::DistanceBeforeStart);
            assert!(is_same || is_in_head, "{round}, frame {index}: {opinion:?}, {result:?}");
        }
    }
    assert!(good > 300 && bad > 300, "{good}, {bad}");
}
