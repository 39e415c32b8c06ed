// What a load gives of a word, some bytes of which are newer elsewhere. A module of its own that stays one in
// synthesis, as covert_match: the word comes late.
module covert_align (
  input  logic        active_i,  // otherwise it does not matter what is given
  input  logic [31:0] word_i,
  input  logic [31:0] newer_i,
  input  logic [ 3:0] newer_strb_i,
  input  logic [ 4:0] align_i,   // funct3 and the byte in the word
  output logic [31:0] word_o
);

  always_comb begin
    logic [31:0] mask, shifted;
    mask    = 'x;
    shifted = 'x;
    word_o  = 'x;
    if (active_i) begin
      mask    = {{8{newer_strb_i[3]}}, {8{newer_strb_i[2]}}, {8{newer_strb_i[1]}}, {8{newer_strb_i[0]}}};
      shifted = ((word_i & ~mask) | (newer_i & mask)) >> {align_i[1:0], 3'b000};
      unique case (align_i[3:2])
        2'd0:    word_o = {{24{shifted[7] & ~align_i[4]}}, shifted[7:0]};
        2'd1:    word_o = {{16{shifted[15] & ~align_i[4]}}, shifted[15:0]};
        default: word_o = shifted;
      endcase
    end
  end

endmodule
