// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
//! Time by the processor's counter. The firmware's own clock counts seconds.

use core::fmt;
use core::num::NonZeroU128;

/// The processor's counter, and how fast it counts.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    ticks_per_second: NonZeroU128,
    /// When the loader was started.
    start: u64,
}

impl Clock {
    /// Starts a clock. On x86-64 that takes 20 ms, in which the firmware's timer tells how fast the counter is.
    pub(crate) fn start() -> Self {
        let start = counter();
        let frequency = NonZeroU128::new(u128::from(frequency()));
        Self { ticks_per_second: frequency.unwrap_or(NonZeroU128::MIN), start }
    }

    /// Runs `work`, and adds the time that it took to `spent`.
    pub(crate) fn time<T>(&self, spent: &mut Time, work: impl FnOnce() -> T) -> T {
        let before = counter();
        let result = work();
        let ticks = counter().saturating_sub(before);
        spent.0 = spent.0.saturating_add(self.microseconds(ticks));
        result
    }

    /// The time since the loader was started.
    pub(crate) fn elapsed(&self) -> Time {
        Time(self.microseconds(counter().saturating_sub(self.start)))
    }

    fn microseconds(&self, ticks: u64) -> u64 {
        // In 128 bits, as a product of 64 bits would overflow after an hour.
        let microseconds = u128::from(ticks) * 1_000_000 / self.ticks_per_second;
        u64::try_from(microseconds).unwrap_or(u64::MAX)
    }
}

/// A time in microseconds. Printed in milliseconds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Time(u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0.saturating_add(500) / 1000)
    }
}

#[cfg(target_arch = "x86_64")]
fn counter() -> u64 {
    // SAFETY: Each x86-64 processor has the instruction, and firmware leaves it enabled.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// Measured, as not every processor tells it.
#[cfg(target_arch = "x86_64")]
fn frequency() -> u64 {
    const WAIT: core::time::Duration = core::time::Duration::from_millis(20);
    let before = counter();
    uefi::boot::stall(WAIT);
    counter().saturating_sub(before).saturating_mul(1000) / WAIT.as_millis() as u64
}

#[cfg(target_arch = "aarch64")]
fn counter() -> u64 {
    let ticks;
    // SAFETY: The virtual counter can be read where UEFI programs run. `isb` keeps the read in its place.
    unsafe { core::arch::asm!("isb", "mrs {}, cntvct_el0", out(reg) ticks) };
    ticks
}

/// As the firmware has set it.
#[cfg(target_arch = "aarch64")]
fn frequency() -> u64 {
    let frequency;
    // SAFETY: The register can be read where UEFI programs run.
    unsafe { core::arch::asm!("mrs {}, cntfrq_el0", out(reg) frequency) };
    frequency
}
