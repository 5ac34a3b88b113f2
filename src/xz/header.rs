// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Stream Header and Stream Footer (The .xz File Format, 2.1.1 and 2.1.2).

use crate::format::XZ_MAGIC;
use crate::Error;

use super::verifier::crc_of;

/// Size of a Stream Header, and of a Stream Footer.
pub(super) const HEADER: usize = 12;

/// Footer Magic Bytes (2.1.2.4).
const FOOTER_MAGIC: [u8; 2] = *b"YZ";

/// Reserved bits of the second byte of the Stream Flags.
const RESERVED_FLAGS: u8 = 0xf0;

/// The check's ID, from a Stream Header. `None`: the header is not complete.
pub(super) fn check_id(input: &[u8]) -> Result<Option<u8>, Error> {
    // Wrong bytes are refused at once, so the verdict does not depend on how many of them are
    // there.
    if input.iter().zip(XZ_MAGIC).any(|(&byte, magic)| byte != magic) {
        return Err(Error::XzMagic);
    }
    let Some(header) = input.first_chunk::<HEADER>() else { return Ok(None) };
    let [_, _, _, _, _, _, version, check, crc @ ..] = *header;
    if crc_of(&[version, check]) != u32::from_le_bytes(crc) {
        return Err(Error::XzHeaderCrc32);
    }
    check_id_of([version, check]).map(Some).ok_or(Error::XzStreamFlags)
}

/// The check's ID, from Stream Flags. `None`: a reserved bit is set (2.1.1.2).
pub(super) fn check_id_of([version, check]: [u8; 2]) -> Option<u8> {
    (version == 0 && check & RESERVED_FLAGS == 0).then_some(check)
}

/// The size of the Index, from Backward Size (2.1.2.2), and the Stream Flags of a Stream Footer,
/// which must be those of the header.
pub(super) fn footer(footer: &[u8; HEADER]) -> Result<(u64, [u8; 2]), Error> {
    let [c0, c1, c2, c3, fields @ .., y, z] = *footer;
    let [b0, b1, b2, b3, flags @ ..] = fields;
    if [y, z] != FOOTER_MAGIC {
        return Err(Error::XzFooterMagic);
    }
    if crc_of(&fields) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Err(Error::XzFooterCrc32);
    }
    let backward_size = u32::from_le_bytes([b0, b1, b2, b3]);
    Ok((u64::from(backward_size).wrapping_add(1) << 2, flags))
}
