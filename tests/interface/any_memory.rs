// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The C ABI makes decoders in memory that holds anything. What it holds changes no result, and none of it
//! gets into a page, not even as scratch bytes.

use std::ffi::{c_int, c_void};

use crate::common::data::{self, encode_c, Wrapper};
use crate::common::xz::{self, Block, CRC64, X86};
use crate::common::{libzstd, lzma};
// Links the symbols below.
use pagewise as _;

#[repr(C)]
struct Page {
    data: *mut u8,
    length: usize,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Progress {
    consumed: usize,
    min: usize,
    total_consumed: u64,
    written: u64,
    settled: u64,
    window: u64,
}

extern "C" {
    fn pagewise_size(format: c_int) -> usize;
    fn pagewise_init(memory: *mut c_void, size: usize, format: c_int) -> c_int;
    fn pagewise_decode(
        memory: *mut c_void,
        input: *const u8,
        length: usize,
        pages: *mut Page,
        count: usize,
        progress: *mut Progress,
    ) -> c_int;
}

const ANY: c_int = 0;
const NEED_PAGE: c_int = 2;

/// What a call returned, and what the pages were after it.
type Call = (c_int, Progress, Vec<Vec<u8>>);

/// Decodes all of `stream` a page at a time, with a decoder in memory that is full of `byte`.
fn calls(format: c_int, byte: u8, page_length: usize, stream: &[u8]) -> Vec<Call> {
    let size = unsafe { pagewise_size(format) };
    let mut memory = vec![u64::from_ne_bytes([byte; 8]); size.div_ceil(8)];
    let decoder = memory.as_mut_ptr().cast();
    assert_eq!(unsafe { pagewise_init(decoder, size, format) }, 0);
    let mut pages: Vec<Vec<u8>> = vec![];
    let (mut calls, mut rest) = (vec![], stream);
    loop {
        let mut views: Vec<Page> =
            pages.iter_mut().map(|p| Page { data: p.as_mut_ptr(), length: p.len() }).collect();
        let mut progress = Progress::default();
        let (views, count) = (views.as_mut_ptr(), views.len());
        let (input, length) = (rest.as_ptr(), rest.len());
        let result =
            unsafe { pagewise_decode(decoder, input, length, views, count, &raw mut progress) };
        rest = &rest[progress.consumed..];
        // All pages but the last two are as they were.
        calls.push((result, progress, pages[pages.len().saturating_sub(2)..].to_vec()));
        if result != NEED_PAGE {
            return calls;
        }
        pages.push(vec![0x5a; page_length]);
    }
}

fn check(format: c_int, stream: &[u8]) {
    for (format, page_length) in [format, ANY].iter().flat_map(|f| [64, 4096].map(|p| (*f, p))) {
        let zeros = calls(format, 0, page_length, stream);
        for byte in [0xaa, 0xff, 0x01] {
            let others = calls(format, byte, page_length, stream);
            assert!(others == zeros, "format {format}, byte {byte:#x}, page {page_length}");
        }
    }
}

#[test]
fn zstd() {
    for content in [data::elf(300_000), data::text(20_000), data::random(3000), data::runs(9000)] {
        let frame = libzstd::encode(&[], &content);
        check(6, &frame);
        // Damaged, and cut.
        for at in (0..frame.len()).step_by(frame.len() / 23 + 1) {
            let mut damaged = frame.clone();
            damaged[at] ^= 0x10;
            check(6, &damaged);
        }
        check(6, &frame[..frame.len() / 2]);
    }
}

#[test]
fn gzip_zlib_deflate() {
    let content = data::text(20_000);
    for (format, wrapper) in [(3, 0), (2, 1), (1, 2)] {
        let stream = encode_c(Wrapper::ALL[wrapper], &content, 6, 15);
        check(format, &stream);
        check(format, &stream[..stream.len() / 2]);
    }
}

#[test]
fn xz_lzma() {
    let content = data::code(20_000);
    let stream = xz::stream(CRC64, &[Block::encoded(&[(X86, vec![])], &content)]);
    check(4, &stream);
    check(4, &stream[..stream.len() / 2]);
    check(5, &lzma::alone_of(&lzma::literals(&content), 4096, true));
}
