//! `monitor` commands of gdb: what only this target knows.

use std::fmt::Write as _;

use covert_abi::Detection;
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, outputln};

use super::target::Debuggee;
use crate::error::Error;
use crate::inject::{Injection, Spec, SpecError};
use crate::session::{Session, Step};

const HELP: &str = "\
monitor cycles       cycle of the chip, instructions retired by each tile
monitor replicas     members, detections and recoveries so far
monitor inject SPEC  put a fault in, as covert run --inject does; without @CYCLE before the next cycle
monitor help         this list";

/// Does what a command says, or says what is wrong with it.
pub fn obey(debuggee: &mut Debuggee<'_>, command: &str, mut out: ConsoleOutput<'_>) {
    let (word, rest) = command.trim().split_once(' ').unwrap_or((command.trim(), ""));
    let answer = match word {
        "" | "help" => HELP.to_owned(),
        "cycles" => cycles(debuggee.session),
        "replicas" => replicas(debuggee.session),
        "inject" => inject(debuggee, rest.trim()).unwrap_or_else(|error| error.to_string()),
        _ => format!("no such command: {word}\n{HELP}"),
    };
    outputln!(out, "{answer}");
}

fn cycles(session: &Session) -> String {
    let counters = session.chip().counters();
    let mut text = format!("cycle {}", session.chip().cycle());
    for (tile, count) in (0..session.chip().options().tiles).zip(counters.instructions) {
        let _ = write!(text, "\ntile {tile}: {count} instructions, those of the VMM included");
    }
    text
}

fn replicas(session: &Session) -> String {
    let counters = session.chip().counters();
    let mut text = String::new();
    for tile in 0..session.chip().options().tiles {
        let lowest = counters.members.trailing_zeros() == tile;
        let state = match counters.members >> tile & 1 {
            0 => "free",
            _ if lowest => "member, the one gdb looks at",
            _ => "member",
        };
        let _ = writeln!(text, "tile {tile}: {state}");
    }
    let _ = write!(
        text,
        "{} detections, {} recoveries, {} checkpoints",
        session.detections.len(),
        session.recoveries.len(),
        session.checkpoints.len()
    );
    for seen in &session.detections {
        let kind = Detection::from_bits(seen.kind).map_or("unknown", Detection::name);
        let _ = write!(text, "\ndetection at cycle {}: {kind}", seen.cycle);
        let recovery = session.recoveries.iter().find(|recovery| recovery.cycle == seen.cycle);
        if let Some(recovery) = recovery {
            let _ = write!(text, ", rolled back after {} cycles", recovery.cycles);
        }
    }
    text
}

fn inject(debuggee: &mut Debuggee<'_>, text: &str) -> Result<String, Error> {
    let now = debuggee.session.chip().cycle();
    let parsed = text.parse().or_else(|_| format!("{text}@{now}").parse());
    let Spec::One(one) = parsed.map_err(|_| SpecError::Form(text.to_owned()))? else {
        return Ok("one fault at a time".into());
    };
    if one.cycle < now {
        return Ok(format!("cycle {} has passed: it is {now}", one.cycle));
    }
    let injection = Injection::resolve(&one, debuggee.session.chip(), &debuggee.state)?;
    debuggee.session.schedule(injection.cycle, Step::Inject(injection));
    Ok(format!("{one}: planned"))
}
