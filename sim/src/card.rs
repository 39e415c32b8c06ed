//! What a board starts from: the image of its SD card, and the firmware for its block RAM. The format is `covert_abi::card`'s.

use std::ops::Range;

use covert_abi::layout::{IMAGE_MAX, PAGE_SIZE};
use covert_abi::{Mode, card, io};
use crc::{CRC_32_ISO_HDLC, Crc};

/// Sector of a card's image at which a guest's disk begins: the next multiple, so that a card's own blocks are met.
const DISK_ALIGNMENT: usize = 2048;
const SECTOR: usize = io::SECTOR_SIZE as usize;
const CHECK: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// A boot region that a board has no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("takes {needed} bytes of the boot region, the board has {room}")]
pub struct TooLarge {
    /// VMM image and segments, in bytes.
    pub needed: usize,
    /// What the board has, in bytes.
    pub room: usize,
}

/// Bytes of the VMM image at the start of a boot region, as its descriptor says.
fn image_len(boot_region: &[u8]) -> usize {
    let word = boot_region.get(8..12).and_then(|bytes| bytes.try_into().ok());
    word.map_or(0, u32::from_le_bytes) as usize
}

/// The firmware as `$readmemh` reads it: a word of 32 bits a line.
pub fn hex(firmware: &[u8]) -> String {
    let word = |bytes: &[u8]| {
        let mut word = [0; 4];
        word[..bytes.len()].copy_from_slice(bytes);
        format!("{:08x}\n", u32::from_le_bytes(word))
    };
    firmware.chunks(4).map(word).collect()
}

/// The image of a card for a guest's boot region (`boot::boot_region`), of which the board has `room` bytes, and with its
/// disk, if it has one. Whole sectors.
///
/// # Errors
/// The boot region is larger than that.
pub fn image(
    boot_region: &[u8],
    mode: Mode,
    disk: Option<&[u8]>,
    room: usize,
) -> Result<Vec<u8>, TooLarge> {
    let head = image_len(boot_region);
    debug_assert!(head <= IMAGE_MAX as usize, "a boot region");
    // In memory there are whole sectors.
    let mut memory = boot_region.to_vec();
    memory.resize(memory.len().next_multiple_of(SECTOR), 0);
    if memory.len() > room {
        return Err(TooLarge { needed: memory.len(), room });
    }
    let payload = &memory[head..];
    let behind = 9 + payload.len() / SECTOR;
    let disk_first = behind.next_multiple_of(DISK_ALIGNMENT);
    let disk_sectors = disk.map_or(0, |disk| disk.len().div_ceil(SECTOR));

    let mut header = [0; 8];
    for (word, value) in [
        (card::MAGIC_WORD, card::MAGIC),
        (card::VERSION_WORD, card::VERSION),
        (card::IMAGE_WORD, head as u32),
        (card::PAYLOAD_WORD, (payload.len() / SECTOR) as u32),
        (card::CHECK_WORD, CHECK.checksum(&memory)),
        (card::MODE_WORD, mode as u32),
        (card::DISK_FIRST_WORD, if disk_sectors == 0 { 0 } else { disk_first as u32 }),
        (card::DISK_SECTORS_WORD, disk_sectors as u32),
    ] {
        header[word as usize] = value;
    }
    let mut image: Vec<u8> = header.iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
    image.resize(SECTOR, 0);
    image.extend(&memory[..PAGE_SIZE as usize]);
    image.extend(payload);
    if let Some(disk) = disk {
        image.resize(disk_first * SECTOR, 0);
        image.extend(disk);
        image.resize(image.len().next_multiple_of(SECTOR), 0);
    }
    Ok(image)
}

/// Bytes of an image that a board takes over its serial line: all but the disk.
///
/// # Errors
/// It is no image; what is wrong.
pub fn over_serial(image: &[u8]) -> Result<Range<usize>, &'static str> {
    let word = |number: u32| {
        let at = 4 * number as usize;
        image.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes)
    };
    if word(card::MAGIC_WORD) != Some(card::MAGIC) {
        return Err("is no image for a board (`covert fpga image` makes them)");
    }
    if word(card::VERSION_WORD) != Some(card::VERSION) {
        return Err("is an image of another version");
    }
    let sectors = 9 + word(card::PAYLOAD_WORD).unwrap_or(0) as usize;
    match sectors.checked_mul(SECTOR).filter(|bytes| *bytes <= image.len()) {
        Some(bytes) => Ok(0..bytes),
        None => Err("is truncated"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A boot region with a VMM image of three pages.
    fn region(segments: usize) -> Vec<u8> {
        let mut region: Vec<u8> = (0..3 * 4096 + segments).map(|i| (i * 7 % 251) as u8).collect();
        region[8..12].copy_from_slice(&(3 * 4096_u32).to_le_bytes());
        region
    }

    fn word(image: &[u8], number: u32) -> u32 {
        let at = 4 * number as usize;
        u32::from_le_bytes(image[at..at + 4].try_into().expect("four bytes"))
    }

    #[test]
    fn all_but_the_firmware_is_on_the_card() {
        let region = region(1000);
        let disk = vec![0xAA; 700];
        let image = image(&region, Mode::Dmr, Some(&disk), 1 << 20).expect("fits");
        assert_eq!(word(&image, card::IMAGE_WORD), 3 * 4096);
        assert_eq!(word(&image, card::PAYLOAD_WORD), 2);
        assert_eq!(word(&image, card::MODE_WORD), 1);
        assert_eq!(&image[512..512 + 4096], &region[..4096]);
        assert_eq!(&image[512 + 4096..512 + 4096 + 1000], &region[3 * 4096..]);
        let first = word(&image, card::DISK_FIRST_WORD) as usize * 512;
        assert_eq!((first, word(&image, card::DISK_SECTORS_WORD)), (2048 * 512, 2));
        assert_eq!(&image[first..first + 700], &disk);
        assert_eq!(image.len(), first + 1024);
        // Header, page and segments go over a serial line.
        assert_eq!(over_serial(&image), Ok(0..11 * 512));
        // The check is that of memory.
        let mut memory = region.clone();
        memory.resize(3 * 4096 + 1024, 0);
        assert_eq!(word(&image, card::CHECK_WORD), CHECK.checksum(&memory));
    }

    #[test]
    fn without_a_disk_the_image_ends_behind_the_segments() {
        let image = image(&region(512), Mode::None, None, 1 << 20).expect("fits");
        assert_eq!(image.len(), 10 * 512);
        assert_eq!(word(&image, card::DISK_FIRST_WORD), 0);
        assert_eq!(word(&image, card::DISK_SECTORS_WORD), 0);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let region = region(513);
        assert_eq!(
            image(&region, Mode::None, None, 3 * 4096 + 1023),
            Err(TooLarge { needed: 3 * 4096 + 1024, room: 3 * 4096 + 1023 })
        );
        assert!(image(&region, Mode::None, None, 3 * 4096 + 1024).is_ok());
    }

    #[test]
    fn what_is_no_image_is_not_sent() {
        let image = image(&region(512), Mode::None, None, 1 << 20).expect("fits");
        assert!(over_serial(&image[..image.len() - 1]).is_err());
        assert!(over_serial(&image[..3]).is_err());
        let mut other = image.clone();
        other[4] += 1;
        assert_eq!(over_serial(&other), Err("is an image of another version"));
        other[0] ^= 1;
        assert!(over_serial(&other).is_err());
    }

    #[test]
    fn firmware_in_hexadecimal() {
        assert_eq!(hex(&[1, 2, 3, 0xF4, 5]), "f4030201\n00000005\n");
    }
}
