//! Traces of retired instructions, from QEMU (the reference) and from the core (RVFI), and their
//! comparison instruction by instruction.

mod compare;
mod coverage;
mod decode;
mod epoch;
mod qemu;
mod rvfi;

pub use compare::{Difference, Summary, compare, compare_guest, survey};
pub use coverage::Coverage;
pub use decode::{Access, Effects, Kind, decode};
pub use epoch::{EpochSummary, check_epochs, fingerprint};
pub use qemu::{Qemu, QemuError, Step, Trap, parse_log};
pub use rvfi::{Retired, RvfiError, byte_mask, read_rvfi};
