//! What the chip's network is connected to (`--net`).
//!
//! A [`Backend`] takes the frames that the guest sends, each with the cycle in which it left the chip, and has frames for the
//! guest. Those that are repeatable say beforehand in which cycle they have something to do, so that the run stops
//! there and a frame comes at the same cycle however the run is cut into slices. The others look when they are asked.

mod echo;
mod pcap;
mod spec;
mod stack;
mod tap;
#[cfg(test)]
mod testing;
mod user;

use std::fs::File;
use std::io::{self, BufWriter};
use std::os::fd::RawFd;
use std::path::PathBuf;

use covert_abi::layout::CLOCK_HZ;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

pub use echo::PeerReport;
pub use spec::{DEFAULT_DATAGRAMS, Far, GRAMMAR, MAX_DATAGRAMS, NetSpec, NetSpecError};

use echo::Echo;
use pcap::Pcap;
use tap::Tap;
use user::User;

/// The chip's MAC address: QEMU's first one.
pub const CHIP_MAC: [u8; 6] = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56];

/// Why the network cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// A port of the real host.
    #[error("cannot listen on UDP port {port} of 127.0.0.1: {source}")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// A tap device.
    #[error("cannot open the tap device {name}: {source}")]
    Tap {
        /// Its name.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// The capture.
    #[error("cannot write {}: {}", path.display(), crate::error::reason(.source))]
    Pcap {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The other end of the chip's network.
pub trait Backend {
    /// Takes a frame that the guest has sent, in `cycle`.
    ///
    /// # Errors
    /// The real host failed.
    fn send(&mut self, frame: &[u8], cycle: u64) -> io::Result<()>;

    /// The next frame for the guest that has come by `cycle`.
    ///
    /// # Errors
    /// The real host failed.
    fn receive(&mut self, cycle: u64) -> io::Result<Option<Vec<u8>>>;

    /// The cycle in which [`Backend::receive`] must be asked next, if it is known.
    fn due(&mut self) -> Option<u64> {
        None
    }

    /// What becomes readable when the real host has something; nothing if it has no part in this.
    fn descriptors(&self) -> Vec<RawFd> {
        Vec::new()
    }

    /// How the far end's own datagrams fared, if it sends some.
    fn peer(&self) -> Option<PeerReport> {
        None
    }
}

/// Nobody is there.
struct Nothing;

impl Backend for Nothing {
    fn send(&mut self, _frame: &[u8], _cycle: u64) -> io::Result<()> {
        Ok(())
    }

    fn receive(&mut self, _cycle: u64) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }
}

/// What went over the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetReport {
    /// Frames the guest sent.
    pub frames_sent: u64,
    /// Frames for the guest.
    pub frames_received: u64,
    /// Frames for the guest that the chip had no room for.
    pub frames_lost: u64,
    /// The far end's own datagrams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<PeerReport>,
}

/// A network in use.
pub struct Network {
    backend: Box<dyn Backend>,
    pcap: Option<Pcap<BufWriter<File>>>,
    sent: u64,
    received: u64,
    /// Of all that went over it, and when: what a repeatable far end does next follows from that.
    history: Sha256,
}

impl Network {
    /// Connects to the network named by `spec`.
    ///
    /// # Errors
    /// The real host refuses.
    pub fn open(spec: &NetSpec) -> Result<Self, NetError> {
        let backend: Box<dyn Backend> = match &spec.far {
            Far::Nothing => Box::new(Nothing),
            Far::User { forwards } => Box::new(User::new(forwards)?),
            Far::Echo { datagrams, port } => Box::new(Echo::new(*datagrams, *port)),
            Far::Tap(name) => Box::new(
                Tap::open(name).map_err(|source| NetError::Tap { name: name.clone(), source })?,
            ),
        };
        let pcap = match &spec.pcap {
            Some(path) => Some(
                Pcap::create(path)
                    .map_err(|source| NetError::Pcap { path: path.clone(), source })?,
            ),
            None => None,
        };
        Ok(Self { backend, pcap, sent: 0, received: 0, history: Sha256::new() })
    }

    /// Takes a frame that the guest has sent, in `cycle`.
    ///
    /// # Errors
    /// The real host failed.
    pub fn send(&mut self, frame: &[u8], cycle: u64) -> io::Result<()> {
        self.sent += 1;
        self.note(b'<', frame, cycle)?;
        self.backend.send(frame, cycle)
    }

    /// The next frame for the guest that has come by `cycle`.
    ///
    /// # Errors
    /// The real host failed.
    pub fn receive(&mut self, cycle: u64) -> io::Result<Option<Vec<u8>>> {
        let frame = self.backend.receive(cycle)?;
        if let Some(frame) = &frame {
            self.received += 1;
            self.note(b'>', frame, cycle)?;
        }
        Ok(frame)
    }

    /// The cycle in which [`Network::receive`] must be asked next, if it is known.
    pub fn due(&mut self) -> Option<u64> {
        self.backend.due()
    }

    /// What becomes readable when the real host has something; nothing if it has no part in this.
    pub fn descriptors(&self) -> Vec<RawFd> {
        self.backend.descriptors()
    }

    /// What went over it.
    pub fn report(&self) -> NetReport {
        NetReport {
            frames_sent: self.sent,
            frames_received: self.received,
            frames_lost: 0,
            peer: self.backend.peer(),
        }
    }

    /// 128 bits over all that went over it so far, and when.
    pub fn digest(&self) -> [u64; 2] {
        let hash = self.history.clone().finalize();
        let (words, _) = hash.as_chunks();
        [words[0], words[1]].map(u64::from_le_bytes)
    }

    /// Completes the capture.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(&mut self) -> io::Result<()> {
        self.pcap.as_mut().map_or(Ok(()), Pcap::flush)
    }

    fn note(&mut self, way: u8, frame: &[u8], cycle: u64) -> io::Result<()> {
        self.history.update([way]);
        self.history.update(cycle.to_le_bytes());
        self.history.update((frame.len() as u32).to_le_bytes());
        self.history.update(frame);
        self.pcap.as_mut().map_or(Ok(()), |pcap| pcap.record(cycle, frame))
    }
}

/// Clock cycles in a microsecond.
const CYCLES_PER_MICROSECOND: u64 = CLOCK_HZ as u64 / 1_000_000;

/// Simulated time, in microseconds.
fn microseconds(cycle: u64) -> u64 {
    cycle / CYCLES_PER_MICROSECOND
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_and_recorded() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("frames.pcap");
        let spec = NetSpec { far: Far::Nothing, pcap: Some(path.clone()) };
        let mut network = Network::open(&spec).expect("a network");
        let fresh = network.digest();
        network.send(&[1; 60], 1000).expect("sent");
        assert_eq!(network.receive(1_000_000).expect("asked"), None);
        assert_eq!(network.due(), None);
        assert_ne!(network.digest(), fresh);
        network.finish().expect("written");
        assert_eq!(std::fs::read(&path).expect("read").len(), 24 + 16 + 60);
        let report = NetReport { frames_sent: 1, frames_received: 0, frames_lost: 0, peer: None };
        assert_eq!(network.report(), report);
        // The same frame at another time is another history.
        let mut other = Network::open(&spec).expect("a network");
        other.send(&[1; 60], 1001).expect("sent");
        assert_ne!(network.digest(), other.digest());
    }

    #[test]
    fn a_capture_that_cannot_be_written() {
        let spec = NetSpec { far: Far::Nothing, pcap: Some("/nowhere/x.pcap".into()) };
        let error = Network::open(&spec).err().expect("an error");
        assert_eq!(error.to_string(), "cannot write /nowhere/x.pcap: no such file");
    }
}
