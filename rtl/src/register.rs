//! The one kind of flip-flop of the generated blocks: clocked, with a synchronous reset.
//!
//! rust-hdl's own `DFF` has no reset. In the Verilog each register is an instance `..._q` (`..._q$i` in
//! an array) of a module whose flip-flops are its variable `state_q`: whoever looks for registers of
//! generated modules (fault injection, reports) finds exactly those whose name ends in `.state_q`.

use rust_hdl_core::prelude::*;

/// Wires registers to the block's clock and makes them keep their value: assign `d` afterwards to
/// change one. The name is rust-hdl's, whose translator knows it. `reset` is wired by hand.
macro_rules! dff_setup {
    ($me:ident, $clock:ident, $($dff:ident),+ $(,)?) => {$(
        $me.$dff.clock.next = $me.$clock.val();
        $me.$dff.d.next = $me.$dff.q.val();
    )+};
}
pub(crate) use dff_setup;

/// A register of type `T`: takes `d` at the rising edge, its initial value while `reset` is high.
#[derive(LogicBlock)]
pub struct Register<T: Synth> {
    /// Clock, rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset, active high.
    pub reset: Signal<In, Bit>,
    /// Next value.
    pub d: Signal<In, T>,
    /// Present value.
    pub q: Signal<Out, T>,
    reset_value: Constant<T>,
}

impl<T: Synth> Register<T> {
    /// A register that comes out of reset with `reset_value`.
    pub fn new(reset_value: T) -> Self {
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            d: Signal::default(),
            q: Signal::default(),
            reset_value: Constant::new(reset_value),
        }
    }
}

impl<T: Synth> Default for Register<T> {
    /// A register that comes out of reset with all bits 0.
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Synth> Logic for Register<T> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.q.next = if self.reset.val() { self.reset_value.val() } else { self.d.val() };
        }
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        let range = match T::BITS {
            1 => String::new(),
            bits => format!("[{}:0] ", bits - 1),
        };
        Verilog::Custom(format!(
            "reg {range}state_q;\n\
             always @(posedge clock) begin\n    \
             if (reset) state_q <= reset_value;\n    else state_q <= d;\n\
             end\n\
             always @(*) q = state_q;\n"
        ))
    }
}
