//! The comparator of device transactions, with its time limit.
//!
//! Collects one transaction from each member. When all are there and equal it is released once to
//! the device side; the one answer goes to all. When they differ, when one does not come in time, or
//! when a member says that the VMM cannot go on: a detection, and nothing is released until `flush`.
//!
//! Last arrival in cycle t: `out_valid` from t+2. `out_done` in u: `done` in u+1. Detections: t+2 of
//! the last arrival, and for a missing member t+2+`time_limit` of the first.
//!
//! What is released is a copy, so that neither a gate nor a flush changes it while it is in flight.

use array_init::array_init;
use covert_abi::Detection;
use rust_hdl_core::prelude::*;

use crate::member::Member;
use crate::register::{Register, dff_setup};

/// Comparator of `N` tiles.
#[derive(LogicBlock)]
pub struct Comparator<const N: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, Bit>,
    /// Which tiles are members.
    pub members: [Signal<In, Bit>; N],
    /// Release nothing new, detect nothing, let the timer stand.
    pub freeze: Signal<In, Bit>,
    /// Drop what waits; start again after a detection.
    pub flush: Signal<In, Bit>,
    /// Cycles that the first arrival waits for the others; 0: no limit.
    pub time_limit: Signal<In, Bits<32>>,
    /// Each gate presents a transaction.
    pub req_valid: [Signal<In, Bit>; N],
    /// The transactions (layout: [`transaction`](crate::transaction)).
    pub req: [Signal<In, Bits<69>>; N],
    /// Each member's transaction is answered (one cycle).
    pub done: [Signal<Out, Bit>; N],
    /// The answer's data, with `done`.
    pub rsp_data: Signal<Out, Bits<32>>,
    /// The answer is an error, with `done`.
    pub rsp_err: Signal<Out, Bit>,
    /// A released transaction is in flight; held until `out_done`.
    pub out_valid: Signal<Out, Bit>,
    /// The released transaction.
    pub out: Signal<Out, Bits<69>>,
    /// The device side answers (one cycle).
    pub out_done: Signal<In, Bit>,
    /// Its data.
    pub out_rdata: Signal<In, Bits<32>>,
    /// It is an error.
    pub out_err: Signal<In, Bit>,
    /// A detection (one cycle).
    pub detect: Signal<Out, Bit>,
    /// Its kind (`Detection`), until the next.
    pub kind: Signal<Out, Bits<4>>,
    /// Which tiles it accuses, until the next.
    pub accused: [Signal<Out, Bit>; N],
    /// What each member said, as `DET_ADDR` shows it.
    pub said_addr: [Signal<Out, Bits<32>>; N],
    /// What each member said, as `DET_DATA` shows it.
    pub said_data: [Signal<Out, Bits<32>>; N],
    side: [Member; N],
    out_valid_q: Register<Bit>,
    out_q: Register<Bits<69>>,
    rsp_data_q: Register<Bits<32>>,
    rsp_err_q: Register<Bit>,
    timer_q: Register<Bits<32>>,
    stopped_q: Register<Bit>,
    detect_q: Register<Bit>,
    kind_q: Register<Bits<4>>,
    accused_q: [Register<Bit>; N],
    any_here: Signal<Local, Bit>,
    all_here: Signal<Local, Bit>,
    all_arrive: Signal<Local, Bit>,
    vmm_fail: Signal<Local, Bit>,
    differ: Signal<Local, Bit>,
    odd: [Signal<Local, Bit>; N],
    any_odd: Signal<Local, Bit>,
    found: Signal<Local, Bit>,
    chosen: Signal<Local, Bits<69>>,
    active: Signal<Local, Bit>,
    idle: Signal<Local, Bit>,
    agree: Signal<Local, Bit>,
    mismatch: Signal<Local, Bit>,
    in_time: Signal<Local, Bit>,
    late: Signal<Local, Bit>,
    one: Constant<Bits<32>>,
    kind_output: Constant<Bits<4>>,
    kind_fingerprint: Constant<Bits<4>>,
    kind_time_limit: Constant<Bits<4>>,
    kind_vmm: Constant<Bits<4>>,
}

impl<const N: usize> Default for Comparator<N> {
    fn default() -> Self {
        let kind = |kind: Detection| Constant::new(Bits::<4>::from(kind as u64));
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            members: array_init(|_| Signal::default()),
            freeze: Signal::default(),
            flush: Signal::default(),
            time_limit: Signal::default(),
            req_valid: array_init(|_| Signal::default()),
            req: array_init(|_| Signal::default()),
            done: array_init(|_| Signal::default()),
            rsp_data: Signal::default(),
            rsp_err: Signal::default(),
            out_valid: Signal::default(),
            out: Signal::default(),
            out_done: Signal::default(),
            out_rdata: Signal::default(),
            out_err: Signal::default(),
            detect: Signal::default(),
            kind: Signal::default(),
            accused: array_init(|_| Signal::default()),
            said_addr: array_init(|_| Signal::default()),
            said_data: array_init(|_| Signal::default()),
            side: array_init(|_| Member::default()),
            out_valid_q: Register::default(),
            out_q: Register::default(),
            rsp_data_q: Register::default(),
            rsp_err_q: Register::default(),
            timer_q: Register::default(),
            stopped_q: Register::default(),
            detect_q: Register::default(),
            kind_q: Register::default(),
            accused_q: array_init(|_| Register::default()),
            any_here: Signal::default(),
            all_here: Signal::default(),
            all_arrive: Signal::default(),
            vmm_fail: Signal::default(),
            differ: Signal::default(),
            odd: array_init(|_| Signal::default()),
            any_odd: Signal::default(),
            found: Signal::default(),
            chosen: Signal::default(),
            active: Signal::default(),
            idle: Signal::default(),
            agree: Signal::default(),
            mismatch: Signal::default(),
            in_time: Signal::default(),
            late: Signal::default(),
            one: Constant::new(1.into()),
            kind_output: kind(Detection::Output),
            kind_fingerprint: kind(Detection::Fingerprint),
            kind_time_limit: kind(Detection::TimeLimit),
            kind_vmm: kind(Detection::Vmm),
        }
    }
}

impl<const N: usize> Logic for Comparator<N> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            out_valid_q,
            out_q,
            rsp_data_q,
            rsp_err_q,
            timer_q,
            stopped_q,
            detect_q,
            kind_q
        );
        self.out_valid_q.reset.next = self.reset.val();
        self.out_q.reset.next = self.reset.val();
        self.rsp_data_q.reset.next = self.reset.val();
        self.rsp_err_q.reset.next = self.reset.val();
        self.timer_q.reset.next = self.reset.val();
        self.stopped_q.reset.next = self.reset.val();
        self.detect_q.reset.next = self.reset.val();
        self.kind_q.reset.next = self.reset.val();

        // Who is here.
        self.any_here.next = false;
        self.all_here.next = true;
        self.all_arrive.next = true;
        self.vmm_fail.next = false;
        for i in 0..N {
            self.any_here.next = self.any_here.val() | self.side[i].held.val();
            self.all_here.next =
                self.all_here.val() & (self.side[i].held.val() | !self.members[i].val());
            self.all_arrive.next =
                self.all_arrive.val() & (self.side[i].arrive.val() | !self.members[i].val());
            self.vmm_fail.next = self.vmm_fail.val() | self.side[i].vmm_fail.val();
        }
        self.all_here.next = self.all_here.val() & self.any_here.val();

        // Who differs: from anybody (`differ`: two members are not unanimous) and from everybody
        // (`odd`: the one that a majority of three would outvote).
        self.differ.next = false;
        self.any_odd.next = false;
        for i in 0..N {
            self.odd[i].next = self.members[i].val();
            for j in 0..N {
                if (i != j) & self.side[i].held.val() & self.side[j].held.val() {
                    if self.side[i].word.val() == self.side[j].word.val() {
                        self.odd[i].next = false;
                    } else {
                        self.differ.next = true;
                    }
                }
            }
            self.any_odd.next = self.any_odd.val() | self.odd[i].val();
        }

        // What would be released: the lowest member's transaction.
        self.found.next = false;
        self.chosen.next = self.out_q.q.val();
        for i in 0..N {
            if self.side[i].held.val() & !self.found.val() {
                self.chosen.next = self.side[i].word.val();
                self.found.next = true;
            }
        }

        // The verdict of this cycle; at most one of the last three is set.
        self.active.next = !(self.stopped_q.q.val() | self.freeze.val() | self.flush.val());
        self.idle.next = !self.out_valid_q.q.val();
        self.in_time.next = self.timer_q.q.val() < self.time_limit.val();
        self.vmm_fail.next = self.vmm_fail.val() & self.active.val();
        self.active.next = self.active.val() & self.idle.val() & !self.vmm_fail.val();
        self.agree.next = self.active.val() & self.all_here.val() & !self.differ.val();
        self.mismatch.next = self.active.val() & self.all_here.val() & self.differ.val();
        self.late.next = self.active.val()
            & self.any_here.val()
            & !self.all_here.val()
            & !self.in_time.val()
            & self.time_limit.val().any();

        // Release, answer.
        if self.agree.val() {
            self.out_valid_q.d.next = true;
            self.out_q.d.next = self.chosen.val();
        }
        if self.out_valid_q.q.val() & self.out_done.val() {
            self.out_valid_q.d.next = false;
            self.rsp_data_q.d.next = self.out_rdata.val();
            self.rsp_err_q.d.next = self.out_err.val();
        }
        self.out_valid.next = self.out_valid_q.q.val();
        self.out.next = self.out_q.q.val();
        self.rsp_data.next = self.rsp_data_q.q.val();
        self.rsp_err.next = self.rsp_err_q.q.val();

        // The timer runs while somebody waits for somebody and nothing is in flight.
        if self.active.val() & self.any_here.val() & !self.all_here.val() {
            if self.in_time.val() {
                self.timer_q.d.next = self.timer_q.q.val() + self.one.val();
            }
        } else if !self.freeze.val() | self.flush.val() {
            self.timer_q.d.next = 0.into();
        }

        // Detection.
        self.detect_q.d.next = self.vmm_fail.val() | self.mismatch.val() | self.late.val();
        if self.vmm_fail.val() {
            self.kind_q.d.next = self.kind_vmm.val();
        } else if self.mismatch.val() & self.all_arrive.val() {
            self.kind_q.d.next = self.kind_fingerprint.val();
        } else if self.mismatch.val() {
            self.kind_q.d.next = self.kind_output.val();
        } else if self.late.val() {
            self.kind_q.d.next = self.kind_time_limit.val();
        }
        if self.vmm_fail.val() | self.mismatch.val() | self.late.val() {
            self.stopped_q.d.next = true;
        }
        if self.flush.val() {
            self.stopped_q.d.next = false;
        }
        self.detect.next = self.detect_q.q.val();
        self.kind.next = self.kind_q.q.val();

        for i in 0..N {
            self.side[i].clock.next = self.clock.val();
            self.side[i].reset.next = self.reset.val();
            self.side[i].member.next = self.members[i].val();
            self.side[i].req_valid.next = self.req_valid[i].val();
            self.side[i].req.next = self.req[i].val();
            // Not in the cycle of the verdict either, so that the record shows what was judged.
            self.side[i].capture.next = !(self.stopped_q.q.val()
                | self.vmm_fail.val()
                | self.mismatch.val()
                | self.late.val());
            self.side[i].grant.next = self.agree.val();
            self.side[i].answer.next = self.out_valid_q.q.val() & self.out_done.val();
            self.side[i].flush.next = self.flush.val();
            self.done[i].next = self.side[i].done.val();
            self.said_addr[i].next = self.side[i].said_addr.val();
            self.said_data[i].next = self.side[i].said_data.val();

            self.accused_q[i].clock.next = self.clock.val();
            self.accused_q[i].reset.next = self.reset.val();
            self.accused_q[i].d.next = self.accused_q[i].q.val();
            if self.vmm_fail.val() {
                self.accused_q[i].d.next = self.side[i].vmm_fail.val();
            } else if self.mismatch.val() {
                // Where nobody stands alone (two against two), everybody is accused.
                self.accused_q[i].d.next =
                    self.odd[i].val() | (self.members[i].val() & !self.any_odd.val());
            } else if self.late.val() {
                self.accused_q[i].d.next = self.members[i].val() & !self.side[i].held.val();
            }
            self.accused[i].next = self.accused_q[i].q.val();
        }
    }
}
