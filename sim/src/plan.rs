//! From raw arguments to a run that can be made: options are checked against each other, files are read,
//! and what is written at the end is tried beforehand.

use std::fs;
use std::path::{Path, PathBuf};

use covert_abi::Mode;
use covert_abi::layout::{GUEST_BASE, GUEST_MAX, PAGE_SIZE, REGION_STRIDE};
use covert_model::{Memory, Options};

use crate::boot::{self, Settings};
use crate::cli::{ChipName, ModeName, RunArgs, TraceArg};
use crate::console::Input;
use crate::elf::Program;
use crate::error::Error;
use crate::guests;
use crate::inject::Spec;
use crate::output::check_writable;
use crate::session::Machine;

/// A run, checked.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The chip and what is loaded into it.
    pub machine: Machine,
    /// Faults as typed.
    pub injections: Vec<Spec>,
    /// Members at the most protected moment: whose state random flips hit.
    pub members: u32,
    /// Waveform.
    pub trace: Option<TraceArg>,
    /// Retired instructions.
    pub rvfi: Option<PathBuf>,
    /// Signature: file, physical start and length.
    pub signature: Option<(PathBuf, u32, u32)>,
    /// Result.
    pub json: Option<PathBuf>,
    /// Cycle at which the run is given up.
    pub max_cycles: u64,
}

/// What the guest needs besides the chip.
#[derive(Clone, Debug)]
pub struct GuestOptions {
    /// Settings for the VMM.
    pub settings: Settings,
    /// The chip.
    pub options: Options,
    /// Modes over time.
    pub modes: Vec<(u64, Mode)>,
    /// Console input.
    pub input: Input,
}

impl Plan {
    /// Checks arguments and reads what they name.
    ///
    /// # Errors
    /// Options that do not fit together, files that cannot be read, or programs the chip cannot run.
    pub fn new(args: &RunArgs) -> Result<Self, Error> {
        let modes = modes(args)?;
        if args.ram == 0 || args.ram > GUEST_MAX || !args.ram.is_multiple_of(PAGE_SIZE) {
            return usage(format!("--ram: {} is not a multiple of 4K from 4K to 31M", args.ram));
        }
        if args.epoch < 100 || args.checkpoint_every < 1 {
            return usage("--epoch is at least 100, --checkpoint-every at least 1".into());
        }
        if !(1..=255).contains(&args.max_attempts) {
            return usage(format!("--max-attempts: {} is not from 1 to 255", args.max_attempts));
        }
        let results = [args.json.as_deref(), args.signature.as_deref()];
        let trace = args.trace.as_ref().map(|trace| trace.file.as_path());
        for path in results.into_iter().flatten().chain(trace).chain(args.rvfi.as_deref()) {
            check_writable(path)?;
        }
        let fault = !args.inject.is_empty() || args.trace.is_some() || args.rvfi.is_some();
        let options = Options {
            tiles: tiles(args.chip)?,
            fault,
            bare: args.bare,
            boot_address: 0,
            memory: Memory::Latency { min: args.mem_latency.0, max: args.mem_latency.1 },
            idle_skip: true,
            seed: args.seed,
        };
        let input = Input::open(args.stdin.as_deref()).map_err(|source| Error::Read {
            path: args.stdin.clone().unwrap_or_else(|| "standard input".into()),
            source,
        })?;
        let (name, file) = read_image(&args.image)?;
        let members = if modes.iter().any(|(_, mode)| *mode == Mode::Dmr) { 2 } else { 1 };
        let mut signature = None;
        let machine = if args.bare {
            let program = parse(&name, &file, REGION_STRIDE)?;
            if let Some(path) = &args.signature {
                let (start, length) = signature_range(&name, &program)?;
                signature = Some((path.clone(), start, length));
            }
            bare_machine(&program, options, input)
        } else {
            let settings = Settings {
                ram: args.ram,
                epoch: args.epoch,
                checkpoint_every: args.checkpoint_every,
                time_limit: args
                    .time_limit
                    .unwrap_or_else(|| time_limit(args.epoch, args.mem_latency.1)),
                max_attempts: args.max_attempts,
            };
            guest_machine(&name, &file, GuestOptions { settings, options, modes, input })?
        };
        Ok(Self {
            machine,
            injections: args.inject.clone(),
            members,
            trace: args.trace.clone(),
            rvfi: args.rvfi.clone(),
            signature,
            json: args.json.clone(),
            max_cycles: args.max_cycles.unwrap_or(u64::MAX),
        })
    }
}

fn usage<T>(message: String) -> Result<T, Error> {
    Err(Error::Usage(message))
}

/// Number of tiles of a configuration that is built.
///
/// # Errors
/// It is not built yet.
pub fn tiles(chip: ChipName) -> Result<u32, Error> {
    match chip {
        ChipName::Trio => usage("--chip trio is not built yet: use solo, duo or quad".into()),
        built => Ok(built.tiles()),
    }
}

/// Cycles that a member is waited for by default: replicas run loosely, and may drift apart for an epoch by
/// what random memory latencies sum up to.
pub fn time_limit(epoch: u32, latency: u32) -> u32 {
    epoch.saturating_mul(latency.saturating_mul(2).saturating_add(2)).saturating_add(20_000)
}

/// The modes asked for over time.
fn modes(args: &RunArgs) -> Result<Vec<(u64, Mode)>, Error> {
    let mode = match args.mode {
        Some(ModeName::Tmr | ModeName::Lockstep2 | ModeName::Lockstep3) => {
            return usage("--mode: only none and dmr are built yet".into());
        }
        Some(ModeName::None) => Mode::None,
        Some(ModeName::Dmr) => Mode::Dmr,
        None if args.chip == ChipName::Solo || args.bare => Mode::None,
        None => Mode::Dmr,
    };
    let protect = args.protect_at.iter().map(|cycle| (*cycle, Mode::Dmr));
    let unprotect = args.unprotect_at.iter().map(|cycle| (*cycle, Mode::None));
    let mut switches: Vec<_> = protect.chain(unprotect).collect();
    switches.sort_by_key(|(cycle, _)| *cycle);
    if let Some(pair) = switches.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return usage(format!("--protect-at, --unprotect-at: two switches at cycle {}", pair[0].0));
    }
    let first = match switches.first() {
        Some((_, Mode::Dmr)) => Mode::None,
        Some(_) => Mode::Dmr,
        None => mode,
    };
    switches.insert(0, (0, first));
    let protected = switches.iter().any(|(_, mode)| *mode == Mode::Dmr);
    if args.bare && (protected || args.mode.is_some()) {
        return usage(
            "--bare runs without the VMM: no --mode, --protect-at, --unprotect-at".into(),
        );
    }
    if protected && args.chip == ChipName::Solo {
        return usage("--chip solo has one tile: dmr needs two".into());
    }
    Ok(switches)
}

/// The ELF file of a built-in guest, or of a path; and what to call it.
fn read_image(image: &str) -> Result<(String, Vec<u8>), Error> {
    // A file of that name wins if it is written as a path.
    if let Some(guest) = guests::find(image) {
        return Ok((image.to_owned(), guest.elf()?.into_owned()));
    }
    match fs::read(image) {
        Ok(file) => Ok((image.to_owned(), file)),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound && !image.contains('/') => {
            let names: Vec<_> = guests::all().iter().map(|guest| guest.name).collect();
            usage(format!("no file and no built-in guest `{image}` (guests: {})", names.join(", ")))
        }
        Err(source) => Err(Error::Read { path: image.into(), source }),
    }
}

fn parse(name: &str, file: &[u8], size: u32) -> Result<Program, Error> {
    Program::parse(file, GUEST_BASE, size)
        .map_err(|source| Error::Program { path: Path::new(name).to_owned(), source })
}

/// Physical start and length of a bare program's signature.
fn signature_range(name: &str, program: &Program) -> Result<(u32, u32), Error> {
    let symbol = |symbol: &str| {
        program
            .symbol(symbol)
            .ok_or_else(|| Error::Usage(format!("--signature: {name} has no symbol {symbol}")))
    };
    let (begin, end) = (symbol("begin_signature")?, symbol("end_signature")?);
    let inside = |address: u32| (GUEST_BASE..=GUEST_BASE + REGION_STRIDE).contains(&address);
    if begin > end || !inside(begin) || !inside(end) || begin % 4 != 0 {
        return usage(format!(
            "--signature: {begin:#010x}..{end:#010x} is no aligned range of RAM"
        ));
    }
    Ok((begin - GUEST_BASE, (end - begin).next_multiple_of(4)))
}

/// A bare program on tile 0.
fn bare_machine(program: &Program, mut options: Options, input: Input) -> Machine {
    options.boot_address = program.entry;
    let physical = |address: u32| address.wrapping_sub(GUEST_BASE);
    let htif = program
        .symbol("tohost")
        .map(|tohost| (physical(tohost), program.symbol("fromhost").map_or(0, physical)));
    let modes = Vec::new();
    Machine { options, chunks: boot::bare_chunks(program), htif, input, modes }
}

/// A guest below the VMM.
///
/// # Errors
/// The ELF file is no guest for that much RAM, or does not fit into the boot region.
pub fn guest_machine(name: &str, file: &[u8], guest: GuestOptions) -> Result<Machine, Error> {
    let program = parse(name, file, guest.settings.ram)?;
    let firmware = guests::firmware()?;
    let region = boot::boot_region(&firmware, &program, &guest.settings, guest.options.tiles)
        .map_err(|source| Error::Boot { image: name.to_owned(), source })?;
    Ok(Machine {
        options: guest.options,
        chunks: vec![region],
        htif: None,
        input: guest.input,
        modes: guest.modes,
    })
}
