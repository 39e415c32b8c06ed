//! `covert debug`: one fault followed cycle by cycle, against what the chip itself says and against the waveforms it wrote.

mod common;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use common::{covert, refused, run, text};
use covert_wave::Options;
use serde_json::Value;

/// The stack pointer of the second replica, while the guest computes.
const CAUGHT: &str = "seu:tile1.core.regfile.regs_q[2][7]@402000";

/// Follows a fault in `compute` on `duo`; the record, what was printed.
fn follow(spec: &str, more: &[&str], folder: &Path) -> (Value, String) {
    let all =
        [&["debug", "compute", "--chip", "duo", "--inject", spec, "--out", text(folder)], more]
            .concat();
    let output = covert(&all).output().expect("runs");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let record = fs::read(folder.join("divergence.json")).expect("a record");
    (
        serde_json::from_slice(&record).expect("JSON"),
        String::from_utf8(output.stdout).expect("text"),
    )
}

fn cycle_of(record: &Value, kind: &str) -> Option<u64> {
    let events = record["events"].as_array().expect("a list");
    events.iter().find(|event| event["kind"] == kind).and_then(|event| event["cycle"].as_u64())
}

#[test]
fn a_fault_that_is_caught() {
    let folder = tempfile::tempdir().expect("a folder");
    let (record, said) = follow(CAUGHT, &[], folder.path());
    let course = &record["course"];
    assert_eq!((&course["class"], &course["fate"]), (&"recovered".into(), &"detected".into()));
    // What `covert run` says of the same fault.
    let (result, _) = run(&["compute", "--chip", "duo", "--inject", CAUGHT], 0, folder.path());
    let detection = result["detections"][0]["cycle"].as_u64();
    assert_eq!(course["detections"][0]["cycle"].as_u64(), detection);
    assert_eq!(cycle_of(&record, "detection"), detection);
    assert_eq!(course["recoveries"][0]["cycles"], result["recoveries"][0]["cycles"]);
    // It goes from register to instruction to detection to recovery.
    let order = ["injection", "spread", "detection", "recovery", "verified"];
    let cycles: Vec<u64> = order.iter().map(|kind| cycle_of(&record, kind).expect(kind)).collect();
    assert!(cycles.is_sorted(), "{cycles:?}");
    assert_eq!(cycles[0], 402_000);
    assert_eq!(course["episodes"][0]["what"], "tile1.core.regfile.regs_q");
    assert!(said.contains("flipped") && said.contains("Outcome: recovered"), "{said}");
    registers_are_those_of_the_moment(&record);
    let page = fs::read_to_string(folder.path().join("index.html")).expect("a page");
    assert!(
        page.contains(
            record["sentence"].as_str().expect("text").split(':').next().expect("a word")
        )
    );
    assert!(!page.contains("@DATA@") && page.contains("</html>"));
}

/// The registers in both runs are what the first wrong instruction left: its result is in them, and the flip.
fn registers_are_those_of_the_moment(record: &Value) {
    let table = &record["registers"];
    let rows = table["integer"].as_array().expect("32 rows");
    assert_eq!(rows.len(), 32);
    let number = |value: &Value| value.as_u64().expect("a number");
    for run in ["golden", "faulty"] {
        let first = &record[run][0];
        assert_eq!(table[format!("{run}_cycle")], first["cycle"]);
        assert_eq!(table["tile"], first["tile"]);
        let rd = number(&first["rd"]) as usize;
        assert!(rd != 0, "the case is one that writes a register: {first}");
        assert_eq!(rows[rd][run], first["rd_value"]);
        let control = table["control"].as_array().expect("a list");
        let value = |name: &str| {
            let row = control.iter().find(|row| row["name"] == name);
            row.map_or_else(|| panic!("no {name}"), |row| &row[run])
        };
        assert_eq!((value("pc"), value("next pc")), (&first["pc"], &first["next_pc"]));
        assert_eq!(value("privilege"), &first["mode"]);
        assert!(number(value("mstatus")) != 0 && number(value("mepc")) != 0, "{control:?}");
    }
    assert_eq!((rows[2]["name"].as_str(), rows[2]["abi"].as_str()), (Some("x2"), Some("sp")));
    assert_eq!(number(&rows[2]["golden"]) ^ number(&rows[2]["faulty"]), 1 << 7);
    assert_eq!(rows[0]["golden"], 0);
    for row in rows {
        assert_eq!(row["differs"], Value::Bool(row["golden"] != row["faulty"]), "{row}");
    }
    // Of the guest's registers nothing else was touched: what differs is the flipped one and what was made of it.
    let differing = rows.iter().filter(|row| row["differs"] == true).count();
    assert_eq!(differing, 2, "{rows:?}");
}

#[test]
fn first_differences_are_those_of_the_waveforms() {
    let folder = tempfile::tempdir().expect("a folder");
    let (record, _) = follow(CAUGHT, &["--waves", "6000"], folder.path());
    let [golden, faulty] = ["golden.fst", "faulty.fst"].map(|name| folder.path().join(name));
    // The flip itself, and what follows from it combinationally, come in the midst of the first cycle drawn.
    let report = covert_wave::diff(&golden, &faulty, &Options::default()).expect("waveforms");
    assert!(report.differences.len() > 10, "{} differences", report.differences.len());
    // The record names state by short paths; the leaf and the place of the tile are enough to find it.
    let mut first: BTreeMap<String, u64> = BTreeMap::new();
    for found in &report.differences {
        let leaf = found.signal.rsplit('.').next().expect("a name").to_owned();
        if found.signal.contains("gen_tile[1].u_tile.u_core.") {
            first.entry(leaf).or_insert(found.time / 20_000);
        }
    }
    let mut compared = 0;
    for episode in record["course"]["episodes"].as_array().expect("a list") {
        let (what, from) =
            (episode["what"].as_str().expect("text"), episode["from"].as_u64().expect("a number"));
        let leaf = what.rsplit('.').next().expect("a name");
        // Directly in the core, not in a module below it, where another may have the leaf's name.
        if what != format!("tile1.core.{leaf}") || from > 407_000 {
            continue;
        }
        if let Some(seen) = first.remove(leaf) {
            assert_eq!(seen, from, "{what}");
            compared += 1;
        }
    }
    assert!(compared >= 3, "{compared} registers in both");
    for name in ["golden", "faulty"] {
        let save =
            fs::read_to_string(folder.path().join(format!("{name}.gtkw"))).expect("a save file");
        assert!(
            save.contains(&format!("[dumpfile] \"{name}.fst\"")) && save.contains("u_core"),
            "{save}"
        );
        // Each signal it opens is there, with that range: GTKWave passes over others without a word.
        let there = covert_wave::ranges(&folder.path().join(format!("{name}.fst"))).expect("names");
        let there: HashSet<String> = there
            .into_iter()
            .map(|(path, range)| match range {
                Some((left, right)) => format!("{path}[{left}:{right}]"),
                None => path,
            })
            .collect();
        let opened: Vec<&str> = save.lines().filter(|line| line.starts_with("TOP.")).collect();
        assert!(opened.len() > 10 && opened.iter().any(|name| name.ends_with(']')), "{save}");
        for signal in opened {
            assert!(there.contains(signal), "{signal}");
        }
    }
}

#[test]
fn a_fault_that_is_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    // The result register of the last stage, while an instruction before it waits for the divider: the next one loads it anew.
    let (record, said) =
        follow("seu:tile1.core.w_result_q[3]@520010", &["--waves", "0"], folder.path());
    let course = &record["course"];
    assert_eq!(course["effect"].as_str().map(|text| text.starts_with("flipped")), Some(true));
    assert_eq!((&course["class"], &course["fate"]), (&"masked".into(), &"equal".into()));
    assert_eq!(cycle_of(&record, "equal"), course["fate_cycle"].as_u64());
    let episodes = course["episodes"].as_array().expect("a list");
    assert!(episodes.len() == 1 && !episodes[0]["to"].is_null(), "{episodes:?}");
    assert_eq!((&course["guest"], &course["detections"][0]), (&Value::Null, &Value::Null));
    assert_eq!(record["registers"], Value::Null);
    assert!(said.contains("before anything read it. Outcome: masked"), "{said}");
    assert!(!folder.path().join("golden.fst").exists());
}

/// Linux in the middle of its boot: found, named by the kernel's function, recovered. Only in `make test-full`.
#[test]
fn a_fault_in_the_midst_of_a_boot_of_linux() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = covert(&[
        "debug",
        "linux",
        "--chip",
        "duo",
        "--append",
        "console=ttyS0 quiet panic=-1 covert.run=boot",
        "--inject",
        "seu:tile1.core.regfile.regs_q[2][5]@12000000",
        "--out",
        text(folder.path()),
    ])
    .output()
    .expect("runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.contains("Outcome: recovered"), "{said}");
    let record = fs::read(folder.path().join("divergence.json")).expect("a record");
    let record: Value = serde_json::from_slice(&record).expect("JSON");
    // Behind the first instruction that is wrong, with the kernel's page table on.
    let place = record["faulty"][0]["place"].as_str().expect("text");
    assert!(!place.is_empty(), "the kernel's symbols name no function");
    let table = &record["registers"];
    let row = |list: &str, name: &str| {
        let rows = table[list].as_array().expect("a list");
        rows.iter().find(|row| row["name"] == name).expect("a row").clone()
    };
    assert_eq!(row("control", "satp")["golden"].as_u64().map(|satp| satp >> 31), Some(1));
    assert_eq!(row("control", "privilege")["golden"], 1);
    let page = fs::metadata(folder.path().join("index.html")).expect("a page");
    assert!(page.len() < 4_000_000, "a page of {} bytes", page.len());
}

#[test]
fn what_cannot_be_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = text(folder.path());
    let line = refused(&["debug", "compute", "--chip", "duo", "--out", out]);
    assert!(line.contains("--inject"), "{line}");
    let line =
        refused(&["debug", "compute", "--chip", "duo", "--out", out, "--inject", "random:2:1"]);
    assert!(line.contains("one fault"), "{line}");
    let line = refused(&[
        "debug",
        "ticks",
        "--chip",
        "duo",
        "--out",
        out,
        "--inject",
        "seu:tile0.core.x_rs1_q[0]@99999999",
    ]);
    assert!(line.contains("never reached"), "{line}");
    let line = refused(&[
        "debug", "compute", "--chip", "duo", "--out", out, "--inject", CAUGHT, "--json", "x",
    ]);
    assert!(line.contains("--out"), "{line}");
}

#[test]
fn two_waveforms_on_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    follow(CAUGHT, &["--waves", "4000"], folder.path());
    let [golden, faulty] = ["golden.fst", "faulty.fst"].map(|name| folder.path().join(name));
    let same = covert(&["wave", "diff", text(&golden), text(&golden)]).output().expect("runs");
    assert_eq!(same.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&same.stdout).starts_with("0 of "));
    let other = covert(&["wave", "diff", text(&golden), text(&faulty), "--limit", "3"])
        .output()
        .expect("runs");
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&other.stdout).contains("more (--limit, --json)"));
    let line = refused(&["wave", "diff", text(&golden), "/dev/null"]);
    assert!(line.contains("/dev/null"), "{line}");
}
