//! Epochs: the guest must not notice them, they must have exactly the length asked for, and the
//! fingerprint must be what the trace says, at any memory latency.

use std::path::Path;

use covert_tests::core::{Core, Latency};
use covert_tests::cosim::{discard, run_elf, store};
use covert_tests::program::{Options, Program};
use covert_tests::trace::{Retired, RvfiError, check_epochs, compare_guest, read_rvfi};

const ITEMS: u32 = 500;
const LATENCIES: [Option<(u32, u32)>; 5] =
    [None, Some((1, 2)), Some((1, 20)), Some((7, 7)), Some((2, 5))];

fn core() -> Core {
    Core::bench().unwrap_or_else(|error| panic!("{error}"))
}

fn guest(seed: u64, epoch: Option<u32>, reservations: bool) -> Program {
    Program::generate(Options {
        guest_only: true,
        epoch,
        reservations,
        ..Options::new(seed, ITEMS)
    })
}

fn trace(core: &Core, elf: &Path, latency: Latency) -> Vec<Retired> {
    let (_running, lines) = core.trace(elf, latency).unwrap_or_else(|error| panic!("{error}"));
    let lines = read_rvfi(lines).collect::<Result<Vec<_>, _>>();
    lines.unwrap_or_else(|error| panic!("{error}"))
}

fn replay(trace: &[Retired]) -> impl Iterator<Item = Result<Retired, RvfiError>> {
    trace.iter().copied().map(Ok)
}

fn write(program: &Program, name: &str) -> std::path::PathBuf {
    store(program, &format!("{name}-{}", std::process::id())).unwrap_or_else(|f| panic!("{}", f.0))
}

/// Without epochs the guest does what QEMU does; with them the same.
#[test]
fn guests_do_not_notice_epochs() {
    let core = core();
    for seed in 0..4 {
        let plain = write(&guest(seed, None, false), &format!("guest-{seed}"));
        let summary = run_elf(&core, &plain, Latency::default());
        let summary = summary.unwrap_or_else(|difference| panic!("seed {seed}: {difference}"));
        let reference = trace(&core, &plain, Latency::default());
        discard(&plain);
        for (i, length) in [1, 2, 3, 17, 100, 1000].into_iter().enumerate() {
            let program = guest(seed, Some(length), false);
            let elf = write(&program, &format!("epoch-{seed}-{length}"));
            let range = LATENCIES[i % LATENCIES.len()];
            let interrupted = trace(&core, &elf, Latency { range, seed });
            let equal = compare_guest(replay(&reference), replay(&interrupted));
            let equal = equal.unwrap_or_else(|d| panic!("seed {seed} epoch {length}: {d}"));
            assert!(equal * 4 > summary.instructions, "too little of the program is a guest");
            let checked = check_epochs(replay(&interrupted), length, program.vectors);
            let checked = checked.unwrap_or_else(|e| panic!("seed {seed} epoch {length}: {e}"));
            // Traps to M are not counted, so there are a few less than this quotient.
            let about = equal / u64::from(length);
            assert!(
                checked.epochs <= about && checked.epochs + 1 >= about * 3 / 4,
                "seed {seed}: {} epochs of {length}, about {about} expected",
                checked.epochs
            );
            discard(&elf);
        }
    }
}

/// Timer interrupts come at any point of the pipeline, and the guest does not notice them either,
/// nor do they change the length of epochs.
#[test]
fn guests_do_not_notice_interrupts() {
    let core = core();
    for seed in 200..204 {
        let plain = write(&guest(seed, None, false), &format!("undisturbed-{seed}"));
        let reference = trace(&core, &plain, Latency::default());
        discard(&plain);
        for (i, ticks) in [23, 31, 40, 57, 111, 29].into_iter().enumerate() {
            let epoch = [None, Some(64)][i % 2];
            let program = guest(seed, epoch, false);
            let program = Program::generate(Options { timer: Some(ticks), ..program.options });
            let elf = write(&program, &format!("timer-{seed}-{ticks}"));
            let range = [None, Some((1, 2)), Some((1, 3))][i % 3];
            let interrupted = trace(&core, &elf, Latency { range, seed });
            discard(&elf);
            let case = format!("seed {seed} every {ticks} ticks, epoch {epoch:?}");
            let equal = compare_guest(replay(&reference), replay(&interrupted));
            equal.unwrap_or_else(|difference| panic!("{case}: {difference}"));
            let taken = entries(&interrupted) - entries(&reference);
            assert!(taken > 20, "{case}: {taken} interrupts");
            if let Some(length) = epoch {
                let checked = check_epochs(replay(&interrupted), length, program.vectors);
                let checked = checked.unwrap_or_else(|error| panic!("{case}: {error}"));
                assert!(checked.epochs > 20, "{case}: {} epochs", checked.epochs);
            }
        }
    }
}

/// How often M's handler was entered.
fn entries(trace: &[Retired]) -> usize {
    trace.iter().filter(|retired| retired.mode == 3 && retired.intr).count()
}

/// The whole trace, fingerprints read by the handler included, is the same at all latencies.
#[test]
fn latency_does_not_change_the_trace() {
    let core = core();
    for seed in 100..102 {
        for program in [Program::generate(Options::new(seed, ITEMS)), guest(seed, Some(50), true)] {
            let elf = write(&program, &format!("latency-{seed}"));
            let reference = trace(&core, &elf, Latency::default());
            assert!(reference.len() > 3000, "seed {seed} retired {}", reference.len());
            for range in LATENCIES {
                for latency_seed in 0..2 {
                    let other = trace(&core, &elf, Latency { range, seed: latency_seed });
                    let differ = reference.iter().zip(&other).find(|(a, b)| a != b);
                    assert!(
                        differ.is_none() && reference.len() == other.len(),
                        "{} at latency {range:?} seed {latency_seed}: {differ:?}, {} and {} lines",
                        elf.display(),
                        reference.len(),
                        other.len()
                    );
                }
            }
            discard(&elf);
        }
    }
}
