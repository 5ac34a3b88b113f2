// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! More than 4 GiB of output, through a few pages that are used again and again.

use crate::common::lzma::Symbol::{Literal, Match, Rep};
use crate::common::window::{decode_through, PAGE};
use crate::common::xz::{self, Block, Chunks, Reset, NO_CHECK};
use pagewise::{Decode, Xz};

/// Bytes of a chunk. Each starts with the same position bits.
const CHUNK: usize = 2_000_000;
const _: () = assert!(CHUNK % 16 == 0);

#[test]
#[ignore = "takes some seconds"]
fn positions_past_4_gib() {
    // Literals and copies that depend on as many position bits as there can be.
    let mut symbols = vec![Literal(b'a'), Match { distance: 1, length: 2 }];
    let mut length = 3;
    while length < CHUNK {
        symbols.push(Literal(length as u8));
        let run = (CHUNK - length - 1).min(273);
        if run > 1 {
            symbols.push(Rep { index: 0, length: run });
        }
        length += 1 + run;
    }
    let mut chunks = Chunks::new();
    chunks.encoder.set_properties(0, 4, 4);
    chunks.lzma(Reset::Dictionary, &symbols);
    let mut data = chunks.end();
    let first = data.len() - 1;
    data = chunks.lzma(Reset::State, &symbols).end();
    let turn = data[first..data.len() - 1].to_vec();
    let turns = (1 << 32) / CHUNK as u64 + 3;
    for _ in 2..turns {
        data.splice(data.len() - 1..data.len() - 1, turn.iter().copied());
    }
    let total = turns * CHUNK as u64;
    assert!(total > (1 << 32) + CHUNK as u64);

    let content = chunks.encoder.content();
    let block = Block::new(data, &[]);
    let (unpadded, _) = block.record(NO_CHECK);
    let file = xz::stream_with(NO_CHECK, &[block], &xz::index(1, &[(unpadded, total)]));
    let mut decoder = Xz::new();
    decode_through(&mut decoder, &file, |position, page| {
        let at = (position % CHUNK as u64) as usize;
        assert!(page[..] == content[at..at + PAGE], "{position}");
    });
    assert_eq!(decoder.written(), total);
}
