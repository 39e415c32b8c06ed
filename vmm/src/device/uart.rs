//! The guest's serial port: an ns16550A whose transmitter is always ready and whose receiver shows the bytes that the
//! [console](crate::console) holds.
//!
//! Bytes in the physical UART are not there yet for the guest, so clearing the receive FIFO loses none.

use crate::console::{Console, Speaker};

/// Bytes of the register window; those behind the first eight read 0.
pub const SIZE: u32 = 0x100;

const IER_RECEIVED: u8 = 1 << 0;
const IER_SENT: u8 = 1 << 1;
const IER_MASK: u8 = 0x0F;
const IIR_NONE: u8 = 0x01;
const IIR_SENT: u8 = 0x02;
const IIR_RECEIVED: u8 = 0x04;
/// IIR: the FIFOs are on.
const IIR_FIFO: u8 = 0xC0;
const FCR_ENABLE: u8 = 1 << 0;
const LCR_DLAB: u8 = 1 << 7;
const MCR_MASK: u8 = 0x1F;
const MCR_LOOP: u8 = 1 << 4;
const LSR_DATA: u8 = 1 << 0;
/// LSR: holding register and shift register are empty.
const LSR_EMPTY: u8 = 0x60;
/// MSR: carrier, ready, clear to send.
const MSR_CONNECTED: u8 = 0xB0;

/// The registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Uart {
    interrupts: u8,
    line: u8,
    modem: u8,
    scratch: u8,
    divisor: [u8; 2],
    fifo: u8,
    /// 1: an interrupt for the empty transmitter has not been seen yet.
    sent: u8,
    /// The byte that loopback has brought back.
    looped: u8,
    /// 1: it is there.
    has_looped: u8,
    /// Makes it words; 0.
    reserved: [u8; 2],
}

impl Uart {
    /// The guest has switched the receiver's interrupt on.
    pub fn listens(&self) -> bool {
        self.interrupts & IER_RECEIVED != 0
    }

    /// The interrupt line.
    pub fn interrupt(&self, console: &Console) -> bool {
        self.cause(console) != IIR_NONE
    }

    fn has_data(&self, console: &Console) -> bool {
        if self.modem & MCR_LOOP == 0 { console.holds_input() } else { self.has_looped != 0 }
    }

    fn cause(&self, console: &Console) -> u8 {
        if self.interrupts & IER_RECEIVED != 0 && self.has_data(console) {
            IIR_RECEIVED
        } else if self.interrupts & IER_SENT != 0 && self.sent != 0 {
            IIR_SENT
        } else {
            IIR_NONE
        }
    }

    /// Reads a byte register.
    pub fn read(&mut self, console: &mut Console, offset: u32) -> u8 {
        let divisor = self.line & LCR_DLAB != 0;
        match offset {
            0 | 1 if divisor => self.divisor[offset as usize],
            0 if self.modem & MCR_LOOP != 0 => {
                self.has_looped = 0;
                self.looped
            }
            0 => console.take().unwrap_or(0),
            1 => self.interrupts,
            2 => {
                let cause = self.cause(console);
                if cause == IIR_SENT {
                    self.sent = 0;
                }
                let fifo = if self.fifo == 0 { 0 } else { IIR_FIFO };
                cause | fifo
            }
            3 => self.line,
            4 => self.modem,
            5 => LSR_EMPTY | if self.has_data(console) { LSR_DATA } else { 0 },
            6 if self.modem & MCR_LOOP != 0 => {
                // DTR to DSR, RTS to CTS, OUT1 to RI, OUT2 to DCD.
                let m = self.modem;
                (m & 1) << 5 | (m & 2) << 3 | (m & 0xC) << 4
            }
            6 => MSR_CONNECTED,
            7 => self.scratch,
            _ => 0,
        }
    }

    /// Writes a byte register.
    pub fn write(&mut self, console: &mut Console, offset: u32, value: u8) {
        let divisor = self.line & LCR_DLAB != 0;
        match offset {
            0 | 1 if divisor => self.divisor[offset as usize] = value,
            0 => {
                if self.modem & MCR_LOOP == 0 {
                    console.say(Speaker::Serial, value);
                } else {
                    self.looped = value;
                    self.has_looped = 1;
                }
                self.sent = 1;
            }
            1 => {
                // The transmitter is empty, which is news to whoever switches its interrupt on.
                if value & !self.interrupts & IER_SENT != 0 {
                    self.sent = 1;
                }
                self.interrupts = value & IER_MASK;
            }
            2 => self.fifo = value & FCR_ENABLE,
            3 => self.line = value,
            4 => self.modem = value & MCR_MASK,
            7 => self.scratch = value,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> (Uart, Console) {
        (Uart::default(), Console::default())
    }

    #[test]
    fn looks_like_a_16550a_to_a_driver_that_probes() {
        let (mut uart, mut console) = fresh();
        let console = &mut console;
        // Interrupt enables: the lower four bits stay.
        uart.write(console, 1, 0xFF);
        assert_eq!(uart.read(console, 1), 0x0F);
        uart.write(console, 1, 0);
        // Loopback: RTS and OUT2 come back as CTS and DCD.
        uart.write(console, 4, 0x1A);
        assert_eq!(uart.read(console, 6) & 0xF0, 0x90);
        uart.write(console, 0, 0x5A);
        assert_eq!((uart.read(console, 5), uart.read(console, 0)), (0x61, 0x5A));
        assert_eq!(uart.read(console, 5), 0x60);
        uart.write(console, 4, 0x0B);
        assert_eq!(uart.read(console, 6), 0xB0);
        // FIFOs.
        uart.write(console, 2, 1);
        assert_eq!(uart.read(console, 2), 0xC1);
        uart.write(console, 2, 0);
        assert_eq!(uart.read(console, 2), 0x01);
        uart.write(console, 7, 0xAE);
        assert_eq!(uart.read(console, 7), 0xAE);
        // Divisor latch.
        uart.write(console, 3, 0x83);
        uart.write(console, 0, 0x1B);
        uart.write(console, 1, 0x02);
        assert_eq!((uart.read(console, 0), uart.read(console, 1)), (0x1B, 0x02));
        uart.write(console, 3, 0x03);
        assert_eq!(uart.read(console, 1), 0);
        assert_eq!(console.packed(), None);
        assert_eq!(uart.read(console, 0x10), 0);
    }

    #[test]
    fn transmitter_interrupt_comes_with_each_byte_and_with_its_enable() {
        let (mut uart, mut console) = fresh();
        let console = &mut console;
        uart.write(console, 0, b'a');
        assert!(!uart.interrupt(console));
        for _ in 0..2 {
            uart.write(console, 1, IER_SENT);
            assert!(uart.interrupt(console));
            assert_eq!(uart.read(console, 2), IIR_SENT);
            assert_eq!(uart.read(console, 2), IIR_NONE);
            uart.write(console, 1, 0);
        }
        uart.write(console, 1, IER_SENT);
        uart.read(console, 2);
        uart.write(console, 0, b'b');
        assert_eq!(uart.read(console, 2), IIR_SENT);
        assert_eq!(console.packed(), Some(0x0200_6261));
    }

    #[test]
    fn receiver_interrupt_stays_until_the_bytes_are_read() {
        let (mut uart, mut console) = fresh();
        console.received(0x0200_7978);
        assert!(!uart.interrupt(&console));
        uart.write(&mut console, 1, IER_RECEIVED | IER_SENT);
        assert!(uart.listens());
        assert_eq!(uart.read(&mut console, 2), IIR_RECEIVED);
        assert_eq!(uart.read(&mut console, 5), 0x61);
        assert_eq!((uart.read(&mut console, 0), uart.read(&mut console, 0)), (b'x', b'y'));
        assert_eq!(uart.read(&mut console, 5), 0x60);
        assert_eq!(uart.read(&mut console, 2), IIR_SENT);
    }
}
