//! The state machine: an event in, the next action out.
//!
//! ```text
//!  Load -> Start -> [Copy -> Join -> Checkpoint ->] Guest <-> Console | Io
//!                                                   |   ^
//!                                                 Barrier -> Copy | Join | Checkpoint | Drop
//! ```
//! The phase says which answer is awaited. A state that waits in `Join` or `Checkpoint` is what a joining
//! member or a rollback finds in memory, so these two phases go on with [`Event::Resumed`] as well.

use covert_abi::unit::INPUT_MODE_SHIFT;

use crate::{
    console::Ended,
    device::{self, virtio::Next},
    emulate::{self, Emulated},
    event::{Action, Event, Exit, Failure, Inputs},
    group::Need,
    memory::Memory,
    mmio,
    sbi::{self, Call},
    state::ReplicaState,
    vcpu::{IRQ_EXTERNAL, IRQ_TIMER},
};

/// What the machine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Phase {
    /// Power-on, or a segment of the guest to be loaded.
    Load = 1,
    /// The first input set, before the guest's first instruction.
    Start = 2,
    /// The start of a copy, or word of its progress.
    Copy = 3,
    /// The new member.
    Join = 4,
    /// The end of a checkpoint.
    Checkpoint = 5,
    /// The guest to stop running.
    Guest = 6,
    /// The end of an epoch.
    Barrier = 7,
    /// A member to leave.
    Drop = 8,
    /// A chunk of a console request.
    Console = 9,
    /// An action of a device.
    Io = 10,
}

impl Phase {
    fn from_bits(bits: u32) -> Option<Self> {
        Some(match bits {
            1 => Self::Load,
            2 => Self::Start,
            3 => Self::Copy,
            4 => Self::Join,
            5 => Self::Checkpoint,
            6 => Self::Guest,
            7 => Self::Barrier,
            8 => Self::Drop,
            9 => Self::Console,
            10 => Self::Io,
            _ => return None,
        })
    }
}

/// Takes an event and says what to do next. The whole memory of the VMM is `state` and the buffer in `memory`: equal
/// ones and equal events give equal ones and equal actions.
// Inlined into the back end's loop it would be slower: the compiler then prepares the constants of all
// branches in each round. For the same reason the frequent ways, an exit and the end of an epoch, are functions of
// their own, and what is rare is called from them.
#[inline(never)]
pub fn step(state: &mut ReplicaState, memory: &mut impl Memory, event: Event) -> Action {
    match event {
        Event::Exit(exit) if state.phase == Phase::Guest as u32 => guest_exit(state, memory, exit),
        Event::EpochEnded(inputs)
            if state.phase == Phase::Barrier as u32 || state.phase == Phase::Start as u32 =>
        {
            epoch_ended(state, memory, inputs)
        }
        event => answered(state, memory, event),
    }
}

/// Takes the answer to an action other than running the guest and ending an epoch.
#[inline(never)]
fn answered(state: &mut ReplicaState, memory: &mut impl Memory, event: Event) -> Action {
    let Some(phase) = Phase::from_bits(state.phase) else {
        return Action::Fail(Failure::State);
    };
    match (phase, event) {
        (Phase::Io, Event::IoDone { value, log_level }) => {
            let answered = device::answered(&mut state.devices, &mut state.console, memory, value);
            if let Err(failure) = answered {
                return Action::Fail(failure);
            }
            go_on_or_keep(state, memory, log_level)
        }
        (Phase::Console, Event::ConsoleDone { count, end, byte, log_level }) => {
            match state.console.advance(count, end, byte) {
                Some(Ended::Call(reply)) => sbi::reply(state, reply),
                Some(Ended::QueueWrite(len)) => state.devices.console_written(memory, len),
                Some(Ended::QueueRead(len)) => state.devices.console_read(memory, len),
                None => {}
            }
            go_on_or_keep(state, memory, log_level)
        }
        (Phase::Load, Event::Cold | Event::CommandDone { .. }) => load(state),
        (Phase::Copy, Event::CommandDone { busy, .. }) => copying(state, memory, busy),
        (Phase::Join, Event::Resumed { members }) => {
            // The first checkpoint at once: until it is there, nothing can be rolled back.
            if state.group.joined(members) { checkpoint(state) } else { manage(state, memory, 0) }
        }
        (Phase::Checkpoint, Event::CommandDone { checkpoint_valid: false, .. }) => {
            Action::Fail(Failure::Checkpoint)
        }
        // Committed just now, or gone back to: the same state, and from here on the same way.
        (Phase::Checkpoint, Event::CommandDone { members, .. } | Event::Resumed { members }) => {
            state.group.members = members;
            state.group.since_checkpoint = 0;
            state.devices.committed();
            if let Some(tile) = state.group.leaving() {
                state.group.candidate = tile;
                return wait(state, Phase::Drop, Action::Drop { tile });
            }
            go_on(state, memory)
        }
        (Phase::Drop, Event::CommandDone { members, .. }) => {
            state.group.members = members;
            if state.group.has(state.group.candidate) {
                return Action::Fail(Failure::Drop);
            }
            go_on(state, memory)
        }
        _ => Action::Fail(Failure::Protocol),
    }
}

fn wait(state: &mut ReplicaState, phase: Phase, action: Action) -> Action {
    state.phase = phase as u32;
    action
}

fn load(state: &mut ReplicaState) -> Action {
    let segment = state.next_segment;
    if segment < state.segments {
        state.next_segment += 1;
        return wait(state, Phase::Load, Action::Load { segment });
    }
    // Real time and the requested mode come with an input set, so there is one before the first epoch.
    wait(state, Phase::Start, Action::EndEpoch { fingerprint: 0, wake: 0, mask: 0 })
}

#[inline(never)]
fn guest_exit(state: &mut ReplicaState, memory: &mut impl Memory, exit: Exit) -> Action {
    match exit {
        Exit::Epoch => return end_epoch(state, memory),
        Exit::Call => {
            state.vcpu.pc = state.vcpu.pc.wrapping_add(4);
            match sbi::call(state) {
                Call::Done(reply) => sbi::reply(state, reply),
                Call::PowerOff(code) => state.devices.exit = code,
                Call::Console => {}
            }
        }
        Exit::Illegal { instruction } => {
            let outcome =
                emulate::illegal(&mut state.vcpu, &state.clock, &state.epoch, instruction);
            if outcome == Emulated::Idle {
                state.idle = 1;
                return end_epoch(state, memory);
            }
        }
        Exit::Fault { cause, value } => fault(state, memory, cause, value),
        Exit::Unexpected { .. } => return Action::Fail(Failure::Exit),
    }
    go_on(state, memory)
}

/// Does an access to a device, or shows the guest its fault.
fn fault(state: &mut ReplicaState, memory: &impl Memory, cause: u32, value: u32) {
    let ReplicaState { vcpu, devices, console, .. } = state;
    devices.refill();
    let done = matches!(cause, mmio::CAUSE_LOAD | mmio::CAUSE_STORE)
        && mmio::access(vcpu, devices, console, memory, cause, value);
    if !done {
        vcpu.raise(cause, value);
    }
}

fn end_epoch(state: &mut ReplicaState, memory: &mut impl Memory) -> Action {
    if state.idle != 0 || state.console.packed().is_some() {
        return settle(state, memory);
    }
    let fingerprint = state.epoch.fingerprint;
    wait(state, Phase::Barrier, Action::EndEpoch { fingerprint, wake: 0, mask: 0 })
}

/// Ends the epoch of a guest that is idle, or that has printed.
#[inline(never)]
fn settle(state: &mut ReplicaState, memory: &mut impl Memory) -> Action {
    // Nobody should wait for the rest of what the guest has printed.
    if state.console.packed().is_some() {
        state.devices.flush();
        if let Some(action) = work(state, memory) {
            return action;
        }
    }
    let fingerprint = state.epoch.fingerprint;
    // A device that has more to do waits for nothing either.
    let (wake, mask) = if state.idle == 0 || state.devices.agenda != 0 {
        (0, 0)
    } else {
        (state.clock.wake(), state.devices.wake_mask(&state.console, memory))
    };
    wait(state, Phase::Barrier, Action::EndEpoch { fingerprint, wake, mask })
}

#[inline(never)]
fn epoch_ended(state: &mut ReplicaState, memory: &mut impl Memory, inputs: Inputs) -> Action {
    state.clock.end_epoch(inputs.time, &state.epoch);
    if state.clock.pending != 0 {
        state.vcpu.interrupts |= IRQ_TIMER;
    }
    state.epoch.begin();
    state.group.request(inputs.flags >> INPUT_MODE_SHIFT & 7);
    state.group.since_checkpoint = state.group.since_checkpoint.saturating_add(1);
    state.devices.refill();
    state.devices.inputs(&mut state.console, inputs.flags);
    manage(state, memory, inputs.log_level)
}

/// Gives the group what it needs before the guest goes on.
fn manage(state: &mut ReplicaState, memory: &mut impl Memory, log_level: u32) -> Action {
    match state.group.need(log_level) {
        Need::Nothing => go_on(state, memory),
        Need::Poll => wait(state, Phase::Copy, Action::Poll),
        Need::Checkpoint => checkpoint(state),
        Need::Copy(tile) => {
            state.group.candidate = tile;
            wait(state, Phase::Copy, Action::Precopy { tile })
        }
    }
}

fn copying(state: &mut ReplicaState, memory: &mut impl Memory, busy: bool) -> Action {
    state.group.copying = u32::from(busy);
    if !busy && state.group.grows() {
        let tile = state.group.candidate;
        return wait(state, Phase::Join, Action::Join { tile });
    }
    // At power-on the guest is protected from its first instruction on.
    if busy && state.started == 0 && state.group.grows() {
        return wait(state, Phase::Copy, Action::Poll);
    }
    go_on(state, memory)
}

fn checkpoint(state: &mut ReplicaState) -> Action {
    wait(state, Phase::Checkpoint, Action::Checkpoint)
}

/// After an access to a device: a checkpoint if the log fills, else on.
fn go_on_or_keep(state: &mut ReplicaState, memory: &mut impl Memory, log_level: u32) -> Action {
    if state.group.checkpoint_due(log_level) { checkpoint(state) } else { go_on(state, memory) }
}

/// Goes on with what the guest is about: a request to a device, waiting, or running.
fn go_on(state: &mut ReplicaState, memory: &mut impl Memory) -> Action {
    let more = state.console.operation | state.devices.agenda | state.devices.exit | state.idle;
    if more != 0 || state.epoch.left == 0 {
        return attend(state, memory);
    }
    run(state)
}

fn run(state: &mut ReplicaState) -> Action {
    state.started = 1;
    wait(state, Phase::Guest, Action::Run)
}

/// The same when there is more to do than to run.
#[inline(never)]
fn attend(state: &mut ReplicaState, memory: &mut impl Memory) -> Action {
    if (state.console.operation != 0 || state.devices.busy())
        && let Some(action) = work(state, memory)
    {
        return action;
    }
    let external = device::refresh(&mut state.devices, &state.console);
    let external = if external { IRQ_EXTERNAL } else { 0 };
    state.vcpu.interrupts = state.vcpu.interrupts & !IRQ_EXTERNAL | external;
    if state.idle != 0 && emulate::interrupted(&state.vcpu) {
        state.idle = 0;
    }
    // Idle, or the epoch's end has waited for a device.
    if state.idle != 0 || state.epoch.left == 0 {
        return end_epoch(state, memory);
    }
    run(state)
}

/// What the console or a device has to do before the guest goes on.
#[inline(never)]
fn work(state: &mut ReplicaState, memory: &mut impl Memory) -> Option<Action> {
    // What was printed byte by byte comes before what is printed now, and before the end.
    if state.console.packed().is_some() && (state.console.operation != 0 || state.devices.exit != 0)
    {
        state.devices.flush();
    } else if let Some(action) = console_action(state) {
        return Some(action);
    }
    let logged = state.group.protected();
    match device::next(&mut state.devices, &mut state.console, memory, logged) {
        Next::Idle | Next::Later => None,
        Next::Act(action) => Some(wait(state, Phase::Io, action)),
        Next::Console if state.console.packed().is_some() => {
            state.devices.flush();
            match device::next(&mut state.devices, &mut state.console, memory, logged) {
                Next::Act(action) => Some(wait(state, Phase::Io, action)),
                _ => Some(Action::Fail(Failure::State)),
            }
        }
        Next::Console => console_action(state),
        Next::Checkpoint => Some(checkpoint(state)),
        Next::Fail(failure) => Some(Action::Fail(failure)),
    }
}

/// The end of the guest, or the console's next action.
fn console_action(state: &mut ReplicaState) -> Option<Action> {
    if state.devices.exit != 0 {
        return Some(Action::PowerOff { code: state.devices.exit });
    }
    let action = state.console.action()?;
    Some(wait(state, Phase::Console, action))
}
