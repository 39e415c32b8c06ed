//! The facts that hardware, firmware, simulator and documentation share: address map, register map,
//! memory layout, boot descriptor, image of a board, and the numbers of modes, commands and detections.
//!
//! Each fact stands here once. `rtl/` generates a SystemVerilog package from [`layout`], [`unit`], [`io`], [`card`] and [`kinds`],
//! the firmware and the simulator use them directly, and `docs/registers.md` is printed from
//! [`unit::REGISTERS`] and [`io::REGISTERS`]. `docs/chip.md` and `docs/io.md` explain what the registers mean.
#![no_std]
#![forbid(unsafe_code)]

pub mod boot;
pub mod card;
pub mod csr;
pub mod io;
pub mod kinds;
pub mod layout;
mod register;
pub mod unit;

pub use boot::{BootDescriptor, Segment};
pub use kinds::{BootReason, Command, Detection, Mode, Sequencer};
