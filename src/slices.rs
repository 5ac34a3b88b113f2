// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Slice operations whose own methods can panic, or leave a panic path in rustc 1.85 at opt-level
//! z.
//!
//! A range past the end is cut off at the end here. Where that would hide a mistake, the caller
//! compares lengths first.

/// The items from `at` on; none if there are not that many.
#[inline(always)]
pub(crate) fn rest_from<T>(items: &[T], at: usize) -> &[T] {
    items.get(at..).unwrap_or(&[])
}

/// The first `length` bytes, or all bytes if there are fewer.
#[inline(always)]
pub(crate) fn first_bytes(bytes: &[u8], length: u64) -> &[u8] {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    bytes.get(..length).unwrap_or(bytes)
}

/// The last `N` bytes, and those before them. `None`: there are fewer.
pub(crate) fn split_last<const N: usize>(bytes: &[u8]) -> Option<(&[u8], &[u8; N])> {
    let (rest, last) = bytes.split_at_checked(bytes.len().checked_sub(N)?)?;
    Some((rest, last.first_chunk()?))
}

/// How many bytes at the start are zero.
pub(crate) fn zeros_at_start(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|&&byte| byte == 0).fold(0, |count: usize, _| count.wrapping_add(1))
}

/// Copies as many items as both slices have. The compiler makes a `memcpy` of it, unless it is
/// inlined.
pub(crate) fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_where_the_slice_does() {
        let bytes = [0, 0, 3, 4, 5];
        for at in 0..=7 {
            assert_eq!(rest_from(&bytes, at), &bytes[at.min(5)..]);
            assert_eq!(first_bytes(&bytes, at as u64), &bytes[..at.min(5)]);
        }
        assert_eq!(first_bytes(&bytes, u64::MAX), bytes);
        assert_eq!(split_last(&bytes), Some((&bytes[..3], &[4, 5])));
        assert_eq!(split_last::<6>(&bytes), None);
        assert_eq!(zeros_at_start(&bytes), 2);
        assert_eq!(zeros_at_start(&[0; 3]), 3);
        let mut to = [9; 3];
        copy(&mut to, &bytes);
        assert_eq!(to, [0, 0, 3]);
        copy(&mut to, &[7]);
        assert_eq!(to, [7, 0, 3]);
    }
}
