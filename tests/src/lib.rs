//! The independent reference for the core, and tests across the parts of COVERT.
//!
//! - [`program`]: directed and random programs as ELF files;
//! - [`trace`]: what QEMU and the core say they retired, and the comparison of the two;
//! - [`core`]: the core under test, the bench of `rtl/core/tb` or the command `covert`;
//! - [`cosim`]: a program on both.

pub mod core;
pub mod cosim;
pub mod program;
pub mod trace;
