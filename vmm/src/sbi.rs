//! What the guest's kernel asks of its firmware: RISC-V SBI 2.0, extensions BASE, TIME, SRST, DBCN and the
//! legacy console, timer and shutdown.

use covert_abi::layout::GUEST_BASE;

use crate::{console::Operation, state::ReplicaState};

/// SBI error: failed. DBCN read: the console's input is closed and all of it was read.
pub const FAILED: i32 = -1;
/// SBI error: not supported.
pub const NOT_SUPPORTED: i32 = -2;
/// SBI error: invalid parameter.
pub const INVALID_PARAM: i32 = -3;

/// Version of the specification: 2.0.
const SPEC_VERSION: u32 = 2 << 24;
/// Our implementation number; none is registered for us.
const IMPLEMENTATION: u32 = 0x434F_5654;
/// Version of this implementation.
const IMPLEMENTATION_VERSION: u32 = 1;

const EXT_BASE: u32 = 0x10;
const EXT_TIME: u32 = 0x5449_4D45;
const EXT_SRST: u32 = 0x5352_5354;
const EXT_DBCN: u32 = 0x4442_434E;
const LEGACY_SET_TIMER: u32 = 0;
const LEGACY_PUTCHAR: u32 = 1;
const LEGACY_GETCHAR: u32 = 2;
const LEGACY_SHUTDOWN: u32 = 8;
/// Last number of the legacy range.
const LEGACY_LAST: u32 = 0xF;

/// Exit device: the guest ended well.
pub const EXIT_PASS: u32 = 0x5555;
/// Exit device: the guest failed; a code stands in bits 31:16.
pub const EXIT_FAIL: u32 = 0x3333;
/// Exit device: the guest asks to be started anew.
pub const EXIT_RESET: u32 = 0x7777;

/// Answer to a call, as it goes to a0 and a1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Error code and value.
    Standard(i32, u32),
    /// Legacy calls answer in a0 and keep a1.
    Legacy(u32),
}

impl Reply {
    /// Success with a value.
    pub const fn success(value: u32) -> Self {
        Self::Standard(0, value)
    }
    /// An error.
    pub const fn error(code: i32) -> Self {
        Self::Standard(code, 0)
    }
}

/// What a call leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// The answer is there.
    Done(Reply),
    /// A console request has begun.
    Console,
    /// The guest ends; the word for the exit device.
    PowerOff(u32),
}

/// Takes the call that the guest's registers hold.
#[inline(never)]
pub fn call(state: &mut ReplicaState) -> Call {
    let x = &state.vcpu.x;
    let (a0, a1, a2, function, extension) = (x[10], x[11], x[12], x[16], x[17]);
    match (extension, function) {
        (LEGACY_SET_TIMER, _) => {
            set_timer(state, a0, a1);
            Call::Done(Reply::Legacy(0))
        }
        (LEGACY_PUTCHAR, _) => console(state, Operation::PutChar, a0 & 0xFF, 1),
        (LEGACY_GETCHAR, _) => console(state, Operation::GetChar, 0, 1),
        (LEGACY_SHUTDOWN, _) => Call::PowerOff(EXIT_PASS),
        (3..=LEGACY_LAST, _) => Call::Done(Reply::Legacy(NOT_SUPPORTED as u32)),
        (EXT_BASE, _) => Call::Done(base(function, a0)),
        (EXT_TIME, 0) => {
            set_timer(state, a0, a1);
            Call::Done(Reply::success(0))
        }
        (EXT_SRST, 0) => reset(a0, a1),
        (EXT_DBCN, 0) => transfer(state, Operation::Write, a0, a1, a2),
        (EXT_DBCN, 1) => transfer(state, Operation::Read, a0, a1, a2),
        (EXT_DBCN, 2) => console(state, Operation::WriteByte, a0 & 0xFF, 1),
        _ => Call::Done(Reply::error(NOT_SUPPORTED)),
    }
}

/// Puts an answer into the guest's registers.
pub fn reply(state: &mut ReplicaState, reply: Reply) {
    match reply {
        Reply::Standard(error, value) => {
            state.vcpu.x[10] = error as u32;
            state.vcpu.x[11] = value;
        }
        Reply::Legacy(value) => state.vcpu.x[10] = value,
    }
}

fn base(function: u32, a0: u32) -> Reply {
    Reply::success(match function {
        0 => SPEC_VERSION,
        1 => IMPLEMENTATION,
        2 => IMPLEMENTATION_VERSION,
        3 => u32::from(implemented(a0)),
        // mvendorid, marchid, mimpid: not given.
        4..=6 => 0,
        _ => return Reply::error(NOT_SUPPORTED),
    })
}

/// Whether the extension answers anything but "not supported".
fn implemented(extension: u32) -> bool {
    matches!(
        extension,
        EXT_BASE
            | EXT_TIME
            | EXT_SRST
            | EXT_DBCN
            | LEGACY_SET_TIMER
            | LEGACY_PUTCHAR
            | LEGACY_GETCHAR
            | LEGACY_SHUTDOWN
    )
}

fn set_timer(state: &mut ReplicaState, low: u32, high: u32) {
    let deadline = u64::from(high) << 32 | u64::from(low);
    state.clock.set_timer(deadline, &state.epoch);
}

/// System reset: types 0 shutdown, 1 cold and 2 warm reboot; reasons 0 none, 1 system failure.
fn reset(kind: u32, reason: u32) -> Call {
    // Reasons from 0xE000_0000 on are the SBI implementation's or the vendor's: we define none.
    match (kind, reason) {
        (0, 0) => Call::PowerOff(EXIT_PASS),
        (0, 1) => Call::PowerOff(1 << 16 | EXIT_FAIL),
        (1 | 2, 0 | 1) => Call::PowerOff(EXIT_RESET),
        _ => Call::Done(Reply::error(INVALID_PARAM)),
    }
}

fn console(state: &mut ReplicaState, operation: Operation, addr: u32, len: u32) -> Call {
    state.console.start(operation, addr, len);
    Call::Console
}

/// A console request on a buffer, which must lie in guest RAM.
fn transfer(state: &mut ReplicaState, operation: Operation, len: u32, low: u32, high: u32) -> Call {
    let inside = high == 0
        && low >= GUEST_BASE
        && low - GUEST_BASE <= state.guest_size
        && len <= state.guest_size - (low - GUEST_BASE);
    if !inside {
        return Call::Done(Reply::error(INVALID_PARAM));
    }
    if len == 0 {
        return Call::Done(Reply::success(0));
    }
    console(state, operation, low, len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::started;

    fn ask(extension: u32, function: u32, args: [u32; 3]) -> (Call, ReplicaState) {
        let mut state = started();
        state.vcpu.x[10..13].copy_from_slice(&args);
        state.vcpu.x[16] = function;
        state.vcpu.x[17] = extension;
        (call(&mut state), state)
    }

    fn answer(extension: u32, function: u32, args: [u32; 3]) -> Reply {
        match ask(extension, function, args).0 {
            Call::Done(reply) => reply,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn base_reports_version_and_extensions() {
        assert_eq!(answer(EXT_BASE, 0, [0; 3]), Reply::success(0x0200_0000));
        for extension in [EXT_BASE, EXT_TIME, EXT_SRST, EXT_DBCN, 0, 1, 2, 8] {
            assert_eq!(answer(EXT_BASE, 3, [extension, 0, 0]), Reply::success(1));
        }
        // IPI, RFENCE, HSM, PMU, and legacy calls that need a second hart.
        for extension in [0x73_5049, 0x5246_4E43, 0x48_534D, 0x50_4D55, 3, 4, 5, 6, 7, 9] {
            assert_eq!(answer(EXT_BASE, 3, [extension, 0, 0]), Reply::success(0));
        }
        assert_eq!(answer(EXT_BASE, 7, [0; 3]), Reply::error(NOT_SUPPORTED));
        assert_eq!(answer(0x48_534D, 0, [0; 3]), Reply::error(NOT_SUPPORTED));
        assert_eq!(answer(4, 0, [0; 3]), Reply::Legacy(-2i32 as u32));
    }

    #[test]
    fn timer_takes_both_words() {
        let (outcome, state) = ask(EXT_TIME, 0, [5, 1, 0]);
        assert_eq!(outcome, Call::Done(Reply::success(0)));
        assert_eq!(state.clock.deadline, 0x1_0000_0005);
        assert_eq!(ask(LEGACY_SET_TIMER, 9, [7, 0, 0]).1.clock.deadline, 7);
    }

    #[test]
    fn reset_ends_the_guest() {
        assert_eq!(ask(EXT_SRST, 0, [0, 0, 0]).0, Call::PowerOff(0x5555));
        assert_eq!(ask(EXT_SRST, 0, [0, 1, 0]).0, Call::PowerOff(0x1_3333));
        assert_eq!(ask(EXT_SRST, 0, [1, 0, 0]).0, Call::PowerOff(0x7777));
        assert_eq!(ask(LEGACY_SHUTDOWN, 0, [0; 3]).0, Call::PowerOff(0x5555));
        assert_eq!(answer(EXT_SRST, 0, [3, 0, 0]), Reply::error(INVALID_PARAM));
        assert_eq!(answer(EXT_SRST, 0, [0, 2, 0]), Reply::error(INVALID_PARAM));
    }

    #[test]
    fn console_buffers_must_lie_in_guest_ram() {
        let size = started().guest_size;
        let end = GUEST_BASE + size;
        for (len, low, high) in [
            (1, GUEST_BASE - 1, 0),
            (1, end, 0),
            (2, end - 1, 0),
            (size + 1, GUEST_BASE, 0),
            (u32::MAX, GUEST_BASE, 0),
            (0x8000_0000, 0xFFFF_FFFF, 0),
            (1, GUEST_BASE, 1),
            (4, 0x4000_0000, 0),
            (4, 0x1000_0000, 0),
        ] {
            for function in [0, 1] {
                let reply = answer(EXT_DBCN, function, [len, low, high]);
                assert_eq!(reply, Reply::error(INVALID_PARAM), "{len:#x} {low:#x} {high}");
            }
        }
        assert_eq!(ask(EXT_DBCN, 0, [1, end - 1, 0]).0, Call::Console);
        assert_eq!(ask(EXT_DBCN, 1, [size, GUEST_BASE, 0]).0, Call::Console);
        assert_eq!(answer(EXT_DBCN, 0, [0, end, 0]), Reply::success(0));
    }
}
