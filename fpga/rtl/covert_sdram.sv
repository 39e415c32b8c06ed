// Controller of a 16-bit SDR SDRAM (32 MiB: AS4C16M16SA, MT48LC16M16A2, IS42S16160G) for the chip's memory channels.
// Requests are carried out in the order in which they are accepted, whatever their channel: a write is visible to all
// from then on, and answers are in order. A word is a burst of two columns, low half first.
//
// Rows stay open until another row of the bank or a refresh wants them: a tile's line and the line it writes back lie
// in different rows mostly, but the DMA engine comes back to its row each turn, and the next row can be opened under
// the words of another bank. Refresh closes them all every 7.8 us, long before tRAS(max).
//
// Channels take turns of a line (8 words) at most.
module covert_sdram #(
  parameter int unsigned Channels = 3,           // 2 to 8
  parameter int unsigned ClockHz = 50_000_000,   // of clk_i, which is the SDRAM's clock too, maybe shifted
  // Geometry: 4 banks. Byte address: row, bank, column, byte of the column; what is above is not looked at.
  parameter int unsigned RowBits = 13,
  parameter int unsigned ColumnBits = 9,         // up to 10
  // Data sheet, ns: the slowest of the three chips as -7 or -75.
  parameter int unsigned TRcNs = 66,             // ACTIVE to ACTIVE or REFRESH, same bank
  parameter int unsigned TRasNs = 44,            // ACTIVE to PRECHARGE
  parameter int unsigned TRcdNs = 21,            // ACTIVE to READ or WRITE
  parameter int unsigned TRpNs = 21,             // PRECHARGE to ACTIVE or REFRESH
  parameter int unsigned TRrdNs = 15,            // ACTIVE to ACTIVE, another bank
  parameter int unsigned TWrNs = 15,             // last half written to PRECHARGE
  parameter int unsigned TRfcNs = 66,            // REFRESH to anything
  parameter int unsigned TMrdNs = 15,            // LOAD MODE REGISTER to anything, and at least 2 clocks
  parameter int unsigned TRefiNs = 7812,         // 64 ms / 8192
  parameter int unsigned PowerUpNs = 200_000,    // benches lower it
  parameter int unsigned InitRefreshes = 8,
  parameter int unsigned CasLatency = 2,
  // Clocks from READ at the pads to the edge that takes the first half: the CAS latency if the SDRAM's clock comes a
  // part of a cycle after clk_i (inverted, say), one more if it comes with it.
  parameter int unsigned Capture = CasLatency
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,           // synchronous
  // memory channels, as covert_chip has them
  input  logic [   Channels-1:0] mem_req_valid_i,
  output logic [   Channels-1:0] mem_req_ready_o,
  input  logic [32*Channels-1:0] mem_req_addr_i,
  input  logic [   Channels-1:0] mem_req_we_i,
  input  logic [32*Channels-1:0] mem_req_wdata_i,
  input  logic [ 4*Channels-1:0] mem_req_wstrb_i,
  input  logic [   Channels-1:0] mem_req_more_i,
  output logic [   Channels-1:0] mem_rsp_valid_o,
  output logic [32*Channels-1:0] mem_rsp_data_o,
  // pads: outputs from flip-flops, inputs into flip-flops; put them into the pads
  output logic                   sdram_cke_o,
  output logic                   sdram_cs_no,
  output logic                   sdram_ras_no,
  output logic                   sdram_cas_no,
  output logic                   sdram_we_no,
  output logic [            1:0] sdram_ba_o,
  output logic [           12:0] sdram_a_o,
  output logic [            1:0] sdram_dqm_o,
  output logic [           15:0] sdram_dq_o,
  output logic                   sdram_dq_oe_o,
  input  logic [           15:0] sdram_dq_i
);

  // Clocks that cover a time. The period is rounded down, so the clocks never come out too few.
  localparam int unsigned PeriodPs = 1_000_000_000 / (ClockHz / 1000);
  function automatic int unsigned clocks(input int unsigned ns);
    clocks = (ns * 1000 + PeriodPs - 1) / PeriodPs;
  endfunction

  localparam int unsigned Rc = clocks(TRcNs);
  localparam int unsigned Ras = clocks(TRasNs);
  localparam int unsigned Rcd = clocks(TRcdNs);
  localparam int unsigned Rp = clocks(TRpNs);
  localparam int unsigned Rrd = clocks(TRrdNs);
  localparam int unsigned Wr = clocks(TWrNs);
  localparam int unsigned Rfc = clocks(TRfcNs);
  localparam int unsigned Mrd = clocks(TMrdNs) > 2 ? clocks(TMrdNs) : 2;
  localparam int unsigned PowerUp = clocks(PowerUpNs) + 2;
  localparam int unsigned Refi = TRefiNs * 1000 / (PeriodPs + 1);  // rounded down: one more refresh does no harm
  localparam int unsigned Beats = 2;                               // burst length
  localparam logic [12:0] Mode = {6'd0, 3'(CasLatency), 1'b0, 3'd1};  // sequential bursts of 2, reads and writes

  localparam int unsigned ChannelBits = $clog2(Channels);
  localparam int unsigned WordBits = ColumnBits - 1;  // of a word in its row
  localparam int unsigned AddrBits = 1 + ColumnBits + 2 + RowBits;
  localparam int unsigned WaitBits = $clog2(PowerUp + 1);
  localparam int unsigned RefiBits = $clog2(Refi);
  localparam int unsigned InitBits = $clog2(InitRefreshes + 1);

  localparam int unsigned TimerBits = 4;
  typedef logic [TimerBits-1:0] timer_t;  // of clocks until a command may be given

  // The time after a command in this cycle; a longer one goes on.
  function automatic timer_t longer(input timer_t timer, input int unsigned delay);
    longer = timer > timer_t'(delay - 1) ? timer : timer_t'(delay - 1);
  endfunction
  function automatic timer_t down(input timer_t timer);
    down = timer == '0 ? '0 : timer - timer_t'(1);
  endfunction

  // {RAS#, CAS#, WE#}
  typedef enum logic [2:0] {
    CmdMode      = 3'b000,
    CmdRefresh   = 3'b001,
    CmdPrecharge = 3'b010,
    CmdActive    = 3'b011,
    CmdWrite     = 3'b100,
    CmdRead      = 3'b101,
    CmdNop       = 3'b111
  } cmd_e;

  typedef enum logic [1:0] {
    StPowerUp,
    StRefresh,  // those of the initialisation
    StMode,
    StRun
  } state_e;

  typedef struct packed {
    logic [ChannelBits-1:0] channel;
    logic                   we;
    logic [    RowBits-1:0] row;
    logic [            1:0] bank;
    logic [   WordBits-1:0] column;  // of words
    logic [           31:0] wdata;
    logic [            3:0] wstrb;
  } request_t;

  // ---- Turns ----
  logic [ChannelBits-1:0] grant_q, grant_d;   // whose turn it is, or was last
  logic [            2:0] words_q, words_d;   // of the turn so far
  logic [            1:0] patience_q, patience_d;  // clocks to wait for the next word that was announced
  logic [   Channels-1:0] others;
  logic [ChannelBits-1:0] next;
  logic                   take, turn_ends;
  logic                   space;
  logic                   granted_valid, granted_more;
  request_t               granted;

  assign granted_valid = mem_req_valid_i[grant_q];
  assign granted_more  = mem_req_more_i[grant_q];
  assign take          = granted_valid & space;
  // A word takes two clocks, so a channel may need as long for its next one and nobody waits for it.
  assign turn_ends     = take ? ~granted_more | (words_q == 3'd7) : ~granted_valid & (patience_q == '0);

  always_comb begin
    others          = mem_req_valid_i;
    others[grant_q] = 1'b0;
    next            = grant_q;
    // The lowest, but one behind the granted channel comes before.
    for (int unsigned i = Channels; i > 0; i--) if (others[i-1]) next = ChannelBits'(i - 1);
    for (int unsigned i = Channels; i > 0; i--) begin
      if (others[i-1] && ChannelBits'(i - 1) > grant_q) next = ChannelBits'(i - 1);
    end
  end
  assign grant_d = turn_ends ? next : grant_q;
  assign words_d = turn_ends ? '0 : words_q + 3'(take);
  always_comb begin
    patience_d = patience_q;
    if (turn_ends) patience_d = '0;
    else if (take) patience_d = 2'd2;
    else if (!granted_valid) patience_d = patience_q - 2'd1;
  end

  always_comb begin
    mem_req_ready_o          = '0;
    mem_req_ready_o[grant_q] = space;
  end

  assign granted.channel = grant_q;
  assign granted.we      = mem_req_we_i[grant_q];
  assign {granted.row, granted.bank, granted.column} = mem_req_addr_i[32*grant_q+2+:AddrBits-2];
  assign granted.wdata   = mem_req_wdata_i[32*grant_q+:32];
  assign granted.wstrb   = mem_req_wstrb_i[4*grant_q+:4];
  // The bits above, and of the byte in the word.
  wire unused = &{1'b0, mem_req_addr_i};

  // ---- Accepted requests: the first is carried out, the row of the second is opened ahead ----
  localparam int unsigned Depth = 3;
  localparam int unsigned RequestBits = ChannelBits + 1 + RowBits + 2 + WordBits + 32 + 4;
  // Arrays of plain vectors: Yosys makes arrays of a type as narrow as one element of it.
  logic [Depth-1:0][RequestBits-1:0] queue_q;
  logic [      1:0]                  count_q;
  logic                              pop;

  assign space = count_q != 2'(Depth);

  // ---- Commands ----
  state_e                     state_q, state_d;
  logic [       WaitBits-1:0] wait_q, wait_d;            // until the next command, whatever it is
  logic [       InitBits-1:0] init_q, init_d;            // refreshes of the initialisation still to come
  logic [       RefiBits-1:0] refi_q;
  logic                       refresh_q;                 // a refresh is due
  logic [                3:0] open_q, open_d;            // of each bank: a row is open, which
  logic [3:0][   RowBits-1:0] row_q, row_d;
  logic [3:0][ TimerBits-1:0] column_q, column_d;        // of each bank: READ and WRITE
  logic [3:0][ TimerBits-1:0] precharge_q, precharge_d;
  logic [3:0][ TimerBits-1:0] active_q, active_d;        // and REFRESH
  timer_t                     rrd_q, rrd_d;              // ACTIVE, any bank
  timer_t                     burst_q, burst_d;          // the burst under way
  timer_t                     turn_q, turn_d;            // WRITE behind a READ: the bus changes hands
  cmd_e                       cmd;
  logic [                1:0] cmd_ba;
  logic [               12:0] cmd_a;
  request_t                   head;
  // verilator lint_off UNUSEDSIGNAL
  request_t                   ahead;                     // bank and row
  // verilator lint_on UNUSEDSIGNAL
  logic                       head_hit, head_go, ahead_go, column_go;
  logic [                1:0] wanted_bank;               // of the row that is opened, or whose bank is closed for it
  logic [        RowBits-1:0] wanted_row;

  assign head  = queue_q[0];
  assign ahead = queue_q[1];

  function automatic logic row_ready(input logic open, input timer_t precharge, input timer_t active,
                                     input timer_t rrd);
    row_ready = open ? precharge == '0 : (active == '0) & (rrd == '0);
  endfunction

  assign head_hit  = open_q[head.bank] & (row_q[head.bank] == head.row);
  assign column_go = (count_q != '0) & head_hit & (column_q[head.bank] == '0) & (burst_q == '0) &
                     (~head.we | (turn_q == '0));
  assign head_go   = (count_q != '0) & ~head_hit &
                     row_ready(open_q[head.bank], precharge_q[head.bank], active_q[head.bank], rrd_q);
  assign ahead_go  = (count_q > 2'd1) & (ahead.bank != head.bank) &
                     ~(open_q[ahead.bank] & (row_q[ahead.bank] == ahead.row)) &
                     row_ready(open_q[ahead.bank], precharge_q[ahead.bank], active_q[ahead.bank], rrd_q);

  assign {wanted_row, wanted_bank} = head_go ? {head.row, head.bank} : {ahead.row, ahead.bank};

  always_comb begin
    state_d = state_q;
    init_d  = init_q;
    wait_d  = wait_q == '0 ? '0 : wait_q - WaitBits'(1);
    open_d  = open_q;
    row_d   = row_q;
    for (int unsigned b = 0; b < 4; b++) begin
      column_d[b]    = down(column_q[b]);
      precharge_d[b] = down(precharge_q[b]);
      active_d[b]    = down(active_q[b]);
    end
    rrd_d   = down(rrd_q);
    burst_d = down(burst_q);
    turn_d  = down(turn_q);
    cmd     = CmdNop;
    cmd_ba  = '0;
    cmd_a   = '0;
    pop     = 1'b0;
    if (wait_q == '0) begin
      unique case (state_q)
        StPowerUp: begin
          cmd       = CmdPrecharge;
          cmd_a[10] = 1'b1;  // all banks
          wait_d    = WaitBits'(Rp - 1);
          state_d   = StRefresh;
        end
        StRefresh: begin
          cmd    = CmdRefresh;
          wait_d = WaitBits'(Rfc - 1);
          init_d = init_q - InitBits'(1);
          if (init_q == InitBits'(1)) state_d = StMode;
        end
        StMode: begin
          cmd     = CmdMode;
          cmd_a   = Mode;
          wait_d  = WaitBits'(Mrd - 1);
          state_d = StRun;
        end
        default: begin
          if (refresh_q) begin
            if (open_q != '0) begin
              if (precharge_q == '0) begin
                cmd       = CmdPrecharge;
                cmd_a[10] = 1'b1;
                open_d    = '0;
                for (int unsigned b = 0; b < 4; b++) active_d[b] = longer(down(active_q[b]), Rp);
              end
            end else if (active_q == '0) begin
              cmd    = CmdRefresh;
              wait_d = WaitBits'(Rfc - 1);
            end
          end else if (column_go) begin
            cmd     = head.we ? CmdWrite : CmdRead;
            cmd_ba  = head.bank;
            cmd_a   = 13'({head.column, 1'b0});  // without auto precharge
            pop     = 1'b1;
            burst_d = timer_t'(Beats - 1);
            // The SDRAM drives the bus until shortly after the last half is taken.
            if (!head.we) turn_d = timer_t'(Beats + Capture - 1);
            // PRECHARGE must not cut the burst off, and comes tWR after the last half of a write.
            precharge_d[head.bank] = longer(down(precharge_q[head.bank]), head.we ? Beats - 1 + Wr : Beats);
          end else if (head_go || ahead_go) begin
            cmd_ba = wanted_bank;
            if (open_q[wanted_bank]) begin
              cmd                   = CmdPrecharge;
              open_d[wanted_bank]   = 1'b0;
              active_d[wanted_bank] = longer(down(active_q[wanted_bank]), Rp);
            end else begin
              cmd                      = CmdActive;
              cmd_a                    = 13'(wanted_row);
              open_d[wanted_bank]      = 1'b1;
              row_d[wanted_bank]       = wanted_row;
              column_d[wanted_bank]    = timer_t'(Rcd - 1);
              precharge_d[wanted_bank] = timer_t'(Ras - 1);
              active_d[wanted_bank]    = timer_t'(Rc - 1);
              rrd_d                    = timer_t'(Rrd - 1);
            end
          end
        end
      endcase
    end
  end

  // ---- Pads ----
  cmd_e        cmd_q;
  logic        cke_q, cs_nq;
  logic [ 1:0] ba_q;
  logic [12:0] a_q;
  logic [ 1:0] dqm_q;
  logic [15:0] dq_q;
  logic        oe_q;
  logic        second_q;  // the second half goes out next
  logic        we_q;      // what it is, if it is
  logic [15:0] wdata_q;
  logic [ 1:0] wstrb_q;

  assign sdram_cke_o   = cke_q;
  assign sdram_cs_no   = cs_nq;
  assign {sdram_ras_no, sdram_cas_no, sdram_we_no} = cmd_q;
  assign sdram_ba_o    = ba_q;
  assign sdram_a_o     = a_q;
  assign sdram_dqm_o   = dqm_q;
  assign sdram_dq_o    = dq_q;
  assign sdram_dq_oe_o = oe_q;

  // ---- Answers: all as late as a read's, so that their order is that of the commands ----
  localparam int unsigned Delay = Capture + Beats;
  logic [      Delay-1:0]                  sent_q;
  logic [      Delay-1:0][ChannelBits-1:0] sent_channel_q;
  logic [           15:0]                  in_q, in_low_q;
  logic [   Channels-1:0]                  rsp_valid_q;
  logic [           31:0]                  rsp_data_q;

  assign mem_rsp_valid_o = rsp_valid_q;
  assign mem_rsp_data_o  = {Channels{rsp_data_q}};

  always_ff @(posedge clk_i) begin
    in_q       <= sdram_dq_i;
    in_low_q   <= in_q;
    rsp_data_q <= {in_q, in_low_q};
    // Whether there is a request is known late, so the place behind the last is written in any case.
    for (int unsigned i = 0; i < Depth; i++) begin
      if (pop && i != Depth - 1) queue_q[i] <= queue_q[i+1];
      if (2'(i) == count_q - 2'(pop)) queue_q[i] <= granted;
    end
    row_q          <= row_d;
    ba_q           <= cmd_ba;
    a_q            <= cmd_a;
    dq_q           <= pop ? head.wdata[15:0] : wdata_q;
    wdata_q        <= head.wdata[31:16];
    wstrb_q        <= head.wstrb[3:2];
    we_q           <= head.we;
    sent_channel_q <= {sent_channel_q[Delay-2:0], head.channel};
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      grant_q     <= '0;
      words_q     <= '0;
      patience_q  <= '0;
      count_q     <= '0;
      state_q     <= StPowerUp;
      wait_q      <= WaitBits'(PowerUp);
      init_q      <= InitBits'(InitRefreshes);
      refi_q      <= '0;
      refresh_q   <= 1'b0;
      open_q      <= '0;
      column_q    <= '0;
      precharge_q <= '0;
      active_q    <= '0;
      rrd_q       <= '0;
      burst_q     <= '0;
      turn_q      <= '0;
      cke_q       <= 1'b0;
      cs_nq       <= 1'b1;
      cmd_q       <= CmdNop;
      dqm_q       <= 2'b11;
      oe_q        <= 1'b0;
      second_q    <= 1'b0;
      sent_q      <= '0;
      rsp_valid_q <= '0;
    end else begin
      grant_q     <= grant_d;
      words_q     <= words_d;
      patience_q  <= patience_d;
      count_q     <= count_q + 2'(take) - 2'(pop);
      state_q     <= state_d;
      wait_q      <= wait_d;
      init_q      <= init_d;
      open_q      <= open_d;
      column_q    <= column_d;
      precharge_q <= precharge_d;
      active_q    <= active_d;
      rrd_q       <= rrd_d;
      burst_q     <= burst_d;
      turn_q      <= turn_d;
      // Counts on while a refresh waits: none is late by more than a row's time, and the mean interval is kept.
      refi_q      <= refi_q == '0 ? RefiBits'(Refi - 1) : refi_q - RefiBits'(1);
      if (state_q == StRun) begin
        if (refi_q == '0) refresh_q <= 1'b1;
        else if (cmd == CmdRefresh) refresh_q <= 1'b0;
      end
      cke_q       <= 1'b1;
      cs_nq       <= cmd == CmdNop;
      cmd_q       <= cmd;
      oe_q        <= pop ? head.we : second_q & we_q;
      second_q    <= pop;
      // The SDRAM looks at DQM two clocks before a half that is read, with a half that is written.
      if (pop) dqm_q <= head.we ? ~head.wstrb[1:0] : 2'b00;
      else if (second_q) dqm_q <= we_q ? ~wstrb_q : 2'b00;
      else dqm_q <= 2'b11;
      sent_q      <= {sent_q[Delay-2:0], pop};
      rsp_valid_q <= '0;
      rsp_valid_q[sent_channel_q[Delay-1]] <= sent_q[Delay-1];
    end
  end

endmodule
