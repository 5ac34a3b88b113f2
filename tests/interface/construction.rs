// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Decoders made in place, on the heap or in memory of the caller, with little stack.

use std::mem::MaybeUninit;
use std::thread;

use pagewise::{decode_slice, Any, Carry, Concatenated, Decode, Zeroed};

use crate::common::data::{encode_c, text, Wrapper};

type File = Carry<Concatenated<Any>, { Any::CARRY }>;

/// Less than a tenth of the decoder.
const STACK: usize = 16 << 10;
const _: () = assert!(size_of::<File>() > 10 * STACK);

static mut MEMORY: MaybeUninit<File> = MaybeUninit::uninit();

/// Runs `body` in a thread with a small stack. One that overflows ends the process.
fn with_small_stack(body: impl FnOnce() + Send) {
    thread::scope(|scope| {
        thread::Builder::new().stack_size(STACK).spawn_scoped(scope, body).unwrap().join().unwrap();
    });
}

fn decode(decoder: &mut File, stream: &[u8], content: &[u8], output: &mut [u8]) {
    let decoded = decode_slice(decoder, stream, output).unwrap();
    assert!(output[..decoded.written] == *content);
}

#[test]
fn in_place() {
    let content = text(50_000);
    let stream = encode_c(Wrapper::Gzip, &content, 6, 15);
    let mut output = vec![0; content.len()];
    // SAFETY: This test alone uses it.
    let memory = unsafe { &mut *std::ptr::addr_of_mut!(MEMORY) };
    with_small_stack(|| decode(File::init(memory), &stream, &content, &mut output));
}

#[test]
#[cfg(feature = "alloc")]
fn on_the_heap() {
    let content = text(50_000);
    let stream = encode_c(Wrapper::Zlib, &content, 6, 15);
    let mut output = vec![0; content.len()];
    with_small_stack(|| decode(&mut File::boxed(), &stream, &content, &mut output));
}

/// `Debug` shows a name and how far the decoder has come, without the tables.
#[test]
fn debug_is_short() {
    let text = format!("{:?}", Concatenated::new(Any::new()));
    assert!(
        text.starts_with("Concatenated") && text.contains("consumed: 0") && text.len() < 400,
        "{text}"
    );
}
