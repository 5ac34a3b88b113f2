// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! xz over kernel modules, or an executable: flat and on pages, against every peer.

use std::io::Read;

use liblzma::stream::{Action, Check, Filters, LzmaOptions, Status, Stream};
use pagewise_benches::{builds, measure, samples, Peer};
use xz4rust::XzNextBlockResult;

/// Bytes of a stream's footer (The .xz File Format, 2.1.2).
const FOOTER: usize = 12;

fn main() {
    let samples = samples(|file| file.starts_with(b"\xfd7zXZ\0"), compress, length_of);
    let mut peers = builds::xz();
    peers.extend(others());
    measure("xz", &samples, peers, damage_check);
}

/// Compresses as the kernel's makefiles compress modules: CRC32, and a dictionary of 1 MiB.
fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(bytes.len() + bytes.len() / 8 + 1024);
    let mut options = LzmaOptions::new_preset(6).expect("liblzma");
    let mut filters = Filters::new();
    filters.lzma2(options.dict_size(1 << 20));
    let mut encoder = Stream::new_stream_encoder(&filters, Check::Crc32).expect("liblzma");
    let status = encoder.process_vec(bytes, &mut file, Action::Finish).expect("memory enough");
    assert_eq!(status, Status::StreamEnd);
    file
}

/// Damages the last block's check, which is before the index, whose length the footer has.
fn damage_check(file: &mut [u8]) {
    let footer = file.len() - FOOTER;
    let words = u32::from_le_bytes(file[footer + 4..][..4].try_into().expect("four bytes"));
    file[footer - (words as usize + 1) * 4 - 1] ^= 1;
}

fn length_of(file: &[u8]) -> usize {
    let mut decoder = Stream::new_stream_decoder(u64::MAX, 0).expect("liblzma");
    let mut page = [0; 4096];
    loop {
        let rest = &file[decoder.total_in() as usize..];
        let status = decoder.process(rest, &mut page, Action::Finish);
        if status.expect("a good file") == Status::StreamEnd {
            return decoder.total_out() as usize;
        }
    }
}

fn others<'a>() -> [Peer<'a>; 6] {
    let mut xz4rust = xz4rust::XzDecoder::in_heap();
    let xz4rust = move |file: &[u8], pages: &mut [&mut [u8]]| {
        xz4rust.reset();
        let (mut rest, mut total) = (file, 0);
        for page in pages {
            // It may return before the page is full.
            let mut at = 0;
            while at < page.len() {
                match xz4rust.decode(rest, &mut page[at..]).ok()? {
                    XzNextBlockResult::NeedMoreData(consumed, written) => {
                        rest = &rest[consumed..];
                        at += written;
                        total += written;
                    }
                    XzNextBlockResult::EndOfStream(_, written) => return Some(total + written),
                }
            }
        }
        None
    };
    [
        Peer::pages("liblzma, 4 KiB pages", liblzma),
        Peer::pages("lzma-rust2, 4 KiB pages", rust2),
        Peer::pages("xz4rust, 4 KiB pages", xz4rust),
        Peer::flat("liblzma, flat", liblzma),
        Peer::flat("lzma-rust2, flat", rust2),
        Peer::flat("lzma-rs, flat", lzma_rs),
    ]
}

fn liblzma(file: &[u8], pages: &mut [&mut [u8]]) -> Option<usize> {
    let mut decoder = Stream::new_stream_decoder(u64::MAX, 0).ok()?;
    for page in pages {
        let rest = &file[decoder.total_in() as usize..];
        if decoder.process(rest, page, Action::Finish).ok()? == Status::StreamEnd {
            return Some(decoder.total_out() as usize);
        }
    }
    None
}

fn rust2(file: &[u8], pages: &mut [&mut [u8]]) -> Option<usize> {
    let mut reader = lzma_rust2::XzReader::new(file, false);
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
    // A flat buffer is full before the end of the stream has been read.
    (reader.read(&mut [0]).ok()? == 0).then_some(total)
}

fn lzma_rs(mut file: &[u8], pages: &mut [&mut [u8]]) -> Option<usize> {
    let mut output: &mut [u8] = pages.first_mut()?;
    let length = output.len();
    lzma_rs::xz_decompress(&mut file, &mut output).ok()?;
    Some(length - output.len())
}
