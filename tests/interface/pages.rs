// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Pages of all kinds, well and badly behaved, and their release.

use std::cell::Cell;

use crate::common::bits::{expand, literals, BitWriter, Op};
use crate::common::data::{self, encode_c, encode_rs, Random, Wrapper};
use crate::common::feed::decode_into;
use pagewise::{decode_slice, Decode, Deflate, Error, Pause, Zlib};
use zlib_rs::{DeflateConfig, Strategy};

/// 20,000 bytes with copies from near and far.
fn content() -> Vec<u8> {
    [data::text(9_000), data::runs(2_000), data::text(9_000)].concat()
}

#[test]
fn types_of_pages() {
    struct Mapped(Box<[u8; 128]>);
    impl AsRef<[u8]> for Mapped {
        fn as_ref(&self) -> &[u8] {
            &self.0[..]
        }
    }
    impl AsMut<[u8]> for Mapped {
        fn as_mut(&mut self) -> &mut [u8] {
            &mut self.0[..]
        }
    }

    let content = content();
    let stream = encode_c(Wrapper::Deflate, &content, 9, 15);
    assert!(decode_into(&stream, || [0; 128]).unwrap() == content);
    assert!(decode_into(&stream, || vec![0; 128]).unwrap() == content);
    assert!(decode_into(&stream, || vec![0; 128].into_boxed_slice()).unwrap() == content);
    assert!(decode_into(&stream, || Mapped(Box::new([0; 128]))).unwrap() == content);

    // Slices of one buffer, out of order in memory.
    let mut memory = vec![0; content.len().next_multiple_of(256)];
    let mut pages: Vec<&mut [u8]> = memory.chunks_mut(256).rev().collect();
    let progress = Deflate::new().decode(&stream, &mut pages).unwrap();
    assert_eq!(progress.pause, Pause::Done);
    assert!(pages.concat().starts_with(&content));
}

#[test]
fn lengths_of_pages() {
    let content = content();
    let stream = encode_c(Wrapper::Deflate, &content, 9, 15);
    for bits in 6..=18 {
        assert!(decode_into(&stream, || vec![0; 1 << bits]).unwrap() == content, "1 << {bits}");
    }
    // The first page may have any length, and can be the only one then.
    for length in [1, 2, 16, 32, 63, 65, 100, 4095, 4097, 19_999] {
        assert_eq!(decode_into(&stream, || vec![0; length]), Err(Error::PageShape), "{length}");
    }
    for length in [content.len(), content.len() + 1, 65_535, 100_003] {
        assert!(decode_into(&stream, || vec![0; length]).unwrap() == content, "{length}");
    }
    for length in [0, 1, 63, 4096, content.len() - 1] {
        let mut flat = vec![0; length];
        let result = decode_slice(&mut Deflate::new(), &stream, &mut flat);
        assert_eq!(result, Err(Error::OutputLimit));
        assert!(content.starts_with(&flat), "{length} bytes are used to the last");
    }
    let empty = encode_c(Wrapper::Deflate, b"", 6, 15);
    assert!(decode_slice(&mut Deflate::new(), &empty, &mut []).is_ok());
}

#[test]
fn a_flat_page_grows() {
    let content = content();
    let stream = encode_c(Wrapper::Deflate, &content, 9, 15);
    for step in [1, 3, 64, 1000, 4096, 19_000] {
        let (mut decoder, mut flat, mut rest) = (Deflate::new(), Vec::new(), &stream[..]);
        loop {
            let progress = decoder.decode(rest, &mut [&mut flat]).unwrap();
            rest = &rest[progress.consumed..];
            match progress.pause {
                Pause::NeedPage => flat.resize(flat.len() + step, 0),
                pause => break assert_eq!(pause, Pause::Done),
            }
        }
        assert!(flat.starts_with(&content), "step {step}");
    }
}

#[test]
fn mixed_lengths() {
    let stream = encode_c(Wrapper::Deflate, &content(), 9, 15);
    let lengths: [&[usize]; 9] = [
        &[64, 128],
        &[128, 64],
        &[64, 64, 64, 63],
        &[4096, 4096, 0, 4096, 4096, 4096],
        &[0, 64],
        &[0, 0],
        &[65_536, 100, 3],
        &[32, 32],
        &[96, 96],
    ];
    for lengths in lengths {
        let mut pages: Vec<Vec<u8>> = lengths.iter().map(|&length| vec![0; length]).collect();
        let result = Deflate::new().decode(&stream, &mut pages);
        match lengths {
            // Later pages do not matter until they are reached.
            [65_536, ..] => assert_eq!(result.unwrap().pause, Pause::Done),
            _ => assert_eq!(result, Err(Error::PageShape), "{lengths:?}"),
        }
    }
}

/// A decoder in the middle of a stream with three full pages of 64 bytes, and a fourth in use.
fn midway(stream: &[u8]) -> (Deflate, Vec<Vec<u8>>, usize) {
    let (mut decoder, mut pages) = (Deflate::new(), vec![vec![0; 64]; 3]);
    let progress = decoder.decode(stream, &mut pages).unwrap();
    assert_eq!(progress.pause, Pause::NeedPage);
    pages.push(vec![0; 64]);
    let input = &stream[progress.consumed..][..30];
    let consumed = progress.consumed + decoder.decode(input, &mut pages).unwrap().consumed;
    assert!(decoder.written() > 192 && decoder.written() < 256);
    (decoder, pages, consumed)
}

#[test]
fn missing_and_changed_pages() {
    let content = data::text(1000);
    let config = DeflateConfig { strategy: Strategy::HuffmanOnly, ..DeflateConfig::default() };
    let stream = encode_rs(Wrapper::Deflate, &content, config);

    let (mut decoder, mut pages, consumed) = midway(&stream);
    pages.resize(16, vec![0; 64]);
    assert_eq!(decoder.decode(&stream[consumed..], &mut pages).unwrap().pause, Pause::Done);
    assert!(pages.concat().starts_with(&content));

    let changes: [fn(&mut Vec<Vec<u8>>); 7] = [
        |pages| pages.clear(),
        |pages| pages.truncate(1),
        |pages| pages.truncate(3),
        |pages| pages[0] = vec![0; 63],
        |pages| pages[0] = vec![0; 128],
        |pages| pages[3] = vec![0; 32],
        |pages| pages.iter_mut().for_each(|page| page.resize(128, 0)),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let (mut decoder, mut pages, consumed) = midway(&stream);
        change(&mut pages);
        let result = decoder.decode(&stream[consumed..], &mut pages);
        assert_eq!(result, Err(Error::PageShape), "change {index}");
        pages.resize(16, vec![0; 64]);
        assert_eq!(decoder.decode(&stream[consumed..], &mut pages), Err(Error::PageShape));
    }

    // A flat page cannot shrink, be it full or not.
    for end in [100, stream.len()] {
        let mut decoder = Deflate::new();
        let _ = decoder.decode(&stream[..end], &mut [vec![0; 300]]).unwrap();
        assert_eq!(decoder.decode(&[], &mut [vec![0; 299]]), Err(Error::PageShape));
    }
}

/// A page whose length changes from one look to the next.
struct Shifty<'a> {
    bytes: Vec<u8>,
    behaviour: &'a Behaviour,
}

struct Behaviour {
    random: Cell<u64>,
    /// Lengths to choose from, as lent for reading, and for writing.
    lengths: [&'static [usize]; 2],
    /// How many more times the page may be looked at before a decoder counts as hanging.
    looks: Cell<u64>,
}

impl Behaviour {
    fn length(&self, writing: bool) -> usize {
        let looks = self.looks.get().checked_sub(1).expect("decoding does not end");
        self.looks.set(looks);
        let lengths = self.lengths[usize::from(writing)];
        let mut random = Random(self.random.get());
        let length = lengths[random.below(lengths.len())];
        self.random.set(random.0);
        length
    }
}

impl AsRef<[u8]> for Shifty<'_> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.behaviour.length(false)]
    }
}

impl AsMut<[u8]> for Shifty<'_> {
    fn as_mut(&mut self) -> &mut [u8] {
        let length = self.behaviour.length(true);
        &mut self.bytes[..length]
    }
}

/// Decodes into such pages, which must end, in an error or in garbage.
fn misbehave(stream: &[u8], seed: u64, lengths: [&'static [usize]; 2], chunk: usize) {
    let (random, looks) = (Cell::new(seed), Cell::new(2_000_000));
    let behaviour = Behaviour { random, lengths, looks };
    let (mut decoder, mut pages) = (Deflate::new(), Vec::new());
    let (mut at, mut end) = (0, 0);
    // Garbage may be long: a page that lends no bytes takes none.
    for _ in 0..5_000 {
        let Ok(progress) = decoder.decode(&stream[at..end], &mut pages) else { break };
        at += progress.consumed;
        match progress.pause {
            Pause::NeedPage => pages.push(Shifty { bytes: vec![0; 4096], behaviour: &behaviour }),
            Pause::NeedInput { .. } if end < stream.len() => end = stream.len().min(end + chunk),
            _ => break,
        }
        let _ = decoder.settled().min(decoder.written()).min(decoder.consumed());
    }
}

#[test]
fn pages_that_change_while_in_use() {
    let content = content();
    let streams = [
        encode_c(Wrapper::Deflate, &content, 9, 15),
        encode_c(Wrapper::Deflate, &content, 0, 15),
        BitWriter::new().fixed(true, &data::random_ops(&mut Random(1), 10_000)).finish(),
    ];
    const LENGTHS: [&[usize]; 10] = [
        &[0],
        &[1],
        &[63],
        &[64],
        &[65],
        &[4096],
        &[0, 1, 63, 64, 65, 4096],
        &[64, 128],
        &[64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 0],
        &[4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 2048],
    ];
    for stream in streams {
        for reading in LENGTHS {
            for writing in LENGTHS {
                for (seed, chunk) in (0..4).zip([7, 100, 1000, usize::MAX]) {
                    misbehave(&stream, seed, [reading, writing], chunk);
                }
            }
        }
    }
}

#[test]
fn pages_that_are_swapped() {
    // Bytes that were not written are copied: garbage, which a checksum finds.
    let content = content();
    let stream = encode_c(Wrapper::Zlib, &content, 9, 15);
    let (mut decoder, mut pages, mut at) = (Zlib::new(), Vec::new(), 0);
    let result = loop {
        match decoder.decode(&stream[at..], &mut pages) {
            Ok(progress) => at += progress.consumed,
            Err(error) => break error,
        }
        pages.push(vec![0; 64]);
        pages.rotate_left(1);
    };
    assert_eq!(result, Error::ZlibAdler32);
    assert_eq!(decoder.written(), content.len() as u64);
}

#[test]
fn released_pages() {
    // 1,000 bytes are 15 full pages and a part of the next one. The copy needs the second page. At
    // most 7 of its bits are in the last byte of the literals' block.
    let ops = literals(&data::random(1000));
    let copy = [Op::Copy { distance: 900, length: 10 }];
    let mut stream = BitWriter::new();
    let split = stream.fixed(false, &ops).finish().len();
    let stream = stream.fixed(true, &copy).finish();
    let content = expand(&[&ops[..], &copy].concat());
    for (release, result) in [
        (0, Ok(())),
        (1, Ok(())),
        (2, Err(Error::DistanceReleased)),
        (15, Err(Error::DistanceReleased)),
        (16, Err(Error::ReleaseUnsettled)),
        (usize::MAX, Err(Error::ReleaseUnsettled)),
    ] {
        let (mut decoder, mut pages) = (Deflate::new(), vec![[0; 64]; 17]);
        let first = decoder.decode(&stream[..split], &mut pages).unwrap();
        assert_eq!((decoder.written(), decoder.settled()), (1000, 1000));
        let released = decoder.release(release);
        if released.is_ok() {
            pages.drain(..release);
        } else {
            // A refused release changes nothing.
            assert_eq!(released, result);
        }
        let second = decoder.decode(&stream[first.consumed..], &mut pages);
        match result {
            Err(error @ Error::DistanceReleased) => assert_eq!(second, Err(error), "{release}"),
            _ => {
                assert_eq!(second.unwrap().pause, Pause::Done, "{release}");
                let behind = &content[64 * (17 - pages.len())..];
                assert!(pages.as_flattened().starts_with(behind), "{release}");
            }
        }
    }
}

#[test]
fn all_pages_released() {
    // At a page's end all of them can go, and an empty array is right then.
    let content = data::text(256);
    let stream = BitWriter::new().stored(true, &content).finish();
    let mut decoder = Deflate::new();
    // No page was seen so far, so there is none to release.
    assert_eq!(decoder.release(1), Err(Error::ReleaseUnsettled));
    assert_eq!(decoder.release(0), Ok(()));
    let mut pages = vec![[0; 64]; 2];
    let progress = decoder.decode(&stream, &mut pages).unwrap();
    assert_eq!((progress.pause, decoder.written()), (Pause::NeedPage, 128));
    assert_eq!(decoder.release(1), Ok(()));
    assert_eq!(decoder.release(2), Err(Error::ReleaseUnsettled));
    assert_eq!(decoder.release(1), Ok(()));
    let rest = &stream[progress.consumed..];
    let progress = decoder.decode::<[u8; 64]>(rest, &mut []).unwrap();
    assert_eq!((progress.consumed, progress.pause), (0, Pause::NeedPage));
    let progress = decoder.decode(rest, &mut pages).unwrap();
    assert_eq!((progress.consumed, progress.pause), (rest.len(), Pause::Done));
    assert_eq!(pages.as_flattened(), &content[128..]);

    // The caller has not taken the released pages off: the decoder takes the first page of the
    // array for the first one that was not released.
    let mut decoder = Deflate::new();
    let mut pages = vec![[0; 64]; 3];
    let progress = decoder.decode(&stream, &mut pages).unwrap();
    decoder.release(3).unwrap();
    let progress = decoder.decode(&stream[progress.consumed..], &mut pages).unwrap();
    assert_eq!(progress.pause, Pause::Done);
    assert_eq!(pages[0], content[192..]);
}

#[test]
fn a_page_released_under_a_waiting_copy() {
    // The copy is complete in the input, and in the output up to the second page's end; its next
    // byte would come from the first page.
    let ops = [literals(&data::random(100)), vec![Op::Copy { distance: 90, length: 100 }]].concat();
    let (stream, content) = (BitWriter::new().fixed(true, &ops).finish(), expand(&ops));
    for release in [0, 1] {
        let (mut decoder, mut pages) = (Deflate::new(), vec![[0; 64]; 2]);
        let progress = decoder.decode(&stream, &mut pages).unwrap();
        assert_eq!((progress.pause, decoder.written()), (Pause::NeedPage, 128));
        decoder.release(release).unwrap();
        pages.drain(..release);
        pages.resize(4 - release, [0; 64]);
        let result = decoder.decode(&stream[progress.consumed..], &mut pages);
        if release == 0 {
            assert_eq!(result.unwrap().pause, Pause::Done);
            assert!(pages.as_flattened().starts_with(&content));
        } else {
            assert_eq!(result, Err(Error::DistanceReleased));
            assert_eq!(decoder.written(), 128);
            assert_eq!(pages[1..], [[0; 64]; 2], "nothing is written");
        }
    }
}
