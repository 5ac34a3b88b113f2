// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The progress bar.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long a run may be silent.
const PATIENCE: Duration = Duration::from_millis(500);

/// Bytes in and out between two looks at the clock.
const STRIDE: u64 = 1 << 20;

/// Tells of a long run on a terminal.
pub(crate) struct Meter {
    /// `None`: there is nobody to tell.
    bar: Option<ProgressBar>,
    begun: Instant,
    /// Bytes in and out at the next look.
    next: u64,
}

impl Meter {
    /// Silent where `output_shown`: it would draw over it.
    pub(crate) fn new(length: Option<u64>, output_shown: bool) -> Self {
        let wanted = io::stderr().is_terminal() && !output_shown;
        Self { bar: wanted.then(|| hidden_bar(length)), begun: Instant::now(), next: STRIDE }
    }

    pub(crate) fn show(&mut self, consumed: u64, written: u64) {
        let Some(bar) = &self.bar else { return };
        if consumed + written < self.next {
            return;
        }
        self.next = consumed + written + STRIDE;
        if bar.is_hidden() && self.begun.elapsed() > PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_position(consumed);
    }

    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Hidden, but it learns the pace from the start.
fn hidden_bar(length: Option<u64>) -> ProgressBar {
    let template = match length {
        Some(_) => {
            "{wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}, {eta} left"
        }
        None => "{spinner} {binary_bytes} {binary_bytes_per_sec}, {elapsed}",
    };
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
