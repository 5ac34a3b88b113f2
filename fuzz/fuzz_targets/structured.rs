// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Files that are valid by construction decode to what they stand for. With changed bytes in them, and their
//! checksums made right, the promises hold all the same.
//!
//! Input: a byte that chooses page length and release, one that chooses the format and how many bytes
//! are changed, for each its place and how, and a script of what the file is made of.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pagewise::{Any, Carry, Concatenated, Decode, Deflate, Gzip, Lzma, Xz, Zlib, Zstd};
use pagewise_fuzz::heal::heal;
use pagewise_fuzz::model::{self, File, Script};
use pagewise_fuzz::{decode, End, Plan, MAX_OUTPUT};

fuzz_target!(|data: &[u8]| {
    let [choice, kind, rest @ ..] = data else { return };
    let edits = usize::from(kind >> 6).min(rest.len() / 3);
    let (edits, script) = rest.split_at(3 * edits);
    let mut script = Script(script);
    let plan = Plan::of(*choice);
    match kind % 8 {
        0 => run(Deflate::new, model::deflate(&mut script), edits, &plan),
        1 => run(Zlib::new, model::zlib(&mut script), edits, &plan),
        2 => run(Gzip::new, model::gzip(&mut script), edits, &plan),
        3 => run(Lzma::new, model::alone(&mut script), edits, &plan),
        4 => run(Xz::new, model::xz(&mut script, 1), edits, &plan),
        5 => run(Zstd::new, model::zstd(&mut script), edits, &plan),
        6 => {
            // Several blocks, and other formats and streams after them.
            let blocks = script.below(4);
            let file = model::xz(&mut script, blocks);
            run(Concatenated::<Xz>::default, members(&mut script, &file, 4), &[], &plan);
        }
        _ => {
            let file = match script.below(3) {
                0 => model::gzip(&mut script),
                1 => model::xz(&mut script, 2),
                _ => model::zstd(&mut script),
            };
            let file = members(&mut script, &file, 0);
            run(Carry::<Concatenated<Any>, { Any::CARRY }>::default, file, &[], &plan);
        }
    }
});

/// The file up to three times, with `zeros` zeros in between.
fn members(script: &mut Script<'_>, (file, content): &File, zeros: usize) -> File {
    let count = 1 + script.below(3);
    let padded = [file, &vec![0; zeros][..]].concat();
    (padded.repeat(count), content.repeat(count))
}

fn run<D: Decode>(fresh: impl Fn() -> D, (mut file, content): File, edits: &[u8], plan: &Plan<'_>) {
    if edits.is_empty() {
        let outcome = decode(&mut fresh(), &file, plan);
        if content.len() <= MAX_OUTPUT {
            assert_eq!(outcome.end, End::Done);
            assert!(outcome.bytes == content, "other bytes");
        }
        return;
    }
    for edit in edits.chunks(3) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % file.len();
        file[at] ^= edit[2];
    }
    heal(&mut fresh(), &mut file);
    decode(&mut fresh(), &file, plan);
}
