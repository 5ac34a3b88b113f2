// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Linux as an EFI program: loaded, given its command line and its initramfs, and started.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;

use uefi::boot::{self, LoadImageSource};
use uefi::proto::device_path::{build, DevicePath};
use uefi::proto::loaded_image::LoadedImage;
use uefi::proto::media::load_file::LoadFile2;
use uefi::{guid, Guid, Handle, Identify, Status};
use uefi_raw::protocol::device_path::DevicePathProtocol;
use uefi_raw::protocol::media::LoadFile2Protocol;
use uefi_raw::Boolean;

use crate::clock::{Clock, Time};
use crate::memory::Scattered;
use crate::say;

/// LINUX_EFI_INITRD_MEDIA_GUID: Linux's EFI stub looks for a LoadFile2 whose device path is a vendor media node with
/// this GUID (include/linux/efi.h and drivers/firmware/efi/libstub/efi-stub-helper.c in Linux's source).
const INITRD_MEDIA: Guid = guid!("5568e427-68fc-4f3d-ac74-ca555231cc68");

/// Has the firmware check and relocate a kernel. The firmware copies it, so its bytes are not needed any more.
pub(crate) fn load(kernel: &[u8]) -> uefi::Result<Handle> {
    let source = LoadImageSource::FromBuffer { buffer: kernel, file_path: None };
    boot::load_image(boot::image_handle(), source)
}

/// Starts a loaded kernel, with a command line in UCS-2 that ends with a zero, and an initramfs of `length` bytes.
/// Comes back only if the kernel does not start.
pub(crate) fn start(
    kernel: Handle,
    command_line: &[u16],
    initramfs: &Scattered,
    length: usize,
    clock: &Clock,
) -> uefi::Result {
    let mut image = boot::open_protocol_exclusive::<LoadedImage>(kernel)?;
    let bytes = u32::try_from(size_of_val(command_line)).map_err(|_| Status::BAD_BUFFER_SIZE)?;
    // SAFETY: The command line outlives the kernel's part of this function.
    unsafe {
        let image = image.get_mut().ok_or(Status::UNSUPPORTED)?;
        image.set_load_options(command_line.as_ptr().cast(), bytes);
    }
    drop(image);

    let initrd = Initrd {
        protocol: LoadFile2Protocol { load_file },
        pages: initramfs,
        length,
        clock: *clock,
    };
    let mut memory = [MaybeUninit::uninit(); 64];
    let node = build::media::Vendor { vendor_guid: INITRD_MEDIA, vendor_defined_data: &[] };
    let path = build::DevicePathBuilder::with_buf(&mut memory)
        .push(&node)
        .and_then(build::DevicePathBuilder::finalize)
        .map_err(|_| Status::BUFFER_TOO_SMALL)?;
    offer(path, &initrd, || boot::start_image(kernel))
}

/// Runs `work` while the firmware knows of the initramfs.
fn offer(
    path: &DevicePath,
    initrd: &Initrd<'_>,
    work: impl FnOnce() -> uefi::Result,
) -> uefi::Result {
    let path = path.as_ffi_ptr().cast::<c_void>();
    let interface = ptr::from_ref(initrd).cast::<c_void>();
    // SAFETY: The path stays where it is until it is uninstalled below. If the firmware refuses to do that, the
    // machine is switched off, and nobody looks for it before.
    let handle = unsafe { boot::install_protocol_interface(None, &DevicePath::GUID, path)? };
    // SAFETY: As above, and `Initrd` starts with the protocol.
    let result =
        unsafe { boot::install_protocol_interface(Some(handle), &LoadFile2::GUID, interface) }
            .and_then(|_| {
                let result = work();
                // SAFETY: It was installed, and a kernel that came back does not use it.
                unsafe { boot::uninstall_protocol_interface(handle, &LoadFile2::GUID, interface)? };
                result
            });
    // SAFETY: It was installed, and nobody uses it any more.
    unsafe { boot::uninstall_protocol_interface(handle, &DevicePath::GUID, path)? };
    result
}

/// The initramfs, as the EFI stub gets at it.
///
/// It starts with the protocol, so that a pointer to that is a pointer to it.
#[repr(C)]
struct Initrd<'a> {
    protocol: LoadFile2Protocol,
    pages: &'a Scattered,
    length: usize,
    clock: Clock,
}

/// EFI_LOAD_FILE2_PROTOCOL.LoadFile() (UEFI Specification 2.10, 13.2): called without a buffer it tells the size, and
/// with one it copies the initramfs there.
///
/// # Safety
///
/// `this` is the protocol of an [`Initrd`], `size` is null or can be written, and `buffer` is null or has `size` bytes.
unsafe extern "efiapi" fn load_file(
    this: *mut LoadFile2Protocol,
    _: *const DevicePathProtocol,
    boot_policy: Boolean,
    size: *mut usize,
    buffer: *mut c_void,
) -> Status {
    if boot_policy != Boolean::FALSE {
        return Status::UNSUPPORTED;
    }
    if this.is_null() || size.is_null() {
        return Status::INVALID_PARAMETER;
    }
    // SAFETY: The protocol is the first field of an `Initrd`, which is not changed while it is installed.
    let initrd = unsafe { &*this.cast::<Initrd<'_>>() };
    // SAFETY: The caller's, and not null.
    let room = unsafe { size.replace(initrd.length) };
    if buffer.is_null() || room < initrd.length {
        return Status::BUFFER_TOO_SMALL;
    }
    let mut copying = Time::default();
    initrd.clock.time(&mut copying, || {
        let mut to = buffer.cast::<u8>();
        for page in initrd.pages.bytes(initrd.length) {
            // SAFETY: The pages together have `length` bytes, for which the caller's buffer has room. It is not
            // among the loader's memory.
            unsafe {
                ptr::copy_nonoverlapping(page.as_ptr(), to, page.len());
                to = to.add(page.len());
            }
        }
    });
    say!("initramfs: handed to Linux in {copying}, {} after the start", initrd.clock.elapsed());
    Status::SUCCESS
}
