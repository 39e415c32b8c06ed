//! `covert run --gdb`: what the real gdb sees of a guest, against what the guest's tile retired; that it changes nothing; and
//! that memory is read right whatever the data cache is about.

mod common;

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Parser as _;
use common::{assemble, assemble_file, cached, covert, refused, run, text};
use covert::cli::{self, Cli};
use covert::console::Output;
use covert::debug::retired::Retired;
use covert::gdb::guest::Guest;
use covert::gdb::memory::{GuestRam, Ram, read};
use covert::gdb::tile::Tile;
use covert::plan::Plan;
use covert::session::Session;
use covert::state::StateMap;
use covert_model::{Chip, Seen, Stop};
use object::{Object as _, ObjectSymbol as _};
use serde_json::Value;

/// `covert run --gdb 0`, which ends with the test.
struct Served {
    child: Child,
    port: String,
    stderr: BufReader<std::process::ChildStderr>,
    folder: PathBuf,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    fn start(arguments: &[&str], folder: &Path) -> Self {
        let json = folder.join("served.json");
        let all = [&["run", "--gdb", "0", "--json", text(&json)], arguments].concat();
        let console = File::create(folder.join("console")).expect("a file");
        let mut child =
            covert(&all).stdout(console).stderr(Stdio::piped()).spawn().expect("starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("text");
        let port = line.strip_prefix("gdb: waiting on 127.0.0.1:").expect(&line).trim().to_owned();
        Self { child, port, stderr, folder: folder.to_owned() }
    }

    /// Has gdb do these things; what it said.
    fn gdb(&self, symbols: &[&str], commands: &[&str]) -> String {
        let connect = format!("target remote 127.0.0.1:{}", self.port);
        let first = ["set confirm off", "set language c", "set width 0"];
        let mut gdb = Command::new("timeout");
        gdb.args(["100", "gdb-multiarch", "-nx", "-batch"]);
        for command in first.iter().chain(symbols).chain([&connect.as_str()]).chain(commands) {
            gdb.args(["-ex", command]);
        }
        let output = gdb.stdin(Stdio::null()).output().expect("gdb-multiarch starts");
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Waits for the end: exit code, result, console, the rest of stderr.
    fn end(mut self) -> (i32, Value, Vec<u8>, String) {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).expect("text");
        let code = self.child.wait().expect("ends").code().expect("a code");
        let json = fs::read(self.folder.join("served.json")).unwrap_or_else(|_| b"null".to_vec());
        let console = fs::read(self.folder.join("console")).expect("there");
        (code, timeless(serde_json::from_slice(&json).expect("JSON")), console, rest)
    }
}

/// A result without what depends on the host.
fn timeless(mut result: Value) -> Value {
    for timed in ["wall_seconds", "sim_hz"] {
        if !result.is_null() {
            result[timed] = 0.into();
        }
    }
    result
}

/// gdb's command to read the symbols of a built-in guest, and the one to break at the first function with `part` in its name.
fn built_in(name: &str, part: &str, folder: &Path) -> (String, String) {
    let file = folder.join(name);
    let guest = covert::guests::find(name).expect("a guest");
    let elf = guest.elf().expect("built");
    fs::write(&file, &elf).expect("written");
    let elf = object::File::parse(&*elf).expect("an ELF file");
    let named =
        |symbol: &object::Symbol<'_, '_>| symbol.name().is_ok_and(|name| name.contains(part));
    let function = elf.symbols().find(named).expect("a function");
    (format!("symbol-file {}", file.display()), format!("hbreak *{:#x}", function.address()))
}

/// Numbers that gdb printed behind a word, one a line.
fn numbers(said: &str, word: &str) -> Vec<u32> {
    let lines = said.lines().filter_map(|line| line.trim().strip_prefix(word));
    lines.filter_map(|rest| u32::from_str_radix(rest.trim(), 16).ok()).collect()
}

const INPUT: &str =
    "A text that gdb finds in the guest, long enough for more than one block of SHA-256.\n";
const PC: &str = "printf \"pc %08x\\n\", $pc";
/// Every register but x0, which is 0.
const REGISTERS: [&str; 31] = [
    "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6",
    "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
];

/// What tile 0 retires in a run of `digest` on INPUT in `mode`, up to the end.
fn retired(arguments: &[&str], folder: &Path) -> (Vec<Retired>, Value, Vec<u8>) {
    let file = folder.join("rvfi");
    let (result, console) = run(&[arguments, &["--rvfi", text(&file)]].concat(), 0, folder);
    let lines = BufReader::new(File::open(&file).expect("a record")).lines();
    let retired = lines.map_while(Result::ok).filter(|line| line.starts_with("0 "));
    let retired = retired.filter_map(|line| Retired::parse(&line, 0)).collect();
    (retired, timeless(result), console)
}

#[test]
fn a_guest_is_stopped_stepped_and_read_and_runs_as_without() {
    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("input");
    fs::write(&input, INPUT).expect("written");
    let (symbols, at_compress) = built_in("digest", "compress256", folder.path());
    for mode in ["none", "dmr"] {
        let arguments = ["digest", "--chip", "duo", "--mode", mode, "--stdin", text(&input)];
        let (retired, result, console) = retired(&arguments, folder.path());
        // From the guest's first call into the VMM.
        let guest: Vec<usize> =
            (0..retired.len()).filter(|index| retired[*index].mode != 3).collect();
        let call = guest.iter().position(|index| retired[*index].insn == 0x73).expect("a call");
        let pcs: Vec<u32> = guest[call..][..11].iter().map(|index| retired[*index].pc).collect();
        // The registers when the last of them is next.
        let mut registers = [0; 32];
        for earlier in &retired[..guest[call + 10]] {
            registers[usize::from(earlier.rd)] = earlier.rd_value;
        }

        let at_call = format!("break *{:#x}", pcs[0]);
        let prints: Vec<String> =
            REGISTERS.iter().map(|name| format!("printf \"{name} %08x\\n\", ${name}")).collect();
        let mut commands = vec![PC, at_call.as_str(), "continue", "delete", PC];
        commands.extend([["stepi", PC]; 10].concat());
        commands.extend(prints.iter().map(String::as_str));
        commands.extend([
            at_compress.as_str(),
            "continue",
            "bt",
            "x/s $a1",
            "delete",
            "set $state = (unsigned *)$a0",
            "printf \"state %08x\\n\", *$state",
            "watch *$state",
            "continue",
            "delete",
            "rwatch *$state",
            "continue",
            "delete",
            "set var $a0 = 1",
            "set var *$state = 1",
            "x/1x 0x10000000",
            "x/1x 0x80400000",
            "monitor cycles",
            "monitor replicas",
            "monitor nonsense",
            "continue",
        ]);
        let served = Served::start(&arguments, folder.path());
        let said = served.gdb(&[&symbols], &commands);
        assert_eq!(numbers(&said, "pc ")[0], 0x8020_0000, "{said}");
        assert_eq!(numbers(&said, "pc ")[1..], pcs, "{mode}: {said}");
        for (name, value) in REGISTERS.iter().zip(&registers[1..]) {
            assert_eq!(numbers(&said, &format!("{name} ")), [*value], "{mode}: {name}: {said}");
        }
        let has = |what: &str| assert!(said.contains(what), "{mode}: no `{what}` in {said}");
        has("#0  compress256 ()");
        has("in start ()");
        has(INPUT.trim());
        // SHA-256 begins with this, by its standard.
        assert_eq!(numbers(&said, "state "), [0x6a09_e667], "{said}");
        has("Hardware watchpoint");
        has("Old value = 1779033703");
        has("Hardware read watchpoint");
        has("Could not write registers");
        assert!(said.matches("Cannot access memory at address").count() >= 3, "{said}");
        has("instructions, those of the VMM included");
        has("tile 0: member, the one gdb looks at");
        has(if mode == "dmr" { "tile 1: member" } else { "tile 1: free" });
        has("0 detections, 0 recoveries");
        has("no such command: nonsense");
        has("exited normally");

        let (code, served_result, served_console, rest) = served.end();
        assert_eq!((code, rest.as_str()), (0, ""), "{said}");
        assert_eq!(served_result, result, "{mode}: gdb changed the run");
        assert_eq!(served_console, console);
        assert_eq!(served_result["detections"], Value::Array(Vec::new()));
        // And as on the fast model, which no debugger can look into.
        assert_eq!(timeless(run(&arguments, 0, folder.path()).0), result);
    }
}

#[test]
fn translated_addresses_and_a_detach() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = assemble_file("gdb/paging.S", &[], folder.path());
    let arguments = [text(&program), "--chip", "duo"];
    let (expected, console) = run(&arguments, 0, folder.path());
    // The program is linked where it is loaded, and runs 1 GiB higher from `high` on.
    let symbols = format!("symbol-file -o 0x40000000 {}", program.display());
    let served = Served::start(&arguments, folder.path());
    let said = served.gdb(
        &[&symbols],
        &[
            "x/s 0x40005000",
            "x/s (char *)&text - 0x40000000",
            "break *&high",
            "continue",
            PC,
            "x/s 0x40005000",
            "x/s (char *)&text",
            "x/s (char *)&text - 0x40000000",
            "x/1x 0x40006000",
            "x/1x 0",
            "break *&count",
            "continue",
            "continue",
            "printf \"counted %08x\\n\", *(int *)0x40005040",
            "stepi",
            "printf \"counted %08x\\n\", *(int *)0x40005040",
            "printf \"counted %08x\\n\", *(int *)((char *)&text + 64)",
            "delete",
            "watch *(char *)0x40005040",
            "continue",
            "monitor replicas",
            "delete",
            "hbreak *&tick",
            "continue",
            "printf \"ticks %08x\\n\", $s2",
            PC,
            "stepi",
            "printf \"ticks %08x\\n\", $s2",
            PC,
            "detach",
        ],
    );
    let has = |what: &str| assert!(said.contains(what), "no `{what}` in {said}");
    assert_eq!(said.matches("found by way of two tables").count(), 4, "{said}");
    assert_eq!(said.matches("Cannot access memory").count(), 3, "{said}");
    let pcs = numbers(&said, "pc ");
    assert_eq!(pcs[0] >> 16, 0xC000, "{said}");
    // The handler of an interrupt, before its first instruction and behind it.
    assert_eq!(numbers(&said, "ticks "), [0, 1], "{said}");
    assert_eq!(pcs[2], pcs[1] + 2, "{said}");
    assert_eq!(numbers(&said, "counted "), [1, 2, 2], "{said}");
    has("New value = 3");
    has("0 detections");
    let (code, result, served_console, rest) = served.end();
    assert_eq!((code, rest.as_str()), (0, "gdb: detached; the run goes on\n"));
    assert_eq!((result, served_console), (timeless(expected), console));
}

/// The kernel's own symbols, from before translation is on to the first process, while two replicas boot it.
#[test]
fn a_protected_linux_with_its_vmlinux() {
    let folder = tempfile::tempdir().expect("a folder");
    let append = "console=ttyS0 quiet panic=-1 covert.run=boot";
    let arguments = ["linux", "--chip", "duo", "--append", append, "--max-cycles", "9000000"];
    let (expected, console) = run(&arguments, 1, folder.path());
    assert_eq!(expected["outcome"], "timeout");
    let served = Served::start(&arguments, folder.path());
    let said = served.gdb(
        &[&format!("file {}", cached("linux-6.1/vmlinux").display())],
        &[
            "x/1i $pc",
            "x/1x start_kernel",
            "hbreak start_kernel",
            "continue",
            "backtrace",
            "x/s (char *)&linux_banner",
            "watch *(int *)&system_state",
            "continue",
            "backtrace",
            "delete",
            "break *kernel_init",
            "continue",
            "info symbol $pc",
            "monitor replicas",
            "detach",
        ],
    );
    let has = |what: &str| assert!(said.contains(what), "no `{what}` in {said}");
    // Where it is loaded; its virtual addresses mean nothing yet.
    has("=> 0x80400000:");
    has("Cannot access memory");
    has("in start_kernel ()");
    has("in _start_kernel ()");
    has("<linux_banner>:\t\"Linux version 6.1.");
    has("Old value = 0\nNew value = 1");
    has("in rest_init ()");
    has("in arch_call_rest_init ()");
    has("kernel_init in section .text");
    has("tile 1: member");
    has("0 detections");
    let (code, result, served_console, rest) = served.end();
    assert_eq!(code, 1, "{rest}");
    assert!(rest.starts_with("gdb: detached; the run goes on\n"), "{rest}");
    assert_eq!((result, served_console), (timeless(expected), console));
}

#[test]
fn a_breakpoint_is_hit_again_in_the_replay() {
    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("input");
    fs::write(&input, INPUT).expect("written");
    let arguments = ["digest", "--chip", "duo", "--stdin", text(&input)];
    let (_, console) = run(&arguments, 0, folder.path());
    let (symbols, at_compress) = built_in("digest", "compress256", folder.path());
    let served = Served::start(&arguments, folder.path());
    let said = served.gdb(
        &[&symbols],
        &[
            &at_compress,
            "continue",
            "x/s $a1",
            "monitor inject seu:tile1.core.regfile.regs_q[99][7]",
            "monitor inject seu:tile1.core.regfile.regs_q[2][7]@5",
            "monitor inject random:1:1",
            "monitor inject nonsense",
            "monitor inject seu:tile1.core.regfile.regs_q[2][7]",
            "continue",
            "x/s $a1",
            "monitor replicas",
            "delete",
            "continue",
        ],
    );
    let has = |what: &str| assert!(said.contains(what), "no `{what}` in {said}");
    has("word 99 is out of range");
    has("has passed");
    has("one fault at a time");
    has("is no injection");
    has(": planned");
    assert_eq!(said.matches(INPUT.trim()).count(), 2, "the first block, twice: {said}");
    has("1 detections, 1 recoveries");
    has("rolled back after");
    has("exited normally");
    let (code, result, served_console, rest) = served.end();
    assert_eq!(code, 0);
    assert!(rest.starts_with("gdb: rolled back") && rest.lines().count() == 1, "{rest}");
    assert_eq!(served_console, console);
    assert_eq!(result["recoveries"].as_array().map(Vec::len), Some(1));
    assert_eq!(result["injections"][0]["effect"].as_str().map(|e| &e[..7]), Some("flipped"));
}

/// A packet of the remote protocol; its answer.
fn exchange(stream: &mut TcpStream, packet: &str) -> String {
    let sum = packet.bytes().fold(0_u8, u8::wrapping_add);
    write!(stream, "${packet}#{sum:02x}").expect("sent");
    answer(stream)
}

fn answer(stream: &mut TcpStream) -> String {
    let mut byte = [0];
    let mut text = String::new();
    while !text.ends_with('#') {
        stream.read_exact(&mut byte).expect("an answer in time");
        text.push(byte[0] as char);
    }
    stream.read_exact(&mut [0; 2]).expect("a sum");
    stream.write_all(b"+").expect("sent");
    text.trim_start_matches(['+', '$']).trim_end_matches('#').to_owned()
}

#[test]
fn an_interrupt_a_kill_and_how_runs_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let connect = |served: &Served| {
        let stream = TcpStream::connect(format!("127.0.0.1:{}", served.port)).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
        stream
    };
    let spin = assemble("spin", &[("ROUNDS", 0x7FFF_FFFF)], folder.path());
    let served = Served::start(&[text(&spin), "--bare", "--chip", "duo"], folder.path());
    let mut stream = connect(&served);
    assert_eq!(&exchange(&mut stream, "?")[..3], "T05");
    write!(stream, "$c#63").expect("sent");
    std::thread::sleep(Duration::from_millis(300));
    stream.write_all(&[3]).expect("sent");
    assert_eq!(answer(&mut stream), "S02");
    write!(stream, "$k#6b").expect("sent");
    let (code, result, _, rest) = served.end();
    assert_eq!((code, rest.as_str()), (1, "covert: ended by the user\n"));
    assert_eq!(result["outcome"], "stopped");

    // A guest that fails, one that does not end, and one whose gdb vanishes.
    let fail = assemble("fail", &[], folder.path());
    let served = Served::start(&[text(&fail), "--bare", "--chip", "duo"], folder.path());
    assert_eq!(exchange(&mut connect(&served), "c"), "W07");
    assert_eq!(served.end().0, 1);
    let limited = [text(&spin), "--bare", "--chip", "duo", "--max-cycles", "20000"];
    let served = Served::start(&limited, folder.path());
    assert_eq!(exchange(&mut connect(&served), "c"), "X18");
    assert_eq!(served.end().1["outcome"], "timeout");
    let served = Served::start(&limited, folder.path());
    drop(connect(&served));
    let (code, result, _, rest) = served.end();
    assert_eq!((code, &result["cycles"]), (1, &20_000.into()));
    assert!(rest.starts_with("gdb: lost: "), "{rest}");
}

#[test]
fn a_due_is_a_signal() {
    let folder = tempfile::tempdir().expect("a folder");
    // A register bit that is stuck for good is found again in each replay.
    let stuck = "stuck1:tile1.core.regfile.regs_q[2][30]@90000";
    let arguments = ["compute", "--chip", "duo", "--max-attempts", "1", "--inject", stuck];
    let served = Served::start(&arguments, folder.path());
    let said = served.gdb(&[], &["continue"]);
    assert!(said.contains("terminated with signal SIGABRT"), "{said}");
    let (code, result, _, rest) = served.end();
    assert_eq!((code, &result["outcome"]), (3, &"due".into()), "{rest}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let line = refused(&["run", "compute", "--chip", "duo", "--gdb", &port]);
    assert!(line.contains("--gdb") && line.contains(&port), "{line}");
    let line = refused(&["run", "compute", "--gdb", "65536"]);
    assert!(line.contains("--gdb"), "{line}");
    let line = refused(&[
        "debug",
        "compute",
        "--chip",
        "duo",
        "--inject",
        "seu:tile0.core.x_rs1_q[0]@9",
        "--out",
        "x",
        "--gdb",
        "0",
    ]);
    assert!(line.contains("--gdb"), "{line}");
}

/// A session that a test follows by itself.
fn session(arguments: &[&str]) -> Session {
    let all = ["covert", "run", "--chip", "duo", "--gdb", "0", "--stdin", "/dev/null"];
    let cli = Cli::try_parse_from(all.iter().chain(arguments)).expect("arguments");
    let cli::Command::Run(args) = cli.command else { panic!("run") };
    let plan = Plan::new(&args).expect("a plan");
    Session::new(&plan.machine, Output::new(None)).expect("a session")
}

/// Timer interrupts, page faults, calls, U-mode: at each place where the guest can stand, pc is that of the instruction that is
/// executed next and the registers are what the whole retired stream says.
#[test]
fn pc_names_the_next_instruction() {
    for (name, mode) in [("ticks", "none"), ("hostile", "dmr")] {
        let mut session = session(&[name, "--mode", mode]);
        let tile = Tile::new(0, &StateMap::new(session.chip())).expect("known state");
        let mut guest = Guest::new(None);
        let mut registers = [0; 32];
        let (mut places, mut interrupts, mut traps) = (0, 0, 0);
        let mut look = |chip: &Chip, seen: &Seen| {
            if let Seen::Retired(retired) = seen {
                if retired.mode != 3 {
                    assert!(places > 0, "{name}: it begins with a return of the VMM");
                    assert_eq!(retired.pc, guest.pc, "{name}, cycle {}", chip.cycle());
                    traps += u32::from(retired.trap);
                }
                registers[retired.rd as usize] = retired.rd_value;
                registers[0] = 0;
            }
            if guest.take(&tile, chip, seen)? {
                places += 1;
                interrupts += u32::from(matches!(seen, Seen::Interrupt(_)));
            }
            if places > 0 {
                assert_eq!(tile.registers(chip)?, registers, "{name}");
            }
            Ok(false)
        };
        session.follow(1_000_000, &mut look).expect("a run");
        assert!(places > 50_000 && traps > 5, "{name}: {places} {traps}");
        assert!(name == "hostile" || interrupts > 5, "{name}: {interrupts}");
    }
}

/// Runs a bare program and looks at memory behind each instruction: at what was stored last, at all that was stored in the set of
/// the cache that was accessed last, whose lines come and go, and at where the next store will be. `coming`: where the stores will be, as far as that is known. Where they were.
fn stores(program: &Path, memory: &str, coming: &[u32]) -> Vec<u32> {
    let mut session = session(&[text(program), "--bare", "--memory", memory]);
    let tile = Tile::new(0, &StateMap::new(session.chip())).expect("known state");
    let mut guest = Guest::new(Some(0x8000_0000));
    let mut registers = [0; 32];
    let mut stored: HashMap<u32, u32> = HashMap::new();
    let mut order: Vec<u32> = Vec::new();
    let mut sets: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); 128];
    let set_of = |address: u32| (address >> 5) as usize % 128;
    let (mut set, mut checks) = (0, 0);
    let mut look = |chip: &Chip, seen: &Seen| {
        assert!(guest.take(&tile, chip, seen)?, "a bare program is never below a VMM");
        let Seen::Retired(retired) = seen else { panic!("an interrupt") };
        assert_eq!(guest.pc, retired.next_pc);
        registers[retired.rd as usize] = retired.rd_value;
        registers[0] = 0;
        assert_eq!(guest.registers(&tile, chip)?, registers);
        if retired.read_mask | retired.write_mask != 0 {
            set = set_of(retired.address);
        }
        if retired.write_mask != 0 && retired.address >= 0x8000_0000 {
            let word = stored.entry(retired.address).or_default();
            for byte in (0..4).filter(|byte| retired.write_mask >> byte & 1 != 0) {
                let mask = 0xFF << (8 * byte);
                *word = *word & !mask | retired.written & mask;
            }
            order.push(retired.address);
            sets[set_of(retired.address)].insert(retired.address);
        }
        let ram = GuestRam { values: chip, tile: &tile, domain: 0, ram: Ram::new(None) };
        let count = order.len();
        let recent = order[count.saturating_sub(6)..].iter();
        for address in recent.chain(&sets[set]).chain(coming.get(count)) {
            let mut bytes = [0; 4];
            assert_eq!(read(&ram, guest.root(), *address, &mut bytes).expect("a model"), 4);
            let expected = stored.get(address).copied().unwrap_or(0);
            assert_eq!(u32::from_le_bytes(bytes), expected, "{memory}: {address:#x}");
        }
        checks += 1;
        Ok(false)
    };
    let (stop, _) = session.follow(2_000_000, &mut look).expect("a run");
    assert_eq!(stop, Some(Stop::Exit(0x5555)));
    assert!(order.len() >= 1500 && checks > 15_000, "{checks}");
    order
}

#[test]
fn a_store_is_there_when_it_has_retired_and_no_sooner() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = assemble_file("gdb/scatter.S", &[("ROUNDS", 1500)], folder.path());
    let order = stores(&program, "sdram", &[]);
    for memory in ["sdram", "1", "1..25"] {
        assert_eq!(stores(&program, memory, &order), order);
    }
}
