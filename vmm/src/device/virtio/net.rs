//! The network (virtio 1.2, section 5.1): frames as they are, without checksum or segmentation offload.
//!
//! ```text
//! out:  Idle -> Out -> Send -> Idle
//! in:   None -> Post -> Posted -> Copy -> None
//! ```
//! The guest runs in `Idle`, `None` and `Posted` only. A receive buffer is posted to the controller at the
//! driver's first notification, and again after each frame. Frames go through the bounce buffer: drivers begin them at odd
//! half-words.

use covert_abi::io::{NET_FRAME_MAX, NET_FRAME_MIN, NET_PRESENT};

use super::{
    BUFFER_OFFSET, Next, Shared,
    chain::{Cursor, Side, measure},
    mmio::{Identity, Transport},
    queue::Broken,
};
use crate::{
    device::region::FRAME_OUT,
    event::{Action, Failure},
    memory::Memory,
};

const DEVICE: u32 = 1;
const F_MAC: u32 = 1 << 5;
/// Bytes before each frame.
const HEADER: u32 = 12;
/// Last word of the header of a received frame: it is in one buffer.
const ONE_BUFFER: u32 = 1 << 16;

const RECEIVE: usize = 0;
const TRANSMIT: usize = 1;

const IDLE: u32 = 0;
const OUT: u32 = 1;
const SEND: u32 = 2;

const NONE: u32 = 0;
const POST: u32 = 1;
const POSTED: u32 = 2;
const COPY: u32 = 3;

/// The network's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Net {
    pub(crate) transport: Transport,
    /// `NET_MAC_LO`, `NET_MAC_HI`.
    mac: [u32; 2],
    /// Way out: stage, chain, bytes of the frame.
    out_stage: u32,
    out_head: u32,
    out_len: u32,
    /// Way in: stage, place of the buffer in the I/O region, bytes of the frame.
    in_stage: u32,
    in_io: u32,
    in_len: u32,
    /// 1: the controller says that a frame is in the posted buffer.
    arrived: u32,
}

/// Bytes that a copy command moves for this many.
fn words(len: u32) -> u32 {
    len.next_multiple_of(4)
}

impl Net {
    /// The network that these registers describe.
    pub fn new(mac: [u32; 2]) -> Self {
        Self { mac, ..Self::default() }
    }

    /// What the driver finds.
    pub fn identity(&self) -> Identity {
        let there = self.mac[1] & NET_PRESENT != 0;
        Identity { device: if there { DEVICE } else { 0 }, features: F_MAC, queues: 2 }
    }

    /// A word of the configuration.
    pub fn config(&self, offset: u32) -> u32 {
        match offset {
            0 => self.mac[0],
            4 => self.mac[1] & 0xFFFF,
            _ => 0,
        }
    }

    /// The driver has reset the device; a posted buffer stays posted.
    pub fn reset(&mut self) {
        self.out_stage = IDLE;
        if self.in_stage == COPY {
            self.in_stage = POSTED;
        }
    }

    /// A receive buffer is in use.
    pub fn holds_buffer(&self) -> bool {
        self.in_stage != NONE
    }

    /// A frame that comes now could be given to the driver.
    pub fn listens(&self, memory: &impl Memory) -> bool {
        self.in_stage == POSTED
            && self.arrived == 0
            && matches!(self.transport.peek(memory, RECEIVE), Ok(Some(_)))
    }

    /// The controller says that a frame is in the posted buffer.
    pub fn arrived(&mut self) {
        self.arrived = 1;
    }

    /// What to do next on the way out.
    #[inline(never)]
    pub fn send(&mut self, shared: &mut Shared<'_>, memory: &mut impl Memory) -> Next {
        let next = match self.out_stage {
            IDLE => self.take(shared, memory),
            OUT => Ok(self.out()),
            SEND => Ok(Next::Act(Action::NetSend { io: FRAME_OUT, len: self.out_len })),
            _ => Ok(Next::Fail(Failure::State)),
        };
        next.unwrap_or_else(|Broken| self.break_down())
    }

    /// What to do next on the way in.
    #[inline(never)]
    pub fn receive(&mut self, shared: &mut Shared<'_>, memory: &impl Memory) -> Next {
        match self.in_stage {
            NONE if self.transport.live() => {
                let Some(io) = shared.region.receive(shared.logged) else {
                    return Next::Checkpoint;
                };
                self.in_io = io;
                self.in_stage = POST;
                Next::Act(Action::NetPost { io })
            }
            POST => Next::Act(Action::NetPost { io: self.in_io }),
            POSTED if self.arrived != 0 => match self.transport.peek(memory, RECEIVE) {
                Ok(Some(_)) if shared.spend() => Next::Act(Action::NetLength),
                Ok(Some(_)) => Next::Later,
                Ok(None) => Next::Idle,
                Err(Broken) => self.break_down(),
            },
            NONE | POSTED => Next::Idle,
            COPY => {
                let len = words(self.in_len.min(NET_FRAME_MAX));
                Next::Act(Action::CopyIn { io: self.in_io, domain: BUFFER_OFFSET, len })
            }
            _ => Next::Fail(Failure::State),
        }
    }

    /// The action that [`send`](Self::send) has asked for is done.
    pub fn sent(&mut self, memory: &mut impl Memory) {
        match self.out_stage {
            OUT => self.out_stage = SEND,
            SEND => {
                self.out_stage = IDLE;
                if self.transport.put(memory, TRANSMIT, self.out_head, 0).is_err() {
                    self.break_down();
                }
            }
            _ => {}
        }
    }

    /// The action that [`receive`](Self::receive) has asked for is done; `value` is `NET_RX_LEN`, if it was that.
    #[inline(never)]
    pub fn received(&mut self, memory: &mut impl Memory, value: u32) {
        match self.in_stage {
            POST => self.in_stage = POSTED,
            POSTED => {
                self.arrived = 0;
                self.in_len = value;
                self.in_stage = match value {
                    0 => POSTED,
                    NET_FRAME_MIN..=NET_FRAME_MAX => COPY,
                    _ => NONE,
                };
            }
            COPY => {
                self.in_stage = NONE;
                if self.deliver(memory).is_err() {
                    self.break_down();
                }
            }
            _ => {}
        }
    }

    fn break_down(&mut self) -> Next {
        self.out_stage = IDLE;
        self.transport.break_down();
        Next::Idle
    }

    /// Takes up frames until one is to be sent. What is no frame is passed over.
    fn take(&mut self, shared: &mut Shared<'_>, memory: &mut impl Memory) -> Result<Next, Broken> {
        while let Some(head) = self.transport.peek(memory, TRANSMIT)? {
            if !shared.spend() {
                return Ok(Next::Later);
            }
            let queue = *self.transport.queue(TRANSMIT);
            let extent = measure(&queue, memory, head)?;
            let len = extent.read.checked_sub(HEADER).ok_or(Broken)?;
            self.transport.queue(TRANSMIT).pop();
            if !(NET_FRAME_MIN..=NET_FRAME_MAX).contains(&len) {
                self.transport.put(memory, TRANSMIT, head, 0)?;
                continue;
            }
            let mut cursor = Cursor::new(head);
            cursor.skip(&queue, memory, Side::Read, HEADER)?;
            cursor.gather(&queue, memory, 0, len)?;
            (self.out_head, self.out_len, self.out_stage) = (head, len, OUT);
            return Ok(self.out());
        }
        Ok(Next::Idle)
    }

    fn out(&self) -> Next {
        let len = words(self.out_len.min(NET_FRAME_MAX));
        Next::Act(Action::CopyOut { domain: BUFFER_OFFSET, io: FRAME_OUT, len })
    }

    /// Gives the frame in the buffer to the driver; one for which its buffer is too small is lost.
    fn deliver(&mut self, memory: &mut impl Memory) -> Result<(), Broken> {
        let Some(head) = self.transport.peek(memory, RECEIVE)? else { return Ok(()) };
        let queue = *self.transport.queue(RECEIVE);
        let len = self.in_len.min(NET_FRAME_MAX);
        if measure(&queue, memory, head)?.write < HEADER + len {
            return Ok(());
        }
        self.transport.queue(RECEIVE).pop();
        let mut cursor = Cursor::new(head);
        for word in [0, 0, ONE_BUFFER] {
            cursor.write(&queue, memory, word, 4)?;
        }
        cursor.scatter(&queue, memory, 0, len)?;
        self.transport.put(memory, RECEIVE, head, HEADER + len)
    }
}
