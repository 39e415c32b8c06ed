//! Snapshots by `fork`: a child process goes on from the parent's state, copy on write, and hands its
//! result back over a pipe.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::panic::AssertUnwindSafe;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a child brought no result.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    /// The operating system refused.
    #[error("cannot fork: {0}")]
    System(#[from] io::Error),
    /// The child died.
    #[error("a simulation in a child process died ({0})")]
    Died(String),
    /// The child's bytes are no result.
    #[error("a child process returned nonsense: {0}")]
    Nonsense(#[from] serde_json::Error),
    /// The child says why it failed.
    #[error("{0}")]
    Failed(String),
}

struct Child<K> {
    key: K,
    pid: libc::pid_t,
    pipe: File,
}

/// Children that run at the same time, at most `jobs` of them; results come back by the key each child
/// was given.
pub struct Children<K> {
    jobs: usize,
    running: Vec<Child<K>>,
}

impl<K> Children<K> {
    /// Room for `jobs` children, at least one.
    pub fn new(jobs: usize) -> Self {
        Self { jobs: jobs.max(1), running: Vec::new() }
    }

    /// Forks; `work` runs in the child only. Waits first while there is no room, handing each result that
    /// comes to `done`.
    ///
    /// The process must have one thread: another one's locks would stay locked in the child.
    ///
    /// # Errors
    /// The system refuses, or an earlier child failed.
    pub fn spawn<T: Serialize + DeserializeOwned>(
        &mut self,
        key: K,
        mut done: impl FnMut(K, T),
        work: impl FnOnce() -> Result<T, String>,
    ) -> Result<(), ForkError> {
        while self.running.len() >= self.jobs {
            let (key, result) = self.wait()?;
            done(key, result);
        }
        let (reader, writer) = pipe()?;
        // SAFETY: the process has one thread (see above), so the child may do all that the parent may.
        let pid = unsafe { libc::fork() };
        match pid {
            -1 => Err(io::Error::last_os_error().into()),
            0 => {
                drop(reader);
                run_child(writer, work)
            }
            pid => {
                self.running.push(Child { key, pid, pipe: reader });
                Ok(())
            }
        }
    }

    /// Waits for all children.
    ///
    /// # Errors
    /// A child failed; the others are ended.
    pub fn finish<T: DeserializeOwned>(
        &mut self,
        mut done: impl FnMut(K, T),
    ) -> Result<(), ForkError> {
        while !self.running.is_empty() {
            let (key, result) = self.wait()?;
            done(key, result);
        }
        Ok(())
    }

    /// Waits for whichever child has something to say and reads all of it.
    fn wait<T: DeserializeOwned>(&mut self) -> Result<(K, T), ForkError> {
        let mut polls: Vec<libc::pollfd> = self
            .running
            .iter()
            .map(|child| {
                use std::os::fd::AsRawFd as _;
                libc::pollfd { fd: child.pipe.as_raw_fd(), events: libc::POLLIN, revents: 0 }
            })
            .collect();
        // SAFETY: the array and its length belong together.
        let ready = unsafe { libc::poll(polls.as_mut_ptr(), polls.len() as libc::nfds_t, -1) };
        if ready < 0 {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::Interrupted => self.wait(),
                _ => Err(error.into()),
            };
        }
        let index = polls.iter().position(|poll| poll.revents != 0).unwrap_or(0);
        let mut child = self.running.swap_remove(index);
        let mut bytes = Vec::new();
        child.pipe.read_to_end(&mut bytes)?;
        let status = reap(child.pid)?;
        if status != 0 || bytes.is_empty() {
            return Err(ForkError::Died(format!("status {status:#x}")));
        }
        let result: Result<T, String> = serde_json::from_slice(&bytes)?;
        Ok((child.key, result.map_err(ForkError::Failed)?))
    }
}

impl<K> Drop for Children<K> {
    /// Ends what still runs: after an error nobody waits for it.
    fn drop(&mut self) {
        for child in &self.running {
            // SAFETY: the process is a child of ours that was not waited for, so the number is its own.
            unsafe { libc::kill(child.pid, libc::SIGKILL) };
            let _ = reap(child.pid);
        }
    }
}

fn run_child<T: Serialize>(mut writer: File, work: impl FnOnce() -> Result<T, String>) -> ! {
    // SAFETY: only asks the system to end this process when its parent ends.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let result = std::panic::catch_unwind(AssertUnwindSafe(work));
    let code = match result {
        Ok(result) => match serde_json::to_vec(&result) {
            Ok(bytes) if writer.write_all(&bytes).is_ok() => 0,
            _ => 1,
        },
        Err(_) => 101,
    };
    drop(writer);
    // SAFETY: ends the child at once. Destructors and exit handlers are the parent's to run.
    unsafe { libc::_exit(code) }
}

fn pipe() -> io::Result<(File, File)> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for the two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let own = |fd| {
        // SAFETY: pipe2 succeeded, so the descriptor is open and nobody else's.
        File::from(unsafe { OwnedFd::from_raw_fd(fd) })
    };
    Ok((own(ends[0]), own(ends[1])))
}

fn reap(pid: libc::pid_t) -> io::Result<i32> {
    let mut status = 0;
    loop {
        // SAFETY: `pid` is a child that was not waited for; status is valid for a write.
        if unsafe { libc::waitpid(pid, &raw mut status, 0) } == pid {
            return Ok(status);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
