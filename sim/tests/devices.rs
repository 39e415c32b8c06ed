//! Disk and network of a run, through the whole chip: a miniature VMM (`devices/vmm.S`) does what drivers do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use covert::campaign::Golden;
use covert::console::{Input, Output};
use covert::devices::Attached;
use covert::disk::DiskSource;
use covert::elf::Chunk;
use covert::session::{End, Machine, Session, end_of};
use covert_abi::layout::{self, Regions};
use covert_abi::{Command as Job, csr, io, unit};
use covert_model::{Memory, Options};

const LIMIT: u64 = 1_000_000;
/// The answer of 10.0.2.2 to the chip.
const ANSWER: [u8; 42] = [
    0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 0x52, 0x55, 10, 0, 2, 2, 0x08, 0x06, 0, 1, 0x08, 0, 6, 4,
    0, 2, 0x52, 0x55, 10, 0, 2, 2, 10, 0, 2, 2, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 10, 0, 2, 15,
];

fn image() -> Vec<u8> {
    let mut symbols: Vec<(&str, u32)> = vec![
        ("UNIT_BASE", layout::UNIT_BASE),
        ("IO_BASE", layout::IO_BASE),
        ("GUEST_BASE", layout::GUEST_BASE),
        ("GUEST_OFFSET", layout::GUEST_OFFSET),
        ("UART_BASE", layout::UART_BASE),
        ("EXIT_BASE", layout::EXIT_BASE),
        ("VMM_BASE", layout::VMM_BASE),
        ("MCACHE", u32::from(csr::MCACHE)),
        ("BLK_READ", io::BLK_READ),
        ("BLK_WRITE", io::BLK_WRITE),
        ("BLK_FLUSH", io::BLK_FLUSH),
        ("BLK_DONE", io::BLK_DONE),
        ("COPY_IN", Job::CopyIn as u32),
        ("COPY_OUT", Job::CopyOut as u32),
    ];
    let registers = unit::REGISTERS.iter().chain(io::REGISTERS);
    symbols.extend(registers.map(|register| (register.name, register.offset)));
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
    fs::read(&binary).expect("an image")
}

fn machine(disk: &Path, net: &str) -> Machine {
    let options = Options {
        tiles: 2,
        fault: false,
        bare: None,
        memory: Memory::Latency { min: 2, max: 2 },
        idle_skip: true,
        seed: 0,
    };
    let boot = Chunk { address: Regions::new(2).boot(), bytes: image() };
    let disk = Some(DiskSource { path: disk.to_owned(), keep: true });
    let net = Some(net.parse().expect("a network"));
    Machine {
        options,
        chunks: vec![boot],
        htif: None,
        input: Input::Bytes(Vec::new()),
        modes: Vec::new(),
        attached: Attached { disk, net },
    }
}

fn disk(folder: &Path) -> (PathBuf, Vec<u8>) {
    let path = folder.join("disk.img");
    let bytes: Vec<u8> = (0..4_u8).flat_map(|sector| [b'0' + sector; 512]).collect();
    fs::write(&path, &bytes).expect("written");
    (path, bytes)
}

/// Runs in slices of so many cycles to the end.
fn run(machine: &Machine, slice: u64) -> (Session, End) {
    let mut session = Session::new(machine, Output::new(None)).expect("a chip");
    loop {
        let stop = session.run_until(session.chip().cycle() + slice).expect("runs");
        if stop.is_some() || session.chip().cycle() >= LIMIT {
            session.finish().expect("written");
            return (session, end_of(stop));
        }
    }
}

#[test]
fn what_a_driver_does_happens() {
    let dir = tempfile::tempdir().expect("a folder");
    let (path, mut bytes) = disk(dir.path());
    let pcap = dir.path().join("frames.pcap");
    let net = format!("user,echo=0,pcap={}", pcap.display());
    let (session, end) = run(&machine(&path, &net), LIMIT);
    // Each status: done, nothing else.
    let console = [&ANSWER[..], b"888"].concat();
    assert_eq!((end, session.console.bytes()), (End::Exit(0), &console[..]));
    bytes.copy_within(..512, 512);
    assert_eq!(fs::read(&path).expect("read"), bytes);
    assert_eq!(session.devices().disk_sha256().expect("read").map(|hash| hash.len()), Some(64));
    let report = session.devices().net_report().expect("a network");
    assert_eq!((report.frames_sent, report.frames_received, report.frames_lost), (1, 1, 0));
    let frames = fs::read(&pcap).expect("read");
    assert_eq!(frames.len(), 24 + 2 * (16 + 42));
    assert!(frames.ends_with(&ANSWER));
}

#[test]
fn slices_make_no_difference() {
    let dir = tempfile::tempdir().expect("a folder");
    let seen = [1000, 777, LIMIT].map(|slice| {
        let (path, _) = disk(dir.path());
        let (session, end) = run(&machine(&path, "user,echo=0"), slice);
        (end, session.chip().cycle(), session.console.bytes().to_vec(), session.digest())
    });
    assert_eq!(seen[0].0, End::Exit(0));
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[test]
fn a_campaign_leaves_the_disk_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let (path, before) = disk(dir.path());
    let golden = Golden::run(&machine(&path, "user,echo=0"), LIMIT).expect("runs");
    assert_eq!(golden.end, End::Exit(0));
    assert!(golden.console.ends_with(b"888"));
    assert_eq!(fs::read(&path).expect("read"), before);
}

#[test]
fn a_read_only_disk_says_so() {
    let dir = tempfile::tempdir().expect("a folder");
    let (path, before) = disk(dir.path());
    let mut permissions = fs::metadata(&path).expect("there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).expect("set");
    let (session, end) = run(&machine(&path, "user,echo=0"), LIMIT);
    assert_eq!(end, End::Exit(0));
    // Done and read-only; the write also failed.
    assert!(session.console.bytes().ends_with(b"<><"), "{:?}", session.console.bytes());
    assert_eq!(fs::read(&path).expect("read"), before);
}
