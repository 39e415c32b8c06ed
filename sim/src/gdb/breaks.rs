//! Breakpoints and watchpoints. They are the simulator's: nothing is written to the guest.

use std::collections::BTreeSet;

use covert_model::Instruction;
use gdbstub::target::ext::breakpoints::WatchKind;

/// What is looked out for; addresses are virtual.
#[derive(Debug, Default)]
pub struct Breaks {
    /// `Z0`.
    pub software: BTreeSet<u32>,
    /// `Z1`.
    pub hardware: BTreeSet<u32>,
    watched: Vec<Watch>,
}

/// A watchpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// First byte.
    pub start: u32,
    /// Bytes.
    pub length: u32,
    /// Accesses that count.
    pub kind: WatchKind,
}

impl Breaks {
    /// Adds a watchpoint.
    pub fn watch(&mut self, watch: Watch) {
        self.watched.push(watch);
    }

    /// Takes a watchpoint away; false: there is none.
    pub fn unwatch(&mut self, watch: Watch) -> bool {
        let found = self.watched.iter().position(|known| *known == watch);
        found.map(|index| self.watched.swap_remove(index)).is_some()
    }

    /// The watchpoint that an instruction hit.
    pub fn hit(&self, retired: &Instruction) -> Option<Watch> {
        if retired.read_mask | retired.write_mask == 0 {
            return None;
        }
        self.watched.iter().copied().find(|watch| {
            let mask = match watch.kind {
                WatchKind::Write => retired.write_mask,
                WatchKind::Read => retired.read_mask,
                WatchKind::ReadWrite => retired.read_mask | retired.write_mask,
            };
            (0..4).any(|byte| {
                let address = retired.address.wrapping_add(byte);
                mask >> byte & 1 != 0 && address.wrapping_sub(watch.start) < watch.length
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watchpoints_are_hit_byte_by_byte() {
        let mut breaks = Breaks::default();
        let watch = Watch { start: 0x8000_0006, length: 4, kind: WatchKind::Write };
        breaks.watch(watch);
        let access = |address, read_mask, write_mask| Instruction {
            address,
            read_mask,
            write_mask,
            ..Instruction::default()
        };
        assert_eq!(breaks.hit(&access(0x8000_0004, 0, 0b1111)), Some(watch));
        assert_eq!(breaks.hit(&access(0x8000_0004, 0, 0b0011)), None);
        assert_eq!(breaks.hit(&access(0x8000_0008, 0, 0b0010)), Some(watch));
        assert_eq!(breaks.hit(&access(0x8000_0008, 0, 0b0100)), None);
        assert_eq!(breaks.hit(&access(0x8000_0004, 0b1111, 0)), None, "a read");
        let reads = Watch { kind: WatchKind::Read, ..watch };
        breaks.watch(reads);
        assert_eq!(breaks.hit(&access(0x8000_0004, 0b1111, 0)), Some(reads));
        assert!(breaks.unwatch(watch) && breaks.unwatch(reads) && !breaks.unwatch(watch));
        assert_eq!(breaks.hit(&access(0x8000_0004, 0b1111, 0b1111)), None);
    }
}
