// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The progress bar.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pagewise::Status;

use crate::options::Options;

/// How long a run may be silent.
const PATIENCE: Duration = Duration::from_millis(500);

/// Bytes in and out between two looks at the clock.
const STRIDE: u64 = 1 << 20;

/// Tells of a long run on a terminal.
pub(crate) struct Meter {
    /// `None`: there is nobody to tell.
    bar: Option<ProgressBar>,
    counts: Counts,
    begun: Instant,
    /// Bytes in and out at the next look.
    next: u64,
}

impl Meter {
    /// Silent where `output_shown`: it would draw over it. `length`: bytes of input.
    pub(crate) fn new(options: &Options, length: Option<u64>, output_shown: bool) -> Self {
        let wanted = options.wants_progress() && io::stderr().is_terminal() && !output_shown;
        let bar = wanted.then(|| hidden_bar(length));
        Self { bar, counts: Counts::of(length), begun: Instant::now(), next: STRIDE }
    }

    /// A decoder has come this far, after `members` whole members.
    pub(crate) fn show_status(&mut self, status: &Status, members: u64) {
        if self.counts == Counts::InputWithoutEnd && members == 0 {
            if let (Some(bar), Some(size)) = (&self.bar, status.info.content_size) {
                bar.set_length(size);
                bar.set_style(style(true));
                self.counts = Counts::Output(size);
            }
        }
        self.show(status.consumed, status.written);
    }

    pub(crate) fn show(&mut self, consumed: u64, written: u64) {
        let Some(bar) = &self.bar else { return };
        if consumed + written < self.next {
            return;
        }
        self.next = consumed + written + STRIDE;
        if matches!(self.counts, Counts::Output(size) if written > size) {
            // Another member follows, and nobody knows how many.
            bar.set_style(style(false));
            self.counts = Counts::InputWithoutEnd;
        }
        if bar.is_hidden() && self.begun.elapsed() > PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_position(match self.counts {
            Counts::Output(_) => written,
            Counts::Input | Counts::InputWithoutEnd => consumed,
        });
    }

    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// What the bar counts.
#[derive(PartialEq, Eq)]
enum Counts {
    /// Bytes of a file, whose length is known.
    Input,
    /// Bytes from a pipe.
    InputWithoutEnd,
    /// Bytes of output, which are to be this many: a pipe's bytes have a header that tells.
    Output(u64),
}

impl Counts {
    fn of(length: Option<u64>) -> Self {
        match length {
            Some(_) => Self::Input,
            None => Self::InputWithoutEnd,
        }
    }
}

/// Hidden, but it learns the pace from the start.
fn hidden_bar(length: Option<u64>) -> ProgressBar {
    ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden())
        .with_style(style(length.is_some()))
}

fn style(has_end: bool) -> ProgressStyle {
    let template = match has_end {
        true => "{wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}, {eta} left",
        false => "{spinner} {binary_bytes} {binary_bytes_per_sec}, {elapsed}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
