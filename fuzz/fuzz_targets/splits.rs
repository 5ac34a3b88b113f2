// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Any chunking and any pages give the same bytes and the same verdict as the whole.
//!
//! Input: a byte that chooses decoder, page length and release, a byte for the number of pieces,
//! the pieces' lengths, the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pagewise::{Any, Carry, Concatenated, Decode, Deflate, Gzip, Zlib};
use pagewise_fuzz::{decode, Plan, MAX_OUTPUT};

fuzz_target!(|data: &[u8]| {
    let [choice, count, rest @ ..] = data else { return };
    let count = usize::from(count & 31).min(rest.len());
    let (pieces, input) = rest.split_at(count);
    let plan = Plan {
        page_len: [64, 256, 4096, 1 << 15][usize::from(choice >> 4 & 3)],
        pages: 1 + usize::from(choice >> 7) * 4,
        release: choice & 0x40 != 0,
        pieces,
    };
    match choice & 7 {
        0 | 1 => compare::<Gzip>(input, &plan),
        2 => compare::<Zlib>(input, &plan),
        3 | 4 => compare::<Deflate>(input, &plan),
        5 => compare::<Concatenated<Any>>(input, &plan),
        _ => compare::<Concatenated<Gzip>>(input, &plan),
    }
});

/// As planned, as planned through `Carry`, and all at once into one large page.
fn compare<D: Decode + Default>(input: &[u8], plan: &Plan<'_>) {
    let flat = Plan { page_len: MAX_OUTPUT, pages: 1, release: false, pieces: &[] };
    let whole = decode(&mut D::default(), input, &flat);
    for split in
        [decode(&mut D::default(), input, plan), decode(&mut Carry::<D>::default(), input, plan)]
    {
        assert_eq!((split.end, split.bytes.len()), (whole.end, whole.bytes.len()));
        assert!(split.bytes == whole.bytes, "other bytes");
    }
}
