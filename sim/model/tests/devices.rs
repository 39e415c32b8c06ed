//! Disk, network, random numbers and idle skip on the whole chip: a miniature VMM (`devices/vmm.S`) waits, writes sectors
//! and answers frames. What it does is checked, and that it does the same, cycle by cycle, with and without the
//! idle skip, with faults too.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use covert_abi::{Command as Job, io, layout, unit};
use covert_model::{BlockOp, Chip, Memory, Options, Stop};

const ROUNDS: u32 = 12;
/// Ticks of a wait that nothing ends.
const WAIT: u32 = 3000;
/// When frames come, and their sizes.
const FRAMES: [(u64, usize); 3] = [(100_000, 60), (100_001, 61), (123_456, 1514)];

fn image(tile: u32) -> Vec<u8> {
    let mut symbols: Vec<(&str, u32)> = vec![("TILE", tile), ("ROUNDS", ROUNDS), ("WAIT", WAIT)];
    let registers = unit::REGISTERS.iter().chain(io::REGISTERS);
    symbols.extend(registers.map(|register| (register.name, register.offset)));
    symbols.extend([
        ("UNIT_BASE", layout::UNIT_BASE),
        ("IO_BASE", layout::IO_BASE),
        ("STATE_BASE", layout::STATE_BASE),
        ("GUEST_BASE", layout::GUEST_BASE),
        ("GUEST_OFFSET", layout::GUEST_OFFSET),
        ("UART_BASE", layout::UART_BASE),
        ("EXIT_BASE", layout::EXIT_BASE),
        ("VMM_BASE", layout::VMM_BASE),
        ("CLINT_BASE", layout::CLINT_BASE),
        ("CLINT_MTIME", layout::CLINT_MTIME),
        ("MCACHE", u32::from(covert_abi::csr::MCACHE)),
        ("INPUT_NET", unit::INPUT_NET),
        ("INPUT_BLK", unit::INPUT_BLK),
        ("BLK_WRITE", io::BLK_WRITE),
        ("BLK_DONE", io::BLK_DONE),
        ("PRECOPY", Job::Precopy as u32),
        ("JOIN", Job::Join as u32),
        ("CHECKPOINT", Job::Checkpoint as u32),
        ("COPY_IN", Job::CopyIn as u32),
        ("COPY_OUT", Job::CopyOut as u32),
    ]);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/devices/vmm.S");
    let work = tempfile::tempdir().expect("a folder");
    let (elf, binary) = (work.path().join("vmm.elf"), work.path().join("vmm.bin"));
    let mut gcc = Command::new("riscv64-unknown-elf-gcc");
    gcc.args(["-march=rv32imac_zicsr", "-mabi=ilp32", "-nostdlib", "-static", "-o"]).arg(&elf);
    gcc.arg(format!("-Wl,--section-start=.descriptor={:#x}", layout::VMM_BASE));
    gcc.arg(format!("-Wl,-Ttext={:#x}", layout::RESET_VECTOR)).arg("-Wl,--no-warn-rwx-segments");
    for (symbol, value) in symbols {
        gcc.arg(format!("-Wa,--defsym,{symbol}={value}"));
    }
    assert!(gcc.arg(source).status().expect("gcc starts").success());
    let mut objcopy = Command::new("riscv64-unknown-elf-objcopy");
    objcopy.args(["-O", "binary"]).arg(&elf).arg(&binary);
    assert!(objcopy.status().expect("objcopy starts").success());
    std::fs::read(&binary).expect("an image")
}

fn frame(number: usize) -> Vec<u8> {
    (0..FRAMES[number].1).map(|i| (i * 7 + number * 31) as u8).collect()
}

/// What a run showed from outside.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    stop: Option<Stop>,
    cycle: u64,
    console: Vec<u8>,
    disk: BTreeMap<u64, Vec<u8>>,
    frames: Vec<(u64, Vec<u8>)>,
    /// Digests on the way: of the fault model, which knows its registers.
    marks: Vec<[u64; 2]>,
    detections: usize,
}

struct Run {
    chip: Chip,
    seen: Seen,
    /// Serve the host's side until then only: a run cut in pieces.
    slice: u64,
}

impl Run {
    fn new(options: &Options, image: &[u8], sectors: u64) -> Self {
        let mut chip = Chip::new(options).expect("a chip");
        let boot = chip.regions().boot();
        chip.write_memory(boot, image).expect("room for it");
        chip.set_disk(sectors, false);
        chip.set_network([2, 0, 0, 0, 0, 1]);
        chip.track_changes();
        Self { chip, seen: Seen::default(), slice: u64::MAX }
    }

    /// Runs to `until`, or to the end, and serves disk and network on the way.
    fn until(&mut self, until: u64) {
        while self.seen.stop.is_none() && self.chip.cycle() < until {
            let target = until.min(self.chip.cycle().saturating_add(self.slice));
            let stop = self.chip.run_until(target).expect("the model runs");
            if stop == Some(Stop::Host) {
                self.serve();
            } else {
                self.seen.stop = stop;
            }
        }
    }

    fn serve(&mut self) {
        if let Some(request) = self.chip.block_request() {
            assert_eq!(request.cycle + 1, self.chip.cycle(), "the chip stops at once");
            for i in 0..request.count {
                let sector = self.seen.disk.entry(request.sector + u64::from(i));
                let sector = sector.or_insert_with(|| vec![0; 512]);
                let address = request.address + 512 * i;
                match request.op {
                    BlockOp::Write => self.chip.read_memory(address, sector).expect("memory"),
                    BlockOp::Read => self.chip.write_memory(address, sector).expect("memory"),
                    BlockOp::Flush => {}
                }
            }
            self.chip.complete_block(false, request.due());
        }
        while let Some(frame) = self.chip.take_frame() {
            self.seen.frames.push((self.chip.cycle(), frame));
        }
    }

    /// To the end: frames come in, and digests are taken every so many cycles.
    fn finish(mut self, spacing: u64) -> Seen {
        let mut next = 0;
        let mut mark = (self.chip.cycle() / spacing + 1) * spacing;
        while self.seen.stop.is_none() && self.chip.cycle() < 3_000_000 {
            let due = FRAMES.get(next).map_or(u64::MAX, |(cycle, _)| *cycle);
            self.until(mark.min(due));
            if self.chip.cycle() == due {
                assert!(self.chip.offer_frame(&frame(next)));
                next += 1;
            }
            if self.chip.cycle() == mark {
                if self.chip.options().fault {
                    self.seen.marks.push(self.chip.digest());
                }
                mark += spacing;
            }
        }
        self.seen.cycle = self.chip.cycle();
        self.chip.take_console(&mut self.seen.console);
        let detection = |event: &covert_model::Event| {
            matches!(event.kind, covert_model::EventKind::Detection { .. })
        };
        self.seen.detections =
            self.chip.take_events().iter().filter(|event| detection(event)).count();
        self.seen
    }
}

fn options(memory: Memory, fault: bool, idle_skip: bool) -> Options {
    let seed = 7;
    Options { tiles: 2, fault, bare: None, memory, idle_skip, seed }
}

const MEMORIES: [Memory; 3] =
    [Memory::Latency { min: 1, max: 1 }, Memory::Latency { min: 1, max: 9 }, Memory::Sdram];

#[test]
fn sectors_are_written_and_frames_answered() {
    for (tile, memory) in [(0, MEMORIES[0]), (1, Memory::Sdram)] {
        let image = image(tile);
        let seen = Run::new(&options(memory, false, true), &image, 100).finish(1 << 40);
        assert_eq!((seen.stop, seen.detections), (Some(Stop::Exit(0x5555)), 0), "{seen:?}");
        let text = String::from_utf8(seen.console.clone()).expect("text");
        assert_eq!(text.len(), ROUNDS as usize + 1, "{text}");
        let mut answered = seen.frames.iter();
        for (round, letter) in text.trim_end().chars().enumerate() {
            let sector = seen.disk.get(&(round as u64));
            if letter == 'N' {
                assert!(sector.is_none());
                continue;
            }
            let sector = sector.expect("it was written");
            let word = |at: usize| u32::from_le_bytes(sector[at..at + 4].try_into().expect("four"));
            assert_eq!(word(4), round as u32);
            assert_eq!(u32::from(letter), word(0) % 16 + u32::from('a'));
        }
        let random: std::collections::BTreeSet<_> =
            seen.disk.values().map(|s| s[..4].to_vec()).collect();
        assert!(random.len() == seen.disk.len(), "random words do not repeat");
        for (number, (sent, _)) in FRAMES.iter().enumerate() {
            let mut expected = frame(number);
            expected[12..16].iter_mut().for_each(|byte| *byte = !*byte);
            let (cycle, got) = answered.next().expect("a frame for each");
            assert_eq!(*got, expected, "frame {number}");
            assert!((*sent..sent + 60_000).contains(cycle), "frame {number} came back in {cycle}");
        }
        assert!(answered.next().is_none());
    }
}

#[test]
fn a_disk_that_is_not_there_or_fails_is_told() {
    // The VMM gives up on the first sector: alone, that is the end.
    let image = image(0);
    let seen = Run::new(&options(MEMORIES[0], false, true), &image, 0).finish(1 << 40);
    assert_eq!((seen.stop, seen.disk.len()), (Some(Stop::Due), 0));
    let mut run = Run::new(&options(MEMORIES[0], false, true), &image, 100);
    while run.chip.block_request().is_none() {
        let stop = run.chip.run_until(u64::MAX).expect("the model runs");
        assert_eq!(stop, Some(Stop::Host));
    }
    // The chip stands until the host has answered.
    let cycle = run.chip.cycle();
    assert_eq!(run.chip.run_until(cycle + 10).expect("the model runs"), Some(Stop::Host));
    assert_eq!(run.chip.cycle(), cycle);
    run.chip.complete_block(true, 0);
    assert!(run.chip.block_request().is_none());
    assert_eq!(run.chip.run_until(u64::MAX).expect("the model runs"), Some(Stop::Due));
}

#[test]
fn frames_that_do_not_fit_are_lost() {
    let mut run = Run::new(&options(MEMORIES[0], false, false), &image(0), 100);
    assert!(!run.chip.offer_frame(&[0; 13]) && !run.chip.offer_frame(&[0; 1515]));
    for _ in 0..64 {
        assert!(run.chip.offer_frame(&[0; 14]));
    }
    assert!(!run.chip.offer_frame(&[0; 14]));
}

#[test]
fn the_same_run_with_and_without_idle_skip() {
    for tile in [0, 1] {
        let image = image(tile);
        for memory in MEMORIES {
            let run = |fault, skip, slice| {
                let mut run = Run::new(&options(memory, fault, skip), &image, 100);
                run.slice = slice;
                let skipped = |run: &Run| run.chip.skipped_cycles();
                run.until(90_000);
                assert_eq!(skip, skipped(&run) > 20_000, "{} cycles left out", skipped(&run));
                run.finish(1 << 13)
            };
            let whole = run(true, false, u64::MAX);
            assert_eq!(whole.stop, Some(Stop::Exit(0x5555)));
            assert!(whole.marks.len() > 4, "only {} marks", whole.marks.len());
            assert_eq!(run(true, true, u64::MAX), whole, "fault model, {memory:?}");
            let fast = Seen { marks: Vec::new(), ..whole };
            assert_eq!(run(false, true, u64::MAX), fast, "fast model, {memory:?}");
            assert_eq!(run(false, true, 3_333), fast, "in pieces, {memory:?}");
        }
    }
}

#[test]
fn a_flip_in_a_wait_has_the_same_effect_with_and_without_idle_skip() {
    let image = image(1);
    let (mut effects, mut skips) = (0, 0);
    let start = |skip| Run::new(&options(Memory::Sdram, true, skip), &image, 100);
    let count = start(false).chip.variables().len() as u32;
    for number in 0..8_u32 {
        let outcome = |skip| {
            let mut run = start(skip);
            run.until(82_000 + 997 * u64::from(number));
            // Some register of the chip; every other time one that software relies on, s0 or s1 of a tile.
            let variables = run.chip.variables();
            let tile = format!("gen_tile[{}]", number / 2 % 2);
            let software = |variable: &covert_model::Variable| {
                variable.path.contains(&tile) && variable.path.ends_with("regs_q")
            };
            let mut variable = number.wrapping_mul(2_654_435_761) % count;
            let word = if number % 2 == 1 {
                variable = variables.iter().position(software).expect("it is there") as u32;
                8
            } else {
                while variables[variable as usize].words != 1 {
                    variable = (variable + 1) % count;
                }
                0
            };
            run.chip.flip(covert_model::Bit { variable, word, bit: 0 }).expect("a bit");
            let before = run.chip.skipped_cycles();
            // The rest of this wait, in which the flip lies.
            run.until(run.chip.cycle() + 2_000);
            let skipped = run.chip.skipped_cycles() > before;
            (run.finish(1 << 13), skipped)
        };
        let (whole, _) = outcome(false);
        effects += usize::from(whole.detections > 0);
        let (skipping, left_out) = outcome(true);
        skips += usize::from(left_out);
        assert_eq!(skipping, whole, "flip {number}");
    }
    assert!(effects > 0, "no flip had an effect");
    assert!(skips > 0, "no cycle was left out after a flip");
}
