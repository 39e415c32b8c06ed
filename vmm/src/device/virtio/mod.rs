//! virtio devices (virtio 1.2) on virtio-mmio: transport, queues, and the four devices.

pub mod block;
pub mod chain;
pub mod console;
pub mod entropy;
pub mod mmio;
pub mod net;
pub mod queue;

use covert_abi::layout::{GUEST_BASE, GUEST_OFFSET, PAGE_SIZE, STATE_OFFSET};

use super::region::Region;
use crate::{event::Action, event::Failure};

/// Offset of the bounce buffer in a domain: the page behind the replica state's.
pub const BUFFER_OFFSET: u32 = STATE_OFFSET + PAGE_SIZE;

/// What a device does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing, until something happens.
    Idle,
    /// More, but the guest is to run in between.
    Later,
    /// This.
    Act(Action),
    /// A request to the console has begun.
    Console,
    /// There is no room in the I/O region until a checkpoint is valid.
    Checkpoint,
    /// The state holds an impossible value.
    Fail(Failure),
}

/// What devices share.
#[derive(Debug)]
pub struct Shared<'a> {
    /// Who has which bytes of the I/O region.
    pub region: &'a mut Region,
    /// Chains that may still be taken before the guest must run.
    pub budget: &'a mut u32,
    /// What was handed out since the last checkpoint must stay.
    pub logged: bool,
}

impl Shared<'_> {
    /// Takes one from the budget; whether there was one.
    fn spend(&mut self) -> bool {
        let left = *self.budget != 0;
        *self.budget = self.budget.saturating_sub(1);
        left
    }
}

/// Offset in the domain of an address in guest RAM.
fn domain_offset(addr: u32) -> u32 {
    addr.wrapping_sub(GUEST_BASE).wrapping_add(GUEST_OFFSET)
}
