// What a flip must get through: combinational logic between registers, a memory read and written, a wide
// register, logic behind a clock gate, a register that drives an asynchronous reset. Twice, as tiles are.
module flips_leaf (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       en_i,
  input  logic [7:0] a_i,
  output logic [7:0] y_o
);
  logic [7:0] count_q, next_q, gated_q, held_q;
  logic [31:0] words_q[4];
  logic [99:0] wide_q;
  logic       alive_q;

  logic [31:0] word;
  logic [7:0]  mixed;
  assign word  = words_q[count_q[1:0]];
  assign mixed = (count_q ^ 8'h5a) + a_i + wide_q[99:92];
  assign y_o   = gated_q + next_q + word[15:8] + held_q;

  logic en_latched, clk_gated;
  always_latch if (!clk_i) en_latched = en_i & ~count_q[3];
  assign clk_gated = clk_i & en_latched;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q <= '0;
      next_q  <= '0;
      wide_q  <= '0;
      alive_q <= '0;
      for (int i = 0; i < 4; i++) words_q[i] <= '0;
    end else begin
      count_q                <= count_q + 8'd1;
      next_q                 <= mixed;
      wide_q                 <= {wide_q[91:0], next_q};
      alive_q                <= 1'b1;
      words_q[count_q[1:0]]  <= word + {24'd0, mixed};
    end
  end

  always_ff @(posedge clk_gated or negedge rst_ni) begin
    if (!rst_ni) gated_q <= '0;
    else gated_q <= mixed ^ word[7:0];
  end

  always_ff @(posedge clk_i or negedge alive_q) begin
    if (!alive_q) held_q <= '0;
    else held_q <= held_q + mixed;
  end
endmodule

module flips (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        en_i,
  input  logic [ 7:0] a_i,
  output logic [15:0] y_o
);
  for (genvar i = 0; i < 2; i++) begin : gen_leaf
    flips_leaf u_leaf (
      .clk_i,
      .rst_ni,
      .en_i,
      .a_i(a_i + 8'(i)),
      .y_o(y_o[8*i+:8])
    );
  end
endmodule
