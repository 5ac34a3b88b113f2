// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Makes an .xz file whole again after mutations, as far as it can be followed without decoding.
//! Otherwise what is after a CRC32 would never be reached.

const STREAM_HEADER: usize = 12;
const MAGIC: &[u8] = b"\xfd7zXZ\0";

/// Makes all CRC32s of headers, indexes and footers right.
pub fn repair(file: &mut [u8]) {
    let mut at = 0;
    while let Some(end) = repair_stream(file, at) {
        let padding = file[end..].chunks(4).take_while(|word| word == &[0; 4]).count();
        at = end + 4 * padding;
    }
}

/// Repairs the stream at `at`, and returns where it ends.
fn repair_stream(file: &mut [u8], mut at: usize) -> Option<usize> {
    if !file.get(at..)?.starts_with(MAGIC) {
        return None;
    }
    let check = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
    let check = check[usize::from(*file.get(at + 7)? & 15)];
    repair_field(file, at + 6, 2)?;
    at += STREAM_HEADER;
    loop {
        let size = usize::from(*file.get(at)?);
        if size == 0 {
            break;
        }
        repair_field(file, at, 4 * size)?;
        at = check_of_block(file, at)? + check;
    }
    let index = length_of_index(file.get(at..)?)?;
    repair_field(file, at, index)?;
    let footer = at + index + 4;
    let crc = crc32(file.get(footer + 4..footer + 10)?);
    file[footer..footer + 4].copy_from_slice(&crc.to_le_bytes());
    Some(footer + STREAM_HEADER).filter(|&end| end <= file.len())
}

/// Makes the CRC32 after `length` bytes right.
fn repair_field(file: &mut [u8], at: usize, length: usize) -> Option<()> {
    let (field, crc) = file.get_mut(at..at + length + 4)?.split_at_mut(length);
    crc.copy_from_slice(&crc32(field).to_le_bytes());
    Some(())
}

/// Where the check of an .xz stream's first block is.
pub fn first_check(file: &[u8]) -> Option<usize> {
    check_of_block(file, STREAM_HEADER)
}

/// Where the check of the block that starts at `at` is.
fn check_of_block(file: &[u8], at: usize) -> Option<usize> {
    let data = at + 4 * usize::from(*file.get(at)?) + 4;
    Some(data + (end_of_chunks(file, data)? - data).next_multiple_of(4))
}

/// Where the LZMA2 data that start at `at` end.
fn end_of_chunks(file: &[u8], mut at: usize) -> Option<usize> {
    loop {
        // Where the size less one is, and how long the chunk's header is.
        let (size, header) = match *file.get(at)? {
            0 => return Some(at + 1),
            1 | 2 => (1, 3),
            0x80..0xc0 => (3, 5),
            0xc0.. => (3, 6),
            _ => return None,
        };
        let size = file.get(at + size..)?.first_chunk()?;
        at += header + 1 + usize::from(u16::from_be_bytes(*size));
    }
}

/// Bytes up to the CRC32 of the index at the start of `file`.
fn length_of_index(file: &[u8]) -> Option<usize> {
    let mut at = 1;
    let mut integer = || {
        let length = 1 + file.get(at..)?.iter().position(|&byte| byte < 0x80)?;
        let bytes = &file[at..at + length];
        at += length;
        Some(bytes.iter().rev().fold(0, |value: u64, byte| value << 7 | u64::from(byte & 0x7f)))
    };
    for _ in 0..integer()? {
        integer()?;
        integer()?;
    }
    Some(at.next_multiple_of(4))
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ (0xedb8_8320 * (crc & 1)))
    })
}
