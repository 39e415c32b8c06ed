//! Linux images: their boot header, and where kernel, initial RAM disk and device tree stand in guest RAM.
//!
//! The header is that of `Documentation/riscv/boot-image-header.rst`. The kernel stands where its header asks, or, where RAM is
//! too small for that, at the start of RAM, which it takes as well (what is below a kernel is lost to it). The device tree stands at
//! the end of RAM and the initial RAM disk right below it, each on a page of its own.

use std::ops::Range;

use covert_abi::layout::{GUEST_BASE, PAGE_SIZE};

/// Why a file is no kernel for the guest, or does not fit.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LinuxError {
    /// It is shorter than its header says.
    #[error("truncated Linux image: {len} bytes, its header says {image_size}")]
    Truncated {
        /// Bytes of the file.
        len: u64,
        /// Bytes that the header names, zeros behind the file's end not counted.
        image_size: u64,
    },
    /// Big-endian.
    #[error("a big-endian Linux image")]
    BigEndian,
    /// Made for another place than a 32-bit S-mode kernel's.
    #[error(
        "made for offset {0:#x} of RAM, a 32-bit S-mode kernel for a multiple of 0x400000 (a 64-bit kernel has \
         0x200000, an M-mode one 0)"
    )]
    TextOffset(u64),
    /// More than the guest has.
    #[error(
        "needs {needed} bytes of RAM (kernel up to {kernel_end:#x}, initrd {initrd}, device tree {dtb}), there are \
         {ram}: try --ram {}M", .needed.div_ceil(1 << 20)
    )]
    NoRoom {
        /// Bytes of RAM it takes.
        needed: u64,
        /// Bytes from the start of RAM to the end of the kernel.
        kernel_end: u64,
        /// Bytes of the initial RAM disk.
        initrd: u64,
        /// Bytes of the device tree.
        dtb: u64,
        /// Bytes of RAM there are.
        ram: u32,
    },
}

/// The alignment of a 32-bit kernel: a megapage of Sv32.
const ALIGNMENT: u64 = 4 << 20;
/// Length of the header.
const HEADER: usize = 64;

/// What the header of an image says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Where the kernel wants to stand, from the start of RAM.
    pub text_offset: u32,
    /// Bytes it takes there, what is not in the file included.
    pub image_size: u64,
}

/// True if `file` begins as a RISC-V Linux image.
pub fn is_image(file: &[u8]) -> bool {
    file.len() >= HEADER && file[48..56] == *b"RISCV\0\0\0" && file[56..60] == *b"RSC\x05"
}

impl Header {
    /// Reads the header of an image.
    ///
    /// # Errors
    /// It is not for a 32-bit S-mode kernel. Whether it is an image at all is [`is_image`]'s to say.
    pub fn parse(file: &[u8]) -> Result<Self, LinuxError> {
        let len = file.len() as u64;
        let field = |offset: usize| {
            let bytes = file.get(offset..offset + 8).and_then(|bytes| bytes.try_into().ok());
            bytes
                .map(u64::from_le_bytes)
                .ok_or(LinuxError::Truncated { len, image_size: HEADER as u64 })
        };
        let (text_offset, image_size, flags) = (field(8)?, field(16)?, field(24)?);
        if flags & 1 != 0 {
            return Err(LinuxError::BigEndian);
        }
        let offset = u32::try_from(text_offset).map_err(|_| LinuxError::TextOffset(text_offset))?;
        if offset == 0 || !text_offset.is_multiple_of(ALIGNMENT) {
            return Err(LinuxError::TextOffset(text_offset));
        }
        Ok(Self { text_offset: offset, image_size: image_size.max(len) })
    }
}

/// Where everything stands, as guest-physical addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// First byte of the kernel: its entry.
    pub kernel: u32,
    /// The initial RAM disk.
    pub initrd: Option<Range<u32>>,
    /// First byte of the device tree.
    pub dtb: u32,
}

impl Placement {
    /// Places a kernel, an initial RAM disk of that many bytes, if any, and a device tree in `ram` bytes.
    ///
    /// # Errors
    /// They do not fit.
    pub fn new(
        ram: u32,
        header: Header,
        initrd: Option<u32>,
        dtb: u32,
    ) -> Result<Self, LinuxError> {
        let pages = |bytes: u32| u64::from(bytes).next_multiple_of(u64::from(PAGE_SIZE));
        let initrd_bytes = initrd.unwrap_or(0);
        let needed = |offset: u32| {
            let end = u64::from(offset) + header.image_size;
            end.next_multiple_of(u64::from(PAGE_SIZE)) + pages(initrd_bytes) + pages(dtb)
        };
        let fits = |offset: &u32| needed(*offset) <= u64::from(ram);
        let Some(offset) = [header.text_offset, 0].into_iter().find(fits) else {
            let (needed, kernel_end) = (needed(0), header.image_size);
            let (initrd, dtb) = (initrd_bytes.into(), dtb.into());
            return Err(LinuxError::NoRoom { needed, kernel_end, initrd, dtb, ram });
        };
        let dtb_start = device_tree(ram, dtb);
        let start = dtb_start - pages(initrd_bytes) as u32;
        Ok(Self {
            kernel: GUEST_BASE + offset,
            initrd: initrd.map(|bytes| start..start + bytes),
            dtb: dtb_start,
        })
    }
}

/// Where a device tree of `bytes` bytes, which are no more than there is RAM, stands: on the last pages.
pub fn device_tree(ram: u32, bytes: u32) -> u32 {
    GUEST_BASE + ram - bytes.next_multiple_of(PAGE_SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(text_offset: u64, image_size: u64, flags: u64, len: usize) -> Vec<u8> {
        let mut file = vec![0; len];
        file[8..16].copy_from_slice(&text_offset.to_le_bytes());
        file[16..24].copy_from_slice(&image_size.to_le_bytes());
        file[24..32].copy_from_slice(&flags.to_le_bytes());
        file[48..53].copy_from_slice(b"RISCV");
        file[56..60].copy_from_slice(b"RSC\x05");
        file
    }

    #[test]
    fn images_are_recognised() {
        let good = image(0x40_0000, 0x1000, 0, 100);
        assert!(is_image(&good));
        assert!(!is_image(&good[..63]));
        for offset in [48, 52, 56, 59] {
            let mut bad = good.clone();
            bad[offset] ^= 1;
            assert!(!is_image(&bad), "{offset}");
        }
    }

    #[test]
    fn headers_are_checked() {
        let parse =
            |text_offset, flags| Header::parse(&image(text_offset, 0x50_0000, flags, 0x1000));
        assert_eq!(
            parse(0x40_0000, 0),
            Ok(Header { text_offset: 0x40_0000, image_size: 0x50_0000 })
        );
        assert_eq!(parse(0x40_0000, 1), Err(LinuxError::BigEndian));
        for offset in [0, 0x20_0000, 0x1_0040_0000] {
            assert_eq!(parse(offset, 0), Err(LinuxError::TextOffset(offset)));
        }
        // A file longer than its header says still takes its place.
        let long = Header::parse(&image(0x40_0000, 0x10, 0, 0x1000)).expect("a header");
        assert_eq!(long.image_size, 0x1000);
        assert!(matches!(Header::parse(&[0; 20]), Err(LinuxError::Truncated { .. })));
    }

    #[test]
    fn everything_has_its_place() {
        let header = Header { text_offset: 0x40_0000, image_size: 0x30_0001 };
        let placed = Placement::new(16 << 20, header, Some(0x1234), 0x801).expect("fits");
        assert_eq!(placed.kernel, 0x8040_0000);
        assert_eq!(placed.dtb, 0x80ff_f000);
        assert_eq!(placed.initrd, Some(0x80ff_d000..0x80ff_e234));
        let placed = Placement::new(16 << 20, header, None, 0x1001).expect("fits");
        assert_eq!((placed.dtb, placed.initrd), (0x80ff_e000, None));
    }

    #[test]
    fn the_last_page_counts() {
        // Kernel up to 0x701000, an initrd of two pages and a device tree of one.
        let header = Header { text_offset: 0x40_0000, image_size: 0x30_0001 };
        let exact = 0x70_1000 + 3 * 0x1000;
        let placed = Placement::new(exact, header, Some(0x1001), 0x1000).expect("fits");
        assert_eq!((placed.kernel, placed.initrd), (0x8040_0000, Some(0x8070_1000..0x8070_2001)));
        let lower = Placement::new(exact - 0x1000, header, Some(0x1001), 0x1000).expect("fits");
        assert_eq!((lower.kernel, lower.initrd), (0x8000_0000, Some(0x8070_0000..0x8070_1001)));
        let exact = 0x30_1000 + 3 * 0x1000;
        let placed = Placement::new(exact, header, Some(0x1001), 0x1000).expect("fits");
        assert_eq!((placed.kernel, placed.initrd), (0x8000_0000, Some(0x8030_1000..0x8030_2001)));
        let error = Placement::new(exact - 0x1000, header, Some(0x1001), 0x1000).expect_err("none");
        assert_eq!(
            error,
            LinuxError::NoRoom {
                needed: exact.into(),
                kernel_end: 0x30_0001,
                initrd: 0x1001,
                dtb: 0x1000,
                ram: exact - 0x1000,
            }
        );
        assert!(error.to_string().ends_with("try --ram 4M"), "{error}");
    }
}
