// Gate: the boundary of a tile's sphere of replication. Relocates the tile's accesses into its domain,
// refuses what is not the tile's, and cuts the tile off in quarantine.
// It relies on nothing the tile does: a request is the tile's business only in the cycle it is accepted, then
// it is held here. An access to memory adds no cycle, and may be answered in the cycle in which it is accepted;
// anything else waits until no access is outstanding.
// Not covered: a tile that is right about where it writes and wrong about what (the comparator's work).
module covert_gate #(
  parameter int unsigned MaxOutstanding = 16  // accesses that memory has accepted and not yet answered, 1 to 63
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic [ 1:0] tile_i,           // number of the tile, constant
  input  logic        bare_i,           // strap: bare mode
  input  logic        quarantine_i,     // level: nothing leaves, nothing is answered
  output logic        drained_o,        // no access of the tile is under way; in quarantine there will be none
  // verilator lint_off UNUSEDSIGNAL
  input  logic [31:0] guest_size_i,     // bytes of guest RAM, whole pages
  // verilator lint_on UNUSEDSIGNAL
  // tile bus
  input  logic        tile_req_valid_i,
  output logic        tile_req_ready_o,
  input  logic [31:0] tile_req_addr_i,
  input  logic        tile_req_we_i,
  input  logic [31:0] tile_req_wdata_i,
  input  logic [ 3:0] tile_req_wstrb_i,
  input  logic [ 1:0] tile_req_priv_i,
  input  logic        tile_req_instr_i,
  input  logic        tile_req_more_i,  // the next word of a burst follows
  output logic        tile_rsp_valid_o,
  output logic [31:0] tile_rsp_data_o,
  output logic        tile_rsp_err_o,
  // memory channel
  output logic        mem_req_valid_o,
  input  logic        mem_req_ready_i,
  output logic [31:0] mem_req_addr_o,   // physical
  output logic        mem_req_we_o,
  output logic [31:0] mem_req_wdata_o,  // of a read without meaning
  output logic [ 3:0] mem_req_wstrb_o,
  output logic        mem_req_more_o,   // hint: the next request is for the next word
  input  logic        mem_rsp_valid_i,
  input  logic [31:0] mem_rsp_data_i,
  // to the comparator: held until done; the fields show a violation too
  output logic        dev_valid_o,
  output logic        dev_we_o,
  output logic [31:0] dev_addr_o,
  output logic [31:0] dev_wdata_o,      // 0 for a read
  output logic [ 3:0] dev_strb_o,
  input  logic        dev_done_i,
  input  logic [31:0] dev_rdata_i,
  input  logic        dev_err_i,
  // a write went to this block of the domain (one cycle after memory took it)
  output logic        dirty_o,
  output logic [$clog2(covert_pkg::RegionBlocks)-1:0] dirty_block_o,
  // a data access of M-mode is refused: level, until quarantine; it gets no answer
  output logic        violation_o
);

  localparam logic [1:0] PrivU = 2'd0, PrivS = 2'd1, PrivM = 2'd3;
  localparam int unsigned OffsetBits = $clog2(covert_pkg::RegionStride);
  localparam int unsigned BlockShift = $clog2(covert_pkg::BlockSize);
  localparam int unsigned CountBits = $clog2(MaxOutstanding + 1);

  typedef enum logic [1:0] {
    KindMemory,
    KindDevice,
    KindGate,    // the gate's own registers
    KindRefused
  } kind_e;

  // Whether an address lies in a window of a power of two bytes.
  function automatic logic in_window(input logic [31:0] addr, input logic [31:0] base, input logic [31:0] size);
    in_window = (addr & ~(size - 32'd1)) == base;
  endfunction

  // What the request is. Everything that is not allowed is refused.
  logic                  to_vmm, to_guest, to_bare, to_device, to_unit, to_gate;
  logic                  mach;
  kind_e                 req_kind;
  logic [OffsetBits-1:2] req_offset;

  // The strap in the gate's own clock.
  logic bare_q;

  always_ff @(posedge clk_i) bare_q <= bare_i;

  always_comb begin
    mach       = 1'b0;
    {to_vmm, to_guest, to_bare, to_device, to_unit, to_gate} = '0;
    req_kind   = KindRefused;
    req_offset = (OffsetBits - 2)'(tile_req_addr_i[19:2]);
    // Nothing is asked: a simulator need not look.
    if (tile_req_valid_i) begin
      mach      = tile_req_priv_i == PrivM;
      to_vmm    = mach & in_window(tile_req_addr_i, covert_pkg::VmmBase, covert_pkg::VmmSize);
      to_guest  = (mach | tile_req_priv_i == PrivS | tile_req_priv_i == PrivU) & tile_req_addr_i[31] &
          (tile_req_addr_i[30:12] < guest_size_i[30:12]);
      to_bare   = in_window(tile_req_addr_i, covert_pkg::GuestBase, covert_pkg::RegionStride);
      to_device = in_window(tile_req_addr_i, covert_pkg::UartBase, covert_pkg::UartSize) |
          in_window(tile_req_addr_i, covert_pkg::ClintBase, covert_pkg::ClintSize) |
          in_window(tile_req_addr_i, covert_pkg::ExitBase, covert_pkg::PageSize);
      to_unit   = in_window(tile_req_addr_i, covert_pkg::UnitBase, covert_pkg::UnitSize) |
          in_window(tile_req_addr_i, covert_pkg::IoBase, covert_pkg::IoSize);
      to_gate   = in_window(tile_req_addr_i, covert_pkg::GateBase, covert_pkg::PageSize) & ~tile_req_we_i;

      if (bare_q) begin
        req_offset = tile_req_addr_i[OffsetBits-1:2];
        if (to_bare) req_kind = KindMemory;
        else if (to_device & ~tile_req_instr_i) req_kind = KindDevice;
      end else begin
        // What is neither is refused, wherever it would have gone.
        if (tile_req_addr_i[31])
          req_offset = tile_req_addr_i[OffsetBits-1:2] + covert_pkg::GuestOffset[OffsetBits-1:2];
        if (to_vmm | to_guest) req_kind = KindMemory;
        else if (mach & ~tile_req_instr_i) begin
          if (to_device | to_unit) req_kind = KindDevice;
          else if (to_gate) req_kind = KindGate;
        end
      end
    end
  end

  // The request accepted and not yet passed on, address and data beside it: what is wider than 64 bits is dear in a
  // simulator.
  typedef struct packed {
    kind_e                 kind;
    logic                  we;
    logic [3:0]            wstrb;
    logic                  more;
    logic                  blame;   // refusing this is a violation
  } hold_t;

  logic       hold_valid_q, hold_valid_d;
  hold_t      hold_q, now;
  logic [OffsetBits-1:2] hold_offset_q, front_offset;
  logic [31:0] hold_addr_q, hold_wdata_q;
  logic        dirty_q;
  logic [OffsetBits-1:BlockShift] dirty_block_q;
  logic [CountBits-1:0] outstanding_q;  // accesses that memory has accepted and not yet answered

  always_comb begin
    now.kind   = req_kind;
    now.we     = tile_req_we_i;
    now.wstrb  = tile_req_wstrb_i;
    now.more   = tile_req_more_i;
    now.blame  = mach & ~(tile_req_instr_i & ~tile_req_we_i) & ~bare_q;
  end

  logic  accept, mem_go, mem_answer, alone, act;
  // Memory needs only some of the fields.
  // verilator lint_off UNUSEDSIGNAL
  hold_t front;
  // verilator lint_on UNUSEDSIGNAL

  assign tile_req_ready_o = ~hold_valid_q & (outstanding_q < CountBits'(MaxOutstanding)) & ~quarantine_i;
  assign accept           = tile_req_valid_i & tile_req_ready_o;
  assign front            = hold_valid_q ? hold_q : now;
  assign front_offset     = hold_valid_q ? hold_offset_q : req_offset;

  // Once shown to memory a request is in the hold register until memory takes it.
  assign mem_req_valid_o = (accept | hold_valid_q) & (front.kind == KindMemory) & ~quarantine_i;
  assign mem_req_addr_o  = 32'({tile_i, front_offset, 2'b00});
  assign mem_req_we_o    = front.we;
  assign mem_req_wdata_o = hold_valid_q ? hold_wdata_q : tile_req_wdata_i;
  assign mem_req_wstrb_o = front.wstrb;
  assign mem_req_more_o  = front.more;
  assign mem_go          = mem_req_valid_o & mem_req_ready_i;
  assign mem_answer      = mem_rsp_valid_i & ((outstanding_q != '0) | mem_go);

  assign dirty_o      = dirty_q;
  assign dirty_block_o = dirty_block_q;

  // What is not for memory is looked at when nothing is outstanding, so that answers stay in order.
  assign alone = hold_valid_q & (outstanding_q == '0) & ~quarantine_i;
  assign act   = alone & (hold_q.kind == KindRefused | hold_q.kind == KindGate) & ~violation_o;

  assign dev_valid_o = alone & (hold_q.kind == KindDevice);
  assign dev_we_o    = hold_q.we;
  assign dev_addr_o  = hold_addr_q;
  assign dev_wdata_o = hold_wdata_q;
  assign dev_strb_o  = hold_q.wstrb;

  // FT: whoever violates gets no answer, so that nothing more comes from it.
  assign violation_o = alone & (hold_q.kind == KindRefused) & hold_q.blame;

  always_comb begin
    tile_rsp_valid_o = ~quarantine_i & (mem_answer | act | (dev_valid_o & dev_done_i));
    tile_rsp_err_o   = 1'b0;
    tile_rsp_data_o  = mem_rsp_data_i;
    if (act) begin
      tile_rsp_err_o  = hold_q.kind == KindRefused;
      tile_rsp_data_o = '0;
      if (hold_q.kind == KindGate && hold_addr_q[11:0] == covert_pkg::GateTileId[11:0])
        tile_rsp_data_o = 32'(tile_i);
    end else if (dev_valid_o) begin
      tile_rsp_err_o  = dev_err_i;
      tile_rsp_data_o = dev_rdata_i;
    end
  end

  assign hold_valid_d = ~quarantine_i & ~mem_go & ~act & ~(dev_valid_o & dev_done_i) & (accept | hold_valid_q);

  assign drained_o = ~hold_valid_q & (outstanding_q == '0) & ~dirty_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      hold_valid_q  <= 1'b0;
      hold_q        <= '0;
      hold_offset_q <= '0;
      hold_addr_q   <= '0;
      hold_wdata_q  <= '0;
      outstanding_q <= '0;
      dirty_q       <= 1'b0;
      dirty_block_q  <= '0;
    end else begin
      hold_valid_q  <= hold_valid_d;
      if (accept) begin
        hold_q        <= now;
        hold_offset_q <= req_offset;
        hold_addr_q   <= {tile_req_addr_i[31:2], 2'b00};
        hold_wdata_q  <= tile_req_we_i ? tile_req_wdata_i : 32'd0;
      end
      dirty_q       <= mem_go & mem_req_we_o;
      dirty_block_q  <= front_offset[OffsetBits-1:BlockShift];
      outstanding_q <= outstanding_q + CountBits'(mem_go) - CountBits'(mem_answer);
    end
  end

endmodule
