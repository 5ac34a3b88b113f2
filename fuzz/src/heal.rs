// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Makes the checksums of a changed file right: of one member, stream or frame; in .xz of its first block.

use pagewise::{Decode, Error};

use crate::common::xz::{check_field, crc32};
use crate::common::zstd::xxh64;
use crate::{first_check, repair, MAX_OUTPUT};

/// Makes each checksum right that stops `decoder`, one after the other. Panics if one stops it again: then
/// this crate computes another one than the implementations that are asked here.
pub fn heal<D: Decode>(decoder: &mut D, file: &mut [u8]) {
    repair(file);
    let mut last = None;
    loop {
        decoder.reset();
        let mut page = vec![0; MAX_OUTPUT];
        let Err(error) = decoder.decode(file, &mut [&mut page[..]]) else { return };
        let content = &page[..decoder.settled() as usize];
        // "After an error: where the unit at fault begins."
        let (head, field) = file.split_at_mut(decoder.consumed() as usize);
        let right = match error {
            Error::GzipHeaderCrc => crc32(head)[..2].to_vec(),
            Error::GzipCrc32 => crc32(content).to_vec(),
            Error::GzipIsize => [crc32(content), (content.len() as u32).to_le_bytes()].concat(),
            Error::ZlibAdler32 => zlib_rs::adler32::adler32(1, content).to_be_bytes().to_vec(),
            // In a later block, the settled bytes are more than its content.
            Error::XzCrc32 | Error::XzCrc64 | Error::XzSha256
                if first_check(head) == Some(head.len()) =>
            {
                check_field(head[7], content)
            }
            Error::ZstdChecksum => xxh64(content).to_le_bytes()[..4].to_vec(),
            _ => return,
        };
        assert_ne!(last, Some(error), "the checksum is right");
        last = Some(error);
        field[..right.len()].copy_from_slice(&right);
    }
}
