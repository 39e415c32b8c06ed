//! Retired instructions of the two runs, lined up: where a tile of the faulty chip first does something else.
//!
//! A fault changes when things happen long before it changes what happens, so instructions are matched by their place in
//! the tile's stream, not by their cycle. The guest's instructions (S and U mode) and the VMM's (M mode) are two streams: the
//! VMM polls, so how often it does so may differ without anything being wrong.

use std::collections::VecDeque;

use serde::Serialize;

use super::registers::Snapshot;

/// Equal instructions kept from before the first difference, and of each run from there on.
const CONTEXT: usize = 12;

/// M mode: the VMM.
const MACHINE: u8 = 3;

/// A retired instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retired {
    /// The cycle it was seen in.
    pub cycle: u64,
    /// Its tile.
    pub tile: u32,
    /// Its number on the tile.
    pub order: u64,
    /// Its address.
    pub pc: u32,
    /// The instruction.
    pub insn: u32,
    /// Privilege: 0, 1, 3.
    pub mode: u8,
    /// It trapped.
    pub trap: bool,
    /// The first of an interrupt's handler.
    pub intr: bool,
    /// Register written; 0: none.
    pub rd: u8,
    /// What was written to it.
    pub rd_value: u32,
    /// Address of the access.
    pub address: u32,
    /// Bytes of the word read.
    pub read_mask: u8,
    /// Bytes of the word written.
    pub write_mask: u8,
    /// The word read.
    pub read: u32,
    /// The word written.
    pub written: u32,
    /// Address of the next instruction.
    pub next_pc: u32,
}

impl Retired {
    /// A line as the model writes it (`sim/model/cpp/rvfi.h`), seen in `cycle`; none if it is no such line.
    pub fn parse(line: &str, cycle: u64) -> Option<Self> {
        let mut fields = line.split(' ');
        let tile = fields.next()?.parse().ok()?;
        let order = fields.next()?.parse().ok()?;
        let mut hex = || u32::from_str_radix(fields.next()?, 16).ok();
        Some(Self {
            cycle,
            tile,
            order,
            pc: hex()?,
            insn: hex()?,
            mode: hex()? as u8,
            trap: hex()? != 0,
            intr: hex()? != 0,
            rd: hex()? as u8,
            rd_value: hex()?,
            address: hex()?,
            read_mask: hex()? as u8,
            write_mask: hex()? as u8,
            read: hex()?,
            written: hex()?,
            next_pc: hex()?,
        })
    }

    /// What it did: without when it came, its number, which counts the other stream's instructions too, and the fields that say
    /// nothing where nothing was read or written.
    fn effect(&self) -> Self {
        let reads = if self.read_mask == 0 { 0 } else { self.read };
        let writes = if self.write_mask == 0 { 0 } else { self.written };
        let address = if self.read_mask | self.write_mask == 0 { 0 } else { self.address };
        let rd_value = if self.rd == 0 { 0 } else { self.rd_value };
        Self { cycle: 0, order: 0, read: reads, written: writes, address, rd_value, ..self.clone() }
    }

    fn same(&self, other: &Self) -> bool {
        self.effect() == other.effect()
    }
}

/// Whose instruction it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// S or U mode.
    Guest,
    /// M mode.
    Vmm,
}

/// The first difference of a stream, with what is around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The tile.
    pub tile: u32,
    /// The stream.
    pub owner: Owner,
    /// The last equal instructions, oldest first.
    pub before: Vec<Retired>,
    /// From the first that differs on, without the fault.
    pub golden: Vec<Retired>,
    /// The same with the fault.
    pub faulty: Vec<Retired>,
    /// The tile's registers without and with the fault, each when the first of these had just retired there; none if they were
    /// not read.
    #[serde(skip)]
    pub registers: Option<[Snapshot; 2]>,
}

/// An instruction and the registers right behind it.
#[derive(Debug)]
struct Seen {
    retired: Retired,
    registers: Option<Snapshot>,
}

#[derive(Debug, Default)]
struct Stream {
    golden: VecDeque<Seen>,
    faulty: VecDeque<Seen>,
    before: VecDeque<Retired>,
    differs: bool,
}

impl Stream {
    fn advance(&mut self) {
        while !self.differs {
            let (Some(golden), Some(faulty)) = (self.golden.front(), self.faulty.front()) else {
                return;
            };
            if !golden.retired.same(&faulty.retired) {
                self.differs = true;
                return;
            }
            if self.before.len() == CONTEXT {
                self.before.pop_front();
            }
            self.before.extend(self.golden.pop_front().map(|seen| seen.retired));
            self.faulty.pop_front();
        }
        self.golden.truncate(CONTEXT);
        self.faulty.truncate(CONTEXT);
    }

    fn registers(&self) -> Option<[Snapshot; 2]> {
        Some([self.golden.front()?.registers?, self.faulty.front()?.registers?])
    }
}

/// What one chip showed in a cycle.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The lines of what retired.
    pub lines: &'a [u8],
    /// Registers by tile, at the start of that cycle; empty, or none for a tile, where they were not read.
    pub registers: &'a [Option<Snapshot>],
}

/// The streams of all tiles.
#[derive(Debug)]
pub struct Streams {
    tiles: Vec<[Stream; 2]>,
}

impl Streams {
    /// Of a chip with so many tiles, before anything retired.
    pub fn new(tiles: u32) -> Self {
        Self { tiles: (0..tiles).map(|_| Default::default()).collect() }
    }

    /// The guest's instructions differ on some tile: later registers are of no use.
    pub fn guest_differs(&self) -> bool {
        self.tiles.iter().any(|streams| streams[0].differs)
    }

    /// Takes what retired in `cycle` on both chips.
    pub fn take(&mut self, cycle: u64, golden: Shown<'_>, faulty: Shown<'_>) {
        for (shown, is_golden) in [(golden, true), (faulty, false)] {
            let text = String::from_utf8_lossy(shown.lines);
            for retired in text.lines().filter_map(|line| Retired::parse(line, cycle)) {
                let number = retired.tile as usize;
                let Some(tile) = self.tiles.get_mut(number) else { continue };
                let registers = shown.registers.get(number).copied().flatten();
                let stream = &mut tile[usize::from(retired.mode == MACHINE)];
                let queue = if is_golden { &mut stream.golden } else { &mut stream.faulty };
                if !stream.differs || queue.len() < CONTEXT {
                    queue.push_back(Seen { retired, registers });
                }
            }
        }
        self.tiles.iter_mut().flatten().for_each(Stream::advance);
    }

    /// The first difference in the guest's instructions, or in the VMM's; of several tiles the earliest on the faulty chip.
    pub fn first(&self, owner: Owner) -> Option<Difference> {
        let found = self.tiles.iter().enumerate().filter_map(|(tile, streams)| {
            let stream = &streams[usize::from(owner == Owner::Vmm)];
            let list =
                |queue: &VecDeque<Seen>| queue.iter().map(|seen| seen.retired.clone()).collect();
            stream.differs.then(|| Difference {
                tile: tile as u32,
                owner,
                before: stream.before.iter().cloned().collect(),
                golden: list(&stream.golden),
                faulty: list(&stream.faulty),
                registers: stream.registers(),
            })
        });
        found.min_by_key(|found| found.faulty.first().map(|first| first.cycle))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        "1 77 80000010 00a58593 1 0 0 0b 0000000f 00000000 0 0 00000000 00000000 80000014";

    fn line(pc: u32, mode: u32, value: u32) -> String {
        format!(
            "0 1 {pc:08x} 00a58593 {mode} 0 0 0b {value:08x} 00000000 0 0 00000000 00000000 {:08x}\n",
            pc + 4
        )
    }

    #[test]
    fn lines_are_read() {
        let retired = Retired::parse(LINE, 9).expect("a line");
        assert_eq!(
            (retired.tile, retired.order, retired.pc, retired.mode),
            (1, 77, 0x8000_0010, 1)
        );
        assert_eq!((retired.rd, retired.rd_value, retired.next_pc), (11, 15, 0x8000_0014));
        assert_eq!(Retired::parse(&LINE[..40], 9), None);
    }

    #[test]
    fn streams_are_matched_by_place_and_not_by_cycle() {
        let mut streams = Streams::new(1);
        let text: Vec<String> = (0..30).map(|i| line(0x8000_0000 + 4 * i, 1, i)).collect();
        // The faulty chip is three cycles late, and polls in between.
        for cycle in 0..33_usize {
            let golden = text.get(cycle).map_or(String::new(), Clone::clone);
            let mut faulty = line(0x4000_1000, 3, cycle as u32);
            if let Some(late) = cycle.checked_sub(3) {
                faulty +=
                    &if late == 20 { line(0x8000_0000 + 80, 1, 99) } else { text[late].clone() };
            }
            let (late, now) = (
                [Some(Snapshot::with(1, cycle as u32 + 100))],
                [Some(Snapshot::with(1, cycle as u32))],
            );
            streams.take(
                cycle as u64,
                Shown { lines: golden.as_bytes(), registers: &now },
                Shown { lines: faulty.as_bytes(), registers: &late },
            );
        }
        let found = streams.first(Owner::Guest).expect("a difference");
        assert_eq!((found.golden[0].rd_value, found.faulty[0].rd_value), (20, 99));
        assert_eq!((found.golden[0].cycle, found.faulty[0].cycle), (20, 23));
        // Each run's own moment.
        assert_eq!(found.registers, Some([Snapshot::with(1, 20), Snapshot::with(1, 123)]));
        assert!(streams.guest_differs());
        assert_eq!(found.before.last().map(|last| last.rd_value), Some(19));
        assert_eq!((found.before.len(), found.golden.len()), (CONTEXT, 10));
        assert_eq!(streams.first(Owner::Vmm), None, "nothing to compare with");
    }
}
