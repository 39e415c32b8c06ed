//! Files that appear whole or not at all.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::reason;

/// A file that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {}", path.display(), explain(.source))]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// What an I/O error says of the file that was asked for, not of the temporary one beside it.
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "its folder does not exist".into(),
        _ => reason(error),
    }
}

/// Writes `bytes` to a temporary file beside `path`, then renames it. Something that is no file, such as
/// a pipe or `/dev/stdout`, is written directly.
///
/// # Errors
/// The file cannot be written; an older one of that name stands as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let attempt = || {
        if std::fs::metadata(path).is_ok_and(|data| !data.is_file()) {
            return std::fs::OpenOptions::new().write(true).open(path)?.write_all(bytes);
        }
        let mut file = tempfile::NamedTempFile::new_in(folder(path))?;
        file.write_all(bytes)?;
        set_ordinary_permissions(file.path())?;
        file.persist(path).map_err(|e| e.error)?;
        Ok(())
    };
    attempt().map_err(|source| WriteError { path: path.to_owned(), source })
}

/// Checks, before a long run, that a result can be written to `path`.
///
/// # Errors
/// The folder does not exist or takes no files.
pub fn check_writable(path: &Path) -> Result<(), WriteError> {
    let attempt = || {
        match std::fs::metadata(path) {
            Ok(data) if data.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(data) if !data.is_file() => return Ok(()),
            _ => {}
        }
        tempfile::NamedTempFile::new_in(folder(path)).map(drop)
    };
    attempt().map_err(|source| WriteError { path: path.to_owned(), source })
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A temporary file is private; a result is not.
fn set_ordinary_permissions(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}
