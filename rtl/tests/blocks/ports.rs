//! How frames reach the rust-hdl blocks: the wiring that the shell does in Verilog.

use covert_rtl::{
    barrier::Barrier, comparator::Comparator, group::Group, transaction::Transaction,
};
use rust_hdl_core::prelude::{Bits, Clock};

use crate::dut::Ports;
use crate::frame::Frame;

/// `value` as bits.
fn bits<const W: usize>(value: u64) -> Bits<W> {
    value.into()
}

// Ports with the same name inside and outside: one bit; vectors.
macro_rules! drive {
    ($block:ident, $frame:ident; $($bit:ident),*; $($vector:ident),*) => {
        $($block.$bit.next = $frame.is(stringify!($bit));)*
        $($block.$vector.next = bits($frame.get(stringify!($vector)));)*
    };
}
macro_rules! read {
    ($block:ident, $frame:ident; $($bit:ident),*; $($vector:ident),*) => {
        $($frame.set(stringify!($bit), $block.$bit.val());)*
        $($frame.set(stringify!($vector), u64::from($block.$vector.val()));)*
    };
}

/// Transaction `tile` of the fields named `prefix_...` in a frame.
pub(crate) fn transaction(frame: &Frame, prefix: &str, tile: usize) -> Transaction {
    let field = |name| frame.at(&format!("{prefix}_{name}"), tile);
    Transaction {
        write: field("we") != 0,
        strb: field("strb") as u8,
        addr: field("addr") as u32,
        data: field("data") as u32,
    }
}

/// Puts a transaction into the fields named `prefix_...` of a frame.
pub(crate) fn set_transaction(
    frame: &mut Frame,
    prefix: &str,
    tile: usize,
    transaction: Transaction,
) {
    frame.set_at(&format!("{prefix}_we"), tile, transaction.write);
    frame.set_at(&format!("{prefix}_strb"), tile, transaction.strb);
    frame.set_at(&format!("{prefix}_addr"), tile, transaction.addr);
    frame.set_at(&format!("{prefix}_data"), tile, transaction.data);
}

impl<const N: usize> Ports for Comparator<N> {
    fn clock(&mut self, clock: Clock) {
        self.clock.next = clock;
    }

    fn drive(&mut self, reset: bool, inputs: &Frame) {
        self.reset.next = reset;
        drive!(self, inputs; freeze, flush, out_done, out_err; time_limit, out_rdata);
        for i in 0..N {
            self.members[i].next = inputs.at("members", i) != 0;
            self.req_valid[i].next = inputs.at("req_valid", i) != 0;
            self.req[i].next = transaction(inputs, "req", i).into();
        }
    }

    fn read(&self, outputs: &mut Frame) {
        read!(self, outputs; rsp_err, out_valid, detect; rsp_data, kind);
        set_transaction(outputs, "out", 0, self.out.val().into());
        for i in 0..N {
            outputs.set_at("done", i, self.done[i].val());
            outputs.set_at("accused", i, self.accused[i].val());
            outputs.set_at("said_addr", i, u64::from(self.said_addr[i].val()));
            outputs.set_at("said_data", i, u64::from(self.said_data[i].val()));
        }
    }
}

impl Ports for Barrier {
    fn clock(&mut self, clock: Clock) {
        self.clock.next = clock;
    }

    fn drive(&mut self, reset: bool, inputs: &Frame) {
        self.reset.next = reset;
        drive!(self, inputs; wr_en, mode_changed, replay; addr, wdata, mtime, flags_now, raised);
    }

    fn read(&self, outputs: &mut Frame) {
        read!(self, outputs; rdy, epoch; rdata, wake_lo, wake_hi);
    }
}

impl<const N: usize> Ports for Group<N> {
    fn clock(&mut self, clock: Clock) {
        self.clock.next = clock;
    }

    fn drive(&mut self, reset: bool, inputs: &Frame) {
        self.reset.next = reset;
        drive!(self, inputs;
            wr_en, resume, ckpt_commit, ckpt_invalidate, rollback, det_valid, busy, replay;
            addr, wdata, det_kind, seq_state, log_level);
        for i in 0..N {
            self.add[i].next = inputs.at("add", i) != 0;
            self.drop[i].next = inputs.at("drop", i) != 0;
            self.det_tile[i].next = inputs.at("det_tile", i) != 0;
            self.det_addr[i].next = bits(inputs.at("det_addr", i));
            self.det_data[i].next = bits(inputs.at("det_data", i));
        }
    }

    fn read(&self, outputs: &mut Frame) {
        read!(self, outputs;
            cmd_valid, ckpt_valid, due;
            rdata, guest_size, time_limit, dma_src, dma_dst, dma_len, cmd, cmd_tile);
        for i in 0..N {
            outputs.set_at("members", i, self.members[i].val());
        }
    }
}
