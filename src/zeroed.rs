// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! All-zero memory is a fresh decoder: the one place that makes it so.
//!
//! A kernel allocates a decoder with `__GFP_ZERO`, the C ABI clears the memory it is given, and a
//! static decoder lies in `.bss`. None of that may depend on a representation that Rust leaves
//! open, as it does for `Option<u64>` and `Result<(), E>`. So every type in a decoder's state is
//! [`Zeroed`], and the implementations come from here:
//!
//! - for numbers, `bool`, arrays and whatever else Rust specifies, below;
//! - for a struct, by [`zeroed!`], which lists its fields: the compiler refuses a list with a field
//!   missing, and a field whose type is not `Zeroed`;
//! - for an enum, by [`zeroed_enum!`], which declares it with a tag in its first byte, zero for the
//!   first variant;
//! - for an optional value, by [`Maybe`].
//!
//! Arrays of bytes that are written before they are read need not be zero in a fresh decoder. The
//! longest of them is [`Zeroed::SCRATCH`], which the C ABI does not clear.
//!
//! A fresh decoder *is* [`Zeroed::ZEROED`], which is built from the zeros of the fields, so it
//! can't differ from what all-zero memory says. The trait is implemented by hand in this file only.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Range;

/// Types of which all-zero memory is a fresh value: every decoder of this crate, and
/// [`Carry`](crate::Carry) and [`Concatenated`](crate::Concatenated) around one.
///
/// Decoders are large: on 64-bit machines `Any` has some 207 KiB, with a `Carry` for zstd some
/// 335 KiB. Returned by value, they may pass over the stack. [`init`](Self::init) makes them where
/// they stay, and so does `boxed` with the feature `alloc`.
///
/// A static decoder is all zeros too, so it lies in `.bss`. `static mut DECODER: Any = Any::new()`
/// is one, and so is a static `Mutex` or `UnsafeCell` around `Any::new()`. In the kernel,
/// `KBox::zeroed` and `Zeroable` ask for the same property: a newtype over a `Zeroed` type may
/// implement `Zeroable`.
///
/// # Invariants
///
/// Memory whose bytes are all zero is a valid value, namely [`ZEROED`](Self::ZEROED). Padding can
/// hold anything. The trait is sealed, as it could not be safe otherwise: its implementations are
/// made in one place, by the fields.
pub trait Zeroed: Sized + Sealed {
    /// What all-zero memory says: a fresh value.
    const ZEROED: Self;

    /// The longest run of bytes that may have any values in a fresh value, counted in bytes from
    /// its start.
    #[doc(hidden)]
    const SCRATCH: Range<usize> = 0..0;

    /// Makes a fresh value in `memory` by writing zeros. No other memory is used, not even on the
    /// stack.
    ///
    /// ```
    /// use std::mem::MaybeUninit;
    /// use pagewise::{decode_slice, Error, Zeroed, Zlib};
    ///
    /// # let file: &[u8] = &[0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x06, 0x00, 0x02, 0x4d, 0x01, 0x27];
    /// let mut memory = MaybeUninit::uninit();
    /// let decoder = Zlib::init(&mut memory);
    /// let mut output = [0; 100];
    /// assert_eq!(decode_slice(decoder, file, &mut output)?.written, 3);
    /// # Ok::<(), Error>(())
    /// ```
    #[cfg(not(feature = "safe"))]
    #[allow(unsafe_code)]
    fn init(memory: &mut MaybeUninit<Self>) -> &mut Self {
        // SAFETY: One value fits where a `MaybeUninit` of it lies.
        unsafe { memory.as_mut_ptr().write_bytes(0, 1) };
        // SAFETY: All bytes were set to zero, which is a valid value by this trait's invariant.
        unsafe { memory.assume_init_mut() }
    }

    /// Makes a fresh value in `memory`. This build has no `unsafe`, so it is up to the optimiser to
    /// leave out a copy on the stack: without optimisation there is one.
    #[cfg(feature = "safe")]
    fn init(memory: &mut MaybeUninit<Self>) -> &mut Self {
        memory.write(Self::ZEROED)
    }

    /// A fresh value on the heap, which never was on the stack.
    ///
    /// ```
    /// use pagewise::{decode_slice, Any, Carry, Concatenated, Decode, Error, Zeroed};
    ///
    /// # let file: &[u8] = &[0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x06, 0x00, 0x02, 0x4d, 0x01, 0x27];
    /// let mut decoder = Carry::<Concatenated<Any>, { Any::CARRY }>::boxed();
    /// let mut output = [0; 100];
    /// assert_eq!(decode_slice(&mut *decoder, file, &mut output)?.written, 3);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// As `Box::new` does, if there is no memory. To get an error instead, use [`init`](Self::init)
    /// on memory of a fallible allocation.
    #[cfg(all(feature = "alloc", not(feature = "safe")))]
    #[allow(unsafe_code)]
    fn boxed() -> Box<Self> {
        let mut memory = Box::<Self>::new_uninit();
        Self::init(&mut memory);
        // SAFETY: `init` has made a value of it.
        unsafe { memory.assume_init() }
    }

    /// A fresh value on the heap. In this build it is up to the optimiser, as with
    /// [`init`](Self::init), to leave out a copy on the stack.
    #[cfg(all(feature = "alloc", feature = "safe"))]
    fn boxed() -> Box<Self> {
        Box::new(Self::ZEROED)
    }
}

/// Keeps [`Zeroed`] to this crate.
pub trait Sealed {}

/// [`Zeroed::SCRATCH`] of a field that starts at the byte `at` of a struct.
pub(crate) const fn scratch_of<S, F: Zeroed>(at: usize, _: fn(&S) -> &F) -> Range<usize> {
    at.wrapping_add(F::SCRATCH.start)..at.wrapping_add(F::SCRATCH.end)
}

/// All bytes of a field that starts at the byte `at` of a struct: an array of `u8`, for which every
/// byte is valid.
pub(crate) const fn bytes_of<S, const N: usize>(at: usize, _: fn(&S) -> &[u8; N]) -> Range<usize> {
    at..at.wrapping_add(N)
}

/// The longer run of two.
pub(crate) const fn longer(run: Range<usize>, other: Range<usize>) -> Range<usize> {
    if other.end.wrapping_sub(other.start) > run.end.wrapping_sub(run.start) {
        other
    } else {
        run
    }
}

/// Implements [`Zeroed`] for a struct by its fields, which must be all that it has.
///
/// The layout of the struct does not matter: wherever the fields lie, they are zero. A field that
/// is listed as `name: scratch` is an array of bytes, each of which is written before it is read,
/// also in a fresh value. Whoever makes one in place [need not clear it](Zeroed::SCRATCH).
macro_rules! zeroed {
    (impl $([$($generics:tt)*])? for $type:ty {
        $($(#[$attribute:meta])* $field:ident $(: $scratch:ident)?),* $(,)?
    }) => {
        impl $(<$($generics)*>)? $crate::zeroed::Sealed for $type {}

        impl $(<$($generics)*>)? $crate::zeroed::Zeroed for $type {
            const ZEROED: Self =
                Self { $($(#[$attribute])* $field: $crate::zeroed::Zeroed::ZEROED),* };

            const SCRATCH: ::core::ops::Range<usize> = {
                let run = 0..0;
                $(
                    $(#[$attribute])*
                    let run = $crate::zeroed::longer(run, $crate::zeroed::zeroed!(
                        @$($scratch)?, ::core::mem::offset_of!(Self, $field),
                        |state: &Self| &state.$field
                    ));
                )*
                run
            };
        }
    };
    (@, $at:expr, $get:expr) => { $crate::zeroed::scratch_of($at, $get) };
    (@scratch, $at:expr, $get:expr) => { $crate::zeroed::bytes_of($at, $get) };
    // A struct with one field that has no name.
    (impl for $type:ident(_)) => {
        impl $crate::zeroed::Sealed for $type {}

        impl $crate::zeroed::Zeroed for $type {
            const ZEROED: Self = Self($crate::zeroed::Zeroed::ZEROED);
        }
    };
}
pub(crate) use zeroed;

/// Declares an enum that is [`Zeroed`]: its first variant has the tag zero.
///
/// With `repr(u8)` the tag is the first byte, also where variants have fields (Rust Reference,
/// "Primitive representation of field-carrying enums"). The first variant has no fields, or one
/// that is `Zeroed`.
macro_rules! zeroed_enum {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident $(<$parameter:ident>)? {
            $(#[$first_attribute:meta])*
            $first:ident $({ $field:ident: $type:ty })? = 0,
            $($rest:tt)*
        }
    ) => {
        $(#[$attribute])*
        #[repr(u8)]
        $visibility enum $name $(<$parameter>)? {
            $(#[$first_attribute])*
            $first $({ $field: $type })? = 0,
            $($rest)*
        }

        impl $(<$parameter>)? $crate::zeroed::Sealed for $name $(<$parameter>)? {}

        impl $(<$parameter>)? $crate::zeroed::Zeroed for $name $(<$parameter>)? {
            const ZEROED: Self =
                Self::$first $({ $field: <$type as $crate::zeroed::Zeroed>::ZEROED })?;
        }
    };
}
pub(crate) use zeroed_enum;

macro_rules! zero_is_specified {
    ($($type:ty: $zero:expr),*) => {$(
        impl Sealed for $type {}

        impl Zeroed for $type {
            const ZEROED: Self = $zero;
        }
    )*};
}

zero_is_specified!(bool: false, u8: 0, u16: 0, u32: 0, u64: 0, usize: 0, i16: 0, i32: 0);

impl<T, const N: usize> Sealed for [T; N] {}

impl<T: Zeroed, const N: usize> Zeroed for [T; N] {
    const ZEROED: Self = [const { T::ZEROED }; N];
}

impl<T> Sealed for PhantomData<T> {}

impl<T> Zeroed for PhantomData<T> {
    const ZEROED: Self = Self;
}

// Two fields, both public.
zeroed! { impl [T: Zeroed] for Range<T> { start, end } }

#[cfg(feature = "oracle")]
impl<T> Sealed for Option<Box<T>> {}

/// A null pointer is `None` (the standard library's `option`, "Representation").
#[cfg(feature = "oracle")]
impl<T> Zeroed for Option<Box<T>> {
    const ZEROED: Self = None;
}

zeroed_enum! {
    /// An `Option` whose all-zero memory is specified: nothing.
    #[derive(Clone, Copy)]
    pub(crate) enum Maybe<T> {
        Nothing = 0,
        Just(T),
    }
}

impl<T> Maybe<T> {
    pub(crate) const fn as_ref(&self) -> Option<&T> {
        match self {
            Self::Nothing => None,
            Self::Just(value) => Some(value),
        }
    }

    pub(crate) fn get(self) -> Option<T> {
        match self {
            Self::Nothing => None,
            Self::Just(value) => Some(value),
        }
    }
}

impl<T> From<Option<T>> for Maybe<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Self::Just)
    }
}

/// What is wrong, if anything, to be returned later.
pub(crate) type Verdict = Maybe<crate::Error>;

impl Verdict {
    pub(crate) fn result(self) -> Result<(), crate::Error> {
        self.get().map_or(Ok(()), Err)
    }
}

impl From<Result<(), crate::Error>> for Verdict {
    fn from(result: Result<(), crate::Error>) -> Self {
        Self::from(result.err())
    }
}

/// The decoders that users make of zeros.
const _: () = {
    const fn check<T: Zeroed>() {}
    #[cfg(feature = "gzip")]
    {
        check::<crate::Gzip>();
        check::<crate::Zlib<'static>>();
        check::<crate::Deflate>();
    }
    #[cfg(feature = "xz")]
    {
        check::<crate::Xz>();
        check::<crate::Lzma>();
    }
    #[cfg(feature = "zstd")]
    check::<crate::Zstd<'static>>();
    #[cfg(any(feature = "gzip", feature = "xz", feature = "zstd"))]
    {
        use crate::{Any, Carry, Concatenated, Decode};
        check::<Carry<Concatenated<Any>, { Any::CARRY }>>();
    }
};

#[cfg(test)]
mod tests {
    use core::mem::offset_of;

    use super::*;

    struct Inner {
        number: u64,
        bytes: [u8; 100],
    }

    zeroed! { impl for Inner { number, bytes: scratch } }

    struct Outer {
        flag: bool,
        short: [u8; 50],
        inner: Inner,
        cleared: [u8; 200],
    }

    zeroed! { impl for Outer { flag, short: scratch, inner, cleared } }

    #[test]
    fn scratch_is_the_longest_run_wherever_it_lies() {
        let start = offset_of!(Outer, inner) + offset_of!(Inner, bytes);
        assert_eq!(Outer::SCRATCH, start..start + 100);
        assert!(bool::SCRATCH.is_empty() && <[u8; 200]>::SCRATCH.is_empty());
        let Outer { flag, short, inner: Inner { number, bytes }, cleared } = Outer::ZEROED;
        assert!(!flag && number == 0);
        assert!(short.iter().chain(&bytes).chain(&cleared).all(|&byte| byte == 0));
    }
}
