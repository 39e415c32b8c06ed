//! The independent reference for the core, and tests across the parts of COVERT.
//!
//! - [`program`]: random programs as ELF files;
//! - [`trace`]: what QEMU and the core say they retired, and the comparison of the two;
//! - [`core`]: the core under test, the bench of `rtl/tile/tb` or the command `covert`;
//! - [`cosim`]: a random program on both;
//! - [`directed`]: the directed programs and their expected output;
//! - [`guest`]: the built-in guests on the simulated chip.

pub mod core;
pub mod cosim;
pub mod directed;
pub mod guest;
pub mod program;
pub mod trace;

/// Whether the long versions of the tests are asked for: `COVERT_TEST_FULL=1`, which `make test-full` sets.
#[must_use]
pub fn is_full() -> bool {
    std::env::var_os("COVERT_TEST_FULL").is_some_and(|value| value == "1")
}
