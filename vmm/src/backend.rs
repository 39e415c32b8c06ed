//! What a back end supplies, and its main loop.

use core::ops::ControlFlow;

use crate::{Action, Event, Memory, ReplicaState, machine};

/// Performs actions: the tile's firmware, a host's virtual machine, a model.
///
/// Determinism is the back end's duty as well: an answer may depend on nothing but the replica state, guest
/// RAM, and what the isolation unit answered to all members alike.
pub trait Backend {
    /// What is left when the guest is gone.
    type End;

    /// Guest RAM and the bounce buffer.
    type Memory<'a>: Memory
    where
        Self: 'a;

    /// Guest RAM of `size` bytes, and the bounce buffer.
    fn memory(&mut self, size: u32) -> Self::Memory<'_>;

    /// Performs `action` and says what came of it, as the table in [`event`](crate::event) has it.
    fn perform(
        &mut self,
        state: &mut ReplicaState,
        action: Action,
    ) -> ControlFlow<Self::End, Event>;
}

/// Runs the state machine on a back end, from `first` until the back end ends it.
pub fn drive<B: Backend>(backend: &mut B, state: &mut ReplicaState, first: Event) -> B::End {
    let mut event = first;
    loop {
        let action = machine::step(state, &mut backend.memory(state.guest_size), event);
        match backend.perform(state, action) {
            ControlFlow::Continue(next) => event = next,
            ControlFlow::Break(end) => return end,
        }
    }
}
