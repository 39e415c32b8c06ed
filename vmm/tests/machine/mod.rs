//! One machine alone, with devices that answer at once: for tests that play the driver.

use std::collections::VecDeque;

use covert_abi::{
    BootDescriptor, Segment,
    boot::{self, MAX_SEGMENTS},
    io::{BLK_DONE, BLK_FAILED, BLK_READ, BLK_WRITE, NET_PRESENT, SECTOR_SIZE},
    layout::{GUEST_BASE, GUEST_OFFSET, REGION_STRIDE},
    unit::{INPUT_BLK, INPUT_NET, INPUT_UART_RX},
};
use covert_vmm::{
    Action, Chip, Event, Exit, Inputs, ReplicaState,
    console::Uart,
    device::virtio::BUFFER_OFFSET,
    memory::{BUFFER_SIZE, Slices},
    step,
};

pub const RAM: u32 = 0x2_0000;
/// Where the instruction of an access stands: the end of RAM.
const CODE: u32 = GUEST_BASE + RAM - 4;

const LW: u32 = 0x0005_A503; // lw a0, 0(a1)
const SW: u32 = 0x00A5_A023; // sw a0, 0(a1)
const LBU: u32 = 0x0005_C503; // lbu a0, 0(a1)
const SB: u32 = 0x00A5_8023; // sb a0, 0(a1)

/// The machine, and what stands around it.
pub struct Machine {
    pub state: ReplicaState,
    pub ram: Vec<u8>,
    buffer: Vec<u8>,
    io: Vec<u8>,
    pub disk: Vec<u8>,
    done: bool,
    failed: bool,
    pub sent: Vec<Vec<u8>>,
    /// Frames to come.
    pub frames: VecDeque<Vec<u8>>,
    posted: Option<u32>,
    frame_len: u32,
    pub printed: Vec<u8>,
    /// Bytes to come at the console.
    pub typed: VecDeque<u8>,
    pub exit: Option<u32>,
    /// `WAKE_MASK` of the last wait.
    pub mask: u32,
    random: u32,
}

struct Line<'a>(&'a mut Vec<u8>, &'a mut VecDeque<u8>);

impl Uart for Line<'_> {
    fn receive(&mut self) -> u32 {
        let count = self.1.len().min(3);
        let bytes = self.1.drain(..count).enumerate();
        bytes.fold((count as u32) << 24, |word, (lane, byte)| word | u32::from(byte) << (8 * lane))
    }
    fn connected(&mut self) -> bool {
        true
    }
    fn send(&mut self, packed: u32) {
        self.0.extend((0..packed >> 24).map(|lane| (packed >> (8 * lane)) as u8));
    }
}

impl Machine {
    pub fn new(read_only: bool) -> Self {
        let descriptor = BootDescriptor {
            magic: boot::MAGIC,
            version: boot::VERSION,
            image_len: 0x3000,
            guest_size: RAM,
            guest_entry: GUEST_BASE,
            guest_dtb: 0,
            epoch: 1000,
            checkpoint_every: 10,
            time_limit: 10_000,
            max_attempts: 3,
            io_size: REGION_STRIDE,
            segment_count: 0,
            segments: [Segment::default(); MAX_SEGMENTS],
        };
        let chip = Chip {
            tiles: 1,
            log_depth: 2048,
            members: 1,
            sectors: 64,
            read_only,
            mac: [0x3322_1102, NET_PRESENT | 0x5544],
        };
        let mut machine = Self {
            state: ReplicaState::cold(&descriptor, chip).unwrap(),
            ram: vec![0; RAM as usize],
            buffer: vec![0; BUFFER_SIZE as usize],
            io: vec![0; REGION_STRIDE as usize],
            disk: vec![0; 64 * SECTOR_SIZE as usize],
            done: false,
            failed: false,
            sent: Vec::new(),
            frames: VecDeque::new(),
            posted: None,
            frame_len: 0,
            printed: Vec::new(),
            typed: VecDeque::new(),
            exit: None,
            mask: 0,
            random: 0,
        };
        machine.go(Event::Cold);
        machine
    }

    /// Goes on until the guest runs, or is gone.
    fn go(&mut self, first: Event) {
        let mut event = first;
        for _ in 0..100_000 {
            let mut memory = Slices { ram: &mut self.ram, buffer: &mut self.buffer };
            let action = step(&mut self.state, &mut memory, event);
            match action {
                Action::Run => return,
                Action::PowerOff { code } => {
                    self.exit = Some(code);
                    return;
                }
                action => event = self.perform(action),
            }
        }
        panic!("the guest does not come to run");
    }

    fn perform(&mut self, action: Action) -> Event {
        let done = |value| Event::IoDone { value, log_level: 0 };
        match action {
            Action::EndEpoch { mask, .. } => {
                self.mask = mask;
                Event::EpochEnded(self.inputs())
            }
            Action::ConsoleWrite { addr, len } => {
                let bytes = &self.ram[(addr - GUEST_BASE) as usize..][..len as usize];
                self.printed.extend(bytes);
                Event::ConsoleDone { count: len, end: false, byte: 0, log_level: 0 }
            }
            Action::ConsoleRead { addr, len } => {
                let out = &mut self.ram[(addr - GUEST_BASE) as usize..][..len as usize];
                let mut line = Line(&mut self.printed, &mut self.typed);
                let (count, end) = self.state.console.receive(&mut line, out);
                Event::ConsoleDone { count, end, byte: 0, log_level: 0 }
            }
            Action::ConsoleReadByte => {
                let mut byte = [0];
                let mut line = Line(&mut self.printed, &mut self.typed);
                let (count, end) = self.state.console.receive(&mut line, &mut byte);
                Event::ConsoleDone { count, end, byte: byte[0], log_level: 0 }
            }
            Action::ConsoleSend(packed) => {
                Line(&mut self.printed, &mut self.typed).send(packed);
                done(0)
            }
            Action::ConsoleFetch => done(Line(&mut self.printed, &mut self.typed).receive()),
            Action::CopyIn { io, domain, len } => {
                let bytes = self.io[io as usize..][..len as usize].to_vec();
                self.domain(domain, len).copy_from_slice(&bytes);
                done(0)
            }
            Action::CopyOut { domain, io, len } => {
                let bytes = self.domain(domain, len).to_vec();
                self.io[io as usize..][..len as usize].copy_from_slice(&bytes);
                done(0)
            }
            Action::BlockStart { command, sector, count, io } => {
                self.block(command, sector, count, io);
                done(0)
            }
            Action::BlockStatus => {
                let done_bit = if self.done { BLK_DONE } else { 0 };
                let status = done_bit | if self.failed { BLK_FAILED } else { 0 };
                self.done = false;
                done(status)
            }
            Action::NetSend { io, len } => {
                assert!((14..=1514).contains(&len));
                self.sent.push(self.io[io as usize..][..len as usize].to_vec());
                done(0)
            }
            Action::NetPost { io } => {
                self.posted = Some(io);
                self.frame_len = 0;
                done(0)
            }
            Action::NetLength => done(self.frame_len),
            Action::Random => {
                self.random += 0x0101_0101;
                done(self.random)
            }
            Action::Checkpoint => {
                Event::CommandDone { busy: false, checkpoint_valid: true, members: 1 }
            }
            other => panic!("{other:?}"),
        }
    }

    fn inputs(&mut self) -> Inputs {
        if let Some(io) = self.posted
            && self.frame_len == 0
            && let Some(frame) = self.frames.pop_front()
        {
            self.io[io as usize..][..frame.len()].copy_from_slice(&frame);
            self.frame_len = frame.len() as u32;
        }
        let mut flags = if self.done { INPUT_BLK } else { 0 };
        flags |= if self.frame_len == 0 { 0 } else { INPUT_NET };
        flags |= if self.typed.is_empty() { 0 } else { INPUT_UART_RX };
        Inputs { time: 0, flags, log_level: 0 }
    }

    fn block(&mut self, command: u32, sector: u64, count: u32, io: u32) {
        assert!(!self.done, "a command while one is done");
        let len = (count * SECTOR_SIZE) as usize;
        let disk = &mut self.disk[sector as usize * SECTOR_SIZE as usize..][..len];
        let io = &mut self.io[io as usize..][..len];
        match command {
            BLK_READ => io.copy_from_slice(disk),
            BLK_WRITE => disk.copy_from_slice(io),
            _ => {}
        }
        self.done = true;
        self.failed = false;
    }

    /// What a copy command may have: words of guest RAM or of the buffer. Panics at anything else.
    fn domain(&mut self, offset: u32, len: u32) -> &mut [u8] {
        assert_eq!((offset | len) & 3, 0, "{offset:#x} {len:#x}");
        if offset >= GUEST_OFFSET {
            &mut self.ram[(offset - GUEST_OFFSET) as usize..][..len as usize]
        } else {
            let at = offset.checked_sub(BUFFER_OFFSET).expect("the bounce buffer");
            &mut self.buffer[at as usize..][..len as usize]
        }
    }

    /// The guest's epoch ends.
    pub fn epoch(&mut self) {
        self.state.epoch.left = 0;
        self.go(Event::Exit(Exit::Epoch));
    }

    /// The guest waits for an interrupt, which comes within an epoch.
    pub fn idle(&mut self, wfi: u32) {
        self.go(Event::Exit(Exit::Illegal { instruction: wfi }));
    }

    fn access(&mut self, instruction: u32, addr: u32, value: u32) -> u32 {
        assert_eq!(self.exit, None);
        self.write32(CODE, instruction);
        let vcpu = &mut self.state.vcpu;
        (vcpu.pc, vcpu.x[10], vcpu.x[11]) = (CODE, value, addr);
        let cause = if matches!(instruction, SW | SB) { 7 } else { 5 };
        self.go(Event::Exit(Exit::Fault { cause, value: addr }));
        self.state.vcpu.x[10]
    }

    pub fn load(&mut self, addr: u32) -> u32 {
        self.access(LW, addr, 0)
    }

    pub fn store(&mut self, addr: u32, value: u32) {
        self.access(SW, addr, value);
    }

    pub fn load_byte(&mut self, addr: u32) -> u8 {
        self.access(LBU, addr, 0) as u8
    }

    pub fn store_byte(&mut self, addr: u32, value: u8) {
        self.access(SB, addr, u32::from(value));
    }

    /// An SBI call; error and value.
    pub fn call(&mut self, extension: u32, function: u32, args: [u32; 3]) -> (u32, u32) {
        let x = &mut self.state.vcpu.x;
        x[10..13].copy_from_slice(&args);
        (x[16], x[17]) = (function, extension);
        self.go(Event::Exit(Exit::Call));
        (self.state.vcpu.x[10], self.state.vcpu.x[11])
    }

    pub fn bytes(&mut self, addr: u32, len: u32) -> &mut [u8] {
        &mut self.ram[(addr - GUEST_BASE) as usize..][..len as usize]
    }

    pub fn write32(&mut self, addr: u32, value: u32) {
        self.bytes(addr, 4).copy_from_slice(&value.to_le_bytes());
    }

    pub fn write16(&mut self, addr: u32, value: u16) {
        self.bytes(addr, 2).copy_from_slice(&value.to_le_bytes());
    }

    pub fn read16(&mut self, addr: u32) -> u16 {
        u16::from_le_bytes(self.bytes(addr, 2).try_into().unwrap())
    }

    pub fn read32(&mut self, addr: u32) -> u32 {
        u32::from_le_bytes(self.bytes(addr, 4).try_into().unwrap())
    }
}
