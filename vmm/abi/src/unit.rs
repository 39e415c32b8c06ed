//! Registers of the isolation unit: offsets from [`layout::UNIT_BASE`](crate::layout::UNIT_BASE), all 32 bits wide.

pub use crate::register::Register;
use crate::register::registers;

registers! {
    ID = 0x000, "r", false, "Identification: 0x434F5601 (`COV`, version 1).";
    CONFIG = 0x004, "r", false, "Bits 3:0 number of tiles; bits 31:16 depth of the log in entries.";
    BOOT_REASON = 0x008, "r", false, "Why the tiles left reset (BootReason).";
    MEMBERS = 0x00C, "r", false, "Bit i: tile i is a member of the group.";
    GUEST_SIZE = 0x010, "rw", false, "Bytes of guest RAM; a multiple of 4096, at most 31 MiB (larger values are clamped). The gates' bound.";
    TIME_LIMIT = 0x014, "rw", false, "Cycles that the first member's transaction waits for the others (0: no limit).";
    MAX_ATTEMPTS = 0x018, "rw", false, "Rollbacks allowed without a checkpoint in between; one more detection is a DUE. 1 to 255.";
    ATTEMPTS = 0x01C, "r", false, "Rollbacks since the last checkpoint.";
    DMA_SRC = 0x020, "rw", false, "LOAD, COPY_IN: byte offset in the boot or I/O region; COPY_OUT: in the members' domains. A multiple of 4.";
    DMA_DST = 0x024, "rw", false, "LOAD, COPY_IN: byte offset in the members' domains; COPY_OUT: in the I/O region. A multiple of 4.";
    DMA_LEN = 0x028, "rw", false, "LOAD, COPY_IN, COPY_OUT: bytes, a multiple of 4.";
    CMD = 0x02C, "w", false, "Bits 7:0 command (Command), bits 15:8 tile. Ignored while STATUS.BUSY.";
    STATUS = 0x030, "r", false, "Bit 0 BUSY; bit 1 a checkpoint is valid; bit 2 replaying the log; bits 11:8 Sequencer.";
    LOG_LEVEL = 0x034, "r", false, "Position in the log, in entries.";
    EPOCHS = 0x038, "r", false, "Epochs ended since power-on (replayed ones count again).";
    CHECKPOINTS = 0x03C, "r", false, "Checkpoints committed since power-on.";
    ARRIVE = 0x040, "w", false, "End of an epoch: the fingerprint.";
    WAKE_LO = 0x044, "rw", false, "Deadline of the barrier's input set in mtime, low word.";
    WAKE_HI = 0x048, "rw", false, "Deadline of the barrier's input set in mtime, high word; 0 in both: at once.";
    INPUT_TIME_LO = 0x04C, "r", true, "mtime of the input set, low word; waits for the latch.";
    INPUT_TIME_HI = 0x050, "r", true, "mtime of the input set, high word; waits for the latch.";
    INPUT_FLAGS = 0x054, "r", true, "Input set: bit 0 UART has received data, bit 1 UART hang-up, bit 2 a block command has ended, bit 3 a received frame is in the posted buffer, bits 6:4 requested mode (Mode); waits for the latch.";
    VMM_FAIL = 0x058, "w", false, "The VMM cannot go on: a detection of kind Vmm. The value is recorded as the member's word.";
    WAKE_MASK = 0x05C, "rw", false, "Which of bits 3:0 of INPUT_FLAGS end the barrier's wait before its deadline; all ones at reset. A changed requested mode always does.";
    DET_COUNT = 0x060, "r", false, "Detections since power-on.";
    DET_KIND = 0x064, "r", false, "Kind of the last detection (Detection).";
    DET_TILE = 0x068, "r", false, "Bit i: tile i is accused (both, when two disagree).";
    DET_ADDR0 = 0x070, "r", false, "Last detection: address of member tile 0's transaction, bit 0 set for a write, bit 1 set when it was there. A failed checkpoint: offset in the domain.";
    DET_ADDR1 = 0x074, "r", false, "The same of tile 1.";
    DET_ADDR2 = 0x078, "r", false, "The same of tile 2.";
    DET_ADDR3 = 0x07C, "r", false, "The same of tile 3.";
    DET_DATA0 = 0x080, "r", false, "Last detection: data of tile 0's transaction.";
    DET_DATA1 = 0x084, "r", false, "The same of tile 1.";
    DET_DATA2 = 0x088, "r", false, "The same of tile 2.";
    DET_DATA3 = 0x08C, "r", false, "The same of tile 3.";
}

/// Value of `ID`.
pub const ID_VALUE: u32 = 0x434F_5601;
/// `STATUS`: a command runs.
pub const STATUS_BUSY: u32 = 1 << 0;
/// `STATUS`: a checkpoint is valid.
pub const STATUS_CKPT_VALID: u32 = 1 << 1;
/// `STATUS`: the log is being replayed.
pub const STATUS_REPLAY: u32 = 1 << 2;
/// `INPUT_FLAGS`: the UART has received data.
pub const INPUT_UART_RX: u32 = 1 << 0;
/// `INPUT_FLAGS`: the host has closed the console's input and all of it was read.
pub const INPUT_UART_HANGUP: u32 = 1 << 1;
/// `INPUT_FLAGS`: a block command has ended (`BLK_STATUS` done).
pub const INPUT_BLK: u32 = 1 << 2;
/// `INPUT_FLAGS`: a received frame is in the posted buffer.
pub const INPUT_NET: u32 = 1 << 3;
/// `INPUT_FLAGS`: lowest bit of the requested mode (3 bits).
pub const INPUT_MODE_SHIFT: u32 = 4;

/// UART: read up to three received bytes (bits 31:24 count).
pub const UART_RXPACK: u32 = 0x10;
/// UART: write up to three bytes (bits 31:24 count).
pub const UART_TXPACK: u32 = 0x14;

/// Entries of the input log.
pub const LOG_DEPTH: u32 = 2048;
