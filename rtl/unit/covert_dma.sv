// DMA engine: copies words from one place of main memory to the same offset in several regions, or to one place
// elsewhere, and, on the way, compares them with the same words of other tiles' domains. Works in bursts through a buffer:
// one read a word and source, one write a word and destination; a burst that does not compare is not written.
// Trusts the memory channel (in order, one response a request), any latency.
module covert_dma #(
  parameter int unsigned NTiles = 2,
  parameter int unsigned Burst  = 128,  // words of the buffer, a power of two
  parameter int unsigned OffsetBits = $clog2(covert_pkg::RegionStride)  // of an offset in a region; leave
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  // A transfer: start_i while not busy_o; the fields are taken with it.
  input  logic                  start_i,
  input  logic [          31:0] src_i,       // physical address of the (first) source, word aligned
  input  logic [OffsetBits-1:0] offset_i,    // byte offset in the regions of the others, word aligned
  input  logic [  OffsetBits:0] len_i,       // bytes, a multiple of 4
  input  logic [    NTiles-1:0] compare_i,   // tiles whose domains are read too and must agree
  input  logic [    NTiles+1:0] dst_i,       // destinations: tile domains, then slot 0, slot 1
  input  logic                  out_i,       // and the place at out_addr_i
  input  logic [          31:0] out_addr_i,  // physical address, word aligned
  input  logic                  abort_i,     // level: issue nothing more
  output logic                  busy_o,      // until the last response has come
  output logic [          31:0] last_o,      // the last word read from the first source
  // Result of the comparison: from the end of the transfer until the next start.
  output logic                  mismatch_o,
  output logic [OffsetBits-1:0] mismatch_offset_o,
  output logic [          31:0] mismatch_first_o,   // the first source's word
  output logic [ 32*NTiles-1:0] mismatch_words_o,   // words of the others; the first's where they agree
  // memory channel
  output logic                  mem_req_valid_o,
  input  logic                  mem_req_ready_i,
  output logic [          31:0] mem_req_addr_o,
  output logic                  mem_req_we_o,
  output logic [          31:0] mem_req_wdata_o,
  output logic [           3:0] mem_req_wstrb_o,
  output logic                  mem_req_more_o,   // the next request is for the next word
  input  logic                  mem_rsp_valid_i,
  input  logic [          31:0] mem_rsp_data_i
);

  // Destinations: regions with the one offset, and the place elsewhere behind them.
  localparam int unsigned Regions = NTiles + 3;
  localparam int unsigned Elsewhere = NTiles + 2;
  localparam int unsigned RegionBits = $clog2(Regions);
  localparam int unsigned IdxBits = $clog2(Burst);
  localparam int unsigned WordBits = OffsetBits - 1;  // of a count of words up to a region's
  localparam logic [4:0] MaxOutstanding = 5'd16;

  typedef enum logic [1:0] {
    StIdle,
    StRead,   // request the burst's words from each source
    StWait,   // until all of them have come
    StWrite   // write them to each destination
  } state_e;

  state_e                state_q, state_d;
  logic [          31:0] src_q;              // address of the burst in the first source
  logic [OffsetBits-1:0] offset_q;           // offset of the burst in the other regions
  logic [  WordBits-1:0] left_q;             // words of the transfer from this burst on
  logic [    NTiles-1:0] compare_q;
  logic [   Regions-1:0] dst_q;
  logic [          31:0] out_addr_q;         // address of the burst elsewhere
  // Request side: which word, which region next (one bit each, those still to do).
  logic [   IdxBits-1:0] idx_q, idx_d;
  logic [   Regions-1:0] todo_q, todo_d;
  logic                  first_q, first_d;   // reading the first source
  // Response side of the reads.
  logic [   IdxBits-1:0] rsp_idx_q, rsp_idx_d;
  logic [    NTiles-1:0] rsp_todo_q, rsp_todo_d;
  logic                  rsp_first_q, rsp_first_d;
  logic                  rsp_all_q, rsp_all_d;
  // Answers are registered: memory may give them in the cycle in which it accepts the request.
  logic                  rsp_valid_q;
  logic [          31:0] rsp_data_q;
  logic [           4:0] outstanding_q;
  logic [           4:0] writes_q;           // writes among the outstanding: they are answered first
  logic [          31:0] buffer_q[Burst];
  logic [          31:0] last_q;
  logic                  mismatch_q;
  logic [   IdxBits-1:0] mismatch_idx_q;
  logic [OffsetBits-1:0] mismatch_offset_q;
  logic [          31:0] mismatch_first_q;
  logic [ 32*NTiles-1:0] mismatch_words_q;

  // Index of the lowest bit set.
  function automatic logic [RegionBits-1:0] lowest(input logic [Regions-1:0] mask);
    lowest = '0;
    for (int unsigned i = Regions; i > 0; i--) if (mask[i-1]) lowest = RegionBits'(i - 1);
  endfunction

  logic [IdxBits-1:0] last_idx;   // index of the burst's last word
  logic               burst_last; // this burst ends the transfer
  logic               go, read_rsp, next_burst;
  logic [Regions-1:0] todo_rest;
  logic [NTiles-1:0]  rsp_rest;
  logic [RegionBits-1:0] region, rsp_region;
  logic [OffsetBits-1:0]        idx_bytes;

  assign burst_last = left_q <= WordBits'(Burst);
  assign last_idx   = burst_last ? IdxBits'(left_q - WordBits'(1)) : IdxBits'(Burst - 1);
  assign region     = lowest(todo_q);
  assign rsp_region = lowest(Regions'(rsp_todo_q));
  assign todo_rest  = todo_q & (todo_q - Regions'(1));
  assign rsp_rest   = rsp_todo_q & (rsp_todo_q - NTiles'(1));
  assign idx_bytes  = OffsetBits'({idx_q, 2'b00});

  assign mem_req_valid_o = ((state_q == StRead) | (state_q == StWrite)) & ~abort_i & (outstanding_q < MaxOutstanding);
  assign mem_req_we_o    = state_q == StWrite;
  always_comb begin
    mem_req_addr_o = 32'({region, offset_q + idx_bytes});
    if (state_q == StRead && first_q) mem_req_addr_o = src_q + 32'(idx_bytes);
    else if (region == RegionBits'(Elsewhere)) mem_req_addr_o = out_addr_q + 32'(idx_bytes);
  end
  assign mem_req_wdata_o = buffer_q[idx_q];
  assign mem_req_wstrb_o = 4'hF;
  assign mem_req_more_o  = idx_q != last_idx;
  assign go              = mem_req_valid_o & mem_req_ready_i;
  assign read_rsp        = rsp_valid_q & (writes_q == 5'd0);

  // Requests.
  always_comb begin
    state_d    = state_q;
    idx_d      = idx_q;
    todo_d     = todo_q;
    first_d    = first_q;
    next_burst = 1'b0;
    unique case (state_q)
      StRead: if (go) begin
        idx_d = idx_q + IdxBits'(1);
        if (idx_q == last_idx) begin
          idx_d   = '0;
          first_d = 1'b0;
          if (!first_q) todo_d = todo_rest;
          if (first_q ? todo_q == '0 : todo_rest == '0) state_d = StWait;
        end
      end
      StWait: if (rsp_all_q) begin
        todo_d  = dst_q;
        state_d = StWrite;
        if (mismatch_q) state_d = StIdle;
        else if (dst_q == '0) next_burst = 1'b1;
      end
      StWrite: if (go) begin
        idx_d = idx_q + IdxBits'(1);
        if (idx_q == last_idx) begin
          idx_d  = '0;
          todo_d = todo_rest;
          if (todo_rest == '0) next_burst = 1'b1;
        end
      end
      default: ;
    endcase
    if (next_burst) begin
      state_d = burst_last ? StIdle : StRead;
      first_d = 1'b1;
      todo_d  = Regions'(compare_q);
    end
    if (abort_i) state_d = StIdle;
    if (start_i) begin
      state_d = (len_i == '0 || abort_i) ? StIdle : StRead;
      first_d = 1'b1;
      idx_d   = '0;
      todo_d  = Regions'(compare_i);
    end
  end

  // Responses to reads: the first source fills the buffer, the others are compared with it.
  always_comb begin
    rsp_idx_d   = rsp_idx_q;
    rsp_todo_d  = rsp_todo_q;
    rsp_first_d = rsp_first_q;
    rsp_all_d   = rsp_all_q;
    if (read_rsp) begin
      rsp_idx_d = rsp_idx_q + IdxBits'(1);
      if (rsp_idx_q == last_idx) begin
        rsp_idx_d   = '0;
        rsp_first_d = 1'b0;
        if (!rsp_first_q) rsp_todo_d = rsp_rest;
        rsp_all_d   = rsp_first_q ? rsp_todo_q == '0 : rsp_rest == '0;
      end
    end
    if (start_i || next_burst) begin
      rsp_idx_d   = '0;
      rsp_first_d = 1'b1;
      rsp_all_d   = 1'b0;
      rsp_todo_d  = start_i ? compare_i : compare_q;
    end
  end

  assign busy_o            = (state_q != StIdle) | (outstanding_q != 5'd0);
  assign last_o            = last_q;
  assign mismatch_o        = mismatch_q;
  assign mismatch_offset_o = mismatch_offset_q;
  assign mismatch_first_o  = mismatch_first_q;
  assign mismatch_words_o  = mismatch_words_q;

  always_ff @(posedge clk_i) begin
    if (read_rsp && rsp_first_q) buffer_q[rsp_idx_q] <= rsp_data_q;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q           <= StIdle;
      src_q             <= '0;
      offset_q          <= '0;
      left_q            <= '0;
      compare_q         <= '0;
      dst_q             <= '0;
      out_addr_q        <= '0;
      idx_q             <= '0;
      todo_q            <= '0;
      first_q           <= 1'b0;
      rsp_idx_q         <= '0;
      rsp_todo_q        <= '0;
      rsp_first_q       <= 1'b0;
      rsp_all_q         <= 1'b0;
      rsp_valid_q       <= 1'b0;
      rsp_data_q        <= '0;
      outstanding_q     <= '0;
      writes_q          <= '0;
      last_q            <= '0;
      mismatch_q        <= 1'b0;
      mismatch_idx_q    <= '0;
      mismatch_offset_q <= '0;
      mismatch_first_q  <= '0;
      mismatch_words_q  <= '0;
    end else begin
      state_q       <= state_d;
      idx_q         <= idx_d;
      todo_q        <= todo_d;
      first_q       <= first_d;
      rsp_idx_q     <= rsp_idx_d;
      rsp_todo_q    <= rsp_todo_d;
      rsp_first_q   <= rsp_first_d;
      rsp_all_q     <= rsp_all_d;
      rsp_valid_q   <= mem_rsp_valid_i;
      rsp_data_q    <= mem_rsp_data_i;
      outstanding_q <= outstanding_q + 5'(go) - 5'(rsp_valid_q);
      writes_q      <= writes_q + 5'(go & mem_req_we_o) - 5'(rsp_valid_q && !read_rsp);
      if (start_i) begin
        src_q      <= src_i;
        offset_q   <= offset_i;
        left_q     <= len_i[OffsetBits:2];
        compare_q  <= compare_i;
        dst_q      <= {out_i, dst_i};
        out_addr_q <= out_addr_i;
        mismatch_q <= 1'b0;
      end else if (next_burst) begin
        src_q      <= src_q + 32'(4 * Burst);
        offset_q   <= offset_q + OffsetBits'(4 * Burst);
        left_q     <= left_q - WordBits'(Burst);
        out_addr_q <= out_addr_q + 32'(4 * Burst);
      end
      if (read_rsp && rsp_first_q) last_q <= rsp_data_q;
      if (read_rsp && !rsp_first_q && state_q != StIdle) begin
        if (mismatch_q) begin
          // What later sources say of the same word.
          if (rsp_idx_q == mismatch_idx_q)
            mismatch_words_q[32*rsp_region+:32] <= rsp_data_q;
        end else if (rsp_data_q != buffer_q[rsp_idx_q]) begin
          mismatch_q                          <= 1'b1;
          mismatch_idx_q                      <= rsp_idx_q;
          mismatch_offset_q                   <= offset_q + OffsetBits'({rsp_idx_q, 2'b00});
          mismatch_first_q                    <= buffer_q[rsp_idx_q];
          mismatch_words_q                    <= {NTiles{buffer_q[rsp_idx_q]}};
          mismatch_words_q[32*rsp_region+:32] <= rsp_data_q;
        end
      end
    end
  end

endmodule
