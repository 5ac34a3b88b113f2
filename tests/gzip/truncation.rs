// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Streams cut short anywhere, damaged anywhere, and header fields of any length.

use crate::common::bits::{expand, literals, BitWriter, Op};
use crate::common::cut::{check_growing, check_prefixes};
use crate::common::data::{self, encode_c, gzip, raw_literals, zlib, GzipHeader, Wrapper};
use pagewise::{
    decode_slice, Any, Carry, Concatenated, Decode, Deflate, Error, Gzip, Pause, Progress, Zlib,
};

/// Blocks of each type by themselves, and one after the other.
fn block_types() -> Vec<(Vec<u8>, Vec<u8>)> {
    let content = data::text(700);
    let ops = [literals(&content[..300]), vec![Op::Copy { distance: 300, length: 258 }]].concat();
    let fixed = BitWriter::new().fixed(true, &ops).finish();
    let stored = BitWriter::new().stored(true, &content).finish();
    let dynamic = encode_c(Wrapper::Deflate, &content, 9, 15);
    assert_eq!(dynamic[0] & 7, 0b101, "a dynamic block");

    let litlen = [vec![8; 242], vec![9; 28]].concat();
    let mut all = BitWriter::new();
    let codes = all.dynamic(false, &litlen, &[1, 1]);
    all.ops(&codes, &ops[..50]).end(&codes);
    all.stored(false, &content[50..60]).fixed(false, &ops[60..]).stored(false, b"");
    all.fixed(false, &[]).fixed(true, &[]);
    vec![
        (fixed, expand(&ops)),
        (stored, content.clone()),
        (dynamic, content),
        (all.finish(), expand(&ops)),
        (BitWriter::new().fixed(true, &[]).finish(), Vec::new()),
        (BitWriter::new().stored(true, &[]).finish(), Vec::new()),
    ]
}

#[test]
fn every_prefix_needs_input() {
    for (raw, content) in block_types() {
        check_prefixes(Deflate::new, &raw, &content);
        for cinfo in [2, 7] {
            check_prefixes(Zlib::new, &zlib(cinfo, &raw, &content), &content);
            check_prefixes(Any::new, &zlib(cinfo, &raw, &content), &content);
        }
        for header in [GzipHeader::default(), GzipHeader::full()] {
            let member = gzip(&header, &raw, &content);
            check_prefixes(Gzip::new, &member, &content);
            check_prefixes(Any::new, &member, &content);
            check_prefixes(|| Concatenated::new(Gzip::new()), &member, &content);
        }
    }
}

#[test]
fn prefixes_of_members_end_between_them() {
    let content = data::text(900);
    let members: Vec<Vec<u8>> = content
        .chunks(300)
        .map(|content| gzip(&GzipHeader::full(), &raw_literals(content), content))
        .collect();
    let file = members.concat();
    let ends: Vec<usize> = (1..=3).map(|count| members[..count].concat().len()).collect();
    let mut decoder = Concatenated::new(Gzip::new());
    let mut output = vec![0; content.len()];
    for end in 0..=file.len() {
        decoder.reset();
        let result = decode_slice(&mut decoder, &file[..end], &mut output);
        match ends.iter().position(|&boundary| boundary == end) {
            Some(index) => assert_eq!(result.unwrap().written, 300 * (index + 1)),
            None => assert_eq!(result, Err(Error::Truncated), "{end} bytes of {ends:?}"),
        }
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let (mut decoder, mut harmless) = (Gzip::new(), 0);
    // Enough to end all that a flip can begin: a stored block of 65,535 bytes, a field of as many,
    // a string, a block.
    let padding = data::random(200_000);
    let mut output = vec![0; 8 << 20];
    for (raw, content) in block_types() {
        let header = GzipHeader { name: Some(b"name".to_vec()), ..GzipHeader::default() };
        for header in [header, GzipHeader::full()] {
            let member = gzip(&header, &raw, &content);
            let mut file = [&member[..], &padding].concat();
            for bit in 0..8 * member.len() {
                file[bit / 8] ^= 1 << (bit % 8);
                decoder.reset();
                match decode_slice(&mut decoder, &file, &mut output) {
                    Ok(decoded) => {
                        assert!(output[..decoded.written] == content, "bit {bit}");
                        harmless += 1;
                    }
                    Err(Error::Truncated | Error::OutputLimit) => panic!("bit {bit}: no end"),
                    Err(_) => {}
                }
                file[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
    // FTEXT, MTIME, XFL, OS and the name may have any values if there is no header CRC.
    assert!(harmless >= 6 * (1 + 8 * (6 + 4)), "{harmless}");
}

/// Decodes a member with these fields, its header cut in two at each of `cuts`.
fn check_cuts(decoder: &mut Gzip, header: &GzipHeader, cuts: impl Iterator<Item = usize>) {
    const CONTENT: &[u8] = b"behind the header";
    let member = gzip(header, &raw_literals(CONTENT), CONTENT);
    for cut in cuts {
        decoder.reset();
        let mut page = [[0; 64]];
        let first = decoder.decode(&member[..cut], &mut page).unwrap();
        assert!(matches!(first.pause, Pause::NeedInput { min } if min > cut - first.consumed));
        let rest = &member[first.consumed..];
        let second = decoder.decode(rest, &mut page);
        assert_eq!(second, Ok(Progress::new(rest.len(), Pause::Done)), "cut {cut}");
        assert_eq!(&page[0][..decoder.written() as usize], CONTENT);
    }
}

#[test]
fn fields_of_all_lengths() {
    let mut decoder = Gzip::new();
    for length in 0..=200 {
        let field = vec![b'f'; length];
        let (extra, name, comment) = (Some(field.clone()), Some(field.clone()), Some(field));
        let headers = [
            GzipHeader { extra: extra.clone(), crc: true, ..GzipHeader::default() },
            GzipHeader { extra: extra.clone(), name: name.clone(), ..GzipHeader::default() },
            GzipHeader { name: name.clone(), crc: true, ..GzipHeader::default() },
            GzipHeader { comment: comment.clone(), crc: true, ..GzipHeader::default() },
            GzipHeader { extra, name, comment, crc: true, text: true },
        ];
        for header in headers {
            check_cuts(&mut decoder, &header, 0..=header.to_bytes().len());
        }
    }
}

#[test]
fn long_fields() {
    let header = GzipHeader {
        // Of zeros, which end strings but not this field.
        extra: Some(vec![0; 65_535]),
        name: Some(data::text(100_000)),
        comment: Some(vec![b'c'; 70_000]),
        text: false,
        crc: true,
    };
    let length = header.to_bytes().len();
    let ends = [0, 12, 65_547, 165_548, 235_549];
    let near = ends.into_iter().flat_map(|end: usize| end.saturating_sub(3)..=end + 3);
    check_cuts(&mut Gzip::new(), &header, near.filter(|&cut| cut <= length));

    // A byte at a time: the state is bounded, whatever the field's length.
    let member = gzip(&header, &raw_literals(b"abc"), b"abc");
    check_growing(Gzip::new(), &member, b"abc");
    check_growing(Carry::<Any, { Any::CARRY }>::new(Any::new()), &member, b"abc");
}
