//! The checkers are checked: a wrong trace and a wrong core must be noticed.

use std::path::Path;

use covert_tests::core::{Core, Latency};
use covert_tests::cosim::{discard, run_elf, store};
use covert_tests::program::{Options, Program, Rng};
use covert_tests::trace::{Qemu, Retired, check_epochs, compare, parse_log, read_rvfi};

/// One way to falsify a trace; false if it does not apply to this instruction.
type Falsify = fn(&mut Retired) -> bool;

const FALSE: [(&str, Falsify); 13] = [
    ("pc", |r| flip(&mut r.pc, true)),
    // Of an instruction that could not be fetched QEMU shows neither.
    ("insn", |r| flip(&mut r.insn, r.pc >> 20 == 0x800)),
    ("mode", |r| flip(&mut r.mode, r.pc >> 20 == 0x800)),
    ("trap", |r| {
        r.trap = !r.trap;
        true
    }),
    ("intr", |r| {
        r.intr = !r.intr;
        true
    }),
    ("rd", |r| {
        let applies = r.rd != 0;
        flip(&mut r.rd, applies)
    }),
    ("rd_wdata", |r| flip(&mut r.rd_wdata, r.rd != 0)),
    ("mem_addr", |r| {
        r.mem_addr ^= 4;
        r.mem_rmask | r.mem_wmask != 0
    }),
    ("mem_rmask", |r| flip(&mut r.mem_rmask, true)),
    ("mem_wmask", |r| flip(&mut r.mem_wmask, true)),
    ("mem_rdata", |r| {
        r.mem_rdata ^= lane(r.mem_rmask);
        r.mem_rmask != 0 && (r.rd != 0 || r.mem_wmask != 0)
    }),
    ("mem_wdata", |r| {
        r.mem_wdata ^= lane(r.mem_wmask);
        r.mem_wmask != 0
    }),
    ("pc_wdata", |r| flip(&mut r.pc_wdata, !r.trap)),
];

/// The lowest bit of the bytes in `mask`.
fn lane(mask: u32) -> u32 {
    1 << (8 * (mask.trailing_zeros() & 3))
}

fn flip(field: &mut u32, applies: bool) -> bool {
    *field ^= 1;
    applies
}

fn core_trace(core: &Core, elf: &Path) -> Vec<Retired> {
    let running = core.trace(elf, Latency::default());
    let (_running, lines) = running.unwrap_or_else(|error| panic!("{error}"));
    let lines = read_rvfi(lines).collect::<Result<Vec<_>, _>>();
    lines.unwrap_or_else(|error| panic!("{error}"))
}

fn write(program: &Program, name: &str) -> std::path::PathBuf {
    store(program, &format!("{name}-{}", std::process::id())).unwrap_or_else(|f| panic!("{}", f.0))
}

/// One wrong value anywhere in the core's trace is a difference, at that instruction or the next.
#[test]
fn one_wrong_value_is_a_difference() {
    let core = Core::bench().unwrap_or_else(|error| panic!("{error}"));
    let elf = write(&Program::generate(Options::new(7, 150)), "falsified");
    let (qemu, log) = Qemu::trace(&elf).unwrap_or_else(|error| panic!("{error}"));
    let reference = parse_log(log).collect::<Result<Vec<_>, _>>();
    let reference = reference.unwrap_or_else(|error| panic!("{error}"));
    drop(qemu);
    let good = core_trace(&core, &elf);
    let verdict = |trace: &[Retired]| {
        compare(reference.iter().cloned().map(Ok), trace.iter().copied().map(Ok))
    };
    verdict(&good).unwrap_or_else(|difference| panic!("{difference}"));

    let mut rng = Rng::new(1);
    // Behind the last few instructions nothing would look at a value any more.
    let last = (reference.len() - 10) as u32;
    for (name, falsify) in FALSE {
        let mut found = 0;
        while found < 8 {
            let at = rng.below(last) as usize;
            let mut trace = good.clone();
            if !falsify(&mut trace[at]) {
                continue;
            }
            found += 1;
            let difference = verdict(&trace).err().map(|difference| difference.after);
            let noticed =
                difference.is_some_and(|after| (at as u64..at as u64 + 2).contains(&after));
            assert!(noticed, "{name} at {at}: {:?} gave {difference:?}", trace[at]);
        }
    }
    for at in [1, 100, last as usize] {
        let mut trace = good.clone();
        trace.remove(at);
        assert!(verdict(&trace).is_err(), "instruction {at} missing");
        assert!(verdict(&good[..at]).is_err(), "trace ends at {at}");
        let mut trace = good.clone();
        trace.insert(at, good[at]);
        assert!(verdict(&trace).is_err(), "instruction {at} twice");
    }
    discard(&elf);
}

/// A change to the core: file, text, replacement.
type Mutation = (&'static str, &'static str, &'static str);

/// Found by comparison with QEMU. Only the first one in the short version: each is a build.
const WRONG_CORES: [Mutation; 5] = [
    ("core/covert_csr.sv", "mstatus_q[Mie] <= mstatus_q[Mpie];", "mstatus_q[Mie] <= 1'b0;"),
    ("core/covert_div.sv", "a_neg != b_neg && b_i != 32'd0", "a_neg != b_neg"),
    ("core/covert_alu.sv", "? a_i[31] : difference[32]", "? b_i[31] : difference[32]"),
    ("core/covert_csr.sv", "if (mideleg_q[1]) mip_q[1]", "if (1'b1) mip_q[1]"),
    (
        "core/covert_core.sv",
        "reserved_q && (reserved_addr_q == x_sum[31:2])",
        "(reserved_q || 1'b1) && (reserved_addr_q == x_sum[31:2])",
    ),
];

/// The same for programs with translation: a fence for one page that does nothing, MXR without
/// effect, superpages that are not checked for their alignment, a fence that does not wait for its address.
const WRONG_TRANSLATIONS: [Mutation; 4] = [
    (
        "tile/covert_tlb.sv",
        "valid_q[flush_idx] <= 1'b0;",
        "valid_q[flush_idx] <= valid_q[flush_idx];",
    ),
    ("tile/covert_mmu.sv", "(mxr_i & perm[2])", "(mxr_i & 1'b0 & perm[2])"),
    (
        "tile/covert_mmu.sv",
        "(level1 & (pte_q[19:10] != '0))",
        "(level1 & 1'b0 & (pte_q[19:10] != '0))",
    ),
    (
        "core/covert_decoder.sv",
        "SysSfence;\n          dec_o.uses_rs1 = 1'b1;",
        "SysSfence;\n          dec_o.uses_rs1 = 1'b0;",
    ),
];

/// Found by the model of epochs and fingerprints.
const WRONG_EPOCHS: [Mutation; 4] = [
    // The fingerprint disabled: no event has this address.
    ("core/covert_fingerprint.sv", "busy_q <= valid_i;", "busy_q <= valid_i && (&pc_i);"),
    ("core/covert_fingerprint.sv", "fold_q <= value_i ^", "fold_q <= value_i ^ 32'hFFFF_0000 &"),
    // What a trap into M, or an access that misses, takes back.
    ("core/covert_core.sv", "r_undone && r_counted_q", "r_undone && 1'b0 && r_counted_q"),
    ("core/covert_core.sv", "w_dropped && w_counted_q", "w_dropped && 1'b0 && w_counted_q"),
];

fn chosen(mutations: &[Mutation]) -> &[Mutation] {
    if covert_tests::is_full() { mutations } else { &mutations[..1] }
}

/// The changes that only the long version builds can still be made.
#[test]
fn every_change_applies() {
    for (file, from, _) in WRONG_CORES.iter().chain(&WRONG_TRANSLATIONS).chain(&WRONG_EPOCHS) {
        Core::is_in_source(file, from).unwrap_or_else(|error| panic!("{error}"));
    }
}

fn mutant((file, from, to): Mutation) -> Core {
    Core::mutant(file, from, to).unwrap_or_else(|error| panic!("{error}"))
}

/// Whether one of twenty programs differs on the core that `mutation` makes.
fn is_found(mutation: Mutation, options: impl Fn(u64) -> Options) -> bool {
    let core = mutant(mutation);
    (0..20).any(|seed| {
        let name = format!("wrong-{}-{seed}", mutation.0.replace('/', "-"));
        let elf = write(&Program::generate(options(seed)), &name);
        let differs = run_elf(&core, &elf, Latency::default()).is_err();
        discard(&elf);
        differs
    })
}

/// Random programs find a wrong core.
#[test]
fn a_wrong_core_is_found() {
    for &mutation in chosen(&WRONG_CORES) {
        assert!(is_found(mutation, |seed| Options::new(seed, 1000)), "not found: {mutation:?}");
    }
}

/// Random programs with translation find wrong translation.
#[test]
fn wrong_translation_is_found() {
    for &mutation in chosen(&WRONG_TRANSLATIONS) {
        let found = is_found(mutation, |seed| Options::translated(seed, 1000));
        assert!(found, "not found: {mutation:?}");
    }
}

/// A wrong epoch counter and a disabled fingerprint are found.
#[test]
fn a_wrong_epoch_or_fingerprint_is_found() {
    for &mutation in chosen(&WRONG_EPOCHS) {
        let core = mutant(mutation);
        let found = (0..5).any(|seed| {
            let options = Options { guest_only: true, epoch: Some(20), ..Options::new(seed, 500) };
            let program = Program::generate(options);
            let elf = write(&program, &format!("wrong-epoch-{seed}"));
            let trace = core_trace(&core, &elf);
            discard(&elf);
            check_epochs(trace.into_iter().map(Ok), 20, program.vectors).is_err()
        });
        assert!(found, "not found: {mutation:?}");
    }
}
