//! The state machine: an event in, the next action out.
//!
//! ```text
//!  Load -> Start -> [Copy -> Join -> Checkpoint ->] Guest <-> Console
//!                                                   |   ^
//!                                                 Barrier -> Copy | Join | Checkpoint | Drop
//! ```
//! The phase says which answer is awaited. A state that waits in `Join` or `Checkpoint` is what a joining
//! member or a rollback finds in memory, so these two phases go on with [`Event::Resumed`] as well.

use covert_abi::unit::INPUT_MODE_SHIFT;

use crate::{
    emulate::{self, Emulated},
    event::{Action, Event, Exit, Failure, Inputs},
    group::Need,
    sbi::{self, Call},
    state::ReplicaState,
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
            _ => return None,
        })
    }
}

/// Takes an event and says what to do next. The whole memory of the VMM is `state`: equal states and equal
/// events give equal states and equal actions.
// Inlined into the back end's loop it would be slower: the compiler then prepares the constants of all
// branches in each round.
#[inline(never)]
pub fn step(state: &mut ReplicaState, event: Event) -> Action {
    let Some(phase) = Phase::from_bits(state.phase) else {
        return Action::Fail(Failure::State);
    };
    match (phase, event) {
        (Phase::Guest, Event::Exit(exit)) => guest_exit(state, exit),
        (Phase::Barrier | Phase::Start, Event::EpochEnded(inputs)) => epoch_ended(state, inputs),
        (Phase::Console, Event::ConsoleDone { count, end, byte, log_level }) => {
            if let Some(reply) = state.console.advance(count, end, byte) {
                sbi::reply(state, reply);
            }
            if state.group.checkpoint_due(log_level) { checkpoint(state) } else { go_on(state) }
        }
        (Phase::Load, Event::Cold | Event::CommandDone { .. }) => load(state),
        (Phase::Copy, Event::CommandDone { busy, .. }) => copying(state, busy),
        (Phase::Join, Event::Resumed { members }) => {
            // The first checkpoint at once: until it is there, nothing can be rolled back.
            if state.group.joined(members) { checkpoint(state) } else { manage(state, 0) }
        }
        (Phase::Checkpoint, Event::CommandDone { checkpoint_valid: false, .. }) => {
            Action::Fail(Failure::Checkpoint)
        }
        // Committed just now, or gone back to: the same state, and from here on the same way.
        (Phase::Checkpoint, Event::CommandDone { members, .. } | Event::Resumed { members }) => {
            state.group.members = members;
            state.group.since_checkpoint = 0;
            if let Some(tile) = state.group.leaving() {
                state.group.candidate = tile;
                return wait(state, Phase::Drop, Action::Drop { tile });
            }
            go_on(state)
        }
        (Phase::Drop, Event::CommandDone { members, .. }) => {
            state.group.members = members;
            if state.group.has(state.group.candidate) {
                return Action::Fail(Failure::Drop);
            }
            go_on(state)
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
    wait(state, Phase::Start, Action::EndEpoch { fingerprint: 0, wake: 0 })
}

fn guest_exit(state: &mut ReplicaState, exit: Exit) -> Action {
    match exit {
        Exit::Epoch => end_epoch(state, 0),
        Exit::Call => {
            state.vcpu.pc = state.vcpu.pc.wrapping_add(4);
            match sbi::call(state) {
                Call::Done(reply) => sbi::reply(state, reply),
                Call::PowerOff(code) => return Action::PowerOff { code },
                Call::Console => {}
            }
            go_on(state)
        }
        Exit::Illegal { instruction } => {
            match emulate::illegal(&mut state.vcpu, &state.clock, &state.epoch, instruction) {
                Emulated::Done => go_on(state),
                Emulated::Idle => {
                    state.idle = 1;
                    end_epoch(state, state.clock.wake())
                }
            }
        }
        Exit::Fault { cause, value } => {
            state.vcpu.raise(cause, value);
            go_on(state)
        }
        Exit::Unexpected { .. } => Action::Fail(Failure::Exit),
    }
}

fn end_epoch(state: &mut ReplicaState, wake: u64) -> Action {
    let fingerprint = state.epoch.fingerprint;
    wait(state, Phase::Barrier, Action::EndEpoch { fingerprint, wake })
}

fn epoch_ended(state: &mut ReplicaState, inputs: Inputs) -> Action {
    state.clock.end_epoch(inputs.time, &state.epoch);
    state.epoch.begin();
    state.group.request(inputs.flags >> INPUT_MODE_SHIFT & 7);
    state.group.since_checkpoint = state.group.since_checkpoint.saturating_add(1);
    if emulate::interrupted(&state.vcpu, &state.clock) {
        state.idle = 0;
    }
    manage(state, inputs.log_level)
}

/// Gives the group what it needs before the guest goes on.
fn manage(state: &mut ReplicaState, log_level: u32) -> Action {
    match state.group.need(log_level) {
        Need::Nothing => go_on(state),
        Need::Poll => wait(state, Phase::Copy, Action::Poll),
        Need::Checkpoint => checkpoint(state),
        Need::Copy(tile) => {
            state.group.candidate = tile;
            wait(state, Phase::Copy, Action::Precopy { tile })
        }
    }
}

fn copying(state: &mut ReplicaState, busy: bool) -> Action {
    state.group.copying = u32::from(busy);
    if !busy && state.group.grows() {
        let tile = state.group.candidate;
        return wait(state, Phase::Join, Action::Join { tile });
    }
    // At power-on the guest is protected from its first instruction on.
    if busy && state.started == 0 && state.group.grows() {
        return wait(state, Phase::Copy, Action::Poll);
    }
    go_on(state)
}

fn checkpoint(state: &mut ReplicaState) -> Action {
    wait(state, Phase::Checkpoint, Action::Checkpoint)
}

/// Goes on with what the guest is about: a console request, waiting, or running.
fn go_on(state: &mut ReplicaState) -> Action {
    if let Some(action) = state.console.action() {
        return wait(state, Phase::Console, action);
    }
    if state.idle != 0 {
        return end_epoch(state, state.clock.wake());
    }
    state.started = 1;
    wait(state, Phase::Guest, Action::Run)
}
