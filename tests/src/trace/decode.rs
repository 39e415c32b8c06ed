//! What an instruction of RV32IMAC writes and where it goes in memory, worked out from its
//! encoding and the registers before it. Used to check the RVFI fields that QEMU does not show.

/// A data access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Its address.
    pub address: u32,
    /// Bytes: 1, 2 or 4.
    pub size: u32,
    /// It reads.
    pub load: bool,
    /// It writes; an SC only if it succeeds.
    pub store: bool,
    /// Register whose low bytes are stored; `None` for an AMO, whose result is computed.
    pub source: Option<usize>,
    /// It is an SC.
    pub conditional: bool,
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

fn load(rd: u32, address: u32, size: u32) -> Effects {
    let access =
        Access { address, size, load: true, store: false, source: None, conditional: false };
    Effects { rd, access: Some(access) }
}

fn store(source: u32, address: u32, size: u32) -> Effects {
    let source = Some(source as usize);
    let access = Access { address, size, load: false, store: true, source, conditional: false };
    Effects { rd: 0, access: Some(access) }
}

fn long(insn: u32, regs: &[u32; 32]) -> Effects {
    let (rd, rs2, funct3) = (field(insn, 11, 7), field(insn, 24, 20), field(insn, 14, 12));
    let base = regs[field(insn, 19, 15) as usize];
    let only = Effects { rd, access: None };
    match insn & 0x7F {
        0x37 | 0x17 | 0x6F | 0x67 | 0x13 | 0x33 => only,
        0x73 if funct3 != 0 => only,
        0x03 => load(rd, base.wrapping_add(((insn as i32) >> 20) as u32), 1 << (funct3 & 3)),
        0x23 => {
            let imm = ((insn as i32) >> 25 << 5) as u32 | rd;
            store(rs2, base.wrapping_add(imm), 1 << (funct3 & 3))
        }
        0x2F => {
            let funct5 = insn >> 27;
            let (is_lr, conditional) = (funct5 == 2, funct5 == 3);
            let source = conditional.then_some(rs2 as usize);
            let access = Access {
                address: base,
                size: 4,
                load: !conditional,
                store: !is_lr,
                source,
                conditional,
            };
            Effects { rd, access: Some(access) }
        }
        _ => Effects::default(),
    }
}

fn compressed(insn: u32, regs: &[u32; 32]) -> Effects {
    let (full, low) = (field(insn, 11, 7), field(insn, 6, 2));
    let (near1, near2) = (8 + field(insn, 9, 7), 8 + field(insn, 4, 2));
    let bit12 = field(insn, 12, 12);
    let only = |rd| Effects { rd, access: None };
    let word_offset =
        field(insn, 12, 10) << 3 | field(insn, 6, 6) << 2 | field(insn, 5, 5) << 6;
    let near_address = regs[near1 as usize].wrapping_add(word_offset);
    match (insn & 3, field(insn, 15, 13)) {
        (0, 0) => only(near2),
        (0, 2) => load(near2, near_address, 4),
        (0, 6) => store(near2, near_address, 4),
        (1, 0 | 2 | 3) => only(full),
        (1, 1) => only(1),
        (1, 4) => only(near1),
        (2, 0) => only(full),
        (2, 2) => {
            let imm = bit12 << 5 | field(insn, 6, 4) << 2 | field(insn, 3, 2) << 6;
            load(full, regs[2].wrapping_add(imm), 4)
        }
        // c.mv and c.add have a second register; c.jr does not, c.jalr links ra.
        (2, 4) if low != 0 => only(full),
        (2, 4) if bit12 == 1 && full != 0 => only(1),
        (2, 6) => {
            let imm = field(insn, 12, 9) << 2 | field(insn, 8, 7) << 6;
            store(low, regs[2].wrapping_add(imm), 4)
        }
        _ => Effects::default(),
    }
}
