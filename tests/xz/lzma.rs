// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! .lzma files, and LZMA symbol by symbol.

use crate::common::data::{self, Random};
use crate::common::lzma::Symbol::{Literal, Match, Rep, ShortRep};
use crate::common::lzma::{
    alone, alone_of, expand, literals, random_symbols, Encoder, Symbol, END_MARKER,
};
use crate::common::xz::{self, Chunks, Reset, CRC32};
use liblzma::stream::{Action, Status, Stream};
use pagewise::{
    decode_slice, Any, Check, Concatenated, Decode, Error, Format, Lzma, Pause, Progress, Xz,
};

/// Checks that `file` decodes to `content`, into a flat buffer and into pages.
fn check(file: &[u8], content: &[u8], name: &str) {
    let mut decoder = Lzma::new();
    let mut flat = vec![0; content.len()];
    let progress = decoder.decode(file, &mut [&mut flat[..]]);
    let done = Ok(Progress::new(file.len(), Pause::Done));
    assert_eq!(progress, done, "{name}");
    assert_eq!(decoder.written(), content.len() as u64, "{name}");
    assert!(flat == content, "{name}");

    decoder.reset();
    let mut pages = vec![[0; 64]; content.len().div_ceil(64)];
    assert_eq!(decoder.decode(file, &mut pages), done, "{name}: no page more than needed");
    assert!(pages.as_flattened().starts_with(content), "{name}");
}

/// What liblzma makes of `file`.
fn liblzma(file: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut decoder = Stream::new_lzma_decoder(u64::MAX).unwrap();
    let mut output = Vec::with_capacity(length + 1);
    let status = decoder.process_vec(file, &mut output, Action::Finish);
    matches!(status, Ok(Status::StreamEnd)).then_some(output)
}

/// All lc, lp and pb that XZ Utils accept.
fn properties() -> impl Iterator<Item = (u32, u32, u32)> {
    let pairs = (0..5).flat_map(|lc| (0..5 - lc).map(move |lp| (lc, lp)));
    pairs.flat_map(|(lc, lp)| (0..5).map(move |pb| (lc, lp, pb)))
}

#[test]
fn all_properties() {
    let mut random = Random(1);
    for (lc, lp, pb) in properties() {
        let mut symbols = random_symbols(&mut random, 3_000, 0);
        symbols.extend(literals(&data::text(1_000)));
        let mut encoder = Encoder::new(lc, lp, pb);
        encoder.symbols(&symbols);
        let content = expand(&symbols);
        let name = format!("lc {lc}, lp {lp}, pb {pb}");
        for marked in [true, false] {
            let mut encoder = encoder.clone();
            let size = (!marked).then_some(content.len() as u64);
            if marked {
                encoder.symbol(END_MARKER);
            }
            let data = encoder.finish();
            let file = alone(encoder.properties(), 1 << 16, size, &data);
            // The writer that all of this relies on.
            assert!(liblzma(&file, content.len()).as_deref() == Some(&content), "{name}");
            check(&file, &content, &name);
            // An end marker may also be where the known size ends.
            if marked {
                let file = alone(encoder.properties(), 1 << 16, Some(content.len() as u64), &data);
                assert!(liblzma(&file, content.len()).as_deref() == Some(&content), "{name}");
                check(&file, &content, &name);
            }
        }
    }
}

/// Checks that liblzma and this crate make of `symbols` what they stand for.
fn check_symbols(symbols: &[Symbol], name: &str) {
    let content = expand(symbols);
    for marked in [true, false] {
        let file = alone_of(symbols, 1 << 20, marked);
        assert!(liblzma(&file, content.len()).as_deref() == Some(&content), "{name}");
        check(&file, &content, name);
    }
}

#[test]
fn every_length_and_distance() {
    // Each slot of distances: its first one, its last one, and those beside.
    let start = literals(&data::random(300));
    let mut symbols = start.clone();
    let mut at = start.len();
    for length in 2..=273 {
        let distance = 1 + (length as u64 * 7) % 290;
        symbols.extend([Match { distance, length }, Literal(length as u8)]);
        symbols.extend([Rep { index: length % 4, length }, ShortRep]);
        at += 2 * length + 2;
    }
    check_symbols(&symbols, "lengths");

    for bits in 1..20 {
        while at < 2 << bits {
            symbols.push(Rep { index: 0, length: 273 });
            at += 273;
        }
        for distance in [1 << bits, 3 << (bits - 1)] {
            for distance in distance - 1..=distance + 2 {
                for length in [2, 3, 4, 5] {
                    symbols.extend([Match { distance, length }, Literal(bits)]);
                }
            }
        }
    }
    check_symbols(&symbols, "distances");
}

#[test]
fn every_state() {
    // Each sequence of four kinds of symbols, which together lead to every state from every other.
    let kinds = [
        Literal(b'x'),
        Match { distance: 5, length: 3 },
        ShortRep,
        Rep { index: 0, length: 2 },
        Rep { index: 1, length: 4 },
        Rep { index: 2, length: 2 },
        Rep { index: 3, length: 6 },
    ];
    let mut symbols = literals(b"12345678");
    symbols.extend([6, 3, 7, 2].map(|distance| Match { distance, length: 2 }));
    for sequence in 0..7_usize.pow(4) {
        symbols.extend([0, 1, 2, 3].map(|place| kinds[sequence / 7_usize.pow(place) % 7]));
    }
    check_symbols(&symbols, "states");
    // The same with nothing before them: the first distances are one.
    for kind in [ShortRep, Rep { index: 0, length: 2 }, Rep { index: 3, length: 3 }] {
        check_symbols(&[Literal(b'x'), kind, Literal(b'y'), kind], "first distances");
    }
}

#[test]
fn nothing_and_little() {
    for length in 0..100 {
        check_symbols(&literals(&data::text(length)), "a few literals");
    }
    // Ends at and around the ends of pages, with the copy's last byte or another.
    for length in (60..70).chain([127, 128, 129, 4_095, 4_096, 4_097]) {
        let mut symbols = literals(&data::text(length));
        check_symbols(&symbols, "literals");
        symbols.push(Match { distance: 1, length: 64 });
        check_symbols(&symbols, "literals and a copy");
    }
}

#[test]
fn chunks_keep_what_they_do_not_reset() {
    let mut random = Random(12);
    let all = [Reset::Nothing, Reset::State, Reset::Properties, Reset::Dictionary];
    for round in 0..40 {
        let mut chunks = Chunks::new();
        let mut history = 0;
        for index in 0..20 {
            let reset = if index == 0 { Reset::Dictionary } else { all[random.below(4)] };
            if reset as u8 >= Reset::Properties as u8 {
                let lc = random.below(5) as u32;
                let lp = random.below(5 - lc as usize) as u32;
                chunks.encoder.set_properties(lc, lp, random.below(5) as u32);
            }
            if reset == Reset::Dictionary {
                history = 0;
            }
            let before = chunks.encoder.content().len();
            let length = 1 + random.below(300);
            chunks.lzma(reset, &random_symbols(&mut random, length, history));
            if random.below(3) == 0 {
                chunks.stored(false, &data::random(1 + random.below(70)));
            }
            history += chunks.encoder.content().len() - before;
        }
        let stream = xz::stream(CRC32, &[chunks.block()]);
        let content = chunks.encoder.content();
        let mut output = vec![0; content.len()];
        let mut decoder = Stream::new_stream_decoder(u64::MAX, 0).unwrap();
        let status = decoder.process(&stream, &mut output, Action::Finish);
        assert_eq!(status, Ok(Status::StreamEnd), "round {round}");
        assert!(output == content);
        output.fill(0);
        let decoded = decode_slice(&mut Xz::new(), &stream, &mut output).unwrap();
        assert_eq!((decoded.consumed, decoded.written), (stream.len(), content.len()));
        assert!(output == content, "round {round}");
    }
}

#[test]
fn headers() {
    let symbols = literals(b"a good file");
    let content = expand(&symbols);
    let data = Encoder::new(3, 0, 2).symbols(&symbols).finish();
    // Any dictionary size is accepted. `Any` knows a file by a size that XZ Utils write.
    for (dictionary, usual) in [
        (0, false),
        (1, true),
        (3, true),
        (5, false),
        (4_095, false),
        (4_096, true),
        (6_144, true),
        (6_145, false),
        (7 << 20, false),
        (1 << 31, true),
        (3 << 30, true),
        (u32::MAX - 1, false),
        (u32::MAX, true),
    ] {
        let file = alone(93, dictionary, Some(content.len() as u64), &data);
        check(&file, &content, "any dictionary");
        let mut decoder = Lzma::new();
        assert!(decode_slice(&mut decoder, &file, &mut [0; 20]).is_ok());
        assert_eq!(decoder.window(), Some(u64::from(dictionary.max(4_096))));
        let info = decoder.info();
        assert_eq!((info.format, info.check), (Some(Format::Lzma), Check::None));

        let result = decode_slice(&mut Any::new(), &file, &mut [0; 20]);
        let unknown = Err(Error::UnknownFormat);
        assert_eq!(result.map(|decoded| decoded.written), if usual { Ok(11) } else { unknown });
    }
    // Sizes larger than those of any real file.
    for size in [1 << 38, 1 << 60, u64::MAX - 1] {
        let file = alone(93, 1 << 16, Some(size), &data);
        let result = decode_slice(&mut Any::new(), &file, &mut [0; 20]);
        assert_eq!(result, Err(Error::UnknownFormat));
        assert_eq!(decode_slice(&mut Lzma::new(), &file, &mut [0; 20]), Err(Error::Truncated));
    }
    let file = alone(93, 1 << 16, Some((1 << 38) - 1), &data);
    assert_eq!(decode_slice(&mut Any::new(), &file, &mut [0; 20]), Err(Error::Truncated));
    // A .lzma file is not followed by another.
    let file = alone(93, 1 << 16, Some(11), &data);
    let mut decoder = Concatenated::new(Lzma::new());
    assert!(decode_slice(&mut decoder, &file, &mut [0; 20]).is_ok());
    assert_eq!(decoder.members(), 1);
}
