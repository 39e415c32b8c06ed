// TLB: translations of 4 KiB pages, direct mapped. A lookup takes two cycles: index in the first, compare in the
// second, where it is looked up too whether the entry counts still; none that counts begins in the cycle of a fill.
// A superpage is kept as the pages of it that were used, and marked, so that a fence by address finds all of them.
// What it holds depends only on the order of fills and fences: nothing is replaced or touched by a lookup.
module covert_tlb #(
  parameter int unsigned Entries = 64  // a power of two, 4 or more
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  // Of some page numbers only the index or the tag counts.
  // verilator lint_off UNUSEDSIGNAL
  // lookup: first cycle
  input  logic         read_i,
  input  logic [31:12] vpn_i,
  // second cycle: the entry that was read, against the page that is asked for
  input  logic [31:12] s1_vpn_i,
  output logic         s1_hit_o,
  output logic [31:12] s1_ppn_o,
  output logic [  4:0] s1_perm_o,    // D U X W R
  // fill
  input  logic         fill_i,
  input  logic [31:12] fill_vpn_i,
  input  logic [31:12] fill_ppn_i,
  input  logic [  4:0] fill_perm_i,
  input  logic         fill_super_i,
  // fence: forget everything, or what may translate one page
  input  logic         flush_all_i,
  input  logic         flush_page_i,
  input  logic [31:12] flush_vpn_i
  // verilator lint_on UNUSEDSIGNAL
);

  localparam int unsigned IdxW = $clog2(Entries);

  typedef struct packed {
    logic [31:12+IdxW] tag;
    logic [31:12]      ppn;
    logic [4:0]        perm;
  } entry_t;

  localparam int unsigned EntryBits = 45 - IdxW;  // of entry_t
  logic [EntryBits-1:0] entry_q[Entries];
  entry_t             read_q;
  logic [Entries-1:0] valid_q, super_q;
  logic [IdxW-1:0]    read_idx, s1_idx, fill_idx, flush_idx;

  assign read_idx  = vpn_i[12+:IdxW];
  assign s1_idx    = s1_vpn_i[12+:IdxW];
  assign fill_idx  = fill_vpn_i[12+:IdxW];
  assign flush_idx = flush_vpn_i[12+:IdxW];

  assign s1_hit_o  = valid_q[s1_idx] & (read_q.tag == s1_vpn_i[31:12+IdxW]);
  assign s1_ppn_o  = read_q.ppn;
  assign s1_perm_o = read_q.perm;

  always_ff @(posedge clk_i) begin
    if (read_i) read_q <= entry_q[read_idx];
    if (fill_i) entry_q[fill_idx] <= {fill_vpn_i[31:12+IdxW], fill_ppn_i, fill_perm_i};

    if (!rst_ni) begin
      valid_q      <= '0;
      super_q      <= '0;
    end else begin
      if (fill_i) begin
        valid_q[fill_idx] <= 1'b1;
        super_q[fill_idx] <= fill_super_i;
      end
      if (flush_page_i) begin
        valid_q            <= valid_q & ~super_q;
        valid_q[flush_idx] <= 1'b0;
      end
      if (flush_all_i) begin
        valid_q <= '0;
      end
    end
  end

endmodule
