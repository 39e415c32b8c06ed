// Core-local interruptor of one hart: `msip`, `mtimecmp` and `mtime`, which counts at a fixed part of the clock.
// `mtime` can be written in bare mode only: it is the group's clock otherwise. A simulator that leaves cycles out in which
// nothing happens hands the ticks of those cycles in at skip_i; on a board it is 0.
module covert_clint (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        bare_i,
  input  logic [31:0] skip_i,      // ticks to add to mtime
  input  logic        valid_i,     // the access happens in this cycle
  input  logic        we_i,
  input  logic [15:0] addr_i,      // word aligned
  input  logic [31:0] wdata_i,
  input  logic [ 3:0] strb_i,
  output logic [31:0] rdata_o,
  output logic [63:0] mtime_o,
  output logic        irq_soft_o,
  output logic        irq_timer_o
);

  logic        msip_q;
  logic [63:0] mtime_q, mtimecmp_q;
  logic [ 2:0] divider_q;
  logic        tick;
  logic        at_msip, at_cmp_lo, at_cmp_hi, at_time_lo, at_time_hi;
  logic [31:0] old, merged;

  assign at_msip    = addr_i == covert_pkg::ClintMsip[15:0];
  assign at_cmp_lo  = addr_i == covert_pkg::ClintMtimecmp[15:0];
  assign at_cmp_hi  = addr_i == covert_pkg::ClintMtimecmp[15:0] + 16'd4;
  assign at_time_lo = addr_i == covert_pkg::ClintMtime[15:0];
  assign at_time_hi = addr_i == covert_pkg::ClintMtime[15:0] + 16'd4;

  always_comb begin
    old    = '0;
    merged = '0;
    if (valid_i) begin
      if (at_msip) old = 32'(msip_q);
      if (at_cmp_lo) old = mtimecmp_q[31:0];
      if (at_cmp_hi) old = mtimecmp_q[63:32];
      if (at_time_lo) old = mtime_q[31:0];
      if (at_time_hi) old = mtime_q[63:32];
      merged = old;
      for (int unsigned b = 0; b < 4; b++) if (strb_i[b]) merged[8*b+:8] = wdata_i[8*b+:8];
    end
  end
  assign rdata_o = old;
  assign tick    = divider_q == 3'(covert_pkg::CyclesPerTick - 1);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      msip_q     <= 1'b0;
      mtime_q    <= '0;
      mtimecmp_q <= '1;
      divider_q  <= '0;
    end else begin
      divider_q <= tick ? 3'd0 : divider_q + 3'd1;
      mtime_q   <= mtime_q + 64'(tick) + 64'(skip_i);
      if (valid_i && we_i) begin
        if (at_msip) msip_q <= merged[0];
        if (at_cmp_lo) mtimecmp_q[31:0] <= merged;
        if (at_cmp_hi) mtimecmp_q[63:32] <= merged;
        if (at_time_lo && bare_i) mtime_q[31:0] <= merged;
        if (at_time_hi && bare_i) mtime_q[63:32] <= merged;
      end
    end
  end

  assign mtime_o     = mtime_q;
  assign irq_soft_o  = msip_q;
  assign irq_timer_o = mtime_q >= mtimecmp_q;

endmodule
