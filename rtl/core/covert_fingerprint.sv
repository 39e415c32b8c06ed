// Fingerprint of the retired instruction stream: CRC-32C over one 16-byte record per event.
//
// The record is four little-endian words:
//   0: pc    1: value ^ rot16(data)    2: addr    3: {22'd0, trap, rd[4:0], strb[3:0]}
// with data masked to the bytes in strb, and addr and data 0 unless a store (strb != 0, no trap).
// Value and data are folded because only an AMO or SC has both. The CRC is the reflected one
// (polynomial 0x82F63B78) without inversions: byte by byte, lowest bit first, state ^= bit;
// state = state >> 1 ^ (state[0] ? polynomial : 0). An event is registered, and counts a cycle later.
module covert_fingerprint (
  input  logic        clk_i,    // clock
  input  logic        rst_ni,   // synchronous reset, active low: state 0
  input  logic        we_i,     // set the state; only when busy_o and valid_i are low
  input  logic [31:0] wdata_i,  // value to set
  input  logic        valid_i,  // an event: an instruction retires or a trap is taken
  input  logic        trap_i,   // the event is a trap
  input  logic [31:0] pc_i,     // pc of the instruction, or the one the trap saves
  input  logic [4:0]  rd_i,     // destination register, 0 if none; trap: cause[4:0]
  input  logic [31:0] value_i,  // value written to it, 0 if none; trap: tval
  input  logic [31:0] addr_i,   // word address of a store
  input  logic [31:0] data_i,   // store data, in its lanes
  input  logic [3:0]  strb_i,   // bytes stored, 0 if no store; trap: strb[0] = interrupt
  output logic [31:0] value_o,  // fingerprint of all events up to two cycles ago
  output logic        busy_o    // an event is registered and not yet in value_o
);

  localparam logic [31:0] Polynomial = 32'h82f6_3b78;

  // The record's bits that the new state's bit `index` is the parity of: the definition above,
  // followed backwards from the last step. Of the old state, the bits beside the first word count.
  function automatic logic [127:0] row_of(input int index);
    logic [31:0] mask;
    logic        tap;
    mask = 32'd1 << index;
    for (int i = 127; i >= 0; i--) begin
      tap       = ^(mask & Polynomial);
      row_of[i] = tap;
      mask      = {mask[30:0], tap};
    end
  endfunction

  logic         busy_q;
  logic [31:0]  value_d, value_q;
  logic [31:0]  pc_q, fold_q, addr_q;
  logic [9:0]   meta_q;

  logic [31:0]  data_masked;
  logic [127:0] record;

  assign data_masked = data_i & {{8{strb_i[3]}}, {8{strb_i[2]}}, {8{strb_i[1]}}, {8{strb_i[0]}}};
  assign record      = {22'd0, meta_q, addr_q, fold_q, pc_q ^ value_q};

  for (genvar i = 0; i < 32; i++) begin : gen_bit
    localparam logic [127:0] Row = row_of(i);
    assign value_d[i] = ^(record & Row);
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q  <= 1'b0;
      value_q <= '0;
      pc_q    <= '0;
      fold_q  <= '0;
      addr_q  <= '0;
      meta_q  <= '0;
    end else begin
      busy_q <= valid_i;
      if (valid_i) begin
        pc_q   <= pc_i;
        fold_q <= value_i;
        addr_q <= 32'd0;
        if (strb_i != 4'd0 && !trap_i) begin
          fold_q <= value_i ^ {data_masked[15:0], data_masked[31:16]};
          addr_q <= addr_i;
        end
        meta_q <= {trap_i, rd_i, strb_i};
      end
      if (busy_q) begin
        value_q <= value_d;
      end else if (we_i) begin
        value_q <= wdata_i;
      end
    end
  end

  assign value_o = value_q;
  assign busy_o  = busy_q;

endmodule
