//! A guest for the model: a generator that retires some instructions, looks at all it can see, and asks for
//! something, of its firmware or (in [`driver`](super::driver)) of a device. All of it depends on nothing but its registers and its RAM, as a real guest's instructions do.

use covert_abi::layout::GUEST_BASE;
use covert_vmm::{
    Exit, ReplicaState,
    memory::{BUFFER_SIZE, Slices},
};

/// Bytes of guest RAM.
pub const RAM: usize = 0x5000;
/// Bytes of it that the generator writes to; the rest is the driver's.
pub const SCRATCH: usize = 0x1000;
/// Register that holds the generator; x10 and x11 carry what the VMM answered.
pub const GENERATOR: usize = 8;
/// Register that counts what the guest asked for.
const COUNT: usize = 9;

const RDTIME: u32 = 0xC010_2573;
const RDINSTRET: u32 = 0xC020_2573;
const WFI: u32 = 0x1050_0073;

/// One replica: what stands in its tile's domain.
#[derive(Clone, PartialEq, Eq)]
pub struct Replica {
    pub state: ReplicaState,
    pub ram: Vec<u8>,
    pub buffer: Vec<u8>,
}

impl Replica {
    pub fn new() -> Self {
        Self {
            state: ReplicaState::default(),
            ram: vec![0; RAM],
            buffer: vec![0; BUFFER_SIZE as usize],
        }
    }

    /// State and memory, as the machine takes them.
    pub fn parts(&mut self) -> (&mut ReplicaState, Slices<'_>) {
        (&mut self.state, Slices { ram: &mut self.ram, buffer: &mut self.buffer })
    }

    /// The guest's bytes, if the range is inside its RAM (the gate refuses all else).
    pub fn bytes(&mut self, addr: u32, len: u32) -> Option<&mut [u8]> {
        let start = addr.checked_sub(GUEST_BASE)? as usize;
        self.ram.get_mut(start..start.checked_add(len as usize)?)
    }

    /// Runs the guest to its next exit. It shuts down after `life` requests.
    pub fn run(&mut self, life: u32) -> Exit {
        let state = &mut self.state;
        let x = &mut state.vcpu.x;
        // What the guest sees decides what it does: answers, faults, interrupts, its own RAM.
        let place = x[GENERATOR] as usize % RAM;
        let mut seen = x[GENERATOR] ^ x[10].rotate_left(7) ^ x[11].rotate_left(13);
        seen ^= state.vcpu.pc.rotate_left(3) ^ u32::from(self.ram[place]) ^ state.vcpu.interrupts;
        let next = seen.wrapping_mul(0x915F_77F5).wrapping_add(0x6C07_8965);
        let next = next ^ next >> 15;
        x[GENERATOR] = next;
        self.ram[(next >> 8) as usize % SCRATCH] ^= next as u8;
        state.epoch.fingerprint = (state.epoch.fingerprint ^ next).wrapping_mul(0x9E37_79B1);

        let instructions = next % 97 + 1;
        if instructions >= state.epoch.left {
            state.epoch.left = 0;
            return Exit::Epoch;
        }
        state.epoch.left -= instructions;
        x[COUNT] = x[COUNT].wrapping_add(1);
        if x[COUNT] >= life {
            return self.call(0x5352_5354, 0, [0, 0, 0]);
        }
        // A trap handler in RAM, so that faults go somewhere; interrupts enabled for wfi.
        state.vcpu.supervisor.stvec = GUEST_BASE + 0x40;
        state.vcpu.supervisor.sie = 1 << 5 | 1 << 9;
        let place = GUEST_BASE + (next >> 4) % (SCRATCH as u32 - 0x100);
        let len = next >> 20 & 0xFF;
        if next & 0x300 != 0 {
            return self.drive(next.rotate_left(11));
        }
        match next >> 28 {
            0 => Exit::Illegal { instruction: RDTIME },
            1 => Exit::Illegal { instruction: RDINSTRET },
            2 => Exit::Illegal { instruction: next },
            3 => Exit::Fault { cause: 5, value: next },
            4 => {
                let deadline = state.clock.now(&state.epoch) + u64::from(next % 5000);
                self.call(0x5449_4D45, 0, [deadline as u32, (deadline >> 32) as u32, 0])
            }
            5 if state.clock.deadline != u64::MAX => Exit::Illegal { instruction: WFI },
            6..=8 => self.call(0x4442_434E, 0, [len, place, 0]),
            9 | 10 => self.call(0x4442_434E, 1, [len, place, 0]),
            11 => self.call(0x4442_434E, 2, [next, 0, 0]),
            12 => self.call(1, 0, [next, 0, 0]),
            13 => self.call(2, 0, [0; 3]),
            // Buffers that are not the guest's.
            14 => self.call(0x4442_434E, next & 1, [next, place.rotate_left(4), 0]),
            _ => self.call(0x10, 3, [next, 0, 0]),
        }
    }

    fn call(&mut self, extension: u32, function: u32, args: [u32; 3]) -> Exit {
        let x = &mut self.state.vcpu.x;
        x[10..13].copy_from_slice(&args);
        x[16] = function;
        x[17] = extension;
        Exit::Call
    }
}
