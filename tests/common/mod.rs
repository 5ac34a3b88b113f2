// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! What the tests share.

// Each test binary is a crate of its own, and uses only a part of this.
#![allow(dead_code)]

pub mod bits;
pub mod cut;
pub mod data;
pub mod defect;
pub mod feed;
pub mod fse;
pub mod huffman;
pub mod liblzma;
pub mod libzstd;
pub mod lzma;
pub mod sequences;
pub mod splits;
pub mod window;
pub mod xz;
pub mod zlib;
pub mod zstd;
