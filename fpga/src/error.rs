//! What can go wrong in a build, and whose fault it is.

use std::io;
use std::path::PathBuf;

/// Why there is no bitstream.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A board that there is not.
    #[error("no board `{name}`; there is: {}", known.join(", "))]
    UnknownBoard {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A chip that the board cannot carry.
    #[error("board `{board}` does not carry the chip `{chip}`, but: {}", known.join(", "))]
    UnknownChip {
        /// The board.
        board: String,
        /// What was asked for.
        chip: String,
        /// What it carries.
        known: Vec<String>,
    },
    /// A target that the board has not.
    #[error("no target `{name}`; the board has: {}", known.join(", "))]
    UnknownTarget {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A target that knows no injector.
    #[error("target `{target}` has no fault injector")]
    NoInjector {
        /// The target.
        target: String,
    },
    /// A description that is none.
    #[error("{}: {why}", path.display())]
    Board {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        why: String,
    },
    /// A tool that is not installed.
    #[error("{tool} is not installed; run `make setup-fpga`")]
    ToolMissing {
        /// Its name.
        tool: &'static str,
    },
    /// A file that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A result that cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// More than the device has.
    #[error("does not fit: {}", over.iter().map(|(what, used, has)| format!("{used} {what} of {has}")).collect::<Vec<_>>().join(", "))]
    DoesNotFit {
        /// Resource, how many are needed, how many there are.
        over: Vec<(String, u64, u64)>,
    },
    /// No seed met the timing.
    #[error("timing missed with {seeds} seeds; the best, seed {seed}: {}", misses.join(", "))]
    Timing {
        /// How many were tried.
        seeds: usize,
        /// The best of them.
        seed: u32,
        /// Which clock or path, by how much.
        misses: Vec<String>,
    },
    /// Synthesis took redundancy away.
    #[error("redundancy did not survive synthesis: {0}")]
    Redundancy(String),
    /// A tool failed.
    #[error("{step} failed: {why} (see {})", log.display())]
    Tool {
        /// Which.
        step: &'static str,
        /// Its last word.
        why: String,
        /// All of its words.
        log: PathBuf,
    },
    /// A tool's result that is not understood.
    #[error("{}: {why}", path.display())]
    Result {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        why: String,
    },
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The design: it is too large, too slow, or not redundant any more.
    Design,
    /// The user: wrong names, missing tools, folders that cannot be written.
    Input,
    /// A tool or this program.
    Internal,
}

impl Error {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::DoesNotFit { .. } | Self::Timing { .. } | Self::Redundancy(_) => Fault::Design,
            Self::UnknownBoard { .. }
            | Self::UnknownChip { .. }
            | Self::UnknownTarget { .. }
            | Self::NoInjector { .. }
            | Self::Board { .. }
            | Self::ToolMissing { .. }
            | Self::Read { .. }
            | Self::Write { .. } => Fault::Input,
            Self::Tool { .. } | Self::Result { .. } => Fault::Internal,
        }
    }
}
