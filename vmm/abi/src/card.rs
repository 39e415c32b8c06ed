//! The image from which a board starts: on its SD card from sector 0 on, or sent over its serial line.
//!
//! Sectors of 512 bytes; all fields are little-endian words.
//!
//! | sector | what |
//! |---|---|
//! | 0 | header: eight words, the rest 0 |
//! | 1 to 8 | the [boot descriptor](crate::BootDescriptor)'s page |
//! | from 9 | the guest's segments: the boot region from [`image_len`](crate::BootDescriptor::image_len) on |
//! | header's [`DISK_FIRST_WORD`] | the guest's disk (on a card) |
//!
//! What lies between page and segments in the boot region, the VMM's firmware, is the board's own.

/// `COVC`, the header's first word.
pub const MAGIC: u32 = 0x4356_4F43;
/// Version of the format.
pub const VERSION: u32 = 1;
/// Word of the header: [`MAGIC`].
pub const MAGIC_WORD: u32 = 0;
/// Word of the header: [`VERSION`].
pub const VERSION_WORD: u32 = 1;
/// Word of the header: bytes of the VMM image that the segments are made for, the descriptor's page included.
pub const IMAGE_WORD: u32 = 2;
/// Word of the header: sectors of segments.
pub const PAYLOAD_WORD: u32 = 3;
/// Word of the header: CRC-32 (IEEE 802.3) of the boot region, VMM image and segments, as it has to be in memory.
pub const CHECK_WORD: u32 = 4;
/// Word of the header: [`Mode`](crate::Mode) that the guest shall run in.
pub const MODE_WORD: u32 = 5;
/// Word of the header: sector of the card at which the guest's disk begins.
pub const DISK_FIRST_WORD: u32 = 6;
/// Word of the header: sectors of the guest's disk, 0 if it has none.
pub const DISK_SECTORS_WORD: u32 = 7;

/// A board's loader says what it thinks of an image with single characters on the serial line: it waits for one.
pub const SAYS_WAITING: u32 = b'C' as u32;
/// The image is good; the chip starts.
pub const SAYS_GOOD: u32 = b'K' as u32;
/// It is not; a digit follows, one of `ERROR_*`.
pub const SAYS_ERROR: u32 = b'E' as u32;
/// The card cannot be read.
pub const ERROR_CARD: u32 = 1;
/// No image, or one of another version.
pub const ERROR_IMAGE: u32 = 2;
/// Made for another firmware.
pub const ERROR_FIRMWARE: u32 = 3;
/// Larger than the board's boot region.
pub const ERROR_SIZE: u32 = 4;
/// What stands in memory has another CRC.
pub const ERROR_CHECK: u32 = 5;
/// Nothing came for two seconds in the midst of an image.
pub const ERROR_STALL: u32 = 6;
