//! Replicas depend on nothing but their inputs: whatever the memory latency of each tile, a protected guest prints
//! the same and no check fires. A false detection would be a bug of the first order.

use covert::console::Output;
use covert::session::{End, Session, end_of};
use covert_abi::Mode;
use covert_tests::guest::{Run, expected};

/// Seeds of the latencies; each channel of the chip draws its own from 1 to [`SLOWEST`] for each request.
const SEEDS: u64 = 20;
const SLOWEST: u32 = 8;
const MAX_CYCLES: u64 = 100_000_000;

fn outputs_are_equal(guest: &'static str) {
    let run = |mode, latency, seed| {
        let run = Run { latency, seed, ..Run::new(guest, mode) };
        let mut session = Session::new(&run.machine(), Output::new(None))
            .unwrap_or_else(|error| panic!("{error}"));
        let stop = session.run_until(MAX_CYCLES).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(end_of(stop), End::Exit(0), "{guest} {mode:?} latency {latency:?} seed {seed}");
        assert_eq!(session.detections, [], "{guest} {mode:?} latency {latency:?} seed {seed}");
        (session.console.bytes().to_vec(), session.chip().cycle())
    };
    let (reference, _) = run(Mode::None, (2, 2), 0);
    if guest != "digest" {
        assert!(reference == expected(guest), "{guest} alone prints something else than on QEMU");
    }
    let mut lengths = std::collections::BTreeSet::new();
    for seed in 0..SEEDS {
        let (console, cycles) = run(Mode::Dmr, (1, SLOWEST), seed);
        assert!(console == reference, "{guest} with seed {seed} prints something else");
        lengths.insert(cycles);
    }
    // The seeds do change when things happen.
    assert!(lengths.len() as u64 > SEEDS / 2, "{guest}: {} different lengths", lengths.len());
    println!("{guest}: {SEEDS} seeds, latencies 1..{SLOWEST}, 0 detections, lengths {lengths:?}");
}

#[test]
fn compute() {
    outputs_are_equal("compute");
}

#[test]
fn digest() {
    outputs_are_equal("digest");
}

#[test]
fn ticks() {
    outputs_are_equal("ticks");
}

#[test]
fn hostile() {
    outputs_are_equal("hostile");
}
