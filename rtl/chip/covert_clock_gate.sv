// Clock gate: `clk_o` runs while `en_i` was high in the low phase before.
// The latch is transparent while the clock is low, so `en_i` may change any time after a rising edge.
// With COVERT_ECP5 the FPGA's clock buffer with enable is used, which has the same timing.
module covert_clock_gate (
  input  logic clk_i,
  input  logic en_i,   // level, from flip-flops of clk_i
  output logic clk_o
);

`ifdef COVERT_ECP5
  DCCA u_dcca (
    .CLKI(clk_i),
    .CE  (en_i),
    .CLKO(clk_o)
  );
`else
  logic en_latched;

  always_latch begin
    if (!clk_i) en_latched = en_i;
  end

  assign clk_o = clk_i & en_latched;
`endif

endmodule
