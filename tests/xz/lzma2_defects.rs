// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A stream for each error in LZMA2 and LZMA, and distances that reach too far.

use crate::common::data;
use crate::common::defect::{check_defect as check, CONTENT};
use crate::common::lzma::Symbol::{Literal, Match, Rep, ShortRep};
use crate::common::lzma::{alone, alone_of, literals, Encoder, Symbol, END_MARKER};
use crate::common::xz::{
    self, Block, Chunks, Reset, CRC32, DICTIONARY_4G, DICTIONARY_4K, LZMA2, NO_CHECK,
};
use pagewise::{decode_slice, Any, Concatenated, Decode, Error, Lzma, Pause, Xz};

/// Checks `chunks`, which need no end, in a block.
fn check_chunks(chunks: &Chunks, error: Error) {
    check_block(chunks.block(), error);
}

fn check_block(mut block: Block, error: Error) {
    // Bytes after the defect, so that the decoder does not stop because the input ends.
    block.data.extend([0; 64]);
    let good = xz::stream(CRC32, &[Block::stored(CONTENT)]);
    let stream = xz::stream(NO_CHECK, &[block]);
    check(Xz::new(), &stream, error, &good);
    check(Any::new(), &stream, error, &good);
    check(Concatenated::new(Xz::new()), &stream, error, &good);
}

fn check_lzma(file: &[u8], error: Error) {
    let good = alone_of(&literals(CONTENT), 1 << 16, true);
    check(Lzma::new(), file, error, &good);
    if error != Error::LzmaProperties {
        check(Any::new(), file, error, &good);
    }
}

fn is_good(chunks: &Chunks) -> bool {
    let stream = xz::stream(CRC32, &[chunks.block()]);
    decode_slice(&mut Xz::new(), &stream, &mut vec![0; 1 << 18]).is_ok()
}

fn begun() -> Chunks {
    let mut chunks = Chunks::new();
    chunks.lzma(Reset::Dictionary, &literals(b"some bytes"));
    chunks
}

#[test]
fn controls() {
    for control in 3..0x80 {
        check_chunks(Chunks::new().raw(&[control]), Error::Lzma2Control);
        check_chunks(begun().raw(&[control]), Error::Lzma2Control);
    }
    let symbols = literals(b"more bytes");
    let mut chunks = Chunks::new();
    check_chunks(chunks.stored(false, b"stored"), Error::Lzma2Dictionary);
    for reset in [Reset::Nothing, Reset::State, Reset::Properties] {
        check_chunks(Chunks::new().lzma(reset, &symbols), Error::Lzma2Dictionary);
        // Each block starts over.
        let mut second = Chunks::new();
        second.lzma(reset, &symbols);
        let stream = xz::stream(NO_CHECK, &[begun().block(), second.block()]);
        let good = xz::stream(CRC32, &[Block::stored(CONTENT)]);
        check(Xz::new(), &stream, Error::Lzma2Dictionary, &good);
    }
    for reset in [Reset::Nothing, Reset::State] {
        let mut chunks = Chunks::new();
        check_chunks(chunks.stored(true, b"stored").lzma(reset, &symbols), Error::Lzma2Properties);
        // Also if they had been set before.
        let mut chunks = begun();
        check_chunks(chunks.stored(true, b"stored").lzma(reset, &symbols), Error::Lzma2Properties);
        let mut chunks = begun();
        assert!(is_good(chunks.stored(false, b"stored").lzma(reset, &symbols)));
    }
    let mut chunks = Chunks::new();
    assert!(is_good(chunks.stored(true, b"stored").lzma(Reset::Properties, &symbols)));
}

#[test]
fn properties() {
    for properties in 0..=255 {
        let (lc, lp, pb) = (properties % 9, properties / 9 % 5, properties / 45);
        let is_right = lc + lp <= 4 && pb <= 4;
        for reset in [Reset::Dictionary, Reset::Properties] {
            let mut chunks = begun();
            chunks.raw(&[reset as u8, 0, 0, 0, 5, properties, 0, 0, 0, 0, 0, 0]);
            let stream = xz::stream(NO_CHECK, &[chunks.block()]);
            let result = decode_slice(&mut Xz::new(), &stream, &mut [0; 100]);
            assert_eq!(result == Err(Error::LzmaProperties), !is_right, "{properties}");
        }
        let file = alone(properties, 1 << 16, None, &[0; 40]);
        if is_right {
            let result = decode_slice(&mut Lzma::new(), &file, &mut [0; 4000]);
            assert_ne!(result, Err(Error::LzmaProperties));
        } else {
            check_lzma(&file, Error::LzmaProperties);
        }
    }
}

#[test]
fn ends_of_chunks() {
    let symbols = [literals(b"abc"), vec![Match { distance: 3, length: 100 }]].concat();
    let mut encoder = Encoder::new(3, 0, 2);
    let data = encoder.symbols(&symbols).finish();
    let with = |output, input, data: &[u8]| {
        let mut chunks = Chunks::new();
        chunks.chunk(Reset::Dictionary, output, input, data);
        chunks
    };
    let good = with(103, data.len(), &data);
    assert!(decode_slice(
        &mut Xz::new(),
        &xz::stream(NO_CHECK, &[Block { content: encoder.content().to_vec(), ..good.block() }]),
        &mut [0; 200]
    )
    .is_ok());
    for first in 1..=255 {
        let data = [&[first], &data[1..]].concat();
        check_chunks(&with(103, data.len(), &data), Error::LzmaFirstByte);
        check_lzma(&alone(93, 1 << 16, Some(103), &data), Error::LzmaFirstByte);
    }
    // Sizes that are not those of the data.
    for input in 1..data.len() {
        check_chunks(&with(103, input, &data), Error::Lzma2ChunkSize);
    }
    for more in [1, 2, 100, 60_000] {
        let mut data = data.clone();
        data.resize(data.len() + more, 0);
        check_chunks(&with(103, data.len(), &data), Error::Lzma2ChunkSize);
    }
    for output in [4, 50, 102] {
        check_chunks(&with(output, data.len(), &data), Error::LzmaLength);
        check_lzma(&alone(93, 1 << 16, Some(output as u64), &data), Error::LzmaLength);
    }
    for output in [1, 2, 3] {
        check_chunks(&with(output, data.len(), &data), Error::LzmaEnd);
        check_lzma(&alone(93, 1 << 16, Some(output as u64), &data), Error::LzmaEnd);
    }
    for bit in 0..8 {
        let mut data = data.clone();
        *data.last_mut().unwrap() ^= 1 << bit;
        check_chunks(&with(103, data.len(), &data), Error::LzmaEnd);
    }
    // More symbols than the size allows, each kind of them.
    for more in
        [Literal(0xff), ShortRep, Rep { index: 0, length: 2 }, Match { distance: 1, length: 2 }]
    {
        let symbols = [&symbols[..], &[more; 9]].concat();
        let data = Encoder::new(3, 0, 2).symbols(&symbols).finish();
        check_chunks(&with(103, data.len(), &data), Error::LzmaEnd);
        check_lzma(&alone(93, 1 << 16, Some(103), &data), Error::LzmaEnd);
    }
}

#[test]
fn end_markers() {
    let symbols = literals(b"abcabc");
    let marked = [&symbols[..], &[END_MARKER]].concat();
    let data = Encoder::new(3, 0, 2).symbols(&marked).finish();
    for output in [7, 100] {
        let mut chunks = Chunks::new();
        chunks.chunk(Reset::Dictionary, output, data.len(), &data);
        check_chunks(&chunks, Error::LzmaEndMarker);
        check_lzma(&alone(93, 1 << 16, Some(output as u64), &data), Error::LzmaEndMarker);
    }
    let mut chunks = Chunks::new();
    chunks.chunk(Reset::Dictionary, 6, data.len(), &data);
    check_chunks(&chunks, Error::LzmaEnd);
    // Where an end marker is allowed, nothing of the data may follow it.
    for size in [None, Some(6)] {
        let file = alone(93, 1 << 16, size, &data);
        let decoded = decode_slice(&mut Lzma::new(), &file, &mut [0; 10]).unwrap();
        assert_eq!((decoded.consumed, decoded.written), (file.len(), 6));
        let mut longer = marked.clone();
        longer.extend(literals(b"more"));
        let data = Encoder::new(3, 0, 2).symbols(&longer).finish();
        check_lzma(&alone(93, 1 << 16, size, &data), Error::LzmaEnd);
        for bit in (0..8).filter(|bit| file[file.len() - 1] >> bit & 1 == 0) {
            let mut file = file.clone();
            *file.last_mut().unwrap() |= 1 << bit;
            let result = decode_slice(&mut Lzma::new(), &file, &mut [0; 10]);
            assert_eq!(result, Err(Error::LzmaEnd));
        }
    }
    // A copy of any length.
    for length in 2..=273 {
        let mut encoder = Encoder::new(3, 0, 2);
        encoder.symbols(&symbols).symbol(Match { distance: 1 << 32, length });
        let file = alone(93, 1 << 16, None, &encoder.finish());
        assert!(decode_slice(&mut Lzma::new(), &file, &mut [0; 6]).is_ok());
    }
}

#[test]
fn trailing_bytes() {
    let file = alone_of(&literals(CONTENT), 1 << 16, false);
    for behind in [&[0][..], b"#", &file] {
        let longer = [&file[..], behind].concat();
        check(Concatenated::new(Lzma::new()), &longer, Error::LzmaTrailing, &file);
        check(Concatenated::new(Any::new()), &longer, Error::LzmaTrailing, &file);
        let decoded = decode_slice(&mut Lzma::new(), &longer, &mut [0; 100]).unwrap();
        assert_eq!(decoded.consumed, file.len());
    }
}

/// Checks that `symbol` ends in `error`, with nothing to copy, and with `before` bytes of history.
fn check_symbol(before: usize, symbol: Symbol, error: Error) {
    let symbols = [literals(&data::text(before)), vec![symbol]].concat();
    let mut chunks = Chunks::new();
    chunks.lzma(Reset::Dictionary, &symbols);
    check_chunks(&chunks, error);
    for size in [None, Some(1 << 20)] {
        let mut encoder = Encoder::new(3, 0, 2);
        let data = encoder.symbols(&symbols).symbols(&literals(&[7; 40])).finish();
        check_lzma(&alone(93, 1 << 16, size, &data), error);
    }
}

#[test]
fn distances_before_the_start() {
    for symbol in [ShortRep, Rep { index: 0, length: 2 }, Rep { index: 3, length: 273 }] {
        check_symbol(0, symbol, Error::DistanceBeforeStart);
    }
    for before in [0, 1, 2, 63, 64, 100, 5_000, 65_000] {
        for length in [2, 8, 16, 17, 64, 65, 273] {
            let distance = before as u64 + 1;
            check_symbol(before, Match { distance, length }, Error::DistanceBeforeStart);
        }
    }
    // A distance beyond the last reset of the dictionary, although there are bytes since the file's
    // start.
    for before in [1, 63, 64, 5_000] {
        for own in [1, 63, 64, 300] {
            for stored in [false, true] {
                let mut chunks = Chunks::new();
                chunks.stored(true, &data::random(before));
                if stored {
                    chunks.stored(true, &data::text(own)).lzma(Reset::Properties, &[Literal(0)]);
                } else {
                    let symbols = [literals(&data::text(own)), vec![Literal(0)]].concat();
                    chunks.lzma(Reset::Dictionary, &symbols);
                }
                let own = own as u64 + 1;
                let mut far = chunks.clone();
                far.lzma(Reset::Nothing, &[Match { distance: own + 1, length: 5 }]);
                check_chunks(&far, Error::DistanceBeforeStart);
                chunks.lzma(Reset::Nothing, &[Match { distance: own, length: 5 }]);
                assert!(is_good(&chunks), "{before}, {own}");
            }
        }
    }
}

#[test]
fn distances_past_the_dictionary() {
    for (bits, size) in [(0, 4096), (1, 6144), (2, 8192), (5, 24_576)] {
        for length in [2, 8, 16, 17, 64, 65, 273] {
            for distance in [size, size + 1, size + 100, 40_000, 1 << 31, (1 << 32) - 1] {
                let mut chunks = Chunks::new();
                chunks.stored(true, &data::random(40_000));
                chunks.lzma(Reset::Properties, &[Match { distance, length }]);
                let block = Block { filters: vec![(LZMA2, vec![bits])], ..chunks.block() };
                let symbols =
                    [literals(&data::text(40_000)), vec![Match { distance, length }]].concat();
                let file = alone_of(&symbols, size as u32, true);
                if distance > size {
                    check_block(block, Error::DistancePastWindow);
                    check_lzma(&file, Error::DistancePastWindow);
                } else {
                    let stream = xz::stream(CRC32, &[block]);
                    let mut output = vec![0; 1 << 16];
                    assert!(decode_slice(&mut Xz::new(), &stream, &mut output).is_ok());
                    assert!(decode_slice(&mut Lzma::new(), &file, &mut output).is_ok());
                }
            }
        }
    }
    // A header that declares less than 4 KiB means 4 KiB.
    for dictionary in [0, 1, 4095, 4096] {
        let far = Match { distance: 4097, length: 2 };
        let near = Match { distance: 4096, length: 2 };
        let text = literals(&data::text(5_000));
        let file = alone_of(&[&text[..], &[far]].concat(), dictionary, true);
        let result = decode_slice(&mut Lzma::new(), &file, &mut [0; 6000]);
        assert_eq!(result, Err(Error::DistancePastWindow));
        let file = alone_of(&[&text[..], &[near]].concat(), dictionary, true);
        assert!(decode_slice(&mut Lzma::new(), &file, &mut [0; 6000]).is_ok());
    }
}

/// Decodes `stream`, and releases the first page when some 100 bytes of the stream are consumed.
fn decode_with_release(mut decoder: impl Decode, stream: &[u8]) -> Result<Pause, Error> {
    let mut pages = vec![[0; 64]; 4];
    let progress = decoder.decode(&stream[..120], &mut pages).unwrap();
    assert!(decoder.written() > 64 && decoder.written() < 200);
    assert_eq!(decoder.release(4), Err(Error::ReleaseUnsettled));
    assert_eq!(decoder.release(1), Ok(()));
    pages.remove(0);
    decoder.decode(&stream[progress.consumed..], &mut pages).map(|progress| progress.pause)
}

#[test]
fn distances_into_released_pages() {
    let symbols = literals(&data::text(200));
    for (distance, expected) in [
        (200, Err(Error::DistanceReleased)),
        (137, Err(Error::DistanceReleased)),
        (136, Ok(Pause::Done)),
        (201, Err(Error::DistanceBeforeStart)),
    ] {
        let symbols = [&symbols[..], &[Match { distance, length: 20 }]].concat();
        let file = alone_of(&symbols, 1 << 16, true);
        assert_eq!(decode_with_release(Lzma::new(), &file), expected, "{distance}");
    }
    // Where the chunk ends within that symbol, the symbol is executed all the same, if it can be.
    let symbols = [&symbols[..], &[Match { distance: 200, length: 20 }]].concat();
    let data = Encoder::new(3, 0, 2).symbols(&symbols).finish();
    let mut within = 0;
    for input in data.len() - 10..data.len() {
        let mut block = Chunks::new().chunk(Reset::Dictionary, 220, input, &data).block();
        block.data.extend([0; 64]);
        let stream = xz::stream(NO_CHECK, &[block]);
        let mut decoder = Xz::new();
        let result = decode_slice(&mut decoder, &stream, &mut [0; 256]);
        assert_eq!(result, Err(Error::Lzma2ChunkSize), "{input}");
        let is_within = decoder.written() == 220;
        let expected = if is_within { Error::DistanceReleased } else { Error::Lzma2ChunkSize };
        assert_eq!(decode_with_release(Xz::new(), &stream), Err(expected), "{input}");
        within += usize::from(is_within);
    }
    assert!(within > 0);
}

#[test]
fn the_largest_dictionary() {
    // Whatever a header asks for, no memory is allocated.
    let content = data::text(300);
    let block = Block { filters: vec![(LZMA2, vec![DICTIONARY_4G])], ..Block::stored(&content) };
    let stream = xz::stream(CRC32, &[block]);
    let file = alone_of(&literals(&content), u32::MAX, false);
    let mut output = [0; 300];
    let mut decoder = Any::new();
    for file in [&stream, &file] {
        decoder.reset();
        decoder.limit_window(u64::from(u32::MAX));
        assert!(decode_slice(&mut decoder, file, &mut output).is_ok());
        assert_eq!(output, content[..]);
        assert_eq!(decoder.window(), Some(u64::from(u32::MAX)));
        for limit in [0, 4096, u64::from(u32::MAX) - 1] {
            decoder.reset();
            decoder.limit_window(limit);
            // Before there is any page; and limits outlive a reset.
            for _ in 0..2 {
                let result = decoder.decode::<[u8; 64]>(file, &mut []);
                assert_eq!(result, Err(Error::WindowLimit));
                decoder.reset();
            }
        }
    }
    // The window of the second block is too large.
    let small = Block { filters: vec![(LZMA2, vec![DICTIONARY_4K])], ..Block::stored(&content) };
    let large = Block { filters: vec![(LZMA2, vec![1])], ..small.clone() };
    let stream = xz::stream(CRC32, &[small, large]);
    let mut decoder = Xz::new();
    decoder.limit_window(4096);
    let result = decode_slice(&mut decoder, &stream, &mut [0; 600]);
    assert_eq!((result, decoder.written()), (Err(Error::WindowLimit), 300));
}
