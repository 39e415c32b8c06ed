//! Items that change the mode, the delegation or the interrupts. They stand at the top level of
//! a program only, where the generator knows the mode.

use super::asm::{
    CSR_IMMEDIATE, CSRRC, CSRRS, CSRRW, EBREAK, ECALL, MRET, Reg, SRET, WFI, ZERO, i_type, r_type,
};
use super::generate::{Generator, Mode};
use super::handlers::{self, MARKER};
use super::{BASE, csr, repair, simple, space};

/// Goes to another mode, or by `mret`/`sret` to the same one.
pub(super) fn change_mode(g: &mut Generator) {
    match (g.mode, g.rng.below(3)) {
        (Mode::Machine, 0) => lower(g, Mode::Machine),
        (Mode::Machine, 1) => lower(g, Mode::Supervisor),
        (Mode::Machine, _) => lower(g, Mode::User),
        (Mode::Supervisor, 0) => lower(g, Mode::User),
        (Mode::Supervisor, 1) => lower(g, Mode::Supervisor),
        _ => climb(g),
    }
}

/// Most bytes from where `lower` writes the return address to the end of its return.
const LOWER: u32 = 32;

/// Returns from a trap that never was, into `to`.
pub(super) fn lower(g: &mut Generator, to: Mode) {
    let [t] = simple::distinct(&mut g.rng);
    let target = g.asm.label();
    let machine = g.mode == Mode::Machine;
    let (epc, status) = if machine { (csr::MEPC, csr::MSTATUS) } else { (csr::SEPC, csr::SSTATUS) };
    g.asm.la(t, target);
    if g.translated {
        let u = if t == 5 { 6 } else { 5 };
        let base = match to {
            Mode::User if g.space.is_some() => space::USER_CODE,
            Mode::Supervisor if g.space.is_some() && g.rng.percent(50) => space::SUPERVISOR_CODE,
            _ => BASE,
        };
        g.asm.word(i_type(0x13, 1, t, t, 10)); // slli
        g.asm.word(i_type(0x13, 5, t, t, 10)); // srli
        g.asm.li(u, base);
        g.asm.word(r_type(0x33, 6, 0, t, t, u)); // or
        g.identity = base == BASE;
    }
    // No page fault may come between here and the return, which would then lead to itself.
    if g.translated && space::PAGE - g.asm.here() % space::PAGE < LOWER {
        g.asm.align(space::PAGE);
    }
    g.asm.csr(CSRRW, ZERO, epc, t);
    let (field, value) = match (machine, to) {
        (true, Mode::User) => (csr::MSTATUS_MPP, 0),
        (true, Mode::Supervisor) => (csr::MSTATUS_MPP, 1 << 11),
        (true, Mode::Machine) => (csr::MSTATUS_MPP, csr::MSTATUS_MPP),
        (false, Mode::User) => (csr::SSTATUS_SPP, 0),
        (false, _) => (csr::SSTATUS_SPP, csr::SSTATUS_SPP),
    };
    g.asm.li(t, field);
    g.asm.csr(CSRRC, ZERO, status, t);
    if value != 0 {
        g.asm.li(t, value);
        g.asm.csr(CSRRS, ZERO, status, t);
    }
    g.asm.word(if machine { MRET } else { SRET });
    g.asm.bind(target);
    g.mode = to;
}

/// A call or breakpoint with the marker behind: goes on in the mode of whoever handles it.
fn climb(g: &mut Generator) {
    let (instruction, cause) = if g.rng.percent(50) {
        (EBREAK, 3)
    } else if g.mode == Mode::User {
        (ECALL, 8)
    } else {
        (ECALL, 9)
    };
    if g.guest_only && g.medeleg & 1 << cause == 0 {
        return;
    }
    g.asm.word(instruction);
    g.asm.word(MARKER);
    g.identity = true;
    g.mode = if g.medeleg & 1 << cause == 0 { Mode::Machine } else { Mode::Supervisor };
}

/// Climbs until M. Delegation always leaves a way ([`delegate`]).
pub(super) fn raise_to_machine(g: &mut Generator) {
    g.guest_only = false;
    while g.mode != Mode::Machine {
        climb(g);
    }
}

/// New random `medeleg` and `mideleg`; from M only.
pub(super) fn delegate(g: &mut Generator) {
    const FROM_SUPERVISOR: u32 = 1 << 9;
    const BREAKPOINT: u32 = 1 << 3;
    let [t] = simple::distinct(&mut g.rng);
    g.medeleg = g.rng.next_u32() & csr::DELEGABLE;
    if g.translated {
        g.medeleg |= g.rng.next_u32() & csr::PAGE_FAULTS;
    }
    if g.medeleg & FROM_SUPERVISOR != 0 && g.medeleg & BREAKPOINT != 0 {
        g.medeleg &= if g.rng.percent(50) { !FROM_SUPERVISOR } else { !BREAKPOINT };
    }
    if g.guest_only {
        g.medeleg &= !FROM_SUPERVISOR;
    }
    g.mideleg = g.rng.next_u32() & g.interrupts;
    write_delegation(g, t);
}

pub(super) fn write_delegation(g: &mut Generator, t: Reg) {
    g.asm.li(t, g.medeleg);
    g.asm.csr(CSRRW, ZERO, csr::MEDELEG, t);
    g.asm.li(t, g.mideleg);
    g.asm.csr(CSRRW, ZERO, csr::MIDELEG, t);
}

/// Something only M can do.
pub(super) fn machine_item(g: &mut Generator) {
    match g.rng.below(8) {
        0 | 1 => delegate(g),
        2 => timeout_wait(g),
        3 => software_or_timer(g),
        4 => wait(g),
        5 => refuse_sret(g),
        _ => vector(g, handlers::MACHINE, 0),
    }
}

/// Something for S and U: WFI where it is illegal, `mret` and `sret` where they are, stvec.
pub(super) fn lesser_item(g: &mut Generator) {
    match g.rng.below(4) {
        0 if g.mode == Mode::User || g.timeout_wait => g.asm.word(WFI),
        1 => g.asm.word(MRET),
        2 if g.mode == Mode::User => g.asm.word(SRET),
        _ if g.mode == Mode::Supervisor => vector(g, handlers::SUPERVISOR, 1),
        _ => simple::trap(g),
    }
}

/// Switches a handler between direct and vectored.
fn vector(g: &mut Generator, level: handlers::Level, table: usize) {
    let [t, old] = simple::distinct(&mut g.rng);
    g.asm.la(t, g.tables[table]);
    if g.translated {
        // Not in the alias that this may run in: handlers must always be there.
        repair::to_identity(&mut g.asm, t, old);
    }
    if g.rng.percent(50) {
        g.asm.addi(t, t, 1);
    }
    g.asm.csr(CSRRW, old, level.tvec, t);
}

/// `mstatus.TW` set or cleared.
fn timeout_wait(g: &mut Generator) {
    let [t] = simple::distinct(&mut g.rng);
    g.timeout_wait = g.rng.percent(50);
    g.asm.li(t, csr::MSTATUS_TW);
    g.asm.csr(if g.timeout_wait { CSRRS } else { CSRRC }, ZERO, csr::MSTATUS, t);
}

/// Makes the CLINT raise an interrupt while it is disabled, then enables it.
///
/// How many cycles pass between the store and the pending bit is a matter of the machine, so it
/// must be there before the bit is looked at: the wait for it is part of the program, in a form
/// whose length does not depend on the cycles.
fn software_or_timer(g: &mut Generator) {
    let [address, data] = simple::distinct(&mut g.rng);
    let bit = g.rng.pick(&[csr::MSI, csr::MTI]);
    // The supervisor's are disabled too: QEMU 7.2 would take SSI and STI before MSI and MTI.
    g.asm.li(data, bit | g.interrupts);
    g.asm.csr(CSRRC, ZERO, csr::MIE, data);
    if bit == csr::MSI {
        handlers::store_msip(&mut g.asm, address, data, 1);
    } else {
        handlers::store_mtimecmp(&mut g.asm, address, data, 0);
    }
    for _ in 0..g.rng.below(4) {
        simple::alu(&mut g.asm, &mut g.rng);
    }
    g.asm.li(data, bit);
    g.asm.csr(CSRRS, address, csr::MIP, ZERO);
    g.asm.csr(CSRRS, ZERO, csr::MIE, data);
    simple::alu(&mut g.asm, &mut g.rng);
    // Taken at the latest here, so that the device is quiet again afterwards.
    g.asm.csr(CSRRS | CSR_IMMEDIATE, ZERO, csr::MSTATUS, csr::MSTATUS_MIE as Reg);
}

/// WFI with an interrupt pending that is enabled but masked: it must go on at once.
fn wait(g: &mut Generator) {
    g.asm.csr(CSRRC | CSR_IMMEDIATE, ZERO, csr::MSTATUS, csr::MSTATUS_MIE as Reg);
    let [t] = simple::distinct(&mut g.rng);
    g.asm.li(t, g.interrupts & g.interrupts.wrapping_neg());
    g.asm.csr(CSRRS, ZERO, csr::MIE, t);
    g.asm.csr(CSRRS, ZERO, csr::MIP, t);
    g.asm.word(WFI);
}

/// TSR: `sret` in S is illegal. Nothing is delegated meanwhile, as S's handler ends with `sret`.
fn refuse_sret(g: &mut Generator) {
    let [t] = simple::distinct(&mut g.rng);
    let kept = (g.medeleg, g.mideleg);
    (g.medeleg, g.mideleg) = (0, 0);
    write_delegation(g, t);
    g.asm.li(t, csr::MSTATUS_TSR);
    g.asm.csr(CSRRS, ZERO, csr::MSTATUS, t);
    lower(g, Mode::Supervisor);
    for _ in 0..g.rng.below(3) {
        simple::alu(&mut g.asm, &mut g.rng);
    }
    g.asm.word(SRET);
    raise_to_machine(g);
    (g.medeleg, g.mideleg) = kept;
    write_delegation(g, t);
    g.asm.li(t, csr::MSTATUS_TSR);
    g.asm.csr(CSRRC, ZERO, csr::MSTATUS, t);
}
