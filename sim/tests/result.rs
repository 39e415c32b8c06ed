//! What `covert run` leaves behind and how it ends: the result's fields, the waveform's window, records of both
//! replicas, a reader that leaves, a fault that stays.

mod common;

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;

use common::{covert, run, text};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The stack pointer of the second replica: a fault there does not go unseen for long.
const FLIP: &str = "seu:tile1.core.regfile.regs_q[2][7]@400000";

fn expected(name: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware/guests/expected").join(name);
    fs::read(file.with_extension("txt")).expect("expected output")
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn the_result_has_the_fields_that_are_promised() {
    let dir = tempfile::tempdir().expect("a folder");
    let (result, out) = run(&["compute", "--inject", FLIP], 0, dir.path());
    for key in [
        "schema",
        "outcome",
        "guest_exit",
        "cycles",
        "tiles",
        "console_sha256",
        "disk_sha256",
        "mode_end",
        "epochs",
        "checkpoints",
        "detections",
        "recoveries",
        "injections",
        "paused_cycles",
        "wall_seconds",
        "sim_hz",
    ] {
        assert!(keys(&result).contains(&key), "no {key}");
    }
    let digest = Sha256::digest(&out).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(result["console_sha256"], digest);
    let tiles = result["tiles"].as_array().expect("tiles");
    let states: Vec<_> = tiles.iter().map(|tile| tile["state"].as_str()).collect();
    assert_eq!(states, [Some("member"), Some("member"), Some("free"), Some("free")]);
    let retired = |tile: usize| tiles[tile]["instructions"].as_u64().expect("a number");
    assert!(retired(0) > 1_000_000 && retired(1) > 1_000_000);
    assert_eq!(retired(2) + retired(3), 0, "free tiles stand still");
    // Each cycle of each tile went to something; after the end, what the console still holds is sent.
    let cycles = result["cycles"].as_u64().expect("a number");
    for (id, tile) in tiles.iter().enumerate() {
        let spent = tile["spent"].as_object().expect("what its cycles went to");
        let sum: u64 = spent.values().filter_map(Value::as_u64).sum();
        assert!((cycles..cycles + 64).contains(&sum), "tile {id}: {spent:?} of {cycles}");
        let retire = tile["spent"]["retire"].as_u64().expect("a number");
        assert!(retire <= retired(id) && (retire > 1_000_000) == (id < 2), "tile {id}: {retire}");
    }
    for (list, fields) in [
        ("detections", &["cycle", "kind", "latency_cycles", "tile"][..]),
        ("recoveries", &["cycle", "cycles", "kind"]),
        ("injections", &["cycle", "effect", "spec"]),
    ] {
        let mut found = keys(&result[list][0]);
        found.sort_unstable();
        assert_eq!(found, fields, "{list}");
    }
    for count in ["epochs", "checkpoints", "paused_cycles"] {
        assert!(result[count].as_u64() > Some(0), "{count}: {}", result[count]);
    }
}

#[test]
fn random_flips_are_those_of_their_seed() {
    let dir = tempfile::tempdir().expect("a folder");
    let flips = |spec: &str| {
        let arguments = ["ticks", "--chip", "duo", "--inject", spec];
        let (result, _) = run(&arguments, 0, dir.path());
        let specs = result["injections"].as_array().expect("a list").iter();
        specs.map(|flip| flip["spec"].as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    let three = flips("random:3:9");
    assert_eq!(three.len(), 3);
    assert_eq!(flips("random:3:9"), three);
    assert_ne!(flips("random:3:10"), three);
}

#[test]
fn random_flips_with_input_from_a_pipe() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("text");
    fs::write(&file, "a text to digest\n").expect("written");
    let input = ["digest", "--chip", "duo", "--stdin", text(&file)];
    let (_, out) = run(&input, 0, dir.path());
    let mut command = covert(&["run", "digest", "--chip", "duo", "--inject", "random:1:9"]);
    command.stdin(fs::File::open(&file).expect("open")); // neither a terminal nor `--stdin`
    let from_file = command.output().expect("runs");
    assert_eq!((from_file.status.code(), &from_file.stdout), (Some(0), &out));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
    child.stdin.take().expect("a pipe").write_all(b"a text to digest\n").expect("written");
    let from_pipe = child.wait_with_output().expect("ends");
    assert_eq!((from_pipe.status.code(), &from_pipe.stdout), (Some(0), &out));
}

#[test]
fn a_fault_that_stays_is_unrecoverable_and_lets_nothing_wrong_out() {
    let dir = tempfile::tempdir().expect("a folder");
    let stuck = FLIP.replace("seu", "stuck1");
    let (result, out) = run(&["compute", "--chip", "duo", "--inject", &stuck], 3, dir.path());
    assert_eq!((&result["outcome"], &result["guest_exit"]), (&"due".into(), &Value::Null));
    assert!(expected("compute").starts_with(&out), "{}", String::from_utf8_lossy(&out));
    // Three rollbacks by default, and the detection that is one too many.
    assert_eq!(result["detections"].as_array().map(Vec::len), Some(4), "{result}");
    assert_eq!(result["recoveries"].as_array().map(Vec::len), Some(3), "{result}");
    let output = covert(&["run", "compute", "--chip", "duo", "--inject", &stuck]).output();
    let stderr = String::from_utf8(output.expect("runs").stderr).expect("text");
    assert!(stderr.contains("detected but unrecoverable at cycle"), "{stderr}");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let mut command = covert(&["run", "hostile", "--chip", "duo"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("starts");
    let mut first = [0; 16];
    let mut reader = child.stdout.take().expect("a pipe");
    reader.read_exact(&mut first).expect("output");
    drop(reader);
    assert!(expected("hostile").starts_with(&first));
    assert_eq!(child.wait().expect("ends").code(), Some(0));
}

#[test]
fn records_hold_both_replicas() {
    let dir = tempfile::tempdir().expect("a folder");
    let record = dir.path().join("record");
    let (result, _) = run(&["ticks", "--chip", "duo", "--rvfi", text(&record)], 0, dir.path());
    let lines = fs::read_to_string(&record).expect("a record");
    for tile in 0..2 {
        let own: Vec<Vec<&str>> = lines
            .lines()
            .map(|line| line.split(' ').collect::<Vec<_>>())
            .filter(|fields| fields[0] == tile.to_string())
            .collect();
        let supervisor = own.iter().filter(|fields| fields[4] == "1").count();
        assert!(supervisor > 10_000, "tile {tile}: {supervisor} instructions of the guest");
        let counted = result["tiles"][tile]["instructions"].as_u64().expect("a number");
        assert!(own.len() as u64 >= counted, "tile {tile}: {} of {counted}", own.len());
    }
}

#[test]
fn a_waveform_covers_its_window() {
    /// A cycle of 50 MHz in the waveform's unit, a picosecond.
    const CYCLE: u64 = 20_000;
    let dir = tempfile::tempdir().expect("a folder");
    let program = common::assemble("hello", &[], dir.path());
    let file = dir.path().join("wave.fst");
    let drawn = |window: &str| {
        let argument = format!("{}{window}", text(&file));
        let (result, _) = run(&[text(&program), "--bare", "--trace", &argument], 0, dir.path());
        let bytes = fs::read(&file).expect("a waveform");
        fs::remove_file(&file).expect("it can go");
        (bytes, result["cycles"].as_u64().expect("a number"))
    };
    // The header block of FST: type 0 and its length, then these as big-endian numbers.
    let field = |bytes: &[u8], at: usize| {
        u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
    };
    let (start, end, variables, blocks) = (9, 17, 49, 65);
    let (bytes, cycles) = drawn("@100..300");
    assert!(cycles > 300, "{cycles}");
    assert_eq!((bytes[0], field(&bytes, 1)), (0, 329), "no FST file");
    assert_eq!(bytes[73].cast_signed(), -12, "unit");
    assert_eq!((field(&bytes, start), field(&bytes, end)), (100 * CYCLE, 300 * CYCLE));
    assert!(field(&bytes, variables) > 1000 && field(&bytes, blocks) > 0);
    let (bytes, _) = drawn("");
    // The chip runs a little on behind the exit, until its console is empty.
    assert_eq!(field(&bytes, start), 0);
    assert!(field(&bytes, end) >= cycles * CYCLE);
}
