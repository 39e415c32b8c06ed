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

fn is_full() -> bool {
    std::env::var_os("COVERT_TEST_FULL").is_some_and(|value| value == "1")
}

#[test]
fn random_programs_retire_as_on_qemu() {
    let core = Core::bench().unwrap_or_else(|error| panic!("{error}"));
    let wanted = INSTRUCTIONS[usize::from(is_full())];
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
                    match cosim::run(&core, &Options::new(seed, ITEMS), Latency { range, seed }) {
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
    // Guards against a generator that silently stops covering something.
    assert!(total.instructions >= wanted);
    assert!(total.traps * 200 > total.instructions, "too few traps");
    assert!(total.interrupts * 1000 > total.instructions, "too few interrupts");
    for mode in [0, 1, 3] {
        assert!(total.modes[mode] * 25 > total.instructions, "too little in mode {mode}");
    }
}
