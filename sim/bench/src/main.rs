//! `make bench`: the kernels of `kernels/` on COVERT and on VexRiscv, and how fast both are simulated.
//!
//! Knows both simulators by their commands only: what is measured is what a user runs.

mod child;
mod kernels;
mod report;
mod speed;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use clap::builder::RangedU64ValueParser;

use crate::report::Report;

/// Measures kernels and simulation speed, prints tables and writes them as JSON.
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Args {
    /// The command `covert`
    #[arg(long, value_name = "FILE", default_value = "target/release/covert")]
    covert: PathBuf,
    /// Where the programs and `pair` were built; bench.json is written there
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    dir: PathBuf,
    /// Main memory of both simulators: sdram, or the cycles that each answer takes
    #[arg(long, value_name = "sdram|CYCLES", default_value = "sdram", value_parser = memory)]
    memory: String,
    /// Cycles of each measurement of speed
    #[arg(
        long,
        value_name = "N",
        default_value_t = 3_000_000,
        value_parser = RangedU64ValueParser::<u64>::new().range(100_000..=1_000_000_000),
    )]
    cycles: u64,
    /// Measurements of speed of each simulator, taken in turn
    #[arg(
        long,
        value_name = "N",
        default_value_t = 5,
        value_parser = RangedU64ValueParser::<u32>::new().range(1..=1000),
    )]
    rounds: u32,
}

/// What both simulators understand.
fn memory(text: &str) -> Result<String, String> {
    let cycles = text.parse::<u32>().is_ok_and(|cycles| (1..=10_000).contains(&cycles));
    if text == "sdram" || cycles {
        return Ok(text.to_owned());
    }
    Err("sdram, or cycles from 1 to 10000".to_owned())
}

/// The programs that are run.
struct Tools {
    covert: PathBuf,
    pair: PathBuf,
    programs: PathBuf,
    memory: String,
}

impl Tools {
    fn program(&self, name: &str) -> PathBuf {
        self.programs.join(format!("{name}.elf"))
    }
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    let tools = Tools {
        covert: args.covert.clone(),
        pair: args.dir.join("pair"),
        programs: args.dir.join("programs"),
        memory: args.memory.clone(),
    };
    let kernels = kernels::measure(&tools)?;
    print!("{}", report::kernels(&kernels, &args.memory));
    let speed = speed::measure(&tools, args.cycles, args.rounds)?;
    print!("{}", report::speed(&speed));

    let report = Report { schema: 2, memory: args.memory.clone(), kernels, speed };
    let file = args.dir.join("bench.json");
    write(&file, &report).with_context(|| format!("cannot write {}", file.display()))?;
    println!("\nwritten to {}", file.display());
    Ok(())
}

/// Leaves the old file or the whole new one.
fn write(file: &Path, report: &Report) -> anyhow::Result<()> {
    let fresh = file.with_extension("json.new");
    fs::write(&fresh, serde_json::to_string_pretty(report)? + "\n")?;
    fs::rename(&fresh, file)?;
    Ok(())
}
