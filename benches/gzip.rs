// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! gzip over kernel modules, or an executable: flat and on pages, against every peer.

use std::io::Write;

use pagewise::Gzip;
use pagewise_benches::{largest, measure, samples, Peer};

/// The gzip header that `gzip -n` and the compressor here write has no optional field; peers that
/// know raw deflate only begin behind it.
const HEADER: usize = 10;

fn main() {
    let samples = samples(|file| file.starts_with(&[0x1f, 0x8b]), compress, isize_of);
    let mut peers = peers(largest(&samples));
    measure("gzip", &samples, &mut peers);
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory")
}

/// ISIZE, the last field of the file (RFC 1952, 2.3.1).
fn isize_of(file: &[u8]) -> usize {
    let isize = file.last_chunk().expect("a gzip file");
    u32::from_le_bytes(*isize) as usize
}

fn peers<'a>(largest: usize) -> Vec<Peer<'a>> {
    let mut small = [0; 4096];
    let zlib_rs_4k = move |file: &[u8], output: &mut [u8]| {
        let mut inflate = zlib_rs::Inflate::new(true, 16 + 15);
        while inflate.decompress(
            &file[inflate.total_in() as usize..],
            &mut small,
            zlib_rs::InflateFlush::NoFlush,
        ) != Ok(zlib_rs::Status::StreamEnd)
        {}
        assert_eq!(inflate.total_out(), output.len() as u64);
    };
    let zlib_rs_flat = |file: &[u8], output: &mut [u8]| {
        let mut inflate = zlib_rs::Inflate::new(true, 16 + 15);
        let status = inflate.decompress(file, output, zlib_rs::InflateFlush::Finish);
        assert_eq!(status, Ok(zlib_rs::Status::StreamEnd));
    };
    let zlib_4k = move |file: &[u8], output: &mut [u8]| {
        let mut inflate = flate2::Decompress::new(false);
        loop {
            let rest = &file[HEADER + inflate.total_in() as usize..];
            match inflate.decompress(rest, &mut small, flate2::FlushDecompress::None) {
                Ok(flate2::Status::StreamEnd) => break,
                status => status.expect("a good file"),
            };
        }
        assert_eq!(inflate.total_out(), output.len() as u64);
    };
    let miniz_flat = |file: &[u8], output: &mut [u8]| {
        let body = std::iter::once(&file[HEADER..]);
        let written =
            miniz_oxide::inflate::decompress_slice_iter_to_slice(output, body, false, false);
        assert_eq!(written, Ok(output.len()));
    };
    let sirocco_flat = |file: &[u8], output: &mut [u8]| {
        let bytes = sirocco::decompress(sirocco::Format::Gzip, file, output.len());
        assert_eq!(bytes.expect("a good file").len(), output.len());
    };
    let mut decompressor = libdeflater::Decompressor::new();
    let libdeflate_flat = move |file: &[u8], output: &mut [u8]| {
        assert_eq!(decompressor.gzip_decompress(file, output), Ok(output.len()));
    };
    vec![
        Peer::retained(Gzip::new(), largest),
        Peer { name: "zlib-rs, 4 KiB outputs", decode: Box::new(zlib_rs_4k) },
        Peer { name: "zlib, 4 KiB outputs, no CRC", decode: Box::new(zlib_4k) },
        Peer::flat(Gzip::new()),
        Peer { name: "zlib-rs, flat", decode: Box::new(zlib_rs_flat) },
        Peer { name: "miniz_oxide, flat, no CRC", decode: Box::new(miniz_flat) },
        Peer { name: "sirocco, flat", decode: Box::new(sirocco_flat) },
        Peer { name: "libdeflate, flat", decode: Box::new(libdeflate_flat) },
    ]
}
