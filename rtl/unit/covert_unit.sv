// Isolation unit: comparator, epoch barrier and group registers (rust-hdl) with the hand-written outlet, log,
// sequencer, block walker, dirty bits and DMA engine. Stands between the gates and the devices and outside every
// tile's sphere of replication. Registers of the unit are word registers: strobes are compared, not used.
module covert_unit #(
  parameter int unsigned NTiles   = 2,
  parameter int unsigned BlockBits = $clog2(covert_pkg::RegionBlocks)  // of a block's index; leave
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 bare_i,            // strap
  // gates: device transactions, held until done
  input  logic [   NTiles-1:0] tx_valid_i,
  input  logic [   NTiles-1:0] tx_we_i,
  input  logic [32*NTiles-1:0] tx_addr_i,
  input  logic [32*NTiles-1:0] tx_wdata_i,
  input  logic [ 4*NTiles-1:0] tx_strb_i,
  output logic [   NTiles-1:0] tx_done_o,         // pulse, with the one answer to all
  output logic [         31:0] tx_rdata_o,
  output logic                 tx_err_o,
  // gates: violations (held, the fields as above), writes let through, state
  input  logic [   NTiles-1:0] violation_i,
  input  logic [   NTiles-1:0] dirty_i,
  input  logic [BlockBits*NTiles-1:0] dirty_block_i,
  input  logic [   NTiles-1:0] drained_i,
  output logic [         31:0] guest_size_o,
  // tiles: out of reset (and the gate open), clock on
  output logic [   NTiles-1:0] tile_run_o,
  output logic [   NTiles-1:0] tile_clk_en_o,
  // devices: the access happens in the cycle with valid and ready
  output logic                 dev_valid_o,
  output logic                 dev_we_o,
  output logic [         31:0] dev_addr_o,
  output logic [         31:0] dev_wdata_o,
  output logic [          3:0] dev_strb_o,
  input  logic                 dev_ready_i,
  input  logic [         31:0] dev_rdata_i,
  input  logic                 dev_stirs_i,       // level: a device has something to do
  output logic                 dev_clk_o,         // the devices' clock: they sleep when the unit does
  // inputs of the barrier
  input  logic [         63:0] mtime_i,
  input  logic                 uart_rx_i,         // the UART has received data
  input  logic                 uart_hangup_i,     // the host has closed the console's input, all of it was read
  input  logic                 blk_done_i,        // a block command has ended
  input  logic                 net_rx_i,          // a received frame is in the posted buffer
  input  logic [          2:0] mode_req_i,        // mode that the management side wants
  // memory channel of the DMA engine
  output logic                 mem_req_valid_o,
  input  logic                 mem_req_ready_i,
  output logic [         31:0] mem_req_addr_o,
  output logic                 mem_req_we_o,
  output logic [         31:0] mem_req_wdata_o,
  output logic [          3:0] mem_req_wstrb_o,
  output logic                 mem_req_more_o,
  input  logic                 mem_rsp_valid_i,
  input  logic [         31:0] mem_rsp_data_i,
  // observers
  output logic [   NTiles-1:0] members_o,
  output logic                 due_o,
  output logic                 det_valid_o,       // pulse; kind and tile of the last detection
  output logic [          3:0] det_kind_o,
  output logic [   NTiles-1:0] det_tile_o,
  output logic [          3:0] seq_state_o,
  output logic                 ckpt_o,            // pulses
  output logic                 resume_o,
  output logic                 epoch_o,
  output logic                 wait_o,            // level: the group waits in the barrier and nothing else is going on
  output logic [         63:0] wake_o             // the barrier's deadline
);

  localparam int unsigned OffsetBits = $clog2(covert_pkg::RegionStride);

  // Group.
  logic [NTiles-1:0] members;
  logic [31:0] guest_size, time_limit, dma_src, dma_dst, dma_len;
  logic        cmd_valid, ckpt_valid, due_rule;
  logic [ 7:0] cmd, cmd_tile;
  // Agreed transaction, and the registers it reaches.
  logic        rel_valid, rel_we, rel_done;
  logic [31:0] rel_addr, rel_data, rel_rdata;
  logic [ 3:0] rel_strb;
  logic        reg_we, reg_ready, flags_read, waits;
  logic [11:0] reg_addr;
  logic [31:0] reg_wdata, group_rdata, barrier_rdata;
  logic        replay;
  logic [31:0] log_position;
  // Detections.
  logic        cmp_detect, outlet_detect, ckpt_differs, ckpt_early, copy_differs, detect, det_take;
  logic [ 3:0] cmp_kind, outlet_kind, det_kind;
  logic [NTiles-1:0] cmp_accused, det_tile;
  logic [32*NTiles-1:0] said_addr, said_data, det_addr, det_data;
  // Sequencer.
  logic [NTiles-1:0] add, drop, job_target, job_fresh;
  logic        resume, restart, commit, invalidate, rollback, busy;
  logic [ 3:0] seq_state;
  logic        job_start, job_abort, job_busy, job_failed;
  logic [ 3:0] job;
  logic        freeze, flush, cancel, log_clear, log_rewind;

  // The unit sleeps while nobody asks it anything, and the devices with it: while the guest runs it has nothing to do but
  // to collect dirty bits. It wakes in the cycle in which a transaction or a violation stands at a gate or a device stirs,
  // and stays awake until all that it began has ended and its pulses are over.
  localparam logic [4:0] AwakeCycles = 5'd31;
  logic       clk, stirs;
  logic [4:0] awake_q;

  assign stirs = ~rst_ni | (tx_valid_i != '0) | (violation_i != '0) | dev_stirs_i | rel_valid | busy | waits;
  assign dev_clk_o = clk;

  always_ff @(posedge clk_i) begin
    if (stirs) awake_q <= AwakeCycles;
    else if (awake_q != '0) awake_q <= awake_q - 5'd1;
  end

  covert_clock_gate u_clock_gate (
    .clk_i,
    .en_i (stirs | (awake_q != '0)),
    .clk_o(clk)
  );

  // What comes from outside ends in flip-flops of this clock (transactions in the comparator's), so that nothing behind
  // them moves while the unit sleeps.
  logic              bare_q;
  logic [NTiles-1:0] violation_q, drained_q;

  always_ff @(posedge clk) begin
    bare_q      <= bare_i;
    violation_q <= violation_i;
    drained_q   <= drained_i;
  end

  covert_comparator #(
    .NTiles(NTiles)
  ) u_comparator (
    .clk_i(clk),
    .rst_ni,
    .members_i   (members),
    .freeze_i    (freeze),
    .flush_i     (flush),
    .time_limit_i(time_limit),
    .req_valid_i (tx_valid_i),
    .req_we_i    (tx_we_i),
    .req_strb_i  (tx_strb_i),
    .req_addr_i  (tx_addr_i),
    .req_data_i  (tx_wdata_i),
    .done_o      (tx_done_o),
    .rsp_data_o  (tx_rdata_o),
    .rsp_err_o   (tx_err_o),
    .out_valid_o (rel_valid),
    .out_we_o    (rel_we),
    .out_strb_o  (rel_strb),
    .out_addr_o  (rel_addr),
    .out_data_o  (rel_data),
    .out_done_i  (rel_done),
    .out_rdata_i (rel_rdata),
    .out_err_i   (1'b0),
    .detect_o    (cmp_detect),
    .kind_o      (cmp_kind),
    .accused_o   (cmp_accused),
    .said_addr_o (said_addr),
    .said_data_o (said_data)
  );

  covert_outlet u_outlet (
    .clk_i(clk),
    .rst_ni,
    .rel_valid_i  (rel_valid),
    .rel_we_i     (rel_we),
    .rel_addr_i   (rel_addr),
    .rel_data_i   (rel_data),
    .rel_strb_i   (rel_strb),
    .rel_done_o   (rel_done),
    .rel_rdata_o  (rel_rdata),
    .cancel_i     (cancel),
    .logging_i    (ckpt_valid),
    .log_clear_i  (log_clear),
    .log_rewind_i (log_rewind),
    .replay_o     (replay),
    .position_o   (log_position),
    .detect_o     (outlet_detect),
    .detect_kind_o(outlet_kind),
    .reg_we_o     (reg_we),
    .reg_addr_o   (reg_addr),
    .reg_wdata_o  (reg_wdata),
    .reg_rdata_i  (group_rdata | barrier_rdata),
    .reg_ready_i  (reg_ready),
    .waits_o      (waits),
    .flags_read_o (flags_read),
    .dev_valid_o,
    .dev_we_o,
    .dev_addr_o,
    .dev_wdata_o,
    .dev_strb_o,
    .dev_ready_i,
    .dev_rdata_i
  );

  // Inputs as the barrier latches them. Received data, an ended block command and a received frame are raised as long
  // as they are there; a hang-up or another mode wanted, until the group has read it.
  logic [31:0] flags_now, flags_seen_q, flags_new;
  logic [ 3:0] raised;
  logic        mode_changed;
  assign flags_now = ({32{uart_rx_i}} & covert_pkg::UnitInputUartRx) |
      ({32{uart_hangup_i}} & covert_pkg::UnitInputUartHangup) | ({32{blk_done_i}} & covert_pkg::UnitInputBlk) |
      ({32{net_rx_i}} & covert_pkg::UnitInputNet) | (32'(mode_req_i) << covert_pkg::UnitInputModeShift);
  assign flags_new    = flags_now ^ flags_seen_q;
  assign raised       = 4'((flags_now & ~covert_pkg::UnitInputUartHangup) |
      (flags_new & covert_pkg::UnitInputUartHangup));
  assign mode_changed = flags_new[covert_pkg::UnitInputModeShift+:3] != 3'd0;

  covert_barrier u_barrier (
    .clock       (clk),
    .reset       (~rst_ni),
    .wr_en       (reg_we),
    .addr        (reg_addr),
    .wdata       (reg_wdata),
    .rdata       (barrier_rdata),
    .rdy         (reg_ready),
    .mtime       (mtime_i),
    .flags_now   (flags_now),
    .raised      (raised),
    .mode_changed(mode_changed),
    .replay      (replay),
    .epoch       (epoch_o),
    .wake_lo     (wake_o[31:0]),
    .wake_hi     (wake_o[63:32])
  );

  covert_group #(
    .NTiles(NTiles)
  ) u_group (
    .clk_i(clk),
    .rst_ni,
    .wr_en_i          (reg_we),
    .addr_i           (reg_addr),
    .wdata_i          (reg_wdata),
    .rdata_o          (group_rdata),
    .add_i            (add),
    .drop_i           (drop),
    .resume_i         (resume),
    .ckpt_commit_i    (commit),
    .ckpt_invalidate_i(invalidate),
    .rollback_i       (rollback),
    .det_valid_i      (det_take),
    .det_kind_i       (det_kind),
    .det_tile_i       (det_tile),
    .det_addr_i       (det_addr),
    .det_data_i       (det_data),
    .busy_i           (busy),
    .seq_state_i      (seq_state),
    .replay_i         (replay),
    .log_level_i      (log_position),
    .members_o        (members),
    .guest_size_o     (guest_size),
    .time_limit_o     (time_limit),
    .dma_src_o        (dma_src),
    .dma_dst_o        (dma_dst),
    .dma_len_o        (dma_len),
    .cmd_valid_o      (cmd_valid),
    .cmd_o            (cmd),
    .cmd_tile_o       (cmd_tile),
    .ckpt_valid_o     (ckpt_valid),
    .due_o            (due_rule)
  );

  // Block walker, DMA engine, dirty bits.
  logic [   NTiles-1:0] op, op_done;
  logic                 op_keep;
  logic [         31:0] op_or;
  logic [ BlockBits-6:0] op_word;
  logic [32*NTiles-1:0] op_old;
  logic                 dma_start, dma_abort, dma_busy, dma_mismatch;
  logic [         31:0] dma_from, dma_last, differ_first;
  logic [OffsetBits-1:0] dma_offset, differ_offset;
  logic [ OffsetBits:0] dma_bytes;
  logic [   NTiles-1:0] dma_compare;
  logic [   NTiles+1:0] dma_to;
  logic                 dma_out;
  logic [         31:0] dma_out_addr;
  logic [32*NTiles-1:0] differ_words;

  covert_detect #(
    .NTiles(NTiles)
  ) u_detect (
    .members_i       (members),
    .violation_i     (violation_q),
    .dev_valid_i     (tx_valid_i),
    .dev_we_i        (tx_we_i),
    .dev_addr_i      (tx_addr_i),
    .dev_data_i      (tx_wdata_i),
    .cmp_i           (cmp_detect),
    .cmp_kind_i      (cmp_kind),
    .cmp_accused_i   (cmp_accused),
    .cmp_addr_i      (said_addr),
    .cmp_data_i      (said_data),
    .outlet_i        (outlet_detect),
    .outlet_kind_i   (outlet_kind),
    .ckpt_differs_i  (ckpt_differs),
    .copy_differs_i  (copy_differs),
    .differ_offset_i (differ_offset),
    .differ_first_i  (differ_first),
    .differ_words_i  (differ_words),
    .ckpt_early_i    (ckpt_early),
    .detect_o        (detect),
    .kind_o          (det_kind),
    .tile_o          (det_tile),
    .addr_o          (det_addr),
    .data_o          (det_data)
  );

  covert_sequencer #(
    .NTiles(NTiles)
  ) u_sequencer (
    .clk_i(clk),
    .rst_ni,
    .bare_i        (bare_q),
    .cmd_valid_i   (cmd_valid),
    .cmd_i         (cmd),
    .cmd_tile_i    (cmd_tile),
    .members_i     (members),
    .due_i         (due_rule),
    .add_o         (add),
    .drop_o        (drop),
    .resume_o      (resume),
    .commit_o      (commit),
    .invalidate_o  (invalidate),
    .rollback_o    (rollback),
    .det_valid_o   (det_take),
    .state_o       (seq_state),
    .busy_o        (busy),
    .detect_i      (detect),
    .ckpt_differs_o(ckpt_differs),
    .ckpt_early_o  (ckpt_early),
    .copy_differs_o(copy_differs),
    .job_start_o   (job_start),
    .job_o         (job),
    .job_target_o  (job_target),
    .job_abort_o   (job_abort),
    .job_busy_i    (job_busy),
    .job_failed_i  (job_failed),
    .job_fresh_i   (job_fresh),
    .freeze_o      (freeze),
    .flush_o       (flush),
    .cancel_o      (cancel),
    .rel_valid_i   (rel_valid),
    .replay_i      (replay),
    .log_clear_o   (log_clear),
    .log_rewind_o  (log_rewind),
    .tile_run_o,
    .tile_clk_en_o,
    .drained_i     (drained_q),
    .due_o,
    .restart_o     (restart)
  );

  covert_blocks #(
    .NTiles(NTiles)
  ) u_blocks (
    .clk_i(clk),
    .rst_ni,
    .start_i       (job_start),
    .job_i         (job),
    .abort_i       (job_abort),
    .busy_o        (job_busy),
    .failed_o      (job_failed),
    .members_i     (members),
    .target_i      (job_target),
    .ckpt_valid_i  (ckpt_valid),
    .guest_size_i  (guest_size),
    .load_src_i    (dma_src),
    .load_dst_i    (dma_dst),
    .load_len_i    (dma_len),
    .commit_i      (commit),
    .fresh_o       (job_fresh),
    .op_o          (op),
    .op_keep_o     (op_keep),
    .op_or_o       (op_or),
    .op_word_o     (op_word),
    .op_done_i     (op_done),
    .op_old_i      (op_old),
    .dma_start_o   (dma_start),
    .dma_src_o     (dma_from),
    .dma_offset_o  (dma_offset),
    .dma_len_o     (dma_bytes),
    .dma_compare_o (dma_compare),
    .dma_dst_o     (dma_to),
    .dma_out_o     (dma_out),
    .dma_out_addr_o(dma_out_addr),
    .dma_abort_o   (dma_abort),
    .dma_busy_i    (dma_busy),
    .dma_mismatch_i(dma_mismatch),
    .dma_last_i    (dma_last)
  );

  covert_dma #(
    .NTiles(NTiles)
  ) u_dma (
    .clk_i(clk),
    .rst_ni,
    .start_i          (dma_start),
    .src_i            (dma_from),
    .offset_i         (dma_offset),
    .len_i            (dma_bytes),
    .compare_i        (dma_compare),
    .dst_i            (dma_to),
    .out_i            (dma_out),
    .out_addr_i       (dma_out_addr),
    .abort_i          (dma_abort),
    .busy_o           (dma_busy),
    .last_o           (dma_last),
    .mismatch_o       (dma_mismatch),
    .mismatch_offset_o(differ_offset),
    .mismatch_first_o (differ_first),
    .mismatch_words_o (differ_words),
    .mem_req_valid_o,
    .mem_req_ready_i,
    .mem_req_addr_o,
    .mem_req_we_o,
    .mem_req_wdata_o,
    .mem_req_wstrb_o,
    .mem_req_more_o,
    .mem_rsp_valid_i,
    .mem_rsp_data_i
  );

  for (genvar i = 0; i < NTiles; i++) begin : gen_dirty
    covert_dirty u_dirty (
      .clk_i,
      .rst_ni,
      .set_i     (dirty_i[i]),
      .set_block_i(dirty_block_i[BlockBits*i+:BlockBits]),
      .op_i      (op[i]),
      .op_keep_i (op_keep),
      .op_or_i   (op_or),
      .op_word_i (op_word),
      .op_done_o (op_done[i]),
      .op_old_o  (op_old[32*i+:32])
    );
  end

  // Observers.
  logic              det_valid_q;
  logic [       3:0] det_kind_q;
  logic [NTiles-1:0] det_tile_q;

  always_ff @(posedge clk) begin
    if (!rst_ni) begin
      flags_seen_q <= '0;
      det_valid_q  <= 1'b0;
      det_kind_q   <= covert_pkg::DetectionNone;
      det_tile_q   <= '0;
    end else begin
      if (flags_read) flags_seen_q <= barrier_rdata;
      det_valid_q <= det_take;
      if (det_take) begin
        det_kind_q <= det_kind;
        det_tile_q <= det_tile;
      end
    end
  end

  assign members_o    = members;
  assign guest_size_o = guest_size;
  assign det_valid_o  = det_valid_q;
  assign det_kind_o   = det_kind_q;
  assign det_tile_o   = det_tile_q;
  assign seq_state_o  = seq_state;
  assign ckpt_o       = commit;
  assign resume_o     = restart;
  assign wait_o       = waits & ~busy;

endmodule
