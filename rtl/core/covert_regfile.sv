// Integer register file: 32 x 32 bits, two read ports, one write port.
//
// Reads are asynchronous and return the value before a write of the same cycle (the core
// bypasses); x0 reads 0 and writes to it are dropped. Maps to distributed RAM, so there is no
// reset: software initialises every register it reads.
module covert_regfile (
  input  logic        clk_i,     // clock
  input  logic [4:0]  raddr1_i,  // first read port
  input  logic [4:0]  raddr2_i,  // second read port
  output logic [31:0] rdata1_o,  // register raddr1_i, same cycle
  output logic [31:0] rdata2_o,  // register raddr2_i, same cycle
  input  logic        we_i,      // write enable
  input  logic [4:0]  waddr_i,   // register to write, 0 is ignored
  input  logic [31:0] wdata_i    // value, readable from the next cycle on
);

  logic [31:0] regs_q [32];

  assign rdata1_o = (raddr1_i == 5'd0) ? 32'd0 : regs_q[raddr1_i];
  assign rdata2_o = (raddr2_i == 5'd0) ? 32'd0 : regs_q[raddr2_i];

  always_ff @(posedge clk_i) begin
    if (we_i && waddr_i != 5'd0) begin
      regs_q[waddr_i] <= wdata_i;
    end
  end

endmodule
