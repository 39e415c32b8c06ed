//! The replica state: all that a replica remembers, in one structure of plain words.
//!
//! Every bit pattern is a valid value of the structure, so that code that reads a state which a fault has
//! changed does something defined: numbers that mean nothing end as a [`Failure`].

use covert_abi::{
    BootDescriptor,
    boot::{self, MAX_SEGMENTS},
    layout::{GUEST_MAX, PAGE_SIZE, STATE_SIZE},
};

use crate::{
    clock::{Clock, Epoch},
    console::Console,
    device::{Devices, region::Region},
    event::Failure,
    group::Group,
    machine::Phase,
    memory::{BUFFER_SIZE, inside},
    vcpu::Vcpu,
};

/// `magic` of a replica state: `COVS`.
pub const MAGIC: u32 = 0x5356_4F43;
/// `version` of a replica state.
pub const VERSION: u32 = 2;
/// Shortest epoch.
const EPOCH_MIN: u32 = 100;

/// What a replica remembers. It stands at `STATE_BASE` on the chip, in a page of its own; the
/// [bounce buffer](crate::memory) stands in the next page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct ReplicaState {
    /// The guest's processor; first, because trap entry and exit address it.
    pub vcpu: Vcpu,
    /// [`MAGIC`].
    pub magic: u32,
    /// [`VERSION`].
    pub version: u32,
    /// What the machine waits for ([`Phase`]).
    pub phase: u32,
    /// Bytes of guest RAM.
    pub guest_size: u32,
    /// Segments of the guest in all.
    pub segments: u32,
    /// The next one to be loaded.
    pub next_segment: u32,
    /// 1: the guest has run.
    pub started: u32,
    /// 1: the guest waits for an interrupt.
    pub idle: u32,
    /// The position inside the epoch.
    pub epoch: Epoch,
    /// The guest's time.
    pub clock: Clock,
    /// The group.
    pub group: Group,
    /// The console.
    pub console: Console,
    /// The guest's devices.
    pub devices: Devices,
}

const _: () = assert!(size_of::<ReplicaState>() <= PAGE_SIZE as usize);
const _: () = assert!(PAGE_SIZE + BUFFER_SIZE <= STATE_SIZE);
const _: () = assert!(core::mem::offset_of!(ReplicaState, vcpu) == 0);

/// What the VMM asks the isolation unit for at power-on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chip {
    /// Number of tiles.
    pub tiles: u32,
    /// Depth of the log, in entries.
    pub log_depth: u32,
    /// Members of the group, bit by tile.
    pub members: u32,
    /// Sectors of the disk; 0: none.
    pub sectors: u64,
    /// The disk is read-only.
    pub read_only: bool,
    /// `NET_MAC_LO`, `NET_MAC_HI`.
    pub mac: [u32; 2],
}

impl ReplicaState {
    /// The state at power-on, for the guest of this descriptor.
    ///
    /// # Errors
    /// [`Failure::Descriptor`] if the descriptor is not one, or its guest does not fit.
    pub fn cold(descriptor: &BootDescriptor, chip: Chip) -> Result<Self, Failure> {
        let size = descriptor.guest_size;
        let sound = descriptor.magic == boot::MAGIC
            && descriptor.version == boot::VERSION
            && (PAGE_SIZE..=GUEST_MAX).contains(&size)
            && size.is_multiple_of(PAGE_SIZE)
            && descriptor.epoch >= EPOCH_MIN
            && descriptor.checkpoint_every >= 1
            && (1..=255).contains(&descriptor.max_attempts)
            && descriptor.segment_count <= MAX_SEGMENTS as u32
            && Region::may_have(descriptor.io_size)
            && (1..32).contains(&chip.tiles)
            && inside(descriptor.guest_entry, 2, size)
            && (descriptor.guest_dtb == 0 || inside(descriptor.guest_dtb, 4, size))
            && descriptor.segments.iter().take(descriptor.segment_count as usize).all(|segment| {
                (segment.src | segment.dst | segment.len) & 3 == 0
                    && inside(segment.dst, segment.len, size)
            });
        if !sound {
            return Err(Failure::Descriptor);
        }
        Ok(Self {
            vcpu: Vcpu::at_entry(descriptor.guest_entry, descriptor.guest_dtb),
            magic: MAGIC,
            version: VERSION,
            phase: Phase::Load as u32,
            guest_size: size,
            segments: descriptor.segment_count,
            epoch: Epoch { length: descriptor.epoch, left: descriptor.epoch, ..Epoch::default() },
            clock: Clock { deadline: Clock::NEVER, ..Clock::default() },
            group: Group {
                members: chip.members,
                tiles: (1 << chip.tiles) - 1,
                checkpoint_every: descriptor.checkpoint_every,
                // The other half is room for what one action and one epoch can add.
                log_limit: chip.log_depth / 2,
                ..Group::default()
            },
            devices: Devices::new(chip.sectors, chip.read_only, chip.mac, descriptor.io_size),
            ..Self::default()
        })
    }

    /// Whether this is a replica state at all.
    pub fn is_valid(&self) -> bool {
        self.magic == MAGIC && self.version == VERSION
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use covert_abi::{Segment, boot::IO_MIN, io::NET_PRESENT, layout::GUEST_BASE};

    pub(crate) const CHIP: Chip = Chip {
        tiles: 2,
        log_depth: 2048,
        members: 1,
        sectors: 64,
        read_only: false,
        mac: [0x5634_1202, NET_PRESENT | 0x9A78],
    };

    /// A sound descriptor.
    pub(crate) fn descriptor() -> BootDescriptor {
        let mut segments = [Segment::default(); MAX_SEGMENTS];
        segments[0] = Segment { src: 0x8000, dst: GUEST_BASE, len: 0x1000 };
        segments[1] = Segment { src: 0x9000, dst: GUEST_BASE + 0x2000, len: 0x10 };
        BootDescriptor {
            magic: boot::MAGIC,
            version: boot::VERSION,
            image_len: 0x8000,
            guest_size: 0x10_0000,
            guest_entry: GUEST_BASE,
            guest_dtb: 0,
            epoch: 10_000,
            checkpoint_every: 10,
            time_limit: 100_000,
            max_attempts: 3,
            io_size: IO_MIN,
            segment_count: 2,
            segments,
        }
    }

    pub(crate) fn started() -> ReplicaState {
        ReplicaState::cold(&descriptor(), CHIP).unwrap()
    }

    #[test]
    fn cold_state_is_valid_and_a_blank_one_is_not() {
        assert!(started().is_valid());
        assert!(!ReplicaState::default().is_valid());
        assert_eq!(started().group.tiles, 0b11);
    }

    #[test]
    fn impossible_descriptors_are_refused() {
        let breaks: [fn(&mut BootDescriptor); 15] = [
            |d| d.magic ^= 1,
            |d| d.version += 1,
            |d| d.guest_size = 0,
            |d| d.guest_size += 4,
            |d| d.guest_size = GUEST_MAX + PAGE_SIZE,
            |d| d.epoch = 99,
            |d| d.checkpoint_every = 0,
            |d| d.max_attempts = 0,
            |d| d.io_size -= 4,
            |d| d.segment_count = MAX_SEGMENTS as u32 + 1,
            |d| d.guest_entry = GUEST_BASE - 2,
            |d| d.guest_dtb = GUEST_BASE + d.guest_size,
            |d| d.segments[0].src = 2,
            |d| d.segments[1].dst = GUEST_BASE + d.guest_size - 8,
            |d| d.segments[1].len = 0xFFFF_FFFC,
        ];
        for (number, break_it) in breaks.iter().enumerate() {
            let mut broken = descriptor();
            break_it(&mut broken);
            assert_eq!(ReplicaState::cold(&broken, CHIP), Err(Failure::Descriptor), "{number}");
        }
    }
}
