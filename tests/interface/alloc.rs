// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The forms for users with an allocator.

use crate::common::data::{self, encode_c, gzip, raw_literals, GzipHeader, Wrapper};
use pagewise::{
    decode_to_vec, Any, Carry, Concatenated, Decode, Error, GrowingPages, Gzip, Pause, Progress,
    Zlib,
};

#[test]
fn vectors_have_the_output_and_nothing_else() {
    // Less than the first guess, as much, and far more.
    let contents =
        [data::random(1000), data::text(100_000), vec![0; 3_000_000], Vec::new(), data::text(1)];
    for content in contents {
        for level in [0, 6] {
            let stream = encode_c(Wrapper::Zlib, &content, level, 15);
            for limit in [content.len(), content.len() + 1, usize::MAX] {
                let output = decode_to_vec(&mut Zlib::new(), &stream, limit).unwrap();
                assert!(output == content, "{} bytes, limit {limit}", content.len());
            }
            for limit in [0, content.len() / 2, content.len().saturating_sub(1)] {
                let result = decode_to_vec(&mut Any::new(), &stream, limit);
                match content.len() {
                    0 => assert_eq!(result, Ok(Vec::new())),
                    _ => assert_eq!(result, Err(Error::OutputLimit), "limit {limit}"),
                }
            }
        }
    }
}

#[test]
fn vectors_of_members_and_of_defects() {
    let content = data::text(10_000);
    let member = encode_c(Wrapper::Gzip, &content, 6, 15);
    let file = [&member[..], &member, &[0; 100]].concat();
    let mut decoder = Concatenated::new(Gzip::new());
    assert!(decode_to_vec(&mut decoder, &file, 1 << 20).unwrap() == content.repeat(2));
    decoder.reset();
    assert_eq!(decode_to_vec(&mut decoder, &file, 19_999), Err(Error::OutputLimit));

    let mut broken = member.clone();
    for end in [0, 5, 100, member.len() - 1] {
        let result = decode_to_vec(&mut Gzip::new(), &broken[..end], 1 << 20);
        assert_eq!(result, Err(Error::Truncated), "{end} bytes");
    }
    broken[member.len() - 8] ^= 1;
    assert_eq!(decode_to_vec(&mut Gzip::new(), &broken, 1 << 20), Err(Error::GzipCrc32));
}

/// Decodes `stream` in pieces into pages of `N` bytes.
fn grow<const N: usize>(stream: &[u8], chunk: usize, limit: usize) -> Result<Vec<u8>, Error> {
    let mut decoder: Carry<Concatenated<Any>, { Any::CARRY }> =
        Carry::new(Concatenated::new(Any::new()));
    let mut pages = GrowingPages::<N>::new(limit);
    let mut last = Pause::NeedPage;
    for piece in stream.chunks(chunk) {
        let progress = pages.decode(&mut decoder, piece)?;
        assert_eq!(progress.consumed, piece.len());
        assert_ne!(progress.pause, Pause::NeedPage);
        last = progress.pause;
    }
    assert_eq!(last, Pause::Done);
    let written = decoder.written() as usize;
    assert_eq!(pages.as_slice().len(), written.div_ceil(N), "no page more than needed");
    let pages = pages.into_inner();
    assert!(pages.iter().all(|page| page.len() == N));
    let mut output = pages.concat();
    output.truncate(written);
    Ok(output)
}

#[test]
fn pages_grow() {
    let content = [data::text(60_000), data::runs(60_000)].concat();
    let stream = encode_c(Wrapper::Gzip, &content, 6, 15);
    for chunk in [1, 1000, usize::MAX] {
        assert!(grow::<64>(&stream, chunk, usize::MAX).unwrap() == content);
        assert!(grow::<4096>(&stream, chunk, content.len()).unwrap() == content);
        assert!(grow::<65_536>(&stream, chunk, content.len()).unwrap() == content);
        assert!(grow::<1_048_576>(&stream, chunk, 1).unwrap() == content, "one page holds 1 byte");
    }
    let empty = encode_c(Wrapper::Gzip, b"", 6, 15);
    assert_eq!(grow::<4096>(&empty, 1, 0), Ok(Vec::new()));
}

#[test]
fn pages_have_a_limit() {
    // As many pages as hold the limit: the last one may hold more.
    let content = data::text(10 * 4096);
    let stream = encode_c(Wrapper::Gzip, &content, 6, 15);
    for (limit, fits) in [
        (0, false),
        (1, false),
        (9 * 4096, false),
        (9 * 4096 + 1, true),
        (10 * 4096, true),
        (usize::MAX, true),
    ] {
        for chunk in [1, usize::MAX] {
            match grow::<4096>(&stream, chunk, limit) {
                Ok(output) => assert!(fits && output == content, "limit {limit}"),
                Err(error) => assert!(!fits && error == Error::OutputLimit, "limit {limit}"),
            }
        }
    }
}

#[test]
fn pages_tell_what_is_left() {
    let member = gzip(&GzipHeader::default(), &raw_literals(b"abc"), b"abc");
    let mut decoder = Gzip::new();
    let mut pages = GrowingPages::<64>::new(1 << 10);
    let head = &member[..15];
    let Progress { consumed, pause, .. } = pages.decode(&mut decoder, head).unwrap();
    assert!(consumed <= 15 && matches!(pause, Pause::NeedInput { min } if min > 15 - consumed));
    let rest = [&member[consumed..], b"tail"].concat();
    let progress = pages.decode(&mut decoder, &rest).unwrap();
    assert_eq!(progress, Progress::new(rest.len() - 4, Pause::Done));
    assert_eq!(&pages.as_slice()[0][..3], b"abc");
}
