// The core: RV32IMAC_Zicsr_Zifencei, M/S/U, in order, one instruction a cycle at best. Five stages behind the fetch
// queue: A aligns and expands, D decodes and reads registers, X computes, resolves branches, finds exceptions and
// issues the memory request, W has the answer of an access that hits, R retires: it writes the register and takes
// traps, and an access that was not answered in W waits there. X does not wait to learn whether the access in W hits.
// If it does not, or traps, what came behind it is dropped (its own access by the memory as well) and fetched again;
// what cannot be undone by that, all but registers, leaves X only when nothing in W can fail. So traps are precise, and
// no access is made for nothing.
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

    // Instruction port, virtual addresses. A request is answered in the cycle behind the one in which it is accepted, or
    // not at all; then one that is accepted in that cycle is void as well. A cancel forgets all requests up to and
    // including this cycle's.
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

    // Data port: requests are held until accepted; one answer each, in order, but that one which is accepted in the cycle
    // behind another one, in which that one is not answered or fails, is void.
    output logic dreq_valid_o,
    input logic dreq_ready_i,
    output logic [31:0] dreq_addr_o,  // word aligned
    output logic dreq_we_o,
    output logic dreq_amo_o,  // the read of an AMO: the page must be writable
    output logic [31:0] dreq_wdata_o,
    output logic [3:0] dreq_wstrb_o,  // bytes written, or wanted by a load
    output logic [4:0] dreq_align_o,  // of a load: funct3 and the byte in the word
    output logic [1:0] dreq_priv_o,  // effective privilege (MPRV)
    input logic drsp_valid_i,
    input logic [31:0] drsp_data_i,  // of a load: what is loaded, as it goes into the register
    input logic [1:0] drsp_err_i,  // without drsp_valid_i it is RspOk

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
  logic r_trap;  // a trap is taken in R
  logic r_again;  // what came behind the access in R
  logic x_redirect;  // return, wrong prediction, fence, walk for an instruction in X
  logic d_redirect;  // predicted taken in D
  logic [31:0] r_next, x_redirect_pc, d_redirect_pc, trap_vector;
  logic r_flush;  // nothing behind R counts
  logic redirect_d, redirect;  // from behind D, or from anywhere
  assign redirect_d = r_trap || r_again || x_redirect;
  assign redirect = redirect_d || d_redirect;

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
      .redirect_i(redirect),
      .redirect_pc_i(r_trap ? trap_vector : (r_again ? r_next : (x_redirect ? x_redirect_pc : d_redirect_pc))),
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

  // ---------------------------------------------------------------- A
  logic [31:0] a_instr;
  logic a_expand_illegal, a_static, d_fire, d_leaves;

  covert_expander u_expander (
      .instr_i(f_instr),
      .instr_o(a_instr),
      .illegal_o(a_expand_illegal)
  );

  // What the branch target buffer does not know is predicted here, from the fetched bits to be early: jal, c.j, c.jal
  // and backward branches are taken. That of an instruction that is illegal or failed to be fetched does not matter,
  // since it traps.
  always_comb begin
    if (f_instr[1:0] == 2'b11) a_static = (f_instr[6:0] == 7'h6F) || ((f_instr[6:0] == 7'h63) && f_instr[31]);
    else a_static = (f_instr[1:0] == 2'b01) && ((f_instr[14:13] == 2'b01) || (&f_instr[15:14] && f_instr[12]));
  end

  // ---------------------------------------------------------------- D
  logic d_valid_q;
  logic [31:0] d_pc_q, d_raw_q, d_instr_q;
  logic d_expand_illegal_q, d_static_q;
  logic d_turn_q;  // its first cycle, and it is predicted taken here
  logic [1:0] d_err_q, d_count_q;
  logic d_err_second_q, d_known_q;
  logic [31:1] d_guess_q;

  // On a redirection it does not matter.
  assign f_ready = !d_valid_q || d_leaves;

  always_ff @(posedge clk_i) begin
    if (f_ready) begin
      d_pc_q <= f_pc;
      d_raw_q <= f_instr;
      d_instr_q <= a_instr;
      d_expand_illegal_q <= a_expand_illegal;
      d_static_q <= a_static && !f_known;
      d_err_q <= f_err;
      d_err_second_q <= f_err_second;
      d_known_q <= f_known;
      d_count_q <= f_count;
      d_guess_q <= f_target;
    end
    d_turn_q <= f_ready && f_valid && a_static && !f_known;
    if (!rst_ni) d_valid_q <= 1'b0;
    else if (redirect_d) d_valid_q <= 1'b0;
    else if (f_ready) d_valid_q <= f_valid && !d_redirect;
  end

  logic [31:0] d_instr, d_imm, d_rdata1, d_rdata2, d_known1, d_known2, d_rs1, d_rs2, d_target, d_seq;
  logic d_stall, d_illegal;
  assign d_instr = d_instr_q;
  covert_core_pkg::decoded_t d_dec;

  // The other stages, as far as D looks at them.
  logic x_valid_q, x_fire, x_ready;
  logic [4:0] x_rd;
  logic [31:7] x_instr_q;
  logic [31:0] x_result;
  // uses_rs1, uses_rs2 and jal matter in D and to RVFI only
  // verilator lint_off UNUSEDSIGNAL
  covert_core_pkg::decoded_t x_dec_q;
  // verilator lint_on UNUSEDSIGNAL
  logic w_valid_q, w_rd_we_q, r_valid_q, r_rd_we_q, r_write;
  logic [4:0] w_rd_q, r_rd_q;
  logic [31:0] w_value, r_value_q;
  logic w_reads;

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
      .we_i(r_write),
      .waddr_i(r_rd_q),
      .wdata_i(r_value_q)
  );

  // A register's newest value: X or W has it in this cycle, R writes it in this cycle, or the register file has it.
  // What is there only in W must be waited for. What memory gives there comes last, since it is late.
  logic d_wait1, d_wait2, d_reads1, d_reads2;
  always_comb begin
    d_wait1 = 1'b0;
    d_reads1 = 1'b0;
    d_known1 = d_rdata1;
    if (r_valid_q && r_rd_we_q && (r_rd_q == d_instr[19:15])) d_known1 = r_value_q;
    if (w_valid_q && w_rd_we_q && (w_rd_q == d_instr[19:15])) begin
      d_known1 = w_value;
      d_reads1 = w_reads;
    end
    if (x_valid_q && x_dec_q.rd_we && (x_rd == d_instr[19:15])) begin
      d_known1 = x_result;
      d_reads1 = 1'b0;
      d_wait1 = x_late;
    end
    if (d_instr[19:15] == 5'd0) begin
      d_known1 = 32'd0;
      d_reads1 = 1'b0;
      d_wait1 = 1'b0;
    end
    d_wait2 = 1'b0;
    d_reads2 = 1'b0;
    d_known2 = d_rdata2;
    if (r_valid_q && r_rd_we_q && (r_rd_q == d_instr[24:20])) d_known2 = r_value_q;
    if (w_valid_q && w_rd_we_q && (w_rd_q == d_instr[24:20])) begin
      d_known2 = w_value;
      d_reads2 = w_reads;
    end
    if (x_valid_q && x_dec_q.rd_we && (x_rd == d_instr[24:20])) begin
      d_known2 = x_result;
      d_reads2 = 1'b0;
      d_wait2 = x_late;
    end
    if (d_instr[24:20] == 5'd0) begin
      d_known2 = 32'd0;
      d_reads2 = 1'b0;
      d_wait2 = 1'b0;
    end
  end

  covert_late u_late1 (
      .choose_i(d_reads1),
      .late_i(drsp_data_i),
      .other_i(d_known1),
      .word_o(d_rs1)
  );

  covert_late u_late2 (
      .choose_i(d_reads2),
      .late_i(drsp_data_i),
      .other_i(d_known2),
      .word_o(d_rs2)
  );

  assign d_illegal = d_dec.illegal || d_expand_illegal_q;
  assign d_target = d_pc_q + d_imm;
  assign d_seq = d_pc_q + (&d_raw_q[1:0] ? 32'd4 : 32'd2);
  assign d_stall = (d_dec.uses_rs1 && d_wait1) || (d_dec.uses_rs2 && d_wait2);
  assign d_leaves = !d_stall && x_ready && !r_flush;
  assign d_fire = d_valid_q && d_leaves && !x_redirect;
  assign d_redirect = d_valid_q && d_turn_q;
  assign d_redirect_pc = d_target;

  // ---------------------------------------------------------------- X
  logic [31:0] x_pc_q, x_raw_q, x_rs1_q, x_rs2_q, x_imm_q, x_target_q, x_seq_q;
  logic x_predict_q;  // predicted taken, to x_guess_q
  logic x_same_q;  // which is x_target_q
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
      x_pc_q <= d_pc_q;
      x_raw_q <= d_raw_q;
      x_instr_q <= d_instr[31:7];
      x_dec_q <= d_dec;
      x_illegal_q <= d_illegal;
      x_err_q <= d_err_q;
      x_err_second_q <= d_err_second_q;
      x_rs1_q <= d_rs1;
      x_rs2_q <= d_rs2;
      x_imm_q <= d_imm;
      x_target_q <= d_target;
      x_seq_q <= d_seq;
      x_predict_q <= d_known_q ? d_count_q[1] : d_static_q;
      x_guess_q <= d_known_q ? d_guess_q : d_target[31:1];
      x_same_q <= !d_known_q || (d_guess_q == d_target[31:1]);
      x_known_q <= d_known_q;
      x_count_q <= d_count_q;
      if (d_illegal || (d_err_q != covert_core_pkg::RspOk)) begin
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
        2'd2: x_pc_q <= (d_fire ? d_pc_q : x_pc_q) ^ (32'd1 << inject_bit_i);
        default: x_imm_q <= (d_fire ? d_imm : x_imm_q) ^ (32'd1 << inject_bit_i);
      endcase
    end
`endif
    if (!rst_ni) x_valid_q <= 1'b0;
    else if (r_flush || x_refetch) x_valid_q <= 1'b0;
    else if (x_ready) x_valid_q <= d_fire;
  end

  logic [31:0] x_b, x_sum, x_alu, x_div, x_csr;
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
  // An SC compares its address one cycle before it asks: whether there is a request must not hang on all of the sum.
  logic x_compared_q, x_reserved_q, x_compares;
  assign x_reserved = reserved_q && (reserved_addr_q == x_sum[31:2]);
  assign x_compares = (x_dec_q.mem_op == covert_core_pkg::MemSc) && !x_compared_q;
  assign x_sc_fails = (x_dec_q.mem_op == covert_core_pkg::MemSc) && !x_reserved_q;
  always_ff @(posedge clk_i) begin
    x_reserved_q <= x_reserved;
    x_compared_q <= rst_ni && x_valid_q && (x_dec_q.mem_op == covert_core_pkg::MemSc) && !x_fire && !r_flush;
  end
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
  logic x_trap;  // the instruction goes on as a trap, without any effect
  logic [4:0] x_cause;
  logic [31:0] x_tval;

  logic [31:0] x_fetch_addr;  // of the part of the instruction that failed to be fetched
  logic x_wfi_exc;  // a WFI here would trap

  assign x_wfi_exc = (priv == covert_core_pkg::PrivU) || ((priv == covert_core_pkg::PrivS) && tw);
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
        covert_core_pkg::SysSret: begin
          x_exc = (priv == covert_core_pkg::PrivU) || ((priv == covert_core_pkg::PrivS) && tsr);
        end
        covert_core_pkg::SysWfi: x_exc = x_wfi_exc;
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
  logic fingerprint_busy, x_is_csr, x_is_fence, x_is_sfence, x_wait, x_ask, x_refetch;
  logic x_may;  // what is in W and R lets it
  logic x_final;  // it does what dropping the instruction does not undo
  logic x_normal;  // the instruction executes (no trap), as soon as it need not wait
  logic x_mem_exc;  // an access would trap
  logic x_csr_write, x_is_satp, quiet;
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
  assign x_final = (x_dec_q.sys_op != covert_core_pkg::SysNone) || (x_err_q == covert_core_pkg::RspMiss)
      || (x_dec_q.mem_op == covert_core_pkg::MemLr) || (x_dec_q.mem_op == covert_core_pkg::MemSc);
  // Behind a trap nothing is begun, behind an AMO neither: its second access is to come.
  assign x_may = !r_flush && !(w_valid_q && (w_trap_q || w_is_amo || (w_waits && x_final)));
  assign x_trap = x_valid_q && x_may && !x_started_q && (irq || x_exc);
  assign x_normal = x_valid_q && x_may && (x_started_q || !(irq || x_exc));
  // An access has these exceptions only; those of CSRs are known too late to ask for one.
  assign x_mem_exc = (x_err_q != covert_core_pkg::RspOk) || x_illegal_q || x_misaligned;
  assign x_request = x_valid_q && x_may && (x_started_q || !(irq || x_mem_exc))
      && x_is_mem && !x_compares && !x_sc_fails;
  // Everything older is in the fingerprint.
  assign quiet = !w_valid_q && !r_valid_q && !fingerprint_busy;

  // Its page was not in the instruction side's TLB: now that it is the next to execute, the walk is made; then it is
  // fetched again, or it traps.
  assign x_ask = x_valid_q && x_may && (x_started_q || !irq) && (x_err_q == covert_core_pkg::RspMiss);
  assign iwalk_valid_o = x_ask;
  assign iwalk_vpn_o = x_fetch_addr[31:12];
  assign x_refetch = iwalk_done_i && (iwalk_err_i == covert_core_pkg::RspOk);

  // Cache maintenance: fence.i, and writes of the CSR mcache. Below M those trap, and must not wait for what never comes.
  always_comb begin
    x_maint = covert_core_pkg::MaintNone;
    if (x_is_fence) x_maint = covert_core_pkg::MaintFence;
    else if (x_csr_write && (x_instr_q[31:20] == covert_pkg::CsrMcache) && (x_instr_q[13:12] != 2'd3)
        && (priv == covert_core_pkg::PrivM)) begin
      x_maint = x_instr_q[14] ? x_instr_q[16:15] : x_rs1_q[1:0];
    end
  end
  assign maint_o = x_normal ? x_maint : covert_core_pkg::MaintNone;

  always_comb begin
    x_wait = x_err_q == covert_core_pkg::RspMiss;
    if (x_is_mem && !x_sc_fails) x_wait = !dreq_ready_i;
    if (x_compares) x_wait = 1'b1;
    if (x_is_div) x_wait = !x_div_done;
    if (x_is_csr && (x_instr_q[31:20] == covert_pkg::CsrMfprint)) x_wait = !quiet;
    if (x_dec_q.sys_op == covert_core_pkg::SysWfi) x_wait = !wake && !x_wfi_exc;
    if (x_maint != covert_core_pkg::MaintNone) x_wait = !maint_done_i;
  end
  // What traps waits as if it did not, so that nothing here hangs on its exceptions: a misaligned access traps when it
  // could be made.
  assign x_fire = x_valid_q && x_may && (!x_wait || (!x_started_q && irq));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) x_started_q <= 1'b0;
    else if (x_fire || r_flush || iwalk_done_i) x_started_q <= 1'b0;
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
      .flush_i(x_trap || r_flush),
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
  logic x_mispredict, x_mret, x_sret, x_is_stale, x_fence;
  logic [31:0] mepc, sepc;
  assign x_leaves = x_dec_q.jal || x_dec_q.jalr || (x_dec_q.branch && x_taken);
  // Whether a jalr goes where it was expected to, without waiting for the carry: where the sum is to be 0 while an addend is
  // 1, or both addends are 1, a carry comes out, and each bit must be what it is to be with the carry of the one below.
  logic [30:0] x_carry;  // out of each bit
  logic [31:1] x_wrong;
  assign x_carry[0] = x_rs1_q[0] & x_imm_q[0];
  assign x_carry[30:1] = (x_rs1_q[30:1] & x_imm_q[30:1]) | ((x_rs1_q[30:1] | x_imm_q[30:1]) & ~x_guess_q[30:1]);
  assign x_wrong = x_rs1_q[31:1] ^ x_imm_q[31:1] ^ x_guess_q ^ x_carry;
  assign x_mispredict = (x_leaves != x_predict_q) || (x_leaves && (x_dec_q.jalr ? (x_wrong != '0) : !x_same_q));
  assign x_mret = x_dec_q.sys_op == covert_core_pkg::SysMret;
  assign x_sret = x_dec_q.sys_op == covert_core_pkg::SysSret;
  // What was fetched behind it may be out of date.
  assign x_is_stale = x_is_fence || x_is_sfence || x_is_satp;
  assign x_fence = x_fire && !x_trap && x_is_stale;
  // It redirects as long as it is in X: what waits does so again, and where it traps, or something before it does, that
  // redirects later. What the branch target buffer wrongly takes for a jump may be any instruction: to what follows it.
  assign x_redirect = x_refetch || (x_valid_q && (x_mispredict || x_mret || x_sret || x_is_stale));
  always_comb begin
    x_redirect_pc = x_seq_q;
    if (x_dec_q.jalr) x_redirect_pc = {x_sum[31:1], 1'b0};
    else if (x_leaves) x_redirect_pc = x_target_q;
    if (x_mret) x_redirect_pc = mepc;
    if (x_sret) x_redirect_pc = sepc;
    if (x_refetch) x_redirect_pc = x_pc_q;
  end

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

  // A cycle later: the first fetch behind the fence begins then, an access behind it much later.
  logic flush_all_q, flush_page_q;
  logic [31:12] flush_vpn_q;
  always_ff @(posedge clk_i) begin
    flush_all_q <= x_fence && (x_is_satp || (x_is_sfence && (x_instr_q[19:15] == 5'd0)));
    flush_page_q <= x_fence && x_is_sfence && (x_instr_q[19:15] != 5'd0);
    if (x_is_sfence) flush_vpn_q <= x_rs1_q[31:12];
  end
  assign flush_all_o = flush_all_q;
  assign flush_page_o = flush_page_q;
  assign flush_vpn_o = flush_vpn_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      reserved_q <= 1'b0;
      reserved_addr_q <= '0;
    end else if (r_trap) begin
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
  // What X hands on stays one cycle. An access that hits has its answer in it.
  covert_core_pkg::mem_op_e w_mem_op_q;
  logic [31:0] w_pc_q, w_addr_q, w_data_q, w_result_q, w_mul;
  logic [4:0] w_funct5_q;
  logic [3:0] w_strb_q;
  logic [1:0] w_priv_q, w_data_priv_q, data_priv;
  logic w_is_mul_q;
  logic w_long_q;  // the instruction has 32 bits
  logic w_trap_q, w_trap_irq_q;  // X trapped instead of executing
  logic [4:0] w_cause_q;
  logic w_counted_q;  // it was counted by mepoch
  logic w_instret_q;  // and by minstret
  logic w_waits, w_is_load, w_is_amo;  // load: LR as well
  logic count_instret, count_epoch, epoch_running;

  assign w_waits = w_mem_op_q != covert_core_pkg::MemNone;
  assign w_is_load = (w_mem_op_q == covert_core_pkg::MemLoad) || (w_mem_op_q == covert_core_pkg::MemLr);
  assign w_is_amo = w_mem_op_q == covert_core_pkg::MemAmo;
  assign w_reads = w_is_load || w_is_amo;
  assign w_value = w_is_mul_q ? w_mul : w_result_q;

  always_ff @(posedge clk_i) begin
    if (x_fire) begin
      w_pc_q <= x_pc_q;
      w_long_q <= &x_raw_q[1:0];
      w_rd_q <= x_rd;
      w_rd_we_q <= !x_trap && x_dec_q.rd_we && (x_rd != 5'd0);
      w_result_q <= x_result;
      w_is_mul_q <= x_is_mul;
      w_mem_op_q <= (x_trap || x_sc_fails) ? covert_core_pkg::MemNone : x_dec_q.mem_op;
      w_addr_q <= x_trap ? (irq ? 32'd0 : x_tval) : x_sum;
      w_data_q <= (x_dec_q.mem_op == covert_core_pkg::MemAmo) ? x_rs2_q : x_wdata;
      w_funct5_q <= x_instr_q[31:27];
      w_strb_q <= x_strb;
      w_priv_q <= priv;
      w_data_priv_q <= data_priv;
      w_trap_q <= x_trap;
      w_trap_irq_q <= x_trap && irq;
      w_cause_q <= irq ? irq_cause : x_cause;
      w_counted_q <= count_epoch && epoch_running;
      w_instret_q <= count_instret;
    end
    if (!rst_ni) begin
      w_valid_q <= 1'b0;
      w_mem_op_q <= covert_core_pkg::MemNone;
    end else begin
      w_valid_q <= x_fire;
    end
  end

  // ---------------------------------------------------------------- R
  logic r_wait_q;  // its access, or that of an AMO under way, is not answered
  logic r_fresh_q;  // its first cycle in R
  covert_core_pkg::mem_op_e r_mem_op_q;
  logic [31:0] r_pc_q, r_addr_q, r_data_q;
  logic [4:0] r_funct5_q, r_cause_q, r_cause;
  logic [1:0] r_err_q;
  logic [3:0] r_strb_q;
  logic [1:0] r_priv_q, r_data_priv_q;
  logic r_long_q, r_counted_q, r_instret_q;
  logic r_trap_q, r_trap_irq_q;
  logic r_fault_q;  // a trap because its access failed
  // Progress of an AMO: it reads, then asks to write, then writes.
  logic r_ask_q, r_write_q;
  logic r_waits, r_is_load, r_is_amo, r_leaves;
  logic [31:0] r_amo;

  assign r_waits = r_mem_op_q != covert_core_pkg::MemNone;
  assign r_is_load = (r_mem_op_q == covert_core_pkg::MemLoad) || (r_mem_op_q == covert_core_pkg::MemLr);
  assign r_is_amo = r_mem_op_q == covert_core_pkg::MemAmo;
  assign r_leaves = r_valid_q && !r_wait_q;
  assign r_trap = r_valid_q && r_trap_q;
  assign r_write = r_leaves && r_rd_we_q && !r_trap_q;
  assign r_again = r_valid_q && r_wait_q && r_fresh_q;
  assign r_flush = r_valid_q && (r_wait_q || r_trap_q);
  assign r_next = r_pc_q + (r_long_q ? 32'd4 : 32'd2);

  // The answer: to the access in R if one waits there, otherwise to that in W.
  logic answer_ok, answer_err, r_more;
  assign answer_ok = drsp_valid_i && (drsp_err_i == covert_core_pkg::RspOk);
  assign answer_err = drsp_err_i != covert_core_pkg::RspOk;
  assign r_more = r_is_amo && !r_write_q;  // its answer is not the last

  always_comb begin
    r_amo = 32'd0;
    if (r_is_amo) case (r_funct5_q)
      5'h01: r_amo = r_data_q;
      5'h04: r_amo = r_value_q ^ r_data_q;
      5'h08: r_amo = r_value_q | r_data_q;
      5'h0C: r_amo = r_value_q & r_data_q;
      5'h10: r_amo = ($signed(r_value_q) < $signed(r_data_q)) ? r_value_q : r_data_q;
      5'h14: r_amo = ($signed(r_value_q) < $signed(r_data_q)) ? r_data_q : r_value_q;
      5'h18: r_amo = (r_value_q < r_data_q) ? r_value_q : r_data_q;
      5'h1C: r_amo = (r_value_q < r_data_q) ? r_data_q : r_value_q;
      default: r_amo = r_value_q + r_data_q;
    endcase
  end

  // An access has only the exceptions of its own.
  always_comb begin
    r_cause = r_cause_q;
    if (r_fault_q) begin
      if (r_err_q == covert_core_pkg::RspPage) begin
        r_cause = r_is_load ? covert_core_pkg::ExcLoadPage : covert_core_pkg::ExcStorePage;
      end else begin
        r_cause = r_is_load ? covert_core_pkg::ExcLoadFault : covert_core_pkg::ExcStoreFault;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (w_valid_q && !r_flush) begin
      r_pc_q <= w_pc_q;
      r_long_q <= w_long_q;
      r_rd_q <= w_rd_q;
      r_rd_we_q <= w_rd_we_q;
      r_value_q <= w_reads ? drsp_data_i : w_value;
      r_mem_op_q <= w_mem_op_q;
      r_addr_q <= w_addr_q;
      r_data_q <= w_data_q;
      r_funct5_q <= w_funct5_q;
      r_strb_q <= w_strb_q;
      r_priv_q <= w_priv_q;
      r_data_priv_q <= w_data_priv_q;
      r_trap_irq_q <= w_trap_irq_q;
      r_cause_q <= w_cause_q;
      r_err_q <= drsp_err_i;
      r_counted_q <= w_counted_q;
      r_instret_q <= w_instret_q;
      r_trap_q <= w_trap_q || (w_waits && answer_err);
      r_fault_q <= w_waits && answer_err;
      r_ask_q <= w_is_amo && answer_ok;
      r_write_q <= 1'b0;
    end else if (r_valid_q && r_wait_q) begin
      if (r_is_load || (r_more && !r_ask_q)) r_value_q <= drsp_data_i;  // the last time with the answer
      if (answer_ok && r_more) r_ask_q <= 1'b1;
      if (r_ask_q && dreq_ready_i) begin
        r_ask_q <= 1'b0;
        r_write_q <= 1'b1;
      end
      if (answer_err) begin
        r_trap_q <= 1'b1;
        r_fault_q <= 1'b1;
      end
      r_err_q <= drsp_err_i;
    end
    r_fresh_q <= w_valid_q && !r_flush;
    if (!rst_ni) begin
      r_valid_q <= 1'b0;
      r_wait_q <= 1'b0;
      r_trap_q <= 1'b0;
      r_ask_q <= 1'b0;
      r_mem_op_q <= covert_core_pkg::MemNone;
    end else if (r_valid_q && r_wait_q) begin
      r_wait_q <= !(answer_err || (answer_ok && !r_more));
    end else begin
      r_valid_q <= w_valid_q && !r_flush;
      r_wait_q <= w_valid_q && !r_flush && w_waits && !answer_err && (w_is_amo || !answer_ok);
    end
  end

  // Data port: the write half of an AMO in R, or the access of X.
  logic r_asks;
  assign r_asks = r_valid_q && r_ask_q;
  assign dreq_valid_o = r_asks || x_request;
  assign dreq_addr_o = r_asks ? {r_addr_q[31:2], 2'b00} : {x_sum[31:2], 2'b00};
  assign dreq_we_o = r_asks || x_is_store;
  assign dreq_amo_o = !r_asks && (x_dec_q.mem_op == covert_core_pkg::MemAmo);
  assign dreq_wdata_o = r_asks ? r_amo : (x_is_store ? x_wdata : 32'd0);
  assign dreq_wstrb_o = r_asks ? 4'b1111 : x_strb;
  assign dreq_align_o = {x_instr_q[14:12], x_sum[1:0]};
  assign dreq_priv_o = r_asks ? r_data_priv_q : data_priv;

  // ---------------------------------------------------------------- traps and CSRs
  logic [31:0] mfprint, mfprint_wdata;
  logic mfprint_we;
  logic trap_to_s;
  logic w_dropped, r_undone;
  logic [1:0] unretire, epoch_inc;

  // mepoch counts what retires in S and U and the traps into S. An instruction is counted when it leaves X. What is
  // dropped is taken back; should an access fail, the trap into S takes its place in the count, a trap into M takes it back.
  assign count_instret = x_fire && !x_trap;
  assign count_epoch = count_instret && (priv != covert_core_pkg::PrivM);
  assign w_dropped = r_flush && w_valid_q;
  assign r_undone = r_trap && r_fault_q;
  assign unretire = {1'b0, w_dropped && w_instret_q} + {1'b0, r_undone && r_instret_q};
  assign epoch_inc = {1'b0, w_dropped && w_counted_q} + {1'b0, r_undone && r_counted_q && !trap_to_s};

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
      .trap_i(r_trap),
      .trap_irq_i(r_trap_irq_q),
      .trap_cause_i(r_cause),
      .trap_pc_i(r_pc_q),
      .trap_tval_i(r_addr_q),
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
      .unretire_i(unretire),
      .epoch_running_o(epoch_running),
      .epoch_dec_i(count_epoch || (r_trap && !r_fault_q && trap_to_s)),
      .epoch_inc_i(epoch_inc),
      .mfprint_i(mfprint),
      .mfprint_we_o(mfprint_we),
      .mfprint_wdata_o(mfprint_wdata)
  );

  // ---------------------------------------------------------------- fingerprint
  // One event for each instruction of S or U that leaves R, and for each trap taken from there.
  logic r_stores;
  assign r_stores = !r_trap_q && r_waits && !r_is_load;

  covert_fingerprint u_fingerprint (
      .clk_i,
      .rst_ni,
      .we_i(mfprint_we),
      .wdata_i(mfprint_wdata),
      .valid_i(r_leaves && (r_priv_q != covert_core_pkg::PrivM)),
      .trap_i(r_trap_q),
      .pc_i(r_pc_q),
      .rd_i(r_trap_q ? r_cause : (r_rd_we_q ? r_rd_q : 5'd0)),
      .value_i(r_trap_q ? r_addr_q : (r_rd_we_q ? r_value_q : 32'd0)),
      .addr_i(r_stores ? {r_addr_q[31:2], 2'b00} : 32'd0),
      .data_i(r_stores ? (r_is_amo ? r_amo : r_data_q) : 32'd0),
      .strb_i(r_trap_q ? {3'd0, r_trap_irq_q} : (r_stores ? r_strb_q : 4'd0)),
      .value_o(mfprint),
      .busy_o(fingerprint_busy)
  );

`ifdef COVERT_RVFI
  // ---------------------------------------------------------------- what cycles go to
  // A bubble carries on what it came to be for. Not part of the core's state.
  logic [2:0] d_why, x_why, w_why, r_why, x_lost, w_lost, r_lost;
  logic [1:0] refill;  // cycles since the last redirection, at most 3
  logic refill_data;  // it was for an access that missed
  logic flush_d;
  assign flush_d = r_flush || x_redirect;
  always_comb begin
    if (flush_d) d_why = (r_valid_q && r_wait_q) ? covert_core_pkg::SpentData : covert_core_pkg::SpentBranch;
    else if (d_valid_q) d_why = covert_core_pkg::SpentExecute;
    else if (refill == 2'd3) d_why = covert_core_pkg::SpentFetch;
    else d_why = refill_data ? covert_core_pkg::SpentData : covert_core_pkg::SpentBranch;
    if (!x_valid_q) x_why = x_lost;
    else if (x_ask) x_why = covert_core_pkg::SpentWalk;
    else if (x_is_mem || (x_maint != covert_core_pkg::MaintNone)) x_why = covert_core_pkg::SpentData;
    else x_why = covert_core_pkg::SpentExecute;
    w_why = w_valid_q ? covert_core_pkg::SpentExecute : w_lost;
    r_why = r_valid_q ? covert_core_pkg::SpentData : r_lost;
    if (priv == covert_core_pkg::PrivM) begin
      spent_o = (r_valid_q && r_wait_q && (r_addr_q[31:16] == covert_pkg::UnitBase[31:16]))
          ? covert_core_pkg::SpentWait : covert_core_pkg::SpentVmm;
    end else begin
      spent_o = r_leaves ? covert_core_pkg::SpentRetire : r_why;
    end
  end
  always_ff @(posedge clk_i) begin
    if (r_flush) begin
      x_lost <= d_why;
      w_lost <= d_why;
      r_lost <= d_why;
    end else begin
      if ((x_ready || x_refetch) && !d_fire) x_lost <= d_why;
      if (!x_fire) w_lost <= x_why;
      if (!w_valid_q) r_lost <= w_why;
    end
    if (flush_d) begin
      refill <= 2'd0;
      refill_data <= r_valid_q && r_wait_q;
    end else if (refill != 2'd3) refill <= refill + 2'd1;
  end

  // ---------------------------------------------------------------- RVFI
  // Carried beside W and R; not part of the core's state.
  typedef struct packed {
    logic [31:0] insn, rs1, rs2, next;
    logic [4:0] rs1_addr, rs2_addr;
    logic intr, report;
  } rvfi_t;
  rvfi_t rv_w, rv_r;
  logic rv_pending_intr;
  logic [63:0] rv_order;
  logic [31:0] rv_read;  // what its access read

  always_ff @(posedge clk_i) begin
    if (x_fire) begin
      rv_w.insn <= (x_err_q == covert_core_pkg::RspOk) ? x_raw_q : 32'd0;
      rv_w.rs1_addr <= x_dec_q.uses_rs1 ? x_instr_q[19:15] : 5'd0;
      rv_w.rs2_addr <= x_dec_q.uses_rs2 ? x_instr_q[24:20] : 5'd0;
      rv_w.rs1 <= (x_dec_q.uses_rs1 && (x_instr_q[19:15] != 5'd0)) ? x_rs1_q : 32'd0;
      rv_w.rs2 <= (x_dec_q.uses_rs2 && (x_instr_q[24:20] != 5'd0)) ? x_rs2_q : 32'd0;
      if (x_redirect) rv_w.next <= x_redirect_pc;
      else rv_w.next <= x_dec_q.jalr ? {x_sum[31:1], 1'b0} : (x_leaves ? x_target_q : x_seq_q);
      rv_w.intr <= rv_pending_intr;
      rv_w.report <= !(x_trap && irq);
    end
    if (w_valid_q && !r_flush) rv_r <= rv_w;
    // In its lanes; the others are not in the mask.
    if (r_wait_q) begin
      if (answer_ok && (r_is_load || r_more)) rv_read <= drsp_data_i << {r_addr_q[1:0], 3'b000};
    end else if (answer_ok && w_reads) begin
      rv_read <= drsp_data_i << {w_addr_q[1:0], 3'b000};
    end
    rvfi_valid <= rst_ni && r_leaves && rv_r.report;
    rvfi_order <= rv_order;
    rvfi_insn <= rv_r.insn;
    rvfi_trap <= r_trap;
    rvfi_halt <= 1'b0;
    rvfi_intr <= rv_r.intr;
    rvfi_mode <= r_priv_q;
    rvfi_ixl <= 2'd1;
    rvfi_rs1_addr <= rv_r.rs1_addr;
    rvfi_rs2_addr <= rv_r.rs2_addr;
    rvfi_rs1_rdata <= rv_r.rs1;
    rvfi_rs2_rdata <= rv_r.rs2;
    rvfi_rd_addr <= r_write ? r_rd_q : 5'd0;
    rvfi_rd_wdata <= r_write ? r_value_q : 32'd0;
    rvfi_pc_rdata <= r_pc_q;
    rvfi_pc_wdata <= r_trap ? trap_vector : rv_r.next;
    rvfi_mem_addr <= (r_waits && !r_trap_q) ? {r_addr_q[31:2], 2'b00} : 32'd0;
    rvfi_mem_rmask <= (r_waits && !r_trap_q && (r_is_load || r_is_amo)) ? r_strb_q : 4'd0;
    rvfi_mem_wmask <= (r_waits && !r_trap_q && !r_is_load) ? r_strb_q : 4'd0;
    rvfi_mem_rdata <= rv_read;
    rvfi_mem_wdata <= r_is_amo ? r_amo : r_data_q;
    if (!rst_ni) begin
      rv_order <= 64'd0;
      rv_pending_intr <= 1'b0;
    end else begin
      if (r_leaves && rv_r.report) rv_order <= rv_order + 64'd1;
      // The first instruction of a handler is marked.
      if (r_trap) rv_pending_intr <= 1'b1;
      else if (x_fire) rv_pending_intr <= 1'b0;
    end
  end
`endif

endmodule
