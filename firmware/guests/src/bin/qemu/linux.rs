//! The firmware below Linux on QEMU's `virt`, for `firmware/linux/test-on-qemu.sh`: SBI, the device tree that QEMU made, and
//! every address but the firmware's own 4 MiB below the kernel. The SBI console is the host's standard input, which must be a file, and output.
#![cfg_attr(target_arch = "riscv32", no_std, no_main)]

#[cfg(target_arch = "riscv32")]
mod firmware;

#[cfg(target_arch = "riscv32")]
use covert_abi::layout::GUEST_BASE;

/// RV32 Linux is loaded at a 4 MiB boundary and leaves what is below it alone.
#[cfg(target_arch = "riscv32")]
const KERNEL: u32 = GUEST_BASE + (4 << 20);

#[cfg(target_arch = "riscv32")]
const MACHINE: firmware::Machine = firmware::Machine {
    ram: KERNEL,
    ram_size: 124 << 20,
    entry: KERNEL,
    // All ones: the whole address space.
    pmp: [firmware::napot(GUEST_BASE, 4 << 20), u32::MAX],
    // Entry 0: NAPOT, nothing. Entry 1: NAPOT, RWX.
    permissions: || 0x1f18,
    legacy: || false,
    eot: false,
    reboot_fails: true,
};

#[cfg(not(target_arch = "riscv32"))]
fn main() {
    eprintln!("qemu-linux is firmware: build it for riscv32imac-unknown-none-elf");
}
