// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Sizes as the command line has them.

/// The most memory that an option may ask for at once.
pub(crate) const MAX_MEMORY: u64 = 1 << 30;

pub(crate) fn page_size(text: &str) -> Result<usize, String> {
    match size(text)? {
        bytes @ 64..=MAX_MEMORY if bytes.is_power_of_two() => Ok(bytes as usize),
        _ => Err("must be a power of two from 64 to 1G".into()),
    }
}

pub(crate) fn memory(text: &str) -> Result<usize, String> {
    match size(text)? {
        bytes @ 1..=MAX_MEMORY => Ok(bytes as usize),
        _ => Err("must be from 1 to 1G".into()),
    }
}

/// A number of bytes. `4K`, `4KiB` and `4KB` are the same, as they are for `xz` and `zstd`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let short = text.strip_suffix("iB").or_else(|| text.strip_suffix('B')).unwrap_or(text);
    let split = |(unit, scale): (char, u64)| {
        Some((short.strip_suffix([unit, unit.to_ascii_lowercase()])?, scale))
    };
    let units = [('K', 1 << 10), ('M', 1 << 20), ('G', 1 << 30)];
    let (digits, scale) = units.into_iter().find_map(split).unwrap_or((text, 1));
    let number: u64 = digits.parse().map_err(|error| format!("{error}"))?;
    number.checked_mul(scale).ok_or_else(|| "number too large".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1024() {
        for text in ["4096", "4K", "4k", "4KiB", "4KB", "4kB"] {
            assert_eq!(size(text), Ok(4096), "{text}");
        }
        assert_eq!(size("3G"), Ok(3 << 30));
        for text in ["", "K", "iB", "4iB", "4B", "4T", "-1", "99999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn limits() {
        assert_eq!(page_size("64"), Ok(64));
        assert!(page_size("32").is_err() && page_size("100").is_err() && page_size("2G").is_err());
        assert_eq!(memory("1G"), Ok(1 << 30));
        assert!(memory("0").is_err() && memory("2G").is_err());
    }
}
