//! The Verilated chip of COVERT behind a safe Rust interface: step it, look at any register, flip any bit,
//! read and write main memory, feed and drain the console, serve its disk and its network.
//!
//! The inner loop (clock, memory channels, console, events) is C++ beside the generated model (`cpp/`); Rust
//! calls it in slices of many cycles. Everything here is deterministic: the same [`Options`], memory
//! contents, console input and calls give the same run, bit for bit, in both builds of the model.

mod chip;
#[expect(
    unreachable_pub,
    clippy::multiple_unsafe_ops_per_block,
    reason = "the bridge's macro writes them so"
)]
mod ffi;
mod host;

pub use chip::{
    Bare, Bit, Chip, ChipError, Counters, Event, EventKind, Instruction, Memory, Options, Seen,
    Spent, Stop, Variable,
};
pub use host::{BlockOp, BlockRequest, ChannelCounters};
