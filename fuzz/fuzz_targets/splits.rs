// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Any chunking and any pages give the same bytes and the same verdict as the whole.
//!
//! Input: a byte that chooses decoder, page length and release, a byte for the number of pieces
//! and whether to accept unknown checks, the pieces' lengths, the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pagewise::{Any, Carry, Concatenated, Decode, Deflate, Gzip, Lzma, Xz, Zlib};
use pagewise_fuzz::{decode, repair, Outcome, Plan, MAX_OUTPUT};

fuzz_target!(|data: &[u8]| {
    let [choice, count, rest @ ..] = data else { return };
    let (pieces, input) = rest.split_at(usize::from(count & 31).min(rest.len()));
    let plan = Plan {
        page_len: [64, 256, 4096, 1 << 15][usize::from(choice >> 4 & 3)],
        pages: 1 + usize::from(choice >> 7) * 4,
        release: choice & 0x40 != 0,
        pieces,
    };
    let skip = count & 0x20 != 0;
    let mut input = input.to_vec();
    // 12 to 15 are 8 to 11 with CRC32s set right.
    if choice & 0x0c == 0x0c {
        repair(&mut input);
    }
    match choice & 15 {
        0 | 1 => compare::<Gzip>(&input, &plan, skip),
        2 => compare::<Zlib>(&input, &plan, skip),
        3 | 4 => compare::<Deflate>(&input, &plan, skip),
        5 | 11 | 15 => compare::<Concatenated<Any>>(&input, &plan, skip),
        6 | 7 => compare::<Concatenated<Gzip>>(&input, &plan, skip),
        8 | 12 => compare::<Xz>(&input, &plan, skip),
        9 | 13 => compare::<Lzma>(&input, &plan, skip),
        _ => compare::<Concatenated<Xz>>(&input, &plan, skip),
    }
});

/// As planned, as planned through `Carry`, and all at once into one large page.
fn compare<D: Decode + Default>(input: &[u8], plan: &Plan<'_>, skip: bool) {
    let flat = Plan { page_len: MAX_OUTPUT, pages: 1, release: false, pieces: &[] };
    let whole = run(D::default(), input, &flat, skip);
    let splits =
        [run(D::default(), input, plan, skip), run(Carry::<D>::default(), input, plan, skip)];
    for split in splits {
        assert_eq!((split.end, split.bytes.len()), (whole.end, whole.bytes.len()));
        assert!(split.bytes == whole.bytes, "other bytes");
    }
}

fn run<D: Decode>(mut decoder: D, input: &[u8], plan: &Plan<'_>, skip: bool) -> Outcome {
    decoder.skip_unknown_checks(skip);
    decode(&mut decoder, input, plan)
}
