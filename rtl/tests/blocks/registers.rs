//! The register blocks (barrier, group): Rust model, Verilated Verilog and a plain statement of what
//! their registers hold, on random accesses and events.

use covert_abi::{BootReason, layout, unit};
use covert_rtl::{
    barrier::Barrier,
    blocks::{Generated, blocks},
    group::Group,
    shell::Direction,
};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use crate::dut::{Dut, Model, Ports, Verilated};
use crate::frame::{Frame, Layout};

/// Cycles of each random run.
const CYCLES: u32 = 20_000;

/// What a register block promises.
trait Promise {
    /// Puts what is promised for the outputs into a frame that holds what was seen.
    fn expect(&self, inputs: &Frame, outputs: &mut Frame);
    /// Goes on to the next cycle.
    fn advance(&mut self, inputs: &Frame);
}

fn generated(name: &str) -> Generated {
    blocks().into_iter().find(|block| block.shell.name == name).expect("it is generated")
}

/// Random inputs with one-in-`rare` events; `wr_en` and `addr` hit registers most of the time.
fn random_inputs(rng: &mut ChaCha8Rng, frame: &mut Frame, rare: u32) {
    let layout = std::rc::Rc::clone(frame.layout());
    for port in &layout.ports {
        for tile in 0..port.tiles.unwrap_or(1) {
            let value = match port.width {
                1 => u64::from(rng.random_ratio(1, rare)),
                width => rng.random::<u64>() >> (64 - width),
            };
            frame.set_at(port.name, tile, value);
        }
    }
    frame.set("wr_en", rng.random_ratio(1, 3));
    if rng.random_ratio(15, 16) {
        frame.set("addr", unit::REGISTERS.choose(rng).expect("not empty").offset);
    }
    // Small values and the neighbourhood of the limits as well.
    let wdata = match rng.random_range(0..4) {
        0 => rng.random_range(0..4),
        1 => rng.random_range(0..300),
        2 => (layout::GUEST_MAX - 0x2000) + rng.random_range(0..0x4000),
        _ => rng.random::<u32>(),
    };
    frame.set("wdata", wdata);
}

fn cosimulate<B: Ports, P: Promise>(
    name: &str,
    model: impl Fn() -> B,
    promise: impl Fn() -> P,
    mut refine: impl FnMut(&mut ChaCha8Rng, &mut Frame),
) {
    let Generated { shell, text } = generated(name);
    for seed in 0..3 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut model = Model::new(model(), &shell);
        let mut verilated = Verilated::start(&shell, &text);
        let mut state = promise();
        let mut inputs = Frame::new(&Layout::new(&shell, Direction::In));
        for cycle in 0..CYCLES {
            let reset = cycle < 2 || rng.random_ratio(1, 2000);
            random_inputs(&mut rng, &mut inputs, 12);
            refine(&mut rng, &mut inputs);
            let outputs = verilated.cycle(reset, &inputs);
            let from_model = model.cycle(reset, &inputs);
            let at = format!("{name}, seed {seed}, cycle {cycle}");
            assert!(outputs == from_model, "{at}, model: {}", outputs.difference(&from_model));
            let mut expected = outputs.clone();
            state.expect(&inputs, &mut expected);
            // Before the first reset nothing is promised.
            assert!(
                cycle == 0 || outputs == expected,
                "{at}, promise: {}",
                outputs.difference(&expected)
            );
            if reset {
                state = promise();
            } else {
                state.advance(&inputs);
            }
        }
    }
}

/// The barrier.
struct BarrierPromise {
    wake: [u32; 2],
    mask: u32,
    epochs: u32,
    waits: bool,
    time: u64,
    flags: u32,
    ended: bool,
}

impl BarrierPromise {
    fn new() -> Self {
        Self { wake: [0; 2], mask: 0xF, epochs: 0, waits: true, time: 0, flags: 0, ended: false }
    }
}

impl Promise for BarrierPromise {
    fn expect(&self, inputs: &Frame, outputs: &mut Frame) {
        let (value, is_input) = match inputs.get("addr") as u32 {
            unit::WAKE_LO => (self.wake[0], false),
            unit::WAKE_HI => (self.wake[1], false),
            unit::WAKE_MASK => (self.mask, false),
            unit::EPOCHS => (self.epochs, false),
            unit::INPUT_TIME_LO => (self.time as u32, true),
            unit::INPUT_TIME_HI => ((self.time >> 32) as u32, true),
            unit::INPUT_FLAGS => (self.flags, true),
            _ => (0, false),
        };
        outputs.set("rdata", value);
        outputs.set("rdy", !(is_input && self.waits));
        outputs.set("epoch", self.ended);
        outputs.set("wake_lo", self.wake[0]);
        outputs.set("wake_hi", self.wake[1]);
    }

    fn advance(&mut self, inputs: &Frame) {
        let wake = u64::from(self.wake[1]) << 32 | u64::from(self.wake[0]);
        let raised = inputs.get("raised") & u64::from(self.mask) != 0;
        if self.waits && (inputs.get("mtime") >= wake || raised || inputs.is("mode_changed")) {
            self.waits = false;
            self.time = inputs.get("mtime");
            self.flags = inputs.get("flags_now") as u32;
        }
        self.ended = false;
        if inputs.is("wr_en") {
            let data = inputs.get("wdata") as u32;
            match inputs.get("addr") as u32 {
                unit::WAKE_LO => self.wake[0] = data,
                unit::WAKE_HI => self.wake[1] = data,
                unit::WAKE_MASK => self.mask = data % 16,
                unit::ARRIVE => {
                    self.ended = true;
                    self.epochs = self.epochs.wrapping_add(1);
                    // A replay reads on in the set that was there.
                    self.waits |= !inputs.is("replay");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn barrier_cosimulates() {
    let mut mtime = 0u64;
    cosimulate("covert_barrier", Barrier::default, BarrierPromise::new, |rng, inputs| {
        // Time goes on and carries into the high word; deadlines are near it.
        mtime = match rng.random_range(0..500) {
            0 => (mtime | 0xFFFF_FFF0) & 0x3_FFFF_FFFF,
            _ => mtime + 1,
        };
        inputs.set("mtime", mtime);
        // Seldom an input, so that deadlines and masks matter too.
        if rng.random_ratio(7, 8) {
            inputs.set("raised", 0u64);
        }
        if inputs.get("addr") == u64::from(unit::WAKE_LO) {
            inputs.set("wdata", (mtime as u32).wrapping_add(rng.random_range(0..40)));
        }
        if inputs.get("addr") == u64::from(unit::WAKE_HI) {
            let near = (mtime >> 32) as u32 + u32::from(rng.random_ratio(1, 4));
            inputs.set("wdata", if rng.random_ratio(1, 10) { 0 } else { near });
        }
    });
}

#[test]
fn barrier_keeps_the_input_set_in_a_replay() {
    let shell = generated("covert_barrier").shell;
    let mut barrier = Model::new(Barrier::default(), &shell);
    let mut inputs = Frame::new(&Layout::new(&shell, Direction::In));
    barrier.cycle(true, &inputs);
    let mut arrive = |inputs: &mut Frame, mtime: u64, replay: bool| {
        inputs.set("mtime", mtime);
        inputs.set("replay", replay);
        inputs.set("addr", unit::ARRIVE);
        inputs.set("wr_en", true);
        barrier.cycle(false, inputs);
        inputs.set("wr_en", false);
        inputs.set("addr", unit::INPUT_TIME_LO);
        barrier.cycle(false, inputs);
        barrier.cycle(false, inputs).get("rdata")
    };
    assert_eq!(arrive(&mut inputs, 100, false), 100);
    assert_eq!(arrive(&mut inputs, 200, true), 100);
    assert_eq!(arrive(&mut inputs, 300, false), 300);
}

/// The group's registers.
struct GroupPromise<const N: usize> {
    members: [bool; N],
    guest_size: u32,
    time_limit: u32,
    max_attempts: u32,
    attempts: u32,
    /// DMA_SRC, DMA_DST, DMA_LEN.
    dma: [u32; 3],
    command: Option<()>,
    cmd: u32,
    checkpoint: bool,
    checkpoints: u32,
    reason: BootReason,
    detections: u32,
    kind: u32,
    accused: [bool; N],
    addr: [u32; N],
    data: [u32; N],
}

impl<const N: usize> GroupPromise<N> {
    fn new() -> Self {
        Self {
            members: [false; N],
            guest_size: 0,
            time_limit: 0,
            max_attempts: 1,
            attempts: 0,
            dma: [0; 3],
            command: None,
            cmd: 0,
            checkpoint: false,
            checkpoints: 0,
            reason: BootReason::Cold,
            detections: 0,
            kind: 0,
            accused: [false; N],
            addr: [0; N],
            data: [0; N],
        }
    }

    fn mask(tiles: &[bool; N]) -> u32 {
        tiles.iter().rev().fold(0, |mask, &tile| mask << 1 | u32::from(tile))
    }

    fn register(&self, inputs: &Frame) -> u32 {
        let of_tile = |base: u32, values: &[u32; N]| {
            let tile = (inputs.get("addr") as u32 - base) / 4;
            values.get(tile as usize).copied().unwrap_or(0)
        };
        match inputs.get("addr") as u32 {
            unit::ID => unit::ID_VALUE,
            unit::CONFIG => N as u32 + unit::LOG_DEPTH * 0x1_0000,
            unit::BOOT_REASON => self.reason as u32,
            unit::MEMBERS => Self::mask(&self.members),
            unit::GUEST_SIZE => self.guest_size,
            unit::TIME_LIMIT => self.time_limit,
            unit::MAX_ATTEMPTS => self.max_attempts,
            unit::ATTEMPTS => self.attempts,
            unit::DMA_SRC => self.dma[0],
            unit::DMA_DST => self.dma[1],
            unit::DMA_LEN => self.dma[2],
            unit::STATUS => {
                let flag = |set: bool, mask: u32| if set { mask } else { 0 };
                flag(inputs.is("busy"), unit::STATUS_BUSY)
                    + flag(self.checkpoint, unit::STATUS_CKPT_VALID)
                    + flag(inputs.is("replay"), unit::STATUS_REPLAY)
                    + 0x100 * inputs.get("seq_state") as u32
            }
            unit::LOG_LEVEL => inputs.get("log_level") as u32,
            unit::CHECKPOINTS => self.checkpoints,
            unit::DET_COUNT => self.detections,
            unit::DET_KIND => self.kind,
            unit::DET_TILE => Self::mask(&self.accused),
            unit::DET_ADDR0..=unit::DET_ADDR3 => of_tile(unit::DET_ADDR0, &self.addr),
            unit::DET_DATA0..=unit::DET_DATA3 => of_tile(unit::DET_DATA0, &self.data),
            _ => 0,
        }
    }
}

impl<const N: usize> Promise for GroupPromise<N> {
    fn expect(&self, inputs: &Frame, outputs: &mut Frame) {
        // Word registers: an offset between them is nobody's.
        let aligned = inputs.get("addr").is_multiple_of(4);
        outputs.set("rdata", if aligned { self.register(inputs) } else { 0 });
        for tile in 0..N {
            outputs.set_at("members", tile, self.members[tile]);
        }
        outputs.set("guest_size", self.guest_size);
        outputs.set("time_limit", self.time_limit);
        outputs.set("dma_src", self.dma[0]);
        outputs.set("dma_dst", self.dma[1]);
        outputs.set("dma_len", self.dma[2]);
        outputs.set("cmd_valid", self.command.is_some());
        outputs.set("cmd", self.cmd & 0xFF);
        outputs.set("cmd_tile", self.cmd >> 8 & 0xFF);
        outputs.set("ckpt_valid", self.checkpoint);
        outputs.set("due", !self.checkpoint || self.attempts >= self.max_attempts);
    }

    fn advance(&mut self, inputs: &Frame) {
        self.command = None;
        let data = inputs.get("wdata") as u32;
        if inputs.is("wr_en") {
            match inputs.get("addr") as u32 {
                unit::GUEST_SIZE => {
                    self.guest_size =
                        data.min(layout::GUEST_MAX) / layout::PAGE_SIZE * layout::PAGE_SIZE;
                }
                unit::TIME_LIMIT => self.time_limit = data,
                unit::MAX_ATTEMPTS => self.max_attempts = data.clamp(1, 255),
                unit::DMA_SRC => self.dma[0] = data / 4 * 4,
                unit::DMA_DST => self.dma[1] = data / 4 * 4,
                unit::DMA_LEN => self.dma[2] = data / 4 * 4,
                unit::CMD if !inputs.is("busy") => {
                    self.command = Some(());
                    self.cmd = data & 0xFFFF;
                }
                _ => {}
            }
        }
        if inputs.is("resume") {
            self.reason = BootReason::Resume;
        }
        if inputs.is("rollback") {
            self.attempts = (self.attempts + 1).min(255);
        }
        if inputs.is("ckpt_invalidate") {
            self.checkpoint = false;
        }
        if inputs.is("ckpt_commit") {
            self.checkpoint = true;
            self.attempts = 0;
            self.checkpoints += 1;
        }
        let record = inputs.is("det_valid");
        if record {
            self.detections += 1;
            self.kind = inputs.get("det_kind") as u32;
        }
        for tile in 0..N {
            let joined = self.members[tile] || inputs.at("add", tile) != 0;
            self.members[tile] = joined && inputs.at("drop", tile) == 0;
            if record {
                self.accused[tile] = inputs.at("det_tile", tile) != 0;
                self.addr[tile] = inputs.at("det_addr", tile) as u32;
                self.data[tile] = inputs.at("det_data", tile) as u32;
            }
        }
    }
}

fn group_cosimulates<const N: usize>() {
    let mut quiet = false;
    cosimulate(
        &format!("covert_group_n{N}"),
        Group::<N>::default,
        GroupPromise::<N>::new,
        |rng, inputs| {
            // Long stretches without a checkpoint, so that attempts run up to their end.
            quiet ^= rng.random_ratio(1, 4000);
            if quiet {
                inputs.set("ckpt_commit", false);
                inputs.set("rollback", true);
            }
        },
    );
}

#[test]
fn group_of_one_cosimulates() {
    group_cosimulates::<1>();
}

#[test]
fn group_of_two_cosimulates() {
    group_cosimulates::<2>();
}

#[test]
fn group_of_four_cosimulates() {
    group_cosimulates::<4>();
}
