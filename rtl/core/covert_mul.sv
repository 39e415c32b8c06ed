// Multiplier of the M extension: operands in one cycle, the result in the next. The 33x33 product is registered.
module covert_mul (
  input  logic        clk_i,     // clock
  input  logic        take_i,    // take the operands
  input  logic [1:0]  op_i,      // funct3[1:0]: MUL, MULH, MULHSU, MULHU
  input  logic [31:0] a_i,       // rs1
  input  logic [31:0] b_i,       // rs2
  output logic [31:0] result_o   // of the operands taken last, from the next cycle on
);

  logic signed [32:0] a, b;
  logic signed [65:0] product;
  logic        [65:0] product_q;
  logic               low_q;

  // MULHU takes both unsigned, MULHSU b, all others are signed (MUL: no matter).
  assign a       = {a_i[31] && op_i != 2'b11, a_i};
  assign b       = {b_i[31] && !op_i[1], b_i};
  assign product = a * b;

  always_ff @(posedge clk_i) begin
    if (take_i) begin
      product_q <= product;
      low_q     <= op_i == 2'b00;
    end
  end

  assign result_o = low_q ? product_q[31:0] : product_q[63:32];

  // The top bits of a 66-bit product only repeat the sign.
  logic unused_product;
  assign unused_product = ^product_q[65:64];

endmodule
