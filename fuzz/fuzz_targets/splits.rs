// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Any chunking and any pages give the same bytes and the same verdict as the whole.
//!
//! Input: a byte that chooses decoder, page length and release, a byte for the number of pieces
//! and whether to accept unknown checks, the pieces' lengths, the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pagewise::{Any, Carry, Concatenated, Decode, Deflate, Gzip, Lzma, Xz, Zlib, Zstd};
use pagewise_fuzz::{decode, repair, Plan, DICTIONARY};

fuzz_target!(|data: &[u8]| {
    let [choice, count, rest @ ..] = data else { return };
    let (pieces, input) = rest.split_at(usize::from(count & 31).min(rest.len()));
    let plan = Plan { pieces, ..Plan::of(*choice) };
    let skip = count & 0x20 != 0;
    let mut input = input.to_vec();
    // 12 to 15 are 8 to 11 with CRC32s set right.
    if choice & 0x0c == 0x0c {
        repair(&mut input);
    }
    match choice & 15 {
        0 => compare(Gzip::new, &input, &plan, skip),
        1 => compare(Zstd::new, &input, &plan, skip),
        2 => compare(Zlib::new, &input, &plan, skip),
        3 => compare(Deflate::new, &input, &plan, skip),
        4 => compare(Concatenated::<Zstd>::default, &input, &plan, skip),
        5 | 11 | 15 => compare(Concatenated::<Any>::default, &input, &plan, skip),
        6 => compare(Concatenated::<Gzip>::default, &input, &plan, skip),
        7 => compare(zstd_with_dictionary, &input, &plan.with_dictionary(), skip),
        8 | 12 => compare(Xz::new, &input, &plan, skip),
        9 | 13 => compare(Lzma::new, &input, &plan, skip),
        _ => compare(Concatenated::<Xz>::default, &input, &plan, skip),
    }
});

fn zstd_with_dictionary() -> Concatenated<Zstd<'static>> {
    let mut decoder = Zstd::new();
    decoder.set_dictionary(DICTIONARY).expect("zstd made it");
    Concatenated::new(decoder)
}

/// All at once into one large page, as planned by the same decoder after a reset, and as planned
/// through `Carry`.
fn compare<D: Decode>(fresh: impl Fn() -> D, input: &[u8], plan: &Plan<'_>, skip: bool) {
    let mut decoder = fresh();
    decoder.skip_unknown_checks(skip);
    let flat = Plan { per_byte: plan.per_byte, ..Plan::FLAT };
    let whole = decode(&mut decoder, input, &flat);
    decoder.reset();
    let mut carry = Carry::<D, { Any::CARRY }>::new(fresh());
    carry.skip_unknown_checks(skip);
    for split in [decode(&mut decoder, input, plan), decode(&mut carry, input, plan)] {
        assert_eq!((split.end, split.bytes.len()), (whole.end, whole.bytes.len()));
        assert!(split.bytes == whole.bytes, "other bytes");
    }
}
