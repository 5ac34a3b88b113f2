// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! How much memory a `Reader` has at a time, whatever the length of the output.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::BufRead;
use std::mem::size_of;

use crate::common::data;
use crate::common::lzma::Symbol::Match;
use crate::common::sequences::copy;
use crate::common::xz::{self, Chunks, Reset, DELTA, NO_CHECK};
use crate::common::zstd::{self, Header, Writer};
use pagewise::{Any, Carry, Concatenated, Decode, Reader};

/// The system's allocator, counting the bytes that each thread has.
struct Counting;

thread_local! {
    static NOW: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: All is left to `System`; a thread's counters of plain `Cell<usize>` neither allocate nor
// have a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        NOW.set(NOW.get().wrapping_add(layout.size()));
        MOST.set(MOST.get().max(NOW.get()));
        // SAFETY: The caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.set(NOW.get().wrapping_sub(layout.size()));
        // SAFETY: As above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: usize = 1 << 20;

/// What a reader may have for a window, as its documentation says: a fifteenth more and three pages, the
/// decoder, and what stands for pages.
fn allowed(window: usize) -> usize {
    let pages = window + window / 15 + 3 * (64 << 10);
    pages + size_of::<Carry<Concatenated<Any>, { Any::CARRY }>>() + pages / 1000
}

/// Reads all of `file`, which must be `length` bytes, each as `expected` says, in the memory for `window`.
fn check(file: &[u8], window: usize, length: usize, mut expected: impl FnMut(usize, &[u8])) {
    let before = NOW.get();
    MOST.set(before);
    let mut reader = Reader::new(file);
    let mut at = 0;
    loop {
        let bytes = reader.fill_buf().unwrap();
        if bytes.is_empty() {
            break;
        }
        expected(at, bytes);
        let count = bytes.len();
        at += count;
        reader.consume(count);
    }
    assert_eq!(at, length);
    let used = MOST.get() - before;
    assert!(used <= allowed(window), "{used} bytes for a window of {window}");
    assert!(used >= window.min(length), "{used} bytes: less than a window of {window}");
}

/// A block of `random`, over and over, copied from as far back as the dictionary goes.
fn far_copies(random: &[u8], length: usize) -> xz::Block {
    let mut chunks = Chunks::new();
    for (index, part) in random.chunks(1 << 16).enumerate() {
        chunks.stored(index == 0, part);
    }
    let distance = random.len() as u64;
    let (mut at, mut reset) = (random.len(), Reset::Properties);
    while at < length {
        let count = ((length - at) / 256).min(8192);
        chunks.lzma(reset, &vec![Match { distance, length: 256 }; count]);
        at += 256 * count;
        reset = Reset::Nothing;
    }
    chunks.block()
}

#[test]
fn xz_of_100_mib() {
    let random = data::random(MIB);
    let block = far_copies(&random, 100 * MIB);
    assert_eq!(block.content.len(), 100 * MIB);
    let file = xz::stream(NO_CHECK, &[block]);
    check(&file, MIB, 100 * MIB, |at, bytes| {
        assert!(bytes == &random[at % MIB..][..bytes.len()], "{at}");
    });
}

#[test]
fn xz_with_a_filter() {
    // Bytes are final only when the window has passed them.
    let random = data::random(MIB);
    let mut block = far_copies(&random, 12 * MIB);
    block.filters.insert(0, (DELTA, vec![0]));
    let file = xz::stream(NO_CHECK, &[block]);
    let mut sum = 0_u8;
    check(&file, MIB, 12 * MIB, |at, bytes| {
        for (byte, raw) in bytes.iter().zip(&random[at % MIB..]) {
            sum = sum.wrapping_add(*raw);
            assert_eq!(*byte, sum);
        }
    });
}

#[test]
fn zstd_with_a_window_of_64_mib() {
    let window = 64 * MIB;
    let random = data::random(zstd::BLOCK);
    let mut writer = Writer::new();
    writer.raw(&random);
    for _ in 1..window / zstd::BLOCK {
        writer.rle(7, zstd::BLOCK);
    }
    // From the very first byte of the window, over several of its lengths.
    let far =
        zstd::Block::new(b"", &[copy(0, window as u64, 65_536), copy(0, window as u64, 65_536)]);
    writer.compressed(&far);
    for _ in 1..window / zstd::BLOCK {
        writer.rle(9, zstd::BLOCK);
    }
    writer.compressed(&far);
    let length = 2 * window + zstd::BLOCK;
    assert_eq!(writer.content().len(), length);
    let file = writer.frame(&Header { window: Some(16 << 3), checksum: false, ..Header::NEW });
    check(&file, window, length, |at, bytes| match at % window / zstd::BLOCK {
        0 => assert!(bytes == &random[at % zstd::BLOCK..][..bytes.len()], "{at}"),
        _ => assert!(bytes.iter().all(|&byte| byte == if at < window { 7 } else { 9 }), "{at}"),
    });
}

#[test]
fn a_small_file_needs_no_window() {
    let content = data::text(1000);
    let mut writer = Writer::new();
    writer.raw(&content);
    let file = writer.frame(&Header { window: Some(17 << 3), ..Header::NEW });
    let before = NOW.get();
    MOST.set(before);
    let mut reader = Reader::new(&file[..]);
    assert!(reader.fill_buf().unwrap() == content);
    assert!(MOST.get() - before <= allowed(0));
}
