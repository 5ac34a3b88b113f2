// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! gzip over kernel modules, or an executable: flat and on pages, against every peer.

use std::io::Write;

use pagewise_benches::{builds, measure, samples, Peer};

/// The gzip header that `gzip -n` and the compressor here write has no optional field; peers that
/// know raw deflate only start after it.
const HEADER: usize = 10;
/// CRC-32 and ISIZE (RFC 1952, 2.3.1).
const TRAILER: usize = 8;

fn main() {
    let samples = samples(|file| file.starts_with(&[0x1f, 0x8b]), compress, isize_of);
    assert!(samples.iter().all(|sample| sample.file[3] == 0), "a header with optional fields");
    let mut peers = builds::gzip();
    peers.extend(others());
    let damage_crc = |file: &mut [u8]| file[file.len() - TRAILER] ^= 1;
    measure("gzip", &samples, peers, damage_crc);
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory")
}

fn isize_of(file: &[u8]) -> usize {
    let isize = file.last_chunk().expect("a gzip file");
    u32::from_le_bytes(*isize) as usize
}

fn others<'a>() -> [Peer<'a>; 9] {
    let mut checked = libdeflater::Decompressor::new();
    let libdeflate = move |file: &[u8], pages: &mut [&mut [u8]]| {
        checked.gzip_decompress(file, pages.first_mut()?).ok()
    };
    let mut unchecked = libdeflater::Decompressor::new();
    let libdeflate_body = move |file: &[u8], pages: &mut [&mut [u8]]| {
        let body = file.get(HEADER..file.len() - TRAILER)?;
        unchecked.deflate_decompress(body, pages.first_mut()?).ok()
    };
    [
        Peer::pages("zlib-rs, 4 KiB pages", zlib_rs),
        Peer::pages("zlib, 4 KiB pages", zlib),
        Peer::pages("zlib body, 4 KiB pages", zlib_body),
        Peer::flat("zlib-rs, flat", zlib_rs),
        Peer::flat("zlib, flat", zlib),
        Peer::flat("miniz_oxide body, flat", miniz_body),
        Peer::flat("sirocco, flat", sirocco),
        Peer::flat("libdeflate, flat", libdeflate),
        Peer::flat("libdeflate body, flat", libdeflate_body),
    ]
}

/// A state of its own for each file: zlib-rs cannot reset one to read gzip again.
fn zlib_rs(file: &[u8], pages: &mut [&mut [u8]]) -> Option<usize> {
    let mut inflate = zlib_rs::Inflate::new(true, 16 + 15);
    for page in pages {
        let rest = &file[inflate.total_in() as usize..];
        let status = inflate.decompress(rest, page, zlib_rs::InflateFlush::NoFlush).ok()?;
        if status == zlib_rs::Status::StreamEnd {
            return Some(inflate.total_out() as usize);
        }
    }
    None
}

fn zlib(file: &[u8], pages: &mut [&mut [u8]]) -> Option<usize> {
    inflate(flate2::Decompress::new_gzip(15), file, pages)
}

fn zlib_body(file: &[u8], pages: &mut [&mut [u8]]) -> Option<usize> {
    inflate(flate2::Decompress::new(false), file.get(HEADER..)?, pages)
}

fn inflate(mut inflate: flate2::Decompress, file: &[u8], pages: &mut [&mut [u8]]) -> Option<usize> {
    for page in pages {
        let rest = &file[inflate.total_in() as usize..];
        let status = inflate.decompress(rest, page, flate2::FlushDecompress::None).ok()?;
        if status == flate2::Status::StreamEnd {
            return Some(inflate.total_out() as usize);
        }
    }
    None
}

fn miniz_body(file: &[u8], pages: &mut [&mut [u8]]) -> Option<usize> {
    let body = std::iter::once(file.get(HEADER..)?);
    let output = pages.first_mut()?;
    miniz_oxide::inflate::decompress_slice_iter_to_slice(output, body, false, false).ok()
}

/// Decodes into a buffer of its own.
fn sirocco(file: &[u8], pages: &mut [&mut [u8]]) -> Option<usize> {
    let length = pages.first()?.len();
    Some(sirocco::decompress(sirocco::Format::Gzip, file, length).ok()?.len())
}
