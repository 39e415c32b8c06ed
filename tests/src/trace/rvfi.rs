//! The core's side: one text line for each retired or trapping instruction, with the fields of
//! the riscv-formal interface.

use std::io::{BufRead, Error};

use thiserror::Error;

/// One line: `TILE ORDER PC INSN MODE TRAP INTR RD RD_WDATA MEM_ADDR RMASK WMASK RDATA WDATA
/// PC_WDATA`, all hexadecimal but ORDER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Retired {
    /// Which tile.
    pub tile: u32,
    /// Number of the instruction on its tile, from 0.
    pub order: u64,
    /// Its address.
    pub pc: u32,
    /// Its encoding; a 16-bit one in the low half, without meaning if the fetch failed.
    pub insn: u32,
    /// Mode it ran in: 0 U, 1 S, 3 M.
    pub mode: u32,
    /// It trapped and changed nothing.
    pub trap: bool,
    /// First instruction of a trap handler.
    pub intr: bool,
    /// Register written, 0 if none.
    pub rd: u32,
    /// Value written, 0 if none.
    pub rd_wdata: u32,
    /// Address of the memory access.
    pub mem_addr: u32,
    /// Bytes read.
    pub mem_rmask: u32,
    /// Bytes written.
    pub mem_wmask: u32,
    /// Data read.
    pub mem_rdata: u32,
    /// Data written.
    pub mem_wdata: u32,
    /// Address of the next instruction, traps aside.
    pub pc_wdata: u32,
}

/// What can be wrong with an RVFI text.
#[derive(Debug, Error)]
pub enum RvfiError {
    /// It could not be read.
    #[error("reading the core's trace")]
    Io(#[from] Error),
    /// A line is not of the form above.
    #[error("line {line} of the core's trace is malformed: {text:?}")]
    Malformed {
        /// Counted from 1.
        line: u64,
        /// The line.
        text: String,
    },
}

impl Retired {
    /// Reads one line; `None` if it is malformed.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let mut hex = || u32::from_str_radix(fields.next()?, 16).ok();
        let tile = hex()?;
        let order = fields.next()?.parse().ok()?;
        let mut hex = || u32::from_str_radix(fields.next()?, 16).ok();
        let out = Self {
            tile,
            order,
            pc: hex()?,
            insn: hex()?,
            mode: hex()?,
            trap: hex()? != 0,
            intr: hex()? != 0,
            rd: hex()?,
            rd_wdata: hex()?,
            mem_addr: hex()?,
            mem_rmask: hex()?,
            mem_wmask: hex()?,
            mem_rdata: hex()?,
            mem_wdata: hex()?,
            pc_wdata: hex()?,
        };
        fields.next().is_none().then_some(out.without_unused_bytes())
    }

    /// Clears what the masks declare to be without meaning.
    fn without_unused_bytes(mut self) -> Self {
        self.mem_rdata &= byte_mask(self.mem_rmask);
        self.mem_wdata &= byte_mask(self.mem_wmask);
        if self.mem_rmask | self.mem_wmask == 0 {
            self.mem_addr = 0;
        }
        self
    }
}

/// The bits of the bytes that `mask` has a bit for.
#[must_use]
pub fn byte_mask(mask: u32) -> u32 {
    (0..4).filter(|i| mask >> i & 1 != 0).fold(0, |bits, i| bits | 0xFF << (8 * i))
}

/// The lines of `input`, parsed.
pub fn read_rvfi(mut input: impl BufRead) -> impl Iterator<Item = Result<Retired, RvfiError>> {
    let mut text = String::new();
    let mut line = 0;
    std::iter::from_fn(move || {
        text.clear();
        line += 1;
        match input.read_line(&mut text) {
            Ok(0) => None,
            Ok(_) => Some(
                Retired::parse(&text)
                    .ok_or_else(|| RvfiError::Malformed { line, text: text.trim_end().to_owned() }),
            ),
            Err(error) => Some(Err(error.into())),
        }
    })
}
