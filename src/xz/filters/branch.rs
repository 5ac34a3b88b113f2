// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The filters for instruction sets whose instructions stand at multiples of two bytes or more.
//!
//! Each function here judges the instruction at position `at`. Targets count from position 0, and
//! displacements from `at` or a little after it, both modulo the size of their field.

/// Bytes of an IA-64 bundle. No filter needs more to judge one byte.
pub(super) const BUNDLE: usize = 16;

/// Walks over `bytes` in windows of `N`. `convert` returns how far to go on, at most `N`.
pub(super) fn windows<const N: usize>(
    bytes: &mut [u8],
    position: u32,
    convert: impl Fn(&mut [u8; N], u32) -> usize,
) -> usize {
    let mut done = 0usize;
    while let Some(window) = bytes.get_mut(done..).and_then(|ahead| ahead.first_chunk_mut()) {
        done = done.wrapping_add(convert(window, position.wrapping_add(done as u32)));
    }
    done
}

/// Walks over `bytes` in little-endian words: by 4 from a word that `convert` gives another value,
/// and by `step` from any other.
pub(super) fn words(
    bytes: &mut [u8],
    position: u32,
    step: usize,
    convert: impl Fn(u32, u32) -> Option<u32>,
) -> usize {
    windows(bytes, position, |window: &mut [u8; 4], at| {
        let Some(word) = convert(u32::from_le_bytes(*window), at) else {
            return step;
        };
        *window = word.to_le_bytes();
        4
    })
}

/// `word` with the bits of `field` taken from `value`.
fn splice(word: u32, value: u32, field: u32) -> u32 {
    word & !field | value & field
}

/// `value`'s low `bits` bits as a signed number.
fn signed(value: u32, bits: u32) -> u32 {
    let above = 32u32.wrapping_sub(bits);
    (value.wrapping_shl(above) as i32).wrapping_shr(above) as u32
}

/// `bl`: primary opcode 18, AA 0, LK 1; LI is in bits 2..=25 and counts words.
pub(super) fn powerpc(word: u32, at: u32) -> Option<u32> {
    let word = word.swap_bytes();
    if word & 0xfc00_0003 != 0x4800_0001 {
        return None;
    }
    Some(splice(word, word.wrapping_sub(at), 0x03ff_fffc).swap_bytes())
}

/// `BL` on condition "always": imm24 counts words from two instructions ahead.
pub(super) fn arm(word: u32, at: u32) -> Option<u32> {
    if word >> 24 != 0xeb {
        return None;
    }
    Some(splice(word, word.wrapping_sub(at.wrapping_add(8) >> 2), 0x00ff_ffff))
}

/// `BL` as two halfwords: 0b11110 and the upper 11 bits, 0b11111 and the lower ones, of a number of
/// halfwords from two of them ahead.
pub(super) fn arm_thumb(pair: u32, at: u32) -> Option<u32> {
    if pair & 0xf800_f800 != 0xf800_f000 {
        return None;
    }
    let target = (pair & 0x7ff) << 11 | pair >> 16 & 0x7ff;
    let value = target.wrapping_sub(at.wrapping_add(4) >> 1);
    Some(0xf800_f000 | value >> 11 & 0x7ff | (value & 0x7ff) << 16)
}

/// `call`: 0b01 and disp30, a number of words. Only those that fit in 23 bits are converted.
pub(super) fn sparc(word: u32, at: u32) -> Option<u32> {
    let word = word.swap_bytes();
    if !matches!(word >> 22, 0x100 | 0x1ff) {
        return None;
    }
    let value = signed(word.wrapping_sub(at >> 2), 23);
    Some(splice(word, value, 0x3fff_ffff).swap_bytes())
}

/// `BL`: 0b100101 and imm26, a number of words. `ADRP`: immlo in bits 29 and 30, immhi in 5..=23, a
/// number of pages of 4 KiB; only those that fit in 18 of 21 bits are converted.
pub(super) fn arm64(word: u32, at: u32) -> Option<u32> {
    if word >> 26 == 0x25 {
        return Some(splice(word, word.wrapping_sub(at >> 2), 0x03ff_ffff));
    }
    let target = word >> 29 & 3 | word >> 3 & 0x001f_fffc;
    if word & 0x9f00_0000 != 0x9000_0000 || signed(target, 18) & 0x001f_ffff != target {
        return None;
    }
    let value = signed(target.wrapping_sub(at >> 12), 18);
    Some(splice(splice(word, value << 29, 0x6000_0000), value << 3, 0x00ff_ffe0))
}

/// The slots whose instruction is for the branch unit, in four bits for each two templates from 0
/// on: MIB (0x10) 2, MBB (0x12) 1 and 2, BBB (0x16) all, MMB (0x18) and MFB (0x1c) 2.
const BRANCH_SLOTS: u64 = 0x0404_7064_0000_0000;

/// `br.call`: opcode 5 in bits 37..=40 of the 41, bits 9..=11 zero; imm20b in bits 13..=32 and its
/// sign in 36 count bundles.
pub(super) fn ia64(bundle: &mut [u8; BUNDLE], at: u32) -> usize {
    let slots = BRANCH_SLOTS.wrapping_shr(u32::from(bundle[0] & 0x1e) << 1);
    // Slots begin at the bits 5, 46 and 87.
    for (slot, byte, bit) in [(1, 0, 5), (2, 5, 6), (4, 10, 7)] {
        let Some(held) = bundle.get_mut(byte..).and_then(|from| from.first_chunk_mut::<6>()) else {
            break;
        };
        let [a, b, c, d, e, f] = *held;
        let raw = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
        let instruction = raw.wrapping_shr(bit);
        if slots & slot == 0 || instruction >> 37 & 0xf != 5 || instruction >> 9 & 7 != 0 {
            continue;
        }
        let target = instruction >> 13 & 0x000f_ffff | instruction >> 16 & 0x0010_0000;
        let value = target.wrapping_sub(u64::from(at >> 4));
        let field = (0x008f_ffffu64 << 13).wrapping_shl(bit);
        let placed = (value & 0x000f_ffff) << 13 | (value & 0x0010_0000) << 16;
        let raw = raw & !field | placed.wrapping_shl(bit);
        let [a, b, c, d, e, f, ..] = raw.to_le_bytes();
        *held = [a, b, c, d, e, f];
    }
    BUNDLE
}

/// `jal` that links in x1 or x5; and `auipc` with the instruction after it, which uses its result.
/// Compressed instructions, of two bytes, are stepped over.
pub(super) fn riscv(window: &mut [u8; 8], at: u32) -> usize {
    let both = u64::from_le_bytes(*window);
    let (first, second) = (both as u32, (both >> 32) as u32);
    let register = first >> 7 & 0x1f;
    let (first, second, step) = if first & 0xdff == 0x0ef {
        (jal(first, at), second, 4)
    } else if first & 0x7f != 0x17 {
        return 2;
    } else if is_paired(register) {
        // In a pair the second one reads the register in bits 15..=19, and is not compressed.
        if second >> 15 & 0x1f != register || second & 3 != 3 {
            // Past the start of `second`: if it were converted, the two might be a pair.
            return 6;
        }
        // The encoder converts such pairs. So this one is what it wrote for bytes that looked
        // converted before. They hold a little-endian number where converted ones have a target.
        let number = (first & 0xffff_f000).wrapping_add(second >> 20);
        (0x117 | second << 12, number, 8)
    } else {
        // A converted pair: `auipc` into x2, with the low 20 bits of the second instruction (among
        // them the register) as its immediate; then the target, big endian.
        let used = first >> 27;
        if first & 0x3fff != 0x3117 || !is_paired(used) {
            return 4;
        }
        let value = second.swap_bytes().wrapping_sub(at);
        // The immediate of the second instruction, 12 bits, is signed: hence half of their range is
        // added.
        let upper = value.wrapping_add(0x800) & 0xffff_f000;
        (0x17 | used << 7 | upper, first >> 12 | value << 20, 8)
    };
    *window = (u64::from(second) << 32 | u64::from(first)).to_le_bytes();
    step
}

/// Whether `auipc` into this register was converted: not x0, a landing pad, nor x2, which marks the
/// converted ones.
fn is_paired(register: u32) -> bool {
    register & 0x1d != 0
}

/// The encoder's target is big endian, in 20 bits; the displacement in bits 12..=31 has its bits in
/// the order 20, 10..=1, 11, 19..=12.
fn jal(word: u32, at: u32) -> u32 {
    let target = word.swap_bytes();
    let target = (target & 0xffff | target >> 4 & 0x000f_0000) << 1;
    let value = target.wrapping_sub(at);
    word & 0xfff
        | value << 11 & 0x8000_0000
        | value << 20 & 0x7fe0_0000
        | value << 9 & 0x0010_0000
        | value & 0x000f_f000
}

#[cfg(test)]
mod tests {
    use super::super::tests::{filtered, Random};

    fn at_le(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    fn at_be(bytes: &[u8], at: usize) -> u32 {
        at_le(bytes, at).swap_bytes()
    }

    /// The bits of an instruction that starts as many bits after the start of these bytes.
    struct Bits<'a>(&'a mut [u8], usize);

    impl Bits<'_> {
        fn get(&self, high: usize, low: usize) -> u32 {
            let bit = |i: usize| u32::from(self.0[(self.1 + i) / 8] >> ((self.1 + i) % 8) & 1);
            (low..=high).map(|i| bit(i) << (i - low)).sum()
        }

        fn set(&mut self, high: usize, low: usize, value: u32) {
            for i in low..=high {
                let (byte, bit) = ((self.1 + i) / 8, (self.1 + i) % 8);
                self.0[byte] = self.0[byte] & !(1 << bit) | ((value >> (i - low) & 1) as u8) << bit;
            }
        }
    }

    /// Makes the displacements of what is at the start of `bytes` absolute, as an encoder does, and
    /// returns how far it goes on.
    fn encode_one(id: u64, bytes: &mut [u8], at: u32) -> usize {
        match id {
            0x05 => {
                let word = at_be(bytes, 0);
                if word >> 26 == 18 && word & 3 == 1 {
                    let target = (word & 0x03ff_fffc).wrapping_add(at) & 0x03ff_fffc;
                    bytes[..4].copy_from_slice(&(0x4800_0001 | target).to_be_bytes());
                }
                4
            }
            0x06 => {
                let slots: &[usize] = match bytes[0] & 0x1f {
                    0x10 | 0x11 | 0x18 | 0x19 | 0x1c | 0x1d => &[2],
                    0x12 | 0x13 => &[1, 2],
                    0x16 | 0x17 => &[0, 1, 2],
                    _ => &[],
                };
                for slot in slots {
                    let mut slot = Bits(bytes, 5 + 41 * slot);
                    if slot.get(40, 37) == 5 && slot.get(11, 9) == 0 {
                        let from = slot.get(36, 36) << 20 | slot.get(32, 13);
                        let target = from.wrapping_add(at / 16);
                        slot.set(32, 13, target);
                        slot.set(36, 36, target >> 20);
                    }
                }
                16
            }
            0x07 => {
                if bytes[3] == 0xeb {
                    let mut word = Bits(bytes, 0);
                    let target = word.get(23, 0).wrapping_add((at.wrapping_add(8)) / 4);
                    word.set(23, 0, target);
                }
                4
            }
            0x08 => {
                let mut pair = Bits(bytes, 0);
                if pair.get(15, 11) != 0b11110 || pair.get(31, 27) != 0b11111 {
                    return 2;
                }
                let from = pair.get(10, 0) << 11 | pair.get(26, 16);
                let target = from.wrapping_add(at.wrapping_add(4) / 2);
                pair.set(10, 0, target >> 11);
                pair.set(26, 16, target);
                4
            }
            0x09 => {
                let word = at_be(bytes, 0);
                let top = word >> 22 & 0xff;
                if word >> 30 == 1 && (top == 0 || top == 0xff) {
                    let target = word.wrapping_add(at / 4);
                    let sign = if target >> 22 & 1 == 1 { 0x3fc0_0000 } else { 0 };
                    let word = 0x4000_0000 | sign | target & 0x003f_ffff;
                    bytes[..4].copy_from_slice(&word.to_be_bytes());
                }
                4
            }
            0x0a => {
                let mut word = Bits(bytes, 0);
                if word.get(31, 26) == 0b100101 {
                    let target = word.get(25, 0).wrapping_add(at / 4);
                    word.set(25, 0, target);
                } else if word.get(31, 31) == 1 && word.get(28, 24) == 0b10000 {
                    let top = word.get(23, 20);
                    if top == 0 || top == 0b1111 {
                        let from = word.get(23, 5) << 2 | word.get(30, 29);
                        let target = from.wrapping_add(at / 4096);
                        word.set(30, 29, target);
                        word.set(20, 5, target >> 2);
                        word.set(23, 21, if target >> 17 & 1 == 1 { 0b111 } else { 0 });
                    }
                }
                4
            }
            _ => encode_riscv(bytes, at),
        }
    }

    fn encode_riscv(bytes: &mut [u8], at: u32) -> usize {
        let (word, next) = (at_le(bytes, 0), at_le(bytes, 4));
        let mut first = Bits(bytes, 0);
        if first.get(6, 0) == 0b1101111 && matches!(first.get(11, 7), 1 | 5) {
            let upper = first.get(31, 31) << 20 | first.get(19, 12) << 12;
            let from = upper | first.get(20, 20) << 11 | first.get(30, 21) << 1;
            let target = from.wrapping_add(at);
            first.set(15, 12, target >> 17);
            first.set(23, 16, target >> 9);
            first.set(31, 24, target >> 1);
            return 4;
        }
        if first.get(6, 0) != 0b0010111 {
            return 2;
        }
        let (words, step) = match first.get(11, 7) {
            0 | 2 => {
                let used = word >> 27;
                if word & 0x3fff != 0x3117 || used == 0 || used == 2 {
                    return 4;
                }
                // It looks converted, but is not: it becomes a pair of which the decoder makes this
                // again.
                ([0x17 | used << 7 | next & 0xffff_f000, next << 20 | word >> 12], 8)
            }
            register => {
                if next >> 15 & 0x1f != register || next & 3 != 3 {
                    return 6;
                }
                let immediate = (next as i32 >> 20) as u32;
                let target = (word & 0xffff_f000).wrapping_add(immediate).wrapping_add(at);
                ([next << 12 | 2 << 7 | 0x17, target.swap_bytes()], 8)
            }
        };
        bytes[..4].copy_from_slice(&words[0].to_le_bytes());
        bytes[4..8].copy_from_slice(&words[1].to_le_bytes());
        step
    }

    #[test]
    fn undoes_the_encoder() {
        let mut random = Random(5);
        // IDs, with what an encoder must see at once.
        let sets = [(5, 4), (6, 16), (7, 4), (8, 4), (9, 4), (10, 4), (11, 8)];
        for (id, window) in sets {
            let mut converted = 0;
            for round in 0..4_000 {
                let bytes = if round % 8 == 0 {
                    (0..120).map(|_| random.next() as u8).collect()
                } else {
                    random.code(id, 120)
                };
                let start = random.next() & !15;
                for start in [0, 4096, 0x7fff_fff0, 0u32.wrapping_sub(64), start] {
                    let mut encoded = bytes.clone();
                    let mut at = 0;
                    while at + window <= encoded.len() {
                        let position = start.wrapping_add(at as u32);
                        at += encode_one(id, &mut encoded[at..], position);
                    }
                    converted += usize::from(encoded != bytes);
                    let decoded = filtered(id, &start.to_le_bytes(), &encoded, &[120]);
                    assert_eq!(decoded, bytes, "filter {id}, start {start}");
                }
            }
            assert!(converted > 10_000, "filter {id}: {converted}");
        }
    }
}
