//! Embeds the firmware and the built-in guests, which `scripts/firmware.sh` builds beforehand.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Name and what it does, as `covert guests` lists them.
const GUESTS: &[(&str, &str)] = &[
    ("compute", "millions of instructions, prints a checksum"),
    ("digest", "reads its input, prints its SHA-256 and counts lines, words and bytes"),
    ("ticks", "counts timer interrupts"),
    ("hostile", "reads, writes and jumps where it must not; each try is contained"),
];

fn main() {
    if let Err(message) = embed() {
        println!("cargo::error={message}");
        std::process::exit(1);
    }
}

fn embed() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed=COVERT_FIRMWARE_DIR");
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(|e| e.to_string())?);
    let folder = match env::var_os("COVERT_FIRMWARE_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => here.join("../target/firmware/riscv32imac-unknown-none-elf/release"),
    };
    let mut code = String::new();
    let firmware = include(&folder, "covert-firmware")?;
    let _ = writeln!(code, "static FIRMWARE_ELF: &[u8] = {firmware};");
    code.push_str("static GUESTS: &[Guest] = &[\n");
    for (name, about) in GUESTS {
        let elf = include(&folder, name)?;
        let _ = writeln!(code, "    Guest {{ name: {name:?}, about: {about:?}, elf: {elf} }},");
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(|e| e.to_string())?);
    fs::write(out.join("embedded.rs"), code).map_err(|e| e.to_string())
}

fn include(folder: &Path, name: &str) -> Result<String, String> {
    let file = folder.join(name);
    println!("cargo::rerun-if-changed={}", file.display());
    if !file.is_file() {
        return Err(format!("no {}: the firmware is not built; run `make build`", file.display()));
    }
    Ok(format!("include_bytes!({:?})", file.display().to_string()))
}
