//! The isolation unit, the I/O controller, the UART and the exit device: every access here is compared with the other
//! members.

use core::ptr;

use covert_abi::{
    BootReason, Command, Segment, io,
    layout::{EXIT_BASE, GUEST_BASE, GUEST_OFFSET, IO_BASE, UART_BASE, UNIT_BASE},
    unit::{self, UART_RXPACK, UART_TXPACK},
};
use covert_vmm::{Chip, Failure, Inputs, console};

use crate::csr;

/// Modem status register, offset in the UART.
const UART_MSR: u32 = 6;
/// MSR: the other side is there.
const MSR_DCD: u8 = 1 << 7;

fn read(offset: u32) -> u32 {
    // SAFETY: a register of the isolation unit, word aligned.
    unsafe { ptr::read_volatile((UNIT_BASE + offset) as *const u32) }
}

fn write(offset: u32, value: u32) {
    // SAFETY: a register of the isolation unit, word aligned.
    unsafe { ptr::write_volatile((UNIT_BASE + offset) as *mut u32, value) }
}

/// Reads a register of the I/O controller.
pub(crate) fn io_read(offset: u32) -> u32 {
    // SAFETY: a register of the I/O controller, word aligned.
    unsafe { ptr::read_volatile((IO_BASE + offset) as *const u32) }
}

/// Writes a register of the I/O controller.
pub(crate) fn io_write(offset: u32, value: u32) {
    // SAFETY: a register of the I/O controller, word aligned.
    unsafe { ptr::write_volatile((IO_BASE + offset) as *mut u32, value) }
}

/// Waits until the sequencer is idle; its status.
pub(crate) fn settle() -> u32 {
    loop {
        let status = read(unit::STATUS);
        if status & unit::STATUS_BUSY == 0 {
            return status;
        }
    }
}

/// The sequencer's status.
pub(crate) fn status() -> u32 {
    read(unit::STATUS)
}

/// Members of the group, bit by tile.
pub(crate) fn members() -> u32 {
    read(unit::MEMBERS)
}

/// Whether a replica state is in memory.
pub(crate) fn resumes() -> bool {
    read(unit::BOOT_REASON) == BootReason::Resume as u32
}

/// What the VMM must know of the chip.
pub(crate) fn chip() -> Result<Chip, Failure> {
    if read(unit::ID) != unit::ID_VALUE {
        return Err(Failure::Unit);
    }
    let config = read(unit::CONFIG);
    let low = io_read(io::BLK_CAPACITY_LO);
    let high = io_read(io::BLK_CAPACITY_HI);
    Ok(Chip {
        tiles: config & 0xF,
        log_depth: config >> 16,
        members: members(),
        sectors: u64::from(high) << 32 | u64::from(low),
        read_only: io_read(io::BLK_STATUS) & io::BLK_READ_ONLY != 0,
        mac: [io_read(io::NET_MAC_LO), io_read(io::NET_MAC_HI)],
    })
}

/// Sets the group's limits.
pub(crate) fn configure(guest_size: u32, time_limit: u32, max_attempts: u32) {
    write(unit::GUEST_SIZE, guest_size);
    write(unit::TIME_LIMIT, time_limit);
    write(unit::MAX_ATTEMPTS, max_attempts);
}

/// Gives the sequencer a command.
pub(crate) fn command(command: Command, tile: u32) {
    write(unit::CMD, tile << 8 | command as u32);
}

/// Copies a segment from the boot region into guest RAM, to the end.
pub(crate) fn load(segment: &Segment) {
    csr::empty_cache();
    transfer(Command::Load, segment.src, segment.dst - GUEST_BASE + GUEST_OFFSET, segment.len);
}

/// Copies from the I/O region to an offset in the members' domains, to the end.
pub(crate) fn copy_in(io: u32, domain: u32, len: u32) {
    // The command would be ignored while a background copy runs.
    settle();
    csr::empty_cache();
    transfer(Command::CopyIn, io, domain, len);
}

/// Copies from an offset in the members' domains to the I/O region, to the end.
pub(crate) fn copy_out(domain: u32, io: u32, len: u32) {
    settle();
    csr::clean_cache();
    transfer(Command::CopyOut, domain, io, len);
}

fn transfer(kind: Command, from: u32, to: u32, len: u32) {
    write(unit::DMA_SRC, from);
    write(unit::DMA_DST, to);
    write(unit::DMA_LEN, len);
    command(kind, 0);
    settle();
}

/// Sets the deadline of the input sets to come.
pub(crate) fn set_wake(deadline: u64) {
    write(unit::WAKE_LO, deadline as u32);
    write(unit::WAKE_HI, (deadline >> 32) as u32);
}

/// Says which inputs end the wait for the deadline.
pub(crate) fn set_wake_mask(mask: u32) {
    write(unit::WAKE_MASK, mask);
}

/// Ends the epoch; what all members receive. The log's position is asked for where there is a log.
pub(crate) fn end_epoch(fingerprint: u32, logged: bool) -> Inputs {
    write(unit::ARRIVE, fingerprint);
    let low = read(unit::INPUT_TIME_LO);
    let high = read(unit::INPUT_TIME_HI);
    let flags = read(unit::INPUT_FLAGS);
    let log_level = if logged { log_level() } else { 0 };
    Inputs { time: u64::from(high) << 32 | u64::from(low), flags, log_level }
}

/// Position in the log, in entries.
pub(crate) fn log_level() -> u32 {
    read(unit::LOG_LEVEL)
}

/// Takes received bytes from the UART.
pub(crate) fn fetch() -> u32 {
    console::Uart::receive(&mut Uart)
}

/// Sends a packed word to the UART.
pub(crate) fn send(packed: u32) {
    console::Uart::send(&mut Uart, packed);
}

/// Gives the disk a command.
pub(crate) fn block_start(command: u32, sector: u64, count: u32, place: u32) {
    io_write(io::BLK_SECTOR_LO, sector as u32);
    io_write(io::BLK_SECTOR_HI, (sector >> 32) as u32);
    io_write(io::BLK_COUNT, count);
    io_write(io::BLK_ADDR, place);
    io_write(io::BLK_CMD, command);
}

/// Sends a frame.
pub(crate) fn net_send(place: u32, len: u32) {
    io_write(io::NET_TX_ADDR, place);
    io_write(io::NET_TX, len);
}

/// Tells the unit that the VMM on this tile cannot go on, and waits to be reset.
pub(crate) fn fail(word: u32) -> ! {
    write(unit::VMM_FAIL, word);
    halt()
}

/// Ends the run.
pub(crate) fn power_off(code: u32) -> ! {
    // SAFETY: the exit device's only register.
    unsafe { ptr::write_volatile(EXIT_BASE as *mut u32, code) };
    halt()
}

fn halt() -> ! {
    loop {
        // SAFETY: waits; the interrupts that are switched on do not come in M-mode.
        unsafe { core::arch::asm!("wfi", options(nomem, nostack)) }
    }
}

/// The UART.
pub(crate) struct Uart;

impl console::Uart for Uart {
    fn receive(&mut self) -> u32 {
        // SAFETY: a word register of the UART.
        unsafe { ptr::read_volatile((UART_BASE + UART_RXPACK) as *const u32) }
    }

    fn connected(&mut self) -> bool {
        // SAFETY: a byte register of the UART.
        let msr = unsafe { ptr::read_volatile((UART_BASE + UART_MSR) as *const u8) };
        msr & MSR_DCD != 0
    }

    fn send(&mut self, packed: u32) {
        // SAFETY: a word register of the UART.
        unsafe { ptr::write_volatile((UART_BASE + UART_TXPACK) as *mut u32, packed) }
    }
}
