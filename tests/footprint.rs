// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What a decoder costs: its size, no allocation, and memory that need not be set up.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::mem::{size_of, MaybeUninit};
use std::sync::Mutex;

use common::data::{self, encode_c, gzip, GzipHeader, Wrapper};
use common::xz::{self, Block, CHECKS, CRC32, CRC64, DELTA, SHA256, X86};
use common::{libzstd, lzma};
use pagewise::{
    decode_slice, Any, Carry, Concatenated, Decode, Deflate, Error, Gzip, Lzma, Pause, Progress,
    Xz, Zlib, Zstd,
};
use zstd_safe::CParameter;

/// A decoder for files of any format.
type File = Carry<Concatenated<Any>, { Any::CARRY }>;

/// The system's allocator, counting the calls of each thread.
struct Counting;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: Everything is left to `System`. A thread's counter is a plain `Cell<usize>`, which
// neither allocates nor has a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.with(|calls| calls.set(calls.get() + 1));
        // SAFETY: The caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        CALLS.with(|calls| calls.set(calls.get() + 1));
        // SAFETY: As above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn calls() -> usize {
    CALLS.with(Cell::get)
}

#[test]
fn decoders_fit_their_budget() {
    const DEFLATE: usize = 24 << 10;
    const LZMA: usize = 40 << 10;
    const ZSTD: usize = 176 << 10;
    const ANY: usize = DEFLATE + LZMA + ZSTD;
    let sizes = [
        ("Gzip", size_of::<Gzip>(), DEFLATE),
        ("Zlib", size_of::<Zlib>(), DEFLATE),
        ("Deflate", size_of::<Deflate>(), DEFLATE),
        ("Concatenated<Gzip>", size_of::<Concatenated<Gzip>>(), DEFLATE),
        ("Xz", size_of::<Xz>(), LZMA),
        ("Lzma", size_of::<Lzma>(), LZMA),
        ("Carry<Concatenated<Xz>>", size_of::<Carry<Concatenated<Xz>>>(), LZMA),
        ("Zstd", size_of::<Zstd<'_>>(), ZSTD),
        ("Any", size_of::<Any>(), ANY),
        ("Concatenated<Any>", size_of::<Concatenated<Any>>(), ANY),
        ("Carry<Concatenated<Any>>", size_of::<File>(), ANY + Any::CARRY),
    ];
    for (name, size, budget) in sizes {
        assert!(size <= budget, "{name}: {size} bytes");
    }
    assert!(size_of::<Error>() == 1 && size_of::<Result<Progress, Error>>() <= 32);
}

/// Where the linker puts statics that are all zero, so that the program file stores nothing of
/// them.
#[cfg(target_os = "linux")]
#[test]
fn a_static_decoder_takes_no_space_in_the_program() {
    extern "C" {
        #[link_name = "__bss_start"]
        static BSS_START: u8;
        #[link_name = "_end"]
        static BSS_END: u8;
    }
    let bss = (&raw const BSS_START).addr()..(&raw const BSS_END).addr();
    // Beside a static that is stored, to see that the two can be told apart.
    static STORED: Mutex<[u8; 1000]> = Mutex::new([1; 1000]);
    assert!(!bss.contains(&(&raw const STORED).addr()));
    macro_rules! check {
        ($($decoder:ty: $new:expr),* $(,)?) => {$({
            static DECODER: Mutex<$decoder> = Mutex::new($new);
            assert!(bss.contains(&(&raw const DECODER).addr()), stringify!($decoder));
        })*};
    }
    check! {
        Gzip: Gzip::new(),
        Zlib: Zlib::new(),
        Deflate: Deflate::new(),
        Xz: Xz::new(),
        Lzma: Lzma::new(),
        Zstd<'static>: Zstd::new(),
        Any: Any::new(),
        Concatenated<Xz>: Concatenated::new(Xz::new()),
        Carry<Gzip>: Carry::new(Gzip::new()),
        File: Carry::new(Concatenated::new(Any::new())),
    }
}

/// A decoder made of zeros.
fn zeroed<D: Decode>() -> Box<D> {
    // SAFETY: All-zero memory is a valid and fresh decoder, as each of them promises.
    unsafe { Box::new(MaybeUninit::<D>::zeroed()).assume_init() }
}

fn check_zeroed<D: Decode>(stream: &[u8], content: &[u8]) {
    let (mut decoder, mut output) = (zeroed::<D>(), vec![0; content.len()]);
    assert_eq!((decoder.consumed(), decoder.written(), decoder.window()), (0, 0, None));
    for _ in 0..2 {
        let decoded = decode_slice(&mut *decoder, stream, &mut output).unwrap();
        assert_eq!((decoded.consumed, decoded.written), (stream.len(), content.len()));
        assert!(output == content);
        decoder.reset();
    }
}

#[test]
fn zeros_are_a_fresh_decoder() {
    let content = data::text(50_000);
    for level in [0, 6] {
        let [deflate, zlib, gzip] =
            Wrapper::ALL.map(|wrapper| encode_c(wrapper, &content, level, 15));
        check_zeroed::<Deflate>(&deflate, &content);
        check_zeroed::<Zlib>(&zlib, &content);
        check_zeroed::<Any>(&zlib, &content);
        check_zeroed::<Gzip>(&gzip, &content);
        check_zeroed::<Any>(&gzip, &content);
        check_zeroed::<Carry<Gzip>>(&gzip, &content);
        check_zeroed::<Concatenated<Gzip>>(&gzip, &content);
        check_zeroed::<Concatenated<Any>>(&gzip, &content);
    }
    // The fixed code must be built, although nothing marks it as missing.
    let fixed = data::raw_literals(&content);
    check_zeroed::<Deflate>(&fixed, &content);
    let member = gzip(&GzipHeader::full(), &fixed, &content);
    check_zeroed::<File>(&member.repeat(2), &content.repeat(2));

    let chain = [(DELTA, vec![3]), (X86, vec![])];
    for check in CHECKS {
        for filters in [&[][..], &chain] {
            let xz = xz::stream(check, &[Block::encoded(filters, &content)]);
            check_zeroed::<Xz>(&xz, &content);
            check_zeroed::<Any>(&xz, &content);
            check_zeroed::<Carry<Concatenated<Xz>>>(&xz.repeat(2), &content.repeat(2));
            check_zeroed::<File>(&xz.repeat(2), &content.repeat(2));
        }
    }
    for marked in [false, true] {
        let file = lzma::alone_of(&lzma::literals(&content), 1 << 16, marked);
        check_zeroed::<Lzma>(&file, &content);
        check_zeroed::<Any>(&file, &content);
        check_zeroed::<File>(&file, &content);
    }
    for level in [1, 19] {
        let frame = zstd_frame(&content, level);
        check_zeroed::<Zstd>(&frame, &content);
        check_zeroed::<Any>(&frame, &content);
        check_zeroed::<File>(&frame.repeat(2), &content.repeat(2));
    }
}

fn zstd_frame(content: &[u8], level: i32) -> Vec<u8> {
    let parameters = [CParameter::CompressionLevel(level), CParameter::ChecksumFlag(true)];
    libzstd::encode(&parameters, content)
}

#[test]
fn a_decoder_can_be_static() {
    static GZIP: Mutex<Gzip> = Mutex::new(Gzip::new());
    static FILE: Mutex<File> = Mutex::new(Carry::new(Concatenated::new(Any::new())));
    static ZSTD: Mutex<Zstd> = Mutex::new(Zstd::new());
    static XZ: Mutex<Xz> = Mutex::new(Xz::new());
    const _: (Zlib, Deflate, Lzma) = (Zlib::new(), Deflate::new(), Lzma::new());

    let content = data::text(5_000);
    let stream = encode_c(Wrapper::Gzip, &content, 6, 15);
    let mut output = vec![0; 5_000];
    assert!(decode_slice(&mut *GZIP.lock().unwrap(), &stream, &mut output).is_ok());
    assert!(output == content);
    output.fill(0);
    assert!(decode_slice(&mut *FILE.lock().unwrap(), &stream, &mut output).is_ok());
    assert!(output == content);
    output.fill(0);
    let stream = xz::stream(SHA256, &[Block::encoded(&[(X86, vec![])], &content)]);
    assert!(decode_slice(&mut *XZ.lock().unwrap(), &stream, &mut output).is_ok());
    assert!(output == content);
    output.fill(0);
    let frame = zstd_frame(&content, 3);
    assert!(decode_slice(&mut *ZSTD.lock().unwrap(), &frame, &mut output).is_ok());
    assert!(output == content);
}

/// Decodes `file` in pieces, fails, and starts over, without a call of the allocator.
fn check_calls(file: &[u8], content: &[u8]) {
    let mut decoder: File = Carry::new(Concatenated::new(Any::new()));
    let mut pages = vec![[0; 4096]; content.len().div_ceil(4096)];
    let before = calls();
    let mut last = Pause::NeedPage;
    for piece in file.chunks(1000) {
        last = decoder.decode(piece, &mut pages).unwrap().pause;
    }
    assert_eq!(calls(), before, "allocator calls");
    assert_eq!(last, Pause::Done);
    assert!(pages.as_flattened().starts_with(content));

    // Neither does failing call it, nor starting over.
    let before = calls();
    decoder.reset();
    assert_eq!(decoder.decode(b"no stream", &mut pages), Err(Error::UnknownFormat));
    decoder.reset();
    assert_eq!(calls(), before, "allocator calls");
    drop(vec![0]);
    assert_eq!(calls(), before + 2, "calls are counted");
}

#[test]
fn decoding_allocates_nothing() {
    let content = [data::elf(1 << 20), data::text(1 << 18)].concat();
    let raw = encode_c(Wrapper::Deflate, &content, 6, 15);
    let mut file = gzip(&GzipHeader::full(), &raw, &content);
    file.extend(gzip(&GzipHeader::full(), &data::raw_literals(b"more"), b"more"));
    check_calls(&file, &[&content[..], b"more"].concat());

    let chain = [(X86, vec![]), (DELTA, vec![3]), (10, vec![])];
    let (a, b) = content.split_at(content.len() / 2);
    let blocks = [Block::encoded(&chain, a), Block::encoded(&[], b).with_sizes()];
    let file = [xz::stream(CRC64, &blocks), vec![0; 400], xz::stream(CRC32, &blocks[1..])];
    check_calls(&file.concat(), &[&content[..], b].concat());
    check_calls(&lzma::alone_of(&lzma::literals(a), 1 << 16, true), a);
    check_calls(&[zstd_frame(a, 3), zstd_frame(b, 19)].concat(), &content);
}
