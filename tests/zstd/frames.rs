// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Frames that use every part of the format, each of which libzstd decodes as this crate does.

use crate::common::data;
use crate::common::feed::check_whole;
use crate::common::fse::{Distribution, Row, Table};
use crate::common::huffman::Tree;
use crate::common::libzstd;
use crate::common::sequences::{next_offsets, predefined, repeat, OFFSETS};
use crate::common::zstd::{skippable, xxh64, Header, Writer, WINDOW_128K, WINDOW_1K};
use pagewise::{decode_slice, Concatenated, Zstd};

/// Checks that the frame stands for the writer's content.
fn check(writer: &Writer, header: &Header, name: &str) {
    let frame = writer.frame(header);
    assert!(libzstd::decode(&frame) == writer.content(), "{name}, libzstd");
    check_whole(&mut Zstd::new(), &frame, writer.content(), name);
}

#[test]
fn the_writer_is_as_defined() {
    // 4.1.1: a symbol with five of 128 rows, the first of which is 1.
    let table = Table::new(&Distribution::new(7, &[91, 5, 32]));
    let states = [1, 39, 77, 84, 122].map(|state| table.rows[state]);
    let rows = [(5, 32), (5, 64), (5, 96), (4, 0), (4, 16)];
    assert_eq!(states, rows.map(|(bits, base)| Row { symbol: 1, bits, base }));
    // Appendix A.
    let [literals, offsets, lengths] = predefined().map(|distribution| Table::new(&distribution));
    assert_eq!(literals.rows[38], Row { symbol: 25, bits: 4, base: 0 });
    assert_eq!(literals.rows[61], Row { symbol: 34, bits: 6, base: 0 });
    assert_eq!(offsets.rows[24], Row { symbol: 6, bits: 4, base: 16 });
    assert_eq!(lengths.rows[44], Row { symbol: 1, bits: 4, base: 48 });
    // Literals (4.2.2).
    let tree = Tree::direct(&[4, 3, 2, 0, 1, 1]);
    assert_eq!(tree.stream(&[0, 1, 4, 5]), [0b0000_0001, 0b0000_1101]);
    // Repeat offsets (3.1.1.5).
    let mut offsets = OFFSETS;
    for (offset_value, literals, after) in [
        (1114, 11, [1111, 1, 4]),
        (1, 22, [1111, 1, 4]),
        (2225, 22, [2222, 1111, 1]),
        (1114, 111, [1111, 2222, 1111]),
        (3336, 33, [3333, 1111, 2222]),
        (2, 22, [1111, 3333, 2222]),
        (3, 33, [2222, 1111, 3333]),
        (3, 0, [2221, 2222, 1111]),
        (1, 0, [2222, 2221, 1111]),
    ] {
        offsets = next_offsets(offsets, &repeat(literals, offset_value, 3));
        assert_eq!(offsets, after);
    }
    assert_eq!(xxh64(b""), 0xef46_db37_51d8_e999);
}

#[test]
fn headers() {
    let content = data::text(300);
    for window in [None, Some(WINDOW_1K), Some(WINDOW_128K + 5), Some(17 << 3)] {
        for size_width in [0, 1, 2, 4, 8] {
            // A single segment can have one byte, and no other frame can.
            if (size_width == 1) != window.is_none() && size_width < 2 {
                continue;
            }
            for width in [0, 1, 2, 4] {
                for checksum in [false, true] {
                    for bits in [0, 0x10] {
                        let dictionary = (width, 0);
                        let header = Header {
                            window,
                            size_width,
                            dictionary,
                            checksum,
                            bits,
                            magicless: false,
                        };
                        let least = if size_width == 2 { 256 } else { 0 };
                        for length in [least, least + 1, 255.max(least), 300] {
                            if length > 255 && size_width == 1 {
                                continue;
                            }
                            let mut writer = Writer::new();
                            check(writer.raw(&content[..length]), &header, &format!("{header:?}"));
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn skippable_frames() {
    let mut writer = Writer::new();
    let frame = writer.raw(b"between").frame(&Header::NEW);
    for nibble in 0..16 {
        let file = [skippable(nibble, b""), frame.clone(), skippable(nibble, &data::random(3000))];
        let file = file.concat();
        assert_eq!(libzstd::decode(&file), b"between");
        let mut decoder = Concatenated::new(Zstd::new());
        let mut output = [0; 7];
        let decoded = decode_slice(&mut decoder, &file, &mut output).unwrap();
        assert_eq!((decoded.consumed, &output), (file.len(), b"between"));
        assert_eq!(decoder.members(), 3);
    }
}
