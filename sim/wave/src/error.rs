//! Why two waveforms cannot be compared.

use std::io;
use std::path::{Path, PathBuf};

use crate::report::{Timescale, Window};

/// Longest reason of a library that is passed on, in characters.
const LONGEST_REASON: usize = 160;

/// Why there is no report. Each is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not there, not readable, or no file.
    #[error("cannot open {}: {why}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Something else.
    #[error("{} is neither FST nor VCD: name a waveform in one of these formats", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// GHDL's own format.
    #[error("{} is GHW, which is not read: let GHDL write --fst or --vcd instead", path.display())]
    Ghw {
        /// The file.
        path: PathBuf,
    },
    /// Cut off, or changed after it was written.
    #[error("{} is cut off or damaged ({why}): have it written again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        why: String,
    },
    /// The ends of the window are the wrong way round.
    #[error("the window ends before it begins ({from} to {to}): swap the two times")]
    Window {
        /// Its first time.
        from: u64,
        /// Its last time.
        to: u64,
    },
    /// No time is in the window and in both files.
    #[error(
        "{} and {} have no time in common in the window, which would go from {} to {}{}: choose another",
        a.display(), b.display(), window.from, window.to, unit(timescale.as_ref())
    )]
    NoOverlap {
        /// The first file.
        a: PathBuf,
        /// The second file.
        b: PathBuf,
        /// The window, cut by what both files have: its first time is after its last.
        window: Window,
        /// The unit of its times.
        timescale: Option<Timescale>,
    },
    /// A file has no value of any signal to compare until the end of the window.
    #[error("{} has no value of these signals up to the end of the window: choose others", path.display())]
    NoValue {
        /// The file.
        path: PathBuf,
    },
    /// A path that is no scope of either file.
    #[error("there is no scope {scope} in {} or {}: write a full path such as {example}", a.display(), b.display())]
    Scope {
        /// The path as given.
        scope: String,
        /// The first file.
        a: PathBuf,
        /// The second file.
        b: PathBuf,
        /// A scope that there is.
        example: String,
    },
    /// No signal to compare.
    #[error("{} and {} have no signal in common: compare waveforms of one design, or other scopes", a.display(), b.display())]
    NoCommon {
        /// The first file.
        a: PathBuf,
        /// The second file.
        b: PathBuf,
    },
    /// The machine has no room for another thread.
    #[error("cannot start a thread: {source}; end other programs")]
    Thread {
        /// Why.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn open(path: &Path, error: &io::Error) -> Self {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "no such file".into(),
            io::ErrorKind::PermissionDenied => "permission denied".into(),
            _ => error.to_string(),
        };
        Self::Open { path: path.into(), why }
    }

    /// `why` may be what a library said: it becomes one short line.
    pub(crate) fn damaged(path: &Path, why: &str) -> Self {
        let mut line = String::new();
        for word in why.split(|c: char| c.is_whitespace() || c.is_control()) {
            if !word.is_empty() {
                line += if line.is_empty() { "" } else { " " };
                line += word;
            }
        }
        if let Some((end, _)) = line.char_indices().nth(LONGEST_REASON) {
            line.truncate(end);
            line += "...";
        }
        Self::Damaged { path: path.into(), why: line }
    }
}

fn unit(timescale: Option<&Timescale>) -> String {
    timescale.map_or_else(String::new, |unit| format!(" (in units of {unit})"))
}
