//! The replication logic of COVERT, free of hardware and of input and output.
//!
//! Everything a replica must remember stands in one plain structure, [`ReplicaState`]; everything it
//! decides is decided by one function, [`step`]: an [`Event`] in, the next [`Action`] out. Members of a
//! group run the same function on bit-identical states with the same events, so they ask for the same
//! actions; that is what the comparator outside checks. A snapshot of the structure (together with guest
//! RAM) is a checkpoint.
//!
//! A back end performs the actions: the firmware on the chip's tiles, a host's virtual machine, or a
//! model in a test. [`drive`] is its main loop.
//!
//! | module | holds |
//! |---|---|
//! | [`event`] | the events and actions, and who answers what |
//! | [`state`] | the replica state and its start from the boot descriptor |
//! | [`machine`] | the state machine: epochs, guest exits, checkpoints |
//! | [`group`] | which members are wanted, which are there, when a checkpoint is due |
//! | [`vcpu`], [`emulate`], [`clock`] | the guest's processor, instructions done for it, its time |
//! | [`sbi`], [`console`] | what the guest asks of its firmware; the console's bytes |
//! | [`mmio`], [`translate`], [`access`] | accesses to devices, done for the guest |
//! | [`device`] | the devices: PLIC, serial port, virtio disk, network, console, entropy |
//! | [`memory`] | guest RAM and the bounce buffer, as the devices use them |
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

pub mod access;
pub mod backend;
pub mod clock;
pub mod console;
pub mod device;
pub mod emulate;
pub mod event;
pub mod group;
pub mod machine;
pub mod memory;
pub mod mmio;
pub mod sbi;
pub mod state;
pub mod translate;
pub mod vcpu;

pub use backend::{Backend, drive};
pub use event::{Action, Event, Exit, Failure, Inputs};
pub use machine::step;
pub use memory::Memory;
pub use state::{Chip, ReplicaState};
pub use vcpu::Vcpu;
