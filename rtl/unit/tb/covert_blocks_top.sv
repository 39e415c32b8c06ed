// Bench top: the block walker with its DMA engine and the dirty bits of two tiles.
module covert_blocks_top (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        start_i,
  input  logic [ 3:0] job_i,
  input  logic        abort_i,
  output logic        busy_o,
  output logic        failed_o,
  output logic [24:0] differ_offset_o,
  input  logic [ 1:0] members_i,
  input  logic [ 1:0] target_i,
  input  logic        ckpt_valid_i,
  input  logic [31:0] guest_size_i,
  input  logic [31:0] load_src_i,
  input  logic [31:0] load_dst_i,
  input  logic [31:0] load_len_i,
  input  logic        commit_i,
  output logic [ 1:0] fresh_o,
  input  logic [ 1:0] set_i,
  input  logic [15:0] set_block_i,
  output logic        mem_req_valid_o,
  input  logic        mem_req_ready_i,
  output logic [31:0] mem_req_addr_o,
  output logic        mem_req_we_o,
  output logic [31:0] mem_req_wdata_o,
  output logic [ 3:0] mem_req_wstrb_o,
  input  logic        mem_rsp_valid_i,
  input  logic [31:0] mem_rsp_data_i
);

  logic [ 1:0] op, op_done;
  logic        op_keep, dma_start, dma_abort, dma_busy, dma_mismatch;
  logic [31:0] op_or, dma_src, dma_last;
  logic [10:0] op_word;
  logic [63:0] op_old;
  logic [24:0] dma_offset;
  logic [25:0] dma_len;
  logic [ 1:0] dma_compare;
  logic [ 3:0] dma_dst;
  logic        dma_out;
  logic [31:0] dma_out_addr;

  covert_blocks #(
    .NTiles(2)
  ) u_blocks (
    .clk_i,
    .rst_ni,
    .start_i,
    .job_i,
    .abort_i,
    .busy_o,
    .failed_o,
    .members_i,
    .target_i,
    .ckpt_valid_i,
    .guest_size_i,
    .load_src_i,
    .load_dst_i,
    .load_len_i,
    .commit_i,
    .fresh_o,
    .op_o          (op),
    .op_keep_o     (op_keep),
    .op_or_o       (op_or),
    .op_word_o     (op_word),
    .op_done_i     (op_done),
    .op_old_i      (op_old),
    .dma_start_o   (dma_start),
    .dma_src_o     (dma_src),
    .dma_offset_o  (dma_offset),
    .dma_len_o     (dma_len),
    .dma_compare_o (dma_compare),
    .dma_dst_o     (dma_dst),
    .dma_out_o     (dma_out),
    .dma_out_addr_o(dma_out_addr),
    .dma_abort_o   (dma_abort),
    .dma_busy_i    (dma_busy),
    .dma_mismatch_i(dma_mismatch),
    .dma_last_i    (dma_last)
  );

  covert_dma #(
    .NTiles(2)
  ) u_dma (
    .clk_i,
    .rst_ni,
    .start_i          (dma_start),
    .src_i            (dma_src),
    .offset_i         (dma_offset),
    .len_i            (dma_len),
    .compare_i        (dma_compare),
    .dst_i            (dma_dst),
    .out_i            (dma_out),
    .out_addr_i       (dma_out_addr),
    .abort_i          (dma_abort),
    .busy_o           (dma_busy),
    .last_o           (dma_last),
    .mismatch_o       (dma_mismatch),
    .mismatch_offset_o(differ_offset_o),
    .mismatch_first_o (),
    .mismatch_words_o (),
    .mem_req_valid_o,
    .mem_req_ready_i,
    .mem_req_addr_o,
    .mem_req_we_o,
    .mem_req_wdata_o,
    .mem_req_wstrb_o,
    .mem_req_more_o   (),
    .mem_rsp_valid_i,
    .mem_rsp_data_i
  );

  for (genvar i = 0; i < 2; i++) begin : gen_dirty
    covert_dirty u_dirty (
      .clk_i,
      .rst_ni,
      .set_i     (set_i[i]),
      .set_block_i,
      .op_i      (op[i]),
      .op_keep_i (op_keep),
      .op_or_i   (op_or),
      .op_word_i (op_word),
      .op_done_o (op_done[i]),
      .op_old_o  (op_old[32*i+:32])
    );
  end

endmodule
