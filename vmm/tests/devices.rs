//! The guest's devices as a driver sees them: requests of all shapes end as the virtio specification has it, and no
//! ring, however made, hurts anything outside guest RAM.

#[expect(unreachable_pub, reason = "the machine is a module of this test alone")]
mod machine;

use covert_abi::layout::GUEST_BASE;
use machine::{Machine, RAM};
use proptest::prelude::*;

const VIRTIO: u32 = 0x1000_1000;
const BLOCK: u32 = VIRTIO;
const NET: u32 = VIRTIO + 0x1000;
const CONSOLE: u32 = VIRTIO + 0x2000;
const ENTROPY: u32 = VIRTIO + 0x3000;
const UART: u32 = 0x1000_0000;
const PLIC: u32 = 0x0C00_0000;
const CLAIM: u32 = PLIC + 0x20_1004;
const DBCN: u32 = 0x4442_434E;

const RINGS: u32 = GUEST_BASE;
/// Entries of each queue.
const SIZE: u32 = 8;
/// Where buffers may be.
const DATA: u32 = GUEST_BASE + 0x1000;

/// Rings of a device's queue.
#[derive(Clone, Copy)]
struct Rings {
    device: u32,
    number: u32,
    base: u32,
}

impl Rings {
    fn new(device: u32, number: u32) -> Self {
        let base = RINGS + 0x200 * ((device - VIRTIO) / 0x1000 * 2 + number);
        Self { device, number, base }
    }

    /// Makes a chain available: address, bytes, to be written.
    fn offer(&self, machine: &mut Machine, parts: &[(u32, u32, bool)]) {
        let index = machine.read16(self.base + 0x82);
        for (number, (addr, len, writes)) in parts.iter().enumerate() {
            let at = self.base + 16 * number as u32;
            let next = u32::from(number + 1 < parts.len());
            for (word, value) in
                [*addr, 0, *len, next | u32::from(*writes) << 1 | (number as u32 + 1) << 16]
                    .into_iter()
                    .enumerate()
            {
                machine.write32(at + 4 * word as u32, value);
            }
        }
        machine.write16(self.base + 0x84 + 2 * (u32::from(index) % SIZE), 0);
        machine.write16(self.base + 0x82, index.wrapping_add(1));
        machine.store(self.device + 0x50, self.number);
    }

    /// Chains given back so far, and the bytes written to the last.
    fn used(&self, machine: &mut Machine) -> (u16, u32) {
        let count = machine.read16(self.base + 0xA2);
        let slot = u32::from(count.wrapping_sub(1)) % SIZE;
        (count, machine.read32(self.base + 0xA8 + 8 * slot))
    }
}

/// Sets a device up with these features and its queues.
fn drive(machine: &mut Machine, device: u32, features: u32, queues: u32) {
    for (offset, value) in
        [(0x070, 0), (0x070, 3), (0x024, 0), (0x020, features), (0x024, 1), (0x020, 1), (0x070, 11)]
    {
        machine.store(device + offset, value);
    }
    assert_eq!(machine.load(device + 0x070), 11);
    for number in 0..queues {
        let base = Rings::new(device, number).base;
        machine.bytes(base, 0x200).fill(0);
        for (offset, value) in [
            (0x030, number),
            (0x038, SIZE),
            (0x080, base),
            (0x084, 0),
            (0x090, base + 0x80),
            (0x094, 0),
            (0x0A0, base + 0xA0),
            (0x0A4, 0),
            (0x044, 1),
        ] {
            machine.store(device + offset, value);
        }
    }
    machine.store(device + 0x070, 15);
}

/// Lets every interrupt through.
fn enable(machine: &mut Machine) {
    for source in 1..=10 {
        machine.store(PLIC + 4 * source, 1);
    }
    machine.store(PLIC + 0x2080, 0x7FE);
}

/// A request to the disk; its status, once the disk has ended it.
fn request(
    machine: &mut Machine,
    kind: u32,
    sector: u32,
    segments: &[(u32, u32)],
) -> Option<(u8, u32)> {
    let rings = Rings::new(BLOCK, 0);
    let header = DATA + 0xF000;
    for (word, value) in [kind, 0, sector, 0].into_iter().enumerate() {
        machine.write32(header + 4 * word as u32, value);
    }
    machine.bytes(header + 16, 1)[0] = 0xFF;
    let mut parts = vec![(header, 16, false)];
    parts.extend(segments.iter().map(|(addr, len)| (*addr, *len, kind != 1)));
    parts.push((header + 16, 1, true));
    let before = rings.used(machine).0;
    rings.offer(machine, &parts);
    machine.epoch();
    let (after, written) = rings.used(machine);
    (after == before.wrapping_add(1)).then(|| (machine.bytes(header + 16, 1)[0], written))
}

/// Segments of `len` bytes in all, divided at these places, each shifted somewhere.
fn divided(len: u32, cuts: &[u32], shifts: &[u32]) -> Vec<(u32, u32)> {
    let mut cuts: Vec<u32> = cuts.iter().map(|cut| cut % len).collect();
    cuts.sort_unstable();
    cuts.push(len);
    let mut from = 0;
    let mut segments = Vec::new();
    for (number, cut) in cuts.into_iter().enumerate() {
        let shift = shifts[number % shifts.len()];
        segments.push((DATA + 0x2800 * number as u32 + shift, cut - from));
        from = cut;
    }
    segments
}

/// Random cases of each property; `COVERT_TEST_FULL` asks for many.
fn config() -> ProptestConfig {
    let cases = if std::env::var_os("COVERT_TEST_FULL").is_some_and(|value| value == "1") {
        5000
    } else {
        64
    };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// What is written to the disk stands there and is read back, however the buffers lie.
    #[test]
    fn the_disk_keeps_what_it_is_given(
        sector in 0..64u32, count in 1..20u32, seed: u8,
        cuts in proptest::collection::vec(any::<u32>(), 0..5),
        shifts in proptest::collection::vec(0..8u32, 1..4),
        words in any::<bool>(),
    ) {
        let mut machine = Machine::new(false);
        drive(&mut machine, BLOCK, 0x206, 1);
        let len = 512 * count;
        let mask = if words { !3 } else { !0 };
        let cuts: Vec<u32> = cuts.iter().map(|cut| cut & mask).collect();
        let shifts: Vec<u32> = shifts.iter().map(|shift| shift & mask).collect();
        let segments = divided(len, &cuts, &shifts);
        let mut data = Vec::new();
        for (addr, len) in &segments {
            for (at, byte) in machine.bytes(*addr, *len).iter_mut().enumerate() {
                *byte = (at as u8).wrapping_mul(31) ^ seed;
            }
            data.extend_from_slice(machine.bytes(*addr, *len));
        }
        let outcome = request(&mut machine, 1, sector, &segments);
        let fits = sector + count <= 64;
        prop_assert_eq!(outcome, Some((u8::from(!fits), 1)));
        if !fits {
            prop_assert!(machine.disk.iter().all(|byte| *byte == 0));
            return Ok(());
        }
        prop_assert!(machine.disk[512 * sector as usize..][..len as usize] == data[..]);
        let shifts: Vec<u32> = shifts.iter().map(|shift| (shift + 4) % 8).collect();
        let segments = divided(len, &cuts, &shifts);
        let before = machine.ram.clone();
        let outcome = request(&mut machine, 0, sector, &segments);
        prop_assert_eq!(outcome, Some((0, len + 1)));
        let mut read = Vec::new();
        for (addr, len) in &segments {
            read.extend_from_slice(machine.bytes(*addr, *len));
        }
        prop_assert!(read == data, "read back");
        // Nothing but the buffers (and rings, header, code) has changed.
        for at in 0x1000..RAM - 0x2000 {
            let addr = GUEST_BASE + at;
            let inside = segments.iter().any(|(from, len)| addr >= *from && addr - from < *len);
            let same = machine.ram[at as usize] == before[at as usize];
            prop_assert!(inside || same || addr - DATA >= 0xF000, "{:#x}", addr);
        }
    }

    /// Frames pass both ways as they are, and come with a header of zeros and one buffer.
    #[test]
    fn frames_pass(
        frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 14..1515), 1..12),
        shift in 0..8u32, cut in 0..1500u32,
    ) {
        let mut machine = Machine::new(false);
        enable(&mut machine);
        drive(&mut machine, NET, 0x20, 2);
        let (input, output) = (Rings::new(NET, 0), Rings::new(NET, 1));
        machine.frames.extend(frames.iter().cloned());
        for (number, frame) in frames.iter().enumerate() {
            let (addr, len) = (DATA + shift, frame.len() as u32);
            machine.bytes(addr + 12, len).copy_from_slice(frame);
            let cut = cut % (len + 12);
            output.offer(&mut machine, &[(addr, cut, false), (addr + cut, len + 12 - cut, false)]);
            prop_assert_eq!(output.used(&mut machine), (number as u16 + 1, 0));

            let addr = DATA + 0x2000 + shift;
            input.offer(&mut machine, &[(addr, 12, true), (addr + 12, 1514, true)]);
            machine.epoch();
            prop_assert_eq!(input.used(&mut machine), (number as u16 + 1, len + 12));
            prop_assert_eq!(machine.bytes(addr, 12), &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
            prop_assert!(machine.bytes(addr + 12, len) == &frame[..]);
            prop_assert_eq!(machine.load(CLAIM), 2);
            machine.store(NET + 0x64, 1);
            machine.store(CLAIM, 2);
            prop_assert_eq!(machine.load(CLAIM), 0);
        }
        prop_assert!(machine.sent == frames);
    }

    /// Rings full of anything, devices driven anyhow: no panic, no endless loop, and every copy stays in guest RAM and
    /// the buffer (the machine of this test checks that).
    #[test]
    fn hostile_rings_hurt_nobody(
        rings in proptest::collection::vec(
            prop_oneof![
                Just(0u32), Just(1), 0..16u32, 0..0x2_0000u32,
                (0..RAM).prop_map(|at| GUEST_BASE + at), any::<u32>(),
            ],
            0x400,
        ),
        deeds in proptest::collection::vec((0..4u32, 0..14u32, any::<u32>()), 1..60),
    ) {
        let mut machine = Machine::new(false);
        enable(&mut machine);
        for (device, queues) in [(BLOCK, 1), (NET, 2), (CONSOLE, 2), (ENTROPY, 1)] {
            drive(&mut machine, device, 0, queues);
        }
        for (at, word) in rings.iter().enumerate() {
            machine.write32(RINGS + 4 * at as u32, *word);
        }
        machine.frames.extend((0..20).map(|len| vec![len; 14 + 70 * usize::from(len)]));
        machine.typed.extend(0..100);
        for (device, deed, value) in deeds {
            let device = VIRTIO + 0x1000 * device;
            let offset = (value % 0x200) & !3;
            match deed {
                0 => machine.epoch(),
                1 => machine.store(device + offset, value >> 9),
                2 => drop(machine.load(device + offset)),
                3 => machine.write32(RINGS + (value & 0xFFC), value >> 12),
                4 => {
                    // A chain that is available, whatever it holds.
                    let rings = Rings::new(device, value & 1);
                    let index = machine.read16(rings.base + 0x82);
                    machine.write16(rings.base + 0x84 + 2 * (u32::from(index) % SIZE), 0);
                    machine.write16(rings.base + 0x82, index.wrapping_add(1));
                }
                5 => {
                    // The used ring upon the available ring.
                    let base = Rings::new(device, 0).base;
                    machine.store(device + 0x030, 0);
                    machine.store(device + 0x044, 0);
                    machine.store(device + 0x0A0, base + 0x80);
                    machine.store(device + 0x044, 1);
                }
                6 => {
                    machine.store(device + 0x070, 0);
                    machine.store(device + 0x070, 3);
                    machine.store(device + 0x024, 1);
                    machine.store(device + 0x020, 1);
                    machine.store(device + 0x070, 15);
                }
                _ => machine.store(device + 0x050, value & 1),
            }
        }
    }
}

#[test]
fn errors_of_the_disk() {
    let mut machine = Machine::new(true);
    drive(&mut machine, BLOCK, 0x226, 1);
    assert_eq!(machine.load(BLOCK + 0x100), 64);
    let segment = [(DATA, 512)];
    for (kind, sector, segments, outcome) in [
        (0, 63, &segment[..], Some((0, 513))),
        (0, 64, &segment, Some((1, 1))),
        (0, u32::MAX, &segment, Some((1, 1))),
        (0, 0, &[(DATA, 100)], Some((1, 1))),
        (0, 0, &[], Some((1, 1))),
        (1, 0, &segment, Some((1, 1))), // read-only
        (4, 0, &[], Some((0, 1))),
        (8, 0, &[(DATA + 1, 20)], Some((0, 21))),
        (8, 0, &[(DATA + 1, 3)], Some((0, 4))),
        (11, 0, &segment, Some((2, 1))), // discard is not offered
    ] {
        let name = format!("{kind} {sector} {segments:?}");
        assert_eq!(request(&mut machine, kind, sector, segments), outcome, "{name}");
    }
    request(&mut machine, 8, 0, &[(DATA + 1, 20)]);
    assert_eq!(machine.bytes(DATA + 1, 20), b"covert\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    // No room for a status: a driver does not do that.
    Rings::new(BLOCK, 0).offer(&mut machine, &[(DATA, 16, false)]);
    assert_eq!(machine.load(BLOCK + 0x070), 15 | 64);
    assert_eq!(machine.load(BLOCK + 0x060) & 2, 2);
    drive(&mut machine, BLOCK, 0x226, 1);
    assert_eq!(request(&mut machine, 0, 1, &segment), Some((0, 513)));
}

#[test]
fn a_request_outlives_the_reset_of_its_device_without_harm() {
    let mut machine = Machine::new(false);
    drive(&mut machine, BLOCK, 0x206, 1);
    machine.disk[..512].fill(0x5A);
    let header = DATA + 0xF000;
    machine.bytes(header, 16).fill(0);
    let rings = Rings::new(BLOCK, 0);
    rings.offer(&mut machine, &[(header, 16, false), (DATA, 513, true)]);
    drive(&mut machine, BLOCK, 0x206, 1);
    machine.epoch();
    assert_eq!(rings.used(&mut machine).0, 0);
    assert_eq!(machine.bytes(DATA, 1), [0]);
    assert_eq!(request(&mut machine, 0, 0, &[(DATA, 512)]), Some((0, 513)));
    assert_eq!(machine.bytes(DATA, 1), [0x5A]);
}

#[test]
fn consoles_share_the_line_in_order() {
    let mut machine = Machine::new(false);
    enable(&mut machine);
    drive(&mut machine, CONSOLE, 0, 2);
    machine.bytes(DATA, 6).copy_from_slice(b"wxyz\n!");
    machine.store_byte(UART, b'a');
    machine.call(1, 0, [u32::from(b'b'), 0, 0]);
    Rings::new(CONSOLE, 1).offer(&mut machine, &[(DATA, 3, false), (DATA + 3, 2, false)]);
    machine.store_byte(UART, b'c');
    machine.call(DBCN, 0, [1, DATA + 5, 0]);
    machine.store_byte(UART, b'd');
    assert_eq!(machine.printed, b"abwxyz\nc!");
    machine.epoch();
    assert_eq!(machine.printed, b"abwxyz\nc!d");
    machine.store_byte(UART, b'e');
    machine.store(0x0010_0000, 0x5555);
    assert_eq!((machine.exit, &machine.printed[..]), (Some(0x5555), &b"abwxyz\nc!de"[..]));
}

#[test]
fn input_goes_to_the_console_that_spoke_last() {
    let mut machine = Machine::new(false);
    enable(&mut machine);
    drive(&mut machine, CONSOLE, 0, 2);
    let input = Rings::new(CONSOLE, 0);
    input.offer(&mut machine, &[(DATA, 4, true)]);
    // The serial port.
    machine.store_byte(UART, b'>');
    machine.store_byte(UART + 1, 1);
    machine.typed.extend(*b"abcde");
    machine.epoch();
    assert_eq!((machine.load(CLAIM), machine.load_byte(UART + 2)), (10, 4));
    let mut read = Vec::new();
    while machine.load_byte(UART + 5) & 1 != 0 {
        read.push(machine.load_byte(UART));
    }
    assert_eq!(read, b"abcde");
    machine.store(CLAIM, 10);
    assert_eq!(machine.load(CLAIM), 0);
    assert_eq!(input.used(&mut machine), (0, 0));
    // The virtio console.
    Rings::new(CONSOLE, 1).offer(&mut machine, &[(DATA + 8, 1, false)]);
    machine.store(CONSOLE + 0x64, 1);
    assert_eq!(machine.load(CLAIM), 3);
    machine.store(CLAIM, 3);
    machine.typed.extend(*b"vwxyz");
    machine.epoch();
    assert_eq!(input.used(&mut machine), (1, 4));
    assert_eq!(machine.bytes(DATA, 4), b"vwxy");
    assert_eq!(machine.load(CLAIM), 3);
    // Whoever asks gets the rest.
    assert_eq!(machine.call(DBCN, 1, [10, DATA + 16, 0]), (0, 1));
    assert_eq!(machine.bytes(DATA + 16, 1), b"z");
}

/// The UART gives three bytes at most at a time: after a multiple of that the VMM asks once more, and must let the guest run
/// though nothing comes.
#[test]
fn lines_of_any_length_reach_the_serial_port() {
    for len in 1..=13 {
        let mut machine = Machine::new(false);
        enable(&mut machine);
        machine.store_byte(UART + 1, 1);
        let line: Vec<u8> = (b'a'..).take(len).collect();
        machine.typed.extend(&line);
        machine.epoch();
        let mut read = Vec::new();
        while machine.load_byte(UART + 5) & 1 != 0 {
            read.push(machine.load_byte(UART));
        }
        assert_eq!(read, line);
    }
}

#[test]
fn entropy_fills_buffers() {
    let mut machine = Machine::new(false);
    enable(&mut machine);
    drive(&mut machine, ENTROPY, 0, 1);
    let rings = Rings::new(ENTROPY, 0);
    rings.offer(&mut machine, &[(DATA + 1, 6, true), (DATA + 16, 200, true)]);
    assert_eq!(rings.used(&mut machine), (1, 64));
    assert_eq!(machine.bytes(DATA, 8), [0, 1, 1, 1, 1, 2, 2, 0]);
    assert_eq!(machine.bytes(DATA + 16, 60)[57..], [16, 0, 0]);
    assert_eq!(machine.load(CLAIM), 4);
}

#[test]
fn an_idle_guest_wakes_for_what_it_can_take() {
    const WFI: u32 = 0x1050_0073;
    let mut machine = Machine::new(false);
    enable(&mut machine);
    machine.state.vcpu.supervisor.sie = 1 << 9;
    let wait = |machine: &mut Machine| {
        machine.idle(WFI);
        machine.mask
    };
    // The serial port listens.
    machine.store_byte(UART + 1, 1);
    machine.typed.push_back(b'a');
    assert_eq!(wait(&mut machine), 1);
    assert_eq!(machine.load(CLAIM), 10);
    assert_eq!(machine.load_byte(UART), b'a');
    machine.store(CLAIM, 10);
    // The disk works, and a frame could be taken.
    drive(&mut machine, BLOCK, 0x206, 1);
    drive(&mut machine, NET, 0x20, 2);
    Rings::new(NET, 0).offer(&mut machine, &[(DATA, 1600, true)]);
    let header = DATA + 0xF000;
    machine.bytes(header, 16).fill(0);
    let parts = [(header, 16, false), (DATA + 0x1000, 513, true)];
    Rings::new(BLOCK, 0).offer(&mut machine, &parts);
    assert_eq!(wait(&mut machine), 0b1101);
    assert_eq!(machine.load(CLAIM), 1);
}
