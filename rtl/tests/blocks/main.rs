//! Tests of the generated blocks: lint, co-simulation of the Rust model with the Verilated Verilog,
//! each against an independent statement of its promise, and a formal proof of the comparator's.

mod comparator;
mod dut;
mod formal;
mod frame;
mod generated;
mod ports;
mod reference;
mod registers;
mod tools;
mod traffic;
