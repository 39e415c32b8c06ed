//! The group: which members are wanted, which are there, and when a checkpoint is due.
//!
//! ```text
//!            wanted dmr            copied                 joined            committed
//!   none ------------------> copying ------> joining -----------> checkpoint ---------> dmr
//!     ^  \____ wanted none, or the tile was refused ____/                                |
//!     |_________________________ drop <__________ checkpoint <_____ wanted none ________|
//! ```
//! The guest runs while the copy is made; it stands still from `JOIN` to the end of the first checkpoint.
//! A checkpoint comes before a member leaves as well: what a fault has changed in the memory of the one that
//! stays is found while there is still somebody to compare with.

use covert_abi::Mode;

/// The group's part of the replica state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Group {
    /// Members, bit by tile.
    pub members: u32,
    /// Tiles of the chip, bit by tile.
    pub tiles: u32,
    /// Requested mode ([`Mode`]).
    pub wanted: u32,
    /// The tile that is copied to, that joins or that leaves.
    pub candidate: u32,
    /// 1: a copy to the candidate is under way.
    pub copying: u32,
    /// Tiles that did not become members when they should have, bit by tile.
    pub refused: u32,
    /// Epochs between checkpoints.
    pub checkpoint_every: u32,
    /// Epochs since the last checkpoint.
    pub since_checkpoint: u32,
    /// Log position from which on a checkpoint is taken.
    pub log_limit: u32,
}

/// What the group needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// A copy for this tile.
    Copy(u32),
    /// To know whether the copy is done.
    Poll,
    /// A checkpoint.
    Checkpoint,
}

impl Group {
    /// Members are compared, and there is something to go back to.
    pub fn protected(&self) -> bool {
        self.members & self.members.wrapping_sub(1) != 0
    }

    /// Number of members; more than three count as three, which is the most that a mode asks for.
    fn count(&self) -> u32 {
        // Runs in each epoch, on a core without a population count.
        let two = self.members & self.members.wrapping_sub(1);
        let three = two & two.wrapping_sub(1);
        u32::from(self.members != 0) + u32::from(two != 0) + u32::from(three != 0)
    }

    /// Takes the requested mode of an input set.
    pub fn request(&mut self, mode: u32) {
        if self.wanted != mode {
            self.wanted = mode;
            self.refused = 0;
        }
    }

    /// Members that the requested mode needs. Modes that are not there yet change nothing.
    fn target(&self) -> u32 {
        match Mode::from_bits(self.wanted) {
            Some(Mode::None) => 1,
            Some(Mode::Dmr) => 2,
            _ => self.count(),
        }
    }

    /// A member more is wanted.
    pub fn grows(&self) -> bool {
        self.target() > self.count()
    }

    /// The member that is to leave, right after a checkpoint.
    pub fn leaving(&self) -> Option<u32> {
        let shrinks = self.target() < self.count();
        shrinks.then(|| 31 - self.members.leading_zeros())
    }

    /// What to do at the end of an epoch or after a device access, with the log at this position.
    pub fn need(&self, log_level: u32) -> Need {
        if self.copying != 0 {
            return Need::Poll;
        }
        let free = self.tiles & !self.members & !self.refused;
        if self.grows() && free != 0 {
            return Need::Copy(free.trailing_zeros());
        }
        if self.leaving().is_some() || self.checkpoint_due(log_level) {
            return Need::Checkpoint;
        }
        Need::Nothing
    }

    /// Whether to take a checkpoint now.
    pub fn checkpoint_due(&self, log_level: u32) -> bool {
        self.protected()
            && (self.since_checkpoint >= self.checkpoint_every || log_level >= self.log_limit)
    }

    /// The candidate is a member now, or has been refused; whether it is.
    pub fn joined(&mut self, members: u32) -> bool {
        self.members = members;
        let joined = self.has(self.candidate);
        if !joined {
            self.refused |= 1u32.wrapping_shl(self.candidate);
        }
        joined
    }

    /// Whether a tile is a member.
    pub fn has(&self, tile: u32) -> bool {
        self.members.wrapping_shr(tile) & 1 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(members: u32, wanted: Mode) -> Group {
        Group {
            members,
            tiles: 0b1111,
            wanted: wanted as u32,
            checkpoint_every: 8,
            log_limit: 100,
            ..Group::default()
        }
    }

    #[test]
    fn dmr_takes_the_lowest_free_tile() {
        assert_eq!(group(1, Mode::Dmr).need(0), Need::Copy(1));
        assert_eq!(group(2, Mode::Dmr).need(0), Need::Copy(0));
        assert_eq!(group(3, Mode::Dmr).need(0), Need::Nothing);
        assert_eq!(Group { tiles: 1, ..group(1, Mode::Dmr) }.need(0), Need::Nothing);
    }

    #[test]
    fn refused_tile_is_not_asked_again_until_the_request_changes() {
        let mut group = group(1, Mode::Dmr);
        group.candidate = 1;
        assert!(!group.joined(1));
        assert_eq!(group.need(0), Need::Copy(2));
        group.request(Mode::None as u32);
        group.request(Mode::Dmr as u32);
        assert_eq!(group.need(0), Need::Copy(1));
    }

    #[test]
    fn the_highest_member_leaves_after_a_checkpoint() {
        assert_eq!(group(0b101, Mode::None).need(0), Need::Checkpoint);
        assert_eq!(group(0b101, Mode::None).leaving(), Some(2));
        assert_eq!(group(1, Mode::None).need(0), Need::Nothing);
        assert_eq!(group(1, Mode::None).leaving(), None);
        assert_eq!(group(0b11, Mode::Dmr).leaving(), None);
    }

    #[test]
    fn modes_that_are_not_there_change_nothing() {
        for mode in [Mode::Tmr, Mode::Lockstep2, Mode::Lockstep3] {
            assert_eq!(group(1, mode).need(0), Need::Nothing);
            assert_eq!(group(3, mode).need(0), Need::Nothing);
        }
    }

    #[test]
    fn checkpoints_by_epochs_and_by_log_but_only_when_protected() {
        let mut group = group(3, Mode::Dmr);
        assert_eq!(group.need(99), Need::Nothing);
        assert_eq!(group.need(100), Need::Checkpoint);
        group.since_checkpoint = 8;
        assert_eq!(group.need(0), Need::Checkpoint);
        group.members = 1;
        group.wanted = Mode::None as u32;
        assert_eq!(group.need(100), Need::Nothing);
    }
}
