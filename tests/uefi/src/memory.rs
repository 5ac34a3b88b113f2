// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Memory from the firmware, and the two forms of output that the loader makes of it.

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use core::slice;

use pagewise::{Page, Zeroed};
use uefi::boot::{self, AllocateType, PAGE_SIZE};
use uefi::mem::memory_map::MemoryType;

/// The firmware has no memory of the size asked for.
pub(crate) struct NoMemory;

/// Contiguous memory from AllocatePages. It goes back to the firmware when dropped.
///
/// # Invariants
///
/// `count` pages at `start` were allocated, every byte of them has been written, and nothing else refers to them.
pub(crate) struct Memory {
    start: NonNull<u8>,
    count: usize,
}

impl Memory {
    /// At least `bytes` bytes, all zero.
    pub(crate) fn zeroed(bytes: usize) -> Result<Self, NoMemory> {
        let count = bytes.div_ceil(PAGE_SIZE).max(1);
        // Linux takes memory of this type for its own once it runs.
        let kind = MemoryType::LOADER_DATA;
        let start =
            boot::allocate_pages(AllocateType::AnyPages, kind, count).map_err(|_| NoMemory)?;
        // SAFETY: The firmware has just allocated that many pages there.
        unsafe { start.write_bytes(0, count * PAGE_SIZE) };
        // INVARIANT: The pages are new, and were written.
        Ok(Self { start, count })
    }
}

impl AsRef<[u8]> for Memory {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: The bytes are this value's and were written, by the invariant.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.count * PAGE_SIZE) }
    }
}

impl AsMut<[u8]> for Memory {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: The bytes are this value's and were written, by the invariant.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.count * PAGE_SIZE) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: The pages were allocated, and nothing else refers to them, by the invariant.
        // What the firmware does not take back is lost, which does no harm.
        let _ = unsafe { boot::free_pages(self.start, self.count) };
    }
}

/// A value in memory of its own. It never is on the stack, of which firmware promises 128 KiB.
pub(crate) struct Placed<T> {
    memory: Memory,
    value: PhantomData<T>,
}

impl<T: Zeroed> Placed<T> {
    const ALIGNED: () = assert!(align_of::<T>() <= PAGE_SIZE);

    /// A fresh value.
    pub(crate) fn new() -> Result<Self, NoMemory> {
        let () = Self::ALIGNED;
        Ok(Self { memory: Memory::zeroed(size_of::<T>())?, value: PhantomData })
    }
}

impl<T: Zeroed> Deref for Placed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: The memory is large enough, aligned to pages, and was all zero, which is a value of a `Zeroed` type.
        unsafe { self.memory.start.cast().as_ref() }
    }
}

impl<T: Zeroed> DerefMut for Placed<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: As above, and `self` is borrowed for as long.
        unsafe { self.memory.start.cast().as_mut() }
    }
}

/// Where a decoder writes: pages that can become more.
pub(crate) trait Room {
    /// What the decoder writes to.
    type Page: Page;

    /// All pages so far.
    fn pages(&mut self) -> &mut [Self::Page];

    /// Adds room. `expected` is how many bytes the output may have in all; it may be wrong.
    fn grow(&mut self, expected: usize) -> Result<(), NoMemory>;
}

/// Output in one piece, for the kernel: LoadImage takes an image from contiguous memory only.
///
/// A single page may have any length and may grow. So this is one page, and when it is full a larger one, into which
/// its bytes move. With the size from a zstd header nothing ever moves. gzip and xz tell the size at the end of a file,
/// where a loader that reads it once comes last. So the caller guesses, and the memory doubles if that was too little.
/// Until the bytes have moved there are both, three times the old memory. That is acceptable for a kernel, which has
/// tens of megabytes. An initramfs can have hundreds, and need not be contiguous: see [`Scattered`].
#[derive(Default)]
pub(crate) struct Flat(Option<Memory>);

impl Flat {
    /// The first `length` bytes.
    pub(crate) fn bytes(&self, length: usize) -> &[u8] {
        self.0.as_ref().and_then(|memory| memory.as_ref().get(..length)).unwrap_or(&[])
    }
}

impl Room for Flat {
    type Page = Memory;

    fn pages(&mut self) -> &mut [Memory] {
        self.0.as_mut_slice()
    }

    fn grow(&mut self, expected: usize) -> Result<(), NoMemory> {
        let old = self.0.as_ref().map_or(&[][..], Memory::as_ref);
        let mut larger = Memory::zeroed(expected.max(old.len().saturating_mul(2)))?;
        larger.as_mut().iter_mut().zip(old).for_each(|(to, &from)| *to = from);
        self.0 = Some(larger);
        Ok(())
    }
}

/// Output in pages wherever the firmware has them, for the initramfs: Linux asks for a copy of it in memory of its own.
#[derive(Default)]
pub(crate) struct Scattered(Vec<Memory>);

impl Scattered {
    /// Bytes of a page. Any power of two would do; this one is larger than the firmware's, so that the list is shorter.
    const PAGE: usize = 64 << 10;

    /// The first `length` bytes, page by page.
    pub(crate) fn bytes(&self, length: usize) -> impl Iterator<Item = &[u8]> {
        self.0.iter().enumerate().map(move |(index, page)| {
            let page = page.as_ref();
            page.get(..length.saturating_sub(index * Self::PAGE)).unwrap_or(page)
        })
    }
}

impl Room for Scattered {
    type Page = Memory;

    fn pages(&mut self) -> &mut [Memory] {
        &mut self.0
    }

    fn grow(&mut self, _: usize) -> Result<(), NoMemory> {
        self.0.try_reserve(1).map_err(|_| NoMemory)?;
        self.0.push(Memory::zeroed(Self::PAGE)?);
        Ok(())
    }
}
