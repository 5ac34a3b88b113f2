// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What other implementations say of a stream, and where they are known to differ, and why.
//!
//! The references in C (zlib, liblzma, libzstd) and this crate must agree on what is good, to the byte. A
//! difference is an exception by name, below. A stream that is not good may be found damaged or too short.
//! Which of these comes first depends on how much a decoder looks at before it judges, and so does how much
//! it outputs. As far as both output something, the bytes must be the same.
//!
//! Second implementations in Rust (miniz_oxide, lzma-rs, ruzstd) are compared with this crate in the same
//! way. They lack more, and their exceptions are wider; but none of them may output other bytes for a stream
//! that both accept.

mod c;
mod rust;

use std::cell::Cell;
use std::panic::{catch_unwind, AssertUnwindSafe};

use pagewise::{Decode, Error};

use crate::{decode, End, Plan};

pub use c::libzstd_says;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Deflate,
    Zlib,
    Gzip,
    Xz,
    Lzma,
    Zstd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The stream is whole, and has as many bytes.
    Good(usize),
    Bad,
    Truncated,
}

/// A verdict, with all bytes that were output before it.
pub struct Opinion {
    pub verdict: Verdict,
    pub bytes: Vec<u8>,
    /// The reason in words, if there is one.
    pub reason: String,
}

/// What this crate finds wrong, and how much of the input it had consumed by then.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub error: Error,
    pub at: usize,
}

/// This crate's opinion. `None`: there is more output than is looked at.
pub fn pagewise_says<D: Decode>(
    decoder: &mut D,
    input: &[u8],
    plan: &Plan<'_>,
) -> Option<(Opinion, Option<Fault>)> {
    let outcome = decode(decoder, input, plan);
    let at = decoder.consumed() as usize;
    let (verdict, fault) = match outcome.end {
        End::Done => (Verdict::Good(at), None),
        End::Truncated => (Verdict::Truncated, None),
        End::Failed(error) => (Verdict::Bad, Some(Fault { error, at })),
        End::TooLong => return None,
    };
    Some((Opinion { verdict, bytes: outcome.bytes, reason: format!("{fault:?}") }, fault))
}

/// Panics if others judge `input` in another way, except for known differences.
pub fn compare<D: Decode>(decoder: &mut D, format: Format, input: &[u8]) {
    let Some((ours, fault)) = pagewise_says(decoder, input, &Plan::FLAT) else { return };
    if let Some(theirs) = c::says(format, input) {
        hold(&ours, &theirs, "C", || c::may_differ(format, input, &theirs, fault));
    }
    if let Some(theirs) = silently(|| rust::says(format, input)) {
        hold(&ours, &theirs, "Rust", || rust::may_differ(format, &theirs, &ours, fault));
    }
}

/// Whether libzstd may wrongly accept a frame, for a reason that has nothing to do with its dictionary.
pub fn libzstd_allows(input: &[u8], theirs: &Opinion, fault: Option<Fault>) -> bool {
    c::may_differ(Format::Zstd, input, theirs, fault)
}

/// Panics if two opinions differ. The verdicts may if there is a `known` reason, but the bytes may not, as
/// far as both go.
pub fn hold(ours: &Opinion, theirs: &Opinion, who: &str, known: impl Fn() -> bool) {
    let given = ours.bytes.len().min(theirs.bytes.len());
    let is_good = |opinion: &Opinion| matches!(opinion.verdict, Verdict::Good(_));
    let same_bytes = ours.bytes[..given] == theirs.bytes[..given];
    let same_verdict = match (is_good(ours), is_good(theirs)) {
        (true, true) => ours.verdict == theirs.verdict && ours.bytes.len() == theirs.bytes.len(),
        (ours, theirs) => ours == theirs,
    };
    if !same_bytes || !(same_verdict || known()) {
        panic!(
            "pagewise {:?} ({}) with {} bytes, {who} {:?} ({}) with {}; the same as far as both go: \
             {same_bytes}",
            ours.verdict,
            ours.reason,
            ours.bytes.len(),
            theirs.verdict,
            theirs.reason,
            theirs.bytes.len(),
        );
    }
}

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Lets panics of other implementations pass, for which libFuzzer's hook would end the process. It is called
/// in a target's `init`.
pub fn install_hook() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !SILENT.get() {
            abort(info);
        }
    }));
}

/// The result of `says`; `None` also if it panics, which is no opinion.
fn silently<T>(says: impl FnOnce() -> Option<T>) -> Option<T> {
    SILENT.set(true);
    let result = catch_unwind(AssertUnwindSafe(says));
    SILENT.set(false);
    result.ok().flatten()
}
