//! Encodings of the 16-bit instructions of RV32C. A register written `_c` must be x8-x15.

use super::asm::Reg;

/// The two-register operations of quadrant 1.
#[derive(Clone, Copy, Debug)]
pub(super) enum RegisterOp {
    /// `c.sub`
    Sub = 0,
    /// `c.xor`
    Xor = 1,
    /// `c.or`
    Or = 2,
    /// `c.and`
    And = 3,
}

fn bits(value: u32, high: u32, low: u32) -> u16 {
    ((value >> low) & ((1 << (high - low + 1)) - 1)) as u16
}

fn r(reg: Reg) -> u16 {
    u16::from(reg)
}

fn rc(reg: Reg) -> u16 {
    u16::from(reg - 8)
}

/// `rd_c = sp + imm`, imm a multiple of 4 in 4..=1020.
#[must_use]
pub(super) fn addi4spn(rd_c: Reg, imm: u32) -> u16 {
    bits(imm, 5, 4) << 11
        | bits(imm, 9, 6) << 7
        | bits(imm, 2, 2) << 6
        | bits(imm, 3, 3) << 5
        | rc(rd_c) << 2
}

fn word_offset(imm: u32) -> u16 {
    bits(imm, 5, 3) << 10 | bits(imm, 2, 2) << 6 | bits(imm, 6, 6) << 5
}

/// `c.lw`, imm a multiple of 4 in 0..=124.
#[must_use]
pub(super) fn lw(rd_c: Reg, rs1_c: Reg, imm: u32) -> u16 {
    0x4000 | word_offset(imm) | rc(rs1_c) << 7 | rc(rd_c) << 2
}

/// `c.sw`, imm as for [`lw`].
#[must_use]
pub(super) fn sw(rs2_c: Reg, rs1_c: Reg, imm: u32) -> u16 {
    0xC000 | word_offset(imm) | rc(rs1_c) << 7 | rc(rs2_c) << 2
}

/// `c.lwsp`, imm a multiple of 4 in 0..=252, rd not x0.
#[must_use]
pub(super) fn lwsp(rd: Reg, imm: u32) -> u16 {
    0x4002 | bits(imm, 5, 5) << 12 | r(rd) << 7 | bits(imm, 4, 2) << 4 | bits(imm, 7, 6) << 2
}

/// `c.swsp`, imm as for [`lwsp`].
#[must_use]
pub(super) fn swsp(rs2: Reg, imm: u32) -> u16 {
    0xC002 | bits(imm, 5, 2) << 9 | bits(imm, 7, 6) << 7 | r(rs2) << 2
}

fn immediate(imm: i32) -> u16 {
    bits(imm as u32, 5, 5) << 12 | bits(imm as u32, 4, 0) << 2
}

/// `c.addi`, imm in -32..=31.
#[must_use]
pub(super) fn addi(rd: Reg, imm: i32) -> u16 {
    0x0001 | immediate(imm) | r(rd) << 7
}

/// `c.li`, imm in -32..=31.
#[must_use]
pub(super) fn li(rd: Reg, imm: i32) -> u16 {
    0x4001 | immediate(imm) | r(rd) << 7
}

/// `c.lui` of `imm << 12`, imm in -32..=31 and not 0, rd neither x0 nor x2.
#[must_use]
pub(super) fn lui(rd: Reg, imm: i32) -> u16 {
    0x6001 | immediate(imm) | r(rd) << 7
}

/// `c.addi16sp`, imm a multiple of 16 in -512..=496 and not 0.
#[must_use]
pub(super) fn addi16sp(imm: i32) -> u16 {
    let imm = imm as u32;
    0x6101
        | bits(imm, 9, 9) << 12
        | bits(imm, 4, 4) << 6
        | bits(imm, 6, 6) << 5
        | bits(imm, 8, 7) << 3
        | bits(imm, 5, 5) << 2
}

/// `c.srli` or `c.srai` by 0..=31.
#[must_use]
pub(super) fn shift_right(arithmetic: bool, rd_c: Reg, shamt: u32) -> u16 {
    0x8001 | u16::from(arithmetic) << 10 | rc(rd_c) << 7 | bits(shamt, 4, 0) << 2
}

/// `c.andi`, imm in -32..=31.
#[must_use]
pub(super) fn andi(rd_c: Reg, imm: i32) -> u16 {
    0x8801 | immediate(imm) | rc(rd_c) << 7
}

/// `rd_c = rd_c op rs2_c`.
#[must_use]
pub(super) fn register(op: RegisterOp, rd_c: Reg, rs2_c: Reg) -> u16 {
    0x8C01 | rc(rd_c) << 7 | (op as u16) << 5 | rc(rs2_c) << 2
}

/// `c.slli` by 0..=31.
#[must_use]
pub(super) fn slli(rd: Reg, shamt: u32) -> u16 {
    0x0002 | r(rd) << 7 | bits(shamt, 4, 0) << 2
}

/// `c.mv`, rs2 not x0.
#[must_use]
pub(super) fn mv(rd: Reg, rs2: Reg) -> u16 {
    0x8002 | r(rd) << 7 | r(rs2) << 2
}

/// `c.add`, rs2 not x0.
#[must_use]
pub(super) fn add(rd: Reg, rs2: Reg) -> u16 {
    0x9002 | r(rd) << 7 | r(rs2) << 2
}

/// `c.jr`, or `c.jalr` (which links `ra`); rs1 not x0.
#[must_use]
pub(super) fn jump_register(link: bool, rs1: Reg) -> u16 {
    0x8002 | u16::from(link) << 12 | r(rs1) << 7
}
