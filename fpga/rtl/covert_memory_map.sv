// Where the regions of main memory (docs/chip.md) lie in a board's memory, for one memory channel. A region of the chip
// is 32 MiB; here a domain or a slot is 2^DomainBits bytes, and what a guest may have is less by what stands elsewhere:
//
//   region          in the board's memory
//   domain i        i
//   slot 0, slot 1  behind the domains. Blocks below STATE_OFFSET are in no checkpoint: their places in a slot are free
//   boot region     slot 1: the VMM image in those places, the guest's segments in slot 1's blocks, which are not written
//                   before the guest has started, nor read before they are written. Slot 0's are: a rollback takes from
//                   there, as zeros, what was written for the first time since the checkpoint
//   I/O region      IoStart on: what the VMM uses for disk requests; there is no network. With two domains of 8 MiB:
//                   the end of the last one, which is not used, and the free places at the start of slot 0
//
// Replicas work at the same offsets in step. So the domain's number is mixed into the SDRAM's bank (bits 11:10): otherwise they
// would close each other's rows.
module covert_memory_map #(
  parameter int unsigned NTiles     = 2,
  parameter int unsigned DomainBits = 23,
  parameter logic [31:0] IoStart    = 32'h00F8_0000,  // multiple of 4 KiB
  parameter logic [31:0] IoOffset   = 32'h0020_0000   // in the I/O region, of the first byte there
) (
  // bits 24:0 the offset, above them the region
  input  logic [31:0] addr_i,
  output logic [31:0] addr_o
);

  localparam int unsigned RegionBits = $clog2(covert_pkg::RegionStride);

  logic [31-RegionBits:0] region, place;
  logic [           31:0] offset, io;

  assign region = addr_i[31:RegionBits];
  assign offset = 32'(addr_i[DomainBits-1:0]);
  assign io     = 32'(addr_i[RegionBits-1:0]) - IoOffset + IoStart;

  always_comb begin
    place = region;
    if (region == (32-RegionBits)'(NTiles + 2)) place = (32-RegionBits)'(NTiles + 1);  // boot region
    addr_o        = (32'(place) << DomainBits) | offset;
    addr_o[11:10] = addr_i[11:10] ^ place[1:0];
    if (region == (32-RegionBits)'(NTiles + 3)) addr_o = io;
  end

endmodule
