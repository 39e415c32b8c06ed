// Top for the ULX3S (ECP5 LFE5U-85F, 32 MiB of SDRAM, SD card, FTDI serial line). What each button and light is for stands in
// docs/fpga.md.
module ulx3s #(
  parameter int unsigned ClockMHz   = 50,
  parameter int unsigned NTiles     = 2,
  parameter int unsigned DomainBits = 23,
  parameter logic [31:0] IoStart    = 32'h00F8_0000,
  parameter int unsigned Baud       = 115_200,
  parameter int unsigned RomWords   = 1024,
  // verilog_lint: waive explicit-parameter-storage-type (a string, which not every tool has as a type)
  parameter              RomFile    = "firmware.hex"
) (
  input  logic        clk_25mhz_i,
  input  logic        btn_pwr_ni,
  input  logic [ 6:1] btn_i,
  output logic [ 7:0] led_o,
  // serial line: names are FTDI's
  output logic        ftdi_rxd_o,
  input  logic        ftdi_txd_i,
  // SDRAM
  output logic        sdram_clk_o,
  output logic        sdram_cke_o,
  output logic        sdram_cs_no,
  output logic        sdram_ras_no,
  output logic        sdram_cas_no,
  output logic        sdram_we_no,
  output logic [ 1:0] sdram_ba_o,
  output logic [12:0] sdram_a_o,
  output logic [ 1:0] sdram_dqm_o,
  inout  wire  [15:0] sdram_dq_io,
  // SD card
  output logic        sd_clk_o,
  output logic        sd_cmd_o,
  input  logic        sd_dat0_i,
  output logic        sd_dat3_o,
  // the board's microcontroller leaves the FPGA alone while this is high
  output logic        wifi_gpio0_o
);

  localparam int unsigned ClockHz = ClockMHz * 1_000_000;

  logic clk, locked;

  ulx3s_pll #(
    .ClockMHz(ClockMHz)
  ) u_pll (
    .clk_i      (clk_25mhz_i),
    .clk_o      (clk),
    .clk_sdram_o(sdram_clk_o),
    .locked_o   (locked)
  );

  // Reset: until the clock is good and the power button is up, and 256 cycles more.
  logic [1:0] good_q;
  logic [7:0] left_q;
  logic       rst_n_q;

  initial left_q = '1;
  initial rst_n_q = 1'b0;

  always_ff @(posedge clk) begin
    good_q  <= {good_q[0], locked & btn_pwr_ni};
    rst_n_q <= left_q == '0;
    if (!good_q[1]) left_q <= '1;
    else if (left_q != '0) left_q <= left_q - 8'd1;
  end

  logic [15:0] dq_out;
  logic        dq_drive;

  assign sdram_dq_io  = dq_drive ? dq_out : 'z;
  assign wifi_gpio0_o = 1'b1;

  covert_board #(
    .NTiles    (NTiles),
    .ClockHz   (ClockHz),
    .Baud      (Baud),
    .DomainBits(DomainBits),
    .IoStart   (IoStart),
    .RomWords  (RomWords),
    .RomFile   (RomFile)
  ) u_board (
    .clk_i          (clk),
    .rst_ni         (rst_n_q),
    .sdram_cke_o,
    .sdram_cs_no,
    .sdram_ras_no,
    .sdram_cas_no,
    .sdram_we_no,
    .sdram_ba_o,
    .sdram_a_o,
    .sdram_dqm_o,
    .sdram_dq_o     (dq_out),
    .sdram_dq_oe_o  (dq_drive),
    .sdram_dq_i     (sdram_dq_io),
    .sd_clk_o,
    .sd_mosi_o      (sd_cmd_o),
    .sd_miso_i      (sd_dat0_i),
    .sd_cs_no       (sd_dat3_o),
    .sd_present_i   (1'b1),
    .txd_o          (ftdi_rxd_o),
    .rxd_i          (ftdi_txd_i),
    .button_mode_i  (btn_i[2]),
    .button_inject_i(btn_i[1]),
    .button_serial_i(btn_i[3]),
    .led_o
  );

  // verilator lint_off UNUSEDSIGNAL
  logic [6:1] unused;
  // verilator lint_on UNUSEDSIGNAL
  assign unused = btn_i;

endmodule
