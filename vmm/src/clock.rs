//! The guest's time and its timer.
//!
//! Real time enters only with the input set of an epoch. Inside an epoch the guest's time advances with the
//! instructions it retired, one clock cycle each: the count is the same on every replica, and since an
//! instruction takes a cycle or more, the next input set is never behind what the guest has already seen.

use covert_abi::layout::CYCLES_PER_TICK;

/// The position inside an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Epoch {
    /// Instructions of a full epoch.
    pub length: u32,
    /// Instructions left in this one.
    pub left: u32,
    /// Its number; the seed of its fingerprint.
    pub number: u32,
    /// Its fingerprint so far.
    pub fingerprint: u32,
}

impl Epoch {
    /// Instructions retired in this epoch.
    pub fn retired(&self) -> u32 {
        self.length.saturating_sub(self.left)
    }

    /// Starts the next epoch.
    pub fn begin(&mut self) {
        self.number = self.number.wrapping_add(1);
        self.left = self.length;
        self.fingerprint = self.number;
    }
}

/// The guest's time, in counts of `mtime`, and its timer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Clock {
    /// Time at the start of the epoch.
    pub time: u64,
    /// When the timer interrupt becomes pending (`stimecmp`); all ones: never.
    pub deadline: u64,
    /// Instructions retired in all epochs before this one.
    pub retired: u64,
    /// 1: the timer interrupt is pending (STIP).
    pub pending: u32,
    /// Keeps the size a multiple of 8; 0.
    pub reserved: u32,
}

impl Clock {
    /// `deadline` of a timer that is off.
    pub const NEVER: u64 = u64::MAX;

    /// `time` as the guest reads it.
    pub fn now(&self, epoch: &Epoch) -> u64 {
        self.time.wrapping_add(u64::from(epoch.retired() / CYCLES_PER_TICK))
    }

    /// `cycle` as the guest reads it: clock cycles that agree with `time`.
    pub fn cycle(&self, epoch: &Epoch) -> u64 {
        let start = self.time.wrapping_mul(u64::from(CYCLES_PER_TICK));
        start.wrapping_add(u64::from(epoch.retired()))
    }

    /// `instret` as the guest reads it.
    pub fn instret(&self, epoch: &Epoch) -> u64 {
        self.retired.wrapping_add(u64::from(epoch.retired()))
    }

    /// Sets the timer, as SBI has it: the pending interrupt goes away unless the deadline has passed.
    pub fn set_timer(&mut self, deadline: u64, epoch: &Epoch) {
        self.deadline = deadline;
        self.pending = u32::from(self.now(epoch) >= deadline);
    }

    /// Takes the real time at the end of `epoch`.
    pub fn end_epoch(&mut self, time: u64, epoch: &Epoch) {
        // A host whose instructions are faster than the nominal clock must not see time go back.
        self.time = time.max(self.now(epoch));
        self.retired = self.instret(epoch);
        if self.time >= self.deadline {
            self.pending = 1;
        }
    }

    /// Until when an idle guest may wait for its timer. One that is pending already will not end the
    /// wait: the guest has it switched off.
    pub fn wake(&self) -> u64 {
        if self.pending == 0 { self.deadline } else { Self::NEVER }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(left: u32) -> Epoch {
        Epoch { length: 1000, left, number: 3, fingerprint: 0 }
    }

    #[test]
    fn time_advances_with_instructions() {
        let clock = Clock { time: 100, deadline: Clock::NEVER, ..Clock::default() };
        assert_eq!(clock.now(&epoch(1000)), 100);
        assert_eq!(clock.now(&epoch(990)), 102);
        assert_eq!(clock.cycle(&epoch(990)), 510);
        assert_eq!(clock.instret(&epoch(0)), 1000);
    }

    #[test]
    fn timer_fires_at_the_first_input_set_past_its_deadline() {
        let mut clock = Clock { time: 100, deadline: Clock::NEVER, ..Clock::default() };
        clock.set_timer(350, &epoch(500));
        assert_eq!(clock.pending, 0);
        clock.end_epoch(349, &epoch(0));
        assert_eq!(clock.pending, 0);
        clock.end_epoch(551, &epoch(0));
        assert_eq!(clock.pending, 1);
        clock.set_timer(Clock::NEVER, &epoch(1000));
        assert_eq!(clock.pending, 0);
        clock.set_timer(5, &epoch(1000));
        assert_eq!(clock.pending, 1);
    }

    #[test]
    fn time_never_goes_back() {
        let mut clock = Clock { time: 100, deadline: Clock::NEVER, ..Clock::default() };
        let seen = clock.now(&epoch(0));
        clock.end_epoch(101, &epoch(0));
        assert_eq!(clock.now(&epoch(1000)), seen);
        assert_eq!(clock.retired, 1000);
    }

    #[test]
    fn epochs_seed_their_fingerprint_with_their_number() {
        let mut epoch = epoch(0);
        epoch.begin();
        assert_eq!((epoch.number, epoch.left, epoch.fingerprint), (4, 1000, 4));
    }
}
