// Detection: which of the sources speaks this cycle, in order of priority, and what is recorded of it.
// Combinational; the sequencer takes it or not. Address words of the record have bit 0 set for a write and bit 1
// set where there was an access (DET_ADDR of the register map).
module covert_detect #(
  parameter int unsigned NTiles     = 2,
  parameter int unsigned OffsetBits = $clog2(covert_pkg::RegionStride)  // leave
) (
  input  logic [   NTiles-1:0] members_i,
  // gates: what each holds is a refused access of M-mode
  input  logic [   NTiles-1:0] violation_i,
  // or a transaction that waits for the comparator
  input  logic [   NTiles-1:0] dev_valid_i,
  input  logic [   NTiles-1:0] dev_we_i,
  input  logic [32*NTiles-1:0] dev_addr_i,
  input  logic [32*NTiles-1:0] dev_data_i,
  // comparator
  input  logic                 cmp_i,
  input  logic [          3:0] cmp_kind_i,
  input  logic [   NTiles-1:0] cmp_accused_i,
  input  logic [32*NTiles-1:0] cmp_addr_i,
  input  logic [32*NTiles-1:0] cmp_data_i,
  // outlet: the log refutes the agreed transaction, or is full
  input  logic                 outlet_i,
  input  logic [          3:0] outlet_kind_i,
  // sequencer: members' memory differs, in a checkpoint or on its way out; a checkpoint was asked for too early in a
  // replay
  input  logic                 ckpt_differs_i,
  input  logic                 copy_differs_i,
  input  logic [OffsetBits-1:0] differ_offset_i,  // in the domain
  input  logic [         31:0] differ_first_i,   // the lowest member's word
  input  logic [32*NTiles-1:0] differ_words_i,   // the others'
  input  logic                 ckpt_early_i,

  output logic                 detect_o,
  output logic [          3:0] kind_o,
  output logic [   NTiles-1:0] tile_o,         // accused
  output logic [32*NTiles-1:0] addr_o,
  output logic [32*NTiles-1:0] data_o
);

  logic [   NTiles-1:0] violators, lowest;
  logic [32*NTiles-1:0] held_addr, held_data;

  assign violators = violation_i & members_i;
  assign lowest    = members_i & (~members_i + NTiles'(1));

  // What the members say at their gates.
  always_comb begin
    held_addr = '0;
    held_data = '0;
    for (int unsigned i = 0; i < NTiles; i++) begin
      if (violators[i] | (members_i[i] & dev_valid_i[i])) begin
        held_addr[32*i+:32] = {dev_addr_i[32*i+2+:30], 1'b1, dev_we_i[i]};
        held_data[32*i+:32] = dev_data_i[32*i+:32];
      end
    end
  end

  always_comb begin
    detect_o = 1'b1;
    kind_o   = covert_pkg::DetectionNone;
    tile_o   = members_i;
    addr_o   = '0;
    data_o   = '0;
    if (violators != '0) begin
      kind_o = covert_pkg::DetectionGate;
      tile_o = violators;
      addr_o = held_addr;
      data_o = held_data;
    end else if (cmp_i) begin
      kind_o = cmp_kind_i;
      tile_o = cmp_accused_i;
      addr_o = cmp_addr_i;
      data_o = cmp_data_i;
    end else if (outlet_i) begin
      kind_o = outlet_kind_i;
      addr_o = held_addr;
      data_o = held_data;
      // A full log is no tile's fault.
      if (outlet_kind_i == covert_pkg::DetectionLogFull) tile_o = '0;
    end else if (ckpt_differs_i | copy_differs_i) begin
      kind_o = ckpt_differs_i ? covert_pkg::DetectionCheckpoint : covert_pkg::DetectionOutput;
      for (int unsigned i = 0; i < NTiles; i++) begin
        addr_o[32*i+:32] = members_i[i] ? 32'(differ_offset_i) | 32'd2 : 32'd0;
        data_o[32*i+:32] = ~members_i[i] ? 32'd0 : lowest[i] ? differ_first_i : differ_words_i[32*i+:32];
      end
    end else if (ckpt_early_i) begin
      kind_o = covert_pkg::DetectionReplay;
    end else begin
      detect_o = 1'b0;
      tile_o   = '0;
    end
  end

endmodule
