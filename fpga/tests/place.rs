//! Place and route of duo: only in the long version of the tests (`.config/nextest.toml`), it takes minutes.

use std::path::PathBuf;

use covert_fpga::{Plan, Request};

#[test]
fn duo_is_placed_and_fast_enough() {
    if std::env::var_os("COVERT_TEST_FULL").is_none_or(|text| text.is_empty()) {
        eprintln!("skipped: COVERT_TEST_FULL is not set");
        return;
    }
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("duo-placed");
    let plan = Plan::new(Request {
        board: "ulx3s".into(),
        chip: "duo".into(),
        target: None,
        out: out.clone(),
        synth_only: false,
        seed: 1,
        seeds: 4,
        firmware: "00000013\n".repeat(4096),
        injector: false,
    })
    .expect("a plan");
    let report = plan.build(&mut |_| {}).expect("a bitstream");
    let best = report.seeds.iter().find(|placed| Some(placed.seed) == report.seed).expect("a seed");
    // The board's clock, one for each tile, one for unit and devices.
    assert_eq!(best.clocks.len(), 4, "{:?}", best.clocks);
    for clock in &best.clocks {
        assert_eq!(clock.required_mhz.map(f64::round), Some(50.0), "{clock:?}");
        assert!(clock.reached_mhz >= 50.0, "{clock:?}");
    }
    let bitstream = out.join(report.bitstream.expect("a bitstream"));
    let size = std::fs::metadata(bitstream).expect("it is there").len();
    assert!(size > 100_000, "{size} bytes");
}
