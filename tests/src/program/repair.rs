//! What the handlers of a program with translation do about page faults. A page of an alias of the
//! code is made valid. A window's entry is made one that allows everything, or the access is
//! given up: the running hash decides, and the second fault in a row at the same instruction is
//! always given up. Elsewhere S may lack SUM, and gets it.
//!
//! An entry that was invalid is made valid without a fence: neither machine keeps invalid ones.

use super::asm::{Asm, BEQ, BGEU, BNE, CSRRS, Label, RA, Reg, ZERO, i_type, r_type};
use super::handlers::{A, B, C, FRAME, HASH, Level};
use super::{BASE, csr, space};

/// Two more registers, and where the frame keeps what was in them.
const D: Reg = 28;
const E: Reg = 29;
const SAVED: [(Reg, i32); 2] = [(D, 28), (E, 32)];
/// Frame offset: where the last page fault was that something was done about.
const LAST: i32 = 36;

/// Bits of the hash that decide: give up, fence without need, fence everything.
const GIVE_UP: i32 = 3 << 1;
const FENCE: i32 = 1 << 4;
const FENCE_ALL: i32 = 1 << 6;

/// `dst = dst & 0x3fffff | BASE`: the address of code in an alias becomes that in RAM.
pub(super) fn to_identity(asm: &mut Asm, dst: Reg, t: Reg) {
    asm.word(i_type(0x13, 1, dst, dst, 10)); // slli
    asm.word(i_type(0x13, 5, dst, dst, 10)); // srli
    asm.li(t, BASE);
    asm.word(r_type(0x33, 6, 0, dst, dst, t)); // or
}

/// If C points into a window, C = return address, and on to `resume`: what fails in a function
/// there ends it.
pub(super) fn leave_window(asm: &mut Asm, resume: Label) {
    let outside = asm.label();
    asm.word(i_type(0x13, 5, B, C, 24)); // srli
    asm.addi(B, B, -((space::WINDOWS >> 24) as i32));
    asm.branch(BNE, B, ZERO, outside);
    asm.addi(C, RA, 0);
    asm.jal(ZERO, resume);
    asm.bind(outside);
}

/// Cause in A, pc in C. If it is a page fault: goes to `resume` with C unchanged if something was
/// done about it, else falls through to be given up like an access fault.
pub(super) fn emit(asm: &mut Asm, level: Level, resume: Label) {
    let [no_page_fault, others, give_up, done] = std::array::from_fn(|_| asm.label());
    asm.li(B, csr::PAGE_FAULTS);
    asm.word(r_type(0x33, 5, 0, B, B, A)); // srl
    asm.word(i_type(0x13, 7, B, B, 1)); // andi
    asm.branch(BEQ, B, ZERO, no_page_fault);
    for (reg, at) in SAVED {
        asm.sw(reg, FRAME, at);
    }
    asm.csr(CSRRS, D, level.tval, ZERO);
    asm.li(B, space::WINDOWS);
    asm.word(r_type(0x33, 0, 0x20, E, D, B)); // sub: from the start of the windows
    asm.word(i_type(0x13, 5, B, E, 22)); // srli: which region
    asm.addi(A, ZERO, space::REPAIRED_REGIONS);
    asm.branch(BGEU, B, A, others);
    asm.addi(A, ZERO, space::SUPERPAGE_REGION as i32);
    asm.branch(BEQ, B, A, others);

    // A = root table, E = the page's entry.
    asm.csr(CSRRS, A, csr::SATP, ZERO);
    asm.word(i_type(0x13, 1, A, A, 12)); // slli
    asm.word(i_type(0x13, 5, E, E, 12)); // srli
    asm.word(i_type(0x13, 1, E, E, 2)); // slli
    asm.word(r_type(0x33, 0, 0, E, E, A)); // add
    asm.li(B, space::WINDOW_TABLES);
    asm.word(r_type(0x33, 0, 0, E, E, B)); // add

    alias(asm, [give_up, done]);
    last_time(asm, give_up);
    table(asm);

    // Everything allowed: for S if S faulted, else for U, which is what M goes on as if MPRV is set.
    asm.lw(A, E, 0);
    asm.csr(CSRRS, B, level.status, ZERO);
    let previous = if level.machine { csr::MSTATUS_MPP } else { csr::SSTATUS_SPP };
    asm.word(i_type(0x13, 5, B, B, previous.trailing_zeros() as i32)); // srli
    asm.word(i_type(0x13, 7, B, B, (previous >> previous.trailing_zeros()) as i32)); // andi
    let [supervisor, set] = std::array::from_fn(|_| asm.label());
    asm.addi(B, B, -1);
    asm.branch(BEQ, B, ZERO, supervisor);
    asm.word(i_type(0x13, 6, B, A, space::U as i32)); // ori
    asm.jal(ZERO, set);
    asm.bind(supervisor);
    asm.word(i_type(0x13, 7, B, A, !space::U as i32)); // andi
    asm.bind(set);
    let all = space::V | space::R | space::W | space::X | space::AD;
    asm.word(i_type(0x13, 6, B, B, all as i32)); // ori
    asm.sw(B, E, 0);
    fence(asm, done);

    // Not a window's: perhaps S lacks SUM.
    asm.bind(others);
    last_time(asm, give_up);
    asm.li(B, csr::MSTATUS_SUM);
    asm.csr(CSRRS, ZERO, level.status, B);
    asm.bind(done);
    for (reg, at) in SAVED {
        asm.lw(reg, FRAME, at);
    }
    asm.jal(ZERO, resume);

    asm.bind(give_up);
    asm.sw(ZERO, FRAME, LAST);
    for (reg, at) in SAVED {
        asm.lw(reg, FRAME, at);
    }
    asm.csr(CSRRS, A, level.cause, ZERO);
    asm.bind(no_page_fault);
}

/// An alias's page that is not valid appears; what else may be wrong there is given up.
fn alias(asm: &mut Asm, [give_up, done]: [Label; 2]) {
    let window = asm.label();
    asm.li(B, space::USER_CODE);
    asm.branch(super::asm::BLTU, D, B, window);
    asm.lw(B, E, 0);
    asm.word(i_type(0x13, 7, A, B, space::V as i32)); // andi
    asm.branch(BNE, A, ZERO, give_up);
    asm.word(i_type(0x13, 6, B, B, space::V as i32)); // ori
    asm.sw(B, E, 0);
    asm.jal(ZERO, done);
    asm.bind(window);
}

/// To `give_up` if the last page fault was here too, or if the hash says so.
fn last_time(asm: &mut Asm, give_up: Label) {
    asm.lw(B, FRAME, LAST);
    asm.branch(BEQ, B, C, give_up);
    asm.sw(C, FRAME, LAST);
    let go_on = asm.label();
    asm.lw(B, FRAME, HASH);
    asm.word(i_type(0x13, 7, B, B, GIVE_UP)); // andi
    asm.branch(BNE, B, ZERO, go_on);
    asm.jal(ZERO, give_up);
    asm.bind(go_on);
}

/// The root's entry becomes the one that names the window's table.
fn table(asm: &mut Asm) {
    let good = asm.label();
    asm.csr(CSRRS, A, csr::SATP, ZERO);
    asm.word(i_type(0x13, 1, A, A, 12)); // slli
    asm.word(i_type(0x13, 5, B, D, 22)); // srli
    asm.word(i_type(0x13, 1, B, B, 2)); // slli
    asm.word(r_type(0x33, 0, 0, B, B, A)); // add: the root's entry
    // The page's entry, rounded down, is in the table that the root's entry should name.
    asm.word(i_type(0x13, 5, A, E, 12)); // srli
    asm.word(i_type(0x13, 1, A, A, 10)); // slli
    asm.word(i_type(0x13, 6, A, A, space::V as i32)); // ori
    asm.sw(D, FRAME, TVAL);
    asm.lw(D, B, 0);
    asm.branch(BEQ, D, A, good);
    asm.sw(A, B, 0);
    asm.word(i_type(0x13, 7, D, D, space::V as i32)); // andi
    asm.branch(BEQ, D, ZERO, good);
    asm.word(super::asm::SFENCE_VMA);
    asm.bind(good);
    asm.lw(D, FRAME, TVAL);
}

/// Frame offset: the faulting address, while its register is needed.
const TVAL: i32 = 40;

/// If the old entry, in A, was valid, or the hash says so: a fence, for all or for the address in
/// D. Goes on to `done`.
fn fence(asm: &mut Asm, done: Label) {
    let [needed, all] = std::array::from_fn(|_| asm.label());
    asm.lw(B, FRAME, HASH);
    asm.word(i_type(0x13, 7, A, A, space::V as i32)); // andi
    asm.branch(BNE, A, ZERO, needed);
    asm.word(i_type(0x13, 7, A, B, FENCE)); // andi
    asm.branch(BEQ, A, ZERO, done);
    asm.bind(needed);
    asm.word(i_type(0x13, 7, A, B, FENCE_ALL)); // andi
    asm.branch(BNE, A, ZERO, all);
    asm.word(super::asm::sfence_vma(D, ZERO));
    asm.jal(ZERO, done);
    asm.bind(all);
    asm.word(super::asm::SFENCE_VMA);
    asm.jal(ZERO, done);
}
