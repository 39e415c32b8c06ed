//! What an instruction of RV32IMAC writes and where it goes in memory, worked out from its
//! encoding and the registers before it. Used to check the RVFI fields that QEMU does not show.

/// A data access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Its address.
    pub address: u32,
    /// Bytes: 1, 2 or 4.
    pub size: u32,
    /// What it does there.
    pub kind: Kind,
}

/// The kinds of data accesses, with the register value that goes to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Load; the register gets the value sign-extended or not.
    Load {
        /// Sign-extended.
        signed: bool,
    },
    /// Store.
    Store(u32),
    /// SC, which stores only if it succeeds.
    Conditional(u32),
    /// AMO: funct5 and the operand.
    Amo(u32, u32),
}

impl Access {
    /// It reads memory.
    #[must_use]
    pub fn loads(&self) -> bool {
        matches!(self.kind, Kind::Load { .. } | Kind::Amo(..))
    }

    /// What it stores, in its low bytes, where memory holds `old`; `None` if it does not store.
    #[must_use]
    pub fn stored(&self, old: u32) -> Option<u32> {
        match self.kind {
            Kind::Load { .. } => None,
            Kind::Store(value) | Kind::Conditional(value) => Some(value),
            Kind::Amo(funct5, operand) => Some(amo(funct5, old, operand)),
        }
    }

    /// What a register gets of `data`, the access's bytes from bit 0 on.
    #[must_use]
    pub fn extended(&self, data: u32) -> u32 {
        let unused = 32 - 8 * self.size;
        match self.kind {
            Kind::Load { signed: false } => data << unused >> unused,
            _ => ((data << unused) as i32 >> unused) as u32,
        }
    }
}

fn amo(funct5: u32, old: u32, operand: u32) -> u32 {
    match funct5 {
        0x00 => old.wrapping_add(operand),
        0x04 => old ^ operand,
        0x08 => old | operand,
        0x0C => old & operand,
        0x10 => (old as i32).min(operand as i32) as u32,
        0x14 => (old as i32).max(operand as i32) as u32,
        0x18 => old.min(operand),
        0x1C => old.max(operand),
        _ => operand,
    }
}

/// What an instruction does if it does not trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Effects {
    /// Register written; 0 if none.
    pub rd: u32,
    /// Its data access.
    pub access: Option<Access>,
}

fn field(insn: u32, high: u32, low: u32) -> u32 {
    (insn >> low) & ((1 << (high - low + 1)) - 1)
}

/// The effects of `insn` with registers `regs` before it.
#[must_use]
pub fn decode(insn: u32, regs: &[u32; 32]) -> Effects {
    if insn & 3 == 3 { long(insn, regs) } else { compressed(insn, regs) }
}

fn load(rd: u32, address: u32, size: u32, signed: bool) -> Effects {
    Effects { rd, access: Some(Access { address, size, kind: Kind::Load { signed } }) }
}

fn store(value: u32, address: u32, size: u32) -> Effects {
    Effects { rd: 0, access: Some(Access { address, size, kind: Kind::Store(value) }) }
}

fn long(insn: u32, regs: &[u32; 32]) -> Effects {
    let (rd, funct3) = (field(insn, 11, 7), field(insn, 14, 12));
    let value = regs[field(insn, 24, 20) as usize];
    let base = regs[field(insn, 19, 15) as usize];
    let only = Effects { rd, access: None };
    match insn & 0x7F {
        0x37 | 0x17 | 0x6F | 0x67 | 0x13 | 0x33 => only,
        0x73 if funct3 != 0 => only,
        0x03 => {
            let address = base.wrapping_add(((insn as i32) >> 20) as u32);
            load(rd, address, 1 << (funct3 & 3), funct3 < 4)
        }
        0x23 => {
            let imm = ((insn as i32) >> 25 << 5) as u32 | rd;
            store(value, base.wrapping_add(imm), 1 << (funct3 & 3))
        }
        0x2F => {
            let kind = match insn >> 27 {
                2 => Kind::Load { signed: true },
                3 => Kind::Conditional(value),
                funct5 => Kind::Amo(funct5, value),
            };
            Effects { rd, access: Some(Access { address: base, size: 4, kind }) }
        }
        _ => Effects::default(),
    }
}

fn compressed(insn: u32, regs: &[u32; 32]) -> Effects {
    let (full, low) = (field(insn, 11, 7), field(insn, 6, 2));
    let (near1, near2) = (8 + field(insn, 9, 7), 8 + field(insn, 4, 2));
    let bit12 = field(insn, 12, 12);
    let only = |rd| Effects { rd, access: None };
    let word_offset = field(insn, 12, 10) << 3 | field(insn, 6, 6) << 2 | field(insn, 5, 5) << 6;
    let near_address = regs[near1 as usize].wrapping_add(word_offset);
    match (insn & 3, field(insn, 15, 13)) {
        (0, 0) => only(near2),
        (0, 2) => load(near2, near_address, 4, true),
        (0, 6) => store(regs[near2 as usize], near_address, 4),
        (1, 0 | 2 | 3) => only(full),
        (1, 1) => only(1),
        (1, 4) => only(near1),
        (2, 0) => only(full),
        (2, 2) => {
            let imm = bit12 << 5 | field(insn, 6, 4) << 2 | field(insn, 3, 2) << 6;
            load(full, regs[2].wrapping_add(imm), 4, true)
        }
        // c.mv and c.add have a second register; c.jr does not, c.jalr links ra.
        (2, 4) if low != 0 => only(full),
        (2, 4) if bit12 == 1 && full != 0 => only(1),
        (2, 6) => {
            let imm = field(insn, 12, 9) << 2 | field(insn, 8, 7) << 6;
            store(regs[low as usize], regs[2].wrapping_add(imm), 4)
        }
        _ => Effects::default(),
    }
}
