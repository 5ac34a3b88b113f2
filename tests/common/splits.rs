// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! All the ways to split a stream over calls.

use pagewise::{Any, Carry, Decode, Error};

use super::feed::{feed, Holding, Outcome, Plan, Verdict};

pub const CHUNKS: [usize; 6] = [1, 2, 7, 63, 4096, usize::MAX];
pub const PAGES: [Option<usize>; 4] = [Some(64), Some(4096), Some(65536), None];

fn plans(filtered: bool) -> Vec<Plan> {
    let mut plans = Vec::new();
    for chunk in CHUNKS {
        for page in PAGES {
            for batch in [1, 9] {
                let plan = Plan { chunk, page, batch, release: false, filtered };
                plans.push(plan);
                // Flat output cannot be released.
                plans.extend(page.map(|_| Plan { release: true, ..plan }));
            }
        }
    }
    plans
}

/// Compares all splits of `input` with `expected`, with a `Carry` and without.
pub fn check<D: Holding>(fresh: fn() -> D, name: &str, input: &[u8], expected: &Outcome) {
    check_plans::<D, { Any::CARRY }>(fresh, name, input, expected, &plans(false));
}

/// [`check`] with a `Carry` for units of up to `N` bytes.
pub fn check_carried<D: Holding, const N: usize>(
    fresh: fn() -> D,
    name: &str,
    input: &[u8],
    expected: &Outcome,
) {
    check_plans::<D, N>(fresh, name, input, expected, &plans(false));
}

/// [`check`] where bytes are not final as they are written.
pub fn check_filtered<D: Holding>(fresh: fn() -> D, name: &str, input: &[u8], expected: &Outcome) {
    check_plans::<D, { Any::CARRY }>(fresh, name, input, expected, &plans(true));
}

fn check_plans<D: Holding, const N: usize>(
    fresh: fn() -> D,
    name: &str,
    input: &[u8],
    expected: &Outcome,
    plans: &[Plan],
) {
    let mut bare = fresh();
    let mut carried: Carry<D, N> = Carry::new(fresh());
    for &plan in plans {
        bare.reset();
        compare(name, plan, &feed(&mut bare, input, &expected.bytes, plan), expected);
        carried.reset();
        compare(name, plan, &feed(&mut carried, input, &expected.bytes, plan), expected);
    }
}

pub fn compare(name: &str, plan: Plan, outcome: &Outcome, expected: &Outcome) {
    assert_eq!(outcome.verdict, expected.verdict, "{name}, {plan:?}");
    assert_eq!(outcome.written, expected.written, "{name}, {plan:?}: bytes written");
    assert_eq!(outcome.bytes.len(), expected.bytes.len(), "{name}, {plan:?}: bytes settled");
    assert_eq!(outcome.consumed, expected.consumed, "{name}, {plan:?}: bytes consumed");
    assert!(outcome.bytes == expected.bytes, "{name}, {plan:?}");
}

pub fn done(input: &[u8], content: Vec<u8>) -> Outcome {
    let written = content.len() as u64;
    Outcome { verdict: Verdict::Done, bytes: content, written, consumed: input.len() as u64 }
}

/// The result of the whole input and a flat buffer, for a stream that ends in `error` after a
/// prefix of `content`.
pub fn failed<D: Holding>(mut decoder: D, input: &[u8], content: &[u8], error: Error) -> Outcome {
    let outcome = feed(&mut decoder, input, content, Plan::WHOLE);
    assert_eq!(outcome.verdict, Verdict::Failed(error));
    outcome
}
