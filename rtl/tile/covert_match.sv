// Whether two tags are the same. A module of its own that stays one in synthesis: one of them comes late, from a block
// RAM, which the mapping to LUTs does not know, so this is mapped for its own delay. A carry runs through all bits that
// are equal, which an FPGA has fast wires for.
module covert_match #(
  parameter int unsigned Width = 21
) (
  input  logic             always_i,  // they count as the same
  input  logic             active_i,  // otherwise, whether they are looked at
  input  logic [Width-1:0] a_i,
  input  logic [Width-1:0] b_i,
  output logic             match_o
);

  // The bits of the sum do not matter, the carry out of them does: bit Width hands it on, or makes it.
  // verilator lint_off UNUSEDSIGNAL
  logic [Width+1:0] sum;
  // verilator lint_on UNUSEDSIGNAL

  assign sum     = {2'b01, ~(a_i ^ b_i)} + {1'b0, always_i, {Width - 1{1'b0}}, active_i};
  assign match_o = sum[Width+1];

endmodule
