//! Records frames in the classic capture format of tcpdump, with simulated time.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use covert_abi::layout::CLOCK_HZ;

/// Marks times in nanoseconds; little-endian, as all numbers here.
const MAGIC: u32 = 0xa1b2_3c4d;
/// Version 2.4.
const VERSION: [u16; 2] = [2, 4];
/// Longest frame recorded.
const SNAP_LENGTH: u32 = 65_535;
/// Ethernet.
const LINK_TYPE: u32 = 1;

/// A capture being written.
#[derive(Debug)]
pub(super) struct Pcap<W: Write> {
    to: W,
}

impl Pcap<BufWriter<File>> {
    /// Starts a capture in a new file.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Self::new(BufWriter::new(File::create(path)?))
    }
}

impl<W: Write> Pcap<W> {
    /// Starts a capture.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn new(mut to: W) -> io::Result<Self> {
        to.write_all(&MAGIC.to_le_bytes())?;
        to.write_all(&VERSION.map(u16::to_le_bytes).concat())?;
        // Time zone and accuracy are always 0.
        to.write_all(&[0, 0, SNAP_LENGTH, LINK_TYPE].map(u32::to_le_bytes).concat())?;
        Ok(Self { to })
    }

    /// Records a frame that passed in `cycle`.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn record(&mut self, cycle: u64, frame: &[u8]) -> io::Result<()> {
        let hz = u64::from(CLOCK_HZ);
        let (seconds, nanoseconds) = (cycle / hz, cycle % hz * (1_000_000_000 / hz));
        let length = frame.len() as u32;
        let head = [seconds as u32, nanoseconds as u32, length, length];
        self.to.write_all(&head.map(u32::to_le_bytes).concat())?;
        self.to.write_all(frame)
    }

    /// Writes out what is still held back.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_tcpdumps() {
        let mut file = Vec::new();
        let mut pcap = Pcap::new(&mut file).expect("written");
        pcap.record(3 * 50_000_000 + 7, &[0xaa; 14]).expect("written");
        pcap.record(u64::from(u32::MAX), &[0xbb; 3]).expect("written");
        pcap.flush().expect("written");
        let head = [
            0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0,
            0,
        ];
        assert_eq!(file[..24], head);
        // 7 cycles are 140 ns.
        assert_eq!(file[24..40], [3, 0, 0, 0, 140, 0, 0, 0, 14, 0, 0, 0, 14, 0, 0, 0]);
        assert_eq!(file[40..54], [0xaa; 14]);
        assert_eq!(file[54..58], 85_u32.to_le_bytes());
        assert_eq!(file.len(), 24 + 16 + 14 + 16 + 3);
    }
}
