// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The bytes that a `Reader` hands out, and how it ends.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use crate::common::data;
use crate::common::xz::{self, CRC32};
use crate::{gzip, judge, samples, zlib, zstd, Sample};
use pagewise::{Carry, Concatenated, Decode, Deflate, Error, Gzip, Reader, Zeroed};

/// How the bytes are asked for.
#[derive(Clone, Copy, Debug)]
enum By {
    /// `read` with a buffer of this length.
    Read(usize),
    /// `fill_buf`, of which up to so many bytes are consumed.
    Fill(usize),
    /// `read_to_end`.
    All,
}

/// All bytes up to the end or an error.
fn read(reader: &mut impl BufRead, by: By) -> (io::Result<()>, Vec<u8>) {
    let mut output = Vec::new();
    let end = loop {
        let before = output.len();
        let read = match by {
            By::Read(length) => {
                output.resize(before + length, 0xa5);
                let read = reader.read(&mut output[before..]);
                output.truncate(before + read.as_ref().map_or(0, |read| *read));
                read
            }
            By::Fill(most) => reader.fill_buf().map(|bytes| {
                let bytes = &bytes[..bytes.len().min(most)];
                output.extend(bytes);
                bytes.len()
            }),
            By::All => reader.read_to_end(&mut output).map(|_| 0),
        };
        match (read, by) {
            (Ok(0), _) => break Ok(()),
            (Ok(read), By::Fill(_)) => reader.consume(read),
            (Ok(_), _) => {}
            (Err(error), _) => break Err(error),
        }
    };
    (end, output)
}

/// The error inside.
fn inside(error: &io::Error) -> Error {
    *error.get_ref().expect("made of another error").downcast_ref().expect("of an `Error`")
}

/// Reads `file` and compares what comes of it. The second time all is the same, but for the bytes.
fn check(
    name: &str,
    file: &[u8],
    capacity: usize,
    by: By,
    expected: &(Result<(), Error>, Vec<u8>),
) {
    let mut reader = Reader::new(BufReader::with_capacity(capacity, file));
    let (end, output) = read(&mut reader, by);
    assert!(output == expected.1, "{name}, {capacity}, {by:?}: {} bytes", output.len());
    assert_eq!(end.as_ref().map_err(inside).copied(), expected.0, "{name}, {capacity}, {by:?}");
    let (again, nothing) = read(&mut reader, by);
    assert_eq!(again.as_ref().map_err(inside).copied(), expected.0, "{name}, {capacity}, {by:?}");
    assert_eq!(nothing, b"", "{name}, {capacity}, {by:?}");
    if let Err(error) = end {
        let kind = match expected.0 {
            Err(Error::Truncated) => ErrorKind::UnexpectedEof,
            _ => ErrorKind::InvalidData,
        };
        assert_eq!(error.kind(), kind);
    }
}

#[test]
fn all_formats_in_pieces_of_any_size() {
    for Sample { name, file, content } in samples(200_000) {
        let expected = (Ok(()), content);
        for (capacity, by) in [
            (1, By::Read(4096)),
            (7, By::Read(1)),
            (7, By::Fill(7)),
            (64 << 10, By::Read(7)),
            (64 << 10, By::Fill(4096)),
            (64 << 10, By::All),
            (1 << 20, By::Read(1 << 20)),
            (1 << 20, By::All),
        ] {
            check(name, &file, capacity, by, &expected);
        }
        let mut reader = Reader::new(&file[..]);
        let (end, output) = read(&mut reader, By::All);
        assert!(end.is_ok() && output == expected.1, "{name}");
        assert_eq!(reader.trailing(), None, "{name}");
        assert_eq!(reader.decoder().written(), output.len() as u64, "{name}");
        assert_eq!(reader.into_inner(), b"", "{name}");
    }
}

#[test]
fn truncated_anywhere() {
    for Sample { name, file, content } in samples(600) {
        for end in 0..file.len() {
            let cut = &file[..end];
            let expected = judge(cut);
            assert!(content.starts_with(&expected.1), "{name}, {end}");
            if !name.contains("padded") && !name.contains("members") && !name.contains("frames") {
                assert_eq!(expected.0, Err(Error::Truncated), "{name}, {end}");
            }
            for (capacity, by) in [(1, By::All), (64 << 10, By::Read(100)), (7, By::Fill(1000))] {
                check(name, cut, capacity, by, &expected);
            }
        }
    }
}

#[test]
fn damaged_anywhere() {
    let mut wrong = 0;
    for Sample { name, file, .. } in samples(500) {
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 0x11;
            let expected = judge(&damaged);
            wrong += usize::from(expected.0.is_err_and(|error| error != Error::Truncated));
            for (capacity, by) in [(1, By::Fill(100)), (64 << 10, By::Read(300))] {
                check(name, &damaged, capacity, by, &expected);
            }
        }
    }
    assert!(wrong > 2000, "{wrong} files with errors");
}

#[test]
fn damage_far_behind_the_first_page() {
    for Sample { name, file, .. } in samples(400_000) {
        if file.len() > 1000 {
            let mut damaged = file.clone();
            damaged[file.len() - file.len() / 10] ^= 1;
            let expected = judge(&damaged);
            assert!(expected.0.is_err() && expected.1.len() > 200_000, "{name}: {:?}", expected.0);
            check(name, &damaged, 64 << 10, By::Read(5000), &expected);
            check(name, &damaged, 64 << 10, By::Fill(usize::MAX), &expected);
        }
    }
}

#[test]
fn nothing_is_no_file() {
    check("nothing", b"", 1, By::All, &(Err(Error::Truncated), vec![]));
    check("unknown", b"\x7fELF", 1, By::All, &(Err(Error::UnknownFormat), vec![]));
}

#[test]
fn trailing_bytes() {
    let content = data::text(1000);
    for (name, file) in [
        ("gzip", gzip(&content)),
        ("zlib", zlib(&content)),
        ("gzip members", gzip(&content).repeat(2)),
        ("gzip, padded", [&gzip(&content)[..], &[0; 5]].concat()),
    ] {
        for tail in [&b"tail"[..], b"\x1f\x8a", b"\x1fx", b"\x1f\x8c\x1f\x8b"] {
            let longer = [&file[..], tail].concat();
            for capacity in [1, 2, 7, file.len(), file.len() + 1, 1 << 16] {
                let mut reader = Reader::new(BufReader::with_capacity(capacity, &longer[..]));
                assert_eq!(reader.trailing(), None);
                let (end, output) = read(&mut reader, By::Read(999));
                assert!(end.is_ok() && output.starts_with(&content), "{name}, {capacity}");
                let mut trailing = reader.trailing().expect(name).to_vec();
                assert!(trailing.len() <= 1, "{name}, {capacity}");
                // Whatever follows them is read by nobody.
                assert_eq!(reader.read(&mut [0]).unwrap(), 0);
                assert_eq!(reader.decoder().consumed(), file.len() as u64);
                reader.into_inner().read_to_end(&mut trailing).unwrap();
                assert_eq!(trailing, tail, "{name}, {capacity}");
            }
            let mut source = &longer[..];
            let mut reader = Reader::new(&mut source);
            assert!(read(&mut reader, By::All).0.is_ok());
            assert_eq!(reader.trailing(), Some(&[][..]), "{name}");
            assert_eq!(source, tail, "{name}");
        }
    }
    // What could be the beginning of a member, and ends.
    let file = [&gzip(&content)[..], b"\x1f"].concat();
    check("a lone byte", &file, 1, By::All, &(Err(Error::Truncated), content.clone()));
    // The others' tools hold it for damage.
    for (name, file, error) in [
        ("xz", xz::stream(CRC32, &[xz::Block::stored(&content)]), Error::XzMagic),
        ("zstd", zstd(&content), Error::ZstdMagic),
    ] {
        let file = [&file[..], b"trailing bytes"].concat();
        for capacity in [1, 1 << 16] {
            check(name, &file, capacity, By::All, &(Err(error), content.clone()));
        }
    }
}

#[test]
fn decoders_of_choice() {
    let content = data::text(200_000);
    let file = gzip(&content);
    // One member only, and small buffers.
    let two = file.repeat(2);
    let mut reader = Reader::with_decoder(&two[..], Carry::<Gzip>::boxed());
    assert!(read(&mut reader, By::All).1 == content);
    assert_eq!(reader.trailing(), Some(&[][..]));
    assert!(reader.into_inner() == file);
    let mut reader: Reader<_, Concatenated<Gzip>, 64> =
        Reader::with_decoder(&two[..], Carry::boxed());
    assert!(read(&mut reader, By::All).1 == content.repeat(2));
    assert_eq!(reader.decoder().members(), 2);
    // One that is in use is reset, and its limits stay.
    let raw = data::encode_c(data::Wrapper::Deflate, &content, 6, 15);
    let mut decoder = Carry::<Deflate>::boxed();
    let _ = decoder.decode(&raw[..100], &mut [vec![0; 1 << 20]]).unwrap();
    let mut reader = Reader::with_decoder(&raw[..], decoder);
    assert!(read(&mut reader, By::All).1 == content);
    let mut decoder = Carry::<Deflate>::boxed();
    decoder.limit_window(1000);
    let mut reader = Reader::with_decoder(&raw[..], decoder);
    let (end, output) = read(&mut reader, By::All);
    assert_eq!((inside(&end.unwrap_err()), output), (Error::WindowLimit, vec![]));
}

#[test]
fn limits() {
    for Sample { name, file, content } in samples(1000) {
        let mut reader = Reader::new(&file[..]);
        reader.limit_window(255);
        let (end, output) = read(&mut reader, By::All);
        if content.is_empty() && !name.starts_with("gzip") {
            assert!(end.is_ok(), "{name}: no window at all");
            continue;
        }
        assert_eq!(inside(&end.unwrap_err()), Error::WindowLimit, "{name}");
        assert_eq!(output, b"");
        let window = reader.decoder().window().expect(name);
        assert!(window > 255);
        // As much as it asks for is enough, once it starts over.
        reader.limit_window(window);
        assert_eq!(reader.reset(&file[..]).len(), file.len(), "{name}: nothing was consumed");
        assert!(read(&mut reader, By::All).1 == content, "{name}");
    }
}

#[test]
fn one_reader_for_many_files() {
    let samples = samples(250_000);
    let mut reader = Reader::new(&b""[..]);
    for Sample { name, file, content } in &samples {
        // After one that was read in part, one that ended in an error, and one that was read to the end.
        for length in [file.len() / 4 * 3, file.len()] {
            reader.reset(&file[..length]);
            let mut part = vec![0; content.len() / 5];
            reader.read_exact(&mut part).expect(name);
            assert!(content.starts_with(&part), "{name}");
            reader.reset(&file[..length]);
            let (end, output) = read(&mut reader, By::All);
            assert_eq!(end.is_ok(), length == file.len(), "{name}");
            assert!(content.starts_with(&output), "{name}");
            assert!(end.is_err() || output == *content, "{name}");
        }
    }
}

#[test]
fn what_it_says_of_itself() {
    let file = gzip(&data::text(300_000));
    let mut reader = Reader::new(&file[..]);
    reader.read_exact(&mut [0; 200_000]).unwrap();
    let text = format!("{reader:?}");
    assert!(text.contains("Reader") && text.contains("pages: 2"), "{text}");
}
