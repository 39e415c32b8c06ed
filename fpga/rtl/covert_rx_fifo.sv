// Bytes received while nobody could take them, up to 511; more are lost.
module covert_rx_fifo (
  input  logic       clk_i,
  input  logic       rst_ni,   // synchronous
  input  logic       push_i,
  input  logic [7:0] data_i,
  output logic       valid_o,  // a byte goes over with valid and ready
  input  logic       ready_i,
  output logic [7:0] data_o
);

  (* no_rw_check *) logic [7:0] bytes_q[512];
  logic [8:0] write_q, read_q, read_d;
  logic [8:0] level_q;     // bytes in it
  logic       fresh_q;     // the oldest was written in the last cycle: it is not at the port yet

  logic pop, push;
  assign pop     = valid_o & ready_i;
  assign push    = push_i & (level_q != '1);
  assign valid_o = (level_q != '0) & ~fresh_q;
  assign read_d  = read_q + 9'(pop);

  always_ff @(posedge clk_i) begin
    if (push) bytes_q[write_q] <= data_i;
    data_o <= bytes_q[read_d];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      write_q <= '0;
      read_q  <= '0;
      level_q <= '0;
      fresh_q <= 1'b0;
    end else begin
      write_q <= write_q + 9'(push);
      read_q  <= read_d;
      level_q <= level_q + 9'(push) - 9'(pop);
      fresh_q <= push & (write_q == read_d);
    end
  end

endmodule
