// A word that comes late, or another one. A module of its own that stays one in synthesis, so that the late word passes
// this choice only.
module covert_late #(
    parameter int unsigned Width = 32
) (
    input logic choose_i,
    input logic [Width-1:0] late_i,
    input logic [Width-1:0] other_i,
    output logic [Width-1:0] word_o
);

  assign word_o = choose_i ? late_i : other_i;

endmodule
