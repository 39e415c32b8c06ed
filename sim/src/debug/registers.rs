//! The registers of a tile as programs see them, read from the model while it stands at a cycle.
//!
//! The moment matters, since the two runs reach an instruction in different cycles. A snapshot is taken at the start of the
//! cycle in which the instruction is seen (`rvfi_valid`): the clock edge before wrote its result, and wrote nothing of a
//! younger instruction, which leaves the last stage one edge later at the earliest. CSRs take effect two stages earlier, so a
//! CSR write, `mret` or `sret` among the two instructions behind it may be in them already; a trap of the instruction itself is.

use covert_model::{Chip, ChipError};
use serde::Serialize;

use crate::error::Error;
use crate::state::StateMap;

use super::retired::{Difference, Retired};

/// Names of the integer registers in the calling convention.
const ABI: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];

/// The CSRs that are read one to one; `satp` is put together from two registers.
const CSRS: [&str; 10] = [
    "mstatus", "mepc", "mcause", "mtval", "mscratch", "mepoch", "sepc", "scause", "stval",
    "sscratch",
];

/// What a tile's registers held at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// x0 to x31.
    x: [u32; 32],
    /// In the order of [`CSRS`].
    csrs: [u32; CSRS.len()],
    /// As an instruction would read it.
    satp: u32,
}

impl Snapshot {
    /// All zero but one integer register.
    #[cfg(test)]
    pub(super) fn with(number: usize, value: u32) -> Self {
        let mut x = [0; 32];
        x[number] = value;
        Self { x, csrs: [0; CSRS.len()], satp: 0 }
    }
}

/// Numbers of a tile's variables.
#[derive(Clone, Copy, Debug)]
struct Tile {
    x: u32,
    csrs: [u32; CSRS.len()],
    satp_on: u32,
    satp_ppn: u32,
    last_stage: u32,
}

/// Reads the registers of one run's tiles, where an instruction may be seen.
#[derive(Debug)]
pub struct Reader {
    tiles: Vec<Tile>,
    /// By tile: an instruction may be seen in the cycle that comes.
    due: Vec<bool>,
}

impl Reader {
    /// For a chip with so many tiles.
    ///
    /// # Errors
    /// The chip has other registers than are known here: a bug.
    pub fn new(tiles: u32, state: &StateMap) -> Result<Self, Error> {
        let find = |tile, name: &str, width, words| {
            let path = format!("tile{tile}.core.{name}");
            let missing = || Error::Unexpected(format!("debug: the model has no {path}"));
            state.variable(&path, width, words).ok_or_else(missing)
        };
        let tile = |tile| {
            let mut csrs = [0; CSRS.len()];
            for (csr, name) in csrs.iter_mut().zip(CSRS) {
                *csr = find(tile, &format!("csr.{name}_q"), 32, 1)?;
            }
            Ok(Tile {
                x: find(tile, "regfile.regs_q", 32, 32)?,
                csrs,
                satp_on: find(tile, "csr.satp_on_q", 1, 1)?,
                satp_ppn: find(tile, "csr.satp_ppn_q", 22, 1)?,
                last_stage: find(tile, "r_valid_q", 1, 1)?,
            })
        };
        let tiles: Vec<Tile> = (0..tiles).map(tile).collect::<Result<_, Error>>()?;
        Ok(Self { due: vec![true; tiles.len()], tiles })
    }

    /// The registers at the start of the cycle the chip stands at, by tile; none where no instruction can be seen in this
    /// cycle. To be called once in each cycle, before it is simulated.
    ///
    /// # Errors
    /// The model refuses: a bug.
    pub fn look(&mut self, chip: &Chip) -> Result<Vec<Option<Snapshot>>, ChipError> {
        self.tiles
            .iter()
            .zip(&mut self.due)
            .map(|(tile, due)| {
                let snapshot = due.then(|| tile.read(chip)).transpose()?;
                // What is in the last stage now may be seen in the next cycle.
                *due = chip.word(tile.last_stage, 0)? != 0;
                Ok(snapshot)
            })
            .collect()
    }
}

impl Tile {
    fn read(&self, chip: &Chip) -> Result<Snapshot, ChipError> {
        let mut x = [0; 32];
        for (number, register) in (0..).zip(&mut x).skip(1) {
            *register = chip.word(self.x, number)? as u32;
        }
        let mut csrs = [0; CSRS.len()];
        for (value, variable) in csrs.iter_mut().zip(self.csrs) {
            *value = chip.word(variable, 0)? as u32;
        }
        let on = chip.word(self.satp_on, 0)? as u32;
        let satp = on << 31 | chip.word(self.satp_ppn, 0)? as u32;
        Ok(Snapshot { x, csrs, satp })
    }
}

/// A register in both runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// `x2`, `pc`, `mstatus`.
    pub name: String,
    /// Its name in the calling convention; empty for what has none.
    pub abi: &'static str,
    /// Value without the fault.
    pub golden: u32,
    /// Value with the fault.
    pub faulty: u32,
    /// They are not the same.
    pub differs: bool,
}

/// The registers of a tile in both runs, each when the first instruction that differs had just retired there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SideBySide {
    /// The tile.
    pub tile: u32,
    /// Cycle in which the instruction was seen without the fault.
    pub golden_cycle: u64,
    /// The same with the fault.
    pub faulty_cycle: u64,
    /// x0 to x31.
    pub integer: Vec<Row>,
    /// Address of the instruction (`pc`), of the next one (`next pc`), privilege of the instruction (0, 1, 3), then CSRs.
    pub control: Vec<Row>,
}

/// The table for a difference; none if the registers were not read then.
pub fn side_by_side(difference: &Difference) -> Option<SideBySide> {
    let [golden, faulty] = difference.registers?;
    let [first, other]: [&Retired; 2] = [difference.golden.first()?, difference.faulty.first()?];
    let row = |name: &str, abi, golden, faulty| Row {
        name: name.to_owned(),
        abi,
        golden,
        faulty,
        differs: golden != faulty,
    };
    let integer = (0..32)
        .map(|number| row(&format!("x{number}"), ABI[number], golden.x[number], faulty.x[number]))
        .collect();
    let mut control = vec![
        row("pc", "", first.pc, other.pc),
        row("next pc", "", first.next_pc, other.next_pc),
        row("privilege", "", first.mode.into(), other.mode.into()),
        row("satp", "", golden.satp, faulty.satp),
    ];
    let csrs = CSRS.iter().zip(golden.csrs.iter().zip(faulty.csrs));
    control.extend(csrs.map(|(name, (golden, faulty))| row(name, "", *golden, faulty)));
    Some(SideBySide {
        tile: difference.tile,
        golden_cycle: first.cycle,
        faulty_cycle: other.cycle,
        integer,
        control,
    })
}
