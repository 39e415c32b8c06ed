//! The simulated chip.

use std::path::Path;
use std::pin::Pin;

use covert_abi::layout::{self, Regions};
use cxx::UniquePtr;

use crate::ffi::bridge;

/// Timing of main memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Each channel by itself: cycles from the acceptance of a request to its response, at least 1: least and most.
    /// Where they differ, each response draws its own and requests are now and then not accepted.
    Latency {
        /// Least.
        min: u32,
        /// Most.
        max: u32,
    },
    /// One SDRAM device that all channels share (`cpp/sdram.h` has its times): bursts of up to 32 words, the first
    /// word of one 10 cycles after its request where nobody is in the way, refresh.
    Sdram,
}

/// What is fixed when a chip is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Tiles of the configuration: 1, 2 or 4.
    pub tiles: u32,
    /// The model whose registers can be reached: needed for flips, waveforms and instruction records.
    pub fault: bool,
    /// Strap: tile 0 alone runs in M-mode, without the VMM.
    pub bare: Option<Bare>,
    /// Timing of main memory.
    pub memory: Memory,
    /// Jump over cycles in which the group waits in the barrier and nothing else can happen. A run is the same with
    /// and without, cycle by cycle; it only takes less time.
    pub idle_skip: bool,
    /// Seeds the random latencies, each channel differently, and the random numbers that software reads.
    pub seed: u64,
}

/// A bare program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bare {
    /// First program counter.
    pub boot_address: u32,
    /// Address of a page of RAM that a host looks at while the program runs (`tohost`): it is not cached.
    pub host_page: Option<u32>,
}

/// Why a run stopped before the cycle it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Software ended by the exit device: the word it wrote.
    Exit(u32),
    /// A bare program ended by `tohost`: its code, 0 for success.
    Htif(u32),
    /// A detected, unrecoverable error: the chip lets nothing out any more.
    Due,
    /// Not an end: a block command ([`Chip::block_request`]) or a sent frame ([`Chip::take_frame`]) waits for the host. The
    /// chip stands until there is neither. Only where there is a disk or a network.
    Host,
}

/// What an [`Event`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A detection: its kind (`Detection` of the ABI) and the mask of accused tiles.
    Detection {
        /// Number of the kind.
        kind: u32,
        /// Bit i: tile i.
        tiles: u32,
    },
    /// A checkpoint was committed.
    Checkpoint,
    /// The tiles start again after a recovery.
    Resume,
    /// The members of the group are these now (mask).
    Members(u32),
    /// A channel asked for memory that does not exist: only a fault outside the tiles can do that.
    BadAddress {
        /// The channel.
        channel: u32,
        /// The physical address.
        address: u32,
    },
}

/// Something the chip's observer ports showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Cycle since reset.
    pub cycle: u64,
    /// What happened.
    pub kind: EventKind,
}

/// Sums since reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Epochs ended; replayed ones count again.
    pub epochs: u64,
    /// Checkpoints committed.
    pub checkpoints: u64,
    /// Cycles in which the sequencer worked while the guest did not run.
    pub paused_cycles: u64,
    /// Instructions retired by each tile, those of the VMM included.
    pub instructions: [u64; 4],
    /// Cycles of each tile by what they went to, in the order of [`Spent::ALL`].
    pub spent: [[u64; Spent::ALL.len()]; 4],
    /// Members of the group now (mask).
    pub members: u32,
}

/// What a tile's cycle went to (`covert_core_pkg::Spent*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// An instruction of the guest, or its trap, left the pipeline.
    Retire,
    /// Waiting for data or for the upkeep of a cache.
    Data,
    /// Waiting for a page-table walk.
    Walk,
    /// Waiting for an instruction word.
    Fetch,
    /// Fetching anew after a jump or branch that was not foreseen, a trap or a fence.
    Branch,
    /// Waiting for an operand, a division or a CSR.
    Execute,
    /// In the VMM.
    Vmm,
    /// In the VMM, waiting for the isolation unit; or the tile stood.
    Wait,
}

impl Spent {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Retire,
        Self::Data,
        Self::Walk,
        Self::Fetch,
        Self::Branch,
        Self::Execute,
        Self::Vmm,
        Self::Wait,
    ];

    /// Its name in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Retire => "retire",
            Self::Data => "data",
            Self::Walk => "walk",
            Self::Fetch => "fetch",
            Self::Branch => "branch",
            Self::Execute => "execute",
            Self::Vmm => "vmm",
            Self::Wait => "wait",
        }
    }
}

/// An instruction that a tile shows as retired: an RVFI record, which stands in the cycle behind the one in which the
/// instruction left the pipeline. The tile's registers and data cache then hold what it did, and nothing of its successors;
/// CSRs may be one instruction ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Instruction {
    /// The tile.
    pub tile: u32,
    /// Its address.
    pub pc: u32,
    /// The instruction.
    pub insn: u32,
    /// Privilege it ran in: 0, 1, 3.
    pub mode: u32,
    /// It trapped instead.
    pub trap: bool,
    /// Register written; 0: none.
    pub rd: u32,
    /// What was written to it.
    pub rd_value: u32,
    /// Virtual address of the word accessed.
    pub address: u32,
    /// Bytes of that word read.
    pub read_mask: u32,
    /// Bytes of that word written.
    pub write_mask: u32,
    /// The word written.
    pub written: u32,
    /// Address of the next instruction, but for an interrupt.
    pub next_pc: u32,
}

/// What [`Chip::run_to_instruction`] rests for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// An instruction has left the pipeline.
    Retired(Instruction),
    /// This tile has taken an interrupt, in place of an instruction: its CSRs are those of the trap.
    Interrupt(u32),
}

/// A register, or a memory of several words, of the fault model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Verilator's hierarchical name, below the chip.
    pub path: String,
    /// Bits of a word.
    pub width: u32,
    /// Words; 1 for a register.
    pub words: u32,
}

/// One bit of the state: a variable's number in [`Chip::variables`], a word and a bit in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bit {
    /// Index in the list of variables.
    pub variable: u32,
    /// Word of a memory; 0 for a register.
    pub word: u32,
    /// Bit of the word.
    pub bit: u32,
}

/// What the model refused.
#[derive(Debug, thiserror::Error)]
#[error("the model refused: {0}")]
pub struct ChipError(#[from] cxx::Exception);

/// One simulated chip with its main memory, resting at the start of a cycle.
pub struct Chip {
    inner: UniquePtr<bridge::Chip>,
    options: Options,
}

impl Chip {
    /// A chip just out of reset: cycle 0, memory zero.
    ///
    /// # Errors
    /// There is no model of that many tiles, or no address space for the memory.
    pub fn new(options: &Options) -> Result<Self, ChipError> {
        let regions = Regions::new(options.tiles);
        let (latency_min, latency_max) = match options.memory {
            Memory::Latency { min, max } => (min.max(1), max.max(min).max(1)),
            Memory::Sdram => (1, 1),
        };
        let host_page = options.bare.and_then(|bare| bare.host_page);
        let inner = bridge::new_chip(&bridge::Setup {
            tiles: options.tiles,
            fault: options.fault,
            bare: options.bare.is_some(),
            boot_address: options.bare.map_or(0, |bare| bare.boot_address),
            host_page_on: host_page.is_some(),
            host_page: host_page.map_or(0, |address| address >> 12),
            memory_bytes: regions.total() as usize,
            latency_min,
            latency_max,
            sdram: options.memory == Memory::Sdram,
            idle_skip: options.idle_skip,
            io_region: regions.io(),
            io_bytes: layout::REGION_STRIDE,
            seed: options.seed,
        })?;
        Ok(Self { inner, options: options.clone() })
    }

    pub(crate) fn bridge(&self) -> &bridge::Chip {
        &self.inner
    }

    pub(crate) fn pin(&mut self) -> Pin<&mut bridge::Chip> {
        self.inner.pin_mut()
    }

    /// What the chip was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Layout of main memory.
    pub fn regions(&self) -> Regions {
        Regions::new(self.options.tiles)
    }

    /// Runs to the start of cycle `until`, or to a reason to stop. An end is returned by every later call as well,
    /// [`Stop::Host`] as long as the host has something to do.
    ///
    /// # Errors
    /// The model itself failed: its logic does not settle.
    pub fn run_until(&mut self, until: u64) -> Result<Option<Stop>, ChipError> {
        let reasons = self.pin().run(until)?;
        Ok(self.stop(reasons))
    }

    /// Runs as [`Chip::run_until`], and rests as well in each cycle that shows that the lowest member has retired an instruction or
    /// taken an interrupt. It is seen once.
    ///
    /// # Errors
    /// This is the fast model, or the model itself failed.
    pub fn run_to_instruction(
        &mut self,
        until: u64,
    ) -> Result<(Option<Stop>, Option<Seen>), ChipError> {
        const RETIRED: u32 = 16;
        let reasons = self.pin().run_to_instruction(until)?;
        let seen = (reasons & RETIRED != 0).then(|| {
            let seen = self.inner.instruction();
            if seen.interrupt {
                return Seen::Interrupt(seen.tile);
            }
            Seen::Retired(Instruction {
                tile: seen.tile,
                pc: seen.pc,
                insn: seen.insn,
                mode: seen.mode,
                trap: seen.trap,
                rd: seen.rd,
                rd_value: seen.rd_value,
                address: seen.address,
                read_mask: seen.read_mask,
                write_mask: seen.write_mask,
                written: seen.written,
                next_pc: seen.next_pc,
            })
        });
        Ok((self.stop(reasons & !RETIRED), seen))
    }

    fn stop(&self, reasons: u32) -> Option<Stop> {
        // An exit and a DUE in the same cycle: the exit was released before.
        match reasons {
            0 => None,
            reasons if reasons & 1 != 0 => Some(Stop::Exit(self.inner.exit_code())),
            reasons if reasons & 4 != 0 => Some(Stop::Htif(self.inner.exit_code())),
            reasons if reasons & 2 != 0 => Some(Stop::Due),
            _ => Some(Stop::Host),
        }
    }

    /// The cycle the chip stands at; after a stop, the one it stopped in.
    pub fn cycle(&self) -> u64 {
        self.inner.cycle()
    }

    /// Sums since reset.
    pub fn counters(&self) -> Counters {
        let sums = self.inner.counters();
        Counters {
            epochs: sums.epochs,
            checkpoints: sums.checkpoints,
            paused_cycles: sums.busy_cycles,
            instructions: sums.instructions,
            spent: std::array::from_fn(|tile| {
                std::array::from_fn(|what| sums.spent[tile * Spent::ALL.len() + what])
            }),
            members: sums.members,
        }
    }

    /// The events since the last call, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        let decode = |event: bridge::Event| {
            let kind = match event.kind {
                0 => EventKind::Detection { kind: event.a, tiles: event.b },
                1 => EventKind::Checkpoint,
                2 => EventKind::Resume,
                3 => EventKind::Members(event.a),
                _ => EventKind::BadAddress { channel: event.a, address: event.b },
            };
            Event { cycle: event.cycle, kind }
        };
        self.pin().take_events().into_iter().map(decode).collect()
    }

    /// Sets the mode the management side asks for (`Mode` of the ABI), from the next cycle on.
    pub fn set_mode(&mut self, mode: covert_abi::Mode) {
        self.pin().set_mode(mode as u32);
    }

    /// Serves a bare program's `tohost` and `fromhost` (physical addresses; `fromhost` 0: there is none).
    pub fn set_htif(&mut self, tohost: u32, fromhost: u32) {
        self.pin().set_htif(tohost, fromhost);
    }

    /// Appends bytes to the console's input.
    pub fn feed_console(&mut self, bytes: &[u8]) {
        self.pin().feed_console(bytes);
    }

    /// Hangs up the console's input once the chip has taken all of it.
    pub fn close_console(&mut self) {
        self.pin().close_console();
    }

    /// Bytes of console input the chip has not yet taken.
    pub fn console_backlog(&self) -> usize {
        self.inner.console_backlog()
    }

    /// Moves the console's output since the last call to the end of `into`.
    pub fn take_console(&mut self, into: &mut Vec<u8>) {
        into.extend_from_slice(self.inner.console());
        self.pin().clear_console();
    }

    /// Bytes of main memory.
    pub fn memory_size(&self) -> usize {
        self.inner.memory_size()
    }

    /// Reads main memory at a physical address.
    ///
    /// # Errors
    /// The range is not inside main memory.
    pub fn read_memory(&self, address: u32, into: &mut [u8]) -> Result<(), ChipError> {
        Ok(self.inner.read_memory(address, into)?)
    }

    /// Writes main memory at a physical address.
    ///
    /// # Errors
    /// The range is not inside main memory.
    pub fn write_memory(&mut self, address: u32, bytes: &[u8]) -> Result<(), ChipError> {
        Ok(self.pin().write_memory(address, bytes)?)
    }

    /// The registers and memories of the model, sorted by path; none in the fast model.
    pub fn variables(&self) -> Vec<Variable> {
        self.inner
            .variables()
            .into_iter()
            .map(|v| Variable { path: v.path, width: v.width, words: v.words })
            .collect()
    }

    /// Value of a bit.
    ///
    /// # Errors
    /// There is no such bit.
    pub fn bit(&self, bit: Bit) -> Result<bool, ChipError> {
        Ok(self.inner.bit(bit.variable, bit.word, bit.bit)?)
    }

    /// Value of a register or of a word of a memory, of at most 128 bits.
    ///
    /// # Errors
    /// There is no such word, or it is wider.
    pub fn word(&self, variable: u32, word: u32) -> Result<u128, ChipError> {
        let parts = self.inner.word(variable, word)?;
        Ok(parts.iter().rev().fold(0, |value, part| value << 32 | u128::from(*part)))
    }

    /// Flips a bit in this cycle; the logic behind it sees the new value.
    ///
    /// # Errors
    /// There is no such bit.
    pub fn flip(&mut self, bit: Bit) -> Result<(), ChipError> {
        Ok(self.pin().flip(bit.variable, bit.word, bit.bit)?)
    }

    /// Holds a bit at a value from this cycle to the end.
    ///
    /// # Errors
    /// There is no such bit.
    pub fn force(&mut self, bit: Bit, value: bool) -> Result<(), ChipError> {
        Ok(self.pin().force(bit.variable, bit.word, bit.bit, value)?)
    }

    /// From here on [`Chip::digest`] covers changes of main memory too.
    pub fn track_changes(&mut self) {
        self.pin().track_changes();
    }

    /// Numbers of the variables whose contents are others than in `other`.
    ///
    /// # Errors
    /// The two chips are not of one configuration, both of the fault model.
    pub fn differing(&self, other: &Self) -> Result<Vec<u32>, ChipError> {
        Ok(self.inner.differing(&other.inner)?)
    }

    /// From here on [`Chip::take_written`] knows what was written in main memory.
    pub fn keep_written(&mut self) {
        self.pin().keep_written();
    }

    /// Physical addresses of the words of main memory written since the last call, in order, some of them more than once.
    pub fn take_written(&mut self) -> Vec<u32> {
        self.pin().take_written()
    }

    /// 128 bits over all that decides how the run goes on: every register and memory, main memory's
    /// changes since [`Chip::track_changes`], requests on their way, console input taken, disk commands and frames
    /// under way. Two chips made and
    /// loaded alike whose digests agree at the same cycle go on alike.
    pub fn digest(&self) -> [u64; 2] {
        self.inner.digest()
    }

    /// Starts recording retired instructions.
    ///
    /// # Errors
    /// This is the fast model.
    pub fn record_instructions(&mut self) -> Result<(), ChipError> {
        Ok(self.pin().record_instructions(true)?)
    }

    /// The lines recorded since [`Chip::clear_instructions`].
    pub fn instructions(&self) -> &[u8] {
        self.inner.instructions()
    }

    /// Forgets the recorded lines.
    pub fn clear_instructions(&mut self) {
        self.pin().clear_instructions();
    }

    /// Draws a waveform (FST) from this cycle on.
    ///
    /// # Errors
    /// The file cannot be written, its name is not UTF-8, or this is the fast model.
    pub fn open_trace(&mut self, path: &Path) -> Result<(), ChipError> {
        Ok(self.pin().open_trace(&path.to_string_lossy())?)
    }

    /// Ends the waveform.
    pub fn close_trace(&mut self) {
        self.pin().close_trace();
    }
}
