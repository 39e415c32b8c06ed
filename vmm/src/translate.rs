//! Sv32 in software (RISC-V privileged specification, "Sv32: Page-Based 32-bit Virtual-Memory Systems").
//!
//! It is walked for accesses that the hardware has already let through as far as permissions go, and that
//! ended outside guest RAM; so only the way to the physical address is followed here.

use crate::memory::Memory;

/// `satp`: translation is on.
const MODE: u32 = 1 << 31;
/// `satp`: page of the root table.
const ROOT: u32 = 0x003F_FFFF;
const VALID: u32 = 1 << 0;
/// R, W or X: a leaf.
const LEAF: u32 = 7 << 1;

/// The guest-physical address behind `addr` with this `satp`. `None`: a table lies outside guest RAM, an entry is not
/// valid, or the address is above 4 GiB, where nothing is.
pub fn physical(memory: &impl Memory, satp: u32, addr: u32) -> Option<u32> {
    if satp & MODE == 0 {
        return Some(addr);
    }
    let entry = entry(memory, satp & ROOT, addr >> 22)?;
    if entry & LEAF != 0 {
        // A superpage has its lower page number 0.
        let aligned = entry >> 10 & 0x3FF == 0;
        return if aligned { join(entry, addr, 22) } else { None };
    }
    let entry = self::entry(memory, entry >> 10, addr >> 12 & 0x3FF)?;
    if entry & LEAF != 0 { join(entry, addr, 12) } else { None }
}

/// The page of an entry with the lower `bits` of an address.
fn join(entry: u32, addr: u32, bits: u32) -> Option<u32> {
    let page = entry >> 10;
    // 22 bits of page number: 34 of address.
    (page >> 20 == 0).then_some(page << 12 | addr & ((1 << bits) - 1))
}

fn entry(memory: &impl Memory, table: u32, index: u32) -> Option<u32> {
    if table >> 20 != 0 {
        return None;
    }
    memory.read32(table << 12 | index << 2).filter(|entry| entry & VALID != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::tests::Owned;
    use covert_abi::layout::GUEST_BASE;

    const SATP: u32 = MODE | GUEST_BASE >> 12;
    /// Page number of guest RAM's second page, as a table entry that is no leaf.
    const TABLE: u32 = (GUEST_BASE >> 12 | 1) << 10 | VALID;
    const READ_WRITE: u32 = 0xC7;

    fn tables(root: &[(u32, u32)], second: &[(u32, u32)]) -> Owned {
        let mut owned = Owned::new(0x2000);
        let mut memory = owned.memory();
        for (base, entries) in [(0, root), (0x1000, second)] {
            for (index, entry) in entries {
                memory.write32(GUEST_BASE + base + 4 * index, *entry).unwrap();
            }
        }
        owned
    }

    #[test]
    fn without_translation_addresses_are_physical() {
        let mut owned = Owned::new(0x1000);
        assert_eq!(physical(&owned.memory(), 0x0008_0000, 0x1000_0005), Some(0x1000_0005));
    }

    #[test]
    fn pages_and_superpages() {
        let mut owned = tables(
            &[(0x300, TABLE), (0x301, 0x1000_0000 >> 12 << 10 | READ_WRITE)],
            &[(0, 0x1000_1000 >> 12 << 10 | READ_WRITE), (0x3FF, 0x0010_0000 >> 2 | READ_WRITE)],
        );
        let memory = owned.memory();
        assert_eq!(physical(&memory, SATP, 0xC000_0123), Some(0x1000_1123));
        assert_eq!(physical(&memory, SATP, 0xC03F_F004), Some(0x0010_0004));
        assert_eq!(physical(&memory, SATP, 0xC040_1ABC), Some(0x1000_1ABC));
    }

    #[test]
    fn what_is_not_mapped_has_no_address() {
        let mut owned = tables(
            &[
                (0, TABLE),
                (1, 0x1000_1000 >> 2 | READ_WRITE), // a superpage in the middle of one
                (2, 0x3F_FFFF << 10 | VALID),       // a table above 4 GiB
                (3, 0x1000_0000 >> 2 | VALID),      // a table that is no RAM
                (4, READ_WRITE & !VALID),
                (5, 0x3F_FC00 << 10 | READ_WRITE), // a page above 4 GiB
            ],
            &[(0, TABLE)], // no leaf on the last level
        );
        let memory = owned.memory();
        for index in 0..7 {
            assert_eq!(physical(&memory, SATP, index << 22), None, "{index}");
        }
        assert_eq!(physical(&memory, MODE | 0x12_3456, 0), None);
    }
}
