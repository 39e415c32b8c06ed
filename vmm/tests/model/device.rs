//! The device side of the model: one UART, real time, the requested mode, and everything that ever happened
//! there, in order.

use covert_vmm::{Inputs, console::Uart};

/// An access to a device, as the comparator sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The barrier's input set.
    Inputs { wake: u64 },
    /// UART: received bytes.
    Receive,
    /// UART: is the other side there.
    Connected,
    /// UART: bytes out.
    Send(u32),
    /// Exit device.
    Exit(u32),
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
        }
    }

    fn draw(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 24) as u32
    }

    /// Performs an access.
    pub fn access(&mut self, access: Access) -> Answer {
        let word = match access {
            Access::Inputs { wake } => {
                self.time += u64::from(self.draw() % 4000);
                // An idle guest sleeps to its deadline, or until some input comes.
                if wake > self.time && !self.draw().is_multiple_of(4) {
                    self.time = wake.min(self.time + 100_000);
                }
                self.sets += 1;
                let due = self.modes.iter().rev().find(|(from, _)| *from <= self.sets);
                due.map_or(0, |(_, mode)| *mode) << 4
            }
            Access::Receive => {
                let count = (self.draw() % 4).min(self.input_left);
                self.input_left -= count;
                count << 24 | self.draw() & (0xFF_FFFF >> (8 * (3 - count)))
            }
            Access::Connected => u32::from(self.input_left != 0),
            Access::Send(_) | Access::Exit(_) => 0,
        };
        let answer = Answer { word, time: self.time };
        self.history.push((access, answer));
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
