//! The epoch barrier: one input set for all members.
//!
//! An agreed write of the fingerprint to `ARRIVE` ends the epoch. The barrier then waits until
//! `mtime` has reached `WAKE`, or an input that `WAKE_MASK` lets through is raised, or another mode
//! is wanted, and latches time and flags once; every member reads the same set. Out of reset a set is
//! latched at once.
//!
//! In a replay the set that is there is kept: part of it may stand in the log, the rest is still to
//! be read, and both must come from one set.

use array_init::array_init;
use covert_abi::unit;
use rust_hdl_core::prelude::*;

use crate::register::{Register, dff_setup};

/// The epoch barrier; owns `ARRIVE`, `WAKE_LO/HI`, `WAKE_MASK`, `EPOCHS` and `INPUT_*`.
#[derive(LogicBlock)]
pub struct Barrier {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, Bit>,
    /// An agreed register write (one cycle).
    pub wr_en: Signal<In, Bit>,
    /// Offset of the register accessed.
    pub addr: Signal<In, Bits<12>>,
    /// Data of the write.
    pub wdata: Signal<In, Bits<32>>,
    /// Value of the register at `addr`, 0 for one of another block.
    pub rdata: Signal<Out, Bits<32>>,
    /// Low: a read of `addr` has to wait.
    pub rdy: Signal<Out, Bit>,
    /// Real time.
    pub mtime: Signal<In, Bits<64>>,
    /// Inputs now, as `INPUT_FLAGS` shows them.
    pub flags_now: Signal<In, Bits<32>>,
    /// Which of bits 3:0 of the inputs have something for the group that it has not seen.
    pub raised: Signal<In, Bits<4>>,
    /// The requested mode is not the one that the group has seen.
    pub mode_changed: Signal<In, Bit>,
    /// The log is being replayed.
    pub replay: Signal<In, Bit>,
    /// An epoch has ended (one cycle).
    pub epoch: Signal<Out, Bit>,
    /// Deadline, low word.
    pub wake_lo: Signal<Out, Bits<32>>,
    /// Deadline, high word.
    pub wake_hi: Signal<Out, Bits<32>>,
    waiting_q: Register<Bit>,
    wake_mask_q: Register<Bits<4>>,
    wake_lo_q: Register<Bits<32>>,
    wake_hi_q: Register<Bits<32>>,
    epochs_q: Register<Bits<32>>,
    time_q: Register<Bits<64>>,
    flags_q: Register<Bits<32>>,
    epoch_q: Register<Bit>,
    arrive: Signal<Local, Bit>,
    now_lo: Signal<Local, Bits<32>>,
    now_hi: Signal<Local, Bits<32>>,
    wake: Signal<Local, Bit>,
    wanted: Signal<Local, Bits<4>>,
    pending: Signal<Local, Bit>,
    is_input: Signal<Local, Bit>,
    place: [Constant<Bits<32>>; 4],
    one: Constant<Bits<32>>,
    at_arrive: Constant<Bits<12>>,
    at_wake_lo: Constant<Bits<12>>,
    at_wake_hi: Constant<Bits<12>>,
    at_wake_mask: Constant<Bits<12>>,
    at_epochs: Constant<Bits<12>>,
    at_input_time_lo: Constant<Bits<12>>,
    at_input_time_hi: Constant<Bits<12>>,
    at_input_flags: Constant<Bits<12>>,
}

/// A register's offset as the blocks compare it.
pub(crate) fn offset(offset: u32) -> Constant<Bits<12>> {
    Constant::new(u64::from(offset).into())
}

impl Default for Barrier {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            wr_en: Signal::default(),
            addr: Signal::default(),
            wdata: Signal::default(),
            rdata: Signal::default(),
            rdy: Signal::default(),
            mtime: Signal::default(),
            flags_now: Signal::default(),
            raised: Signal::default(),
            mode_changed: Signal::default(),
            replay: Signal::default(),
            epoch: Signal::default(),
            wake_lo: Signal::default(),
            wake_hi: Signal::default(),
            waiting_q: Register::new(true),
            wake_mask_q: Register::new(0xF.into()),
            wake_lo_q: Register::default(),
            wake_hi_q: Register::default(),
            epochs_q: Register::default(),
            time_q: Register::default(),
            flags_q: Register::default(),
            epoch_q: Register::default(),
            arrive: Signal::default(),
            now_lo: Signal::default(),
            now_hi: Signal::default(),
            wake: Signal::default(),
            wanted: Signal::default(),
            pending: Signal::default(),
            is_input: Signal::default(),
            place: array_init(|i: usize| Constant::new((1 << i).into())),
            one: Constant::new(1.into()),
            at_arrive: offset(unit::ARRIVE),
            at_wake_lo: offset(unit::WAKE_LO),
            at_wake_hi: offset(unit::WAKE_HI),
            at_wake_mask: offset(unit::WAKE_MASK),
            at_epochs: offset(unit::EPOCHS),
            at_input_time_lo: offset(unit::INPUT_TIME_LO),
            at_input_time_hi: offset(unit::INPUT_TIME_HI),
            at_input_flags: offset(unit::INPUT_FLAGS),
        }
    }
}

impl Logic for Barrier {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            waiting_q,
            wake_mask_q,
            wake_lo_q,
            wake_hi_q,
            epochs_q,
            time_q,
            flags_q,
            epoch_q
        );
        self.waiting_q.reset.next = self.reset.val();
        self.wake_mask_q.reset.next = self.reset.val();
        self.wake_lo_q.reset.next = self.reset.val();
        self.wake_hi_q.reset.next = self.reset.val();
        self.epochs_q.reset.next = self.reset.val();
        self.time_q.reset.next = self.reset.val();
        self.flags_q.reset.next = self.reset.val();
        self.epoch_q.reset.next = self.reset.val();

        // Latch.
        self.now_lo.next = self.mtime.val().get_bits::<32>(0);
        self.now_hi.next = self.mtime.val().get_bits::<32>(32);
        self.wake.next = (self.now_hi.val() > self.wake_hi_q.q.val())
            | ((self.now_hi.val() == self.wake_hi_q.q.val())
                & (self.now_lo.val() >= self.wake_lo_q.q.val()));
        self.wanted.next = self.raised.val() & self.wake_mask_q.q.val();
        self.pending.next = self.wanted.val().any() | self.mode_changed.val();
        if self.waiting_q.q.val() & (self.wake.val() | self.pending.val()) {
            self.waiting_q.d.next = false;
            self.time_q.d.next = self.mtime.val();
            self.flags_q.d.next = self.flags_now.val();
        }

        // Writes.
        self.arrive.next = self.wr_en.val() & (self.addr.val() == self.at_arrive.val());
        self.epoch_q.d.next = self.arrive.val();
        if self.arrive.val() {
            self.epochs_q.d.next = self.epochs_q.q.val() + self.one.val();
            if !self.replay.val() {
                self.waiting_q.d.next = true;
            }
        }
        if self.wr_en.val() & (self.addr.val() == self.at_wake_lo.val()) {
            self.wake_lo_q.d.next = self.wdata.val();
        }
        if self.wr_en.val() & (self.addr.val() == self.at_wake_hi.val()) {
            self.wake_hi_q.d.next = self.wdata.val();
        }
        if self.wr_en.val() & (self.addr.val() == self.at_wake_mask.val()) {
            self.wake_mask_q.d.next = self.wdata.val().get_bits::<4>(0);
        }
        self.epoch.next = self.epoch_q.q.val();
        self.wake_lo.next = self.wake_lo_q.q.val();
        self.wake_hi.next = self.wake_hi_q.q.val();

        // Reads: at most one register is selected, so that an OR joins them.
        self.rdata.next = 0.into();
        self.is_input.next = false;
        if self.addr.val() == self.at_wake_lo.val() {
            self.rdata.next = self.rdata.val() | self.wake_lo_q.q.val();
        }
        if self.addr.val() == self.at_wake_hi.val() {
            self.rdata.next = self.rdata.val() | self.wake_hi_q.q.val();
        }
        if self.addr.val() == self.at_wake_mask.val() {
            for i in 0..4 {
                if self.wake_mask_q.q.val().get_bit(i) {
                    self.rdata.next = self.rdata.val() | self.place[i].val();
                }
            }
        }
        if self.addr.val() == self.at_epochs.val() {
            self.rdata.next = self.rdata.val() | self.epochs_q.q.val();
        }
        if self.addr.val() == self.at_input_time_lo.val() {
            self.is_input.next = true;
            self.rdata.next = self.rdata.val() | self.time_q.q.val().get_bits::<32>(0);
        }
        if self.addr.val() == self.at_input_time_hi.val() {
            self.is_input.next = true;
            self.rdata.next = self.rdata.val() | self.time_q.q.val().get_bits::<32>(32);
        }
        if self.addr.val() == self.at_input_flags.val() {
            self.is_input.next = true;
            self.rdata.next = self.rdata.val() | self.flags_q.q.val();
        }
        self.rdy.next = !(self.is_input.val() & self.waiting_q.q.val());
    }
}
