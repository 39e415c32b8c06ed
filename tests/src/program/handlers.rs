//! The trap handlers of a random program, one for M and one for S. Both save what they use,
//! record cause, pc, value and status in a running hash, clear an interrupt at its source or
//! step over the faulting instruction, and return to the mode they came from. A call or
//! breakpoint that is followed by the marker instruction returns to the handler's own mode
//! instead: this is how a program climbs.

use super::asm::{
    Asm, BEQ, BLT, BNE, CSR_IMMEDIATE, CSRRC, CSRRS, CSRRW, Label, MRET, RA, Reg, SRET, ZERO,
    i_type, r_type,
};
use super::{CLINT_MSIP, CLINT_MTIME, CLINT_MTIMECMP, EXIT_DEVICE, csr, repair};

/// `lui x0, 0xc0de1`: an instruction without effect that handlers look for.
pub(super) const MARKER: u32 = 0xC0DE_1037;

/// More traps than this mean that a program went astray; it ends with a failure.
const TRAP_LIMIT: u32 = 20_000;

/// The level a handler runs at, with its CSRs.
#[derive(Clone, Copy)]
pub(super) struct Level {
    pub(super) machine: bool,
    pub(super) tvec: u32,
    pub(super) scratch: u32,
    epc: u32,
    pub(super) cause: u32,
    pub(super) tval: u32,
    pub(super) status: u32,
}

pub(super) const MACHINE: Level = Level {
    machine: true,
    tvec: csr::MTVEC,
    scratch: csr::MSCRATCH,
    epc: csr::MEPC,
    cause: csr::MCAUSE,
    tval: csr::MTVAL,
    status: csr::MSTATUS,
};

pub(super) const SUPERVISOR: Level = Level {
    machine: false,
    tvec: csr::STVEC,
    scratch: csr::SSCRATCH,
    epc: csr::SEPC,
    cause: csr::SCAUSE,
    tval: csr::STVAL,
    status: csr::SSTATUS,
};

/// Frame pointer inside a handler, and three registers it may use.
pub(super) const FRAME: Reg = 31;
pub(super) const A: Reg = 5;
pub(super) const B: Reg = 6;
pub(super) const C: Reg = 7;
/// Frame offsets behind the saved registers.
pub(super) const HASH: i32 = 12;
const COUNT: i32 = 16;

/// M's frame: instructions in an epoch; 0 if there are none.
pub(super) const EPOCH_LENGTH: i32 = 20;

/// Frame offset: a register in need of being one more.
const SPILLED: i32 = 44;

/// M's frame: ticks between timer interrupts; 0 if there are none.
pub(super) const TIMER_PERIOD: i32 = 24;

/// Emits a vector table (usable for direct mode too) and the handler, for a program with
/// translation or one without; returns the table's label.
pub(super) fn emit(asm: &mut Asm, level: Level, translated: bool) -> Label {
    let table = asm.label();
    let entry = asm.label();
    // A vectored mode may demand any power of two of alignment; 256 is more than cores ask for.
    asm.align(256);
    asm.bind(table);
    for _ in 0..32 {
        asm.jal(ZERO, entry);
    }
    asm.bind(entry);
    emit_handler(asm, level, translated);
    table
}

fn emit_handler(asm: &mut Asm, level: Level, translated: bool) {
    let [interrupt, fetch_fault, resume, leave, fail] = std::array::from_fn(|_| asm.label());
    asm.csr(CSRRW, FRAME, level.scratch, FRAME);
    asm.sw(A, FRAME, 0);
    asm.sw(B, FRAME, 4);
    asm.sw(C, FRAME, 8);
    asm.csr(CSRRS, A, level.cause, ZERO);
    record(asm, level);
    asm.branch(BLT, A, ZERO, interrupt);

    // Causes that this machine must not raise here: misaligned accesses, page faults without
    // translation.
    asm.li(B, csr::DELEGABLE | 1 << 11 | if translated { csr::PAGE_FAULTS } else { 0 });
    asm.word(r_type(0x33, 5, 0, B, B, A)); // srl
    asm.word(i_type(0x13, 7, B, B, 1)); // andi
    asm.branch(BEQ, B, ZERO, fail);

    asm.csr(CSRRS, C, level.epc, ZERO);
    if translated {
        repair::emit(asm, level, resume);
        asm.addi(B, ZERO, 12);
        asm.branch(BEQ, A, B, fetch_fault);
    }
    asm.addi(B, ZERO, 1);
    asm.branch(BEQ, A, B, fetch_fault);
    if translated {
        repair::leave_window(asm, resume);
    }
    step_over(asm, translated);
    climb(asm, level, resume, translated);
    asm.bind(resume);
    asm.csr(CSRRW, ZERO, level.epc, C);
    asm.bind(leave);
    asm.lw(A, FRAME, 0);
    asm.lw(B, FRAME, 4);
    asm.lw(C, FRAME, 8);
    asm.csr(CSRRW, FRAME, level.scratch, FRAME);
    asm.word(if level.machine { MRET } else { SRET });

    // A jump to nowhere left its return address in ra.
    asm.bind(fetch_fault);
    asm.addi(C, RA, 0);
    asm.jal(ZERO, resume);

    asm.bind(interrupt);
    emit_interrupts(asm, level, leave);
    asm.bind(fail);
    asm.li(B, EXIT_DEVICE);
    asm.word(i_type(0x13, 1, A, A, 16)); // slli
    asm.li(C, 0x3333);
    asm.word(r_type(0x33, 6, 0, A, A, C)); // or
    asm.sw(A, B, 0);
    let here = asm.label();
    asm.bind(here);
    asm.jal(ZERO, here);
}

/// Mixes cause (in A), epc, tval and status into the hash and counts the trap.
fn record(asm: &mut Asm, level: Level) {
    asm.lw(C, FRAME, HASH);
    asm.word(r_type(0x33, 4, 0, C, C, A)); // xor
    for source in [level.epc, level.tval, level.status] {
        asm.csr(CSRRS, B, source, ZERO);
        asm.word(r_type(0x33, 0, 0, C, C, B)); // add
    }
    asm.word(i_type(0x13, 1, B, C, 7)); // slli
    asm.word(r_type(0x33, 4, 0, C, C, B)); // xor
    asm.sw(C, FRAME, HASH);
    let go_on = asm.label();
    asm.lw(C, FRAME, COUNT);
    asm.addi(C, C, 1);
    asm.sw(C, FRAME, COUNT);
    asm.li(B, TRAP_LIMIT);
    asm.branch(BLT, C, B, go_on);
    asm.li(B, EXIT_DEVICE);
    asm.li(C, 0x7FFF_3333);
    asm.sw(C, B, 0);
    let here = asm.label();
    asm.bind(here);
    asm.jal(ZERO, here);
    asm.bind(go_on);
}

/// C += length of the instruction at C. With translation it is read where RAM is always mapped.
fn step_over(asm: &mut Asm, translated: bool) {
    if translated {
        asm.sw(A, FRAME, SPILLED);
        asm.addi(B, C, 0);
        repair::to_identity(asm, B, A);
        asm.lw(A, FRAME, SPILLED);
        asm.load(5, B, B, 0);
    } else {
        asm.load(5, B, C, 0);
    }
    asm.word(i_type(0x13, 7, B, B, 3)); // andi
    asm.addi(B, B, -3);
    asm.word(i_type(0x13, 3, B, B, 1)); // sltiu: 1 for a long instruction
    asm.word(i_type(0x13, 1, B, B, 1)); // slli
    asm.addi(B, B, 2);
    asm.word(r_type(0x33, 0, 0, C, C, B)); // add
}

/// If the cause in A is a call or a breakpoint and the marker stands at C: previous mode = ours,
/// and C where RAM is always mapped.
fn climb(asm: &mut Asm, level: Level, resume: Label, translated: bool) {
    let asked = asm.label();
    for cause in [3, 8, 9] {
        asm.addi(B, ZERO, cause);
        asm.branch(BEQ, A, B, asked);
    }
    asm.jal(ZERO, resume);
    asm.bind(asked);
    let other = if translated {
        asm.sw(C, FRAME, SPILLED);
        repair::to_identity(asm, C, B);
        asm.label()
    } else {
        resume
    };
    for (offset, half) in [(0, MARKER & 0xFFFF), (2, MARKER >> 16)] {
        asm.load(5, B, C, offset);
        asm.li(A, half);
        asm.branch(BNE, A, B, other);
    }
    asm.li(A, if level.machine { csr::MSTATUS_MPP } else { csr::SSTATUS_SPP });
    asm.csr(CSRRS, ZERO, level.status, A);
    if translated {
        asm.jal(ZERO, resume);
        asm.bind(other);
        asm.lw(C, FRAME, SPILLED);
    }
}

/// Clears the interrupt whose cause is in A, and leaves.
fn emit_interrupts(asm: &mut Asm, level: Level, leave: Label) {
    let (pending, enable) = if level.machine { (csr::MIP, csr::MIE) } else { (csr::SIP, csr::SIE) };
    asm.word(i_type(0x13, 7, A, A, 0x7F)); // andi
    for number in [1u32, 5, 9, 3, 7] {
        if !level.machine && number % 4 == 3 {
            continue;
        }
        let next = asm.label();
        asm.addi(B, ZERO, number as i32);
        asm.branch(BNE, A, B, next);
        asm.li(B, 1 << number);
        match number {
            1 => asm.csr(CSRRC | CSR_IMMEDIATE, ZERO, pending, 2),
            // S cannot clear these where they arise, so it stops listening.
            _ if !level.machine => asm.csr(CSRRC, ZERO, enable, B),
            5 | 9 => asm.csr(CSRRC, ZERO, pending, B),
            3 => {
                asm.csr(CSRRC, ZERO, enable, B);
                store_msip(asm, B, C, 0);
            }
            _ => {
                let once = asm.label();
                asm.lw(C, FRAME, TIMER_PERIOD);
                asm.branch(BEQ, C, ZERO, once);
                next_timer(asm, B, C, A);
                asm.jal(ZERO, leave);
                asm.bind(once);
                asm.csr(CSRRC, ZERO, enable, B);
                store_mtimecmp(asm, B, C, u32::MAX);
            }
        }
        asm.jal(ZERO, leave);
        asm.bind(next);
    }
    if level.machine {
        let unknown = asm.label();
        asm.addi(B, ZERO, csr::EPOCH_INTERRUPT as i32);
        asm.branch(BNE, A, B, unknown);
        asm.csr(CSRRW, B, csr::MFINGERPRINT, ZERO);
        asm.lw(B, FRAME, EPOCH_LENGTH);
        asm.csr(CSRRW, ZERO, csr::MEPOCH, B);
        asm.jal(ZERO, leave);
        asm.bind(unknown);
    }
}

/// `msip = value`, read back so that the device has seen it before anything that follows.
pub(super) fn store_msip(asm: &mut Asm, address: Reg, data: Reg, value: u32) {
    asm.li(address, CLINT_MSIP);
    asm.li(data, value);
    asm.sw(data, address, 0);
    asm.lw(data, address, 0);
}

/// Both words of `mtimecmp`, read back as above.
pub(super) fn store_mtimecmp(asm: &mut Asm, address: Reg, data: Reg, word: u32) {
    asm.li(address, CLINT_MTIMECMP);
    asm.li(data, word);
    asm.sw(data, address, 4);
    asm.sw(data, address, 0);
    asm.lw(data, address, 0);
}

/// `mtimecmp` = `mtime` + `period`, within the first 2^32 ticks; read back as above.
pub(super) fn next_timer(asm: &mut Asm, address: Reg, period: Reg, t: Reg) {
    asm.li(address, CLINT_MTIME);
    asm.lw(t, address, 0);
    asm.word(r_type(0x33, 0, 0, t, t, period)); // add
    asm.li(address, CLINT_MTIMECMP);
    asm.sw(t, address, 0);
    asm.sw(ZERO, address, 4);
    asm.lw(t, address, 4);
}
