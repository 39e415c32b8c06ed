//! The core's control and status registers, as the VMM uses them.

use covert_abi::csr::{EPOCH_IRQ_BIT, MCACHE, MCACHE_CLEAN, MCACHE_EMPTY};

/// Exceptions that go straight to the guest: misaligned accesses, breakpoint, `ecall` from U-mode, page
/// faults. Access faults, illegal instructions and `ecall` from S-mode come to the VMM.
pub(crate) const MEDELEG: u32 =
    1 << 0 | 1 << 3 | 1 << 4 | 1 << 6 | 1 << 8 | 1 << 12 | 1 << 13 | 1 << 15;
/// Interrupts that go straight to the guest: S-mode software, timer, external.
pub(crate) const MIDELEG: u32 = 1 << 1 | 1 << 5 | 1 << 9;

/// `mstatus.TW`: `wfi` traps.
pub(crate) const MSTATUS_TW: u32 = 1 << 21;
/// `mstatus.MPP`: privilege of the guest; this value is M-mode.
pub(crate) const MSTATUS_MPP: u32 = 3 << MSTATUS_MPP_SHIFT;
/// Lowest bit of `mstatus.MPP`.
pub(crate) const MSTATUS_MPP_SHIFT: u32 = 11;
/// `mip.SSIP`.
pub(crate) const MIP_SSIP: u32 = 1 << 1;
/// `mip.STIP` and `mip.SEIP`: the interrupts that the VMM gives the guest.
pub(crate) const MIP_GIVEN: u32 = 1 << 5 | 1 << 9;
/// `mie` while the guest runs, besides the guest's own bits.
pub(crate) const MIE_EPOCH: u32 = 1 << EPOCH_IRQ_BIT;

/// Reads a CSR, given by name or number.
macro_rules! read {
    ($csr:expr) => {{
        let value: u32;
        // SAFETY: the CSRs read here have no side effect on reading.
        unsafe {
            core::arch::asm!("csrr {}, {}", out(reg) value, const $csr, options(nomem, nostack));
        }
        value
    }};
}

/// Writes a CSR.
macro_rules! write {
    ($csr:expr, $value:expr) => {{
        let value: u32 = $value;
        // SAFETY: takes effect for the guest only; M-mode's own traps and interrupts stay as they are.
        unsafe {
            core::arch::asm!("csrw {}, {}", const $csr, in(reg) value, options(nostack));
        }
    }};
}

/// Sets bits of a CSR.
macro_rules! set {
    ($csr:expr, $bits:expr) => {{
        let bits: u32 = $bits;
        // SAFETY: as for `write!`.
        unsafe {
            core::arch::asm!("csrs {}, {}", const $csr, in(reg) bits, options(nostack));
        }
    }};
}

/// Clears bits of a CSR.
macro_rules! clear {
    ($csr:expr, $bits:expr) => {{
        let bits: u32 = $bits;
        // SAFETY: as for `write!`.
        unsafe {
            core::arch::asm!("csrc {}, {}", const $csr, in(reg) bits, options(nostack));
        }
    }};
}

pub(crate) use {clear, read, set, write};

/// Has the data cache write its dirty lines back, before the DMA engine reads memory.
pub(crate) fn clean_cache() {
    write!(MCACHE, MCACHE_CLEAN);
}

/// Has the data cache write its dirty lines back and forget all lines, before the DMA engine writes memory.
pub(crate) fn empty_cache() {
    write!(MCACHE, MCACHE_EMPTY);
}

/// Forgets all translations.
pub(crate) fn flush_tlb() {
    // SAFETY: M-mode runs without translation.
    unsafe { core::arch::asm!("sfence.vma", options(nostack)) }
}

/// Makes instruction fetches see what was stored before.
pub(crate) fn fence_i() {
    // SAFETY: orders memory accesses only.
    unsafe { core::arch::asm!("fence.i", options(nostack)) }
}

/// Numbers of the standard CSRs that are used.
pub(crate) mod number {
    pub(crate) const SSTATUS: u16 = 0x100;
    pub(crate) const SIE: u16 = 0x104;
    pub(crate) const STVEC: u16 = 0x105;
    pub(crate) const SCOUNTEREN: u16 = 0x106;
    pub(crate) const SSCRATCH: u16 = 0x140;
    pub(crate) const SEPC: u16 = 0x141;
    pub(crate) const SCAUSE: u16 = 0x142;
    pub(crate) const STVAL: u16 = 0x143;
    pub(crate) const SIP: u16 = 0x144;
    pub(crate) const SATP: u16 = 0x180;
    pub(crate) const MSTATUS: u16 = 0x300;
    pub(crate) const MIE: u16 = 0x304;
    pub(crate) const MEPC: u16 = 0x341;
    pub(crate) const MCAUSE: u16 = 0x342;
    pub(crate) const MTVAL: u16 = 0x343;
    pub(crate) const MIP: u16 = 0x344;
}
