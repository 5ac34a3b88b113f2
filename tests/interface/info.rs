// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What headers declare, known before any output: sizes, windows and dictionaries.

use pagewise::{decode_slice, Any, Concatenated, Decode, Error, Lzma, Pause, Status, Zstd};

use crate::common::data::{encode_c, text, Wrapper};
use crate::common::lzma::{alone_of, literals};
use crate::common::zstd::{Header, Writer, WINDOW_1K};

/// What is known when a decoder asks for its first page.
fn at_first_page(mut decoder: impl Decode, stream: &[u8]) -> Status {
    let none: &mut [[u8; 64]] = &mut [];
    assert_eq!(decoder.decode(stream, none).unwrap().pause, Pause::NeedPage);
    decoder.status()
}

#[test]
fn sizes_of_content() {
    let content = text(3000);
    let mut writer = Writer::new();
    writer.raw(&content);
    let told = writer.frame(&Header { size_width: 4, ..Header::NEW });
    let untold = writer.frame(&Header::NEW);
    let symbols = literals(&content);
    let cases = [
        (told.clone(), Some(3000)),
        (untold.clone(), None),
        (alone_of(&symbols, 1 << 16, false), Some(3000)),
        (alone_of(&symbols, 1 << 16, true), None),
        (encode_c(Wrapper::Gzip, &content, 6, 15), None),
        (encode_c(Wrapper::Zlib, &content, 6, 15), None),
    ];
    let mut output = vec![0; 6000];
    for (stream, size) in cases {
        assert_eq!(at_first_page(Any::new(), &stream).info.content_size, size);
        // Once the header is complete, the size is known in each format.
        let mut decoder = Any::new();
        let _ = decode_slice(&mut decoder, &stream, &mut output).unwrap();
        assert_eq!(decoder.info().content_size, Some(3000));
        decoder.reset();
        assert_eq!(decoder.info(), Any::new().info());
    }
    // Of several members, the size is the last one's, not the sum.
    let mut decoder = Concatenated::new(Any::new());
    let _ = decode_slice(&mut decoder, &[told, untold].concat(), &mut output).unwrap();
    assert_eq!((decoder.written(), decoder.info().content_size), (6000, Some(3000)));
}

#[test]
fn window_that_is_too_large() {
    let frame = Writer::new().raw(b"abc").frame(&Header::NEW);
    let mut decoder = Any::new();
    decoder.limit_window(1 << 16);
    let result = decode_slice(&mut decoder, &frame, &mut [0; 3]);
    assert_eq!((result, decoder.window()), (Err(Error::WindowLimit), Some(128 << 10)));
    decoder.limit_window(decoder.window().unwrap());
    assert_eq!(decode_slice(&mut decoder, &frame, &mut [0; 3]).unwrap().written, 3);
    let file = alone_of(&literals(b"abc"), 1 << 20, false);
    let mut decoder = Lzma::new();
    decoder.limit_window(1 << 16);
    let result = decode_slice(&mut decoder, &file, &mut [0; 3]);
    assert_eq!((result, decoder.window()), (Err(Error::WindowLimit), Some(1 << 20)));
}

#[test]
fn dictionary_of_a_frame() {
    let header = Header { dictionary: (4, 0x1234_5678), window: Some(WINDOW_1K), ..Header::NEW };
    let frame = Writer::new().raw(b"abc").frame(&header);
    let mut decoder = Zstd::new();
    let result = decode_slice(&mut decoder, &frame, &mut [0; 3]);
    assert_eq!(result, Err(Error::ZstdDictionaryId));
    assert_eq!(decoder.info().dictionary_id, Some(0x1234_5678));
    let plain = Writer::new().raw(b"abc").frame(&Header::NEW);
    assert_eq!(decode_slice(&mut decoder, &plain, &mut [0; 3]).unwrap().written, 3);
    assert_eq!(decoder.info().dictionary_id, None);
}

/// A declared size is believed up to the limit and a multiple of the input.
#[test]
#[cfg(feature = "alloc")]
fn sizes_for_a_vec() {
    use pagewise::decode_to_vec;

    let content = text(3000);
    let header = Header { size_width: 8, ..Header::NEW };
    let good = Writer::new().raw(&content).frame(&header);
    let decoded = decode_to_vec(&mut Zstd::new(), &good, 3000).unwrap();
    assert!(decoded == content && decoded.capacity() == 3000);
    // What can't fit is refused before a byte is decoded.
    let mut decoder = Zstd::new();
    assert_eq!(decode_to_vec(&mut decoder, &good, 2999), Err(Error::OutputLimit));
    assert_eq!((decoder.written(), decoder.info().content_size), (0, Some(3000)));
    // The allocator is not asked for two exbibytes: the lie is found first.
    let mut lie = good.clone();
    let at = good.windows(8).position(|bytes| bytes == 3000u64.to_le_bytes()).unwrap();
    lie[at..at + 8].copy_from_slice(&(2u64 << 60).to_le_bytes());
    let result = decode_to_vec(&mut Zstd::new(), &lie, usize::MAX);
    assert_eq!(result, Err(Error::ZstdContentSize));
}
