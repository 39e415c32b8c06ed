// The comparator's promise, for proof by induction: nothing is released but what every member is
// presenting, every member is answered once for it, nothing is released after a detection, and
// nobody is waited for beyond the time limit.
//
// Assumed is the gate's side of the contract (a transaction is held until it is answered), reset at
// the start, and a time limit that stays. The registers inside come in through ports that the
// proof's script exposes: the induction needs them; the promises speak of the block's own ports.
module covert_comparator_props #(
    parameter int unsigned N = 2
) (
    input logic            clk_i,
    input logic            rst_i,
    input logic [   N-1:0] members_i,
    input logic            freeze_i,
    input logic            flush_i,
    input logic [    31:0] time_limit_i,
    input logic [   N-1:0] req_valid_i,
    input logic [69*N-1:0] req_i,
    input logic [   N-1:0] done_i,
    input logic            out_valid_i,
    input logic [    68:0] out_i,
    input logic            out_done_i,
    input logic            detect_i,
    // Inside: waits to be compared; released, not answered; what was registered; after a detection.
    input logic [   N-1:0] held_i,
    input logic [   N-1:0] released_i,
    input logic [69*N-1:0] word_i,
    input logic            stopped_i,
    input logic [    31:0] timer_i
);
  // The cycle before.
  logic started_q, reset_q, freeze_q, flush_q, out_valid_q, out_done_q;
  logic [N-1:0] members_q, req_valid_q, done_q, released_q;
  logic [69*N-1:0] req_q;
  logic [    68:0] out_q;
  logic [31:0] time_limit_q, timer_q;
  logic some_missing, some_missing_q;
  // A detection, and no flush since.
  logic after_detection_q;

  assign some_missing = |(held_i & members_i) && |(members_i & ~held_i) && !out_valid_i &&
      !freeze_i && !flush_i && !stopped_i;

  initial started_q = 1'b0;

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    reset_q <= rst_i;
    freeze_q <= freeze_i;
    flush_q <= flush_i;
    members_q <= members_i;
    req_valid_q <= req_valid_i;
    req_q <= req_i;
    done_q <= done_i;
    released_q <= released_i;
    out_valid_q <= out_valid_i;
    out_done_q <= out_done_i;
    out_q <= out_i;
    time_limit_q <= time_limit_i;
    timer_q <= timer_i;
    some_missing_q <= some_missing;
    after_detection_q <= (detect_i | after_detection_q) & ~flush_i & ~rst_i;
  end

  always_comb begin
    if (!started_q) assume (rst_i);
    if (started_q) assume (time_limit_i == time_limit_q);
  end

  for (genvar i = 0; i < N; i++) begin : gen_member
    always_comb begin
      if (started_q && !reset_q) begin
        // The gate holds its transaction, unless it is reset with its tile.
        if (req_valid_q[i] && !done_q[i] && !flush_q && members_q[i]) begin
          assume (req_valid_i[i] && req_i[69*i+:69] == req_q[69*i+:69]);
        end

        // Inside: what is registered is what the gate presents.
        if (held_i[i] || released_i[i]) begin
          assert (req_valid_i[i] && word_i[69*i+:69] == req_i[69*i+:69]);
        end
        assert (!(held_i[i] && released_i[i]));
        if (released_i[i]) assert (out_valid_i && word_i[69*i+:69] == out_i);

        // PROMISE: what is released is what every member presents, and its answer is for all of them.
        if (out_valid_i && !out_valid_q && members_q[i]) begin
          assert (released_i[i] && req_valid_q[i] && req_q[69*i+:69] == out_i);
        end

        // PROMISE: an answer is the device side's, for what was released, to a member, once.
        if (done_i[i]) begin
          assert (out_valid_q && out_done_q && released_q[i] && members_q[i] && !done_q[i]);
          assert (req_valid_i[i] && req_i[69*i+:69] == out_q);
          assert (!released_i[i] && !held_i[i]);
        end
      end
    end
  end

  always_comb begin
    if (started_q && !reset_q) begin
      assert (stopped_i == (detect_i || after_detection_q));

      // PROMISE: nothing is released without a member, while frozen, in a flush, after a detection.
      if (out_valid_i && !out_valid_q) begin
        assert (|members_q && !freeze_q && !flush_q && !detect_i && !after_detection_q);
      end

      // PROMISE: what is released stays until the device side answers, and no longer.
      if (out_valid_q && !out_done_q) assert (out_valid_i && out_i == out_q);
      if (out_valid_q && out_done_q) assert (!out_valid_i);

      // PROMISE: the cycles that somebody waits for somebody are counted, up to the limit.
      assert (timer_i <= time_limit_i);
      if (some_missing_q && !detect_i && time_limit_i != 0) assert (timer_i == timer_q + 1);
    end
  end

`ifdef COVERT_NEVER_ANSWERED
  // A false claim: refuted, it shows that the assumptions leave room for releases and answers.
  always_comb assert (done_i == '0);
`endif
endmodule
