//! The host's side of the chip's devices: disk, network, and what main memory's channels went through.
//!
//! A device's data stands in the I/O region of main memory. The chip stops with [`Stop::Host`](crate::Stop) in the cycle
//! after it has asked for something, so that the host's answer comes at the same cycle in every run.

use covert_abi::io::{BLK_FLUSH, BLK_READ, BLK_WRITE};

use crate::chip::Chip;

/// What a block command asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockOp {
    /// Disk to I/O region.
    Read,
    /// I/O region to disk.
    Write,
    /// What was written is to be kept.
    Flush,
}

/// A block command that waits for the host. Its sectors are on the disk and its data is inside the I/O region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRequest {
    /// What is asked for.
    pub op: BlockOp,
    /// First sector.
    pub sector: u64,
    /// Sectors of 512 bytes; 0 for a flush.
    pub count: u32,
    /// Physical address of the data in main memory.
    pub address: u32,
    /// Cycle in which the command was given.
    pub cycle: u64,
}

impl BlockRequest {
    /// Cycles of every command: 10 us.
    pub const CYCLES: u64 = 500;
    /// Cycles of each sector besides: 512 bytes at about 200 MB/s.
    pub const CYCLES_PER_SECTOR: u64 = 130;

    /// The cycle in which the simulated disk has done it.
    pub fn due(&self) -> u64 {
        self.cycle + Self::CYCLES + Self::CYCLES_PER_SECTOR * u64::from(self.count)
    }
}

/// What a memory channel went through since power-on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelCounters {
    /// Words read or written.
    pub words: u64,
    /// Bursts they were moved in; 0 where memory is no SDRAM.
    pub bursts: u64,
    /// Cycles with a request that stood back for another channel or a refresh; 0 where memory is no SDRAM.
    pub waited: u64,
}

impl Chip {
    /// Puts a disk of this many sectors of 512 bytes in, or none (0). To be called before the first cycle.
    pub fn set_disk(&mut self, sectors: u64, read_only: bool) {
        self.pin().set_disk(sectors, read_only);
    }

    /// Connects a network; the chip's MAC address is `mac`. To be called before the first cycle.
    pub fn set_network(&mut self, mac: [u8; 6]) {
        let number = mac.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        self.pin().set_network(number);
    }

    /// The block command that waits for the host: it moves the data between the disk and the request's address
    /// ([`Chip::read_memory`], [`Chip::write_memory`]), then calls [`Chip::complete_block`].
    pub fn block_request(&self) -> Option<BlockRequest> {
        let chip = self.bridge();
        if !chip.block_pending() {
            return None;
        }
        let command = chip.block_command();
        // The model lets no other command through.
        let op = match command.op {
            BLK_READ => BlockOp::Read,
            BLK_WRITE => BlockOp::Write,
            op => {
                debug_assert_eq!(op, BLK_FLUSH);
                BlockOp::Flush
            }
        };
        let count = if op == BlockOp::Flush { 0 } else { command.count };
        let address = self.regions().io() + command.offset;
        Some(BlockRequest { op, sector: command.sector, count, address, cycle: command.cycle })
    }

    /// Ends the block command that waits, in cycle `at_cycle` ([`BlockRequest::due`]) or the next one if that has
    /// passed. Does nothing if there is none.
    pub fn complete_block(&mut self, failed: bool, at_cycle: u64) {
        self.pin().complete_block(failed, at_cycle);
    }

    /// The next Ethernet frame that the chip has sent, without checksum: 14 to 1514 bytes.
    pub fn take_frame(&mut self) -> Option<Vec<u8>> {
        (self.bridge().frames_sent() > 0).then(|| self.pin().take_frame())
    }

    /// Hands the chip an Ethernet frame, without checksum. It waits until the guest's driver has a buffer. False if
    /// that many wait already, or it has not 14 to 1514 bytes: it is lost, as on a wire.
    pub fn offer_frame(&mut self, frame: &[u8]) -> bool {
        self.pin().offer_frame(frame)
    }

    /// Cycles that the idle skip has left out so far.
    pub fn skipped_cycles(&self) -> u64 {
        self.bridge().skipped_cycles()
    }

    /// Sums of each memory channel: the tiles', then the DMA engine's.
    pub fn channel_counters(&self) -> Vec<ChannelCounters> {
        let one = |channel| {
            let sums = self.bridge().channel_counters(channel);
            ChannelCounters { words: sums.words, bursts: sums.bursts, waited: sums.waited }
        };
        (0..=self.options().tiles).map(one).collect()
    }
}
