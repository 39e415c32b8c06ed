//! The tables, and all numbers together as `bench.json` has them.

use std::fmt::Write as _;

use serde::Serialize;

use crate::kernels::{Core, Kernel, LEVELS};
use crate::speed::{Speed, median};

/// `bench.json`.
#[derive(Serialize)]
pub(crate) struct Report {
    /// Version of this format.
    pub(crate) schema: u32,
    /// `sdram`, or the cycles that each answer took.
    pub(crate) memory: String,
    pub(crate) kernels: Vec<Kernel>,
    pub(crate) speed: Speed,
}

/// A table for each option of the compiler.
pub(crate) fn kernels(kernels: &[Kernel], memory: &str) -> String {
    let mut text = format!("Kernels, bare on one core; memory: {memory}\n");
    for level in LEVELS {
        let of = |core| kernels.iter().filter(move |k| k.core == core && k.level == level);
        let _ = writeln!(
            text,
            "\n{:<10} {:>12} {:>11} {:>6}   {:>12} {:>11} {:>6}   {:>8}\n{:<10} {:>12} {:>11} {:>6}   {:>12} {:>11} {:>6}   {:>8}",
            format!("gcc -{level}"),
            "COVERT",
            "RV32IMAC",
            "",
            "VexRiscv",
            "RV32IM",
            "",
            "cycles",
            "",
            "instructions",
            "cycles",
            "CPI",
            "instructions",
            "cycles",
            "CPI",
            "V/C",
        );
        let (mut logs, mut rows) = (0.0, 0.0);
        for (ours, theirs) in of(Core::Covert).zip(of(Core::VexRiscv)) {
            let ratio = f64::from(theirs.cycles) / f64::from(ours.cycles);
            logs += ratio.ln();
            rows += 1.0;
            let _ = writeln!(
                text,
                "{:<10} {:>12} {:>11} {:>6.3}   {:>12} {:>11} {:>6.3}   {ratio:>8.3}",
                ours.name,
                ours.instructions,
                ours.cycles,
                ours.cpi(),
                theirs.instructions,
                theirs.cycles,
                theirs.cpi(),
            );
        }
        let (ours, theirs) = (sum(of(Core::Covert)), sum(of(Core::VexRiscv)));
        let mean = if rows > 0.0 { (logs / rows).exp() } else { f64::NAN };
        let _ = writeln!(
            text,
            "{:<10} {:>12} {:>11} {:>6.3}   {:>12} {:>11} {:>6.3}   {mean:>8.3} (geometric mean)",
            "all", ours.0, ours.1, ours.2, theirs.0, theirs.1, theirs.2
        );
        let mix = |core| of(core).find(|k| k.name == "mix").map_or(f64::NAN, Kernel::round);
        let _ = writeln!(
            text,
            "mix, cycles an iteration: COVERT {:.0}, VexRiscv {:.0}",
            mix(Core::Covert),
            mix(Core::VexRiscv)
        );
    }
    text
}

/// Instructions, cycles, cycles per instruction.
fn sum<'a>(kernels: impl Iterator<Item = &'a Kernel>) -> (u64, u64, f64) {
    let (instructions, cycles) = kernels.fold((0, 0), |(instructions, cycles), k| {
        (instructions + u64::from(k.instructions), cycles + u64::from(k.cycles))
    });
    (instructions, cycles, cycles as f64 / instructions as f64)
}

/// The table of speeds.
pub(crate) fn speed(speed: &Speed) -> String {
    let mut text = format!(
        "\nSimulation, million cycles per second of processor time; {} cycles a measurement, taken in turn\n\n\
         {:<10} {:>12} {:>12}\n{:<10} {:>12} {:>12}\n",
        speed.cycles, "", "COVERT", "VexRiscv", "", "duo, dmr", "two cores"
    );
    for (i, (ours, theirs)) in speed.covert.iter().zip(&speed.vexriscv).enumerate() {
        let _ = writeln!(text, "{:<10} {:>12.3} {:>12.3}", i + 1, ours / 1e6, theirs / 1e6);
    }
    let (ours, theirs) = (median(&speed.covert), median(&speed.vexriscv));
    let _ = writeln!(
        text,
        "{:<10} {:>12.3} {:>12.3}   ratio {:.3}",
        "median",
        ours / 1e6,
        theirs / 1e6,
        speed.ratio
    );
    text
}
