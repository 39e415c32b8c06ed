//! The host's side of the guest's devices: serves the chip's block commands and moves its frames.
//!
//! The chip stops when it has asked for something; what it is told comes at a simulated time that does not depend on
//! the host's, so that runs are repeatable (but for networks of the real host).

use std::os::fd::RawFd;
use std::path::PathBuf;

use covert_abi::io::SECTOR_SIZE;
use covert_model::{BlockOp, BlockRequest, Chip};

use crate::disk::{Disk, DiskSource};
use crate::error::Error;
use crate::net::{CHIP_MAC, NetReport, NetSpec, Network};

/// What is connected to a chip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    /// The disk.
    pub disk: Option<DiskSource>,
    /// The network.
    pub net: Option<NetSpec>,
}

impl Attached {
    /// The same without a trace: what is written to the disk is forgotten, and frames are not recorded. For runs that are
    /// made many times.
    #[must_use]
    pub fn untraced(&self) -> Self {
        Self {
            disk: self.disk.clone().map(|disk| DiskSource { keep: false, ..disk }),
            net: self.net.clone().map(|net| NetSpec { pcap: None, ..net }),
        }
    }
}

/// The devices of a running chip.
pub struct Devices {
    disk: Option<(PathBuf, Disk)>,
    network: Option<Network>,
    /// Frames for which the chip had no room.
    lost: u64,
}

impl Devices {
    /// Opens what is attached and connects it to a chip at cycle 0.
    ///
    /// # Errors
    /// A file is no disk, or the real host refuses the network.
    pub fn connect(attached: &Attached, chip: &mut Chip) -> Result<Self, Error> {
        let mut devices = Self { disk: None, network: None, lost: 0 };
        if let Some(source) = &attached.disk {
            let disk = open_disk(source)?;
            chip.set_disk(disk.sectors(), disk.read_only());
            devices.disk = Some((source.path.clone(), disk));
        }
        if let Some(spec) = &attached.net {
            chip.set_network(CHIP_MAC);
            devices.network = Some(Network::open(spec)?);
        }
        Ok(devices)
    }

    /// Does what the chip has asked for, and hands it the frames that have come. To be called in the cycle in which the
    /// chip has stopped.
    ///
    /// # Errors
    /// The network of the real host fails, or a capture cannot be written.
    pub fn serve(&mut self, chip: &mut Chip) -> Result<(), Error> {
        if let Some(request) = chip.block_request() {
            let result = self.block(&request, chip);
            if let Err(reason) = &result {
                tracing::warn!(?request, reason, "the disk failed");
            }
            chip.complete_block(result.is_err(), request.due());
        }
        let Some(network) = &mut self.network else { return Ok(()) };
        let failed = |source| Error::Stream { what: "--net", source };
        let now = chip.cycle();
        while let Some(frame) = chip.take_frame() {
            network.send(&frame, now).map_err(failed)?;
        }
        while let Some(frame) = network.receive(now).map_err(failed)? {
            self.lost += u64::from(!chip.offer_frame(&frame));
        }
        Ok(())
    }

    /// A failure is the guest's to deal with, as with any disk.
    fn block(&mut self, request: &BlockRequest, chip: &mut Chip) -> Result<(), String> {
        let Some((_, disk)) = &mut self.disk else { return Err("there is none".into()) };
        let mut bytes = vec![0; request.count as usize * SECTOR_SIZE as usize];
        match request.op {
            BlockOp::Read => {
                disk.read(request.sector, &mut bytes).map_err(|e| e.to_string())?;
                chip.write_memory(request.address, &bytes).map_err(|e| e.to_string())
            }
            BlockOp::Write => {
                chip.read_memory(request.address, &mut bytes).map_err(|e| e.to_string())?;
                disk.write(request.sector, &bytes).map_err(|e| e.to_string())
            }
            BlockOp::Flush => disk.flush().map_err(|e| e.to_string()),
        }
    }

    /// The cycle in which [`Devices::serve`] must be called next, if it is known.
    pub fn due(&mut self) -> Option<u64> {
        self.network.as_mut().and_then(Network::due)
    }

    /// What becomes readable when the real host has something for the guest.
    pub fn descriptors(&self) -> Vec<RawFd> {
        self.network.as_ref().map_or_else(Vec::new, Network::descriptors)
    }

    /// 128 bits over what decides, besides the chip, how the run goes on.
    pub fn digest(&self) -> [u64; 2] {
        let disk = self.disk.as_ref().map_or([0; 2], |(_, disk)| disk.digest());
        let network = self.network.as_ref().map_or([0; 2], Network::digest);
        // Both are hashes of different things: they do not cancel each other out.
        [disk[0] ^ network[0], disk[1] ^ network[1]]
    }

    /// Makes sure that all is written, at the end of a run.
    ///
    /// # Errors
    /// It could not be written.
    pub fn finish(&mut self) -> Result<(), Error> {
        if let Some((_, disk)) = &mut self.disk {
            disk.flush().map_err(|source| Error::Stream { what: "--disk", source })?;
        }
        if let Some(network) = &mut self.network {
            network.finish().map_err(|source| Error::Stream { what: "--net pcap=", source })?;
        }
        Ok(())
    }

    /// SHA-256 of the disk's contents, in hexadecimal.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn disk_sha256(&self) -> Result<Option<String>, Error> {
        let Some((path, disk)) = &self.disk else { return Ok(None) };
        let hash = disk.sha256();
        hash.map(Some).map_err(|source| Error::Read { path: path.clone(), source })
    }

    /// What went over the network.
    pub fn net_report(&self) -> Option<NetReport> {
        let report = self.network.as_ref()?.report();
        Some(NetReport { frames_lost: self.lost, ..report })
    }
}

/// Opens a disk.
///
/// # Errors
/// The file is none.
pub fn open_disk(source: &DiskSource) -> Result<Disk, Error> {
    Disk::open(source).map_err(|error| Error::Disk { path: source.path.clone(), source: error })
}
