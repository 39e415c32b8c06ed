//! The firmware that stands in for the VMM when the guests are tried on QEMU's `virt`: an M-mode
//! program that gives an S-mode guest 4 MiB of RAM (PMP refuses the rest, as the gate does), SBI,
//! and the host's standard input and output (by semihosting, so that input is binary and has an end).
//!
//! It has nothing in common with the VMM but the SBI and `docs/guests.md`. Debian's QEMU brings
//! no OpenSBI for RV32; where one is there, the guests run on that too.
//! A word at `OPTIONS` changes it: `LEGACY` takes DBCN, TIME and SRST away, so that only the legacy calls are
//! left; `LEAK` lets the guest reach the CLINT, so that `hostile` has something to find.
#![cfg_attr(target_arch = "riscv32", no_std, no_main)]

#[cfg(target_arch = "riscv32")]
mod firmware;

#[cfg(target_arch = "riscv32")]
use covert_abi::layout::{CLINT_BASE, CLINT_SIZE, GUEST_BASE};

/// Written by QEMU's loader device before the start; 0 otherwise.
#[cfg(target_arch = "riscv32")]
const OPTIONS: *const u32 = 0x8070_0000 as *const u32;
#[cfg(target_arch = "riscv32")]
const LEGACY: u32 = 1 << 0;
#[cfg(target_arch = "riscv32")]
const LEAK: u32 = 1 << 1;

#[cfg(target_arch = "riscv32")]
fn has(option: u32) -> bool {
    // SAFETY: QEMU has RAM there, which the guest cannot reach.
    let options = unsafe { OPTIONS.read_volatile() };
    options & option != 0
}

#[cfg(target_arch = "riscv32")]
const MACHINE: firmware::Machine = firmware::Machine {
    ram: GUEST_BASE,
    ram_size: 4 << 20,
    // Where guests are linked to start.
    entry: GUEST_BASE + 0x20_0000,
    pmp: [firmware::napot(GUEST_BASE, 4 << 20), firmware::napot(CLINT_BASE, CLINT_SIZE)],
    // Entry 0: NAPOT, RWX. Entry 1: NAPOT, RW, or off.
    permissions: || if has(LEAK) { 0x1b1f } else { 0x1f },
    legacy: || has(LEGACY),
    eot: true,
    reboot_fails: false,
};

#[cfg(not(target_arch = "riscv32"))]
fn main() {
    eprintln!("qemu-sbi is firmware: build it for riscv32imac-unknown-none-elf");
}
