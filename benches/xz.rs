// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! xz over kernel modules, or an executable: flat and on pages, against every peer.

use std::io::Read;

use liblzma::stream::{Action, Check, Status, Stream};
use pagewise::Xz;
use pagewise_benches::{largest, measure, samples, Peer};
use xz4rust::XzNextBlockResult;

fn main() {
    let samples = samples(|file| file.starts_with(b"\xfd7zXZ\0"), compress, length_of);
    measure("xz", &samples, &mut peers(largest(&samples)));
}

/// As `xz` does by itself, but with the check that kernels ask for.
fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(bytes.len() + bytes.len() / 8 + 1024);
    let mut encoder = Stream::new_easy_encoder(6, Check::Crc32).expect("liblzma");
    let status = encoder.process_vec(bytes, &mut file, Action::Finish).expect("memory enough");
    assert_eq!(status, Status::StreamEnd);
    file
}

fn length_of(file: &[u8]) -> usize {
    let mut length = 0;
    lzma_4k(file, |bytes| length += bytes.len());
    length
}

/// Decodes by liblzma, 4 KiB at a time.
fn lzma_4k(file: &[u8], mut take: impl FnMut(&[u8])) {
    let mut decoder = Stream::new_stream_decoder(u64::MAX, 0).expect("liblzma");
    let mut page = [0; 4096];
    loop {
        let (consumed, written) = (decoder.total_in() as usize, decoder.total_out());
        let status = decoder.process(&file[consumed..], &mut page, Action::Finish);
        take(&page[..(decoder.total_out() - written) as usize]);
        if status.expect("a good file") == Status::StreamEnd {
            break;
        }
    }
}

fn peers<'a>(largest: usize) -> Vec<Peer<'a>> {
    let liblzma_4k = |file: &[u8], output: &mut [u8]| {
        let mut written = 0;
        lzma_4k(file, |bytes| written += bytes.len());
        assert_eq!(written, output.len());
    };
    let liblzma_flat = |file: &[u8], output: &mut [u8]| {
        let mut decoder = Stream::new_stream_decoder(u64::MAX, 0).expect("liblzma");
        let status = decoder.process(file, output, Action::Finish);
        assert_eq!(status.expect("a good file"), Status::StreamEnd);
    };
    let mut small = [0; 4096];
    let rust2_4k = move |file: &[u8], output: &mut [u8]| {
        let mut reader = lzma_rust2::XzReader::new(file, false);
        let mut written = 0;
        loop {
            match reader.read(&mut small).expect("a good file") {
                0 => break,
                read => written += read,
            }
        }
        assert_eq!(written, output.len());
    };
    let rust2_flat = |file: &[u8], output: &mut [u8]| {
        lzma_rust2::XzReader::new(file, false).read_exact(output).expect("a good file");
    };
    let mut decoder = xz4rust::XzDecoder::in_heap();
    let xz4rust_4k = move |file: &[u8], output: &mut [u8]| {
        decoder.reset();
        let (mut rest, mut total) = (file, 0);
        loop {
            match decoder.decode(rest, &mut small).expect("a good file") {
                XzNextBlockResult::NeedMoreData(consumed, written) => {
                    rest = &rest[consumed..];
                    total += written;
                }
                XzNextBlockResult::EndOfStream(_, written) => {
                    total += written;
                    break;
                }
            }
        }
        assert_eq!(total, output.len());
    };
    let lzma_rs_flat = |mut file: &[u8], mut output: &mut [u8]| {
        lzma_rs::xz_decompress(&mut file, &mut output).expect("a good file");
        assert!(output.is_empty());
    };
    vec![
        Peer::retained(Xz::new(), largest),
        Peer { name: "liblzma, 4 KiB outputs", decode: Box::new(liblzma_4k) },
        Peer { name: "lzma-rust2, 4 KiB outputs", decode: Box::new(rust2_4k) },
        Peer { name: "xz4rust, 4 KiB outputs", decode: Box::new(xz4rust_4k) },
        Peer::flat(Xz::new()),
        Peer { name: "liblzma, flat", decode: Box::new(liblzma_flat) },
        Peer { name: "lzma-rust2, flat", decode: Box::new(rust2_flat) },
        Peer { name: "lzma-rs, flat", decode: Box::new(lzma_rs_flat) },
    ]
}
