//! What the model's guest does with its devices: sets them up, offers buffers of all shapes, looks at the results, and
//! now and then writes nonsense into the rings.

use covert_abi::layout::GUEST_BASE;
use covert_vmm::Exit;

use super::guest::{GENERATOR, Replica, SCRATCH};

/// Where the instruction of an access stands.
const CODE: u32 = GUEST_BASE + SCRATCH as u32;
/// Position in the set-up.
const PROGRESS: u32 = CODE + 8;
/// Rings: 256 bytes for each queue.
const RINGS: u32 = CODE + 0x1000;
const QUEUES: u32 = 6;
/// Buffers: 1 KiB for each queue, and room for a shift.
const BUFFERS: u32 = CODE + 0x1800;

const LW: u32 = 0x0005_A503; // lw a0, 0(a1)
const SW: u32 = 0x00A5_A023; // sw a0, 0(a1)
const LBU: u32 = 0x0005_C503; // lbu a0, 0(a1)
const SB: u32 = 0x00A5_8023; // sb a0, 0(a1)

const PLIC: u32 = 0x0C00_0000;
const UART: u32 = 0x1000_0000;
const VIRTIO: u32 = 0x1000_1000;

/// Device and number in it of each queue.
const PLACES: [(u32, u32); QUEUES as usize] = [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0)];
const BLOCK: u32 = 0;
const NET_IN: u32 = 1;
const NET_OUT: u32 = 2;
const PORT_IN: u32 = 3;
const PORT_OUT: u32 = 4;
const ENTROPY: u32 = 5;

/// The writes of the set-up, one after the other.
fn set_up() -> Vec<(u32, u32)> {
    let mut writes = vec![(PLIC + 0x2080, 0xFFFF_FFFE), (PLIC + 0x20_1000, 0)];
    writes.extend((1..11).map(|source| (PLIC + 4 * source, 1 + source % 7)));
    for device in 0..4 {
        let base = VIRTIO + 0x1000 * device;
        let features = [0x206, 0x20, 0, 0][device as usize];
        let mut write = |offset, value| writes.push((base + offset, value));
        for (offset, value) in [
            (0x070, 0),
            (0x070, 3),
            (0x024, 0),
            (0x020, features),
            (0x024, 1),
            (0x020, 1),
            (0x070, 11),
        ] {
            write(offset, value);
        }
        for (ring, (of, number)) in PLACES.into_iter().enumerate() {
            if of != device {
                continue;
            }
            let ring = RINGS + 0x100 * ring as u32;
            for (offset, value) in [
                (0x030, number),
                (0x038, 4),
                (0x080, ring),
                (0x090, ring + 0x40),
                (0x0A0, ring + 0x60),
                (0x044, 1),
            ] {
                write(offset, value);
            }
        }
        write(0x070, 15);
    }
    writes
}

impl Replica {
    fn word(&mut self, addr: u32) -> u32 {
        u32::from_le_bytes(self.bytes(addr, 4).unwrap().try_into().unwrap())
    }

    fn set_word(&mut self, addr: u32, value: u32) {
        self.bytes(addr, 4).unwrap().copy_from_slice(&value.to_le_bytes());
    }

    fn half(&mut self, addr: u32) -> u16 {
        u16::from_le_bytes(self.bytes(addr, 2).unwrap().try_into().unwrap())
    }

    fn set_half(&mut self, addr: u32, value: u16) {
        self.bytes(addr, 2).unwrap().copy_from_slice(&value.to_le_bytes());
    }

    /// An access to a device: the instruction, and the fault that it ends with.
    fn device(&mut self, instruction: u32, addr: u32, value: u32) -> Exit {
        self.set_word(CODE, instruction);
        self.state.vcpu.pc = CODE;
        self.state.vcpu.x[10] = value;
        self.state.vcpu.x[11] = addr;
        let store = matches!(instruction, SW | SB);
        Exit::Fault { cause: if store { 7 } else { 5 }, value: addr }
    }

    /// The driver's next deed, of those that `draw` chooses from.
    pub fn drive(&mut self, draw: u32) -> Exit {
        let progress = self.word(PROGRESS);
        if let Some((addr, value)) = set_up().get(progress as usize) {
            if progress == 0 {
                self.bytes(RINGS, 0x100 * QUEUES).unwrap().fill(0);
            }
            self.set_word(PROGRESS, progress + 1);
            return self.device(SW, *addr, *value);
        }
        let device = VIRTIO + 0x1000 * (draw >> 8 & 3);
        match draw & 31 {
            0..=4 => self.block(draw >> 5),
            5 | 6 => self.offer(NET_IN, &[(0, 4, true), (4, 0x200, true)], draw),
            7 | 8 => {
                let (cut, len) = (draw >> 5 & 31, draw >> 10 & 0xFF);
                self.offer(NET_OUT, &[(0, cut, false), (cut, len + 20, false)], draw)
            }
            9 => self.offer(PORT_IN, &[(draw & 3, 1 + (draw >> 5 & 0x3F), true)], draw),
            10 | 11 => {
                let len = draw >> 5 & 0xFF;
                self.offer(PORT_OUT, &[(1, len, false), (len, 2, false)], draw)
            }
            12 => self.offer(ENTROPY, &[(3, draw >> 5 & 7, true), (16, 9, true)], draw),
            13 | 14 => self.device(SB, UART, draw >> 5 & 0x7F),
            15 | 16 => self.device(LBU, UART + (draw >> 5 & 7), 0),
            17 => self.device(SB, UART + 1, draw >> 5 & 3),
            18..=20 => self.device(LW, PLIC + 0x20_1004, 0),
            21..=23 => {
                // Complete what was claimed, if that is what stands there.
                let source = self.state.vcpu.x[10];
                self.device(SW, PLIC + 0x20_1004, source & 15)
            }
            24 | 25 => self.device(LW, device + 0x60, 0),
            26 | 27 => self.device(SW, device + 0x64, 3),
            28 => self.device(LW, device + 0x70, 0),
            29 if draw >> 5 & 31 == 0 => {
                let place = RINGS + (draw >> 8) % (0x100 * QUEUES) / 4 * 4;
                self.set_word(place, draw.rotate_left(9));
                self.device(SW, device + 0x50, draw >> 28 & 1)
            }
            30 if draw >> 5 & 7 == 0 => {
                self.set_word(PROGRESS, 0);
                self.device(LW, device, 0)
            }
            _ => self.device(LW, device + 0x104, 0),
        }
    }

    /// A request to the disk.
    fn block(&mut self, draw: u32) -> Exit {
        let kind = [0, 0, 0, 1, 1, 1, 4, 8, 77][(draw & 15) as usize % 9];
        let sector = draw >> 4 & 0x7F;
        // Header and data need not begin anywhere in particular.
        let shift = [0, 0, 1, 2][(draw >> 11 & 3) as usize];
        let len = match kind {
            0 | 1 => 512,
            4 => 0,
            _ => 20,
        };
        let base = BUFFERS + 0x400 * BLOCK;
        self.set_word(base, kind);
        self.set_word(base + 4, 0);
        self.set_word(base + 8, if sector > 70 { sector & 3 } else { sector });
        self.set_word(base + 12, 0);
        let cut = if draw >> 13 & 1 == 0 { len } else { draw >> 14 & 0x1FF }.min(len);
        let data = 0x20 + shift;
        let writes = kind != 1;
        self.offer(
            BLOCK,
            &[
                (0, 16, false),
                (data, cut, writes),
                (data + cut + 4, len - cut, writes),
                (0x18, 1, true),
            ],
            draw,
        )
    }

    /// Makes a chain available, of parts (offset in the queue's buffer, bytes, to be written), if the last one has come
    /// back; else asks for the interrupt's cause.
    fn offer(&mut self, queue: u32, parts: &[(u32, u32, bool)], draw: u32) -> Exit {
        let ring = RINGS + 0x100 * queue;
        let buffer = BUFFERS + 0x400 * queue;
        let (device, number) = PLACES[queue as usize];
        let device = VIRTIO + 0x1000 * device;
        let available = self.half(ring + 0x42);
        if available != self.half(ring + 0x62) {
            return self.device(LW, device + 0x60, 0);
        }
        // Looks at what came with the last one.
        let bytes = self.bytes(buffer, 0x400).unwrap();
        let seen = bytes
            .iter()
            .fold(0, |seen: u32, byte| seen.wrapping_mul(31).wrapping_add((*byte).into()));
        self.state.vcpu.x[GENERATOR] ^= seen;
        for (index, (offset, len, writes)) in parts.iter().enumerate() {
            let at = ring + 16 * index as u32;
            let next = u32::from(index + 1 < parts.len());
            self.set_word(at, buffer + offset);
            self.set_word(at + 4, 0);
            self.set_word(at + 8, *len);
            self.set_word(at + 12, next | u32::from(*writes) << 1 | (index as u32 + 1) << 16);
        }
        self.set_half(ring + 0x40, (draw >> 20 & 1) as u16);
        self.set_half(ring + 0x44 + 2 * u32::from(available % 4), 0);
        self.set_half(ring + 0x42, available.wrapping_add(1));
        self.device(SW, device + 0x50, number)
    }
}
