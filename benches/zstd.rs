// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! zstd over kernel modules, or an executable: flat and on pages, against every peer.

use std::io::Read;

use pagewise::Zstd;
use pagewise_benches::{largest, measure, samples, Peer};
use zstd_safe::{CCtx, CParameter, DCtx, InBuffer, OutBuffer};

/// What the kernel's build compresses its modules with, zstd's own default.
const LEVEL: i32 = 3;

fn main() {
    let samples = samples(|file| file.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]), compress, length_of);
    measure("zstd", &samples, &mut peers(largest(&samples)));
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0; zstd_safe::compress_bound(bytes.len())];
    let mut encoder = CCtx::create();
    for parameter in [CParameter::CompressionLevel(LEVEL), CParameter::ChecksumFlag(true)] {
        encoder.set_parameter(parameter).expect("a parameter of libzstd");
    }
    let length = encoder.compress2(&mut file[..], bytes).expect("memory enough");
    file.truncate(length);
    file
}

fn length_of(file: &[u8]) -> usize {
    let mut context = DCtx::create();
    let mut length = 0;
    libzstd_4k(&mut context, file, |written| length += written);
    length
}

/// Decodes by libzstd, 4 KiB at a time.
fn libzstd_4k(context: &mut DCtx<'_>, file: &[u8], mut take: impl FnMut(usize)) {
    let mut page = [0; 4096];
    let mut input = InBuffer::around(file);
    context.init().expect("libzstd");
    loop {
        let mut output = OutBuffer::around(&mut page[..]);
        let left = context.decompress_stream(&mut output, &mut input).expect("a good file");
        take(output.pos());
        if left == 0 {
            break;
        }
    }
}

fn read_4k(reader: &mut impl Read, length: usize) {
    let mut page = [0; 4096];
    let mut total = 0;
    loop {
        match reader.read(&mut page).expect("a good file") {
            0 => break,
            read => total += read,
        }
    }
    assert_eq!(total, length);
}

fn peers<'a>(largest: usize) -> Vec<Peer<'a>> {
    let mut context = DCtx::create();
    let c_4k = move |file: &[u8], output: &mut [u8]| {
        let mut total = 0;
        libzstd_4k(&mut context, file, |written| total += written);
        assert_eq!(total, output.len());
    };
    let mut context = DCtx::create();
    let c_flat = move |file: &[u8], output: &mut [u8]| {
        let length = output.len();
        assert_eq!(context.decompress(output, file).expect("a good file"), length);
    };
    let ruzstd_4k = |file: &[u8], output: &mut [u8]| {
        let reader = ruzstd::decoding::StreamingDecoder::new(file);
        read_4k(&mut reader.expect("a good header"), output.len());
    };
    let structured_4k = |file: &[u8], output: &mut [u8]| {
        let mut reader = structured_zstd::decoding::StreamingDecoder::new(file);
        read_4k(&mut reader, output.len());
    };
    vec![
        Peer::retained(Zstd::new(), largest),
        Peer { name: "libzstd, 4 KiB outputs", decode: Box::new(c_4k) },
        Peer { name: "ruzstd, 4 KiB outputs", decode: Box::new(ruzstd_4k) },
        Peer { name: "structured-zstd, 4 KiB outputs", decode: Box::new(structured_4k) },
        Peer::flat(Zstd::new()),
        Peer { name: "libzstd, flat", decode: Box::new(c_flat) },
    ]
}
