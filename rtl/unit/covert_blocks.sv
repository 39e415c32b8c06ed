// Block walker: runs the sequencer's bulk jobs on the DMA engine, block by block where dirty bits say so.
// Owns the history of each block: `ever` (written since power-on), `where` (the checkpoint slot that holds its committed
// copy) and `new` (a copy was begun in the other slot). Below mark_q the new copies count for nothing, from there on they
// are the committed ones; a commit sets mark_q to 0, and so commits all of them in one cycle. The bits are right at every
// moment, so that a job may be aborted anywhere:
//   CHECKPOINT  settles a word's last new copies in `where` and takes its dirty bits as the new ones before it copies
//   RESTORE     takes what is dirty, and what is new and does not count
//   PRECOPY     clears dirty bits before it copies, unless a checkpoint is valid (then they are still needed)
//   JOIN        gives the new tile the members' dirty bits
//   LOAD, COPY_IN  mark a block dirty before they write to it
module covert_blocks #(
  parameter int unsigned NTiles     = 2,
  parameter int unsigned OffsetBits = $clog2(covert_pkg::RegionStride),  // of an offset in a region; leave
  parameter int unsigned BlockBits   = $clog2(covert_pkg::RegionBlocks)    // of a block's index; leave
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
  output logic [  BlockBits-6:0] op_word_o,
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

  localparam int unsigned WordBits  = BlockBits - 5;
  localparam int unsigned BlockShift = $clog2(covert_pkg::BlockSize);
  localparam logic [WordBits-1:0] FirstWord = WordBits'(covert_pkg::FirstBlock / 32);
  localparam logic [2:0] BootRegion = 3'(NTiles + 2);
  localparam logic [2:0] IoRegion = 3'(NTiles + 3);

  typedef enum logic [3:0] {
    StIdle,
    StClear,     // power-on: clear a word of all bits
    StClearWait,
    StBulk,      // one transfer, no dirty bits
    StBulkWait,
    StMark,      // LOAD, COPY_IN: mark a block dirty, then copy the part of it
    StMarkWait,
    StLoad,
    StTake,      // read (or take) a word of the members' dirty bits
    StTakeWait,
    StWord,      // they are here: bring the history up to date
    StGiveWait,  // JOIN: the new tile's dirty bits are written
    StPick,      // start on the next block of the word's set, or the next word
    StBlock
  } state_e;

  state_e                state_q, state_d;
  logic [           3:0] job_q;
  logic [  WordBits-1:0] word_q, word_d;
  logic [          31:0] set_q, set_d;         // blocks of the word still to copy
  logic [    NTiles-1:0] wait_q, wait_d;       // tiles whose operation is not done
  logic [ 32*NTiles-1:0] old_q;                // the words it returned
  logic [          31:0] where_q;              // the word's slots
  logic [    WordBits:0] mark_q;               // words whose new copies do not count
  logic [    NTiles-1:0] fresh_q;
  logic                  ckpt_valid_q;
  logic                  failed_q;
  logic [OffsetBits-1:0] image_len_q;
  logic [OffsetBits-1:0] load_src_q, load_dst_q;
  logic [  OffsetBits:0] load_left_q;

  logic finished;      // the job ends, all of it done
  logic load_next;     // LOAD, COPY_IN: on to the next block
  logic next_word;     // on to the next word of bits
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

  // History: {ever, where, new} of 32 blocks.
  logic [95:0] history_q[2**WordBits];
  logic [95:0] read_q, past_q, history_new;  // past_q: of word_q, from two cycles after it on
  logic [31:0] ever, past_where, past_new, dirty, wanted;
  logic [31:0] undone;       // new copies that do not count
  logic [31:0] where;        // slots of the committed copies
  logic        history_we;
  logic        take;         // this job clears the dirty bits that it reads

  always_ff @(posedge clk_i) begin
    read_q <= history_q[word_q];
    past_q <= read_q;
    if (history_we) history_q[word_q] <= history_new;
  end

  assign {ever, past_where, past_new} = past_q;
  assign undone = past_new & {32{(WordBits + 1)'(word_q) < mark_q}};
  assign where  = past_where ^ past_new ^ undone;
  assign take = (job_q == covert_unit_pkg::JobCheckpoint) | (job_q == covert_unit_pkg::JobRestore) |
      ((job_q == covert_unit_pkg::JobPrecopy) & ~ckpt_valid_i);

  always_comb begin
    dirty = '0;
    for (int unsigned i = 0; i < NTiles; i++) if (members_i[i]) dirty = dirty | old_q[32*i+:32];
    unique case (job_q)
      covert_unit_pkg::JobPrecopy:    wanted = dirty | ever;
      covert_unit_pkg::JobRestore:    wanted = dirty | undone;
      default:                        wanted = dirty;  // CHECKPOINT, JOIN
    endcase
  end

  always_comb begin
    history_we  = (state_q == StWord) | (state_q == StClear);
    history_new = {ever | dirty, past_where, past_new};
    if (state_q == StClear) history_new = '0;
    else if (job_q == covert_unit_pkg::JobPrecopy && take) history_new[63:0] = '0;  // all is in slot 0
    else if (take) history_new[63:0] = {where, wanted};
  end

  // Where the walk ends: the last word with a block of the guest's RAM.
  logic [WordBits-1:0] last_word;
  assign last_word  = (job_q == covert_unit_pkg::JobClear) ? '1
      : WordBits'((covert_pkg::GuestOffset + guest_size_i - 32'd1) >> (BlockShift + 5));

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
        op_or_o   = 32'd1 << load_dst_q[BlockShift+:5];
        op_word_o = load_dst_q[BlockShift+5+:WordBits];
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
  logic [           4:0] pick;   // lowest block of the set
  logic [OffsetBits-1:0] block_offset;
  logic [  OffsetBits:0] part;   // LOAD, COPY_IN: bytes up to the end of the block

  assign block_offset    = {word_q, pick, BlockShift'(0)};
  assign dma_abort_o    = abort_i;
  assign dma_out_o      = job_q == covert_unit_pkg::JobCopyOut;
  assign dma_out_addr_o = {4'd0, IoRegion, load_dst_q};

  always_comb begin
    pick = '0;
    if (state_q == StPick || state_q == StBlock) begin
      for (int unsigned i = 32; i > 0; i--) if (set_q[i-1]) pick = 5'(i - 1);
    end
    part = (OffsetBits + 1)'(covert_pkg::BlockSize) - (OffsetBits + 1)'(load_dst_q[BlockShift-1:0]);
    if (load_left_q < part) part = load_left_q;

    dma_src_o     = {4'd0, source, block_offset};
    dma_offset_o  = block_offset;
    dma_len_o     = (OffsetBits + 1)'(covert_pkg::BlockSize);
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
      covert_unit_pkg::JobPrecopy: dma_dst_o = {1'b0, ~ckpt_valid_i, target_i};
      covert_unit_pkg::JobJoin:    dma_dst_o = {2'b00, target_i};
      covert_unit_pkg::JobCheckpoint: begin
        dma_compare_o = members_i & ~source_mask;
        dma_dst_o     = {~where_q[pick], where_q[pick], NTiles'(0)};
      end
      covert_unit_pkg::JobRestore: dma_src_o = {4'd0, 3'(NTiles) + 3'(where_q[pick]), block_offset};
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
    next_word   = 1'b0;
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
        else if (wanted == '0) next_word = 1'b1;
        else state_d = StPick;
      end
      StGiveWait: if (ops_done) state_d = StPick;
      StPick: begin
        if (abort_i) state_d = StIdle;
        else if (set_q == '0) next_word = 1'b1;
        else begin
          dma_start_o = 1'b1;
          set_d       = set_q & (set_q - 32'd1);
          state_d     = StBlock;
        end
      end
      StBlock: if (!dma_busy_i) state_d = (dma_mismatch_i || abort_i) ? StIdle : StPick;
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
    if (next_word) begin
      word_d  = word_q + WordBits'(1);
      state_d = abort_i ? StIdle : StTake;
      if (word_q == last_word && !abort_i) finished = 1'b1;
    end
    if (finished) state_d = StIdle;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q      <= StIdle;
      job_q        <= covert_unit_pkg::JobClear;
      word_q       <= '0;
      set_q        <= '0;
      wait_q       <= '0;
      old_q        <= '0;
      where_q      <= '0;
      mark_q       <= '0;
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
      if (state_q == StWord) where_q <= where;
      for (int unsigned i = 0; i < NTiles; i++) begin
        if (op_done_i[i]) old_q[32*i+:32] <= op_old_i[32*i+:32];
      end

      if (state_q == StIdle && start_i) begin
        job_q       <= job_i;
        failed_q    <= 1'b0;
        load_src_q  <= load_src_i[OffsetBits-1:0];
        load_dst_q  <= load_dst_i[OffsetBits-1:0];
        load_left_q <= {load_len_i[OffsetBits:2], 2'b00};
      end
      if (load_next) begin
        load_src_q  <= load_src_q + part[OffsetBits-1:0];
        load_dst_q  <= load_dst_q + part[OffsetBits-1:0];
        load_left_q <= load_left_q - part;
      end
      if ((state_q == StBlock || state_q == StBulkWait) && !dma_busy_i && dma_mismatch_i) failed_q <= 1'b1;
      if (finished && job_q == covert_unit_pkg::JobLength) image_len_q <= image_len;
      // FT: the new copies of a word begin to count for nothing in the cycle in which it gets them.
      if (commit_i) mark_q <= '0;
      else if (state_q == StWord && take && (WordBits + 1)'(word_q) >= mark_q) mark_q <= (WordBits + 1)'(word_q) + 1'b1;

      // What PRECOPY brought to a tile holds until the bits it rests on are moved.
      if (state_q == StTake || (ckpt_valid_q && !ckpt_valid_i)) fresh_q <= '0;
      if (finished && job_q == covert_unit_pkg::JobPrecopy) fresh_q <= target_i;
    end
  end

endmodule
