// Control and status registers, privilege, trap entry and return, interrupt selection (RISC-V privileged
// specification 1.12, M/S/U) and the registers for replication: `mepoch`, `mfprint`, `mcache` (docs/blocks/core.md).
// Everything is combinational but the registers; the pipeline raises the pulses
// (access_i, trap_i, mret_i, sret_i) in the cycle in which they take effect.
module covert_csr
(
    input logic clk_i,
    input logic rst_ni,
    input logic [31:0] hart_id_i,

    // Interrupt lines, level.
    input logic irq_m_timer_i,
    input logic irq_m_soft_i,
    input logic irq_m_ext_i,
    input logic irq_s_ext_i,

    // CSR instruction in the execute stage.
    input logic active_i,  // there is one; else rdata_o and illegal_o mean nothing
    input logic [11:0] addr_i,
    input logic [1:0] op_i,  // funct3[1:0]: 1 write, 2 set, 3 clear
    input logic write_i,  // it writes (csrrs/csrrc with x0 do not)
    input logic [31:0] operand_i,
    input logic access_i,  // it takes effect in this cycle
    output logic [31:0] rdata_o,
    output logic illegal_o,  // no such register, or not allowed

    // Trap entry and return.
    input logic trap_i,
    input logic trap_irq_i,
    input logic [4:0] trap_cause_i,
    // bit 0 of a pc is always 0
    // verilator lint_off UNUSEDSIGNAL
    input logic [31:0] trap_pc_i,
    // verilator lint_on UNUSEDSIGNAL
    input logic [31:0] trap_tval_i,
    output logic trap_to_s_o,
    output logic [31:0] trap_vector_o,
    input logic mret_i,
    input logic sret_i,
    output logic [31:0] mepc_o,
    output logic [31:0] sepc_o,

    // Interrupts and state that the pipeline needs.
    output logic irq_o,  // an interrupt is to be taken before the next instruction
    output logic [4:0] irq_cause_o,
    output logic wake_o,  // something enabled in mie is pending: ends wfi
    output logic [1:0] priv_o,
    output logic [1:0] data_priv_o,  // effective privilege of loads and stores
    output logic tw_o,
    output logic tvm_o,
    output logic tsr_o,

    // Translation.
    output logic satp_on_o,  // Sv32, else bare
    output logic [21:0] satp_ppn_o,
    output logic sum_o,
    output logic mxr_o,

    // Counting.
    input logic retire_i,  // an instruction is counted
    input logic [1:0] unretire_i,  // so many counted before did not retire; not with retire_i
    output logic epoch_running_o,  // mepoch is not 0
    input logic epoch_dec_i,  // mepoch counts down, unless 0
    input logic [1:0] epoch_inc_i,  // so much of what it counted is taken back

    // Fingerprint register (covert_fingerprint).
    input logic [31:0] mfprint_i,
    output logic mfprint_we_o,
    output logic [31:0] mfprint_wdata_o
);

  localparam logic [31:0] Misa = 32'h4014_1105;  // RV32 A C I M S U
  localparam logic [31:0] MieMask = 32'h0000_0AAA | (32'd1 << covert_pkg::EpochIrqBit);
  localparam logic [31:0] MipWritable = 32'h0000_0222;
  localparam logic [31:0] MidelegMask = 32'h0000_0222;
  localparam logic [31:0] MedelegMask = 32'h0000_B3FF;
  localparam logic [31:0] SstatusMask = 32'h000C_0122;
  localparam logic [31:0] MstatusMask = 32'h007E_19AA;

  logic [1:0] priv_q;
  logic [31:0] mstatus_q;  // only the bits of MstatusMask are ever set
  logic [31:0] mie_q, mip_q, mideleg_q, medeleg_q;
  logic [31:0] mtvec_q, stvec_q, mepc_q, sepc_q, mcause_q, scause_q, mtval_q, stval_q;
  logic [31:0] mscratch_q, sscratch_q;
  logic satp_on_q;
  logic [21:0] satp_ppn_q;
  logic [31:0] mcounteren_q, scounteren_q;
  logic [2:0] mcountinhibit_q;
  logic [63:0] mcycle_q, minstret_q;
  logic [31:0] mepoch_q;

  logic [31:0] mip, rdata, wdata, sstatus_wdata, pending, m_pending, s_pending;
  logic exists, counter_ok, write;

  localparam int unsigned Sie = 1;
  localparam int unsigned Mie = 3;
  localparam int unsigned Spie = 5;
  localparam int unsigned Mpie = 7;
  localparam int unsigned Spp = 8;
  localparam int unsigned Mprv = 17;

  assign priv_o = priv_q;
  assign data_priv_o = mstatus_q[Mprv] ? mstatus_q[12:11] : priv_q;
  assign tvm_o = mstatus_q[20];
  assign tw_o = mstatus_q[21];
  assign tsr_o = mstatus_q[22];
  assign satp_on_o = satp_on_q;
  assign satp_ppn_o = satp_ppn_q;
  assign sum_o = mstatus_q[18];
  assign mxr_o = mstatus_q[19];
  assign mepc_o = mepc_q;
  assign sepc_o = sepc_q;

  always_comb begin
    // Of mip_q only the bits of MipWritable are ever set.
    mip = mip_q | {20'd0, irq_m_ext_i, 1'b0, irq_s_ext_i, 1'b0, irq_m_timer_i, 3'd0, irq_m_soft_i, 3'd0};
    if (mepoch_q == 32'd0) mip[covert_pkg::EpochIrqBit] = mie_q[covert_pkg::EpochIrqBit];
  end

  // Interrupt selection: the epoch first, then M before S, each in the order of the specification.
  function automatic logic [4:0] first_of(input logic [31:0] set);
    if (set[covert_pkg::EpochIrqBit]) first_of = 5'd24;
    else if (set[11]) first_of = 5'd11;
    else if (set[3]) first_of = 5'd3;
    else if (set[7]) first_of = 5'd7;
    else if (set[9]) first_of = 5'd9;
    else if (set[1]) first_of = 5'd1;
    else first_of = 5'd5;
  endfunction

  assign pending = mip & mie_q;
  assign wake_o = (pending & ~(32'd1 << covert_pkg::EpochIrqBit)) != 32'd0;
  always_comb begin
    m_pending   = 32'd0;
    s_pending   = 32'd0;
    irq_cause_o = 5'd0;
    if (pending != 32'd0) begin
      m_pending = pending & ~mideleg_q;
      if (priv_q == covert_core_pkg::PrivM) begin
        m_pending[covert_pkg::EpochIrqBit] = 1'b0;
        if (!mstatus_q[Mie]) m_pending = 32'd0;
      end
      s_pending = pending & mideleg_q;
      if (priv_q == covert_core_pkg::PrivM || (priv_q == covert_core_pkg::PrivS && !mstatus_q[Sie])) s_pending = 32'd0;
      irq_cause_o = first_of((m_pending != 32'd0) ? m_pending : s_pending);
    end
  end
  assign irq_o = (m_pending | s_pending) != 32'd0;

  // Reading.
  assign counter_ok = (priv_q == covert_core_pkg::PrivM)
      || (mcounteren_q[addr_i[4:0]] && ((priv_q == covert_core_pkg::PrivS) || scounteren_q[addr_i[4:0]]));
  always_comb begin
    exists = 1'b1;
    rdata = 32'd0;
    // What is not asked for costs a simulator nothing.
    if (active_i) case (addr_i)
      12'h100: rdata = mstatus_q & SstatusMask;
      12'h104: rdata = mie_q & mideleg_q;
      12'h105: rdata = stvec_q;
      12'h106: rdata = scounteren_q;
      12'h10A: ;  // senvcfg
      12'h140: rdata = sscratch_q;
      12'h141: rdata = sepc_q;
      12'h142: rdata = scause_q;
      12'h143: rdata = stval_q;
      12'h144: rdata = mip & mideleg_q;
      12'h180: begin
        rdata = {satp_on_q, 9'd0, satp_ppn_q};
        exists = !((priv_q == covert_core_pkg::PrivS) && tvm_o);
      end
      12'h300: rdata = mstatus_q;
      12'h301: rdata = Misa;
      12'h302: rdata = medeleg_q;
      12'h303: rdata = mideleg_q;
      12'h304: rdata = mie_q;
      12'h305: rdata = mtvec_q;
      12'h306: rdata = mcounteren_q;
      12'h30A: ;  // menvcfg
      12'h310: ;  // mstatush
      12'h31A: ;  // menvcfgh
      12'h320: rdata = {29'd0, mcountinhibit_q};
      12'h340: rdata = mscratch_q;
      12'h341: rdata = mepc_q;
      12'h342: rdata = mcause_q;
      12'h343: rdata = mtval_q;
      12'h344: rdata = mip;
      12'h7A0, 12'h7A1, 12'h7A2, 12'h7A3: ;  // no triggers
      covert_pkg::CsrMepoch: rdata = mepoch_q;
      covert_pkg::CsrMcache: ;  // mcache: the pipeline carries writes out
      covert_pkg::CsrMfprint: rdata = mfprint_i;
      12'hB00: rdata = mcycle_q[31:0];
      12'hB02: rdata = minstret_q[31:0];
      12'hB80: rdata = mcycle_q[63:32];
      12'hB82: rdata = minstret_q[63:32];
      12'hC00: begin
        rdata = mcycle_q[31:0];
        exists = counter_ok;
      end
      12'hC02: begin
        rdata = minstret_q[31:0];
        exists = counter_ok;
      end
      12'hC80: begin
        rdata = mcycle_q[63:32];
        exists = counter_ok;
      end
      12'hC82: begin
        rdata = minstret_q[63:32];
        exists = counter_ok;
      end
      12'hC01, 12'hC81: exists = 1'b0;  // time: emulated by the VMM
      12'hF11, 12'hF12, 12'hF13, 12'hF15: ;  // vendor, architecture, implementation, configuration
      12'hF14: rdata = hart_id_i;
      default: begin
        exists = 1'b0;
        // pmpcfg and pmpaddr 0-15: no protection regions, writes ignored.
        if ((addr_i >= 12'h3A0 && addr_i <= 12'h3A3) || (addr_i >= 12'h3B0 && addr_i <= 12'h3BF)) exists = 1'b1;
        // mhpmevent, mhpmcounter(h) 3-31: read zero, writes ignored.
        if (addr_i >= 12'h323 && addr_i <= 12'h33F) exists = 1'b1;
        if ((addr_i[11:8] == 4'hB) && (addr_i[6:5] == 2'b00) && (addr_i[4:0] >= 5'd3)) exists = 1'b1;
        // hpmcounter(h) 3-31: the same for lower privileges.
        if ((addr_i[11:8] == 4'hC) && (addr_i[6:5] == 2'b00) && (addr_i[4:0] >= 5'd3)) exists = counter_ok;
      end
    endcase
  end

  assign rdata_o = rdata;
  always_comb begin
    illegal_o = 1'b0;
    wdata = 32'd0;
    if (active_i) begin
      illegal_o = !exists || (priv_q < addr_i[9:8]) || (write_i && (addr_i[11:10] == 2'b11));
      case (op_i)
        2'd2: wdata = rdata | operand_i;
        2'd3: wdata = rdata & ~operand_i;
        default: wdata = operand_i;
      endcase
    end
  end
  assign write = access_i && write_i && !illegal_o;
  assign sstatus_wdata = (mstatus_q & ~SstatusMask) | (wdata & SstatusMask);
  assign mfprint_we_o = write && (addr_i == covert_pkg::CsrMfprint);
  assign mfprint_wdata_o = wdata;

  // Trap target.
  assign trap_to_s_o = (priv_q != covert_core_pkg::PrivM)
      && (trap_irq_i ? mideleg_q[trap_cause_i] : medeleg_q[trap_cause_i]);
  always_comb begin
    trap_vector_o = trap_to_s_o ? stvec_q : mtvec_q;
    if (trap_irq_i && trap_vector_o[0]) trap_vector_o = trap_vector_o + {25'd0, trap_cause_i, 2'b00};
    trap_vector_o[1:0] = 2'b00;
  end

  // A write to xtvec with a reserved mode keeps the old mode.
  function automatic logic [31:0] tvec_of(input logic [31:0] value, input logic old_mode);
    tvec_of = {value[31:2], 1'b0, value[1] ? old_mode : value[0]};
  endfunction

  assign epoch_running_o = mepoch_q != 32'd0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      priv_q <= covert_core_pkg::PrivM;
      mstatus_q <= 32'd0;
      mie_q <= 32'd0;
      mip_q <= 32'd0;
      mideleg_q <= 32'd0;
      medeleg_q <= 32'd0;
      mtvec_q <= 32'd0;
      stvec_q <= 32'd0;
      mepc_q <= 32'd0;
      sepc_q <= 32'd0;
      mcause_q <= 32'd0;
      scause_q <= 32'd0;
      mtval_q <= 32'd0;
      stval_q <= 32'd0;
      mscratch_q <= 32'd0;
      sscratch_q <= 32'd0;
      satp_on_q <= 1'b0;
      satp_ppn_q <= 22'd0;
      mcounteren_q <= 32'd0;
      scounteren_q <= 32'd0;
      mcountinhibit_q <= 3'd0;
      mcycle_q <= 64'd0;
      minstret_q <= 64'd0;
      mepoch_q <= 32'd0;
    end else begin
      if (!mcountinhibit_q[0]) mcycle_q <= mcycle_q + 64'd1;
      if (!mcountinhibit_q[2]) minstret_q <= minstret_q + (retire_i ? 64'd1 : -{62'd0, unretire_i});
      if (epoch_dec_i && epoch_running_o) mepoch_q <= mepoch_q - 32'd1;
      else mepoch_q <= mepoch_q + {30'd0, epoch_inc_i};

      if (write) begin
        case (addr_i)
          12'h100: mstatus_q <= sstatus_wdata;
          12'h104: mie_q <= (mie_q & ~mideleg_q) | (wdata & mideleg_q);
          12'h105: stvec_q <= tvec_of(wdata, stvec_q[0]);
          12'h106: scounteren_q <= wdata;
          12'h140: sscratch_q <= wdata;
          12'h141: sepc_q <= {wdata[31:1], 1'b0};
          12'h142: scause_q <= wdata;
          12'h143: stval_q <= wdata;
          12'h144: if (mideleg_q[1]) mip_q[1] <= wdata[1];
          12'h180: begin
            satp_on_q <= wdata[31];
            satp_ppn_q <= wdata[21:0];
          end
          12'h300: begin
            mstatus_q <= wdata & MstatusMask;
            if (wdata[12:11] == 2'd2) mstatus_q[12:11] <= mstatus_q[12:11];
          end
          12'h302: medeleg_q <= wdata & MedelegMask;
          12'h303: mideleg_q <= wdata & MidelegMask;
          12'h304: mie_q <= wdata & MieMask;
          12'h305: mtvec_q <= tvec_of(wdata, mtvec_q[0]);
          12'h306: mcounteren_q <= wdata;
          12'h320: mcountinhibit_q <= {wdata[2], 1'b0, wdata[0]};
          12'h340: mscratch_q <= wdata;
          12'h341: mepc_q <= {wdata[31:1], 1'b0};
          12'h342: mcause_q <= wdata;
          12'h343: mtval_q <= wdata;
          // A set or clear acts on the writable bits alone, not on what the lines add to the value read.
          12'h344: begin
            case (op_i)
              2'd2: mip_q <= mip_q | (operand_i & MipWritable);
              2'd3: mip_q <= mip_q & ~(operand_i & MipWritable);
              default: mip_q <= operand_i & MipWritable;
            endcase
          end
          covert_pkg::CsrMepoch: mepoch_q <= wdata;
          12'hB00: mcycle_q[31:0] <= wdata;
          12'hB02: minstret_q[31:0] <= wdata;
          12'hB80: mcycle_q[63:32] <= wdata;
          12'hB82: minstret_q[63:32] <= wdata;
          default: ;
        endcase
      end

      if (trap_i) begin
        if (trap_to_s_o) begin
          priv_q <= covert_core_pkg::PrivS;
          sepc_q <= {trap_pc_i[31:1], 1'b0};
          scause_q <= {trap_irq_i, 26'd0, trap_cause_i};
          stval_q <= trap_tval_i;
          mstatus_q[Spie] <= mstatus_q[Sie];
          mstatus_q[Sie] <= 1'b0;
          mstatus_q[Spp] <= priv_q[0];
        end else begin
          priv_q <= covert_core_pkg::PrivM;
          mepc_q <= {trap_pc_i[31:1], 1'b0};
          mcause_q <= {trap_irq_i, 26'd0, trap_cause_i};
          mtval_q <= trap_tval_i;
          mstatus_q[Mpie] <= mstatus_q[Mie];
          mstatus_q[Mie] <= 1'b0;
          mstatus_q[12:11] <= priv_q;
        end
      end else if (mret_i) begin
        priv_q <= mstatus_q[12:11];
        mstatus_q[Mie] <= mstatus_q[Mpie];
        mstatus_q[Mpie] <= 1'b1;
        mstatus_q[12:11] <= covert_core_pkg::PrivU;
        if (mstatus_q[12:11] != covert_core_pkg::PrivM) mstatus_q[Mprv] <= 1'b0;
      end else if (sret_i) begin
        priv_q <= {1'b0, mstatus_q[Spp]};
        mstatus_q[Sie] <= mstatus_q[Spie];
        mstatus_q[Spie] <= 1'b1;
        mstatus_q[Spp] <= 1'b0;
        mstatus_q[Mprv] <= 1'b0;
      end
    end
  end

endmodule
