// Integer ALU, combinational; `sum_o` (a + b) also serves as address of loads, stores and jalr.
module covert_alu
(
    input covert_core_pkg::alu_op_e op_i,
    input logic [31:0] a_i,
    input logic [31:0] b_i,
    output logic [31:0] sum_o,
    output logic [31:0] result_o,
    output logic equal_o,  // a == b
    output logic less_o,  // a < b, signed
    output logic less_unsigned_o  // a < b, unsigned
);

  logic [32:0] difference;
  logic [31:0] shift_in, shift_out;
  // the sign bit shifted in is dropped
  // verilator lint_off UNUSEDSIGNAL
  logic [32:0] shifted;
  // verilator lint_on UNUSEDSIGNAL
  logic arithmetic, left;

  function automatic logic [31:0] reversed(input logic [31:0] value);
    for (int i = 0; i < 32; i++) reversed[i] = value[31-i];
  endfunction

  assign sum_o = a_i + b_i;
  assign difference = {1'b0, a_i} - {1'b0, b_i};
  assign equal_o = a_i == b_i;
  assign less_unsigned_o = difference[32];
  assign less_o = (a_i[31] != b_i[31]) ? a_i[31] : difference[32];

  // One right shifter serves both directions.
  assign left = op_i == covert_core_pkg::AluSll;
  assign arithmetic = (op_i == covert_core_pkg::AluSra) && a_i[31];
  assign shift_in = left ? reversed(a_i) : a_i;
  assign shifted = $signed({arithmetic, shift_in}) >>> b_i[4:0];
  assign shift_out = shifted[31:0];

  always_comb begin
    case (op_i)
      covert_core_pkg::AluSub: result_o = difference[31:0];
      covert_core_pkg::AluSll: result_o = reversed(shift_out);
      covert_core_pkg::AluSrl, covert_core_pkg::AluSra: result_o = shift_out;
      covert_core_pkg::AluSlt: result_o = {31'd0, less_o};
      covert_core_pkg::AluSltu: result_o = {31'd0, less_unsigned_o};
      covert_core_pkg::AluXor: result_o = a_i ^ b_i;
      covert_core_pkg::AluOr: result_o = a_i | b_i;
      covert_core_pkg::AluAnd: result_o = a_i & b_i;
      default: result_o = sum_o;
    endcase
  end

endmodule
