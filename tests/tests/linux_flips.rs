//! Random bit flips in the tiles' state while a protected Linux boots and works with its disk and the network: none may
//! change what it prints or what the disk holds.
//!
//! 20 flips in the session `brief`; 300 with `COVERT_TEST_FULL=1`. Each is repeatable from its line.

use std::path::Path;
use std::process::Command;

use clap::Parser as _;
use covert::campaign::{Class, FaultRun, Golden, Summary, run_all};
use covert::cli::{self, Cli};
use covert::inject;
use covert::list::state_of;
use covert::plan::Plan;
use covert::session::End;

const SEED: u64 = 6;
const MAX_CYCLES: u64 = 400_000_000;

#[test]
fn no_flip_under_linux_is_silent() {
    let flips = if covert_tests::is_full() { 300 } else { 20 };
    let folder = tempfile::tempdir().expect("a folder");
    let disk = folder.path().join("disk");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware/linux/new-disk.sh");
    let status = Command::new(script).arg(&disk).status();
    assert!(status.expect("new-disk.sh starts").success(), "no disk");

    let append = "console=ttyS0 quiet panic=-1 covert.run=brief";
    let line = ["covert", "run", "linux", "--chip", "duo", "--stdin", "/dev/null"];
    let devices = ["--net", "user,echo=4:7007", "--append", append, "--disk"];
    let cli = Cli::parse_from(
        line.iter().chain(&devices).map(|word| (*word).into()).chain([disk.into_os_string()]),
    );
    let cli::Command::Run(arguments) = cli.command else { panic!("another command") };
    let mut machine = Plan::new(&arguments).unwrap_or_else(|error| panic!("{error}")).machine;
    machine.options.fault = true;

    let golden = Golden::run(&machine, MAX_CYCLES).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(golden.end, End::Exit(0), "{}", String::from_utf8_lossy(&golden.console));
    assert_eq!(golden.detections, 0, "detections without a fault");
    let state = state_of(2).unwrap_or_else(|error| panic!("{error}"));
    // From where the second replica is there: the copy of the kernel takes about a quarter of a boot.
    let drawn = inject::draw(flips, SEED, &state, 2, golden.cycles / 4..golden.cycles);
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    // Each as it comes: with `--no-capture` a run that is cut off says what it has seen.
    let runs = run_all(&machine, &golden, &drawn, jobs, |run| println!("  {}", describe(run)))
        .unwrap_or_else(|error| panic!("{error}"));
    let summary = Summary::new(&runs);
    println!(
        "brief, {} cycles: {}",
        golden.cycles,
        serde_json::to_string(&summary).unwrap_or_default()
    );
    assert_eq!(summary.runs, flips as usize);
    assert_eq!(summary.count(Class::Sdc), 0, "a flip in a protected tile was silent");
    assert_eq!(summary.count(Class::Hang), 0, "a flip in a protected tile made it hang");
    assert!(summary.count(Class::Recovered) > 0, "nothing was ever detected");
}

fn describe(run: &FaultRun) -> String {
    serde_json::to_string(run).unwrap_or_default()
}
