//! Stimulus for the comparator: gates that hold their transactions, tiles that run one program and
//! sometimes go wrong, a device with a random latency, a sequencer that flushes after a detection.

use std::rc::Rc;

use covert_abi::{layout, unit};
use covert_rtl::transaction::Transaction;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::frame::{Frame, Layout};
use crate::ports::set_transaction;

/// What a tile's gate does.
#[derive(Clone, Copy, Debug)]
enum Gate {
    /// Nothing for this many cycles more.
    Idle(u32),
    /// Holds a transaction.
    Presents(Transaction),
    /// Hangs until the next flush.
    Silent,
}

/// How often things go wrong, each as one in so many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Odds {
    /// A transaction is corrupted.
    pub(crate) corrupt: u32,
    /// A tile hangs (before a transaction).
    pub(crate) silent: u32,
    /// A tile writes `VMM_FAIL` instead of its transaction.
    pub(crate) vmm_fail: u32,
    /// Membership changes (in a cycle).
    pub(crate) membership: u32,
    /// The sequencer freezes the comparator (in a cycle).
    pub(crate) freeze: u32,
    /// Reset (in a cycle).
    pub(crate) reset: u32,
    /// All inputs are random, gates hold nothing (in a cycle; for some cycles). 0: never.
    pub(crate) chaos: u32,
}

impl Odds {
    /// Mostly agreement; everything happens some times in 20,000 cycles.
    pub(crate) const MIXED: Self = Self {
        corrupt: 60,
        silent: 150,
        vmm_fail: 200,
        membership: 250,
        freeze: 150,
        reset: 3000,
        chaos: 0,
    };
}

/// The stimulus.
pub(crate) struct Traffic {
    rng: ChaCha8Rng,
    odds: Odds,
    gates: Vec<Gate>,
    /// How far each tile is in the program.
    positions: Vec<u64>,
    program: u64,
    inputs: Rc<Layout>,
    frame: Frame,
    /// Cycles that a level stays.
    freeze: u32,
    flush_in: Option<u32>,
    flush: u32,
    reset: u32,
    chaos: u32,
    /// The device answers after up to so many cycles.
    device: u32,
}

impl Traffic {
    /// Stimulus for `tiles` tiles, the same for the same seed.
    pub(crate) fn new(inputs: &Rc<Layout>, tiles: usize, odds: Odds, seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            odds,
            gates: vec![Gate::Idle(0); tiles],
            positions: vec![0; tiles],
            program: seed,
            inputs: Rc::clone(inputs),
            frame: Frame::new(inputs),
            freeze: 0,
            flush_in: None,
            flush: 0,
            reset: 2,
            chaos: 0,
            device: 3,
        }
    }

    fn one_in(&mut self, odds: u32) -> bool {
        odds != 0 && self.rng.random_ratio(1, odds)
    }

    /// Transaction `position` of the program that all tiles run.
    fn transaction(&self, position: u64) -> Transaction {
        let mut rng = ChaCha8Rng::seed_from_u64(self.program.wrapping_add(position << 20));
        let write = rng.random();
        let addr = match rng.random_range(0..4) {
            0 => layout::UNIT_BASE + unit::ARRIVE,
            1 => layout::UART_BASE,
            2 => layout::UNIT_BASE + (rng.random_range(0..64) << 2),
            _ => rng.random::<u32>() & !3,
        };
        // VMM_FAIL is written by a fault only.
        let addr = if addr == Transaction::VMM_FAIL.addr { layout::CLINT_BASE } else { addr };
        match write {
            true => Transaction { write, strb: rng.random_range(1..16), addr, data: rng.random() },
            false => Transaction { addr, ..Transaction::default() },
        }
    }

    /// The transaction of a tile, wrong now and then.
    fn presented(&mut self, tile: usize) -> Transaction {
        let mut transaction = self.transaction(self.positions[tile]);
        if self.one_in(self.odds.corrupt) {
            match self.rng.random_range(0..4) {
                0 => transaction.write ^= true,
                1 => transaction.strb ^= 1 << self.rng.random_range(0..4),
                2 => transaction.addr ^= 1 << self.rng.random_range(0..32),
                _ => transaction.data ^= 1 << self.rng.random_range(0..32),
            }
        }
        if self.one_in(self.odds.vmm_fail) {
            transaction = Transaction { data: self.rng.random(), ..Transaction::VMM_FAIL };
        }
        transaction
    }

    fn delay(&mut self) -> u32 {
        match self.rng.random_range(0..8) {
            0..4 => 0,
            4..7 => self.rng.random_range(0..4),
            _ => self.rng.random_range(0..30),
        }
    }

    /// All tiles start again at one point of the program.
    fn restart(&mut self) {
        let position = self.positions.iter().max().copied().unwrap_or(0) + 1;
        for tile in 0..self.gates.len() {
            self.gates[tile] = Gate::Idle(self.delay());
            self.positions[tile] = position;
        }
        self.flush_in = None;
    }

    /// Membership after a change, and where a newcomer starts.
    fn change_membership(&mut self, in_flight: bool) {
        let tile = self.rng.random_range(0..self.gates.len());
        let joins = self.frame.at("members", tile) == 0;
        if joins {
            let other = (0..self.gates.len()).find(|&other| self.frame.at("members", other) != 0);
            if let Some(other) = other {
                self.positions[tile] = self.positions[other] + u64::from(in_flight);
            }
        }
        self.gates[tile] = Gate::Idle(self.delay());
        self.frame.set_at("members", tile, joins);
    }

    fn random_frame(&mut self) {
        let mut frame = Frame::new(&self.inputs);
        for value in frame.values_mut() {
            *value = self.rng.random();
        }
        for port in &self.inputs.ports {
            for tile in 0..port.tiles.unwrap_or(1) {
                let mask = u64::MAX >> (64 - port.width);
                frame.set_at(port.name, tile, frame.at(port.name, tile) & mask);
            }
        }
        frame.set("flush", self.rng.random_ratio(1, 20));
        frame.set("freeze", self.rng.random_ratio(1, 8));
        frame.set("time_limit", self.rng.random_range(0..6u64));
        // Equal transactions are not found by chance.
        for tile in 0..self.gates.len() {
            let position = self.rng.random_range(0..2);
            let transaction = self.transaction(position);
            set_transaction(&mut frame, "req", tile, transaction);
        }
        self.frame = frame;
    }

    /// Inputs of the next cycle, given the outputs of the last.
    pub(crate) fn next(&mut self, outputs: Option<&Frame>) -> (bool, Frame) {
        let seen = |name| outputs.is_some_and(|outputs| outputs.is(name));
        let in_flight = seen("out_valid");

        if self.reset == 0 && self.one_in(self.odds.reset) {
            self.reset = self.rng.random_range(1..4);
            self.restart();
        }
        let reset = self.reset > 0;
        self.reset = self.reset.saturating_sub(1);

        if self.chaos == 0 && self.one_in(self.odds.chaos) {
            self.chaos = self.rng.random_range(1..60);
            self.flush_in = Some(60);
        }
        if self.chaos > 0 {
            self.chaos -= 1;
            self.random_frame();
            if self.chaos == 0 {
                self.flush = 2;
                self.restart();
            }
            return (reset, self.frame.clone());
        }

        // Sequencer: flushes some time after a detection, chooses limits at random.
        if seen("detect") && self.flush_in.is_none() {
            self.flush_in = Some(self.rng.random_range(0..20));
            self.freeze = if self.rng.random() { 25 } else { 0 };
        }
        match self.flush_in {
            Some(0) => {
                self.flush = self.rng.random_range(1..4);
                self.restart();
                let limits = [0u32, 1, 2, 5, 12, 40, 200];
                self.frame.set("time_limit", limits[self.rng.random_range(0..limits.len())]);
                self.device = self.rng.random_range(0..6);
            }
            Some(cycles) => self.flush_in = Some(cycles - 1),
            // Without a limit nobody sees that a tile hangs: look after it from time to time.
            None => self.flush_in = self.one_in(400).then_some(0),
        }
        if self.freeze == 0 && self.one_in(self.odds.freeze) {
            self.freeze = self.rng.random_range(1..15);
        }
        self.frame.set("flush", self.flush > 0);
        self.frame.set("freeze", self.freeze > 0);
        self.flush = self.flush.saturating_sub(1);
        self.freeze = self.freeze.saturating_sub(1);
        let nobody = (0..self.gates.len()).all(|tile| self.frame.at("members", tile) == 0);
        if self.one_in(self.odds.membership) || nobody {
            self.change_membership(in_flight);
        }

        for tile in 0..self.gates.len() {
            if outputs.is_some_and(|outputs| outputs.at("done", tile) != 0) {
                self.positions[tile] += 1;
                self.gates[tile] = Gate::Idle(self.delay());
            }
            match self.gates[tile] {
                Gate::Idle(0) if reset || self.flush > 0 => {}
                Gate::Idle(0) => {
                    self.gates[tile] = match self.one_in(self.odds.silent) {
                        true => Gate::Silent,
                        false => Gate::Presents(self.presented(tile)),
                    }
                }
                Gate::Idle(cycles) => self.gates[tile] = Gate::Idle(cycles - 1),
                Gate::Presents(_) | Gate::Silent => {}
            }
            // A tile that is no member may present anything at all.
            let stray = self.frame.at("members", tile) == 0 && self.rng.random();
            let position = self.rng.random_range(0..9);
            let presents = match self.gates[tile] {
                Gate::Presents(transaction) => Some(transaction),
                _ if stray => Some(self.transaction(position)),
                _ => None,
            };
            self.frame.set_at("req_valid", tile, presents.is_some());
            // What a gate shows without a request means nothing.
            let shown = presents.unwrap_or(Transaction {
                write: self.rng.random(),
                strb: self.rng.random_range(0..16),
                addr: self.rng.random(),
                data: self.rng.random(),
            });
            set_transaction(&mut self.frame, "req", tile, shown);
        }

        // Device: `out_done` means something while `out_valid` only.
        let done = self.device == 0 || (in_flight && self.rng.random_ratio(1, self.device));
        self.frame.set("out_done", done);
        self.frame.set("out_rdata", self.rng.random::<u32>());
        self.frame.set("out_err", self.rng.random_ratio(1, 8));
        (reset, self.frame.clone())
    }
}
