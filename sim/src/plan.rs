//! From raw arguments to a run that can be made: options are checked against each other, files are read,
//! and what is written at the end is tried beforehand.

use std::path::{Path, PathBuf};

use covert_abi::Mode;
use covert_abi::layout::{GUEST_BASE, GUEST_MAX, PAGE_SIZE, REGION_STRIDE};
use covert_model::{Bare, Memory, Options};

use crate::boot::{self, Settings};
use crate::cli::{ChipName, KeysName, ModeName, RunArgs, TraceArg};
use crate::console::Input;
use crate::devices::{Attached, open_disk};
use crate::disk::DiskSource;
use crate::dtb::Hardware;
use crate::elf::Program;
use crate::error::Error;
use crate::guests;
use crate::image::{Extras, Image, Payload};
use crate::inject::Spec;
use crate::linux;
use crate::output::{check_writable, write_whole};
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
    /// Port that gdb is waited for on; 0: any.
    pub gdb: Option<u16>,
    /// Guest RAM below the VMM; none for a bare program.
    pub ram: Option<u32>,
    /// Signature: file, physical start and length.
    pub signature: Option<(PathBuf, u32, u32)>,
    /// Result.
    pub json: Option<PathBuf>,
    /// Cycle at which the run is given up.
    pub max_cycles: u64,
    /// A terminal hands each key over as it is typed.
    pub raw_keys: bool,
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
    /// Initial RAM disk, command line, device tree.
    pub extras: Extras,
    /// Disk and network.
    pub attached: Attached,
}

impl GuestOptions {
    /// Nothing besides these.
    pub fn new(
        settings: Settings,
        options: Options,
        modes: Vec<(u64, Mode)>,
        input: Input,
    ) -> Self {
        let (extras, attached) = (Extras::default(), Attached::default());
        Self { settings, options, modes, input, extras, attached }
    }
}

/// Guest RAM of Linux, and of anything else, unless told otherwise.
const DEFAULT_RAM: (u32, u32) = (16 << 20, 4 << 20);

impl Plan {
    /// Checks arguments and reads what they name.
    ///
    /// # Errors
    /// Options that do not fit together, files that cannot be read, or programs the chip cannot run.
    pub fn new(args: &RunArgs) -> Result<Self, Error> {
        Self::with_io(args, REGION_STRIDE)
    }

    /// The same where the I/O region has `io_size` bytes only, as on a board.
    ///
    /// # Errors
    /// As for [`Plan::new`].
    pub fn with_io(args: &RunArgs, io_size: u32) -> Result<Self, Error> {
        let modes = modes(args)?;
        let attached = attached(args)?;
        check_numbers(args)?;
        let results = [args.json.as_deref(), args.signature.as_deref(), args.dump_dtb.as_deref()];
        let trace = args.trace.as_ref().map(|trace| trace.file.as_path());
        let pcap = args.net.as_ref().and_then(|net| net.pcap.as_deref());
        let records = [trace, pcap, args.rvfi.as_deref()];
        for path in results.into_iter().chain(records).flatten() {
            check_writable(path)?;
        }
        let fault = !args.inject.is_empty()
            || args.trace.is_some()
            || args.rvfi.is_some()
            || args.gdb.is_some();
        let options = Options {
            tiles: tiles(args.chip)?,
            fault,
            bare: None,
            memory: args.memory.unwrap_or(boot::DEFAULT_MEMORY),
            idle_skip: true,
            seed: args.seed,
        };
        let mut input = Input::open(args.stdin.as_deref());
        if draws(args) {
            // Made twice, once to know its length.
            input = input.and_then(Input::repeatable);
        }
        let input = input.map_err(|source| Error::Read {
            path: args.stdin.clone().unwrap_or_else(|| "standard input".into()),
            source,
        })?;
        let image = Image::read(&args.image)?;
        let members = if modes.iter().any(|(_, mode)| *mode == Mode::Dmr) { 2 } else { 1 };
        let raw_keys = match args.keys {
            KeysName::Auto => image.is_linux() && !args.bare,
            KeysName::Raw => true,
            KeysName::Lines => false,
        };
        let mut signature = None;
        let mut ram = None;
        let machine = if args.bare {
            let program = parse(&image.name, &image.file, REGION_STRIDE)?;
            if let Some(path) = &args.signature {
                let (start, length) = signature_range(&image.name, &program)?;
                signature = Some((path.clone(), start, length));
            }
            bare_machine(&program, options, input)
        } else {
            let default = if image.is_linux() { DEFAULT_RAM.0 } else { DEFAULT_RAM.1 };
            let settings = Settings {
                ram: args.ram.unwrap_or(default),
                epoch: args.epoch,
                checkpoint_every: args.checkpoint_every,
                time_limit: args
                    .time_limit
                    .unwrap_or_else(|| time_limit(args.epoch, options.memory)),
                max_attempts: args.max_attempts,
                io_size,
            };
            ram = Some(settings.ram);
            let extras = image.extras(args)?;
            let guest = GuestOptions { settings, options, modes, input, extras, attached };
            let payload = payload(&image.name, &image.file, &guest)?;
            if let Some(path) = &args.dump_dtb {
                if payload.device_tree.is_empty() {
                    return usage(format!("--dump-dtb: {} has no room for one", image.name));
                }
                write_whole(path, &payload.device_tree)?;
            }
            machine(&image.name, &payload, guest)?
        };
        Ok(Self {
            machine,
            injections: args.inject.clone(),
            members,
            trace: args.trace.clone(),
            rvfi: args.rvfi.clone(),
            gdb: args.gdb,
            ram,
            signature,
            json: args.json.clone(),
            max_cycles: args.max_cycles.unwrap_or(u64::MAX),
            raw_keys,
        })
    }
}

fn check_numbers(args: &RunArgs) -> Result<(), Error> {
    if let Some(ram) = args.ram
        && (ram == 0 || ram > GUEST_MAX || !ram.is_multiple_of(PAGE_SIZE))
    {
        return usage(format!("--ram: {ram} is not a multiple of 4K from 4K to 31M"));
    }
    if args.epoch < 100 || args.checkpoint_every < 1 {
        return usage("--epoch is at least 100, --checkpoint-every at least 1".into());
    }
    if !(1..=255).contains(&args.max_attempts) {
        return usage(format!("--max-attempts: {} is not from 1 to 255", args.max_attempts));
    }
    Ok(())
}

/// Disk and network, tried beforehand as far as that can be.
fn attached(args: &RunArgs) -> Result<Attached, Error> {
    let given = [
        ("--initrd", args.initrd.is_some()),
        ("--append", args.append.is_some()),
        ("--dtb", args.dtb.is_some()),
        ("--dump-dtb", args.dump_dtb.is_some()),
        ("--disk", args.disk.is_some()),
        ("--net", args.net.is_some()),
    ];
    if let Some((option, _)) = given.iter().find(|(_, given)| args.bare && *given) {
        return usage(format!("--bare runs without the VMM: no {option}"));
    }
    let disk = args.disk.clone().map(|path| DiskSource { path, keep: true });
    if let Some(disk) = &disk {
        open_disk(disk)?;
    }
    if draws(args) && args.net.as_ref().is_some_and(|net| !net.repeatable()) {
        return usage("--inject random: needs a repeatable run: --net user,echo".into());
    }
    Ok(Attached { disk, net: args.net.clone() })
}

/// Whether faults are drawn from a run without any.
fn draws(args: &RunArgs) -> bool {
    args.inject.iter().any(|spec| matches!(spec, Spec::Random { .. }))
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
pub fn time_limit(epoch: u32, memory: Memory) -> u32 {
    let latency = match memory {
        Memory::Latency { max, .. } => max,
        // With several tiles and the DMA engine in the way.
        Memory::Sdram => 50,
    };
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
        Some(_) if args.mode == Some(ModeName::None) => {
            return usage("--mode none: there is nothing to take back at --unprotect-at".into());
        }
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
    let host_page = program.symbol("tohost");
    options.bare = Some(Bare { boot_address: program.entry, host_page });
    let physical = |address: u32| address.wrapping_sub(GUEST_BASE);
    let htif = program
        .symbol("tohost")
        .map(|tohost| (physical(tohost), program.symbol("fromhost").map_or(0, physical)));
    let modes = Vec::new();
    let attached = Attached::default();
    Machine { options, chunks: boot::bare_chunks(program), htif, input, modes, attached }
}

/// What a guest finds in its RAM.
///
/// # Errors
/// The file is no guest, or does not fit into that much RAM.
fn payload(name: &str, file: &[u8], guest: &GuestOptions) -> Result<Payload, Error> {
    let hardware = Hardware {
        ram: guest.settings.ram,
        disk: guest.attached.disk.is_some(),
        network: guest.attached.net.is_some(),
        seed: guest.options.seed,
    };
    let payload = if linux::is_image(file) {
        Payload::linux(file, &guest.extras, hardware)
    } else {
        Payload::elf(&parse(name, file, guest.settings.ram)?, &guest.extras, hardware)
    };
    payload.map_err(|source| Error::Payload { image: name.to_owned(), source })
}

fn machine(name: &str, payload: &Payload, guest: GuestOptions) -> Result<Machine, Error> {
    let firmware = guests::firmware()?;
    let region = boot::boot_region(&firmware, payload, &guest.settings, guest.options.tiles)
        .map_err(|source| Error::Boot { image: name.to_owned(), source })?;
    Ok(Machine {
        options: guest.options,
        chunks: vec![region],
        htif: None,
        input: guest.input,
        modes: guest.modes,
        attached: guest.attached,
    })
}

/// A guest below the VMM: the contents of an ELF file or a Linux image.
///
/// # Errors
/// The file is no guest for that much RAM, or does not fit into the boot region.
pub fn guest_machine(name: &str, file: &[u8], guest: GuestOptions) -> Result<Machine, Error> {
    let payload = payload(name, file, &guest)?;
    machine(name, &payload, guest)
}
