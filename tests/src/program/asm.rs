//! A small assembler for RV32IMAC: words and halfwords appended to a code buffer, labels and
//! the fix-ups of what refers to them. Encodings are those of the RISC-V unprivileged and
//! privileged specifications.

/// An integer register, 0-31.
pub(super) type Reg = u8;

/// Register names of the ABI that the generator gives a role.
pub(super) const ZERO: Reg = 0;
/// Return address.
pub(super) const RA: Reg = 1;
/// Stack pointer.
pub(super) const SP: Reg = 2;

/// A place in the code, bound once and referred to any number of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(usize);

#[derive(Clone, Copy, Debug)]
enum Fixup {
    Branch,
    Jal,
    CompressedBranch,
    CompressedJump,
    /// An `auipc` and the `addi` behind it.
    Address,
}

/// The six conditional branches, as funct3.
pub(super) const BRANCHES: [u32; 6] = [0, 1, 4, 5, 6, 7];
/// funct3 of `beq` and `bne`.
pub(super) const BEQ: u32 = 0;
/// See [`BEQ`].
pub(super) const BNE: u32 = 1;
/// funct3 of `blt`: signed less than.
pub(super) const BLT: u32 = 4;
/// funct3 of `bltu`: unsigned less than.
pub(super) const BLTU: u32 = 6;
/// funct3 of `bgeu`: unsigned greater or equal.
pub(super) const BGEU: u32 = 7;

/// funct3 of the CSR instructions with a register source.
pub(super) const CSRRW: u32 = 1;
/// See [`CSRRW`].
pub(super) const CSRRS: u32 = 2;
/// See [`CSRRW`].
pub(super) const CSRRC: u32 = 3;
/// Added to the above: the source is a 5-bit immediate.
pub(super) const CSR_IMMEDIATE: u32 = 4;

/// Complete encodings of instructions without operands.
pub(super) const ECALL: u32 = 0x0000_0073;
/// See [`ECALL`].
pub(super) const EBREAK: u32 = 0x0010_0073;
/// See [`ECALL`].
pub(super) const MRET: u32 = 0x3020_0073;
/// See [`ECALL`].
pub(super) const SRET: u32 = 0x1020_0073;
/// See [`ECALL`].
pub(super) const WFI: u32 = 0x1050_0073;
/// See [`ECALL`].
pub(super) const FENCE: u32 = 0x0FF0_000F;
/// See [`ECALL`].
pub(super) const FENCE_I: u32 = 0x0000_100F;
/// `sfence.vma x0, x0`.
pub(super) const SFENCE_VMA: u32 = 0x1200_0073;
/// The 16-bit `c.ebreak`.
pub(super) const C_EBREAK: u16 = 0x9002;
/// The 16-bit `c.nop`.
pub(super) const C_NOP: u16 = 0x0001;

/// Register-register operation (also AMO with `funct7` = funct5, aq, rl).
#[must_use]
pub(super) fn r_type(opcode: u32, funct3: u32, funct7: u32, rd: Reg, rs1: Reg, rs2: Reg) -> u32 {
    funct7 << 25
        | u32::from(rs2) << 20
        | u32::from(rs1) << 15
        | funct3 << 12
        | u32::from(rd) << 7
        | opcode
}

/// Immediate operation, load, jalr, CSR access; only the low 12 bits of `imm` count.
#[must_use]
pub(super) fn i_type(opcode: u32, funct3: u32, rd: Reg, rs1: Reg, imm: i32) -> u32 {
    ((imm as u32) & 0xFFF) << 20 | u32::from(rs1) << 15 | funct3 << 12 | u32::from(rd) << 7 | opcode
}

/// Store.
#[must_use]
pub(super) fn s_type(funct3: u32, rs1: Reg, rs2: Reg, imm: i32) -> u32 {
    let imm = imm as u32;
    ((imm >> 5) & 0x7F) << 25
        | u32::from(rs2) << 20
        | u32::from(rs1) << 15
        | funct3 << 12
        | (imm & 0x1F) << 7
        | 0x23
}

/// `sfence.vma` for the page at the address in `rs1` and the address space in `rs2`.
#[must_use]
pub(super) fn sfence_vma(rs1: Reg, rs2: Reg) -> u32 {
    r_type(0x73, 0, 0x09, 0, rs1, rs2)
}

fn b_bits(offset: u32) -> u32 {
    ((offset >> 12) & 1) << 31
        | ((offset >> 5) & 0x3F) << 25
        | ((offset >> 1) & 0xF) << 8
        | ((offset >> 11) & 1) << 7
}

fn j_bits(offset: u32) -> u32 {
    ((offset >> 20) & 1) << 31
        | ((offset >> 1) & 0x3FF) << 21
        | ((offset >> 11) & 1) << 20
        | ((offset >> 12) & 0xFF) << 12
}

fn cb_bits(offset: u32) -> u16 {
    (((offset >> 8) & 1) << 12
        | ((offset >> 3) & 3) << 10
        | ((offset >> 6) & 3) << 5
        | ((offset >> 1) & 3) << 3
        | ((offset >> 5) & 1) << 2) as u16
}

fn cj_bits(offset: u32) -> u16 {
    (((offset >> 11) & 1) << 12
        | ((offset >> 4) & 1) << 11
        | ((offset >> 8) & 3) << 9
        | ((offset >> 10) & 1) << 8
        | ((offset >> 6) & 1) << 7
        | ((offset >> 7) & 1) << 6
        | ((offset >> 1) & 7) << 3
        | ((offset >> 5) & 1) << 2) as u16
}

/// Code under construction.
#[derive(Debug)]
pub(super) struct Asm {
    base: u32,
    bytes: Vec<u8>,
    labels: Vec<Option<u32>>,
    fixups: Vec<(u32, Label, Fixup)>,
}

impl Asm {
    /// Empty code that will stand at address `base`.
    #[must_use]
    pub(super) fn new(base: u32) -> Self {
        Self { base, bytes: Vec::new(), labels: Vec::new(), fixups: Vec::new() }
    }

    /// The address of the next instruction.
    #[must_use]
    pub(super) fn here(&self) -> u32 {
        self.base + self.bytes.len() as u32
    }

    /// Appends a 32-bit instruction.
    pub(super) fn word(&mut self, word: u32) {
        self.bytes.extend_from_slice(&word.to_le_bytes());
    }

    /// Appends a 16-bit instruction.
    pub(super) fn half(&mut self, half: u16) {
        self.bytes.extend_from_slice(&half.to_le_bytes());
    }

    /// Fills up with `c.nop` to a multiple of `align` bytes.
    pub(super) fn align(&mut self, align: u32) {
        while !self.here().is_multiple_of(align) {
            self.half(C_NOP);
        }
    }

    /// A new label, not bound yet.
    pub(super) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// Binds `label` to the next instruction.
    pub(super) fn bind(&mut self, label: Label) {
        assert!(self.labels[label.0].is_none(), "label bound twice");
        self.labels[label.0] = Some(self.here());
    }

    /// The address of a label that is bound.
    pub(super) fn address(&self, label: Label) -> u32 {
        self.labels[label.0].expect("label is bound")
    }

    fn fixup(&mut self, label: Label, fixup: Fixup) {
        self.fixups.push((self.here(), label, fixup));
    }

    /// `rd = imm`, in one or two instructions.
    pub(super) fn li(&mut self, rd: Reg, imm: u32) {
        let low = ((imm << 20) as i32) >> 20;
        let high = imm.wrapping_sub(low as u32);
        if high == 0 {
            self.addi(rd, ZERO, low);
        } else {
            self.word(high | u32::from(rd) << 7 | 0x37);
            if low != 0 {
                self.addi(rd, rd, low);
            }
        }
    }

    /// `rd = address of label`, in two instructions.
    pub(super) fn la(&mut self, rd: Reg, label: Label) {
        self.fixup(label, Fixup::Address);
        self.word(u32::from(rd) << 7 | 0x17);
        self.addi(rd, rd, 0);
    }

    /// Conditional branch to `label`.
    pub(super) fn branch(&mut self, funct3: u32, rs1: Reg, rs2: Reg, label: Label) {
        self.fixup(label, Fixup::Branch);
        self.word(r_type(0x63, funct3, 0, 0, rs1, rs2));
    }

    /// `jal rd, label`.
    pub(super) fn jal(&mut self, rd: Reg, label: Label) {
        self.fixup(label, Fixup::Jal);
        self.word(u32::from(rd) << 7 | 0x6F);
    }

    /// `c.beqz` or `c.bnez` of `rs1` (x8-x15) to a label within 256 bytes.
    pub(super) fn c_branch(&mut self, not_zero: bool, rs1: Reg, label: Label) {
        self.fixup(label, Fixup::CompressedBranch);
        self.half(0xC001 | u16::from(not_zero) << 13 | u16::from(rs1 - 8) << 7);
    }

    /// `c.j`, or `c.jal` (which links `ra`), to a label within 2 KiB.
    pub(super) fn c_jump(&mut self, link: bool, label: Label) {
        self.fixup(label, Fixup::CompressedJump);
        self.half(if link { 0x2001 } else { 0xA001 });
    }

    /// `addi rd, rs1, imm`.
    pub(super) fn addi(&mut self, rd: Reg, rs1: Reg, imm: i32) {
        self.word(i_type(0x13, 0, rd, rs1, imm));
    }

    /// `jalr rd, imm(rs1)`.
    pub(super) fn jalr(&mut self, rd: Reg, rs1: Reg, imm: i32) {
        self.word(i_type(0x67, 0, rd, rs1, imm));
    }

    /// Load; funct3 is 0 `lb`, 1 `lh`, 2 `lw`, 4 `lbu`, 5 `lhu`.
    pub(super) fn load(&mut self, funct3: u32, rd: Reg, rs1: Reg, imm: i32) {
        self.word(i_type(0x03, funct3, rd, rs1, imm));
    }

    /// Store; funct3 is 0 `sb`, 1 `sh`, 2 `sw`.
    pub(super) fn store(&mut self, funct3: u32, rs2: Reg, rs1: Reg, imm: i32) {
        self.word(s_type(funct3, rs1, rs2, imm));
    }

    /// `lw`.
    pub(super) fn lw(&mut self, rd: Reg, rs1: Reg, imm: i32) {
        self.load(2, rd, rs1, imm);
    }

    /// `sw`.
    pub(super) fn sw(&mut self, rs2: Reg, rs1: Reg, imm: i32) {
        self.store(2, rs2, rs1, imm);
    }

    /// CSR access; `source` is a register, or an immediate with [`CSR_IMMEDIATE`].
    pub(super) fn csr(&mut self, funct3: u32, rd: Reg, csr: u32, source: Reg) {
        self.word(i_type(0x73, funct3, rd, source, csr as i32));
    }

    /// Resolves all labels and returns the code.
    ///
    /// # Panics
    /// If a label is not bound or out of reach: a mistake in the generator.
    #[must_use]
    pub(super) fn finish(mut self) -> Vec<u8> {
        for (at, label, fixup) in std::mem::take(&mut self.fixups) {
            let target = self.labels[label.0].expect("label is bound");
            let offset = target.wrapping_sub(at);
            let signed = offset as i32;
            let reach = match fixup {
                Fixup::Branch => 4096,
                Fixup::Jal => 1 << 20,
                Fixup::CompressedBranch => 256,
                Fixup::CompressedJump => 2048,
                Fixup::Address => i32::MAX,
            };
            assert!(signed < reach && signed >= -reach, "{fixup:?} out of reach: {signed}");
            let index = (at - self.base) as usize;
            match fixup {
                Fixup::Branch => self.or_word(index, b_bits(offset)),
                Fixup::Jal => self.or_word(index, j_bits(offset)),
                Fixup::CompressedBranch => self.or_half(index, cb_bits(offset)),
                Fixup::CompressedJump => self.or_half(index, cj_bits(offset)),
                Fixup::Address => {
                    let low = ((offset << 20) as i32) >> 20;
                    self.or_word(index, offset.wrapping_sub(low as u32));
                    self.or_word(index + 4, (low as u32) << 20);
                }
            }
        }
        self.bytes
    }

    fn or_word(&mut self, index: usize, bits: u32) {
        for (byte, add) in self.bytes[index..index + 4].iter_mut().zip(bits.to_le_bytes()) {
            *byte |= add;
        }
    }

    fn or_half(&mut self, index: usize, bits: u16) {
        for (byte, add) in self.bytes[index..index + 2].iter_mut().zip(bits.to_le_bytes()) {
            *byte |= add;
        }
    }
}
