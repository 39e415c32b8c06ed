//! Where two waveforms of the same design first differ, signal by signal.
//!
//! Both files are read once, side by side, in the order of time: a thread for each decodes it and hands over blocks of
//! value changes, and the caller's thread keeps the current value of every signal and compares what has changed. So
//! memory does not grow with the length of the run, and there are no batches of signals whose size would have to be
//! chosen. It holds the two hierarchies, the FST files' tables of time stamps, one value per signal and file, a few
//! blocks of changes, and of each FST file one section (what its writer held before it wrote it out: 128 MiB as a
//! rule). Nothing after the window is decoded; what is before it has to be, for the values held when it begins.
//!
//! What a difference is:
//! - A signal's value is a step function of time. Of several values at one time the last counts.
//! - It is recorded from its first value in the file on; until both files have one, nothing is a difference.
//! - The first difference is the smallest time in the window at which the values differ, which may be the window's
//!   first, with values held from before.
//! - Bits compare over the full width as the text they are (`0`, `1`, `x`, `z` and those of VHDL), reals as numbers
//!   (two that are not numbers are equal), texts as they are. An event has no value: it differs at the times in the
//!   window at which one file alone has it, once both files have had it.
//!
//! Which signals belong together: those of the same path. A range at the end of a name (`data [31:0]`) is no part of
//! it, unless one file has several ranges of that name. Scopes without a name are left out of paths, and an index
//! stands without a dot (`mem[3]`).
//!
//! Known limits: time stamps of a VCD file that go back are skipped together with their changes, and the reader says so
//! on the standard output; a VCD file cut between two lines looks whole, so that changes at its last time may be
//! missing and count as differences.

mod blocks;
mod bounded;
mod error;
mod feed;
mod files;
mod guard;
mod merge;
mod names;
mod report;
mod time;
mod value;

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;

use wellen::SignalRef;

pub use error::Error;
pub use report::{Difference, Kind, OtherKind, Report, Timescale, Window};

use feed::{Channel, QUEUE};
use files::Wave;
use merge::{Merge, Side};
use names::Pairs;
use time::Clock;

/// What to compare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// First time of the window, in units of the first file's timescale. Default: the start.
    pub from: Option<u64>,
    /// Last time of the window, itself included, in the same units. Default: the end.
    pub to: Option<u64>,
    /// Full paths of scopes, such as `TOP.chip.core0`: only signals inside one of these. None: all.
    pub scopes: Vec<String>,
}

/// Compares two waveforms, each FST or VCD.
///
/// # Errors
/// See [`Error`].
pub fn diff(a: &Path, b: &Path, options: &Options) -> Result<Report, Error> {
    diff_with(a, b, options, |_, _| ())
}

/// As [`diff`], and tells how far it is: `progress(done, total)` in units of time, some hundred times, the last with
/// both equal. All signals go forward together, so there is no count of signals that are done.
///
/// # Errors
/// See [`Error`].
pub fn diff_with(
    a: &Path,
    b: &Path,
    options: &Options,
    mut progress: impl FnMut(u64, u64),
) -> Result<Report, Error> {
    if let (Some(from), Some(to)) = (options.from, options.to)
        && from > to
    {
        return Err(Error::Window { from, to });
    }
    let (mut a, mut b) = open_both(a, b)?;
    let names = names::pair(&a, &b, &options.scopes)?;
    let clock = Clock::new(&a, &b, options);
    let found = compare(&mut a, &mut b, &names.pairs, &clock, &mut progress)?;
    Ok(report::build(&a, &b, names, &clock, found))
}

/// The signals of a waveform and the ranges that stand behind their names there: path, without a range, to the numbers of
/// the leftmost and the rightmost bit, nothing for a signal without a range. Of several signals of one path it has the last.
///
/// # Errors
/// See [`Error`].
pub fn ranges(path: &Path) -> Result<HashMap<String, Option<(i64, i64)>>, Error> {
    Ok(names::ranges(&Wave::open(path)?))
}

fn open_both(a: &Path, b: &Path) -> Result<(Wave, Wave), Error> {
    thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, || Wave::open(b));
        let other = other.map_err(|source| Error::Thread { source })?;
        let first = Wave::open(a);
        let second =
            other.join().unwrap_or_else(|_| Err(Error::damaged(b, "it stopped the reader")));
        Ok((first?, second?))
    })
}

fn compare<'s>(
    a: &'s mut Wave,
    b: &'s mut Wave,
    pairs: &'s Pairs,
    clock: &Clock,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<merge::Found, Error> {
    let (names_a, names_b) = (a.path.clone(), b.path.clone());
    let (end_a, end_b) = (clock.last_a(), clock.last_b());
    thread::scope(|scope| {
        let (send_a, receive_a) = sync_channel(QUEUE);
        let (send_b, receive_b) = sync_channel(QUEUE);
        let spawn = |wave, signals: &'s [SignalRef], last, channel: Channel| {
            let work = move || feed::run(wave, signals, last, &channel);
            if signals.is_empty() {
                return Ok(()); // And the channel ends.
            }
            let spawned = thread::Builder::new().spawn_scoped(scope, work);
            spawned.map(|_| ()).map_err(|source| Error::Thread { source })
        };
        spawn(a, &pairs.signals_a, end_a, send_a)?;
        spawn(b, &pairs.signals_b, end_b, send_b)?;
        let side_a = Side::new(receive_a, clock.scale_a, &pairs.of_a);
        let side_b = Side::new(receive_b, clock.scale_b, &pairs.of_b);
        // The channels end with it, and so do the threads.
        Merge::new(pairs, side_a, side_b).run(clock, [&names_a, &names_b], progress)
    })
}
