//! Addresses and sizes: the tile's address map and the layout of main memory, in bytes.

/// Exit device (`sifive,test0`); M-mode, through the comparator.
pub const EXIT_BASE: u32 = 0x0010_0000;
/// Core-local interruptor; M-mode, through the comparator.
pub const CLINT_BASE: u32 = 0x0200_0000;
/// Size of the CLINT window.
pub const CLINT_SIZE: u32 = 0x0001_0000;
/// `msip` of hart 0, offset in the CLINT.
pub const CLINT_MSIP: u32 = 0x0000;
/// `mtimecmp` of hart 0 (64 bits), offset in the CLINT.
pub const CLINT_MTIMECMP: u32 = 0x4000;
/// `mtime` (64 bits), offset in the CLINT.
pub const CLINT_MTIME: u32 = 0xBFF8;
/// UART (ns16550 subset); M-mode, through the comparator.
pub const UART_BASE: u32 = 0x1000_0000;
/// Size of the UART window.
pub const UART_SIZE: u32 = 0x100;
/// VMM memory of a tile (its own domain, offset 0); M-mode only.
pub const VMM_BASE: u32 = 0x4000_0000;
/// Registers of the tile's own gate; M-mode, read-only, not compared.
pub const GATE_BASE: u32 = 0x5000_0000;
/// Registers of the isolation unit; M-mode, through the comparator.
pub const UNIT_BASE: u32 = 0x5001_0000;
/// Size of the isolation unit's window.
pub const UNIT_SIZE: u32 = 0x1000;
/// Registers of the I/O controller; M-mode, through the comparator.
pub const IO_BASE: u32 = 0x5002_0000;
/// Size of the I/O controller's window.
pub const IO_SIZE: u32 = 0x1000;
/// Guest RAM of a tile (its own domain, offset [`GUEST_OFFSET`]); every privilege.
pub const GUEST_BASE: u32 = 0x8000_0000;

/// Offset of the tile's number in the gate's registers.
pub const GATE_TILE_ID: u32 = 0x0;

/// Size of a VMM memory window, and so the offset of guest RAM in a domain.
pub const VMM_SIZE: u32 = 0x0010_0000;
/// Offset of guest RAM in a domain.
pub const GUEST_OFFSET: u32 = VMM_SIZE;
/// Offset of the replica state in a domain: bit-identical on all members at a checkpoint.
pub const STATE_OFFSET: u32 = 0x0008_0000;
/// Address of the replica state as a tile sees it.
pub const STATE_BASE: u32 = VMM_BASE + STATE_OFFSET;
/// Size of the replica state window.
pub const STATE_SIZE: u32 = VMM_SIZE - STATE_OFFSET;
/// Where a tile starts: image offset 4096, behind the boot descriptor's page.
pub const RESET_VECTOR: u32 = VMM_BASE + PAGE_SIZE;
/// A page of the guest's and of the VMM image.
pub const PAGE_SIZE: u32 = 4096;
/// A block of main memory: what one dirty bit stands for, the grain of checkpoints, restores and clones. A power of two.
pub const BLOCK_SIZE: u32 = 512;
/// Distance of two regions of main memory (domains, checkpoint slots, boot region, I/O region).
pub const REGION_STRIDE: u32 = 0x0200_0000;
/// Blocks of one region.
pub const REGION_BLOCKS: u32 = REGION_STRIDE / BLOCK_SIZE;
/// Largest guest RAM.
pub const GUEST_MAX: u32 = REGION_STRIDE - GUEST_OFFSET;
/// First block that checkpoint, restore and clone cover.
pub const FIRST_BLOCK: u32 = STATE_OFFSET / BLOCK_SIZE;
/// Largest VMM image, boot descriptor's page included.
pub const IMAGE_MAX: u32 = STATE_OFFSET;

/// Nominal clock, in Hz.
pub const CLOCK_HZ: u32 = 50_000_000;
/// Clock cycles for one count of `mtime`.
pub const CYCLES_PER_TICK: u32 = 5;
/// Rate of `mtime`, in Hz (QEMU's `virt` has the same).
pub const TIMEBASE_HZ: u32 = CLOCK_HZ / CYCLES_PER_TICK;

/// Main memory's regions, for a chip of `tiles` tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Regions {
    tiles: u32,
}

impl Regions {
    /// Regions of a chip with `tiles` tiles (1 to 4).
    pub const fn new(tiles: u32) -> Self {
        Self { tiles }
    }
    /// Physical address of the domain of `tile`.
    pub const fn domain(&self, tile: u32) -> u32 {
        tile * REGION_STRIDE
    }
    /// Physical address of checkpoint slot 0 or 1.
    pub const fn slot(&self, slot: u32) -> u32 {
        (self.tiles + slot) * REGION_STRIDE
    }
    /// Physical address of the boot region.
    pub const fn boot(&self) -> u32 {
        (self.tiles + 2) * REGION_STRIDE
    }
    /// Physical address of the I/O region.
    pub const fn io(&self) -> u32 {
        (self.tiles + 3) * REGION_STRIDE
    }
    /// Bytes of main memory in all.
    pub const fn total(&self) -> u32 {
        (self.tiles + 4) * REGION_STRIDE
    }
}
