//! The entropy source (virtio 1.2, section 5.4): random words of the I/O controller.

use super::{
    Next, Shared,
    chain::{Cursor, measure},
    mmio::{Identity, Transport},
    queue::Broken,
};
use crate::{
    event::{Action, Failure},
    memory::Memory,
};

/// Most bytes for one chain.
const MOST: u32 = 64;

const IDLE: u32 = 0;
const FILLING: u32 = 1;

/// What the driver finds.
pub const IDENTITY: Identity = Identity { device: 4, features: 0, queues: 1 };

/// The source's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Entropy {
    pub(crate) transport: Transport,
    stage: u32,
    head: u32,
    cursor: Cursor,
    /// Bytes to come, and bytes that came.
    left: u32,
    done: u32,
}

impl Entropy {
    /// The driver has reset the device.
    pub fn reset(&mut self) {
        self.stage = IDLE;
    }

    /// What to do next.
    #[inline(never)]
    pub fn proceed(&mut self, shared: &mut Shared<'_>, memory: &mut impl Memory) -> Next {
        match self.stage {
            IDLE => match self.take(shared, memory) {
                Ok(next) => next,
                Err(Broken) => {
                    self.transport.break_down();
                    Next::Idle
                }
            },
            FILLING => Next::Act(Action::Random),
            _ => Next::Fail(Failure::State),
        }
    }

    fn take(&mut self, shared: &mut Shared<'_>, memory: &mut impl Memory) -> Result<Next, Broken> {
        while let Some(head) = self.transport.peek(memory, 0)? {
            if !shared.spend() {
                return Ok(Next::Later);
            }
            let queue = *self.transport.queue(0);
            let left = measure(&queue, memory, head)?.write.min(MOST);
            self.transport.queue(0).pop();
            if left == 0 {
                self.transport.put(memory, 0, head, 0)?;
                continue;
            }
            (self.head, self.cursor, self.left, self.done) = (head, Cursor::new(head), left, 0);
            self.stage = FILLING;
            return Ok(Next::Act(Action::Random));
        }
        Ok(Next::Idle)
    }

    /// A random word has come.
    pub fn answered(&mut self, memory: &mut impl Memory, value: u32) {
        if self.fill(memory, value).is_err() {
            self.stage = IDLE;
            self.transport.break_down();
        }
    }

    fn fill(&mut self, memory: &mut impl Memory, value: u32) -> Result<(), Broken> {
        let queue = *self.transport.queue(0);
        let len = self.left.min(4);
        self.cursor.write(&queue, memory, value, len)?;
        self.left -= len;
        self.done = self.done.wrapping_add(len);
        if self.left != 0 {
            return Ok(());
        }
        self.stage = IDLE;
        self.transport.put(memory, 0, self.head, self.done)
    }
}
