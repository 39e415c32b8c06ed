//! Random bit flips in the state of a protected guest's tiles: none may come out as a wrong result. The same flips on
//! an unprotected tile do give wrong results, so that the protected count means something.
//!
//! 200 flips; 2,000 with `COVERT_TEST_FULL=1`. Each is repeatable from its line (guest, settings, seed, spec).

use covert::campaign::{Class, FaultRun, Golden, Summary, run_all};
use covert::inject::{self, Injection};
use covert::list::state_of;
use covert::session::Machine;
use covert::state::StateMap;
use covert_abi::Mode;
use covert_tests::guest::Run;

/// Guests and their share of the flips, in hundredths: a run of the others takes ten times as long as one of the first.
const SHARES: [(&str, u32); 4] = [("digest", 85), ("hostile", 5), ("compute", 5), ("ticks", 5)];
const MAX_CYCLES: u64 = 100_000_000;
const SEED: u64 = 2026;

struct Campaign {
    golden: Golden,
    machine: Machine,
}

impl Campaign {
    fn new(guest: &'static str, mode: Mode) -> Self {
        let machine = Run { fault: true, ..Run::new(guest, mode) }.machine();
        let golden = Golden::run(&machine, MAX_CYCLES).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(golden.detections, 0, "{guest}: detections without a fault");
        Self { golden, machine }
    }

    fn run(&self, flips: &[Injection]) -> Vec<FaultRun> {
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        run_all(&self.machine, &self.golden, flips, jobs, |_| ())
            .unwrap_or_else(|error| panic!("{error}"))
    }
}

fn print(what: &str, runs: &[FaultRun]) -> Summary {
    let summary = Summary::new(runs);
    println!("{what}: {}", serde_json::to_string(&summary).unwrap_or_default());
    for run in runs.iter().filter(|run| !matches!(run.class, Class::Masked | Class::Recovered)) {
        println!("  {}", serde_json::to_string(run).unwrap_or_default());
    }
    summary
}

/// Every second flip hits the other replica.
fn spread(flips: &[Injection], state: &StateMap) -> Vec<Injection> {
    let other = |flip: &Injection| flip.on_tile(1, state).unwrap_or_else(|error| panic!("{error}"));
    flips
        .iter()
        .enumerate()
        .map(|(i, flip)| if i % 2 == 0 { flip.clone() } else { other(flip) })
        .collect()
}

#[test]
fn no_flip_in_a_protected_tile_is_silent() {
    let flips = if covert_tests::is_full() { 2000 } else { 200 };
    let state = state_of(2).unwrap_or_else(|error| panic!("{error}"));
    let mut protected = Vec::new();
    let mut unprotected = Vec::new();
    for (guest, share) in SHARES {
        let count = flips * share / 100;
        let (none, dmr) = (Campaign::new(guest, Mode::None), Campaign::new(guest, Mode::Dmr));
        let drawn = inject::draw(count, SEED, &state, 1, 0..none.golden.cycles);
        let runs = dmr.run(&spread(&drawn, &state));
        print(&format!("{guest}, dmr"), &runs);
        protected.extend(runs);
        let runs = none.run(&drawn);
        print(&format!("{guest}, the same flips unprotected"), &runs);
        unprotected.extend(runs);
    }
    let protected = print("protected", &protected);
    let unprotected = print("unprotected", &unprotected);
    assert_eq!(protected.runs, flips as usize);
    assert_eq!(protected.count(Class::Sdc), 0, "a flip in a protected tile was silent");
    assert!(protected.count(Class::Recovered) > 0, "nothing was ever detected");
    let wrong = unprotected.count(Class::Sdc) + unprotected.count(Class::Hang);
    assert!(wrong > 0, "no flip did any harm to the unprotected tile");
}
