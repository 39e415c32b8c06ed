//! Access to the supervisor's CSRs by name.

/// Reads a CSR.
#[macro_export]
macro_rules! csr_read {
    ($csr:literal) => {{
        let value: u32;
        // SAFETY: reading a supervisor CSR has no effect on memory or on the stack.
        unsafe {
            core::arch::asm!(concat!("csrr {0}, ", $csr), out(reg) value, options(nomem, nostack));
        }
        value
    }};
}

/// Writes a CSR. The caller vouches for what the write does: it expands to an unsafe operation.
#[macro_export]
macro_rules! csr_write {
    ($csr:literal, $value:expr) => {{
        let value: u32 = $value;
        core::arch::asm!(concat!("csrw ", $csr, ", {0}"), in(reg) value, options(nostack));
    }};
}

/// Sets bits of a CSR; unsafe like [`csr_write`].
#[macro_export]
macro_rules! csr_set {
    ($csr:literal, $bits:expr) => {{
        let bits: u32 = $bits;
        core::arch::asm!(concat!("csrs ", $csr, ", {0}"), in(reg) bits, options(nostack));
    }};
}

/// Clears bits of a CSR; unsafe like [`csr_write`].
#[macro_export]
macro_rules! csr_clear {
    ($csr:literal, $bits:expr) => {{
        let bits: u32 = $bits;
        core::arch::asm!(concat!("csrc ", $csr, ", {0}"), in(reg) bits, options(nostack));
    }};
}

/// `sstatus.SIE`: interrupts are taken in S-mode.
pub const SSTATUS_SIE: u32 = 1 << 1;
/// `sstatus.SPIE`: SIE after `sret`.
pub const SSTATUS_SPIE: u32 = 1 << 5;
/// `sstatus.SPP`: the trap came from S-mode.
pub const SSTATUS_SPP: u32 = 1 << 8;
/// Supervisor timer interrupt in `sie` and `sip`.
pub const STI: u32 = 1 << 5;
/// `scause` of the supervisor timer interrupt.
pub const CAUSE_STI: u32 = 0x8000_0005;
