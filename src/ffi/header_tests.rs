// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! `pagewise.h` against the functions, structs and numbers here, by the text of both.

use std::borrow::ToOwned;
use std::format;
use std::string::String;
use std::vec::Vec;

use super::slot::{ANY, CARRY, DEFLATE, GZIP, LZMA, XZ, XZ_BLOCK, ZLIB, ZSTD};

const HEADER: &str = include_str!("../pagewise.h");
const SOURCES: [&str; 3] =
    [include_str!("../ffi.rs"), include_str!("slot.rs"), include_str!("blocks.rs")];

/// The header without comments, one space between words.
fn header() -> String {
    let mut text = String::new();
    let mut rest = HEADER;
    while let Some((before, comment)) = rest.split_once("/*") {
        text += before;
        rest = comment.split_once("*/").unwrap().1;
    }
    text += rest;
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A type as C has it.
fn in_c(rust: &str) -> &str {
    match rust {
        "c_int" => "int",
        "u32" => "uint32_t",
        "u64" => "uint64_t",
        "usize" => "size_t",
        "*mut u8" => "void *",
        "*const u8" => "const void *",
        "*const c_char" => "const char *",
        "*mut usize" => "size_t *",
        "*mut u64" => "uint64_t *",
        "*mut Head" => "struct pagewise *",
        "*mut CPage" => "struct pagewise_page *",
        "*mut CProgress" => "struct pagewise_progress *",
        "*mut CInfo" => "struct pagewise_info *",
        "*mut CBlock" => "struct pagewise_xz_block *",
        "*const CBlock" => "const struct pagewise_xz_block *",
        "" => "void",
        other => panic!("what is {other} in C?"),
    }
}

/// `name: type, ...` as types in C.
fn types_of(fields: &str) -> Vec<String> {
    let fields = fields.split(',').map(str::trim).filter(|field| !field.is_empty());
    fields.map(|field| in_c(field.split_once(": ").unwrap().1).to_owned()).collect()
}

/// A declaration in C without its name: its type.
fn type_of(declaration: &str) -> String {
    let declaration = declaration.trim();
    let end = declaration.rfind([' ', '*']).map_or(declaration.len(), |at| at + 1);
    declaration[..end].trim().to_owned()
}

#[test]
fn functions() {
    let header = header();
    let mut count = 0;
    for item in SOURCES.iter().flat_map(|source| source.split("#[no_mangle]").skip(1)) {
        let (_, item) = item.split_once("fn ").unwrap();
        let (name, rest) = item.split_once('(').unwrap();
        let (parameters, rest) = rest.split_once(')').unwrap();
        let result = rest.split_once('{').unwrap().0.trim().trim_start_matches("-> ");
        let result = in_c(result);
        let space = if result.ends_with('*') { "" } else { " " };
        let start = format!(" {result}{space}{name}(");
        let (_, declared) = header.split_once(&start).unwrap_or_else(|| panic!("no{start}"));
        let declared = declared.split_once(");").unwrap().0;
        let declared: Vec<String> =
            declared.split(',').map(type_of).filter(|declared| declared != "void").collect();
        assert_eq!(types_of(parameters), declared, "{name}");
        count += 1;
    }
    assert_eq!(count, header.matches(");").count(), "functions that are only declared");
}

#[test]
fn structs() {
    let header = header();
    for (name, c_name, source) in [
        ("CPage", "page", SOURCES[1]),
        ("CProgress", "progress", SOURCES[0]),
        ("CInfo", "info", SOURCES[0]),
        ("CBlock", "xz_block", SOURCES[2]),
    ] {
        let (_, fields) = source.split_once(&format!("struct {name} {{")).unwrap();
        let fields = fields.split_once('}').unwrap().0.replace("pub(super) ", "");
        let c_name = format!("struct pagewise_{c_name} {{");
        let (_, declared) = header.split_once(&c_name).unwrap();
        let declared = declared.split_once('}').unwrap().0;
        let declared: Vec<String> =
            declared.split(';').filter(|field| !field.trim().is_empty()).map(type_of).collect();
        assert_eq!(types_of(&fields), declared, "{name}");
    }
}

#[test]
fn numbers() {
    let header = header();
    let number = |name: &str| {
        let line = SOURCES.iter().find_map(|source| {
            ["c_int", "u32"]
                .iter()
                .find_map(|of| source.split_once(&format!("const {name}: {of} = ")))
        });
        line.unwrap_or_else(|| panic!("no {name}")).1.split_once(';').unwrap().0
    };
    for (start, first) in [("enum pagewise_format {", "ANY"), ("enum pagewise_pause {", "DONE")] {
        let (_, names) = header.split_once(start).unwrap();
        let names = names.split_once('}').unwrap().0.split(',').map(str::trim);
        let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        assert!(names[0].ends_with(first));
        for (value, name) in names.iter().enumerate() {
            let name = name.strip_prefix("PAGEWISE_").unwrap();
            assert_eq!(number(name), format!("{value}"), "{name}");
        }
    }
    use crate::Check;
    let checks = [
        (Check::None, "NONE"),
        (Check::Crc32, "CRC32"),
        (Check::Adler32, "ADLER32"),
        (Check::Crc64, "CRC64"),
        (Check::Sha256, "SHA256"),
        (Check::Xxh64, "XXH64"),
        (Check::Unknown, "UNKNOWN"),
    ];
    let (_, names) = header.split_once("enum pagewise_check {").unwrap();
    let names: Vec<&str> = names.split_once('}').unwrap().0.split(',').map(str::trim).collect();
    for (check, name) in checks {
        assert_eq!(names[check as usize], format!("PAGEWISE_CHECK_{name}"));
    }
    assert!(header.contains(&format!("#define PAGEWISE_CARRY {} ", number("CARRY"))));
    assert!(header.contains(&format!("#define PAGEWISE_VERSION {} ", number("VERSION"))));
    let [major, minor, patch] = [
        env!("CARGO_PKG_VERSION_MAJOR"),
        env!("CARGO_PKG_VERSION_MINOR"),
        env!("CARGO_PKG_VERSION_PATCH"),
    ]
    .map(|part| part.parse::<u32>().unwrap());
    assert_eq!(super::VERSION, major * 10_000 + minor * 100 + patch);
    assert!(header.contains(&format!("#define PAGEWISE_OVERSHOOT {} ", crate::OVERSHOOT)));
}

#[test]
fn sizes() {
    let header = header();
    let check = |name: &str, format| {
        let (_, size) = header.split_once(&format!("#define PAGEWISE_SIZE_{name} ")).unwrap();
        let declared: usize = size.split_once(' ').unwrap().0.parse().unwrap();
        let size = super::pagewise_size(format);
        // One number for all machines, which is that of 64-bit ones.
        let slack = if usize::BITS < 64 { declared } else { 64 };
        // ANY is smaller in a build without some formats, and those have no size.
        if !cfg!(all(feature = "gzip", feature = "xz", feature = "zstd")) {
            return;
        }
        let fits = size > 0 && size <= declared && declared - size < slack && declared % 64 == 0;
        assert!(fits, "{name}: {declared}, {size}");
    };
    for (name, format) in [
        ("ANY", ANY),
        ("GZIP", GZIP),
        ("ZLIB", ZLIB),
        ("DEFLATE", DEFLATE),
        ("XZ", XZ),
        ("LZMA", LZMA),
        ("ZSTD", ZSTD),
    ] {
        check(name, format);
        check(&format!("{name}_CARRY"), format | CARRY);
    }
    check("XZ_BLOCK", XZ_BLOCK);
}
