//! What can go wrong in the command, and the exit code each kind has.

use std::io;
use std::path::PathBuf;

use covert_fpga::error::Fault;
use covert_model::ChipError;

use crate::boot::BootError;
use crate::disk::DiskError;
use crate::elf::ElfError;
use crate::fork::ForkError;
use crate::guests::{NotBuilt, OverrideError};
use crate::image::PayloadError;
use crate::inject::SpecError;
use crate::net::NetError;
use crate::output::WriteError;

/// Exit codes of the command.
pub mod exit_code {
    /// The guest ended well.
    pub const OK: u8 = 0;
    /// The guest failed, asked for a reboot, timed out or was ended by the user.
    pub const GUEST: u8 = 1;
    /// Wrong usage or bad input.
    pub const INPUT: u8 = 2;
    /// Detected but unrecoverable.
    pub const DUE: u8 = 3;
    /// A bug of ours, or a machine that refuses.
    pub const INTERNAL: u8 = 4;
}

/// Why the command could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Options that do not fit together.
    #[error("{0}")]
    Usage(String),
    /// A file that cannot be read.
    #[error("cannot read {}: {}", path.display(), reason(.source))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program the chip cannot run.
    #[error("{}: {source}", path.display())]
    Program {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ElfError,
    },
    /// A guest that does not fit into its RAM, or whose device tree is none.
    #[error("{image}: {source}")]
    Payload {
        /// The guest.
        image: String,
        /// Why.
        source: PayloadError,
    },
    /// Linux is not there.
    #[error(transparent)]
    NotBuilt(#[from] NotBuilt),
    /// A file that is no disk.
    #[error("--disk {}: {source}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// Why.
        source: DiskError,
    },
    /// A network that cannot be had.
    #[error("--net: {0}")]
    Net(#[from] NetError),
    /// A guest that cannot be booted.
    #[error("{image}: {source}")]
    Boot {
        /// The guest.
        image: String,
        /// Why.
        source: BootError,
    },
    /// Firmware or guests named by the environment.
    #[error(transparent)]
    Override(#[from] OverrideError),
    /// A fault that is not there to be injected.
    #[error("--inject: {0}")]
    Inject(#[from] SpecError),
    /// Waveforms that cannot be compared.
    #[error(transparent)]
    Wave(#[from] covert_wave::Error),
    /// A result that cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Console or record files that cannot be written while the guest runs.
    #[error("{what}: {}", reason(.source))]
    Stream {
        /// What it was for.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The model refused or failed.
    #[error(transparent)]
    Chip(#[from] ChipError),
    /// A child process failed.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// No bitstream.
    #[error("fpga: {0}")]
    Fpga(#[from] covert_fpga::error::Error),
    /// A run that must end well did not.
    #[error("{0}")]
    Unexpected(String),
}

/// What an I/O error says, without the operating system's number.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::IsADirectory => "is a directory".into(),
        _ => error.to_string(),
    }
}

impl Error {
    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_)
            | Self::Read { .. }
            | Self::Program { .. }
            | Self::Payload { .. }
            | Self::NotBuilt(_)
            | Self::Disk { .. }
            | Self::Net(_)
            | Self::Override(_)
            | Self::Inject(_)
            | Self::Wave(_)
            | Self::Write(_) => exit_code::INPUT,
            // A guest too large is the user's, unusable firmware is ours.
            Self::Boot { source: BootError::Firmware(_) | BootError::FirmwareEntry(_), .. } => {
                exit_code::INTERNAL
            }
            Self::Boot { .. } => exit_code::INPUT,
            Self::Fpga(error) => match error.fault() {
                Fault::Design => exit_code::GUEST,
                Fault::Input => exit_code::INPUT,
                Fault::Internal => exit_code::INTERNAL,
            },
            Self::Stream { .. } | Self::Chip(_) | Self::Fork(_) | Self::Unexpected(_) => {
                exit_code::INTERNAL
            }
        }
    }
}
