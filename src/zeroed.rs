// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! All-zero memory is a fresh decoder: the one place that makes it so.
//!
//! A kernel allocates a decoder with `__GFP_ZERO`, the C ABI clears the memory it is given, and a
//! static decoder lies in `.bss`. None of that may depend on a representation that Rust leaves open,
//! as it does for `Option<u64>` and `Result<(), E>`. So every type in a decoder's state is
//! [`Zeroed`], and the implementations come from here:
//!
//! - for numbers, `bool`, arrays and what else Rust specifies, below;
//! - for a struct, by [`zeroed!`], which lists its fields: the compiler refuses a list with a field
//!   missing, and a field whose type is not `Zeroed`;
//! - for an enum, by [`zeroed_enum!`], which declares it with a tag in its first byte, zero for the
//!   first variant;
//! - for an optional value, by [`Maybe`].
//!
//! A fresh decoder *is* [`Zeroed::ZEROED`], which is built from the zeros of the fields, so it can't
//! differ from what all-zero memory says. An `unsafe trait` would say whose promise that is, but
//! the crate denies `unsafe`: so the trait is implemented by hand in this file only.

use core::marker::PhantomData;
use core::ops::Range;

/// A type of which all-zero memory is a valid value, namely [`ZEROED`](Self::ZEROED).
///
/// Padding can hold anything.
#[doc(hidden)]
pub trait Zeroed: Sized {
    /// What all-zero memory says; of a decoder and each of its parts, a fresh one.
    const ZEROED: Self;
}

/// Implements [`Zeroed`] for a struct by its fields, which must be all that it has.
///
/// The layout of the struct does not matter: wherever the fields lie, they are zero.
macro_rules! zeroed {
    (impl $([$($generics:tt)*])? for $type:ty {
        $($(#[$attribute:meta])* $field:ident),* $(,)?
    }) => {
        impl $(<$($generics)*>)? $crate::zeroed::Zeroed for $type {
            const ZEROED: Self =
                Self { $($(#[$attribute])* $field: $crate::zeroed::Zeroed::ZEROED),* };
        }
    };
    // A struct with one field that has no name.
    (impl for $type:ident(_)) => {
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

        impl $(<$parameter>)? $crate::zeroed::Zeroed for $name $(<$parameter>)? {
            const ZEROED: Self =
                Self::$first $({ $field: <$type as $crate::zeroed::Zeroed>::ZEROED })?;
        }
    };
}
pub(crate) use zeroed_enum;

macro_rules! zero_is_specified {
    ($($type:ty: $zero:expr),*) => {$(
        impl Zeroed for $type {
            const ZEROED: Self = $zero;
        }
    )*};
}

zero_is_specified!(bool: false, u8: 0, u16: 0, u32: 0, u64: 0, usize: 0, i16: 0, i32: 0);

impl<T: Zeroed, const N: usize> Zeroed for [T; N] {
    const ZEROED: Self = [const { T::ZEROED }; N];
}

impl<T> Zeroed for PhantomData<T> {
    const ZEROED: Self = Self;
}

// Two fields, both public.
zeroed! { impl [T: Zeroed] for Range<T> { start, end } }

/// A null pointer is `None` (the standard library's `option`, "Representation").
#[cfg(feature = "oracle")]
impl<T> Zeroed for Option<std::boxed::Box<T>> {
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

/// What is wrong, if anything, to be told later.
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
        check::<crate::Zlib>();
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
