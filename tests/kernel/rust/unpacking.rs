// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What the devices beside this file have in common: one compressed file that is written in pieces of any size,
//! and whose contents are read back. Errors are those of `pagewise::Error::errno`.

use core::ptr::NonNull;
use kernel::bindings;
use kernel::page::{Page, PAGE_SIZE};
use kernel::prelude::*;
use pagewise::{Any, Carry, Concatenated, Decode, Pause, Progress};

/// A page that output goes to.
///
/// # Invariants
///
/// `address` is where the whole of `page` is mapped, initialised, for as long as it lives.
struct OutputPage {
    address: NonNull<[u8; PAGE_SIZE]>,
    /// Freed with this.
    _page: Page,
}

// SAFETY: It owns its page, and the page is mapped at the same address everywhere.
unsafe impl Send for OutputPage {}

impl OutputPage {
    fn new() -> Result<Self> {
        // With high memory, a mapping is the thread's own, or there are too few of them for all pages.
        static_assert!(cfg!(not(CONFIG_HIGHMEM)));
        // Zeroed, because a slice must be of initialised bytes, whether anyone reads them or not.
        let page = Page::alloc_page(GFP_KERNEL | __GFP_ZERO)?;
        // SAFETY: The page is valid. Without high memory this is its address in the kernel's direct mapping,
        // where it always is; so there is no need of `kunmap_local`, which does nothing.
        let address = unsafe { bindings::kmap_local_page(page.as_ptr()) };
        // INVARIANT: As said above, and nobody else knows the page.
        Ok(Self { address: NonNull::new(address.cast()).ok_or(ENOMEM)?, _page: page })
    }
}

impl AsRef<[u8]> for OutputPage {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: By the type's invariant, and nobody writes to it while `self` is borrowed.
        unsafe { self.address.as_ref() }
    }
}

impl AsMut<[u8]> for OutputPage {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: By the type's invariant, and nobody else uses it while `self` is borrowed.
        unsafe { self.address.as_mut() }
    }
}

type Decoder = Carry<Concatenated<Any>, { Any::CARRY }>;

/// Bytes that a decoder takes.
pub(crate) const DECODER_SIZE: usize = size_of::<Decoder>();
/// The most bytes that a device takes at once.
pub(crate) const MAX_PIECE: usize = 8 * PAGE_SIZE;
/// The most pages that a file may have.
const MAX_PAGES: usize = (64 << 20) / PAGE_SIZE;

/// The file that an open file description decompresses.
pub(crate) struct Unpacking {
    decoder: KVBox<Decoder>,
    pages: KVVec<OutputPage>,
}

impl Unpacking {
    pub(crate) fn new() -> Result<Self> {
        let decoder = KVBox::new_uninit(GFP_KERNEL | __GFP_ZERO)?;
        // SAFETY: All-zero memory is a fresh decoder, as pagewise promises. It is too large for a stack.
        let decoder = unsafe { decoder.assume_init() };
        Ok(Self { decoder, pages: KVVec::new() })
    }

    /// Decodes all of `input`.
    pub(crate) fn feed(&mut self, mut input: &[u8]) -> Result<Pause> {
        loop {
            let Progress { consumed, pause, .. } =
                self.decoder.decode(input, &mut self.pages).map_err(errno)?;
            input = input.get(consumed..).unwrap_or(&[]);
            match pause {
                Pause::NeedPage => self.add_page()?,
                // Whatever remains stands after the file, as the format's own tool sees it.
                pause => return Ok(pause),
            }
        }
    }

    /// Out of line, because the kernel's vectors count with overflow checks, which nothing else here does.
    #[inline(never)]
    fn add_page(&mut self) -> Result {
        if self.pages.len() >= MAX_PAGES {
            return Err(errno(pagewise::Error::OutputLimit));
        }
        Ok(self.pages.push(OutputPage::new()?, GFP_KERNEL)?)
    }

    /// No more input: returns the length of the decompressed file if it may end here. An error stays one.
    pub(crate) fn finish(&mut self) -> Result<usize> {
        if self.feed(&[])? != Pause::Done {
            return Err(errno(pagewise::Error::Truncated));
        }
        Ok(self.decoder.written() as usize)
    }

    /// The decompressed file from `position` up to the end of a page; empty at its end.
    pub(crate) fn output(&mut self, position: usize) -> Result<&[u8]> {
        let left = self.finish()?.saturating_sub(position);
        let page = self.pages.get(position / PAGE_SIZE).map_or(&[][..], OutputPage::as_ref);
        let bytes = page.get(position % PAGE_SIZE..).unwrap_or(&[]);
        Ok(bytes.get(..left).unwrap_or(bytes))
    }
}

fn errno(error: pagewise::Error) -> Error {
    pr_info!("{}\n", error.message());
    Error::from_errno(-error.errno())
}
