//! A far end with rights: a tap device of the real host.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::fs::OpenOptionsExt as _;

use super::{Backend, CYCLES_PER_MICROSECOND};

/// Longest frame that is taken from the device: more than an interface without jumbo frames has.
const FRAME_MAX: usize = 2048;
/// Cycles between two looks at the device: 1 ms.
const LOOK: u64 = 1_000 * CYCLES_PER_MICROSECOND;

/// An open tap device.
pub(super) struct Tap {
    device: File,
    looked: u64,
}

impl Tap {
    /// Opens the device of that name, or makes one.
    ///
    /// # Errors
    /// The system has no such devices, or this user may not have it.
    pub(super) fn open(name: &str) -> io::Result<Self> {
        let device = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK)
            .open("/dev/net/tun")?;
        // SAFETY: a structure of numbers, for which zero is a value.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        // The last byte stays 0.
        for (to, byte) in request.ifr_name[..libc::IFNAMSIZ - 1].iter_mut().zip(name.bytes()) {
            *to = byte as libc::c_char;
        }
        request.ifr_ifru.ifru_flags = (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short;
        // SAFETY: the request is one of TUNSETIFF, which reads and writes an `ifreq`; it outlives the call.
        let result = unsafe { libc::ioctl(device.as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { device, looked: 0 })
    }
}

impl Backend for Tap {
    fn send(&mut self, frame: &[u8], _cycle: u64) -> io::Result<()> {
        match self.device.write(frame) {
            // The interface is down, or its queue full: lost, as on a wire.
            Err(error) if lossy(&error) => Ok(()),
            written => written.map(drop),
        }
    }

    fn receive(&mut self, cycle: u64) -> io::Result<Option<Vec<u8>>> {
        self.looked = cycle;
        let mut frame = vec![0; FRAME_MAX];
        match self.device.read(&mut frame) {
            Ok(count) => {
                frame.truncate(count);
                Ok(Some(frame))
            }
            Err(error) if lossy(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn due(&mut self) -> Option<u64> {
        Some(self.looked + LOOK)
    }

    fn descriptors(&self) -> Vec<RawFd> {
        vec![self.device.as_raw_fd()]
    }
}

fn lossy(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, WouldBlock};
    matches!(error.kind(), Interrupted | WouldBlock)
        || matches!(error.raw_os_error(), Some(libc::EIO | libc::ENOBUFS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_can_be_opened_or_says_why_not() {
        match Tap::open("covert-test0") {
            Ok(mut tap) => {
                assert_eq!(tap.descriptors().len(), 1);
                // The interface is down.
                tap.send(&[0xff; 60], 0).expect("lost");
                assert_eq!(tap.receive(5).expect("asked"), None);
                assert_eq!(tap.due(), Some(5 + LOOK));
                // It is in use now.
                assert!(Tap::open("covert-test0").is_err());
            }
            Err(error) => eprintln!("skipped: no tap device: {error}"),
        }
    }
}
