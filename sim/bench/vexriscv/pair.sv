// Two VexRiscv cores as the harness clocks them: the buses of each, and what each has retired. Nothing is shared; the
// interrupts are tied off. The core's Verilog comes from the Python package pythondata-cpu-vexriscv.
//
// Both buses are Wishbone: a line comes as a burst of 8 words (CTI 2, the last one 7), all other accesses are single
// (CTI 0); ACK and data are wanted in the cycle of the response.
module pair (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic [31:0] reset_vector_i,

  output logic        ibus_stb_o[2],
  output logic [29:0] ibus_addr_o[2],  // word
  input  logic        ibus_ack_i[2],
  input  logic [31:0] ibus_data_i[2],

  output logic        dbus_stb_o[2],
  output logic        dbus_we_o[2],
  output logic [29:0] dbus_addr_o[2],  // word
  output logic [ 2:0] dbus_cti_o[2],
  output logic [31:0] dbus_data_o[2],
  output logic [ 3:0] dbus_sel_o[2],
  input  logic        dbus_ack_i[2],
  input  logic [31:0] dbus_data_i[2],

  output logic [31:0] retired_o[2]     // instructions since power-on, modulo 2^32
);
  for (genvar i = 0; i < 2; i++) begin : gen_core
    VexRiscv u_core (
      .externalResetVector   (reset_vector_i),
      .timerInterrupt        (1'b0),
      .softwareInterrupt     (1'b0),
      .externalInterruptArray(32'd0),

      .iBusWishbone_CYC      (),
      .iBusWishbone_STB      (ibus_stb_o[i]),
      .iBusWishbone_ACK      (ibus_ack_i[i]),
      .iBusWishbone_WE       (),
      .iBusWishbone_ADR      (ibus_addr_o[i]),
      .iBusWishbone_DAT_MISO (ibus_data_i[i]),
      .iBusWishbone_DAT_MOSI (),
      .iBusWishbone_SEL      (),
      .iBusWishbone_ERR      (1'b0),
      .iBusWishbone_CTI      (),
      .iBusWishbone_BTE      (),

      .dBusWishbone_CYC      (),
      .dBusWishbone_STB      (dbus_stb_o[i]),
      .dBusWishbone_ACK      (dbus_ack_i[i]),
      .dBusWishbone_WE       (dbus_we_o[i]),
      .dBusWishbone_ADR      (dbus_addr_o[i]),
      .dBusWishbone_DAT_MISO (dbus_data_i[i]),
      .dBusWishbone_DAT_MOSI (dbus_data_o[i]),
      .dBusWishbone_SEL      (dbus_sel_o[i]),
      .dBusWishbone_ERR      (1'b0),
      .dBusWishbone_CTI      (dbus_cti_o[i]),
      .dBusWishbone_BTE      (),

      .clk                   (clk_i),
      .reset                 (rst_i)
    );
    // The core counts, but has no CSR that tells.
    assign retired_o[i] = u_core.CsrPlugin_minstret[31:0];
  end
endmodule
