// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The blocks of an .xz file for C: where they are, and a decoder for one of them.

use core::ffi::c_int;

use crate::zeroed::{Verdict, Zeroed};
use crate::{Error, XzBlock, XzFooter, XzIndex, XzRecord};

use super::slot::{bytes, bytes_mut, format, slot, Head, XZ_BLOCK};
use super::DONE;

/// `struct pagewise_xz_block`: an [`XzRecord`]. In `other`, bits 0 and 1 are the bytes of Block
/// Padding, and bits 8 to 11 the ID of the check.
#[repr(C)]
struct CBlock {
    input: u64,
    input_length: u64,
    output: u64,
    output_length: u64,
    other: u64,
}

/// A Stream Header or a Stream Footer, which have the same length.
///
/// # Safety
///
/// `bytes` is null, or can be read for that length.
unsafe fn field<'a>(bytes: *const u8) -> Result<&'a [u8; XzFooter::SIZE], Error> {
    // SAFETY: The caller's promise.
    unsafe { bytes.cast::<[u8; XzFooter::SIZE]>().as_ref() }.ok_or(Error::Truncated)
}

/// `XzFooter`: where the Index lies in a file of one stream.
///
/// # Safety
///
/// `footer` as for [`field`]; `start` and `length` are null or can be written.
#[no_mangle]
unsafe extern "C" fn pagewise_xz_index(
    footer: *const u8,
    file_length: u64,
    start: *mut u64,
    length: *mut u64,
) -> c_int {
    // SAFETY: The caller's promise.
    let footer = match unsafe { field(footer) }.and_then(|it| XzFooter::new(it, file_length)) {
        Ok(footer) => footer,
        Err(error) => return -error.errno(),
    };
    let index = footer.index();
    // SAFETY: As above.
    if let (Some(start), Some(length)) = unsafe { (start.as_mut(), length.as_mut()) } {
        (*start, *length) = (index.start, index.end.wrapping_sub(index.start));
    }
    DONE
}

/// `XzIndex` for a file of one stream: writes as many of its blocks as there is room for, and how
/// many there are.
///
/// # Safety
///
/// `header` and `footer` as for [`field`]; `index` points to `index_length` bytes, `blocks` is null
/// or has room for `count`, and `found` is null or can be written.
#[no_mangle]
unsafe extern "C" fn pagewise_xz_blocks(
    header: *const u8,
    footer: *const u8,
    file_length: u64,
    index: *const u8,
    index_length: usize,
    blocks: *mut CBlock,
    count: usize,
    found: *mut u64,
) -> c_int {
    // SAFETY: The caller's promises.
    let result = unsafe {
        let (index, room) = (bytes(index, index_length), bytes_mut(blocks, count));
        field(header).and_then(|header| list(header, field(footer)?, file_length, index, room))
    };
    match result {
        Ok(number) => {
            // SAFETY: As above.
            if let Some(found) = unsafe { found.as_mut() } {
                *found = number;
            }
            DONE
        }
        Err(error) => -error.errno(),
    }
}

/// Writes the blocks of a file of one stream to `room`, as many as fit. Returns how many there are.
fn list(
    header: &[u8; XzFooter::SIZE],
    footer: &[u8; XzFooter::SIZE],
    file_length: u64,
    index: &[u8],
    room: &mut [CBlock],
) -> Result<u64, Error> {
    let footer = XzFooter::new(footer, file_length)?;
    let index = XzIndex::new(&footer, index)?;
    // The header is that of the file's first stream.
    if index.input().start != 0 {
        return Err(Error::XzRecord);
    }
    index.check_header(header)?;
    for (block, record) in room.iter_mut().zip(index.records()) {
        let (input, output) = (record.input(), record.output());
        *block = CBlock {
            input: input.start,
            input_length: input.end.wrapping_sub(input.start),
            output: output.start,
            output_length: record.uncompressed,
            other: u64::from(record.check) << 8 | record.unpadded.wrapping_neg() & 3,
        };
    }
    Ok(index.blocks())
}

/// `XzBlock::begin`.
///
/// # Safety
///
/// `memory` as for [`format`]; `block` is null or can be read.
#[no_mangle]
unsafe extern "C" fn pagewise_begin_block(memory: *mut Head, block: *const CBlock) -> c_int {
    // SAFETY: The caller's promise.
    let (true, Some(block)) = (unsafe { format(memory) } == XZ_BLOCK, unsafe { block.as_ref() })
    else {
        return -Error::UnsupportedFormat.errno();
    };
    let record = XzRecord {
        input: block.input,
        output: block.output,
        unpadded: block.input_length.wrapping_sub(block.other & 3),
        uncompressed: block.output_length,
        check: (block.other >> 8) as u8 & 0xf,
    };
    // SAFETY: The format tells that it is one.
    let slot = unsafe { slot::<XzBlock>(memory) };
    slot.head.error = Verdict::ZEROED;
    slot.decoder.begin(&record);
    DONE
}
