// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What C zlib and zlib-rs compress comes back, whatever their settings.

use crate::common::data::{self, encode_c, encode_rs, Wrapper};
use crate::common::feed::{check_whole as check, PAGE};
use pagewise::{Any, Check, Decode, Deflate, Format, Gzip, Zlib};
use zlib_rs::{DeflateConfig, Strategy};

const STRATEGIES: [Strategy; 5] =
    [Strategy::Default, Strategy::Filtered, Strategy::HuffmanOnly, Strategy::Rle, Strategy::Fixed];

/// The decoders, made once.
struct Decoders {
    deflate: Box<Deflate>,
    zlib: Box<Zlib<'static>>,
    gzip: Box<Gzip>,
    any: Box<Any>,
}

impl Decoders {
    fn new() -> Self {
        Self {
            deflate: Box::default(),
            zlib: Box::default(),
            gzip: Box::default(),
            any: Box::default(),
        }
    }

    fn check(&mut self, wrapper: Wrapper, stream: &[u8], content: &[u8], name: &str) {
        match wrapper {
            Wrapper::Deflate => check(&mut *self.deflate, stream, content, name),
            Wrapper::Zlib => check(&mut *self.zlib, stream, content, name),
            Wrapper::Gzip => check(&mut *self.gzip, stream, content, name),
        }
        if wrapper != Wrapper::Deflate {
            check(&mut *self.any, stream, content, name);
        }
    }
}

/// Contents of up to a few pages.
fn shapes() -> Vec<(String, Vec<u8>)> {
    let mut shapes = Vec::new();
    for length in [0, 1, 2, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE] {
        shapes.push((format!("{length} random bytes"), data::random(length)));
        shapes.push((format!("{length} bytes of text"), data::text(length)));
        shapes.push((format!("{length} bytes of runs"), data::runs(length)));
        shapes.push((format!("{length} zeros"), vec![0; length]));
    }
    for period in 1..=40 {
        shapes.push((format!("period {period}"), data::periodic(period, 2 * PAGE + 50)));
    }
    shapes
}

#[test]
fn c_zlib_levels() {
    let mut decoders = Decoders::new();
    for (name, content) in shapes() {
        for level in 0..=9 {
            for wrapper in Wrapper::ALL {
                let stream = encode_c(wrapper, &content, level, 15);
                decoders.check(wrapper, &stream, &content, &format!("{name}, level {level}"));
            }
        }
    }
}

#[test]
fn zlib_rs_levels_and_strategies() {
    let mut decoders = Decoders::new();
    for (name, content) in shapes() {
        for strategy in STRATEGIES {
            for level in 0..=9 {
                let wrapper = Wrapper::ALL[level as usize % 3];
                let config = DeflateConfig { strategy, ..DeflateConfig::new(level) };
                let stream = encode_rs(wrapper, &content, config);
                decoders.check(wrapper, &stream, &content, &format!("{name}, {config:?}"));
            }
        }
    }
}

#[test]
fn windows_and_memory_levels() {
    let mut decoders = Decoders::new();
    // More than the largest window, with repetitions from within it and from beyond.
    let content = [data::text(20_000), data::random(9_000), data::text(12_000)].concat();
    for window_bits in 9..=15 {
        for wrapper in Wrapper::ALL {
            for level in [0, 1, 4, 9] {
                let name = format!("C zlib, window bits {window_bits}, level {level}");
                let stream = encode_c(wrapper, &content, level, window_bits);
                decoders.check(wrapper, &stream, &content, &name);
                if wrapper == Wrapper::Zlib {
                    assert_eq!(decoders.zlib.window(), Some(1 << window_bits));
                }
            }
            for mem_level in 1..=9 {
                for strategy in STRATEGIES {
                    let window_bits = i32::from(window_bits);
                    let level = 1 + (mem_level + window_bits) % 9;
                    let config = DeflateConfig {
                        window_bits,
                        mem_level,
                        strategy,
                        ..DeflateConfig::new(level)
                    };
                    let stream = encode_rs(wrapper, &content, config);
                    decoders.check(wrapper, &stream, &content, &format!("{config:?}"));
                }
            }
        }
    }
}

#[test]
fn machine_code() {
    let mut decoders = Decoders::new();
    let content = data::elf(3 << 20);
    assert!(content.starts_with(b"\x7fELF") && content.len() > 1 << 20);
    for level in [1, 6, 9] {
        let stream = encode_c(Wrapper::Gzip, &content, level, 15);
        decoders.check(Wrapper::Gzip, &stream, &content, &format!("gzip, level {level}"));
    }
    let stream = encode_c(Wrapper::Zlib, &content, 6, 9);
    decoders.check(Wrapper::Zlib, &stream, &content, "zlib, window bits 9");
    for strategy in STRATEGIES {
        let config = DeflateConfig { strategy, ..DeflateConfig::new(5) };
        let stream = encode_rs(Wrapper::Deflate, &content, config);
        decoders.check(Wrapper::Deflate, &stream, &content, &format!("{strategy:?}"));
    }
}

#[test]
fn what_is_told_of_a_stream() {
    let content = data::text(100_000);
    let cases = [
        (Wrapper::Gzip, Format::Gzip, Check::Crc32),
        (Wrapper::Zlib, Format::Zlib, Check::Adler32),
    ];
    let mut output = vec![0; content.len()];
    for (wrapper, format, check) in cases {
        let stream = encode_c(wrapper, &content, 6, 15);
        let mut decoder = Any::new();
        assert_eq!((decoder.info().format, decoder.info().blocks), (None, 0));
        assert_eq!(decoder.window(), None);
        let _ = pagewise::decode_slice(&mut decoder, &stream, &mut output).unwrap();
        let info = decoder.info();
        assert_eq!((info.format, info.check), (Some(format), check));
        assert!(info.blocks > 1);
        assert_eq!(decoder.window(), Some(1 << 15));
    }
    assert_eq!(Deflate::new().info().format, Some(Format::Deflate));
}
