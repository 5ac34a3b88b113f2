// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A character device that decompresses, for Linux 6.12, which has no abstraction of one: it is registered by hand.
//! What is written to an open file is one compressed file; what is read from it is the decompressed one, once
//! that is complete and every check in it matched.

mod unpacking;

use core::mem::MaybeUninit;
use kernel::error::{from_result, to_result};
use kernel::prelude::*;
use kernel::sync::{new_mutex, Mutex};
use kernel::types::ForeignOwnable;
use kernel::uaccess::{UserPtr, UserSlice};
use kernel::{bindings, c_str, ffi};
use unpacking::{Unpacking, DECODER_SIZE, MAX_PIECE};

module! {
    type: Device,
    name: "pagewise_test",
    description: "Test of the pagewise decompressors",
    license: "Dual MIT/GPL",
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
    from_result(|| {
        let length = length.min(MAX_PIECE);
        let mut piece = KVec::new();
        UserSlice::new(from as UserPtr, length).read_all(&mut piece, GFP_KERNEL)?;
        opened.lock().feed(&piece)?;
        Ok(length as isize)
    })
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
        let mut opened = opened.lock();
        let bytes = opened.output(*position as usize)?;
        let bytes = bytes.get(..length).unwrap_or(bytes);
        UserSlice::new(to as UserPtr, length).writer().write_slice(bytes)?;
        *position = position.wrapping_add(bytes.len() as bindings::loff_t);
        Ok(bytes.len() as isize)
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
        pr_info!("a decoder takes {} bytes\n", DECODER_SIZE);
        Ok(Self { major: major as ffi::c_uint })
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: It was registered like this.
        unsafe { bindings::__unregister_chrdev(self.major, 0, 1, NAME.as_char_ptr()) };
    }
}
