//! `covert speed`: simulated cycles per second of processor time, for each configuration.

use std::fmt::Write as _;
use std::io;

use covert_abi::Mode;
use covert_abi::layout::REGION_STRIDE;
use covert_model::Options;

use crate::boot::{self, Settings};
use crate::cli::SpeedArgs;
use crate::console::{Input, Output};
use crate::error::Error;
use crate::guests;
use crate::list;
use crate::plan::{GuestOptions, guest_machine, time_limit};
use crate::session::Session;

/// Measures and prints a table.
///
/// # Errors
/// The model fails, or the guest ends before any cycle could be measured.
pub fn run(args: &SpeedArgs) -> Result<(), Error> {
    let mut text = format!(
        "{:<8} {:<5} {:<6} {:>14} {:>18}\n",
        "chip", "mode", "model", "cycles", "Mcycle/CPU-second"
    );
    let rows = [("solo", 1, Mode::None), ("duo", 2, Mode::Dmr), ("quad", 4, Mode::Dmr)];
    for fault in [false, true] {
        if fault && !args.fault {
            continue;
        }
        for (chip, tiles, mode) in rows {
            let (cycles, seconds) = measure(tiles, mode, fault, args.cycles)?;
            let _ = writeln!(
                text,
                "{chip:<8} {:<5} {:<6} {cycles:>14} {:>18.2}",
                mode.name(),
                if fault { "fault" } else { "fast" },
                cycles as f64 / seconds / 1e6,
            );
        }
    }
    list::print(&text)
}

/// Runs the guest `compute`, over and over if it is short; cycles and seconds of processor time.
fn measure(tiles: u32, mode: Mode, fault: bool, cycles: u64) -> Result<(u64, f64), Error> {
    let (mut done, mut seconds) = (0, 0.0);
    while done < cycles {
        let machine = compute(tiles, mode, fault)?;
        let mut session = Session::new(&machine, Output::new(None))?;
        let before = cpu_seconds()?;
        session.run_until(cycles - done)?;
        seconds += cpu_seconds()? - before;
        let ran = session.chip().cycle();
        if ran == 0 {
            return Err(Error::Unexpected("the guest ended before its first cycle".into()));
        }
        done += ran;
    }
    Ok((done, seconds))
}

fn compute(tiles: u32, mode: Mode, fault: bool) -> Result<crate::session::Machine, Error> {
    let guest = guests::find("compute")
        .ok_or_else(|| Error::Unexpected("the guest `compute` is not built in".into()))?;
    let options = Options {
        tiles,
        fault,
        bare: None,
        memory: boot::DEFAULT_MEMORY,
        // Cycles that are jumped over would count as simulated.
        idle_skip: false,
        seed: 0,
    };
    let settings = Settings {
        ram: 4 << 20,
        epoch: boot::DEFAULT_EPOCH,
        checkpoint_every: boot::DEFAULT_CHECKPOINT_EVERY,
        time_limit: time_limit(boot::DEFAULT_EPOCH, boot::DEFAULT_MEMORY),
        max_attempts: boot::DEFAULT_MAX_ATTEMPTS,
        io_size: REGION_STRIDE,
    };
    let (modes, input) = (vec![(0, mode)], Input::Bytes(Vec::new()));
    guest_machine(guest.name, &guest.elf()?, GuestOptions::new(settings, options, modes, input))
}

/// User time this process has used.
fn cpu_seconds() -> Result<f64, Error> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the pointer is valid for a write of one rusage.
    let failed = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) } != 0;
    if failed {
        return Err(Error::Stream { what: "processor time", source: io::Error::last_os_error() });
    }
    // SAFETY: getrusage succeeded, so it was written.
    let usage = unsafe { usage.assume_init() };
    Ok(usage.ru_utime.tv_sec as f64 + usage.ru_utime.tv_usec as f64 / 1e6)
}
