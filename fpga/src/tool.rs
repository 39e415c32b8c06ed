//! Child processes: their words go into one log, the last line is shown as progress.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::error::Error;

/// The programs of the project's virtual environment, `$COVERT_CACHE/venv`.
#[derive(Clone, Debug)]
pub struct Tools {
    bin: PathBuf,
}

impl Tools {
    /// Where set-up puts them.
    pub fn new() -> Self {
        let cache = match (std::env::var_os("COVERT_CACHE"), std::env::var_os("HOME")) {
            (Some(cache), _) => PathBuf::from(cache),
            (None, Some(home)) => PathBuf::from(home).join(".cache/covert"),
            (None, None) => PathBuf::from(".cache/covert"),
        };
        Self { bin: cache.join("venv/bin") }
    }

    /// A command for a program.
    ///
    /// # Errors
    /// It is not installed.
    pub fn command(&self, tool: &'static str) -> Result<Command, Error> {
        let path = self.bin.join(tool);
        if path.is_file() { Ok(Command::new(path)) } else { Err(Error::ToolMissing { tool }) }
    }
}

impl Default for Tools {
    fn default() -> Self {
        Self::new()
    }
}

/// The log of a build, and who is told how far it is.
pub struct Log<'a> {
    path: PathBuf,
    file: File,
    progress: &'a mut dyn FnMut(&str),
}

impl<'a> Log<'a> {
    /// Makes `DIR/build.log` anew.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn new(folder: &Path, progress: &'a mut dyn FnMut(&str)) -> Result<Self, Error> {
        let path = folder.join("build.log");
        let file =
            File::create(&path).map_err(|source| Error::Write { path: path.clone(), source })?;
        Ok(Self { path, file, progress })
    }

    /// Runs a program to its end; returns its lines and how many seconds it took.
    ///
    /// # Errors
    /// It cannot be started, or fails: then with the line in which it says why.
    pub fn run(
        &mut self,
        step: &'static str,
        command: &mut Command,
    ) -> Result<(Vec<String>, f64), Error> {
        let start = Instant::now();
        let failed = |why: String| Error::Tool { step, why, log: self.path.clone() };
        let write = |source| Error::Write { path: self.path.clone(), source };
        writeln!(self.file, "# {step}: {command:?}").map_err(write)?;
        let (reader, writer) = std::io::pipe().map_err(|e| failed(e.to_string()))?;
        let both = writer.try_clone().map_err(|e| failed(e.to_string()))?;
        command.stdin(Stdio::null()).stdout(both).stderr(writer);
        let mut child = command.spawn().map_err(|e| failed(e.to_string()))?;
        // The command holds the writing ends, and would keep the pipe open.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut lines = Vec::new();
        for line in BufReader::new(reader).split(b'\n') {
            let line = line.map_err(|e| failed(e.to_string()))?;
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            writeln!(self.file, "{line}").map_err(write)?;
            let text = line.trim_start_matches("Info: ").trim();
            if !text.is_empty() {
                let seconds = start.elapsed().as_secs();
                let short: String = text.chars().take(70).collect();
                (self.progress)(&format!("{step}, {}:{:02}: {short}", seconds / 60, seconds % 60));
            }
            lines.push(line);
        }
        let status = child.wait().map_err(|e| failed(e.to_string()))?;
        if !status.success() {
            let error = lines.iter().rev().find(|line| line.contains("ERROR"));
            let last = lines.iter().rev().find(|line| !line.trim().is_empty());
            let why =
                error.or(last).map_or_else(|| status.to_string(), |line| line.trim().to_owned());
            return Err(failed(why));
        }
        Ok((lines, start.elapsed().as_secs_f64()))
    }
}
