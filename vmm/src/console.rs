//! The guest's console: what it asked for, and how bytes pass through the UART's packed registers.
//!
//! A request may be longer than the input log can take at once. It is therefore done in chunks, and what is
//! left of it is part of the replica state: a checkpoint may be taken between two chunks.

use crate::{
    event::Action,
    sbi::{self, Reply},
};

/// Most bytes of one action: at most 34 entries in the log.
pub const MAX_CHUNK: u32 = 96;
/// Most bytes in a packed word.
const PACK: usize = 3;

/// What the guest waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Operation {
    /// DBCN write.
    Write = 1,
    /// DBCN write of one byte.
    WriteByte = 2,
    /// Legacy putchar.
    PutChar = 3,
    /// DBCN read.
    Read = 4,
    /// Legacy getchar.
    GetChar = 5,
}

impl Operation {
    fn from_bits(bits: u32) -> Option<Self> {
        Some(match bits {
            1 => Self::Write,
            2 => Self::WriteByte,
            3 => Self::PutChar,
            4 => Self::Read,
            5 => Self::GetChar,
            _ => return None,
        })
    }
}

/// The console's part of the replica state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Console {
    /// [`Operation`] in progress, 0 if none.
    pub operation: u32,
    /// Next guest-physical address; the byte of a one-byte write.
    pub addr: u32,
    /// Bytes still to move.
    pub left: u32,
    /// Bytes moved.
    pub done: u32,
    /// Bytes taken from the UART that the guest has not asked for yet, the first in bits 7:0.
    pub received: u32,
    /// Their number, 0 to 3.
    pub received_count: u32,
}

impl Console {
    /// Takes up a request.
    pub fn start(&mut self, operation: Operation, addr: u32, len: u32) {
        self.operation = operation as u32;
        self.addr = addr;
        self.left = len;
        self.done = 0;
    }

    /// What is to be done for the request in progress.
    pub fn action(&self) -> Option<Action> {
        let (addr, len) = (self.addr, self.left.min(MAX_CHUNK));
        Some(match Operation::from_bits(self.operation)? {
            Operation::Write => Action::ConsoleWrite { addr, len },
            Operation::WriteByte | Operation::PutChar => Action::ConsoleWriteByte(addr as u8),
            Operation::Read => Action::ConsoleRead { addr, len },
            Operation::GetChar => Action::ConsoleReadByte,
        })
    }

    /// Counts what an action has moved. When the request is done, ends it with the guest's answer.
    pub fn advance(&mut self, count: u32, end: bool, byte: u8) -> Option<Reply> {
        let chunk = self.left.min(MAX_CHUNK);
        let count = count.min(chunk);
        self.addr = self.addr.wrapping_add(count);
        self.left -= count;
        self.done = self.done.wrapping_add(count);
        let reply = match Operation::from_bits(self.operation)? {
            // The next chunk, or what the back end could not do at once.
            Operation::Write if self.left != 0 => return None,
            Operation::WriteByte | Operation::PutChar if self.left != 0 => {
                self.addr = self.addr.wrapping_sub(count);
                return None;
            }
            Operation::Write => Reply::success(self.done),
            Operation::WriteByte => Reply::success(0),
            Operation::PutChar => Reply::Legacy(0),
            // Nothing more is there now, or the request is full.
            Operation::Read if self.left != 0 && count == chunk => return None,
            Operation::Read if self.done == 0 && end => Reply::error(sbi::FAILED),
            Operation::Read => Reply::success(self.done),
            Operation::GetChar if count == 0 => Reply::Legacy(u32::MAX),
            Operation::GetChar => Reply::Legacy(u32::from(byte)),
        };
        self.operation = 0;
        Some(reply)
    }

    /// Fills `out` from the bytes left over and from the UART, without waiting. Says how many bytes
    /// there were and, if none, whether none will ever come.
    pub fn receive(&mut self, uart: &mut impl Uart, out: &mut [u8]) -> (u32, bool) {
        let mut count = 0;
        for slot in out.iter_mut() {
            if self.received_count == 0 {
                let word = uart.receive();
                self.received = word & 0x00FF_FFFF;
                self.received_count = (word >> 24).min(PACK as u32);
                if self.received_count == 0 {
                    return (count, count == 0 && !uart.connected());
                }
            }
            *slot = self.received as u8;
            self.received >>= 8;
            self.received_count -= 1;
            count += 1;
        }
        (count, false)
    }
}

/// The UART as the VMM uses it; each call is one access to the device.
pub trait Uart {
    /// Takes up to three received bytes (`RXPACK`).
    fn receive(&mut self) -> u32;
    /// Whether input may still come (`MSR.DCD`).
    fn connected(&mut self) -> bool;
    /// Sends up to three bytes (`TXPACK`); waits for room.
    fn send(&mut self, packed: u32);
}

/// Sends bytes; their number.
pub fn transmit(uart: &mut impl Uart, bytes: &[u8]) -> u32 {
    for chunk in bytes.chunks(PACK) {
        let mut word = (chunk.len() as u32) << 24;
        for (lane, byte) in chunk.iter().enumerate() {
            word |= u32::from(*byte) << (8 * lane);
        }
        uart.send(word);
    }
    bytes.len() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A UART with `input` to come, and what was sent.
    struct Fake {
        sent: Vec<u8>,
        input: Vec<u8>,
        open: bool,
    }

    impl Uart for Fake {
        fn receive(&mut self) -> u32 {
            let count = self.input.len().min(3);
            let mut word = (count as u32) << 24;
            for (lane, byte) in self.input.drain(..count).enumerate() {
                word |= u32::from(byte) << (8 * lane);
            }
            word
        }
        fn connected(&mut self) -> bool {
            self.open
        }
        fn send(&mut self, packed: u32) {
            for lane in 0..packed >> 24 {
                self.sent.push((packed >> (8 * lane)) as u8);
            }
        }
    }

    fn fake(input: &[u8], open: bool) -> Fake {
        Fake { sent: Vec::new(), input: input.to_vec(), open }
    }

    #[test]
    fn bytes_are_packed_in_order() {
        let mut uart = fake(b"", true);
        assert_eq!(transmit(&mut uart, b"hello, world"), 12);
        assert_eq!(transmit(&mut uart, b"!?"), 2);
        assert_eq!(uart.sent, b"hello, world!?");
    }

    #[test]
    fn bytes_not_asked_for_are_kept() {
        let mut console = Console::default();
        let mut uart = fake(b"abcdefg", false);
        let mut out = [0; 4];
        assert_eq!(console.receive(&mut uart, &mut out), (4, false));
        assert_eq!((&out, console.received_count), (b"abcd", 2));
        assert_eq!(console.receive(&mut uart, &mut out), (3, false));
        assert_eq!(&out[..3], b"efg");
        assert_eq!(console.receive(&mut uart, &mut out), (0, true));
        uart.open = true;
        assert_eq!(console.receive(&mut uart, &mut out), (0, false));
    }

    #[test]
    fn long_write_goes_in_chunks_and_what_is_left_is_tried_again() {
        let mut console = Console::default();
        console.start(Operation::Write, 0x8000_0000, 100);
        assert_eq!(console.action(), Some(Action::ConsoleWrite { addr: 0x8000_0000, len: 96 }));
        assert_eq!(console.advance(0, false, 0), None);
        assert_eq!(console.advance(96, false, 0), None);
        assert_eq!(console.action(), Some(Action::ConsoleWrite { addr: 0x8000_0060, len: 4 }));
        assert_eq!(console.advance(4, false, 0), Some(Reply::success(100)));
        assert_eq!(console.action(), None);
    }

    #[test]
    fn read_ends_when_nothing_is_there() {
        let mut console = Console::default();
        console.start(Operation::Read, 0x8000_0000, 200);
        assert_eq!(console.advance(96, false, 0), None);
        assert_eq!(console.advance(10, false, 0), Some(Reply::success(106)));
        console.start(Operation::Read, 0x8000_0000, 200);
        assert_eq!(console.advance(0, false, 0), Some(Reply::success(0)));
        console.start(Operation::Read, 0x8000_0000, 200);
        assert_eq!(console.advance(0, true, 0), Some(Reply::error(sbi::FAILED)));
        console.start(Operation::Read, 0x8000_0000, 96);
        assert_eq!(console.advance(96, false, 0), Some(Reply::success(96)));
    }

    #[test]
    fn one_byte_calls() {
        let mut console = Console::default();
        console.start(Operation::PutChar, 0x41, 1);
        assert_eq!(console.action(), Some(Action::ConsoleWriteByte(0x41)));
        assert_eq!(console.advance(0, false, 0), None);
        assert_eq!(console.action(), Some(Action::ConsoleWriteByte(0x41)));
        assert_eq!(console.advance(1, false, 0), Some(Reply::Legacy(0)));
        console.start(Operation::GetChar, 0, 1);
        assert_eq!(console.advance(0, true, 0), Some(Reply::Legacy(u32::MAX)));
        console.start(Operation::GetChar, 0, 1);
        assert_eq!(console.advance(1, false, 0x7A), Some(Reply::Legacy(0x7A)));
    }
}
