//! Many faults from one fault-free run: the run is made once to know its course, then again, forked at
//! the cycle of each fault. A child runs on with its fault to the end; it stops early only where its
//! state equals that of the fault-free run at the same cycle, for then the rest is equal too.

use serde::{Deserialize, Serialize};

use crate::console::Output;
use crate::error::Error;
use crate::fork::Children;
use crate::inject::Injection;
use crate::session::{End, Machine, Session, end_of};
use covert_abi::Detection;

/// What came of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Nothing was detected and the output is right.
    Masked,
    /// Detected; the output is right.
    Recovered,
    /// Detected, unrecoverable; what was let out is right as far as it goes.
    Due,
    /// Wrong output or a wrong exit code.
    Sdc,
    /// No end; what was let out is right as far as it goes.
    Hang,
}

impl Class {
    /// All classes, in the order of tables.
    pub const ALL: [Self; 5] = [Self::Masked, Self::Recovered, Self::Due, Self::Sdc, Self::Hang];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Masked => "masked",
            Self::Recovered => "recovered",
            Self::Due => "DUE",
            Self::Sdc => "SDC",
            Self::Hang => "hang",
        }
    }
}

/// A run with one fault. Repeatable: `covert run` with the same options and `--inject SPEC`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FaultRun {
    /// The fault.
    pub spec: String,
    /// Its cycle.
    pub cycle: u64,
    /// What came of it.
    pub class: Class,
    /// Cycle of the end, or from which on the run is that without a fault.
    pub end_cycle: u64,
    /// True if the state became that of the fault-free run.
    pub converged: bool,
    /// Kind of the first detection.
    pub detection: Option<String>,
    /// Cycles from the fault to the first detection.
    pub latency: Option<u64>,
    /// Detections in all.
    pub detections: u32,
    /// Cycles of each recovery.
    pub recoveries: Vec<u64>,
}

/// The fault-free run.
#[derive(Clone, Debug)]
pub struct Golden {
    /// Its length.
    pub cycles: u64,
    /// How it ended.
    pub end: End,
    /// Its console output.
    pub console: Vec<u8>,
    /// SHA-256 of the disk at the end, if there is one.
    pub disk: Option<String>,
    /// Cycles in which the guest stood while the sequencer worked.
    pub paused_cycles: u64,
    /// Detections: none, if all is well.
    pub detections: usize,
    /// At every multiple of [`SPACING`]: digest of the state, and bytes of console output so far.
    marks: Vec<([u64; 2], usize)>,
}

/// Cycles between two marks of the fault-free run.
const SPACING: u64 = 1024;

/// How long a run with a fault may take beside a fault-free one of `cycles`: twice that, and a constant for recoveries.
pub(crate) fn patience(cycles: u64) -> u64 {
    2 * cycles + 2_000_000
}

impl Golden {
    /// Makes the fault-free run, in at most `max_cycles`.
    ///
    /// # Errors
    /// The model fails.
    pub fn run(machine: &Machine, max_cycles: u64) -> Result<Self, Error> {
        let mut session = start(machine)?;
        let mut marks = vec![(session.digest(), 0)];
        let stop = loop {
            let next = marks.len() as u64 * SPACING;
            let stop = session.run_until(next.min(max_cycles))?;
            if stop.is_some() || next >= max_cycles {
                break stop;
            }
            marks.push((session.digest(), session.console.bytes().len()));
        };
        Ok(Self {
            cycles: session.chip().cycle(),
            end: end_of(stop),
            console: session.console.bytes().to_vec(),
            disk: session.devices().disk_sha256()?,
            paused_cycles: session.chip().counters().paused_cycles,
            detections: session.detections.len(),
            marks,
        })
    }

    /// The cycles after which a run with a fault counts as hanging.
    pub fn patience(&self) -> u64 {
        patience(self.cycles)
    }
}

/// A run that leaves nothing behind, whose digest covers main memory too.
pub(crate) fn start(machine: &Machine) -> Result<Session, Error> {
    let mut session = Session::new(&machine.untraced(), Output::new(None))?;
    session.chip_mut().track_changes();
    Ok(session)
}

/// Runs each fault on its own; results in the order of `injections`. `progress` is told of each that ends.
///
/// # Errors
/// The model fails, or a child process dies.
pub fn run_all(
    machine: &Machine,
    golden: &Golden,
    injections: &[Injection],
    jobs: usize,
    mut progress: impl FnMut(&FaultRun),
) -> Result<Vec<FaultRun>, Error> {
    let mut order: Vec<usize> = (0..injections.len()).collect();
    order.sort_by_key(|index| injections[*index].cycle);
    let mut results: Vec<Option<FaultRun>> = vec![None; injections.len()];
    let mut store = |index: usize, run: FaultRun| {
        progress(&run);
        results[index] = Some(run);
    };
    let mut session = start(machine)?;
    let mut children = Children::new(jobs);
    for index in order {
        let injection = &injections[index];
        session.run_until(injection.cycle)?;
        let work = || run_one(&mut session, golden, injection).map_err(|e| e.to_string());
        children.spawn(index, &mut store, work)?;
    }
    children.finish(&mut store)?;
    let missing = || Error::Unexpected("a run with a fault brought no result".into());
    results.into_iter().map(|run| run.ok_or_else(missing)).collect()
}

/// Goes on from the fault's cycle with the fault.
fn run_one(
    session: &mut Session,
    golden: &Golden,
    injection: &Injection,
) -> Result<FaultRun, Error> {
    let effect = injection.apply(session.chip_mut())?;
    tracing::debug!(spec = injection.spec, effect, "injected");
    let limit = golden.patience();
    let mut mark = injection.cycle / SPACING + 1;
    let mut stride = 1;
    let (class, converged) = loop {
        let compare = golden.marks.get(mark as usize);
        let target = if compare.is_some() { mark * SPACING } else { limit };
        let stop = session.run_until(target.min(limit))?;
        if stop.is_some() || session.chip().cycle() >= limit {
            let golden = (golden.end, &golden.console[..], golden.disk.as_deref());
            break (classify(session, end_of(stop), golden)?, false);
        }
        if let Some((digest, printed)) = compare {
            let out = session.console.bytes();
            if session.digest() == *digest && out == &golden.console[..*printed] {
                let class =
                    if session.detections.is_empty() { Class::Masked } else { Class::Recovered };
                break (class, true);
            }
        }
        // Most states that become equal do so soon; looking costs as much as many cycles.
        mark += stride;
        stride = (stride * 2).min(64);
    };
    let first = session.detections.first();
    Ok(FaultRun {
        spec: injection.spec.clone(),
        cycle: injection.cycle,
        class,
        end_cycle: session.chip().cycle(),
        converged,
        detection: first.map(|seen| {
            Detection::from_bits(seen.kind).map_or("unknown", Detection::name).to_owned()
        }),
        latency: first.map(|seen| seen.cycle - injection.cycle),
        detections: session.detections.len() as u32,
        recoveries: session.recoveries.iter().map(|seen| seen.cycles).collect(),
    })
}

/// What came of a run that ended so, beside the end, the console's output and the disk of the fault-free one.
pub(crate) fn classify(
    session: &Session,
    end: End,
    golden: (End, &[u8], Option<&str>),
) -> Result<Class, Error> {
    let (golden_end, console, disk) = golden;
    let out = session.console.bytes();
    Ok(match end {
        End::Exit(_) | End::Reboot
            if end == golden_end
                && out == console
                && session.devices().disk_sha256()?.as_deref() == disk =>
        {
            if session.detections.is_empty() { Class::Masked } else { Class::Recovered }
        }
        End::Exit(_) | End::Reboot => Class::Sdc,
        // Whatever was let out before the end must be right too.
        _ if !console.starts_with(out) => Class::Sdc,
        End::Due => Class::Due,
        End::Timeout | End::Stopped => Class::Hang,
    })
}

/// Counts and distributions of a campaign.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Runs.
    pub runs: usize,
    /// Runs of each class, in the order of [`Class::ALL`].
    pub classes: Vec<(&'static str, usize)>,
    /// Cycles from fault to the first detection, of the runs that had one.
    pub latency: Option<Spread>,
    /// Cycles of a recovery.
    pub recovery: Option<Spread>,
}

impl Summary {
    /// Sums runs up.
    pub fn new(runs: &[FaultRun]) -> Self {
        let count = |class| runs.iter().filter(|run| run.class == class).count();
        Self {
            runs: runs.len(),
            classes: Class::ALL.map(|class| (class.name(), count(class))).to_vec(),
            latency: Spread::of(runs.iter().filter_map(|run| run.latency)),
            recovery: Spread::of(runs.iter().flat_map(|run| run.recoveries.iter().copied())),
        }
    }

    /// Runs of one class.
    pub fn count(&self, class: Class) -> usize {
        self.classes.iter().find(|(name, _)| *name == class.name()).map_or(0, |(_, count)| *count)
    }
}

/// How values are spread: each number is one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// The least.
    pub least: u64,
    /// A tenth is below it.
    pub tenth: u64,
    /// Half are below it.
    pub median: u64,
    /// Nine tenths are below it.
    pub nine_tenths: u64,
    /// The greatest.
    pub most: u64,
}

impl Spread {
    /// Of these values; none if there are none.
    pub fn of(values: impl Iterator<Item = u64>) -> Option<Self> {
        let mut values: Vec<u64> = values.collect();
        values.sort_unstable();
        let (least, most) = (*values.first()?, *values.last()?);
        let part = |tenths: usize| values[values.len() * tenths / 10];
        Some(Self { least, tenth: part(1), median: part(5), nine_tenths: part(9), most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_of_the_sorted_values() {
        assert_eq!(Spread::of([].into_iter()), None);
        let one = Spread { least: 7, tenth: 7, median: 7, nine_tenths: 7, most: 7 };
        assert_eq!(Spread::of([7].into_iter()), Some(one));
        let many = Spread { least: 1, tenth: 11, median: 51, nine_tenths: 91, most: 100 };
        assert_eq!(Spread::of((1..=100).rev()), Some(many));
    }
}
