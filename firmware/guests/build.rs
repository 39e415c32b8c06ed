//! Gives each program its linker script: guests stand in guest RAM, the stand-in firmwares above or below it.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=guest.ld");
    println!("cargo:rerun-if-changed=qemu-sbi.ld");
    println!("cargo:rerun-if-changed=qemu-linux.ld");
    println!("cargo:rerun-if-env-changed=COVERT_COMPUTE_ROUNDS");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    let dir = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    for bin in ["compute", "digest", "ticks", "hostile"] {
        println!("cargo:rustc-link-arg-bin={bin}=-T{dir}/guest.ld");
    }
    println!("cargo:rustc-link-arg-bin=qemu-sbi=-T{dir}/qemu-sbi.ld");
    println!("cargo:rustc-link-arg-bin=qemu-linux=-T{dir}/qemu-linux.ld");
}
