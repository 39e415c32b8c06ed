//! What the netlist takes of the device: in all, and by the instances of the sources. In a module that was flattened a cell
//! counts for the instance whose net it is named after, so that what was optimised over a border lies on one side of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::netlist::{Flat, join};

/// Cells of the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Area {
    /// LUTs of four inputs; carry chains and LUT memories have theirs beside.
    pub lut4: u64,
    /// Pairs of carry bits, two LUTs each.
    pub ccu2c: u64,
    /// Flip-flops.
    pub ff: u64,
    /// LUT memories of 16 x 4 bits; each takes the place of six LUTs.
    pub dpr16x4: u64,
    /// Block RAMs of 18 Kibit.
    pub dp16kd: u64,
    /// Multipliers of 18 x 18 bits.
    pub mult18: u64,
    /// Global clock buffers in the sources.
    pub dcca: u64,
}

impl Area {
    /// All that takes the place of LUTs, in LUTs.
    pub fn luts(&self) -> u64 {
        self.lut4 + 2 * self.ccu2c + 6 * self.dpr16x4
    }

    /// How much of a resource of the board's list it takes.
    pub fn of(&self, resource: &str) -> Option<u64> {
        Some(match resource {
            "LUT4" => self.luts(),
            "FF" => self.ff,
            "DP16KD" => self.dp16kd,
            "MULT18X18D" => self.mult18,
            "DCCA" => self.dcca,
            _ => return None,
        })
    }

    fn count(&mut self, kind: &str) {
        match kind {
            "LUT4" => self.lut4 += 1,
            "CCU2C" => self.ccu2c += 1,
            "TRELLIS_FF" => self.ff += 1,
            "TRELLIS_DPR16X4" => self.dpr16x4 += 1,
            "DP16KD" | "PDPW16KD" => self.dp16kd += 1,
            "MULT18X18D" => self.mult18 += 1,
            "DCCA" => self.dcca += 1,
            _ => {}
        }
    }
}

/// The area of each instance with what is inside it, by path (the top's is empty), with its module.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// Path of the instance.
    pub path: String,
    /// Its module.
    pub module: String,
    /// What it takes.
    #[serde(flatten)]
    pub area: Area,
}

/// Counts a netlist by `sources`: paths of instances and their modules.
pub fn parts(netlist: &Flat<'_>, sources: &BTreeMap<String, String>) -> Vec<Part> {
    let mut areas: BTreeMap<&str, Area> = BTreeMap::new();
    let paths: BTreeSet<&str> = sources.keys().map(String::as_str).collect();
    for cell in &netlist.cells {
        let name = join(&cell.parent, cell.name);
        let mut end = Some(name.len());
        // From the innermost instance outwards; each counts what is inside it.
        while let Some(here) = end {
            if let Some(path) = paths.get(&name[..here]) {
                areas.entry(path).or_default().count(&cell.cell.kind);
            }
            end = name[..here].rfind('.');
        }
        areas.entry("").or_default().count(&cell.cell.kind);
    }
    let part = |(path, module): (&String, &String)| Part {
        path: path.clone(),
        module: module.clone(),
        area: areas.get(path.as_str()).copied().unwrap_or_default(),
    };
    sources.iter().map(part).collect()
}
