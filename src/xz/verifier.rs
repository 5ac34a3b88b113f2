// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The Check of a block (The .xz File Format, 2.1.1.2 and 3.4).

use crate::check::{Crc32, Folded, Polynomial, Sha256};
use crate::zeroed::zeroed;
use crate::{Check, Error};

/// Check IDs (2.1.1.2).
pub(super) mod check_id {
    pub(in crate::xz) const NONE: u8 = 0;
    pub(super) const CRC32: u8 = 1;
    pub(super) const CRC64: u8 = 4;
    pub(super) const SHA256: u8 = 10;
}

/// The check of a block, of whichever kind the stream has (3.4).
pub(super) struct Verifier {
    crc: Folded,
    sha256: Sha256,
}

zeroed! { impl for Verifier { crc, sha256 } }

impl Verifier {
    pub(super) fn reset(&mut self) {
        self.crc.reset();
        self.sha256 = Sha256::new();
    }

    pub(super) fn update(&mut self, check: u8, bytes: &[u8]) {
        match check {
            check_id::CRC32 => self.crc.update(Polynomial::Crc32, bytes),
            check_id::CRC64 => self.crc.update(Polynomial::Crc64, bytes),
            check_id::SHA256 => self.sha256.update(bytes),
            _ => {}
        }
    }

    pub(super) fn verify(&mut self, check: u8, stored: &[u8]) -> Result<(), Error> {
        let (same, error) = match check {
            check_id::NONE => (true, Error::Internal),
            check_id::CRC32 => {
                let crc = self.crc.finish(Polynomial::Crc32) as u32;
                (is_same(stored, &crc.to_le_bytes()), Error::XzCrc32)
            }
            check_id::CRC64 => {
                let crc = self.crc.finish(Polynomial::Crc64);
                (is_same(stored, &crc.to_le_bytes()), Error::XzCrc64)
            }
            check_id::SHA256 => (is_same(stored, &self.sha256.finish()), Error::XzSha256),
            _ => (false, Error::Internal),
        };
        same.then_some(()).ok_or(error)
    }
}

/// A check by its ID (2.1.1.2).
pub(crate) fn check_of(id: u8) -> Check {
    match id {
        check_id::NONE => Check::None,
        check_id::CRC32 => Check::Crc32,
        check_id::CRC64 => Check::Crc64,
        check_id::SHA256 => Check::Sha256,
        _ => Check::Unknown,
    }
}

/// Size of a check by its ID, also of those that are reserved (2.1.1.2).
pub(super) fn check_size(check: u8) -> u8 {
    match check {
        0 => 0,
        1..4 => 4,
        4..7 => 8,
        7..10 => 16,
        10..13 => 32,
        _ => 64,
    }
}

/// Whether two hashes are the same. The operator would call `bcmp`, which kernels may not have.
pub(super) fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |unlike, (a, b)| unlike | a ^ b) == 0
}

pub(crate) fn crc_of(bytes: &[u8]) -> u32 {
    let mut crc = Crc32::new();
    crc.update(bytes);
    crc.value()
}
