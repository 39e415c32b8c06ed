//! The M-mode program of each tile: runs the replication logic of `covert-vmm` on the chip.
//!
//! It holds no policy. After reset the members meet at the first compared transaction (the sequencer's
//! status), learn whether a replica state is in memory, and enter the state machine; every exit of the
//! guest enters it again. All that lives on is the replica state at `STATE_BASE`: there are no mutable
//! statics, and the stack is empty while the guest runs.
#![no_std]
#![no_main]

mod csr;
mod entry;
mod guest;
mod hart;
mod unit;

use core::{convert::Infallible, ops::ControlFlow, panic::PanicInfo};

use covert_abi::{
    BootDescriptor, Command, io,
    layout::{STATE_BASE, VMM_BASE},
    unit::{STATUS_BUSY, STATUS_CKPT_VALID},
};
use covert_vmm::{
    Action, Backend, Event, Exit, Failure, ReplicaState, console, drive, vcpu::REQUEST_RELOAD,
};
use guest::Guest;

/// The tile as a back end.
struct Tile {
    /// The S-mode CSRs stand in the replica state.
    stored: bool,
}

/// After reset, with empty stack and blank registers.
extern "C" fn boot() -> ! {
    // The first compared transaction after reset, and the only one of an old member that waits for a new
    // one: here they meet.
    unit::settle();
    let resumes = unit::resumes();
    unit::set_wake(0);
    let state = replica_state();
    let event = if state.is_valid() {
        // Also where JOIN was refused: BOOT_REASON may still say COLD, but the guest is there.
        Event::Resumed { members: unit::members() }
    } else if resumes {
        unit::fail(Failure::State as u32)
    } else {
        match cold() {
            Ok(cold) => *state = cold,
            Err(failure) => unit::fail(failure as u32),
        }
        Event::Cold
    };
    // Reset has left the S-mode CSRs blank.
    state.vcpu.requests |= REQUEST_RELOAD;
    serve(Tile { stored: true }, state, event)
}

/// After trap entry: the guest's registers are stored, the stack is empty.
extern "C" fn guest_exit() -> ! {
    let state = replica_state();
    let exit = hart::leave(state);
    let mut tile = Tile { stored: false };
    if matches!(exit, Exit::Illegal { .. } | Exit::Fault { .. }) {
        tile.store(state);
    }
    serve(tile, state, Event::Exit(exit))
}

/// A trap in the VMM's own code: only a fault leads here.
extern "C" fn machine_trap() -> ! {
    let cause = csr::read!(csr::number::MCAUSE) & 0xFF;
    unit::fail(cause << 8 | Failure::MachineTrap as u32)
}

fn serve(mut tile: Tile, state: &mut ReplicaState, first: Event) -> ! {
    match drive(&mut tile, state, first) {}
}

/// The replica state in its place. Called once for each reset or exit, before which nothing of a former
/// call is left.
fn replica_state() -> &'static mut ReplicaState {
    // SAFETY: STATE_BASE is aligned RAM of this tile that nothing else uses, every bit pattern is a valid
    // ReplicaState, and the stack that held the last reference was abandoned.
    unsafe { &mut *(STATE_BASE as *mut ReplicaState) }
}

fn descriptor() -> &'static BootDescriptor {
    // SAFETY: the first page of the VMM image, never written by the tile; every bit pattern is valid.
    unsafe { &*(VMM_BASE as *const BootDescriptor) }
}

/// The state at power-on, with the unit's limits set.
fn cold() -> Result<ReplicaState, Failure> {
    let descriptor = descriptor();
    let state = ReplicaState::cold(descriptor, unit::chip()?)?;
    unit::configure(descriptor.guest_size, descriptor.time_limit, descriptor.max_attempts);
    Ok(state)
}

/// Has compiler and cache write out the replica state before the DMA engine reads it.
fn publish(state: &mut ReplicaState) {
    // SAFETY: an empty statement that may read and write all memory behind the pointer.
    unsafe { core::arch::asm!("fence rw, rw", in("a0") state, options(nostack)) }
    csr::clean_cache();
}

impl Tile {
    fn store(&mut self, state: &mut ReplicaState) {
        if !self.stored {
            hart::store(&mut state.vcpu.supervisor);
            self.stored = true;
        }
    }
}

impl Backend for Tile {
    type End = Infallible;
    type Memory<'a> = Guest;

    fn memory(&mut self, size: u32) -> Guest {
        Guest::new(size)
    }

    fn perform(
        &mut self,
        state: &mut ReplicaState,
        action: Action,
    ) -> ControlFlow<Infallible, Event> {
        ControlFlow::Continue(match action {
            Action::Run => hart::enter(state),
            Action::EndEpoch { fingerprint, wake, mask } => {
                // The deadline outlives an epoch in the unit, so it is taken back.
                if wake != 0 {
                    unit::set_wake_mask(mask);
                    unit::set_wake(wake);
                }
                let inputs = unit::end_epoch(fingerprint, state.group.protected());
                if wake != 0 {
                    unit::set_wake(0);
                }
                Event::EpochEnded(inputs)
            }
            Action::ConsoleWrite { addr, len } => {
                let count = console::transmit(&mut unit::Uart, guest::bytes(addr, len));
                console_done(state, count, false, 0)
            }
            Action::ConsoleRead { addr, len } => {
                let (count, end) = state.console.receive(&mut unit::Uart, guest::bytes(addr, len));
                console_done(state, count, end, 0)
            }
            Action::ConsoleReadByte => {
                let mut byte = [0];
                let (count, end) = state.console.receive(&mut unit::Uart, &mut byte);
                console_done(state, count, end, byte[0])
            }
            Action::ConsoleSend(packed) => {
                unit::send(packed);
                io_done(state, 0)
            }
            Action::ConsoleFetch => io_done(state, unit::fetch()),
            Action::CopyIn { io, domain, len } => {
                unit::copy_in(io, domain, len);
                Event::IoDone { value: 0, log_level: 0 }
            }
            Action::CopyOut { domain, io, len } => {
                unit::copy_out(domain, io, len);
                Event::IoDone { value: 0, log_level: 0 }
            }
            Action::BlockStart { command, sector, count, io } => {
                unit::block_start(command, sector, count, io);
                io_done(state, 0)
            }
            Action::BlockStatus => io_done(state, unit::io_read(io::BLK_STATUS)),
            Action::NetSend { io, len } => {
                unit::net_send(io, len);
                io_done(state, 0)
            }
            Action::NetPost { io } => {
                unit::io_write(io::NET_RX_ADDR, io);
                io_done(state, 0)
            }
            Action::NetLength => io_done(state, unit::io_read(io::NET_RX_LEN)),
            Action::Random => io_done(state, unit::io_read(io::RANDOM)),
            Action::Load { segment } => {
                match descriptor().segments.get(segment as usize) {
                    Some(segment) => unit::load(segment),
                    None => unit::fail(Failure::State as u32),
                }
                command_done(unit::status())
            }
            Action::Precopy { tile } => {
                publish(state);
                unit::command(Command::Precopy, tile);
                command_done(unit::status())
            }
            Action::Poll => command_done(unit::status()),
            Action::Checkpoint => {
                self.store(state);
                publish(state);
                // A replay begins with an empty TLB, so what comes after a checkpoint does, too.
                csr::flush_tlb();
                unit::command(Command::Checkpoint, 0);
                command_done(unit::settle())
            }
            Action::Join { tile } => {
                self.store(state);
                publish(state);
                unit::command(Command::Join, tile);
                entry::restart()
            }
            Action::Drop { tile } => {
                unit::command(Command::Drop, tile);
                command_done(unit::settle())
            }
            Action::PowerOff { code } => unit::power_off(code),
            Action::Fail(failure) => unit::fail(failure as u32),
        })
    }
}

fn command_done(status: u32) -> Event {
    Event::CommandDone {
        busy: status & STATUS_BUSY != 0,
        checkpoint_valid: status & STATUS_CKPT_VALID != 0,
        members: unit::members(),
    }
}

fn console_done(state: &ReplicaState, count: u32, end: bool, byte: u8) -> Event {
    Event::ConsoleDone { count, end, byte, log_level: log_level(state) }
}

fn io_done(state: &ReplicaState, value: u32) -> Event {
    Event::IoDone { value, log_level: log_level(state) }
}

/// The log's position, where there is a log.
fn log_level(state: &ReplicaState) -> u32 {
    if state.group.protected() { unit::log_level() } else { 0 }
}

/// No words, no formatting: what counts is that the other members go on without this tile.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unit::fail(Failure::Panic as u32)
}
