// The core: RV32IMAC_Zicsr_Zifencei, M/S/U, in order, one instruction a cycle at best. Three stages behind the
// fetch queue: D decodes and reads registers, X computes, resolves branches, finds exceptions and issues the memory
// request, W receives the memory's answer, writes back and takes traps. An instruction leaves X only when the one in
// W is known not to trap, so everything that X does is final: traps are precise and no data access is speculative.
// Nothing here depends on time but when things happen: the retired stream is the same at any memory latency.
module covert_core
(
    input logic clk_i,
    input logic rst_ni,
    input logic [31:0] boot_addr_i,  // first pc
    input logic [31:0] hart_id_i,

    // Interrupts, level.
    input logic irq_m_timer_i,
    input logic irq_m_soft_i,
    input logic irq_m_ext_i,
    input logic irq_s_ext_i,

    // Instruction port, virtual addresses: requests are held until accepted or cancelled; one answer each, in order. A
    // cancel forgets all requests up to and including this cycle's.
    output logic ireq_valid_o,
    input logic ireq_ready_i,
    output logic [31:0] ireq_addr_o,  // word aligned
    output logic [1:0] ireq_priv_o,
    output logic ireq_cancel_o,
    input logic irsp_valid_i,
    input logic [31:0] irsp_data_i,
    input logic [1:0] irsp_err_i,  // covert_core_pkg::Rsp*

    // Walk for the page of an instruction whose fetch was answered with RspMiss: level until done.
    output logic iwalk_valid_o,
    output logic [31:12] iwalk_vpn_o,
    input logic iwalk_done_i,
    input logic [1:0] iwalk_err_i,  // with done: RspOk, and the fetch is asked for again, or what it ends as

    // Data port: the same without cancel; at most one access is under way.
    output logic dreq_valid_o,
    input logic dreq_ready_i,
    output logic [31:0] dreq_addr_o,  // word aligned
    output logic dreq_we_o,
    output logic dreq_amo_o,  // the read of an AMO: the page must be writable
    output logic [31:0] dreq_wdata_o,
    output logic [3:0] dreq_wstrb_o,  // bytes written, or wanted by a load
    output logic [1:0] dreq_priv_o,  // effective privilege (MPRV)
    input logic drsp_valid_i,
    input logic [31:0] drsp_data_i,
    input logic [1:0] drsp_err_i,

    // Translation, as the CSRs have it, and its fences (pulses).
    output logic satp_on_o,
    output logic [21:0] satp_ppn_o,
    output logic sum_o,
    output logic mxr_o,
    output logic flush_all_o,
    output logic flush_page_o,
    output logic [31:12] flush_vpn_o,

    // Cache maintenance, covert_core_pkg::Maint* or covert_pkg::Mcache*: level until done. No access is under way meanwhile.
    output logic [1:0] maint_o,
    input logic maint_done_i

`ifdef COVERT_INJECTOR
    // Fault injector: a bit of a register in X changes behind this cycle's edge.
    ,
    input logic inject_i,
    input logic [1:0] inject_register_i,  // 0 x_rs1_q, 1 x_rs2_q, 2 x_pc_q, 3 x_imm_q
    input logic [4:0] inject_bit_i
`endif

`ifdef COVERT_RVFI
    // What this cycle went to, covert_core_pkg::Spent*.
    ,
    output logic [2:0] spent_o
    // riscv-formal interface, NRET = 1.
    ,
    output logic rvfi_valid,
    output logic [63:0] rvfi_order,
    output logic [31:0] rvfi_insn,
    output logic rvfi_trap,
    output logic rvfi_halt,
    output logic rvfi_intr,
    output logic [1:0] rvfi_mode,
    output logic [1:0] rvfi_ixl,
    output logic [4:0] rvfi_rs1_addr,
    output logic [4:0] rvfi_rs2_addr,
    output logic [31:0] rvfi_rs1_rdata,
    output logic [31:0] rvfi_rs2_rdata,
    output logic [4:0] rvfi_rd_addr,
    output logic [31:0] rvfi_rd_wdata,
    output logic [31:0] rvfi_pc_rdata,
    output logic [31:0] rvfi_pc_wdata,
    output logic [31:0] rvfi_mem_addr,
    output logic [3:0] rvfi_mem_rmask,
    output logic [3:0] rvfi_mem_wmask,
    output logic [31:0] rvfi_mem_rdata,
    output logic [31:0] rvfi_mem_wdata
`endif
);

  // ---------------------------------------------------------------- redirects, in order of priority
  logic w_trap;  // a trap is taken in W
  logic x_redirect;  // return, wrong prediction, fence, walk for an instruction in X
  logic d_redirect;  // predicted taken in D
  logic [31:0] x_redirect_pc, d_redirect_pc, trap_vector;
  logic flush_d, flush_x;

  logic [1:0] priv;

  // ---------------------------------------------------------------- F
  logic f_valid, f_ready, f_err_second, f_known;
  logic [31:0] f_pc, f_instr;
  logic [1:0] f_err, f_count;
  logic [31:1] f_target;
  logic x_update, x_update_keep;
  logic [1:0] x_update_count;
  logic [31:1] x_end, x_update_target;

  covert_fetch u_fetch (
      .clk_i,
      .rst_ni,
      .boot_addr_i,
      .redirect_i(w_trap || x_redirect || d_redirect),
      .redirect_pc_i(w_trap ? trap_vector : (x_redirect ? x_redirect_pc : d_redirect_pc)),
      .priv_i(priv),
      .update_i(x_update),
      .update_end_i(x_end),
      .update_keep_i(x_update_keep),
      .update_count_i(x_update_count),
      .update_target_i(x_update_target),
      .ireq_valid_o,
      .ireq_ready_i,
      .ireq_addr_o,
      .ireq_priv_o,
      .ireq_cancel_o,
      .irsp_valid_i,
      .irsp_data_i,
      .irsp_err_i,
      .valid_o(f_valid),
      .ready_i(f_ready),
      .pc_o(f_pc),
      .instr_o(f_instr),
      .err_o(f_err),
      .err_second_o(f_err_second),
      .known_o(f_known),
      .count_o(f_count),
      .target_o(f_target)
  );

  // ---------------------------------------------------------------- D
  logic [31:0] d_instr, d_imm, d_rdata1, d_rdata2, d_rs1, d_rs2, d_target, d_seq;
  logic d_compressed, d_expand_illegal, d_stall, d_fire, d_static, d_illegal;
  covert_core_pkg::decoded_t d_dec;

  // X and W, as far as D looks at them.
  logic x_valid_q, x_fire, x_ready;
  logic [4:0] x_rd;
  logic [31:7] x_instr_q;
  logic [31:0] x_result;
  // uses_rs1, uses_rs2 and jal matter in D and to RVFI only
  // verilator lint_off UNUSEDSIGNAL
  covert_core_pkg::decoded_t x_dec_q;
  // verilator lint_on UNUSEDSIGNAL
  logic w_valid_q, w_rd_we_q, w_done, w_write;
  logic [4:0] w_rd_q;
  logic [31:0] w_value;

  covert_expander u_expander (
      .instr_i(f_instr),
      .instr_o(d_instr),
      .compressed_o(d_compressed),
      .illegal_o(d_expand_illegal)
  );

  covert_decoder u_decoder (
      .instr_i(d_instr),
      .dec_o(d_dec),
      .imm_o(d_imm)
  );

  covert_regfile u_regfile (
      .clk_i,
      .raddr1_i(d_instr[19:15]),
      .raddr2_i(d_instr[24:20]),
      .rdata1_o(d_rdata1),
      .rdata2_o(d_rdata2),
      .we_i(w_write),
      .waddr_i(w_rd_q),
      .wdata_i(w_value)
  );

  // A register's newest value: X computes it in this cycle, W writes it in this cycle, or the register file has it.
  // What memory is still to deliver must be waited for.
  logic d_wait1, d_wait2;
  always_comb begin
    d_wait1 = 1'b0;
    d_rs1 = d_rdata1;
    if (w_valid_q && w_rd_we_q && (w_rd_q == d_instr[19:15])) begin
      d_rs1 = w_value;
      d_wait1 = !w_done;
    end
    if (x_valid_q && x_dec_q.rd_we && (x_rd == d_instr[19:15])) begin
      d_rs1 = x_result;
      d_wait1 = x_late;
    end
    if (d_instr[19:15] == 5'd0) begin
      d_rs1 = 32'd0;
      d_wait1 = 1'b0;
    end
    d_wait2 = 1'b0;
    d_rs2 = d_rdata2;
    if (w_valid_q && w_rd_we_q && (w_rd_q == d_instr[24:20])) begin
      d_rs2 = w_value;
      d_wait2 = !w_done;
    end
    if (x_valid_q && x_dec_q.rd_we && (x_rd == d_instr[24:20])) begin
      d_rs2 = x_result;
      d_wait2 = x_late;
    end
    if (d_instr[24:20] == 5'd0) begin
      d_rs2 = 32'd0;
      d_wait2 = 1'b0;
    end
  end

  assign d_illegal = d_dec.illegal || d_expand_illegal;
  assign d_target = f_pc + d_imm;
  assign d_seq = f_pc + (d_compressed ? 32'd2 : 32'd4);
  assign d_stall = (d_dec.uses_rs1 && d_wait1) || (d_dec.uses_rs2 && d_wait2);
  assign d_fire = f_valid && !d_stall && x_ready && !flush_d;
  assign f_ready = d_fire;
  // What the branch target buffer does not know is predicted here, from the fetched bits to be early: jal, c.j, c.jal
  // and backward branches are taken. That of an instruction that is illegal or failed to be fetched does not matter,
  // since it traps.
  always_comb begin
    if (f_instr[1:0] == 2'b11) d_static = (f_instr[6:0] == 7'h6F) || ((f_instr[6:0] == 7'h63) && f_instr[31]);
    else d_static = (f_instr[1:0] == 2'b01) && ((f_instr[14:13] == 2'b01) || (&f_instr[15:14] && f_instr[12]));
  end
  assign d_redirect = d_fire && d_static && !f_known;
  assign d_redirect_pc = d_target;

  // ---------------------------------------------------------------- X
  logic [31:0] x_pc_q, x_raw_q, x_rs1_q, x_rs2_q, x_imm_q, x_target_q, x_seq_q;
  logic x_predict_q;  // predicted taken, to x_guess_q
  logic [31:1] x_guess_q;
  logic x_known_q;  // the branch target buffer knows it
  logic [1:0] x_count_q;
  logic x_illegal_q, x_err_second_q;
  logic [1:0] x_err_q;
  logic x_started_q;  // it has begun to wait for something that must not be given up

  assign x_rd = x_instr_q[11:7];
  assign x_ready = !x_valid_q || x_fire;

  always_ff @(posedge clk_i) begin
    if (d_fire) begin
      x_pc_q <= f_pc;
      x_raw_q <= f_instr;
      x_instr_q <= d_instr[31:7];
      x_dec_q <= d_dec;
      x_illegal_q <= d_illegal;
      x_err_q <= f_err;
      x_err_second_q <= f_err_second;
      x_rs1_q <= d_rs1;
      x_rs2_q <= d_rs2;
      x_imm_q <= d_imm;
      x_target_q <= d_target;
      x_seq_q <= d_seq;
      x_predict_q <= f_known ? f_count[1] : d_static;
      x_guess_q <= f_known ? f_target : d_target[31:1];
      x_known_q <= f_known;
      x_count_q <= f_count;
      if (d_illegal || (f_err != covert_core_pkg::RspOk)) begin
        x_dec_q.rd_we <= 1'b0;
        x_dec_q.branch <= 1'b0;
        x_dec_q.jal <= 1'b0;
        x_dec_q.jalr <= 1'b0;
        x_dec_q.mem_op <= covert_core_pkg::MemNone;
        x_dec_q.sys_op <= covert_core_pkg::SysNone;
        x_dec_q.result <= covert_core_pkg::ResAlu;
      end
    end
    else if (iwalk_done_i) begin
      x_err_q <= iwalk_err_i;
    end
`ifdef COVERT_INJECTOR
    if (inject_i) begin
      case (inject_register_i)
        2'd0: x_rs1_q <= (d_fire ? d_rs1 : x_rs1_q) ^ (32'd1 << inject_bit_i);
        2'd1: x_rs2_q <= (d_fire ? d_rs2 : x_rs2_q) ^ (32'd1 << inject_bit_i);
        2'd2: x_pc_q <= (d_fire ? f_pc : x_pc_q) ^ (32'd1 << inject_bit_i);
        default: x_imm_q <= (d_fire ? d_imm : x_imm_q) ^ (32'd1 << inject_bit_i);
      endcase
    end
`endif
    if (!rst_ni) x_valid_q <= 1'b0;
    else if (flush_x || x_refetch) x_valid_q <= 1'b0;
    else if (x_ready) x_valid_q <= d_fire;
  end

  logic [31:0] x_b, x_sum, x_alu, x_div, x_csr, w_mul;
  logic x_equal, x_less, x_less_unsigned, x_taken, x_div_done, x_is_mul, x_is_div, x_late;

  assign x_b = x_dec_q.b_is_imm ? x_imm_q : x_rs2_q;

  covert_alu u_alu (
      .op_i(x_dec_q.alu_op),
      .a_i(x_dec_q.a_is_zero ? 32'd0 : x_rs1_q),
      .b_i(x_b),
      .sum_o(x_sum),
      .result_o(x_alu),
      .equal_o(x_equal),
      .less_o(x_less),
      .less_unsigned_o(x_less_unsigned)
  );

  always_comb begin
    case (x_instr_q[14:12])
      3'd0: x_taken = x_equal;
      3'd1: x_taken = !x_equal;
      3'd4: x_taken = x_less;
      3'd5: x_taken = !x_less;
      3'd6: x_taken = x_less_unsigned;
      default: x_taken = !x_less_unsigned;
    endcase
  end

  // Memory access of the instruction in X.
  logic x_is_mem, x_is_load, x_is_store, x_misaligned, x_reserved, x_sc_fails, x_request;
  logic [31:0] x_wdata;
  logic [3:0] x_strb;
  logic reserved_q;  // LR's reservation, a virtual address; lost at SC, trap, return and change of translation only
  logic [31:2] reserved_addr_q;

  assign x_is_mem = x_dec_q.mem_op != covert_core_pkg::MemNone;
  assign x_is_load = (x_dec_q.mem_op == covert_core_pkg::MemLoad) || (x_dec_q.mem_op == covert_core_pkg::MemLr);
  assign x_is_store = (x_dec_q.mem_op == covert_core_pkg::MemStore) || (x_dec_q.mem_op == covert_core_pkg::MemSc);
  assign x_reserved = reserved_q && (reserved_addr_q == x_sum[31:2]);
  assign x_sc_fails = (x_dec_q.mem_op == covert_core_pkg::MemSc) && !x_reserved;
  always_comb begin
    x_misaligned = 1'b0;
    x_strb = 4'b0000;
    x_wdata = 32'd0;
    if (x_is_mem) case (x_instr_q[13:12])
      2'd0: begin
        x_strb = 4'b0001 << x_sum[1:0];
        x_wdata = {4{x_rs2_q[7:0]}};
      end
      2'd1: begin
        x_misaligned = x_sum[0];
        x_strb = x_sum[1] ? 4'b1100 : 4'b0011;
        x_wdata = {2{x_rs2_q[15:0]}};
      end
      default: begin
        x_misaligned = x_sum[1:0] != 2'd0;
        x_strb = 4'b1111;
        x_wdata = x_rs2_q;
      end
    endcase
  end

  // Exceptions of the instruction in X, the first in order of priority.
  logic tw, tvm, tsr, csr_illegal, irq, wake;
  logic [4:0] irq_cause;
  logic x_exc;
  logic x_trap;  // the instruction goes to W as a trap, without any effect
  logic [4:0] x_cause;
  logic [31:0] x_tval;

  logic [31:0] x_fetch_addr;  // of the part of the instruction that failed to be fetched

  always_comb begin
    x_exc = 1'b1;
    x_cause = covert_core_pkg::ExcIllegal;
    x_tval = x_raw_q;
    x_fetch_addr = x_pc_q;
    if (x_err_q != covert_core_pkg::RspOk) begin
      if (x_err_second_q) x_fetch_addr = {x_pc_q[31:2] + 30'd1, 2'b00};
      x_exc = x_err_q != covert_core_pkg::RspMiss;
      x_cause = (x_err_q == covert_core_pkg::RspPage) ? covert_core_pkg::ExcFetchPage : covert_core_pkg::ExcFetchFault;
      x_tval = x_fetch_addr;
    end else if (!x_illegal_q) begin
      case (x_dec_q.sys_op)
        covert_core_pkg::SysEcall: begin
          x_cause = covert_core_pkg::ExcEcallU + {3'd0, priv};
          x_tval = 32'd0;
        end
        covert_core_pkg::SysEbreak: begin
          x_cause = covert_core_pkg::ExcBreakpoint;
          x_tval = 32'd0;
        end
        covert_core_pkg::SysMret: x_exc = priv != covert_core_pkg::PrivM;
        covert_core_pkg::SysSret: x_exc = (priv == covert_core_pkg::PrivU) || ((priv == covert_core_pkg::PrivS) && tsr);
        covert_core_pkg::SysWfi: x_exc = (priv == covert_core_pkg::PrivU) || ((priv == covert_core_pkg::PrivS) && tw);
        covert_core_pkg::SysSfence: begin
          x_exc = (priv == covert_core_pkg::PrivU) || ((priv == covert_core_pkg::PrivS) && tvm);
        end
        covert_core_pkg::SysCsr: x_exc = csr_illegal;
        default: begin
          x_exc = x_misaligned;
          x_cause = x_is_load ? covert_core_pkg::ExcLoadMisaligned : covert_core_pkg::ExcStoreMisaligned;
          x_tval = x_sum;
        end
      endcase
    end
  end

  // Its value is there only in W.
  assign x_late = (x_dec_q.result == covert_core_pkg::ResMem) || x_is_mul;

  // What X has to wait for.
  logic w_ready, fingerprint_busy, x_is_csr, x_is_fence, x_is_sfence, x_wait, x_ask, x_refetch;
  logic x_normal;  // the instruction executes (no trap), as soon as it need not wait
  logic x_csr_write, x_is_satp, w_quiet;
  logic [31:0] x_csr_operand;
  logic [1:0] x_maint;
  assign x_is_csr = x_dec_q.sys_op == covert_core_pkg::SysCsr;
  always_comb begin
    x_csr_write = 1'b0;
    x_is_satp = 1'b0;
    x_csr_operand = 32'd0;
    if (x_is_csr) begin
      x_csr_write = (x_instr_q[13:12] == 2'd1) || (x_instr_q[19:15] != 5'd0);
      x_is_satp = x_csr_write && (x_instr_q[31:20] == 12'h180);
      x_csr_operand = x_instr_q[14] ? {27'd0, x_instr_q[19:15]} : x_rs1_q;
    end
  end
  assign x_is_fence = x_dec_q.sys_op == covert_core_pkg::SysFencei;
  assign x_is_sfence = x_dec_q.sys_op == covert_core_pkg::SysSfence;
  assign x_is_mul = x_dec_q.result == covert_core_pkg::ResMul;
  assign x_is_div = x_dec_q.result == covert_core_pkg::ResDiv;
  assign x_trap = x_valid_q && w_ready && !x_started_q && (irq || x_exc);
  assign x_normal = x_valid_q && w_ready && (x_started_q || !(irq || x_exc));
  assign x_request = x_normal && x_is_mem && !x_sc_fails;
  // A CSR instruction sees everything older in the fingerprint.
  assign w_quiet = !w_valid_q && !fingerprint_busy;

  // Its page was not in the instruction side's TLB: now that it is the next to execute, the walk is made; then it is
  // fetched again, or it traps.
  assign x_ask = x_normal && (x_err_q == covert_core_pkg::RspMiss);
  assign iwalk_valid_o = x_ask;
  assign iwalk_vpn_o = x_fetch_addr[31:12];
  assign x_refetch = iwalk_done_i && (iwalk_err_i == covert_core_pkg::RspOk);

  // Cache maintenance: fence.i, and writes of the CSR mcache.
  always_comb begin
    x_maint = covert_core_pkg::MaintNone;
    if (x_is_fence) x_maint = covert_core_pkg::MaintFence;
    else if (x_is_csr && x_csr_write && (x_instr_q[31:20] == covert_pkg::CsrMcache) && (x_instr_q[13:12] != 2'd3)) begin
      x_maint = x_instr_q[14] ? x_instr_q[16:15] : x_rs1_q[1:0];
    end
  end
  assign maint_o = (x_normal && w_quiet) ? x_maint : covert_core_pkg::MaintNone;

  always_comb begin
    x_wait = x_ask;
    if (x_is_mem && !x_sc_fails) x_wait = !dreq_ready_i;
    if (x_is_div) x_wait = !x_div_done;
    if (x_is_csr) x_wait = !w_quiet;
    if (x_dec_q.sys_op == covert_core_pkg::SysWfi) x_wait = !wake;
    if (x_maint != covert_core_pkg::MaintNone) x_wait = !maint_done_i;
  end
  assign x_fire = x_trap || (x_normal && !x_wait);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) x_started_q <= 1'b0;
    else if (x_fire || flush_x || iwalk_done_i) x_started_q <= 1'b0;
    else if (x_normal && (x_is_mem || x_ask || (x_maint != covert_core_pkg::MaintNone)
        || (x_dec_q.sys_op == covert_core_pkg::SysWfi))) x_started_q <= 1'b1;
  end

  covert_mul u_mul (
      .clk_i,
      .take_i(x_fire && x_is_mul),
      .op_i(x_instr_q[13:12]),
      .a_i(x_rs1_q),
      .b_i(x_rs2_q),
      .result_o(w_mul)
  );

  covert_div u_div (
      .clk_i,
      .rst_ni,
      .flush_i(x_trap || w_trap),
      .start_i(x_normal && x_is_div),
      .op_i(x_instr_q[13:12]),
      .a_i(x_rs1_q),
      .b_i(x_rs2_q),
      .done_o(x_div_done),
      .result_o(x_div)
  );

  always_comb begin
    case (x_dec_q.result)
      covert_core_pkg::ResTarget: x_result = x_target_q;
      covert_core_pkg::ResSeq: x_result = x_seq_q;
      covert_core_pkg::ResDiv: x_result = x_div;
      covert_core_pkg::ResCsr: x_result = x_csr;
      covert_core_pkg::ResMem: x_result = {31'd0, x_sc_fails};  // of SC; loads and AMOs get theirs in W
      default: x_result = x_alu;
    endcase
  end

  // Control flow out of X.
  logic x_leaves;  // jump, or branch that is taken
  logic x_mispredict, x_mret, x_sret, x_fence;
  logic [31:0] mepc, sepc;
  assign x_leaves = x_dec_q.jal || x_dec_q.jalr || (x_dec_q.branch && x_taken);
  assign x_mispredict = (x_leaves != x_predict_q)
      || (x_leaves && ((x_dec_q.jalr ? x_sum[31:1] : x_target_q[31:1]) != x_guess_q));
  assign x_mret = x_dec_q.sys_op == covert_core_pkg::SysMret;
  assign x_sret = x_dec_q.sys_op == covert_core_pkg::SysSret;
  // What was fetched behind it may be out of date.
  assign x_fence = x_fire && !x_trap && (x_is_fence || x_is_sfence || x_is_satp);
  // A jump, branch or return waits for nothing; a jump or branch has no exception of its own. What the branch target
  // buffer wrongly takes for a jump may be any instruction: it redirects to what follows it, and does so again while it waits.
  assign x_redirect = x_refetch || x_fence
      || (x_valid_q && w_ready && !irq && (x_mispredict || ((x_mret || x_sret) && !x_exc)));
  always_comb begin
    x_redirect_pc = x_seq_q;
    if (x_dec_q.jalr) x_redirect_pc = {x_sum[31:1], 1'b0};
    else if (x_leaves) x_redirect_pc = x_target_q;
    if (x_mret) x_redirect_pc = mepc;
    if (x_sret) x_redirect_pc = sepc;
    if (x_refetch) x_redirect_pc = x_pc_q;
  end
  assign flush_d = w_trap || x_redirect;
  assign flush_x = w_trap;

  // What the branch target buffer learns.
  logic x_is_jump;
  assign x_is_jump = x_dec_q.branch || x_dec_q.jal || x_dec_q.jalr;
  assign x_update = x_fire && !x_trap && (x_leaves || x_known_q);
  assign x_update_keep = x_is_jump;
  assign x_update_target = x_dec_q.jalr ? x_sum[31:1] : x_target_q[31:1];
  assign x_end = x_pc_q[31:1] + {30'd0, &x_raw_q[1:0]};
  always_comb begin
    if (!x_known_q) x_update_count = 2'd2;
    else if (x_leaves) x_update_count = (x_count_q == 2'd3) ? 2'd3 : x_count_q + 2'd1;
    else x_update_count = (x_count_q == 2'd0) ? 2'd0 : x_count_q - 2'd1;
  end

  assign flush_all_o = x_fence && (x_is_satp || (x_is_sfence && (x_instr_q[19:15] == 5'd0)));
  assign flush_page_o = x_fence && x_is_sfence && (x_instr_q[19:15] != 5'd0);
  assign flush_vpn_o = x_rs1_q[31:12];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      reserved_q <= 1'b0;
      reserved_addr_q <= '0;
    end else if (w_trap) begin
      reserved_q <= 1'b0;
    end else if (x_fire && !x_trap) begin
      if (x_dec_q.mem_op == covert_core_pkg::MemLr) begin
        reserved_q <= 1'b1;
        reserved_addr_q <= x_sum[31:2];
      end
      if ((x_dec_q.mem_op == covert_core_pkg::MemSc) || x_mret || x_sret || x_is_satp || x_is_sfence) begin
        reserved_q <= 1'b0;
      end
    end
  end

  // ---------------------------------------------------------------- W
  covert_core_pkg::mem_op_e w_mem_op_q;
  logic [31:0] w_pc_q, w_addr_q, w_data_q, w_result_q;
  logic [2:0] w_funct3_q;
  logic [4:0] w_funct5_q;
  logic [3:0] w_strb_q;
  logic [1:0] w_priv_q, w_data_priv_q;
  logic w_is_mul_q;
  logic w_trap_q, w_trap_irq_q;  // X trapped instead of executing
  logic [4:0] w_cause_q;
  logic w_counted_q;  // it was counted by mepoch
  logic w_instret_q;  // and by minstret
  // Progress of an AMO: it reads, then asks to write, then writes.
  logic w_amo_ask_q, w_amo_write_q;
  logic [31:0] shifted, w_loaded, w_amo;
  logic w_is_load, w_is_amo;  // load: LR as well
  logic w_fault;  // the access failed
  logic w_ask, w_waits, w_err, count_instret, count_epoch, epoch_running, trap_to_s;
  logic [1:0] data_priv;

  assign w_waits = w_mem_op_q != covert_core_pkg::MemNone;
  assign w_is_load = (w_mem_op_q == covert_core_pkg::MemLoad) || (w_mem_op_q == covert_core_pkg::MemLr);
  assign w_is_amo = w_mem_op_q == covert_core_pkg::MemAmo;
  assign w_done = !w_waits || (drsp_valid_i && (!w_is_amo || w_amo_write_q));
  assign w_err = w_waits && drsp_valid_i && (drsp_err_i != covert_core_pkg::RspOk);
  assign w_fault = w_valid_q && w_err;
  assign w_trap = w_valid_q && (w_err || w_trap_q);
  assign w_ready = !w_valid_q || (w_done && !w_err && !w_trap_q);
  assign w_write = w_valid_q && w_done && !w_err && w_rd_we_q;

  assign shifted = drsp_data_i >> {w_addr_q[1:0], 3'b000};
  always_comb begin
    case (w_funct3_q)
      3'd0: w_loaded = {{24{shifted[7]}}, shifted[7:0]};
      3'd1: w_loaded = {{16{shifted[15]}}, shifted[15:0]};
      3'd4: w_loaded = {24'd0, shifted[7:0]};
      3'd5: w_loaded = {16'd0, shifted[15:0]};
      default: w_loaded = shifted;
    endcase
  end
  assign w_value = w_is_load ? w_loaded : (w_is_mul_q ? w_mul : w_result_q);

  always_comb begin
    w_amo = 32'd0;
    if (w_is_amo) case (w_funct5_q)
      5'h01: w_amo = w_data_q;
      5'h04: w_amo = w_result_q ^ w_data_q;
      5'h08: w_amo = w_result_q | w_data_q;
      5'h0C: w_amo = w_result_q & w_data_q;
      5'h10: w_amo = ($signed(w_result_q) < $signed(w_data_q)) ? w_result_q : w_data_q;
      5'h14: w_amo = ($signed(w_result_q) < $signed(w_data_q)) ? w_data_q : w_result_q;
      5'h18: w_amo = (w_result_q < w_data_q) ? w_result_q : w_data_q;
      5'h1C: w_amo = (w_result_q < w_data_q) ? w_data_q : w_result_q;
      default: w_amo = w_result_q + w_data_q;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (x_fire) begin
      w_pc_q <= x_pc_q;
      w_rd_q <= x_rd;
      w_rd_we_q <= !x_trap && x_dec_q.rd_we && (x_rd != 5'd0);
      w_result_q <= x_result;
      w_is_mul_q <= x_is_mul;
      w_mem_op_q <= (x_trap || x_sc_fails) ? covert_core_pkg::MemNone : x_dec_q.mem_op;
      w_addr_q <= x_trap ? (irq ? 32'd0 : x_tval) : x_sum;
      w_data_q <= (x_dec_q.mem_op == covert_core_pkg::MemAmo) ? x_rs2_q : x_wdata;
      w_funct3_q <= x_instr_q[14:12];
      w_funct5_q <= x_instr_q[31:27];
      w_strb_q <= x_strb;
      w_priv_q <= priv;
      w_data_priv_q <= data_priv;
      w_trap_q <= x_trap;
      w_trap_irq_q <= irq;
      w_cause_q <= irq ? irq_cause : x_cause;
      w_counted_q <= count_epoch && epoch_running;
      w_instret_q <= count_instret;
      w_amo_ask_q <= 1'b0;
      w_amo_write_q <= 1'b0;
    end else if (w_valid_q && w_is_amo) begin
      if (drsp_valid_i && !w_err && !w_amo_write_q) begin
        w_result_q <= drsp_data_i;
        w_amo_ask_q <= 1'b1;
      end
      if (w_amo_ask_q && dreq_ready_i) begin
        w_amo_ask_q <= 1'b0;
        w_amo_write_q <= 1'b1;
      end
    end
    if (!rst_ni) begin
      w_valid_q <= 1'b0;
      w_amo_ask_q <= 1'b0;
      w_mem_op_q <= covert_core_pkg::MemNone;
    end else if (x_fire) begin
      w_valid_q <= 1'b1;
    end else if (w_trap || w_done) begin
      w_valid_q <= 1'b0;
    end
  end

  // Data port: the write half of an AMO in W, or the access of X.
  assign w_ask = w_valid_q && w_amo_ask_q;
  assign dreq_valid_o = w_ask || x_request;
  assign dreq_addr_o = w_ask ? {w_addr_q[31:2], 2'b00} : {x_sum[31:2], 2'b00};
  assign dreq_we_o = w_ask || x_is_store;
  assign dreq_amo_o = !w_ask && (x_dec_q.mem_op == covert_core_pkg::MemAmo);
  assign dreq_wdata_o = w_ask ? w_amo : (x_is_store ? x_wdata : 32'd0);
  assign dreq_wstrb_o = w_ask ? 4'b1111 : x_strb;
  assign dreq_priv_o = w_ask ? w_data_priv_q : data_priv;

  // ---------------------------------------------------------------- traps and CSRs
  logic [31:0] mfprint, mfprint_wdata;
  logic mfprint_we;
  logic [4:0] trap_cause;

  always_comb begin
    trap_cause = w_cause_q;
    // An access has only its own; that it failed is known late in the cycle.
    if (w_waits) begin
      if (drsp_err_i == covert_core_pkg::RspPage) begin
        trap_cause = w_is_load ? covert_core_pkg::ExcLoadPage : covert_core_pkg::ExcStorePage;
      end else begin
        trap_cause = w_is_load ? covert_core_pkg::ExcLoadFault : covert_core_pkg::ExcStoreFault;
      end
    end
  end

  // mepoch counts what retires in S and U and the traps into S. An access is counted when it leaves X; should it
  // fail, the trap into S takes its place in the count, a trap into M takes it back.
  assign count_instret = x_fire && !x_trap;
  assign count_epoch = count_instret && (priv != covert_core_pkg::PrivM);

  covert_csr u_csr (
      .clk_i,
      .rst_ni,
      .hart_id_i,
      .irq_m_timer_i,
      .irq_m_soft_i,
      .irq_m_ext_i,
      .irq_s_ext_i,
      .active_i(x_valid_q && x_is_csr),
      .addr_i(x_instr_q[31:20]),
      .op_i(x_instr_q[13:12]),
      .write_i(x_csr_write),
      .operand_i(x_csr_operand),
      .access_i(x_fire && !x_trap && x_is_csr),
      .rdata_o(x_csr),
      .illegal_o(csr_illegal),
      .trap_i(w_trap),
      .trap_irq_i(w_trap_q && w_trap_irq_q),
      .trap_cause_i(trap_cause),
      .trap_pc_i(w_pc_q),
      .trap_tval_i(w_addr_q),
      .trap_to_s_o(trap_to_s),
      .trap_vector_o(trap_vector),
      .mret_i(x_fire && !x_trap && x_mret),
      .sret_i(x_fire && !x_trap && x_sret),
      .mepc_o(mepc),
      .sepc_o(sepc),
      .irq_o(irq),
      .irq_cause_o(irq_cause),
      .wake_o(wake),
      .priv_o(priv),
      .data_priv_o(data_priv),
      .tw_o(tw),
      .tvm_o(tvm),
      .tsr_o(tsr),
      .satp_on_o,
      .satp_ppn_o,
      .sum_o,
      .mxr_o,
      .retire_i(count_instret),
      .unretire_i(w_fault && w_instret_q),
      .epoch_running_o(epoch_running),
      .epoch_dec_i(count_epoch || (w_valid_q && w_trap_q && trap_to_s)),
      .epoch_inc_i(w_fault && w_counted_q && !trap_to_s),
      .mfprint_i(mfprint),
      .mfprint_we_o(mfprint_we),
      .mfprint_wdata_o(mfprint_wdata)
  );

  // ---------------------------------------------------------------- fingerprint
  // One event for each instruction of S or U that leaves W, and for each trap taken from there.
  logic w_leaves, w_stores;
  assign w_leaves = w_valid_q && (w_err || w_done);
  assign w_stores = !w_trap && w_waits && !w_is_load;

  covert_fingerprint u_fingerprint (
      .clk_i,
      .rst_ni,
      .we_i(mfprint_we),
      .wdata_i(mfprint_wdata),
      .valid_i(w_leaves && (w_priv_q != covert_core_pkg::PrivM)),
      .trap_i(w_trap),
      .pc_i(w_pc_q),
      .rd_i(w_trap ? trap_cause : (w_rd_we_q ? w_rd_q : 5'd0)),
      .value_i(w_trap ? w_addr_q : (w_rd_we_q ? w_value : 32'd0)),
      .addr_i(w_stores ? {w_addr_q[31:2], 2'b00} : 32'd0),
      .data_i(w_stores ? (w_is_amo ? w_amo : w_data_q) : 32'd0),
      .strb_i(w_trap ? {3'd0, !w_fault && w_trap_irq_q} : (w_stores ? w_strb_q : 4'd0)),
      .value_o(mfprint),
      .busy_o(fingerprint_busy)
  );

`ifdef COVERT_RVFI
  // ---------------------------------------------------------------- what cycles go to
  // A bubble carries on what it came to be for. Not part of the core's state.
  logic [2:0] d_why, x_why, w_why, x_lost, w_lost;
  logic [1:0] refill;  // cycles since the last redirection, at most 3
  always_comb begin
    if (flush_d) d_why = covert_core_pkg::SpentBranch;
    else if (f_valid) d_why = covert_core_pkg::SpentExecute;
    else d_why = (refill == 2'd3) ? covert_core_pkg::SpentFetch : covert_core_pkg::SpentBranch;
    if (!x_valid_q) x_why = x_lost;
    else if (x_ask) x_why = covert_core_pkg::SpentWalk;
    else if (x_is_mem || (x_maint != covert_core_pkg::MaintNone)) x_why = covert_core_pkg::SpentData;
    else x_why = covert_core_pkg::SpentExecute;
    w_why = w_valid_q ? covert_core_pkg::SpentData : w_lost;
    if (priv == covert_core_pkg::PrivM) begin
      spent_o = (w_valid_q && w_waits && !w_done && (w_addr_q[31:16] == covert_pkg::UnitBase[31:16]))
          ? covert_core_pkg::SpentWait : covert_core_pkg::SpentVmm;
    end else begin
      spent_o = w_leaves ? covert_core_pkg::SpentRetire : w_why;
    end
  end
  always_ff @(posedge clk_i) begin
    if ((x_ready || flush_x || x_refetch) && !d_fire) x_lost <= d_why;
    if (w_ready && !x_fire) w_lost <= x_why;
    if (flush_d) refill <= 2'd0;
    else if (refill != 2'd3) refill <= refill + 2'd1;
  end

  // ---------------------------------------------------------------- RVFI
  // Carried beside W; not part of the core's state.
  logic [31:0] rv_insn, rv_rs1, rv_rs2, rv_next;
  logic [4:0] rv_rs1_addr, rv_rs2_addr;
  logic rv_intr, rv_pending_intr, rv_report;
  logic [63:0] rv_order;
  logic [31:0] rv_amo_old;

  always_ff @(posedge clk_i) begin
    if (x_fire) begin
      rv_insn <= x_raw_q;
      rv_rs1_addr <= x_dec_q.uses_rs1 ? x_instr_q[19:15] : 5'd0;
      rv_rs2_addr <= x_dec_q.uses_rs2 ? x_instr_q[24:20] : 5'd0;
      rv_rs1 <= (x_dec_q.uses_rs1 && (x_instr_q[19:15] != 5'd0)) ? x_rs1_q : 32'd0;
      rv_rs2 <= (x_dec_q.uses_rs2 && (x_instr_q[24:20] != 5'd0)) ? x_rs2_q : 32'd0;
      if (x_redirect) rv_next <= x_redirect_pc;
      else rv_next <= x_dec_q.jalr ? {x_sum[31:1], 1'b0} : (x_leaves ? x_target_q : x_seq_q);
      rv_intr <= rv_pending_intr;
      rv_report <= !(x_trap && irq);
    end
    if (w_valid_q && w_is_amo && drsp_valid_i && !w_amo_write_q) rv_amo_old <= drsp_data_i;
    rvfi_valid <= rst_ni && w_leaves && rv_report;
    rvfi_order <= rv_order;
    rvfi_insn <= rv_insn;
    rvfi_trap <= w_trap;
    rvfi_halt <= 1'b0;
    rvfi_intr <= rv_intr;
    rvfi_mode <= w_priv_q;
    rvfi_ixl <= 2'd1;
    rvfi_rs1_addr <= rv_rs1_addr;
    rvfi_rs2_addr <= rv_rs2_addr;
    rvfi_rs1_rdata <= rv_rs1;
    rvfi_rs2_rdata <= rv_rs2;
    rvfi_rd_addr <= w_write ? w_rd_q : 5'd0;
    rvfi_rd_wdata <= w_write ? w_value : 32'd0;
    rvfi_pc_rdata <= w_pc_q;
    rvfi_pc_wdata <= w_trap ? trap_vector : rv_next;
    rvfi_mem_addr <= (w_waits && !w_fault) ? {w_addr_q[31:2], 2'b00} : 32'd0;
    rvfi_mem_rmask <= (w_waits && !w_fault && (w_is_load || w_is_amo)) ? w_strb_q : 4'd0;
    rvfi_mem_wmask <= (w_waits && !w_fault && !w_is_load) ? w_strb_q : 4'd0;
    rvfi_mem_rdata <= w_is_amo ? rv_amo_old : drsp_data_i;
    rvfi_mem_wdata <= w_is_amo ? w_amo : w_data_q;
    if (!rst_ni) begin
      rv_order <= 64'd0;
      rv_pending_intr <= 1'b0;
    end else begin
      if (w_leaves && rv_report) rv_order <= rv_order + 64'd1;
      // The first instruction of a handler is marked.
      if (w_trap) rv_pending_intr <= 1'b1;
      else if (x_fire) rv_pending_intr <= 1'b0;
    end
  end
`endif

endmodule
