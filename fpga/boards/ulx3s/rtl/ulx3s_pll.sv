// Clocks of the ULX3S: one for everything, and the same half a cycle later for the SDRAM. In simulation clk_i is that
// clock already, and always good.
module ulx3s_pll #(
  // verilator lint_off UNUSEDPARAM
  parameter int unsigned ClockMHz = 50  // 25, 50 or 75
  // verilator lint_on UNUSEDPARAM
) (
  input  logic clk_i,         // 25 MHz
  output logic clk_o,
  output logic clk_sdram_o,
  output logic locked_o       // asynchronous
);

`ifdef COVERT_ECP5
  // VCO at 600 MHz; both outputs are it divided, the second half a cycle of theirs later.
  localparam int unsigned Divider = 600 / ClockMHz;

  (* ICP_CURRENT = "12", LPF_RESISTOR = "8" *)
  EHXPLLL #(
    .CLKI_DIV        (1),
    .CLKFB_DIV       (ClockMHz / 25),
    .FEEDBK_PATH     ("CLKOP"),
    .CLKOP_ENABLE    ("ENABLED"),
    .CLKOP_DIV       (Divider),
    .CLKOP_CPHASE    (Divider - 1),
    .CLKOP_FPHASE    (0),
    .CLKOS_ENABLE    ("ENABLED"),
    .CLKOS_DIV       (Divider),
    .CLKOS_CPHASE    (Divider - 1 + Divider / 2),
    .CLKOS_FPHASE    (0),
    .OUTDIVIDER_MUXA ("DIVA"),
    .OUTDIVIDER_MUXB ("DIVB"),
    .PLLRST_ENA      ("DISABLED"),
    .INTFB_WAKE      ("DISABLED"),
    .STDBY_ENABLE    ("DISABLED"),
    .DPHASE_SOURCE   ("DISABLED")
  ) u_pll (
    .RST         (1'b0),
    .STDBY       (1'b0),
    .CLKI        (clk_i),
    .CLKFB       (clk_o),
    .CLKINTFB    (),
    .PHASESEL0   (1'b0),
    .PHASESEL1   (1'b0),
    .PHASEDIR    (1'b0),
    .PHASESTEP   (1'b0),
    .PHASELOADREG(1'b0),
    .PLLWAKESYNC (1'b0),
    .ENCLKOP     (1'b0),
    .ENCLKOS     (1'b0),
    .CLKOP       (clk_o),
    .CLKOS       (clk_sdram_o),
    .LOCK        (locked_o)
  );
`else
  assign clk_o       = clk_i;
  assign clk_sdram_o = ~clk_i;
  assign locked_o    = 1'b1;
`endif

endmodule
