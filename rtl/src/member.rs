//! One member's side of the comparator: registers its transaction and remembers what it waits for.
//!
//! A gate holds its transaction until `done`; the next one may come in the following cycle. A tile
//! that is not a member has nothing here: what was waiting is dropped when it leaves.

use rust_hdl_core::prelude::*;

use crate::register::{Register, dff_setup};
use crate::transaction::Transaction;

/// One member's side of the comparator.
#[derive(LogicBlock)]
pub struct Member {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, Bit>,
    /// The tile is a member of the group.
    pub member: Signal<In, Bit>,
    /// The gate presents a transaction.
    pub req_valid: Signal<In, Bit>,
    /// The transaction (layout: [`transaction`](crate::transaction)).
    pub req: Signal<In, Bits<69>>,
    /// New transactions may be registered.
    pub capture: Signal<In, Bit>,
    /// What is held is released now.
    pub grant: Signal<In, Bit>,
    /// What was released is answered now.
    pub answer: Signal<In, Bit>,
    /// Drop everything.
    pub flush: Signal<In, Bit>,
    /// A transaction of a member waits to be compared.
    pub held: Signal<Out, Bit>,
    /// The registered transaction.
    pub word: Signal<Out, Bits<69>>,
    /// The held transaction ends an epoch.
    pub arrive: Signal<Out, Bit>,
    /// The held transaction says that the VMM cannot go on.
    pub vmm_fail: Signal<Out, Bit>,
    /// What the member said, as `DET_ADDR` shows it.
    pub said_addr: Signal<Out, Bits<32>>,
    /// What the member said, as `DET_DATA` shows it.
    pub said_data: Signal<Out, Bits<32>>,
    /// The transaction is answered (one cycle).
    pub done: Signal<Out, Bit>,
    held_q: Register<Bit>,
    word_q: Register<Bits<69>>,
    released_q: Register<Bit>,
    done_q: Register<Bit>,
    tag: Signal<Local, Bits<69>>,
    addr: Signal<Local, Bits<32>>,
    tag_mask: Constant<Bits<69>>,
    arrive_tag: Constant<Bits<69>>,
    vmm_fail_tag: Constant<Bits<69>>,
    addr_mask: Constant<Bits<32>>,
    said_there: Constant<Bits<32>>,
    said_write: Constant<Bits<32>>,
}

impl Default for Member {
    fn default() -> Self {
        let tag = Transaction { write: true, strb: 0, addr: u32::MAX, data: 0 };
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            member: Signal::default(),
            req_valid: Signal::default(),
            req: Signal::default(),
            capture: Signal::default(),
            grant: Signal::default(),
            answer: Signal::default(),
            flush: Signal::default(),
            held: Signal::default(),
            word: Signal::default(),
            arrive: Signal::default(),
            vmm_fail: Signal::default(),
            said_addr: Signal::default(),
            said_data: Signal::default(),
            done: Signal::default(),
            held_q: Register::default(),
            word_q: Register::default(),
            released_q: Register::default(),
            done_q: Register::default(),
            tag: Signal::default(),
            addr: Signal::default(),
            tag_mask: Constant::new(tag.into()),
            arrive_tag: Constant::new(Transaction::ARRIVE.into()),
            vmm_fail_tag: Constant::new(Transaction::VMM_FAIL.into()),
            // DET_ADDR: bit 0 a write, bit 1 there, the word's address above them.
            addr_mask: Constant::new(0xFFFF_FFFC.into()),
            said_there: Constant::new(0b10.into()),
            said_write: Constant::new(0b01.into()),
        }
    }
}

impl Logic for Member {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held_q, word_q, released_q, done_q);
        self.held_q.reset.next = self.reset.val();
        self.word_q.reset.next = self.reset.val();
        self.released_q.reset.next = self.reset.val();
        self.done_q.reset.next = self.reset.val();

        self.held.next = self.held_q.q.val() & self.member.val();
        self.word.next = self.word_q.q.val();
        self.tag.next = self.word_q.q.val() & self.tag_mask.val();
        self.arrive.next =
            self.held_q.q.val() & self.member.val() & (self.tag.val() == self.arrive_tag.val());
        self.vmm_fail.next =
            self.held_q.q.val() & self.member.val() & (self.tag.val() == self.vmm_fail_tag.val());

        // What stands in the record of a detection. The numbers are transaction::*_LSB.
        self.said_addr.next = 0.into();
        self.said_data.next = 0.into();
        self.addr.next = self.word_q.q.val().get_bits::<32>(32);
        if (self.held_q.q.val() & self.member.val()) | self.released_q.q.val() {
            self.said_addr.next = (self.addr.val() & self.addr_mask.val()) | self.said_there.val();
            if self.word_q.q.val().get_bit(68) {
                self.said_addr.next = (self.addr.val() & self.addr_mask.val())
                    | (self.said_there.val() | self.said_write.val());
            }
            self.said_data.next = self.word_q.q.val().get_bits::<32>(0);
        }

        // In the cycle of `done` the gate still presents the transaction that is answered.
        self.done.next = self.done_q.q.val();
        self.done_q.d.next = self.answer.val() & self.released_q.q.val() & self.member.val();
        if self.capture.val()
            & self.req_valid.val()
            & !self.held_q.q.val()
            & !self.released_q.q.val()
            & !self.done_q.q.val()
        {
            self.held_q.d.next = true;
            self.word_q.d.next = self.req.val();
        }
        if self.grant.val() & self.held_q.q.val() {
            self.held_q.d.next = false;
            self.released_q.d.next = true;
        }
        if self.answer.val() {
            self.released_q.d.next = false;
        }
        if self.flush.val() | !self.member.val() {
            self.held_q.d.next = false;
            self.released_q.d.next = false;
            self.done_q.d.next = false;
        }
    }
}
