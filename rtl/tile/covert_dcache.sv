// Data cache of a tile: write-back, write-allocate, lines of 32 bytes, `Ways` ways of a page each. The set is chosen by
// the offset in the page, which is the same in virtual and physical addresses; the tag is the physical page.
// A request is taken in cycle t, its page comes in t+1, and a hit is answered in t+1: one access a cycle. What it changes
// is written in t+2, since that it hits is known late. A miss fills the line critical word first and meanwhile moves
// the victim to a buffer, which is written back when the line is here, beside later hits. All requests leave on one
// port in the order of the accesses, so memory keeps the order too. Who may access what is not looked at: a hit does
// not ask the bus, so the MMU checks the privilege.
module covert_dcache #(
  parameter int unsigned Ways = 2  // 1, 2 or 4; of 4 KiB each
) (
  input  logic         clk_i,
  input  logic         rst_ni,        // synchronous
  // Request, cycle t. One in cycle t+1 of another, which has no answer in that cycle, is void.
  input  logic         req_valid_i,
  output logic         req_ready_o,
  input  logic [11:2]  req_offset_i,  // word in the page
  input  logic         req_we_i,
  input  logic [31:0]  req_wdata_i,
  input  logic [ 3:0]  req_wstrb_i,   // bytes written; of a load the bytes wanted
  input  logic [ 4:0]  req_align_i,   // of a load: funct3 and the byte in the word
  // Its second half, cycle t+1 only.
  input  logic [31:12] s1_ppn_i,
  input  logic         s1_cached_i,   // always the same for the same page
  input  logic         s1_kill_i,     // no effect, no answer
  input  logic [ 1:0]  s1_priv_i,
  // Answer: cycle t+1 on a hit, later otherwise; one for each request that is not killed.
  output logic         rsp_valid_o,
  output logic [31:0]  rsp_data_o,    // of a load: what is loaded, as it goes into the register
  output logic         rsp_err_o,     // access fault, only with rsp_valid_o; a store had no effect
  // Maintenance: held until maint_done_o, raised only when no access is under way.
  input  logic [ 1:0]  maint_i,       // 1: write all dirty lines back, they stay and are clean; 2: and empty the cache
  output logic         maint_done_o,  // pulse: everything is written and answered
  // Bus, one word a request: held until accepted on valid & ready, answered in order, not before the next cycle.
  output logic         mem_valid_o,
  input  logic         mem_ready_i,
  output logic [31:0]  mem_addr_o,    // word aligned
  output logic         mem_we_o,
  output logic [31:0]  mem_wdata_o,
  output logic [ 3:0]  mem_wstrb_o,
  output logic [ 1:0]  mem_priv_o,
  output logic         mem_more_o,    // the next request of this port is for the next word of this line
  input  logic         mem_rsp_valid_i,
  input  logic [31:0]  mem_rsp_data_i,
  input  logic         mem_rsp_err_i  // of a write-back it is ignored: the gate reports it
);

  localparam int unsigned Sets     = 128;
  localparam int unsigned Words    = 1024;  // of a way
  localparam int unsigned MetaBits = 2 * Ways - 1;

  typedef enum logic [2:0] {
    StClear,     // after reset: one set a cycle becomes empty
    StIdle,
    StFill,
    StUncached,
    StLook,      // maintenance: the set's tags are read
    StScan,      // has it a dirty line?
    StMove,      // that line goes to the buffer
    StDrain      // until every write-back is answered
  } state_e;

  state_e state_q, state_d;

  // The access in its cycle t+1.
  logic            s1_valid_q;
  logic [11:2]     s1_offset_q;
  logic            s1_we_q;
  logic [31:0]     s1_wdata_q;
  logic [ 3:0]     s1_wstrb_q;
  logic [ 4:0]     s1_align_q;
  // From t+2 on, if it hit for one cycle; in StClear and in maintenance the set, and word 0.
  logic            hit_q;
  logic [Ways-1:0] match_q;
  logic [MetaBits-1:0] s2_meta_q;
  logic [11:2]     offset_q;
  logic            we_q;
  logic [31:0]     wdata_q;
  logic [ 3:0]     wstrb_q;
  logic [ 4:0]     align_q;
  logic [31:12]    ppn_q;
  logic [ 1:0]     priv_q;
  logic [Ways-1:0] victim_q;       // one-hot: the way that is filled or written back

  // Fill or uncached access.
  logic [ 3:0]     sent_q;         // requests accepted; bit 3: all
  logic [ 2:0]     come_q;         // answers taken
  logic            fill_err_q;     // one of them was an error
  // Victim, on its way to the buffer.
  logic [ 3:0]     moved_q;        // words read; bit 3: all
  logic            capture_q;      // word capture_word_q was read in the last cycle
  logic [ 2:0]     capture_word_q;
  logic [31:0]     victim_data_q[8];
  // Write-back of the buffer.
  logic            wb_busy_q;      // words are still to be sent
  logic [ 2:0]     wb_word_q;
  logic [31:5]     wb_line_q;
  logic [ 4:0]     wb_owed_q;      // accepted, not answered: up to the bus's 16

  // What the arrays gave.
  logic [Ways-1:0][31:0] data_rd_q;
  logic [20:0]           tag_rd_q[Ways];
  logic [MetaBits-1:0]   meta_rd_q;
  // What was written in the cycle in which that was read, to the same place.
  logic [Ways-1:0]       fwd_way_q;
  logic [ 3:0]           fwd_strb_q;
  logic [31:0]           fwd_data_q;
  logic                  fwd_meta_q;
  logic [MetaBits-1:0]   fwd_meta_data_q;

  function automatic logic [Ways-1:0] lowest(input logic [Ways-1:0] mask);
    lowest = mask & (~mask + Ways'(1));
  endfunction

  // ---------------------------------------------------------------- lookup, cycle t+1
  logic [Ways-1:0]     choice;        // of a way's word: that with the tag, in other states than StIdle the first
  logic [Ways-1:0][31:0] newer, words;
  logic [Ways-1:0][ 3:0] newer_strb;
  logic [ 4:0]         align;
  logic                is_idle, s1_live, s1_hit, s1_miss, take;
  logic [31:0]         victim_data;
  logic [31:12]        victim_ppn;
  logic [MetaBits-1:0] meta, s1_meta, meta_wr;
  logic [Ways-1:0]     dirty;
  logic [ 2:0]         s1_tree, tree;
  logic [11:5]         line;
  logic                same_word, meta_we;

  assign s1_live = s1_valid_q & ~s1_kill_i;
  assign s1_hit  = |choice & s1_valid_q & s1_cached_i & ~s1_kill_i;
  assign s1_miss = s1_live & ~s1_hit;
  assign take    = is_idle & req_valid_i & ~(s1_valid_q & ~s1_hit);

  assign line      = offset_q[11:5];
  assign same_word = hit_q & we_q & (offset_q == s1_offset_q);

  // As it was read; what the access before makes of it is written in this cycle.
  assign meta    = fwd_meta_q ? fwd_meta_data_q : meta_rd_q;
  assign s1_meta = (hit_q & (line == s1_offset_q[11:5])) ? meta_wr : meta;
  assign s1_tree = 3'(s1_meta >> Ways);
  assign dirty   = is_idle ? s2_meta_q[Ways-1:0] : meta[Ways-1:0];
  assign tree    = is_idle ? 3'(s2_meta_q >> Ways) : 3'(meta >> Ways);

  function automatic logic [31:0] with_bytes(input logic [31:0] old, input logic [31:0] data, input logic [3:0] strb);
    logic [31:0] mask;
    mask = {{8{strb[3]}}, {8{strb[2]}}, {8{strb[1]}}, {8{strb[0]}}};
    with_bytes = (old & ~mask) | (data & mask);
  endfunction

  // Which way has the word is known late. So each way's word is aligned, and what the bus gives in place of the first's.
  // What is given without an answer does not matter, so whether the access is killed is not asked here.
  always_comb begin
    newer      = 'x;
    newer_strb = 'x;
    align      = is_idle ? s1_align_q : align_q;
    if (s1_valid_q || !is_idle) begin
      for (int unsigned w = 0; w < Ways; w++) begin
        if (choice[w]) begin
          newer[w]      = fwd_data_q;
          newer_strb[w] = fwd_strb_q & {4{fwd_way_q[w]}};
          if (same_word && match_q[w]) begin
            newer[w]      = with_bytes(fwd_data_q, wdata_q, wstrb_q);
            newer_strb[w] = newer_strb[w] | wstrb_q;
          end
          if (w == 0 && !is_idle) begin
            newer[w]      = mem_rsp_data_i;
            newer_strb[w] = '1;
          end
        end
      end
    end
  end

  covert_select #(
    .Words(Ways)
  ) u_select (
    .select_i(choice),
    .words_i (words),
    .word_o  (rsp_data_o)
  );

  always_comb begin
    victim_data = '0;
    victim_ppn  = '0;
    for (int unsigned w = 0; w < Ways; w++) begin
      if (capture_q) victim_data |= {32{victim_q[w]}} & data_rd_q[w];
      if (wb_start) victim_ppn |= {20{victim_q[w]}} & tag_rd_q[w][19:0];
    end
  end

  // ---------------------------------------------------------------- state
  logic is_fill, is_access;
  logic rsp_mine;               // an answer that is not a write-back's
  logic fill_rsp, fill_last, fill_bad;
  logic late_rsp;               // the access that missed is answered
  logic move, move_last, wb_start, scan_clean;
  logic [Ways-1:0] tag_we;
  logic [20:0] tag_wr;
  logic [ 2:0] first_word;      // of the access: the critical word

  assign is_idle    = state_q == StIdle;
  assign is_fill    = state_q == StFill;
  assign is_access  = is_fill | (state_q == StUncached);
  assign first_word = offset_q[4:2];
  assign rsp_mine   = mem_rsp_valid_i & (wb_owed_q == 5'd0);
  assign fill_rsp   = is_fill & rsp_mine;
  assign fill_last  = fill_rsp & (come_q == 3'd7);
  assign fill_bad   = fill_err_q | mem_rsp_err_i;
  // The buffer is free when the write-back before has been sent. Then reading the victim and asking for the line begin
  // together, in the same order: a word is read before its successor can arrive.
  always_comb begin
    move         = 1'b0;
    move_last    = 1'b0;
    wb_start     = 1'b0;
    scan_clean   = 1'b0;
    maint_done_o = 1'b0;
    tag_we       = '0;
    tag_wr       = '0;
    // What is done in other states only costs a simulator nothing in this one.
    if (!is_idle) begin
      move         = (is_fill | (state_q == StMove)) & ~wb_busy_q & ~moved_q[3];
      move_last    = (state_q == StMove) & move & (moved_q == 4'd7);
      wb_start     = move_last | (fill_last & |(dirty & victim_q));
      scan_clean   = (state_q == StScan) & ~|dirty;
      maint_done_o = (state_q == StDrain) & ~wb_busy_q & (wb_owed_q == 5'd0);
      tag_we       = {Ways{(state_q == StClear) | (scan_clean & maint_i[1])}} | (victim_q & {Ways{fill_last}});
      if (is_fill && !fill_bad) tag_wr = {1'b1, ppn_q};
    end
  end

  always_comb begin
    state_d = state_q;
    unique case (state_q)
      StClear: if (line == 7'd127) state_d = StIdle;
      StIdle: begin
        if (s1_miss) state_d = s1_cached_i ? StFill : StUncached;
        else if (maint_i != 2'd0 && !s1_valid_q) state_d = StLook;
      end
      StFill: if (fill_last) state_d = StIdle;
      StUncached: if (rsp_mine) state_d = StIdle;
      StLook: state_d = StScan;
      StScan: begin
        if (|dirty) state_d = StMove;
        else if (line == 7'd127) state_d = StDrain;
      end
      StMove: if (move_last) state_d = StLook;
      default: if (!wb_busy_q && wb_owed_q == 5'd0) state_d = StIdle;
    endcase
  end

  assign req_ready_o  = is_idle;
  assign late_rsp     = (fill_rsp & (we_q ? come_q == 3'd7 : come_q == 3'd0)) | ((state_q == StUncached) & rsp_mine);
  assign rsp_valid_o  = s1_hit | late_rsp;
  assign rsp_err_o    = late_rsp & fill_bad;

  always_ff @(posedge clk_i) begin
    state_q    <= state_d;
    s1_valid_q <= take;
    hit_q      <= s1_hit;
    if (is_idle && req_valid_i) begin
      s1_offset_q <= req_offset_i;
      s1_we_q     <= req_we_i;
      s1_wdata_q  <= req_wdata_i;
      s1_wstrb_q  <= req_wstrb_i;
      s1_align_q  <= req_align_i;
    end
    if (is_idle) begin
      if (s1_valid_q) offset_q <= s1_offset_q;
      else if (maint_i != 2'd0) offset_q <= '0;
      sent_q   <= '0;
    end else if (state_q == StClear || scan_clean) begin
      offset_q <= {line + 7'd1, 3'd0};
    end
    if (is_idle && s1_valid_q) begin
      match_q   <= choice;
      s2_meta_q <= s1_meta;
      we_q      <= s1_we_q;
      wdata_q   <= s1_wdata_q;
      wstrb_q   <= s1_wstrb_q;
      align_q   <= s1_align_q;
      ppn_q     <= s1_ppn_i;
      priv_q    <= s1_priv_i;
      victim_q  <= Ways'(covert_cache_pkg::oldest(Ways, s1_tree));
    end
    if (state_q == StScan) victim_q <= lowest(dirty);

    if (is_access) begin
      if (!wb_busy_q && mem_ready_i && !sent_q[3]) sent_q <= is_fill ? sent_q + 4'd1 : 4'd8;
    end
    if (fill_rsp) begin
      come_q     <= come_q + 3'd1;
      fill_err_q <= fill_bad & ~fill_last;
    end
    if (move) moved_q <= moved_q + 4'd1;
    if (fill_last || move_last) moved_q <= '0;
    capture_q      <= move;
    capture_word_q <= first_word + moved_q[2:0];

    if (wb_start) begin
      wb_line_q <= {victim_ppn, line};
      wb_busy_q <= 1'b1;
    end else if (mem_ready_i && wb_word_q == 3'd7) begin
      wb_busy_q <= 1'b0;
    end
    if (wb_busy_q && mem_ready_i) wb_word_q <= wb_word_q + 3'd1;
    wb_owed_q <= wb_owed_q + 5'(wb_busy_q & mem_ready_i) - 5'(mem_rsp_valid_i & (wb_owed_q != 5'd0));

    if (!rst_ni) begin
      state_q    <= StClear;
      offset_q   <= '0;
      s1_valid_q <= 1'b0;
      hit_q      <= 1'b0;
      come_q     <= '0;
      fill_err_q <= 1'b0;
      moved_q    <= '0;
      capture_q  <= 1'b0;
      wb_busy_q  <= 1'b0;
      wb_word_q  <= '0;
      wb_owed_q  <= '0;
    end
  end

  always_ff @(posedge clk_i) if (capture_q) victim_data_q[capture_word_q] <= victim_data;

  // ---------------------------------------------------------------- bus
  assign mem_valid_o = wb_busy_q | (is_access & ~sent_q[3]);
  assign mem_addr_o  = wb_busy_q ? {wb_line_q, wb_word_q, 2'b00} : {ppn_q, line, first_word + sent_q[2:0], 2'b00};
  assign mem_we_o    = wb_busy_q | (we_q & ~is_fill);
  assign mem_wdata_o = wb_busy_q ? victim_data_q[wb_word_q] : wdata_q;
  assign mem_wstrb_o = (wb_busy_q | is_fill) ? 4'hF : wstrb_q;
  assign mem_priv_o  = wb_busy_q ? 2'd3 : priv_q;
  assign mem_more_o  = wb_busy_q ? wb_word_q != 3'd7 : is_fill & (sent_q != 4'd7);

  // ---------------------------------------------------------------- arrays
  // Each has a read port, whose word is there in the next cycle, and a write port. Their contents are never reset. What
  // is read of a place that is written in the same cycle is not used, but taken from fwd_*: `no_rw_check`.
  logic [11:2]         rd_addr, wr_addr;
  logic [Ways-1:0]     used_way, data_we;
  logic [ 3:0]         data_strb;
  logic [31:0]         data_wr;

  always_comb begin
    unique case (state_q)
      StIdle:  rd_addr = req_offset_i;
      StScan:  rd_addr = {line + 7'd1, 3'd0};  // if a line is dirty, its set is read again
      default: rd_addr = {line, first_word + moved_q[2:0]};
    endcase
  end

  // come_q is 0 but in a fill.
  assign wr_addr   = {line, first_word + come_q};
  assign used_way  = is_idle ? match_q : victim_q;
  assign data_strb = is_idle ? wstrb_q : 4'hF;
  assign data_we   = used_way & {Ways{(hit_q & we_q) | fill_rsp}};
  always_comb begin
    // A store that missed is merged into its word when that arrives.
    data_wr = is_idle ? wdata_q : mem_rsp_data_i;
    if (is_fill) begin
      if (we_q && come_q == 3'd0) begin
        data_wr = with_bytes(mem_rsp_data_i, wdata_q, wstrb_q);
      end
    end
  end

  assign meta_we = (state_q == StClear) | hit_q | fill_last | move_last;
  always_comb begin
    logic [Ways-1:0] dirty_new;
    logic            use_it;
    dirty_new = dirty;
    use_it    = is_idle | (is_fill & ~fill_bad);
    meta_wr   = '0;
    if (meta_we && state_q != StClear) begin
      if (is_fill || state_q == StMove) dirty_new = dirty & ~victim_q;
      if (we_q && use_it) dirty_new = dirty_new | used_way;
      meta_wr = MetaBits'({use_it ? covert_cache_pkg::touched(Ways, tree, 4'(used_way)) : tree, dirty_new});
    end
  end

  for (genvar w = 0; w < Ways; w++) begin : gen_way
    (* no_rw_check *) logic [31:0] data_q[Words];
    (* no_rw_check *) logic [20:0] tag_q[Sets];  // valid, physical page

    always_ff @(posedge clk_i) begin
      if (data_we[w]) begin
        for (int unsigned b = 0; b < 4; b++) if (data_strb[b]) data_q[wr_addr][8*b+:8] <= data_wr[8*b+:8];
      end
      data_rd_q[w] <= data_q[rd_addr];
    end
    always_ff @(posedge clk_i) begin
      if (tag_we[w]) tag_q[line] <= tag_wr;
      tag_rd_q[w] <= tag_q[rd_addr[11:5]];
    end

    covert_match u_match (
      .always_i((w == 0) & ~is_idle),
      .active_i(s1_valid_q),
      .a_i     (tag_rd_q[w]),
      .b_i     ({1'b1, s1_ppn_i}),
      .match_o (choice[w])
    );

    covert_align u_align (
      .active_i    (choice[w]),
      .word_i      (data_rd_q[w]),
      .newer_i     (newer[w]),
      .newer_strb_i(newer_strb[w]),
      .align_i     (align),
      .word_o      (words[w])
    );
  end

  (* no_rw_check *) logic [MetaBits-1:0] meta_q[Sets];  // replacement tree, dirty ways

  always_ff @(posedge clk_i) begin
    if (meta_we) meta_q[line] <= meta_wr;
    meta_rd_q <= meta_q[rd_addr[11:5]];
  end

  always_ff @(posedge clk_i) begin
    fwd_way_q  <= data_we & {Ways{rd_addr == wr_addr}};
    fwd_meta_q <= meta_we & (rd_addr[11:5] == line);
    if (data_we != '0) begin
      fwd_strb_q <= data_strb;
      fwd_data_q <= data_wr;
    end
    if (meta_we) fwd_meta_data_q <= meta_wr;
  end

endmodule
