//! Numbers with names that cross the hardware boundary.

/// Defines an enum with fixed numbers, `from_bits`, and a list of all its names for generators and reports.
macro_rules! numbered {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $value:literal => $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum $name { $($(#[$vmeta])* $variant = $value,)* }
        impl $name {
            /// Every variant, in order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The variant with this number.
            pub const fn from_bits(bits: u32) -> Option<Self> {
                match bits { $($value => Some(Self::$variant),)* _ => None }
            }
            /// Its name in logs, results and generated constants.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

numbered! {
    /// Redundancy of a group (DESIGN: mode).
    Mode {
        /// One member, nothing compared.
        None = 0 => "none",
        /// Two members, compared at outputs and epochs.
        Dmr = 1 => "dmr",
        /// Three members, voting.
        Tmr = 2 => "tmr",
        /// Two members, compared every cycle.
        Lockstep2 = 3 => "lockstep2",
        /// Three members, voting every cycle.
        Lockstep3 = 4 => "lockstep3",
    }
}

numbered! {
    /// Why a tile left reset.
    BootReason {
        /// Power-on: set the guest up from the boot descriptor.
        Cold = 0 => "cold",
        /// The replica state is in memory: load the vCPU and go on (after `JOIN` or a rollback).
        Resume = 1 => "resume",
    }
}

numbered! {
    /// Commands of the sequencer, written to `CMD` bits 7:0; bits 15:8 name the tile where one is needed.
    Command {
        /// Nothing.
        Nop = 0 => "nop",
        /// Boot region to every member's domain.
        Load = 1 => "load",
        /// Background copy of the guest to a tile's domain and a slot.
        Precopy = 2 => "precopy",
        /// The rest of the copy; the tile becomes a member.
        Join = 3 => "join",
        /// Compare-and-copy dirty blocks, each to the slot that does not hold its committed copy, then commit.
        Checkpoint = 4 => "checkpoint",
        /// The tile leaves the group.
        Drop = 5 => "drop",
        /// I/O region to every member's domain.
        CopyIn = 6 => "copy-in",
        /// Every member's domain, compared, to the I/O region.
        CopyOut = 7 => "copy-out",
    }
}

numbered! {
    /// Kinds of detection.
    Detection {
        /// No detection.
        None = 0 => "none",
        /// Members disagree in a device transaction.
        Output = 1 => "output",
        /// Members disagree in the fingerprint of an epoch.
        Fingerprint = 2 => "fingerprint",
        /// A member did not come within the time limit.
        TimeLimit = 3 => "time-limit",
        /// M-mode access refused by the gate.
        Gate = 4 => "gate",
        /// Replicas' memory differs in a checkpoint.
        Checkpoint = 5 => "checkpoint",
        /// An agreed transaction differs from the log.
        Replay = 6 => "replay",
        /// The log was full.
        LogFull = 7 => "log-full",
        /// The VMM on a member reported that it cannot go on.
        Vmm = 8 => "vmm",
    }
}

numbered! {
    /// State of the sequencer, as `STATUS` bits 11:8 and the observer port show it.
    Sequencer {
        /// Ready for a command.
        Idle = 0 => "idle",
        /// A command runs.
        Command = 1 => "command",
        /// Detection: waiting for the device transaction in flight and for the gates to drain.
        Drain = 2 => "drain",
        /// Reloading the VMM image.
        Reload = 3 => "reload",
        /// Restoring blocks from their committed copies.
        Restore = 4 => "restore",
        /// Detected, unrecoverable: outputs stay frozen.
        Due = 5 => "due",
        /// Power-on: loading the VMM image for the first member.
        PowerOn = 6 => "power-on",
    }
}
