// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Small compressed files, and builders for larger ones.

pub(crate) const TEXT: &[u8] = b"A page is the window.\n";

/// [`TEXT`] by `xz --check=crc32`.
pub(crate) const XZ: &[u8] = b"\
    \xfd7zXZ\x00\x00\x01i\x22\xde6\x02\x00!\x01\x16\x00\x00\x00t/\xe5\xa3\x01\x00\x15A page \
    is the window.\x0a\x00\x00\x00\x84\xc8<Q\x00\x01*\x16R\xcc9\xbb\x90B\x99\x0d\x01\x00\x00\
    \x00\x00\x01YZ";

/// [`TEXT`] by `xz --format=lzma --lzma1=preset=0,dict=4KiB`.
pub(crate) const LZMA: &[u8] = b"\
    ]\x00\x10\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00 \x88\x0a\x06\x13e\x13\x8f\xae\xa0\
    \xb2S\xff\xf8\x89d\x9e\xaaW\x14\xd5-x\x9e\xe9,\x7f\xff\xf1\xf40\x00";

/// [`TEXT`] by `zstd`, its content size in the header.
pub(crate) const ZSTD: &[u8] = b"\
    (\xb5/\xfd$\x16\xb1\x00\x00A page is the window.\x0a&$\x06\x9c";

/// A gzip file that holds `data` in stored blocks.
pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut file = gzip_start(data);
    // The last block: empty.
    file.extend([1, 0, 0, 0xff, 0xff]);
    file.extend(crc32(data).to_le_bytes());
    file.extend((data.len() as u32).to_le_bytes());
    file
}

/// The beginning of that file, up to the end of `data`.
pub(crate) fn gzip_start(data: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for block in data.chunks(0xffff) {
        let length = block.len() as u16;
        file.push(0);
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend(block);
    }
    file
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// A zstd frame that holds `data`, which is not empty, in raw blocks, and tells its size.
pub(crate) fn zstd(data: &[u8]) -> Vec<u8> {
    // A single segment, with a content size of 4 bytes.
    let mut file = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    file.extend((data.len() as u32).to_le_bytes());
    let blocks = data.chunks(128 << 10);
    let last = blocks.len() - 1;
    for (at, block) in blocks.enumerate() {
        let header = (block.len() as u32) << 3 | u32::from(at == last);
        file.extend(&header.to_le_bytes()[..3]);
        file.extend(block);
    }
    file
}
