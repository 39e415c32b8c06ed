//! A model of the chip around the replication logic: tiles with their domains, comparator, log, barrier,
//! sequencer and checkpoint slot, as docs/chip.md has them, but with whole actions instead of bus cycles.

pub mod device;
pub mod driver;
pub mod guest;

use covert_abi::{
    BootDescriptor, Detection, Segment,
    boot::{self, MAX_SEGMENTS},
    io::NET_PRESENT,
    layout::{GUEST_BASE, GUEST_OFFSET, REGION_STRIDE},
};
use covert_vmm::{Action, Chip, Event, ReplicaState, console, device::virtio::BUFFER_OFFSET, step};

use device::{Access, Answer, SECTORS, Script, World};
use guest::{RAM, Replica};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The guest ended; the exit device's word.
    PoweredOff(u32),
    /// Detected, unrecoverable.
    Due(Detection),
    /// No end within the turns a run may take.
    Hang,
}

/// What the checkers do; a test breaks them to see itself fail.
#[derive(Clone, Copy)]
pub struct Checkers {
    pub outputs: bool,
    pub fingerprints: bool,
    pub checkpoints: bool,
}

/// How a model is set up.
#[derive(Clone, Debug)]
pub struct Plan {
    pub tiles: u32,
    pub log_depth: u32,
    pub epoch: u32,
    pub checkpoint_every: u32,
    pub max_attempts: u32,
    /// Requests of the guest until it shuts down.
    pub life: u32,
}

/// The chip.
pub struct Model {
    plan: Plan,
    pub checkers: Checkers,
    pub replicas: Vec<Replica>,
    /// The answer that each member's machine gets next.
    events: Vec<Event>,
    pub members: u32,
    copy_left: u32,
    slot: Option<Replica>,
    log: Vec<(Access, Answer)>,
    position: usize,
    attempts: u32,
    pub world: World,
    pub turns: u64,
    pub detections: Vec<(u64, Detection)>,
    pub checkpoints: u32,
    /// The last action was a checkpoint.
    pub committed: bool,
}

/// What kept an action from being done.
type Refused = Detection;

impl Model {
    pub fn new(plan: Plan, world: World) -> Self {
        let tiles = plan.tiles as usize;
        let mut replicas = vec![Replica::new(); tiles];
        let chip = Chip {
            tiles: plan.tiles,
            log_depth: plan.log_depth,
            members: 1,
            sectors: u64::from(SECTORS),
            read_only: false,
            mac: [0x3322_1102, NET_PRESENT | 0x5544],
        };
        replicas[0].state = ReplicaState::cold(&descriptor(&plan), chip).unwrap();
        Self {
            checkers: Checkers { outputs: true, fingerprints: true, checkpoints: true },
            replicas,
            events: vec![Event::Cold; tiles],
            members: 1,
            copy_left: 0,
            slot: None,
            log: Vec::new(),
            position: 0,
            attempts: 0,
            world,
            turns: 0,
            detections: Vec::new(),
            checkpoints: 0,
            committed: false,
            plan,
        }
    }

    /// The members' numbers.
    pub fn tiles(&self) -> Vec<usize> {
        (0..self.plan.tiles as usize).filter(|tile| self.members >> tile & 1 != 0).collect()
    }

    /// Whether a fault now finds a checkpoint to go back to.
    pub fn protected(&self) -> bool {
        self.slot.is_some()
    }

    /// One action of each member; the outcome if it was the last.
    pub fn turn(&mut self) -> Option<Outcome> {
        self.turns += 1;
        let tiles = self.tiles();
        let mut actions = Vec::new();
        for &tile in &tiles {
            let (state, mut memory) = self.replicas[tile].parts();
            actions.push(step(state, &mut memory, self.events[tile]));
        }
        match self.perform(&tiles, &actions) {
            Ok(outcome) => outcome,
            Err(kind) => self.detect(kind),
        }
    }

    /// What the sequencer does on a detection.
    pub fn detect(&mut self, kind: Detection) -> Option<Outcome> {
        self.detections.push((self.turns, kind));
        let slot = match &self.slot {
            Some(slot) if self.attempts < self.plan.max_attempts => slot.clone(),
            _ => return Some(Outcome::Due(kind)),
        };
        self.attempts += 1;
        self.position = 0;
        self.resume(&slot);
        None
    }

    fn resume(&mut self, from: &Replica) {
        for tile in self.tiles() {
            self.replicas[tile] = from.clone();
            self.events[tile] = Event::Resumed { members: self.members };
        }
    }

    fn answer(&mut self, event: Event) {
        for tile in self.tiles() {
            self.events[tile] = event;
        }
    }

    fn command_done(&mut self, busy: bool) {
        let (checkpoint_valid, members) = (self.slot.is_some(), self.members);
        self.answer(Event::CommandDone { busy, checkpoint_valid, members });
    }

    fn perform(&mut self, tiles: &[usize], actions: &[Action]) -> Result<Option<Outcome>, Refused> {
        for action in actions {
            if let Action::Fail(failure) = action {
                assert!(self.protected(), "the VMM failed without a fault: {failure:?}");
                return Err(Detection::Vmm);
            }
        }
        let action = actions[0];
        self.committed = false;
        if let Some(other) = actions.iter().find(|other| **other != action) {
            let epochs = matches!(action, Action::EndEpoch { .. })
                && matches!(other, Action::EndEpoch { .. });
            if epochs && self.checkers.fingerprints {
                return Err(Detection::Fingerprint);
            }
            if !epochs && self.checkers.outputs {
                // Without a partner for its transaction a member waits until the limit.
                return Err(Detection::TimeLimit);
            }
        }
        match action {
            Action::Run => {
                for &tile in tiles {
                    self.events[tile] = Event::Exit(self.replicas[tile].run(self.plan.life));
                }
            }
            Action::EndEpoch { wake, mask, .. } => {
                let answer = self.access(Access::Inputs { wake, mask })?;
                let inputs = answer.inputs(self.position as u32);
                self.answer(Event::EpochEnded(inputs));
            }
            Action::Load { segment } => {
                for &tile in tiles {
                    self.replicas[tile].ram[segment as usize * 8..][..8].fill(segment as u8 + 1);
                }
                self.command_done(false);
            }
            Action::Precopy { .. } => {
                self.copy_left = 5;
                self.command_done(true);
            }
            Action::Poll => {
                self.copy_left = self.copy_left.saturating_sub(1);
                self.command_done(self.copy_left != 0);
            }
            Action::Join { tile } => {
                assert_eq!(self.members >> tile & 1, 0, "tile {tile} joins twice");
                let lowest = self.replicas[tiles[0]].clone();
                self.members |= 1 << tile;
                self.resume(&lowest);
            }
            Action::Checkpoint => {
                let lowest = &self.replicas[tiles[0]];
                let equal = tiles.iter().all(|tile| self.replicas[*tile] == *lowest);
                if self.checkers.checkpoints && !equal {
                    return Err(Detection::Checkpoint);
                }
                self.slot = Some(lowest.clone());
                assert_eq!(self.position, self.log.len(), "a checkpoint in the middle of a replay");
                self.log.clear();
                self.position = 0;
                self.attempts = 0;
                self.checkpoints += 1;
                self.committed = true;
                self.command_done(false);
            }
            Action::Drop { tile } => {
                self.members &= !(1 << tile);
                if self.members.count_ones() == 1 {
                    self.slot = None;
                    self.log.clear();
                    self.position = 0;
                }
                self.command_done(false);
            }
            Action::PowerOff { code } => {
                self.access(Access::Exit(code))?;
                return Ok(Some(Outcome::PoweredOff(code)));
            }
            Action::ConsoleWrite { .. } | Action::ConsoleRead { .. } | Action::ConsoleReadByte => {
                self.console(tiles, actions)?
            }
            Action::ConsoleSend(packed) => self.io(Access::Send(packed))?,
            Action::ConsoleFetch => self.io(Access::Receive)?,
            Action::BlockStart { command, sector, count, io } => {
                self.io(Access::Block { command, sector, count, io })?
            }
            Action::BlockStatus => self.io(Access::BlockStatus)?,
            Action::NetSend { io, len } => {
                let frame = self.world.frame(io, len);
                self.io(frame)?
            }
            Action::NetPost { io } => self.io(Access::Post(io))?,
            Action::NetLength => self.io(Access::Length)?,
            Action::Random => self.io(Access::Random)?,
            Action::CopyIn { io, domain, len } => {
                for &tile in tiles {
                    let to = self.replicas[tile].domain(domain, len).ok_or(Detection::Gate)?;
                    to.copy_from_slice(&self.world.io[io as usize..][..len as usize]);
                }
                self.answer(Event::IoDone { value: 0, log_level: 0 });
            }
            Action::CopyOut { domain, io, len } => {
                let mut bytes = Vec::new();
                for &tile in tiles {
                    let from = self.replicas[tile].domain(domain, len).ok_or(Detection::Gate)?;
                    bytes.push(from.to_vec());
                }
                if self.checkers.outputs && bytes.iter().any(|other| *other != bytes[0]) {
                    return Err(Detection::Output);
                }
                self.world.io[io as usize..][..len as usize].copy_from_slice(&bytes[0]);
                self.answer(Event::IoDone { value: 0, log_level: 0 });
            }
            Action::Fail(_) => unreachable!("taken above"),
        }
        Ok(None)
    }

    /// An action that is one access.
    fn io(&mut self, access: Access) -> Result<(), Refused> {
        let value = self.access(access)?.word;
        self.answer(Event::IoDone { value, log_level: self.position as u32 });
        Ok(())
    }

    /// A console action, access by access: each is released when all members ask for the same.
    fn console(&mut self, tiles: &[usize], actions: &[Action]) -> Result<(), Refused> {
        let mut answers = Vec::new();
        loop {
            let mut wants = Vec::new();
            let mut done = Vec::new();
            for (&tile, &action) in tiles.iter().zip(actions) {
                let mut replica = self.replicas[tile].clone();
                let mut script = Script::new(&answers);
                let event = console_action(&mut replica, &mut script, action)?;
                wants.push(script.wants);
                done.push((tile, replica, event));
            }
            let differ = wants.iter().any(|want| *want != wants[0]);
            if differ && self.checkers.outputs {
                return Err(Detection::Output);
            }
            if let Some(access) = wants[0] {
                answers.push(self.access(access)?);
                continue;
            }
            let level = self.position as u32;
            for (tile, replica, (count, end, byte)) in done {
                self.replicas[tile] = replica;
                self.events[tile] = Event::ConsoleDone { count, end, byte, log_level: level };
            }
            return Ok(());
        }
    }

    /// An agreed, logged access: from the log in a replay, else from the world.
    fn access(&mut self, access: Access) -> Result<Answer, Refused> {
        if self.slot.is_none() {
            return Ok(self.world.access(access));
        }
        if let Some((logged, answer)) = self.log.get(self.position) {
            if *logged != access {
                return Err(Detection::Replay);
            }
            self.position += 1;
            return Ok(*answer);
        }
        // An input set takes three entries on the chip.
        let depth = self.plan.log_depth as usize;
        if self.position >= depth {
            return Err(Detection::LogFull);
        }
        let answer = self.world.access(access);
        self.log.push((access, answer));
        self.position += 1;
        Ok(answer)
    }
}

impl Replica {
    /// Bytes of the domain, if a copy command may have them: words of guest RAM, or of the buffer.
    fn domain(&mut self, offset: u32, len: u32) -> Option<&mut [u8]> {
        if (offset | len) & 3 != 0 {
            return None;
        }
        if offset >= GUEST_OFFSET {
            return self.bytes(offset - GUEST_OFFSET + GUEST_BASE, len);
        }
        self.buffer.get_mut(offset.checked_sub(BUFFER_OFFSET)? as usize..)?.get_mut(..len as usize)
    }
}

/// A console action of one member: bytes moved, end of input, byte.
fn console_action(
    replica: &mut Replica,
    uart: &mut Script<'_>,
    action: Action,
) -> Result<(u32, bool, u8), Refused> {
    let mut console = replica.state.console;
    let mut byte = [0];
    let (count, end) = match action {
        Action::ConsoleWrite { addr, len } => {
            let bytes = replica.bytes(addr, len).ok_or(Detection::Gate)?;
            (console::transmit(uart, bytes), false)
        }
        Action::ConsoleRead { addr, len } => {
            let bytes = replica.bytes(addr, len).ok_or(Detection::Gate)?;
            console.receive(uart, bytes)
        }
        _ => console.receive(uart, &mut byte),
    };
    replica.state.console = console;
    Ok((count, end, byte[0]))
}

/// A boot descriptor for the plan.
fn descriptor(plan: &Plan) -> BootDescriptor {
    let mut segments = [Segment::default(); MAX_SEGMENTS];
    segments[1].src = 64;
    for segment in &mut segments {
        segment.dst = GUEST_BASE;
        segment.len = 8;
    }
    BootDescriptor {
        magic: boot::MAGIC,
        version: boot::VERSION,
        image_len: 0x3000,
        guest_size: RAM as u32,
        guest_entry: GUEST_BASE,
        guest_dtb: 0,
        epoch: plan.epoch,
        checkpoint_every: plan.checkpoint_every,
        time_limit: 10_000,
        max_attempts: plan.max_attempts,
        io_size: REGION_STRIDE,
        segment_count: 2,
        segments,
    }
}
