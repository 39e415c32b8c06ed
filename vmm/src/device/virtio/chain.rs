//! Descriptor chains as two streams of bytes: what the device reads, and behind it what it writes. Where the driver
//! divides them means nothing (virtio 1.2, section 2.7.4.1).

use super::queue::{Broken, Queue};
use crate::memory::Memory;

/// Descriptor flag: the chain goes on.
const NEXT: u32 = 1;
/// Descriptor flag: the device writes.
const WRITE: u32 = 2;
/// Descriptor flag: a table of descriptors; not offered.
const INDIRECT: u32 = 4;
/// No descriptor.
const END: u32 = u32::MAX;

/// Which of a chain's streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the device reads.
    Read,
    /// What the device writes.
    Write,
}

/// Bytes of a chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// That the device reads.
    pub read: u32,
    /// That the device writes.
    pub write: u32,
}

struct Descriptor {
    addr: u32,
    len: u32,
    flags: u32,
    next: u32,
}

impl Descriptor {
    fn side(&self) -> Side {
        if self.flags & WRITE == 0 { Side::Read } else { Side::Write }
    }

    fn next(&self) -> u32 {
        if self.flags & NEXT == 0 { END } else { self.next }
    }
}

fn descriptor(queue: &Queue, memory: &impl Memory, index: u32) -> Result<Descriptor, Broken> {
    if index >= queue.entries() {
        return Err(Broken);
    }
    let at = queue.table().wrapping_add(16 * index);
    let word = |offset| memory.read32(at.wrapping_add(offset)).ok_or(Broken);
    let (addr, high, len, last) = (word(0)?, word(4)?, word(8)?, word(12)?);
    let (flags, next) = (last & 0xFFFF, last >> 16);
    if high != 0 || flags & INDIRECT != 0 || !memory.holds(addr, len) {
        return Err(Broken);
    }
    Ok(Descriptor { addr, len, flags, next })
}

/// The bytes of the chain that begins with `head`, all of whose descriptors are sound: in guest RAM, those to be
/// written last, no more than the queue has.
#[inline(never)]
pub fn measure(queue: &Queue, memory: &impl Memory, head: u32) -> Result<Extent, Broken> {
    let mut extent = Extent::default();
    let (mut index, mut writes) = (head, false);
    for _ in 0..queue.entries() {
        let descriptor = descriptor(queue, memory, index)?;
        match descriptor.side() {
            Side::Read if writes => return Err(Broken),
            Side::Read => extent.read = extent.read.saturating_add(descriptor.len),
            Side::Write => {
                writes = true;
                extent.write = extent.write.saturating_add(descriptor.len);
            }
        }
        index = descriptor.next();
        if index == END {
            return Ok(extent);
        }
    }
    Err(Broken)
}

/// A position in one of a chain's streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Cursor {
    /// The descriptor.
    index: u32,
    /// Bytes of it that are done.
    offset: u32,
}

impl Cursor {
    /// The start of the chain that begins with `head`.
    pub fn new(head: u32) -> Self {
        Self { index: head, offset: 0 }
    }

    /// Goes to the next byte of the stream, if it is not there. Address and number of the bytes from there on that lie
    /// together; 0 of them at the end.
    #[inline(never)]
    pub fn piece(
        &mut self,
        queue: &Queue,
        memory: &impl Memory,
        side: Side,
    ) -> Result<(u32, u32), Broken> {
        // The table may have changed since it was measured, into a loop for example.
        for _ in 0..=queue.entries() {
            if self.index == END {
                return Ok((0, 0));
            }
            let descriptor = descriptor(queue, memory, self.index)?;
            if descriptor.side() == side && self.offset < descriptor.len {
                return Ok((descriptor.addr + self.offset, descriptor.len - self.offset));
            }
            *self = Self::new(descriptor.next());
        }
        Err(Broken)
    }

    /// Goes on by `len` bytes of the piece that was shown.
    pub fn advance(&mut self, len: u32) {
        self.offset = self.offset.saturating_add(len);
    }

    /// Goes on by `len` bytes of a stream that must have them; hands each piece to `each`.
    fn pieces<M: Memory>(
        &mut self,
        queue: &Queue,
        memory: &mut M,
        side: Side,
        len: u32,
        mut each: impl FnMut(&mut M, u32, u32, u32) -> Option<()>,
    ) -> Result<(), Broken> {
        let mut done = 0;
        while done < len {
            let (addr, piece) = self.piece(queue, memory, side)?;
            let piece = piece.min(len - done);
            if piece == 0 {
                return Err(Broken);
            }
            each(memory, done, addr, piece).ok_or(Broken)?;
            self.advance(piece);
            done += piece;
        }
        Ok(())
    }

    /// Passes `len` bytes over, in at most as many pieces as a chain may have: what they were when they were measured is not
    /// what the guest may have made of them since.
    #[inline(never)]
    pub fn skip(
        &mut self,
        queue: &Queue,
        memory: &mut impl Memory,
        side: Side,
        len: u32,
    ) -> Result<(), Broken> {
        let mut left = queue.entries();
        self.pieces(queue, memory, side, len, |_, _, _, _| {
            left = left.checked_sub(1)?;
            Some(())
        })
    }

    /// Copies the next `len` bytes that the device reads to offset `at` of the buffer.
    #[inline(never)]
    pub fn gather(
        &mut self,
        queue: &Queue,
        memory: &mut impl Memory,
        at: u32,
        len: u32,
    ) -> Result<(), Broken> {
        self.pieces(queue, memory, Side::Read, len, |memory, done, addr, piece| {
            memory.gather(at.checked_add(done)?, addr, piece)
        })
    }

    /// Copies `len` bytes of the buffer from offset `at` to the next ones that the device writes.
    #[inline(never)]
    pub fn scatter(
        &mut self,
        queue: &Queue,
        memory: &mut impl Memory,
        at: u32,
        len: u32,
    ) -> Result<(), Broken> {
        self.pieces(queue, memory, Side::Write, len, |memory, done, addr, piece| {
            memory.scatter(at.checked_add(done)?, addr, piece)
        })
    }

    /// The next word that the device reads.
    #[inline(never)]
    pub fn read32(&mut self, queue: &Queue, memory: &mut impl Memory) -> Result<u32, Broken> {
        let (addr, len) = self.piece(queue, memory, Side::Read)?;
        if len >= 4 && addr & 3 == 0 {
            self.advance(4);
            return memory.read32(addr).ok_or(Broken);
        }
        let mut word = 0;
        self.pieces(queue, memory, Side::Read, 4, |memory, done, addr, piece| {
            for byte in 0..piece {
                word |= u32::from(memory.read8(addr + byte)?) << (8 * (done + byte));
            }
            Some(())
        })?;
        Ok(word)
    }

    /// Writes the first `len` bytes of a word, at most four.
    #[inline(never)]
    pub fn write(
        &mut self,
        queue: &Queue,
        memory: &mut impl Memory,
        word: u32,
        len: u32,
    ) -> Result<(), Broken> {
        self.pieces(queue, memory, Side::Write, len.min(4), |memory, done, addr, piece| {
            for byte in 0..piece {
                memory.write8(addr + byte, (word >> (8 * (done + byte))) as u8)?;
            }
            Some(())
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        device::virtio::queue::tests::{TABLE, queue},
        memory::{Slices, tests::Owned},
    };
    use covert_abi::layout::GUEST_BASE;

    const DATA: u32 = GUEST_BASE + 0x400;

    /// Writes a chain into the table, from descriptor `first` on in order: address, bytes, to be written.
    pub(crate) fn chain(memory: &mut Slices<'_>, first: u32, parts: &[(u32, u32, bool)]) {
        for (number, (addr, len, writes)) in parts.iter().enumerate() {
            let index = first + number as u32;
            let next = u32::from(number + 1 < parts.len());
            let words = [*addr, 0, *len, next | u32::from(*writes) << 1 | (index + 1) << 16];
            for (word, value) in words.iter().enumerate() {
                memory.write32(TABLE + 16 * index + 4 * word as u32, *value).unwrap();
            }
        }
    }

    #[test]
    fn division_into_descriptors_means_nothing() {
        let bytes: Vec<u8> = (0..16).collect();
        for cut in 0..=16 {
            for more in 0..=16 - cut {
                let mut owned = Owned::new(0x1000);
                owned.ram[0x401..0x411].copy_from_slice(&bytes);
                let mut memory = owned.memory();
                let parts = [
                    (DATA + 1, cut, false),
                    (DATA + 1 + cut, more, false),
                    (DATA + 1 + cut + more, 16 - cut - more, false),
                    (DATA + 0x100, 3, true),
                    (DATA + 0x201, 5, true),
                ];
                chain(&mut memory, 2, &parts);
                let queue = queue(&memory);
                let extent = Extent { read: 16, write: 8 };
                assert_eq!(measure(&queue, &memory, 2), Ok(extent));
                let mut cursor = Cursor::new(2);
                assert_eq!(cursor.read32(&queue, &mut memory), Ok(0x0302_0100));
                assert_eq!(cursor.gather(&queue, &mut memory, 7, 9), Ok(()));
                assert_eq!(cursor.skip(&queue, &mut memory, Side::Read, 3), Ok(()));
                assert_eq!(cursor.read32(&queue, &mut memory), Err(Broken));
                let mut cursor = Cursor::new(2);
                assert_eq!(cursor.write(&queue, &mut memory, 0x4433_2211, 4), Ok(()));
                assert_eq!(cursor.scatter(&queue, &mut memory, 7, 4), Ok(()));
                assert_eq!(cursor.write(&queue, &mut memory, 0, 1), Err(Broken));
                assert_eq!(&owned.buffer[7..16], &bytes[4..13]);
                assert_eq!(&owned.ram[0x500..0x504], &[0x11, 0x22, 0x33, 0]);
                assert_eq!(&owned.ram[0x601..0x606], &[0x44, 4, 5, 6, 7]);
            }
        }
    }

    #[test]
    fn passing_over_a_chain_that_was_made_a_ring_ends() {
        let mut owned = Owned::new(0x1000);
        let mut memory = owned.memory();
        // Descriptor 0, of one byte, leads to itself.
        for (word, value) in [DATA, 0, 1, 1 | 2].into_iter().enumerate() {
            memory.write32(TABLE + 4 * word as u32, value).unwrap();
        }
        let queue = queue(&memory);
        let mut cursor = Cursor::new(0);
        assert_eq!(cursor.skip(&queue, &mut memory, Side::Write, 8), Ok(()));
        assert_eq!(cursor.skip(&queue, &mut memory, Side::Write, u32::MAX), Err(Broken));
    }

    #[test]
    fn unsound_chains_are_broken() {
        let good = [(DATA, 4, false), (DATA, 4, true), (DATA, 4, true)];
        let breaks: [fn(&mut Slices<'_>); 8] = [
            |m| m.write32(TABLE + 4, 1).unwrap(),      // above 4 GiB
            |m| m.write32(TABLE + 8, 0x1000).unwrap(), // over the end
            |m| m.write32(TABLE + 16, GUEST_BASE - 1).unwrap(), // before the start
            |m| m.write32(TABLE + 16, 0xFFFF_FFFE).unwrap(), // round the end
            |m| m.write16(TABLE + 12, 5).unwrap(),     // indirect
            |m| m.write16(TABLE + 12, 3).unwrap(),     // written before read
            |m| m.write32(TABLE + 16 + 12, 1 << 16 | 3).unwrap(), // a loop
            |m| m.write16(TABLE + 16 + 14, 8).unwrap(), // no such descriptor
        ];
        for (number, break_it) in breaks.iter().enumerate() {
            let mut owned = Owned::new(0x1000);
            let mut memory = owned.memory();
            chain(&mut memory, 0, &good);
            if number == 5 {
                chain(&mut memory, 1, &[(DATA, 4, false)]);
            }
            let queue = queue(&memory);
            break_it(&mut memory);
            assert_eq!(measure(&queue, &memory, 0), Err(Broken), "{number}");
        }
        let mut owned = Owned::new(0x1000);
        let memory = owned.memory();
        assert_eq!(measure(&queue(&memory), &memory, 8), Err(Broken));
    }

    #[test]
    fn a_loop_of_empty_descriptors_ends() {
        let mut owned = Owned::new(0x1000);
        let mut memory = owned.memory();
        chain(&mut memory, 0, &[(DATA, 0, true), (DATA, 0, true)]);
        memory.write32(TABLE + 16 + 12, 3).unwrap();
        let queue = queue(&memory);
        assert_eq!(Cursor::new(0).piece(&queue, &memory, Side::Write), Err(Broken));
    }
}
