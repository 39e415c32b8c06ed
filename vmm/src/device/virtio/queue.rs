//! Split virtqueues (virtio 1.2, section 2.7) in guest RAM: taking buffers from the available ring and putting them
//! into the used ring.
//!
//! The guest may change all of it at any time and write anything into it. Whatever makes no sense is [`Broken`].

use crate::memory::Memory;

/// Most entries of a queue.
pub const SIZE_MAX: u32 = 128;
/// Available ring's flags: the driver wants no interrupt.
const NO_INTERRUPT: u16 = 1;

/// The ring is not what a driver may make of it; the device needs a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// A queue's registers and positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Queue {
    /// Entries, a power of two.
    pub size: u32,
    /// 1: in use.
    pub ready: u32,
    /// Guest-physical addresses of descriptor table, available ring and used ring, low words.
    pub low: [u32; 3],
    /// Their high words.
    pub high: [u32; 3],
    /// Next entry to be taken from the available ring; the lower 16 bits count.
    taken: u32,
    /// Next entry of the used ring; the lower 16 bits count.
    put: u32,
}

impl Queue {
    /// Takes the queue into use.
    pub fn start(&mut self, memory: &impl Memory) -> Result<(), Broken> {
        let size = self.size;
        let [table, available, used] = self.low;
        let sound = size.is_power_of_two()
            && size <= SIZE_MAX
            && self.high == [0; 3]
            && table.is_multiple_of(16)
            && available.is_multiple_of(2)
            && used.is_multiple_of(4)
            && memory.holds(table, 16 * size)
            && memory.holds(available, 6 + 2 * size)
            && memory.holds(used, 6 + 8 * size);
        self.ready = u32::from(sound);
        self.taken = 0;
        self.put = 0;
        if sound { Ok(()) } else { Err(Broken) }
    }

    /// Address of the descriptor table.
    pub(super) fn table(&self) -> u32 {
        self.low[0]
    }

    /// Number of entries, whatever the state holds.
    pub(super) fn entries(&self) -> u32 {
        self.size.min(SIZE_MAX)
    }

    /// Place of the entry that a position names.
    fn slot(&self, position: u32) -> u32 {
        // A size that a fault has made 0 leaves all of the position.
        position & self.entries().wrapping_sub(1) & 0xFFFF
    }

    /// The next available chain's first descriptor, which stays available.
    pub fn peek(&self, memory: &impl Memory) -> Result<Option<u32>, Broken> {
        if self.ready == 0 {
            return Ok(None);
        }
        let ring = self.low[1];
        let index = memory.read16(ring.wrapping_add(2)).ok_or(Broken)?;
        let waiting = index.wrapping_sub(self.taken as u16);
        if waiting == 0 {
            return Ok(None);
        }
        if u32::from(waiting) > self.entries() {
            return Err(Broken);
        }
        let slot = ring.wrapping_add(4 + 2 * self.slot(self.taken));
        let head = u32::from(memory.read16(slot).ok_or(Broken)?);
        if head < self.entries() { Ok(Some(head)) } else { Err(Broken) }
    }

    /// Takes the chain that [`peek`](Self::peek) has shown.
    pub fn pop(&mut self) {
        self.taken = self.taken.wrapping_add(1) & 0xFFFF;
    }

    /// Gives a chain back with `len` bytes written to it; whether the driver wants an interrupt.
    pub fn put(&mut self, memory: &mut impl Memory, head: u32, len: u32) -> Result<bool, Broken> {
        let ring = self.low[2];
        let slot = ring.wrapping_add(4 + 8 * self.slot(self.put));
        memory.write32(slot, head).ok_or(Broken)?;
        memory.write32(slot.wrapping_add(4), len).ok_or(Broken)?;
        self.put = self.put.wrapping_add(1) & 0xFFFF;
        memory.write16(ring.wrapping_add(2), self.put as u16).ok_or(Broken)?;
        Ok(memory.read16(self.low[1]).ok_or(Broken)? & NO_INTERRUPT == 0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::memory::{Slices, tests::Owned};
    use covert_abi::layout::GUEST_BASE;

    pub(crate) const TABLE: u32 = GUEST_BASE;
    pub(crate) const AVAILABLE: u32 = GUEST_BASE + 0x100;
    pub(crate) const USED: u32 = GUEST_BASE + 0x200;

    /// A queue of eight entries at the start of guest RAM.
    pub(crate) fn queue(memory: &Slices<'_>) -> Queue {
        let mut queue = Queue { size: 8, low: [TABLE, AVAILABLE, USED], ..Queue::default() };
        queue.start(memory).unwrap();
        queue
    }

    /// Makes chains available that begin with these descriptors.
    pub(crate) fn offer(memory: &mut Slices<'_>, heads: &[u16]) {
        let mut index = memory.read16(AVAILABLE + 2).unwrap();
        for head in heads {
            memory.write16(AVAILABLE + 4 + 2 * u32::from(index % 8), *head).unwrap();
            index = index.wrapping_add(1);
        }
        memory.write16(AVAILABLE + 2, index).unwrap();
    }

    #[test]
    fn chains_go_round() {
        let mut owned = Owned::new(0x1000);
        let mut memory = owned.memory();
        let mut queue = queue(&memory);
        assert_eq!(queue.peek(&memory), Ok(None));
        for round in 0..70_000_u32 {
            offer(&mut memory, &[(round % 8) as u16]);
            assert_eq!(queue.peek(&memory), Ok(Some(round % 8)));
            assert_eq!(queue.peek(&memory), Ok(Some(round % 8)));
            queue.pop();
            assert_eq!(queue.peek(&memory), Ok(None));
            assert_eq!(queue.put(&mut memory, round % 8, round), Ok(true));
            assert_eq!(memory.read16(USED + 2), Some((round + 1) as u16));
            assert_eq!(memory.read32(USED + 4 + 8 * (round % 8)), Some(round % 8));
            assert_eq!(memory.read32(USED + 8 + 8 * (round % 8)), Some(round));
        }
        memory.write16(AVAILABLE, 1).unwrap();
        assert_eq!(queue.put(&mut memory, 0, 0), Ok(false));
    }

    #[test]
    fn more_chains_than_entries_and_descriptors_that_are_none() {
        let mut owned = Owned::new(0x1000);
        let mut memory = owned.memory();
        let mut queue = queue(&memory);
        memory.write16(AVAILABLE + 2, 9).unwrap();
        assert_eq!(queue.peek(&memory), Err(Broken));
        memory.write16(AVAILABLE + 2, 0xFFFF).unwrap();
        assert_eq!(queue.peek(&memory), Err(Broken));
        memory.write16(AVAILABLE + 2, 8).unwrap();
        memory.write16(AVAILABLE + 4, 8).unwrap();
        assert_eq!(queue.peek(&memory), Err(Broken));
        queue.pop();
        assert_eq!(queue.peek(&memory), Ok(Some(0)));
    }

    #[test]
    fn queues_must_lie_in_guest_ram() {
        let mut owned = Owned::new(0x1000);
        let memory = owned.memory();
        let good = queue(&memory);
        let breaks: [fn(&mut Queue); 10] = [
            |q| q.size = 0,
            |q| q.size = 7,
            |q| q.size = 256,
            |q| q.high[1] = 1,
            |q| q.low[0] = TABLE + 8,
            |q| q.low[1] = AVAILABLE + 1,
            |q| q.low[2] = USED + 2,
            |q| q.low[0] = GUEST_BASE + 0xF90,
            |q| q.low[1] = GUEST_BASE - 0x10,
            |q| q.low[2] = 0xFFFF_FFF0,
        ];
        for (number, break_it) in breaks.iter().enumerate() {
            let mut broken = good;
            break_it(&mut broken);
            assert_eq!(broken.start(&memory), Err(Broken), "{number}");
            assert_eq!(broken.peek(&memory), Ok(None), "{number}");
        }
    }
}
