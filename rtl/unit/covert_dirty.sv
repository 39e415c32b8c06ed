// Dirty bits of one tile: a bit for each block of its domain, 32 blocks to a word of a block RAM.
// The gate sets bits without ever waiting (one a cycle); the block walker's operations take the cycles
// in between. Both go through one read-modify-write pipeline of two stages with forwarding.
// The contents are undefined after reset: the walker clears them at power-on.
module covert_dirty #(
  parameter int unsigned Blocks = covert_pkg::RegionBlocks  // blocks of a domain, a power of two
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  // from the gate: a write to this block was let through
  input  logic                       set_i,
  input  logic [  $clog2(Blocks)-1:0] set_block_i,
  // from the walker: word = (word & {32{op_keep_i}}) | op_or_i, the old word is returned.
  // A pulse; the next operation not before op_done_o. The fields stay until then.
  input  logic                       op_i,
  input  logic                       op_keep_i,
  input  logic [               31:0] op_or_i,
  input  logic [$clog2(Blocks/32)-1:0] op_word_i,
  output logic                       op_done_o,  // pulse, with op_old_o
  output logic [               31:0] op_old_o
);

  localparam int unsigned Words = Blocks / 32;
  localparam int unsigned WordBits = $clog2(Words);

  logic [31:0] bits_q[Words];
  logic [31:0] read_q;

  logic op_wait_q, op_wait_d;
  logic op_go;

  // Stage 1: the word read, what is to be done with it.
  logic                s1_valid_q;
  logic                s1_op_q;
  logic                s1_keep_q;
  logic [        31:0] s1_or_q;
  logic [WordBits-1:0] s1_word_q;
  // The word that was written in the cycle in which stage 1's was read.
  logic                fwd_valid_q;
  logic [WordBits-1:0] fwd_word_q;
  logic [        31:0] fwd_data_q;

  logic [        31:0] s1_old;
  logic [        31:0] s1_new;
  logic [WordBits-1:0] s0_word;
  logic                s0_valid;

  assign op_go     = (op_i | op_wait_q) & ~set_i;
  assign op_wait_d = (op_i | op_wait_q) & set_i;
  assign s0_valid  = set_i | op_go;
  assign s0_word   = set_i ? set_block_i[5+:WordBits] : op_word_i;

  always_comb begin
    s1_old = '0;
    s1_new = '0;
    if (s1_valid_q) begin
      s1_old = (fwd_valid_q && fwd_word_q == s1_word_q) ? fwd_data_q : read_q;
      s1_new = (s1_old & {32{s1_keep_q}}) | s1_or_q;
    end
  end

  assign op_done_o = s1_valid_q & s1_op_q;
  assign op_old_o  = s1_old;

  always_ff @(posedge clk_i) begin
    if (s0_valid) read_q <= bits_q[s0_word];
    if (s1_valid_q) bits_q[s1_word_q] <= s1_new;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      op_wait_q   <= 1'b0;
      s1_valid_q  <= 1'b0;
      s1_op_q     <= 1'b0;
      s1_keep_q   <= 1'b0;
      s1_or_q     <= '0;
      s1_word_q   <= '0;
      fwd_valid_q <= 1'b0;
      fwd_word_q  <= '0;
      fwd_data_q  <= '0;
    end else begin
      op_wait_q   <= op_wait_d;
      s1_valid_q  <= s0_valid;
      if (s0_valid) begin
        s1_op_q   <= ~set_i;
        s1_keep_q <= set_i | op_keep_i;
        s1_or_q   <= set_i ? 32'd1 << set_block_i[4:0] : op_or_i;
        s1_word_q <= s0_word;
      end
      fwd_valid_q <= s1_valid_q;
      if (s1_valid_q) begin
        fwd_word_q <= s1_word_q;
        fwd_data_q <= s1_new;
      end
    end
  end

endmodule
