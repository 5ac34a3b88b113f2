// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Members one after the other, and what may follow them.

use crate::common::bits::{expand, literals, BitWriter, Op};
use crate::common::data::{self, encode_c, gzip, raw_literals, GzipHeader, Wrapper};
use pagewise::{
    decode_slice, Any, Carry, Concatenated, Decode, Deflate, Error, Gzip, Members, Pause, Progress,
    Zlib,
};

/// A member of literals.
fn member(content: &[u8]) -> Vec<u8> {
    gzip(&GzipHeader::default(), &raw_literals(content), content)
}

fn gzips() -> Concatenated<Gzip> {
    Concatenated::new(Gzip::new())
}

/// Feeds `file` in pieces of `chunk` bytes to a `Carry`. Returns the output, and how many bytes of
/// the file belong to it.
fn carried<D: Members>(decoder: D, file: &[u8], chunk: usize) -> (Vec<u8>, usize) {
    let mut decoder: Carry<Concatenated<D>, { Any::CARRY }> =
        Carry::new(Concatenated::new(decoder));
    let mut output = vec![0; 1 << 16];
    let mut at = 0;
    for piece in file.chunks(chunk) {
        let Progress { consumed, pause, .. } = decoder
            .decode(piece, &mut [&mut output[..]])
            .unwrap_or_else(|e| panic!("{chunk}: {e}"));
        at += consumed;
        assert_eq!(decoder.consumed() + decoder.held() as u64, at as u64);
        if consumed < piece.len() {
            assert_eq!(pause, Pause::Done, "chunk {chunk}, {at} of {} bytes", file.len());
            break;
        }
    }
    output.truncate(decoder.written() as usize);
    (output, decoder.consumed() as usize)
}

#[test]
fn many_members() {
    let content = data::text(30_000);
    let (mut file, mut rest, mut count) = (Vec::new(), &content[..], 0);
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(rest.len().min(count % 97));
        file.extend(match count % 3 {
            0 => member(head),
            1 => encode_c(Wrapper::Gzip, head, 6, 15),
            _ => gzip(&GzipHeader::full(), &raw_literals(head), head),
        });
        (rest, count) = (tail, count + 1);
    }
    let mut decoder = gzips();
    let mut output = vec![0; content.len()];
    let decoded = decode_slice(&mut decoder, &file, &mut output).unwrap();
    assert_eq!((decoded.consumed, decoded.written), (file.len(), content.len()));
    assert!(output == content);
    assert_eq!(decoder.members(), count as u64);
    assert_eq!(decoder.consumed(), file.len() as u64);
    assert_eq!(decoder.info().blocks, count as u64, "blocks over all members");

    // Without `Concatenated`, only one member is decoded.
    let first = decode_slice(&mut Gzip::new(), &file[20..], &mut output).unwrap();
    assert_eq!(first.written, 1);
}

#[test]
fn members_behind_any_boundary() {
    // A member ends at each place of a piece, and of what a `Carry` joins.
    let file = [member(b"first"), member(&data::text(57)), member(b"third")].concat();
    let content = [b"first", &data::text(57)[..], b"third"].concat();
    for chunk in 1..=2 * file.len() {
        for (name, file, consumed) in [
            ("members", file.clone(), file.len()),
            ("padded", [&file[..], &[0; 150]].concat(), file.len() + 150),
            ("trailing", [&file[..], b"trailing bytes"].concat(), file.len()),
            ("both", [&file[..], &[0; 150], b"trailing bytes"].concat(), file.len() + 150),
        ] {
            let expected = (content.clone(), consumed);
            assert!(carried(Gzip::new(), &file, chunk) == expected, "{name}, chunk {chunk}");
            assert!(carried(Any::new(), &file, chunk) == expected, "{name}, any, chunk {chunk}");
        }
    }
}

#[test]
fn what_stands_behind_a_member() {
    let first = member(b"first");
    let cases: [(&[u8], usize, u64); 9] = [
        (b"", 0, 1),
        (b"tail", 0, 1),
        (&[0], 1, 1),
        (&[0; 1000], 1000, 1),
        // Not the second byte of a member, or only its first.
        (&[0x1f, 0x8a, 8], 0, 1),
        (&[0x1e, 0x8b, 8], 0, 1),
        // `gzip -dc` ignores a member after padding.
        (&[&[0; 10][..], &first].concat(), 10, 1),
        (&[&[0; 3][..], b"tail"].concat(), 3, 1),
        (&[&first[..], &[0, 0], b"tail"].concat(), first.len() + 2, 2),
    ];
    for (behind, taken, members) in cases {
        let file = [&first[..], behind].concat();
        let mut decoder = gzips();
        let decoded = decode_slice(&mut decoder, &file, &mut [0; 100]).unwrap();
        assert_eq!(decoded.consumed, first.len() + taken, "{behind:x?}");
        assert_eq!(decoder.consumed(), decoded.consumed as u64);
        assert_eq!(decoder.members(), members, "{behind:x?}");
        // The decoder stays at the end, whatever comes.
        for more in [&file[decoded.consumed..], b"\x01\x02\x03", &first] {
            let result = decoder.decode(more, &mut [[0; 128]]);
            assert_eq!(result, Ok(Progress::new(0, Pause::Done)), "{behind:x?}");
        }
        decoder.reset();
        assert_eq!((decoder.members(), decoder.consumed()), (0, 0));
    }
    // What starts like a member is one, and fails as one.
    let file = [&first[..], &[0x1f, 0x8b, 9]].concat();
    assert_eq!(decode_slice(&mut gzips(), &file, &mut [0; 100]), Err(Error::GzipMethod));
}

#[test]
fn a_lone_byte() {
    // The first byte of a member waits for its second one, whose arrival decides.
    let first = member(b"first");
    let file = [&first[..], &[0x1f]].concat();
    for next in [0x8b, 0x8a, 0, 0x1f] {
        let mut decoder = gzips();
        let progress = decoder.decode(&file, &mut [[0; 64]]).unwrap();
        let waiting = Progress::new(first.len(), Pause::NeedInput { min: 2 });
        assert_eq!(progress, waiting);
        assert_eq!(decode_slice(&mut gzips(), &file, &mut [0; 64]), Err(Error::Truncated));

        let progress = decoder.decode(&[0x1f, next], &mut [[0; 64]]).unwrap();
        match next {
            0x8b => assert!(matches!(progress.pause, Pause::NeedInput { min } if min > 2)),
            _ => assert_eq!(progress, Progress::new(0, Pause::Done)),
        }
        assert_eq!(decoder.members(), 1);
    }

    let mut decoder: Carry<Concatenated<Gzip>> = Carry::new(gzips());
    let progress = decoder.decode(&file, &mut [[0; 64]]).unwrap();
    assert_eq!(progress, Progress::new(file.len(), Pause::NeedInput { min: 1 }));
    assert_eq!((decoder.held(), decoder.get_ref().members()), (1, 1));
    // Trailing bytes that it had taken are held, and those that it had not are not consumed.
    let progress = decoder.decode(b"??", &mut [[0; 64]]).unwrap();
    assert_eq!(progress, Progress::new(0, Pause::Done));
    assert_eq!((decoder.held(), decoder.consumed()), (1, first.len() as u64));
    decoder.reset();
    assert_eq!((decoder.held(), decoder.consumed()), (0, 0));
}

#[test]
fn no_copy_reaches_into_the_member_before() {
    // Whatever the page and the copy's length: the bytes are there, but not in this member's
    // history.
    for before in [3, 40, 64, 100, 5_000, 40_000] {
        let first = member(&data::text(before));
        for own in [0, 1, 10, 63, 64, 200] {
            for length in [3, 8, 16, 17, 64, 65, 258] {
                let mut ops = literals(&data::text(own));
                ops.push(Op::Copy { distance: own + 1, length });
                let raw = BitWriter::new().fixed(true, &ops).finish();
                let file = [first.clone(), gzip(&GzipHeader::default(), &raw, b"")].concat();
                let mut flat = vec![0; 50_000];
                let result = decode_slice(&mut gzips(), &file, &mut flat);
                assert_eq!(result, Err(Error::DistanceBeforeStart), "{before}, {own}, {length}");
                let mut pages = vec![[0; 64]; 50_000 / 64];
                let result = gzips().decode(&file, &mut pages);
                assert_eq!(result, Err(Error::DistanceBeforeStart), "{before}, {own}, {length}");

                // One byte nearer, they are.
                if own > 0 {
                    ops.pop();
                    ops.push(Op::Copy { distance: own, length });
                    let content = expand(&ops);
                    let raw = BitWriter::new().fixed(true, &ops).finish();
                    let second = gzip(&GzipHeader::default(), &raw, &content);
                    let file = [first.clone(), second].concat();
                    assert!(decode_slice(&mut gzips(), &file, &mut flat).is_ok());
                    assert!(flat[before..].starts_with(&content));
                }
            }
        }
    }
}

#[test]
fn only_gzip_has_members() {
    let raw = raw_literals(b"abc");
    let zlib = crate::common::data::zlib(7, &raw, b"abc");
    let twice = |stream: &[u8]| [stream, stream].concat();
    let mut output = [0; 100];

    let mut decoder = Concatenated::new(Deflate::new());
    let decoded = decode_slice(&mut decoder, &twice(&raw), &mut output).unwrap();
    assert_eq!((decoded.consumed, decoded.written, decoder.members()), (raw.len(), 3, 1));
    let mut decoder = Concatenated::new(Zlib::new());
    let decoded = decode_slice(&mut decoder, &twice(&zlib), &mut output).unwrap();
    assert_eq!((decoded.consumed, decoded.written, decoder.members()), (zlib.len(), 3, 1));
    let mut decoder = Concatenated::new(Any::new());
    let decoded = decode_slice(&mut decoder, &twice(&zlib), &mut output).unwrap();
    assert_eq!((decoded.consumed, decoded.written, decoder.members()), (zlib.len(), 3, 1));
    // Zeros are padding of gzip files only.
    let padded = [&zlib[..], &[0; 8]].concat();
    let decoded = decode_slice(&mut Concatenated::new(Any::new()), &padded, &mut output).unwrap();
    assert_eq!(decoded.consumed, zlib.len());
}

#[test]
fn a_check_covers_its_member_only() {
    // A defect in the second member does not affect the first one's bytes.
    let first = member(&data::text(500));
    let mut file = [first.clone(), member(&data::text(300))].concat();
    let end = file.len();
    file[end - 8] ^= 1;
    let mut decoder = gzips();
    let mut output = vec![0; 1000];
    assert_eq!(decode_slice(&mut decoder, &file, &mut output), Err(Error::GzipCrc32));
    assert_eq!((decoder.members(), decoder.written()), (1, 800));
    file[end - 8] ^= 1;
    file[end - 1] ^= 1;
    decoder.reset();
    assert_eq!(decode_slice(&mut decoder, &file, &mut output), Err(Error::GzipIsize));
    assert_eq!(&output[..500], data::text(500));
}

#[test]
fn floods_of_empty_members_and_blocks() {
    // There is no output, so no page is asked for, and one call takes all members: each call for a
    // page or for more input would be counted.
    const FLOOD: usize = 20_000;
    let empty: [Vec<u8>; 3] = [
        member(b""),
        gzip(&GzipHeader::default(), &BitWriter::new().stored(true, b"").finish(), b""),
        gzip(&GzipHeader::default(), &empty_dynamic(true), b""),
    ];
    for empty in &empty {
        let file = empty.repeat(FLOOD);
        let mut decoder = gzips();
        let progress = decoder.decode::<[u8; 64]>(&file, &mut []).unwrap();
        assert_eq!(progress, Progress::new(file.len(), Pause::Done));
        assert_eq!((decoder.members(), decoder.info().blocks), (FLOOD as u64, FLOOD as u64));
        assert_eq!(decoder.written(), 0);
    }

    let mut fixed = BitWriter::new();
    (0..FLOOD).for_each(|_| _ = fixed.fixed(false, &[]));
    let mut stored = BitWriter::new();
    (0..FLOOD).for_each(|_| _ = stored.stored(false, b""));
    let mut dynamic = BitWriter::new();
    (0..FLOOD).for_each(|_| empty_block(&mut dynamic, false));
    for mut stream in [fixed, stored, dynamic] {
        let stream = stream.fixed(true, &literals(b"x")).finish();
        let mut decoder = Deflate::new();
        let progress = decoder.decode::<[u8; 64]>(&stream, &mut []).unwrap();
        assert_eq!(progress.pause, Pause::NeedPage);
        assert_eq!(decoder.info().blocks, FLOOD as u64 + 1);
        let rest = &stream[progress.consumed..];
        let progress = decoder.decode(rest, &mut [[0; 64]]).unwrap();
        assert_eq!(progress, Progress::new(rest.len(), Pause::Done));
    }
}

fn empty_dynamic(last: bool) -> Vec<u8> {
    let mut stream = BitWriter::new();
    empty_block(&mut stream, last);
    stream.finish()
}

/// The smallest dynamic block: a code of one bit for its end, no distance code.
fn empty_block(stream: &mut BitWriter, last: bool) {
    stream.dynamic_counts(last, 257, 1);
    stream.code_length(18, 127).code_length(18, 107).code_length(1, 0).code_length(0, 0);
    stream.put(0, 1);
}
