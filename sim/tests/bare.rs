//! Bare programs: console, exit codes, HTIF, signature; fast model and fault model do the same.

mod common;

use std::fs;

use common::{assemble, covert, run, text};
use covert_model::{Bare, Chip, Memory, Options};

#[test]
fn console_and_exit_device() {
    let dir = tempfile::tempdir().expect("a folder");
    let (result, out) = run(&[text(&assemble("hello", &[], dir.path())), "--bare"], 0, dir.path());
    assert_eq!(out, b"hello from M-mode\n");
    assert_eq!((&result["outcome"], &result["guest_exit"]), (&"ok".into(), &0.into()));
    assert_eq!(result["schema"], 1);
    let (result, _) = run(&[text(&assemble("fail", &[], dir.path())), "--bare"], 1, dir.path());
    assert_eq!((&result["outcome"], &result["guest_exit"]), (&"guest-failure".into(), &7.into()));
}

#[test]
fn input_to_the_hang_up() {
    let dir = tempfile::tempdir().expect("a folder");
    let program = assemble("echo", &[], dir.path());
    let input = dir.path().join("input");
    let bytes: Vec<u8> = (0..3000_u32).map(|i| (i * 7 % 251) as u8).collect();
    fs::write(&input, &bytes).expect("written");
    let expected: Vec<u8> = bytes.iter().map(|byte| byte.wrapping_add(1)).collect();
    let (_, out) = run(&[text(&program), "--bare", "--stdin", text(&input)], 0, dir.path());
    assert_eq!(out, expected);
    // The command's own standard input, as a file and as a pipe.
    let mut command = covert(&["run", text(&program), "--bare"]);
    let file = fs::File::open(&input).expect("there");
    assert_eq!(command.stdin(file).output().expect("runs").stdout, expected);
    let mut piped = std::process::Command::new("cat");
    let mut cat = piped.arg(&input).stdout(std::process::Stdio::piped()).spawn().expect("cat");
    let pipe = cat.stdout.take().expect("a pipe");
    let mut command = covert(&["run", text(&program), "--bare"]);
    assert_eq!(command.stdin(pipe).output().expect("runs").stdout, expected);
    assert!(cat.wait().expect("cat ends").success());
}

#[test]
fn htif_and_signature() {
    let dir = tempfile::tempdir().expect("a folder");
    for (code, exit) in [(0, 0), (5, 1)] {
        let program = assemble("htif", &[("CODE", code)], dir.path());
        let signature = dir.path().join("signature");
        let arguments = [text(&program), "--bare", "--signature", text(&signature)];
        let (result, out) = run(&arguments, exit, dir.path());
        assert_eq!(out, b"hi\n");
        assert_eq!(result["guest_exit"], code);
        let lines = fs::read_to_string(&signature).expect("a signature");
        assert_eq!(lines, "deadbeef\n01234567\n000055aa\n");
    }
}

#[test]
fn a_run_that_does_not_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let program = assemble("spin", &[("ROUNDS", 1_000_000)], dir.path());
    let (result, _) = run(&[text(&program), "--bare", "--max-cycles", "5000"], 1, dir.path());
    assert_eq!((&result["outcome"], &result["cycles"]), (&"timeout".into(), &5000.into()));
}

#[test]
fn the_same_run_twice_and_on_both_models() {
    let dir = tempfile::tempdir().expect("a folder");
    let program = assemble("spin", &[("ROUNDS", 3000)], dir.path());
    for latency in ["1", "2", "1..9"] {
        let arguments = [text(&program), "--bare", "--mem-latency", latency, "--seed", "3"];
        let strip = |(mut result, out): (serde_json::Value, Vec<u8>)| {
            for timed in ["wall_seconds", "sim_hz"] {
                result[timed] = 0.into();
            }
            (result, out)
        };
        let first = strip(run(&arguments, 0, dir.path()));
        assert_eq!(strip(run(&arguments, 0, dir.path())), first);
        // Instruction records need the fault model.
        let fault = [&arguments[..], &["--rvfi", "/dev/null"]].concat();
        assert_eq!(strip(run(&fault, 0, dir.path())), first);
    }
}

#[test]
fn both_models_leave_the_same_memory() {
    let dir = tempfile::tempdir().expect("a folder");
    let program = fs::read(assemble("spin", &[("ROUNDS", 2000)], dir.path())).expect("assembled");
    let program = covert::elf::Program::parse(&program, 0x8000_0000, 1 << 25).expect("a program");
    for tiles in [1, 2, 4] {
        let final_state = |fault| {
            let options = Options {
                tiles,
                fault,
                bare: Some(Bare { boot_address: program.entry, host_page: None }),
                memory: Memory::Latency { min: 1, max: 5 },
                idle_skip: false,
                seed: 11,
            };
            let mut chip = Chip::new(&options).expect("a chip");
            for chunk in covert::boot::bare_chunks(&program) {
                chip.write_memory(chunk.address, &chunk.bytes).expect("inside");
            }
            let stop = chip.run_until(1_000_000).expect("runs");
            let mut memory = vec![0; chip.memory_size()];
            chip.read_memory(0, &mut memory).expect("all of it");
            let mut console = Vec::new();
            chip.take_console(&mut console);
            (stop, chip.cycle(), chip.counters(), console, memory)
        };
        assert!(final_state(false) == final_state(true), "{tiles} tiles");
    }
}

#[test]
fn instruction_records() {
    let dir = tempfile::tempdir().expect("a folder");
    let program = assemble("hello", &[], dir.path());
    let record = dir.path().join("record");
    let (result, _) = run(&[text(&program), "--bare", "--rvfi", text(&record)], 0, dir.path());
    let lines = fs::read_to_string(&record).expect("a record");
    let first: Vec<&str> = lines.lines().next().expect("an instruction").split(' ').collect();
    assert_eq!(first.len(), 15, "{first:?}");
    assert_eq!((first[0], first[2], first[4]), ("0", "80000000", "3"));
    assert!(
        lines.lines().count() as u64
            <= result["tiles"][0]["instructions"].as_u64().expect("a count")
    );
    let orders: Vec<u64> = lines
        .lines()
        .map(|line| line.split(' ').nth(1).expect("order").parse().expect("number"))
        .collect();
    assert!(orders.windows(2).all(|pair| pair[1] == pair[0] + 1));
}
