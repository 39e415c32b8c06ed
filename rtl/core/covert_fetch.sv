// Instruction fetch: a queue of words filled ahead of the decoder along the predicted path, and the alignment of 16-bit
// and 32-bit instructions. One word a cycle; a word is queued in the cycle of its answer and used in the next one.
// Whether it is answered is known late in the cycle behind its request, when the next one is made already. If it is not,
// both are void, and it is asked for again two cycles later.
// Errors are carried along and become traps only if the instruction is executed.
module covert_fetch #(
  parameter int unsigned Depth = 4,       // words, a power of two
  parameter int unsigned BtbEntries = 64
) (
  input logic clk_i,
  input logic rst_ni,
  // bit 0 of a pc is always 0
  // verilator lint_off UNUSEDSIGNAL
  input logic [31:0] boot_addr_i,

  // Redirect: the next instruction is the one at redirect_pc_i.
  input logic redirect_i,
  input logic [31:0] redirect_pc_i,
  // verilator lint_on UNUSEDSIGNAL
  input logic [1:0] priv_i,  // privilege of new requests

  // What became of a branch or of a prediction, in the cycle in which its instruction executes.
  input logic update_i,
  input logic [31:1] update_end_i,  // last half word of the instruction
  input logic update_keep_i,
  input logic [1:0] update_count_i,
  input logic [31:1] update_target_i,

  // Memory. A request is answered in the cycle behind the one in which it is accepted, or not at all; then one that is
  // accepted in that cycle is void as well. A cancel forgets all requests up to and including this cycle's.
  output logic ireq_valid_o,
  input logic ireq_ready_i,
  output logic [31:0] ireq_addr_o,
  output logic [1:0] ireq_priv_o,
  output logic ireq_cancel_o,
  input logic irsp_valid_i,
  input logic [31:0] irsp_data_i,
  input logic [1:0] irsp_err_i,

  // To the decoder: the instruction at pc_o.
  output logic valid_o,
  input logic ready_i,
  output logic [31:0] pc_o,
  output logic [31:0] instr_o,  // upper half is zero for a 16-bit instruction
  output logic [1:0] err_o,  // error of the fetch
  output logic err_second_o,  // the error is in the second half (at pc_o + 2)
  output logic known_o,  // the branch target buffer knows the instruction
  output logic [1:0] count_o,  // with known_o: 2, 3: predicted taken, and the next instruction is at target_o
  output logic [31:1] target_o
);

  localparam int unsigned IdxW = $clog2(Depth);

  // A word's prediction.
  typedef struct packed {
    logic hit;
    logic half;
    logic [1:0] count;
    logic [31:1] target;
  } guess_t;

  logic started_q;
  logic [31:1] pc_q;  // of the instruction at the head
  logic [31:2] fetch_q;  // word to request next
  logic skip_q;  // its lower half will not be executed
  logic flying_q;  // the request of the last cycle counts
  logic [31:2] look_q;  // its word
  logic look_skip_q;
  guess_t guess_q;
  logic again_q;  // the one before was not answered
  logic [31:2] again_word_q;
  logic again_skip_q;
  logic [31:0] data_q[Depth];
  logic [1:0] err_q[Depth];
  logic [34:0] queued_q[Depth];  // guess_t
  logic [IdxW:0] rd_q, wr_q;  // words read and written, modulo twice the depth
  logic [IdxW:0] count;  // words in the queue

  logic [IdxW-1:0] rd_now, rd_next;
  logic [31:0] word0;
  logic [15:0] word1;  // lower half of the following word
  logic [1:0] err0, err1;
  guess_t guess, guess0, guess1, guess_end;
  logic [15:0] low;
  logic straddles, is_long, upper, take, taken, lost, redirect, accept, push, missed, leaves;
  logic [1:0] drop;  // words used up
  logic [31:1] redirect_pc;

  // ---------------------------------------------------------------- head of the queue
  assign count = wr_q - rd_q;
  assign rd_now = rd_q[IdxW-1:0];
  assign rd_next = rd_now + 1'b1;
  assign word0 = data_q[rd_now];
  assign word1 = data_q[rd_next][15:0];
  assign err0 = err_q[rd_now];
  assign err1 = err_q[rd_next];
  assign guess0 = queued_q[rd_now];
  assign guess1 = queued_q[rd_next];

  always_comb begin
    upper = pc_q[1];
    low = upper ? word0[31:16] : word0[15:0];
    is_long = (low[1:0] == 2'b11) && (err0 == 2'd0);
    straddles = upper && is_long;
    instr_o = {16'd0, low};
    if (is_long) instr_o[31:16] = upper ? word1 : word0[31:16];
    // The guess counts if its instruction ends where this one does.
    guess_end = straddles ? guess1 : guess0;
    known_o = guess_end.hit && (guess_end.half == (upper ^ is_long));
    count_o = guess_end.count;
    target_o = guess_end.target;
    // The word was left for a target in the middle of this instruction: the guess was for other code.
    lost = (count != 0) && is_long && guess0.hit && guess0.count[1] && (guess0.half == upper);
    valid_o = ((count > 1) || ((count == 1) && !straddles)) && !lost;
    err_o = (err0 != 2'd0) ? err0 : (straddles ? err1 : 2'd0);
    err_second_o = err0 == 2'd0;
    taken = known_o && count_o[1];
  end
  assign pc_o = {pc_q, 1'b0};

  assign take = valid_o && ready_i;
  always_comb begin
    drop = 2'd0;
    if (take) begin
      if (taken) drop = straddles ? 2'd2 : 2'd1;
      else if (upper || is_long) drop = 2'd1;
    end
  end

  // A lost word is fetched again, with its guess forgotten.
  assign redirect = redirect_i || lost;
  assign redirect_pc = redirect_i ? redirect_pc_i[31:1] : pc_q;

  // ---------------------------------------------------------------- requests
  assign ireq_valid_o = started_q && !again_q && ((count + {{IdxW{1'b0}}, flying_q}) < Depth[IdxW:0]);
  assign ireq_addr_o = {fetch_q, 2'b00};
  assign ireq_priv_o = priv_i;
  assign ireq_cancel_o = redirect;
  assign accept = ireq_valid_o && ireq_ready_i;
  assign push = irsp_valid_i;
  assign missed = flying_q && !irsp_valid_i;

  covert_btb #(
      .Entries(BtbEntries)
  ) u_btb (
      .clk_i,
      .addr_i(fetch_q),
      .hit_o(guess.hit),
      .half_o(guess.half),
      .count_o(guess.count),
      .target_o(guess.target),
      .we_i(update_i || (lost && !redirect_i)),
      .end_i(update_i ? update_end_i : {pc_q[31:2], guess0.half}),
      .keep_i(update_i && update_keep_i),
      .count_i(update_count_i),
      .target_i(update_target_i)
  );

  // An instruction before the place where the path enters the word does not count.
  assign leaves = guess.hit && guess.count[1] && (guess.half || !skip_q);

  always_ff @(posedge clk_i) begin
    if (accept) begin
      look_q <= fetch_q;
      look_skip_q <= skip_q;
      guess_q <= guess;
      guess_q.hit <= guess.hit && (guess.half || !skip_q);
    end
    again_word_q <= look_q;
    again_skip_q <= look_skip_q;
    // Whether it is pushed is known late, so the place behind the last word is written in any case.
    if (flying_q) begin
      data_q[wr_q[IdxW-1:0]] <= irsp_data_i;
      err_q[wr_q[IdxW-1:0]] <= irsp_err_i;
      queued_q[wr_q[IdxW-1:0]] <= guess_q;
    end
    if (!rst_ni) begin
      started_q <= 1'b0;
      pc_q <= boot_addr_i[31:1];
      fetch_q <= boot_addr_i[31:2];
      skip_q <= boot_addr_i[1];
      rd_q <= '0;
      wr_q <= '0;
      flying_q <= 1'b0;
      again_q <= 1'b0;
    end else if (redirect) begin
      started_q <= 1'b1;
      pc_q <= redirect_pc;
      fetch_q <= redirect_pc[31:2];
      skip_q <= redirect_pc[1];
      rd_q <= '0;
      wr_q <= '0;
      flying_q <= 1'b0;
      again_q <= 1'b0;
    end else begin
      started_q <= 1'b1;
      if (take) pc_q <= taken ? target_o : pc_q + (is_long ? 31'd2 : 31'd1);
      rd_q <= rd_q + (IdxW + 1)'(drop);
      if (push) wr_q <= wr_q + 1'b1;
      if (again_q) begin
        fetch_q <= again_word_q;
        skip_q <= again_skip_q;
      end else if (accept) begin
        fetch_q <= leaves ? guess.target[31:2] : fetch_q + 30'd1;
        skip_q <= leaves && guess.target[1];
      end
      flying_q <= accept && !missed;
      again_q <= missed;
    end
  end

endmodule
