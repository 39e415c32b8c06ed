//! The stand-alone benches, run as their scripts are run by hand: leaf modules of the core, blocks of the chip,
//! blocks around it on a board, and the guests and Linux on QEMU.

use std::path::Path;
use std::process::Command;

/// Runs a script of the project; its output is printed, and its last line must say that nothing failed.
fn passes(script: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new("bash")
        .arg(script)
        .current_dir(root)
        .output()
        .unwrap_or_else(|error| panic!("{script}: {error}"));
    let stdout = String::from_utf8_lossy(&output.stdout);
    println!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script} failed");
    let last = stdout.trim_end().lines().next_back().unwrap_or_default();
    assert!(last.contains("passed, 0 failed") && !last.starts_with('0'), "{script}: {last}");
}

#[test]
fn core_modules() {
    passes("rtl/tile/tb/run.sh");
}

#[test]
fn chip_blocks() {
    passes("rtl/tb.sh");
}

#[test]
fn fpga_blocks() {
    passes("fpga/tb.sh");
}

#[test]
fn guests_on_qemu() {
    passes("firmware/guests/test-on-qemu.sh");
}

#[test]
fn linux_on_qemu() {
    passes("firmware/linux/test-on-qemu.sh");
}
