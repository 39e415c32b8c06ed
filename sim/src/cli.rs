//! The command line. Raw arguments only: [`plan`](crate::plan) checks what they mean together.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use covert_model::Memory;

use crate::boot;
use crate::inject::{self, Spec};
use crate::net::{self, NetSpec};

/// Runs unmodified software redundantly on a simulated chip, and breaks the chip while it runs.
#[derive(Debug, Parser)]
#[command(name = "covert", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// Say more on stderr: -v what is done, -vv what the chip reports (RUST_LOG has the last word)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 the guest ended well; 1 the guest failed, asked for a reboot, timed out or was \
                          ended by Ctrl-A x; 2 wrong usage or bad input; 3 detected but unrecoverable; 4 internal error.";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a program: an ELF file, a Linux image, or a built-in guest by its name
    #[command(after_help = EXIT_CODES)]
    Run(Box<RunArgs>),
    /// Follow one fault cycle by cycle: what it did, why it was masked or how it was caught
    #[command(
        after_help = "Exit codes: 0 the fault was followed; 2 wrong usage or bad input; 4 internal error."
    )]
    Debug(Box<DebugArgs>),
    /// Look at waveforms
    #[command(subcommand)]
    Wave(WaveCommand),
    /// List the built-in guests
    Guests,
    /// List every bit that a fault can be injected into
    ListState(ListStateArgs),
    /// Boot a guest protected, break it many times, and show that nobody noticed
    #[command(
        after_help = "Exit codes: 0 nobody noticed; 1 something wrong was let out or Linux did not end well; 2 wrong \
                            usage or bad input; 4 internal error."
    )]
    Demo(DemoArgs),
    /// Measure how fast the chip is simulated
    Speed(SpeedArgs),
    /// Put the chip on an FPGA board
    #[command(subcommand)]
    Fpga(FpgaCommand),
}

/// `covert fpga`.
#[derive(Debug, Subcommand)]
pub enum FpgaCommand {
    /// Synthesise, place and route the chip for a board: a bitstream, build.log and report.json
    #[command(
        after_help = "Exit codes: 0 done; 1 it does not fit, is too slow or lost redundancy; 2 wrong usage or bad input; 4 \
                            internal error, or a tool failed."
    )]
    Build(FpgaBuildArgs),
    /// Make the image of a card that a board starts from: a guest, how it shall run, and its disk
    Image(Box<FpgaImageArgs>),
    /// Write the VMM's firmware as a board's block RAM takes it: a word in hexadecimal a line
    Firmware(FpgaFirmwareArgs),
    /// Send an image to a board that waits for one on its serial line
    Load(FpgaLoadArgs),
}

/// `covert fpga image`.
#[derive(Args, Debug)]
pub struct FpgaImageArgs {
    /// Name of the board, a folder of fpga/boards
    #[arg(long, value_name = "NAME", default_value = "ulx3s")]
    pub board: String,
    /// The guest
    #[command(flatten)]
    pub run: RunArgs,
    /// File of the image, to be written to a card from its start on
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `covert fpga firmware`.
#[derive(Args, Debug)]
pub struct FpgaFirmwareArgs {
    /// File to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `covert fpga load`.
#[derive(Args, Debug)]
pub struct FpgaLoadArgs {
    /// Serial port, for instance /dev/ttyUSB0
    pub port: String,
    /// Image, as `covert fpga image` makes it; its disk stays behind
    pub image: PathBuf,
    /// Bits per second
    #[arg(long, value_name = "BAUD", default_value_t = 115_200)]
    pub baud: u32,
}

/// Configurations of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ChipName {
    /// One tile
    Solo,
    /// Two tiles
    Duo,
    /// Three tiles (not built yet)
    Trio,
    /// Four tiles
    Quad,
}

impl ChipName {
    /// Number of tiles.
    pub fn tiles(self) -> u32 {
        match self {
            Self::Solo => 1,
            Self::Duo => 2,
            Self::Trio => 3,
            Self::Quad => 4,
        }
    }

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Solo => "solo",
            Self::Duo => "duo",
            Self::Trio => "trio",
            Self::Quad => "quad",
        }
    }
}

/// Redundancy of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModeName {
    /// One tile
    None,
    /// Two tiles, compared at outputs and epochs
    Dmr,
    /// Three tiles, voting (not built yet)
    Tmr,
    /// Two tiles, compared every cycle (not built yet)
    Lockstep2,
    /// Three tiles, voting every cycle (not built yet)
    Lockstep3,
}

/// When a terminal hands each key over as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KeysName {
    /// For Linux
    Auto,
    /// Always
    Raw,
    /// Never: line by line, Ctrl-D ends the input, Ctrl-C the run
    Lines,
}

/// Timing of main memory: `sdram`, or the cycles of each answer: one number, or `MIN..MAX` for a random one.
fn memory(text: &str) -> Result<Memory, String> {
    if text == "sdram" {
        return Ok(Memory::Sdram);
    }
    let parsed = match text.split_once("..") {
        Some((min, max)) => min.parse().ok().zip(max.parse().ok()),
        None => text.parse().ok().map(|both| (both, both)),
    };
    match parsed {
        Some((min, max)) if 1 <= min && min <= max && max <= 10_000 => {
            Ok(Memory::Latency { min, max })
        }
        _ => Err("write sdram, CYCLES or MIN..MAX, from 1 to 10000".into()),
    }
}

fn net_spec(text: &str) -> Result<NetSpec, String> {
    text.parse().map_err(|e: net::NetSpecError| e.to_string())
}

/// Bytes: a number, with K or M for KiB or MiB.
fn size(text: &str) -> Result<u32, String> {
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'K' | b'k') => (&text[..text.len() - 1], 1 << 10),
        Some(b'M' | b'm') => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    let bytes = inject::number(digits).and_then(|number| number.checked_mul(unit));
    bytes.ok_or_else(|| "write a number of bytes, with K or M for KiB or MiB".into())
}

/// A file and the cycles the waveform covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceArg {
    /// The file.
    pub file: PathBuf,
    /// First cycle.
    pub from: u64,
    /// Cycle behind the last.
    pub to: u64,
}

fn trace(text: &str) -> Result<TraceArg, String> {
    let Some((file, window)) = text.rsplit_once('@') else {
        return Ok(TraceArg { file: text.into(), from: 0, to: u64::MAX });
    };
    let bound =
        |text: &str, open: u64| if text.is_empty() { Some(open) } else { text.parse().ok() };
    window
        .split_once("..")
        .and_then(|(from, to)| bound(from, 0).zip(bound(to, u64::MAX)))
        .filter(|(from, to)| from < to && !file.is_empty())
        .map(|(from, to)| TraceArg { file: file.into(), from, to })
        .ok_or_else(|| "write FILE.fst or FILE.fst@FROM..TO (cycles, FROM below TO)".into())
}

fn inject_spec(text: &str) -> Result<Spec, String> {
    text.parse().map_err(|e: inject::SpecError| e.to_string())
}

/// `covert run`.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// ELF file (32-bit RISC-V), Linux image (arch/riscv/boot/Image, 32-bit), or the name of a built-in guest
    /// (`covert guests`)
    pub image: String,
    /// Configuration of the chip
    #[arg(long, value_enum, default_value = "quad")]
    pub chip: ChipName,
    /// The guest's redundancy [default: dmr; none on a chip of one tile]
    #[arg(long, value_enum)]
    pub mode: Option<ModeName>,
    /// Protect the running guest (dmr) at this cycle; before the first one it runs unprotected
    #[arg(long, value_name = "CYCLE")]
    pub protect_at: Vec<u64>,
    /// Give the second tile back at this cycle
    #[arg(long, value_name = "CYCLE")]
    pub unprotect_at: Vec<u64>,
    /// Run IMAGE in M-mode on tile 0 without a VMM; `tohost` is honoured
    #[arg(long)]
    pub bare: bool,
    /// Write memory from begin_signature to end_signature, 4 bytes a line (with --bare)
    #[arg(long, value_name = "FILE", requires = "bare")]
    pub signature: Option<PathBuf>,
    /// Console input [default: the command's own stdin; a pipe or a terminal is fed as it arrives, so only
    /// a file makes a run repeatable]
    #[arg(long, value_name = "FILE")]
    pub stdin: Option<PathBuf>,
    /// How a terminal is read; with each key handed over, Ctrl-A x ends the run and Ctrl-A h says what else there is
    #[arg(long, value_enum, value_name = "HOW", default_value = "auto")]
    pub keys: KeysName,
    /// Initial RAM disk of a Linux image [default: for the built-in ones the built-in userland]
    #[arg(long, value_name = "FILE")]
    pub initrd: Option<PathBuf>,
    /// Command line of the kernel, in the device tree [default: "console=ttyS0 quiet panic=-1" for the built-in ones]
    #[arg(long, value_name = "STRING")]
    pub append: Option<String>,
    /// Device tree; what --append and --initrd say is put into its /chosen [default: generated]
    #[arg(long, value_name = "FILE")]
    pub dtb: Option<PathBuf>,
    /// Write the device tree that the guest is given
    #[arg(long, value_name = "FILE")]
    pub dump_dtb: Option<PathBuf>,
    /// Disk: a raw image of whole sectors of 512 bytes; what the guest writes is written to it once it is verified. A
    /// file that may not be written is a read-only disk
    #[arg(long, value_name = "FILE")]
    pub disk: Option<PathBuf>,
    /// Network: user (10.0.2.2 passes UDP on to 127.0.0.1, the guest is 10.0.2.15), user,udp=HOSTPORT:GUESTPORT (a port of
    /// 127.0.0.1 leads into the guest; repeatable), user,echo[=N[:PORT]] (10.0.2.2 answers by itself and sends N
    /// datagrams, by default 8, at most 1000, to the guest's UDP port PORT, by default 7; the only one that makes a run
    /// repeatable), tap=NAME; pcap=FILE with or without them records frames
    #[arg(long, value_name = "SPEC", value_parser = net_spec)]
    pub net: Option<NetSpec>,
    /// Guest RAM, with K or M for KiB or MiB; at most 31M [default: 16M for Linux, else 4M]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub ram: Option<u32>,
    /// Main memory: sdram (one device that all tiles share), or the cycles each answer takes, at least 1; MIN..MAX draws
    /// each answer's own (--seed) [default: sdram]
    #[arg(long, visible_alias = "mem-latency", value_name = "sdram|MIN[..MAX]", value_parser = memory)]
    pub memory: Option<Memory>,
    /// Inject a fault: seu:PATH[BIT]@CYCLE, stuck0: or stuck1: likewise, mem:TILE:ADDR[BIT]@CYCLE, or
    /// random:N:SEED for N flips in the members' tiles. Memories: PATH[WORD][BIT]. Repeatable
    #[arg(long, value_name = "SPEC", value_parser = inject_spec)]
    pub inject: Vec<Spec>,
    /// Draw a waveform of all cycles or of a window
    #[arg(long, value_name = "FILE.fst[@FROM..TO]", value_parser = trace)]
    pub trace: Option<TraceArg>,
    /// Write one line per retired instruction: TILE ORDER PC INSN MODE TRAP INTR RD RD_WDATA MEM_ADDR
    /// RMASK WMASK RDATA WDATA PC_WDATA (TILE and ORDER decimal, the rest hexadecimal); may be a FIFO
    #[arg(long, value_name = "FILE")]
    pub rvfi: Option<PathBuf>,
    /// Wait for gdb on this port of 127.0.0.1 (0: any that is free) before the guest's first instruction, and let it stop
    /// the guest and look at it (docs/gdb.md)
    #[arg(long, value_name = "PORT")]
    pub gdb: Option<u16>,
    /// Guest instructions of an epoch, at least 100
    #[arg(long, value_name = "N", default_value_t = boot::DEFAULT_EPOCH)]
    pub epoch: u32,
    /// Epochs between checkpoints
    #[arg(long, value_name = "N", default_value_t = boot::DEFAULT_CHECKPOINT_EVERY)]
    pub checkpoint_every: u32,
    /// Cycles that a member is waited for [default: from the epoch and the memory latency]
    #[arg(long, value_name = "CYCLES")]
    pub time_limit: Option<u32>,
    /// Rollbacks without a checkpoint in between before a detection counts as unrecoverable, 1 to 255
    #[arg(long, value_name = "N", default_value_t = boot::DEFAULT_MAX_ATTEMPTS)]
    pub max_attempts: u32,
    /// Give up after this many cycles [default: never]
    #[arg(long, value_name = "N")]
    pub max_cycles: Option<u64>,
    /// Seed of whatever is random in the run
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Write the result (JSON)
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// `covert debug`.
#[derive(Args, Debug)]
pub struct DebugArgs {
    /// The run, with the one fault to follow in --inject
    #[command(flatten)]
    pub run: RunArgs,
    /// Folder for divergence.json, index.html, golden.fst, faulty.fst and a GTKWave save file for each
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Cycles behind the fault that are compared one by one; later ones every 1024
    #[arg(long, value_name = "CYCLES", default_value_t = 200_000)]
    pub window: u64,
    /// Cycles behind the fault that the waveforms cover; 0: no waveforms
    #[arg(long, value_name = "CYCLES", default_value_t = 2_000)]
    pub waves: u64,
}

/// `covert wave`.
#[derive(Debug, Subcommand)]
pub enum WaveCommand {
    /// For each signal the first time at which two waveforms differ, the earliest first
    #[command(
        after_help = "Exit codes: 0 no signal differs; 1 some do; 2 wrong usage or bad input."
    )]
    Diff(WaveDiffArgs),
}

/// `covert wave diff`.
#[derive(Args, Debug)]
pub struct WaveDiffArgs {
    /// A waveform, FST or VCD
    pub a: PathBuf,
    /// Another, of the same design
    pub b: PathBuf,
    /// First time to compare, in units of A's timescale (waveforms of COVERT: picoseconds, 20000 to a cycle)
    #[arg(long, value_name = "TIME")]
    pub from: Option<u64>,
    /// Last time to compare
    #[arg(long, value_name = "TIME")]
    pub to: Option<u64>,
    /// Only signals inside this scope, as `TOP.covert_sim.u_chip`. Repeatable
    #[arg(long, value_name = "PATH")]
    pub scope: Vec<String>,
    /// Differences shown at most
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub limit: usize,
    /// Write all of the result (JSON)
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// `covert list-state`.
#[derive(Args, Debug)]
pub struct ListStateArgs {
    /// Configuration of the chip
    #[arg(long, value_enum, default_value = "quad")]
    pub chip: ChipName,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `covert demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Bit flips, each in a run of its own
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub runs: u32,
    /// Bit flips while Linux boots, all in one run
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub linux_flips: u32,
    /// What the guest reads [default: docs/guests.md]
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// Seed of the flips
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Simulations at the same time [default: one per processor]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Folder for the report and the waveform
    #[arg(long, value_name = "DIR", default_value = "target/demo")]
    pub out: PathBuf,
}

/// `covert speed`.
#[derive(Args, Debug)]
pub struct SpeedArgs {
    /// Cycles to simulate of each configuration
    #[arg(long, value_name = "N", default_value_t = 5_000_000)]
    pub cycles: u64,
    /// Measure the model for faults as well
    #[arg(long)]
    pub fault: bool,
}

/// `covert fpga build`.
#[derive(Args, Debug)]
pub struct FpgaBuildArgs {
    /// Name of the board, a folder of fpga/boards
    #[arg(long, value_name = "NAME")]
    pub board: String,
    /// Configuration of the chip
    #[arg(long, value_enum, default_value = "duo")]
    pub chip: ChipName,
    /// What to build, of the targets of the board's description; `chip` is the chip alone, for area and speed [default:
    /// the board's]
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
    /// Folder for the results [default: target/fpga/BOARD-CHIP]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// With the fault injector: a button or a word on the serial line flips a bit of a tile
    #[arg(long)]
    pub injector: bool,
    /// Stop behind synthesis: area and redundancy only
    #[arg(long)]
    pub synth_only: bool,
    /// First seed of place and route
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u32,
    /// Seeds to try until the timing is met
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub seeds: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_is_documented() {
        use clap::CommandFactory as _;
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
        }
    }

    #[test]
    fn values_are_checked() {
        assert_eq!(memory("sdram"), Ok(Memory::Sdram));
        assert_eq!(memory("3"), Ok(Memory::Latency { min: 3, max: 3 }));
        assert_eq!(memory("1..20"), Ok(Memory::Latency { min: 1, max: 20 }));
        for text in ["0", "5..2", "x", "1..", "..3", "1..99999", "SDRAM"] {
            assert!(memory(text).is_err(), "{text}");
        }
        assert_eq!(size("4M"), Ok(4 << 20));
        assert_eq!(size("0x1000"), Ok(4096));
        assert!(size("4G").is_err() && size("").is_err() && size("99999M").is_err());
        let window = trace("a@b.fst@5..9").map(|t| (t.file, t.from, t.to));
        assert_eq!(window, Ok(("a@b.fst".into(), 5, 9)));
        assert_eq!(trace("a.fst@..9").map(|t| (t.from, t.to)), Ok((0, 9)));
        assert!(trace("a.fst@9..5").is_err() && trace("a.fst@").is_err());
    }
}
