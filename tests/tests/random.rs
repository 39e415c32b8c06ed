//! Random programs on QEMU and on the core: every retired instruction compared.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use covert_tests::core::{Core, Latency};
use covert_tests::cosim;
use covert_tests::program::Options;
use covert_tests::trace::Summary;

/// Instructions to compare: the short and, with COVERT_TEST_FULL=1, the long version.
const INSTRUCTIONS: [u64; 2] = [1_000_000, 20_000_000];
const ITEMS: u32 = 1000;
/// Memory timings, used in turn.
const LATENCIES: [Option<(u32, u32)>; 4] = [None, Some((1, 3)), Some((1, 20)), Some((4, 4))];

/// Programs with seeds from 0 on, until enough instructions are compared.
fn compare(options: impl Fn(u64) -> Options + Sync) -> Summary {
    let core = Core::bench().unwrap_or_else(|error| panic!("{error}"));
    let wanted = INSTRUCTIONS[usize::from(covert_tests::is_full())];
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let total = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed)
                    && total.lock().expect("not poisoned").instructions < wanted
                {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let range = LATENCIES[(seed % LATENCIES.len() as u64) as usize];
                    match cosim::run(&core, &options(seed), Latency { range, seed }) {
                        Ok(summary) => total.lock().expect("not poisoned").add(summary),
                        Err(failure) => {
                            failed.store(true, Ordering::Relaxed);
                            panic!("{}", failure.0);
                        }
                    }
                }
            });
        }
    });
    let total = total.into_inner().expect("not poisoned");
    println!("compared: {total:?}");
    assert!(total.instructions >= wanted);
    total
}

/// Guards against a generator that silently stops covering something: at least one in `of`
/// instructions.
fn enough(total: &Summary, what: &str, count: u64, of: u64) {
    let least = total.instructions / of;
    assert!(count >= least, "{what}: {count} in {} instructions", total.instructions);
}

#[test]
fn random_programs_retire_as_on_qemu() {
    let total = compare(|seed| Options::new(seed, ITEMS));
    enough(&total, "traps", total.traps, 200);
    enough(&total, "interrupts", total.interrupts, 1000);
    for mode in [0, 1, 3] {
        enough(&total, &format!("mode {mode}"), total.modes[mode], 25);
    }
}

#[test]
fn random_programs_with_translation_retire_as_on_qemu() {
    let total = compare(|seed| Options::translated(seed, ITEMS));
    enough(&total, "interrupts", total.interrupts, 5000);
    enough(&total, "U", total.modes[0], 50);
    enough(&total, "S", total.modes[1], 10);
    let seen = total.translation;
    for (what, count, of) in [
        ("page faults of fetches", seen.page_faults[0], 3000),
        ("page faults of loads", seen.page_faults[1], 1500),
        ("page faults of stores", seen.page_faults[2], 1500),
        ("page faults in the second half of an instruction", seen.second_half, 40_000),
        ("page faults that S handles", seen.delegated, 2500),
        ("access faults of fetches", seen.access_faults[0], 5000),
        ("access faults of loads", seen.access_faults[1], 5000),
        ("access faults of stores", seen.access_faults[2], 10_000),
        ("fences of everything", seen.fences[0], 1000),
        ("fences of an address", seen.fences[1], 1500),
        ("switches of the address space", seen.switches, 6000),
        ("refused fences and accesses to satp", seen.refused, 4000),
        ("fetches from superpages", seen.superpage_fetches, 15_000),
        ("accesses to superpages", seen.superpage_accesses, 4000),
        ("fetches from windows", seen.window_fetches, 1000),
        ("accesses to windows", seen.window_accesses, 400),
        ("accesses of M as another mode", seen.modified_privilege, 1000),
    ] {
        enough(&total, what, count, of);
    }
}
