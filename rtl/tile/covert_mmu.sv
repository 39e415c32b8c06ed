// MMU: Sv32 translation between the core's ports and the caches (RISC-V privileged specification, "Sv32"), with
// a TLB for each port and one page-table walker, which reads through the data cache. A and D bits are set by software: an
// access that finds A = 0, or a store that finds D = 0, is a page fault. Translations that fault are not kept.
// A data access that misses its TLB is walked for at once, since it is never speculative. A fetch may be: it is
// answered with RspMiss, and the core asks for the walk when the instruction is the next to execute. So what the TLBs hold
// depends on the retired instructions only, never on time.
// A request that hits costs no cycle. satp_ppn_i bits 21:20, addresses beyond 32 bits, are access faults.
module covert_mmu #(
  parameter int unsigned ItlbEntries = 32,  // powers of two, 4 or more
  parameter int unsigned DtlbEntries = 64
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  // translation as the CSRs have it
  input  logic         satp_on_i,       // Sv32, else bare
  input  logic [ 21:0] satp_ppn_i,
  input  logic         sum_i,
  input  logic         mxr_i,
  input  logic         flush_all_i,     // pulses: sfence.vma, write to satp; a lookup of that cycle finds it done
  input  logic         flush_page_i,
  input  logic [ 31:12] flush_vpn_i,
  // RAM that a host looks at: not cached
  input  logic         host_page_on_i,
  input  logic [ 31:12] host_page_i,

  // the core's instruction port: an answer comes in the cycle behind the request's or not at all, and then the request of
  // that cycle is void as well
  input  logic         ireq_valid_i,
  output logic         ireq_ready_o,
  input  logic [ 31:2] ireq_addr_i,
  input  logic [  1:0] ireq_priv_i,
  input  logic         ireq_cancel_i,
  output logic         irsp_valid_o,
  output logic [ 31:0] irsp_data_o,
  output logic [  1:0] irsp_err_o,
  // walk for the page of an instruction: level until done
  input  logic         iwalk_valid_i,
  input  logic [ 31:12] iwalk_vpn_i,
  input  logic [  1:0] iwalk_priv_i,
  output logic         iwalk_done_o,
  output logic [  1:0] iwalk_err_o,

  // the core's data port; a request in the second cycle of another one, in which that is not answered or fails, is void
  input  logic         dreq_valid_i,
  output logic         dreq_ready_o,
  input  logic [ 31:2] dreq_addr_i,
  input  logic         dreq_we_i,
  input  logic         dreq_amo_i,      // first half of an AMO: must be writable
  input  logic [ 31:0] dreq_wdata_i,
  input  logic [  3:0] dreq_wstrb_i,
  input  logic [  4:0] dreq_align_i,
  input  logic [  1:0] dreq_priv_i,
  output logic         drsp_valid_o,
  output logic [ 31:0] drsp_data_o,
  output logic [  1:0] drsp_err_o,      // without drsp_valid_o it is RspOk

  // instruction cache
  output logic         ic_valid_o,
  input  logic         ic_ready_i,
  output logic [ 11:2] ic_offset_o,
  output logic [ 31:12] ic_ppn_o,
  output logic         ic_cached_o,
  output logic         ic_kill_o,
  output logic [  1:0] ic_priv_o,
  input  logic         ic_hit_i,
  input  logic [ 31:0] ic_data_i,
  input  logic         ic_err_i,

  // data cache
  output logic         dc_valid_o,
  input  logic         dc_ready_i,
  output logic [ 11:2] dc_offset_o,
  output logic         dc_we_o,
  output logic [ 31:0] dc_wdata_o,
  output logic [  3:0] dc_wstrb_o,
  output logic [  4:0] dc_align_o,
  output logic [ 31:12] dc_ppn_o,
  output logic         dc_cached_o,
  output logic         dc_kill_o,
  output logic [  1:0] dc_priv_o,
  input  logic         dc_rsp_valid_i,
  input  logic [ 31:0] dc_rsp_data_i,
  input  logic         dc_rsp_err_i
);

  localparam logic [1:0] RspOk = covert_core_pkg::RspOk;
  localparam logic [1:0] RspAccess = covert_core_pkg::RspAccess;
  localparam logic [1:0] RspPage = covert_core_pkg::RspPage;
  localparam logic [1:0] RspMiss = covert_core_pkg::RspMiss;

  // Whether a page may stand in a cache: RAM, and what is in a cache must be as out of reach as it is at the gate.
  function automatic logic cached(input logic [31:12] ppn, input logic [1:0] priv);
    cached = (ppn[31] & ~(host_page_on_i & (ppn == host_page_i))) |
        ((priv == covert_core_pkg::PrivM) & (ppn[31:20] == covert_pkg::VmmBase[31:20]));
  endfunction

  // Whether a page's rights (D U X W R) refuse a fetch, or a data access.
  function automatic logic fetch_denied(input logic [3:2] perm, input logic [1:0] priv);
    fetch_denied = ~perm[2] | (perm[3] != (priv == covert_core_pkg::PrivU));
  endfunction
  function automatic logic data_denied(input logic [4:0] perm, input logic [1:0] priv, input logic writes);
    data_denied = (writes ? ~(perm[1] & perm[4]) : ~(perm[0] | (mxr_i & perm[2]))) |
        ((priv == covert_core_pkg::PrivU) ? ~perm[3] : (perm[3] & ~sum_i));
  endfunction

  // ---------------------------------------------------------------- instruction side
  // The request of the last cycle, if it is not void.
  logic         i_valid_q, i_on_q;
  // what matters of it is the page
  // verilator lint_off UNUSEDSIGNAL
  logic [31:2]  i_addr_q;
  // verilator lint_on UNUSEDSIGNAL
  logic [1:0]   i_priv_q;
  logic         i_miss, i_fault, i_tlb_hit;
  logic [31:12] i_ppn;
  // what matters of it is U and X
  // verilator lint_off UNUSEDSIGNAL
  logic [4:0]   i_perm;
  // verilator lint_on UNUSEDSIGNAL

  // FT: fetch translation is on in S and U only.
  assign ireq_ready_o = ic_ready_i;
  assign ic_valid_o   = ireq_valid_i;
  assign ic_offset_o  = ireq_addr_i[11:2];
  always_comb begin
    i_miss  = 1'b0;
    i_fault = 1'b0;
    if (i_on_q) begin
      i_miss  = ~i_tlb_hit;
      i_fault = i_tlb_hit & fetch_denied(i_perm[3:2], i_priv_q);
    end
  end
  assign ic_ppn_o     = i_on_q ? i_ppn : i_addr_q[31:12];
  assign ic_cached_o  = cached(ic_ppn_o, i_priv_q);
  assign ic_kill_o    = ~i_valid_q | i_miss | i_fault;
  assign ic_priv_o    = i_priv_q;
  assign irsp_valid_o = (i_valid_q & (i_miss | i_fault)) | ic_hit_i;
  assign irsp_data_o  = ic_data_i;
  assign irsp_err_o   = i_miss ? RspMiss : (i_fault ? RspPage : {1'b0, ic_err_i});

  always_ff @(posedge clk_i) begin
    if (ireq_valid_i & ireq_ready_o) begin
      i_addr_q <= ireq_addr_i;
      i_priv_q <= ireq_priv_i;
      i_on_q   <= satp_on_i & (ireq_priv_i != covert_core_pkg::PrivM);
    end
    if (!rst_ni) begin
      i_valid_q <= 1'b0;
    end else begin
      i_valid_q <= ireq_valid_i & ireq_ready_o & ~ireq_cancel_i & ~(i_valid_q & ~irsp_valid_o);
    end
  end

  // ---------------------------------------------------------------- data side
  typedef enum logic [3:0] {
    StPass,    // requests of the core go through
    StAsk1,    // read the PTE of level 1
    StPte1,
    StLook1,   // at it
    StAsk0,
    StPte0,
    StLook0,
    StRetry    // the core's request again
  } state_e;

  state_e       state_q, state_d;
  // The core's request in its second cycle.
  logic         d_first_q;     // it is, and counts
  logic         d_new_q;       // not for the second time
  logic         d_on_q;        // it is translated
  logic [31:2]  d_addr_q;
  logic         d_we_q, d_amo_q;
  logic [31:0]  d_wdata_q;
  logic [3:0]   d_wstrb_q;
  logic [4:0]   d_align_q;
  logic [1:0]   d_priv_q;
  // From then on, as long as it waits for a walk: whether it does is known too late to hold the registers above.
  logic [31:2]  m_addr_q;
  logic         m_we_q, m_amo_q;
  logic [31:0]  m_wdata_q;
  logic [3:0]   m_wstrb_q;
  logic [4:0]   m_align_q;
  logic [1:0]   m_priv_q;
  logic         d_take, d_tlb_hit, d_miss, d_fault;
  logic [31:12] d_ppn;
  logic [4:0]   d_perm;
  // The walk.
  logic         walk_i_q;      // for an instruction
  logic         pte_first_q;   // the read of a PTE is in its second cycle
  logic [31:12] table_q;       // page of the table
  logic [31:12] walk_vpn;
  logic         walking, walk_ends;
  logic [1:0]   walk_err;
  // G, and the two bits for software, mean nothing here
  // verilator lint_off UNUSEDSIGNAL
  logic [31:0]  pte_q;
  // verilator lint_on UNUSEDSIGNAL
  logic         pte_err_q;     // it could not be read
  logic         pte_leaf, pte_bad, pte_denied, fill, level1;
  logic [4:0]   pte_perm;

  assign d_take       = dreq_valid_i & dreq_ready_o & (~d_first_q | dc_rsp_valid_i);
  assign dreq_ready_o = (state_q == StPass) & dc_ready_i;
  assign walking      = (state_q != StPass) & (state_q != StRetry);

  always_comb begin
    d_miss  = 1'b0;
    d_fault = 1'b0;
    if (d_first_q & d_on_q) begin
      d_miss  = ~d_tlb_hit;
      d_fault = d_tlb_hit & data_denied(d_perm, d_priv_q, d_we_q | d_amo_q);
    end
  end

  assign level1   = state_q == StLook1;
  assign walk_vpn = walk_i_q ? iwalk_vpn_i : m_addr_q[31:12];
  assign pte_perm = {pte_q[7], pte_q[4], pte_q[3:1]};

  always_comb begin
    pte_leaf   = 1'b0;
    pte_bad    = 1'b0;
    pte_denied = 1'b0;
    state_d    = state_q;
    walk_ends  = 1'b0;
    walk_err   = RspOk;
    fill       = 1'b0;
    if (level1 || state_q == StLook0) begin
      pte_leaf   = pte_q[1] | pte_q[3];
      // Not valid, reserved, a table below the last level or with leaf bits, a superpage not aligned, not accessed.
      pte_bad    = ~pte_q[0] | (pte_q[2] & ~pte_q[1]) |
          (pte_leaf ? ((level1 & (pte_q[19:10] != '0)) | ~pte_q[6]) : (~level1 | pte_q[4] | pte_q[6] | pte_q[7]));
      // Rights come before the physical address. They are looked at again whenever the page is found in the TLB.
      pte_denied = pte_leaf & (walk_i_q ? fetch_denied(pte_perm[3:2], iwalk_priv_i)
                                        : data_denied(pte_perm, m_priv_q, m_we_q | m_amo_q));
    end
    unique case (state_q)
      StPass: if (d_miss | (iwalk_valid_i & ~d_first_q)) state_d = StAsk1;
      StAsk1, StAsk0: begin
        if ((state_q == StAsk1) && satp_ppn_i[21:20] != '0) begin
          walk_ends = 1'b1;
          walk_err  = RspAccess;
        end else if (dc_ready_i) state_d = (state_q == StAsk1) ? StPte1 : StPte0;
      end
      StPte1, StPte0: if (dc_rsp_valid_i) state_d = (state_q == StPte1) ? StLook1 : StLook0;
      StLook1, StLook0: begin
        walk_ends = pte_leaf | pte_bad | pte_err_q | (pte_q[31:30] != '0);
        if (pte_err_q) walk_err = RspAccess;
        else if (pte_bad | pte_denied) walk_err = RspPage;
        else if (pte_q[31:30] != '0) walk_err = RspAccess;
        fill = walk_ends & (walk_err == RspOk);
        if (!walk_ends) state_d = StAsk0;
      end
      default: if (dc_ready_i) state_d = StPass;  // StRetry
    endcase
    if (walk_ends) state_d = (walk_i_q | (walk_err != RspOk)) ? StPass : StRetry;
  end

  assign iwalk_done_o = walk_ends & walk_i_q;
  assign iwalk_err_o  = walk_err;

  // To the data cache: the core's request, its second try, or a PTE.
  always_comb begin
    dc_valid_o  = dreq_valid_i & (state_q == StPass);
    dc_offset_o = dreq_addr_i[11:2];
    dc_we_o     = dreq_we_i;
    dc_wdata_o  = dreq_wdata_i;
    dc_wstrb_o  = dreq_wstrb_i;
    dc_align_o  = dreq_align_i;
    if (state_q == StRetry) begin
      dc_valid_o  = 1'b1;
      dc_offset_o = m_addr_q[11:2];
      dc_we_o     = m_we_q;
      dc_wdata_o  = m_wdata_q;
      dc_wstrb_o  = m_wstrb_q;
      dc_align_o  = m_align_q;
    end else if (walking) begin
      dc_valid_o  = ((state_q == StAsk1) & (satp_ppn_i[21:20] == '0)) | (state_q == StAsk0);
      dc_offset_o = (state_q == StAsk1) ? walk_vpn[31:22] : walk_vpn[21:12];
      dc_we_o     = 1'b0;
      dc_wstrb_o  = 4'hF;
      dc_align_o  = 5'b010_00;  // a word
    end
    dc_ppn_o  = d_on_q ? d_ppn : d_addr_q[31:12];
    dc_kill_o = d_miss | d_fault;
    dc_priv_o = d_priv_q;
    if (walking) begin
      dc_ppn_o  = table_q;
      dc_kill_o = ~pte_first_q;
      dc_priv_o = covert_core_pkg::PrivS;
    end
    dc_cached_o = 1'b0;
    if (d_first_q | pte_first_q) dc_cached_o = cached(dc_ppn_o, dc_priv_o);
  end

  // walk_err says more than RspOk only when a walk ends.
  assign drsp_valid_o = (drsp_err_o != RspOk) | (dc_rsp_valid_i & ~walking);
  assign drsp_data_o  = dc_rsp_data_i;
  always_comb begin
    drsp_err_o = d_fault ? RspPage : {1'b0, dc_rsp_err_i};
    if (walking) drsp_err_o = walk_i_q ? RspOk : walk_err;
  end

  always_ff @(posedge clk_i) begin
    if (dreq_valid_i & dreq_ready_o) begin
      d_addr_q  <= dreq_addr_i;
      d_we_q    <= dreq_we_i;
      d_amo_q   <= dreq_amo_i;
      d_wdata_q <= dreq_wdata_i;
      d_wstrb_q <= dreq_wstrb_i;
      d_align_q <= dreq_align_i;
      d_priv_q  <= dreq_priv_i;
      d_on_q    <= satp_on_i & (dreq_priv_i != covert_core_pkg::PrivM);
    end else if (state_q == StRetry) begin
      d_addr_q  <= m_addr_q;
      d_we_q    <= m_we_q;
      d_amo_q   <= m_amo_q;
      d_priv_q  <= m_priv_q;
      d_on_q    <= 1'b1;
    end
    if (d_new_q) begin
      m_addr_q  <= d_addr_q;
      m_we_q    <= d_we_q;
      m_amo_q   <= d_amo_q;
      m_wdata_q <= d_wdata_q;
      m_wstrb_q <= d_wstrb_q;
      m_align_q <= d_align_q;
      m_priv_q  <= d_priv_q;
    end
    if (state_q == StPass) begin
      walk_i_q <= ~d_miss;
      table_q  <= satp_ppn_i[19:0];
    end else if (level1) begin
      table_q <= pte_q[29:10];
    end
    // The last time with the answer.
    if ((state_q == StPte1) | (state_q == StPte0)) begin
      pte_q     <= dc_rsp_data_i;
      pte_err_q <= dc_rsp_err_i;
    end
    if (!rst_ni) begin
      state_q     <= StPass;
      d_first_q   <= 1'b0;
      d_new_q     <= 1'b0;
      pte_first_q <= 1'b0;
    end else begin
      state_q     <= state_d;
      d_first_q   <= d_take | ((state_q == StRetry) & dc_ready_i);
      d_new_q     <= d_take;
      pte_first_q <= ((state_q == StAsk1) | (state_q == StAsk0)) & dc_valid_o & dc_ready_i;
    end
  end

  // ---------------------------------------------------------------- TLBs
  logic [31:12] fill_ppn;
  assign fill_ppn  = level1 ? {pte_q[29:20], walk_vpn[21:12]} : pte_q[29:10];

  covert_tlb #(
    .Entries(ItlbEntries)
  ) u_itlb (
    .clk_i,
    .rst_ni,
    .read_i      (ic_valid_o),
    .vpn_i       (ireq_addr_i[31:12]),
    .s1_vpn_i    (i_addr_q[31:12]),
    .s1_hit_o    (i_tlb_hit),
    .s1_ppn_o    (i_ppn),
    .s1_perm_o   (i_perm),
    .fill_i      (fill & walk_i_q),
    .fill_vpn_i  (walk_vpn),
    .fill_ppn_i  (fill_ppn),
    .fill_perm_i (pte_perm),
    .fill_super_i(level1),
    .flush_all_i,
    .flush_page_i,
    .flush_vpn_i
  );

  covert_tlb #(
    .Entries(DtlbEntries)
  ) u_dtlb (
    .clk_i,
    .rst_ni,
    .read_i      (dc_valid_o),
    .vpn_i       ((state_q == StRetry) ? m_addr_q[31:12] : dreq_addr_i[31:12]),
    .s1_vpn_i    (d_addr_q[31:12]),
    .s1_hit_o    (d_tlb_hit),
    .s1_ppn_o    (d_ppn),
    .s1_perm_o   (d_perm),
    .fill_i      (fill & ~walk_i_q),
    .fill_vpn_i  (walk_vpn),
    .fill_ppn_i  (fill_ppn),
    .fill_perm_i (pte_perm),
    .fill_super_i(level1),
    .flush_all_i,
    .flush_page_i,
    .flush_vpn_i
  );

endmodule
