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
    /// Names of configurations of the chip that it can carry (`rtl/chip/configs`).
    pub chips: Vec<String>,
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

/// One thing that can be built for a board.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Top module, with a parameter `NTiles`; it holds one `covert_chip`.
    pub top: String,
    /// Verilog files beside the chip's own, relative to the board's folder.
    pub sources: Vec<PathBuf>,
    /// Constraints (LPF) but those of the clocks, relative to the board's folder.
    pub constraints: PathBuf,
    /// MHz that each clock has to reach, by the top's port or by the net.
    pub clocks: BTreeMap<String, f64>,
}

impl Board {
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
        for (name, target) in &board.target {
            if target.clocks.is_empty() || target.clocks.values().any(|mhz| !(*mhz > 0.0)) {
                return Err(wrong(format!(
                    "target `{name}`: no clock, or one without a frequency"
                )));
            }
            for file in target.sources.iter().chain([&target.constraints]) {
                if !board.folder.join(file).is_file() {
                    return Err(wrong(format!("target `{name}`: no file {}", file.display())));
                }
            }
        }
        Ok(board)
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
