//! Guest RAM and the bounce buffer of this tile.

use core::{ptr, slice};

use covert_abi::layout::{GUEST_BASE, GUEST_MAX, VMM_BASE};
use covert_vmm::{
    Memory,
    device::virtio::BUFFER_OFFSET,
    memory::{BUFFER_SIZE, inside},
};

/// The bounce buffer, in the replica state's window.
const BUFFER: u32 = VMM_BASE + BUFFER_OFFSET;

/// Guest RAM, of which the machine promises that the range is inside.
pub(crate) fn bytes(addr: u32, len: u32) -> &'static mut [u8] {
    // SAFETY: the gate relocates these addresses to this tile's own RAM; nothing else holds a reference.
    unsafe { slice::from_raw_parts_mut(addr as *mut u8, len as usize) }
}

/// Guest RAM as the machine uses it.
pub(crate) struct Guest {
    size: u32,
}

impl Guest {
    /// Guest RAM of `size` bytes; a size that a fault has changed reaches no further than the gate lets it.
    pub(crate) fn new(size: u32) -> Self {
        Self { size: size.min(GUEST_MAX) & !3 }
    }

    /// A pointer to aligned guest RAM.
    fn place<T>(&self, addr: u32) -> Option<*mut T> {
        // The size is a multiple of every T's: an aligned address inside has all of the T inside.
        let inside = addr.wrapping_sub(GUEST_BASE) < self.size;
        (inside && addr.is_multiple_of(align_of::<T>() as u32)).then_some(addr as *mut T)
    }

    fn read<T: Copy>(&self, addr: u32) -> Option<T> {
        let place = self.place(addr)?;
        // SAFETY: aligned guest RAM of this tile; every bit pattern is a valid integer.
        Some(unsafe { ptr::read(place) })
    }

    fn write<T>(&mut self, addr: u32, value: T) -> Option<()> {
        let place = self.place(addr)?;
        // SAFETY: aligned guest RAM of this tile, to which nothing holds a reference.
        unsafe { ptr::write(place, value) };
        Some(())
    }

    /// Pointers to `len` bytes of the buffer from `at` on and of guest RAM from `addr` on.
    fn copy(&self, at: u32, addr: u32, len: u32) -> Option<(*mut u8, *mut u8)> {
        let fits = at <= BUFFER_SIZE && len <= BUFFER_SIZE - at && inside(addr, len, self.size);
        fits.then_some(((BUFFER + at) as *mut u8, addr as *mut u8))
    }
}

impl Memory for Guest {
    fn size(&self) -> u32 {
        self.size
    }
    fn read8(&self, addr: u32) -> Option<u8> {
        self.read(addr)
    }
    fn read16(&self, addr: u32) -> Option<u16> {
        self.read(addr)
    }
    fn read32(&self, addr: u32) -> Option<u32> {
        self.read(addr)
    }
    fn write8(&mut self, addr: u32, value: u8) -> Option<()> {
        self.write(addr, value)
    }
    fn write16(&mut self, addr: u32, value: u16) -> Option<()> {
        self.write(addr, value)
    }
    fn write32(&mut self, addr: u32, value: u32) -> Option<()> {
        self.write(addr, value)
    }
    fn gather(&mut self, at: u32, addr: u32, len: u32) -> Option<()> {
        let (buffer, ram) = self.copy(at, addr, len)?;
        // SAFETY: both ranges are RAM of this tile, apart from each other.
        unsafe { ptr::copy_nonoverlapping(ram, buffer, len as usize) };
        Some(())
    }
    fn scatter(&mut self, at: u32, addr: u32, len: u32) -> Option<()> {
        let (buffer, ram) = self.copy(at, addr, len)?;
        // SAFETY: as above.
        unsafe { ptr::copy_nonoverlapping(buffer, ram, len as usize) };
        Some(())
    }
}
