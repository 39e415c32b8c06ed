// Instruction cache of a tile: lines of 32 bytes, `Ways` ways of a page each. The set is chosen by the offset in the
// page, which is the same in virtual and physical addresses; the tag is the physical page.
// A request is taken in cycle t, its page comes in t+1, and in t+1 the word is there or is not: then the requester asks
// again, for this or for anything else. One refill at a time, critical word first; its words go into the array as they
// arrive and can be had at once, and other lines hit meanwhile.
// Fetches are speculative, so a refill may be for nothing. Who may execute what is not looked at: a hit does not ask the
// bus, so the MMU checks the privilege.
module covert_icache #(
  parameter int unsigned Ways = 2  // 1, 2 or 4; of 4 KiB each
) (
  input  logic         clk_i,
  input  logic         rst_ni,        // synchronous
  // Lookup, cycle t.
  input  logic         req_valid_i,
  output logic         req_ready_o,   // low after reset and while being emptied
  input  logic [11:2]  req_offset_i,  // word in the page
  // Its second half, cycle t+1.
  input  logic [31:12] s1_ppn_i,
  input  logic         s1_cached_i,   // always the same for the same page
  input  logic         s1_kill_i,     // no effect, no hit
  input  logic [ 1:0]  s1_priv_i,
  output logic         s1_hit_o,      // the word is here
  output logic [31:0]  s1_data_o,
  output logic         s1_err_o,      // with s1_hit_o: access fault
  // fence.i: held until empty_done_o.
  input  logic         empty_i,
  output logic         empty_done_o,  // pulse
  // Bus, reads only, one word a request: held until accepted on valid & ready, answered in order, not before the next
  // cycle.
  output logic         mem_valid_o,
  input  logic         mem_ready_i,
  output logic [31:0]  mem_addr_o,    // word aligned
  output logic [ 1:0]  mem_priv_o,
  output logic         mem_more_o,    // the next request of this port is for the next word of this line
  input  logic         mem_rsp_valid_i,
  input  logic [31:0]  mem_rsp_data_i,
  input  logic         mem_rsp_err_i
);

  localparam int unsigned Sets     = 128;
  localparam int unsigned Words    = 1024;  // of a way
  localparam int unsigned TreeBits = (Ways == 1) ? 1 : Ways - 1;

  // After reset and for fence.i: one set a cycle becomes empty.
  logic            clear_q;
  logic [ 6:0]     clear_set_q;
  logic            empty_done_q;

  // The lookup in its cycle t+1.
  logic            s1_valid_q;
  logic [11:2]     s1_offset_q;
  logic [Ways-1:0] s1_block_q;     // this way holds the refill's line, and the word has not come or is not to be kept
  logic [Ways-1:0] s1_fwd_q;       // the word arrived in this way in cycle t
  logic            s1_same_word_q; // it is the word of the page that the refill began with

  // Refill.
  logic            refill_q;       // words are still to come
  logic            start_q;        // its first cycle
  logic [31:12]    ppn_q;
  logic [11:2]     offset_q;       // of the critical word
  logic            cached_q;
  logic [ 1:0]     priv_q;
  logic [Ways-1:0] victim_q;       // one-hot: the way that is filled
  logic [ 3:0]     sent_q;         // requests accepted; bit 3: all
  logic [ 2:0]     come_q;         // words that have come
  logic [ 7:0]     arrived_q;      // which
  logic            bad_q;          // one with an error: the line is not kept
  logic            empty_q;        // the cache was emptied meanwhile, and with it this line's tag
  logic [31:0]     last_data_q;    // the word that came last

  // What is given only once: an uncached word, which is then last_data_q, or the error of a critical word. It waits
  // for its lookup for 15 cycles, and no other refill starts. A requester that gave up must not find it much later.
  logic [ 3:0]     once_q;         // cycles left, 0: none
  logic            once_err_q;

  // A hit, in the cycle behind its lookup: only then its way counts as used, since it is known late.
  logic            used_q;
  logic [Ways-1:0] used_way_q;
  logic [11:5]     used_set_q;
  logic [     2:0] used_tree_q;

  // What the arrays gave; the tree as it was written in the cycle in which it was read.
  logic [Ways-1:0][31:0] data_rd_q;
  logic [20:0]           tag_rd_q[Ways];
  logic [TreeBits-1:0]   tree_rd_q;
  logic                  fwd_tree_q;
  logic [TreeBits-1:0]   fwd_tree_data_q;

  // ---------------------------------------------------------------- lookup, cycle t+1
  logic [Ways-1:0] same_tag;
  logic [Ways-1:0][31:0] words;
  logic            s1_live, hit_line, hit_once, start, tree_we;
  logic [11:5]     tree_set;
  logic [TreeBits-1:0] tree_wr;
  logic [     2:0] tree;

  always_comb begin
    hit_once = 1'b0;
    if (once_q != 4'd0) hit_once = s1_live & s1_same_word_q & (s1_ppn_i == ppn_q) & (s1_priv_i == priv_q);
    for (int unsigned w = 0; w < Ways; w++) words[w] = s1_fwd_q[w] ? last_data_q : data_rd_q[w];
  end

  covert_select #(
    .Words(Ways + 1)
  ) u_select (
    .select_i({hit_once, same_tag & {Ways{s1_cached_i}}}),
    .words_i ({last_data_q, words}),
    .word_o  (s1_data_o)
  );

  assign s1_live  = s1_valid_q & ~s1_kill_i & ~clear_q;
  assign hit_line = |same_tag & s1_cached_i & s1_live;
  assign s1_hit_o = hit_line | hit_once;
  assign s1_err_o = hit_once & once_err_q;
  always_comb begin
    tree = 3'(fwd_tree_q ? fwd_tree_data_q : tree_rd_q);
    if (tree_we && tree_set == s1_offset_q[11:5]) tree = 3'(tree_wr);
  end
  assign start    = s1_live & ~hit_line & ~refill_q & (once_q == 4'd0);

  // ---------------------------------------------------------------- refill
  logic       rsp, last, bad;
  logic [2:0] rsp_word, req_word;
  logic       req_of_line, req_arrived;

  assign rsp      = refill_q & mem_rsp_valid_i;
  assign last     = rsp & (~cached_q | (come_q == 3'd7));
  assign bad      = bad_q | (rsp & mem_rsp_err_i);
  assign rsp_word = offset_q[4:2] + come_q;

  // A lookup of cycle t can have what arrives in t.
  assign req_word    = req_offset_i[4:2];
  assign req_of_line = refill_q & cached_q & (req_offset_i[11:5] == offset_q[11:5]);
  assign req_arrived = ~bad & (arrived_q[req_word] | (rsp & (rsp_word == req_word)));

  assign req_ready_o  = ~clear_q;
  assign empty_done_o = empty_done_q;

  always_ff @(posedge clk_i) begin
    s1_valid_q     <= req_valid_i & ~clear_q;
    s1_offset_q    <= req_offset_i;
    s1_block_q     <= '0;
    s1_fwd_q       <= '0;
    if (req_of_line) begin
      if (!req_arrived) s1_block_q <= victim_q;
      if (rsp && rsp_word == req_word) s1_fwd_q <= victim_q;
    end
    s1_same_word_q <= req_offset_i == offset_q;

    if (mem_rsp_valid_i) last_data_q <= mem_rsp_data_i;
    start_q <= start;
    used_q  <= hit_line;
    if (s1_valid_q) begin
      used_way_q  <= same_tag;
      used_set_q  <= s1_offset_q[11:5];
      used_tree_q <= tree;
    end
    // While nothing is asked for, the next lookup may be what begins: that it does is known late.
    if (!refill_q && once_q == 4'd0) begin
      ppn_q     <= s1_ppn_i;
      offset_q  <= s1_offset_q;
      cached_q  <= s1_cached_i;
      priv_q    <= s1_priv_i;
      victim_q  <= Ways'(covert_cache_pkg::oldest(Ways, tree));
      sent_q    <= '0;
      come_q    <= '0;
      arrived_q <= '0;
      bad_q     <= 1'b0;
      empty_q   <= empty_i;
      refill_q  <= start;
    end else begin
      if (refill_q) begin
        if (mem_ready_i && !sent_q[3]) sent_q <= cached_q ? sent_q + 4'd1 : 4'd8;
      end
      if (rsp) begin
        come_q              <= come_q + 3'd1;
        arrived_q[rsp_word] <= 1'b1;
      end
      if (last) refill_q <= 1'b0;
      bad_q   <= bad;
      empty_q <= empty_q | empty_i;
    end

    if (once_q != 4'd0) once_q <= hit_once ? 4'd0 : once_q - 4'd1;
    if (rsp) begin
      if (come_q == 3'd0 && (!cached_q || mem_rsp_err_i)) begin
        once_q     <= 4'd15;
        once_err_q <= mem_rsp_err_i;
      end
    end
    // What was asked for before the cache was emptied is not given afterwards.
    if (empty_q || empty_i) once_q <= 4'd0;

    empty_done_q <= 1'b0;
    if (clear_q) begin
      clear_set_q <= clear_set_q + 7'd1;
      if (clear_set_q == 7'd127) begin
        clear_q      <= 1'b0;
        empty_done_q <= empty_i;
      end
    end else if (empty_i && !empty_done_q) begin
      clear_q <= 1'b1;
    end

    if (!rst_ni) begin
      clear_q     <= 1'b1;
      clear_set_q <= '0;
      s1_valid_q  <= 1'b0;
      used_q      <= 1'b0;
      refill_q    <= 1'b0;
      once_q      <= '0;
    end
  end

  // ---------------------------------------------------------------- bus
  assign mem_valid_o = refill_q & ~sent_q[3];
  assign mem_addr_o  = {ppn_q, offset_q[11:5], offset_q[4:2] + sent_q[2:0], 2'b00};
  assign mem_priv_o  = priv_q;
  assign mem_more_o  = cached_q & (sent_q != 4'd7);

  // ---------------------------------------------------------------- arrays
  // Each has a read port, whose word is there in the next cycle, and a write port. Their contents are never reset. What
  // is read of a place that is written in the same cycle is not used: s1_block_q, s1_fwd_q, fwd_tree_q; `no_rw_check`.
  logic [Ways-1:0]     data_we, tag_we;
  logic [11:5]         tag_set;
  logic [20:0]         tag_wr;

  assign data_we = victim_q & {Ways{rsp & cached_q}};

  // The tag is there from the first cycle of the refill and goes if the line is not kept. Its first hit makes the line
  // the last used one.
  always_comb begin
    tag_we  = '0;
    tag_set = offset_q[11:5];
    tag_wr  = '0;
    if (clear_q) begin
      tag_we  = '1;
      tag_set = clear_set_q;
    end else if (refill_q && cached_q) begin
      if (start_q || (last && bad)) tag_we = victim_q;
      if (start_q) tag_wr = {1'b1, ppn_q};
    end
  end

  assign tree_we  = clear_q | used_q;
  assign tree_set = clear_q ? clear_set_q : used_set_q;
  assign tree_wr  = clear_q ? '0 : TreeBits'(covert_cache_pkg::touched(Ways, used_tree_q, 4'(used_way_q)));

  for (genvar w = 0; w < Ways; w++) begin : gen_way
    (* no_rw_check *) logic [31:0] data_q[Words];
    (* no_rw_check *) logic [20:0] tag_q[Sets];  // valid, physical page

    always_ff @(posedge clk_i) begin
      if (data_we[w]) data_q[{offset_q[11:5], rsp_word}] <= mem_rsp_data_i;
      data_rd_q[w] <= data_q[req_offset_i];
    end
    always_ff @(posedge clk_i) begin
      if (tag_we[w]) tag_q[tag_set] <= tag_wr;
      tag_rd_q[w] <= tag_q[req_offset_i[11:5]];
    end

    covert_match u_match (
      .always_i(1'b0),
      .active_i(s1_valid_q & ~s1_block_q[w]),
      .a_i     (tag_rd_q[w]),
      .b_i     ({1'b1, s1_ppn_i}),
      .match_o (same_tag[w])
    );
  end

  (* no_rw_check *) logic [TreeBits-1:0] tree_q[Sets];

  always_ff @(posedge clk_i) begin
    if (tree_we) tree_q[tree_set] <= tree_wr;
    tree_rd_q       <= tree_q[req_offset_i[11:5]];
    fwd_tree_q      <= tree_we & (req_offset_i[11:5] == tree_set);
    fwd_tree_data_q <= tree_wr;
  end

endmodule
