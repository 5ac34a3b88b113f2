// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! The C ABI, from a C program that is built as its users would build it: the crate by plain rustc, the
//! program by the system's C compiler, and nothing else linked to them.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::common::data::{self, encode_c, Wrapper};
use crate::common::xz::{self, Block, CRC64, X86};
use crate::common::{libzstd, lzma};

/// As `enum pagewise_format` has them.
const ANY: u32 = 0;
const GZIP: u32 = 1;
const ZLIB: u32 = 2;
const DEFLATE: u32 = 3;
const XZ: u32 = 4;
const LZMA: u32 = 5;
const ZSTD: u32 = 6;

/// Runs the program, under what `C_ABI_RUNNER` names if it is set: `valgrind --error-exitcode=1 -q`.
fn program_with(arguments: &[&str]) -> Command {
    let runner = env::var("C_ABI_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace();
    let mut command = match words.next() {
        Some(first) => Command::new(first),
        None => Command::new(program()),
    };
    if !runner.is_empty() {
        command.args(words).arg(program());
    }
    command.args(arguments);
    command
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    assert!(said.is_empty(), "{command:?}\n{said}");
}

fn program_or(variable: &str, default: &str) -> Command {
    Command::new(env::var_os(variable).as_deref().unwrap_or(OsStr::new(default)))
}

fn directory() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// Builds the crate as one object file.
fn object() -> PathBuf {
    let object = directory().join("pagewise.o");
    // Optimised: without that, panics that can't happen are still in the object.
    run(program_or("RUSTC", "rustc")
        .args(["--edition=2021", "--crate-type=rlib", "--crate-name=pagewise"])
        .args(["-Copt-level=2", "-Cpanic=abort", "-Ccodegen-units=1", "-Cembed-bitcode=no"])
        .args(["gzip", "xz", "zstd", "capi"].map(|name| format!("--cfg=feature=\"{name}\"")))
        .args(["src/lib.rs", "-o"])
        .arg(&object)
        .arg("--emit=obj"));
    object
}

/// Builds the program once, with `C_ABI_FLAGS` for the C compiler. `C_ABI_LIBRARY` is linked in place of the object
/// if it is set: a library whose Rust code was built for AddressSanitizer, too.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let object = env::var_os("C_ABI_LIBRARY").map_or_else(object, PathBuf::from);
        let program = directory().join("c_abi");
        run(program_or("CC", "cc")
            .args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", "-Isrc"])
            .args(["-Wl,--gc-sections", "tests/c_abi/main.c"])
            .args(env::var("C_ABI_FLAGS").unwrap_or_default().split_whitespace())
            .arg(&object)
            .arg("-o")
            .arg(&program));
        program
    })
}

fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = directory().join(name);
    fs::write(&path, content).unwrap();
    path
}

fn check(name: &str, format: u32, stream: &[u8], content: &[u8]) {
    let stream = file(&format!("{name}.stream"), stream);
    let content = file(&format!("{name}.content"), content);
    for (page, chunk) in [(4096, 1 << 20), (64, 1000), (4096, 1), (1 << 20, 512)] {
        for release in 0..2 {
            run(program_with(&[])
                .args([format, page, chunk, release].map(|number| number.to_string()))
                .arg(&stream)
                .arg(&content));
        }
    }
}

#[test]
fn gzip_zlib_deflate() {
    let content = data::text(100_000);
    let [deflate, zlib, gzip] = Wrapper::ALL.map(|wrapper| encode_c(wrapper, &content, 6, 15));
    check("deflate", DEFLATE, &deflate, &content);
    check("zlib", ZLIB, &zlib, &content);
    check("zlib-any", ANY, &zlib, &content);
    check("gzip", GZIP, &gzip, &content);
    check("gzip-carry", GZIP | CARRY, &gzip.repeat(2), &content.repeat(2));
    check("gzip-any", ANY, &gzip.repeat(2), &content.repeat(2));
}

#[test]
fn xz_lzma() {
    let content = data::code(100_000);
    let stream = xz::stream(CRC64, &[Block::encoded(&[(X86, vec![])], &content)]);
    check("xz", XZ, &stream, &content);
    check("xz-any", ANY, &stream.repeat(2), &content.repeat(2));
    let content = data::text(20_000);
    let stream = lzma::alone_of(&lzma::literals(&content), 4096, true);
    check("lzma", LZMA, &stream, &content);
    check("lzma-any", ANY, &stream, &content);
}

#[test]
fn zstd() {
    let content = data::elf(300_000);
    let frame = libzstd::encode(&[], &content);
    check("zstd", ZSTD, &frame, &content);
    check("any-carry", ANY | CARRY, &frame.repeat(2), &content.repeat(2));
    check("zstd-any", ANY, &frame.repeat(2), &content.repeat(2));
}

/// `PAGEWISE_CARRY`.
const CARRY: u32 = 0x100;

#[test]
fn sectors() {
    let content = data::elf(500_000);
    let stream = file("sectors.stream", &libzstd::encode(&[], &content));
    run(program_with(&["sectors"]).arg(stream).arg(file("sectors.content", &content)));
}

#[test]
fn blocks_of_xz() {
    let content = data::code(200_000);
    // Of which each but the last one ends with a page.
    let blocks: Vec<_> = content
        .chunks(16 * 4096)
        .map(|content| Block::encoded(&[(X86, vec![])], content).with_sizes())
        .collect();
    let stream = file("blocks.stream", &xz::stream(CRC64, &blocks));
    run(program_with(&["blocks"]).arg(stream).arg(file("blocks.content", &content)));
}

#[test]
fn dictionaries() {
    let content = data::text(3000);
    let samples: Vec<Vec<u8>> = (0..200).map(|at| data::text(100 + at)).collect();
    let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
    let zstd = libzstd::train(4000, &samples);
    let zlib = &content[1000..];
    let mut encoder = flate2::Compress::new(flate2::Compression::new(9), true);
    encoder.set_dictionary(zlib).unwrap();
    let mut stream = Vec::with_capacity(10_000);
    encoder.compress_vec(&content, &mut stream, flate2::FlushCompress::Finish).unwrap();
    let cases = [
        (ZSTD, &zstd[..], libzstd::encode_with(&zstd, &[], &content)),
        (ZLIB, zlib, stream.clone()),
        (ZLIB | CARRY, zlib, stream),
    ];
    for (number, (format, dictionary, stream)) in cases.into_iter().enumerate() {
        let name = |kind: &str| format!("dictionary-{number}.{kind}");
        run(program_with(&["dictionary", &format.to_string()])
            .arg(file(&name("bytes"), dictionary))
            .arg(file(&name("stream"), &stream))
            .arg(file(&name("content"), &content)));
    }
}

#[test]
fn mistakes() {
    let content = data::text(50_000);
    let stream = file("broken.gz", &encode_c(Wrapper::ALL[2], &content, 6, 15));
    run(program_with(&["broken"]).arg(stream));
}

#[test]
fn one_decoder_for_two_files() {
    let first = data::text(50_000);
    let second: Vec<u8> = first.iter().rev().copied().collect();
    let check = |name: &str, format: u32, encode: &dyn Fn(&[u8]) -> Vec<u8>| {
        let mut command = program_with(&["reuse", &format.to_string()]);
        for (number, content) in [&first, &second].into_iter().enumerate() {
            command.arg(file(&format!("reuse-{name}-{number}.stream"), &encode(content)));
            command.arg(file(&format!("reuse-{name}-{number}.content"), content));
        }
        run(&mut command);
    };
    let [deflate, zlib, gzip] =
        Wrapper::ALL.map(|wrapper| move |content: &[u8]| encode_c(wrapper, content, 6, 15));
    let xz = |content: &[u8]| xz::stream(CRC64, &[Block::encoded(&[(X86, vec![])], content)]);
    let lzma = |content: &[u8]| lzma::alone_of(&lzma::literals(content), 4096, true);
    let zstd = |content: &[u8]| libzstd::encode(&[], content);
    check("deflate", DEFLATE, &deflate);
    check("zlib", ZLIB, &zlib);
    check("gzip", GZIP, &gzip);
    check("xz", XZ, &xz);
    check("lzma", LZMA, &lzma);
    check("zstd", ZSTD, &zstd);
    check("zlib-any", ANY, &zlib);
    check("gzip-any", ANY, &gzip);
    check("xz-any", ANY, &xz);
    check("lzma-any", ANY, &lzma);
    check("zstd-any", ANY, &zstd);
}
