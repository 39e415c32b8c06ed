//! Descriptions of boards: one folder of `fpga/boards` each, with a `board.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Error;

/// A board, as its `board.toml` describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// Size of the device, as nextpnr-ecp5 has it: `85k`.
    pub device: String,
    /// Its package: `CABGA381`.
    pub package: String,
    /// Its speed grade: `6`.
    pub speed: String,
    /// Verilog macros to define.
    pub defines: Vec<String>,
    /// Configurations of the chip that it can carry (`rtl/chip/configs`), and where their memory lies in the board's.
    pub chip: BTreeMap<String, Memory>,
    /// What is built where nothing else is asked for.
    pub default_target: String,
    /// How many of each resource the device has: `LUT4`, `FF`, `DP16KD`, `MULT18X18D`, `DCCA`.
    pub resources: BTreeMap<String, u64>,
    /// What can be built, by name.
    pub target: BTreeMap<String, Target>,
    /// The board's folder.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// Where a chip's regions lie in a board's main memory: parameters of `covert_memory_map`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// Each domain and each checkpoint slot has 2 to the power of this many bytes, from 20 to 25.
    pub domain_bits: u32,
    /// Address of the I/O region, in bytes.
    pub io_start: u32,
}

impl Memory {
    /// Bytes of the last of `tiles` domains that the I/O region leaves; all domains are used so far.
    pub fn domain(&self, tiles: u32) -> u32 {
        let last = (tiles - 1) << self.domain_bits;
        self.io_start.saturating_sub(last).min(1 << self.domain_bits)
    }

    /// Bytes of the boot region: it lies in a checkpoint slot.
    pub fn boot(&self) -> u32 {
        1 << self.domain_bits
    }
}

/// One thing that can be built for a board.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Top module, with a parameter `NTiles`; it holds one `covert_chip`.
    pub top: String,
    /// List of the Verilog files ([`crate::files`]), relative to the board's folder.
    pub files: PathBuf,
    /// Constraints (LPF) but those of the clocks, relative to the board's folder.
    pub constraints: PathBuf,
    /// MHz that each clock has to reach, by the top's port or by the net.
    pub clocks: BTreeMap<String, f64>,
    /// A guest can be started on it: the top has the parameters `DomainBits`, `IoStart` ([`Memory`]), `RomWords` and `RomFile`
    /// (the VMM's firmware in block RAM), and knows the macro `COVERT_INJECTOR`.
    #[serde(default)]
    pub boots: bool,
    /// Other parameters of the top.
    #[serde(default)]
    pub parameters: BTreeMap<String, u32>,
}

impl Board {
    /// Reads the board `name` of the source tree.
    ///
    /// # Errors
    /// As for [`Board::load`].
    pub fn named(name: &str) -> Result<Self, Error> {
        Self::load(&crate::source_tree().join("fpga/boards"), name)
    }

    /// Reads the board `name` from the folder of all boards.
    ///
    /// # Errors
    /// There is no such board, or its description is none: an unknown key, a missing file, a target without a clock.
    pub fn load(boards: &Path, name: &str) -> Result<Self, Error> {
        let known = names(boards);
        if !known.iter().any(|one| one == name) {
            return Err(Error::UnknownBoard { name: name.to_owned(), known });
        }
        let folder = boards.join(name);
        let path = folder.join("board.toml");
        let text = std::fs::read_to_string(&path)
            .map_err(|source| Error::Read { path: path.clone(), source })?;
        let wrong = |why: String| Error::Board { path: path.clone(), why };
        let mut board: Self = toml::from_str(&text).map_err(|e| wrong(e.message().to_owned()))?;
        board.folder = folder;
        if !board.target.contains_key(&board.default_target) {
            return Err(wrong(format!("no target `{}`", board.default_target)));
        }
        for (name, memory) in &board.chip {
            if !(20..=25).contains(&memory.domain_bits) {
                return Err(wrong(format!("chip `{name}`: domain_bits is not from 20 to 25")));
            }
        }
        for (name, target) in &board.target {
            if target.clocks.is_empty()
                || target.clocks.values().any(|mhz| !mhz.is_finite() || *mhz <= 0.0)
            {
                return Err(wrong(format!(
                    "target `{name}`: no clock, or one without a frequency"
                )));
            }
            for file in [&target.files, &target.constraints] {
                if !board.folder.join(file).is_file() {
                    return Err(wrong(format!("target `{name}`: no file {}", file.display())));
                }
            }
        }
        Ok(board)
    }

    /// Where the memory of a chip lies.
    ///
    /// # Errors
    /// The board does not carry it.
    pub fn memory(&self, chip: &str) -> Result<Memory, Error> {
        self.chip.get(chip).copied().ok_or_else(|| Error::UnknownChip {
            board: self.name(),
            chip: chip.to_owned(),
            known: self.chip.keys().cloned().collect(),
        })
    }

    /// Its name: that of its folder.
    fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The target `name`, or the default one.
    ///
    /// # Errors
    /// There is no such target.
    pub fn target(&self, name: Option<&str>) -> Result<(&str, &Target), Error> {
        let name = name.unwrap_or(&self.default_target);
        self.target.get_key_value(name).map(|(name, target)| (name.as_str(), target)).ok_or_else(
            || Error::UnknownTarget {
                name: name.to_owned(),
                known: self.target.keys().cloned().collect(),
            },
        )
    }
}

impl Target {
    /// The highest frequency that a clock has to reach, MHz.
    pub fn fastest(&self) -> f64 {
        self.clocks.values().copied().fold(0.0, f64::max)
    }
}

/// Names of all boards, sorted.
pub fn names(boards: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(boards).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().join("board.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
