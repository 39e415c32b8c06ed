//! Two runs of one machine side by side, the golden one and the one with a fault, compared in each cycle from the fault on:
//! every register and memory of the chip, every word of main memory, every retired instruction.
//!
//! A detection ends the comparison. From there on the faulty chip does other work than the golden one, and what counts is
//! whether its members agree with each other, which the chip itself checks: the recovery and the first checkpoint
//! behind it are reported instead.

use std::collections::BTreeMap;
use std::path::Path;

use covert_abi::Detection;
use covert_abi::layout::{REGION_STRIDE, Regions};
use covert_model::Stop;
use serde::Serialize;

use crate::campaign::{self, Class};
use crate::error::Error;
use crate::inject::Injection;
use crate::session::{End, Machine, Session, end_of};
use crate::state::StateMap;

use super::registers::{Reader, Snapshot};
use super::retired::{Difference, Owner, Shown, Streams};

/// How far to look.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Cycles behind the fault in each of which all state is compared; behind them in every [`STRIDE`]th. Instructions are in each.
    pub window: u64,
    /// Cycles behind the fault that the waveforms cover.
    pub waves: u64,
    /// Cycle at which a run is given up.
    pub max_cycles: u64,
}

/// Cycles between two comparisons behind the window.
pub const STRIDE: u64 = 1024;

/// Cycles before the fault that the waveforms cover.
const LEAD: u64 = 50;

/// Episodes kept; a fault that spreads through caches and memory makes many.
const MAX_EPISODES: usize = 200_000;

/// A register or a memory of the chip, or a word of main memory, that was not what it should have been, from one cycle to
/// another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Episode {
    /// The state's path, or the word's address as `domain 1 + 0x0010_0004`.
    pub what: String,
    /// The module it belongs to: `tile1.core`.
    pub module: String,
    /// First cycle.
    pub from: u64,
    /// Cycle from which on it is right again; none if it never was while it was looked at.
    pub to: Option<u64>,
}

/// How the comparison ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// All state is that of the golden run again.
    Equal,
    /// The fault was detected.
    Detected,
    /// A run ended while they differed.
    Ended,
}

/// A detection in the faulty run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Detected {
    /// When.
    pub cycle: u64,
    /// What found it.
    pub kind: String,
    /// The tiles it accuses.
    pub tiles: Vec<u32>,
}

/// A recovery in the faulty run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Recovered {
    /// When the tiles started again.
    pub cycle: u64,
    /// Cycles since the detection.
    pub cycles: u64,
}

/// What a fault did.
#[derive(Clone, Debug, Serialize)]
pub struct Course {
    /// The fault.
    pub spec: String,
    /// Its cycle.
    pub cycle: u64,
    /// What it did at once.
    pub effect: String,
    /// How the comparison ended.
    pub fate: Fate,
    /// And when; behind the window to [`STRIDE`] cycles where it is not a detection.
    pub fate_cycle: u64,
    /// Last cycle up to which each one was compared.
    pub compared_to: u64,
    /// What differed and when, by first cycle.
    pub episodes: Vec<Episode>,
    /// There were more.
    pub truncated: bool,
    /// First instruction of the guest that differs.
    pub guest: Option<Difference>,
    /// First instruction of the VMM that differs. It polls: this alone need not be an error.
    pub vmm: Option<Difference>,
    /// First cycle in which something outside the injected tile differs, and what.
    pub left_tile: Option<(u64, String)>,
    /// Detections.
    pub detections: Vec<Detected>,
    /// Recoveries.
    pub recoveries: Vec<Recovered>,
    /// First checkpoint behind the last recovery: all members' memory was compared and is equal.
    pub verified: Option<u64>,
    /// What came of it.
    pub class: Class,
    /// Length of the golden run; none if it was not needed to the end.
    pub golden_cycles: Option<u64>,
}

/// Why there is no course to report.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The run was over before.
    #[error("{spec} is never reached: the run ends at cycle {end}")]
    NotReached {
        /// The fault.
        spec: String,
        /// The end.
        end: u64,
    },
    /// The simulation.
    #[error(transparent)]
    Run(#[from] Error),
    /// The model.
    #[error(transparent)]
    Chip(#[from] covert_model::ChipError),
}

/// The two runs.
struct Pair {
    golden: Session,
    faulty: Session,
}

impl Pair {
    fn start(machine: &Machine) -> Result<Self, Error> {
        Ok(Self { golden: campaign::start(machine)?, faulty: campaign::start(machine)? })
    }

    /// Both to the start of a cycle; how each of them stopped, if it did.
    fn run_until(&mut self, cycle: u64) -> Result<[Option<Stop>; 2], Error> {
        Ok([self.golden.run_until(cycle)?, self.faulty.run_until(cycle)?])
    }

    /// Simulates `cycle`, at whose start both stand, and takes down what they show in it.
    fn step(
        &mut self,
        cycle: u64,
        streams: &mut Streams,
        readers: &mut [Reader; 2],
    ) -> Result<[Option<Stop>; 2], FollowError> {
        let mut registers: [Vec<Option<Snapshot>>; 2] = Default::default();
        if !streams.guest_differs() {
            let [golden, faulty] = readers;
            registers = [golden.look(self.golden.chip())?, faulty.look(self.faulty.chip())?];
        }
        let stops = self.run_until(cycle + 1)?;
        let [golden, faulty] = &registers;
        streams.take(
            cycle,
            Shown { lines: self.golden.chip().instructions(), registers: golden },
            Shown { lines: self.faulty.chip().instructions(), registers: faulty },
        );
        self.golden.chip_mut().clear_instructions();
        self.faulty.chip_mut().clear_instructions();
        Ok(stops)
    }

    fn equal(&self) -> bool {
        self.golden.digest() == self.faulty.digest()
            && self.golden.console.bytes() == self.faulty.console.bytes()
    }
}

/// What differs at the moment, and what did.
struct Book<'a> {
    state: &'a StateMap,
    regions: Regions,
    /// Open episode of each variable that differs.
    variables: BTreeMap<u32, usize>,
    /// Open episode of each word of main memory that differs.
    words: BTreeMap<u32, usize>,
    episodes: Vec<Episode>,
    truncated: bool,
}

impl Book<'_> {
    fn open(&mut self, episode: Episode) -> usize {
        if self.episodes.len() < MAX_EPISODES {
            self.episodes.push(episode);
            return self.episodes.len() - 1;
        }
        self.truncated = true;
        usize::MAX
    }

    fn close(&mut self, index: usize, cycle: u64) {
        if let Some(episode) = self.episodes.get_mut(index) {
            episode.to = Some(cycle);
        }
    }

    /// Looks at both chips in `cycle`.
    fn compare(&mut self, pair: &mut Pair, cycle: u64) -> Result<(), FollowError> {
        let now = pair.faulty.chip().differing(pair.golden.chip())?;
        let gone: Vec<u32> = self
            .variables
            .keys()
            .copied()
            .filter(|known| now.binary_search(known).is_err())
            .collect();
        for variable in gone {
            let index = self.variables.remove(&variable).unwrap_or(usize::MAX);
            self.close(index, cycle);
        }
        for variable in now {
            if self.variables.contains_key(&variable) {
                continue;
            }
            let what = self.state.entries()[variable as usize].path.clone();
            let module = what.rsplit_once('.').map_or("chip", |(module, _)| module).to_owned();
            let index = self.open(Episode { what, module, from: cycle, to: None });
            self.variables.insert(variable, index);
        }
        let mut written = pair.golden.chip_mut().take_written();
        written.extend(pair.faulty.chip_mut().take_written());
        written.sort_unstable();
        written.dedup();
        for address in written {
            let word = |session: &Session| -> Result<[u8; 4], FollowError> {
                let mut bytes = [0; 4];
                session.chip().read_memory(address, &mut bytes)?;
                Ok(bytes)
            };
            let differs = word(&pair.golden)? != word(&pair.faulty)?;
            match (differs, self.words.contains_key(&address)) {
                (true, false) => {
                    let (module, what) = memory_name(self.regions, address);
                    let index = self.open(Episode { what, module, from: cycle, to: None });
                    self.words.insert(address, index);
                }
                (false, true) => {
                    let index = self.words.remove(&address).unwrap_or(usize::MAX);
                    self.close(index, cycle);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn nothing_differs(&self) -> bool {
        self.variables.is_empty() && self.words.is_empty()
    }
}

/// The region a physical address is in, and the word's name.
fn memory_name(regions: Regions, address: u32) -> (String, String) {
    let offset = address % REGION_STRIDE;
    let region = if address < regions.slot(0) {
        format!("domain {}", address / REGION_STRIDE)
    } else if address < regions.boot() {
        format!("slot {}", (address - regions.slot(0)) / REGION_STRIDE)
    } else if address < regions.io() {
        "boot region".to_owned()
    } else {
        "I/O region".to_owned()
    };
    let what = format!("{region} + {offset:#010x}");
    (format!("memory.{region}"), what)
}

/// Makes both runs and says what the fault did. Waveforms go to `waves` (golden, faulty) if given; `progress` is told the
/// cycle now and then.
///
/// # Errors
/// The fault is never reached, or the model fails.
pub fn follow(
    machine: &Machine,
    injection: &Injection,
    limits: &Limits,
    waves: Option<[&Path; 2]>,
    mut progress: impl FnMut(u64),
) -> Result<Course, FollowError> {
    let mut pair = Pair::start(machine)?;
    let state = StateMap::new(pair.golden.chip());
    let tiles = machine.options.tiles;
    run_to_fault(&mut pair, injection, waves, &mut progress)?;

    let mut streams = Streams::new(tiles);
    let mut readers = [Reader::new(tiles, &state)?, Reader::new(tiles, &state)?];
    for session in [&mut pair.golden, &mut pair.faulty] {
        session.chip_mut().keep_written();
        session.chip_mut().record_instructions()?;
    }
    let effect = injection.apply(pair.faulty.chip_mut())?;
    let mut book = Book {
        state: &state,
        regions: pair.golden.chip().regions(),
        variables: BTreeMap::new(),
        words: BTreeMap::new(),
        episodes: Vec::new(),
        truncated: false,
    };

    let mut cycle = injection.cycle;
    let mut compared_to = cycle;
    let mut stops = [None; 2];
    let mut traced = waves.is_some();
    // A bit that is held may come out wrong again: equal state is no end then.
    let held = matches!(injection.action, crate::inject::Action::Force(..));
    let fate = loop {
        book.compare(&mut pair, cycle)?;
        if !pair.faulty.detections.is_empty() {
            break Fate::Detected;
        }
        if !held && book.nothing_differs() && pair.equal() {
            break Fate::Equal;
        }
        if stops.iter().any(Option::is_some) || cycle >= limits.max_cycles {
            break Fate::Ended;
        }
        let elapsed = cycle - injection.cycle;
        if traced && elapsed >= limits.waves {
            traced = false;
            close_waves(&mut pair);
        }
        // All state is compared now and then behind the window, instructions in each cycle.
        let next = if elapsed < limits.window { cycle + 1 } else { cycle + STRIDE };
        while cycle < next && stops.iter().all(Option::is_none) && pair.faulty.detections.is_empty()
        {
            stops = pair.step(cycle, &mut streams, &mut readers)?;
            cycle += 1;
        }
        if elapsed < limits.window {
            compared_to = cycle;
        }
        if cycle.is_multiple_of(STRIDE) || elapsed >= limits.window {
            progress(cycle);
        }
    };
    close_waves(&mut pair);

    let home = injected_tile(injection, &state);
    let left_tile = book
        .episodes
        .iter()
        .find(|episode| home.as_deref().is_some_and(|tile| !episode.module.starts_with(tile)));
    let left_tile = left_tile.map(|episode| (episode.from, episode.what.clone()));
    let (class, golden_cycles) = match fate {
        Fate::Equal => (Class::Masked, None),
        _ => {
            let golden = run_on(&mut pair.golden, limits.max_cycles, &mut progress)?;
            let golden_cycles = pair.golden.chip().cycle();
            let limit = limits.max_cycles.min(campaign::patience(golden_cycles));
            let end = run_on(&mut pair.faulty, limit, &mut progress)?;
            let disk = pair.golden.devices().disk_sha256()?;
            let golden = (golden, pair.golden.console.bytes(), disk.as_deref());
            (campaign::classify(&pair.faulty, end, golden)?, Some(golden_cycles))
        }
    };
    let faulty = &pair.faulty;
    let recoveries: Vec<Recovered> = faulty
        .recoveries
        .iter()
        .map(|seen| Recovered { cycle: seen.cycle + seen.cycles, cycles: seen.cycles })
        .collect();
    let verified = recoveries
        .last()
        .and_then(|last| faulty.checkpoints.iter().find(|at| **at > last.cycle).copied());
    Ok(Course {
        spec: injection.spec.clone(),
        cycle: injection.cycle,
        effect,
        fate,
        fate_cycle: cycle,
        compared_to,
        episodes: book.episodes,
        truncated: book.truncated,
        guest: streams.first(Owner::Guest),
        vmm: streams.first(Owner::Vmm),
        left_tile,
        detections: faulty
            .detections
            .iter()
            .map(|seen| Detected {
                cycle: seen.cycle,
                kind: Detection::from_bits(seen.kind).map_or("unknown", Detection::name).to_owned(),
                tiles: (0..tiles).filter(|tile| seen.tiles >> tile & 1 != 0).collect(),
            })
            .collect(),
        recoveries,
        verified,
        class,
        golden_cycles,
    })
}

fn run_to_fault(
    pair: &mut Pair,
    injection: &Injection,
    waves: Option<[&Path; 2]>,
    progress: &mut impl FnMut(u64),
) -> Result<(), FollowError> {
    let lead = injection.cycle.saturating_sub(LEAD);
    let reached = |pair: &mut Pair, target: u64| -> Result<(), FollowError> {
        match pair.run_until(target)? {
            [None, None] => Ok(()),
            _ => Err(FollowError::NotReached {
                spec: injection.spec.clone(),
                end: pair.golden.chip().cycle(),
            }),
        }
    };
    let mut cycle = 0;
    while cycle < lead {
        cycle = lead.min(cycle + 16 * STRIDE);
        reached(pair, cycle)?;
        progress(cycle);
    }
    if let Some([golden, faulty]) = waves {
        pair.golden.chip_mut().open_trace(golden)?;
        pair.faulty.chip_mut().open_trace(faulty)?;
    }
    reached(pair, injection.cycle)
}

fn close_waves(pair: &mut Pair) {
    pair.golden.chip_mut().close_trace();
    pair.faulty.chip_mut().close_trace();
}

/// The tile the fault is in, as paths begin: `tile1.`.
fn injected_tile(injection: &Injection, state: &StateMap) -> Option<String> {
    use crate::inject::Action;
    let (Action::Flip(bit) | Action::Force(bit, _)) = injection.action else { return None };
    match state.place(bit) {
        crate::state::Place::Tile(tile) => Some(format!("tile{tile}")),
        crate::state::Place::Unit => None,
    }
}

fn run_on(session: &mut Session, limit: u64, progress: &mut impl FnMut(u64)) -> Result<End, Error> {
    loop {
        let next = (session.chip().cycle() + 64 * STRIDE).min(limit);
        let stop = session.run_until(next)?;
        session.chip_mut().clear_instructions();
        session.chip_mut().take_written();
        progress(session.chip().cycle());
        if stop.is_some() || session.chip().cycle() >= limit {
            return Ok(end_of(stop));
        }
    }
}
