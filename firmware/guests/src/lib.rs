//! What the small guests share: start-up and traps, SBI calls, console output, and the logic that
//! has no hardware in it (number formatting, word counting, the kernels of `compute`), which is
//! also compiled and tested on the host.
#![cfg_attr(not(test), no_std)]

pub mod count;
pub mod kernels;
pub mod text;

#[cfg(target_arch = "riscv32")]
pub mod console;
#[cfg(target_arch = "riscv32")]
pub mod csr;
#[cfg(target_arch = "riscv32")]
pub mod rt;
#[cfg(target_arch = "riscv32")]
pub mod sbi;
#[cfg(target_arch = "riscv32")]
pub mod time;
