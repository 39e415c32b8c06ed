//! Items that run in any mode and come back to the next instruction: arithmetic, memory,
//! atomics, CSR accesses and instructions that trap and are stepped over.

use super::asm::{
    Asm, BEQ, C_EBREAK, CSR_IMMEDIATE, CSRRC, CSRRS, CSRRW, EBREAK, ECALL, FENCE, FENCE_I, Label,
    RA, Reg, SFENCE_VMA, SP, ZERO, i_type, r_type,
};
use super::compressed::{self as c, RegisterOp};
use super::generate::{Generator, Mode};
use super::{NOWHERE, Rng, csr};

/// Points to the middle of the data area, like `sp`.
pub(super) const GP: Reg = 3;
/// Counts loops down; nothing else writes it.
pub(super) const LOOP: Reg = 4;
/// Points to the start of the data area, within reach of compressed loads.
pub(super) const BASE: Reg = 8;

/// A register that items may write.
pub(super) fn free(rng: &mut Rng) -> Reg {
    const FREE: [Reg; 26] = [
        5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
        30, 31,
    ];
    // A few registers come up often, so that results are used soon after they are made.
    if rng.percent(50) { rng.pick(&FREE[..8]) } else { rng.pick(&FREE) }
}

/// `N` different registers that items may write.
pub(super) fn distinct<const N: usize>(rng: &mut Rng) -> [Reg; N] {
    let mut out = [0; N];
    for i in 0..N {
        out[i] = loop {
            let reg = free(rng);
            if !out[..i].contains(&reg) {
                break reg;
            }
        };
    }
    out
}

fn destination(rng: &mut Rng) -> Reg {
    if rng.percent(4) { ZERO } else { free(rng) }
}

fn source(rng: &mut Rng) -> Reg {
    if rng.percent(85) { free(rng) } else { rng.below(32) as Reg }
}

/// x9-x15: the registers that compressed instructions reach and items may write.
fn near(rng: &mut Rng) -> Reg {
    9 + rng.below(7) as Reg
}

fn near_source(rng: &mut Rng) -> Reg {
    8 + rng.below(8) as Reg
}

/// An integer operation, compressed or not.
pub(super) fn alu(asm: &mut Asm, rng: &mut Rng) {
    let (rd, rs1, rs2) = (destination(rng), source(rng), source(rng));
    match rng.below(100) {
        0..18 => {
            let funct3 = rng.pick(&[0, 2, 3, 4, 6, 7]);
            asm.word(i_type(0x13, funct3, rd, rs1, rng.between(-2048, 2047)));
        }
        18..26 => {
            let (funct3, high) = rng.pick(&[(1, 0), (5, 0), (5, 0x400)]);
            asm.word(i_type(0x13, funct3, rd, rs1, high | rng.between(0, 31)));
        }
        26..44 => {
            let (funct3, funct7) = rng.pick(&[
                (0, 0),
                (0, 0x20),
                (1, 0),
                (2, 0),
                (3, 0),
                (4, 0),
                (5, 0),
                (5, 0x20),
                (6, 0),
                (7, 0),
            ]);
            asm.word(r_type(0x33, funct3, funct7, rd, rs1, rs2));
        }
        44..58 => asm.word(r_type(0x33, rng.below(8), 1, rd, rs1, rs2)), // M
        58..62 => asm.li(free(rng), rng.value()),
        62..66 => {
            let opcode = rng.pick(&[0x37, 0x17]);
            asm.word(rng.next_u32() & 0xFFFF_F000 | u32::from(rd) << 7 | opcode);
        }
        _ => compressed_alu(asm, rng),
    }
}

fn compressed_alu(asm: &mut Asm, rng: &mut Rng) {
    let (rd, near) = (free(rng), near(rng));
    let imm = rng.between(-32, 31);
    let not_zero = if imm == 0 { 1 } else { imm };
    let some = 1 + rng.below(31) as Reg;
    match rng.below(13) {
        0 => asm.half(c::addi(rd, not_zero)),
        1 => asm.half(c::li(rd, imm)),
        2 => asm.half(c::lui(rd, not_zero)),
        3 => asm.half(c::addi4spn(near, 4 * (1 + rng.below(255)))),
        4 => {
            // There and back: sp stays where the loads want it.
            let step = rng.pick(&[16, 32, 64, 128, 256, 496]);
            asm.half(c::addi16sp(step));
            asm.half(c::mv(rd, SP));
            asm.half(c::addi16sp(-step));
        }
        5 => asm.half(c::shift_right(rng.percent(50), near, 1 + rng.below(31))),
        6 => asm.half(c::andi(near, imm)),
        7 | 8 => {
            let op = rng.pick(&[RegisterOp::Sub, RegisterOp::Xor, RegisterOp::Or, RegisterOp::And]);
            asm.half(c::register(op, near, near_source(rng)));
        }
        9 => asm.half(c::slli(rd, 1 + rng.below(31))),
        10 => asm.half(c::mv(rd, some)),
        11 => asm.half(c::add(rd, some)),
        _ => asm.half(c::addi(rd, not_zero)),
    }
}

/// A load or store in the data area, aligned.
pub(super) fn memory(asm: &mut Asm, rng: &mut Rng) {
    let store = rng.percent(45);
    let (rd, value) = (destination(rng), source(rng));
    match rng.below(10) {
        0..5 => {
            let size = rng.below(3);
            let base = rng.pick(&[SP, GP]);
            let offset = rng.between(-1024, 1023) & -(1 << size);
            if store {
                asm.store(size, value, base, offset);
            } else {
                let unsigned = if size < 2 { 4 * rng.below(2) } else { 0 };
                asm.load(size | unsigned, rd, base, offset);
            }
        }
        5..8 => {
            // The address is computed just before, from whatever is in a register.
            let [address, dest] = distinct(rng);
            let size = rng.below(3);
            asm.word(i_type(
                0x13,
                7,
                address,
                source(rng),
                0x3FC | rng.between(0, 3) & -(1 << size),
            ));
            asm.word(r_type(0x33, 0, 0, address, address, BASE));
            if store {
                asm.store(size, value, address, 0);
            } else {
                asm.load(size, dest, address, 0);
            }
        }
        8 => {
            let offset = 4 * rng.below(32);
            let near = near(rng);
            asm.half(if store {
                c::sw(near_source(rng), BASE, offset)
            } else {
                c::lw(near, BASE, offset)
            });
        }
        _ => {
            let offset = 4 * rng.below(64);
            asm.half(if store { c::swsp(value, offset) } else { c::lwsp(free(rng), offset) });
        }
    }
}

/// An AMO, an LR/SC pair with nothing but arithmetic between, or an SC without reservation.
pub(super) fn atomic(g: &mut Generator) {
    let Generator { asm, rng, reservations, translated, .. } = g;
    const AMO: [u32; 9] = [0x00, 0x01, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C];
    let [address, a, b] = distinct(rng);
    let order = rng.below(4);
    asm.addi(address, rng.pick(&[SP, GP]), rng.between(-1024, 1023) & -4);
    match rng.below(if *reservations { 10 } else { 5 }) {
        0..5 => {
            let funct5 = rng.pick(&AMO);
            let rd = if rng.percent(10) { ZERO } else { a };
            if *translated {
                let value = rng.value();
                asm.li(a, value);
                let over = loaded(asm, [address, a, b], 0);
                asm.word(r_type(0x2F, 2, funct5 << 2 | order, rd, address, source(rng)));
                asm.bind(over);
            } else {
                asm.word(r_type(0x2F, 2, funct5 << 2 | order, rd, address, source(rng)));
            }
        }
        5..9 => {
            asm.word(r_type(0x2F, 2, 0x02 << 2 | order, a, address, ZERO));
            for _ in 0..rng.below(4) {
                let funct3 = rng.pick(&[0, 4, 6, 7]);
                asm.word(i_type(0x13, funct3, b, source(rng), rng.between(-2048, 2047)));
            }
            asm.word(r_type(0x2F, 2, 0x03 << 2 | order, b, address, source(rng)));
            if rng.percent(30) {
                asm.word(r_type(0x2F, 2, 0x03 << 2 | order, a, address, source(rng)));
            }
        }
        _ => {
            // The first SC uses up any reservation, the second must fail.
            asm.word(r_type(0x2F, 2, 0x02 << 2, a, address, ZERO));
            asm.word(r_type(0x2F, 2, 0x03 << 2, a, address, a));
            asm.word(r_type(0x2F, 2, 0x03 << 2, b, address, source(rng)));
        }
    }
}

/// A load, and a branch to the label that is returned if it was given up: the register that it
/// would have written still has the value of `mark`. An AMO behind it cannot fail by what it loads, for
/// which QEMU 7.2 raises the exceptions of a load.
pub(super) fn loaded(asm: &mut Asm, [base, mark, t]: [Reg; 3], offset: i32) -> Label {
    let over = asm.label();
    asm.addi(t, mark, 0);
    asm.lw(t, base, offset);
    asm.branch(BEQ, t, mark, over);
    over
}

/// A CSR access with defined behaviour in the present mode, or one that is refused there.
pub(super) fn csr_access(g: &mut Generator) {
    let rd = destination(&mut g.rng);
    let [value] = distinct(&mut g.rng);
    if rng_refused(g, rd) {
        return;
    }
    // (number, bits that may be written, written as a whole)
    let supervisor: [(u32, u32, bool); 6] = [
        (csr::SSTATUS, csr::SSTATUS_ALL, false),
        (csr::SIE, g.interrupts, false),
        (csr::SIP, g.interrupts & 1 << 1, false),
        (csr::SEPC, 0xFFFF_FFFE, true),
        (csr::SCAUSE, 0x8000_000F, true),
        (csr::STVAL, 0xFFFF_FFFF, true),
    ];
    let memory = csr::MSTATUS_MEMORY & if g.translated { !csr::MSTATUS_TVM } else { !0 };
    let machine: [(u32, u32, bool); 7] = [
        (csr::MSTATUS, csr::MSTATUS_STACK, false),
        (csr::MSTATUS, memory, false),
        (csr::MIE, g.interrupts, false),
        (csr::MIP, g.interrupts, false),
        (csr::MEPC, 0xFFFF_FFFE, true),
        (csr::MCAUSE, 0x8000_000F, true),
        (csr::MTVAL, 0xFFFF_FFFF, true),
    ];
    const READ_ONLY: [u32; 5] = [csr::MEDELEG, csr::MIDELEG, csr::MTVEC, csr::MISA, csr::MHARTID];
    let in_machine = g.mode == Mode::Machine;
    if in_machine && g.rng.percent(15) {
        let number = g.rng.pick(&READ_ONLY);
        g.asm.csr(CSRRS, rd, number, ZERO);
        return;
    }
    let (number, writable, whole) = if in_machine && g.rng.percent(60) {
        g.rng.pick(&machine)
    } else {
        g.rng.pick(&supervisor)
    };
    let bits = g.rng.next_u32() & writable;
    let set_or_clear = g.rng.pick(&[CSRRS, CSRRC]);
    match g.rng.below(4) {
        0 => g.asm.csr(set_or_clear, rd, number, ZERO),
        1 => {
            let immediate = (bits & 0x1F) as Reg;
            g.asm.csr(set_or_clear | CSR_IMMEDIATE, rd, number, immediate);
        }
        _ => {
            g.asm.li(value, bits);
            let funct3 = if whole && g.rng.percent(60) { CSRRW } else { set_or_clear };
            g.asm.csr(funct3, rd, number, value);
        }
    }
}

/// Makes an interrupt of the program's pending and enables it; it is taken at once or in a lower
/// mode, as delegation and masks will have it.
pub(super) fn interrupt(g: &mut Generator) {
    let [bits] = distinct(&mut g.rng);
    let chosen = g.rng.next_u32() & g.interrupts;
    let (enable, pending, status, mask, on) = match g.mode {
        Mode::Machine => (csr::MIE, csr::MIP, csr::MSTATUS, chosen, csr::MSTATUS_MIE),
        Mode::Supervisor => (csr::SIE, csr::SIP, csr::SSTATUS, chosen & 1 << 1, 1 << 1),
        Mode::User => return,
    };
    g.asm.li(bits, mask);
    let first_enable = g.rng.percent(50);
    for enable_now in [first_enable, !first_enable] {
        g.asm.csr(CSRRS, ZERO, if enable_now { enable } else { pending }, bits);
    }
    if g.rng.percent(60) {
        g.asm.csr(CSRRS | CSR_IMMEDIATE, ZERO, status, on as Reg);
    }
}

/// In S and U, and sometimes in M: an access that must raise an illegal-instruction exception.
fn rng_refused(g: &mut Generator, rd: Reg) -> bool {
    const NOT_THERE: [u32; 3] = [0x123, 0x8C0, 0xBFF];
    const READ_ONLY: [u32; 2] = [csr::MHARTID, 0xF12];
    let number = match (g.mode, g.rng.below(100)) {
        (_, 0..8) => g.rng.pick(&NOT_THERE),
        (_, 8..14) => {
            let number = g.rng.pick(&READ_ONLY);
            let value = free(&mut g.rng);
            g.asm.csr(CSRRW, rd, number, value);
            return true;
        }
        (Mode::Supervisor, 14..34) => {
            g.rng.pick(&[csr::MSTATUS, csr::MEPC, csr::MIE, csr::MSCRATCH])
        }
        (Mode::User, 14..50) => {
            g.rng.pick(&[csr::SSTATUS, csr::SEPC, csr::MSTATUS, csr::SIP, csr::MTVEC])
        }
        (Mode::User, _) => {
            // Nothing is legal in U.
            alu(&mut g.asm, &mut g.rng);
            return true;
        }
        _ => return false,
    };
    let funct3 = g.rng.pick(&[CSRRW, CSRRS, CSRRC]);
    let value = free(&mut g.rng);
    g.asm.csr(funct3, rd, number, value);
    true
}

/// An instruction that traps; the handler steps over it.
pub(super) fn trap(g: &mut Generator) {
    let rng = &mut g.rng;
    match rng.below(10) {
        0 => g.asm.word(ECALL),
        1 => g.asm.word(EBREAK),
        2 => g.asm.half(C_EBREAK),
        3..7 => illegal(&mut g.asm, rng),
        7 | 8 => {
            let [address, rd] = distinct(rng);
            g.asm.li(address, rng.pick(&NOWHERE));
            let size = rng.below(3);
            let offset = rng.between(0, 511) << 2;
            if rng.percent(50) {
                g.asm.store(size, source(rng), address, offset);
            } else {
                g.asm.load(size, rd, address, offset);
            }
        }
        _ if g.in_call => g.asm.word(ECALL), // ra is in use
        _ => {
            let [address] = distinct(rng);
            g.asm.li(address, rng.pick(&NOWHERE) | rng.below(256) << 2);
            if rng.percent(50) {
                g.asm.jalr(RA, address, 0);
            } else {
                g.asm.half(c::jump_register(true, address));
            }
        }
    }
}

/// An encoding that RV32IMAC_Zicsr_Zifencei does not define and neither machine extends. None of
/// those for instructions longer than 32 bits: QEMU's disassembler does not come back from them.
fn illegal(asm: &mut Asm, rng: &mut Rng) {
    let any = rng.next_u32();
    let (rd, rs1, rs2) = (rng.below(32) as Reg, rng.below(32) as Reg, rng.below(32) as Reg);
    match rng.below(16) {
        0 => asm.half(0),
        1 => asm.word(any & 0xFFFF_FF80 | 0x77),   // OP-VE
        2 => asm.word(any & 0xFFFF_8F80 | 0x2007), // flw
        3 => asm.word(any & 0x01FF_FF80 | 0x53),   // fadd.s
        4 => asm.word(i_type(0x03, rng.pick(&[3, 6, 7]), rd, rs1, 8)),
        5 => asm.word(r_type(0x23, rng.pick(&[3, 4, 5, 6, 7]), 0, rd, rs1, rs2)),
        6 => asm.word(r_type(0x63, rng.pick(&[2, 3]), 0, 8, rs1, rs2)),
        7 => asm.word(r_type(0x13, rng.pick(&[1, 5]), 1, rd, rs1, rs2)), // shamt[5]
        8 => {
            asm.word(r_type(0x33, rng.below(8), rng.pick(&[2, 4, 0x21, 0x40, 0x7F]), rd, rs1, rs2))
        }
        9 => asm.word(i_type(0x67, 1 + rng.below(7), rd, rs1, 0)),
        10 => asm.word(r_type(0x2F, rng.pick(&[0, 1, 3, 4]), 0, rd, rs1, rs2)),
        11 => asm.word(any & 0xFFFF_FF80 | rng.pick(&[0x0B, 0x2B, 0x5B, 0x7B, 0x1B, 0x3B])),
        12 => asm.half((any & 0x1F7C) as u16 | 0x6000), // c.flw
        13 => asm.half((any & 0x1F7C) as u16 | 0x8000), // reserved in quadrant 0
        14 => asm.half(0x8002),                         // c.jr x0
        _ => asm.word(r_type(0x73, 0, rng.pick(&[0x01, 0x20, 0x7F]), 0, 0, 2)),
    }
}

/// A fence; in S and M sometimes `sfence.vma`, which TVM may make illegal in S.
pub(super) fn fence(g: &mut Generator) {
    let word = g.rng.pick(&[FENCE, FENCE_I, SFENCE_VMA, 0x0100_000F]);
    g.asm.word(word);
}
