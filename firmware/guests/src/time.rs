//! Time and waiting. `time` counts at [`TIMEBASE_HZ`](covert_abi::layout::TIMEBASE_HZ).

use core::arch::asm;

use crate::csr::{SSTATUS_SIE, STI};
use crate::{csr_clear, csr_read, csr_set, sbi};

/// A deadline that never comes.
pub const NEVER: u64 = u64::MAX;

/// The time since power-on, in ticks of the time base.
pub fn now() -> u64 {
    loop {
        let high = csr_read!("timeh");
        let low = csr_read!("time");
        if high == csr_read!("timeh") {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Stalls until an interrupt that `sie` enables is pending, or shorter.
pub fn wait_for_interrupt() {
    // SAFETY: `wfi` has no effect but to wait. It is a compiler barrier for memory, because an
    // interrupt's handler may run here.
    unsafe { asm!("wfi", options(nostack)) };
}

/// Gives the processor away for `ticks`, or for less if something else wakes it.
/// Uses the timer; interrupts must be off.
pub fn idle(ticks: u64) {
    debug_assert!(csr_read!("sstatus") & SSTATUS_SIE == 0);
    sbi::set_timer(now() + ticks);
    // SAFETY: the interrupt is only looked for, never taken: `sstatus.SIE` is 0.
    unsafe { csr_set!("sie", STI) };
    wait_for_interrupt();
    // SAFETY: as above.
    unsafe { csr_clear!("sie", STI) };
    sbi::set_timer(NEVER);
}
