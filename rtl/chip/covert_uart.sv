// UART: the ns16550's registers, byte wide at offsets 0 to 7, and two word registers that carry up to three
// bytes at once. Both directions have a FIFO of 16; a write waits while there is no room, so nothing is lost. No baud
// generator: bytes go over the ports as they come. Not covered: line errors, loop-back, modem outputs, FCR's transmitter
// reset (it would lose output).
module covert_uart (
  input  logic        clk_i,
  input  logic        rst_ni,
  // bus: the access happens in the cycle with valid and ready; strobes name the bytes, of a read too
  input  logic        valid_i,
  output logic        ready_o,
  input  logic        we_i,
  input  logic [ 7:0] addr_i,        // word aligned
  input  logic [31:0] wdata_i,
  input  logic [ 3:0] strb_i,
  output logic [31:0] rdata_o,
  // console
  output logic        tx_valid_o,
  output logic [ 7:0] tx_data_o,
  input  logic        tx_ready_i,
  input  logic        rx_valid_i,
  input  logic [ 7:0] rx_data_i,
  output logic        rx_ready_o,
  input  logic        hangup_i,      // level: the host has closed the input
  // for the barrier
  output logic        rx_pending_o,  // there is received data
  output logic        hangup_o       // hung up, and everything received was read
);

  localparam int unsigned Depth = 16;

  logic [7:0] ier_q, lcr_q, mcr_q, scr_q, dll_q, dlm_q;
  logic       fifo_on_q;
  logic       thre_seen_q;   // the transmitter's interrupt was read from IIR

  logic       low, high, pack_rx, pack_tx;   // word that is addressed
  logic       go, write, read;
  logic       dlab;
  logic [4:0] rx_level, tx_level;
  logic [23:0] rx_bytes;
  // One byte leaves at a time.
  // verilator lint_off UNUSEDSIGNAL
  logic [23:0] tx_bytes;
  // verilator lint_on UNUSEDSIGNAL
  logic [1:0] rx_pop, tx_push;
  logic       rx_some, tx_empty, rx_clear;
  logic [7:0] iir, lsr, msr;
  logic [1:0] pack_count;

  assign low     = addr_i == 8'h00;
  assign high    = addr_i == 8'h04;
  assign pack_rx = addr_i == covert_pkg::UartRxpack;
  assign pack_tx = addr_i == covert_pkg::UartTxpack;
  assign dlab    = lcr_q[7];

  assign pack_count = (wdata_i[31:24] > 8'd3) ? 2'd3 : wdata_i[25:24];
  always_comb begin
    tx_push = 2'd0;
    if (we_i && low && strb_i[0] && !dlab) tx_push = 2'd1;
    else if (we_i && pack_tx) tx_push = pack_count;
  end

  assign ready_o = 6'(tx_level) + 6'(tx_push) <= 6'(Depth);
  assign go      = valid_i & ready_o;
  assign write   = go & we_i;
  assign read    = go & ~we_i;

  assign rx_some  = rx_level != 5'd0;
  assign tx_empty = tx_level == 5'd0;
  always_comb begin
    rx_pop = 2'd0;
    if (read && low && strb_i[0] && !dlab && rx_some) rx_pop = 2'd1;
    else if (read && pack_rx) rx_pop = (rx_level > 5'd3) ? 2'd3 : rx_level[1:0];
  end
  assign rx_clear = write & low & strb_i[2] & wdata_i[17];

  covert_fifo #(
    .Depth(Depth)
  ) u_rx (
    .clk_i,
    .rst_ni,
    .clear_i(rx_clear),
    .push_i (2'(rx_valid_i & rx_ready_o)),
    .data_i (24'(rx_data_i)),
    .pop_i  (rx_pop),
    .data_o (rx_bytes),
    .level_o(rx_level)
  );

  covert_fifo #(
    .Depth(Depth)
  ) u_tx (
    .clk_i,
    .rst_ni,
    .clear_i(1'b0),
    .push_i (tx_push & {2{write}}),
    .data_i (wdata_i[23:0]),
    .pop_i  (2'(tx_valid_o & tx_ready_i)),
    .data_o (tx_bytes),
    .level_o(tx_level)
  );

  assign rx_ready_o   = rx_level != 5'(Depth);
  assign tx_valid_o   = ~tx_empty;
  assign tx_data_o    = tx_bytes[7:0];
  assign rx_pending_o = rx_some;
  assign hangup_o     = hangup_i & ~rx_some;

  // Received data comes before room in the transmitter.
  always_comb begin
    iir = 8'h01;
    if (ier_q[0] & rx_some) iir = 8'h04;
    else if (ier_q[1] & tx_empty & ~thre_seen_q) iir = 8'h02;
    iir[7:6] = {2{fifo_on_q}};
  end
  assign lsr = {1'b0, tx_empty, tx_empty, 4'b0000, rx_some};
  assign msr = {~hangup_o, 7'b0110000};   // DCD, DSR, CTS

  always_comb begin
    rdata_o = '0;
    if (low) begin
      rdata_o[7:0]   = dlab ? dll_q : (rx_some ? rx_bytes[7:0] : 8'h00);
      rdata_o[15:8]  = dlab ? dlm_q : ier_q;
      rdata_o[23:16] = iir;
      rdata_o[31:24] = lcr_q;
    end else if (high) begin
      rdata_o = {scr_q, msr, lsr, mcr_q};
    end else if (pack_rx) begin
      rdata_o[31:24] = (rx_level > 5'd3) ? 8'd3 : 8'(rx_level);
      for (int unsigned k = 0; k < 3; k++) if (rx_level > 5'(k)) rdata_o[8*k+:8] = rx_bytes[8*k+:8];
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ier_q       <= '0;
      lcr_q       <= '0;
      mcr_q       <= '0;
      scr_q       <= '0;
      dll_q       <= '0;
      dlm_q       <= '0;
      fifo_on_q   <= 1'b0;
      thre_seen_q <= 1'b0;
    end else begin
      if (write && low) begin
        if (strb_i[0] && dlab) dll_q <= wdata_i[7:0];
        if (strb_i[1] && dlab) dlm_q <= wdata_i[15:8];
        if (strb_i[1] && !dlab) ier_q <= {4'd0, wdata_i[11:8]};
        if (strb_i[2]) fifo_on_q <= wdata_i[16];
        if (strb_i[3]) lcr_q <= wdata_i[31:24];
      end
      if (write && high) begin
        if (strb_i[0]) mcr_q <= {3'd0, wdata_i[4:0]};
        if (strb_i[3]) scr_q <= wdata_i[31:24];
      end
      if (!tx_empty || (write && low && strb_i[1] && !dlab)) thre_seen_q <= 1'b0;
      else if (read && low && strb_i[2] && iir[3:0] == 4'h2) thre_seen_q <= 1'b1;
    end
  end

endmodule
