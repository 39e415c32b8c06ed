//! Built-in guests on the simulated chip, as the whole-chip tests run them.

use covert::boot::Settings;
use covert::console::Input;
use covert::guests;
use covert::plan::{GuestOptions, guest_machine, time_limit};
use covert::session::Machine;
use covert_abi::Mode;
use covert_abi::layout::REGION_STRIDE;
use covert_model::{Memory, Options};

/// A built-in guest, how it is run, and on what.
#[derive(Clone, Debug)]
pub struct Run {
    /// Name of the guest.
    pub guest: &'static str,
    /// Redundancy from power-on.
    pub mode: Mode,
    /// Console input.
    pub input: Vec<u8>,
    /// Instructions of an epoch.
    pub epoch: u32,
    /// Epochs between checkpoints.
    pub checkpoint_every: u32,
    /// Cycles main memory takes to answer: least and most.
    pub latency: (u32, u32),
    /// Seed of the random latencies.
    pub seed: u64,
    /// The model whose state can be reached.
    pub fault: bool,
}

impl Run {
    /// The guest in `mode` with short epochs, so that even a small guest sees many; memory latency 2.
    pub fn new(guest: &'static str, mode: Mode) -> Self {
        let input = if guest == "digest" { text(3000) } else { Vec::new() };
        Self {
            guest,
            mode,
            input,
            epoch: 5000,
            checkpoint_every: 8,
            latency: (2, 2),
            seed: 0,
            fault: false,
        }
    }

    /// The chip (`duo`) with the guest loaded.
    ///
    /// # Panics
    /// There is no such guest, or it does not fit.
    pub fn machine(&self) -> Machine {
        let guest = guests::find(self.guest).unwrap_or_else(|| panic!("no guest {}", self.guest));
        let elf = guest.elf().unwrap_or_else(|error| panic!("{error}"));
        let memory = Memory::Latency { min: self.latency.0, max: self.latency.1 };
        let settings = Settings {
            ram: 4 << 20,
            epoch: self.epoch,
            checkpoint_every: self.checkpoint_every,
            time_limit: time_limit(self.epoch, memory),
            max_attempts: 3,
            io_size: REGION_STRIDE,
        };
        let options = Options {
            tiles: 2,
            fault: self.fault,
            bare: None,
            memory,
            idle_skip: true,
            seed: self.seed,
        };
        let input = Input::Bytes(self.input.clone());
        let guest_options = GuestOptions::new(settings, options, vec![(0, self.mode)], input);
        guest_machine(guest.name, &elf, guest_options).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Some text of this many bytes, always the same.
pub fn text(bytes: usize) -> Vec<u8> {
    let line = |number: usize| format!("line {number}: {:x}\n", number * number * 2_654_435_761);
    (0..).flat_map(|number| line(number).into_bytes()).take(bytes).collect()
}

/// What the project promises to print for each guest: `firmware/guests/expected/NAME.txt`, which QEMU agrees on.
///
/// # Panics
/// The file is not there.
pub fn expected(guest: &str) -> Vec<u8> {
    let path = format!("{}/../firmware/guests/expected/{guest}.txt", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
