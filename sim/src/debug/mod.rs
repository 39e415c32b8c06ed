//! `covert debug`: why a fault was masked, and how another was caught. Makes the run twice, with and without the fault, compares
//! them cycle by cycle and writes what it found: `divergence.json`, `index.html`, two waveforms and save files for GTKWave.

pub mod divergence;
pub mod retired;
pub mod story;
pub mod symbols;
pub mod waves;

use std::fs;
use std::path::Path;

use covert_model::Chip;
use serde::Serialize;

use crate::cli::DebugArgs;
use crate::error::{Error, exit_code};
use crate::guests;
use crate::image::Image;
use crate::inject::{Injection, Spec};
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
    write_results(out, &course, &name, &variables, &state, waves.is_some())?;
    println!("{}", story::sentence(&course, &name));
    println!("{}", out.join("index.html").display());
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

fn write_results(
    out: &Path,
    course: &Course,
    name: &impl Fn(&Retired) -> Place,
    variables: &[covert_model::Variable],
    state: &StateMap,
    waves: bool,
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
        golden: lines(|difference| &difference.golden),
        faulty: lines(|difference| &difference.faulty),
    };
    let json = serde_json::to_string(&record)
        .map_err(|e| Error::Unexpected(format!("the result is not JSON: {e}")))?;
    write_whole(&out.join("divergence.json"), json.as_bytes())?;
    // Within a script element nothing may look like its end.
    let page = include_str!("page.html").replace("@DATA@", &json.replace("</", "<\\/"));
    write_whole(&out.join("index.html"), page.as_bytes())?;
    if waves {
        let paths: Vec<String> = state.entries().iter().map(|entry| entry.path.clone()).collect();
        for run in ["golden", "faulty"] {
            let text = waves::save_file(&format!("{run}.fst"), course, &events, variables, &paths);
            write_whole(&out.join(format!("{run}.gtkw")), text.as_bytes())?;
        }
    }
    Ok(())
}
