//! What goes into the state machine and what comes out of it.
//!
//! Each action is answered by exactly one event:
//!
//! | action | answered by |
//! |---|---|
//! | [`Action::Run`] | [`Event::Exit`] |
//! | [`Action::EndEpoch`] | [`Event::EpochEnded`] |
//! | [`Action::Load`], [`Action::Checkpoint`], [`Action::Drop`] | [`Event::CommandDone`] when the command has ended |
//! | [`Action::Precopy`], [`Action::Poll`] | [`Event::CommandDone`] at once; `busy` tells whether the copy goes on |
//! | [`Action::Join`] | [`Event::Resumed`], on the old members and on the new one alike |
//! | [`Action::ConsoleWrite`], [`Action::ConsoleRead`], [`Action::ConsoleReadByte`] | [`Event::ConsoleDone`] |
//! | [`Action::ConsoleSend`], [`Action::ConsoleFetch`], [`Action::CopyIn`], [`Action::CopyOut`], the disk's, the network's and [`Action::Random`] | [`Event::IoDone`] |
//! | [`Action::PowerOff`], [`Action::Fail`] | nothing: the end |
//!
//! [`Event::Resumed`] may come instead of *any* answer: after a rollback the state is the one that the
//! last checkpoint holds, so the machine finds itself waiting for that checkpoint's end.

/// Something happened. Apart from [`Event::CommandDone`] and [`Event::Resumed`], which are answers of the
/// isolation unit itself, everything in here is input that is logged and replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Power-on: [`ReplicaState::cold`](crate::ReplicaState::cold) has just filled the state.
    Cold,
    /// The tiles left reset with a replica state in memory (a joined member, a rollback, or a `JOIN` that
    /// the unit refused).
    Resumed {
        /// Members of the group, bit by tile.
        members: u32,
    },
    /// The guest stopped running.
    Exit(Exit),
    /// All members ended the epoch with the same fingerprint.
    EpochEnded(Inputs),
    /// A sequencer command was accepted or ended.
    CommandDone {
        /// The command still runs.
        busy: bool,
        /// A committed checkpoint is there to go back to.
        checkpoint_valid: bool,
        /// Members of the group, bit by tile.
        members: u32,
    },
    /// A console action was performed, as far as the device allowed.
    ConsoleDone {
        /// Bytes moved.
        count: u32,
        /// Reads: the host has closed the console's input and all of it was read.
        end: bool,
        /// One-byte read: the byte.
        byte: u8,
        /// Position in the log afterwards, in entries.
        log_level: u32,
    },
    /// An access to a device or a copy was performed.
    IoDone {
        /// The word that was read; 0 if none was.
        value: u32,
        /// Position in the log afterwards, in entries; 0 after a copy, which is not logged.
        log_level: u32,
    },
}

/// What all members receive at the end of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Real time (`mtime`).
    pub time: u64,
    /// `INPUT_FLAGS` of the register map.
    pub flags: u32,
    /// Position in the log, in entries.
    pub log_level: u32,
}

/// Why the guest stopped. The back end has stored registers, pc, privilege, the instructions left in the epoch
/// and the fingerprint so far; for [`Exit::Illegal`] and [`Exit::Fault`] also the S-mode CSRs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The epoch counter reached 0.
    Epoch,
    /// `ecall` in S-mode.
    Call,
    /// An instruction that did not execute; its bits.
    Illegal {
        /// The instruction, zero-extended if it is a compressed one.
        instruction: u32,
    },
    /// An exception that the guest's own trap handler is to see.
    Fault {
        /// Its `scause`.
        cause: u32,
        /// Its `stval`.
        value: u32,
    },
    /// Something that cannot happen; `mcause`.
    Unexpected {
        /// The cause.
        cause: u32,
    },
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Run the guest: vCPU, epoch counter, fingerprint and timer interrupt as the state holds them.
    Run,
    /// Meet the other members: deliver the fingerprint, take the next input set.
    EndEpoch {
        /// The fingerprint of what was retired.
        fingerprint: u32,
        /// Deadline in `mtime` until which the input set may wait for an input; 0: at once.
        wake: u64,
        /// With a deadline: which inputs end the wait before it (`WAKE_MASK`).
        mask: u32,
    },
    /// Copy a segment of the guest from the boot region into every member's guest RAM.
    Load {
        /// Its number in the boot descriptor.
        segment: u32,
    },
    /// Start copying the guest to this tile, in the background.
    Precopy {
        /// The tile.
        tile: u32,
    },
    /// Ask whether the background copy still runs.
    Poll,
    /// Store all of the vCPU, copy the rest, make this tile a member; members meet in [`Event::Resumed`].
    Join {
        /// The tile.
        tile: u32,
    },
    /// Store all of the vCPU, then compare and keep what changed.
    Checkpoint,
    /// Let this tile leave the group.
    Drop {
        /// The tile.
        tile: u32,
    },
    /// Print bytes of guest RAM; the range is inside it.
    ConsoleWrite {
        /// Guest-physical address.
        addr: u32,
        /// Bytes, at most [`MAX_CHUNK`](crate::console::MAX_CHUNK).
        len: u32,
    },
    /// Print the bytes of this packed word (`TXPACK`).
    ConsoleSend(u32),
    /// Take received bytes from the UART (`RXPACK`), without waiting.
    ConsoleFetch,
    /// Read what has been typed into guest RAM, without waiting; the range is inside it.
    ConsoleRead {
        /// Guest-physical address.
        addr: u32,
        /// Bytes, at most [`MAX_CHUNK`](crate::console::MAX_CHUNK).
        len: u32,
    },
    /// Read one byte, without waiting.
    ConsoleReadByte,
    /// Copy from the I/O region to every member's domain (`COPY_IN`), to the end.
    CopyIn {
        /// Byte offset in the I/O region, a multiple of 4.
        io: u32,
        /// Byte offset in the domain, a multiple of 4: in guest RAM, or in the bounce buffer.
        domain: u32,
        /// Bytes, a multiple of 4.
        len: u32,
    },
    /// Copy from every member's domain, compared, to the I/O region (`COPY_OUT`), to the end.
    CopyOut {
        /// Byte offset in the domain, as above.
        domain: u32,
        /// Byte offset in the I/O region, a multiple of 4.
        io: u32,
        /// Bytes, a multiple of 4.
        len: u32,
    },
    /// Give the disk a command.
    BlockStart {
        /// `BLK_CMD`.
        command: u32,
        /// First sector.
        sector: u64,
        /// Sectors.
        count: u32,
        /// Byte offset of the data in the I/O region.
        io: u32,
    },
    /// Read `BLK_STATUS`.
    BlockStatus,
    /// Send a frame.
    NetSend {
        /// Byte offset in the I/O region.
        io: u32,
        /// Bytes.
        len: u32,
    },
    /// Post a receive buffer.
    NetPost {
        /// Byte offset in the I/O region.
        io: u32,
    },
    /// Read `NET_RX_LEN`.
    NetLength,
    /// Read a random word.
    Random,
    /// Write this word to the exit device.
    PowerOff {
        /// The word (`sifive,test0`).
        code: u32,
    },
    /// The VMM cannot go on.
    Fail(Failure),
}

/// Why the VMM cannot go on; the number is what `VMM_FAIL` receives. None of these happens without a fault
/// in the tile or a mistake of whoever wrote the boot descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Failure {
    /// Panic in the VMM's code.
    Panic = 1,
    /// The boot descriptor is not one, or describes something impossible.
    Descriptor = 2,
    /// The replica state is not one, or holds an impossible value.
    State = 3,
    /// An event that is no answer to the last action.
    Protocol = 4,
    /// The guest stopped for a reason that cannot occur.
    Exit = 5,
    /// A checkpoint command ended without a valid checkpoint.
    Checkpoint = 6,
    /// A tile did not leave the group.
    Drop = 7,
    /// The isolation unit does not identify itself.
    Unit = 8,
    /// A trap in the VMM's own code. `mcause` is added in bits 15:8.
    MachineTrap = 9,
}
