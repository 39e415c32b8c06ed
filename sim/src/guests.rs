//! The firmware and the guests that are built into the command.
//!
//! `COVERT_FIRMWARE_DIR` at run time names a folder whose files of the same names are used instead.

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

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

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
