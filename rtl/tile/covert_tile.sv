// Tile: the core and the merging of its instruction and data ports onto the tile bus, data first.
// Everything in here is inside the sphere of replication. Up to four requests are outstanding; each is answered
// once, in order. Caches will stand between the core and the merge.
module covert_tile (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic [31:0] boot_addr_i,   // first pc
  input  logic        irq_timer_i,   // M-mode interrupts, level (bare mode)
  input  logic        irq_soft_i,
  // tile bus
  output logic        req_valid_o,
  input  logic        req_ready_i,
  output logic [31:0] req_addr_o,    // word aligned
  output logic        req_we_o,
  output logic [31:0] req_wdata_o,
  output logic [ 3:0] req_wstrb_o,   // of a load: the bytes wanted
  output logic [ 1:0] req_priv_o,
  output logic        req_instr_o,
  input  logic        rsp_valid_i,
  input  logic [31:0] rsp_data_i,
  input  logic        rsp_err_i
`ifdef COVERT_RVFI
  // riscv-formal interface of the core
  ,output logic rvfi_valid_o
  ,output logic [63:0] rvfi_order_o
  ,output logic [31:0] rvfi_insn_o
  ,output logic rvfi_trap_o
  ,output logic rvfi_halt_o
  ,output logic rvfi_intr_o
  ,output logic [1:0] rvfi_mode_o
  ,output logic [1:0] rvfi_ixl_o
  ,output logic [4:0] rvfi_rs1_addr_o
  ,output logic [4:0] rvfi_rs2_addr_o
  ,output logic [31:0] rvfi_rs1_rdata_o
  ,output logic [31:0] rvfi_rs2_rdata_o
  ,output logic [4:0] rvfi_rd_addr_o
  ,output logic [31:0] rvfi_rd_wdata_o
  ,output logic [31:0] rvfi_pc_rdata_o
  ,output logic [31:0] rvfi_pc_wdata_o
  ,output logic [31:0] rvfi_mem_addr_o
  ,output logic [3:0] rvfi_mem_rmask_o
  ,output logic [3:0] rvfi_mem_wmask_o
  ,output logic [31:0] rvfi_mem_rdata_o
  ,output logic [31:0] rvfi_mem_wdata_o
`endif
);

  localparam int unsigned MaxOutstanding = 4;

  logic        ireq_valid, ireq_ready, dreq_valid, dreq_ready, dreq_we;
  logic [31:0] ireq_addr, dreq_addr, dreq_wdata;
  logic [ 3:0] dreq_wstrb;
  logic [ 1:0] ireq_priv, dreq_priv;
  logic        irsp_valid, drsp_valid;
  logic        unused_fencei;

  covert_core u_core (
    .clk_i,
    .rst_ni,
    .boot_addr_i,
    .hart_id_i    (32'd0),
    .irq_m_timer_i(irq_timer_i),
    .irq_m_soft_i (irq_soft_i),
    .irq_m_ext_i  (1'b0),
    .irq_s_ext_i  (1'b0),
    .ireq_valid_o (ireq_valid),
    .ireq_ready_i (ireq_ready),
    .ireq_addr_o  (ireq_addr),
    .ireq_priv_o  (ireq_priv),
    .irsp_valid_i (irsp_valid),
    .irsp_data_i  (rsp_data_i),
    .irsp_err_i   ({1'b0, rsp_err_i}),
    .dreq_valid_o (dreq_valid),
    .dreq_ready_i (dreq_ready),
    .dreq_addr_o  (dreq_addr),
    .dreq_we_o    (dreq_we),
    .dreq_wdata_o (dreq_wdata),
    .dreq_wstrb_o (dreq_wstrb),
    .dreq_priv_o  (dreq_priv),
    .drsp_valid_i (drsp_valid),
    .drsp_data_i  (rsp_data_i),
    .drsp_err_i   ({1'b0, rsp_err_i}),
    .fencei_o     (unused_fencei)
`ifdef COVERT_RVFI
    ,
    .rvfi_valid(rvfi_valid_o),
    .rvfi_order(rvfi_order_o),
    .rvfi_insn(rvfi_insn_o),
    .rvfi_trap(rvfi_trap_o),
    .rvfi_halt(rvfi_halt_o),
    .rvfi_intr(rvfi_intr_o),
    .rvfi_mode(rvfi_mode_o),
    .rvfi_ixl(rvfi_ixl_o),
    .rvfi_rs1_addr(rvfi_rs1_addr_o),
    .rvfi_rs2_addr(rvfi_rs2_addr_o),
    .rvfi_rs1_rdata(rvfi_rs1_rdata_o),
    .rvfi_rs2_rdata(rvfi_rs2_rdata_o),
    .rvfi_rd_addr(rvfi_rd_addr_o),
    .rvfi_rd_wdata(rvfi_rd_wdata_o),
    .rvfi_pc_rdata(rvfi_pc_rdata_o),
    .rvfi_pc_wdata(rvfi_pc_wdata_o),
    .rvfi_mem_addr(rvfi_mem_addr_o),
    .rvfi_mem_rmask(rvfi_mem_rmask_o),
    .rvfi_mem_wmask(rvfi_mem_wmask_o),
    .rvfi_mem_rdata(rvfi_mem_rdata_o),
    .rvfi_mem_wdata(rvfi_mem_wdata_o)
`endif
  );

  // Whose the outstanding requests are, oldest in bit 0: 1 for data.
  logic [MaxOutstanding-1:0] owner_q, owner_d;
  logic [2:0]                count_q, count_d;
  logic                      room, go;

  assign room        = count_q != 3'(MaxOutstanding);
  assign req_valid_o = (dreq_valid | ireq_valid) & room;
  assign dreq_ready  = req_ready_i & room;
  assign ireq_ready  = req_ready_i & room & ~dreq_valid;
  assign go          = req_valid_o & req_ready_i;

  assign req_addr_o  = dreq_valid ? dreq_addr : ireq_addr;
  assign req_we_o    = dreq_valid & dreq_we;
  assign req_wdata_o = dreq_wdata;
  assign req_wstrb_o = dreq_valid ? dreq_wstrb : 4'hF;
  assign req_priv_o  = dreq_valid ? dreq_priv : ireq_priv;
  assign req_instr_o = ~dreq_valid;

  assign drsp_valid  = rsp_valid_i & owner_q[0];
  assign irsp_valid  = rsp_valid_i & ~owner_q[0];

  always_comb begin
    owner_d = owner_q;
    count_d = count_q;
    if (rsp_valid_i) begin
      owner_d = owner_q >> 1;
      count_d = count_q - 3'd1;
    end
    if (go) begin
      owner_d[count_d[1:0]] = dreq_valid;
      count_d               = count_d + 3'd1;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      owner_q <= '0;
      count_q <= '0;
    end else begin
      owner_q <= owner_d;
      count_q <= count_d;
    end
  end

endmodule
