//! Faults: flips do what they say, stuck bits stay, a forked run is the run itself, and equal digests mean
//! equal runs.

mod common;

use std::fs;

use common::{assemble, run, text};
use covert::campaign::{Class, Golden, run_all};
use covert::console::{Input, Output};
use covert::devices::Attached;
use covert::elf::Program;
use covert::inject::{self, Injection, Spec};
use covert::session::{Machine, Session, Step, end_of};
use covert::state::StateMap;
use covert_model::{Bare, Chip, Memory, Options};

fn spin(rounds: u32) -> Machine {
    let dir = tempfile::tempdir().expect("a folder");
    let file = fs::read(assemble("spin", &[("ROUNDS", rounds)], dir.path())).expect("assembled");
    let program = Program::parse(&file, 0x8000_0000, 1 << 25).expect("a program");
    let options = Options {
        tiles: 1,
        fault: true,
        bare: Some(Bare { boot_address: program.entry, host_page: None }),
        memory: Memory::Latency { min: 2, max: 2 },
        idle_skip: false,
        seed: 0,
    };
    let chunks = covert::boot::bare_chunks(&program);
    let input = Input::Bytes(Vec::new());
    Machine { options, chunks, htif: None, input, modes: Vec::new(), attached: Attached::default() }
}

fn one(spec: &str, chip: &Chip, state: &StateMap) -> Injection {
    match spec.parse() {
        Ok(Spec::One(one)) => Injection::resolve(&one, chip, state).expect("it is there"),
        other => panic!("{spec}: {other:?}"),
    }
}

#[test]
fn a_flip_in_memory_changes_what_is_printed() {
    let dir = tempfile::tempdir().expect("a folder");
    let program = assemble("hello", &[], dir.path());
    let file = fs::read(&program).expect("assembled");
    let parsed = Program::parse(&file, 0x8000_0000, 1 << 25).expect("a program");
    let bytes = &parsed.chunks[0].bytes;
    let at = bytes.windows(5).position(|window| window == b"hello").expect("the text");
    let spec = format!("mem:0:{:#x}[5]@0", 0x8000_0000 + at);
    let (result, out) = run(&[text(&program), "--bare", "--inject", &spec], 0, dir.path());
    assert_eq!(out, b"Hello from M-mode\n");
    assert_eq!(result["injections"][0]["effect"], "flipped 1 to 0");
}

#[test]
fn bits_flip_and_stick() {
    let machine = spin(2000);
    let mut chip = machine.power_on().expect("a chip");
    let state = StateMap::new(&chip);
    chip.run_until(500).expect("runs");
    for number in (0..state.bits(|_| true)).step_by(97) {
        let bit = state.nth_bit(number, |_| true).expect("in range");
        let old = chip.bit(bit).expect("there");
        chip.flip(bit).expect("there");
        assert_eq!(chip.bit(bit).expect("there"), !old, "{}", state.name(bit));
        chip.flip(bit).expect("there");
    }
    // Flips that were taken back leave nothing behind.
    let mut other = machine.power_on().expect("a chip");
    other.run_until(500).expect("runs");
    assert_eq!(chip.digest(), other.digest());
    assert_eq!(chip.run_until(20_000).expect("runs"), other.run_until(20_000).expect("runs"));
    assert_eq!(chip.digest(), other.digest());

    let bit = state.nth_bit(40, |_| true).expect("in range");
    for value in [true, false] {
        let mut chip = machine.power_on().expect("a chip");
        chip.force(bit, value).expect("there");
        for cycle in 0..2000 {
            chip.run_until(cycle).expect("runs");
            assert_eq!(chip.bit(bit).expect("there"), value, "cycle {cycle}");
        }
    }
}

#[test]
fn a_forked_run_is_the_run_itself() {
    // Most of the state is caches that the loop does not fill: enough flips that some hit what lives and dies.
    let machine = spin(5000);
    let golden = Golden::run(&machine, 1_000_000).expect("runs");
    let chip = machine.power_on().expect("a chip");
    let state = StateMap::new(&chip);
    let mut flips = inject::draw(96, 5, &state, 1, 0..golden.cycles);
    flips.push(one("mem:0:0x80000000[1]@0", &chip, &state));
    // This register is written in every cycle: a flip in it dies at once.
    for cycle in [20_000, 30_000, 40_001] {
        flips.push(one(&format!("seu:tile0.rsp_data_q[3]@{cycle}"), &chip, &state));
    }
    drop(chip);
    let forked = run_all(&machine, &golden, &flips, 2, |_| {}).expect("runs");
    assert_eq!(forked.len(), flips.len());
    for (flip, forked) in flips.iter().zip(&forked) {
        let mut session = Session::new(&machine, Output::new(None)).expect("a chip");
        session.schedule(flip.cycle, Step::Inject(flip.clone()));
        let stop = session.run_until(golden.patience()).expect("runs");
        let right = end_of(stop) == golden.end && session.console.bytes() == golden.console;
        assert_eq!(right, forked.class == Class::Masked, "{forked:?}");
        if forked.converged {
            // From there on the run was the fault-free one.
            assert_eq!(session.chip().cycle(), golden.cycles, "{forked:?}");
        } else {
            assert_eq!(session.chip().cycle(), forked.end_cycle, "{forked:?}");
        }
    }
    assert!(forked.iter().any(|run| run.converged));
    assert!(forked.iter().any(|run| run.class != Class::Masked));
    // One child at a time gives the same results.
    let again = run_all(&machine, &golden, &flips, 1, |_| {}).expect("runs");
    assert_eq!(format!("{again:?}"), format!("{forked:?}"));
}
