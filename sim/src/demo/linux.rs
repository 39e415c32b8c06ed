//! The second half of the demo: an unmodified Linux boots protected while bits flip in its tiles, one after the other in
//! one run, and its console goes to standard output. What it must print is what it prints on one tile, unprotected.

use clap::Parser as _;
use covert_abi::Detection;
use serde::{Deserialize, Serialize};

use crate::cli::{Cli, Command};
use crate::console::Output;
use crate::error::Error;
use crate::fork::Children;
use crate::inject;
use crate::list::state_of;
use crate::plan::Plan;
use crate::session::{End, Machine, Session, Step, end_of};

use super::{TILES, say};

/// Cycles in which the flips come: the second replica is there, and Linux still boots.
const WINDOW: std::ops::Range<u64> = 7_000_000..17_000_000;
/// Fault-free, the run takes about 23 million.
const MAX_CYCLES: u64 = 200_000_000;

/// What became of the flips.
#[derive(Serialize)]
pub(super) struct Report {
    cycles: u64,
    /// How it ended.
    end: String,
    /// It ended well, with the console's output that a run without flips has.
    right: bool,
    flips: Vec<Flip>,
}

#[derive(Serialize)]
struct Flip {
    spec: String,
    cycle: u64,
    /// False if the run ended before.
    reached: bool,
    detections: Vec<Found>,
    /// Recoveries until the next flip.
    recoveries: usize,
}

#[derive(Serialize)]
struct Found {
    cycle: u64,
    kind: &'static str,
}

impl Report {
    /// Nothing wrong was let out.
    pub(super) fn right(&self) -> bool {
        self.right
    }

    /// For the closing text.
    pub(super) fn summary(&self) -> String {
        let count = |what: fn(&Flip) -> bool| self.flips.iter().filter(|flip| what(flip)).count();
        format!(
            "guest linux, booted protected: {} bit flips on the way, {} detected and recovered, {} masked; {} cycles; {}\n",
            count(|flip| flip.reached),
            count(|flip| flip.recoveries > 0),
            count(|flip| flip.reached && flip.detections.is_empty()),
            self.cycles,
            if self.right {
                "console as without flips".to_owned()
            } else {
                format!("CONSOLE OR END DIFFERS ({})", self.end)
            },
        )
    }
}

/// What a boot without flips came to.
#[derive(Serialize, Deserialize)]
struct Booted {
    /// It powered off.
    well: bool,
    console: Vec<u8>,
}

fn boot(machine: &Machine) -> Result<Booted, Error> {
    let mut session = Session::new(machine, Output::new(None))?;
    let well = end_of(session.run_until(MAX_CYCLES)?) == End::Exit(0);
    Ok(Booted { well, console: session.console.bytes().to_vec() })
}

fn machine(mode: &str) -> Result<Machine, Error> {
    let line = format!("covert run linux --chip duo --mode {mode} --stdin /dev/null --append");
    let append = "console=ttyS0 quiet panic=-1 covert.run=boot";
    let cli = Cli::parse_from(line.split(' ').chain([append]));
    let Command::Run(arguments) = cli.command else {
        return Err(Error::Unexpected("the demo's own command line".into()));
    };
    Ok(Plan::new(&arguments)?.machine)
}

/// Boots Linux with `count` flips, alternating between the replicas.
///
/// # Errors
/// The guest is not built, or the model fails.
pub(super) fn run(count: u32, seed: u64) -> Result<Report, Error> {
    let plain = machine("none")?;
    let mut broken = machine("dmr")?;
    broken.options.fault = true;
    let state = state_of(TILES)?;
    let mut flips = inject::draw(count, seed, &state, 1, WINDOW);
    flips.sort_by_key(|flip| flip.cycle);
    for flip in flips.iter_mut().skip(1).step_by(2) {
        *flip = flip.on_tile(1, &state)?;
    }
    say(&format!(
        "Linux boots unprotected, nothing broken; beside it Linux boots protected, and {count} bits flip on the way; its console:"
    ));
    let mut expected = None;
    let mut child = Children::new(1);
    child.spawn((), |(), _: Booted| (), || boot(&plain).map_err(|e| e.to_string()))?;
    let mut session = Session::new(
        &broken,
        Output::stdout().map_err(|source| Error::Stream { what: "standard output", source })?,
    )?;
    for flip in &flips {
        session.schedule(flip.cycle, Step::Inject(flip.clone()));
    }
    let end = end_of(session.run_until(MAX_CYCLES)?);
    child.finish(|(), booted: Booted| expected = Some(booted))?;
    let expected = expected.ok_or_else(|| Error::Unexpected("a boot brought no result".into()))?;
    let right = end == End::Exit(0) && expected.well && session.console.bytes() == expected.console;

    // A detection or recovery belongs to the last flip before it.
    let mut report: Vec<Flip> = session
        .injections
        .iter()
        .map(|seen| Flip {
            spec: seen.injection.spec.clone(),
            cycle: seen.injection.cycle,
            reached: seen.effect.is_some(),
            detections: Vec::new(),
            recoveries: 0,
        })
        .collect();
    let last = |report: &[Flip], cycle| report.iter().rposition(|flip| flip.cycle <= cycle);
    for seen in &session.detections {
        let kind = Detection::from_bits(seen.kind).map_or("unknown", Detection::name);
        if let Some(at) = last(&report, seen.cycle) {
            report[at].detections.push(Found { cycle: seen.cycle, kind });
        }
    }
    for seen in &session.recoveries {
        if let Some(at) = last(&report, seen.cycle) {
            report[at].recoveries += 1;
        }
    }
    for flip in &report {
        let what = match flip.detections.first() {
            Some(found) => format!(
                "{} detected {} cycles later, {}",
                found.kind,
                found.cycle - flip.cycle,
                if flip.recoveries > 0 { "rolled back" } else { "not recovered" }
            ),
            None if flip.reached => "masked".to_owned(),
            None => "not reached".to_owned(),
        };
        say(&format!("{}: {what}", flip.spec));
    }
    let end = format!("{end:?}");
    Ok(Report { cycles: session.chip().cycle(), end, right, flips: report })
}
