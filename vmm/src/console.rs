//! The guest's console: what it asked for, and how bytes pass through the UART's packed registers.
//!
//! A request may be longer than the input log can take at once. It is therefore done in chunks, and what is
//! left of it is part of the replica state: a checkpoint may be taken between two chunks.

use crate::{
    event::{Action, Failure},
    sbi::{self, Reply},
};

/// Most bytes of one action: at most 34 entries in the log.
pub const MAX_CHUNK: u32 = 96;
/// Most bytes in a packed word.
const PACK: usize = 3;

/// What is moved, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Operation {
    /// DBCN write.
    Write = 1,
    /// DBCN read.
    Read = 2,
    /// Legacy getchar.
    GetChar = 3,
    /// A piece of a buffer of the virtio console, to be written.
    QueueWrite = 4,
    /// A buffer of the virtio console, to be read into.
    QueueRead = 5,
}

impl Operation {
    fn from_bits(bits: u32) -> Option<Self> {
        Some(match bits {
            1 => Self::Write,
            2 => Self::Read,
            3 => Self::GetChar,
            4 => Self::QueueWrite,
            5 => Self::QueueRead,
            _ => return None,
        })
    }
}

/// What an operation leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The answer to an SBI call.
    Call(Reply),
    /// So many bytes of the virtio console's buffer are written.
    QueueWrite(u32),
    /// So many bytes are read into it.
    QueueRead(u32),
}

/// The guest's consoles: the one that was written to last gets what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Speaker {
    /// The SBI console.
    Firmware = 0,
    /// The serial port.
    Serial = 1,
    /// The virtio console.
    Virtio = 2,
}

/// The console's part of the replica state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Console {
    /// [`Operation`] in progress, 0 if none.
    pub operation: u32,
    /// Next guest-physical address.
    pub addr: u32,
    /// Bytes still to move.
    pub left: u32,
    /// Bytes moved.
    pub done: u32,
    /// Bytes taken from the UART that the guest has not asked for yet, as `RXPACK` gives them.
    input: u32,
    /// Bytes for the UART that are not sent yet, as `TXPACK` takes them.
    output: u32,
    /// [`Speaker`] that was written to last.
    pub speaker: u32,
    /// Not 0: the UART may have more bytes.
    pub more: u32,
}

/// Number of bytes in a packed word.
fn count(packed: u32) -> u32 {
    (packed >> 24).min(PACK as u32)
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
        if self.operation == 0 {
            return None;
        }
        let (addr, len) = (self.addr, self.left.min(MAX_CHUNK));
        Some(match Operation::from_bits(self.operation) {
            Some(Operation::Write | Operation::QueueWrite) => Action::ConsoleWrite { addr, len },
            Some(Operation::Read | Operation::QueueRead) => Action::ConsoleRead { addr, len },
            Some(Operation::GetChar) => Action::ConsoleReadByte,
            None => Action::Fail(Failure::State),
        })
    }

    /// Counts what an action has moved. When the request is done, says what it leads to.
    pub fn advance(&mut self, count: u32, end: bool, byte: u8) -> Option<Ended> {
        let chunk = self.left.min(MAX_CHUNK);
        let count = count.min(chunk);
        self.addr = self.addr.wrapping_add(count);
        self.left -= count;
        self.done = self.done.wrapping_add(count);
        let full = self.left == 0;
        let ended = match Operation::from_bits(self.operation)? {
            // The next chunk, or what the back end could not do at once.
            Operation::Write | Operation::QueueWrite if !full => return None,
            Operation::Write => Ended::Call(Reply::success(self.done)),
            Operation::QueueWrite => Ended::QueueWrite(self.done),
            // As long as bytes come.
            Operation::Read | Operation::QueueRead if !full && count == chunk => return None,
            Operation::Read if self.done == 0 && end => Ended::Call(Reply::error(sbi::FAILED)),
            Operation::Read => Ended::Call(Reply::success(self.done)),
            Operation::QueueRead => Ended::QueueRead(self.done),
            Operation::GetChar if count == 0 => Ended::Call(Reply::Legacy(u32::MAX)),
            Operation::GetChar => Ended::Call(Reply::Legacy(u32::from(byte))),
        };
        if matches!(ended, Ended::Call(_) | Ended::QueueRead(_)) && !full {
            self.more = 0;
        }
        self.operation = 0;
        Some(ended)
    }

    /// Packs a byte for the UART.
    pub fn say(&mut self, speaker: Speaker, byte: u8) {
        self.speaker = speaker as u32;
        let count = count(self.output);
        if count < PACK as u32 {
            let bytes = self.output & 0x00FF_FFFF | u32::from(byte) << (8 * count);
            self.output = (count + 1) << 24 | bytes;
        }
    }

    /// No byte more can be packed before these are sent.
    pub fn is_full(&self) -> bool {
        count(self.output) == PACK as u32
    }

    /// The packed bytes, if there are any.
    pub fn packed(&self) -> Option<u32> {
        (count(self.output) != 0).then_some(self.output)
    }

    /// The packed bytes are sent.
    pub fn sent(&mut self) {
        self.output = 0;
    }

    /// Takes what `RXPACK` gave.
    pub fn received(&mut self, packed: u32) {
        self.input = packed;
        // Fewer than it could have been: that is all.
        self.more = u32::from(count(packed) == PACK as u32);
    }

    /// There are bytes that nobody has asked for.
    pub fn holds_input(&self) -> bool {
        count(self.input) != 0
    }

    /// There are such bytes, or there may be some in the UART.
    pub fn expects_input(&self) -> bool {
        self.holds_input() || self.more != 0
    }

    /// Takes the next byte of those that are here.
    pub fn take(&mut self) -> Option<u8> {
        let count = count(self.input);
        let byte = self.input as u8;
        (count != 0).then(|| {
            self.input = (count - 1) << 24 | self.input >> 8 & 0xFFFF;
            byte
        })
    }

    /// Fills `out` from the bytes left over and from the UART, without waiting. Says how many bytes
    /// there were and, if none, whether none will ever come.
    pub fn receive(&mut self, uart: &mut impl Uart, out: &mut [u8]) -> (u32, bool) {
        let mut count = 0;
        for slot in out.iter_mut() {
            if !self.holds_input() {
                self.input = uart.receive();
            }
            let Some(byte) = self.take() else {
                return (count, count == 0 && !uart.connected());
            };
            *slot = byte;
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
        assert_eq!((&out, console.holds_input()), (b"abcd", true));
        assert_eq!(console.take(), Some(b'e'));
        assert_eq!(console.receive(&mut uart, &mut out), (2, false));
        assert_eq!(&out[..2], b"fg");
        assert_eq!(console.receive(&mut uart, &mut out), (0, true));
        uart.open = true;
        assert_eq!(console.receive(&mut uart, &mut out), (0, false));
        assert_eq!(console.take(), None);
    }

    #[test]
    fn single_bytes_are_packed() {
        let mut console = Console::default();
        assert_eq!(console.packed(), None);
        for byte in *b"xyz" {
            assert!(!console.is_full());
            console.say(Speaker::Serial, byte);
        }
        assert!(console.is_full());
        assert_eq!(console.packed(), Some(0x037A_7978));
        console.sent();
        console.say(Speaker::Firmware, b'!');
        assert_eq!(console.packed(), Some(0x0100_0021));
    }

    #[test]
    fn long_write_goes_in_chunks_and_what_is_left_is_tried_again() {
        for (operation, ended) in [
            (Operation::Write, Ended::Call(Reply::success(100))),
            (Operation::QueueWrite, Ended::QueueWrite(100)),
        ] {
            let mut console = Console::default();
            console.start(operation, 0x8000_0000, 100);
            let first = Action::ConsoleWrite { addr: 0x8000_0000, len: 96 };
            assert_eq!(console.action(), Some(first));
            assert_eq!(console.advance(0, false, 0), None);
            assert_eq!(console.advance(96, false, 0), None);
            let second = Action::ConsoleWrite { addr: 0x8000_0060, len: 4 };
            assert_eq!(console.action(), Some(second));
            assert_eq!(console.advance(4, false, 0), Some(ended));
            assert_eq!(console.action(), None);
        }
    }

    #[test]
    fn read_ends_when_nothing_is_there() {
        let success = |count| Some(Ended::Call(Reply::success(count)));
        let mut console = Console::default();
        console.start(Operation::Read, 0x8000_0000, 200);
        assert_eq!(console.advance(96, false, 0), None);
        assert_eq!(console.advance(10, false, 0), success(106));
        console.start(Operation::Read, 0x8000_0000, 200);
        assert_eq!(console.advance(0, false, 0), success(0));
        console.start(Operation::Read, 0x8000_0000, 200);
        assert_eq!(console.advance(0, true, 0), Some(Ended::Call(Reply::error(sbi::FAILED))));
        console.start(Operation::Read, 0x8000_0000, 96);
        assert_eq!(console.advance(96, false, 0), success(96));
        console.start(Operation::QueueRead, 0x8000_0000, 96);
        assert_eq!(console.advance(0, true, 0), Some(Ended::QueueRead(0)));
    }

    #[test]
    fn getchar() {
        let mut console = Console::default();
        console.start(Operation::GetChar, 0, 1);
        assert_eq!(console.advance(0, true, 0), Some(Ended::Call(Reply::Legacy(u32::MAX))));
        console.start(Operation::GetChar, 0, 1);
        assert_eq!(console.advance(1, false, 0x7A), Some(Ended::Call(Reply::Legacy(0x7A))));
    }
}
