// The comparator's promise, for proof by induction: nothing is released but what every member has
// been presenting, every member is answered once for it, nothing is released after a detection.
//
// The assumption is the gate's side of the contract: a transaction is held until it is answered.
// The state inside the comparator comes in through ports that the proof's script exposes; it is
// needed for the induction only, the promises are about the block's own ports.
module covert_comparator_props #(
    parameter int unsigned N = 2
) (
    input logic            clock,
    input logic            reset,
    input logic [   N-1:0] members,
    input logic            freeze,
    input logic            flush,
    input logic [    31:0] time_limit,
    input logic [   N-1:0] req_valid,
    input logic [69*N-1:0] req,
    input logic [   N-1:0] done,
    input logic            out_valid,
    input logic [    68:0] out,
    input logic            out_done,
    input logic            detect,
    // Registers inside: waiting, released and not answered, what was registered, stopped, timer.
    input logic [   N-1:0] held_q,
    input logic [   N-1:0] released_q,
    input logic [69*N-1:0] word_q,
    input logic            stopped_q,
    input logic [    31:0] timer_q
);
  // The previous cycle.
  logic started_q, reset_q, freeze_q, flush_q, out_valid_q, out_done_q, waits_q;
  logic [N-1:0] members_q, req_valid_q, done_q, before_q;
  logic [69*N-1:0] req_q;
  logic [68:0] out_q;
  // Detected and not flushed since.
  logic after_detection_q;

  initial started_q = 1'b0;

  always_ff @(posedge clock) begin
    started_q <= 1'b1;
    reset_q <= reset;
    freeze_q <= freeze;
    flush_q <= flush;
    members_q <= members;
    req_valid_q <= req_valid;
    req_q <= req;
    done_q <= done;
    out_valid_q <= out_valid;
    out_done_q <= out_done;
    out_q <= out;
    before_q <= released_q;
    waits_q <= |held_q;
    after_detection_q <= (detect | after_detection_q) & ~flush & ~reset;
  end

  // The proof starts in reset.
  always_comb if (!started_q) assume (reset);

  for (genvar i = 0; i < N; i++) begin : gen_member
    logic [68:0] said, said_q, word;
    assign said   = req[69*i+:69];
    assign said_q = req_q[69*i+:69];
    assign word   = word_q[69*i+:69];

    always_comb begin
      if (started_q && !reset_q) begin
        // A gate holds its transaction until it is answered, or until it is reset with its tile.
        if (req_valid_q[i] && !done_q[i] && !flush_q && members_q[i]) begin
          assume (req_valid[i] && said == said_q);
        end

        // What is registered is what the gate presents.
        if (held_q[i] || released_q[i]) assert (req_valid[i] && word == said);
        assert (!(held_q[i] && released_q[i]));
        if (released_q[i]) assert (out_valid && word == out);

        // PROMISE: what is released is what every member presents, and all of them get its answer.
        if (out_valid && !out_valid_q && members_q[i]) begin
          assert (released_q[i] && req_valid_q[i] && said_q == out && said == out);
        end

        // PROMISE: answered only when the device side has answered, for what was released, once.
        if (done[i]) begin
          assert (out_valid_q && out_done_q && before_q[i] && !done_q[i]);
          assert (members_q[i] && req_valid[i] && said == out_q);
          assert (!released_q[i] && !held_q[i]);
        end
      end
    end
  end

  always_comb begin
    if (started_q && !reset_q) begin
      // PROMISE: nothing is released while frozen, without a member, or after a detection.
      if (out_valid && !out_valid_q) begin
        assert (!freeze_q && !flush_q && |members_q);
        assert (!after_detection_q && !detect);
      end
      assert (stopped_q == (detect || after_detection_q) || (flush_q && !stopped_q));

      // PROMISE: a released transaction stays until the device side answers, and no longer.
      if (out_valid_q && !out_done_q) assert (out_valid && out == out_q);
      if (out_valid_q && out_done_q) assert (!out_valid);

      // A member that leaves or a flush ends what it is owed; nobody else does.
      if (out_valid && out_valid_q) assert ((released_q | ~before_q) == (before_q & released_q | ~before_q));
    end
  end

  // PROMISE: with a limit that stays, nobody is waited for longer.
  (* anyconst *) logic [31:0] limit;
  always_comb begin
    assume (time_limit == limit);
    if (started_q && !reset_q && limit != 0) assert (timer_q <= limit);
  end
endmodule
