// One of several words, or 0. A module of its own that stays one in synthesis, as covert_match: the choice comes late.
module covert_select #(
  parameter int unsigned Words = 4,
  parameter int unsigned Width = 32
) (
  input  logic [Words-1:0]            select_i,  // one-hot, or 0
  input  logic [Words-1:0][Width-1:0] words_i,   // defined where selected
  output logic [Width-1:0]            word_o
);

  always_comb begin
    word_o = '0;
    for (int unsigned w = 0; w < Words; w++) word_o |= words_i[w] & {Width{select_i[w]}};
  end

endmodule
