// Whether two tags are the same. A module of its own that stays one in synthesis: one of them comes late, from a block
// RAM, which the mapping to LUTs does not know, so this is mapped for its own delay.
module covert_match #(
  parameter int unsigned Width = 21
) (
  input  logic             always_i,  // they count as the same
  input  logic             active_i,  // otherwise, whether they are looked at
  input  logic [Width-1:0] a_i,
  input  logic [Width-1:0] b_i,
  output logic             match_o
);

  always_comb begin
    match_o = always_i;
    if (active_i) match_o |= a_i == b_i;
  end

endmodule
