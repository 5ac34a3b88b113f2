// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A boot loader: an EFI program that starts Linux from compressed files.
//!
//! From the partition that it was started from it reads `kernel.gz`, `kernel.xz` or `kernel.zst` and an `initrd`
//! likewise, and decodes both. Then it starts the kernel with the initramfs and the command line in the file `cmdline`.
//! If anything is wrong with a file, it says what, starts nothing and switches the machine off.

#![no_main]
#![no_std]

extern crate alloc;

mod clock;
mod linux;
mod memory;
mod unpack;

use core::fmt::{self, Write};

use uefi::boot;
use uefi::proto::media::file::{Directory, RegularFile};
use uefi::runtime::{self, ResetType};
use uefi::{cstr16, entry, system, CStr16, Status};

use clock::{Clock, Time};
use memory::{Flat, NoMemory, Room, Scattered};
use unpack::{Decoder, Fault, Unpacked};

/// The first of them that is there is taken. The name does not tell the format: the first bytes do.
const KERNELS: [&CStr16; 3] = [cstr16!("kernel.gz"), cstr16!("kernel.xz"), cstr16!("kernel.zst")];
const INITRDS: [&CStr16; 3] = [cstr16!("initrd.gz"), cstr16!("initrd.xz"), cstr16!("initrd.zst")];
const COMMAND_LINE: &CStr16 = cstr16!("cmdline");
/// Linux takes 2048 bytes on x86-64 and on arm64, a zero at the end included.
const MAX_COMMAND_LINE: usize = 2048;

/// Why nothing was started.
enum Refusal {
    /// None of the files is there.
    Missing([&'static CStr16; 3]),
    /// There is something wrong with a file.
    File(&'static CStr16, Fault),
    /// The command line is too long, or not ASCII.
    CommandLine,
    /// The firmware has not done something: for example, loaded what is no EFI program.
    Firmware(&'static str, Status),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing([gz, xz, zst]) => write!(f, "there is no {gz}, {xz} or {zst}"),
            Self::File(name, fault) => write!(f, "{name}: refused: {fault}"),
            Self::CommandLine => write!(f, "{COMMAND_LINE}: refused: too long, or not ASCII"),
            Self::Firmware(what, status) => write!(f, "{what}: refused by the firmware: {status}"),
        }
    }
}

#[entry]
fn main() -> Status {
    let clock = Clock::start();
    if let Err(refusal) = boot_linux(&clock) {
        say!("{refusal}");
        say!("Linux was not started.");
    }
    runtime::reset(ResetType::SHUTDOWN, Status::SUCCESS, None)
}

/// Comes back only if Linux does not start.
fn boot_linux(clock: &Clock) -> Result<(), Refusal> {
    let mut volume = open_volume().map_err(|error| firmware("EFI partition", &error))?;
    let command_line = read_command_line(&mut volume)?;
    let mut decoder = Decoder::new().map_err(|NoMemory| {
        Refusal::Firmware("memory for the decoder", Status::OUT_OF_RESOURCES)
    })?;
    let mut kernel = Flat::default();
    let kernel_length = load(&mut volume, KERNELS, &mut decoder, &mut kernel, clock)?;
    let mut initramfs = Scattered::default();
    let length = load(&mut volume, INITRDS, &mut decoder, &mut initramfs, clock)?;
    drop((decoder, volume));

    let mut loading = Time::default();
    let image = clock
        .time(&mut loading, || linux::load(kernel.bytes(kernel_length)))
        .map_err(|error| firmware("kernel", &error))?;
    drop(kernel);
    say!("LoadImage: {loading}");
    say!("starting Linux, {} after the start", clock.elapsed());
    linux::start(image, &command_line, &initramfs, length, clock)
        .map_err(|error| firmware("start of Linux", &error))
}

/// Opens the partition that this program was started from.
fn open_volume() -> uefi::Result<Directory> {
    let mut files = boot::get_image_file_system(boot::image_handle())?;
    files.get_mut().ok_or(Status::UNSUPPORTED)?.open_volume()
}

/// Decodes the first file that is there, says how long that took, and returns how many bytes it made.
fn load(
    volume: &mut Directory,
    names: [&'static CStr16; 3],
    decoder: &mut Decoder,
    room: &mut impl Room,
    clock: &Clock,
) -> Result<usize, Refusal> {
    let (name, file) = open_first(volume, names)?;
    let unpacked = unpack::unpack(file, decoder, room, clock);
    let Unpacked { format, size, length, grown, reading, decoding } =
        unpacked.map_err(|fault| Refusal::File(name, fault))?;
    say!("{name}: {size} bytes read in {reading}");
    say!("{name}: {length} bytes decoded in {decoding}, {format}, allocations: {grown}");
    Ok(length)
}

fn open_first(
    volume: &mut Directory,
    names: [&'static CStr16; 3],
) -> Result<(&'static CStr16, (RegularFile, u64)), Refusal> {
    for name in names {
        match unpack::open(volume, name) {
            Ok(file) => return Ok((name, file)),
            Err(Fault::Missing) => {}
            Err(fault) => return Err(Refusal::File(name, fault)),
        }
    }
    Err(Refusal::Missing(names))
}

/// The command line, as an EFI program takes it: in UCS-2, with a zero at the end.
fn read_command_line(volume: &mut Directory) -> Result<[u16; MAX_COMMAND_LINE], Refusal> {
    let refuse = |fault| Refusal::File(COMMAND_LINE, fault);
    let mut line = [0; MAX_COMMAND_LINE];
    let (mut file, _) = match unpack::open(volume, COMMAND_LINE) {
        Err(Fault::Missing) => return Ok(line),
        file => file.map_err(refuse)?,
    };
    let mut text = [0; MAX_COMMAND_LINE];
    let length = file.read(&mut text).map_err(|error| refuse(error.into()))?;
    let text = text.get(..length).unwrap_or(&[]).trim_ascii();
    if text.len() >= line.len() || !text.is_ascii() {
        return Err(Refusal::CommandLine);
    }
    line.iter_mut().zip(text).for_each(|(to, &byte)| *to = u16::from(byte));
    Ok(line)
}

fn firmware(what: &'static str, error: &uefi::Error) -> Refusal {
    Refusal::Firmware(what, error.status())
}

/// Prints a line on the firmware's console.
fn print_line(words: fmt::Arguments<'_>) {
    // There is nowhere to tell that the console does not work.
    let _ = system::with_stdout(|console| {
        console.write_fmt(words).and_then(|()| console.write_str("\n"))
    });
}

/// Prints a line, as `println!` does, but without a panic.
macro_rules! say {
    ($($words:tt)*) => { $crate::print_line(format_args!($($words)*)) };
}
pub(crate) use say;
