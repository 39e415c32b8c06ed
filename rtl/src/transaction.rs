//! A device transaction as the comparator sees it: one word, so that a new field cannot escape the
//! comparison.

use covert_abi::{layout, unit};
use rust_hdl_core::prelude::Bits;

/// Bits of a transaction: `{write, strobes[3:0], address[31:0], data[31:0]}`.
pub const BITS: usize = 69;
/// Lowest bit of the byte strobes.
pub const STRB_LSB: usize = 64;
/// Lowest bit of the address.
pub const ADDR_LSB: usize = 32;
/// The bit that is set for a write.
pub const WRITE_BIT: usize = 68;

/// A device transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Transaction {
    /// A write (otherwise a read).
    pub write: bool,
    /// Byte strobes of a write, bits 3:0.
    pub strb: u8,
    /// Word-aligned address.
    pub addr: u32,
    /// Data of a write, 0 for a read.
    pub data: u32,
}

impl Transaction {
    /// A write of the register at `offset` of the isolation unit; data and strobes 0.
    pub const fn unit_write(offset: u32) -> Self {
        Self { write: true, strb: 0, addr: layout::UNIT_BASE + offset, data: 0 }
    }

    /// The end of an epoch.
    pub const ARRIVE: Self = Self::unit_write(unit::ARRIVE);
    /// The VMM gives up.
    pub const VMM_FAIL: Self = Self::unit_write(unit::VMM_FAIL);

    /// Whether this writes the same register as `other`, whatever the data.
    pub fn writes_like(self, other: Self) -> bool {
        self.write && self.addr == other.addr
    }
}

impl From<Transaction> for Bits<BITS> {
    fn from(transaction: Transaction) -> Self {
        let head = u64::from(transaction.write) << (WRITE_BIT - STRB_LSB)
            | u64::from(transaction.strb & 0xF);
        let body = u64::from(transaction.addr) << ADDR_LSB | u64::from(transaction.data);
        (Self::from(head) << STRB_LSB as u64) | Self::from(body)
    }
}

impl From<Bits<BITS>> for Transaction {
    fn from(word: Bits<BITS>) -> Self {
        Self {
            write: word.get_bit(WRITE_BIT),
            strb: u64::from(word.get_bits::<4>(STRB_LSB)) as u8,
            addr: u64::from(word.get_bits::<32>(ADDR_LSB)) as u32,
            data: u64::from(word.get_bits::<32>(0)) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_and_back() {
        let transaction =
            Transaction { write: true, strb: 0xA, addr: 0x8123_4567, data: 0xFEDC_BA98 };
        assert_eq!(Transaction::from(Bits::from(transaction)), transaction);
        assert_eq!(Transaction::from(Bits::from(Transaction::ARRIVE)), Transaction::ARRIVE);
    }
}
