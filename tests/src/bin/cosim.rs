//! Runs random programs on QEMU and on the core until one differs.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use covert_tests::core::{Core, Latency};
use covert_tests::cosim;
use covert_tests::program::Options;
use covert_tests::trace::Summary;

/// Random programs on QEMU and on the core, traces compared.
#[derive(Parser)]
struct Arguments {
    /// First seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of programs, with consecutive seeds.
    #[arg(long, default_value_t = 1)]
    count: u64,
    /// Items in each program.
    #[arg(long, default_value_t = 1000)]
    items: u32,
    /// Memory latency in cycles, MIN:MAX.
    #[arg(long, value_parser = range)]
    latency: Option<(u32, u32)>,
    /// Seed of the latencies; the program's own by default.
    #[arg(long)]
    latency_seed: Option<u64>,
    /// Programs with address spaces and page faults.
    #[arg(long)]
    translated: bool,
    /// Run QEMU only, and say what the programs cover.
    #[arg(long)]
    reference: bool,
    /// Use this bench instead of building one.
    #[arg(long)]
    bench: Option<std::path::PathBuf>,
    /// Go on after a difference.
    #[arg(long)]
    keep_going: bool,
}

fn range(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once(':').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    parts.filter(|(min, max)| min <= max).ok_or_else(|| "wanted MIN:MAX".to_owned())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let core = match (&arguments.bench, arguments.reference) {
        (_, true) => Ok(None),
        (Some(path), _) => Ok(Some(Core::Bench(path.clone()))),
        (None, _) => Core::bench().map(Some),
    };
    let core = match core {
        Ok(core) => core,
        Err(error) => {
            eprintln!("cosim: {error}");
            return ExitCode::from(2);
        }
    };
    let mut total = Summary::default();
    let mut failures = 0;
    let start = Instant::now();
    for seed in arguments.seed..arguments.seed + arguments.count {
        let latency =
            Latency { range: arguments.latency, seed: arguments.latency_seed.unwrap_or(seed) };
        let options =
            Options { translated: arguments.translated, ..Options::new(seed, arguments.items) };
        let result = match &core {
            Some(core) => cosim::run(core, &options, latency),
            None => cosim::reference(&options),
        };
        match result {
            Ok(summary) => total.add(summary),
            Err(failure) => {
                println!("seed {seed}: {}", failure.0);
                failures += 1;
                if !arguments.keep_going {
                    break;
                }
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let rate = total.instructions as f64 / seconds;
    println!("{total:#?} in {seconds:.1} s ({rate:.0}/s), {failures} failures");
    ExitCode::from(u8::from(failures > 0))
}
