//! What a debugger must know of a tile: registers, privilege and translation, in the variables of the model.

use covert_model::{Chip, ChipError};

use super::cache::Cache;
use crate::error::Error;
use crate::state::StateMap;

/// Values of a chip's variables and main memory. Reading changes nothing.
pub trait Values {
    /// A word of a variable.
    ///
    /// # Errors
    /// There is none.
    fn value(&self, variable: u32, word: u32) -> Result<u128, ChipError>;

    /// A word of main memory, at a physical address.
    ///
    /// # Errors
    /// It is not inside main memory.
    fn memory(&self, address: u32) -> Result<u32, ChipError>;
}

impl Values for Chip {
    fn value(&self, variable: u32, word: u32) -> Result<u128, ChipError> {
        self.word(variable, word)
    }

    fn memory(&self, address: u32) -> Result<u32, ChipError> {
        let mut bytes = [0; 4];
        self.read_memory(address, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }
}

/// Numbers of a tile's variables.
#[derive(Clone, Debug)]
pub struct Tile {
    registers: u32,
    privilege: u32,
    stvec: u32,
    scause: u32,
    mtvec: u32,
    mcause: u32,
    satp_on: u32,
    satp_ppn: u32,
    /// Its data cache, and what is behind it.
    pub cache: Cache,
}

impl Tile {
    /// Looks the variables of tile `number` up.
    ///
    /// # Errors
    /// The chip has others than are known here: a bug.
    pub fn new(number: u32, state: &StateMap) -> Result<Self, Error> {
        Self::find(number, &mut |path, width, words| state.variable(path, width, words))
    }

    /// The same with a function of path, width and words that knows the numbers.
    pub(super) fn find(
        number: u32,
        variable: &mut dyn FnMut(&str, u32, u32) -> Option<u32>,
    ) -> Result<Self, Error> {
        let mut core = |name: &str, width, words| {
            let path = format!("tile{number}.core.{name}");
            variable(&path, width, words)
                .ok_or_else(|| Error::Unexpected(format!("--gdb: the model has no {path}")))
        };
        Ok(Self {
            registers: core("regfile.regs_q", 32, 32)?,
            privilege: core("csr.priv_q", 2, 1)?,
            stvec: core("csr.stvec_q", 32, 1)?,
            scause: core("csr.scause_q", 32, 1)?,
            mtvec: core("csr.mtvec_q", 32, 1)?,
            mcause: core("csr.mcause_q", 32, 1)?,
            satp_on: core("csr.satp_on_q", 1, 1)?,
            satp_ppn: core("csr.satp_ppn_q", 22, 1)?,
            cache: Cache::find(number, variable)?,
        })
    }

    /// x0 to x31.
    ///
    /// # Errors
    /// The model refuses: a bug.
    pub fn registers(&self, values: &impl Values) -> Result<[u32; 32], Error> {
        let mut registers = [0; 32];
        for (number, register) in (0..).zip(&mut registers).skip(1) {
            *register = values.value(self.registers, number)? as u32;
        }
        Ok(registers)
    }

    /// 0, 1 or 3. Right behind a trap or a return; else it may be an instruction ahead.
    ///
    /// # Errors
    /// The model refuses: a bug.
    pub fn privilege(&self, values: &impl Values) -> Result<u32, Error> {
        Ok(values.value(self.privilege, 0)? as u32)
    }

    /// Where the handler of an interrupt begins that was just taken in this privilege.
    ///
    /// # Errors
    /// The model refuses: a bug.
    pub fn handler(&self, values: &impl Values, privilege: u32) -> Result<u32, Error> {
        let (vector, cause) =
            if privilege == 3 { (self.mtvec, self.mcause) } else { (self.stvec, self.scause) };
        let vector = values.value(vector, 0)? as u32;
        let vectored = vector & 1 != 0;
        let index = if vectored { values.value(cause, 0)? as u32 & 0x1F } else { 0 };
        Ok((vector & !3).wrapping_add(4 * index))
    }

    /// Page of the root table; none where translation is off. May be an instruction ahead.
    ///
    /// # Errors
    /// The model refuses: a bug.
    pub fn root(&self, values: &impl Values) -> Result<Option<u32>, Error> {
        let on = values.value(self.satp_on, 0)? != 0;
        Ok(on.then_some(values.value(self.satp_ppn, 0)? as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Variable N holds the Nth of these.
    struct Fake([u128; 8]);

    impl Values for Fake {
        fn value(&self, variable: u32, _: u32) -> Result<u128, ChipError> {
            Ok(self.0[variable as usize])
        }
        fn memory(&self, _: u32) -> Result<u32, ChipError> {
            Ok(0)
        }
    }

    #[test]
    fn handlers_are_found_direct_and_vectored() {
        let mut numbers = 0..;
        let tile = Tile::find(0, &mut |_, _, _| numbers.next()).expect("all there");
        // In the order of the struct: registers, privilege, stvec, scause, mtvec, mcause, satp.
        let interrupt = 1_u128 << 31;
        let fake = Fake([0, 0, 0x8000_1000, interrupt | 5, 0x8000_2001, interrupt | 7, 0, 0]);
        assert_eq!(tile.handler(&fake, 1).expect("a model"), 0x8000_1000);
        assert_eq!(tile.handler(&fake, 3).expect("a model"), 0x8000_201C);
        assert_eq!(tile.root(&fake).expect("a model"), None);
        let fake = Fake([0, 0, 0x8000_1001, interrupt | 9, 0, 0, 1, 0x8_0123]);
        assert_eq!(tile.handler(&fake, 1).expect("a model"), 0x8000_1024);
        assert_eq!(tile.root(&fake).expect("a model"), Some(0x8_0123));
    }
}
