// Tile: the core, its MMU and its caches, and the merging of both caches' ports onto the tile bus, data first.
// Everything in here is inside the sphere of replication. A bus request is answered once, in order, in the cycle of its
// acceptance at the earliest; answers, interrupts and straps are registered here. So no logic of a tile hangs on anything
// outside, and a tile whose clock is gated costs a simulator nothing. req_more_o marks the words of a line: the next one
// follows at the next address (modulo the line) and nothing comes in between.
module covert_tile #(
  parameter int unsigned IcacheWays = 4,     // 4 KiB each; 1, 2 or 4
  parameter int unsigned DcacheWays = 4,
  parameter int unsigned ItlbEntries = 32,   // powers of two, 4 or more
  parameter int unsigned DtlbEntries = 64
) (
  input  logic         clk_i,
  input  logic         rst_ni,          // synchronous
  input  logic [ 31:0] boot_addr_i,     // first pc
  input  logic         irq_timer_i,     // M-mode interrupts, level (bare mode)
  input  logic         irq_soft_i,
  input  logic         irq_ext_i,
  input  logic         irq_s_ext_i,     // S-mode external interrupt, level
  // a host that looks at memory: a page that is not cached, and the wish to have everything there
  input  logic         host_page_on_i,
  input  logic [ 31:12] host_page_i,
  input  logic         host_sync_i,     // level until host_synced_o: write the data cache back and empty it
  output logic         host_synced_o,   // pulse, one for each rise of host_sync_i
  // tile bus
  output logic         req_valid_o,
  input  logic         req_ready_i,
  output logic [ 31:0] req_addr_o,      // word aligned
  output logic         req_we_o,
  output logic [ 31:0] req_wdata_o,
  output logic [  3:0] req_wstrb_o,     // of a load: the bytes wanted
  output logic [  1:0] req_priv_o,
  output logic         req_instr_o,
  output logic         req_more_o,      // the next word of the line follows
  input  logic         rsp_valid_i,
  input  logic [ 31:0] rsp_data_i,
  input  logic         rsp_err_i
`ifdef COVERT_INJECTOR
  // fault injector of the core
  ,input logic inject_i
  ,input logic [1:0] inject_register_i
  ,input logic [4:0] inject_bit_i
`endif
`ifdef COVERT_RVFI
  // what this cycle went to, covert_core_pkg::Spent*
  ,output logic [2:0] spent_o
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

  localparam int unsigned MaxOutstanding = 16;

`ifdef COVERT_RVFI
  // Waiting for data is waiting for a walk while the MMU makes one.
  logic [2:0] core_spent;
  assign spent_o =
      ((core_spent == covert_core_pkg::SpentData) && u_mmu.walking) ? covert_core_pkg::SpentWalk : core_spent;
`endif

  // ---------------------------------------------------------------- core
  // word addresses
  // verilator lint_off UNUSEDSIGNAL
  logic [ 31:0] ireq_addr, dreq_addr;
  // verilator lint_on UNUSEDSIGNAL
  logic         ireq_valid, ireq_ready, ireq_cancel, irsp_valid;
  logic [  1:0] ireq_priv, irsp_err, iwalk_err, dreq_priv, drsp_err;
  logic [ 31:0] irsp_data, dreq_wdata, drsp_data;
  logic         iwalk_valid, iwalk_done;
  logic [ 31:12] iwalk_vpn, flush_vpn;
  logic         dreq_valid, dreq_ready, dreq_we, dreq_amo, drsp_valid, mmu_dreq_ready;
  logic [  3:0] dreq_wstrb;
  logic [  4:0] dreq_align;
  logic         satp_on, sum, mxr, flush_all, flush_page;
  logic [ 21:0] satp_ppn;
  logic [  1:0] core_maint;
  logic         core_maint_done;
  logic         irq_timer_q, irq_soft_q, irq_ext_q, irq_s_ext_q;
  logic         host_page_on_q;
  logic [ 31:12] host_page_q;

  always_ff @(posedge clk_i) begin
    host_page_on_q <= host_page_on_i;
    host_page_q    <= host_page_i;
    irq_timer_q <= irq_timer_i;
    irq_soft_q  <= irq_soft_i;
    irq_ext_q   <= irq_ext_i;
    irq_s_ext_q <= irq_s_ext_i;
  end

  covert_core u_core (
    .clk_i,
    .rst_ni,
    .boot_addr_i,
    .hart_id_i    (32'd0),
    .irq_m_timer_i(irq_timer_q),
    .irq_m_soft_i (irq_soft_q),
    .irq_m_ext_i  (irq_ext_q),
    .irq_s_ext_i  (irq_s_ext_q),
    .ireq_valid_o (ireq_valid),
    .ireq_ready_i (ireq_ready),
    .ireq_addr_o  (ireq_addr),
    .ireq_priv_o  (ireq_priv),
    .ireq_cancel_o(ireq_cancel),
    .irsp_valid_i (irsp_valid),
    .irsp_data_i  (irsp_data),
    .irsp_err_i   (irsp_err),
    .iwalk_valid_o(iwalk_valid),
    .iwalk_vpn_o  (iwalk_vpn),
    .iwalk_done_i (iwalk_done),
    .iwalk_err_i  (iwalk_err),
    .dreq_valid_o (dreq_valid),
    .dreq_ready_i (dreq_ready),
    .dreq_addr_o  (dreq_addr),
    .dreq_we_o    (dreq_we),
    .dreq_amo_o   (dreq_amo),
    .dreq_wdata_o (dreq_wdata),
    .dreq_wstrb_o (dreq_wstrb),
    .dreq_align_o (dreq_align),
    .dreq_priv_o  (dreq_priv),
    .drsp_valid_i (drsp_valid),
    .drsp_data_i  (drsp_data),
    .drsp_err_i   (drsp_err),
    .satp_on_o    (satp_on),
    .satp_ppn_o   (satp_ppn),
    .sum_o        (sum),
    .mxr_o        (mxr),
    .flush_all_o  (flush_all),
    .flush_page_o (flush_page),
    .flush_vpn_o  (flush_vpn),
    .maint_o      (core_maint),
    .maint_done_i (core_maint_done)
`ifdef COVERT_INJECTOR
    ,
    .inject_i,
    .inject_register_i,
    .inject_bit_i
`endif
`ifdef COVERT_RVFI
    ,
    .spent_o(core_spent),
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

  // ---------------------------------------------------------------- translation
  logic         ic_valid, ic_ready, ic_cached, ic_kill, ic_hit, ic_err;
  logic [ 11:2] ic_offset, dc_offset;
  logic [ 31:12] ic_ppn, dc_ppn;
  logic [  1:0] ic_priv, dc_priv;
  logic [ 31:0] ic_data, dc_wdata, dc_rsp_data;
  logic         dc_valid, dc_ready, dc_we, dc_cached, dc_kill, dc_rsp_valid, dc_rsp_err;
  logic [  3:0] dc_wstrb;
  logic [  4:0] dc_align;

  covert_mmu #(
    .ItlbEntries(ItlbEntries),
    .DtlbEntries(DtlbEntries)
  ) u_mmu (
    .clk_i,
    .rst_ni,
    .satp_on_i     (satp_on),
    .satp_ppn_i    (satp_ppn),
    .sum_i         (sum),
    .mxr_i         (mxr),
    .flush_all_i   (flush_all),
    .flush_page_i  (flush_page),
    .flush_vpn_i   (flush_vpn),
    .host_page_on_i(host_page_on_q),
    .host_page_i   (host_page_q),
    .ireq_valid_i  (ireq_valid),
    .ireq_ready_o  (ireq_ready),
    .ireq_addr_i   (ireq_addr[31:2]),
    .ireq_priv_i   (ireq_priv),
    .ireq_cancel_i (ireq_cancel),
    .irsp_valid_o  (irsp_valid),
    .irsp_data_o   (irsp_data),
    .irsp_err_o    (irsp_err),
    .iwalk_valid_i (iwalk_valid & (maint_q == StNone)),
    .iwalk_vpn_i   (iwalk_vpn),
    .iwalk_priv_i  (ireq_priv),
    .iwalk_done_o  (iwalk_done),
    .iwalk_err_o   (iwalk_err),
    .dreq_valid_i  (dreq_valid & dreq_ready),
    .dreq_ready_o  (mmu_dreq_ready),
    .dreq_addr_i   (dreq_addr[31:2]),
    .dreq_we_i     (dreq_we),
    .dreq_amo_i    (dreq_amo),
    .dreq_wdata_i  (dreq_wdata),
    .dreq_wstrb_i  (dreq_wstrb),
    .dreq_align_i  (dreq_align),
    .dreq_priv_i   (dreq_priv),
    .drsp_valid_o  (drsp_valid),
    .drsp_data_o   (drsp_data),
    .drsp_err_o    (drsp_err),
    .ic_valid_o    (ic_valid),
    .ic_ready_i    (ic_ready),
    .ic_offset_o   (ic_offset),
    .ic_ppn_o      (ic_ppn),
    .ic_cached_o   (ic_cached),
    .ic_kill_o     (ic_kill),
    .ic_priv_o     (ic_priv),
    .ic_hit_i      (ic_hit),
    .ic_data_i     (ic_data),
    .ic_err_i      (ic_err),
    .dc_valid_o    (dc_valid),
    .dc_ready_i    (dc_ready),
    .dc_offset_o   (dc_offset),
    .dc_we_o       (dc_we),
    .dc_wdata_o    (dc_wdata),
    .dc_wstrb_o    (dc_wstrb),
    .dc_align_o    (dc_align),
    .dc_ppn_o      (dc_ppn),
    .dc_cached_o   (dc_cached),
    .dc_kill_o     (dc_kill),
    .dc_priv_o     (dc_priv),
    .dc_rsp_valid_i(dc_rsp_valid),
    .dc_rsp_data_i (dc_rsp_data),
    .dc_rsp_err_i  (dc_rsp_err)
  );

  // ---------------------------------------------------------------- caches
  // One request of the merge, address and data beside it: what is wider than 64 bits is dear in a simulator.
  typedef struct packed {
    logic        we;
    logic [3:0]  wstrb;
    logic [1:0]  priv;
    logic        instr;
    logic        more;
  } request_t;

  request_t     d_request, i_request;
  logic [ 31:0] d_mem_addr, d_mem_wdata, i_mem_addr;
  logic         d_mem_valid, d_mem_ready, d_mem_rsp, i_mem_valid, i_mem_ready, i_mem_rsp;
  logic         rsp_valid_q, rsp_err_q;
  logic [ 31:0] rsp_data_q;
  logic [  1:0] maint;
  logic         maint_done, empty, empty_done;

  covert_dcache #(
    .Ways(DcacheWays)
  ) u_dcache (
    .clk_i,
    .rst_ni,
    .req_valid_i    (dc_valid),
    .req_ready_o    (dc_ready),
    .req_offset_i   (dc_offset),
    .req_we_i       (dc_we),
    .req_wdata_i    (dc_wdata),
    .req_wstrb_i    (dc_wstrb),
    .req_align_i    (dc_align),
    .s1_ppn_i       (dc_ppn),
    .s1_cached_i    (dc_cached),
    .s1_kill_i      (dc_kill),
    .s1_priv_i      (dc_priv),
    .rsp_valid_o    (dc_rsp_valid),
    .rsp_data_o     (dc_rsp_data),
    .rsp_err_o      (dc_rsp_err),
    .maint_i        (maint),
    .maint_done_o   (maint_done),
    .mem_valid_o    (d_mem_valid),
    .mem_ready_i    (d_mem_ready),
    .mem_addr_o     (d_mem_addr),
    .mem_we_o       (d_request.we),
    .mem_wdata_o    (d_mem_wdata),
    .mem_wstrb_o    (d_request.wstrb),
    .mem_priv_o     (d_request.priv),
    .mem_more_o     (d_request.more),
    .mem_rsp_valid_i(d_mem_rsp),
    .mem_rsp_data_i (rsp_data_q),
    .mem_rsp_err_i  (rsp_err_q)
  );
  assign d_request.instr = 1'b0;

  covert_icache #(
    .Ways(IcacheWays)
  ) u_icache (
    .clk_i,
    .rst_ni,
    .req_valid_i    (ic_valid),
    .req_ready_o    (ic_ready),
    .req_offset_i   (ic_offset),
    .s1_ppn_i       (ic_ppn),
    .s1_cached_i    (ic_cached),
    .s1_kill_i      (ic_kill),
    .s1_priv_i      (ic_priv),
    .s1_hit_o       (ic_hit),
    .s1_data_o      (ic_data),
    .s1_err_o       (ic_err),
    .empty_i        (empty),
    .empty_done_o   (empty_done),
    .mem_valid_o    (i_mem_valid),
    .mem_ready_i    (i_mem_ready),
    .mem_addr_o     (i_mem_addr),
    .mem_priv_o     (i_request.priv),
    .mem_more_o     (i_request.more),
    .mem_rsp_valid_i(i_mem_rsp),
    .mem_rsp_data_i (rsp_data_q),
    .mem_rsp_err_i  (rsp_err_q)
  );
  assign i_request.we    = 1'b0;
  assign i_request.wstrb = 4'hF;
  assign i_request.instr = 1'b1;

  // ---------------------------------------------------------------- maintenance
  // Of the core, or of a host while the core has no access under way; its accesses wait meanwhile.
  typedef enum logic [1:0] {
    StNone,
    StCore,    // the core's, on the data cache
    StEmpty,   // then on the instruction cache
    StHost
  } maint_e;

  maint_e       maint_q, maint_d;
  logic         access_q;      // an access of the core is under way
  logic         synced_q;      // the host's wish is fulfilled

  assign dreq_ready = mmu_dreq_ready & (maint_q == StNone);
  assign maint      = (maint_q == StHost) ? covert_pkg::McacheEmpty[1:0]
      : (maint_q != StCore) ? covert_core_pkg::MaintNone
      : (core_maint == covert_pkg::McacheEmpty[1:0]) ? covert_pkg::McacheEmpty[1:0] : covert_pkg::McacheClean[1:0];
  assign empty      = maint_q == StEmpty;

  always_comb begin
    maint_d         = maint_q;
    core_maint_done = 1'b0;
    host_synced_o   = 1'b0;
    unique case (maint_q)
      StNone: begin
        if (core_maint != covert_core_pkg::MaintNone) maint_d = StCore;
        else if (host_sync_i & ~synced_q & ~access_q & ~dreq_valid & ~iwalk_valid) maint_d = StHost;
      end
      StCore: if (maint_done) begin
        maint_d         = (core_maint == covert_core_pkg::MaintFence) ? StEmpty : StNone;
        core_maint_done = core_maint != covert_core_pkg::MaintFence;
      end
      StEmpty: if (empty_done) begin
        maint_d         = StNone;
        core_maint_done = 1'b1;
      end
      default: if (maint_done) begin  // StHost
        maint_d   = StNone;
        host_synced_o   = 1'b1;
      end
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      maint_q  <= StNone;
      access_q <= 1'b0;
      synced_q <= 1'b0;
    end else begin
      maint_q  <= maint_d;
      synced_q <= host_sync_i & (synced_q | host_synced_o);
      // A request in the cycle of an error is void.
      access_q <= (dreq_valid & dreq_ready & (drsp_err == covert_core_pkg::RspOk))
          | (access_q & ~drsp_valid);
    end
  end

  // ---------------------------------------------------------------- tile bus
  // A request leaves from a register; behind one that the bus did not take at once, the next waits in the skid register.
  request_t                    merged, skid_q, out_q;
  logic   [              31:0] merged_addr, skid_addr_q, skid_wdata_q, out_addr_q, out_wdata_q;
  logic                        skid_valid_q, out_valid_q, out_free;
  logic                        burst_q, burst_data_q;  // a burst is on its way, of the data cache
  // Whose the outstanding requests are, oldest in bit 0: 1 for data.
  logic   [MaxOutstanding-1:0] owner_q, owner_d;
  logic   [               4:0] count_q, count_d;
  logic                        room, go, data_turn, any;

  assign data_turn   = burst_q ? burst_data_q : d_mem_valid;
  assign any         = data_turn ? d_mem_valid : i_mem_valid;
  assign merged      = data_turn ? d_request : i_request;
  assign merged_addr = data_turn ? d_mem_addr : i_mem_addr;
  assign room        = (count_q != 5'(MaxOutstanding)) & ~skid_valid_q;
  assign d_mem_ready = room & data_turn;
  assign i_mem_ready = room & ~data_turn;
  assign go          = any & room;

  assign out_free    = ~out_valid_q | req_ready_i;
  assign req_valid_o = out_valid_q;
  assign req_addr_o  = out_addr_q;
  assign req_we_o    = out_q.we;
  assign req_wdata_o = out_wdata_q;
  assign req_wstrb_o = out_q.wstrb;
  assign req_priv_o  = out_q.priv;
  assign req_instr_o = out_q.instr;
  assign req_more_o  = out_q.more;

  assign d_mem_rsp = rsp_valid_q & owner_q[0];
  assign i_mem_rsp = rsp_valid_q & ~owner_q[0];

  always_comb begin
    owner_d = owner_q;
    count_d = count_q;
    if (rsp_valid_q) begin
      owner_d = owner_q >> 1;
      count_d = count_q - 5'd1;
    end
    if (go) begin
      owner_d[count_d[3:0]] = data_turn;
      count_d               = count_d + 5'd1;
    end
  end

  always_ff @(posedge clk_i) begin
    rsp_valid_q  <= rsp_valid_i;
    rsp_data_q   <= rsp_data_i;
    rsp_err_q    <= rsp_err_i;
    skid_valid_q <= (skid_valid_q | go) & ~out_free;
    if (out_free) out_valid_q <= skid_valid_q | go;
    if (out_free && (skid_valid_q || go)) begin
      out_q       <= skid_valid_q ? skid_q : merged;
      out_addr_q  <= skid_valid_q ? skid_addr_q : merged_addr;
      out_wdata_q <= skid_valid_q ? skid_wdata_q : d_mem_wdata;
    end
    if (go) begin
      skid_q       <= merged;
      skid_addr_q  <= merged_addr;
      skid_wdata_q <= d_mem_wdata;
      burst_q      <= merged.more;
      burst_data_q <= data_turn;
    end
    owner_q      <= owner_d;
    count_q      <= count_d;
    if (!rst_ni) begin
      rsp_valid_q  <= 1'b0;
      skid_valid_q <= 1'b0;
      out_valid_q  <= 1'b0;
      burst_q      <= 1'b0;
      owner_q      <= '0;
      count_q      <= '0;
    end
  end

endmodule
