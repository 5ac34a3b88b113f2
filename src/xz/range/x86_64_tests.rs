// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The assembly against safe Rust: the same numbers, positions and probabilities, whatever the
//! state and the input, and no byte is read after the input.

use std::ffi::c_void;
use std::vec::Vec;
use std::{ptr, slice};

use crate::random::Random;
use crate::xz::model::LiteralCoder;
use crate::xz::range::{portable, x86_64, Coder, Probability, State, HALF};

/// Cases that each function is tried with.
const ROUNDS: usize = 300_000;

const PAGE: usize = 4096;

extern "C" {
    fn mmap(
        at: *mut c_void,
        size: usize,
        access: i32,
        flags: i32,
        file: i32,
        from: i64,
    ) -> *mut c_void;
    fn mprotect(at: *mut c_void, size: usize, access: i32) -> i32;
}

/// A page of bytes with a page after it that can't be read.
fn guarded() -> &'static mut [u8] {
    const READ_AND_WRITE: i32 = 3;
    const PRIVATE_AND_ANONYMOUS: i32 = 0x22;
    // SAFETY: New memory, which is never unmapped.
    unsafe {
        let page = mmap(ptr::null_mut(), 2 * PAGE, READ_AND_WRITE, PRIVATE_AND_ANONYMOUS, -1, 0);
        assert!(page.addr() as isize > 0);
        assert_eq!(mprotect(page.byte_add(PAGE), PAGE, 0), 0);
        slice::from_raw_parts_mut(page.cast(), PAGE)
    }
}

impl Random {
    fn any(&mut self) -> u32 {
        (self.next() << 1 ^ self.next()) as u32
    }

    /// Any state; most often one that a stream can lead to.
    fn state(&mut self) -> State {
        let range = match self.below(8) {
            0 => self.any() >> 8,
            1 => 1 << 24 | self.any() & 1,
            2 => u32::MAX,
            _ => 1 << 24 | self.any(),
        };
        let code = if self.below(16) == 0 { self.any() } else { self.any() % range.max(1) };
        State { range, code }
    }

    /// Any probability that bits can lead to, the outermost ones often; rarely zero, as before a
    /// reset.
    fn probability(&mut self) -> Probability {
        match self.below(8) {
            0 => 31,
            1 => 2017,
            2 => HALF,
            3 if self.below(16) == 0 => 0,
            _ => (31 + self.below(1987)) as Probability,
        }
    }

    fn fill(&mut self, probabilities: &mut [Probability]) {
        probabilities.iter_mut().for_each(|probability| *probability = self.probability());
    }
}

/// Decodes by `fast` and by `safe` from equal states, inputs and probabilities, which are in the
/// `T`, and compares all that they do.
fn compare<T, R: PartialEq + std::fmt::Debug>(
    seed: u64,
    mut fresh: impl FnMut(&mut Random) -> (T, T, usize),
    fast: impl Fn(&mut Coder<'_>, &mut T, usize) -> R,
    safe: impl Fn(&mut Coder<'_>, &mut T, usize) -> R,
    probabilities: impl Fn(&T) -> Vec<Probability>,
) {
    let page = guarded();
    let mut random = Random(seed);
    let mut consumed = [0; 27];
    for _ in 0..ROUNDS {
        let length = random.below(28);
        let input = page.len() - length;
        page[input..].iter_mut().for_each(|byte| *byte = random.below(256) as u8);
        let state = random.state();
        let (mut one, mut other, number) = fresh(&mut random);
        let start = Coder { state, rest: page[input..].iter() };
        let (mut first, mut second) = (start.clone(), start);
        assert_eq!(fast(&mut first, &mut one, number), safe(&mut second, &mut other, number));
        let [first_state, second_state] =
            [first.state, second.state].map(|State { range, code }| (range, code));
        assert_eq!(first_state, second_state);
        assert_eq!(first.rest.as_slice(), second.rest.as_slice());
        assert!(probabilities(&one) == probabilities(&other));
        consumed[length - first.rest.len()] += 1;
    }
    // More than three numbers of bytes were consumed.
    assert!(consumed.iter().filter(|&&times| times > 0).count() > 3);
}

fn compare_trees<const N: usize>() {
    let fresh = |random: &mut Random| {
        let mut tree = [0; N];
        random.fill(&mut tree);
        (tree, tree, 0)
    };
    compare(
        N as u64,
        fresh,
        |coder, tree, _| x86_64::tree(coder, tree),
        |coder, tree, _| portable::tree(coder, tree),
        |tree| tree.to_vec(),
    );
}

#[test]
fn trees() {
    compare_trees::<8>();
    compare_trees::<16>();
    compare_trees::<64>();
    compare_trees::<256>();
    // A size that there is no assembly for.
    compare_trees::<32>();
}

#[test]
fn literals_after_matches() {
    let fresh = |random: &mut Random| {
        let mut one = LiteralCoder { plain: [0; 256], agreed: [0; 512] };
        random.fill(&mut one.plain);
        random.fill(&mut one.agreed);
        (one.clone(), one, random.below(256))
    };
    compare(
        1,
        fresh,
        |coder, literal, suggested| x86_64::suggested_literal(coder, literal, suggested as u8),
        |coder, literal, suggested| portable::suggested_literal(coder, literal, suggested as u8),
        |literal| [&literal.plain[..], &literal.agreed].concat(),
    );
}

#[test]
fn direct_bits() {
    compare(
        2,
        |random| ((), (), random.below(27)),
        |coder, (), bits| x86_64::direct(coder, 2, bits as u32),
        |coder, (), bits| portable::direct(coder, 2, bits as u32),
        |()| Vec::new(),
    );
}
