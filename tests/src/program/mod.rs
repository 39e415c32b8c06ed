//! Random programs: seeded, bounded, self-checking only through their trace.
//!
//! A program starts in M-mode at [`BASE`], sets up both trap handlers, runs a body that moves
//! between M, S and U, ends with a checksum over its data area and a write to the exit device.
//! It stays inside what the specification fixes or what QEMU 7.2 and the core both promise:
//! no misaligned data accesses, no counters, no implementation-defined CSR bits.
//!
//! With translation S and U run in three address spaces, edit their page tables and take page
//! faults.

mod asm;
mod compressed;
mod csr;
mod elf;
mod generate;
mod handlers;
mod paging;
mod privilege;
mod repair;
mod rng;
mod simple;
mod space;

pub use elf::elf32;
pub use rng::Rng;

/// Entry point and start of the code.
pub const BASE: u32 = 0x8000_0000;
/// Start of the data area that loads and stores stay in.
pub const DATA: u32 = 0x8002_0000;
/// Bytes of the data area.
pub const DATA_SIZE: u32 = 2048;
/// The handlers' frames, right behind the data area.
const FRAMES: [u32; 2] = [DATA + DATA_SIZE, DATA + DATA_SIZE + 64];
/// Bytes that the final checksum covers.
const CHECKED: u32 = DATA_SIZE + 128;

/// Virtual addresses that only translation gives a meaning.
pub const WINDOWS: std::ops::Range<u32> = space::WINDOWS..space::USER_CODE;
/// The part of [`WINDOWS`] that is a superpage in every address space.
pub const SUPERPAGE: std::ops::Range<u32> =
    space::WINDOWS + space::SUPERPAGE_REGION * space::REGION..space::USER_CODE;

const EXIT_DEVICE: u32 = 0x0010_0000;
const CLINT_MSIP: u32 = 0x0200_0000;
const CLINT_MTIMECMP: u32 = 0x0200_4000;
const CLINT_MTIME: u32 = 0x0200_BFF8;
/// Addresses at which neither machine has anything.
const NOWHERE: [u32; 4] = [0x0030_0000, 0x0810_0000, 0x1800_0000, 0xA000_0000];

/// What a program is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything follows from this number and the other options.
    pub seed: u64,
    /// Items in the body; a program retires about 5 to 10 instructions for each.
    pub items: u32,
    /// Stay in S and U between set-up and end, so that M only handles traps.
    pub guest_only: bool,
    /// With `guest_only`: let COVERT's epoch counter interrupt S and U each time this many
    /// instructions retired. The code is the same with and without.
    pub epoch: Option<u32>,
    /// With `guest_only`: interrupt S and U by the timer each time this many ticks have passed,
    /// wherever they are. The code is the same with and without.
    pub timer: Option<u32>,
    /// Use LR/SC pairs. An interrupt between the two makes the SC fail, so that a program with
    /// them may see epochs.
    pub reservations: bool,
    /// S and U run in address spaces with page tables that change, and take page faults.
    pub translated: bool,
}

impl Options {
    /// A program with all features but translation.
    #[must_use]
    pub fn new(seed: u64, items: u32) -> Self {
        Self {
            seed,
            items,
            guest_only: false,
            epoch: None,
            timer: None,
            reservations: true,
            translated: false,
        }
    }

    /// A program with all features.
    #[must_use]
    pub fn translated(seed: u64, items: u32) -> Self {
        Self { translated: true, ..Self::new(seed, items) }
    }
}

/// A program in machine code.
#[derive(Clone, Debug)]
pub struct Program {
    /// What it was made from.
    pub options: Options,
    /// Code, at [`BASE`].
    pub code: Vec<u8>,
    /// Initial contents of the data area and the frames, at [`DATA`].
    pub data: Vec<u8>,
    /// With translation: page tables and the pages behind them, with their addresses.
    pub pages: Vec<(u32, Vec<u8>)>,
    /// Where M and S take exceptions.
    pub vectors: [u32; 2],
}

impl Program {
    /// The program that `options` stand for, always the same one.
    #[must_use]
    pub fn generate(options: Options) -> Self {
        generate::generate(options)
    }

    /// The program as an ELF executable.
    #[must_use]
    pub fn elf(&self) -> Vec<u8> {
        let mut segments = vec![(BASE, &*self.code), (DATA, &*self.data)];
        segments.extend(self.pages.iter().map(|(address, bytes)| (*address, &**bytes)));
        elf32(BASE, &segments)
    }
}
