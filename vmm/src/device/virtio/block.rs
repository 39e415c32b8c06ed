//! The disk (virtio 1.2, section 5.2): one request at a time, its data through the I/O region.
//!
//! ```text
//! Idle -> [Out ->] Start -> Flight -> Status -> [In ->] Idle
//! ```
//! The guest runs in `Idle` and `Flight` only. Pieces that copy commands can take go directly between guest RAM and
//! the I/O region, others through the bounce buffer.

use covert_abi::io::{
    BLK_COUNT_MAX, BLK_DONE, BLK_FAILED, BLK_FLUSH, BLK_READ, BLK_WRITE, SECTOR_SIZE,
};

use super::{
    BUFFER_OFFSET, Next, Shared,
    chain::{Cursor, Side, measure},
    domain_offset,
    mmio::{Identity, Transport},
    queue::{Broken, SIZE_MAX},
};
use crate::{
    event::{Action, Failure},
    memory::{BUFFER_SIZE, Memory},
};

const DEVICE: u32 = 2;
const F_SIZE_MAX: u32 = 1 << 1;
const F_SEG_MAX: u32 = 1 << 2;
const F_READ_ONLY: u32 = 1 << 5;
const F_FLUSH: u32 = 1 << 9;
/// Segments of a request, besides header and status.
const SEGMENTS: u32 = SIZE_MAX - 2;
/// Bytes of a segment, so that a whole request is one command.
const SEGMENT_SIZE: u32 = 8192;
const _: () = assert!(SEGMENTS * SEGMENT_SIZE <= BLK_COUNT_MAX * SECTOR_SIZE);

/// Bytes of a request's header.
const HEADER: u32 = 16;
const T_IN: u32 = 0;
const T_OUT: u32 = 1;
const T_FLUSH: u32 = 4;
const T_GET_ID: u32 = 8;
const OK: u32 = 0;
const IO_ERROR: u32 = 1;
const UNSUPPORTED: u32 = 2;
/// What `GET_ID` answers: up to 20 bytes, 0 behind them.
const ID: [u32; 5] = [u32::from_le_bytes(*b"cove"), u32::from_le_bytes(*b"rt\0\0"), 0, 0, 0];
/// `head` of a request whose driver has reset the device.
const NOBODY: u32 = u32::MAX;

const IDLE: u32 = 0;
const OUT: u32 = 1;
const START: u32 = 2;
const FLIGHT: u32 = 3;
const STATUS: u32 = 4;
const IN: u32 = 5;

/// The disk's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Block {
    pub(crate) transport: Transport,
    /// Sectors, low word first; 0: no disk.
    capacity: [u32; 2],
    read_only: u32,
    stage: u32,
    /// Command of the request (`BLK_CMD`).
    command: u32,
    /// Its first sector, low word first.
    sector: [u32; 2],
    /// Its bytes, and those that are copied.
    len: u32,
    done: u32,
    /// Its place in the I/O region.
    io: u32,
    /// The chain, and the bytes that the device writes to it.
    head: u32,
    write: u32,
    /// Where the next byte goes to or comes from.
    cursor: Cursor,
    /// The copy under way: bytes, whether they go through the buffer, and the position behind it.
    piece: u32,
    bounced: u32,
    ahead: Cursor,
}

impl Block {
    /// A disk of so many sectors.
    pub fn new(sectors: u64, read_only: bool) -> Self {
        Self {
            capacity: [sectors as u32, (sectors >> 32) as u32],
            read_only: u32::from(read_only),
            ..Self::default()
        }
    }

    /// What the driver finds.
    pub fn identity(&self) -> Identity {
        let there = self.capacity != [0, 0];
        let read_only = if self.read_only == 0 { 0 } else { F_READ_ONLY };
        Identity {
            device: if there { DEVICE } else { 0 },
            features: F_SIZE_MAX | F_SEG_MAX | F_FLUSH | read_only,
            queues: 1,
        }
    }

    /// A word of the configuration.
    pub fn config(&self, offset: u32) -> u32 {
        match offset {
            0 => self.capacity[0],
            4 => self.capacity[1],
            8 => SEGMENT_SIZE,
            12 => SEGMENTS,
            _ => 0,
        }
    }

    /// The driver has reset the device. A command under way ends for nobody.
    pub fn reset(&mut self) {
        if self.stage == FLIGHT {
            self.head = NOBODY;
        } else {
            self.stage = IDLE;
        }
    }

    /// Bytes in the I/O region that a request under way needs.
    pub fn held(&self) -> u32 {
        if self.stage == IDLE { 0 } else { self.len }
    }

    /// Whether a command is under way.
    pub fn in_flight(&self) -> bool {
        self.stage == FLIGHT
    }

    /// The controller says that a command has ended.
    pub fn ended(&mut self) {
        if self.stage == FLIGHT {
            self.stage = STATUS;
        }
    }

    /// What to do next.
    #[inline(never)]
    pub fn proceed(&mut self, shared: &mut Shared<'_>, memory: &mut impl Memory) -> Next {
        let next = match self.stage {
            IDLE => self.take(shared, memory),
            OUT => self.copy(memory, Side::Read),
            IN => self.copy(memory, Side::Write),
            START => Ok(Next::Act(Action::BlockStart {
                command: self.command,
                sector: self.first_sector(),
                count: self.len / SECTOR_SIZE,
                io: self.io,
            })),
            STATUS => Ok(Next::Act(Action::BlockStatus)),
            FLIGHT => Ok(Next::Idle),
            _ => Ok(Next::Fail(Failure::State)),
        };
        next.unwrap_or_else(|Broken| {
            self.break_down();
            Next::Idle
        })
    }

    /// The action that [`proceed`](Self::proceed) has asked for is done; `value` is `BLK_STATUS`, if it was that.
    #[inline(never)]
    pub fn answered(&mut self, memory: &mut impl Memory, value: u32) {
        let result = match self.stage {
            START => {
                self.stage = FLIGHT;
                Ok(())
            }
            STATUS => self.status(memory, value),
            OUT | IN => self.copied(memory),
            _ => Ok(()),
        };
        if result.is_err() {
            self.break_down();
        }
    }

    fn break_down(&mut self) {
        self.stage = IDLE;
        self.transport.break_down();
    }

    fn first_sector(&self) -> u64 {
        u64::from(self.sector[1]) << 32 | u64::from(self.sector[0])
    }

    /// Takes up requests until one needs the disk.
    fn take(&mut self, shared: &mut Shared<'_>, memory: &mut impl Memory) -> Result<Next, Broken> {
        while let Some(head) = self.transport.peek(memory, 0)? {
            if !shared.spend() {
                return Ok(Next::Later);
            }
            let queue = *self.transport.queue(0);
            let extent = measure(&queue, memory, head)?;
            if extent.read < HEADER || extent.write == 0 {
                return Err(Broken);
            }
            let mut cursor = Cursor::new(head);
            let kind = cursor.read32(&queue, memory)?;
            cursor.read32(&queue, memory)?;
            self.sector = [cursor.read32(&queue, memory)?, cursor.read32(&queue, memory)?];
            self.head = head;
            self.write = extent.write;
            self.cursor = cursor;
            self.done = 0;
            (self.command, self.len) = match kind {
                T_IN => (BLK_READ, extent.write - 1),
                T_OUT => (BLK_WRITE, extent.read - HEADER),
                T_FLUSH => (BLK_FLUSH, 0),
                T_GET_ID => (0, 0),
                _ => (0, 0),
            };
            if self.command == 0 {
                self.transport.queue(0).pop();
                let status = if kind == T_GET_ID { self.identify(memory)? } else { UNSUPPORTED };
                self.finish(memory, status)?;
                continue;
            }
            if !self.possible() {
                self.transport.queue(0).pop();
                self.finish(memory, IO_ERROR)?;
                continue;
            }
            if self.len != 0 {
                let Some(io) = shared.region.data(self.len, shared.logged) else {
                    return Ok(Next::Checkpoint);
                };
                self.io = io;
            }
            self.transport.queue(0).pop();
            self.stage = if self.command == BLK_WRITE { OUT } else { START };
            return self.proceed_started(memory);
        }
        Ok(Next::Idle)
    }

    fn proceed_started(&mut self, memory: &mut impl Memory) -> Result<Next, Broken> {
        if self.stage == OUT {
            return self.copy(memory, Side::Read);
        }
        let (command, sector) = (self.command, self.first_sector());
        let count = self.len / SECTOR_SIZE;
        Ok(Next::Act(Action::BlockStart { command, sector, count, io: self.io }))
    }

    /// Whether the disk can do the request.
    fn possible(&self) -> bool {
        let count = self.len / SECTOR_SIZE;
        let capacity = u64::from(self.capacity[1]) << 32 | u64::from(self.capacity[0]);
        let end = self.first_sector().checked_add(u64::from(count));
        self.command == BLK_FLUSH
            || self.len.is_multiple_of(SECTOR_SIZE)
                && (1..=BLK_COUNT_MAX).contains(&count)
                && end.is_some_and(|end| end <= capacity)
                && (self.command == BLK_READ || self.read_only == 0)
    }

    /// The next piece of the data.
    fn copy(&mut self, memory: &mut impl Memory, side: Side) -> Result<Next, Broken> {
        let queue = *self.transport.queue(0);
        let left = self.len.saturating_sub(self.done);
        let io = self.io.wrapping_add(self.done);
        let (addr, len) = self.cursor.piece(&queue, memory, side)?;
        self.ahead = self.cursor;
        let direct = addr & 3 == 0 && len >= 4;
        let (piece, domain) = if direct {
            let piece = len.min(left) & !3;
            self.ahead.advance(piece);
            (piece, domain_offset(addr))
        } else {
            let piece = left.min(BUFFER_SIZE);
            if side == Side::Read {
                self.ahead.gather(&queue, memory, 0, piece)?;
            }
            (piece, BUFFER_OFFSET)
        };
        self.bounced = u32::from(!direct);
        self.piece = piece;
        if piece == 0 {
            return Err(Broken);
        }
        Ok(Next::Act(match side {
            Side::Read => Action::CopyOut { domain, io, len: piece },
            Side::Write => Action::CopyIn { io, domain, len: piece },
        }))
    }

    fn copied(&mut self, memory: &mut impl Memory) -> Result<(), Broken> {
        let queue = *self.transport.queue(0);
        if self.stage == IN && self.bounced != 0 {
            self.cursor.scatter(&queue, memory, 0, self.piece)?;
        } else {
            self.cursor = self.ahead;
        }
        self.done = self.done.saturating_add(self.piece);
        if self.done < self.len {
            return Ok(());
        }
        if self.stage == OUT {
            self.stage = START;
            return Ok(());
        }
        self.finish(memory, OK)
    }

    fn status(&mut self, memory: &mut impl Memory, value: u32) -> Result<(), Broken> {
        if value & BLK_DONE == 0 {
            self.stage = FLIGHT;
        } else if self.head == NOBODY {
            self.stage = IDLE;
        } else if value & BLK_FAILED != 0 {
            return self.finish(memory, IO_ERROR);
        } else if self.command == BLK_READ {
            self.stage = IN;
        } else {
            return self.finish(memory, OK);
        }
        Ok(())
    }

    fn identify(&mut self, memory: &mut impl Memory) -> Result<u32, Broken> {
        let queue = *self.transport.queue(0);
        for word in ID {
            let len = (self.write - 1 - self.done).min(4);
            self.cursor.write(&queue, memory, word, len)?;
            self.done += len;
        }
        Ok(OK)
    }

    /// Ends the request: the status is the last byte that the device writes.
    fn finish(&mut self, memory: &mut impl Memory, status: u32) -> Result<(), Broken> {
        let queue = *self.transport.queue(0);
        let written = if self.command == BLK_WRITE { 0 } else { self.done };
        let rest = self.write.saturating_sub(1).saturating_sub(written);
        self.cursor.skip(&queue, memory, Side::Write, rest)?;
        self.cursor.write(&queue, memory, status, 1)?;
        self.stage = IDLE;
        self.transport.put(memory, 0, self.head, written + 1)
    }
}
