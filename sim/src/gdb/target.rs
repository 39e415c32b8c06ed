//! What gdb can do with the guest: gdbstub's view of a session.

use covert_model::{Chip, Instruction, Seen};
use gdbstub::common::Signal;
use gdbstub::stub::SingleThreadStopReason;
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::singlethread::{
    SingleThreadBase, SingleThreadResume, SingleThreadResumeOps, SingleThreadSingleStep,
    SingleThreadSingleStepOps,
};
use gdbstub::target::ext::breakpoints::{
    Breakpoints, BreakpointsOps, HwBreakpoint, HwBreakpointOps, HwWatchpoint, HwWatchpointOps,
    SwBreakpoint, SwBreakpointOps, WatchKind,
};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps};
use gdbstub::target::ext::target_description_xml_override::{
    TargetDescriptionXmlOverride, TargetDescriptionXmlOverrideOps,
};
use gdbstub::target::{Target, TargetError, TargetResult};
use gdbstub_arch::riscv::Riscv32;
use gdbstub_arch::riscv::reg::RiscvCoreRegs;

use super::breaks::{Breaks, Watch};
use super::guest::Guest;
use super::memory::{GuestRam, Ram, read};
use super::monitor;
use super::say;
use super::tile::Tile;
use crate::error::Error;
use crate::plan::Plan;
use crate::session::{End, Session, end_of};
use crate::state::StateMap;

/// Why the guest stands.
pub type Reason = SingleThreadStopReason<u32>;

/// Cycles between two looks at whether gdb has something to say: some tens of milliseconds.
const SLICE: u64 = 10_000;
/// Cycles that a guest who is interrupted in the VMM has to come out of it.
const PATIENCE: u64 = 200_000;

// Error numbers of the protocol are the host's by custom.
const NOT_PERMITTED: u8 = 1;
const BAD_ADDRESS: u8 = 14;

/// The guest of a session, with what a debugger wants of it.
pub struct Debuggee<'a> {
    /// The run.
    pub session: &'a mut Session,
    /// The chip's state, by name.
    pub state: StateMap,
    tiles: Vec<Tile>,
    /// The lowest member.
    tile: u32,
    guest: Guest,
    ram: Ram,
    breaks: Breaks,
    steps: bool,
    max_cycles: u64,
    /// How the run ended.
    pub end: Option<End>,
}

impl<'a> Debuggee<'a> {
    /// The guest of a session that has not begun.
    ///
    /// # Errors
    /// The chip has other state than is known here: a bug.
    pub fn new(session: &'a mut Session, plan: &Plan) -> Result<Self, Error> {
        let chip = session.chip();
        let state = StateMap::new(chip);
        let tiles = (0..chip.options().tiles)
            .map(|number| Tile::new(number, &state))
            .collect::<Result<_, _>>()?;
        let guest = Guest::new(chip.options().bare.map(|bare| bare.boot_address));
        Ok(Self {
            session,
            state,
            tiles,
            tile: 0,
            guest,
            ram: Ram::new(plan.ram),
            breaks: Breaks::default(),
            steps: false,
            max_cycles: plan.max_cycles,
            end: None,
        })
    }

    /// Runs to before the guest's first instruction, or to an end before that.
    ///
    /// # Errors
    /// The model fails, or output cannot be written.
    pub fn begin(&mut self) -> Result<(), Error> {
        if self.session.chip().options().bare.is_some() {
            return Ok(());
        }
        self.steps = true;
        self.guest.moved = true;
        while self.advance()?.is_none() {}
        Ok(())
    }

    /// Runs on for a while; a reason if the guest stands then.
    ///
    /// # Errors
    /// The model fails, or output cannot be written.
    pub fn advance(&mut self) -> Result<Option<Reason>, Error> {
        let until = self.session.chip().cycle().saturating_add(SLICE).min(self.max_cycles);
        let (tiles, tile, guest) = (&self.tiles, &mut self.tile, &mut self.guest);
        let (breaks, steps) = (&self.breaks, self.steps);
        let mut reason = None;
        let mut look = |chip: &Chip, seen: &Seen| {
            let (number, retired) = match seen {
                Seen::Retired(retired) => (retired.tile, Some(retired)),
                Seen::Interrupt(number) => (*number, None),
            };
            *tile = number;
            let Some(numbers) = tiles.get(number as usize) else { return Ok(false) };
            // A return of the VMM to where the guest stood is no news.
            if guest.take(numbers, chip, seen)? && guest.moved {
                reason = stop_at(breaks, steps, guest.pc, retired);
            }
            Ok(reason.is_some())
        };
        let recovered = self.session.recoveries.len();
        let (stop, _) = self.session.follow(until, &mut look)?;
        for recovery in &self.session.recoveries[recovered..] {
            say(&format!(
                "rolled back after the detection at cycle {}: the guest replays from its checkpoint",
                recovery.cycle
            ));
        }
        if reason.is_some() {
            return Ok(reason);
        }
        let end = match stop {
            Some(_) => end_of(stop),
            None if self.session.input.quit() => End::Stopped,
            None if self.session.chip().cycle() >= self.max_cycles => End::Timeout,
            None => return Ok(None),
        };
        self.end = Some(end);
        Ok(Some(match end {
            End::Exit(code) => Reason::Exited(code.min(255) as u8),
            // As the command ends then.
            End::Reboot => Reason::Exited(1),
            End::Due => Reason::Terminated(Signal::SIGABRT),
            End::Timeout => Reason::Terminated(Signal::SIGXCPU),
            End::Stopped => Reason::Terminated(Signal::SIGTERM),
        }))
    }

    /// Stops the guest at its next instruction. If it waits in the VMM, it stands where it went there.
    ///
    /// # Errors
    /// As [`Debuggee::advance`].
    pub fn interrupt(&mut self) -> Result<Reason, Error> {
        self.steps = true;
        self.guest.moved = true;
        let last = self.session.chip().cycle().saturating_add(PATIENCE);
        while self.session.chip().cycle() < last {
            match self.advance()? {
                None => {}
                Some(Reason::DoneStep) => break,
                Some(reason) => return Ok(reason),
            }
        }
        Ok(Reason::Signal(Signal::SIGINT))
    }

    fn run(&mut self, steps: bool) {
        self.steps = steps;
        self.guest.resume();
    }
}

/// Whether the guest is to stand before `pc`, having just executed `retired`, if anything.
fn stop_at(breaks: &Breaks, steps: bool, pc: u32, retired: Option<&Instruction>) -> Option<Reason> {
    let tid = ();
    if let Some(Watch { start, kind, .. }) = retired.and_then(|retired| breaks.hit(retired)) {
        return Some(Reason::Watch { tid, kind, addr: start });
    }
    if breaks.software.contains(&pc) {
        return Some(Reason::SwBreak(tid));
    }
    if breaks.hardware.contains(&pc) {
        return Some(Reason::HwBreak(tid));
    }
    steps.then_some(Reason::DoneStep)
}

impl Target for Debuggee<'_> {
    type Arch = Riscv32;
    type Error = Error;

    fn base_ops(&mut self) -> BaseOps<'_, Self::Arch, Self::Error> {
        BaseOps::SingleThread(self)
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }

    fn support_target_description_xml_override(
        &mut self,
    ) -> Option<TargetDescriptionXmlOverrideOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadBase for Debuggee<'_> {
    fn read_registers(&mut self, into: &mut RiscvCoreRegs<u32>) -> TargetResult<(), Self> {
        let tile = &self.tiles[self.tile as usize];
        into.x = self.guest.registers(tile, self.session.chip()).map_err(TargetError::Fatal)?;
        into.pc = self.guest.pc;
        Ok(())
    }

    // A write would have to reach every replica at the same instruction, past caches and fingerprints.
    fn write_registers(&mut self, _: &RiscvCoreRegs<u32>) -> TargetResult<(), Self> {
        Err(TargetError::Errno(NOT_PERMITTED))
    }

    fn read_addrs(&mut self, start: u32, into: &mut [u8]) -> TargetResult<usize, Self> {
        let chip = self.session.chip();
        let memory = GuestRam {
            values: chip,
            tile: &self.tiles[self.tile as usize],
            domain: chip.regions().domain(self.tile),
            ram: self.ram,
        };
        match read(&memory, self.guest.root(), start, into) {
            Ok(0) if !into.is_empty() => Err(TargetError::Errno(BAD_ADDRESS)),
            Ok(count) => Ok(count),
            Err(error) => Err(TargetError::Fatal(error.into())),
        }
    }

    fn write_addrs(&mut self, _: u32, _: &[u8]) -> TargetResult<(), Self> {
        Err(TargetError::Errno(NOT_PERMITTED))
    }

    fn support_resume(&mut self) -> Option<SingleThreadResumeOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadResume for Debuggee<'_> {
    fn resume(&mut self, _: Option<Signal>) -> Result<(), Error> {
        self.run(false);
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<SingleThreadSingleStepOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadSingleStep for Debuggee<'_> {
    fn step(&mut self, _: Option<Signal>) -> Result<(), Error> {
        self.run(true);
        Ok(())
    }
}

impl Breakpoints for Debuggee<'_> {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_breakpoint(&mut self) -> Option<HwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

impl SwBreakpoint for Debuggee<'_> {
    fn add_sw_breakpoint(&mut self, address: u32, _: usize) -> TargetResult<bool, Self> {
        self.breaks.software.insert(address);
        Ok(true)
    }

    fn remove_sw_breakpoint(&mut self, address: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.breaks.software.remove(&address))
    }
}

impl HwBreakpoint for Debuggee<'_> {
    fn add_hw_breakpoint(&mut self, address: u32, _: usize) -> TargetResult<bool, Self> {
        self.breaks.hardware.insert(address);
        Ok(true)
    }

    fn remove_hw_breakpoint(&mut self, address: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.breaks.hardware.remove(&address))
    }
}

impl HwWatchpoint for Debuggee<'_> {
    fn add_hw_watchpoint(
        &mut self,
        start: u32,
        length: u32,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        self.breaks.watch(Watch { start, length, kind });
        Ok(true)
    }

    fn remove_hw_watchpoint(
        &mut self,
        start: u32,
        length: u32,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        Ok(self.breaks.unwatch(Watch { start, length, kind }))
    }
}

impl MonitorCmd for Debuggee<'_> {
    fn handle_monitor_cmd(&mut self, command: &[u8], out: ConsoleOutput<'_>) -> Result<(), Error> {
        monitor::obey(self, &String::from_utf8_lossy(command), out);
        Ok(())
    }
}

impl TargetDescriptionXmlOverride for Debuggee<'_> {
    // The architecture's own description names no architecture, which a gdb without an ELF file needs.
    fn target_description_xml(
        &self,
        annex: &[u8],
        offset: u64,
        length: usize,
        into: &mut [u8],
    ) -> TargetResult<usize, Self> {
        const DESCRIPTION: &[u8] = include_bytes!("target.xml");
        if annex != b"target.xml" {
            return Err(TargetError::NonFatal);
        }
        let rest = usize::try_from(offset).ok().and_then(|offset| DESCRIPTION.get(offset..));
        let rest = rest.unwrap_or_default();
        let count = rest.len().min(length).min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}
