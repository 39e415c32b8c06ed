//! The result of a run, as `covert run --json` writes it (sim/README.md).

use covert_abi::{Detection, Mode};
use covert_model::Spent;
use serde::Serialize;

use crate::error::Error;
use crate::net::NetReport;
use crate::session::{End, Session};

/// Version of the format.
pub const SCHEMA: u32 = 1;

/// How a run came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The guest ended well.
    Ok,
    /// The guest ended with a failure of its own.
    GuestFailure,
    /// It did not end in the cycles allowed.
    Timeout,
    /// Detected, unrecoverable.
    Due,
    /// The user ended it.
    Stopped,
}

/// One tile at the end.
#[derive(Clone, Debug, Serialize)]
pub struct TileReport {
    /// Number.
    pub id: u32,
    /// `member` or `free`.
    pub state: &'static str,
    /// Instructions it retired, those of the VMM included.
    pub instructions: u64,
    /// Its cycles by what they went to (sim/README.md); their sum is `cycles`, or a little more at the end of a run.
    pub spent: std::collections::BTreeMap<&'static str, u64>,
    /// Detections that accused it.
    pub strikes: u32,
}

/// A detection.
#[derive(Clone, Debug, Serialize)]
pub struct DetectionReport {
    /// When.
    pub cycle: u64,
    /// Its kind.
    pub kind: &'static str,
    /// The accused tile; none if all members are.
    pub tile: Option<u32>,
    /// Cycles since the last injection before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_cycles: Option<u64>,
}

/// A recovery.
#[derive(Clone, Debug, Serialize)]
pub struct RecoveryReport {
    /// What was done.
    pub kind: &'static str,
    /// Cycle of the detection.
    pub cycle: u64,
    /// Cycles from there until the tiles started again.
    pub cycles: u64,
}

/// A fault.
#[derive(Clone, Debug, Serialize)]
pub struct InjectionReport {
    /// As it can be given to `--inject` again.
    pub spec: String,
    /// When.
    pub cycle: u64,
    /// What it did to the bit, or `not-reached`.
    pub effect: String,
}

/// A change of the group.
#[derive(Clone, Debug, Serialize)]
pub struct MembersReport {
    /// When.
    pub cycle: u64,
    /// The members from then on.
    pub tiles: Vec<u32>,
}

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// How it came out.
    pub outcome: Outcome,
    /// The guest's exit code, if it ended.
    pub guest_exit: Option<u32>,
    /// Cycles simulated.
    pub cycles: u64,
    /// The tiles.
    pub tiles: Vec<TileReport>,
    /// SHA-256 of the console's output.
    pub console_sha256: String,
    /// SHA-256 of the disk at the end.
    pub disk_sha256: Option<String>,
    /// What went over the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net: Option<NetReport>,
    /// Mode at the end.
    pub mode_end: &'static str,
    /// Epochs ended, replayed ones included.
    pub epochs: u64,
    /// Checkpoints committed.
    pub checkpoints: u64,
    /// Detections.
    pub detections: Vec<DetectionReport>,
    /// Recoveries.
    pub recoveries: Vec<RecoveryReport>,
    /// Injected faults.
    pub injections: Vec<InjectionReport>,
    /// Changes of the group.
    pub members: Vec<MembersReport>,
    /// Cycles in which the sequencer worked (checkpoint, join, recovery) while the guest stood.
    pub paused_cycles: u64,
    /// Time the run took.
    pub wall_seconds: f64,
    /// Simulated cycles per second of it.
    pub sim_hz: f64,
}

impl RunReport {
    /// Sums a session up.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub fn new(session: &Session, end: End, wall_seconds: f64) -> Result<Self, Error> {
        let chip = session.chip();
        let counters = chip.counters();
        let cycles = chip.cycle();
        let (outcome, guest_exit) = match end {
            End::Exit(0) => (Outcome::Ok, Some(0)),
            End::Exit(code) => (Outcome::GuestFailure, Some(code)),
            End::Reboot => (Outcome::GuestFailure, None),
            End::Timeout => (Outcome::Timeout, None),
            End::Stopped => (Outcome::Stopped, None),
            End::Due => (Outcome::Due, None),
        };
        let strikes = |tile: u32| {
            session.detections.iter().filter(|seen| accused(seen.tiles) == Some(tile)).count()
                as u32
        };
        let tiles = (0..chip.options().tiles)
            .map(|id| TileReport {
                id,
                state: if counters.members >> id & 1 != 0 { "member" } else { "free" },
                instructions: counters.instructions[id as usize],
                spent: Spent::ALL
                    .iter()
                    .zip(counters.spent[id as usize])
                    .map(|(what, cycles)| (what.name(), cycles))
                    .collect(),
                strikes: strikes(id),
            })
            .collect();
        let mode_end = match counters.members.count_ones() {
            0 | 1 => Mode::None,
            2 => Mode::Dmr,
            _ => Mode::Tmr,
        };
        Ok(Self {
            schema: SCHEMA,
            outcome,
            guest_exit,
            cycles,
            tiles,
            console_sha256: session.console.sha256(),
            disk_sha256: session.devices().disk_sha256()?,
            net: session.devices().net_report(),
            mode_end: mode_end.name(),
            epochs: counters.epochs,
            checkpoints: counters.checkpoints,
            detections: detections(session),
            recoveries: session
                .recoveries
                .iter()
                .map(|seen| RecoveryReport {
                    kind: "rollback",
                    cycle: seen.cycle,
                    cycles: seen.cycles,
                })
                .collect(),
            injections: injections(session),
            members: session
                .members
                .iter()
                .map(|(cycle, mask)| MembersReport { cycle: *cycle, tiles: tiles_of(*mask) })
                .collect(),
            paused_cycles: counters.paused_cycles,
            wall_seconds,
            sim_hz: if wall_seconds > 0.0 { cycles as f64 / wall_seconds } else { 0.0 },
        })
    }
}

fn detections(session: &Session) -> Vec<DetectionReport> {
    let injected = |before: u64| {
        let done = session.injections.iter().filter(|seen| seen.effect.is_some());
        done.map(|seen| seen.injection.cycle).filter(|cycle| *cycle <= before).max()
    };
    session
        .detections
        .iter()
        .map(|seen| DetectionReport {
            cycle: seen.cycle,
            kind: Detection::from_bits(seen.kind).map_or("unknown", Detection::name),
            tile: accused(seen.tiles),
            latency_cycles: injected(seen.cycle).map(|cycle| seen.cycle - cycle),
        })
        .collect()
}

fn injections(session: &Session) -> Vec<InjectionReport> {
    session
        .injections
        .iter()
        .map(|seen| InjectionReport {
            spec: seen.injection.spec.clone(),
            cycle: seen.injection.cycle,
            effect: seen.effect.clone().unwrap_or_else(|| "not-reached".into()),
        })
        .collect()
}

/// The one tile a mask accuses.
fn accused(mask: u32) -> Option<u32> {
    (mask.count_ones() == 1).then(|| mask.trailing_zeros())
}

/// Numbers of the tiles in a mask.
fn tiles_of(mask: u32) -> Vec<u32> {
    (0..32).filter(|tile| mask >> tile & 1 != 0).collect()
}
