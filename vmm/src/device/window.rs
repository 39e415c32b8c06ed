//! The devices' registers in the guest's address map.

use covert_abi::layout::EXIT_BASE;

use super::{
    BLOCK, Devices, ENTROPY, FETCH, LINES, NET_IN, NET_OUT, PACK, PORT_IN, PORT_OUT, plic, uart,
    virtio::{
        console, entropy,
        mmio::{self, CONFIG, Effect, Identity, Transport},
    },
};
use crate::{
    console::Console,
    memory::Memory,
    sbi::{EXIT_FAIL, EXIT_PASS, EXIT_RESET},
};

const EXIT_SIZE: u32 = 0x1000;
/// Address of the PLIC.
const PLIC_BASE: u32 = 0x0C00_0000;
/// Address of the serial port.
const UART_BASE: u32 = 0x1000_0000;
/// Address of virtio device 0; the others follow.
const VIRTIO_BASE: u32 = 0x1000_1000;
const VIRTIO_COUNT: u32 = 8;

const NO_DEVICE: Identity = Identity { device: 0, features: 0, queues: 0 };
const BLOCK_NUMBER: u32 = 0;
const NET_NUMBER: u32 = 1;
const PORT_NUMBER: u32 = 2;
const ENTROPY_NUMBER: u32 = 3;

/// A place in a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Exit device, offset.
    Exit(u32),
    /// Interrupt controller, offset.
    Plic(u32),
    /// Serial port, offset.
    Uart(u32),
    /// virtio device, number and offset.
    Virtio(u32, u32),
}

/// What is at a guest-physical address, if it is a device.
pub fn place(addr: u32) -> Option<Place> {
    let virtio = addr.wrapping_sub(VIRTIO_BASE);
    let plic = addr.wrapping_sub(PLIC_BASE);
    let uart = addr.wrapping_sub(UART_BASE);
    let exit = addr.wrapping_sub(EXIT_BASE);
    if virtio < VIRTIO_COUNT * mmio::SIZE {
        Some(Place::Virtio(virtio / mmio::SIZE, virtio % mmio::SIZE))
    } else if plic < plic::SIZE {
        Some(Place::Plic(plic))
    } else if uart < uart::SIZE {
        Some(Place::Uart(uart))
    } else if exit < EXIT_SIZE {
        Some(Place::Exit(exit))
    } else {
        None
    }
}

/// Whether a device takes an access of `size` bytes there.
fn takes(place: Place, size: u32) -> bool {
    match place {
        Place::Uart(_) => size == 1,
        Place::Plic(offset) => size == 4 && offset.is_multiple_of(4),
        Place::Exit(offset) => size >= 2 && offset.is_multiple_of(size),
        Place::Virtio(_, offset) => {
            offset.is_multiple_of(size) && (size == 4 || offset >= CONFIG && size != 0)
        }
    }
}

/// Reads `size` bytes; `None` if the device knows no such access.
pub fn read(devices: &mut Devices, console: &mut Console, place: Place, size: u32) -> Option<u32> {
    if !takes(place, size) {
        return None;
    }
    Some(match place {
        Place::Exit(_) => 0,
        Place::Plic(offset) => {
            devices.agenda |= LINES;
            devices.plic.read(offset)
        }
        Place::Uart(offset) => {
            let value = devices.uart.read(console, offset);
            // Data and interrupt cause: reading changes the interrupt.
            if matches!(offset, 0 | 2) {
                devices.agenda |= LINES;
                if console.expects_input() && !console.holds_input() {
                    devices.agenda |= FETCH;
                }
            }
            u32::from(value)
        }
        Place::Virtio(number, offset) if offset >= CONFIG => {
            let offset = offset - CONFIG;
            let word = match number {
                BLOCK_NUMBER => devices.block.config(offset & !3),
                NET_NUMBER => devices.net.config(offset & !3),
                _ => 0,
            };
            word >> (8 * (offset & 3))
        }
        Place::Virtio(number, offset) => match transport(devices, number) {
            Some((identity, transport)) => transport.read(&identity, offset),
            None => Transport::default().read(&NO_DEVICE, offset),
        },
    })
}

/// Writes `size` bytes; `None` if the device knows no such access.
pub fn write(
    devices: &mut Devices,
    console: &mut Console,
    memory: &impl Memory,
    place: Place,
    size: u32,
    value: u32,
) -> Option<()> {
    if !takes(place, size) {
        return None;
    }
    match place {
        Place::Exit(0) if matches!(value & 0xFFFF, EXIT_PASS | EXIT_FAIL | EXIT_RESET) => {
            devices.exit = if size == 2 { value & 0xFFFF } else { value };
        }
        Place::Exit(_) => {}
        Place::Plic(offset) => {
            devices.agenda |= LINES;
            devices.plic.write(offset, value);
        }
        Place::Uart(offset) => {
            devices.uart.write(console, offset, value as u8);
            devices.agenda |= LINES | if console.is_full() { PACK } else { 0 };
        }
        Place::Virtio(_, CONFIG..) => {}
        Place::Virtio(number, offset) => {
            // What is not there takes no notice.
            let Some((identity, transport)) = transport(devices, number) else { return Some(()) };
            match transport.write(&identity, memory, offset, value) {
                Effect::Nothing => devices.agenda |= LINES,
                Effect::Reset => {
                    devices.agenda |= LINES;
                    reset(devices, number);
                }
                Effect::Notified(queue) => devices.agenda |= work(number, queue),
            }
        }
    }
    Some(())
}

/// A virtio device's registers.
fn transport(devices: &mut Devices, number: u32) -> Option<(Identity, &mut Transport)> {
    Some(match number {
        BLOCK_NUMBER => (devices.block.identity(), &mut devices.block.transport),
        NET_NUMBER => (devices.net.identity(), &mut devices.net.transport),
        PORT_NUMBER => (console::IDENTITY, &mut devices.port.transport),
        ENTROPY_NUMBER => (entropy::IDENTITY, &mut devices.entropy.transport),
        _ => return None,
    })
}

fn reset(devices: &mut Devices, number: u32) {
    match number {
        BLOCK_NUMBER => devices.block.reset(),
        NET_NUMBER => devices.net.reset(),
        PORT_NUMBER => devices.port.reset(),
        _ => devices.entropy.reset(),
    }
}

/// The agenda's bit of a queue.
fn work(number: u32, queue: u32) -> u32 {
    match (number, queue) {
        (BLOCK_NUMBER, _) => BLOCK,
        (NET_NUMBER, 0) => NET_IN,
        (NET_NUMBER, _) => NET_OUT,
        (PORT_NUMBER, 0) => PORT_IN,
        (PORT_NUMBER, _) => PORT_OUT,
        _ => ENTROPY,
    }
}
