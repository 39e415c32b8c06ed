// The chip: tiles with their gates and clock gates, the isolation unit, the devices. Main memory is outside:
// a channel for each tile, and channel NTiles for the DMA engine. A memory answers each accepted request once, in order,
// in the same cycle at the earliest (every input of the chip ends in a flip-flop, no output hangs on one). Vectors over tiles and channels are packed, element i at [W*i +: W].
// Configurations: configs.
module covert_chip #(
  parameter int unsigned NTiles = 2  // 1, 2 or 4
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,            // synchronous; low for 4 clocks or more
  input  logic                     bare_i,            // strap, taken in reset: tile 0 alone, from boot_addr_i, no VMM
  input  logic [             31:0] boot_addr_i,       // strap, taken in reset: first pc in bare mode
  // a host that looks at memory in bare mode
  input  logic                     host_page_on_i,    // strap, taken in reset: this page of RAM is not cached
  input  logic [            31:12] host_page_i,
  input  logic                     host_sync_i,       // level until host_synced_o: tile 0's data cache to memory
  output logic                     host_synced_o,     // pulse
  input  logic [              2:0] mode_req_i,        // mode that the management side wants (covert_pkg::Mode*)

  // memory channels
  output logic [         NTiles:0] mem_req_valid_o,
  input  logic [         NTiles:0] mem_req_ready_i,
  output logic [32*(NTiles+1)-1:0] mem_req_addr_o,    // physical, word aligned
  output logic [         NTiles:0] mem_req_we_o,
  output logic [32*(NTiles+1)-1:0] mem_req_wdata_o,
  output logic [ 4*(NTiles+1)-1:0] mem_req_wstrb_o,
  output logic [         NTiles:0] mem_req_more_o,    // hint: the next request is for the next word
  input  logic [         NTiles:0] mem_rsp_valid_i,
  input  logic [32*(NTiles+1)-1:0] mem_rsp_data_i,

  // console
  output logic                     uart_tx_valid_o,
  output logic [              7:0] uart_tx_data_o,
  input  logic                     uart_tx_ready_i,
  input  logic                     uart_rx_valid_i,
  input  logic [              7:0] uart_rx_data_i,
  output logic                     uart_rx_ready_o,
  input  logic                     uart_hangup_i,     // level: the host has closed the input

  // block device: works on the I/O region of main memory (covert_io)
  output logic                     blk_start_o,       // pulse; the fields stay until blk_done_i
  output logic [              1:0] blk_op_o,          // covert_pkg::IoBlkRead, IoBlkWrite, IoBlkFlush
  output logic [             63:0] blk_sector_o,
  output logic [             11:0] blk_count_o,       // sectors, 1 to 2048
  output logic [             31:0] blk_addr_o,        // byte offset in the I/O region
  input  logic                     blk_done_i,        // pulse: the command has ended
  input  logic                     blk_failed_i,      // with it
  input  logic [             63:0] blk_capacity_i,    // sectors, 0: no disk
  input  logic                     blk_read_only_i,

  // network: likewise
  input  logic                     net_present_i,
  input  logic [             47:0] net_mac_i,         // byte k in bits 8k+7:8k
  output logic                     net_tx_start_o,    // pulse; the fields stay until net_tx_taken_i
  output logic [             31:0] net_tx_addr_o,     // byte offset in the I/O region
  output logic [             10:0] net_tx_len_o,      // bytes, 14 to 1514
  input  logic                     net_tx_taken_i,    // pulse: the frame has left the I/O region
  output logic                     net_rx_post_o,     // pulse: a buffer of 2048 bytes, in the place of the one before
  output logic [             31:0] net_rx_addr_o,     // byte offset in the I/O region
  output logic                     net_rx_tag_o,      // changes with each post
  input  logic                     net_rx_done_i,     // pulse: a frame is in the buffer
  input  logic                     net_rx_tag_i,      // of the post it answers
  input  logic [             10:0] net_rx_len_i,      // bytes, not 0

  // random numbers: a word goes over with valid and ready
  output logic                     random_ready_o,
  input  logic                     random_valid_i,
  input  logic [             31:0] random_data_i,

  // exit device: level from the write on, the word written
  output logic                     exit_valid_o,
  output logic [             31:0] exit_code_o,

  // observers, telemetry only
  output logic                     due_o,             // detected, unrecoverable: nothing leaves any more
  output logic [       NTiles-1:0] members_o,
  output logic [       NTiles-1:0] run_o,             // tiles out of reset
  output logic                     det_valid_o,       // pulse; kind and accused tiles of the last detection
  output logic [              3:0] det_kind_o,
  output logic [       NTiles-1:0] det_tile_o,
  output logic [              3:0] seq_state_o,       // covert_pkg::Sequencer*
  output logic                     ckpt_o,            // pulse: a checkpoint is committed
  output logic                     resume_o,          // pulse: the tiles restart after a rollback
  output logic                     epoch_o,           // pulse: an epoch ended

  // for a simulator that leaves cycles out in which nothing happens
  input  logic [             31:0] skip_i,            // ticks of mtime that were left out; 0 on a board
  output logic                     wait_o,            // level: the group waits in the barrier, no command runs
  output logic [             63:0] wake_o,            // until mtime is this
  output logic [             63:0] mtime_o
`ifdef COVERT_INJECTOR
  // fault injector: a bit of a core's state flips (covert_core)
  ,input logic [NTiles-1:0] inject_i
  ,input logic [1:0] inject_register_i
  ,input logic [4:0] inject_bit_i
`endif
`ifdef COVERT_RVFI
  // what this cycle went to in each tile, covert_core_pkg::Spent*
  ,output logic [3*NTiles-1:0] spent_o
  // riscv-formal interface of each core
  ,output logic [NTiles-1:0] rvfi_valid_o
  ,output logic [64*NTiles-1:0] rvfi_order_o
  ,output logic [32*NTiles-1:0] rvfi_insn_o
  ,output logic [NTiles-1:0] rvfi_trap_o
  ,output logic [NTiles-1:0] rvfi_halt_o
  ,output logic [NTiles-1:0] rvfi_intr_o
  ,output logic [2*NTiles-1:0] rvfi_mode_o
  ,output logic [2*NTiles-1:0] rvfi_ixl_o
  ,output logic [5*NTiles-1:0] rvfi_rs1_addr_o
  ,output logic [5*NTiles-1:0] rvfi_rs2_addr_o
  ,output logic [32*NTiles-1:0] rvfi_rs1_rdata_o
  ,output logic [32*NTiles-1:0] rvfi_rs2_rdata_o
  ,output logic [5*NTiles-1:0] rvfi_rd_addr_o
  ,output logic [32*NTiles-1:0] rvfi_rd_wdata_o
  ,output logic [32*NTiles-1:0] rvfi_pc_rdata_o
  ,output logic [32*NTiles-1:0] rvfi_pc_wdata_o
  ,output logic [32*NTiles-1:0] rvfi_mem_addr_o
  ,output logic [4*NTiles-1:0] rvfi_mem_rmask_o
  ,output logic [4*NTiles-1:0] rvfi_mem_wmask_o
  ,output logic [32*NTiles-1:0] rvfi_mem_rdata_o
  ,output logic [32*NTiles-1:0] rvfi_mem_wdata_o
`endif
);

  localparam int unsigned BlockBits = $clog2(covert_pkg::RegionBlocks);

  logic [         NTiles-1:0] tile_run, tile_clk_en, drained;
  logic [         NTiles-1:0] tx_valid, tx_we, tx_done;
  logic [      32*NTiles-1:0] tx_addr, tx_wdata;
  logic [       4*NTiles-1:0] tx_strb;
  logic [               31:0] tx_rdata;
  logic                       tx_err;
  logic [         NTiles-1:0] violation, dirty;
  logic [BlockBits*NTiles-1:0] dirty_block;
  logic [               31:0] guest_size;
  logic                       dev_clk, dev_stirs, dev_valid, dev_ready, dev_we;
  logic [               31:0] dev_addr, dev_wdata, dev_rdata;
  logic [                3:0] dev_strb;
  logic [               63:0] mtime;
  logic                       rx_pending, hangup, blk_done, net_rx, irq_soft, irq_timer;

  // Straps, and inputs that change at any time.
  logic        bare_q, hangup_q, host_page_on_q, host_sync_q;
  logic [31:12] host_page_q;
  logic [31:0] boot_addr_q;
  logic [ 2:0] mode_req_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      bare_q         <= bare_i;
      boot_addr_q    <= bare_i ? boot_addr_i : covert_pkg::ResetVector;
      host_page_on_q <= bare_i & host_page_on_i;
      host_page_q    <= host_page_i;
    end
    host_sync_q    <= bare_q & host_sync_i;
    mode_req_q <= mode_req_i;
    hangup_q   <= uart_hangup_i;
  end

  // Only tile 0 has a host.
  // verilator lint_off UNUSEDSIGNAL
  logic [NTiles-1:0] host_synced;
  // verilator lint_on UNUSEDSIGNAL

  assign run_o         = tile_run;
  assign mtime_o       = mtime;
  assign host_synced_o = host_synced[0];

  for (genvar i = 0; i < NTiles; i++) begin : gen_tile
    logic        clk;
    logic        req_valid, req_ready, req_we, req_instr, req_more, rsp_valid, rsp_err;
    logic [31:0] req_addr, req_wdata, rsp_data;
    logic [ 3:0] req_wstrb;
    logic [ 1:0] req_priv;

`ifdef COVERT_RVFI
    logic [2:0] spent;
    assign spent_o[3*i+:3] = (tile_clk_en[i] && tile_run[i]) ? spent : covert_core_pkg::SpentWait;
`endif

    // The gate's clock too: it runs on until nothing is under way any more.
    covert_clock_gate u_clock_gate (
      .clk_i,
      .en_i (tile_clk_en[i] | ~drained[i] | ~rst_ni),
      .clk_o(clk)
    );

    covert_tile u_tile (
      .clk_i      (clk),
      .rst_ni     (tile_run[i]),
      .boot_addr_i(boot_addr_q),
      .irq_timer_i(bare_q & irq_timer),
      .irq_soft_i (bare_q & irq_soft),
      .irq_ext_i  (1'b0),
      .irq_s_ext_i(1'b0),
      .host_page_on_i  (host_page_on_q),
      .host_page_i(host_page_q),
      .host_sync_i    (host_sync_q & (i == 0)),
      .host_synced_o  (host_synced[i]),
      .req_valid_o(req_valid),
      .req_ready_i(req_ready),
      .req_addr_o (req_addr),
      .req_we_o   (req_we),
      .req_wdata_o(req_wdata),
      .req_wstrb_o(req_wstrb),
      .req_priv_o (req_priv),
      .req_instr_o(req_instr),
      .req_more_o (req_more),
      .rsp_valid_i(rsp_valid),
      .rsp_data_i (rsp_data),
      .rsp_err_i  (rsp_err)
`ifdef COVERT_INJECTOR
      ,
      .inject_i   (inject_i[i]),
      .inject_register_i,
      .inject_bit_i
`endif
`ifdef COVERT_RVFI
      ,
      .spent_o    (spent),
      .rvfi_valid_o(rvfi_valid_o[1*i+:1]),
      .rvfi_order_o(rvfi_order_o[64*i+:64]),
      .rvfi_insn_o(rvfi_insn_o[32*i+:32]),
      .rvfi_trap_o(rvfi_trap_o[1*i+:1]),
      .rvfi_halt_o(rvfi_halt_o[1*i+:1]),
      .rvfi_intr_o(rvfi_intr_o[1*i+:1]),
      .rvfi_mode_o(rvfi_mode_o[2*i+:2]),
      .rvfi_ixl_o(rvfi_ixl_o[2*i+:2]),
      .rvfi_rs1_addr_o(rvfi_rs1_addr_o[5*i+:5]),
      .rvfi_rs2_addr_o(rvfi_rs2_addr_o[5*i+:5]),
      .rvfi_rs1_rdata_o(rvfi_rs1_rdata_o[32*i+:32]),
      .rvfi_rs2_rdata_o(rvfi_rs2_rdata_o[32*i+:32]),
      .rvfi_rd_addr_o(rvfi_rd_addr_o[5*i+:5]),
      .rvfi_rd_wdata_o(rvfi_rd_wdata_o[32*i+:32]),
      .rvfi_pc_rdata_o(rvfi_pc_rdata_o[32*i+:32]),
      .rvfi_pc_wdata_o(rvfi_pc_wdata_o[32*i+:32]),
      .rvfi_mem_addr_o(rvfi_mem_addr_o[32*i+:32]),
      .rvfi_mem_rmask_o(rvfi_mem_rmask_o[4*i+:4]),
      .rvfi_mem_wmask_o(rvfi_mem_wmask_o[4*i+:4]),
      .rvfi_mem_rdata_o(rvfi_mem_rdata_o[32*i+:32]),
      .rvfi_mem_wdata_o(rvfi_mem_wdata_o[32*i+:32])
`endif
    );

    covert_gate u_gate (
      .clk_i           (clk),
      .rst_ni,
      .tile_i          (2'(i)),
      .bare_i          (bare_q),
      .quarantine_i    (~tile_run[i]),
      .drained_o       (drained[i]),
      .guest_size_i    (guest_size),
      .tile_req_valid_i(req_valid),
      .tile_req_ready_o(req_ready),
      .tile_req_addr_i (req_addr),
      .tile_req_we_i   (req_we),
      .tile_req_wdata_i(req_wdata),
      .tile_req_wstrb_i(req_wstrb),
      .tile_req_priv_i (req_priv),
      .tile_req_instr_i(req_instr),
      .tile_req_more_i (req_more),
      .tile_rsp_valid_o(rsp_valid),
      .tile_rsp_data_o (rsp_data),
      .tile_rsp_err_o  (rsp_err),
      .mem_req_valid_o (mem_req_valid_o[i]),
      .mem_req_ready_i (mem_req_ready_i[i]),
      .mem_req_addr_o  (mem_req_addr_o[32*i+:32]),
      .mem_req_we_o    (mem_req_we_o[i]),
      .mem_req_wdata_o (mem_req_wdata_o[32*i+:32]),
      .mem_req_wstrb_o (mem_req_wstrb_o[4*i+:4]),
      .mem_req_more_o  (mem_req_more_o[i]),
      .mem_rsp_valid_i (mem_rsp_valid_i[i]),
      .mem_rsp_data_i  (mem_rsp_data_i[32*i+:32]),
      .dev_valid_o     (tx_valid[i]),
      .dev_we_o        (tx_we[i]),
      .dev_addr_o      (tx_addr[32*i+:32]),
      .dev_wdata_o     (tx_wdata[32*i+:32]),
      .dev_strb_o      (tx_strb[4*i+:4]),
      .dev_done_i      (tx_done[i]),
      .dev_rdata_i     (tx_rdata),
      .dev_err_i       (tx_err),
      .dirty_o         (dirty[i]),
      .dirty_block_o    (dirty_block[BlockBits*i+:BlockBits]),
      .violation_o     (violation[i])
    );
  end

  covert_unit #(
    .NTiles(NTiles)
  ) u_unit (
    .clk_i,
    .rst_ni,
    .bare_i          (bare_q),
    .tx_valid_i      (tx_valid),
    .tx_we_i         (tx_we),
    .tx_addr_i       (tx_addr),
    .tx_wdata_i      (tx_wdata),
    .tx_strb_i       (tx_strb),
    .tx_done_o       (tx_done),
    .tx_rdata_o      (tx_rdata),
    .tx_err_o        (tx_err),
    .violation_i     (violation),
    .dirty_i         (dirty),
    .dirty_block_i    (dirty_block),
    .drained_i       (drained),
    .guest_size_o    (guest_size),
    .tile_run_o      (tile_run),
    .tile_clk_en_o   (tile_clk_en),
    .dev_valid_o     (dev_valid),
    .dev_we_o        (dev_we),
    .dev_addr_o      (dev_addr),
    .dev_wdata_o     (dev_wdata),
    .dev_strb_o      (dev_strb),
    .dev_ready_i     (dev_ready),
    .dev_rdata_i     (dev_rdata),
    .dev_stirs_i     (dev_stirs),
    .dev_clk_o       (dev_clk),
    .mtime_i         (mtime),
    .uart_rx_i       (rx_pending),
    .uart_hangup_i   (hangup),
    .blk_done_i      (blk_done),
    .net_rx_i        (net_rx),
    .mode_req_i      (mode_req_q),
    .mem_req_valid_o (mem_req_valid_o[NTiles]),
    .mem_req_ready_i (mem_req_ready_i[NTiles]),
    .mem_req_addr_o  (mem_req_addr_o[32*NTiles+:32]),
    .mem_req_we_o    (mem_req_we_o[NTiles]),
    .mem_req_wdata_o (mem_req_wdata_o[32*NTiles+:32]),
    .mem_req_wstrb_o (mem_req_wstrb_o[4*NTiles+:4]),
    .mem_req_more_o  (mem_req_more_o[NTiles]),
    .mem_rsp_valid_i (mem_rsp_valid_i[NTiles]),
    .mem_rsp_data_i  (mem_rsp_data_i[32*NTiles+:32]),
    .members_o,
    .due_o,
    .det_valid_o,
    .det_kind_o,
    .det_tile_o,
    .seq_state_o,
    .ckpt_o,
    .resume_o,
    .epoch_o,
    .wait_o,
    .wake_o
  );

  covert_devices u_devices (
    .clk_i,
    .dev_clk_i        (dev_clk),
    .stirs_o          (dev_stirs),
    .rst_ni,
    .bare_i           (bare_q),
    .valid_i          (dev_valid),
    .ready_o          (dev_ready),
    .we_i             (dev_we),
    .addr_i           (dev_addr),
    .wdata_i          (dev_wdata),
    .strb_i           (dev_strb),
    .rdata_o          (dev_rdata),
    .uart_tx_valid_o,
    .uart_tx_data_o,
    .uart_tx_ready_i,
    .uart_rx_valid_i,
    .uart_rx_data_i,
    .uart_rx_ready_o,
    .uart_hangup_i    (hangup_q),
    .uart_rx_pending_o(rx_pending),
    .uart_hangup_o    (hangup),
    .skip_i,
    .mtime_o          (mtime),
    .irq_soft_o       (irq_soft),
    .irq_timer_o      (irq_timer),
    .blk_done_o       (blk_done),
    .net_rx_o         (net_rx),
    .blk_start_o,
    .blk_op_o,
    .blk_sector_o,
    .blk_count_o,
    .blk_addr_o,
    .blk_done_i,
    .blk_failed_i,
    .blk_capacity_i,
    .blk_read_only_i,
    .net_present_i,
    .net_mac_i,
    .net_tx_start_o,
    .net_tx_addr_o,
    .net_tx_len_o,
    .net_tx_taken_i,
    .net_rx_post_o,
    .net_rx_addr_o,
    .net_rx_tag_o,
    .net_rx_done_i,
    .net_rx_tag_i,
    .net_rx_len_i,
    .random_ready_o,
    .random_valid_i,
    .random_data_i,
    .exit_valid_o,
    .exit_code_o
  );

endmodule
