//! The built-in guests on both models and in both modes: right output, the same run on either model, a switch
//! of modes that the guest does not see.

mod common;

use std::fs;
use std::path::Path;

use common::{covert, run, text};
use serde_json::Value;

fn expected(name: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware/guests/expected").join(name);
    fs::read(file.with_extension("txt")).expect("expected output")
}

/// Without what depends on the host.
fn timeless((mut result, out): (Value, Vec<u8>)) -> (Value, Vec<u8>) {
    for timed in ["wall_seconds", "sim_hz"] {
        result[timed] = 0.into();
    }
    (result, out)
}

#[test]
fn the_list_names_them() {
    let out = covert(&["guests"]).output().expect("runs").stdout;
    let names: Vec<String> = String::from_utf8(out)
        .expect("text")
        .lines()
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect();
    assert_eq!(names, ["compute", "digest", "ticks", "hostile", "linux", "linux-6.12"]);
}

#[test]
fn both_models_run_them_alike() {
    let dir = tempfile::tempdir().expect("a folder");
    let input = dir.path().join("input");
    fs::write(&input, "one two\nthree\n".repeat(50)).expect("written");
    for (guest, chip, mode) in
        [("hostile", "duo", "dmr"), ("ticks", "solo", "none"), ("digest", "quad", "dmr")]
    {
        let arguments = [guest, "--chip", chip, "--mode", mode, "--stdin", text(&input)];
        let fast = timeless(run(&arguments, 0, dir.path()));
        if guest != "digest" {
            assert_eq!(fast.1, expected(guest), "{guest}");
        }
        assert_eq!(fast.0["detections"], Value::Array(Vec::new()), "{guest}");
        let fault = [&arguments[..], &["--rvfi", "/dev/null"]].concat();
        assert_eq!(timeless(run(&fault, 0, dir.path())), fast, "{guest}");
    }
}

#[test]
fn a_switch_of_modes_is_not_seen() {
    let dir = tempfile::tempdir().expect("a folder");
    let arguments = [
        "compute",
        "--chip",
        "duo",
        "--protect-at",
        "300000",
        "--unprotect-at",
        "1500000",
        "--protect-at",
        "2500000",
    ];
    let (result, out) = run(&arguments, 0, dir.path());
    assert_eq!(out, expected("compute"));
    assert_eq!(result["mode_end"], "dmr");
    let members: Vec<u64> = result["members"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| change["tiles"].as_array().map_or(0, Vec::len) as u64)
        .collect();
    assert!(members.ends_with(&[1, 2, 1, 2]), "{members:?}");
}

#[test]
fn a_flip_is_recovered_from_and_told() {
    let dir = tempfile::tempdir().expect("a folder");
    // The stack pointer: such a flip does not go unseen for long.
    let spec = "seu:tile1.core.regfile.regs_q[2][7]@400000";
    let (result, out) = run(&["compute", "--chip", "duo", "--inject", spec], 0, dir.path());
    assert_eq!(out, expected("compute"));
    assert_eq!(result["injections"][0]["spec"], spec);
    let detections = result["detections"].as_array().expect("a list");
    assert!(!detections.is_empty());
    let cycle = detections[0]["cycle"].as_u64().expect("a cycle");
    assert_eq!(detections[0]["latency_cycles"], cycle - 400_000);
    assert_eq!(result["recoveries"][0]["kind"], "rollback");
    assert_eq!(result["recoveries"][0]["cycle"], cycle);
}
