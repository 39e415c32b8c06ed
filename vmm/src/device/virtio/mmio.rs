//! The virtio-mmio transport, version 2 (virtio 1.2, section 4.2): registers, negotiation, interrupts, reset.

use super::queue::{Broken, Queue, SIZE_MAX};
use crate::memory::Memory;

/// Bytes of a device's window.
pub const SIZE: u32 = 0x1000;
/// Offset of the device's own configuration.
pub const CONFIG: u32 = 0x100;
/// Most queues of a device.
pub const QUEUES: usize = 2;

const MAGIC: u32 = 0x7472_6976;
const VERSION: u32 = 2;
/// `COVT`.
const VENDOR: u32 = 0x5456_4F43;
/// Feature bit 32: virtio 1.
const VERSION_1: u32 = 1;

const DRIVER_OK: u32 = 4;
const FEATURES_OK: u32 = 8;
const NEEDS_RESET: u32 = 64;
/// Bits that a driver sets.
const STATUS_MASK: u32 = 0x8F;

/// `InterruptStatus`: a buffer was used.
const USED: u32 = 1;
/// `InterruptStatus`: the configuration (or the need of a reset) has changed.
const CHANGED: u32 = 2;

/// What a device is.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// Device ID; 0: there is none.
    pub device: u32,
    /// Features 31:0 that it offers, besides virtio 1.
    pub features: u32,
    /// Number of its queues.
    pub queues: u32,
}

/// What a write of a register leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing more.
    Nothing,
    /// The device goes back to its beginning.
    Reset,
    /// There may be buffers in this queue.
    Notified(u32),
}

/// A device's registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Transport {
    status: u32,
    interrupt: u32,
    /// Features that the driver has accepted, by word.
    features: [u32; 2],
    /// Word of the device's and of the driver's features that is shown.
    feature_select: [u32; 2],
    queue_select: u32,
    queues: [Queue; QUEUES],
}

impl Transport {
    /// The driver has said that it is ready, and nothing was broken since.
    pub fn live(&self) -> bool {
        self.status & (DRIVER_OK | NEEDS_RESET) == DRIVER_OK
    }

    /// The interrupt line.
    pub fn interrupt(&self) -> bool {
        self.interrupt != 0
    }

    /// A queue.
    pub fn queue(&mut self, number: usize) -> &mut Queue {
        &mut self.queues[number]
    }

    /// The next available chain of a queue, if the device is live.
    #[inline(never)]
    pub fn peek(&self, memory: &impl Memory, number: usize) -> Result<Option<u32>, Broken> {
        if self.live() { self.queues[number].peek(memory) } else { Ok(None) }
    }

    /// Gives a chain back with `len` bytes written to it.
    #[inline(never)]
    pub fn put(
        &mut self,
        memory: &mut impl Memory,
        number: usize,
        head: u32,
        len: u32,
    ) -> Result<(), Broken> {
        if self.queues[number].put(memory, head, len)? {
            self.interrupt |= USED;
        }
        Ok(())
    }

    /// The driver has broken a ring: the device stops and asks for a reset.
    pub fn break_down(&mut self) {
        self.status |= NEEDS_RESET;
        if self.status & DRIVER_OK != 0 {
            self.interrupt |= CHANGED;
        }
    }

    /// Reads the word at an offset below [`CONFIG`].
    pub fn read(&self, identity: &Identity, offset: u32) -> u32 {
        match offset {
            0x000 => MAGIC,
            0x004 => VERSION,
            0x008 => identity.device,
            0x00C => VENDOR,
            _ if identity.device == 0 => 0,
            0x010 => match self.feature_select[0] {
                0 => identity.features,
                1 => VERSION_1,
                _ => 0,
            },
            0x034 if self.queue_select < identity.queues => SIZE_MAX,
            0x044 => self.selected(identity).map_or(0, |queue| self.queues[queue].ready),
            0x060 => self.interrupt,
            0x070 => self.status,
            // No shared memory: length and address are all ones.
            0x0B0..=0x0BC => u32::MAX,
            _ => 0,
        }
    }

    fn selected(&self, identity: &Identity) -> Option<usize> {
        let queue = self.queue_select as usize;
        (self.queue_select < identity.queues && queue < QUEUES).then_some(queue)
    }

    /// Writes the word at an offset below [`CONFIG`].
    pub fn write(
        &mut self,
        identity: &Identity,
        memory: &impl Memory,
        offset: u32,
        value: u32,
    ) -> Effect {
        if identity.device == 0 {
            return Effect::Nothing;
        }
        match offset {
            0x014 => self.feature_select[0] = value,
            0x020 if self.status & FEATURES_OK == 0 => {
                if let Some(word) = self.features.get_mut(self.feature_select[1] as usize) {
                    *word = value;
                }
            }
            0x024 => self.feature_select[1] = value,
            0x030 => self.queue_select = value,
            0x050 if value < identity.queues && self.live() => return Effect::Notified(value),
            0x064 => self.interrupt &= !value,
            0x070 => return self.set_status(identity, value),
            _ => self.set_queue(identity, memory, offset, value),
        }
        Effect::Nothing
    }

    fn set_status(&mut self, identity: &Identity, value: u32) -> Effect {
        if value == 0 {
            *self = Self::default();
            return Effect::Reset;
        }
        let mut status = self.status | value & STATUS_MASK;
        let negotiated =
            self.features[0] & !identity.features == 0 && self.features[1] == VERSION_1;
        if !negotiated && self.status & FEATURES_OK == 0 {
            status &= !FEATURES_OK;
        }
        // Without features there is no device to drive.
        if status & FEATURES_OK == 0 {
            status &= !DRIVER_OK;
        }
        self.status = status;
        Effect::Nothing
    }

    fn set_queue(&mut self, identity: &Identity, memory: &impl Memory, offset: u32, value: u32) {
        let Some(number) = self.selected(identity) else { return };
        let queue = &mut self.queues[number];
        if offset == 0x044 {
            if value & 1 == 0 {
                queue.ready = 0;
            } else if queue.ready == 0 && queue.start(memory).is_err() {
                self.break_down();
            }
            return;
        }
        // What is in use stays as it is.
        if queue.ready != 0 {
            return;
        }
        match offset {
            0x038 => queue.size = value,
            0x080 => queue.low[0] = value,
            0x084 => queue.high[0] = value,
            0x090 => queue.low[1] = value,
            0x094 => queue.high[1] = value,
            0x0A0 => queue.low[2] = value,
            0x0A4 => queue.high[2] = value,
            _ => {}
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        device::virtio::queue::tests::{AVAILABLE, TABLE, USED, offer},
        memory::{Slices, tests::Owned},
    };

    const DEVICE: Identity = Identity { device: 4, features: 0x220, queues: 2 };
    const ABSENT: Identity = Identity { device: 0, features: 0, queues: 0 };

    /// Does what a driver does up to DRIVER_OK, with these features, and one queue.
    pub(crate) fn drive(write: &mut dyn FnMut(u32, u32), features: u32) {
        for (offset, value) in [
            (0x070, 0),
            (0x070, 1),
            (0x070, 3),
            (0x024, 0),
            (0x020, features),
            (0x024, 1),
            (0x020, VERSION_1),
            (0x070, 11),
        ] {
            write(offset, value);
        }
        drive_queue(write, 0, 0);
        write(0x070, 15);
    }

    /// Sets a queue of eight entries up, `offset` bytes behind the usual place.
    pub(crate) fn drive_queue(write: &mut dyn FnMut(u32, u32), number: u32, offset: u32) {
        for (register, value) in [
            (0x030, number),
            (0x038, 8),
            (0x080, TABLE + offset),
            (0x084, 0),
            (0x090, AVAILABLE + offset),
            (0x094, 0),
            (0x0A0, USED + offset),
            (0x0A4, 0),
            (0x044, 1),
        ] {
            write(register, value);
        }
    }

    fn driven(memory: &Slices<'_>) -> Transport {
        let mut transport = Transport::default();
        drive(&mut |offset, value| _ = transport.write(&DEVICE, memory, offset, value), 0x200);
        transport
    }

    #[test]
    fn a_driver_gets_from_reset_to_ready() {
        let mut owned = Owned::new(0x1000);
        let memory = owned.memory();
        let mut transport = driven(&memory);
        assert!(transport.live());
        assert_eq!((transport.read(&DEVICE, 0x070), transport.read(&DEVICE, 0x044)), (15, 1));
        assert_eq!(transport.write(&DEVICE, &memory, 0x050, 1), Effect::Notified(1));
        assert_eq!(transport.write(&DEVICE, &memory, 0x050, 2), Effect::Nothing);
        // A queue in use does not move.
        transport.write(&DEVICE, &memory, 0x080, 0);
        assert_eq!(transport.queue(0).low[0], TABLE);
        assert_eq!(transport.write(&DEVICE, &memory, 0x070, 0), Effect::Reset);
        assert_eq!(transport, Transport::default());
    }

    #[test]
    fn identification_and_features() {
        let mut owned = Owned::new(0x1000);
        let memory = owned.memory();
        let mut transport = Transport::default();
        let words: Vec<u32> = (0..4).map(|word| transport.read(&DEVICE, 4 * word)).collect();
        assert_eq!(words, [0x7472_6976, 2, 4, 0x5456_4F43]);
        let offered: Vec<u32> = (0..3)
            .map(|select| {
                transport.write(&DEVICE, &memory, 0x014, select);
                transport.read(&DEVICE, 0x010)
            })
            .collect();
        assert_eq!(offered, [0x220, 1, 0]);
        assert_eq!(transport.read(&DEVICE, 0x034), 128);
        transport.write(&DEVICE, &memory, 0x030, 2);
        assert_eq!(transport.read(&DEVICE, 0x034), 0);
        assert_eq!(transport.read(&DEVICE, 0x0B0), u32::MAX);
        let absent = Transport::default();
        assert_eq!((absent.read(&ABSENT, 0), absent.read(&ABSENT, 8)), (MAGIC, 0));
        assert_eq!(transport.write(&ABSENT, &memory, 0x070, 15), Effect::Nothing);
    }

    #[test]
    fn features_that_are_not_offered_are_refused() {
        let mut owned = Owned::new(0x1000);
        let memory = owned.memory();
        for words in [[0x221, 1], [0x220, 0], [0x220, 3]] {
            let mut transport = Transport::default();
            for (select, word) in words.into_iter().enumerate() {
                transport.write(&DEVICE, &memory, 0x024, select as u32);
                transport.write(&DEVICE, &memory, 0x020, word);
            }
            transport.write(&DEVICE, &memory, 0x070, 15);
            assert_eq!(transport.read(&DEVICE, 0x070), 3, "{words:x?}");
        }
    }

    #[test]
    fn interrupts_are_raised_and_acknowledged() {
        let mut owned = Owned::new(0x1000);
        let mut memory = owned.memory();
        let mut transport = driven(&memory);
        offer(&mut memory, &[3]);
        assert_eq!(transport.peek(&memory, 0), Ok(Some(3)));
        transport.queue(0).pop();
        transport.put(&mut memory, 0, 3, 0).unwrap();
        assert!(transport.interrupt());
        assert_eq!(transport.read(&DEVICE, 0x060), 1);
        transport.write(&DEVICE, &memory, 0x064, 1);
        assert!(!transport.interrupt());
    }

    #[test]
    fn a_broken_device_asks_for_a_reset_and_does_nothing_else() {
        let mut owned = Owned::new(0x1000);
        let mut memory = owned.memory();
        let mut transport = driven(&memory);
        offer(&mut memory, &[0]);
        transport.break_down();
        assert_eq!(transport.read(&DEVICE, 0x070), 15 | 64);
        assert_eq!(transport.read(&DEVICE, 0x060), CHANGED);
        assert_eq!(transport.peek(&memory, 0), Ok(None));
        assert_eq!(transport.write(&DEVICE, &memory, 0x050, 0), Effect::Nothing);
        transport.write(&DEVICE, &memory, 0x070, 15);
        assert_eq!(transport.read(&DEVICE, 0x070), 15 | 64);
        // A queue that is not in RAM breaks it as well.
        let mut transport = Transport::default();
        transport.write(&DEVICE, &memory, 0x038, 8);
        transport.write(&DEVICE, &memory, 0x044, 1);
        assert_eq!((transport.read(&DEVICE, 0x070), transport.read(&DEVICE, 0x044)), (64, 0));
    }
}
