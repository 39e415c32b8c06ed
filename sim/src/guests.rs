//! The firmware and the guests that are built into the command.
//!
//! Linux is not built in but built by set-up, into the project's cache. `COVERT_FIRMWARE_DIR` at run time names a folder whose files of the same names are used instead.

use std::borrow::Cow;
use std::path::PathBuf;
use std::{env, fs, io};

/// File name of the VMM's firmware.
pub const FIRMWARE: &str = "covert-firmware";

/// A guest that comes with the command.
#[derive(Clone, Copy, Debug)]
pub struct Guest {
    /// Its name, as `covert run` takes it.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    elf: &'static [u8],
}

/// A Linux kernel that set-up builds.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Its name, as `covert run` takes it.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its folder in the cache.
    folder: &'static str,
}

/// The kernels, in the order they are listed.
const KERNELS: &[Kernel] = &[
    Kernel { name: "linux", about: "Linux 6.1 with a shell", folder: "linux-6.1" },
    Kernel { name: "linux-6.12", about: "Linux 6.12 with a shell", folder: "linux-6.12" },
];

/// Their command line, unless told otherwise: few messages, and a panic ends the run.
pub const COMMAND_LINE: &str = "console=ttyS0 quiet panic=-1";

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// A part of Linux that set-up has not built.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {}; `make build` builds it", path.display(), crate::error::reason(.source))]
pub struct NotBuilt {
    path: PathBuf,
    source: io::Error,
}

/// A file of `COVERT_FIRMWARE_DIR` that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {} (COVERT_FIRMWARE_DIR): {source}", path.display())]
pub struct OverrideError {
    path: PathBuf,
    source: io::Error,
}

/// The built-in guests, in the order they are listed.
pub fn all() -> &'static [Guest] {
    GUESTS
}

/// The built-in guest of that name.
pub fn find(name: &str) -> Option<&'static Guest> {
    GUESTS.iter().find(|guest| guest.name == name)
}

/// The kernels, in the order they are listed.
pub fn kernels() -> &'static [Kernel] {
    KERNELS
}

/// The kernel of that name.
pub fn find_kernel(name: &str) -> Option<&'static Kernel> {
    KERNELS.iter().find(|kernel| kernel.name == name)
}

/// All that can be run by its name.
pub fn names() -> Vec<&'static str> {
    let guests = GUESTS.iter().map(|guest| guest.name);
    guests.chain(KERNELS.iter().map(|kernel| kernel.name)).collect()
}

impl Kernel {
    /// The kernel's image.
    ///
    /// # Errors
    /// It is not built.
    pub fn image(&self) -> Result<Vec<u8>, NotBuilt> {
        cached(&format!("{}/Image", self.folder))
    }

    /// Its symbols, in the form of `System.map`, if they are there.
    pub fn system_map(&self) -> Option<String> {
        let bytes = cached(&format!("{}/System.map", self.folder)).ok()?;
        String::from_utf8(bytes).ok()
    }

    /// The userland it starts with.
    ///
    /// # Errors
    /// It is not built.
    pub fn initrd(&self) -> Result<Vec<u8>, NotBuilt> {
        cached("userland/initrd.cpio")
    }
}

/// A file of `${COVERT_CACHE:-$HOME/.cache/covert}`.
fn cached(name: &str) -> Result<Vec<u8>, NotBuilt> {
    let cache = match env::var_os("COVERT_CACHE") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cache/covert"),
    };
    let path = cache.join(name);
    fs::read(&path).map_err(|source| NotBuilt { path, source })
}

impl Guest {
    /// The guest's ELF file.
    ///
    /// # Errors
    /// `COVERT_FIRMWARE_DIR` is set and has no such file.
    pub fn elf(&self) -> Result<Cow<'static, [u8]>, OverrideError> {
        overridden(self.name, self.elf)
    }
}

/// The firmware's ELF file.
///
/// # Errors
/// `COVERT_FIRMWARE_DIR` is set and has no such file.
pub fn firmware() -> Result<Cow<'static, [u8]>, OverrideError> {
    overridden(FIRMWARE, FIRMWARE_ELF)
}

fn overridden(name: &str, built_in: &'static [u8]) -> Result<Cow<'static, [u8]>, OverrideError> {
    let Some(folder) = env::var_os("COVERT_FIRMWARE_DIR") else {
        return Ok(Cow::Borrowed(built_in));
    };
    let path = PathBuf::from(folder).join(name);
    match fs::read(&path) {
        Ok(bytes) => Ok(Cow::Owned(bytes)),
        Err(source) => Err(OverrideError { path, source }),
    }
}
