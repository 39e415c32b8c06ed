//! One run: a loaded chip, what is to be done to it and when, and what it showed.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use covert_abi::Mode;
use covert_model::{Chip, EventKind, Options, Seen, Stop};

use crate::console::{Feed, Input, Output};
use crate::devices::{Attached, Devices};
use crate::elf::Chunk;
use crate::error::Error;
use crate::inject::Injection;
use crate::pace::Pace;

/// A chip to be, and what stands in its memory.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The chip.
    pub options: Options,
    /// Contents of main memory, at physical addresses.
    pub chunks: Vec<Chunk>,
    /// Physical addresses of `tohost` and `fromhost` (0: none) of a bare program.
    pub htif: Option<(u32, u32)>,
    /// Console input.
    pub input: Input,
    /// Modes the management side asks for, from which cycle on; sorted.
    pub modes: Vec<(u64, Mode)>,
    /// Disk and network.
    pub attached: Attached,
}

impl Machine {
    /// The same for a run that leaves nothing behind on disk or network.
    #[must_use]
    pub fn untraced(&self) -> Self {
        Self { attached: self.attached.untraced(), ..self.clone() }
    }

    /// The chip, loaded, at cycle 0.
    ///
    /// # Errors
    /// There is no such chip.
    pub fn power_on(&self) -> Result<Chip, Error> {
        let mut chip = Chip::new(&self.options)?;
        for chunk in &self.chunks {
            chip.write_memory(chunk.address, &chunk.bytes)?;
        }
        if let Some((tohost, fromhost)) = self.htif {
            chip.set_htif(tohost, fromhost);
        }
        Ok(chip)
    }
}

/// Something to be done at the start of a cycle.
#[derive(Clone, Debug)]
pub enum Step {
    /// Ask for a mode.
    Mode(Mode),
    /// Put a fault in.
    Inject(Injection),
    /// Start the waveform.
    OpenTrace(PathBuf),
    /// End the waveform.
    CloseTrace,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The guest ended by itself, with this code; 0 is success.
    Exit(u32),
    /// The guest asked for a reboot, as Linux does after a panic. There is none, and it did not end well.
    Reboot,
    /// Detected, unrecoverable.
    Due,
    /// The user ended it.
    Stopped,
    /// The last cycle allowed was reached.
    Timeout,
}

/// A detection the chip reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DetectionSeen {
    /// When.
    pub cycle: u64,
    /// Number of its kind (`Detection` of the ABI).
    pub kind: u32,
    /// Mask of accused tiles.
    pub tiles: u32,
}

/// A recovery: from a detection to the restart of the tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoverySeen {
    /// Cycle of the detection.
    pub cycle: u64,
    /// Cycles until the tiles started again.
    pub cycles: u64,
}

/// What happened to a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InjectionSeen {
    /// The fault.
    pub injection: Injection,
    /// What it did; none if its cycle was never reached.
    pub effect: Option<String>,
}

/// A running simulation.
pub struct Session {
    chip: Chip,
    devices: Devices,
    /// Console input.
    pub input: Feed,
    pace: Pace,
    /// Console output.
    pub console: Output,
    steps: Vec<(u64, Step)>,
    next_step: usize,
    instructions: Option<File>,
    /// Detections, in order.
    pub detections: Vec<DetectionSeen>,
    /// Recoveries, in order.
    pub recoveries: Vec<RecoverySeen>,
    /// Cycles of the checkpoints.
    pub checkpoints: Vec<u64>,
    /// Changes of the group: cycle and mask of members.
    pub members: Vec<(u64, u32)>,
    /// Faults, in the order of their cycles.
    pub injections: Vec<InjectionSeen>,
}

impl Session {
    /// Powers `machine` on; console output goes to `console`.
    ///
    /// # Errors
    /// There is no such chip, or what is attached to it cannot be had.
    pub fn new(machine: &Machine, console: Output) -> Result<Self, Error> {
        let mut chip = machine.power_on()?;
        let devices = Devices::connect(&machine.attached, &mut chip)?;
        let mut session = Self {
            chip,
            devices,
            input: Feed::new(machine.input.clone()),
            pace: Pace::new(),
            console,
            steps: Vec::new(),
            next_step: 0,
            instructions: None,
            detections: Vec::new(),
            recoveries: Vec::new(),
            checkpoints: Vec::new(),
            members: Vec::new(),
            injections: Vec::new(),
        };
        for (cycle, mode) in &machine.modes {
            session.schedule(*cycle, Step::Mode(*mode));
        }
        Ok(session)
    }

    /// The chip.
    pub fn chip(&self) -> &Chip {
        &self.chip
    }

    /// What is connected to the chip.
    pub fn devices(&self) -> &Devices {
        &self.devices
    }

    /// 128 bits over all that decides how the run goes on, as [`Chip::digest`], disk and network included.
    pub fn digest(&self) -> [u64; 2] {
        let (chip, devices) = (self.chip.digest(), self.devices.digest());
        [chip[0] ^ devices[0], chip[1] ^ devices[1]]
    }

    /// Makes sure that disk and records are written, at the end of the run.
    ///
    /// # Errors
    /// They could not be written.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.chip.close_trace();
        self.devices.finish()
    }

    /// The chip, to look for more than the session does.
    pub fn chip_mut(&mut self) -> &mut Chip {
        &mut self.chip
    }

    /// Plans a step; one for a cycle that has passed is done before the next cycle.
    pub fn schedule(&mut self, cycle: u64, step: Step) {
        if let Step::Inject(injection) = &step {
            let injection = injection.clone();
            self.injections.push(InjectionSeen { injection, effect: None });
        }
        // Behind those of the same cycle: in the order they were planned.
        let rest = &self.steps[self.next_step..];
        let place = self.next_step + rest.partition_point(|(planned, _)| *planned <= cycle);
        self.steps.insert(place, (cycle, step));
    }

    /// Records retired instructions into `file`.
    ///
    /// # Errors
    /// The chip is the fast model.
    pub fn record_instructions(&mut self, file: File) -> Result<(), Error> {
        self.chip.record_instructions()?;
        self.instructions = Some(file);
        Ok(())
    }

    /// Runs to the start of cycle `until`, to the guest's end, or until the user wants no more, doing each step when it
    /// is due.
    ///
    /// # Errors
    /// The model fails, or output cannot be written.
    pub fn run_until(&mut self, until: u64) -> Result<Option<Stop>, Error> {
        Ok(self.go(until, None)?.0)
    }

    /// The same, but `look` sees each instruction that the lowest member retires and each interrupt it takes, in the cycle that shows it; where it says
    /// so the run rests. True: it does.
    ///
    /// # Errors
    /// As [`Session::run_until`], what `look` returns, or the chip is the fast model.
    pub fn follow(&mut self, until: u64, look: Look<'_>) -> Result<(Option<Stop>, bool), Error> {
        self.go(until, Some(look))
    }

    fn go(
        &mut self,
        until: u64,
        mut look: Option<Look<'_>>,
    ) -> Result<(Option<Stop>, bool), Error> {
        loop {
            let now = self.chip.cycle();
            while let Some((cycle, step)) = self.steps.get(self.next_step) {
                if *cycle > now {
                    break;
                }
                let step = step.clone();
                self.next_step += 1;
                self.perform(step)?;
            }
            self.input.pump(&mut self.chip).map_err(stream("console input"))?;
            self.devices.serve(&mut self.chip)?;
            let due = self.steps.get(self.next_step).map_or(until, |(cycle, _)| *cycle);
            let device = self.devices.due().unwrap_or(until);
            // Bounded, so that recorded instructions do not pile up.
            let target = until.min(due).min(device).min(now + MAX_SLICE);
            let (stop, rests) = match &mut look {
                Some(look) => advance(&mut self.chip, target, look)?,
                None => (self.chip.run_until(target)?, false),
            };
            self.collect()?;
            if rests {
                return Ok((None, true));
            }
            let stop = match stop {
                Some(Stop::Host) => {
                    self.devices.serve(&mut self.chip)?;
                    None
                }
                stop => stop,
            };
            if stop.is_some() || self.chip.cycle() >= until || self.input.quit() {
                return Ok((stop, false));
            }
            self.keep_pace(self.chip.cycle() - now)?;
        }
    }

    /// Has real time pass as simulated time does, where somebody real takes part.
    fn keep_pace(&mut self, cycles: u64) -> Result<(), Error> {
        let mut descriptors = self.devices.descriptors();
        if self.input.live() {
            descriptors.push(libc::STDIN_FILENO);
        }
        if descriptors.is_empty() {
            return Ok(());
        }
        self.pace.keep(cycles, &descriptors).map_err(stream("waiting for input"))
    }

    fn perform(&mut self, step: Step) -> Result<(), Error> {
        match step {
            Step::Mode(mode) => self.chip.set_mode(mode),
            Step::Inject(injection) => {
                let effect = injection.apply(&mut self.chip)?;
                tracing::info!(spec = injection.spec, effect, "injected");
                let seen = self
                    .injections
                    .iter_mut()
                    .find(|seen| seen.effect.is_none() && seen.injection == injection);
                if let Some(seen) = seen {
                    seen.effect = Some(effect);
                }
            }
            Step::OpenTrace(path) => self.chip.open_trace(&path)?,
            Step::CloseTrace => self.chip.close_trace(),
        }
        Ok(())
    }

    fn collect(&mut self) -> Result<(), Error> {
        self.console.drain(&mut self.chip).map_err(stream("console output"))?;
        if let Some(file) = &mut self.instructions {
            file.write_all(self.chip.instructions()).map_err(stream("--rvfi"))?;
            self.chip.clear_instructions();
        }
        for event in self.chip.take_events() {
            tracing::debug!(cycle = event.cycle, kind = ?event.kind, "event");
            match event.kind {
                EventKind::Detection { kind, tiles } => {
                    self.detections.push(DetectionSeen { cycle: event.cycle, kind, tiles });
                }
                EventKind::Resume => {
                    // A member that joins restarts too: only the first restart behind a detection ends one.
                    let last = self.detections.last().map(|seen| seen.cycle);
                    if let Some(cycle) = last.filter(|cycle| self.pending(*cycle)) {
                        self.recoveries.push(RecoverySeen { cycle, cycles: event.cycle - cycle });
                    }
                }
                EventKind::Members(mask) => self.members.push((event.cycle, mask)),
                EventKind::Checkpoint => self.checkpoints.push(event.cycle),
                EventKind::BadAddress { channel, address } => {
                    tracing::warn!(channel, address, "request for memory that does not exist");
                }
            }
        }
        Ok(())
    }

    fn pending(&self, detection: u64) -> bool {
        self.recoveries.last().is_none_or(|seen| seen.cycle < detection)
    }
}

/// What sees the instructions and interrupts of a run ([`Session::follow`]); true: the run is to rest.
pub type Look<'a> = &'a mut dyn FnMut(&Chip, &Seen) -> Result<bool, Error>;

/// Runs to cycle `target`, or to a stop, or to where `look` wants to rest.
fn advance(
    chip: &mut Chip,
    target: u64,
    look: &mut Look<'_>,
) -> Result<(Option<Stop>, bool), Error> {
    loop {
        let (stop, seen) = chip.run_to_instruction(target)?;
        if let Some(seen) = seen
            && look(chip, &seen)?
        {
            return Ok((stop, true));
        }
        if stop.is_some() || chip.cycle() >= target {
            return Ok((stop, false));
        }
    }
}

/// Cycles between two looks at the host's side of the run.
pub const MAX_SLICE: u64 = 50_000;

fn stream(what: &'static str) -> impl Fn(io::Error) -> Error {
    move |source| Error::Stream { what, source }
}

/// How a run that stopped this way ended; `None` is a run that reached its last cycle.
pub fn end_of(stop: Option<Stop>) -> End {
    // The words of QEMU's `sifive,test0`.
    const PASS: u32 = 0x5555;
    const FAIL: u32 = 0x3333;
    const RESET: u32 = 0x7777;
    match stop {
        None | Some(Stop::Host) => End::Timeout,
        Some(Stop::Due) => End::Due,
        Some(Stop::Htif(code)) => End::Exit(code),
        Some(Stop::Exit(word)) => match word & 0xffff {
            PASS => End::Exit(0),
            RESET => End::Reboot,
            // A failure without a code is still a failure.
            FAIL => End::Exit((word >> 16).max(1)),
            _ => End::Exit(word.max(1)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_words_are_those_of_qemu() {
        assert_eq!(end_of(Some(Stop::Exit(0x5555))), End::Exit(0));
        assert_eq!(end_of(Some(Stop::Exit(0x0007_3333))), End::Exit(7));
        assert_eq!(end_of(Some(Stop::Exit(0x3333))), End::Exit(1));
        assert_eq!(end_of(Some(Stop::Exit(0x7777))), End::Reboot);
        assert_eq!(end_of(Some(Stop::Htif(0))), End::Exit(0));
        assert_eq!(end_of(None), End::Timeout);
    }
}
