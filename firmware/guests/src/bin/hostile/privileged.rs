//! CSRs and instructions of more privileged modes, and bits of S-mode's own CSRs that belong to M-mode.

use covert_abi::csr;
use covert_guests::csr::{CAUSE_STI, STI};
use covert_guests::{csr_clear, csr_read, csr_write, sbi, time};

use crate::insn;
use crate::probe::{self, Mode, Name, Run, SENTINEL, Tally, Trap, cause};

/// M-mode's (and the debugger's) CSRs.
const M_CSRS: &[(&str, u32)] = &[
    ("mstatus", 0x300),
    ("misa", 0x301),
    ("medeleg", 0x302),
    ("mideleg", 0x303),
    ("mie", 0x304),
    ("mtvec", 0x305),
    ("mcounteren", 0x306),
    ("mcountinhibit", 0x320),
    ("mscratch", 0x340),
    ("mepc", 0x341),
    ("mcause", 0x342),
    ("mtval", 0x343),
    ("mip", 0x344),
    ("pmpcfg0", 0x3a0),
    ("pmpaddr0", 0x3b0),
    ("tselect", 0x7a0),
    ("dcsr", 0x7b0),
    ("mepoch", csr::MEPOCH as u32),
    ("mfprint", csr::MFPRINT as u32),
    ("mcycle", 0xb00),
    ("minstret", 0xb02),
    ("mvendorid", 0xf11),
    ("mhartid", 0xf14),
];

/// S-mode's CSRs, closed to U-mode.
const S_CSRS: &[(&str, u32)] = &[
    ("sstatus", 0x100),
    ("sie", 0x104),
    ("stvec", 0x105),
    ("scounteren", 0x106),
    ("sscratch", 0x140),
    ("sepc", 0x141),
    ("scause", 0x142),
    ("stval", 0x143),
    ("sip", 0x144),
    ("satp", 0x180),
];

/// Instructions refused in S-mode and in U-mode alike.
const M_INSTRUCTIONS: &[(&str, u32)] = &[
    ("mret", 0x3020_0073),
    ("uret", 0x0020_0073),
    ("mnret", 0x7020_0073),
    ("dret", 0x7b20_0073),
    ("hfence.vvma", 0x2200_0073),
    ("fadd.s", 0x00b5_0553),
    ("custom-0", 0x0000_000b),
    ("all ones", 0xffff_ffff),
    ("all zeros", 0x0000_0000),
    ("reserved half", 0x8002),
];

/// Instructions refused in U-mode only.
const S_INSTRUCTIONS: &[(&str, u32)] = &[("sret", 0x1020_0073), ("sfence.vma", 0x1200_0073)];

/// Whether `run` was refused as an illegal instruction; `stval` may hold it or 0.
pub fn is_illegal(run: &Run, instruction: u32) -> bool {
    let pc = probe::code_address();
    let trap = |tval| Trap { cause: cause::ILLEGAL, tval, pc };
    run.faulted(trap(instruction), SENTINEL) || run.faulted(trap(0), SENTINEL)
}

fn refused(tally: &mut Tally, mode: Mode, deed: &str, place: &str, instruction: u32) {
    let run = probe::run(mode, instruction, 0, SENTINEL);
    let name = Name { mode, deed, place, address: None };
    tally.judge(name, run, is_illegal(&run, instruction), "cause 2");
}

/// All probes of this module.
pub fn probe_all(tally: &mut Tally) {
    for &(name, csr) in M_CSRS {
        refused(tally, Mode::Supervisor, "read", name, insn::csr_read(csr));
        refused(tally, Mode::Supervisor, "write", name, insn::csr_write(csr));
        refused(tally, Mode::User, "read", name, insn::csr_read(csr));
        refused(tally, Mode::User, "write", name, insn::csr_write(csr));
    }
    for &(name, csr) in S_CSRS {
        refused(tally, Mode::User, "read", name, insn::csr_read(csr));
        refused(tally, Mode::User, "write", name, insn::csr_write(csr));
    }
    for &(name, instruction) in M_INSTRUCTIONS {
        refused(tally, Mode::Supervisor, "execute", name, instruction);
        refused(tally, Mode::User, "execute", name, instruction);
    }
    for &(name, instruction) in S_INSTRUCTIONS {
        refused(tally, Mode::User, "execute", name, instruction);
    }
    user_ecall(tally);
    user_wfi(tally);
    machine_bits(tally);
}

/// U-mode's `ecall` is S-mode's business, not the firmware's, whatever call it looks like.
fn user_ecall(tally: &mut Tally) {
    let run = probe::run(Mode::User, insn::ECALL, 0, SENTINEL);
    let name = Name { mode: Mode::User, deed: "execute", place: "ecall", address: None };
    let pc = probe::code_address();
    tally.expect(name, run, Trap { cause: cause::ECALL_U, tval: 0, pc }, SENTINEL);
}

/// `wfi` in U-mode is illegal, or ends when the timer interrupt comes, which U-mode cannot hold off.
fn user_wfi(tally: &mut Tally) {
    const SOON: u64 = 500;
    sbi::set_timer(time::now() + SOON);
    // SAFETY: S-mode has interrupts off; in U-mode the interrupt is a trap like any other.
    unsafe { csr_write!("sie", STI) };
    let run = probe::run(Mode::User, insn::WFI, 0, SENTINEL);
    // SAFETY: as above.
    unsafe { csr_write!("sie", 0) };
    sbi::set_timer(time::NEVER);
    let name = Name { mode: Mode::User, deed: "execute", place: "wfi", address: None };
    let good = is_illegal(&run, insn::WFI) || run.trap.cause == CAUSE_STI && run.mode_kept;
    tally.judge(name, run, good, "done or fault");
}

/// M-mode's bits of `sstatus`, `sie` and `sip` must read 0 after they were written with 1.
fn machine_bits(tally: &mut Tally) {
    // MIE, MPIE, MPP; MPRV; TVM, TW, TSR.
    const STATUS_BITS: u32 = 0x1888 | 1 << 17 | 7 << 20;
    // M-mode's software, timer and external interrupts, and the epoch interrupt.
    const IRQ_BITS: u32 = 0x888 | 1 << csr::EPOCH_IRQ_BIT;
    let status = csr_read!("sstatus");
    // SAFETY: bits that S-mode has keep their values; the others must not be writable.
    unsafe { csr_write!("sstatus", status | STATUS_BITS) };
    let status_after = csr_read!("sstatus");
    // SAFETY: `sstatus.SIE` is 0, so that enabling interrupts takes none; put back at once.
    unsafe { csr_write!("sie", IRQ_BITS) };
    let sie = csr_read!("sie");
    // SAFETY: as above.
    unsafe { csr_write!("sie", 0) };
    // SAFETY: S-mode may write no bit of these.
    unsafe { csr_write!("sip", IRQ_BITS | STI) };
    let sip = csr_read!("sip");
    // SAFETY: as above.
    unsafe { csr_clear!("sip", IRQ_BITS) };
    for (place, kept, value) in [
        ("sstatus", status_after == status, status_after),
        ("sie", sie & IRQ_BITS == 0, sie),
        ("sip", sip & (IRQ_BITS | STI) == 0, sip),
    ] {
        let name =
            Name { mode: Mode::Supervisor, deed: "set machine bits of", place, address: None };
        if kept {
            tally.contained(&name, &"unchanged");
        } else {
            tally.breach(&name, &covert_guests::text::Hex(value));
        }
    }
}
