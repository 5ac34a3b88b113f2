// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The memory of a decoder that C owns: which decoder is in it, and how it is found there.

use core::ffi::c_int;
use core::mem::size_of;
use core::ops::Range;
use core::slice;

use crate::zeroed::{zeroed, Verdict, Zeroed};
#[cfg(feature = "zstd")]
use crate::Zstd;
use crate::{Any, Carry, Concatenated, Decode, Error, Members};
#[cfg(feature = "gzip")]
use crate::{Deflate, Gzip, Zlib};
#[cfg(feature = "xz")]
use crate::{Lzma, Xz, XzBlock};

// `enum pagewise_format`.
pub(super) const ANY: c_int = 0;
pub(super) const GZIP: c_int = 1;
pub(super) const ZLIB: c_int = 2;
pub(super) const DEFLATE: c_int = 3;
pub(super) const XZ: c_int = 4;
pub(super) const LZMA: c_int = 5;
pub(super) const ZSTD: c_int = 6;
#[cfg_attr(not(feature = "xz"), allow(dead_code))]
pub(super) const XZ_BLOCK: c_int = 7;
/// `PAGEWISE_CARRY`, which is added to a format.
pub(super) const CARRY: c_int = 0x100;

/// `struct pagewise_page`.
#[repr(C)]
pub(super) struct CPage {
    data: *mut u8,
    length: usize,
}

impl AsRef<[u8]> for CPage {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: Who passes pages promises that each is memory of its length, which nobody else
        // uses during the call.
        unsafe { bytes(self.data, self.length) }
    }
}

impl AsMut<[u8]> for CPage {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: As above; pages do not overlap, and this one is borrowed for as long.
        unsafe { bytes_mut(self.data, self.length) }
    }
}

/// `struct pagewise`: what stands at the front of a decoder's memory, whichever it is.
#[repr(C)]
pub(super) struct Head {
    pub(super) format: c_int,
    pub(super) error: Verdict,
}

zeroed! { impl for Head { format, error } }

#[repr(C)]
pub(super) struct Slot<D> {
    pub(super) head: Head,
    pub(super) decoder: D,
}

zeroed! { impl [D: Zeroed] for Slot<D> { head, decoder } }

/// A decoder for whole files that takes pieces of any size.
pub(super) type Carried<D, const N: usize> = Carry<Concatenated<D>, N>;

/// Decoders that may take a dictionary.
pub(super) trait Dictionary {
    /// Chooses one for the streams to come.
    fn set_dictionary(&mut self, _: &'static [u8]) -> Result<(), Error> {
        Err(Error::UnsupportedFormat)
    }
}

impl Dictionary for Any {}

#[cfg(feature = "gzip")]
mod gzip {
    use super::{Deflate, Dictionary, Error, Gzip, Zlib};

    impl Dictionary for Gzip {}
    impl Dictionary for Deflate {}

    impl Dictionary for Zlib<'static> {
        fn set_dictionary(&mut self, dictionary: &'static [u8]) -> Result<(), Error> {
            Zlib::set_dictionary(self, dictionary);
            Ok(())
        }
    }
}

#[cfg(feature = "xz")]
mod xz {
    use super::{Dictionary, Lzma, Xz, XzBlock};

    impl Dictionary for Xz {}
    impl Dictionary for XzBlock {}
    impl Dictionary for Lzma {}
}

#[cfg(feature = "zstd")]
impl Dictionary for Zstd<'static> {
    fn set_dictionary(&mut self, dictionary: &'static [u8]) -> Result<(), Error> {
        Zstd::set_dictionary(self, dictionary)
    }
}

impl<D: Members + Dictionary> Dictionary for Concatenated<D> {
    fn set_dictionary(&mut self, dictionary: &'static [u8]) -> Result<(), Error> {
        self.get_mut().set_dictionary(dictionary)
    }
}

impl<D: Decode + Dictionary, const N: usize> Dictionary for Carry<D, N> {
    fn set_dictionary(&mut self, dictionary: &'static [u8]) -> Result<(), Error> {
        self.get_mut().set_dictionary(dictionary)
    }
}

/// Evaluates `$value` with `$decoder` as a name for the decoder of `$format`, with [`CARRY`] or
/// without; `$none` where this build has no such decoder.
macro_rules! with {
    ($format:expr, $decoder:ident => $value:expr, $none:expr) => {
        $crate::ffi::slot::with!(@
            $format, $decoder => $value, $none,
            ANY: Any,
            #[cfg(feature = "gzip")] GZIP: Gzip,
            #[cfg(feature = "gzip")] ZLIB: Zlib<'static>,
            #[cfg(feature = "gzip")] DEFLATE: Deflate,
            #[cfg(feature = "xz")] XZ: Xz,
            #[cfg(feature = "xz")] LZMA: Lzma,
            #[cfg(feature = "zstd")] ZSTD: Zstd<'static>,
        )
    };
    (@
        $format:expr, $decoder:ident => $value:expr, $none:expr,
        $($(#[$feature:meta])? $name:ident: $type:ident $(<$lifetime:lifetime>)?,)*
    ) => {
        match $format {
            $(
                $(#[$feature])?
                $crate::ffi::slot::$name => {
                    type $decoder = $crate::Concatenated<$crate::$type $(<$lifetime>)?>;
                    $value
                }
                $(#[$feature])?
                number if number == $crate::ffi::slot::$name | $crate::ffi::slot::CARRY => {
                    type $decoder = $crate::ffi::slot::Carried<
                        $crate::$type $(<$lifetime>)?,
                        { <$crate::$type $(<$lifetime>)? as $crate::Decode>::CARRY },
                    >;
                    $value
                }
            )*
            // By itself: nothing of the same kind follows it.
            #[cfg(feature = "xz")]
            $crate::ffi::slot::XZ_BLOCK => {
                type $decoder = $crate::XzBlock;
                $value
            }
            _ => $none,
        }
    };
}
pub(super) use with;

/// The format of the decoder in `memory`; none of the formats if it is null.
///
/// # Safety
///
/// `memory` is null, or was given to `pagewise_init` and is used by nobody else meanwhile.
pub(super) unsafe fn format(memory: *mut Head) -> c_int {
    if memory.is_null() {
        return -1;
    }
    // SAFETY: Each slot begins with a head.
    unsafe { (*memory).format }
}

/// # Safety
///
/// `memory` was given to `pagewise_init` for a `D`, as its [`format`] tells, and is used by nobody
/// else as long as the slot is borrowed.
pub(super) unsafe fn slot<'a, D>(memory: *mut Head) -> &'a mut Slot<D> {
    // SAFETY: `pagewise_init` made room for it, and put it there.
    unsafe { &mut *memory.cast() }
}

/// # Safety
///
/// `data` points to `length` bytes, or is null, which stands for none.
pub(super) unsafe fn bytes<'a>(data: *const u8, length: usize) -> &'a [u8] {
    if data.is_null() {
        return &[];
    }
    // SAFETY: The caller's promise.
    unsafe { slice::from_raw_parts(data, length) }
}

/// # Safety
///
/// As [`bytes`], and nobody else uses them.
pub(super) unsafe fn bytes_mut<'a, T>(data: *mut T, length: usize) -> &'a mut [T] {
    if data.is_null() {
        return &mut [];
    }
    // SAFETY: The caller's promise.
    unsafe { slice::from_raw_parts_mut(data, length) }
}

/// What of a decoder's memory is cleared to make it fresh: `size` bytes, but not those of
/// `scratch`.
pub(super) struct Layout {
    pub(super) size: usize,
    pub(super) scratch: Range<usize>,
}

const fn layout<T: Zeroed>() -> Layout {
    Layout { size: size_of::<T>(), scratch: T::SCRATCH }
}

pub(super) fn layout_of(format: c_int) -> Layout {
    with!(format, D => layout::<Slot<D>>(), Layout { size: 0, scratch: 0..0 })
}
