//! Reset, the way into the guest and the way out of it.
//!
//! While the guest runs, `mscratch` holds the address of its registers; while the VMM runs, 0: a trap that
//! finds 0 there comes from the VMM itself. The stack is empty whenever the guest runs: every exit starts
//! at its top, so nothing of the VMM outlives an exit but the replica state.

use core::arch::{asm, global_asm};

use covert_vmm::Vcpu;

use crate::csr;

// Everything a flip may have reached gets a value here: all registers, and all CSRs that are ever read or
// that act by themselves. JOIN sends the old member through here too, so that both arrive the same.
global_asm!(
    ".pushsection .text.reset, \"ax\"",
    ".globl reset",
    "reset:",
    "csrw mie, zero",
    "csrw mstatus, zero",
    "la t0, {trap}",
    "csrw mtvec, t0",
    "csrw mscratch, zero",
    "csrw {mepoch}, zero",
    "csrw {mfprint}, zero",
    "csrw mip, zero",
    "csrw mepc, zero",
    "csrw mcause, zero",
    "csrw mtval, zero",
    "csrw mcounteren, zero",
    "csrw satp, zero",
    "csrw stvec, zero",
    "csrw sscratch, zero",
    "csrw sepc, zero",
    "csrw scause, zero",
    "csrw stval, zero",
    "csrw scounteren, zero",
    "li t0, {medeleg}",
    "csrw medeleg, t0",
    "li t0, {mideleg}",
    "csrw mideleg, t0",
    ".irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
    "li x\\n, 0",
    ".endr",
    "la sp, stack_top",
    "fence.i",
    "sfence.vma",
    "j {boot}",
    ".popsection",
    trap = sym trap,
    boot = sym crate::boot,
    mepoch = const covert_abi::csr::MEPOCH,
    mfprint = const covert_abi::csr::MFPRINT,
    medeleg = const csr::MEDELEG,
    mideleg = const csr::MIDELEG,
);

/// Where every M-mode trap begins: stores the guest's registers and goes on in [`crate::guest_exit`].
#[unsafe(naked)]
#[unsafe(link_section = ".text.trap")]
extern "C" fn trap() {
    core::arch::naked_asm!(
        ".balign 4",
        "csrrw sp, mscratch, sp",
        "beqz sp, 1f",
        "sw x1, 4(sp)",
        ".irp n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
        "sw x\\n, 4*\\n(sp)",
        ".endr",
        "csrrw t0, mscratch, zero",
        "sw t0, 8(sp)",
        "la sp, stack_top",
        "j {exit}",
        "1:",
        "la sp, stack_top",
        "j {own}",
        exit = sym crate::guest_exit,
        own = sym crate::machine_trap,
    )
}

/// Jumps to the reset vector: the way of all members to where they meet a new one.
pub(crate) fn restart() -> ! {
    // SAFETY: reset code needs nothing of what is on the stack or in registers.
    unsafe { asm!("j reset", options(noreturn)) }
}

/// Enters the guest with these registers; pc and privilege stand in `mepc` and `mstatus`.
///
/// # Safety
/// `vcpu` must be the one of the replica state, which lives for ever: the next trap writes to it.
pub(crate) unsafe fn enter(vcpu: *mut Vcpu) -> ! {
    // SAFETY: the registers stand first in the vCPU, in order, 4 bytes each. Control comes back only
    // through `trap`, which needs nothing of what is here.
    unsafe {
        asm!(
            "csrw mscratch, a0",
            "lw x1, 4(a0)",
            "lw x2, 8(a0)",
            "lw x3, 12(a0)",
            "lw x4, 16(a0)",
            "lw x5, 20(a0)",
            "lw x6, 24(a0)",
            "lw x7, 28(a0)",
            "lw x8, 32(a0)",
            "lw x9, 36(a0)",
            ".irp n, 11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
            "lw x\\n, 4*\\n(a0)",
            ".endr",
            "lw x10, 40(a0)",
            "mret",
            in("a0") vcpu,
            options(noreturn),
        )
    }
}

const _: () = assert!(core::mem::offset_of!(Vcpu, x) == 0);
