//! The guest's memory as the guest sees it: Sv32 (RISC-V privileged specification, "Sv32: Page-Based 32-bit Virtual-Memory
//! Systems"), then guest RAM in the domain of its tile. Rights, A and D bits do not matter to a debugger; what a TLB still
//! holds of an older table does not show.

use covert_abi::layout::{GUEST_BASE, GUEST_OFFSET, REGION_STRIDE};
use covert_model::ChipError;

use super::cache::Place;
use super::tile::{Tile, Values};

/// Memory at physical addresses of the guest.
pub trait Physical {
    /// The word at an aligned address; none where there is no RAM.
    ///
    /// # Errors
    /// The model refuses: a bug.
    fn word(&self, address: u32) -> Result<Option<u32>, ChipError>;
}

/// Where guest RAM lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ram {
    /// Offset in a domain.
    offset: u32,
    /// Bytes.
    size: u32,
}

impl Ram {
    /// Of a guest below the VMM with `size` bytes, or of a bare program (none).
    pub fn new(size: Option<u32>) -> Self {
        match size {
            Some(size) => Self { offset: GUEST_OFFSET, size },
            None => Self { offset: 0, size: REGION_STRIDE },
        }
    }
}

/// RAM of the guest on one tile.
#[derive(Debug)]
pub struct GuestRam<'a, V> {
    /// The chip.
    pub values: &'a V,
    /// The tile.
    pub tile: &'a Tile,
    /// Physical address of its domain.
    pub domain: u32,
    /// Where RAM is in the domain.
    pub ram: Ram,
}

impl<V: Values> Physical for GuestRam<'_, V> {
    fn word(&self, address: u32) -> Result<Option<u32>, ChipError> {
        let Some(inside) = address.checked_sub(GUEST_BASE).filter(|at| *at < self.ram.size) else {
            return Ok(None);
        };
        let offset = self.ram.offset + inside;
        let place = Place { address, offset, physical: self.domain + offset };
        self.tile.cache.newest(self.values, place).map(Some)
    }
}

/// The physical address behind a virtual one, with the root table in page `root`; none: not mapped.
///
/// # Errors
/// The model refuses: a bug.
pub fn translate(
    memory: &impl Physical,
    root: u32,
    address: u32,
) -> Result<Option<u32>, ChipError> {
    const VALID: u32 = 1;
    const READ: u32 = 2;
    const WRITE: u32 = 4;
    const EXECUTE: u32 = 8;
    // Pages beyond 32 bits exist for Sv32, not for the chip.
    let page = |number: u32| (number < 1 << 20).then_some(number << 12);
    let entry = |table: u32, index: u32| {
        let Some(base) = page(table) else { return Ok(None) };
        let entry = memory.word(base + 4 * (index & 0x3FF))?;
        let usable = |entry: &u32| entry & VALID != 0 && entry & (READ | WRITE) != WRITE;
        Ok::<_, ChipError>(entry.filter(usable))
    };
    let Some(upper) = entry(root, address >> 22)? else { return Ok(None) };
    if upper & (READ | EXECUTE) != 0 {
        // A page of 4 MiB.
        let number = upper >> 10;
        return Ok(page(number)
            .filter(|_| number & 0x3FF == 0)
            .map(|base| base | address & 0x3F_FFFF));
    }
    let Some(lower) = entry(upper >> 10, address >> 12)? else { return Ok(None) };
    let leaf = lower & (READ | EXECUTE) != 0;
    Ok(page(lower >> 10).filter(|_| leaf).map(|base| base | address & 0xFFF))
}

/// Reads from `start` on, with the root table in page `root` (none: without translation), up to the first byte that is not
/// there; returns how many are.
///
/// # Errors
/// The model refuses: a bug.
pub fn read(
    memory: &impl Physical,
    root: Option<u32>,
    start: u32,
    into: &mut [u8],
) -> Result<usize, ChipError> {
    let mut done = 0;
    while done < into.len() {
        let Some(address) = start.checked_add(done as u32) else { break };
        let physical = match root {
            Some(root) => translate(memory, root, address)?,
            None => Some(address),
        };
        let Some(physical) = physical else { break };
        let Some(word) = memory.word(physical & !3)? else { break };
        let bytes = &word.to_le_bytes()[(physical & 3) as usize..];
        let count = bytes.len().min(into.len() - done);
        into[done..done + count].copy_from_slice(&bytes[..count]);
        done += count;
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const RAM: u32 = 0x8000_0000;

    struct Words(HashMap<u32, u32>);

    impl Physical for Words {
        fn word(&self, address: u32) -> Result<Option<u32>, ChipError> {
            assert_eq!(address % 4, 0);
            let inside = (RAM..RAM + 0x10_0000).contains(&address);
            Ok(inside.then(|| self.0.get(&address).copied().unwrap_or(0)))
        }
    }

    /// Root table in page 0x80001, a second one in 0x80002.
    fn tables() -> Words {
        let root = |index: u32, entry| (0x8000_1000 + 4 * index, entry);
        let second = |index: u32, entry| (0x8000_2000 + 4 * index, entry);
        Words(HashMap::from([
            root(0x300, 0x8_0000 << 10 | 0xCF), // 4 MiB at RAM
            root(0x301, 0x8_0001 << 10 | 0xCF), // the same, not aligned
            root(0x100, 0x8_0002 << 10 | 1),    // to the second table
            root(0x101, 0x8_0002 << 10),        // not valid
            root(0x102, 0x10_0000 << 10 | 1),   // a table beyond 32 bits
            root(0x103, 0x0_0010 << 10 | 1),    // a table where no RAM is
            root(0x104, 0x8_0002 << 10 | 5),    // written, not read: reserved
            root(0x105, 0x8_0001 << 10 | 1), // the root as second table: its entry 0x300 is a leaf
            second(3, 0x8_0003 << 10 | 1 | 8), // executable only, no A and D
            second(4, 0x8_0007 << 10 | 1 | 2),
            second(5, 0x8_0008 << 10 | 1),  // a third level
            second(6, 0x10_0100 << 10 | 7), // beyond 32 bits
            (0x8000_3FFC, 0x4433_2211),
            (0x8000_7000, 0x8877_6655),
        ]))
    }

    fn physical(address: u32) -> Option<u32> {
        translate(&tables(), 0x8_0001, address).expect("a model")
    }

    #[test]
    fn pages_and_large_pages_are_walked() {
        assert_eq!(physical(0xC000_0000), Some(RAM));
        assert_eq!(physical(0xC03F_FFFF), Some(RAM + 0x3F_FFFF));
        assert_eq!(physical(0x4000_3ABC), Some(0x8000_3ABC));
        assert_eq!(physical(0x4000_4123), Some(0x8000_7123));
    }

    #[test]
    fn what_is_not_mapped_is_none() {
        let unmapped = [
            0,
            RAM,
            0xC040_0000,
            0x4040_3000,
            0x4080_0000,
            0x40C0_0000,
            0x4100_0000,
            0x4000_2000,
            0x4000_5000,
            0x4000_6000,
        ];
        for address in unmapped {
            assert_eq!(physical(address), None, "{address:#010x}");
        }
        let nowhere = |root| translate(&tables(), root, 0xC000_0000).expect("a model");
        assert_eq!(nowhere(0), None);
        assert_eq!(nowhere(0x3F_FFFF), None);
    }

    #[test]
    fn bytes_are_read_over_page_ends_as_far_as_they_go() {
        let mut bytes = [0; 7];
        let root = Some(0x8_0001);
        assert_eq!(read(&tables(), root, 0x4000_3FFD, &mut bytes).expect("a model"), 7);
        assert_eq!(bytes, [0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
        assert_eq!(read(&tables(), root, 0x4000_4FFE, &mut bytes).expect("a model"), 2);
        assert_eq!(read(&tables(), root, 0x4000_5000, &mut bytes).expect("a model"), 0);
        assert_eq!(read(&tables(), None, 0x8000_7001, &mut bytes[..3]).expect("a model"), 3);
        assert_eq!(bytes[..3], [0x66, 0x77, 0x88]);
        assert_eq!(read(&tables(), None, RAM + 0xF_FFFE, &mut bytes).expect("a model"), 2);
        assert_eq!(read(&tables(), None, 0x1000_0000, &mut bytes).expect("a model"), 0, "a device");
        assert_eq!(read(&tables(), None, 0xFFFF_FFFF, &mut bytes).expect("a model"), 0);
    }
}
