// Instruction fetch: a queue of words filled ahead of the decoder, and the alignment of 16-bit and 32-bit
// instructions. One word a cycle from a pipelined memory; at most `Depth` words are queued or on their way.
// A request once raised stays until it is accepted; what a redirect makes stale is dropped when it arrives.
// Errors are carried along and become traps only if the instruction is executed.
module covert_fetch #(
    parameter int unsigned Depth = 4  // words, a power of two
) (
    input logic clk_i,
    input logic rst_ni,
    input logic [31:0] boot_addr_i,

    // Redirect: the next instruction is the one at redirect_pc_i.
    input logic redirect_i,
    // bit 0 of a pc is always 0
    // verilator lint_off UNUSEDSIGNAL
    input logic [31:0] redirect_pc_i,
    // verilator lint_on UNUSEDSIGNAL
    input logic [1:0] priv_i,  // privilege of new requests

    // Memory.
    output logic ireq_valid_o,
    input logic ireq_ready_i,
    output logic [31:0] ireq_addr_o,
    output logic [1:0] ireq_priv_o,
    input logic irsp_valid_i,
    input logic [31:0] irsp_data_i,
    input logic [1:0] irsp_err_i,

    // To the decoder: the instruction at pc_o.
    output logic valid_o,
    input logic ready_i,
    output logic [31:0] pc_o,
    output logic [31:0] instr_o,  // upper half is zero for a 16-bit instruction
    output logic [1:0] err_o,  // error of the fetch
    output logic err_second_o  // the error is in the second half (at pc_o + 2)
);

  localparam int unsigned IdxW = $clog2(Depth);

  logic started_q;
  logic [31:0] pc_q;  // of the instruction at the head
  logic [29:0] fetch_q;  // word to request next
  logic [31:0] data_q[Depth];
  logic [1:0] err_q[Depth];
  logic [IdxW-1:0] rd_q, wr_q;
  logic [IdxW:0] count_q;  // words in the queue
  logic [IdxW:0] flying_q;  // accepted requests whose answers are wanted
  logic [IdxW:0] stale_q;  // accepted requests whose answers are not
  logic hold_q;  // a stale request waits to be accepted
  logic [29:0] hold_addr_q;
  logic [1:0] hold_priv_q;

  logic [IdxW-1:0] rd_next;
  logic [IdxW:0] available;  // words queued or arriving
  logic [31:0] word0;
  logic [15:0] word1;  // lower half of the following word
  logic [1:0] err0, err1;
  logic [15:0] low;
  logic straddles, is_long, take, take_word;
  logic request, accept_new, accept_hold, drop, push;

  // Head of the queue. A word may be used in the cycle in which it arrives.
  assign rd_next = rd_q + 1'b1;
  assign word0 = (count_q == 0) ? irsp_data_i : data_q[rd_q];
  assign word1 = (count_q <= 1) ? irsp_data_i[15:0] : data_q[rd_next][15:0];
  assign err0 = (count_q == 0) ? irsp_err_i : err_q[rd_q];
  assign err1 = (count_q <= 1) ? irsp_err_i : err_q[rd_next];
  assign available = count_q + {{IdxW{1'b0}}, push};

  always_comb begin
    low = pc_q[1] ? word0[31:16] : word0[15:0];
    is_long = (low[1:0] == 2'b11) && (err0 == 2'd0);
    straddles = pc_q[1] && is_long;
    instr_o = {16'd0, low};
    if (is_long) instr_o[31:16] = pc_q[1] ? word1 : word0[31:16];
    valid_o = straddles ? (available >= 2) : (available != 0);
    err_o = (err0 != 2'd0) ? err0 : (straddles ? err1 : 2'd0);
    err_second_o = err0 == 2'd0;
  end
  assign pc_o = pc_q;

  assign take = valid_o && ready_i;
  // The head's word is used up when the next instruction starts in another word.
  assign take_word = take && (pc_q[1] || is_long);

  // Requests.
  assign request = started_q && !hold_q && ((count_q + flying_q) < Depth[IdxW:0])
      && ((stale_q + flying_q) < Depth[IdxW:0]);
  assign ireq_valid_o = hold_q || request;
  assign ireq_addr_o = {hold_q ? hold_addr_q : fetch_q, 2'b00};
  assign ireq_priv_o = hold_q ? hold_priv_q : priv_i;
  assign accept_new = request && ireq_ready_i;
  assign accept_hold = hold_q && ireq_ready_i;
  assign drop = irsp_valid_i && (stale_q != 0);
  assign push = irsp_valid_i && (stale_q == 0);

  always_ff @(posedge clk_i) begin
    if (push) begin
      data_q[wr_q] <= irsp_data_i;
      err_q[wr_q] <= irsp_err_i;
    end
    if (!rst_ni) begin
      started_q <= 1'b0;
      pc_q <= boot_addr_i;
      fetch_q <= boot_addr_i[31:2];
      rd_q <= '0;
      wr_q <= '0;
      count_q <= '0;
      flying_q <= '0;
      stale_q <= '0;
      hold_q <= 1'b0;
      hold_addr_q <= '0;
      hold_priv_q <= '0;
    end else if (redirect_i) begin
      started_q <= 1'b1;
      pc_q <= {redirect_pc_i[31:1], 1'b0};
      fetch_q <= redirect_pc_i[31:2];
      rd_q <= '0;
      wr_q <= '0;
      count_q <= '0;
      flying_q <= '0;
      stale_q <= stale_q + flying_q - {{IdxW{1'b0}}, irsp_valid_i} + {{IdxW{1'b0}}, accept_new | accept_hold};
      hold_q <= ireq_valid_o && !ireq_ready_i;
      hold_addr_q <= ireq_addr_o[31:2];
      hold_priv_q <= ireq_priv_o;
    end else begin
      started_q <= 1'b1;
      if (take) pc_q <= pc_q + (is_long ? 32'd4 : 32'd2);
      if (take_word) rd_q <= rd_next;
      if (push) wr_q <= wr_q + 1'b1;
      count_q <= count_q + {{IdxW{1'b0}}, push} - {{IdxW{1'b0}}, take_word};
      if (accept_new) fetch_q <= fetch_q + 30'd1;
      flying_q <= flying_q + {{IdxW{1'b0}}, accept_new} - {{IdxW{1'b0}}, push};
      stale_q <= stale_q + {{IdxW{1'b0}}, accept_hold} - {{IdxW{1'b0}}, drop};
      if (accept_hold) hold_q <= 1'b0;
    end
  end

endmodule
