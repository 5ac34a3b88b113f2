// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The C ABI: what `pagewise.h`, which stands beside this file and documents it, declares.
//!
//! Its unsafe code is about what C cannot say: that a pointer and a length are a slice, and that
//! memory holds the decoder that was made in it.

#[cfg(feature = "xz")]
mod blocks;
#[cfg(test)]
mod header_tests;
mod slot;

use core::ffi::{c_char, c_int};
use core::mem::{align_of, size_of};
use core::ptr;

use crate::zeroed::{Verdict, Zeroed};
use crate::{Decode, Error, Format, Pause, Progress};

use slot::{
    bytes, bytes_mut, format, layout_of, slot, with, CPage, Dictionary, Head, Layout, Slot,
};
use slot::{ANY, DEFLATE, GZIP, LZMA, XZ, ZLIB, ZSTD};

// `enum pagewise_pause`.
const DONE: c_int = 0;
const NEED_INPUT: c_int = 1;
const NEED_PAGE: c_int = 2;

/// `PAGEWISE_VERSION`: two decimal digits for each of major, minor and patch.
const VERSION: u32 = 100;

/// A number that is not known, in the structs below.
const UNKNOWN: u64 = u64::MAX;

/// `struct pagewise_progress`.
#[repr(C)]
struct CProgress {
    consumed: usize,
    min: usize,
    total_consumed: u64,
    written: u64,
    settled: u64,
    window: u64,
}

/// `struct pagewise_info`.
#[repr(C)]
struct CInfo {
    format: c_int,
    check: c_int,
    blocks: u64,
    content_size: u64,
    dictionary_id: u64,
}

/// `PAGEWISE_VERSION` of this build.
#[no_mangle]
extern "C" fn pagewise_version() -> u32 {
    VERSION
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
/// `memory` is null, or points to `size` bytes that nobody else uses as long as the decoder lives.
/// Their values may be any, also what C calls indeterminate, as after `malloc`.
#[no_mangle]
unsafe extern "C" fn pagewise_init(memory: *mut Head, size: usize, format: c_int) -> c_int {
    let Layout { size: needed, scratch } = layout_of(format);
    if needed == 0 {
        return -Error::UnsupportedFormat.errno();
    }
    // No decoder is stricter than the widest numbers in it.
    if memory.is_null() || size < needed || memory as usize % align_of::<Slot<crate::Any>>() != 0 {
        return -Error::PageShape.errno();
    }
    let bytes = memory.cast::<u8>();
    // SAFETY: The memory is large enough for the decoder with the head in front of it, and aligned.
    // Zeros are a fresh decoder: there is a layout only for types that are `Zeroed`. The bytes of
    // `scratch` lie in it, and are bytes of a `[u8; N]`, valid whatever they are, and written
    // before they are read. That C has not written them does not make them undefined here: what C
    // hands over are bytes. A compiler that sees both sides, by link-time optimisation, could say
    // more only of allocators that it knows by name, which a kernel's are not.
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
        Ok(format) => number_of(format),
        Err(error) => -error.errno(),
    }
}

/// A format as `enum pagewise_format` has it; `ANY`: not known.
const fn number_of(format: Option<Format>) -> c_int {
    match format {
        None => ANY,
        Some(Format::Gzip) => GZIP,
        Some(Format::Zlib) => ZLIB,
        Some(Format::Deflate) => DEFLATE,
        Some(Format::Xz) => XZ,
        Some(Format::Lzma) => LZMA,
        Some(Format::Zstd) => ZSTD,
    }
}

/// `Decode::decode`.
///
/// # Safety
///
/// `memory` as for [`format`]; `input` and `pages` are null or point to as many bytes and pages as
/// is said, and the pages to memory of their lengths; no two of all these overlap, and nobody else
/// uses them during the call. `progress` can be written.
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
    let (mut told, none) = (NOTHING, -Error::UnsupportedFormat.errno());
    // SAFETY: As above.
    let result = unsafe {
        with!(format(memory), D => slot::<D>(memory).decode(input, pages, &mut told), none)
    };
    if !progress.is_null() {
        // SAFETY: As above.
        unsafe { progress.write(told) };
    }
    result
}

/// What is told where there is no decoder.
const NOTHING: CProgress =
    CProgress { consumed: 0, min: 0, total_consumed: 0, written: 0, settled: 0, window: UNKNOWN };

impl<D: Decode + Dictionary> Slot<D> {
    /// Each decoder in a function of its own, so that their stack frames do not add up.
    #[inline(never)]
    fn decode(&mut self, input: &[u8], pages: &mut [CPage], told: &mut CProgress) -> c_int {
        // A refused release has no effect on what follows.
        self.head.error = Verdict::ZEROED;
        let (consumed, min, result) = match self.decoder.decode(input, pages) {
            Ok(Progress { consumed, pause }) => match pause {
                Pause::Done => (consumed, 0, DONE),
                Pause::NeedInput { min } => {
                    self.head.error = Verdict::Just(Error::Truncated);
                    (consumed, min, NEED_INPUT)
                }
                Pause::NeedPage => (consumed, 0, NEED_PAGE),
            },
            Err(error) => (0, 0, self.fail(error)),
        };
        self.tell(told);
        (told.consumed, told.min) = (consumed, min);
        result
    }

    /// Tells how far the decoder has come over all calls. A function of its own, so that a
    /// [`Status`](crate::Status) takes no stack while it decodes.
    #[inline(never)]
    fn tell(&self, told: &mut CProgress) {
        let status = self.decoder.status();
        told.total_consumed = status.consumed;
        told.written = status.written;
        told.settled = status.settled;
        told.window = status.window.unwrap_or(UNKNOWN);
    }

    fn release(&mut self, pages: usize) -> c_int {
        self.decoder.release(pages).map_or_else(|error| self.fail(error), |()| DONE)
    }

    fn info(&self) -> CInfo {
        let info = self.decoder.info();
        CInfo {
            format: number_of(info.format),
            check: info.check as c_int,
            blocks: info.blocks,
            content_size: info.content_size.unwrap_or(UNKNOWN),
            dictionary_id: info.dictionary_id.map_or(UNKNOWN, u64::from),
        }
    }

    fn set_dictionary(&mut self, dictionary: &'static [u8]) -> c_int {
        let result = self.decoder.set_dictionary(dictionary);
        result.map_or_else(|error| self.fail(error), |()| DONE)
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

/// `Error::message` of the last call's error, or of `Error::Truncated` if it wanted more input; its
/// length goes to `length`. It does not end in a null byte.
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

/// `Decode::skip_unknown_checks`.
///
/// # Safety
///
/// `memory` as for [`format`].
#[no_mangle]
unsafe extern "C" fn pagewise_skip_unknown_checks(memory: *mut Head, skip: c_int) {
    // SAFETY: The caller's promise.
    unsafe {
        with!(format(memory), D => slot::<D>(memory).decoder.skip_unknown_checks(skip != 0), ())
    }
}

/// `set_dictionary` of `Zstd` and `Zlib`.
///
/// # Safety
///
/// `memory` as for [`format`]. `dictionary` points to `length` bytes, which stay as they are as
/// long as the decoder is used, or another dictionary was set.
#[no_mangle]
unsafe extern "C" fn pagewise_set_dictionary(
    memory: *mut Head,
    dictionary: *const u8,
    length: usize,
) -> c_int {
    // SAFETY: The caller's promises; the bytes live as long as anything looks at them.
    unsafe {
        let dictionary = bytes(dictionary, length);
        with!(
            format(memory),
            D => slot::<D>(memory).set_dictionary(dictionary),
            -Error::UnsupportedFormat.errno()
        )
    }
}

/// `Decode::info`, as much of it as `size` bytes hold. Returns how many were written.
///
/// # Safety
///
/// `memory` as for [`format`]; `size` bytes can be written at `info`.
#[no_mangle]
unsafe extern "C" fn pagewise_info(memory: *mut Head, info: *mut CInfo, size: usize) -> usize {
    let nothing = CInfo {
        format: ANY,
        check: crate::Check::None as c_int,
        blocks: 0,
        content_size: UNKNOWN,
        dictionary_id: UNKNOWN,
    };
    // SAFETY: The caller's promise.
    let told = unsafe { with!(format(memory), D => slot::<D>(memory).info(), nothing) };
    let size = if info.is_null() { 0 } else { size.min(size_of::<CInfo>()) };
    // SAFETY: As above, and `told` has as many bytes. The struct has no padding.
    unsafe { ptr::copy_nonoverlapping(ptr::from_ref(&told).cast::<u8>(), info.cast::<u8>(), size) };
    size
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
        let unsettled = -Error::ReleaseUnsettled.errno();
        with!(format(memory), D => slot::<D>(memory).release(pages), unsettled)
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
