// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A misc device that decompresses, `/dev/pagewise`. What is written to an open file is one compressed file; what
//! is read from it is the decompressed one, once that is complete and every check in it matched. Counters are in
//! debugfs, in the directory `pagewise`.

mod unpacking;

use kernel::{
    debugfs::Scope,
    fs::{
        File,
        Kiocb, //
    },
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    miscdevice::{
        MiscDevice,
        MiscDeviceOptions,
        MiscDeviceRegistration, //
    },
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Mutex, //
    },
};
use unpacking::{
    Unpacking,
    DECODER_SIZE,
    MAX_PIECE, //
};

module! {
    type: Device,
    name: "pagewise_test",
    description: "Test of the pagewise decompressors",
    license: "Dual MIT/GPL",
}

/// Files that were opened and closed again, since the module was loaded.
struct Counters {
    /// Files that were complete and right.
    taken: Atomic<u64>,
    /// All others.
    refused: Atomic<u64>,
    /// Bytes that were written to files that were taken.
    bytes_in: Atomic<u64>,
    /// Bytes that these files decompress to.
    bytes_out: Atomic<u64>,
}

/// One for all files: what opens one gets the registered device, and not what is around it.
static COUNTERS: Counters = Counters {
    taken: Atomic::new(0),
    refused: Atomic::new(0),
    bytes_in: Atomic::new(0),
    bytes_out: Atomic::new(0),
};

struct Input {
    unpacking: Unpacking,
    /// Bytes that were written so far.
    length: u64,
}

/// An open file, which threads may share.
#[pin_data]
struct Opened {
    #[pin]
    input: Mutex<Input>,
}

#[vtable]
impl MiscDevice for Opened {
    type Ptr = Pin<KBox<Self>>;

    fn open(_: &File, _: &MiscDeviceRegistration<Self>) -> Result<Self::Ptr> {
        KBox::try_pin_init(
            try_pin_init!(Self {
                input <- new_mutex!(Input { unpacking: Unpacking::new()?, length: 0 }),
            }),
            GFP_KERNEL,
        )
    }

    fn release(opened: Self::Ptr, _: &File) {
        let mut input = opened.input.lock();
        match input.unpacking.finish() {
            Ok(length) => {
                COUNTERS.taken.add(1, Relaxed);
                COUNTERS.bytes_in.add(input.length, Relaxed);
                COUNTERS.bytes_out.add(length as u64, Relaxed);
            }
            Err(_) => COUNTERS.refused.add(1, Relaxed),
        }
    }

    fn write_iter(kiocb: Kiocb<'_, Self::Ptr>, iov: &mut IovIterSource<'_>) -> Result<usize> {
        let length = iov.len().min(MAX_PIECE);
        let mut piece = KVec::with_capacity(length, GFP_KERNEL)?;
        let piece = iov.copy_from_iter_raw(piece.spare_capacity_mut());
        if piece.is_empty() && length > 0 {
            return Err(EFAULT);
        }
        let mut input = kiocb.file().get_ref().input.lock();
        input.unpacking.feed(piece)?;
        input.length = input.length.wrapping_add(piece.len() as u64);
        Ok(piece.len())
    }

    fn read_iter(mut kiocb: Kiocb<'_, Self::Ptr>, iov: &mut IovIterDest<'_>) -> Result<usize> {
        let mut input = kiocb.file().get_ref().input.lock();
        let bytes = input.unpacking.output(kiocb.ki_pos() as usize)?;
        let length = iov.copy_to_iter(bytes);
        if length == 0 && !bytes.is_empty() && !iov.is_empty() {
            return Err(EFAULT);
        }
        *kiocb.ki_pos_mut() = kiocb.ki_pos().wrapping_add(length as i64);
        Ok(length)
    }
}

#[pin_data]
struct Device {
    // Dropped first: its files are gone before the counters' are.
    #[pin]
    _device: MiscDeviceRegistration<Opened>,
    #[pin]
    _counters: Scope<()>,
}

impl kernel::InPlaceModule for Device {
    fn init(_: &'static ThisModule) -> impl PinInit<Self, Error> {
        pr_info!("a decoder takes {} bytes\n", DECODER_SIZE);
        try_pin_init!(Self {
            _device <- MiscDeviceRegistration::register(MiscDeviceOptions { name: c"pagewise" }),
            _counters <- Scope::dir((), c"pagewise", |_, directory| {
                directory.read_only_file(c"taken", &COUNTERS.taken);
                directory.read_only_file(c"refused", &COUNTERS.refused);
                directory.read_only_file(c"bytes_in", &COUNTERS.bytes_in);
                directory.read_only_file(c"bytes_out", &COUNTERS.bytes_out);
            }),
        })
    }
}
