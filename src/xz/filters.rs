// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The filters that may stand before LZMA2 (xz format, 5.3.2 and 5.3.3), undone.
//!
//! The encoder made branch targets absolute, so that calls of one function look the same wherever
//! they stand. The specification does not say which bytes are taken for a branch. It is as in XZ
//! Utils here.

mod branch;
mod x86;

use crate::output::LOOKAHEAD;
#[cfg(test)]
use crate::zeroed::Zeroed;
use crate::zeroed::{zeroed, zeroed_enum};
use crate::Error;
use x86::Recent;

// A bundle is the most bytes that a filter needs to judge the first of them.
const _: () = assert!(branch::BUNDLE <= LOOKAHEAD);

zeroed_enum! {
    /// What a filter undoes.
    #[derive(Clone, Copy)]
    enum Kind {
        X86 = 0,
        PowerPc,
        Ia64,
        Arm,
        ArmThumb,
        Sparc,
        Arm64,
        RiscV,
        Delta,
    }
}

/// One filter of a chain. All-zero memory is a filter too, for x86; `set` is called before use.
pub(crate) struct Filter {
    kind: Kind,
    /// Delta: the distance less one, as Filter Properties has it.
    distance: u8,
    recent: Recent,
    /// Position of the next byte, counted from the start offset.
    position: u32,
    /// Delta: the last 256 bytes of output, each at its position modulo 256.
    history: [u8; 256],
}

zeroed! { impl for Filter { kind, distance, recent, position, history } }

impl Filter {
    /// Sets the filter for a block, by Filter ID and Filter Properties of a Filter Flags field
    /// (3.1.5, 5.3.2, 5.3.3).
    pub(crate) fn set(&mut self, id: u64, properties: &[u8]) -> Result<(), Error> {
        let (kind, alignment) = match id {
            0x03 => (Kind::Delta, 1),
            0x04 => (Kind::X86, 1),
            0x05 => (Kind::PowerPc, 4),
            0x06 => (Kind::Ia64, 16),
            0x07 => (Kind::Arm, 4),
            0x08 => (Kind::ArmThumb, 2),
            0x09 => (Kind::Sparc, 4),
            0x0a => (Kind::Arm64, 4),
            0x0b => (Kind::RiscV, 2),
            _ => return Err(Error::XzFilter),
        };
        let (position, distance) = match (kind, properties) {
            (Kind::Delta, &[distance]) => (0, distance),
            (Kind::Delta, _) => return Err(Error::XzFilterProperties),
            (_, &[]) => (0, 0),
            (_, &[a, b, c, d]) => (u32::from_le_bytes([a, b, c, d]), 0),
            _ => return Err(Error::XzFilterProperties),
        };
        if position % alignment != 0 {
            return Err(Error::XzFilterProperties);
        }
        self.kind = kind;
        self.distance = distance;
        self.recent = Recent::NONE;
        self.position = position;
        self.history.fill(0);
        Ok(())
    }

    /// Converts `bytes`, the next ones of the block, in place as far as it can, and returns how
    /// many are done. The remaining ones, fewer than [`LOOKAHEAD`], can only be judged with more
    /// after them. At the block's end they stay as they are.
    pub(crate) fn run(&mut self, bytes: &mut [u8]) -> usize {
        let position = self.position;
        let done = match self.kind {
            Kind::X86 => x86::convert(bytes, position, &mut self.recent),
            Kind::PowerPc => branch::words(bytes, position, 4, branch::powerpc),
            Kind::Ia64 => branch::windows(bytes, position, branch::ia64),
            Kind::Arm => branch::words(bytes, position, 4, branch::arm),
            Kind::ArmThumb => branch::words(bytes, position, 2, branch::arm_thumb),
            Kind::Sparc => branch::words(bytes, position, 4, branch::sparc),
            Kind::Arm64 => branch::words(bytes, position, 4, branch::arm64),
            Kind::RiscV => branch::windows(bytes, position, branch::riscv),
            Kind::Delta => self.add_earlier(bytes),
        };
        self.position = position.wrapping_add(done as u32);
        done
    }

    /// Delta: adds to each byte the one before it by the distance (5.3.3.1).
    fn add_earlier(&mut self, bytes: &mut [u8]) -> usize {
        // All places are modulo 256, so a distance of 256 finds the byte that is about to be
        // replaced.
        let mut at = self.position as u8;
        for byte in bytes.iter_mut() {
            let earlier = at.wrapping_sub(self.distance).wrapping_sub(1);
            *byte = byte.wrapping_add(self.history[usize::from(earlier)]);
            self.history[usize::from(at)] = *byte;
            at = at.wrapping_add(1);
        }
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// Pseudo-random numbers (xorshift).
    pub(super) struct Random(pub(super) u64);

    impl Random {
        pub(super) fn next(&mut self) -> u32 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 20) as u32
        }

        /// Bytes about half of which belong to instructions that the filter `id` converts, or to
        /// near misses.
        pub(super) fn code(&mut self, id: u64, length: usize) -> Vec<u8> {
            let mut bytes = Vec::new();
            while bytes.len() < length {
                let (any, pick) = (self.next(), self.next() >> 3);
                // The other bits of `any` stay random.
                let (fixed, value) = match (id, pick % 8) {
                    (0x04, 0..2) => (0x0000_00ff, 0x0000_00e8),
                    (0x04, 2) => (0x00ff_00ff, 0x00ff_00e9),
                    (0x04, 3) => (0x0000_ffff, 0x0000_e8e9),
                    (0x05, 0..4) => (0x0300_00fc, 0x0100_0048),
                    (0x07, 0..4) => (0xff00_0000, 0xeb00_0000),
                    (0x08, 0..4) => (0xf800_f800, 0xf800_f000),
                    (0x09, 0..2) => (0x0000_c0ff, 0x0000_0040),
                    (0x09, 2..4) => (0x0000_c0ff, 0x0000_c07f),
                    (0x0a, 0..2) => (0xfc00_0000, 0x9400_0000),
                    (0x0a, 2) => (0x9fe0_0000, 0x9000_0000),
                    (0x0a, 3) => (0x9fe0_0000, 0x90e0_0000),
                    (0x0b, 0) => (0x0000_0dff, 0x0000_00ef),
                    (0x0b, 1..3) => (0x000f_8fff, 0x0002_8297),
                    (0x0b, 3..5) => (0x000f_8003, 0x0002_8003),
                    (0x0b, 5) => (0x0000_3fff, 0x0000_3117),
                    _ => (0, 0),
                };
                bytes.extend((any & !fixed | value).to_le_bytes());
                match id {
                    0x04 if pick % 8 < 4 => bytes.push(if pick & 8 == 0 { 0 } else { 0xff }),
                    0x06 => bytes.splice(bytes.len() - 4.., self.bundle()).for_each(drop),
                    // Out of step.
                    0x08 | 0x0b if pick >> 3 & 15 == 0 => bytes.truncate(bytes.len() - 2),
                    _ => (),
                }
            }
            bytes.truncate(length);
            bytes
        }

        fn bundle(&mut self) -> [u8; 16] {
            let mut slot = || {
                let (any, call) =
                    (u64::from(self.next()) << 20 ^ u64::from(self.next()), self.next());
                let call = if call & 8 == 0 { any & !0x0e00 & !(0xf << 37) | 5 << 37 } else { any };
                call & ((1 << 41) - 1)
            };
            let slots = [slot(), slot(), slot()];
            let template = u64::from(0x10 | self.next() & 0xf);
            let low = template | slots[0] << 5 | slots[1] << 46;
            let high = slots[1] >> 18 | slots[2] << 23;
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&low.to_le_bytes());
            bytes[8..].copy_from_slice(&high.to_le_bytes());
            bytes
        }
    }

    /// All filters, with their alignments.
    const FILTERS: [(u64, u32); 9] =
        [(3, 1), (4, 1), (5, 4), (6, 16), (7, 4), (8, 2), (9, 4), (10, 4), (11, 2)];

    /// `bytes` through the filter, in calls that see no further than one of `ends`.
    pub(super) fn filtered(id: u64, properties: &[u8], bytes: &[u8], ends: &[usize]) -> Vec<u8> {
        let mut filter = Filter::ZEROED;
        filter.set(id, properties).unwrap();
        let mut bytes = bytes.to_vec();
        let mut done = 0;
        for &end in ends {
            done += filter.run(&mut bytes[done..end]);
            assert!(done <= end && end - done < LOOKAHEAD, "filter {id}: {done} of {end}");
        }
        bytes
    }

    #[test]
    fn splits() {
        let mut random = Random(1);
        for (id, alignment) in FILTERS {
            for _ in 0..40 {
                let start = (random.next() & !(alignment - 1)).to_le_bytes();
                let properties = if id == 3 { &start[..1] } else { &start[..] };
                let length = 190 + random.next() as usize % 20;
                let bytes = random.code(id, length);
                let whole = filtered(id, properties, &bytes, &[length]);
                assert!(id == 3 || whole != bytes, "filter {id}");
                for cut in 0..length {
                    let two = filtered(id, properties, &bytes, &[cut, length]);
                    assert_eq!(two, whole, "filter {id}, cut at {cut}");
                }
                for step in 1..40 {
                    let mut ends: Vec<usize> = (0..length).step_by(step).collect();
                    ends.push(length);
                    let many = filtered(id, properties, &bytes, &ends);
                    assert_eq!(many, whole, "filter {id}, in steps of {step}");
                }
            }
        }
    }

    #[test]
    fn delta() {
        let mut random = Random(2);
        for distance in 1..=256 {
            let plain: Vec<u8> = (0..700).map(|_| random.next() as u8).collect();
            let mut differences = plain.clone();
            for at in distance..plain.len() {
                differences[at] = plain[at].wrapping_sub(plain[at - distance]);
            }
            let properties = [(distance - 1) as u8];
            assert_eq!(filtered(3, &properties, &differences, &[1, 300, 700]), plain, "{distance}");
        }
    }

    #[test]
    fn a_block_starts_afresh() {
        let mut filter = Filter::ZEROED;
        for (id, _) in FILTERS {
            let properties: &[u8] = if id == 3 { &[7] } else { &[] };
            let bytes = Random(3).code(id, 301);
            let fresh = filtered(id, properties, &bytes, &[bytes.len()]);
            for _ in 0..2 {
                filter.set(id, properties).unwrap();
                let mut bytes = bytes.clone();
                filter.run(&mut bytes);
                assert_eq!(bytes, fresh, "filter {id}");
            }
        }
        // Two opcodes in doubt at the end.
        filter.set(4, &[]).unwrap();
        assert_eq!(filter.run(&mut [0xe8, 0xe8, 0xe8, 1, 1, 1]), 2);
        filter.set(4, &[]).unwrap();
        let mut call = [0xe8, 5, 0, 0, 0];
        assert_eq!(filter.run(&mut call), 5);
        assert_eq!(call, [0xe8, 0, 0, 0, 0]);
    }

    #[test]
    fn properties() {
        let mut filter = Filter::ZEROED;
        for id in [0, 1, 2, 0x0c, 0x21, 0x103, 0x1_0000_0004, u64::MAX] {
            assert_eq!(filter.set(id, &[]), Err(Error::XzFilter), "filter {id:#x}");
        }
        for (id, alignment) in FILTERS {
            for length in 0..=8 {
                let right = if id == 3 { length == 1 } else { length == 0 || length == 4 };
                let expected = if right { Ok(()) } else { Err(Error::XzFilterProperties) };
                assert_eq!(filter.set(id, &[0; 8][..length]), expected, "filter {id}, {length}");
            }
            for start in (0..64u32).chain(u32::MAX - 64..=u32::MAX).filter(|_| id != 3) {
                let right = start % alignment == 0;
                let expected = if right { Ok(()) } else { Err(Error::XzFilterProperties) };
                assert_eq!(filter.set(id, &start.to_le_bytes()), expected, "filter {id}, {start}");
            }
        }
    }
}
