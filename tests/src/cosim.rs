//! A random program on QEMU and on the core at the same time, compared.

use std::fs;
use std::path::{Path, PathBuf};

use crate::core::{Core, Latency, messages, scratch};
use crate::program::{Options, Program};
use crate::trace::{Difference, Qemu, Summary, compare, parse_log, read_rvfi, survey};

/// Why a program failed: a text for people, with the folder that holds what is needed to look
/// into it.
#[derive(Debug)]
pub struct Failure(pub String);

/// Writes the program to a folder of its own; deleted by [`discard`].
///
/// # Errors
/// If the folder cannot be written.
pub fn store(program: &Program, name: &str) -> Result<PathBuf, Failure> {
    let dir = scratch().join("programs").join(name);
    let elf = dir.join("program.elf");
    let written = fs::create_dir_all(&dir).and_then(|()| fs::write(&elf, program.elf()));
    written.map_err(|error| Failure(format!("writing {}: {error}", elf.display())))?;
    Ok(elf)
}

/// Deletes what [`store`] wrote.
pub fn discard(elf: &Path) {
    if let Some(dir) = elf.parent() {
        // What cannot be deleted only costs space.
        let _ = fs::remove_dir_all(dir);
    }
}

/// Runs the program of `options` on both and compares; on a difference the program and a
/// report stay in a folder that the failure names.
///
/// # Errors
/// The first difference, or what kept it from being looked for.
pub fn run(core: &Core, options: &Options, latency: Latency) -> Result<Summary, Failure> {
    let program = Program::generate(options.clone());
    let process = std::process::id();
    let elf = store(&program, &format!("seed-{}-{process}", options.seed))?;
    let result = run_elf(core, &elf, latency);
    match result {
        Ok(summary) => {
            discard(&elf);
            Ok(summary)
        }
        Err(error) => {
            let said = fs::read_to_string(messages(&elf)).unwrap_or_default();
            let report = format!(
                "{error}\n{said}{options:?} {latency:?}\nrerun: cargo run --release -p covert-tests --bin \
                 cosim -- --seed {} --items {}{}{}\n",
                options.seed,
                options.items,
                if options.translated { " --translated" } else { "" },
                match latency.range {
                    Some((min, max)) =>
                        format!(" --latency {min}:{max} --latency-seed {}", latency.seed),
                    None => String::new(),
                }
            );
            let text = elf.with_file_name("report.txt");
            // The report is in the failure too.
            let _ = fs::write(text, &report);
            Err(Failure(format!("{}\n{report}", elf.display())))
        }
    }
}

/// Runs the program of `options` on QEMU alone.
///
/// # Errors
/// What kept it from coming to its end.
pub fn reference(options: &Options) -> Result<Summary, Failure> {
    let program = Program::generate(options.clone());
    let elf = store(&program, &format!("reference-{}-{}", options.seed, std::process::id()))?;
    let fail = |error: &dyn std::error::Error| Failure(format!("{}: {error}", elf.display()));
    let (qemu, log) = Qemu::trace(&elf).map_err(|error| fail(&error))?;
    let summary = survey(parse_log(log)).map_err(|error| fail(&error))?;
    match qemu.succeeded() {
        Ok(true) => {
            discard(&elf);
            Ok(summary)
        }
        Ok(false) => Err(fail(&std::io::Error::other("the program reports a failure"))),
        Err(error) => Err(fail(&error)),
    }
}

/// Runs one executable on both and compares.
///
/// # Errors
/// The first difference.
pub fn run_elf(core: &Core, elf: &Path, latency: Latency) -> Result<Summary, Box<Difference>> {
    let fail = |error: &dyn std::error::Error| {
        Box::new(Difference { after: 0, what: error.to_string(), window: String::new() })
    };
    let (qemu, log) = Qemu::trace(elf).map_err(|error| fail(&error))?;
    let (_running, lines) = core.trace(elf, latency).map_err(|error| fail(&error))?;
    let summary = compare(parse_log(log), read_rvfi(lines))?;
    match qemu.succeeded() {
        Ok(true) => Ok(summary),
        Ok(false) => Err(fail(&std::io::Error::other("equal, but the program reports a failure"))),
        Err(error) => Err(fail(&error)),
    }
}
