//! The guest's architectural state, from what its tile retires.
//!
//! In a cycle that shows a retired instruction, the tile's register file and cache hold what it did and nothing of what
//! follows it (the core's last stage writes them). So such a cycle is a boundary between two instructions, and registers
//! are read where they are. It is one of the guest's after an instruction of its own or an interrupt that it handles itself, and
//! after the VMM's return to it: what the VMM gives back in registers is there then. CSRs are written two stages earlier; `satp` is
//! taken when its writer retires.

use covert_model::{Instruction, Seen};

use super::tile::{Tile, Values};
use crate::error::Error;

const MACHINE: u32 = 3;
const MRET: u32 = 0x3020_0073;
const SRET: u32 = 0x1020_0073;
const SATP: u32 = 0x180;

/// Where the guest stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// No VMM: M-mode is the guest's too.
    bare: bool,
    /// Registers as the guest last had them: what counts while the VMM works.
    registers: [u32; 32],
    /// Its next instruction, unless an interrupt comes first.
    pub pc: u32,
    /// Page of the root table of its translation.
    root: Option<u32>,
    /// Privilege of its next instruction.
    mode: u32,
    /// The VMM works.
    vmm: bool,
    /// An instruction of the guest trapped into the VMM, which has not returned yet.
    called: bool,
    /// It has executed something since [`Guest::resume`].
    pub moved: bool,
}

impl Guest {
    /// A guest that has not begun: below the VMM, or a bare program at its first address.
    pub fn new(bare: Option<u32>) -> Self {
        Self {
            bare: bare.is_some(),
            registers: [0; 32],
            pc: bare.unwrap_or(0),
            root: None,
            mode: if bare.is_some() { MACHINE } else { 1 },
            vmm: bare.is_none(),
            called: false,
            moved: false,
        }
    }

    /// Takes what `tile` was seen to do; true: the guest stands between two instructions of its own.
    ///
    /// # Errors
    /// The model refuses: a bug.
    pub fn take(&mut self, tile: &Tile, values: &impl Values, seen: &Seen) -> Result<bool, Error> {
        match seen {
            Seen::Retired(retired) if self.bare || retired.mode != MACHINE => {
                self.executed(tile, values, retired)
            }
            Seen::Retired(retired) => self.returned(tile, values, retired),
            Seen::Interrupt(_) => self.interrupted(tile, values),
        }
    }

    /// The guest's own instruction.
    fn executed(
        &mut self,
        tile: &Tile,
        values: &impl Values,
        retired: &Instruction,
    ) -> Result<bool, Error> {
        self.moved = true;
        if retired.rd != 0 {
            self.registers[retired.rd as usize % 32] = retired.rd_value;
        }
        self.mode = retired.mode;
        if retired.trap || retired.insn == MRET || retired.insn == SRET {
            let mode = tile.privilege(values)?;
            if mode == MACHINE && !self.bare {
                // It is the VMM's to say what the instruction does.
                self.pc = retired.pc;
                self.vmm = true;
                self.called = true;
                return Ok(false);
            }
            self.mode = mode;
        }
        if writes_satp(retired.insn) {
            self.root = tile.root(values)?;
        }
        self.pc = retired.next_pc;
        Ok(true)
    }

    /// The VMM's instruction, which may be its return to the guest.
    fn returned(
        &mut self,
        tile: &Tile,
        values: &impl Values,
        retired: &Instruction,
    ) -> Result<bool, Error> {
        self.vmm = true;
        if retired.trap || retired.insn != MRET || tile.privilege(values)? == MACHINE {
            return Ok(false);
        }
        self.mode = tile.privilege(values)?;
        self.registers = tile.registers(values)?;
        self.root = tile.root(values)?;
        self.pc = retired.next_pc;
        self.vmm = false;
        self.called = false;
        Ok(true)
    }

    /// An interrupt: the VMM's, or one that the guest handles itself.
    fn interrupted(&mut self, tile: &Tile, values: &impl Values) -> Result<bool, Error> {
        let mode = tile.privilege(values)?;
        if mode == MACHINE && !self.bare {
            self.vmm = true;
            return Ok(false);
        }
        self.moved = true;
        self.mode = mode;
        self.pc = tile.handler(values, mode)?;
        Ok(true)
    }

    /// It goes on from here.
    pub fn resume(&mut self) {
        // What the VMM does for an instruction is part of it.
        self.moved = self.called;
    }

    /// x0 to x31.
    ///
    /// # Errors
    /// The model refuses: a bug.
    pub fn registers(&self, tile: &Tile, values: &impl Values) -> Result<[u32; 32], Error> {
        if self.vmm { Ok(self.registers) } else { tile.registers(values) }
    }

    /// Page of the root table, if its addresses are translated.
    pub fn root(&self) -> Option<u32> {
        self.root.filter(|_| self.mode != MACHINE)
    }
}

/// A CSR instruction on `satp`.
fn writes_satp(insn: u32) -> bool {
    insn & 0x7F == 0x73 && insn & 0x7000 != 0 && insn >> 20 == SATP
}
