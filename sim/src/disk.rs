//! The disk: a raw image, read and written sector by sector as the chip asks.
//!
//! A command reaches this module when it has left the chip, so its data is verified and may be kept. In runs of a
//! campaign nothing is kept: what the guest writes stays in memory, and forked children each have their own.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _};
use std::path::{Path, PathBuf};

use covert_abi::io::SECTOR_SIZE;
use sha2::{Digest as _, Sha256};

use crate::console::hex;

const SECTOR: usize = SECTOR_SIZE as usize;

/// Why a file is no disk.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// It cannot be opened or read.
    #[error("{}", crate::error::reason(.0))]
    Open(#[from] io::Error),
    /// A folder, a pipe and the like.
    #[error("neither a file nor a block device")]
    NoFile,
    /// No sector.
    #[error("is empty: a disk has at least one sector of 512 bytes")]
    Empty,
    /// The last sector is not whole.
    #[error("has {0} bytes, which is no multiple of 512")]
    PartSector(u64),
    /// Another run writes to it.
    #[error("is in use by another run")]
    InUse,
}

/// Which disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskSource {
    /// The image.
    pub path: PathBuf,
    /// What the guest writes goes to the file; otherwise it is forgotten at the end.
    pub keep: bool,
}

/// An open disk.
#[derive(Debug)]
pub struct Disk {
    file: File,
    sectors: u64,
    read_only: bool,
    /// Sectors written that are not to be kept.
    changes: Option<Changes>,
    /// Something was written since the last flush.
    unsaved: bool,
}

#[derive(Debug, Default)]
struct Changes {
    sectors: BTreeMap<u64, Box<[u8; SECTOR]>>,
    /// Over the contents of `sectors`, whatever their order.
    digest: [u64; 2],
}

impl Disk {
    /// Opens a disk; one whose file may not be written is a read-only disk.
    ///
    /// # Errors
    /// The file is no disk, or another run writes to it.
    pub fn open(source: &DiskSource) -> Result<Self, DiskError> {
        let data = std::fs::metadata(&source.path)?;
        if !data.is_file() && !data.file_type().is_block_device() {
            return Err(DiskError::NoFile);
        }
        // A superuser may write to what is marked as not to be written.
        let (mut file, writable) = open(&source.path, !data.permissions().readonly())?;
        let bytes = file.seek(SeekFrom::End(0))?;
        let size = u64::from(SECTOR_SIZE);
        match (bytes / size, bytes % size) {
            (0, 0) => return Err(DiskError::Empty),
            (_, 1..) => return Err(DiskError::PartSector(bytes)),
            _ => {}
        }
        let locked = if writable && source.keep { file.try_lock() } else { file.try_lock_shared() };
        match locked {
            Err(TryLockError::WouldBlock) => return Err(DiskError::InUse),
            // A file system without locks.
            Err(TryLockError::Error(error)) => tracing::debug!(%error, "the disk is not locked"),
            Ok(()) => {}
        }
        let changes = (!source.keep).then(Changes::default);
        Ok(Self { file, sectors: bytes / size, read_only: !writable, changes, unsaved: false })
    }

    /// Sectors of 512 bytes.
    pub fn sectors(&self) -> u64 {
        self.sectors
    }

    /// True if writes fail.
    pub fn read_only(&self) -> bool {
        self.read_only
    }

    /// Reads whole sectors from `first` on.
    ///
    /// # Errors
    /// The file cannot be read, or has no such sectors.
    pub fn read(&self, first: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(into, self.offset(first, into.len())?)?;
        let Some(changes) = &self.changes else { return Ok(()) };
        let end = first + (into.len() / SECTOR) as u64;
        for (sector, bytes) in changes.sectors.range(first..end) {
            let at = (sector - first) as usize * SECTOR;
            into[at..at + SECTOR].copy_from_slice(&bytes[..]);
        }
        Ok(())
    }

    /// Writes whole sectors from `first` on.
    ///
    /// # Errors
    /// The file cannot be written, has no such sectors, or the disk is read-only.
    pub fn write(&mut self, first: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = self.offset(first, bytes.len())?;
        if self.read_only {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        match &mut self.changes {
            Some(changes) => {
                for (sector, bytes) in (first..).zip(bytes.as_chunks().0) {
                    changes.set(sector, bytes);
                }
                Ok(())
            }
            None => {
                self.unsaved = true;
                self.file.write_all_at(bytes, offset)
            }
        }
    }

    /// Has the operating system keep what was written.
    ///
    /// # Errors
    /// It could not.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.unsaved {
            self.file.sync_data()?;
            self.unsaved = false;
        }
        Ok(())
    }

    /// SHA-256 of the contents as the guest sees them, in hexadecimal.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn sha256(&self) -> io::Result<String> {
        const PIECE: u64 = 2048;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; PIECE as usize * SECTOR];
        for first in (0..self.sectors).step_by(PIECE as usize) {
            let count = PIECE.min(self.sectors - first) as usize;
            let piece = &mut buffer[..count * SECTOR];
            self.read(first, piece)?;
            hash.update(piece);
        }
        Ok(hex(&hash.finalize()))
    }

    /// 128 bits over what was written and is not to be kept.
    pub fn digest(&self) -> [u64; 2] {
        self.changes.as_ref().map_or([0; 2], |changes| changes.digest)
    }

    /// Byte offset of a range of whole sectors that are on the disk.
    fn offset(&self, first: u64, bytes: usize) -> io::Result<u64> {
        let count = (bytes / SECTOR) as u64;
        let there = first.checked_add(count).is_some_and(|end| end <= self.sectors);
        if !there || !bytes.is_multiple_of(SECTOR) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no such sectors"));
        }
        Ok(first * SECTOR as u64)
    }
}

impl Changes {
    fn set(&mut self, sector: u64, bytes: &[u8; SECTOR]) {
        // Taking part in the sum once more takes a sector out of it.
        if let Some(old) = self.sectors.insert(sector, Box::new(*bytes)) {
            self.toggle(sector, &old);
        }
        self.toggle(sector, bytes);
    }

    fn toggle(&mut self, sector: u64, bytes: &[u8; SECTOR]) {
        let hash = Sha256::new().chain_update(sector.to_le_bytes()).chain_update(bytes).finalize();
        for (sum, word) in self.digest.iter_mut().zip(hash.as_chunks().0) {
            *sum ^= u64::from_le_bytes(*word);
        }
    }
}

/// The file, and whether it may be written.
fn open(path: &Path, try_write: bool) -> io::Result<(File, bool)> {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    if try_write {
        match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => return Ok((file, true)),
            Err(error) if matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((File::open(path)?, false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn image(sectors: u8) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("disk.img");
        let bytes: Vec<u8> = (0..sectors).flat_map(|sector| [sector; SECTOR]).collect();
        fs::write(&path, bytes).expect("written");
        (dir, path)
    }

    fn open(path: &Path, keep: bool) -> Disk {
        Disk::open(&DiskSource { path: path.to_owned(), keep }).expect("a disk")
    }

    fn refused(path: &Path) -> String {
        let source = DiskSource { path: path.to_owned(), keep: true };
        Disk::open(&source).expect_err("no disk").to_string()
    }

    fn sector(disk: &Disk, first: u64) -> u8 {
        let mut bytes = [0; SECTOR];
        disk.read(first, &mut bytes).expect("read");
        assert!(bytes.iter().all(|byte| *byte == bytes[0]));
        bytes[0]
    }

    #[test]
    fn writes_reach_the_file() {
        let (_dir, path) = image(5);
        let mut disk = open(&path, true);
        assert_eq!((disk.sectors(), disk.read_only()), (5, false));
        disk.write(1, &[[9; SECTOR], [8; SECTOR]].concat()).expect("written");
        assert_eq!([0, 1, 2, 3].map(|at| sector(&disk, at)), [0, 9, 8, 3]);
        let hash = disk.sha256().expect("read");
        disk.flush().expect("kept");
        drop(disk);
        let file = fs::read(&path).expect("read");
        assert_eq!(
            (file.len(), file[SECTOR], file[2 * SECTOR], file[3 * SECTOR]),
            (5 * SECTOR, 9, 8, 3)
        );
        assert_eq!(hash, hex(&Sha256::digest(&file)));
    }

    #[test]
    fn forgotten_writes_do_not() {
        let (_dir, path) = image(6);
        let before = fs::read(&path).expect("read");
        let mut disk = open(&path, false);
        let clean = disk.sha256().expect("read");
        disk.write(2, &[[7; SECTOR], [6; SECTOR]].concat()).expect("written");
        let mut all = vec![0; 6 * SECTOR];
        disk.read(0, &mut all).expect("read");
        let firsts: Vec<u8> = all.chunks(SECTOR).map(|sector| sector[0]).collect();
        assert_eq!(firsts, [0, 1, 7, 6, 4, 5]);
        assert_eq!(disk.sha256().expect("read"), hex(&Sha256::digest(&all)));
        assert_eq!(fs::read(&path).expect("read"), before);
        // Likewise after the guest has put everything back.
        disk.write(2, &[[2; SECTOR], [3; SECTOR]].concat()).expect("written");
        assert_eq!(disk.sha256().expect("read"), clean);
    }

    #[test]
    fn the_digest_is_that_of_the_contents() {
        let (_dir, path) = image(8);
        let (mut one, mut other) = (open(&path, false), open(&path, false));
        assert_eq!(one.digest(), [0; 2]);
        one.write(1, &[5; SECTOR]).expect("written");
        one.write(4, &[6; SECTOR]).expect("written");
        other.write(4, &[1; SECTOR]).expect("written");
        other.write(1, &[5; SECTOR]).expect("written");
        assert_ne!(one.digest(), other.digest());
        other.write(4, &[6; SECTOR]).expect("written");
        assert_eq!(one.digest(), other.digest());
        // Contents that changed places are others.
        one.write(1, &[6; SECTOR]).expect("written");
        one.write(4, &[5; SECTOR]).expect("written");
        assert_ne!(one.digest(), other.digest());
    }

    #[test]
    fn sectors_that_are_not_there() {
        let (_dir, path) = image(4);
        let mut disk = open(&path, true);
        for (first, bytes) in [(4, 512), (3, 1024), (u64::MAX, 512), (0, 100)] {
            assert!(disk.read(first, &mut vec![0; bytes]).is_err(), "{first} {bytes}");
            assert!(disk.write(first, &vec![0; bytes]).is_err(), "{first} {bytes}");
        }
        // A file that was cut short while in use is an error of the disk.
        OpenOptions::new().write(true).open(&path).and_then(|f| f.set_len(700)).expect("cut");
        assert!(disk.read(1, &mut [0; SECTOR]).is_err());
    }

    #[test]
    fn a_file_that_may_not_be_written_is_a_read_only_disk() {
        let (_dir, path) = image(2);
        let mut permissions = fs::metadata(&path).expect("there").permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).expect("set");
        for keep in [true, false] {
            let mut disk = open(&path, keep);
            assert!(disk.read_only());
            assert!(disk.write(0, &[1; SECTOR]).is_err());
            assert_eq!(sector(&disk, 1), 1);
        }
    }

    #[test]
    fn what_is_no_disk_is_refused() {
        let (dir, path) = image(2);
        assert_eq!(refused(&dir.path().join("none")), "no such file");
        assert_eq!(refused(dir.path()), "neither a file nor a block device");
        fs::write(&path, [0; 513]).expect("written");
        assert_eq!(refused(&path), "has 513 bytes, which is no multiple of 512");
        fs::write(&path, []).expect("written");
        assert!(refused(&path).starts_with("is empty"));
    }

    #[test]
    fn one_run_at_a_time_writes() {
        let (_dir, path) = image(2);
        let writer = open(&path, true);
        assert_eq!(refused(&path), "is in use by another run");
        drop(writer);
        // Any number reads.
        let readers = [open(&path, false), open(&path, false)];
        assert_eq!(refused(&path), "is in use by another run");
        drop(readers);
        open(&path, true);
    }
}
