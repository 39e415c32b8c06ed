//! Where the tools are, and running them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Root of the source tree.
pub(crate) fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Verilator's folder: `COVERT_VERILATOR_ROOT`, else the one that set-up installs.
pub(crate) fn verilator_root() -> PathBuf {
    if let Some(root) = env::var_os("COVERT_VERILATOR_ROOT").filter(|root| !root.is_empty()) {
        return root.into();
    }
    let cache = env::var_os("COVERT_CACHE").map_or_else(
        || PathBuf::from(env::var_os("HOME").expect("HOME is not set")).join(".cache/covert"),
        PathBuf::from,
    );
    let lib = cache.join("venv/lib");
    fs::read_dir(&lib)
        .into_iter()
        .flatten()
        .flatten()
        .map(|python| python.path().join("site-packages/verilator"))
        .find(|root| root.is_dir())
        .unwrap_or_else(|| panic!("no Verilator below {}: run make setup", lib.display()))
}

/// Runs a command to its end; panics with its output if it fails.
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?} failed:\n{}", text(&output));
    output
}

/// Everything a command printed.
pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Verilator, ready for arguments.
pub(crate) fn verilator() -> Command {
    let root = verilator_root();
    let mut command = Command::new(root.join("bin/verilator_bin"));
    command.env("VERILATOR_ROOT", root);
    command
}

/// Yosys with a script; the Python package stands beside Verilator's.
pub(crate) fn yosys(script: &str) -> Command {
    let root = verilator_root();
    let venv = root.ancestors().nth(4).expect("Verilator stands in a virtual environment");
    let mut command = Command::new(venv.join("bin/python"));
    command.arg(project().join("scripts/yosys.py")).args(["-p", script]);
    command
}
