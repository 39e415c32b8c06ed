// Tile: the core and the merging of its instruction and data ports onto the tile bus, data first.
// Everything in here is inside the sphere of replication. Up to four requests are outstanding; each is answered
// once, in order, in the cycle of its acceptance at the earliest: answers and interrupts are registered here. So no
// logic of a tile hangs on anything outside, and a tile whose clock is gated costs a simulator nothing.
// Caches will stand between the core and the merge.
module covert_tile (
  input  logic        clk_i,
  input  logic        rst_ni,        // synchronous
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
  logic        rsp_valid_q, rsp_err_q, irq_timer_q, irq_soft_q;
  logic [31:0] rsp_data_q;

  covert_core u_core (
    .clk_i,
    .rst_ni,
    .boot_addr_i,
    .hart_id_i    (32'd0),
    .irq_m_timer_i(irq_timer_q),
    .irq_m_soft_i (irq_soft_q),
    .irq_m_ext_i  (1'b0),
    .irq_s_ext_i  (1'b0),
    .ireq_valid_o (ireq_valid),
    .ireq_ready_i (ireq_ready),
    .ireq_addr_o  (ireq_addr),
    .ireq_priv_o  (ireq_priv),
    .irsp_valid_i (irsp_valid),
    .irsp_data_i  (rsp_data_q),
    .irsp_err_i   ({1'b0, rsp_err_q}),
    .dreq_valid_o (dreq_valid),
    .dreq_ready_i (dreq_ready),
    .dreq_addr_o  (dreq_addr),
    .dreq_we_o    (dreq_we),
    .dreq_wdata_o (dreq_wdata),
    .dreq_wstrb_o (dreq_wstrb),
    .dreq_priv_o  (dreq_priv),
    .drsp_valid_i (drsp_valid),
    .drsp_data_i  (rsp_data_q),
    .drsp_err_i   ({1'b0, rsp_err_q}),
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

  typedef struct packed {
    logic [31:0] addr;
    logic        we;
    logic [31:0] wdata;
    logic [3:0]  wstrb;
    logic [1:0]  priv;
    logic        instr;
  } request_t;

  // A request that the bus did not take at once waits in the skid register.
  request_t merged, skid_q, front;
  logic     skid_valid_q;
  // Whose the outstanding requests are, oldest in bit 0: 1 for data.
  logic [MaxOutstanding-1:0] owner_q, owner_d;
  logic [2:0]                count_q, count_d;
  logic                      room, go;

  assign room       = (count_q != 3'(MaxOutstanding)) & ~skid_valid_q;
  assign dreq_ready = room;
  assign ireq_ready = room & ~dreq_valid;
  assign go         = (dreq_valid | ireq_valid) & room;

  always_comb begin
    merged.addr  = dreq_valid ? dreq_addr : ireq_addr;
    merged.we    = dreq_valid & dreq_we;
    merged.wdata = dreq_wdata;
    merged.wstrb = dreq_valid ? dreq_wstrb : 4'hF;
    merged.priv  = dreq_valid ? dreq_priv : ireq_priv;
    merged.instr = ~dreq_valid;
  end

  assign front       = skid_valid_q ? skid_q : merged;
  assign req_valid_o = go | skid_valid_q;
  assign req_addr_o  = front.addr;
  assign req_we_o    = front.we;
  assign req_wdata_o = front.wdata;
  assign req_wstrb_o = front.wstrb;
  assign req_priv_o  = front.priv;
  assign req_instr_o = front.instr;

  assign drsp_valid = rsp_valid_q & owner_q[0];
  assign irsp_valid = rsp_valid_q & ~owner_q[0];

  always_comb begin
    owner_d = owner_q;
    count_d = count_q;
    if (rsp_valid_q) begin
      owner_d = owner_q >> 1;
      count_d = count_q - 3'd1;
    end
    if (go) begin
      owner_d[count_d[1:0]] = dreq_valid;
      count_d               = count_d + 3'd1;
    end
  end

  always_ff @(posedge clk_i) begin
    rsp_valid_q  <= rsp_valid_i;
    rsp_data_q   <= rsp_data_i;
    rsp_err_q    <= rsp_err_i;
    irq_timer_q  <= irq_timer_i;
    irq_soft_q   <= irq_soft_i;
    skid_valid_q <= req_valid_o & ~req_ready_i;
    if (go) skid_q <= merged;
    owner_q      <= owner_d;
    count_q      <= count_d;
    if (!rst_ni) begin
      rsp_valid_q  <= 1'b0;
      skid_valid_q <= 1'b0;
      owner_q      <= '0;
      count_q      <= '0;
    end
  end

endmodule
