//! A run of one of the simulators.

use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// What a simulator left.
pub(crate) struct Finished {
    /// The simulated console.
    pub(crate) console: String,
    /// Its messages.
    pub(crate) messages: String,
}

/// Runs `command` with nothing to read. `accepted` are the exit codes that are no failure.
///
/// # Errors
/// It cannot be started, or ends with another exit code.
pub(crate) fn run(command: &mut Command, accepted: &[i32]) -> anyhow::Result<Finished> {
    let name = format!("{command:?}");
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {name}"))?;
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.code().is_some_and(|code| accepted.contains(&code)) {
        bail!("{name} failed ({}): {}", output.status, messages.trim_end());
    }
    Ok(Finished { console: String::from_utf8_lossy(&output.stdout).into_owned(), messages })
}

/// Seconds of processor time, user and system, that all children of this process that have ended took.
///
/// # Errors
/// The operating system does not tell.
pub(crate) fn cpu_seconds() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("no processor time")?;
    let microseconds =
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(microseconds as f64 / 1e6)
}
