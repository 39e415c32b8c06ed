//! Programs for the tests, and the command under test.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::assert::OutputAssertExt as _;
use assert_cmd::cargo::CommandCargoExt as _;
use serde_json::Value;

/// Assembles `bare/NAME.S` for `--bare`; `defines` are symbols of the assembler.
pub(crate) fn assemble(name: &str, defines: &[(&str, u32)], folder: &Path) -> PathBuf {
    assemble_file(&format!("bare/{name}.S"), defines, folder)
}

/// The same for a file of the folder `tests`.
pub(crate) fn assemble_file(source: &str, defines: &[(&str, u32)], folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(source);
    let name = source.file_stem().expect("a name");
    let program = folder.join(name).with_extension("elf");
    let mut gcc = Command::new("riscv64-unknown-elf-gcc");
    gcc.args(["-march=rv32imac_zicsr_zifencei", "-mabi=ilp32", "-nostdlib", "-static"]);
    gcc.args(["-Wl,-n", "-Wl,-Ttext=0x80000000", "-Wl,--no-warn-rwx-segments", "-o"]).arg(&program);
    for (symbol, value) in defines {
        gcc.arg(format!("-Wa,--defsym,{symbol}={value}"));
    }
    gcc.arg(&source);
    let status = gcc.status().expect("riscv64-unknown-elf-gcc starts");
    assert!(status.success(), "{} does not assemble", source.display());
    program
}

/// `covert` with arguments, without input.
pub(crate) fn covert(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("covert").expect("the command is built");
    command.args(arguments).stdin(std::process::Stdio::null());
    command
}

/// Runs a command that must fail on its input: exit code 2, nothing on stdout, one line on stderr; returns it.
pub(crate) fn refused(arguments: &[&str]) -> String {
    let output = covert(arguments).output().expect("the command starts");
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    assert_eq!(output.stdout, b"", "{arguments:?}");
    assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
    assert!(stderr.starts_with("covert: "), "{stderr}");
    stderr
}

/// Runs `covert run` to a result, which is returned with the console's output.
pub(crate) fn run(arguments: &[&str], code: i32, folder: &Path) -> (Value, Vec<u8>) {
    let json = folder.join("result.json");
    let mut all = vec!["run"];
    all.extend(arguments);
    all.extend(["--json", json.to_str().expect("a plain name")]);
    let output = covert(&all).assert().code(code).get_output().clone();
    let text = std::fs::read(&json).expect("a result");
    std::fs::remove_file(&json).expect("the result can go");
    (serde_json::from_slice(&text).expect("JSON"), output.stdout)
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a plain name")
}

/// A file of the project's cache, whether it is there or not.
pub(crate) fn cached(name: &str) -> PathBuf {
    let cache = std::env::var_os("COVERT_CACHE").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/covert");
    cache.unwrap_or_else(home).join(name)
}

/// Whether the project's cache has Yosys.
pub(crate) fn has_yosys() -> bool {
    cached("venv/bin/yosys").is_file()
}
