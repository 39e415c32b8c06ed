//! `covert run`: makes a planned run, shows how far it is, writes what was asked for.

use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::net::TcpListener;
use std::time::Instant;

use covert_abi::layout::CLOCK_HZ;
use covert_model::Chip;

use crate::campaign;
use crate::console::Output;
use crate::error::{Error, exit_code};
use crate::gdb;
use crate::inject::{self, Injection, Spec};
use crate::output::write_whole;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::{Outcome, RunReport};
use crate::session::{End, MAX_SLICE, Session, Step, end_of};
use crate::state::StateMap;
use crate::terminal::RawTerminal;

/// Runs a plan; returns the exit code.
///
/// # Errors
/// A fault that does not exist on the chip, a result that cannot be written, or a failing model.
pub fn run(plan: &Plan) -> Result<u8, Error> {
    let listener = plan.gdb.map(gdb::listen).transpose()?;
    let injections = injections(plan)?;
    let mut session = Session::new(&plan.machine, stdout()?)?;
    for injection in injections {
        session.schedule(injection.cycle, Step::Inject(injection));
    }
    if let Some(trace) = &plan.trace {
        session.schedule(trace.from, Step::OpenTrace(trace.file.clone()));
        session.schedule(trace.to, Step::CloseTrace);
    }
    if let Some(path) = &plan.rvfi {
        let file = File::create(path).map_err(|source| Error::Stream { what: "--rvfi", source })?;
        session.record_instructions(file)?;
    }

    let started = Instant::now();
    let end = watch(&mut session, plan, listener)?;
    session.finish()?;
    let report = RunReport::new(&session, end, started.elapsed().as_secs_f64())?;
    write_results(plan, &session, &report)?;
    tell(&report, plan);
    Ok(match report.outcome {
        Outcome::Ok => exit_code::OK,
        Outcome::GuestFailure | Outcome::Timeout | Outcome::Stopped => exit_code::GUEST,
        Outcome::Due => exit_code::DUE,
    })
}

fn stdout() -> Result<Output, Error> {
    Output::stdout().map_err(|source| Error::Stream { what: "console output", source })
}

/// Looks the faults up, and draws the random ones: for these the run is first made without a fault.
fn injections(plan: &Plan) -> Result<Vec<Injection>, Error> {
    if plan.injections.is_empty() {
        return Ok(Vec::new());
    }
    let chip = Chip::new(&plan.machine.options)?;
    let state = StateMap::new(&chip);
    let mut length = None;
    let mut found = Vec::new();
    for spec in &plan.injections {
        match spec {
            Spec::One(one) => found.push(Injection::resolve(one, &chip, &state)?),
            Spec::Random { count, seed } => {
                let cycles = match length {
                    Some(cycles) => cycles,
                    None => {
                        if plan.max_cycles == u64::MAX {
                            tracing::info!(
                                "running once without faults, to know the cycles to draw from"
                            );
                        }
                        campaign::Golden::run(&plan.machine, plan.max_cycles)?.cycles
                    }
                };
                length = Some(cycles);
                found.extend(inject::draw(*count, *seed, &state, plan.members, 0..cycles));
            }
        }
    }
    found.sort_by_key(|injection| injection.cycle);
    Ok(found)
}

/// Simulates with the terminal as the guest's keyboard, where there is one, or with a line that says how far it is.
fn watch(session: &mut Session, plan: &Plan, listener: Option<TcpListener>) -> Result<End, Error> {
    let mut keyboard = None;
    if let Some(listener) = listener {
        // Until gdb is there, Ctrl-C ends the command.
        let end = gdb::serve(session, plan, &listener, |session| {
            keyboard = take_keyboard(session, plan)?;
            Ok(())
        })?;
        if let Some(end) = end {
            return Ok(end);
        }
    } else {
        keyboard = take_keyboard(session, plan)?;
    }
    let progress = Progress::new(keyboard.is_none());
    loop {
        let next = session.chip().cycle().saturating_add(MAX_SLICE).min(plan.max_cycles);
        let stop = session.run_until(next)?;
        progress.show(|| progress_of(session, &progress));
        let quit = session.input.quit() && stop.is_none();
        if quit || stop.is_some() || session.chip().cycle() >= plan.max_cycles {
            progress.end();
            return Ok(if quit { End::Stopped } else { end_of(stop) });
        }
    }
}

/// Has the terminal, where there is one, hand each key over, if that is planned.
fn take_keyboard(session: &mut Session, plan: &Plan) -> Result<Option<RawTerminal>, Error> {
    let terminal = session.input.live() && std::io::stdin().is_terminal();
    if !terminal || !plan.raw_keys {
        return Ok(None);
    }
    session.input.look_for_commands();
    let keyboard = RawTerminal::enter();
    keyboard.map(Some).map_err(|source| Error::Stream { what: "the terminal", source })
}

/// How far a run is.
fn progress_of(session: &Session, progress: &Progress) -> String {
    let cycles = session.chip().cycle();
    let speed = cycles as f64 / progress.seconds() / 1e6;
    let counters = session.chip().counters();
    format!(
        "{:.1} Mcycles ({:.1} ms of the chip), {speed:.2} Mcycle/s, {} epochs, {} detections",
        cycles as f64 / 1e6,
        cycles as f64 * 1e3 / f64::from(CLOCK_HZ),
        counters.epochs,
        session.detections.len(),
    )
}

fn write_results(plan: &Plan, session: &Session, report: &RunReport) -> Result<(), Error> {
    if let Some((path, start, length)) = &plan.signature {
        let mut bytes = vec![0; *length as usize];
        session.chip().read_memory(*start, &mut bytes)?;
        let mut text = String::new();
        for word in bytes.chunks_exact(4) {
            use std::fmt::Write as _;
            let value = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
            let _ = writeln!(text, "{value:08x}");
        }
        write_whole(path, text.as_bytes())?;
    }
    if let Some(path) = &plan.json {
        let mut text = serde_json::to_vec_pretty(report)
            .map_err(|e| Error::Unexpected(format!("the result is not JSON: {e}")))?;
        text.push(b'\n');
        write_whole(path, &text)?;
    }
    Ok(())
}

/// What must not be missed, on stderr.
fn tell(report: &RunReport, plan: &Plan) {
    let mut stderr = std::io::stderr().lock();
    for injection in report.injections.iter().filter(|i| i.effect == "not-reached") {
        let _ = writeln!(
            stderr,
            "covert: {} was never reached: the run ended at cycle {}",
            injection.spec, report.cycles
        );
    }
    let last = report.detections.last().map_or("none", |detection| detection.kind);
    let _ = match report.outcome {
        Outcome::Ok => Ok(()),
        Outcome::GuestFailure => match report.guest_exit {
            Some(code) => writeln!(stderr, "covert: the guest failed with exit code {code}"),
            None => writeln!(stderr, "covert: the guest asked for a reboot; there is none"),
        },
        Outcome::Stopped if plan.gdb.is_some() => writeln!(stderr, "covert: ended by the user"),
        Outcome::Stopped => writeln!(stderr, "covert: ended by Ctrl-A x"),
        Outcome::Timeout => {
            writeln!(stderr, "covert: no end after {} cycles (--max-cycles)", plan.max_cycles)
        }
        Outcome::Due => writeln!(
            stderr,
            "covert: detected but unrecoverable at cycle {}: {} detections, the last of kind {last}",
            report.cycles,
            report.detections.len()
        ),
    };
}
