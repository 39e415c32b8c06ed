//! The directed programs on the core, at several memory latencies, and on QEMU.

use covert_tests::core::{Core, Latency};
use covert_tests::directed::{Directed, finish, programs};
use covert_tests::trace::Qemu;

fn all() -> Vec<Directed> {
    let all = programs().unwrap_or_else(|error| panic!("{error}"));
    assert!(all.len() >= 30, "only {} directed programs", all.len());
    all
}

/// Runs `one` for each program and reports all failures together.
fn each(programs: &[Directed], one: impl Fn(&Directed, &std::path::Path) -> Result<(), String>) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let failures = programs
        .iter()
        .filter_map(|program| {
            let elf = program.assemble(dir.path()).unwrap_or_else(|error| panic!("{error}"));
            one(program, &elf).err().map(|error| format!("{}: {error}", program.name))
        })
        .collect::<Vec<_>>();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn expect(program: &Directed, child: std::process::Child, exit: i32) -> Result<(), String> {
    let (console, code) = finish(child).map_err(|error| error.to_string())?;
    if console != program.console {
        return Err(format!("printed:\n{console}instead of:\n{}", program.console));
    }
    if code != Some(exit) { Err(format!("exit code {code:?} instead of {exit}")) } else { Ok(()) }
}

#[test]
fn programs_print_what_they_should_on_the_core() {
    let core = Core::bench().unwrap_or_else(|error| panic!("{error}"));
    each(&all(), |program, elf| {
        for range in [None, Some((1, 4)), Some((6, 6)), Some((1, 25))] {
            let child = core.console(elf, Latency { range, seed: 1 }).map_err(|e| e.to_string())?;
            expect(program, child, program.exit).map_err(|e| format!("latency {range:?}: {e}"))?;
        }
        Ok(())
    });
}

#[test]
fn programs_print_the_same_on_qemu() {
    let programs = all().into_iter().filter(|program| program.on_qemu).collect::<Vec<_>>();
    assert!(programs.len() >= 21, "only {} programs for QEMU", programs.len());
    each(&programs, |program, elf| {
        let child = Qemu::console(elf).map_err(|error| error.to_string())?;
        expect(program, child, program.exit)
    });
}
