// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! A program that boots without a kernel, as a boot loader does, and decompresses what it is given: modules
//! (Multiboot 0.6.96, 3.3), the last of which is what all others must decode to. It prints the result on the
//! serial port. There is no panic handler: that it links is proof that none is needed.

#![no_std]

use core::arch::asm;
use core::slice;

use pagewise::{Any, Carry, Check, Concatenated, Decode, Error, Info, Pause};

type Decoder = Carry<Concatenated<Any>, { Any::CARRY }>;
type Page = [u8; 4096];

/// What a boot loader has instead of an allocator.
static mut DECODER: Decoder = Carry::new(Concatenated::new(Any::new()));
static mut PAGES: [Page; 4096] = [[0; 4096]; 4096];

/// The part of the boot information about modules.
#[repr(C)]
pub struct Information {
    flags: u32,
    other: [u32; 4],
    module_count: u32,
    modules: u32,
}

#[repr(C)]
struct Module {
    start: u32,
    end: u32,
    name: u32,
    reserved: u32,
}

impl Module {
    /// # Safety
    ///
    /// The loader made it, and there is no other reference to its bytes.
    unsafe fn bytes(&self) -> &'static mut [u8] {
        let length = self.end.saturating_sub(self.start) as usize;
        // SAFETY: The loader put that many bytes there, and the caller has the only reference.
        unsafe { slice::from_raw_parts_mut(self.start as usize as *mut u8, length) }
    }
}

/// Entered from start.s.
///
/// # Safety
///
/// Once, and with what a Multiboot loader hands over.
#[no_mangle]
pub unsafe extern "C" fn boot(information: &Information) -> ! {
    // SAFETY: This function runs once, so these are the only references.
    let (decoder, pages) = unsafe { (&mut *(&raw mut DECODER), &mut *(&raw mut PAGES)) };
    let count = if information.flags & 8 == 0 { 0 } else { information.module_count };
    // SAFETY: The loader tells where they are, and that there are so many.
    let modules = unsafe {
        slice::from_raw_parts(information.modules as usize as *const Module, count as usize)
    };
    if let [files @ .., content] = modules {
        // SAFETY: Each module's bytes are taken once.
        let content = unsafe { content.bytes() };
        let mut is_good = !files.is_empty();
        for file in files {
            // SAFETY: Each module's bytes are taken once.
            is_good &= examine(decoder, pages, unsafe { file.bytes() }, content);
        }
        if is_good {
            say(&["all of them: good\n"]);
            leave(0);
        }
    }
    say(&["FAILED\n"]);
    leave(1)
}

/// Checks that `file`, whole and in pieces, decodes to `content`, and is refused when it is cut or changed.
fn examine(decoder: &mut Decoder, pages: &mut [Page], file: &mut [u8], content: &[u8]) -> bool {
    for piece in [usize::MAX, 4096, 61] {
        // So that nothing remains of the last time.
        pages.as_flattened_mut().fill(0xa5);
        let result = decode(decoder, pages, file, piece);
        let decoded = pages.as_flattened().get(..content.len());
        if result != Ok(content.len()) || decoded != Some(content) {
            complain(decoder, "decoded in pieces", result);
            return false;
        }
    }
    let info = decoder.info();
    for cut in [1, 2, 9, file.len() / 2] {
        let rest = file.get(..file.len().saturating_sub(cut)).unwrap_or(&[]);
        let result = decode(decoder, pages, rest, usize::MAX);
        if result != Err(Error::Truncated) {
            complain(decoder, "cut", result);
            return false;
        }
    }
    // A format without a check does not show changed bytes.
    for at in (0..file.len()).step_by(file.len() / 8 + 1) {
        flip(file, at);
        let result = decode(decoder, pages, file, usize::MAX);
        flip(file, at);
        if result.is_ok() && info.check != Check::None {
            complain(decoder, "changed", result);
            return false;
        }
    }
    say(&[name(info), ": "]);
    say_number(content.len());
    say(&[" bytes from "]);
    say_number(file.len());
    say(&[", and damage is told\n"]);
    true
}

fn flip(file: &mut [u8], at: usize) {
    if let Some(byte) = file.get_mut(at) {
        *byte ^= 0x10;
    }
}

/// Decodes all of a file, in pieces, into pages that are added one at a time. Returns how many bytes it made.
fn decode(
    decoder: &mut Decoder,
    pages: &mut [Page],
    file: &[u8],
    piece: usize,
) -> Result<usize, Error> {
    decoder.reset();
    let (mut rest, mut count) = (file, 0);
    loop {
        let input = rest.get(..piece).unwrap_or(rest);
        let Some(given) = pages.get_mut(..count) else { return Err(Error::OutputLimit) };
        let progress = decoder.decode(input, given)?;
        rest = rest.get(progress.consumed..).unwrap_or(&[]);
        match progress.pause {
            Pause::NeedPage => count += 1,
            _ if !rest.is_empty() && progress.consumed > 0 => {}
            Pause::Done if rest.is_empty() => return Ok(decoder.written() as usize),
            _ => return Err(Error::Truncated),
        }
    }
}

fn complain(decoder: &Decoder, what: &str, result: Result<usize, Error>) {
    let message = result.err().map_or("taken", |error| error.message());
    say(&[name(decoder.info()), ", ", what, ": ", message, "\n"]);
}

fn name(info: Info) -> &'static str {
    info.format.map_or("nothing", |format| format.name())
}

/// Prints on the first serial port.
fn say(words: &[&str]) {
    words.iter().flat_map(|word| word.bytes()).for_each(send);
}

/// Prints a number in decimal.
fn say_number(value: usize) {
    if value >= 10 {
        say_number(value / 10);
    }
    send(b'0' + (value % 10) as u8);
}

fn send(byte: u8) {
    // SAFETY: A port that takes bytes to print.
    unsafe { asm!("out dx, al", in("dx") 0x3f8_u16, in("al") byte) };
}

/// Leaves the machine: QEMU's device isa-debug-exit ends with status 1 + 2 * `status`.
fn leave(status: u32) -> ! {
    loop {
        // SAFETY: The machine is there for this program alone.
        unsafe { asm!("out dx, eax", "cli", "hlt", in("dx") 0xf4_u16, in("eax") status) };
    }
}
