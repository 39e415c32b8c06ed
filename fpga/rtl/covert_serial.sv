// Serial line: 8 data bits, no parity, one stop bit, both ways. A received byte is there for one cycle; who does not take
// it then has lost it. A byte with a wrong stop bit is dropped.
module covert_serial #(
  parameter int unsigned ClockHz = 50_000_000,
  parameter int unsigned Baud    = 115_200     // at most ClockHz / 8
) (
  input  logic       clk_i,
  input  logic       rst_ni,      // synchronous
  input  logic       tx_valid_i,  // a byte goes over with valid and ready
  output logic       tx_ready_o,
  input  logic [7:0] tx_data_i,
  output logic       rx_valid_o,  // pulse
  output logic [7:0] rx_data_o,
  // pads
  output logic       txd_o,
  input  logic       rxd_i        // asynchronous
);

  localparam int unsigned Bit = (ClockHz + Baud / 2) / Baud;  // clocks of a bit, nearest
  localparam int unsigned BitBits = $clog2(Bit + 1);
  typedef logic [BitBits-1:0] clocks_t;

  // ---------------------------------------------------------------- transmitter
  logic [9:0] tx_shift_q;  // stop bit, data, start bit; all ones at rest
  logic [3:0] tx_left_q;   // bits still to go out, 0: at rest
  clocks_t    tx_clocks_q;

  assign tx_ready_o = tx_left_q == 4'd0;
  assign txd_o      = tx_shift_q[0];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tx_shift_q  <= '1;
      tx_left_q   <= '0;
      tx_clocks_q <= '0;
    end else if (tx_valid_i && tx_ready_o) begin
      tx_shift_q  <= {1'b1, tx_data_i, 1'b0};
      tx_left_q   <= 4'd10;
      tx_clocks_q <= clocks_t'(Bit - 1);
    end else if (tx_left_q != 4'd0) begin
      tx_clocks_q <= (tx_clocks_q == '0) ? clocks_t'(Bit - 1) : tx_clocks_q - clocks_t'(1);
      if (tx_clocks_q == '0) begin
        tx_shift_q <= {1'b1, tx_shift_q[9:1]};
        tx_left_q  <= tx_left_q - 4'd1;
      end
    end
  end

  // ---------------------------------------------------------------- receiver
  // Each bit is looked at in its middle.
  logic [2:0] rxd_q;       // two for the asynchronous input, one for the edge
  logic [3:0] rx_left_q;   // bits still to come, start bit included; 0: at rest
  logic [7:0] rx_shift_q;
  clocks_t    rx_clocks_q;

  assign rx_data_o = rx_shift_q;

  always_ff @(posedge clk_i) begin
    rxd_q      <= {rxd_q[1:0], rxd_i};
    rx_valid_o <= 1'b0;
    if (!rst_ni) begin
      rxd_q       <= '1;
      rx_left_q   <= '0;
      rx_shift_q  <= '0;
      rx_clocks_q <= '0;
    end else if (rx_left_q == 4'd0) begin
      if (rxd_q[2] && !rxd_q[1]) begin
        rx_left_q   <= 4'd10;
        rx_clocks_q <= clocks_t'(Bit / 2 - 1);
      end
    end else if (rx_clocks_q != '0) begin
      rx_clocks_q <= rx_clocks_q - clocks_t'(1);
    end else begin
      rx_clocks_q <= clocks_t'(Bit - 1);
      rx_left_q   <= rx_left_q - 4'd1;
      if (rx_left_q == 4'd10) begin
        if (rxd_q[1]) rx_left_q <= 4'd0;  // no start bit: a glitch
      end else if (rx_left_q == 4'd1) begin
        rx_valid_o <= rxd_q[1];
      end else begin
        rx_shift_q <= {rxd_q[1], rx_shift_q[7:1]};
      end
    end
  end

endmodule
