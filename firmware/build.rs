//! Gives the firmware its linker script, with the addresses of the register map.

use std::env;

use covert_abi::layout::{IMAGE_MAX, RESET_VECTOR, VMM_BASE};

fn main() {
    println!("cargo:rerun-if-changed=firmware.ld");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    let dir = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    println!("cargo:rustc-link-arg-bins=-T{dir}/firmware.ld");
    for (name, value) in [("reset_vector", RESET_VECTOR), ("stack_top", VMM_BASE + IMAGE_MAX)] {
        println!("cargo:rustc-link-arg-bins=--defsym={name}={value:#x}");
    }
}
