//! `covert demo`: a guest reads a text, unprotected and protected; then the same bit flips hit both, each in a
//! run of its own, and a table says what came of them. Then Linux boots protected while bits flip.

mod linux;

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use covert_abi::Mode;
use covert_abi::layout::REGION_STRIDE;
use covert_model::Options;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::boot::{self, Settings};
use crate::campaign::{Class, FaultRun, Golden, Spread, Summary, run_all};
use crate::cli::DemoArgs;
use crate::console::{Input, Output, hex};
use crate::error::{Error, exit_code};
use crate::guests;
use crate::inject::{self, Injection};
use crate::list::{print, state_of};
use crate::output::write_whole;
use crate::plan::{GuestOptions, guest_machine, time_limit};
use crate::session::{End, Machine, Session, Step};
use crate::state::StateMap;

/// The guest reads this unless told otherwise: a page of the project.
const TEXT: &[u8] = include_bytes!("../../docs/guests.md");

/// Two tiles: enough for dmr, and the fastest to simulate.
const TILES: u32 = 2;

/// Fault-free runs longer than this are a mistake.
const MAX_CYCLES: u64 = 1_000_000_000;

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    guest: &'static str,
    input_bytes: usize,
    seed: u64,
    unprotected: Side<'a>,
    protected: Side<'a>,
    overhead_percent: f64,
    linux: linux::Report,
    waveform: Option<PathBuf>,
    wall_seconds: f64,
}

#[derive(Serialize)]
struct Side<'a> {
    mode: &'static str,
    cycles: u64,
    paused_cycles: u64,
    summary: Summary,
    runs: &'a [FaultRun],
}

/// Makes the demonstration; returns the exit code: 1 if a wrong output left the protected guest or Linux did not
/// end well.
///
/// # Errors
/// A file cannot be read or written, the model fails, or the guest's output is wrong without any fault.
pub fn run(args: &DemoArgs) -> Result<u8, Error> {
    let started = Instant::now();
    let text = match &args.text {
        Some(path) => {
            std::fs::read(path).map_err(|source| Error::Read { path: path.clone(), source })?
        }
        None => TEXT.to_vec(),
    };
    std::fs::create_dir_all(&args.out)
        .map_err(|source| crate::output::WriteError { path: args.out.clone(), source })?;
    let jobs = args.jobs.unwrap_or_else(processors);
    let expected = expected_output(&text);

    say(&format!("digest of {} bytes on one tile, nothing broken", text.len()));
    let none = machine(Mode::None, &text)?;
    let none_golden = reference(&none, &expected)?;
    say("the same, protected on two tiles (dmr), nothing broken");
    let dmr = machine(Mode::Dmr, &text)?;
    let dmr_golden = reference(&dmr, &expected)?;

    let state = state_of(TILES)?;
    let flips = inject::draw(args.runs, args.seed, &state, 1, 0..none_golden.cycles);
    let mirrored = mirror(&flips, &state)?;
    say(&format!("{} bit flips in the protected tiles, each in a run of its own", flips.len()));
    let dmr_runs = campaign(&dmr, &dmr_golden, &mirrored, jobs)?;
    say("the same bit flips in the unprotected tile");
    let none_runs = campaign(&none, &none_golden, &flips, jobs)?;

    let waveform = waveform(&dmr, &dmr_runs, &mirrored, &args.out)?;
    let linux = linux::run(args.linux_flips, args.seed)?;
    let overhead = dmr_golden.cycles as f64 / none_golden.cycles as f64 - 1.0;
    let report = Report {
        schema: 1,
        guest: "digest",
        input_bytes: text.len(),
        seed: args.seed,
        unprotected: side(Mode::None, &none_golden, &none_runs),
        protected: side(Mode::Dmr, &dmr_golden, &dmr_runs),
        overhead_percent: overhead * 100.0,
        linux,
        waveform,
        wall_seconds: started.elapsed().as_secs_f64(),
    };
    finish(&report, &args.out)?;
    let wrong = report.protected.summary.count(Class::Sdc);
    Ok(if wrong == 0 && report.linux.right() { exit_code::OK } else { exit_code::GUEST })
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What the guest must print, computed here.
fn expected_output(text: &[u8]) -> Vec<u8> {
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    // As `wc` counts in the C locale: a printable byte begins a word, white space ends it.
    let (mut words, mut inside) = (0, false);
    for byte in text {
        if byte.is_ascii_graphic() {
            words += usize::from(!inside);
            inside = true;
        } else if byte.is_ascii_whitespace() || *byte == 0x0b {
            inside = false;
        }
    }
    let digest = hex(&Sha256::digest(text));
    format!("sha256 {digest}\nlines {lines} words {words} bytes {}\n", text.len()).into_bytes()
}

fn machine(mode: Mode, text: &[u8]) -> Result<Machine, Error> {
    let guest = guests::find("digest")
        .ok_or_else(|| Error::Unexpected("the guest `digest` is not built in".into()))?;
    let settings = Settings {
        ram: 4 << 20,
        epoch: boot::DEFAULT_EPOCH,
        checkpoint_every: boot::DEFAULT_CHECKPOINT_EVERY,
        time_limit: time_limit(boot::DEFAULT_EPOCH, boot::DEFAULT_MEMORY),
        max_attempts: boot::DEFAULT_MAX_ATTEMPTS,
        io_size: REGION_STRIDE,
    };
    let options = Options {
        tiles: TILES,
        fault: true,
        bare: None,
        memory: boot::DEFAULT_MEMORY,
        idle_skip: true,
        seed: 0,
    };
    let input = Input::Bytes(text.to_vec());
    let guest_options = GuestOptions::new(settings, options, vec![(0, mode)], input);
    guest_machine(guest.name, &guest.elf()?, guest_options)
}

/// The fault-free run, whose output must be right.
fn reference(machine: &Machine, expected: &[u8]) -> Result<Golden, Error> {
    let golden = Golden::run(machine, MAX_CYCLES)?;
    let right = golden.end == End::Exit(0) && contains(&golden.console, expected);
    if !right || golden.detections != 0 {
        return Err(Error::Unexpected(format!(
            "without any fault the guest ended with {:?}, {} detections and {:?} instead of {:?}",
            golden.end,
            golden.detections,
            String::from_utf8_lossy(&golden.console),
            String::from_utf8_lossy(expected),
        )));
    }
    Ok(golden)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len().max(1)).any(|window| window == part)
}

/// Every second flip hits the other replica, at the same bit and cycle.
fn mirror(flips: &[Injection], state: &StateMap) -> Result<Vec<Injection>, Error> {
    let other = |flip: &Injection| flip.on_tile(1, state);
    flips
        .iter()
        .enumerate()
        .map(|(i, flip)| if i % 2 == 0 { Ok(flip.clone()) } else { Ok(other(flip)?) })
        .collect()
}

fn campaign(
    machine: &Machine,
    golden: &Golden,
    flips: &[Injection],
    jobs: usize,
) -> Result<Vec<FaultRun>, Error> {
    let live = std::io::stderr().is_terminal();
    let mut done = 0;
    let runs = run_all(machine, golden, flips, jobs, |run| {
        done += 1;
        if live {
            eprint!("\r\x1b[K  {done}/{}: {} {}", flips.len(), run.spec, run.class.name());
        }
    });
    if live {
        eprint!("\r\x1b[K");
    }
    runs
}

/// Draws the recovery whose detection came soonest, from just before the flip to just behind the restart.
fn waveform(
    machine: &Machine,
    runs: &[FaultRun],
    flips: &[Injection],
    out: &Path,
) -> Result<Option<PathBuf>, Error> {
    const LEAD: u64 = 200;
    const TAIL: u64 = 500;
    const LONGEST: u64 = 20_000;
    let recovered = runs.iter().zip(flips).filter(|(run, _)| run.class == Class::Recovered);
    let Some((run, flip)) = recovered.min_by_key(|(run, _)| run.latency) else {
        return Ok(None);
    };
    say(&format!("a waveform of {}", run.spec));
    let path = out.join("recovered.fst");
    let length = run.latency.unwrap_or(0) + run.recoveries.first().unwrap_or(&0) + TAIL;
    let from = flip.cycle.saturating_sub(LEAD);
    let to = flip.cycle + length.min(LONGEST);
    let mut session = Session::new(machine, Output::new(None))?;
    session.schedule(from, Step::OpenTrace(path.clone()));
    session.schedule(flip.cycle, Step::Inject(flip.clone()));
    session.run_until(to)?;
    session.chip_mut().close_trace();
    Ok(Some(path))
}

fn side<'a>(mode: Mode, golden: &Golden, runs: &'a [FaultRun]) -> Side<'a> {
    Side {
        mode: mode.name(),
        cycles: golden.cycles,
        paused_cycles: golden.paused_cycles,
        summary: Summary::new(runs),
        runs,
    }
}

fn finish(report: &Report<'_>, out: &Path) -> Result<(), Error> {
    let json = serde_json::to_vec_pretty(report)
        .map_err(|e| Error::Unexpected(format!("the report is not JSON: {e}")))?;
    let (json_path, page_path) = (out.join("report.json"), out.join("report.md"));
    write_whole(&json_path, &json)?;
    let table = table(report);
    write_whole(&page_path, page(report, &table).as_bytes())?;
    let mut text = format!(
        "{table}{}\nreport    {}\n          {}\n",
        report.linux.summary(),
        page_path.display(),
        json_path.display()
    );
    if let Some(waveform) = &report.waveform {
        let _ = writeln!(text, "waveform  {}", waveform.display());
    }
    print(&text)
}

/// The closing table.
fn table(report: &Report<'_>) -> String {
    let (none, dmr) = (&report.unprotected, &report.protected);
    let mut text = String::new();
    let _ = writeln!(text, "{:<34} {:>12} {:>12}", "guest digest", "unprotected", "dmr");
    let mut row = |name: &str, a: String, b: String| {
        let _ = writeln!(text, "{name:<34} {a:>12} {b:>12}");
    };
    let number = |value: u64| value.to_string();
    row("cycles without a fault", number(none.cycles), number(dmr.cycles));
    row("overhead", "-".into(), format!("{:.2} %", report.overhead_percent));
    row("runs with one bit flip", none.summary.runs.to_string(), dmr.summary.runs.to_string());
    for class in Class::ALL {
        let count = |side: &Side<'_>| side.summary.count(class).to_string();
        row(&format!("  {}", class.name()), count(none), count(dmr));
    }
    let spreads = [("flip to detection", dmr.summary.latency), ("recovery", dmr.summary.recovery)];
    for (what, spread) in spreads {
        let mut part = |name: &str, value: fn(Spread) -> u64| {
            let cycles = spread.map_or_else(|| "-".into(), |spread| value(spread).to_string());
            row(&format!("{what}, {name} cycles"), "-".into(), cycles);
        };
        part("least", |spread| spread.least);
        part("median", |spread| spread.median);
        part("most", |spread| spread.most);
    }
    text
}

fn page(report: &Report<'_>, table: &str) -> String {
    let mut text = format!(
        "# One bit flip at a time\n\nThe guest `digest` reads {} bytes. Each flip hits one flip-flop or memory bit of a tile \
         at one cycle (seed {}), in a run of its own; the\nsame flips hit the unprotected tile and, on alternating \
         replicas, the protected ones.\n\n```\n{table}```\n\n## Protected runs\n\n| flip | outcome | detected as | latency | \
         recovery |\n|---|---|---|---|---|\n",
        report.input_bytes, report.seed
    );
    let cell = |value: Option<u64>| value.map_or_else(String::new, |v| v.to_string());
    for run in report.protected.runs {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} |",
            run.spec,
            run.class.name(),
            run.detection.as_deref().unwrap_or(""),
            cell(run.latency),
            cell(run.recoveries.first().copied()),
        );
    }
    text.push_str("\n## The same flips, unprotected\n\n| flip | outcome |\n|---|---|\n");
    for run in report.unprotected.runs {
        let _ = writeln!(text, "| `{}` | {} |", run.spec, run.class.name());
    }
    text.push_str(
        "\nmasked: right output, nothing detected; recovered: detected, right output; DUE: detected, unrecoverable, \
         nothing wrong let out;\nSDC: wrong output or exit code; hang: no end.\n",
    );
    text
}

fn say(what: &str) {
    let _ = writeln!(std::io::stderr().lock(), "demo: {what}");
}
