//! The model of the shared SDRAM device: known answers in cycles (`sdram/main.cpp`).

use std::env;
use std::path::Path;
use std::process::Command;

fn run(command: &mut Command) {
    let output = command.output().expect("the tool starts");
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&text));
}

#[test]
fn times_of_the_sdram_model() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let work = tempfile::tempdir().expect("a folder");
    let program = work.path().join("sdram");
    run(Command::new(env::var_os("CXX").unwrap_or_else(|| "c++".into()))
        .args(["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(here.join("cpp"))
        .arg(here.join("tests/sdram/main.cpp"))
        .arg("-o")
        .arg(&program));
    run(&mut Command::new(&program));
}
