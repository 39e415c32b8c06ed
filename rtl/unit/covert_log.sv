// Input log: what the group's logged device accesses were since the last checkpoint, in order.
// Recording appends; after a rewind the entries are shown again one by one until the end is reached,
// then recording goes on. One operation a cycle; `entry_o` belongs to the position shown, always.
module covert_log #(
  parameter int unsigned Depth = 2048,  // entries, a power of two
  parameter int unsigned Width = 55     // bits of an entry
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             clear_i,     // empty the log (a checkpoint was taken or none is valid)
  input  logic             rewind_i,    // back to the first entry (rollback)
  input  logic             push_i,      // append an entry; only while neither replay_o nor full_o
  input  logic [Width-1:0] entry_i,
  input  logic             pop_i,       // the entry shown was repeated; only while replay_o
  output logic [Width-1:0] entry_o,     // the entry at the position, valid while replay_o
  output logic             replay_o,    // the position is before the end
  output logic             full_o,      // no room for another entry
  output logic [     31:0] position_o   // entries recorded or repeated since the checkpoint
);

  localparam int unsigned PosBits = $clog2(Depth) + 1;

  logic [  Width-1:0] entries_q[Depth];
  logic [  Width-1:0] entry_q;
  logic [PosBits-1:0] position_q, position_d;
  logic [PosBits-1:0] level_q, level_d;

  always_comb begin
    position_d = position_q;
    level_d    = level_q;
    if (clear_i) begin
      position_d = '0;
      level_d    = '0;
    end else if (rewind_i) begin
      position_d = '0;
    end else if (push_i) begin
      position_d = position_q + PosBits'(1);
      level_d    = position_q + PosBits'(1);
    end else if (pop_i) begin
      position_d = position_q + PosBits'(1);
    end
  end

  always_ff @(posedge clk_i) begin
    if (push_i) entries_q[position_q[PosBits-2:0]] <= entry_i;
    entry_q <= entries_q[position_d[PosBits-2:0]];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      position_q <= '0;
      level_q    <= '0;
    end else begin
      position_q <= position_d;
      level_q    <= level_d;
    end
  end

  assign entry_o    = entry_q;
  assign replay_o   = position_q != level_q;
  assign full_o     = level_q == PosBits'(Depth);
  assign position_o = 32'(position_q);

endmodule
