//! The boot descriptor: first page of the VMM image, written by whoever starts the chip (simulator or board loader).

/// A piece of the guest in the boot region, to be loaded into guest RAM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Segment {
    /// Byte offset in the boot region, a multiple of 4.
    pub src: u32,
    /// Guest-physical address, a multiple of 4.
    pub dst: u32,
    /// Bytes, a multiple of 4.
    pub len: u32,
}

/// Most segments a descriptor holds.
pub const MAX_SEGMENTS: usize = 16;
/// Offset in the I/O region at which the data of disk requests begins. What is below serves the network.
pub const IO_DATA: u32 = 0x0020_0000;
/// Least bytes of the I/O region: with room for the largest disk request.
pub const IO_MIN: u32 = IO_DATA + 0x0010_0000;
/// `magic` of a descriptor: `COVB`.
pub const MAGIC: u32 = 0x4256_4F43;
/// `version` of a descriptor.
pub const VERSION: u32 = 2;

/// What the VMM is told at power-on. All fields are little-endian words; it stands at the start of the VMM image
/// ([`layout::VMM_BASE`](crate::layout::VMM_BASE)), so that it is reloaded and protected with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct BootDescriptor {
    /// [`MAGIC`].
    pub magic: u32,
    /// [`VERSION`].
    pub version: u32,
    /// Bytes of the VMM image, this page included, a multiple of 4096; read by the sequencer as well.
    pub image_len: u32,
    /// Bytes of guest RAM, a multiple of 4096.
    pub guest_size: u32,
    /// First instruction of the guest (guest-physical), in S-mode.
    pub guest_entry: u32,
    /// a1 of the guest: guest-physical address of the device tree, 0 if none.
    pub guest_dtb: u32,
    /// Instructions of an epoch, at least 100.
    pub epoch: u32,
    /// Epochs between checkpoints, at least 1.
    pub checkpoint_every: u32,
    /// Cycles for `TIME_LIMIT`.
    pub time_limit: u32,
    /// Value for `MAX_ATTEMPTS`.
    pub max_attempts: u32,
    /// Bytes of the I/O region that are there, from its start on: [`IO_MIN`] to
    /// [`REGION_STRIDE`](crate::layout::REGION_STRIDE), a multiple of 4.
    pub io_size: u32,
    /// Number of segments in use.
    pub segment_count: u32,
    /// The guest's segments.
    pub segments: [Segment; MAX_SEGMENTS],
}

impl BootDescriptor {
    /// The descriptor as the words that stand in memory.
    pub fn words(&self) -> [u32; 12 + 3 * MAX_SEGMENTS] {
        let mut words = [0; 12 + 3 * MAX_SEGMENTS];
        words[..12].copy_from_slice(&[
            self.magic,
            self.version,
            self.image_len,
            self.guest_size,
            self.guest_entry,
            self.guest_dtb,
            self.epoch,
            self.checkpoint_every,
            self.time_limit,
            self.max_attempts,
            self.io_size,
            self.segment_count,
        ]);
        for (words, segment) in words[12..].chunks_exact_mut(3).zip(&self.segments) {
            words.copy_from_slice(&[segment.src, segment.dst, segment.len]);
        }
        words
    }
}
