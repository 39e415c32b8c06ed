//! Simulated cycles per second of processor time: COVERT's `duo` in `dmr`, and two VexRiscv cores.
//!
//! Both run the same endless kernels in a process of their own, the one as a guest, the other bare. Each measurement is the
//! difference of a long and a short run: what starting costs, and what comes before both tiles run, is in neither.

use std::process::Command;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use crate::kernels::{expected, goes_on};
use crate::{Tools, child};

/// Cycles of a short run. Both tiles of `duo` are members by then.
const SHORT: u64 = 500_000;

/// Measurements in the order they were taken: one of COVERT, one of VexRiscv, and so on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Speed {
    /// Cycles of each measurement.
    pub(crate) cycles: u64,
    /// Cycles per second of processor time.
    pub(crate) covert: Vec<f64>,
    /// The same of the pair.
    pub(crate) vexriscv: Vec<f64>,
    /// Median of `covert` over that of `vexriscv`.
    pub(crate) ratio: f64,
}

/// Takes `rounds` measurements of each.
///
/// # Errors
/// A simulator fails; or what it ran was not two cores at work.
pub(crate) fn measure(tools: &Tools, cycles: u64, rounds: u32) -> anyhow::Result<Speed> {
    let (mut covert, mut vexriscv) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        covert.push(one(cycles, |until| run_covert(tools, until))?);
        vexriscv.push(one(cycles, |until| run_pair(tools, until))?);
    }
    let ratio = median(&covert) / median(&vexriscv);
    Ok(Speed { cycles, covert, vexriscv, ratio })
}

/// The middle of the values, of an even number the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

fn one(cycles: u64, run: impl Fn(u64) -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let timed = |until| -> anyhow::Result<f64> {
        let before = child::cpu_seconds()?;
        run(until)?;
        Ok(child::cpu_seconds()? - before)
    };
    let short = timed(SHORT)?;
    let long = timed(SHORT + cycles)?;
    ensure!(long > short, "{cycles} cycles are too few to be measured");
    Ok(cycles as f64 / (long - short))
}

/// What is looked at in the result of `covert run`.
#[derive(Deserialize)]
struct CovertResult {
    outcome: String,
    cycles: u64,
    mode_end: String,
    members: Vec<Members>,
    detections: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Members {
    cycle: u64,
    tiles: Vec<u32>,
}

fn run_covert(tools: &Tools, until: u64) -> anyhow::Result<()> {
    /// `covert run` out of cycles.
    const TIMED_OUT: i32 = 1;
    let file = tools.programs.join("guest.json");
    let mut command = Command::new(&tools.covert);
    command.args(["run", "--chip", "duo", "--mode", "dmr", "--memory", &tools.memory]);
    command.args(["--max-cycles", &until.to_string(), "--json"]).arg(&file);
    let finished = child::run(command.arg(tools.program("guest")), &[TIMED_OUT])?;
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("{command:?}: no result: {}", finished.messages.trim_end()))?;
    let result: CovertResult = serde_json::from_str(&text)?;
    ensure!(goes_on(&finished.console, &expected(tools)?), "{command:?}: a wrong checksum");
    check(&result, until).with_context(|| format!("{command:?}"))
}

fn check(result: &CovertResult, until: u64) -> anyhow::Result<()> {
    ensure!(result.outcome == "timeout" && result.cycles == until, "the guest did not go on");
    let joined = result.members.last().context("the guest never ran")?;
    ensure!(
        result.mode_end == "dmr" && joined.tiles == [0, 1] && joined.cycle < SHORT,
        "two tiles did not run from cycle {SHORT} on"
    );
    ensure!(result.detections.is_empty(), "a detection without a fault");
    Ok(())
}

/// The last line of the messages of `pair`.
#[derive(Deserialize)]
struct PairResult {
    cycles: u64,
    instructions: [u32; 2],
    ended: bool,
}

fn run_pair(tools: &Tools, until: u64) -> anyhow::Result<()> {
    let mut command = Command::new(&tools.pair);
    command.args(["--memory", &tools.memory, "--max-cycles", &until.to_string()]);
    let finished = child::run(command.arg(tools.program("vexriscv")), &[0])?;
    ensure!(goes_on(&finished.console, &expected(tools)?), "{command:?}: a wrong checksum");
    let last = finished.messages.lines().last().unwrap_or_default();
    let result: PairResult =
        serde_json::from_str(last).with_context(|| format!("{command:?} printed {last}"))?;
    ensure!(
        !result.ended && result.cycles == until && result.instructions.iter().all(|&n| n > 0),
        "{command:?} did not go on: {last}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[5.0]), 5.0);
    }

    #[test]
    fn runs_of_less_than_two_tiles_do_not_count() {
        let result = |tiles: &[u32], cycle| CovertResult {
            outcome: "timeout".into(),
            cycles: 900_000,
            mode_end: "dmr".into(),
            members: vec![Members { cycle, tiles: tiles.to_vec() }],
            detections: Vec::new(),
        };
        assert!(check(&result(&[0, 1], 1000), 900_000).is_ok());
        assert!(check(&result(&[0], 1000), 900_000).is_err());
        assert!(check(&result(&[0, 1], SHORT), 900_000).is_err());
        assert!(check(&result(&[0, 1], 1000), 800_000).is_err());
        let none = CovertResult { members: Vec::new(), ..result(&[0, 1], 1000) };
        assert!(check(&none, 900_000).is_err());
        let detected = CovertResult { detections: vec!["output".into()], ..result(&[0, 1], 1000) };
        assert!(check(&detected, 900_000).is_err());
    }
}
