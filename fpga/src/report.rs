//! The result of a build: `report.json` and a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::area::{Area, Part};
use crate::error::Error;
use crate::place::Placed;
use crate::redundancy::Redundancy;

/// Its name in the build's folder.
pub const FILE: &str = "report.json";

/// What a build found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Version of this: [`SCHEMA`](crate::SCHEMA).
    pub schema: u32,
    /// `ok`, or why there is no bitstream.
    pub outcome: String,
    /// Name of the board.
    pub board: String,
    /// Name of the chip's configuration.
    pub chip: String,
    /// What was built for the board.
    pub target: String,
    /// Versions of the tools.
    pub tools: BTreeMap<String, String>,
    /// What the whole takes.
    pub area: Area,
    /// What the device has.
    pub resources: BTreeMap<String, u64>,
    /// The area of each instance, by path.
    pub parts: Vec<Part>,
    /// Redundancy in the netlist.
    pub redundancy: Redundancy,
    /// Seconds of each step.
    pub seconds: BTreeMap<String, f64>,
    /// The seeds that were tried, in order.
    pub seeds: Vec<Placed>,
    /// The best of them.
    pub seed: Option<u32>,
    /// File name of the bitstream.
    pub bitstream: Option<String>,
}

impl Report {
    /// Writes it into a folder.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(FILE);
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|e| Error::Result { path: path.clone(), why: e.to_string() })?;
        text.push('\n');
        std::fs::write(&path, text).map_err(|source| Error::Write { path, source })
    }

    /// The table: area by module, and the clocks of the best seed.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<26} {:>5} {:>7} {:>6} {:>7} {:>8} {:>7} {:>7}\n",
            "module", "times", "LUT4", "CCU2C", "FF", "DPR16X4", "DP16KD", "MULT18"
        );
        for (part, times) in crate::shown(&self.parts) {
            let Area { lut4, ccu2c, ff, dpr16x4, dp16kd, mult18, .. } = part.area;
            let _ = writeln!(
                text,
                "{:<26} {times:>5} {lut4:>7} {ccu2c:>6} {ff:>7} {dpr16x4:>8} {dp16kd:>7} {mult18:>7}",
                part.module
            );
        }
        for (name, has) in &self.resources {
            if let Some(used) = self.area.of(name) {
                let percent = 100.0 * used as f64 / *has as f64;
                let _ = writeln!(text, "{name}: {used} of {has} ({percent:.0} %)");
            }
        }
        for placed in self.seeds.iter().filter(|placed| Some(placed.seed) == self.seed) {
            for clock in &placed.clocks {
                let wanted = clock.required_mhz.map_or("none".into(), |mhz| format!("{mhz:.1}"));
                let _ = writeln!(
                    text,
                    "clock {}: {:.1} MHz, required {wanted} (seed {})",
                    clock.net, clock.reached_mhz, placed.seed
                );
            }
        }
        text
    }
}
