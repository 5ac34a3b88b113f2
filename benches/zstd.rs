// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! zstd over kernel modules, or an executable: flat and on pages, against every peer.

use std::cell::Cell;
use std::io::Read;

use pagewise_benches::{builds, measure, samples, Peer};
use zstd_safe::{CCtx, CParameter, DCtx, InBuffer, OutBuffer};

/// The default level of `zstd`, and the one that the kernel's makefiles compress modules with.
const LEVELS: [i32; 2] = [3, 19];

fn main() {
    let is_zstd = |file: &[u8]| file.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    let damage_checksum = |file: &mut [u8]| *file.last_mut().expect("a frame") ^= 1;
    for level in LEVELS {
        let compresses = Cell::new(false);
        let compress = |bytes: &[u8]| {
            compresses.set(true);
            compress(level, bytes)
        };
        let samples = samples(is_zstd, compress, length_of);
        let mut peers = builds::zstd();
        peers.extend(others());
        if !compresses.get() {
            return measure("zstd", &samples, peers, damage_checksum);
        }
        measure(&format!("zstd -{level}"), &samples, peers, damage_checksum);
    }
}

fn compress(level: i32, bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0; zstd_safe::compress_bound(bytes.len())];
    let mut encoder = CCtx::create();
    for parameter in [CParameter::CompressionLevel(level), CParameter::ChecksumFlag(true)] {
        encoder.set_parameter(parameter).expect("a parameter of libzstd");
    }
    let length = encoder.compress2(&mut file[..], bytes).expect("memory enough");
    file.truncate(length);
    file
}

fn length_of(file: &[u8]) -> usize {
    let (mut context, mut page, mut length) = (DCtx::create(), [0; 4096], 0);
    let mut input = InBuffer::around(file);
    loop {
        let mut output = OutBuffer::around(&mut page[..]);
        let hint = context.decompress_stream(&mut output, &mut input).expect("a good file");
        length += output.pos();
        if hint == 0 {
            return length;
        }
    }
}

fn others<'a>() -> [Peer<'a>; 4] {
    let mut context = DCtx::create();
    let libzstd_pages = move |file: &[u8], pages: &mut [&mut [u8]]| {
        let mut input = InBuffer::around(file);
        let mut total = 0;
        context.init().ok()?;
        for page in pages {
            let mut output = OutBuffer::around(&mut **page);
            let hint = context.decompress_stream(&mut output, &mut input).ok()?;
            total += output.pos();
            if hint == 0 {
                return Some(total);
            }
        }
        None
    };
    let mut context = DCtx::create();
    let libzstd_flat = move |file: &[u8], pages: &mut [&mut [u8]]| {
        context.decompress(&mut **pages.first_mut()?, file).ok()
    };
    let ruzstd = |file: &[u8], pages: &mut [&mut [u8]]| {
        read(ruzstd::decoding::StreamingDecoder::new(file).ok()?, pages)
    };
    let structured = |file: &[u8], pages: &mut [&mut [u8]]| {
        read(structured_zstd::decoding::StreamingDecoder::new(file), pages)
    };
    [
        Peer::pages("libzstd, 4 KiB pages", libzstd_pages),
        Peer::pages("ruzstd, 4 KiB pages", ruzstd),
        Peer::pages("structured-zstd, 4 KiB pages", structured),
        Peer::flat("libzstd, flat", libzstd_flat),
    ]
}

fn read(mut reader: impl Read, pages: &mut [&mut [u8]]) -> Option<usize> {
    let mut total = 0;
    for page in pages {
        let mut at = 0;
        while at < page.len() {
            match reader.read(&mut page[at..]).ok()? {
                0 => return Some(total + at),
                read => at += read,
            }
        }
        total += at;
    }
    None
}
