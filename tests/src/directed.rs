//! The directed programs in `programs/`: one behaviour each, with the expected console output
//! beside. The head of a source file may say `# exit: N` (the program's exit code, else 0) and
//! `# on: core` (QEMU behaves differently there; the file says how).

use std::fs;
use std::io::{Error, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::mpsc;
use std::time::Duration;

use thiserror::Error;

use crate::core::repository;

/// Wall-clock limit of a program; they take milliseconds.
const LIMIT: Duration = Duration::from_secs(60);

/// One directed program.
#[derive(Clone, Debug)]
pub struct Directed {
    /// File name without extension.
    pub name: String,
    /// The assembly file.
    pub source: PathBuf,
    /// What it prints.
    pub console: String,
    /// Its exit code.
    pub exit: i32,
    /// QEMU must agree.
    pub on_qemu: bool,
}

/// What can go wrong before a program runs.
#[derive(Debug, Error)]
pub enum DirectedError {
    /// A file could not be read, or the compiler not started.
    #[error("{0}")]
    Io(String, #[source] Error),
    /// The program does not assemble.
    #[error("{0} does not assemble:\n{1}")]
    Assemble(String, String),
}

/// All programs, by name.
///
/// # Errors
/// If a file cannot be read, such as an expected output that is missing.
pub fn programs() -> Result<Vec<Directed>, DirectedError> {
    let dir = repository().join("tests/programs");
    let io = |path: &Path| {
        let text = format!("reading {}", path.display());
        move |error| DirectedError::Io(text, error)
    };
    let entries = fs::read_dir(&dir).map_err(io(&dir))?;
    let mut out = Vec::new();
    for entry in entries {
        let source = entry.map_err(io(&dir))?.path();
        if source.extension().is_none_or(|extension| extension != "S") {
            continue;
        }
        let text = fs::read_to_string(&source).map_err(io(&source))?;
        let expected = source.with_extension("out");
        let head = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
        out.push(Directed {
            name: source.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            console: fs::read_to_string(&expected).map_err(io(&expected))?,
            exit: head("# exit: ").and_then(|code| code.trim().parse().ok()).unwrap_or(0),
            on_qemu: head("# on: core").is_none(),
            source,
        });
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(out)
}

impl Directed {
    /// Assembles the program into `dir` and returns the executable.
    ///
    /// # Errors
    /// If the assembler cannot be started or refuses the program.
    pub fn assemble(&self, dir: &Path) -> Result<PathBuf, DirectedError> {
        let elf = dir.join(&self.name).with_extension("elf");
        let script = self.source.with_file_name("link.ld");
        let output = Command::new("riscv64-unknown-elf-gcc")
            .args(["-march=rv32imac_zicsr_zifencei", "-mabi=ilp32", "-nostdlib", "-static"])
            .arg("-T")
            .arg(script)
            .args(["-Wl,--build-id=none", "-Wl,--no-warn-rwx-segments", "-o"])
            .arg(&elf)
            .arg(&self.source)
            .output()
            .map_err(|error| {
                let text =
                    "starting riscv64-unknown-elf-gcc (Debian package gcc-riscv64-unknown-elf)";
                DirectedError::Io(text.to_owned(), error)
            })?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(DirectedError::Assemble(self.name.clone(), text));
        }
        Ok(elf)
    }
}

/// Waits for a program and returns its console and its exit code; `None` for the code if it was
/// killed, by a signal or because it ran for too long.
///
/// # Errors
/// If the process cannot be read from or waited for.
pub fn finish(mut child: Child) -> Result<(String, Option<i32>), Error> {
    let mut out = child.stdout.take().ok_or_else(|| Error::other("no pipe"))?;
    let (sender, receiver) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        let result = out.read_to_end(&mut text).map(|_| text);
        // Nobody listens any more if the time limit has passed.
        let _ = sender.send(());
        result
    });
    if receiver.recv_timeout(LIMIT).is_err() {
        child.kill()?;
    }
    let text = reader.join().map_err(|_| Error::other("the reader panicked"))??;
    Ok((String::from_utf8_lossy(&text).into_owned(), child.wait()?.code()))
}
