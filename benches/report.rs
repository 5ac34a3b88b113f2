// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Tables of ratios: the processor, size classes, medians and quartiles.

use std::ops::RangeInclusive;

/// Kernel modules by size: what a decoder does once per file matters more in small ones.
pub const CLASSES: [(&str, RangeInclusive<usize>); 3] = [
    ("small (below 64 KiB)", 0..=(64 << 10) - 1),
    ("mid (64 KiB to 1 MiB)", 64 << 10..=1 << 20),
    ("large (above 1 MiB)", (1 << 20) + 1..=usize::MAX),
];

/// A row of a table: what it measures, and the seconds that it took in each round.
pub struct Row {
    pub name: String,
    pub seconds: Vec<f64>,
    /// Whether the other rows are compared with this one, in a column.
    pub is_reference: bool,
}

/// Prints each row's speed, and how many times as fast as the row each reference is: median and
/// quartiles of the rounds' ratios.
///
/// A ratio is that of two times of one round, so that what slows the machine for a while cancels
/// out. `plot.py` reads these lines.
pub fn print(title: &str, bytes: usize, rows: &[Row]) {
    let rounds = rows.first().map_or(0, |row| row.seconds.len());
    println!("\n{title}, {bytes} bytes, {rounds} rounds");
    println!("{}", processor());
    let references: Vec<&Row> = rows.iter().filter(|row| row.is_reference).collect();
    print!("{:<40} {:>7}", "How many times as fast as the row is", "MB/s");
    for reference in &references {
        print!(" {:>22}", reference.name);
    }
    println!();
    for row in rows {
        let [_, seconds, _] = quartiles(row.seconds.clone());
        print!("{:<40} {:>7.1}", row.name, bytes as f64 / 1e6 / seconds);
        for reference in &references {
            let ratios = row.seconds.iter().zip(&reference.seconds).map(|(row, to)| row / to);
            let [low, median, high] = quartiles(ratios.collect());
            print!(" {:>22}", format!("{median:.3} ({low:.2} to {high:.2})"));
        }
        println!();
    }
}

/// The first quartile, the median and the third quartile.
fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[(values.len() - 1) * quarter / 4])
}

/// The processor that this runs on, as Linux knows it, and the name of its microarchitecture.
fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let mut fields = info.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
    };
    let known = || {
        let (family, model) = (field("cpu family")?, field("model")?);
        let name = microarchitecture(field("vendor_id")?, family, model.parse().ok()?);
        let name = name.unwrap_or("microarchitecture unknown");
        Some(format!("{}, family {family}, model {model}: {name}", field("model name")?))
    };
    known().unwrap_or_else(|| format!("processor unknown, {}", std::env::consts::ARCH))
}

fn microarchitecture(vendor: &str, family: &str, model: u32) -> Option<&'static str> {
    include_str!("processors").lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let is_family = words.next()? == vendor && words.next()? == family;
        let models = words.next()?.parse().ok()?..=words.next()?.parse().ok()?;
        let start = line.find(words.next()?)?;
        (is_family && models.contains(&model)).then(|| &line[start..])
    })
}
