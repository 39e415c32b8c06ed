//! Instructions that probes are made of. Their operands are fixed: address in a0, data in a1.

const A0: u32 = 10;
const A1: u32 = 11;

const fn i_type(imm: i32, rs1: u32, funct3: u32, rd: u32, opcode: u32) -> u32 {
    (imm as u32) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
}

const fn store(funct3: u32) -> u32 {
    A1 << 20 | A0 << 15 | funct3 << 12 | 0x23
}

const fn atomic(funct5: u32, rs2: u32) -> u32 {
    funct5 << 27 | rs2 << 20 | A0 << 15 | 2 << 12 | A1 << 7 | 0x2f
}

/// `lw a1, offset(a0)`
pub const fn lw(offset: i32) -> u32 {
    i_type(offset, A0, 2, A1, 0x03)
}
/// `csrrs a1, csr, zero`
pub const fn csr_read(csr: u32) -> u32 {
    i_type(csr as i32, 0, 2, A1, 0x73)
}
/// `csrrw zero, csr, a1`
pub const fn csr_write(csr: u32) -> u32 {
    i_type(csr as i32, A1, 1, 0, 0x73)
}

/// `lw a1, 0(a0)`
pub const LW: u32 = lw(0);
/// `lh a1, 0(a0)`
pub const LH: u32 = i_type(0, A0, 1, A1, 0x03);
/// `lbu a1, 0(a0)`
pub const LBU: u32 = i_type(0, A0, 4, A1, 0x03);
/// `sw a1, 0(a0)`
pub const SW: u32 = store(2);
/// `sh a1, 0(a0)`
pub const SH: u32 = store(1);
/// `sb a1, 0(a0)`
pub const SB: u32 = store(0);
/// `lr.w a1, (a0)`
pub const LR: u32 = atomic(0b00010, 0);
/// `sc.w a1, a1, (a0)`
pub const SC: u32 = atomic(0b00011, A1);
/// `amoadd.w a1, a1, (a0)`
pub const AMOADD: u32 = atomic(0b00000, A1);
/// `amoswap.w a1, a1, (a0)`
pub const AMOSWAP: u32 = atomic(0b00001, A1);
/// `c.lw a1, 0(a0)`
pub const C_LW: u32 = 0x410c;
/// `c.sw a1, 0(a0)`
pub const C_SW: u32 = 0xc10c;
/// `jalr zero, 0(a0)`
pub const JR: u32 = i_type(0, A0, 0, 0, 0x67);
/// `cbo.flush (a0)`
pub const CBO_FLUSH: u32 = i_type(2, A0, 2, 0, 0x0f);
/// `c.ebreak`, which ends each probe's code.
pub const C_EBREAK: u32 = 0x9002;
/// `c.nop`
pub const C_NOP: u32 = 0x0001;
/// `ecall`
pub const ECALL: u32 = 0x0000_0073;
/// `wfi`
pub const WFI: u32 = 0x1050_0073;

/// Bytes of an instruction.
pub const fn len(insn: u32) -> u32 {
    if insn & 3 == 3 { 4 } else { 2 }
}
