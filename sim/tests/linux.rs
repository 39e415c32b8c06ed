//! Linux: the same console and the same disk alone and protected, on each chip, at any timing of memory, and across
//! switches of the mode. The sessions are those of `firmware/linux`, and what they must print is what they print on QEMU.
//!
//! `make test` runs the session `brief` alone and protected; `COVERT_TEST_FULL=1` adds the other chip and kernel, the whole session, switches of the
//! mode and seeds of memory's timing.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{run, text};
use serde_json::Value;

/// The far end of the network: echoes, and sends as many datagrams as the session's server expects. Repeatable bit for bit.
fn network(name: &str) -> &'static str {
    if name == "brief" { "user,echo=4:7007" } else { "user,echo=16:7007" }
}

fn is_full() -> bool {
    std::env::var_os("COVERT_TEST_FULL").is_some_and(|value| value == "1")
}

/// What the session prints on QEMU.
fn expected(name: &str) -> Vec<String> {
    let file = format!("../firmware/linux/expected/{name}.txt");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let all = fs::read_to_string(file).expect("expected output");
    all.lines().map(str::to_owned).collect()
}

/// A new disk, the same each time.
fn new_disk(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(name);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware/linux/new-disk.sh");
    let status = Command::new(script).arg(&file).status();
    assert!(status.expect("new-disk.sh starts").success(), "no disk");
    file
}

/// A run of a session, without a fault: its result and the lines of its console.
fn session(folder: &Path, kernel: &str, name: &str, arguments: &[&str]) -> (Value, Vec<String>) {
    let append = format!("console=ttyS0 quiet panic=-1 covert.run={name}");
    let all = [&[kernel, "--append", &append, "--max-cycles", "400000000"], arguments].concat();
    let (result, out) = run(&all, 0, folder);
    assert_eq!(result["outcome"], "ok", "{all:?}");
    assert_eq!(
        result["detections"],
        Value::Array(Vec::new()),
        "{all:?}: a detection without a fault"
    );
    let out = String::from_utf8(out).expect("text");
    println!("{all:?}: {} cycles, paused {}", result["cycles"], result["paused_cycles"]);
    (result, out.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect())
}

/// A session with a disk of its own and the network: what it printed, and what the disk holds afterwards.
fn with_devices(kernel: &str, name: &str, arguments: &[&str]) -> (Value, Vec<String>, Vec<u8>) {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = new_disk(folder.path(), "disk");
    let all = [&["--disk", text(&disk), "--net", network(name)], arguments].concat();
    let (result, out) = session(folder.path(), kernel, name, &all);
    (result, out, fs::read(disk).expect("the disk"))
}

#[test]
fn a_brief_session_is_the_same_protected() {
    let run = |mode| with_devices("linux", "brief", &["--chip", "duo", "--mode", mode]);
    let (_, alone, disk) = run("none");
    let (result, protected, protected_disk) = run("dmr");
    assert_eq!(alone, expected("brief"));
    assert_eq!(protected, alone);
    assert!(protected_disk == disk, "another disk");
    assert_eq!(result["net"]["peer"]["echoed"], 4);
    assert_eq!(result["net"]["peer"]["wrong"], 0);
}

#[test]
fn boots_the_same_on_each_chip_and_in_each_mode() {
    if !is_full() {
        println!("only in the long version");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let boots = |kernel: &str, chip: &str, mode: &str| {
        session(folder.path(), kernel, "boot", &["--chip", chip, "--mode", mode]).1
    };
    let alone = boots("linux", "duo", "none");
    assert!(alone.iter().any(|line| line == "boot: done"), "{alone:?}");
    for (kernel, chip, mode) in [
        ("linux", "duo", "dmr"),
        ("linux", "quad", "none"),
        ("linux", "quad", "dmr"),
        ("linux-6.12", "duo", "dmr"),
    ] {
        assert_eq!(boots(kernel, chip, mode), alone, "{kernel} {chip} {mode}");
    }
}

#[test]
fn disk_network_and_computation_are_the_same_protected() {
    if !is_full() {
        println!("only in the long version");
        return;
    }
    let runs = [
        ("linux", "duo", "none"),
        ("linux", "duo", "dmr"),
        ("linux", "quad", "dmr"),
        ("linux-6.12", "duo", "none"),
        ("linux-6.12", "duo", "dmr"),
    ];
    let mut disks = std::collections::BTreeMap::new();
    for (kernel, chip, mode) in runs {
        let (result, out, disk) =
            with_devices(kernel, "session", &["--chip", chip, "--mode", mode]);
        assert_eq!(out, expected("session"), "{kernel} {chip} {mode}");
        assert_eq!(result["net"]["peer"]["echoed"], 16, "{kernel} {chip} {mode}");
        assert_eq!(result["net"]["peer"]["wrong"], 0, "{kernel} {chip} {mode}");
        let first = disks.entry(kernel).or_insert_with(|| disk.clone());
        assert!(*first == disk, "{kernel} {chip} {mode}: another disk");
    }
}

#[test]
fn switches_of_the_mode_in_the_midst_of_disk_work_are_not_seen() {
    if !is_full() {
        println!("only in the long version");
        return;
    }
    let (alone, out, disk) = with_devices("linux", "disk", &["--chip", "duo", "--mode", "none"]);
    let cycles = alone["cycles"].as_u64().expect("a number");
    // The second half of such a run is the disk's; a switch takes effect at the end of an epoch.
    let at = |percent: u64| (cycles * percent / 100).to_string();
    let times = [at(55), at(70), at(80), at(95)];
    let mut switches = vec!["--chip", "duo"];
    for (i, time) in times.iter().enumerate() {
        switches
            .extend([if i % 2 == 0 { "--protect-at" } else { "--unprotect-at" }, time.as_str()]);
    }
    let (result, switched, switched_disk) = with_devices("linux", "disk", &switches);
    assert_eq!(switched, out);
    assert!(switched_disk == disk, "another disk");
    let members = result["members"].as_array().expect("changes of the group");
    assert!(members.len() >= 4, "protected and unprotected again and again: {members:?}");
}

#[test]
fn timing_of_memory_is_not_seen() {
    if !is_full() {
        println!("only in the long version");
        return;
    }
    let (_, out, disk) = with_devices("linux", "disk", &["--chip", "duo", "--mode", "none"]);
    let mut lengths = std::collections::BTreeSet::new();
    for seed in 1..=10 {
        let seed = seed.to_string();
        let arguments = ["--chip", "duo", "--memory", "1..12", "--seed", &seed];
        let (result, other, other_disk) = with_devices("linux", "disk", &arguments);
        assert_eq!(other, out, "seed {seed}");
        assert!(other_disk == disk, "seed {seed}: another disk");
        lengths.insert(result["cycles"].as_u64());
    }
    assert_eq!(lengths.len(), 10, "the seeds change when things happen");
}
