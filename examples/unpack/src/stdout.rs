// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Standard output, and whether there is one.
//!
//! Rust's runtime opens `/dev/null` in the place of a standard stream that is closed, so that no other file
//! gets its number. Output would be lost there, and the exit status 0. So this looks before the runtime
//! does.

use std::io::IoSlice;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sink::Sink;
use crate::Failure;

static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Called when the program is loaded, before `main` and before Rust's runtime is ready: it makes one system
/// call and stores its result.
extern "C" fn look() {
    if rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err() {
        WAS_CLOSED.store(true, Ordering::Relaxed);
    }
}

// SAFETY: The sections hold addresses of functions that take nothing the callee needs and return nothing.
// `look` is one, and needs nothing of Rust's runtime.
#[allow(unsafe_code)]
#[used]
#[cfg_attr(target_vendor = "apple", link_section = "__DATA,__mod_init_func")]
#[cfg_attr(not(target_vendor = "apple"), link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

/// Whether standard output was closed when the program started.
pub(crate) fn was_closed() -> bool {
    WAS_CLOSED.load(Ordering::Relaxed)
}

/// Writes `text`, which is not empty.
pub(crate) fn print(text: &[u8]) -> Result<(), Failure> {
    Sink::stdout()?.write(&mut [IoSlice::new(text)])
}
