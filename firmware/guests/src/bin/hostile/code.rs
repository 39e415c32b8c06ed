//! Code where it is hard: at the end of RAM, odd targets, self-modifying, and faults upon faults.

use core::arch::{asm, naked_asm};
use core::sync::atomic::Ordering::Relaxed;

use covert_abi::layout;

use crate::insn;
use crate::probe::{self, Mode, NESTED, Name, SENTINEL, SKIPS, Tally, Trap, cause};

/// All probes of this module.
pub fn probe_all(tally: &mut Tally, ram_end: u32) {
    end_of_ram(tally, ram_end);
    targets(tally);
    self_modifying(tally);
    storms(tally);
}

/// Runs the last halfword of RAM, and over its end. What stood there is put back.
fn end_of_ram(tally: &mut Tally, ram_end: u32) {
    let last = (ram_end - 2) as *mut u16;
    // SAFETY: the last halfword of RAM was found readable; it holds no part of the guest.
    let saved = unsafe { last.read_volatile() };
    for mode in [Mode::Supervisor, Mode::User] {
        let name = |deed| Name { mode, deed, place: "", address: Some(ram_end - 2) };
        let mut attempt = |deed, half: u32, trap: Trap, how| {
            // SAFETY: as above; it is written back below.
            unsafe { last.write_volatile(half as u16) };
            probe::fence_i();
            let run = probe::run_at(mode, ram_end - 2, 0, SENTINEL);
            // Whether a breakpoint names its address is the core's choice.
            let any_tval = Trap { tval: 0, ..trap };
            let good = run.faulted(trap, SENTINEL)
                || trap.cause == cause::BREAKPOINT && run.faulted(any_tval, SENTINEL);
            tally.judge(name(deed), run, good, how);
        };
        let breakpoint = Trap { cause: cause::BREAKPOINT, tval: ram_end - 2, pc: ram_end - 2 };
        attempt("run the last halfword of ram", insn::C_EBREAK, breakpoint, "allowed");
        let behind = Trap { cause: cause::FETCH_ACCESS, tval: ram_end, pc: ram_end };
        attempt("run off the end of ram", insn::C_NOP, behind, "cause 1");
        // The first half of a long instruction is the guest's, the second is not.
        let across = Trap { pc: ram_end - 2, ..behind };
        attempt("run across the end of ram", insn::LW & 0xffff, across, "cause 1");
    }
    // SAFETY: as above.
    unsafe { last.write_volatile(saved) };
    probe::fence_i();
}

/// Jumps to odd and to half-aligned addresses, and to the end of the address space.
fn targets(tally: &mut Tally) {
    for mode in [Mode::Supervisor, Mode::User] {
        for (place, target) in [
            ("odd vmm", layout::VMM_BASE + 1),
            ("half vmm", layout::VMM_BASE + 2),
            ("odd unit", layout::UNIT_BASE + 3),
            ("last halfword", 0xffff_fffe),
            ("last byte", 0xffff_ffff),
        ] {
            let run = probe::run(mode, insn::JR, target, SENTINEL);
            // `jalr` drops bit 0.
            let address = target & !1;
            let name = Name { mode, deed: "jump", place, address: Some(target) };
            let trap = Trap { cause: cause::FETCH_ACCESS, tval: address, pc: address };
            tally.expect(name, run, trap, SENTINEL);
        }
    }
}

/// Adds 1 to 255, each by an instruction that was written just before it runs, in the same cache line.
#[unsafe(naked)]
extern "C" fn modify_and_run() -> u32 {
    naked_asm!(
        ".option push",
        ".option norvc",
        ".balign 32",
        "li a0, 0",
        "li a1, 1",
        "lla a2, 2f",
        "lw a3, 0(a2)",
        "li a4, 256",
        "1: slli a5, a1, 20",
        "add a5, a5, a3",
        "sw a5, 0(a2)",
        "fence.i",
        "2: addi a0, a0, 0",
        "addi a1, a1, 1",
        "bne a1, a4, 1b",
        "sw a3, 0(a2)",
        "fence.i",
        "ret",
        ".option pop",
    )
}

fn verdict(tally: &mut Tally, deed: &str, good: bool, how: &str) {
    let name = Name { mode: Mode::Supervisor, deed, place: "", address: None };
    if good {
        tally.contained(&name, &how);
    } else {
        tally.breach(&name, &"wrong result");
    }
}

fn self_modifying(tally: &mut Tally) {
    let right = (1..=2).all(|_| modify_and_run() == 255 * 256 / 2);
    verdict(tally, "self-modifying code", right, "255 changes run");
}

/// A load that faults, and returns when the handler skips it; whether its register stayed as it was.
pub fn fault_here() -> bool {
    let mut value = SENTINEL;
    // SAFETY: the load is refused, the trap handler steps over it.
    unsafe {
        asm!(".option push", ".option norvc", "lw {0}, 0({1})", ".option pop",
            inout(reg) value, in(reg) layout::VMM_BASE, options(nostack));
    }
    value == SENTINEL
}

/// Faults in a loop, and faults inside the handler of faults.
fn storms(tally: &mut Tally) {
    const FAULTS: u32 = 500;
    SKIPS.store(FAULTS, Relaxed);
    let kept = (0..FAULTS).all(|_| fault_here());
    verdict(tally, "500 faults in a row", kept && SKIPS.load(Relaxed) == 0, "500 faults");
    SKIPS.store(0, Relaxed);

    const DEPTH: u32 = 40;
    SKIPS.store(DEPTH, Relaxed);
    NESTED.store(DEPTH - 1, Relaxed);
    let good = fault_here() && SKIPS.load(Relaxed) == 0 && NESTED.load(Relaxed) == 0;
    verdict(tally, "faults in the fault handler", good, "40 deep");
    SKIPS.store(0, Relaxed);
    NESTED.store(0, Relaxed);
}
