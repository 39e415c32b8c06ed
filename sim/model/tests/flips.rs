//! A flip from outside is as if the register had held the other value: known answers on a small module,
//! verilated with the options and the harness code that the fault model of the chip has.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn verilator() -> PathBuf {
    PathBuf::from(env!("COVERT_MODEL_VERILATOR"))
}

fn run(command: &mut Command) {
    let output = command.output().expect("the tool starts");
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&text));
}

#[test]
fn flips_reach_all_that_depends_on_them() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = here.join("tests/flips");
    let work = tempfile::tempdir().expect("a folder");
    let root = verilator();
    run(Command::new(root.join("bin/verilator_bin"))
        .env("VERILATOR_ROOT", &root)
        .args(["--cc", "--prefix", "Vflips", "--top-module", "flips", "-O3", "--x-assign", "fast"])
        .args(["--x-initial", "fast", "--no-assert", "--no-timing", "--trace-fst", "--Mdir"])
        .arg(work.path())
        .arg(here.join("fault.vlt"))
        .arg(source.join("flips.sv")));

    let is_cpp = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "cpp");
    let generated = fs::read_dir(work.path()).expect("generated files").flatten();
    let mut files: Vec<PathBuf> = generated.map(|entry| entry.path()).filter(is_cpp).collect();
    for name in ["verilated.cpp", "verilated_threads.cpp", "verilated_fst_c.cpp"] {
        files.push(root.join("include").join(name));
    }
    files.extend([here.join("cpp/state.cpp"), source.join("main.cpp")]);
    let program = work.path().join("flips");
    run(Command::new(env::var_os("CXX").unwrap_or_else(|| "c++".into()))
        .args(["-std=c++17", "-O1", "-w", "-pthread", "-DVL_TIME_CONTEXT", "-DVM_TRACE=1"])
        .args([
            "-DVM_TRACE_FST=1",
            "-DVM_COVERAGE=0",
            "-DVM_SC=0",
            "-DVM_TIMING=0",
            "-DVERILATOR=1",
        ])
        .args([
            Path::new("-I"),
            &root.join("include"),
            Path::new("-I"),
            &root.join("include/vltstd"),
        ])
        .args([Path::new("-I"), &root.join("include/fstcpp"), Path::new("-I"), &here.join("cpp")])
        .arg("-I")
        .arg(work.path())
        .args(&files)
        .args(["-llz4", "-lz", "-o"])
        .arg(&program));
    run(&mut Command::new(program));
}
