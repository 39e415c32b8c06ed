//! The kernels bare on one core: cycles and instructions as the program itself reads them.

use std::fs;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context as _, bail, ensure};
use serde::Serialize;

use crate::{Tools, child};

/// Which core ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Core {
    /// COVERT's `solo`, RV32IMAC.
    Covert,
    /// VexRiscv, its Linux variant, RV32IM.
    VexRiscv,
}

/// One kernel of one program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Kernel {
    pub(crate) core: Core,
    /// Option of the compiler, without its hyphen.
    pub(crate) level: &'static str,
    pub(crate) name: String,
    pub(crate) checksum: u32,
    /// Repetitions that the counts are of.
    pub(crate) rounds: u32,
    pub(crate) cycles: u32,
    pub(crate) instructions: u32,
}

impl Kernel {
    /// Cycles per instruction.
    pub(crate) fn cpi(&self) -> f64 {
        f64::from(self.cycles) / f64::from(self.instructions)
    }

    /// Cycles of one repetition.
    pub(crate) fn round(&self) -> f64 {
        f64::from(self.cycles) / f64::from(self.rounds)
    }
}

/// Options of the compiler, without their hyphens.
pub(crate) const LEVELS: [&str; 2] = ["O2", "O3"];

/// Runs all programs, as many at a time as there are processors.
///
/// # Errors
/// A simulator fails, or a program prints anything but what the host's build of it does.
pub(crate) fn measure(tools: &Tools) -> anyhow::Result<Vec<Kernel>> {
    let expected = expected(tools)?;
    // The slowest first.
    let cores = [Core::VexRiscv, Core::Covert];
    let jobs: Vec<_> = cores.iter().flat_map(|&core| LEVELS.map(|level| (core, level))).collect();
    let queue = Mutex::new(jobs.iter());
    let next = || queue.lock().ok()?.next().copied();
    let done = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((core, level)) = next() {
                    let result = one(tools, core, level, &expected);
                    if let Ok(mut done) = done.lock() {
                        done.push(((core, level), result));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().context("a measurement panicked")?;
    let mut kernels = Vec::new();
    for job in jobs {
        let at = done.iter().position(|(of, _)| *of == job).context("a measurement panicked")?;
        kernels.extend(done.swap_remove(at).1?);
    }
    Ok(kernels)
}

/// What the host's build of the kernels printed: lines `name checksum rounds`.
///
/// # Errors
/// It was not built.
pub(crate) fn expected(tools: &Tools) -> anyhow::Result<String> {
    let file = tools.programs.join("expected");
    fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
}

/// Whether every whole line of an endless run begins as the host's does, over and over.
pub(crate) fn goes_on(console: &str, expected: &str) -> bool {
    let whole = console.rfind('\n').map_or("", |end| &console[..=end]);
    let begins = |line: &str, wanted: &str| {
        line.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    whole.lines().zip(expected.lines().cycle()).all(|(line, wanted)| begins(line, wanted))
}

fn one(
    tools: &Tools,
    core: Core,
    level: &'static str,
    expected: &str,
) -> anyhow::Result<Vec<Kernel>> {
    let (mut command, program) = match core {
        Core::Covert => {
            let mut command = Command::new(&tools.covert);
            command.args(["run", "--bare", "--chip", "solo", "--memory", &tools.memory]);
            (command, tools.program(&format!("covert-{level}")))
        }
        Core::VexRiscv => {
            let mut command = Command::new(&tools.pair);
            command.args(["--alone", "--memory", &tools.memory]);
            (command, tools.program(&format!("vexriscv-{level}")))
        }
    };
    let console = child::run(command.arg(&program), &[0])?.console;
    parse(&console, expected, core, level)
        .with_context(|| format!("{} on {core:?}", program.display()))
}

/// Lines `name checksum rounds cycles instructions`, the first three of which must be those of `expected`.
fn parse(
    console: &str,
    expected: &str,
    core: Core,
    level: &'static str,
) -> anyhow::Result<Vec<Kernel>> {
    let mut kernels = Vec::new();
    for line in console.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let [name, numbers @ ..] = words.as_slice() else { bail!("an empty line") };
        let numbers: Result<Vec<u32>, _> = numbers.iter().map(|word| word.parse()).collect();
        let Ok(&[checksum, rounds, cycles, instructions]) = numbers.as_deref() else {
            bail!("not a line of results: {line}");
        };
        ensure!(instructions > 0 && rounds > 0, "nothing was counted: {line}");
        kernels.push(Kernel {
            core,
            level,
            name: (*name).into(),
            checksum,
            rounds,
            cycles,
            instructions,
        });
    }
    let line = |kernel: &Kernel| format!("{} {} {}", kernel.name, kernel.checksum, kernel.rounds);
    let got: Vec<_> = kernels.iter().map(line).collect();
    let wanted: Vec<_> = expected.lines().collect();
    ensure!(got == wanted, "printed {got:?}, the host {wanted:?}");
    Ok(kernels)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: &str = "list 7 2\ncrc 9 1\n";

    fn parsed(console: &str) -> anyhow::Result<Vec<Kernel>> {
        parse(console, EXPECTED, Core::Covert, "O2")
    }

    #[test]
    fn results_are_read() -> anyhow::Result<()> {
        let kernels = parsed("list 7 2 300 200\ncrc 9 1 10 10\n")?;
        assert_eq!(kernels.len(), 2);
        assert_eq!((kernels[0].cpi(), kernels[0].round()), (1.5, 150.0));
        Ok(())
    }

    #[test]
    fn endless_runs_are_compared() {
        for right in ["", "li", "list 7 2\n", "list 7 2 5 6\ncrc 9 1 2 3\nlist 7 2 8 9\ncrc 8"] {
            assert!(goes_on(right, EXPECTED), "{right}");
        }
        for wrong in ["\n", "list 7 21\n", "crc 9 1\n", "list 7 2\ncrc 9 1\nlist 8 2\n"] {
            assert!(!goes_on(wrong, EXPECTED), "{wrong}");
        }
    }

    #[test]
    fn wrong_results_are_refused() {
        for console in [
            "",
            "list 7 2 300 200\n",
            "list 8 2 300 200\ncrc 9 1 10 10\n",
            "list 7 3 300 200\ncrc 9 1 10 10\n",
            "list 7 2 300 0\ncrc 9 1 10 10\n",
            "list 7 2 300\ncrc 9 1 10 10\n",
            "list 7 2 x 200\ncrc 9 1 10 10\n",
            "\nlist 7 2 300 200\ncrc 9 1 10 10\n",
        ] {
            assert!(parsed(console).is_err(), "{console}");
        }
    }
}
