//! The virtio console (virtio 1.2, section 5.3), port 0: its bytes pass through the [console](crate::console) as
//! those of the other consoles do.

use super::{
    Next, Shared,
    chain::{Cursor, Side, measure},
    mmio::{Identity, Transport},
    queue::Broken,
};
use crate::{
    console::{Console, MAX_CHUNK, Operation, Speaker},
    event::Failure,
    memory::Memory,
};

const RECEIVE: usize = 0;
const TRANSMIT: usize = 1;

const IDLE: u32 = 0;
const WRITING: u32 = 1;

/// What the driver finds.
pub const IDENTITY: Identity = Identity { device: 3, features: 0, queues: 2 };

/// The device's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Port {
    pub(crate) transport: Transport,
    /// Way out: stage, chain, position in it, bytes still to go.
    stage: u32,
    head: u32,
    cursor: Cursor,
    left: u32,
}

impl Port {
    /// The driver has reset the device.
    pub fn reset(&mut self) {
        self.stage = IDLE;
    }

    /// Bytes that come now could be given to the driver.
    pub fn listens(&self, memory: &impl Memory) -> bool {
        matches!(self.transport.peek(memory, RECEIVE), Ok(Some(_)))
    }

    /// What to do next on the way out: a request to the console for each piece of a chain.
    #[inline(never)]
    pub fn write(
        &mut self,
        console: &mut Console,
        shared: &mut Shared<'_>,
        memory: &mut impl Memory,
    ) -> Next {
        let next = match self.stage {
            IDLE => self.take(shared, memory),
            WRITING => Ok(Next::Console),
            _ => Ok(Next::Fail(Failure::State)),
        };
        let next = next.and_then(|next| {
            if next == Next::Console {
                let queue = *self.transport.queue(TRANSMIT);
                let (addr, len) = self.cursor.piece(&queue, memory, Side::Read)?;
                let len = len.min(self.left);
                if len == 0 {
                    return Err(Broken);
                }
                console.start(Operation::QueueWrite, addr, len);
                console.speaker = Speaker::Virtio as u32;
            }
            Ok(next)
        });
        next.unwrap_or_else(|Broken| self.break_down())
    }

    fn take(&mut self, shared: &mut Shared<'_>, memory: &mut impl Memory) -> Result<Next, Broken> {
        while let Some(head) = self.transport.peek(memory, TRANSMIT)? {
            if !shared.spend() {
                return Ok(Next::Later);
            }
            let queue = *self.transport.queue(TRANSMIT);
            let left = measure(&queue, memory, head)?.read;
            self.transport.queue(TRANSMIT).pop();
            if left == 0 {
                self.transport.put(memory, TRANSMIT, head, 0)?;
                continue;
            }
            (self.head, self.cursor, self.left) = (head, Cursor::new(head), left);
            self.stage = WRITING;
            return Ok(Next::Console);
        }
        Ok(Next::Idle)
    }

    /// The console has taken a piece of `len` bytes.
    pub fn written(&mut self, memory: &mut impl Memory, len: u32) {
        self.cursor.advance(len);
        self.left = self.left.saturating_sub(len);
        if self.left == 0 && self.stage == WRITING {
            self.stage = IDLE;
            if self.transport.put(memory, TRANSMIT, self.head, 0).is_err() {
                self.break_down();
            }
        }
    }

    /// Has the console read into the next buffer, if there is one.
    pub fn read(
        &mut self,
        console: &mut Console,
        shared: &mut Shared<'_>,
        memory: &impl Memory,
    ) -> Next {
        match self.buffer(memory) {
            Ok(Some(_)) if !shared.spend() => Next::Later,
            Ok(Some((addr, len))) => {
                console.start(Operation::QueueRead, addr, len.min(MAX_CHUNK));
                Next::Console
            }
            Ok(None) => Next::Idle,
            Err(Broken) => self.break_down(),
        }
    }

    /// The next buffer's address and bytes.
    fn buffer(&mut self, memory: &impl Memory) -> Result<Option<(u32, u32)>, Broken> {
        let Some(head) = self.transport.peek(memory, RECEIVE)? else { return Ok(None) };
        let queue = *self.transport.queue(RECEIVE);
        measure(&queue, memory, head)?;
        let (addr, len) = Cursor::new(head).piece(&queue, memory, Side::Write)?;
        if len == 0 { Err(Broken) } else { Ok(Some((addr, len))) }
    }

    /// The console has read `len` bytes into the buffer.
    pub fn was_read(&mut self, memory: &mut impl Memory, len: u32) {
        if len == 0 {
            return;
        }
        let given = self.transport.peek(memory, RECEIVE).and_then(|head| {
            let head = head.ok_or(Broken)?;
            self.transport.queue(RECEIVE).pop();
            self.transport.put(memory, RECEIVE, head, len)
        });
        if given.is_err() {
            self.break_down();
        }
    }

    fn break_down(&mut self) -> Next {
        self.stage = IDLE;
        self.transport.break_down();
        Next::Idle
    }
}
