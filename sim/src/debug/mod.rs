//! `covert debug`: why a fault was masked, and how another was caught. Makes the run twice, with and without the fault, compares
//! them cycle by cycle and writes what it found: `divergence.json`, `index.html`, two waveforms and save files for GTKWave.

pub mod divergence;
pub mod registers;
pub mod retired;
pub mod story;
pub mod symbols;
pub mod waves;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use covert_model::Chip;
use serde::Serialize;

use crate::cli::DebugArgs;
use crate::error::{Error, exit_code};
use crate::guests;
use crate::image::Image;
use crate::inject::{Injection, Spec};
use crate::list;
use crate::output::write_whole;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::state::StateMap;

use divergence::{Course, FollowError, Limits};
use retired::Retired;
use symbols::{Place, Symbols, disassemble};

/// What stands in `divergence.json` and in the page.
#[derive(Debug, Serialize)]
struct Record<'a> {
    /// Version of this form.
    schema: u32,
    /// The whole in a sentence.
    sentence: String,
    /// What happened, in order.
    events: Vec<story::Event>,
    /// The course.
    course: &'a Course,
    /// Instructions around the first difference, in words.
    before: Vec<Line<'a>>,
    /// The tile's registers in both runs, right behind the first instruction that differs; none where no instruction does.
    registers: Option<registers::SideBySide>,
    golden: Vec<Line<'a>>,
    faulty: Vec<Line<'a>>,
}

/// An instruction in words.
#[derive(Debug, Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    retired: &'a Retired,
    text: String,
    place: String,
}

/// Version of `divergence.json`.
const SCHEMA: u32 = 1;

/// Runs the command; returns the exit code.
///
/// # Errors
/// Wrong options, a fault that is not there or never reached, or results that cannot be written.
pub fn run(args: &DebugArgs) -> Result<u8, Error> {
    let injection_spec = one_spec(args)?;
    let plan = Plan::new(&args.run)?;
    let mut machine = plan.machine.clone();
    machine.options.fault = true;
    let image = Image::read(&args.run.image)?;
    let guest = match image.system_map() {
        Some(map) => Symbols::of_map(&map),
        None => Symbols::of_elf(&image.file),
    };
    let vmm = if args.run.bare {
        Symbols::of_elf(&image.file)
    } else {
        Symbols::of_elf(&guests::firmware()?)
    };

    let chip = Chip::new(&machine.options)?;
    let (variables, state) = (chip.variables(), StateMap::new(&chip));
    let injection = Injection::resolve(injection_spec, &chip, &state)?;
    drop(chip);

    let out = &args.out;
    fs::create_dir_all(out).map_err(|source| {
        Error::Usage(format!("--out {}: {}", out.display(), crate::error::reason(&source)))
    })?;
    let files = [out.join("golden.fst"), out.join("faulty.fst")];
    let waves = (args.waves > 0).then(|| [files[0].as_path(), files[1].as_path()]);
    let limits = Limits { window: args.window, waves: args.waves, max_cycles: plan.max_cycles };
    let progress = Progress::new(true);
    let course = divergence::follow(&machine, &injection, &limits, waves, |cycle| {
        progress.show(|| format!("cycle {cycle}"));
    });
    progress.end();
    let course = course.map_err(|error| match error {
        FollowError::Run(error) => error,
        FollowError::Chip(error) => error.into(),
        error @ FollowError::NotReached { .. } => Error::Usage(format!("--inject: {error}")),
    })?;

    let name = |retired: &Retired| {
        if retired.mode == 3 { vmm.place(retired.pc) } else { guest.place(retired.pc) }
    };
    write_results(out, &course, &name, &variables, &state, waves)?;
    let sentence = story::sentence(&course, &name);
    list::print(&format!("{sentence}\n{}\n", out.join("index.html").display()))?;
    Ok(exit_code::OK)
}

fn one_spec(args: &DebugArgs) -> Result<&crate::inject::OneSpec, Error> {
    let usage = |text: &str| Err(Error::Usage(text.into()));
    if args.run.trace.is_some()
        || args.run.rvfi.is_some()
        || args.run.json.is_some()
        || args.run.signature.is_some()
    {
        return usage(
            "debug writes its results to --out: leave out --trace, --rvfi, --json and --signature",
        );
    }
    if args.run.gdb.is_some() {
        return usage("debug compares two whole runs: --gdb is for covert run");
    }
    match args.run.inject.as_slice() {
        [Spec::One(one)] => Ok(one),
        [] => usage("debug: --inject says which fault to follow"),
        [Spec::Random { .. }] => usage(
            "debug follows one fault: write it out (`covert run --inject random:...` with --json names those drawn)",
        ),
        _ => usage("debug follows one fault, and --inject names several"),
    }
}

/// Pieces of state that the page lists; all are in `divergence.json`.
const LISTED: usize = 300;

/// A module's lane in the page.
#[derive(Debug, Serialize)]
struct Lane<'a> {
    module: &'a str,
    /// Registers, memories or words of main memory in it that differed.
    pieces: usize,
    /// Cycles from which on, and up to which, any of it differed, in order and apart; none: to the end.
    bars: Vec<(u64, Option<u64>)>,
}

/// The lanes of a course, by first cycle.
fn lanes(course: &Course) -> Vec<Lane<'_>> {
    let mut lanes: Vec<(Lane<'_>, HashSet<&str>)> = Vec::new();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for episode in &course.episodes {
        let number = *numbers.entry(&episode.module).or_insert(lanes.len());
        if number == lanes.len() {
            let lane = Lane { module: &episode.module, pieces: 0, bars: Vec::new() };
            lanes.push((lane, HashSet::new()));
        }
        let (lane, pieces) = &mut lanes[number];
        pieces.insert(&episode.what);
        // Episodes come by first cycle, so only the last bar can touch this one.
        match lane.bars.last_mut() {
            Some((_, end)) if end.is_none_or(|end| episode.from <= end) => {
                *end = end.zip(episode.to).map(|(end, to)| end.max(to));
            }
            _ => lane.bars.push((episode.from, episode.to)),
        }
    }
    lanes.into_iter().map(|(lane, pieces)| Lane { pieces: pieces.len(), ..lane }).collect()
}

/// What the page draws: the record with lanes, and with the first episodes instead of all.
fn page_data(record: &Record<'_>, course: &Course) -> serde_json::Result<String> {
    let mut data = serde_json::to_value(record)?;
    data["lanes"] = serde_json::to_value(lanes(course))?;
    data["episodes"] = course.episodes.len().into();
    if let Some(episodes) = data["course"]["episodes"].as_array_mut() {
        episodes.truncate(LISTED);
    }
    serde_json::to_string(&data)
}

fn write_results(
    out: &Path,
    course: &Course,
    name: &impl Fn(&Retired) -> Place,
    variables: &[covert_model::Variable],
    state: &StateMap,
    waves: Option<[&Path; 2]>,
) -> Result<(), Error> {
    let lines = |of: fn(&retired::Difference) -> &[Retired]| -> Vec<Line<'_>> {
        let Some(difference) = course.guest.as_ref().or(course.vmm.as_ref()) else {
            return Vec::new();
        };
        of(difference)
            .iter()
            .map(|retired| {
                let place = name(retired);
                let place = [place.function, place.line]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" ");
                Line { retired, text: disassemble(retired.insn), place }
            })
            .collect()
    };
    let events = story::events(course, name);
    let record = Record {
        schema: SCHEMA,
        sentence: story::sentence(course, name),
        events: events.clone(),
        course,
        before: lines(|difference| &difference.before),
        registers: course.guest.as_ref().or(course.vmm.as_ref()).and_then(registers::side_by_side),
        golden: lines(|difference| &difference.golden),
        faulty: lines(|difference| &difference.faulty),
    };
    let not_json = |e| Error::Unexpected(format!("the result is not JSON: {e}"));
    let json = serde_json::to_string(&record).map_err(not_json)?;
    write_whole(&out.join("divergence.json"), json.as_bytes())?;
    // Within a script element nothing may look like its end or like a comment.
    let page = page_data(&record, course).map_err(not_json)?.replace('<', "\\u003c");
    let page = include_str!("page.html").replace("@DATA@", &page);
    write_whole(&out.join("index.html"), page.as_bytes())?;
    if let Some([golden, _]) = waves {
        // Both have the same.
        let ranges = covert_wave::ranges(golden)?;
        let paths: Vec<String> = state.entries().iter().map(|entry| entry.path.clone()).collect();
        for run in ["golden", "faulty"] {
            let text = waves::save_file(
                &format!("{run}.fst"),
                &ranges,
                course,
                &events,
                variables,
                &paths,
            );
            write_whole(&out.join(format!("{run}.gtkw")), text.as_bytes())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use divergence::{Episode, Fate};

    #[test]
    fn episodes_of_a_module_are_joined_where_they_touch() {
        let episode = |what: &str, module: &str, from, to| Episode {
            what: what.into(),
            module: module.into(),
            from,
            to,
        };
        let course = Course {
            spec: String::new(),
            cycle: 10,
            effect: String::new(),
            fate: Fate::Ended,
            fate_cycle: 90,
            compared_to: 90,
            episodes: vec![
                episode("a.x", "a", 10, Some(20)),
                episode("a.y", "a", 12, Some(15)),
                episode("b.x", "b", 13, None),
                episode("a.y", "a", 20, Some(25)),
                episode("a.x", "a", 30, Some(31)),
                episode("b.y", "b", 40, Some(50)),
            ],
            truncated: false,
            guest: None,
            vmm: None,
            left_tile: None,
            detections: Vec::new(),
            recoveries: Vec::new(),
            verified: None,
            class: crate::campaign::Class::Masked,
            golden_cycles: None,
        };
        let lanes = lanes(&course);
        let drawn: Vec<_> = lanes.iter().map(|lane| (lane.module, lane.pieces)).collect();
        assert_eq!(drawn, [("a", 2), ("b", 2)]);
        assert_eq!(lanes[0].bars, [(10, Some(25)), (30, Some(31))]);
        assert_eq!(lanes[1].bars, [(13, None)]);
    }
}
