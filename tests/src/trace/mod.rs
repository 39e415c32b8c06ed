//! Traces of retired instructions, from QEMU (the reference) and from the core (RVFI), and their
//! comparison instruction by instruction.

mod compare;
mod decode;
mod qemu;
mod rvfi;

pub use compare::{Difference, Summary, compare, compare_guest};
pub use decode::{Access, Effects, decode};
pub use qemu::{Qemu, QemuError, Step, Trap, parse_log};
pub use rvfi::{Retired, RvfiError, read_rvfi};
