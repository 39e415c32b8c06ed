//! The list of injectable state against an independent reading of the RTL: Yosys' flip-flops and memories,
//! both ways round.

mod common;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use common::covert;
use covert_model::{Chip, Memory, Options};
use serde_json::Value;

fn python() -> Option<PathBuf> {
    let cache = match std::env::var_os("COVERT_CACHE") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".cache/covert"),
    };
    let python = cache.join("venv/bin/python");
    let has_yosys = Command::new(&python).args(["-c", "import pyosys"]).status();
    has_yosys.is_ok_and(|status| status.success()).then_some(python)
}

fn chip(tiles: u32) -> Chip {
    let options = Options {
        tiles,
        fault: true,
        bare: None,
        memory: Memory::Latency { min: 1, max: 1 },
        idle_skip: false,
        seed: 0,
    };
    Chip::new(&options).expect("a chip")
}

#[test]
fn yosys_finds_the_same_flip_flops() {
    let Some(python) = python() else {
        eprintln!("skipped: no pyosys in the project's cache (make setup)");
        return;
    };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for tiles in [1, 2, 4] {
        let output = Command::new(&python)
            .arg(here.join("tests/flip_flops.py"))
            .arg(tiles.to_string())
            .arg(here.join("../rtl/covert.f"))
            .output()
            .expect("python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("text");
        let yosys: BTreeMap<String, u64> = text
            .lines()
            .filter_map(|line| line.split_once(' '))
            // Yosys gives a chain of conditional generate blocks a level of its own.
            .map(|(path, bits)| (path.replace("genblk1.", ""), bits.parse().expect("bits")))
            .collect();
        assert!(yosys.len() > 100, "{} registers only", yosys.len());
        let ours: BTreeMap<String, u64> = chip(tiles)
            .variables()
            .iter()
            .map(|variable| {
                let path = variable.path.trim_start_matches("covert_sim.u_chip.").to_owned();
                (path, u64::from(variable.width) * u64::from(variable.words))
            })
            .collect();
        let missing: Vec<_> = yosys.iter().filter(|(path, _)| !ours.contains_key(*path)).collect();
        assert!(missing.is_empty(), "not listed: {missing:?}");
        let extra: Vec<_> = ours.iter().filter(|(path, _)| !yosys.contains_key(*path)).collect();
        assert!(extra.is_empty(), "listed, but no flip-flops: {extra:?}");
        let differ: Vec<_> = ours.iter().filter(|(path, bits)| yosys[*path] != **bits).collect();
        assert!(differ.is_empty(), "other numbers of bits: {differ:?}");
    }
}

#[test]
fn the_list_is_complete_and_unambiguous() {
    for (name, tiles) in [("solo", 1), ("duo", 2), ("quad", 4)] {
        let output = covert(&["list-state", "--chip", name, "--json"]).output().expect("runs");
        let list: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let entries = list["state"].as_array().expect("a list");
        assert_eq!(entries.len(), chip(tiles).variables().len());
        let paths: HashSet<&str> =
            entries.iter().filter_map(|entry| entry["path"].as_str()).collect();
        assert_eq!(paths.len(), entries.len(), "a path stands twice");
        let sum: u64 =
            list["totals"].as_object().expect("totals").values().filter_map(Value::as_u64).sum();
        assert_eq!(sum, list["bits"].as_u64().expect("bits"));
        for tile in 0..tiles {
            assert!(list["totals"][format!("tile{tile}")].as_u64() > Some(1000));
            assert!(
                paths.contains(format!("tile{tile}.core.regfile.regs_q").as_str()),
                "{paths:?}"
            );
        }
        assert!(!paths.iter().any(|path| path.contains("u_") && path.contains("gen_")));
        let table = covert(&["list-state", "--chip", name]).output().expect("runs").stdout;
        let table = String::from_utf8(table).expect("text");
        assert_eq!(table.lines().count(), 1 + entries.len() + tiles as usize + 2);
    }
}
