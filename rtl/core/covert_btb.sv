// Branch target buffer: for a fetched word, whether a taken branch, jump or return ended in it when it was last executed, in
// which half, and where it went. Read in the cycle of the fetch, written when the instruction executes. What it says is a
// guess: tags are partial, and the execute stage checks every prediction.
module covert_btb #(
  parameter int unsigned Entries = 64,  // a power of two, 2 or more
  parameter int unsigned TagBits = 10
) (
  input  logic        clk_i,
  // prediction for a word
  // the uppermost bits are in no tag
  // verilator lint_off UNUSEDSIGNAL
  input  logic [31:2] addr_i,
  // verilator lint_on UNUSEDSIGNAL
  output logic        hit_o,
  output logic        half_o,        // the instruction ends in the upper half
  output logic [ 1:0] count_o,       // 2, 3: taken
  output logic [31:1] target_o,
  // update
  input  logic        we_i,
  // verilator lint_off UNUSEDSIGNAL
  input  logic [31:1] end_i,         // last half word of the instruction
  // verilator lint_on UNUSEDSIGNAL
  input  logic        keep_i,        // 0: forget the entry
  input  logic [ 1:0] count_i,
  input  logic [31:1] target_i
);

  localparam int unsigned IdxW = $clog2(Entries);

  typedef struct packed {
    logic               valid;
    logic [TagBits-1:0] tag;
    logic               half;
    logic [1:0]         count;
    logic [31:1]        target;
  } entry_t;

  localparam int unsigned EntryBits = TagBits + 35;  // of entry_t
  // In block RAM the address would have to be there a cycle earlier: the longest path of the core would end there.
  (* ram_style = "distributed" *) logic [EntryBits-1:0] entry_q[Entries];
  entry_t entry;

  assign entry    = entry_q[addr_i[2+:IdxW]];
  assign hit_o    = entry.valid & (entry.tag == addr_i[2+IdxW+:TagBits]);
  assign half_o   = entry.half;
  assign count_o  = entry.count;
  assign target_o = entry.target;

  always_ff @(posedge clk_i) begin
    if (we_i) begin
      entry_q[end_i[2+:IdxW]] <= {keep_i, end_i[2+IdxW+:TagBits], end_i[1], count_i, target_i};
    end
  end

endmodule
