// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A character device that decompresses. What is written to an open file is one compressed file, in pieces
//! of any size and in whichever format; what is read from it is the decompressed one, once that is complete
//! and every check in it matched. Errors are those of `pagewise::Error::errno`.

use core::mem::MaybeUninit;
use core::ptr::NonNull;
use kernel::error::{from_result, to_result};
use kernel::page::{Page, PAGE_SIZE};
use kernel::prelude::*;
use kernel::sync::{new_mutex, Mutex};
use kernel::types::ForeignOwnable;
use kernel::uaccess::{UserPtr, UserSlice, UserSliceWriter};
use kernel::{bindings, c_str, ffi};
use pagewise::{Any, Carry, Concatenated, Decode, Pause, Progress};

module! {
    type: Device,
    name: "pagewise_test",
    description: "Test of the pagewise decompressors",
    license: "Dual MIT/GPL",
}

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

/// The most that is taken at once, and the most pages that a file may have.
const MAX_PIECE: usize = 8 * PAGE_SIZE;
const MAX_PAGES: usize = (64 << 20) / PAGE_SIZE;

/// The file that an open file description decompresses.
struct Unpacking {
    decoder: KVBox<Decoder>,
    pages: KVVec<OutputPage>,
}

impl Unpacking {
    fn new() -> Result<Self> {
        let decoder = KVBox::new_uninit(GFP_KERNEL | __GFP_ZERO)?;
        // SAFETY: All-zero memory is a fresh decoder, as pagewise promises. It is too large for a stack.
        let decoder = unsafe { decoder.assume_init() };
        Ok(Self { decoder, pages: KVVec::new() })
    }

    /// Decodes all of `input`.
    fn feed(&mut self, mut input: &[u8]) -> Result<Pause> {
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

    fn write(&mut self, from: UserPtr, length: usize) -> Result<isize> {
        let length = length.min(MAX_PIECE);
        let mut piece = KVec::new();
        UserSlice::new(from, length).read_all(&mut piece, GFP_KERNEL)?;
        self.feed(&piece)?;
        Ok(length as isize)
    }

    /// Reads up to the end of a page.
    fn read(&mut self, mut to: UserSliceWriter, position: usize) -> Result<isize> {
        // No more input: this shows whether the file may end here. An error stays one.
        if self.feed(&[])? != Pause::Done {
            return Err(errno(pagewise::Error::Truncated));
        }
        let page = self.pages.get(position / PAGE_SIZE).map_or(&[][..], OutputPage::as_ref);
        let bytes = page.get(position % PAGE_SIZE..).unwrap_or(&[]);
        let left = (self.decoder.written() as usize).saturating_sub(position);
        let length = bytes.len().min(left).min(to.len());
        to.write_slice(bytes.get(..length).unwrap_or(&[]))?;
        Ok(length as isize)
    }
}

fn errno(error: pagewise::Error) -> Error {
    pr_info!("{}\n", error);
    Error::from_errno(-error.errno())
}

/// What `private_data` points to while a file is open: threads may share it.
type Opened = Pin<KBox<Mutex<Unpacking>>>;

unsafe extern "C" fn open(_: *mut bindings::inode, file: *mut bindings::file) -> ffi::c_int {
    from_result(|| {
        let opened: Opened = KBox::pin_init(new_mutex!(Unpacking::new()?), GFP_KERNEL)?;
        // SAFETY: The file is being opened, and its private data is the driver's.
        unsafe { (*file).private_data = opened.into_foreign().cast_mut() };
        Ok(0)
    })
}

unsafe extern "C" fn release(_: *mut bindings::inode, file: *mut bindings::file) -> ffi::c_int {
    // SAFETY: `open` put it there, and this is the last call for the file.
    drop(unsafe { Opened::from_foreign((*file).private_data) });
    0
}

unsafe extern "C" fn write(
    file: *mut bindings::file,
    from: *const ffi::c_char,
    length: usize,
    _: *mut bindings::loff_t,
) -> isize {
    // SAFETY: `open` put it there, and `release` is not called before this has returned.
    let opened = unsafe { Opened::borrow((*file).private_data) };
    from_result(|| opened.lock().write(from as UserPtr, length))
}

unsafe extern "C" fn read(
    file: *mut bindings::file,
    to: *mut ffi::c_char,
    length: usize,
    position: *mut bindings::loff_t,
) -> isize {
    // SAFETY: As in `write`; and the position is the call's own.
    let (opened, position) = unsafe { (Opened::borrow((*file).private_data), &mut *position) };
    from_result(|| {
        let to = UserSlice::new(to as UserPtr, length).writer();
        let length = opened.lock().read(to, *position as usize)?;
        *position = position.wrapping_add(length as bindings::loff_t);
        Ok(length)
    })
}

#[repr(transparent)]
struct Operations(bindings::file_operations);

// SAFETY: Nobody writes to it.
unsafe impl Sync for Operations {}

static OPERATIONS: Operations = Operations(bindings::file_operations {
    // The module stays loaded while a file is open.
    owner: THIS_MODULE.as_ptr(),
    open: Some(open),
    release: Some(release),
    read: Some(read),
    write: Some(write),
    // SAFETY: Zeros are the other fields' null pointers, and no flags.
    ..unsafe { MaybeUninit::zeroed().assume_init() }
});

/// The registered device. Its number is in `/proc/devices`.
struct Device {
    major: ffi::c_uint,
}

const NAME: &CStr = c_str!("pagewise");

impl kernel::Module for Device {
    fn init(_: &'static ThisModule) -> Result<Self> {
        // SAFETY: Both live as long as the module, which unregisters before it goes.
        let major =
            unsafe { bindings::__register_chrdev(0, 0, 1, NAME.as_char_ptr(), &OPERATIONS.0) };
        to_result(major)?;
        pr_info!("a decoder takes {} bytes\n", size_of::<Decoder>());
        Ok(Self { major: major as ffi::c_uint })
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: It was registered like this.
        unsafe { bindings::__unregister_chrdev(self.major, 0, 1, NAME.as_char_ptr()) };
    }
}
