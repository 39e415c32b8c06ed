//! The guest's devices: where they are, what they still have to do, and their interrupts.
//!
//! A device that has something to do sets its bit in the **agenda**. Before the guest goes on, [`next`] asks each in
//! turn for its next action; its answer comes back in [`answered`]. So one action is under way at a time, and
//! whatever it belongs to is part of the replica state.

pub mod plic;
pub mod region;
pub mod uart;
pub mod virtio;
mod window;

use covert_abi::unit::{INPUT_BLK, INPUT_NET, INPUT_UART_RX};

use crate::{
    console::{Console, Speaker},
    event::{Action, Failure},
    memory::Memory,
};
use plic::Plic;
use region::Region;
use uart::Uart;
use virtio::{Next, Shared, block::Block, console::Port, entropy::Entropy, net::Net};

pub use window::{Place, place, read, write};

/// Agenda: the interrupt lines may have changed.
const LINES: u32 = 1 << 0;
/// Agenda: bytes for the UART are packed.
const PACK: u32 = 1 << 1;
/// Agenda: the UART has bytes, and the console holds none.
const FETCH: u32 = 1 << 2;
const BLOCK: u32 = 1 << 3;
const NET_OUT: u32 = 1 << 4;
const NET_IN: u32 = 1 << 5;
const PORT_OUT: u32 = 1 << 6;
const PORT_IN: u32 = 1 << 7;
const ENTROPY: u32 = 1 << 8;

/// Chains that are taken before the guest must run: a guest whose rings never end gets no further than another.
const BUDGET: u32 = 256;

/// PLIC source of virtio device 0; the others follow.
const SOURCE_VIRTIO: u32 = 1;
/// PLIC source of the serial port.
const SOURCE_UART: u32 = 10;

/// All devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Devices {
    /// What is to be done.
    pub agenda: u32,
    /// The agenda's bit whose action is under way, 0 if none is.
    job: u32,
    /// Chains that may still be taken before the guest must run.
    budget: u32,
    /// The word for the exit device, 0 while the guest lives.
    pub exit: u32,
    pub(crate) plic: Plic,
    uart: Uart,
    region: Region,
    block: Block,
    net: Net,
    port: Port,
    entropy: Entropy,
}

impl Devices {
    /// The devices at power-on, with this disk and network, and an I/O region of that many bytes.
    pub fn new(sectors: u64, read_only: bool, mac: [u32; 2], io_size: u32) -> Self {
        Self {
            region: Region::new(io_size),
            block: Block::new(sectors, read_only),
            net: Net::new(mac),
            ..Self::default()
        }
    }

    /// There is more to do than to look at the interrupt lines.
    pub fn busy(&self) -> bool {
        self.agenda & !LINES | self.exit != 0
    }

    /// The guest is about to run, or an epoch to end.
    pub fn refill(&mut self) {
        self.budget = BUDGET;
    }

    /// Takes what an input set says.
    pub fn inputs(&mut self, console: &mut Console, flags: u32) {
        console.more = flags & INPUT_UART_RX;
        if flags & (INPUT_UART_RX | INPUT_BLK | INPUT_NET) == 0 {
            return;
        }
        if console.more != 0 && !console.holds_input() {
            self.agenda |= FETCH;
        }
        if flags & INPUT_BLK != 0 {
            self.block.ended();
            self.agenda |= BLOCK;
        }
        if flags & INPUT_NET != 0 {
            self.net.arrived();
            self.agenda |= NET_IN;
        }
    }

    /// Which inputs may end the wait of an idle guest: those that somebody can take now.
    pub fn wake_mask(&self, console: &Console, memory: &impl Memory) -> u32 {
        let mut mask = 0;
        let port = console.speaker == Speaker::Virtio as u32 && self.port.listens(memory);
        if !console.holds_input() && (self.uart.listens() || port) {
            mask |= INPUT_UART_RX;
        }
        if self.block.in_flight() {
            mask |= INPUT_BLK;
        }
        if self.net.listens(memory) {
            mask |= INPUT_NET;
        }
        mask
    }

    /// The guest's console has packed bytes that should go now.
    pub fn flush(&mut self) {
        self.agenda |= PACK;
    }

    /// A checkpoint is valid.
    pub fn committed(&mut self) {
        self.region.committed(self.block.held(), self.net.holds_buffer());
    }

    /// A request of the virtio console to the console is done.
    pub fn console_written(&mut self, memory: &mut impl Memory, len: u32) {
        self.port.written(memory, len);
        self.agenda |= PORT_OUT | PORT_IN | LINES;
    }

    /// Likewise for one that reads.
    pub fn console_read(&mut self, memory: &mut impl Memory, len: u32) {
        self.port.was_read(memory, len);
        self.agenda |= LINES | if len == 0 { 0 } else { PORT_IN };
    }

    fn lines(&self, console: &Console) -> u32 {
        u32::from(self.block.transport.interrupt()) << SOURCE_VIRTIO
            | u32::from(self.net.transport.interrupt()) << (SOURCE_VIRTIO + 1)
            | u32::from(self.port.transport.interrupt()) << (SOURCE_VIRTIO + 2)
            | u32::from(self.entropy.transport.interrupt()) << (SOURCE_VIRTIO + 3)
            | u32::from(self.uart.interrupt(console)) << SOURCE_UART
    }
}

/// The next thing to do for the devices; [`Next::Idle`] once the guest may go on.
pub fn next(
    devices: &mut Devices,
    console: &mut Console,
    memory: &mut impl Memory,
    logged: bool,
) -> Next {
    for bit in [PACK, FETCH, BLOCK, NET_OUT, NET_IN, PORT_OUT, PORT_IN, ENTROPY] {
        if devices.agenda & bit == 0 {
            continue;
        }
        let Devices { block, net, port, entropy, region, budget, .. } = &mut *devices;
        let shared = &mut Shared { region, budget, logged };
        let next = match bit {
            PACK => match console.packed() {
                Some(packed) => Next::Act(Action::ConsoleSend(packed)),
                None => Next::Idle,
            },
            // Once more only if the last time found as much as there can be.
            FETCH if console.expects_input() && !console.holds_input() => {
                Next::Act(Action::ConsoleFetch)
            }
            FETCH => Next::Idle,
            BLOCK => block.proceed(shared, memory),
            NET_OUT => net.send(shared, memory),
            NET_IN => net.receive(shared, memory),
            PORT_OUT => port.write(console, shared, memory),
            PORT_IN if console.speaker == Speaker::Virtio as u32 && console.expects_input() => {
                port.read(console, shared, memory)
            }
            PORT_IN => Next::Idle,
            _ => entropy.proceed(shared, memory),
        };
        devices.agenda |= LINES;
        match next {
            Next::Idle => devices.agenda &= !bit,
            Next::Later => {}
            Next::Act(_) => {
                devices.job = bit;
                return next;
            }
            Next::Console => {
                // A read that finds something asks for the next.
                devices.agenda &= !(bit & PORT_IN);
                return next;
            }
            Next::Checkpoint | Next::Fail(_) => return next,
        }
    }
    Next::Idle
}

/// Gives the PLIC the lines, if they may have changed. Whether it has an interrupt for S-mode.
pub fn refresh(devices: &mut Devices, console: &Console) -> bool {
    if devices.agenda & LINES != 0 {
        devices.agenda &= !LINES;
        let lines = devices.lines(console);
        devices.plic.set_levels(lines);
    }
    devices.plic.external != 0
}

/// The action under way is done, with this word as its answer.
///
/// # Errors
/// [`Failure::Protocol`] if none is under way.
#[inline(never)]
pub fn answered(
    devices: &mut Devices,
    console: &mut Console,
    memory: &mut impl Memory,
    value: u32,
) -> Result<(), Failure> {
    match devices.job {
        PACK => console.sent(),
        FETCH => {
            console.received(value);
            devices.agenda |= PORT_IN;
        }
        BLOCK => devices.block.answered(memory, value),
        NET_OUT => devices.net.sent(memory),
        NET_IN => devices.net.received(memory, value),
        ENTROPY => devices.entropy.answered(memory, value),
        _ => return Err(Failure::Protocol),
    }
    devices.job = 0;
    devices.agenda |= LINES;
    Ok(())
}
