//! How a probe is run and judged: code is written to a buffer, entered by `sret` in the wanted mode, and left by a
//! trap, either the expected fault or the breakpoint behind it.

use core::arch::{asm, naked_asm};
use core::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering::Relaxed};

use covert_guests::csr::{SSTATUS_SPIE, SSTATUS_SPP};
use covert_guests::rt::{self, Frame};
use covert_guests::text::{Hex, Show, Sink};
use covert_guests::{csr_read, print};

use crate::insn;

/// Causes in `scause`.
pub mod cause {
    pub const FETCH_ACCESS: u32 = 1;
    pub const ILLEGAL: u32 = 2;
    pub const BREAKPOINT: u32 = 3;
    pub const LOAD_MISALIGNED: u32 = 4;
    pub const LOAD_ACCESS: u32 = 5;
    pub const STORE_MISALIGNED: u32 = 6;
    pub const STORE_ACCESS: u32 = 7;
    pub const ECALL_U: u32 = 8;
}

/// The mode in which a probe runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// U-mode.
    User,
    /// S-mode.
    Supervisor,
}

/// A trap as the guest sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trap {
    /// `scause`.
    pub cause: u32,
    /// `stval`.
    pub tval: u32,
    /// `sepc`.
    pub pc: u32,
}

/// How a probe ended.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The trap that ended it.
    pub trap: Trap,
    /// The mode it came from was the probe's.
    pub mode_kept: bool,
    /// a1 at the end.
    pub a1: u32,
}

/// a1 of a probe that stores nothing in particular; no memory that a guest can see holds it.
pub const SENTINEL: u32 = 0x5a5a_a5c3;

/// Room for two instructions and a breakpoint.
#[repr(align(16))]
struct Code([AtomicU16; 8]);
static CODE: Code = Code([const { AtomicU16::new(0) }; 8]);

static ACTIVE: AtomicBool = AtomicBool::new(false);
static CAUSE: AtomicU32 = AtomicU32::new(0);
static TVAL: AtomicU32 = AtomicU32::new(0);
static PC: AtomicU32 = AtomicU32::new(0);
static STATUS: AtomicU32 = AtomicU32::new(0);
static A1: AtomicU32 = AtomicU32::new(0);

/// For handlers that go on behind the fault: faults still to be answered so, 0 outside such a probe.
pub static SKIPS: AtomicU32 = AtomicU32::new(0);
/// Faults that the handler itself is still to make.
pub static NESTED: AtomicU32 = AtomicU32::new(0);

/// The address of a probe's code.
pub fn code_address() -> u32 {
    CODE.0.as_ptr() as u32
}

/// Makes what was written to memory visible to instruction fetch.
pub fn fence_i() {
    // SAFETY: `fence.i` only orders; as a compiler barrier it keeps the stores before it.
    unsafe { asm!("fence.i", options(nostack)) };
}

fn write_code(instructions: &[u32]) {
    let halves = instructions.iter().chain(&[insn::C_EBREAK]).flat_map(|&word| {
        let halves = [word as u16, (word >> 16) as u16];
        halves.into_iter().take(insn::len(word) as usize / 2)
    });
    for (slot, half) in CODE.0.iter().zip(halves) {
        slot.store(half, Relaxed);
    }
    fence_i();
}

/// Runs `instruction` with a0 and a1 given.
pub fn run(mode: Mode, instruction: u32, a0: u32, a1: u32) -> Run {
    write_code(&[instruction]);
    run_at(mode, code_address(), a0, a1)
}

/// Goes to `pc` in `mode`, until a trap. Interrupts stay off in S-mode; U-mode takes those that `sie` enables.
pub fn run_at(mode: Mode, pc: u32, a0: u32, a1: u32) -> Run {
    let spp = if mode == Mode::Supervisor { SSTATUS_SPP } else { 0 };
    let status = csr_read!("sstatus") & !(SSTATUS_SPP | SSTATUS_SPIE) | spp;
    ACTIVE.store(true, Relaxed);
    // SAFETY: whatever runs there traps, and the handler comes back through `leave`, which restores
    // what a function must keep.
    unsafe { enter(pc, status, a0, a1) };
    Run {
        trap: Trap { cause: CAUSE.load(Relaxed), tval: TVAL.load(Relaxed), pc: PC.load(Relaxed) },
        mode_kept: STATUS.load(Relaxed) & SSTATUS_SPP == spp,
        a1: A1.load(Relaxed),
    }
}

impl Run {
    /// Whether the instruction, of `len` bytes, went through to the breakpoint behind it.
    pub fn done(&self, len: u32) -> bool {
        let end = code_address() + len;
        self.trap.cause == cause::BREAKPOINT && self.trap.pc == end && self.mode_kept
    }

    /// Whether it ended in exactly this fault, in its own mode, with a1 still `a1`.
    pub fn faulted(&self, trap: Trap, a1: u32) -> bool {
        self.trap == trap && self.mode_kept && self.a1 == a1
    }
}

/// The trap handler while probes run.
pub fn on_trap(frame: &mut Frame) {
    if SKIPS.load(Relaxed) > 0 {
        SKIPS.fetch_sub(1, Relaxed);
        if NESTED.load(Relaxed) > 0 {
            NESTED.fetch_sub(1, Relaxed);
            crate::code::fault_here();
        }
        frame.skip();
        return;
    }
    if !ACTIVE.swap(false, Relaxed) {
        rt::unexpected_trap(frame);
    }
    CAUSE.store(frame.cause, Relaxed);
    TVAL.store(frame.tval, Relaxed);
    PC.store(frame.pc, Relaxed);
    STATUS.store(frame.status, Relaxed);
    A1.store(*frame.x(11), Relaxed);
    frame.pc = leave as *const () as u32;
    frame.status |= SSTATUS_SPP;
}

/// ra, sp, gp, tp, s0 to s11 while a probe runs.
#[unsafe(no_mangle)]
static PROBE_CONTEXT: [AtomicU32; 16] = [const { AtomicU32::new(0) }; 16];

/// Saves what a function must keep, and goes to `pc` with `sret`.
#[unsafe(naked)]
unsafe extern "C" fn enter(pc: u32, status: u32, a0: u32, a1: u32) {
    naked_asm!(
        "la t0, {context}",
        "sw ra, 0(t0)",
        "sw sp, 4(t0)",
        "sw gp, 8(t0)",
        "sw tp, 12(t0)",
        ".irp n,0,1,2,3,4,5,6,7,8,9,10,11",
        "sw s\\n, 16+4*\\n(t0)",
        ".endr",
        "csrw sepc, a0",
        "csrw sstatus, a1",
        // The trap vector wants S-mode's stack in sscratch while U-mode runs, and 0 otherwise.
        "andi t0, a1, 0x100",
        "bnez t0, 1f",
        "csrw sscratch, sp",
        "1: mv a0, a2",
        "mv a1, a3",
        "sret",
        context = sym PROBE_CONTEXT,
    )
}

/// Where the trap handler returns to after a probe: back to the caller of [`enter`].
#[unsafe(naked)]
extern "C" fn leave() {
    naked_asm!(
        ".option push",
        ".option norelax",
        "la t0, {context}",
        ".option pop",
        "lw ra, 0(t0)",
        "lw sp, 4(t0)",
        "lw gp, 8(t0)",
        "lw tp, 12(t0)",
        ".irp n,0,1,2,3,4,5,6,7,8,9,10,11",
        "lw s\\n, 16+4*\\n(t0)",
        ".endr",
        "ret",
        context = sym PROBE_CONTEXT,
    )
}

/// What a line is about: mode, deed, and the place with its address where there is one.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    /// Mode of the probe.
    pub mode: Mode,
    /// What it does.
    pub deed: &'a str,
    /// To what.
    pub place: &'a str,
    /// Address of that.
    pub address: Option<u32>,
}

impl Show for Name<'_> {
    fn show(&self, sink: &mut dyn Sink) {
        sink.put(if self.mode == Mode::User { b"U " } else { b"S " });
        self.deed.show(sink);
        if !self.place.is_empty() {
            sink.put(b" ");
            self.place.show(sink);
        }
        if let Some(address) = self.address {
            sink.put(b" ");
            Hex(address).show(sink);
        }
    }
}

/// Counts and prints.
#[derive(Default)]
pub struct Tally {
    /// Probes so far.
    pub probes: u32,
    /// Those that were not contained.
    pub breaches: u32,
}

impl Tally {
    /// One probe more; `how` it was contained.
    pub fn contained(&mut self, name: &dyn Show, how: &dyn Show) {
        self.probes += 1;
        print!(Dyn(name), ": contained (", Dyn(how), ")\n");
    }

    /// One probe more, which was not contained; `what` happened instead.
    pub fn breach(&mut self, name: &dyn Show, what: &dyn Show) {
        self.probes += 1;
        self.breaches += 1;
        print!(Dyn(name), ": BREACH: ", Dyn(what), "\n");
    }

    /// Judges a probe that must end in `trap`, with a1 untouched.
    pub fn expect(&mut self, name: Name<'_>, run: Run, trap: Trap, a1: u32) {
        if run.faulted(trap, a1) {
            self.contained(&name, &Cause(trap.cause));
        } else {
            self.breach(&name, &run);
        }
    }

    /// Judges a probe by `good`, which the caller has found; `how` says what would be lawful.
    pub fn judge(&mut self, name: Name<'_>, run: Run, good: bool, how: &str) {
        if good {
            self.contained(&name, &how);
        } else {
            self.breach(&name, &run);
        }
    }
}

/// [`print!`] takes references to its items; this makes a `dyn Show` one.
struct Dyn<'a>(&'a dyn Show);

impl Show for Dyn<'_> {
    fn show(&self, sink: &mut dyn Sink) {
        self.0.show(sink);
    }
}

/// `cause N`
pub struct Cause(pub u32);

impl Show for Cause {
    fn show(&self, sink: &mut dyn Sink) {
        sink.put(b"cause ");
        self.0.show(sink);
    }
}

impl Show for Run {
    fn show(&self, sink: &mut dyn Sink) {
        sink.put(if self.mode_kept { b"" } else { b"mode changed, " });
        Cause(self.trap.cause).show(sink);
        for (text, word) in [(" value ", self.trap.tval), (" pc ", self.trap.pc), (" a1 ", self.a1)]
        {
            text.show(sink);
            Hex(word).show(sink);
        }
    }
}
