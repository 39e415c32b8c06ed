//! What the guest's kernel asks of its firmware: RISC-V SBI 2.0, extensions BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN
//! and the legacy console, timer and shutdown. There is one hart, number 0.

use crate::{
    console::{Operation, Speaker},
    memory::inside,
    state::ReplicaState,
    vcpu::{IRQ_TIMER, REQUEST_FENCE_I, REQUEST_NO_SOFTWARE, REQUEST_SFENCE, REQUEST_SOFTWARE},
};

/// SBI error: failed. DBCN read: the console's input is closed and all of it was read.
pub const FAILED: i32 = -1;
/// SBI error: not supported.
pub const NOT_SUPPORTED: i32 = -2;
/// SBI error: invalid parameter.
pub const INVALID_PARAM: i32 = -3;
/// SBI error: already available.
pub const ALREADY_AVAILABLE: i32 = -6;

/// Version of the specification: 2.0.
const SPEC_VERSION: u32 = 2 << 24;
/// Our implementation number; none is registered for us.
const IMPLEMENTATION: u32 = 0x434F_5654;
/// Version of this implementation.
const IMPLEMENTATION_VERSION: u32 = 1;

const EXT_BASE: u32 = 0x10;
const EXT_TIME: u32 = 0x5449_4D45;
const EXT_IPI: u32 = 0x0073_5049;
const EXT_RFENCE: u32 = 0x5246_4E43;
const EXT_HSM: u32 = 0x0048_534D;
const EXT_SRST: u32 = 0x5352_5354;
const EXT_DBCN: u32 = 0x4442_434E;
const LEGACY_SET_TIMER: u32 = 0;
const LEGACY_PUTCHAR: u32 = 1;
const LEGACY_GETCHAR: u32 = 2;
const LEGACY_CLEAR_IPI: u32 = 3;
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
        (LEGACY_PUTCHAR, _) => {
            say(state, a0);
            Call::Done(Reply::Legacy(0))
        }
        (LEGACY_GETCHAR, _) => console(state, Operation::GetChar, 0, 1),
        (LEGACY_CLEAR_IPI, _) => {
            state.vcpu.requests |= REQUEST_NO_SOFTWARE;
            Call::Done(Reply::Legacy(0))
        }
        (LEGACY_SHUTDOWN, _) => Call::PowerOff(EXIT_PASS),
        (4..=LEGACY_LAST, _) => Call::Done(Reply::Legacy(NOT_SUPPORTED as u32)),
        (EXT_BASE, _) => Call::Done(base(function, a0)),
        (EXT_TIME, 0) => {
            set_timer(state, a0, a1);
            Call::Done(Reply::success(0))
        }
        (EXT_IPI, 0) => Call::Done(to_harts(state, a0, a1, REQUEST_SOFTWARE)),
        (EXT_RFENCE, 0) => Call::Done(to_harts(state, a0, a1, REQUEST_FENCE_I)),
        (EXT_RFENCE, 1 | 2) => Call::Done(to_harts(state, a0, a1, REQUEST_SFENCE)),
        (EXT_HSM, _) => Call::Done(hart_state(function, a0)),
        (EXT_SRST, 0) => reset(a0, a1),
        (EXT_DBCN, 0) => transfer(state, Operation::Write, a0, a1, a2),
        (EXT_DBCN, 1) => transfer(state, Operation::Read, a0, a1, a2),
        (EXT_DBCN, 2) => {
            say(state, a0);
            Call::Done(Reply::success(0))
        }
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
            | EXT_IPI
            | EXT_RFENCE
            | EXT_HSM
            | EXT_SRST
            | EXT_DBCN
            | LEGACY_SET_TIMER
            | LEGACY_PUTCHAR
            | LEGACY_GETCHAR
            | LEGACY_CLEAR_IPI
            | LEGACY_SHUTDOWN
    )
}

fn set_timer(state: &mut ReplicaState, low: u32, high: u32) {
    let deadline = u64::from(high) << 32 | u64::from(low);
    state.clock.set_timer(deadline, &state.epoch);
    let timer = if state.clock.pending == 0 { 0 } else { IRQ_TIMER };
    state.vcpu.interrupts = state.vcpu.interrupts & !IRQ_TIMER | timer;
}

/// Does `request` on the harts that bit mask and first number name; all, if that is -1.
fn to_harts(state: &mut ReplicaState, mask: u32, base: u32, request: u32) -> Reply {
    let this = match (mask, base) {
        (_, u32::MAX) | (1, 0) => true,
        (0, _) => false,
        _ => return Reply::error(INVALID_PARAM),
    };
    if this {
        state.vcpu.requests |= request;
    }
    Reply::success(0)
}

/// HSM: start, stop, status, suspend. The only hart runs and neither stops nor sleeps.
fn hart_state(function: u32, a0: u32) -> Reply {
    match (function, a0) {
        (0, 0) => Reply::error(ALREADY_AVAILABLE),
        (0 | 2, 1..) => Reply::error(INVALID_PARAM),
        (1, _) => Reply::error(FAILED),
        // STARTED.
        (2, 0) => Reply::success(0),
        // Types between the defaults and the platform's own are reserved.
        (3, 1..=0x0FFF_FFFF | 0x8000_0001..=0x8FFF_FFFF) => Reply::error(INVALID_PARAM),
        _ => Reply::error(NOT_SUPPORTED),
    }
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

/// Prints a byte.
fn say(state: &mut ReplicaState, byte: u32) {
    state.console.say(Speaker::Firmware, byte as u8);
    if state.console.is_full() {
        state.devices.flush();
    }
}

/// A console request on a buffer, which must lie in guest RAM.
fn transfer(state: &mut ReplicaState, operation: Operation, len: u32, low: u32, high: u32) -> Call {
    if high != 0 || !inside(low, len, state.guest_size) {
        return Call::Done(Reply::error(INVALID_PARAM));
    }
    if operation == Operation::Write {
        state.console.speaker = Speaker::Firmware as u32;
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
    use covert_abi::layout::GUEST_BASE;

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
        for extension in [EXT_BASE, EXT_TIME, EXT_IPI, EXT_RFENCE, EXT_HSM, EXT_SRST, EXT_DBCN] {
            assert_eq!(answer(EXT_BASE, 3, [extension, 0, 0]), Reply::success(1));
        }
        for extension in [0, 1, 2, 3, 8] {
            assert_eq!(answer(EXT_BASE, 3, [extension, 0, 0]), Reply::success(1));
        }
        // PMU, and legacy calls that take a pointer to a hart mask.
        for extension in [0x50_4D55, 4, 5, 6, 7, 9] {
            assert_eq!(answer(EXT_BASE, 3, [extension, 0, 0]), Reply::success(0));
        }
        assert_eq!(answer(EXT_BASE, 7, [0; 3]), Reply::error(NOT_SUPPORTED));
        assert_eq!(answer(0x50_4D55, 0, [0; 3]), Reply::error(NOT_SUPPORTED));
        assert_eq!(answer(4, 0, [0; 3]), Reply::Legacy(-2i32 as u32));
    }

    #[test]
    fn calls_to_harts_reach_the_only_one() {
        for (extension, function, request) in [
            (EXT_IPI, 0, REQUEST_SOFTWARE),
            (EXT_RFENCE, 0, REQUEST_FENCE_I),
            (EXT_RFENCE, 1, REQUEST_SFENCE),
            (EXT_RFENCE, 2, REQUEST_SFENCE),
        ] {
            for (mask, base, error, requests) in [
                (1, 0, 0, request),
                (0, u32::MAX, 0, request),
                (0, 0, 0, 0),
                (2, 0, INVALID_PARAM, 0),
                (3, 0, INVALID_PARAM, 0),
                (1, 1, INVALID_PARAM, 0),
            ] {
                let (outcome, state) = ask(extension, function, [mask, base, 0]);
                assert_eq!(outcome, Call::Done(Reply::Standard(error, 0)));
                assert_eq!(state.vcpu.requests, requests, "{extension:x} {mask} {base:x}");
            }
        }
        for function in 3..7 {
            assert_eq!(answer(EXT_RFENCE, function, [1, 0, 0]), Reply::error(NOT_SUPPORTED));
        }
        assert_eq!(ask(LEGACY_CLEAR_IPI, 0, [0; 3]).1.vcpu.requests, REQUEST_NO_SOFTWARE);
    }

    #[test]
    fn the_hart_is_started_and_stays_so() {
        for (function, a0, reply) in [
            (0, 0, Reply::error(ALREADY_AVAILABLE)),
            (0, 1, Reply::error(INVALID_PARAM)),
            (1, 0, Reply::error(FAILED)),
            (2, 0, Reply::success(0)),
            (2, 7, Reply::error(INVALID_PARAM)),
            (3, 0, Reply::error(NOT_SUPPORTED)),
            (3, 1, Reply::error(INVALID_PARAM)),
            (3, 0x8000_0000, Reply::error(NOT_SUPPORTED)),
            (4, 0, Reply::error(NOT_SUPPORTED)),
        ] {
            assert_eq!(answer(EXT_HSM, function, [a0, 0, 0]), reply, "{function} {a0:#x}");
        }
    }

    #[test]
    fn single_bytes_are_packed() {
        let (outcome, mut state) = ask(LEGACY_PUTCHAR, 0, [0x141, 0, 0]);
        assert_eq!(outcome, Call::Done(Reply::Legacy(0)));
        state.vcpu.x[17] = EXT_DBCN;
        state.vcpu.x[16] = 2;
        assert_eq!(call(&mut state), Call::Done(Reply::success(0)));
        assert_eq!((state.console.packed(), state.devices.agenda), (Some(0x0200_4141), 0));
        call(&mut state);
        assert_ne!(state.devices.agenda, 0);
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
