//! What a comparison found.

use std::fmt;

use serde::Serialize;

use crate::files::Wave;
use crate::merge::Found;
use crate::names::Names;
use crate::time::{Clock, narrow};

/// How two waveforms compare. All times in it are in one unit, `timescale`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The unit of the times: the first file's, unless a time in this report is not whole in it; then a finer one in
    /// which the times of both files are whole. None if neither file has a unit.
    pub timescale: Option<Timescale>,
    /// The times compared: from the later of the first values of both files to the earlier of their ends, within the
    /// window asked for.
    pub window: Window,
    /// Signals compared, by their paths.
    pub signals: usize,
    /// Those of them without a difference.
    pub equal: usize,
    /// The first difference of each of the others, by time and then by path.
    pub differences: Vec<Difference>,
    /// Paths that only the first file has, sorted.
    pub only_a: Vec<String>,
    /// Paths that only the second file has, sorted.
    pub only_b: Vec<String>,
    /// Signals that are not of the same kind or width in both files and are not compared, by path.
    pub other_width: Vec<OtherKind>,
    /// Value changes read from both files, those before the window and initial values included.
    pub changes: u64,
    /// The first file is a VCD whose last line has no end. The line was left out, and so were other changes at its
    /// time: there may have been more.
    pub cut_a: bool,
    /// The same of the second file.
    pub cut_b: bool,
}

/// A unit of time, such as 10 ns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timescale {
    /// How many of `unit`.
    pub factor: u64,
    /// `s`, `ms`, `us`, `ns`, `ps`, `fs`, `as` or `zs`.
    pub unit: String,
}

impl fmt::Display for Timescale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.factor, self.unit)
    }
}

/// An interval of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// The first time.
    pub from: u64,
    /// The last time, itself included.
    pub to: u64,
}

/// Where a signal first differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its full path.
    pub signal: String,
    /// Its bits; 64 for a real, 0 for a text or an event.
    pub width: u32,
    /// When.
    pub time: u64,
    /// The first file's value: a character per bit, a decimal number or a text; for an event `event` or `none`.
    pub a: String,
    /// The second file's value.
    pub b: String,
}

/// What a signal's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// This many bits, at least one.
    Bits(u32),
    /// A number of 64 bits with a binary point.
    Real,
    /// A text.
    Text,
    /// Nothing: it just happens.
    Event,
}

impl Kind {
    fn width(self) -> u32 {
        match self {
            Self::Bits(width) => width,
            Self::Real => 64,
            Self::Text | Self::Event => 0,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bits(1) => f.write_str("1 bit"),
            Self::Bits(width) => write!(f, "{width} bits"),
            Self::Real => f.write_str("a real"),
            Self::Text => f.write_str("a text"),
            Self::Event => f.write_str("an event"),
        }
    }
}

/// A signal that the two files record differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherKind {
    /// Its full path.
    pub signal: String,
    /// What it is in the first file.
    pub a: Kind,
    /// What it is in the second file.
    pub b: Kind,
}

pub(crate) fn build(a: &Wave, b: &Wave, names: Names, clock: &Clock, found: Found) -> Report {
    let ends = [found.from, found.to];
    let times = found.differences.iter().map(|difference| difference.time).chain(ends);
    let (timescale, scale) = clock.unit_for(times);
    let mut differences = Vec::new();
    for difference in found.differences {
        let pair = &names.pairs.list[difference.pair as usize];
        differences.extend(pair.paths.iter().map(|path| Difference {
            signal: path.clone(),
            width: pair.kind.width(),
            time: narrow(difference.time / scale),
            a: difference.a.clone(),
            b: difference.b.clone(),
        }));
    }
    differences.sort_by(|x, y| (x.time, &x.signal).cmp(&(y.time, &y.signal)));
    let signals = names.pairs.list.iter().map(|pair| pair.paths.len()).sum::<usize>();
    Report {
        timescale,
        window: Window { from: narrow(ends[0] / scale), to: narrow(ends[1] / scale) },
        signals,
        equal: signals - differences.len(),
        differences,
        only_a: names.only_a,
        only_b: names.only_b,
        other_width: names.other_kind,
        changes: found.changes,
        cut_a: a.cut,
        cut_b: b.cut,
    }
}
