//! Registers of the I/O controller: offsets from [`layout::IO_BASE`](crate::layout::IO_BASE), all 32 bits wide, all
//! logged. `docs/io.md` explains them.

pub use crate::register::Register;
use crate::register::registers;

registers! {
    BLK_CAPACITY_LO = 0x00, "r", true, "Sectors of 512 bytes, low word.";
    BLK_CAPACITY_HI = 0x04, "r", true, "Sectors of 512 bytes, high word; 0 in both: no disk.";
    BLK_SECTOR_LO = 0x08, "rw", true, "First sector of the next command, low word.";
    BLK_SECTOR_HI = 0x0C, "rw", true, "First sector of the next command, high word.";
    BLK_COUNT = 0x10, "rw", true, "Sectors of the next command, 1 to 2048.";
    BLK_ADDR = 0x14, "rw", true, "Byte offset of the next command's data in the I/O region, a multiple of 4.";
    BLK_CMD = 0x18, "w", true, "1 read (disk to I/O region), 2 write, 3 flush; ignored while busy.";
    BLK_STATUS = 0x1C, "r", true, "Bit 0 busy; bit 1 the last command failed; bit 2 the disk is read-only; bit 3 done: a command has ended since the last read of this register (reading clears it).";
    NET_MAC_LO = 0x40, "r", true, "MAC address, byte k in bits 8k+7:8k.";
    NET_MAC_HI = 0x44, "r", true, "Bits 15:0 bytes 4 and 5 of the MAC address; bit 31: there is a network.";
    NET_TX_ADDR = 0x48, "rw", true, "Byte offset of the next frame in the I/O region, a multiple of 4.";
    NET_TX = 0x4C, "w", true, "Bytes of the frame, 14 to 1514: sent. The write is answered when the device has taken the frame.";
    NET_RX_ADDR = 0x50, "w", true, "Posts a receive buffer of 2048 bytes: byte offset in the I/O region, a multiple of 4; clears NET_RX_LEN.";
    NET_RX_LEN = 0x54, "r", true, "Bytes of the frame in the posted buffer; 0: none yet.";
    RANDOM = 0x80, "r", true, "32 random bits.";
}

/// `BLK_CMD`: disk to I/O region.
pub const BLK_READ: u32 = 1;
/// `BLK_CMD`: I/O region to disk.
pub const BLK_WRITE: u32 = 2;
/// `BLK_CMD`: what was written is to be kept.
pub const BLK_FLUSH: u32 = 3;

/// `BLK_STATUS`: a command runs.
pub const BLK_BUSY: u32 = 1 << 0;
/// `BLK_STATUS`: the last command failed.
pub const BLK_FAILED: u32 = 1 << 1;
/// `BLK_STATUS`: the disk is read-only.
pub const BLK_READ_ONLY: u32 = 1 << 2;
/// `BLK_STATUS`: a command has ended since the last read of this register.
pub const BLK_DONE: u32 = 1 << 3;
/// `NET_MAC_HI`: there is a network.
pub const NET_PRESENT: u32 = 1 << 31;

/// Bytes of a sector.
pub const SECTOR_SIZE: u32 = 512;
/// Most sectors of one command.
pub const BLK_COUNT_MAX: u32 = 2048;
/// Bytes of a receive buffer.
pub const NET_RX_SIZE: u32 = 2048;
/// Shortest frame, in bytes.
pub const NET_FRAME_MIN: u32 = 14;
/// Longest frame, in bytes.
pub const NET_FRAME_MAX: u32 = 1514;
