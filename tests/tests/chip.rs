//! The same through the whole chip: `covert run --bare`, with its memory fabric, UART, CLINT and
//! exit device, on directed programs and on random ones against QEMU.

use covert_tests::core::{Core, Latency};
use covert_tests::cosim;
use covert_tests::directed::{finish, programs};
use covert_tests::program::Options;
use covert_tests::trace::Summary;

fn covert() -> Core {
    Core::covert().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn directed_programs_print_what_they_should_on_the_chip() {
    let core = covert();
    let dir = tempfile::tempdir().expect("a temporary folder");
    for program in programs().unwrap_or_else(|error| panic!("{error}")) {
        let elf = program.assemble(dir.path()).unwrap_or_else(|error| panic!("{error}"));
        let child = core.console(&elf, Latency::default());
        let (console, code) = finish(child.unwrap_or_else(|error| panic!("{error}")))
            .unwrap_or_else(|error| panic!("{}: {error}", program.name));
        assert_eq!(console, program.console, "{}", program.name);
        // The command's own exit codes: 0 the guest ended well, 1 it did not.
        assert_eq!(code, Some(i32::from(program.exit != 0)), "{}", program.name);
    }
}

#[test]
fn random_programs_retire_on_the_chip_as_on_qemu() {
    let core = covert();
    let mut total = Summary::default();
    for seed in 5000..5005 {
        match cosim::run(&core, &Options::new(seed, 600), Latency::default()) {
            Ok(summary) => total.add(summary),
            Err(failure) => panic!("{}", failure.0),
        }
    }
    println!("compared: {total:?}");
    assert!(total.instructions > 30_000);
}
