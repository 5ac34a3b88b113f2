// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Any chunking and any pages give the same bytes and the same verdict as the whole.
//!
//! Input: a byte that chooses decoder, page length and release, a byte for the number of pieces,
//! whether to accept unknown checks, and a window limit, the pieces' lengths, the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pagewise::{Any, Carry, Concatenated, Decode, Deflate, Gzip, Lzma, Xz, Zlib, Zstd};
use pagewise_fuzz::{decode, repair, Plan, DICTIONARY};

fuzz_target!(|data: &[u8]| {
    let [choice, count, rest @ ..] = data else { return };
    let (pieces, input) = rest.split_at(usize::from(count & 31).min(rest.len()));
    let plan = Plan { pieces, ..Plan::of(*choice) };
    let mut input = input.to_vec();
    // 12 to 15 are 8 to 11 with CRC32s made right.
    if choice & 0x0c == 0x0c {
        repair(&mut input);
    }
    match choice & 15 {
        0 => compare(Gzip::new, &input, &plan, *count),
        1 => compare(Zstd::new, &input, &plan, *count),
        2 => compare(Zlib::new, &input, &plan, *count),
        3 => compare(Deflate::new, &input, &plan, *count),
        4 => compare(Concatenated::<Zstd>::default, &input, &plan, *count),
        5 | 11 | 15 => compare(Concatenated::<Any>::default, &input, &plan, *count),
        6 => compare(Concatenated::<Gzip>::default, &input, &plan, *count),
        7 => compare(zstd_with_dictionary, &input, &plan.with_dictionary(), *count),
        8 | 12 => compare(Xz::new, &input, &plan, *count),
        9 | 13 => compare(Lzma::new, &input, &plan, *count),
        _ => compare(Concatenated::<Xz>::default, &input, &plan, *count),
    }
});

fn zstd_with_dictionary() -> Concatenated<Zstd<'static>> {
    let mut decoder = Zstd::new();
    decoder.set_dictionary(DICTIONARY).expect("zstd made it");
    Concatenated::new(decoder)
}

/// Compares three ways to decode: all at once into one large page; as planned, by the same decoder
/// after a reset; and as planned through `Carry`, twice.
fn compare<D: Decode>(fresh: impl Fn() -> D, input: &[u8], plan: &Plan<'_>, choices: u8) {
    let mut decoder = fresh();
    choose(&mut decoder, choices);
    let flat = Plan { per_byte: plan.per_byte, ..Plan::FLAT };
    let whole = decode(&mut decoder, input, &flat);
    // Limits and choices stay.
    decoder.reset();
    let mut carry = Carry::<D, { Any::CARRY }>::new(fresh());
    choose(&mut carry, choices);
    let carried = decode(&mut carry, input, plan);
    carry.reset();
    let splits = [decode(&mut decoder, input, plan), carried, decode(&mut carry, input, plan)];
    for split in splits {
        assert_eq!((split.end, split.bytes.len()), (whole.end, whole.bytes.len()));
        assert!(split.bytes == whole.bytes, "other bytes");
    }
}

fn choose<D: Decode>(decoder: &mut D, choices: u8) {
    decoder.skip_unknown_checks(choices & 0x20 != 0);
    if choices & 0xc0 != 0 {
        // Smaller and larger limits than the windows of the seeds.
        decoder.limit_window(16 << (choices >> 6 & 3) * 6);
    }
}
