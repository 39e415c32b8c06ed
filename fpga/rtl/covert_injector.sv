// Fault injector of a board, for who wants to see a fault caught: flips a bit in the X stage of a core (covert_core), at a
// button or at an order on the serial line: Ctrl-] and four hexadecimal digits: tile, register (0 to 3), bit (two digits). The last
// order stays in a register, and the button repeats it; after a start it names bit 4 of register 0 (x_rs1_q) of tile 1. What is
// no order is left to the guest, but for the Ctrl-].
module covert_injector #(
  parameter int unsigned NTiles = 2
) (
  input  logic              clk_i,
  input  logic              rst_ni,      // synchronous
  input  logic              button_i,    // pulse
  // received bytes, on their way to the guest
  input  logic              rx_valid_i,  // pulse
  input  logic [       7:0] rx_data_i,
  output logic              rx_valid_o,
  // chip
  output logic [NTiles-1:0] inject_o,    // pulse
  output logic [       1:0] register_o,
  output logic [       4:0] bit_o
);

  localparam logic [7:0] Escape = 8'h1D;

  logic [ 2:0] left_q;     // digits still to come
  // of a digit for a tile or a register only two bits count
  // verilator lint_off UNUSEDSIGNAL
  logic [11:0] digits_q;
  // verilator lint_on UNUSEDSIGNAL
  logic [ 1:0] tile_q;
  logic [ 3:0] digit;
  logic        is_digit, fire_q;

  always_comb begin
    is_digit = 1'b1;
    digit    = rx_data_i[3:0];
    if (rx_data_i >= "0" && rx_data_i <= "9") digit = rx_data_i[3:0];
    else if ((rx_data_i | 8'h20) >= "a" && (rx_data_i | 8'h20) <= "f") digit = rx_data_i[3:0] + 4'd9;
    else is_digit = 1'b0;
  end

  assign rx_valid_o = rx_valid_i & (rx_data_i != Escape) & ~(left_q != '0 && is_digit);

  always_comb begin
    inject_o = '0;
    for (int unsigned i = 0; i < NTiles; i++) inject_o[i] = fire_q & (tile_q == 2'(i));
  end

  always_ff @(posedge clk_i) begin
    fire_q <= button_i;
    if (rx_valid_i) begin
      if (rx_data_i == Escape) begin
        left_q <= 3'd4;
      end else if (left_q != '0 && is_digit) begin
        left_q   <= left_q - 3'd1;
        digits_q <= {digits_q[7:0], digit};
        if (left_q == 3'd1) begin
          tile_q     <= digits_q[9:8];
          register_o <= digits_q[5:4];
          bit_o      <= {digits_q[0], digit};
          fire_q     <= 1'b1;
        end
      end else begin
        left_q <= '0;
      end
    end
    if (!rst_ni) begin
      left_q     <= '0;
      fire_q     <= 1'b0;
      tile_q     <= 2'd1;
      register_o <= 2'd0;
      bit_o      <= 5'd4;
    end
  end

endmodule
