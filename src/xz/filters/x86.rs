// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The filter for x86: CALL (0xe8) and JMP (0xe9) with a 32-bit displacement.
//!
//! Instructions start at any byte, so any byte may look like an opcode. The filter converts those
//! that have a sign (0x00 or 0xff, as near targets have) in the top byte of the operand. It leaves
//! others alone. But these may be the real instructions, so they cast doubt on what looks like an
//! opcode within their operands.

use crate::slices::rest_from;
use crate::zeroed::zeroed;

/// Opcodes left alone within the last three bytes. The operands of these end within that of the
/// next opcode.
///
/// ```text
/// bits 0..=2    bit k: there is one k + 1 bytes back
/// bits 16..=18  bit 16 + k: its operand had a sign (doubt kept it from being converted)
/// ```
///
/// XZ Utils have the same in `prev_mask`: when an opcode is judged, bit k is bit k + 1 there, and
/// bit 16 + k is bit k + 5. What they allow, `prev_mask >> 1` of 0, 1, 2 or 4, is what
/// [`doubtful`](Self::doubtful) has a number for.
#[derive(Clone, Copy)]
pub(super) struct Recent(u32);

zeroed! { impl for Recent(_) }

impl Recent {
    pub(super) const NONE: Self = Self(0);

    fn age(&mut self, bytes: usize) {
        self.0 = self.0.wrapping_shl(bytes.min(3) as u32) & 0x0007_0007;
    }

    /// How many bytes back the only opcode left alone is, 0 if there is none. `None` if there are
    /// two, or if its operand had a sign, which is a second bit: then nothing is converted.
    fn doubtful(self) -> Option<u32> {
        match self.0 {
            0 => Some(0),
            1 => Some(1),
            2 => Some(2),
            4 => Some(3),
            _ => None,
        }
    }
}

fn is_sign(byte: u8) -> bool {
    matches!(byte, 0x00 | 0xff)
}

/// Converts up to the first opcode whose operand is not complete, and returns how many bytes that
/// is.
pub(super) fn convert(bytes: &mut [u8], position: u32, recent: &mut Recent) -> usize {
    let mut at = 0usize;
    loop {
        let before = until_opcode(rest_from(bytes, at));
        at = at.wrapping_add(before);
        recent.age(before);
        let ahead = bytes.get_mut(at..).unwrap_or(&mut []);
        let Some([_, operand @ ..]) = ahead.first_chunk_mut::<5>() else {
            return at;
        };
        let signed = is_sign(operand[3]);
        match recent.doubtful() {
            Some(back) if signed => {
                let next = position.wrapping_add(at as u32).wrapping_add(5);
                *operand = relative(u32::from_le_bytes(*operand), next, back).to_le_bytes();
                *recent = Recent::NONE;
                at = at.wrapping_add(5);
            }
            _ => {
                recent.age(1);
                recent.0 |= if signed { 0x0001_0001 } else { 1 };
                at = at.wrapping_add(1);
            }
        }
    }
}

/// The displacement of `target` from the instruction at `next`, as a number of 25 bits: the top
/// byte becomes a sign again. An opcode `back` bytes back was left alone, or none if that is 0.
///
/// The operand of an opcode left alone ends within this one. Its top byte was no sign, or there
/// would be no conversion, and must not become one: decoders would convert the opcode. So where `v
/// + next` has a sign there, the encoder inverts the bits up to there, those in `low`, and adds
/// `next` again. The bits are then `!(v + next) + next`, which is `!v`, and the byte is no sign
/// since that of `v` is none.
///
/// ```text
/// bytes            e8 12 e8 34 56 00 00
/// left alone       ^  `-operand-'           its top byte is 56
/// this one               ^  `-operand-'     a sign, 00, and `back` is 2
/// `low`                     `---'
/// ```
///
/// With `next` 0xaa00 the encoder adds 0x5634 + 0xaa00 = 0x1_0034, which has the sign 00 there,
/// inverts 16 bits, 0x1_ffcb, and adds again: 0x2_a9cb. The decoder subtracts, 0x1_ffcb, sees the
/// sign ff, which `v` can't have, inverts, 0x1_0034, and subtracts again: 0x5634.
fn relative(target: u32, next: u32, back: u32) -> u32 {
    let mut value = target.wrapping_sub(next);
    if back != 0 {
        // A sign here is that of `!v - next`, which is `!(v + next)`.
        let low = u32::MAX.wrapping_shr(back << 3);
        if is_sign((value & low).wrapping_shr(24u32.wrapping_sub(back << 3)) as u8) {
            value = (value ^ low).wrapping_sub(next);
        }
    }
    ((value << 7) as i32 >> 7) as u32
}

/// How many bytes there are before the first 0xe8 or 0xe9.
fn until_opcode(bytes: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        // A byte of `other` is zero where the word has an opcode. `found` has the top bit of these
        // bytes, and perhaps of others above the lowest of them, which a borrow spoils.
        let other = u64::from_le_bytes(*word) & (0xfe * EACH) ^ (0xe8 * EACH);
        let found = other.wrapping_sub(EACH) & !other & (0x80 * EACH);
        if found != 0 {
            let before = bytes.len().wrapping_sub(rest.len());
            return before.wrapping_add((found.trailing_zeros() >> 3) as usize);
        }
        rest = after;
    }
    let before = rest.iter().take_while(|&&byte| byte & 0xfe != 0xe8).count();
    bytes.len().wrapping_sub(rest.len()).wrapping_add(before)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::super::tests::{filtered, Random};
    use super::*;

    /// The encoder, by a list of the opcodes that it left alone.
    fn encode(bytes: &mut [u8], start: u32) {
        let mut alone: Vec<usize> = Vec::new();
        let mut at = 0;
        while at + 5 <= bytes.len() {
            if bytes[at] != 0xe8 && bytes[at] != 0xe9 {
                at += 1;
                continue;
            }
            alone.retain(|&before| at - before <= 3);
            let barred = alone.len() > 1 || alone.iter().any(|&before| is_sign(bytes[before + 4]));
            if barred || !is_sign(bytes[at + 4]) {
                alone.push(at);
                at += 1;
                continue;
            }
            let next = start.wrapping_add(at as u32 + 5);
            let operand = &mut bytes[at + 1..at + 5];
            let mut value = u32::from_le_bytes(operand.try_into().unwrap());
            loop {
                value = value.wrapping_add(next);
                // Where the operand of the opcode left alone has its top byte.
                let Some(top) = alone.first().map(|&before| before + 4 - (at + 1)) else {
                    break;
                };
                if !is_sign(value.to_le_bytes()[top]) {
                    break;
                }
                value ^= (1 << (8 * (top + 1))) - 1;
            }
            operand.copy_from_slice(&value.to_le_bytes());
            operand[3] = if operand[3] & 1 == 0 { 0 } else { 0xff };
            alone.clear();
            at += 5;
        }
    }

    #[test]
    fn undoes_the_encoder() {
        let mut random = Random(4);
        for round in 0..20_000 {
            let bytes = if round % 2 == 0 {
                random.code(4, 100)
            } else {
                let few = [0xe8, 0xe9, 0xe8, 0, 0xff, 1, 0x80, 0xfe];
                (0..100).map(|_| few[random.next() as usize % few.len()]).collect()
            };
            for start in [0, 1, 123_456, random.next(), 0u32.wrapping_sub(50)] {
                let mut encoded = bytes.clone();
                encode(&mut encoded, start);
                let decoded = filtered(4, &start.to_le_bytes(), &encoded, &[100]);
                assert_eq!(decoded, bytes, "start {start}");
            }
        }
    }

    #[test]
    fn known_call() {
        // call to 0x1234 from 0x1000, where the filter makes the displacement the target.
        let encoded = [0x90, 0xe8, 0x34, 0x12, 0, 0, 0x90];
        let decoded = filtered(4, &0x0fff_u32.to_le_bytes(), &encoded, &[7]);
        assert_eq!(decoded, [0x90, 0xe8, 0x2f, 0x02, 0, 0, 0x90]);
    }

    #[test]
    fn finds_every_opcode() {
        for length in 0..40 {
            for at in 0..=length {
                for (opcode, around) in [(0xe8, 0xe7), (0xe9, 0xea), (0xe9, 0x69), (0xe8, 0)] {
                    let mut bytes = [around; 40];
                    if let Some(byte) = bytes[..length].get_mut(at) {
                        *byte = opcode;
                    }
                    assert_eq!(until_opcode(&bytes[..length]), at);
                }
            }
        }
    }
}
