//! The device side of the model: one UART, a disk, a network, real time, the requested mode, and everything that
//! ever happened there, in order.

use std::hash::{DefaultHasher, Hash, Hasher};

use covert_abi::{
    io::{BLK_DONE, BLK_FAILED, BLK_READ, BLK_WRITE, SECTOR_SIZE},
    layout::REGION_STRIDE,
    unit::{INPUT_BLK, INPUT_NET, INPUT_UART_RX},
};
use covert_vmm::{Inputs, console::Uart};

/// Sectors of the disk.
pub const SECTORS: u32 = 64;

/// An access to a device, as the comparator sees it; and what a device does later, by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The barrier's input set.
    Inputs { wake: u64, mask: u32 },
    /// UART: received bytes.
    Receive,
    /// UART: is the other side there.
    Connected,
    /// UART: bytes out.
    Send(u32),
    /// Disk: a command.
    Block { command: u32, sector: u64, count: u32, io: u32 },
    /// Disk: its status.
    BlockStatus,
    /// Network: a frame of so many bytes, and their hash.
    Frame(u32, u64),
    /// Network: a buffer.
    Post(u32),
    /// Network: bytes in it.
    Length,
    /// A random word.
    Random,
    /// Exit device.
    Exit(u32),
    /// Not an access: what the disk has written, as a hash.
    Written(u64),
}

/// The answer to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub word: u32,
    pub time: u64,
}

impl Answer {
    pub fn inputs(self, log_level: u32) -> Inputs {
        Inputs { time: self.time, flags: self.word, log_level }
    }
}

/// What stands outside the sphere. Its behaviour is a function of the seed and of what was asked before.
pub struct World {
    random: u64,
    time: u64,
    /// The mode asked for: (number of the input set from which on, mode).
    pub modes: Vec<(u32, u32)>,
    sets: u32,
    input_left: u32,
    /// All that was ever done here; nothing is ever taken back.
    pub history: Vec<(Access, Answer)>,
    /// The I/O region.
    pub io: Vec<u8>,
    pub disk: Vec<u8>,
    /// The disk's command that runs: command, first byte on the disk, bytes, place in the I/O region.
    running: Option<(u32, usize, usize, usize)>,
    block_status: u32,
    posted: Option<u32>,
    frame_len: u32,
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

impl World {
    pub fn new(seed: u64, input: u32, modes: Vec<(u32, u32)>) -> Self {
        Self {
            random: seed | 1,
            time: 1000,
            modes,
            sets: 0,
            input_left: input,
            history: Vec::new(),
            io: vec![0; REGION_STRIDE as usize],
            disk: (0..SECTORS * SECTOR_SIZE).map(|byte| (byte / 7) as u8).collect(),
            running: None,
            block_status: 0,
            posted: None,
            frame_len: 0,
        }
    }

    fn draw(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 24) as u32
    }

    /// The frame that [`NetSend`](covert_vmm::Action::NetSend) names, as an access.
    pub fn frame(&self, io: u32, len: u32) -> Access {
        Access::Frame(len, hash(&self.io[io as usize..][..len as usize]))
    }

    /// What the devices do while nobody looks.
    fn live(&mut self) {
        if let Some((command, disk, len, io)) = self.running
            && self.draw().is_multiple_of(3)
        {
            self.running = None;
            let (disk, io) = (&mut self.disk[disk..][..len], &mut self.io[io..][..len]);
            match command {
                BLK_READ => io.copy_from_slice(disk),
                BLK_WRITE => {
                    disk.copy_from_slice(io);
                    self.history.push((Access::Written(hash(disk)), Answer::default()));
                }
                _ => {}
            }
            self.block_status = BLK_DONE;
        }
        if let Some(io) = self.posted
            && self.frame_len == 0
            && self.draw().is_multiple_of(4)
        {
            let len = 14 + self.draw() % 300;
            for at in 0..len {
                self.io[(io + at) as usize] = self.draw() as u8;
            }
            self.frame_len = len;
        }
    }

    /// The input set.
    fn inputs(&mut self, wake: u64) -> u32 {
        self.live();
        self.time += u64::from(self.draw() % 4000);
        // An idle guest sleeps to its deadline, or until some input comes.
        if wake > self.time && !self.draw().is_multiple_of(4) {
            self.time = wake.min(self.time + 100_000);
        }
        self.sets += 1;
        let due = self.modes.iter().rev().find(|(from, _)| *from <= self.sets);
        let mut flags = due.map_or(0, |(_, mode)| *mode) << 4;
        if self.input_left != 0 && self.draw().is_multiple_of(2) {
            flags |= INPUT_UART_RX;
        }
        if self.block_status & BLK_DONE != 0 {
            flags |= INPUT_BLK;
        }
        if self.frame_len != 0 {
            flags |= INPUT_NET;
        }
        flags
    }

    /// Performs an access.
    pub fn access(&mut self, access: Access) -> Answer {
        let word = match access {
            Access::Inputs { wake, .. } => self.inputs(wake),
            Access::Receive => {
                let count = (self.draw() % 4).min(self.input_left);
                self.input_left -= count;
                count << 24 | self.draw() & (0xFF_FFFF >> (8 * (3 - count)))
            }
            Access::Connected => u32::from(self.input_left != 0),
            Access::Block { command, sector, count, io } => {
                assert_eq!(self.running, None, "a command while one runs");
                let (disk, len) = (sector * u64::from(SECTOR_SIZE), count * SECTOR_SIZE);
                if disk + u64::from(len) > self.disk.len() as u64 || self.draw().is_multiple_of(16)
                {
                    self.block_status = BLK_DONE | BLK_FAILED;
                } else {
                    self.running = Some((command, disk as usize, len as usize, io as usize));
                }
                0
            }
            Access::BlockStatus => {
                let status = self.block_status;
                self.block_status &= !BLK_DONE;
                status
            }
            Access::Post(io) => {
                self.posted = Some(io);
                self.frame_len = 0;
                0
            }
            Access::Length => {
                if self.frame_len != 0 {
                    self.posted = None;
                }
                self.frame_len
            }
            Access::Random => self.draw(),
            Access::Send(_) | Access::Frame(..) | Access::Exit(_) => 0,
            Access::Written(_) => unreachable!("not an access"),
        };
        let answer = Answer { word, time: self.time };
        // Places in the I/O region are nobody's business outside.
        let visible = match access {
            Access::Block { command, sector, count, .. } => {
                Access::Block { command, sector, count, io: 0 }
            }
            Access::Post(_) => Access::Post(0),
            access => access,
        };
        self.history.push((visible, answer));
        answer
    }
}

/// The UART as one member uses it, with the answers there are so far. An access without an answer is noted,
/// and what comes after it does not count.
#[derive(Clone)]
pub struct Script<'a> {
    answers: &'a [Answer],
    pub used: usize,
    pub wants: Option<Access>,
}

impl<'a> Script<'a> {
    pub fn new(answers: &'a [Answer]) -> Self {
        Self { answers, used: 0, wants: None }
    }

    fn take(&mut self, access: Access) -> u32 {
        if self.wants.is_some() {
            return 0;
        }
        match self.answers.get(self.used) {
            Some(answer) => {
                self.used += 1;
                answer.word
            }
            None => {
                self.wants = Some(access);
                0
            }
        }
    }
}

impl Uart for Script<'_> {
    fn receive(&mut self) -> u32 {
        self.take(Access::Receive)
    }
    fn connected(&mut self) -> bool {
        self.take(Access::Connected) != 0
    }
    fn send(&mut self, packed: u32) {
        self.take(Access::Send(packed));
    }
}
