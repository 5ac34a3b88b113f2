// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The C ABI: what `pagewise.h`, which stands beside this file and documents it, declares.
//!
//! All of the crate's unsafe code is here, and all of it is about what C cannot say: that a pointer
//! and a length are a slice, and that memory holds the decoder that was made in it.

use core::ffi::{c_char, c_int};
use core::mem::{align_of, size_of};
use core::ops::Range;
use core::{ptr, slice};

use crate::zeroed::{zeroed, Verdict, Zeroed};
#[cfg(feature = "zstd")]
use crate::Zstd;
use crate::{Any, Concatenated, Decode, Error, Format, Members, Pause, Progress};
#[cfg(feature = "gzip")]
use crate::{Deflate, Gzip, Zlib};
#[cfg(feature = "xz")]
use crate::{Lzma, Xz};

// `enum pagewise_format`.
const ANY: c_int = 0;
const GZIP: c_int = 1;
const ZLIB: c_int = 2;
const DEFLATE: c_int = 3;
const XZ: c_int = 4;
const LZMA: c_int = 5;
const ZSTD: c_int = 6;

// `enum pagewise_pause`.
const DONE: c_int = 0;
const NEED_INPUT: c_int = 1;
const NEED_PAGE: c_int = 2;

/// `struct pagewise_page`.
#[repr(C)]
struct CPage {
    data: *mut u8,
    length: usize,
}

impl AsRef<[u8]> for CPage {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: Who passes pages promises that each is memory of its length, which nobody else uses
        // during the call.
        unsafe { bytes(self.data, self.length) }
    }
}

impl AsMut<[u8]> for CPage {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: As above; pages do not overlap, and this one is borrowed for as long.
        unsafe { bytes_mut(self.data, self.length) }
    }
}

/// `struct pagewise_progress`.
#[repr(C)]
struct CProgress {
    consumed: usize,
    min: usize,
    written: u64,
    settled: u64,
    window: u64,
}

/// `struct pagewise`: what stands at the front of a decoder's memory, whichever it is.
#[repr(C)]
struct Head {
    format: c_int,
    error: Verdict,
}

zeroed! { impl for Head { format, error } }

#[repr(C)]
struct Slot<D> {
    head: Head,
    decoder: Concatenated<D>,
}

zeroed! { impl [D: Zeroed] for Slot<D> { head, decoder } }

/// Evaluates `$value` with `$decoder` as a name for the decoder of `$format`; `$none` where this build has no
/// such decoder.
macro_rules! with {
    ($format:expr, $decoder:ident => $value:expr, $none:expr) => {
        match $format {
            ANY => {
                type $decoder = Any;
                $value
            }
            #[cfg(feature = "gzip")]
            GZIP => {
                type $decoder = Gzip;
                $value
            }
            #[cfg(feature = "gzip")]
            ZLIB => {
                type $decoder = Zlib<'static>;
                $value
            }
            #[cfg(feature = "gzip")]
            DEFLATE => {
                type $decoder = Deflate;
                $value
            }
            #[cfg(feature = "xz")]
            XZ => {
                type $decoder = Xz;
                $value
            }
            #[cfg(feature = "xz")]
            LZMA => {
                type $decoder = Lzma;
                $value
            }
            #[cfg(feature = "zstd")]
            ZSTD => {
                type $decoder = Zstd<'static>;
                $value
            }
            _ => $none,
        }
    };
}

/// The format of the decoder in `memory`; none of the formats if it is null.
///
/// # Safety
///
/// `memory` is null, or was given to [`pagewise_init`] and is used by nobody else meanwhile.
unsafe fn format(memory: *mut Head) -> c_int {
    if memory.is_null() {
        return -1;
    }
    // SAFETY: Each slot begins with a head.
    unsafe { (*memory).format }
}

/// # Safety
///
/// `memory` was given to [`pagewise_init`] for a `D`, as its [`format`] tells, and is used by nobody else as
/// long as the slot is borrowed.
unsafe fn slot<'a, D>(memory: *mut Head) -> &'a mut Slot<D> {
    // SAFETY: `pagewise_init` made room for it, and put it there.
    unsafe { &mut *memory.cast() }
}

/// # Safety
///
/// `data` points to `length` bytes, or is null, which stands for none.
unsafe fn bytes<'a>(data: *const u8, length: usize) -> &'a [u8] {
    if data.is_null() {
        return &[];
    }
    // SAFETY: The caller's promise.
    unsafe { slice::from_raw_parts(data, length) }
}

/// # Safety
///
/// As [`bytes`], and nobody else uses them.
unsafe fn bytes_mut<'a, T>(data: *mut T, length: usize) -> &'a mut [T] {
    if data.is_null() {
        return &mut [];
    }
    // SAFETY: The caller's promise.
    unsafe { slice::from_raw_parts_mut(data, length) }
}

/// What of a decoder's memory is cleared to make it fresh: `size` bytes, but not those of `scratch`.
struct Layout {
    size: usize,
    scratch: Range<usize>,
}

const fn layout<T: Zeroed>() -> Layout {
    Layout { size: size_of::<T>(), scratch: T::SCRATCH }
}

fn layout_of(format: c_int) -> Layout {
    with!(format, D => layout::<Slot<D>>(), Layout { size: 0, scratch: 0..0 })
}

/// Bytes of memory for a decoder, 0 if this build has none for the format.
#[no_mangle]
extern "C" fn pagewise_size(format: c_int) -> usize {
    layout_of(format).size
}

/// Makes a decoder in place.
///
/// # Safety
///
/// `memory` is null, or points to `size` bytes that nobody else uses as long as the decoder lives. Their
/// values may be any, also what C calls indeterminate, as after `malloc`.
#[no_mangle]
unsafe extern "C" fn pagewise_init(memory: *mut Head, size: usize, format: c_int) -> c_int {
    let Layout { size: needed, scratch } = layout_of(format);
    if needed == 0 {
        return -Error::UnsupportedFormat.errno();
    }
    // No decoder is stricter than the widest numbers in it.
    if memory.is_null() || size < needed || memory as usize % align_of::<Slot<Any>>() != 0 {
        return -Error::PageShape.errno();
    }
    let bytes = memory.cast::<u8>();
    // SAFETY: The memory is large enough for the decoder with the head in front of it, and aligned. Zeros
    // are a fresh decoder: there is a layout only for types that are `Zeroed`. The bytes of `scratch` lie in
    // it, and are bytes of a `[u8; N]`, valid whatever they are, and written before they are read. That C
    // has not written them does not make them undefined here: what C hands over are bytes. A compiler that
    // sees both sides, by link-time optimisation, could say more only of allocators that it knows by name,
    // which a kernel's are not.
    unsafe {
        ptr::write_bytes(bytes, 0, scratch.start);
        ptr::write_bytes(bytes.add(scratch.end), 0, needed.wrapping_sub(scratch.end));
        (*memory).format = format;
    }
    DONE
}

/// `Format::detect`.
///
/// # Safety
///
/// `input` points to `length` bytes, or is null.
#[no_mangle]
unsafe extern "C" fn pagewise_detect(input: *const u8, length: usize) -> c_int {
    // SAFETY: The caller's promise.
    match Format::detect(unsafe { bytes(input, length) }) {
        Ok(None) => ANY,
        Ok(Some(Format::Gzip)) => GZIP,
        Ok(Some(Format::Zlib)) => ZLIB,
        Ok(Some(Format::Deflate)) => DEFLATE,
        Ok(Some(Format::Xz)) => XZ,
        Ok(Some(Format::Lzma)) => LZMA,
        Ok(Some(Format::Zstd)) => ZSTD,
        Err(error) => -error.errno(),
    }
}

/// `Decode::decode`.
///
/// # Safety
///
/// `memory` as for [`format`]; `input` and `pages` are null or point to as many bytes and pages as is
/// said, and the pages to memory of their lengths; no two of all these overlap, and nobody else uses
/// them during the call. `progress` can be written.
#[no_mangle]
unsafe extern "C" fn pagewise_decode(
    memory: *mut Head,
    input: *const u8,
    input_length: usize,
    pages: *mut CPage,
    page_count: usize,
    progress: *mut CProgress,
) -> c_int {
    // SAFETY: The caller's promises.
    let (input, pages) = unsafe { (bytes(input, input_length), bytes_mut(pages, page_count)) };
    // SAFETY: As above.
    let (told, result) =
        unsafe { with!(format(memory), D => slot::<D>(memory).decode(input, pages), NO_DECODER) };
    if !progress.is_null() {
        // SAFETY: As above.
        unsafe { progress.write(told) };
    }
    result
}

const NO_DECODER: (CProgress, c_int) = (
    CProgress { consumed: 0, min: 0, written: 0, settled: 0, window: u64::MAX },
    -Error::UnsupportedFormat.errno(),
);

impl<D: Members> Slot<D> {
    /// Each decoder in a function of its own, so that their stack frames do not add up.
    #[inline(never)]
    fn decode(&mut self, input: &[u8], pages: &mut [CPage]) -> (CProgress, c_int) {
        let (consumed, min, result) = match self.decoder.decode(input, pages) {
            Ok(Progress { consumed, pause }) => match pause {
                Pause::Done => (consumed, 0, DONE),
                Pause::NeedInput { min } => (consumed, min, NEED_INPUT),
                Pause::NeedPage => (consumed, 0, NEED_PAGE),
            },
            Err(error) => (0, 0, self.fail(error)),
        };
        let progress = CProgress {
            consumed,
            min,
            written: self.decoder.written(),
            settled: self.decoder.settled(),
            window: self.decoder.window().unwrap_or(u64::MAX),
        };
        (progress, result)
    }

    fn release(&mut self, pages: usize) -> c_int {
        self.decoder.release(pages).map_or_else(|error| self.fail(error), |()| DONE)
    }

    fn reset(&mut self) {
        self.head.error = Verdict::ZEROED;
        self.decoder.reset();
    }

    fn fail(&mut self, error: Error) -> c_int {
        self.head.error = Verdict::Just(error);
        -error.errno()
    }
}

/// `Error::message` of the last error; its length goes to `length`. It does not end in a null byte.
///
/// # Safety
///
/// `memory` as for [`format`]; `length` can be written.
#[no_mangle]
unsafe extern "C" fn pagewise_message(memory: *mut Head, length: *mut usize) -> *const c_char {
    // SAFETY: The caller's promise.
    let error = unsafe {
        with!(
            format(memory),
            D => slot::<D>(memory).head.error.get(),
            Some(Error::UnsupportedFormat)
        )
    };
    let message = error.map_or("no error", Error::message);
    if !length.is_null() {
        // SAFETY: As above.
        unsafe { length.write(message.len()) };
    }
    message.as_ptr().cast()
}

/// `Decode::limit_window`.
///
/// # Safety
///
/// `memory` as for [`format`].
#[no_mangle]
unsafe extern "C" fn pagewise_limit_window(memory: *mut Head, bytes: u64) {
    // SAFETY: The caller's promise.
    unsafe { with!(format(memory), D => slot::<D>(memory).decoder.limit_window(bytes), ()) }
}

/// `Decode::release`.
///
/// # Safety
///
/// `memory` as for [`format`].
#[no_mangle]
unsafe extern "C" fn pagewise_release(memory: *mut Head, pages: usize) -> c_int {
    // SAFETY: The caller's promise.
    unsafe {
        with!(format(memory), D => slot::<D>(memory).release(pages), -Error::ReleaseUnsettled.errno())
    }
}

/// `Decode::reset`.
///
/// # Safety
///
/// `memory` as for [`format`].
#[no_mangle]
unsafe extern "C" fn pagewise_reset(memory: *mut Head) {
    // SAFETY: The caller's promise.
    unsafe { with!(format(memory), D => slot::<D>(memory).reset(), ()) }
}
