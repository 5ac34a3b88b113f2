// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The tests of `Reader` and `EmbeddedReader`.

#[path = "../common/mod.rs"]
mod common;

mod embedded;
mod memory;
mod sources;
mod streams;

use crate::common::data::{self, encode_c, Wrapper};
use crate::common::xz::{self, Block, CRC32, CRC64, DELTA, SHA256, X86};
use crate::common::{libzstd, lzma, zstd};
use pagewise::{Any, Concatenated, Decode, Error, Pause};
use zstd_safe::CParameter;

/// A file and its content.
struct Sample {
    name: &'static str,
    file: Vec<u8>,
    content: Vec<u8>,
}

impl Sample {
    fn new(name: &'static str, content: &[u8], encode: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        Self { name, file: encode(content), content: content.to_vec() }
    }

    /// `count` members, and the content of each.
    fn repeated(&self, name: &'static str, between: &[u8], count: usize) -> Self {
        let file = [&self.file[..], between].concat().repeat(count);
        Self { name, file, content: self.content.repeat(count) }
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    encode_c(Wrapper::Gzip, content, 6, 15)
}

fn zlib(content: &[u8]) -> Vec<u8> {
    encode_c(Wrapper::Zlib, content, 6, 15)
}

fn filtered(content: &[u8]) -> Vec<u8> {
    xz::stream(CRC64, &[Block::encoded(&[(X86, vec![]), (DELTA, vec![3])], content)])
}

fn blocks(content: &[u8]) -> Vec<u8> {
    let blocks: Vec<_> = content
        .chunks(content.len().div_ceil(3).max(1))
        .map(|part| Block::encoded(&[], part))
        .collect();
    xz::stream(SHA256, &blocks)
}

fn alone(content: &[u8]) -> Vec<u8> {
    lzma::alone_of(&lzma::literals(content), 4096, true)
}

fn zstd(content: &[u8]) -> Vec<u8> {
    libzstd::encode(&[CParameter::ChecksumFlag(true), CParameter::WindowLog(17)], content)
}

/// Files of all formats, with about `length` bytes of content each, and with several members.
fn samples(length: usize) -> Vec<Sample> {
    let text = data::text(length);
    let code = data::code(length);
    let mut samples = vec![
        Sample::new("gzip", &text, gzip),
        Sample::new("zlib", &text, zlib),
        Sample::new("xz, filtered", &code, filtered),
        Sample::new("xz, blocks", &text, blocks),
        Sample::new("lzma", &text, alone),
        Sample::new("zstd", &code, zstd),
        // Units of input as large as they can be.
        Sample::new("zstd, raw", &data::random(length), |content| {
            let mut writer = zstd::Writer::new();
            content.chunks(zstd::BLOCK).for_each(|block| {
                writer.raw(block);
            });
            writer.frame(&zstd::Header::NEW)
        }),
        Sample::new("gzip of nothing", b"", gzip),
        Sample::new("xz of nothing", b"", |_| xz::stream(CRC32, &[])),
        Sample::new("zstd of nothing", b"", zstd),
    ];
    samples.extend([
        samples[0].repeated("gzip members", b"", 3),
        samples[2].repeated("xz streams, padded", &[0; 8], 2),
        samples[5].repeated("zstd frames", &zstd::skippable(3, b"skipped"), 2),
    ]);
    samples.push(Sample {
        name: "gzip, padded",
        file: [&samples[0].file[..], &[0; 1000]].concat(),
        content: text,
    });
    samples
}

/// How a file ends for a decoder that has all of it, and the settled bytes.
fn judge(file: &[u8]) -> (Result<(), Error>, Vec<u8>) {
    let mut decoder = Box::new(Concatenated::new(Any::new()));
    let (mut output, mut rest) = (vec![0; 1 << 12], file);
    let end = loop {
        match decoder.decode(rest, &mut [&mut output]) {
            Ok(progress) => {
                rest = &rest[progress.consumed..];
                match progress.pause {
                    Pause::NeedPage => output.resize(2 * output.len(), 0),
                    Pause::Done => break Ok(()),
                    _ => break Err(Error::Truncated),
                }
            }
            Err(error) => break Err(error),
        }
    };
    output.truncate(decoder.settled() as usize);
    (end, output)
}
