// First-in first-out queue of bytes, up to three in and three out a cycle. `data_o` shows the three oldest.
// The user keeps `push_i` within the room and `pop_i` within the level.
module covert_fifo #(
  parameter int unsigned Depth = 16  // bytes, a power of two, at least 4
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   clear_i,
  input  logic [            1:0] push_i,   // how many bytes, oldest in bits 7:0
  input  logic [           23:0] data_i,
  input  logic [            1:0] pop_i,    // how many bytes
  output logic [           23:0] data_o,   // oldest in bits 7:0; as far as level_o says
  output logic [$clog2(Depth):0] level_o
);

  localparam int unsigned PosBits = $clog2(Depth);

  logic [        7:0] bytes_q[Depth];
  logic [PosBits-1:0] read_q, write_q;
  logic [  PosBits:0] level_q;

  always_comb begin
    for (int unsigned k = 0; k < 3; k++) data_o[8*k+:8] = bytes_q[read_q+PosBits'(k)];
  end

  always_ff @(posedge clk_i) begin
    for (int unsigned k = 0; k < 3; k++) begin
      if (2'(k) < push_i) bytes_q[write_q+PosBits'(k)] <= data_i[8*k+:8];
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      read_q  <= '0;
      write_q <= '0;
      level_q <= '0;
    end else if (clear_i) begin
      read_q  <= write_q + PosBits'(push_i);
      write_q <= write_q + PosBits'(push_i);
      level_q <= '0;
    end else begin
      read_q  <= read_q + PosBits'(pop_i);
      write_q <= write_q + PosBits'(push_i);
      level_q <= level_q + (PosBits + 1)'(push_i) - (PosBits + 1)'(pop_i);
    end
  end

  assign level_o = level_q;

endmodule
