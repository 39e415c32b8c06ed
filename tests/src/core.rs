//! The core under test: the stand-alone bench of `rtl/tile/tb`, or the command `covert`.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufReader, Error};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use thiserror::Error;

/// Cycles after which a run is given up; the longest test program needs a tenth of it.
const MAX_CYCLES: u64 = 20_000_000;

/// What can go wrong with the core under test.
#[derive(Debug, Error)]
pub enum CoreError {
    /// A file or process could not be used.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: Error,
    },
    /// The bench does not build.
    #[error("building the core's bench failed:\n{0}")]
    Build(String),
    /// The core has changed so that a mutation does not apply any more.
    #[error("{file} does not hold exactly once: {text}")]
    Mutation {
        /// The source file.
        file: String,
        /// What should be there.
        text: String,
    },
}

fn io(what: impl Into<String>) -> impl FnOnce(Error) -> CoreError {
    let what = what.into();
    move |source| CoreError::Io { what, source }
}

/// Memory timing of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latency {
    /// Fewest and most cycles that an access takes; `None` for the fastest memory.
    pub range: Option<(u32, u32)>,
    /// Seed of the choice between them.
    pub seed: u64,
}

/// A core that runs programs and writes RVFI lines.
#[derive(Clone, Debug)]
pub enum Core {
    /// The Verilated tile with a simple memory.
    Bench(PathBuf),
    /// The whole chip in bare mode.
    Covert(PathBuf),
}

/// A running core; killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Core {
    /// The bench, built if the core has changed since the last time.
    ///
    /// # Errors
    /// If it does not build.
    pub fn bench() -> Result<Self, CoreError> {
        build(&core_sources(), "-O2").map(Self::Bench)
    }

    /// The text of `file` of `rtl`, in which `from` occurs once.
    ///
    /// # Errors
    /// If it does not.
    pub fn is_in_source(file: &str, from: &str) -> Result<String, CoreError> {
        let text = fs::read_to_string(core_sources().join(file)).map_err(io(file))?;
        if text.matches(from).count() != 1 {
            return Err(CoreError::Mutation { file: file.to_owned(), text: from.to_owned() });
        }
        Ok(text)
    }

    /// The bench of a tile changed on purpose: in `file` of `rtl` the only occurrence of `from` is
    /// replaced.
    ///
    /// # Errors
    /// If there is not exactly one, or if the changed core does not build.
    pub fn mutant(file: &str, from: &str, to: &str) -> Result<Self, CoreError> {
        let text = Self::is_in_source(file, from)?;
        let copy = tempfile::tempdir().map_err(io("creating a temporary folder"))?;
        for part in PARTS {
            copy_tree(&core_sources().join(part), &copy.path().join(part))?;
        }
        let script = "verilate.sh";
        fs::copy(core_sources().join(script), copy.path().join(script)).map_err(io(script))?;
        fs::write(copy.path().join(file), text.replace(from, to)).map_err(io(file))?;
        // It runs a few programs only: compiling fast matters more.
        build(copy.path(), "-O0").map(Self::Bench)
    }

    /// The command `covert`, which `make build` has built.
    ///
    /// # Errors
    /// If it is not there.
    pub fn covert() -> Result<Self, CoreError> {
        let path = target().join("release/covert");
        fs::metadata(&path)
            .map_err(io(format!("looking for {}; run: make build", path.display())))?;
        Ok(Self::Covert(path))
    }

    /// Whether memory latency can be chosen.
    #[must_use]
    pub fn has_latency(&self) -> bool {
        matches!(self, Self::Bench(_))
    }

    fn command(&self, elf: &Path, latency: Latency) -> Command {
        match self {
            Self::Bench(path) => {
                let mut command = Command::new(path);
                command.arg(elf).args(["--ram", "32", "--max-cycles", &MAX_CYCLES.to_string()]);
                if let Some((min, max)) = latency.range {
                    command.args(["--latency", &format!("{min}:{max}"), "--ready-rand"]);
                    command.args(["--seed", &latency.seed.to_string()]);
                }
                command
            }
            Self::Covert(path) => {
                let mut command = Command::new(path);
                command.args(["run", "--bare", "--chip", "solo"]).arg(elf);
                command.args(["--max-cycles", &MAX_CYCLES.to_string()]);
                command
            }
        }
    }

    /// Starts `elf`; the RVFI lines come from the second value. The program must not print. What
    /// the core's simulator says stands in [`messages`].
    ///
    /// # Errors
    /// If the core cannot be started.
    pub fn trace(
        &self,
        elf: &Path,
        latency: Latency,
    ) -> Result<(Running, BufReader<ChildStdout>), CoreError> {
        let said = File::create(messages(elf)).map_err(io("creating a file for messages"))?;
        let mut child = self
            .command(elf, latency)
            .args(["--rvfi", "/dev/stdout"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(said)
            .spawn()
            .map_err(io(format!("starting {self:?}")))?;
        let out = child.stdout.take().ok_or_else(|| Error::other("no pipe"));
        let out = out.map_err(io("reading the core's trace"))?;
        Ok((Running { child }, BufReader::with_capacity(1 << 17, out)))
    }

    /// Starts `elf`; its console is the child's standard output.
    ///
    /// # Errors
    /// If the core cannot be started.
    pub fn console(&self, elf: &Path, latency: Latency) -> Result<Child, CoreError> {
        self.command(elf, latency)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(io(format!("starting {self:?}")))
    }
}

/// The file beside `elf` that holds what the simulator said when it ran it.
#[must_use]
pub fn messages(elf: &Path) -> PathBuf {
    elf.with_extension("messages")
}

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where this crate keeps what it builds and what a failing test leaves behind.
#[must_use]
pub fn scratch() -> PathBuf {
    target().join("covert-tests")
}

fn target() -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR");
    set.map_or_else(|| repository().join("target"), PathBuf::from)
}

fn core_sources() -> PathBuf {
    repository().join("rtl")
}

/// The folders of `rtl` that a tile is built from.
const PARTS: [&str; 3] = ["core", "tile", "unit/gen"];

/// Builds the bench of the tile whose sources are in `rtl`, once for each content of its parts.
fn build(rtl: &Path, flags: &str) -> Result<PathBuf, CoreError> {
    let mut hasher = DefaultHasher::new();
    flags.hash(&mut hasher);
    for part in PARTS {
        hash_tree(&rtl.join(part), &mut hasher)?;
    }
    let dir = scratch().join(format!("bench-{:016x}", hasher.finish()));
    let bench = dir.join("tile_tb");
    fs::create_dir_all(&dir).map_err(io(format!("creating {}", dir.display())))?;
    // Tests run in processes of their own: the first one builds, the others wait.
    let lock = File::create(dir.join("lock")).map_err(io("creating a lock file"))?;
    lock.lock().map_err(io("locking"))?;
    let done = dir.join("done");
    if !done.exists() {
        let script = rtl.join("tile/tb/build.sh");
        let output = Command::new(&script)
            .arg(&dir)
            .env("COVERT_CXXFLAGS", flags)
            .output()
            .map_err(io(format!("starting {}", script.display())))?;
        if !output.status.success() || !bench.exists() {
            let text = [output.stdout, output.stderr].concat();
            return Err(CoreError::Build(String::from_utf8_lossy(&text).into_owned()));
        }
        // Only the program is kept; what cannot be deleted only costs space.
        let _ = fs::remove_dir_all(dir.join("tile_tb.gen"));
        File::create(&done).map_err(io("creating a stamp file"))?;
    }
    Ok(bench)
}

fn hash_tree(dir: &Path, hasher: &mut DefaultHasher) -> Result<(), CoreError> {
    for path in entries(dir)? {
        path.file_name().hash(hasher);
        if path.is_dir() {
            hash_tree(&path, hasher)?;
        } else {
            fs::read(&path).map_err(io(path.display().to_string()))?.hash(hasher);
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), CoreError> {
    fs::create_dir_all(to).map_err(io(to.display().to_string()))?;
    for path in entries(from)? {
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy_tree(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name)).map_err(io(path.display().to_string()))?;
        }
    }
    Ok(())
}

/// The paths in `dir`, sorted.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, CoreError> {
    let mut paths = fs::read_dir(dir)
        .and_then(|entries| entries.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, _>>())
        .map_err(io(format!("reading {}", dir.display())))?;
    paths.sort();
    Ok(paths)
}
