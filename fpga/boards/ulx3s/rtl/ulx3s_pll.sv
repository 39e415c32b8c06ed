// Clocks of the ULX3S: 50 MHz for everything, and the same half a cycle later for the SDRAM. In simulation clk_i is the
// 50 MHz clock already, and always good.
module ulx3s_pll (
  input  logic clk_i,         // 25 MHz
  output logic clk_o,
  output logic clk_sdram_o,
  output logic locked_o       // asynchronous
);

`ifdef COVERT_ECP5
  // VCO at 600 MHz; both outputs are it divided by 12, the second 6 of its cycles later.
  (* FREQUENCY_PIN_CLKI = "25", FREQUENCY_PIN_CLKOP = "50", FREQUENCY_PIN_CLKOS = "50", ICP_CURRENT = "12", LPF_RESISTOR = "8" *)
  EHXPLLL #(
    .CLKI_DIV        (1),
    .CLKFB_DIV       (2),
    .FEEDBK_PATH     ("CLKOP"),
    .CLKOP_ENABLE    ("ENABLED"),
    .CLKOP_DIV       (12),
    .CLKOP_CPHASE    (11),
    .CLKOP_FPHASE    (0),
    .CLKOS_ENABLE    ("ENABLED"),
    .CLKOS_DIV       (12),
    .CLKOS_CPHASE    (17),
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
