// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What liblzma says of odd .xz and .lzma files, this crate says too.

use crate::common::data::{self, Random};
use crate::common::liblzma::{self, lzma_decoder, stream_decoder, Opinion};
use crate::common::lzma::Symbol::{Literal, Match, Rep, ShortRep};
use crate::common::lzma::{alone_of, literals, random_symbols, Encoder, END_MARKER};
use crate::common::xz::{
    self, crc_fields, repair, Block, Chunks, Reset, BRANCHES, CHECKS, DELTA, LZMA2, NO_CHECK, X86,
};
use ::liblzma::stream::{Stream, CONCATENATED};
use pagewise::{decode_slice, Concatenated, Decode, Error, Lzma, Xz};

fn pagewise_says<D: Decode>(decoder: &mut D, file: &[u8], output: &mut [u8]) -> Opinion {
    decoder.reset();
    let result = decode_slice(decoder, file, output);
    let given = decoder.settled() as usize;
    match result {
        Ok(decoded) => Opinion { verdict: Some(true), consumed: decoded.consumed as u64, given },
        Err(Error::Truncated | Error::OutputLimit) => Opinion { verdict: None, consumed: 0, given },
        Err(error) => {
            assert_ne!(error, Error::Internal);
            Opinion { verdict: Some(false), consumed: 0, given }
        }
    }
}

/// The decoder of this crate with its outputs, and what liblzma's decoder is made by.
struct Pair<D> {
    decoder: D,
    fresh: fn() -> Stream,
    outputs: [Vec<u8>; 2],
    verdicts: [usize; 3],
}

impl<D: Decode> Pair<D> {
    fn new(decoder: D, fresh: fn() -> Stream) -> Self {
        Self { decoder, fresh, outputs: [vec![0; 1 << 17], vec![0; 1 << 17]], verdicts: [0; 3] }
    }

    /// Checks that both judge `file` alike, except for this:
    ///
    /// - liblzma looks at sizes and padding of a block when their bytes come, and this crate
    ///   compares a chunk's sizes with those of the block before its data. liblzma judges a symbol
    ///   bit by bit, and this crate a whole one. So where a file ends, or the output does, one of
    ///   them may have seen a defect that the other has not come to. Neither accepts such a file.
    /// - How much either outputs before a defect differs for the same reason. The bytes are the
    ///   same as far as both go.
    fn agree(&mut self, file: &[u8]) {
        let [a, b] = &mut self.outputs;
        let Some(liblzma) = liblzma::says((self.fresh)(), file, a) else { return };
        let pagewise = pagewise_says(&mut self.decoder, file, b);
        let is_good = |opinion: Opinion| opinion.verdict == Some(true);
        if is_good(liblzma) || is_good(pagewise) {
            assert_eq!(pagewise, liblzma, "left pagewise, right liblzma: {file:x?}");
        }
        let given = liblzma.given.min(pagewise.given);
        assert!(a[..given] == b[..given], "{file:x?}");
        let index = match liblzma.verdict {
            Some(true) => 0,
            Some(false) => 1,
            None => 2,
        };
        self.verdicts[index] += 1;
    }
}

/// Small streams of all kinds.
fn streams() -> Vec<Vec<u8>> {
    let content = [data::text(150), data::runs(300), data::random(40), vec![0xe8; 30]].concat();
    let mut random = Random(1);
    let mut chunks = Chunks::new();
    for reset in [Reset::Dictionary, Reset::Nothing, Reset::State, Reset::Properties] {
        chunks.lzma(reset, &random_symbols(&mut random, 80, 0)).stored(false, b"stored");
    }
    chunks.stored(true, b"again").lzma(Reset::Properties, &literals(b"and again"));
    let mut streams = Vec::new();
    for check in CHECKS.into_iter().chain([NO_CHECK; 4]) {
        let plain = Block::encoded(&[], &content);
        let x86 = Block::encoded(&[(X86, vec![])], &content).with_sizes();
        let chain = Block::encoded(&[(DELTA, vec![4]), (7, vec![0, 1, 0, 0])], &content);
        streams.push(xz::stream(check, std::slice::from_ref(&plain)));
        streams.push(xz::stream(check, &[plain.clone().with_sizes(), x86, chain]));
        streams.push(xz::stream(check, &[chunks.block()]));
        streams.push(xz::stream(check, &[chunks.block().with_sizes(), plain]));
        streams.push(xz::stream(check, &[]));
    }
    streams
}

#[test]
fn liblzma_agrees_on_mutated_streams() {
    let mut pair = Pair::new(Xz::new(), || stream_decoder(0));
    pair.decoder.skip_unknown_checks(true);
    let streams: Vec<_> =
        streams().into_iter().map(|stream| (crc_fields(&stream), stream)).collect();
    let mut random = Random(2);
    for round in 0..12_000 {
        let (fields, stream) = &streams[round % streams.len()];
        let mut stream = stream.clone();
        for _ in 0..1 + random.below(2) {
            // Fields decide more than data: those of a CRC32, and what is after a Block Header.
            let at = match random.below(4) {
                0 | 1 => {
                    let field = &fields[random.below(fields.len())];
                    field.start + random.below(field.len())
                }
                2 => {
                    let field = &fields[random.below(fields.len())];
                    (field.end + 4 + random.below(14)).min(stream.len() - 1)
                }
                _ => random.below(stream.len()),
            };
            match random.below(4) {
                0 => stream[at] = random.next() as u8,
                1 => stream[at] = stream[at].wrapping_add(1),
                _ => stream[at] ^= 1 << random.below(8),
            }
        }
        if random.below(8) > 0 {
            repair(&mut stream, fields);
        }
        match random.below(8) {
            0 => stream.truncate(random.below(stream.len() + 1)),
            1 | 2 => {}
            _ => stream.extend(random.bytes(40)),
        }
        pair.agree(&stream);
    }
    let [good, bad, truncated] = pair.verdicts;
    assert!(good > 500 && bad > 5_000 && truncated > 200, "{:?}", pair.verdicts);
}

#[test]
fn liblzma_agrees_on_headers() {
    let mut pair = Pair::new(Xz::new(), || stream_decoder(0));
    pair.decoder.skip_unknown_checks(true);
    let content = data::text(100);
    let stored = Block::stored(&content);
    let lzma2 = (LZMA2, vec![0]);
    // Every Block Flags byte over fields that are right for some; every Filter ID and size.
    for flags in 0..=255 {
        for fields in [
            [&[0x21, 1, 0][..], &[0; 9]].concat(),
            [&[0x6c, 0x64, 4, 0, 0x21, 1][..], &[0; 9]].concat(),
            [&[0x6c, 0x64, 3, 1, 0, 4, 0, 0x21, 1][..], &[0; 9]].concat(),
        ] {
            let header = xz::block_header(24, flags, &fields);
            let mut stream = xz::stream(xz::CRC32, std::slice::from_ref(&stored));
            stream.splice(12..12 + stored.header().len(), header);
            // The Index says that the header has 12 bytes.
            pair.agree(&stream);
        }
    }
    for id in 0..300 {
        for size in 0..=5 {
            let filters = vec![(id, vec![0; size]), lzma2.clone()];
            let block = Block { filters, ..stored.clone() };
            pair.agree(&xz::stream(NO_CHECK, &[block]));
        }
    }
    for properties in 0..=255 {
        // Up to 128 MiB.
        let block = Block { filters: vec![(LZMA2, vec![properties])], ..stored.clone() };
        pair.agree(&xz::stream(NO_CHECK, &[block]));
    }
    for (id, _) in BRANCHES {
        for start in 0..40_u32 {
            let filter = (id, start.to_le_bytes().to_vec());
            let block = Block { filters: vec![filter, lzma2.clone()], ..stored.clone() };
            pair.agree(&xz::stream(NO_CHECK, &[block]));
        }
    }
    for id in 0..16 {
        pair.agree(&xz::stream(id, &[stored.clone(), stored.clone()]));
    }
    for control in 0..=255 {
        for before in [false, true] {
            let mut chunks = Chunks::new();
            if before {
                chunks.lzma(Reset::Dictionary, &literals(b"some bytes"));
            }
            let data = Encoder::new(3, 0, 2).symbols(&literals(b"more")).finish();
            chunks.raw(&[control, 0, 3, 0, data.len() as u8 - 1, 93]).raw(&data);
            pair.agree(&xz::stream(NO_CHECK, &[chunks.block()]));
        }
    }
    let [good, bad, _] = pair.verdicts;
    assert!(good > 150 && bad > 1_500, "{:?}", pair.verdicts);
}

#[test]
fn liblzma_agrees_on_padding() {
    let concatenated = Concatenated::new(Xz::new());
    let mut pair = Pair::new(concatenated, || stream_decoder(CONCATENATED));
    let stream = xz::stream(xz::CRC32, &[Block::stored(b"content")]);
    for zeros in 0..30 {
        for more in 0..30 {
            for behind in [&stream[..], b"", b"#", &stream[..7]] {
                let (zeros, more) = (vec![0; zeros], vec![0; more]);
                pair.agree(&[&stream[..], &zeros, behind, &more].concat());
            }
        }
    }
    let [good, bad, _] = pair.verdicts;
    assert!(good > 100 && bad > 1_000, "{:?}", pair.verdicts);
}

#[test]
fn liblzma_agrees_on_mutated_lzma_files() {
    let mut pair = Pair::new(Lzma::new(), lzma_decoder);
    let mut random = Random(3);
    let mut files = Vec::new();
    for round in 0..40 {
        let mut symbols = random_symbols(&mut random, 20 + 10 * round, 0);
        symbols.extend(literals(&data::text(100)));
        files.push(alone_of(&symbols, 4096, round % 2 == 0));
    }
    for round in 0..12_000 {
        let mut file = files[round % files.len()].clone();
        for _ in 0..1 + random.below(2) {
            match random.below(8) {
                0 => file[0] = random.below(226) as u8,
                // The lowest bytes of the size.
                1 => file[5 + random.below(2)] ^= 1 << random.below(8),
                2 => file[5..13].fill(if random.below(2) == 0 { 0xff } else { 0 }),
                _ => {
                    let at = 13 + random.below(file.len() - 13);
                    file[at] ^= 1 << random.below(8);
                }
            }
        }
        match random.below(8) {
            0 => file.truncate(random.below(file.len() + 1)),
            1 | 2 => {}
            _ => file.extend(random.bytes(40)),
        }
        pair.agree(&file);
    }
    let [good, bad, truncated] = pair.verdicts;
    assert!(good > 200 && bad > 3_000 && truncated > 500, "{:?}", pair.verdicts);
}

#[test]
fn liblzma_agrees_on_dictionary_sizes() {
    // liblzma rounds sizes up to a multiple of 16, and accepts copies from as far; this crate takes
    // a header at its word. So sizes are multiples of 16 here, and at least 4 KiB.
    let mut pair = Pair::new(Lzma::new(), lzma_decoder);
    for dictionary in [0, 1, 16, 4_080, 4_096, 4_112, 5_008, 8_192, 1 << 20] {
        for distance in [4_080, 4_095, 4_096, 4_097, 4_112, 4_113, 5_008, 5_009, 8_192, 8_193] {
            let mut symbols = literals(&data::random(9_000));
            symbols.push(Match { distance, length: 100 });
            pair.agree(&alone_of(&symbols, dictionary, true));
        }
    }
    let [good, bad, _] = pair.verdicts;
    assert!(good > 30 && bad > 30, "{:?}", pair.verdicts);
}

#[test]
fn liblzma_agrees_on_odd_symbols() {
    // Random symbols, whose distances need not be there: few files are good for long.
    let mut pair = Pair::new(Lzma::new(), lzma_decoder);
    let mut random = Random(5);
    for round in 0..6_000 {
        let mut encoder = Encoder::new(random.below(4) as u32, random.below(2) as u32, 2);
        let known = random.below(2) == 0;
        for _ in 0..random.below(12) {
            let longest = [6, 6, 6, 272][random.below(4)];
            let length = 2 + random.below(longest);
            encoder.symbol(match random.below(8) {
                0 => Rep { index: random.below(4), length },
                1 => ShortRep,
                2 => Match { distance: 1 + random.below(20) as u64, length },
                3 if random.below(8) == 0 => Match { distance: 1 + (random.next() >> 32), length },
                _ => Literal(random.next() as u8),
            });
        }
        let mut size = encoder.content().len() as u64;
        if random.below(3) == 0 {
            size = size.saturating_add(random.below(3) as u64).saturating_sub(1);
        }
        if random.below(2) == 0 {
            encoder.symbol(END_MARKER);
        }
        let mut data = encoder.finish();
        if round % 3 == 0 {
            data.extend([0; 30]);
        }
        pair.agree(&crate::common::lzma::alone(
            encoder.properties(),
            1 << 16,
            known.then_some(size),
            &data,
        ));
    }
    let [good, bad, truncated] = pair.verdicts;
    assert!(good > 1_000 && bad > 1_000 && truncated > 100, "{:?}", pair.verdicts);
}
