//! Holds a run back to the pace of real time where somebody real takes part in it: at a terminal or over a network.
//!
//! A working guest is simulated far slower than a chip would run it; an idle one is not, since idle cycles are jumped over. A
//! guest that waits ten seconds for an answer must not have done so before anybody could answer. It only waits: nothing
//! that is simulated depends on it.

use std::io;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use covert_abi::layout::CLOCK_HZ;

/// A clock that compares simulated with real time.
#[derive(Debug)]
pub struct Pace {
    last: Instant,
    /// How far the simulation is ahead. What it lags behind is not made up for.
    ahead: Duration,
}

/// Less than this is not waited for.
const LEAST: Duration = Duration::from_millis(1);

impl Pace {
    /// From now on.
    pub fn new() -> Self {
        Self { last: Instant::now(), ahead: Duration::ZERO }
    }

    /// Notes that `cycles` were simulated; waits if that took less time than on a chip, but no longer than until one of
    /// the descriptors is readable.
    ///
    /// # Errors
    /// The descriptors cannot be waited for.
    pub fn keep(&mut self, cycles: u64, descriptors: &[RawFd]) -> io::Result<()> {
        let now = Instant::now();
        let simulated = Duration::from_nanos(cycles * (1_000_000_000 / u64::from(CLOCK_HZ)));
        self.ahead = (self.ahead + simulated).saturating_sub(now - self.last);
        self.last = now;
        if self.ahead >= LEAST {
            wait(descriptors, self.ahead)?;
        }
        Ok(())
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new()
    }
}

/// Waits until a descriptor is readable, at most `longest`, in whole milliseconds.
fn wait(descriptors: &[RawFd], longest: Duration) -> io::Result<()> {
    let mut polls: Vec<libc::pollfd> = descriptors
        .iter()
        .map(|fd| libc::pollfd { fd: *fd, events: libc::POLLIN, revents: 0 })
        .collect();
    let milliseconds = libc::c_int::try_from(longest.as_millis()).unwrap_or(libc::c_int::MAX);
    // SAFETY: the array and its length belong together.
    let ready =
        unsafe { libc::poll(polls.as_mut_ptr(), polls.len() as libc::nfds_t, milliseconds) };
    let error = io::Error::last_os_error();
    if ready < 0 && error.kind() != io::ErrorKind::Interrupted {
        return Err(error);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn idle_cycles_take_their_time() {
        let start = Instant::now();
        let mut pace = Pace::new();
        // 50 ms of the chip.
        for _ in 0..50 {
            pace.keep(50_000, &[]).expect("waits");
        }
        assert!(start.elapsed() >= Duration::from_millis(45), "{:?}", start.elapsed());
    }

    #[test]
    fn input_ends_the_wait() {
        let (reader, mut writer) = io::pipe().expect("a pipe");
        writer.write_all(b"x").expect("written");
        let start = Instant::now();
        // Half a minute of the chip.
        Pace::new().keep(1_500_000_000, &[reader.as_raw_fd()]).expect("waits");
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn slow_cycles_are_not_waited_for() {
        let mut pace = Pace::new();
        std::thread::sleep(Duration::from_millis(20));
        pace.keep(50_000, &[]).expect("waits");
        assert_eq!(pace.ahead, Duration::ZERO);
    }
}
