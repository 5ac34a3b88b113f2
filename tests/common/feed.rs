// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Feeds a decoder in pieces, and checks every call against the contract of `Decode`.

use std::ops::Range;
use std::sync::LazyLock;

use pagewise::{
    Any, Carry, Concatenated, Decode, Deflate, Error, Format, Gzip, Lzma, Page, Pause, Progress,
    Xz, Zlib, Zstd, OVERSHOOT,
};

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Done,
    Truncated,
    Failed(Error),
}

/// The result of a stream.
#[derive(Clone, PartialEq, Eq)]
pub struct Outcome {
    pub verdict: Verdict,
    /// The final bytes.
    pub bytes: Vec<u8>,
    /// How many bytes were written.
    pub written: u64,
    pub consumed: u64,
}

/// How input and pages are split over calls.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Bytes of input that a call gets in addition to the unconsumed ones.
    pub chunk: usize,
    /// Length of a page; `None`: one flat page that grows.
    pub page: Option<usize>,
    /// Pages added when one is needed.
    pub batch: usize,
    /// Whether pages that no copy can reach any more are reused.
    pub release: bool,
    /// Whether bytes may be written long before they are final. If not, they are final at once.
    pub filtered: bool,
}

impl Plan {
    pub const WHOLE: Self =
        Self { chunk: usize::MAX, page: None, batch: 256, release: false, filtered: false };
}

/// A decoder that may hold back bytes that it has taken: `held` is how many, or `None` if it never
/// does.
pub trait Holding: Decode {
    fn held(&self) -> Option<usize> {
        None
    }

    /// Bytes that it may ask for at a time, including those that it holds.
    fn most(&self) -> usize {
        Self::CARRY
    }

    /// Whether bytes after its end are damage.
    fn is_strict(&self) -> bool {
        false
    }
}

impl Holding for Gzip {}
impl Holding for Zlib<'_> {}
impl Holding for Deflate {}
impl Holding for Xz {}
impl Holding for Lzma {}
impl Holding for Any {}
impl Holding for Zstd<'_> {}

impl<D> Holding for Concatenated<D>
where
    Concatenated<D>: Decode,
{
    fn is_strict(&self) -> bool {
        matches!(self.info().format, Some(Format::Xz | Format::Lzma | Format::Zstd))
    }
}

impl<D: Holding, const N: usize> Holding for Carry<D, N> {
    fn held(&self) -> Option<usize> {
        Some(Carry::held(self))
    }

    /// It has taken all there was, and a unit fits into it.
    fn most(&self) -> usize {
        N
    }

    fn is_strict(&self) -> bool {
        self.get_ref().is_strict()
    }
}

/// Decodes a raw stream that is given whole, and adds a page whenever one is asked for.
pub fn decode_into<P: Page>(stream: &[u8], fresh: impl Fn() -> P) -> Result<Vec<u8>, Error> {
    let (mut decoder, mut pages, mut rest) = (Deflate::new(), Vec::new(), stream);
    loop {
        let progress = decoder.decode(rest, &mut pages)?;
        rest = &rest[progress.consumed..];
        match progress.pause {
            Pause::NeedPage => pages.push(fresh()),
            Pause::Done => break,
            _ => return Err(Error::Truncated),
        }
    }
    let mut output: Vec<u8> = pages.iter().flat_map(|page| page.as_ref().to_vec()).collect();
    output.truncate(decoder.written() as usize);
    Ok(output)
}

/// A usual length of pages.
pub const PAGE: usize = 4096;

/// Decodes `stream` into pages and, with more bytes after it, into a flat buffer.
pub fn check_whole<D: Decode>(decoder: &mut D, stream: &[u8], content: &[u8], name: &str) {
    decoder.reset();
    let (mut pages, mut rest): (Vec<[u8; PAGE]>, _) = (Vec::new(), stream);
    loop {
        let progress = decoder.decode(rest, &mut pages).unwrap_or_else(|e| panic!("{name}: {e}"));
        rest = &rest[progress.consumed..];
        match progress.pause {
            Pause::NeedPage => pages.push([0; PAGE]),
            Pause::Done => break,
            pause => panic!("{name}: {pause:?}, the stream does not end"),
        }
    }
    assert!(rest.is_empty(), "{name}: {} bytes left", rest.len());
    assert!(pages.as_flattened().starts_with(content), "{name}");
    assert_eq!(decoder.written(), content.len() as u64, "{name}");
    assert_eq!(pages.len(), content.len().div_ceil(PAGE), "{name}: no page more than needed");

    decoder.reset();
    let mut flat = vec![0; content.len()];
    let longer = [stream, b"behind it"].concat();
    let progress = decoder.decode(&longer, &mut [&mut flat[..]]).unwrap();
    assert_eq!((progress.consumed, progress.pause), (stream.len(), Pause::Done), "{name}");
    assert!(flat == content, "{name}");
}

/// Decodes `input`, whose final output must be a prefix of `expected` at any time.
pub fn feed<D: Holding>(decoder: &mut D, input: &[u8], expected: &[u8], plan: Plan) -> Outcome {
    let mut pages = Pages::new(plan);
    let (mut at, mut end) = (0, plan.chunk.min(input.len()));
    let (mut last, mut calls) = (None, 0);
    let verdict = loop {
        let (written, settled) = (decoder.written(), decoder.settled());
        let result = decoder.decode(&input[at..end], &mut pages.pages);
        pages.check(settled..decoder.settled(), decoder.written(), expected);
        assert!(decoder.settled() <= decoder.written(), "{plan:?}");
        let is_done = matches!(result, Ok(Progress { pause: Pause::Done, .. }));
        let is_final = decoder.settled() == decoder.written();
        assert!(is_final || (plan.filtered && !is_done), "{plan:?}: not final yet");
        let Progress { consumed, pause, .. } = match result {
            Ok(progress) => progress,
            Err(error) => break Verdict::Failed(error),
        };
        assert!(consumed <= end - at, "{plan:?}: consumed more than there was");
        let served = match last {
            Some(Pause::NeedInput { min }) => end - at >= min,
            _ => true,
        };
        let moved = consumed > 0 || decoder.written() > written || last != Some(pause);
        assert!(moved || !served || pause == Pause::Done, "{plan:?}: no progress: {pause:?}");
        calls += 1;
        let most = 3 * (input.len() as u64 + pages.added) + 16;
        assert!(calls <= most, "{plan:?}: more calls than {most}");
        at += consumed;
        let held = decoder.held().unwrap_or(0);
        assert_eq!(decoder.consumed() + held as u64, at as u64, "{plan:?}");

        if plan.release {
            pages.release(decoder);
        }
        last = Some(pause);
        match pause {
            Pause::NeedPage => pages.add(),
            Pause::Done if at < end || end == input.len() => break Verdict::Done,
            Pause::NeedInput { min } => {
                assert!(min > end - at, "{plan:?}: {min} bytes were there");
                let most = decoder.most();
                assert!(min + held <= most, "{plan:?}: {min} bytes are too many for a unit");
                assert!(decoder.held().is_none() || at == end, "{plan:?}: a Carry left input");
            }
            _ => {}
        }
        match pause {
            Pause::NeedInput { .. } if end == input.len() => break Verdict::Truncated,
            Pause::NeedInput { .. } | Pause::Done => {
                end = end.saturating_add(plan.chunk).min(input.len());
            }
            Pause::NeedPage => {}
            pause => unreachable!("{pause:?}"),
        }
    };
    check_end(decoder, verdict, &input[at..], &mut pages);
    let (written, consumed) = (decoder.written(), decoder.consumed());
    Outcome { verdict, bytes: pages.finish(decoder.settled(), written), written, consumed }
}

/// Checks that after `Done` and after an error every further call returns the same, and does
/// nothing.
fn check_end<D: Holding>(decoder: &mut D, verdict: Verdict, rest: &[u8], pages: &mut Pages) {
    let position = (decoder.consumed(), decoder.written());
    for input in [b"", rest, b"##"] {
        let result = decoder.decode(input, &mut pages.pages);
        match verdict {
            Verdict::Failed(error) => assert_eq!(result, Err(error)),
            Verdict::Done if decoder.is_strict() && input == b"##" => assert!(result.is_err()),
            Verdict::Done => assert_eq!(result, Ok(Progress::new(0, Pause::Done))),
            Verdict::Truncated => break,
        }
        assert_eq!((decoder.consumed(), decoder.written()), position);
    }
}

/// How far after the output a call is searched for stray bytes: more than a copy's length.
const NEAR: usize = 320;

/// The pages of one decoding, poisoned where nothing has been written.
struct Pages {
    plan: Plan,
    pages: Vec<Vec<u8>>,
    /// Pages added so far.
    added: u64,
    /// Output that is no longer in `pages`.
    kept: Vec<u8>,
    /// The final output as it was when it was first seen.
    seen: Vec<u8>,
}

impl Pages {
    fn new(plan: Plan) -> Self {
        let pages = if plan.page.is_none() { vec![Vec::new()] } else { Vec::new() };
        Self { plan, pages, added: 0, kept: Vec::new(), seen: Vec::new() }
    }

    fn add(&mut self) {
        for _ in 0..self.plan.batch {
            self.added += 1;
            let base = self.kept.len() + self.pages.iter().map(Vec::len).sum::<usize>();
            match self.plan.page {
                Some(length) => self.pages.push(poison(base, length).to_vec()),
                // A length that is no multiple of anything.
                None => self.pages[0].extend(poison(base, 4099)),
            }
        }
    }

    /// Takes the pages that are out of reach off the front, and puts empty ones at the back.
    fn release(&mut self, decoder: &mut impl Decode) {
        let (Some(length), Some(window)) = (self.plan.page, decoder.window()) else { return };
        let reached = decoder.written().saturating_sub(window).min(decoder.settled());
        let pages = (reached as usize).saturating_sub(self.kept.len()) / length;
        if pages == 0 {
            return;
        }
        decoder.release(pages).unwrap();
        self.pages.rotate_left(pages);
        let first = self.pages.len() - pages;
        for index in first..self.pages.len() {
            self.kept.extend(&self.pages[index]);
            assert!(self.seen[..self.kept.len()].ends_with(&self.pages[index]), "{:?}", self.plan);
        }
        for index in first..self.pages.len() {
            self.pages[index].copy_from_slice(poison(self.kept.len() + index * length, length));
        }
    }

    /// Checks, after a call that made the bytes `fresh` final, that they are right, and that
    /// nothing changed after the bytes that are written.
    fn check(&mut self, fresh: Range<u64>, written: u64, expected: &[u8]) {
        let plan = self.plan;
        let (start, end) = (fresh.start as usize, fresh.end as usize);
        assert!(end <= expected.len(), "{plan:?}: {end} bytes of {}", expected.len());
        self.for_each_run(start..end, |at, run| {
            let expected = &expected[at..at + run.len()];
            if run != expected {
                let wrong = run.iter().zip(expected).position(|(a, b)| a != b);
                panic!("{plan:?}: wrong byte at {}", at + wrong.unwrap_or(0));
            }
        });
        self.seen.extend(&expected[start..end]);
        let written = written as usize;
        let scratch_end = self.scratch_end(written);
        self.check_untouched(scratch_end..written + NEAR);
    }

    /// Where the bytes after `written` end that may be overwritten.
    fn scratch_end(&self, written: usize) -> usize {
        let length = self.plan.page.unwrap_or_else(|| self.pages[0].len()).max(1);
        let page_end = (written + 1 - self.kept.len()).next_multiple_of(length);
        (written + OVERSHOOT).min(self.kept.len() + page_end)
    }

    fn check_untouched(&self, range: Range<usize>) {
        self.for_each_run(range, |at, run| {
            assert!(run == poison(at, run.len()), "{:?}: {at}.. touched, not written", self.plan);
        });
    }

    /// Calls `f` with the parts of the output's `range` that are in `pages`, and their positions:
    /// at most `POISON` bytes at a time.
    fn for_each_run(&self, range: Range<usize>, mut f: impl FnMut(usize, &[u8])) {
        let length = self.plan.page.unwrap_or_else(|| self.pages[0].len()).max(1);
        let mut at = range.start;
        while at < range.end {
            let Some(page) = self.pages.get((at - self.kept.len()) / length) else { break };
            let from = (at - self.kept.len()) % length;
            let run = &page[from..page.len().min(from + POISON.min(range.end - at))];
            if run.is_empty() {
                break;
            }
            f(at, run);
            at += run.len();
        }
    }

    /// Returns all final output, after checks that it has not changed since it was, and that
    /// nothing else has.
    fn finish(mut self, settled: u64, written: u64) -> Vec<u8> {
        self.check_untouched(self.scratch_end(written as usize)..usize::MAX / 2);
        for page in &self.pages {
            self.kept.extend(page);
        }
        self.kept.truncate(settled as usize);
        assert!(self.kept == self.seen, "{:?}: settled bytes have changed", self.plan);
        self.kept
    }
}

/// Bytes that are poisoned at a time, after which the pattern repeats.
const POISON: usize = 1 << 16;

/// What is at a position of the output before it is written, for up to `POISON` bytes.
fn poison(position: usize, length: usize) -> &'static [u8] {
    static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
        (0..2 * POISON).map(|at| 0xa5 ^ (at ^ at >> 8).wrapping_mul(37) as u8).collect()
    });
    &BYTES[position % POISON..][..length]
}
