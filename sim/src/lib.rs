//! The command `covert`: runs software on the simulated chip, breaks the chip while it runs, and says
//! what came of it.
//!
//! Arguments ([`cli`]) become a validated [`plan`], a plan becomes a [`session`] on a
//! [`Chip`](covert_model::Chip), a session becomes a [`report`]. Faults are named by [`inject`] and found in
//! the model by [`state`]; [`campaign`] runs many of them from one fault-free run by forking ([`fork`]); [`debug`] follows one. [`gdb`] lets a debugger at the
//! guest.

pub mod board;
pub mod boot;
pub mod campaign;
pub mod card;
pub mod cli;
pub mod console;
pub mod debug;
pub mod demo;
pub mod devices;
pub mod disk;
pub mod dtb;
pub mod elf;
pub mod error;
pub mod fork;
pub mod fpga;
pub mod gdb;
pub mod guests;
pub mod image;
pub mod inject;
pub mod linux;
pub mod list;
pub mod net;
pub mod output;
pub mod pace;
pub mod plan;
pub mod progress;
pub mod report;
pub mod run;
pub mod session;
pub mod speed;
pub mod state;
pub mod terminal;
pub mod wave;
