// Fingerprint of the retired instruction stream: a CRC of 32 bits over one 16-byte record per event.
//
// The record is four words, in this order, each with its highest bit first:
//   0: pc    1: {22'd0, trap, rd[4:0], strb[3:0]}    2: value ^ rot16(data)    3: addr
// with data masked to the bytes in strb, and addr and data 0 unless a store (strb != 0, no trap).
// Value and data are folded because only an AMO or SC has both. The polynomial is
//   x^32 + x^4 + x + 1 = (x + 1) * (a primitive polynomial of degree 31),
// without reflection and inversions: of two streams of the same length, up to 2^31 - 1 bits, it tells any that differ in
// one, two, three or an odd number of bits, or only within 32 bits in a row, as CRC-32C does; others but for one in 2^32. It
// has few terms, so a word's part in the new state has few too. An event is registered, and counts a cycle later.
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

  // x^32 modulo the polynomial is x^4 + x + 1: a word that is followed by n words is multiplied by its n+1st power.
  function automatic logic [47:0] times(input logic [47:0] a);
    times = (a << 4) ^ (a << 1) ^ a;
  endfunction
  function automatic logic [47:0] times_square(input logic [47:0] a);
    times_square = (a << 8) ^ (a << 2) ^ a;
  endfunction
  function automatic logic [47:0] times_fourth(input logic [47:0] a);
    times_fourth = (a << 16) ^ (a << 4) ^ a;
  endfunction

  // rot16 of the bytes that are stored.
  function automatic logic [31:0] stored(input logic [31:0] data, input logic [3:0] strb);
    stored = {data[15:0], data[31:16]} & {{8{strb[1]}}, {8{strb[0]}}, {8{strb[3]}}, {8{strb[2]}}};
  endfunction

  logic         busy_q;
  logic [31:0]  value_d, value_q;
  logic [31:0]  pc_q, fold_q, addr_q;
  logic [9:0]   meta_q;

  logic [47:0]  sum;

  // All four words; what is above 32 bits is reduced once more.
  assign sum     = times_fourth({16'd0, pc_q ^ value_q}) ^ times_square({16'd0, fold_q})
      ^ times(times_square({38'd0, meta_q}) ^ {16'd0, addr_q});
  assign value_d = sum[31:0] ^ 32'(times({32'd0, sum[47:32]}));

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
          fold_q <= value_i ^ stored(data_i, strb_i);
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
