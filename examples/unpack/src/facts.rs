// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What is told of good files: `--info`, `--list`, `--verbose`.

use pagewise::{Check, Format};

use crate::options::Options;
use crate::{stdout, tell, Failure};

/// What a good file turned out to be.
pub(crate) struct Facts {
    pub(crate) format: Option<Format>,
    pub(crate) members: u64,
    /// `None`: not all packages tell.
    pub(crate) blocks: Option<u64>,
    pub(crate) window: u64,
    pub(crate) consumed: u64,
    pub(crate) written: u64,
    /// Check of the last member.
    pub(crate) check: Check,
}

impl Facts {
    fn description(&self) -> String {
        let check = match self.check {
            Check::None => "none".into(),
            Check::Unknown => "unknown, not verified".into(),
            check => format!("{}, verified", check.name()),
        };
        // Streams of one .xz file, and frames of a zstd file, may have other ones each.
        let differs = matches!(self.format, Some(Format::Xz | Format::Zstd));
        let whose = if differs && self.members > 1 { " (last member)" } else { "" };
        format!(
            "format        {}\nmembers       {}\nblocks        {}\nwindow        {}\n\
             compressed    {}\nuncompressed  {}\nratio         {:.2}\ncheck         {check}{whose}\n",
            self.format.map_or("unknown", |format| format.name()),
            self.members,
            self.blocks.map_or("unknown".into(), |blocks| blocks.to_string()),
            self.window,
            self.consumed,
            self.written,
            ratio(self.written, self.consumed),
        )
    }
}

fn ratio(written: u64, consumed: u64) -> f64 {
    written as f64 / consumed as f64
}

/// Sums over the files so far.
#[derive(Default)]
pub(crate) struct Totals {
    files: u64,
    members: u64,
    blocks: u64,
    consumed: u64,
    written: u64,
}

const HEADING: &str = "Members  Blocks    Compressed  Uncompressed    Ratio  Check    Name\n";

fn row(counts: [u64; 4], check: &str, name: &str) -> String {
    let [members, blocks, consumed, written] = counts;
    let ratio = ratio(written, consumed);
    format!(
        "{members:>7} {blocks:>7} {consumed:>13} {written:>13} {ratio:>8.2}  {check:<8} {name}\n"
    )
}

impl Totals {
    /// Tells of a file what is asked for.
    pub(crate) fn report(
        &mut self,
        options: &Options,
        name: &str,
        facts: &Facts,
    ) -> Result<(), Failure> {
        let blocks = facts.blocks.unwrap_or(0);
        self.files += 1;
        self.members += facts.members;
        self.blocks += blocks;
        self.consumed += facts.consumed;
        self.written += facts.written;
        if options.verbose && options.quiet == 0 {
            tell(&format!("{name}: good, {} bytes from {}", facts.written, facts.consumed));
        }
        let mut text = String::new();
        if options.list {
            if self.files == 1 {
                text.push_str(HEADING);
            }
            let counts = [facts.members, blocks, facts.consumed, facts.written];
            text.push_str(&row(counts, facts.check.name(), name));
        } else if options.info {
            if options.files.len() > 1 {
                let between = if self.files > 1 { "\n" } else { "" };
                text = format!("{between}file          {name}\n");
            }
            text.push_str(&facts.description());
        }
        if text.is_empty() {
            return Ok(());
        }
        stdout::print(text.as_bytes())
    }

    /// The last line of a list of several files.
    pub(crate) fn finish(&self, options: &Options) -> Result<(), Failure> {
        if !options.list || self.files < 2 {
            return Ok(());
        }
        let counts = [self.members, self.blocks, self.consumed, self.written];
        stdout::print(row(counts, "", &format!("{} files", self.files)).as_bytes())
    }
}
