// Page walker: runs the sequencer's bulk jobs on the DMA engine, page by page where dirty bits say so.
// Owns the history bits of each page: `prev` (what is not dirty but may differ between the two checkpoint slots)
// and `ever` (written since power-on). The bits are right at every moment, so that a job may be aborted anywhere:
//   CHECKPOINT  adds a word's dirty bits to prev before it copies; only these stay in prev when all are copied
//   RESTORE     takes what is dirty, and prev as well if a checkpoint was begun and not committed
//   PRECOPY     clears dirty bits before it copies, unless a checkpoint is valid (then they are still needed)
//   JOIN        gives the new tile the members' dirty bits
//   LOAD, COPY_IN  mark a page dirty before they write to it
module covert_pages #(
  parameter int unsigned NTiles     = 2,
  parameter int unsigned OffsetBits = $clog2(covert_pkg::RegionStride),  // of an offset in a region; leave
  parameter int unsigned PageBits   = $clog2(covert_pkg::RegionPages)    // of a page's index; leave
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  // A job: start_i while not busy_o. All inputs of this group stay until it ends.
  input  logic                  start_i,
  input  logic [           3:0] job_i,            // covert_unit_pkg::Job*
  input  logic                  abort_i,          // level: end the job soon, wherever it is
  output logic                  busy_o,
  output logic                  failed_o,         // CHECKPOINT, COPY_OUT: the members disagree; until the next start
  input  logic [    NTiles-1:0] members_i,
  input  logic [    NTiles-1:0] target_i,         // IMAGE: where to; PRECOPY, JOIN: the tile (one bit)
  input  logic                  ckpt_valid_i,
  input  logic                  slot_i,           // committed slot
  input  logic [          31:0] guest_size_i,
  input  logic [          31:0] load_src_i,       // LOAD, COPY_IN, COPY_OUT: offsets in their regions, bytes
  input  logic [          31:0] load_dst_i,
  input  logic [          31:0] load_len_i,
  input  logic                  commit_i,         // pulse: the checkpoint just copied is committed
  output logic [    NTiles-1:0] fresh_o,          // this tile's domain lacks only what is dirty (after PRECOPY)
  // dirty bits of the tiles
  output logic [    NTiles-1:0] op_o,
  output logic                  op_keep_o,
  output logic [          31:0] op_or_o,
  output logic [  PageBits-6:0] op_word_o,
  input  logic [    NTiles-1:0] op_done_i,
  input  logic [  32*NTiles-1:0] op_old_i,
  // DMA engine
  output logic                  dma_start_o,
  output logic [          31:0] dma_src_o,
  output logic [OffsetBits-1:0] dma_offset_o,
  output logic [  OffsetBits:0] dma_len_o,
  output logic [    NTiles-1:0] dma_compare_o,
  output logic [    NTiles+1:0] dma_dst_o,
  output logic                  dma_out_o,
  output logic [          31:0] dma_out_addr_o,
  output logic                  dma_abort_o,
  input  logic                  dma_busy_i,
  input  logic                  dma_mismatch_i,
  input  logic [          31:0] dma_last_i
);

  localparam int unsigned WordBits  = PageBits - 5;
  localparam int unsigned PageShift = $clog2(covert_pkg::PageSize);
  localparam logic [WordBits-1:0] FirstWord = WordBits'(covert_pkg::FirstPage / 32);
  localparam logic [2:0] BootRegion = 3'(NTiles + 2);
  localparam logic [2:0] IoRegion = 3'(NTiles + 3);

  typedef enum logic [3:0] {
    StIdle,
    StClear,     // power-on: clear a word of all bits
    StClearWait,
    StBulk,      // one transfer, no dirty bits
    StBulkWait,
    StMark,      // LOAD, COPY_IN: mark a page dirty, then copy the part of it
    StMarkWait,
    StLoad,
    StTake,      // read (or take) a word of the members' dirty bits
    StTakeWait,
    StWord,      // they are here: bring the history up to date
    StGiveWait,  // JOIN: the new tile's dirty bits are written
    StPick,      // start on the next page of the word's set
    StPage,
    StEnd        // the word's pages are copied
  } state_e;

  state_e                state_q, state_d;
  logic [           3:0] job_q;
  logic [  WordBits-1:0] word_q, word_d;
  logic [          31:0] set_q, set_d;         // pages of the word still to copy
  logic [          31:0] now_q;                // the word's dirty bits as they were taken
  logic [    NTiles-1:0] wait_q, wait_d;       // tiles whose operation is not done
  logic [ 32*NTiles-1:0] old_q;                // the words it returned
  logic                  partial_q;            // a checkpoint was begun and not committed
  logic [    NTiles-1:0] fresh_q;
  logic                  ckpt_valid_q;
  logic                  failed_q;
  logic [OffsetBits-1:0] image_len_q;
  logic [OffsetBits-1:0] load_src_q, load_dst_q;
  logic [  OffsetBits:0] load_left_q;

  logic finished;      // the job ends, all of it done
  logic load_next;     // LOAD, COPY_IN: on to the next page
  logic ops_done;

  assign busy_o   = state_q != StIdle;
  assign failed_o = failed_q;
  assign fresh_o  = fresh_q;
  assign ops_done = (wait_q & ~op_done_i) == '0;

  // The lowest member: a copy's source.
  logic [NTiles-1:0] source_mask;
  logic [       2:0] source;
  assign source_mask = members_i & (~members_i + NTiles'(1));
  always_comb begin
    source = '0;
    for (int unsigned i = 0; i < NTiles; i++) if (source_mask[i]) source = 3'(i);
  end

  // History: {ever, prev} of 32 pages.
  logic [63:0] history_q[2**WordBits];
  logic [63:0] past_q, history_new;
  logic [31:0] prev, ever, dirty, wanted;
  logic        history_we;
  logic        take;         // this job clears the dirty bits that it reads

  always_ff @(posedge clk_i) begin
    past_q <= history_q[word_q];
    if (history_we) history_q[word_q] <= history_new;
  end

  assign {ever, prev} = past_q;
  assign take = (job_q == covert_unit_pkg::JobCheckpoint) | (job_q == covert_unit_pkg::JobRestore) |
      ((job_q == covert_unit_pkg::JobPrecopy) & ~ckpt_valid_i);

  always_comb begin
    dirty = '0;
    for (int unsigned i = 0; i < NTiles; i++) if (members_i[i]) dirty = dirty | old_q[32*i+:32];
    unique case (job_q)
      covert_unit_pkg::JobPrecopy:    wanted = dirty | ever;
      covert_unit_pkg::JobCheckpoint: wanted = dirty | prev;
      covert_unit_pkg::JobRestore:    wanted = dirty | (prev & {32{partial_q}});
      default:                        wanted = dirty;  // JOIN
    endcase
  end

  always_comb begin
    history_we  = (state_q == StWord);
    history_new = {ever | dirty, prev};
    if (state_q == StClear) begin
      history_we  = 1'b1;
      history_new = '0;
    end else if (state_q == StEnd) begin
      history_we  = job_q == covert_unit_pkg::JobCheckpoint;
      history_new = {ever, now_q};
    end else if (take) begin
      history_new[31:0] = (job_q == covert_unit_pkg::JobPrecopy) ? 32'd0 : prev | dirty;
    end
  end

  // Where the walk ends: the last word with a page of the guest's RAM.
  logic [WordBits-1:0] last_word;
  assign last_word  = (job_q == covert_unit_pkg::JobClear) ? '1
      : WordBits'((covert_pkg::GuestOffset + guest_size_i - 32'd1) >> (PageShift + 5));

  // Dirty-bit operations: a pulse in the state before the waiting one.
  always_comb begin
    op_o      = '0;
    op_keep_o = ~take;
    op_or_o   = '0;
    op_word_o = word_q;
    unique case (state_q)
      StClear, StClearWait: begin
        if (state_q == StClear) op_o = '1;
        op_keep_o = 1'b0;
      end
      StMark, StMarkWait: begin
        if (state_q == StMark) op_o = members_i;
        op_or_o   = 32'd1 << load_dst_q[PageShift+:5];
        op_word_o = load_dst_q[PageShift+5+:WordBits];
      end
      StTake: op_o = members_i;
      StWord, StGiveWait: begin
        if (state_q == StWord && job_q == covert_unit_pkg::JobJoin) op_o = target_i;
        op_keep_o = 1'b0;
        op_or_o   = dirty;
      end
      default: ;
    endcase
  end

  // Transfers.
  logic [           4:0] pick;   // lowest page of the set
  logic [OffsetBits-1:0] page_offset;
  logic [  OffsetBits:0] part;   // LOAD, COPY_IN: bytes up to the end of the page

  assign page_offset    = {word_q, pick, PageShift'(0)};
  assign dma_abort_o    = abort_i;
  assign dma_out_o      = job_q == covert_unit_pkg::JobCopyOut;
  assign dma_out_addr_o = {4'd0, IoRegion, load_dst_q};

  always_comb begin
    pick = '0;
    if (state_q == StPick || state_q == StPage) begin
      for (int unsigned i = 32; i > 0; i--) if (set_q[i-1]) pick = 5'(i - 1);
    end
    part = (OffsetBits + 1)'(covert_pkg::PageSize) - (OffsetBits + 1)'(load_dst_q[PageShift-1:0]);
    if (load_left_q < part) part = load_left_q;

    dma_src_o     = {4'd0, source, page_offset};
    dma_offset_o  = page_offset;
    dma_len_o     = (OffsetBits + 1)'(covert_pkg::PageSize);
    dma_compare_o = '0;
    dma_dst_o     = {2'b00, members_i};
    unique case (job_q)
      covert_unit_pkg::JobLength: begin
        dma_src_o    = {4'd0, BootRegion, OffsetBits'(covert_pkg::BootImageLen)};
        dma_offset_o = '0;
        dma_len_o    = (OffsetBits + 1)'(4);
        dma_dst_o    = '0;
      end
      covert_unit_pkg::JobImage: begin
        dma_src_o    = {4'd0, BootRegion, OffsetBits'(0)};
        dma_offset_o = '0;
        dma_len_o    = (OffsetBits + 1)'(image_len_q);
        dma_dst_o    = {2'b00, target_i};
      end
      covert_unit_pkg::JobLoad, covert_unit_pkg::JobCopyIn: begin
        dma_src_o    = {4'd0, (job_q == covert_unit_pkg::JobLoad) ? BootRegion : IoRegion, load_src_q};
        dma_offset_o = load_dst_q;
        dma_len_o    = part;
      end
      covert_unit_pkg::JobCopyOut: begin
        dma_src_o     = {4'd0, source, load_src_q};
        dma_offset_o  = load_src_q;
        dma_len_o     = load_left_q;
        dma_compare_o = members_i & ~source_mask;
        dma_dst_o     = '0;
      end
      covert_unit_pkg::JobPrecopy: dma_dst_o = {{2{~ckpt_valid_i}}, target_i};
      covert_unit_pkg::JobJoin:    dma_dst_o = {2'b00, target_i};
      covert_unit_pkg::JobCheckpoint: begin
        dma_compare_o = members_i & ~source_mask;
        dma_dst_o     = {~slot_i, slot_i, NTiles'(0)};
      end
      covert_unit_pkg::JobRestore: dma_src_o = {4'd0, 3'(NTiles) + 3'(slot_i), page_offset};
      default: ;
    endcase
  end

  // The image's length as the boot descriptor says it, made harmless.
  logic [OffsetBits-1:0] image_len;
  assign image_len = (dma_last_i > covert_pkg::ImageMax) ? covert_pkg::ImageMax[OffsetBits-1:0]
                                                          : {dma_last_i[OffsetBits-1:2], 2'b00};

  logic load_fits;   // LOAD, COPY_IN, COPY_OUT: within the regions
  assign load_fits = ((33'(load_src_i) + 33'(load_len_i)) <= 33'(covert_pkg::RegionStride)) &
      ((33'(load_dst_i) + 33'(load_len_i)) <= 33'(covert_pkg::RegionStride));

  always_comb begin
    state_d     = state_q;
    word_d      = word_q;
    set_d       = set_q;
    wait_d      = (wait_q & ~op_done_i) | op_o;
    dma_start_o = 1'b0;
    finished    = 1'b0;
    load_next   = 1'b0;
    unique case (state_q)
      StClear: state_d = StClearWait;
      StClearWait: if (ops_done) begin
        word_d  = word_q + WordBits'(1);
        state_d = StClear;
        if (word_q == last_word) finished = 1'b1;
      end
      StBulk: begin
        dma_start_o = 1'b1;
        state_d     = StBulkWait;
      end
      StBulkWait: if (!dma_busy_i) finished = 1'b1;
      StMark: state_d = (abort_i || load_left_q == '0) ? StIdle : StMarkWait;
      StMarkWait: if (ops_done) begin
        dma_start_o = 1'b1;
        state_d     = StLoad;
      end
      StLoad: if (!dma_busy_i) begin
        load_next = 1'b1;
        state_d   = StMark;
      end
      StTake: state_d = StTakeWait;
      // Bits taken must reach the history: no abort in between.
      StTakeWait: if (ops_done) state_d = StWord;
      StWord: begin
        set_d = wanted;
        if (job_q == covert_unit_pkg::JobJoin) state_d = StGiveWait;
        else if (wanted == '0) state_d = StEnd;
        else state_d = StPick;
      end
      StGiveWait: if (ops_done) state_d = StPick;
      StPick: begin
        if (abort_i) state_d = StIdle;
        else if (set_q == '0) state_d = StEnd;
        else begin
          dma_start_o = 1'b1;
          set_d       = set_q & (set_q - 32'd1);
          state_d     = StPage;
        end
      end
      StPage: if (!dma_busy_i) state_d = (dma_mismatch_i || abort_i) ? StIdle : StPick;
      StEnd: begin
        word_d  = word_q + WordBits'(1);
        state_d = abort_i ? StIdle : StTake;
        if (word_q == last_word && !abort_i) finished = 1'b1;
      end
      default:
      if (start_i) begin
        unique case (job_i)
          covert_unit_pkg::JobClear: begin
            word_d  = '0;
            state_d = StClear;
          end
          covert_unit_pkg::JobLength, covert_unit_pkg::JobImage: state_d = StBulk;
          covert_unit_pkg::JobLoad, covert_unit_pkg::JobCopyIn: if (load_fits) state_d = StMark;
          covert_unit_pkg::JobCopyOut: if (load_fits) state_d = StBulk;
          default: begin
            word_d  = FirstWord;
            state_d = StTake;
          end
        endcase
      end
    endcase
    if (finished) state_d = StIdle;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q      <= StIdle;
      job_q        <= covert_unit_pkg::JobClear;
      word_q       <= '0;
      set_q        <= '0;
      now_q        <= '0;
      wait_q       <= '0;
      old_q        <= '0;
      partial_q    <= 1'b0;
      fresh_q      <= '0;
      failed_q     <= 1'b0;
      ckpt_valid_q <= 1'b0;
      image_len_q  <= '0;
      load_src_q   <= '0;
      load_dst_q   <= '0;
      load_left_q  <= '0;
    end else begin
      state_q      <= state_d;
      word_q       <= word_d;
      set_q        <= set_d;
      wait_q       <= wait_d;
      ckpt_valid_q <= ckpt_valid_i;
      if (state_q == StWord) now_q <= dirty;
      for (int unsigned i = 0; i < NTiles; i++) begin
        if (op_done_i[i]) old_q[32*i+:32] <= op_old_i[32*i+:32];
      end

      if (state_q == StIdle && start_i) begin
        job_q       <= job_i;
        failed_q    <= 1'b0;
        load_src_q  <= load_src_i[OffsetBits-1:0];
        load_dst_q  <= load_dst_i[OffsetBits-1:0];
        load_left_q <= {load_len_i[OffsetBits:2], 2'b00};
        if (job_i == covert_unit_pkg::JobCheckpoint) partial_q <= 1'b1;
      end
      if (load_next) begin
        load_src_q  <= load_src_q + part[OffsetBits-1:0];
        load_dst_q  <= load_dst_q + part[OffsetBits-1:0];
        load_left_q <= load_left_q - part;
      end
      if ((state_q == StPage || state_q == StBulkWait) && !dma_busy_i && dma_mismatch_i) failed_q <= 1'b1;
      if (finished && job_q == covert_unit_pkg::JobLength) image_len_q <= image_len;
      if (commit_i || (finished && job_q == covert_unit_pkg::JobRestore)) partial_q <= 1'b0;

      // What PRECOPY brought to a tile holds until the bits it rests on are moved.
      if (state_q == StTake || (ckpt_valid_q && !ckpt_valid_i)) fresh_q <= '0;
      if (finished && job_q == covert_unit_pkg::JobPrecopy) fresh_q <= target_i;
    end
  end

endmodule
