// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Builds another checkout of this crate, which `PAGEWISE_BASE` names, as `pagewise_base`.
//!
//! A manifest cannot name a dependency whose place is known only when it is built. So rustc is
//! called here, with the flags that cargo gives the other builds, and finds the crate by `-L`.

use std::env::{split_paths, var, var_os};
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PAGEWISE_BASE");
    println!("cargo:rustc-check-cfg=cfg(base)");
    let Some(base) = var_os("PAGEWISE_BASE").filter(|base| !base.is_empty()) else { return };
    let base = split_paths(&base).next().expect("PAGEWISE_BASE names a directory");
    assert!(base.is_absolute(), "PAGEWISE_BASE has to be an absolute path");
    let source = base.join("src");
    println!("cargo:rerun-if-changed={}", source.display());

    let cargo = |name: &str| var(name).unwrap_or_else(|_| panic!("cargo sets {name}"));
    let out_dir = cargo("OUT_DIR");
    let mut rustc = Command::new(cargo("RUSTC"));
    rustc.args(["--crate-name", "pagewise_base", "--crate-type", "rlib", "--edition", "2021"]);
    rustc.args(["-C", &format!("opt-level={}", cargo("OPT_LEVEL")), "-C", "codegen-units=1"]);
    rustc.args(["-C", "embed-bitcode=no", "--cap-lints", "allow", "--target", &cargo("TARGET")]);
    for feature in ["gzip", "xz", "zstd"] {
        rustc.args(["--cfg", &format!("feature=\"{feature}\"")]);
    }
    let flags = cargo("CARGO_ENCODED_RUSTFLAGS");
    rustc.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    rustc.arg("--out-dir").arg(Path::new(&out_dir)).arg(source.join("lib.rs"));
    let status = rustc.status().expect("rustc");
    assert!(status.success(), "{} does not build", source.display());

    println!("cargo:rustc-link-search={out_dir}");
    println!("cargo:rustc-cfg=base");
}
