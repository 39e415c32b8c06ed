//! The guest's RAM and the bounce buffer, as the devices use them.
//!
//! Every address is checked: a guest chooses most of them, and a fault may have changed the rest.

use covert_abi::layout::GUEST_BASE;

/// Bytes of the bounce buffer: a receive buffer of the network, or a piece of a disk request.
pub const BUFFER_SIZE: u32 = 2048;

/// Guest RAM, and the buffer through which bytes go that no copy command can take.
///
/// Addresses are guest-physical. What is not wholly inside guest RAM (or not aligned to its size, for 16 and 32
/// bits) reads as `None`, and a write to it does nothing and answers `None`.
pub trait Memory {
    /// Bytes of guest RAM.
    fn size(&self) -> u32;
    /// A byte.
    fn read8(&self, addr: u32) -> Option<u8>;
    /// Two bytes, little-endian.
    fn read16(&self, addr: u32) -> Option<u16>;
    /// Four bytes, little-endian.
    fn read32(&self, addr: u32) -> Option<u32>;
    /// Stores a byte.
    fn write8(&mut self, addr: u32, value: u8) -> Option<()>;
    /// Stores two bytes, little-endian.
    fn write16(&mut self, addr: u32, value: u16) -> Option<()>;
    /// Stores four bytes, little-endian.
    fn write32(&mut self, addr: u32, value: u32) -> Option<()>;
    /// Copies `len` bytes of guest RAM to offset `at` of the buffer.
    fn gather(&mut self, at: u32, addr: u32, len: u32) -> Option<()>;
    /// Copies `len` bytes from offset `at` of the buffer to guest RAM.
    fn scatter(&mut self, at: u32, addr: u32, len: u32) -> Option<()>;

    /// Whether `[addr, addr + len)` is guest RAM.
    fn holds(&self, addr: u32, len: u32) -> bool {
        inside(addr, len, self.size())
    }
}

/// Whether `[addr, addr + len)` lies in guest RAM of `size` bytes.
pub fn inside(addr: u32, len: u32, size: u32) -> bool {
    addr >= GUEST_BASE && addr - GUEST_BASE <= size && len <= size - (addr - GUEST_BASE)
}

/// Guest RAM and buffer that are plain slices: for hosts and models.
#[derive(Debug)]
pub struct Slices<'a> {
    /// Guest RAM.
    pub ram: &'a mut [u8],
    /// The bounce buffer, [`BUFFER_SIZE`] bytes.
    pub buffer: &'a mut [u8],
}

impl Slices<'_> {
    fn bytes<const N: usize>(&self, addr: u32) -> Option<[u8; N]> {
        let at = offset(addr, N)?;
        self.ram.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    fn store<const N: usize>(&mut self, addr: u32, bytes: [u8; N]) -> Option<()> {
        let at = offset(addr, N)?;
        self.ram.get_mut(at..at.checked_add(N)?)?.copy_from_slice(&bytes);
        Some(())
    }
}

fn offset(addr: u32, align: usize) -> Option<usize> {
    let offset = addr.checked_sub(GUEST_BASE)? as usize;
    offset.is_multiple_of(align).then_some(offset)
}

impl Memory for Slices<'_> {
    fn size(&self) -> u32 {
        self.ram.len() as u32
    }
    fn read8(&self, addr: u32) -> Option<u8> {
        self.bytes(addr).map(u8::from_le_bytes)
    }
    fn read16(&self, addr: u32) -> Option<u16> {
        self.bytes(addr).map(u16::from_le_bytes)
    }
    fn read32(&self, addr: u32) -> Option<u32> {
        self.bytes(addr).map(u32::from_le_bytes)
    }
    fn write8(&mut self, addr: u32, value: u8) -> Option<()> {
        self.store(addr, value.to_le_bytes())
    }
    fn write16(&mut self, addr: u32, value: u16) -> Option<()> {
        self.store(addr, value.to_le_bytes())
    }
    fn write32(&mut self, addr: u32, value: u32) -> Option<()> {
        self.store(addr, value.to_le_bytes())
    }
    fn gather(&mut self, at: u32, addr: u32, len: u32) -> Option<()> {
        let from = offset(addr, 1)?;
        let from = self.ram.get(from..from.checked_add(len as usize)?)?;
        self.buffer.get_mut(at as usize..)?.get_mut(..from.len())?.copy_from_slice(from);
        Some(())
    }
    fn scatter(&mut self, at: u32, addr: u32, len: u32) -> Option<()> {
        let to = offset(addr, 1)?;
        let to = self.ram.get_mut(to..to.checked_add(len as usize)?)?;
        to.copy_from_slice(self.buffer.get(at as usize..)?.get(..to.len())?);
        Some(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Guest RAM and buffer of a test.
    pub(crate) struct Owned {
        pub(crate) ram: Vec<u8>,
        pub(crate) buffer: Vec<u8>,
    }

    impl Owned {
        pub(crate) fn new(size: usize) -> Self {
            Self { ram: vec![0; size], buffer: vec![0; BUFFER_SIZE as usize] }
        }

        pub(crate) fn memory(&mut self) -> Slices<'_> {
            Slices { ram: &mut self.ram, buffer: &mut self.buffer }
        }
    }

    #[test]
    fn ranges_end_with_the_ram() {
        assert!(inside(GUEST_BASE, 0x1000, 0x1000));
        assert!(inside(GUEST_BASE + 0x1000, 0, 0x1000));
        for (addr, len) in [
            (GUEST_BASE - 1, 1),
            (GUEST_BASE, 0x1001),
            (GUEST_BASE + 0xFFF, 2),
            (GUEST_BASE + 0x1001, 0),
            (u32::MAX, u32::MAX),
            (0, 4),
        ] {
            assert!(!inside(addr, len, 0x1000), "{addr:#x} {len:#x}");
        }
    }

    #[test]
    fn accesses_are_bounded_and_aligned() {
        let mut owned = Owned::new(64);
        let mut memory = owned.memory();
        assert_eq!(memory.write32(GUEST_BASE + 60, 0x1234_5678), Some(()));
        assert_eq!(memory.read16(GUEST_BASE + 62), Some(0x1234));
        assert_eq!(memory.read8(GUEST_BASE + 60), Some(0x78));
        for addr in [GUEST_BASE + 64, GUEST_BASE + 61, GUEST_BASE - 4, 0, u32::MAX - 3] {
            assert_eq!(memory.read32(addr), None, "{addr:#x}");
            assert_eq!(memory.write32(addr, 1), None, "{addr:#x}");
        }
        assert_eq!(memory.write8(GUEST_BASE + 64, 1), None);
    }

    #[test]
    fn copies_stay_in_both_memories() {
        let mut owned = Owned::new(4096);
        owned.ram[1..4].copy_from_slice(b"abc");
        let mut memory = owned.memory();
        assert_eq!(memory.gather(2045, GUEST_BASE + 1, 3), Some(()));
        assert_eq!(memory.gather(2046, GUEST_BASE + 1, 3), None);
        assert_eq!(memory.gather(0, GUEST_BASE + 4095, 2), None);
        assert_eq!(memory.scatter(2045, GUEST_BASE + 4093, 3), Some(()));
        assert_eq!(memory.scatter(2045, GUEST_BASE + 4094, 3), None);
        assert_eq!(memory.scatter(u32::MAX, GUEST_BASE, 1), None);
        assert_eq!(&owned.ram[4093..], b"abc");
    }
}
