// Device side of the comparator: what the members agreed on happens here, once. Logged accesses are
// recorded while a checkpoint is valid and answered from the log in a replay; the unit's own registers are reached
// too, in the same cycle; a device's answer and what the log says are registered. A refusal (the log refutes the
// access, or is full) is a detection; the access then reaches nothing and stays until it is cancelled.
module covert_outlet (
  input  logic        clk_i,
  input  logic        rst_ni,
  // agreed transaction, held until done
  input  logic        rel_valid_i,
  input  logic        rel_we_i,
  input  logic [31:0] rel_addr_i,
  input  logic [31:0] rel_data_i,    // 0 for a read
  input  logic [ 3:0] rel_strb_i,
  output logic        rel_done_o,
  output logic [31:0] rel_rdata_o,
  // control by the sequencer
  input  logic        cancel_i,      // level: end what waits for the barrier or was refused; nobody hears the answer
  input  logic        logging_i,     // a checkpoint is valid
  input  logic        log_clear_i,
  input  logic        log_rewind_i,
  output logic        replay_o,
  output logic [31:0] position_o,
  output logic        detect_o,      // pulse
  output logic [ 3:0] detect_kind_o,
  // registers of the unit
  output logic        reg_we_o,      // pulse
  output logic [11:0] reg_addr_o,
  output logic [31:0] reg_wdata_o,
  input  logic [31:0] reg_rdata_i,
  input  logic        reg_ready_i,   // 0: this read must wait for the barrier
  output logic        waits_o,       // level: a read waits for the barrier
  output logic        flags_read_o,  // pulse: INPUT_FLAGS was read, reg_rdata_i is what was said
  // devices: the access happens in the cycle with valid and ready
  output logic        dev_valid_o,
  output logic        dev_we_o,
  output logic [31:0] dev_addr_o,
  output logic [31:0] dev_wdata_o,
  output logic [ 3:0] dev_strb_o,
  input  logic        dev_ready_i,
  input  logic [31:0] dev_rdata_i
);

  typedef struct packed {
    logic [29:0] addr;  // word
    logic        we;
    logic [3:0]  strb;
    logic [31:0] data;  // written or read
  } entry_t;

  logic   refused_q;
  logic   answered_q;        // the device has answered
  logic [31:0] dev_rdata_q;
  logic   in_unit, is_input, logged;
  logic   repeats;           // answered from the log
  logic   compared_q;        // with the log, in the last cycle
  logic   differs, differs_q;  // it is another access than the log's
  logic   overflow;
  logic   act, ready;        // it reaches the unit's registers or a device
  logic   replay, full, push, pop;
  entry_t entry, recorded;
  logic [31:0] live_rdata;

  assign in_unit  = (rel_addr_i & ~(covert_pkg::UnitSize - 32'd1)) == covert_pkg::UnitBase;
  assign is_input = in_unit & ((rel_addr_i[11:0] == covert_pkg::UnitRegInputTimeLo) |
      (rel_addr_i[11:0] == covert_pkg::UnitRegInputTimeHi) | (rel_addr_i[11:0] == covert_pkg::UnitRegInputFlags));
  assign logged   = ~in_unit | is_input;

  always_comb begin
    entry.addr = rel_addr_i[31:2];
    entry.we   = rel_we_i;
    entry.strb = rel_strb_i;
    entry.data = rel_we_i ? rel_data_i : live_rdata;
  end

  assign repeats  = rel_valid_i & ~refused_q & logged & replay;
  assign differs  = (recorded.addr != entry.addr) | (recorded.we != entry.we) | (recorded.strb != entry.strb) |
      (rel_we_i & (recorded.data != rel_data_i));
  assign overflow = rel_valid_i & ~refused_q & logged & logging_i & ~replay & full;
  assign act      = rel_valid_i & ~refused_q & ~repeats & ~overflow;
  assign ready    = in_unit ? (rel_we_i | reg_ready_i) : answered_q;

  assign pop  = repeats & compared_q & ~differs_q;
  assign push = act & ready & logged & logging_i;

  assign detect_o      = (repeats & compared_q & differs_q) | overflow;
  assign detect_kind_o = overflow ? covert_pkg::DetectionLogFull : covert_pkg::DetectionReplay;

  // A cancelled access is a read that waits, or one that was refused: nothing has happened.
  assign rel_done_o  = pop | (act & ready) | (rel_valid_i & cancel_i & (refused_q | (act & in_unit)));
  assign live_rdata  = in_unit ? reg_rdata_i : dev_rdata_q;
  assign rel_rdata_o = repeats ? recorded.data : live_rdata;

  assign reg_we_o     = act & in_unit & rel_we_i;
  assign reg_addr_o   = rel_addr_i[11:0];
  assign reg_wdata_o  = rel_data_i;
  assign waits_o      = act & in_unit & ~ready;
  assign flags_read_o = push_flags;

  logic push_flags;
  assign push_flags = act & ready & in_unit & ~rel_we_i & (rel_addr_i[11:0] == covert_pkg::UnitRegInputFlags);

  assign dev_valid_o = act & ~in_unit & ~answered_q;
  assign dev_we_o    = rel_we_i;
  assign dev_addr_o  = rel_addr_i;
  assign dev_wdata_o = rel_data_i;
  assign dev_strb_o  = rel_strb_i;

  covert_log #(
    .Depth(covert_pkg::LogDepth),
    .Width($bits(entry))
  ) u_log (
    .clk_i,
    .rst_ni,
    .clear_i   (log_clear_i),
    .rewind_i  (log_rewind_i),
    .push_i    (push),
    .entry_i   (entry),
    .pop_i     (pop),
    .entry_o   (recorded),
    .replay_o  (replay),
    .full_o    (full),
    .position_o(position_o)
  );

  assign replay_o = replay;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) refused_q <= 1'b0;
    else if (rel_done_o) refused_q <= 1'b0;
    else if (detect_o) refused_q <= 1'b1;
    compared_q  <= rst_ni & repeats & ~compared_q;
    differs_q   <= differs;
    answered_q  <= rst_ni & dev_valid_o & dev_ready_i;
    dev_rdata_q <= dev_rdata_i;
  end

endmodule
