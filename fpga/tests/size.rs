//! `fpga/size.sh`: what one block takes, and its answers to wrong names.

use std::path::Path;
use std::process::{Command, Output};

fn size(arguments: &[&str]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("size.sh");
    Command::new(script).args(arguments).output().expect("size.sh starts")
}

#[test]
fn the_block_rams_of_a_cache_are_those_of_its_ways() {
    for (module, ways) in [("covert_icache", 1), ("covert_icache", 2), ("covert_dcache", 4)] {
        let output = size(&[module, &format!("Ways={ways}")]);
        let line = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "{module}: {}", String::from_utf8_lossy(&output.stderr));
        // A way is 4 KiB in two block RAMs, and its tags are in a third.
        let rams = format!("DP16KD {},", 3 * ways);
        assert!(line.starts_with("LUT4 ") && line.contains(&rams), "{module}, {ways} ways: {line}");
    }
}

#[test]
fn wrong_names_are_refused() {
    for (arguments, word) in [
        (&[][..], "usage"),
        (&["covert_nothing"], "covert_nothing"),
        (&["covert_gate", "Ways"], "PARAMETER=VALUE"),
        (&["covert_gate", "Wais=1"], "Wais"),
    ] {
        let output = size(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty() && error.contains(word), "{arguments:?}: {error}");
    }
}
