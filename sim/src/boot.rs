//! What stands in main memory before the first cycle: a bare program in tile 0's domain, or the boot
//! region with the VMM image, its boot descriptor and the guest's segments.

use covert_abi::layout::{
    GUEST_BASE, IMAGE_MAX, PAGE_SIZE, REGION_STRIDE, RESET_VECTOR, Regions, VMM_BASE,
};
use covert_abi::{BootDescriptor, Segment, boot};
use covert_model::Memory;

use crate::elf::{Chunk, ElfError, Program};
use crate::image::Payload;

/// Why a boot region cannot be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BootError {
    /// The firmware is no program for the VMM's memory.
    #[error("firmware: {0}")]
    Firmware(ElfError),
    /// The firmware does not start where a tile leaves reset.
    #[error("firmware: starts at {0:#010x}, a tile at {RESET_VECTOR:#010x}")]
    FirmwareEntry(u32),
    /// More pieces than the boot descriptor lists.
    #[error("has {0} separate segments, at most {max} can be loaded", max = boot::MAX_SEGMENTS)]
    TooManySegments(usize),
    /// Image and guest together are larger than the boot region.
    #[error("is too large: {0} bytes with the VMM, the boot region holds {REGION_STRIDE}")]
    TooLarge(usize),
}

/// How the VMM shall run the guest: the boot descriptor's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of guest RAM, a multiple of 4096.
    pub ram: u32,
    /// Instructions of an epoch.
    pub epoch: u32,
    /// Epochs between checkpoints.
    pub checkpoint_every: u32,
    /// Cycles that a member's transaction waits for the others.
    pub time_limit: u32,
    /// Rollbacks allowed without a checkpoint in between.
    pub max_attempts: u32,
    /// Bytes of the I/O region that main memory has.
    pub io_size: u32,
}

/// Instructions of an epoch, unless told otherwise.
pub const DEFAULT_EPOCH: u32 = 20_000;
/// Epochs between checkpoints, unless told otherwise.
pub const DEFAULT_CHECKPOINT_EVERY: u32 = 100;
/// Rollbacks allowed without a checkpoint in between, unless told otherwise.
pub const DEFAULT_MAX_ATTEMPTS: u32 = 3;
/// Main memory, unless told otherwise.
pub const DEFAULT_MEMORY: Memory = Memory::Sdram;

/// The chunks of a bare program, at physical addresses: domain 0 without relocation.
pub fn bare_chunks(program: &Program) -> Vec<Chunk> {
    let place =
        |chunk: &Chunk| Chunk { address: chunk.address - GUEST_BASE, bytes: chunk.bytes.clone() };
    program.chunks.iter().map(place).collect()
}

/// The VMM image of a firmware's ELF file: whole pages, the first one, for the boot descriptor, blank.
///
/// # Errors
/// It is no program for the VMM's memory.
pub fn vmm_image(firmware: &[u8]) -> Result<Vec<u8>, BootError> {
    // The image's first page is the descriptor's.
    let window = IMAGE_MAX - PAGE_SIZE;
    let vmm = Program::parse(firmware, RESET_VECTOR, window).map_err(BootError::Firmware)?;
    if vmm.entry != RESET_VECTOR {
        return Err(BootError::FirmwareEntry(vmm.entry));
    }
    let mut image = vec![0; PAGE_SIZE as usize];
    for chunk in &vmm.chunks {
        let offset = (chunk.address - VMM_BASE) as usize;
        image.resize(image.len().max(offset + chunk.bytes.len()), 0);
        image[offset..offset + chunk.bytes.len()].copy_from_slice(&chunk.bytes);
    }
    image.resize(image.len().next_multiple_of(PAGE_SIZE as usize), 0);
    Ok(image)
}

/// The boot region for `guest` on a chip of `tiles` tiles, at its physical address.
///
/// # Errors
/// Firmware or guest do not fit.
pub fn boot_region(
    firmware: &[u8],
    guest: &Payload,
    settings: &Settings,
    tiles: u32,
) -> Result<Chunk, BootError> {
    let mut image = vmm_image(firmware)?;
    let image_len = image.len() as u32;

    if guest.chunks.len() > boot::MAX_SEGMENTS {
        return Err(BootError::TooManySegments(guest.chunks.len()));
    }
    let mut segments = [Segment::default(); boot::MAX_SEGMENTS];
    for (segment, chunk) in segments.iter_mut().zip(&guest.chunks) {
        *segment =
            Segment { src: image.len() as u32, dst: chunk.address, len: chunk.bytes.len() as u32 };
        image.extend(&chunk.bytes);
    }
    if image.len() > REGION_STRIDE as usize {
        return Err(BootError::TooLarge(image.len()));
    }
    let descriptor = BootDescriptor {
        magic: boot::MAGIC,
        version: boot::VERSION,
        image_len,
        guest_size: settings.ram,
        guest_entry: guest.entry,
        guest_dtb: guest.dtb,
        epoch: settings.epoch,
        checkpoint_every: settings.checkpoint_every,
        time_limit: settings.time_limit,
        max_attempts: settings.max_attempts,
        io_size: settings.io_size,
        segment_count: guest.chunks.len() as u32,
        segments,
    };
    for (bytes, word) in image.chunks_exact_mut(4).zip(descriptor.words()) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    Ok(Chunk { address: Regions::new(tiles).boot(), bytes: image })
}
