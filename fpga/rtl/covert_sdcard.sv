// Block device of the chip on an SD card in SPI mode (docs/fpga.md): finds and initialises the card, moves sectors
// between it and the I/O region of main memory. SDSC (byte addresses), SDHC and SDXC (sector addresses).
// More than one sector is CMD18 or CMD25: a command for each sector would pay a card's access time (0.1 to 1 ms, and more
// for a write) each time, several times the 0.16 ms in which 512 bytes go over at 25 MHz; within one command a card reads ahead
// and writes what it has gathered. A sector is in the buffer as a whole before it goes on, with its CRC checked: the clock of
// the card stands still meanwhile.
// A command that failed, for whatever reason, has the card initialised anew.
module covert_sdcard #(
  parameter int unsigned ClockHz  = 50_000_000,
  parameter int unsigned FastHalf = 1,  // clocks in half a period of a ready card's clock: 25 MHz or less
  parameter logic [31:0] IoBase   = 32'd5 * covert_pkg::RegionStride  // the I/O region, physical; of NTiles = 2
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  // block device: covert_io's port, mirrored
  input  logic        blk_start_i,      // pulse; the fields stay until blk_done_o
  input  logic [ 1:0] blk_op_i,         // covert_pkg::IoBlkRead, IoBlkWrite, IoBlkFlush
  input  logic [63:0] blk_sector_i,
  input  logic [11:0] blk_count_i,      // sectors, 1 to 2048
  /* verilator lint_off UNUSEDSIGNAL */
  input  logic [31:0] blk_addr_i,       // byte offset in the I/O region, a multiple of 4
  /* verilator lint_on UNUSEDSIGNAL */
  output logic        blk_done_o,       // pulse: the command has ended, all its data moved
  output logic        blk_failed_o,     // with it
  output logic [63:0] blk_capacity_o,   // sectors, 0: no card, or none that is ready
  output logic        blk_read_only_o,
  output logic        settled_o,        // level: the first search for a card is over, with or without one
  // memory channel
  output logic        mem_req_valid_o,
  input  logic        mem_req_ready_i,
  output logic [31:0] mem_req_addr_o,
  output logic        mem_req_we_o,
  output logic [31:0] mem_req_wdata_o,
  output logic [ 3:0] mem_req_wstrb_o,
  output logic        mem_req_more_o,   // the next request is for the next word
  input  logic        mem_rsp_valid_i,
  input  logic [31:0] mem_rsp_data_i,
  // card
  output logic        sd_clk_o,
  output logic        sd_mosi_o,
  input  logic        sd_miso_i,        // with a pull-up
  output logic        sd_cs_no,
  input  logic        sd_present_i      // level: a card is in the socket; 1 where there is no switch
);

  localparam int unsigned SlowHalf = ClockHz / 800_000 + 1;  // below 400 kHz
  localparam int unsigned HalfBits = $clog2(SlowHalf > FastHalf ? SlowHalf : FastHalf) + 1;
  localparam int unsigned TickClocks = ClockHz / 1000;
  localparam int unsigned TickBits = $clog2(TickClocks);
  localparam int unsigned OffsetBits = $clog2(covert_pkg::RegionStride);
  localparam int unsigned Words = 128;
  localparam logic [7:0] MaxOutstanding = 8'd16;
  // Time limits in ms, one more since the first is not a whole one.
  localparam logic [9:0] PowerMs = 10'd11;      // contacts bounce; 1 ms would do for the supply
  localparam logic [9:0] InitMs = 10'd1001;
  localparam logic [9:0] ReadMs = 10'd101;
  localparam logic [9:0] WriteMs = 10'd251;
  localparam logic [9:0] WriteXcMs = 10'd501;   // of a card above 32 GiB
  localparam logic [1:0] Tries = 2'd3;
  localparam logic [9:0] AnswerBytes = 10'd16;  // in which the answer to a command comes: 8 by the specification

  localparam logic [5:0] GoIdle = 6'd0;
  localparam logic [5:0] SendIfCond = 6'd8;
  localparam logic [5:0] SendCsd = 6'd9;
  localparam logic [5:0] StopTransmission = 6'd12;
  localparam logic [5:0] SendStatus = 6'd13;
  localparam logic [5:0] SetBlockLen = 6'd16;
  localparam logic [5:0] ReadSingle = 6'd17;
  localparam logic [5:0] ReadMultiple = 6'd18;
  localparam logic [5:0] WriteSingle = 6'd24;
  localparam logic [5:0] WriteMultiple = 6'd25;
  localparam logic [5:0] SdSendOpCond = 6'd41;
  localparam logic [5:0] AppCmd = 6'd55;
  localparam logic [5:0] ReadOcr = 6'd58;
  localparam logic [5:0] CrcOnOff = 6'd59;

  typedef enum logic [4:0] {
    StAbsent,  // no card
    StPower,   // the supply settles
    StNudge,   // a stop token, for a card that was left in the middle of a write
    StWake,    // 80 clocks with CS high
    StIdle,    // ready
    StIssue,   // which command next for what is left of the transfer
    StDesel,   // 8 clocks with CS high before each command
    StSel,     // CS low, until the card is not busy
    StCmd,
    StResp,    // until R1
    StExtra,   // what follows it
    StAnswer,  // what it means
    StToken,   // until data comes
    StRxData,
    StSize,    // the capacity, a shift a clock
    StStore,   // buffer to memory
    StFetch,   // memory to buffer
    StTxData,
    StTxResp,  // until the data response
    StBusy,
    StStop,    // stop token of CMD25
    StEnd,     // 8 clocks with CS high, in which the card ends its work
    StFail
  } state_e;

  state_e                state_q, state_d;
  logic [           5:0] cmd_q, cmd_d;
  logic [           6:0] r1_q;
  /* verilator lint_off UNUSEDSIGNAL */
  logic [          31:0] word_q;           // the last four bytes, the first of them lowest
  /* verilator lint_on UNUSEDSIGNAL */
  logic [           1:0] tries_q, tries_d;
  logic                  again_q, again_d;      // the transfer starts again where it is once the card has stopped
  logic                  stopped_q, stopped_d;  // CMD25 has had its stop token
  logic                  pending_q;
  logic                  done_q, done_d, failed_q, failed_d;
  logic                  settled_q, settled_d;
  logic [           1:0] present_q;
  // The card: ready, its kind and size.
  logic                  ready_q, ready_d, v2_q, v2_d, ccs_q, ccs_d, read_only_q, read_only_d;
  logic [          32:0] capacity_q, capacity_d, size_q, size_d;
  logic [           3:0] shift_q, shift_d;
  logic [           1:0] csd_version_q;
  logic [           3:0] csd_bl_q;
  logic [           2:0] csd_mult_q;
  logic                  csd_wp_q, csd_good_q;
  // The transfer.
  logic [          31:0] sector_q;
  logic [          11:0] left_q;
  logic [OffsetBits-1:0] offset_q;
  // Time.
  logic [  TickBits-1:0] tick_q;
  logic [           9:0] ms_q, ms_d;
  // Bytes: begun and received in this state.
  logic [           9:0] sent_q, sent_d, got_q;
  logic                  active_q, sck_q, mosi_q, cs_nq, miso_q, crc_on_q, sample_q, sampled_q, rx_valid_q;
  logic [  HalfBits-1:0] half_q;
  logic [           2:0] bit_q;
  logic [           6:0] out_q;
  logic [           7:0] rx_q;
  logic [           6:0] crc7_q;
  logic [          15:0] crc16_q;
  // Buffer and memory.
  logic [          31:0] buffer_q[Words];
  logic [          31:0] rd_data_q;
  logic [           7:0] req_q, req_d, req_next, rsp_q;
  logic                  rsp_valid_q;
  logic [          31:0] rsp_data_q;

  logic       present, expired, multi, writes;
  logic       poll, want, load, cs, crc_on, last_rx, half_end, byte_end, rise, crc_step, crc_bit;
  logic       sends;
  logic [9:0] last;  // index of its last byte
  logic [7:0] tx;
  logic       fatal, restart, take, next_block, storing, fetching, go;
  logic       in_range, in_csd;
  logic [31:0] arg;
  logic [6:0] rd_addr;

  assign present = present_q[1];
  assign expired = ms_q == 10'd0;
  assign multi   = (cmd_q == ReadMultiple) | (cmd_q == WriteMultiple);
  assign writes  = 32'(blk_op_i) == covert_pkg::IoBlkWrite;
  assign in_csd  = (state_q == StRxData) & (cmd_q == SendCsd);
  assign in_range = (blk_sector_i[63:32] == 32'd0) & (blk_count_i != 12'd0) &
      ({1'b0, blk_sector_i[31:0]} + 33'(blk_count_i) <= capacity_q);

  // What each state sends: a number of bytes without a gap, or one after the other until an answer says otherwise.
  always_comb begin
    unique case (cmd_q)
      SendIfCond:   arg = 32'h0000_01AA;  // 2.7 to 3.6 V, a pattern to be returned
      CrcOnOff:     arg = 32'd1;
      SdSendOpCond: arg = {1'b0, v2_q, 30'd0};  // HCS
      SetBlockLen:  arg = covert_pkg::IoSectorSize;
      ReadSingle, ReadMultiple, WriteSingle, WriteMultiple: arg = ccs_q ? sector_q : {sector_q[22:0], 9'd0};
      default:      arg = '0;
    endcase
  end

  always_comb begin
    poll   = 1'b0;
    sends  = 1'b1;
    last   = 10'd0;
    tx     = 8'hFF;
    cs     = 1'b1;
    crc_on = 1'b0;
    unique case (state_q)
      StSel, StResp, StToken, StTxResp, StBusy: begin
        poll  = 1'b1;
        sends = 1'b0;
      end
      StNudge: tx = 8'hFD;
      StWake: begin
        last = 10'd9;
        cs   = 1'b0;
      end
      StDesel, StEnd: cs = 1'b0;
      StCmd: begin
        last   = 10'd5;
        crc_on = sent_q != 10'd5;
        unique case (sent_q[2:0])
          3'd0:    tx = {2'b01, cmd_q};
          3'd1:    tx = arg[31:24];
          3'd2:    tx = arg[23:16];
          3'd3:    tx = arg[15:8];
          3'd4:    tx = arg[7:0];
          default: tx = {crc7_q, 1'b1};
        endcase
      end
      StExtra:  last = (cmd_q == SendStatus) ? 10'd0 : 10'd3;
      StRxData: last = (cmd_q == SendCsd) ? 10'd17 : 10'd513;
      StTxData: begin
        // The token stands before a word's boundary.
        last   = 10'd517;
        crc_on = (sent_q >= 10'd4) & (sent_q < 10'd516);
        if (sent_q == 10'd3) tx = multi ? 8'hFC : 8'hFE;
        else if (crc_on) tx = rd_data_q[8*sent_q[1:0]+:8];
        else if (sent_q == 10'd516) tx = crc16_q[15:8];
        else if (sent_q == 10'd517) tx = crc16_q[7:0];
      end
      StStop: begin
        last = 10'd1;  // and a byte before the card is busy
        if (sent_q == 10'd0) tx = 8'hFD;
      end
      StAnswer, StStore, StFetch: sends = 1'b0;
      default: begin
        sends = 1'b0;
        cs    = 1'b0;
      end
    endcase
  end

  assign want    = poll ? sent_q == got_q : sends & (sent_q <= last);
  assign last_rx = sends & rx_valid_q & (got_q == last);

  // A byte: MOSI changes with the falling edge. MISO is taken by the flip-flop at the pad at the clock that makes the next falling edge,
  // the latest moment at which the card must still hold the bit: 40 ns after it began at 25 MHz.
  assign half_end = half_q == '0;
  assign rise     = active_q & half_end & ~sck_q;
  assign byte_end = active_q & half_end & sck_q & (bit_q == 3'd7);
  assign load     = want & (~active_q | byte_end);
  assign crc_step = (rise & crc_on_q) | (sample_q & (state_q == StRxData));
  assign crc_bit  = (state_q == StRxData) ? miso_q : mosi_q;
  assign sent_d   = (state_d != state_q) ? 10'd0 : sent_q + 10'(load);

  always_ff @(posedge clk_i) begin
    miso_q <= sd_miso_i;
    if (sample_q) rx_q <= {rx_q[6:0], miso_q};
    if (rx_valid_q) word_q <= {rx_q, word_q[31:8]};
    if (state_d != state_q) begin
      crc7_q  <= '0;
      crc16_q <= '0;
    end else if (crc_step) begin
      crc7_q  <= {crc7_q[5:0], 1'b0} ^ (7'h09 & {7{crc7_q[6] ^ crc_bit}});
      crc16_q <= {crc16_q[14:0], 1'b0} ^ (16'h1021 & {16{crc16_q[15] ^ crc_bit}});
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      active_q   <= 1'b0;
      sck_q      <= 1'b0;
      mosi_q     <= 1'b1;
      cs_nq      <= 1'b1;
      crc_on_q   <= 1'b0;
      sample_q   <= 1'b0;
      sampled_q  <= 1'b0;
      rx_valid_q <= 1'b0;
      half_q     <= '0;
      bit_q      <= '0;
      out_q      <= '0;
      sent_q     <= '0;
      got_q      <= '0;
    end else begin
      cs_nq      <= ~cs;
      sample_q   <= active_q & half_end & sck_q;
      sampled_q  <= byte_end;
      rx_valid_q <= sampled_q;
      sent_q     <= sent_d;
      got_q      <= (state_d != state_q) ? 10'd0 : got_q + 10'(rx_valid_q);
      half_q     <= half_q - HalfBits'(1);
      if (half_end || !active_q) half_q <= ready_q ? HalfBits'(FastHalf - 1) : HalfBits'(SlowHalf - 1);
      if (load) begin
        active_q <= 1'b1;
        sck_q    <= 1'b0;
        bit_q    <= '0;
        mosi_q   <= tx[7];
        out_q    <= tx[6:0];
        crc_on_q <= crc_on;
      end else if (byte_end) begin
        active_q <= 1'b0;
        sck_q    <= 1'b0;
        mosi_q   <= 1'b1;
      end else if (active_q && half_end) begin
        sck_q <= ~sck_q;
        if (sck_q) begin
          bit_q  <= bit_q + 3'd1;
          mosi_q <= out_q[6];
          out_q  <= {out_q[5:0], 1'b1};
        end
      end
    end
  end

  // What the card says, and what to do next.
  always_comb begin
    state_d     = state_q;
    cmd_d       = cmd_q;
    tries_d     = tries_q;
    again_d     = again_q;
    stopped_d   = stopped_q;
    ms_d        = (tick_q == '0 && !expired) ? ms_q - 10'd1 : ms_q;
    ready_d     = ready_q;
    v2_d        = v2_q;
    ccs_d       = ccs_q;
    capacity_d  = capacity_q;
    read_only_d = read_only_q;
    size_d      = size_q;
    shift_d     = shift_q;
    settled_d   = settled_q;
    done_d      = 1'b0;
    failed_d    = 1'b0;
    fatal       = 1'b0;
    restart     = 1'b0;
    take        = 1'b0;
    next_block  = 1'b0;
    unique case (state_q)
      StAbsent: begin
        ready_d     = 1'b0;
        capacity_d  = '0;
        read_only_d = 1'b0;
        settled_d   = 1'b1;
        done_d      = pending_q;
        failed_d    = pending_q;
        ms_d        = PowerMs;
        if (present) state_d = StPower;
      end
      StPower: if (expired) begin
        ms_d    = InitMs;
        state_d = StWake;
      end
      StNudge: if (last_rx) state_d = StWake;
      StWake: begin
        tries_d = Tries;
        cmd_d   = GoIdle;
        if (last_rx) state_d = StSel;
      end
      StIdle: begin
        again_d   = 1'b0;
        stopped_d = 1'b0;
        tries_d   = Tries;
        if (pending_q) begin
          take = 1'b1;
          if (32'(blk_op_i) == covert_pkg::IoBlkFlush) begin
            // It has been written when its command ended; asked again, since it costs nothing.
            cmd_d   = SendStatus;
            state_d = StDesel;
          end else if (in_range && !(writes && read_only_q)) begin
            state_d = StIssue;
          end else begin
            done_d   = 1'b1;
            failed_d = 1'b1;
          end
        end
      end
      StIssue: begin
        if (writes) cmd_d = (left_q == 12'd1) ? WriteSingle : WriteMultiple;
        else cmd_d = (left_q == 12'd1) ? ReadSingle : ReadMultiple;
        state_d = StDesel;
      end
      StDesel: if (last_rx) begin
        if (ready_q) ms_d = (capacity_q[32:26] != '0) ? WriteXcMs : WriteMs;
        state_d = StSel;
      end
      StSel: if (rx_valid_q) begin
        if (rx_q == 8'hFF || cmd_q == GoIdle) state_d = StCmd;
        else if (expired) fatal = 1'b1;
      end
      StCmd: if (last_rx) state_d = StResp;
      StResp: if (rx_valid_q) begin
        // A byte that means nothing follows CMD12.
        if (!rx_q[7] && !(cmd_q == StopTransmission && got_q == 10'd0)) begin
          state_d = StAnswer;
          if (cmd_q == ReadOcr || cmd_q == SendStatus || (cmd_q == SendIfCond && !rx_q[2])) state_d = StExtra;
        end else if (got_q == AnswerBytes) begin
          if (cmd_q == GoIdle && !expired) state_d = StNudge;
          else fatal = 1'b1;
        end
      end
      StExtra: if (last_rx) state_d = StAnswer;
      StAnswer: begin
        if (r1_q[3] && tries_q != 2'd0 && cmd_q != GoIdle) begin
          // The command came with an error.
          tries_d = tries_q - 2'd1;
          if (cmd_q == SdSendOpCond) cmd_d = AppCmd;
          state_d = (cmd_q == StopTransmission) ? StCmd : StDesel;
        end else begin
          // Most commands are followed by another.
          state_d = StDesel;
          fatal   = r1_q != {6'd0, ~ready_q};
          unique case (cmd_q)
            GoIdle: begin
              cmd_d = SendIfCond;
              fatal = fatal & expired;
              if (r1_q != 7'h01) state_d = StNudge;
            end
            SendIfCond: begin
              v2_d  = ~r1_q[2];
              cmd_d = CrcOnOff;
              fatal = (r1_q[6:3] != 4'd0) | ~r1_q[0] |
                  (~r1_q[2] & ((word_q[31:24] != 8'hAA) | (word_q[19:16] != 4'h1)));
            end
            CrcOnOff: begin
              cmd_d = AppCmd;
              ms_d  = InitMs;
            end
            AppCmd: cmd_d = SdSendOpCond;
            SdSendOpCond: begin
              cmd_d = AppCmd;
              fatal = (r1_q[6:1] != 6'd0) | (r1_q[0] & expired);
              if (!r1_q[0]) begin
                cmd_d = ReadOcr;
                ms_d  = InitMs;
              end
            end
            ReadOcr: begin
              ccs_d = word_q[6] & v2_q;
              cmd_d = ccs_d ? SendCsd : SetBlockLen;
              fatal = (r1_q != 7'h00) | ~word_q[7];
            end
            SetBlockLen: begin
              cmd_d = SendCsd;
              fatal = r1_q != 7'h00;
            end
            SendCsd: begin
              ms_d    = ReadMs;
              state_d = StToken;
              fatal   = r1_q != 7'h00;
            end
            ReadSingle, ReadMultiple: begin
              ms_d    = ReadMs;
              state_d = StToken;
            end
            WriteSingle, WriteMultiple: state_d = StFetch;
            StopTransmission: begin
              // Some cards complain that they have read ahead beyond their last sector.
              ms_d    = ReadMs;
              state_d = StBusy;
              fatal   = (r1_q[3:2] != 2'b00);
            end
            default: begin
              // SendStatus: errors while the card wrote; of a read the same complaint.
              state_d = StEnd;
              if (writes || 32'(blk_op_i) == covert_pkg::IoBlkFlush) fatal = (r1_q != 7'h00) | (word_q[31:24] != 8'h00);
              else fatal = r1_q[3];
            end
          endcase
        end
      end
      StToken: if (rx_valid_q) begin
        if (rx_q == 8'hFE) begin
          state_d = StRxData;
        end else if (rx_q == 8'hFF) begin
          fatal = expired;
        end else begin
          // An error token, which is final, or what came of a token.
          if (rx_q[7:4] == 4'd0) tries_d = '0;
          fatal   = (cmd_q == SendCsd) | (~multi & (rx_q[7:4] == 4'd0));
          again_d = 1'b1;
          restart = cmd_q == ReadSingle;
          if (multi) begin
            cmd_d   = StopTransmission;
            state_d = StCmd;
          end
        end
      end
      StRxData: begin
        if (in_csd) begin
          // The CSD has a CRC of its own; not every card has a good one around it.
          if (rx_valid_q && ((csd_version_q == 2'd0 && got_q >= 10'd6 && got_q <= 10'd8) ||
              (csd_version_q == 2'd1 && got_q >= 10'd7 && got_q <= 10'd9))) size_d = {9'd0, size_q[15:0], rx_q};
          if (last_rx) begin
            if (!csd_good_q) begin
              fatal   = tries_q == 2'd0;
              tries_d = tries_q - 2'd1;
              state_d = StDesel;
            end else if (csd_version_q == 2'd0) begin
              size_d  = 33'(size_q[17:6]) + 33'd1;
              shift_d = 4'(csd_mult_q) + csd_bl_q - 4'd7;
              fatal   = (csd_bl_q < 4'd9) | (csd_bl_q > 4'd11);
              state_d = StSize;
            end else begin
              size_d  = 33'(size_q[21:0]) + 33'd1;
              shift_d = 4'd10;
              fatal   = csd_version_q != 2'd1;
              state_d = StSize;
            end
          end
        end else if (last_rx) begin
          if (crc16_q == 16'd0) begin
            state_d = StStore;
          end else begin
            again_d = 1'b1;
            restart = ~multi;
            if (multi) begin
              cmd_d   = StopTransmission;
              state_d = StCmd;
            end
          end
        end
      end
      StSize: begin
        size_d  = {size_q[31:0], 1'b0};
        shift_d = shift_q - 4'd1;
        if (shift_q == 4'd0) begin
          capacity_d  = size_q;
          read_only_d = csd_wp_q;
          ready_d     = 1'b1;
          settled_d   = 1'b1;
          state_d     = StIdle;
        end
      end
      StStore: if (rsp_q[7]) begin
        next_block = 1'b1;
        ms_d       = ReadMs;
        state_d    = StToken;
        if (left_q == 12'd1) begin
          state_d = multi ? StCmd : StEnd;
          cmd_d   = multi ? StopTransmission : cmd_q;
        end
      end
      StFetch: if (rsp_q[7]) state_d = StTxData;
      StTxData: if (last_rx) state_d = StTxResp;
      StTxResp: if (rx_valid_q) begin
        ms_d = (capacity_q[32:26] != '0) ? WriteXcMs : WriteMs;
        if (rx_q[4] == 1'b0 && rx_q[0]) begin
          state_d = StBusy;
          if (rx_q[3:1] == 3'b010) begin
            next_block = 1'b1;
          end else begin
            again_d = 1'b1;
            if (rx_q[3:1] != 3'b101) tries_d = '0;
          end
        end else if (rx_q != 8'hFF || got_q == AnswerBytes) begin
          fatal = 1'b1;
        end
      end
      StBusy: if (rx_valid_q) begin
        if (rx_q != 8'hFF) begin
          fatal = expired;
        end else if (cmd_q == WriteMultiple && !stopped_q && (again_q || left_q == 12'd0)) begin
          stopped_d = 1'b1;
          state_d   = StStop;
        end else if (again_q) begin
          restart = 1'b1;
        end else if (left_q == 12'd0) begin
          cmd_d   = SendStatus;
          state_d = StDesel;
        end else begin
          state_d = StFetch;
        end
      end
      StStop: if (last_rx) begin
        ms_d    = (capacity_q[32:26] != '0) ? WriteXcMs : WriteMs;
        state_d = StBusy;
      end
      StEnd: if (last_rx) begin
        done_d  = 1'b1;
        state_d = StIdle;
      end
      default: begin  // StFail
        done_d    = pending_q;
        failed_d  = pending_q;
        settled_d = 1'b1;
        ready_d   = 1'b0;
        if (!ready_q) begin
          capacity_d  = '0;
          read_only_d = 1'b0;
        end
        ms_d    = InitMs;
        state_d = StWake;
      end
    endcase
    if (next_block) tries_d = Tries;
    if (restart) begin
      again_d   = 1'b0;
      stopped_d = 1'b0;
      tries_d   = tries_q - 2'd1;
      state_d   = StIssue;
      if (tries_q == 2'd0) fatal = 1'b1;
    end
    if (fatal) state_d = StFail;
    // Memory is not left in the middle.
    if (!present && state_q != StStore && state_q != StFetch) state_d = StAbsent;
  end

  // Fields of the CSD as they come.
  always_ff @(posedge clk_i) begin
    if (state_q == StResp && rx_valid_q) r1_q <= rx_q[6:0];
    if (in_csd && rx_valid_q) begin
      unique case (got_q[4:0])
        5'd0:    csd_version_q <= rx_q[7:6];
        5'd5:    csd_bl_q <= rx_q[3:0];
        5'd9:    csd_mult_q[2:1] <= rx_q[1:0];
        5'd10:   csd_mult_q[0] <= rx_q[7];
        5'd14:   csd_wp_q <= rx_q[5] | rx_q[4];
        5'd15:   csd_good_q <= crc7_q == 7'h09;  // what is left of a good one and the 1 behind it
        default: ;
      endcase
    end
  end

  // Between buffer and memory.
  assign storing  = state_q == StStore;
  assign fetching = state_q == StFetch;
  assign mem_req_valid_o = (storing | fetching) & ~req_q[7] & (req_q - rsp_q < MaxOutstanding);
  assign mem_req_addr_o  = {IoBase[31:OffsetBits], offset_q + OffsetBits'({req_q[6:0], 2'b00})};
  assign mem_req_we_o    = storing;
  assign mem_req_wdata_o = rd_data_q;
  assign mem_req_wstrb_o = 4'hF;
  assign mem_req_more_o  = req_q[6:0] != 7'(Words - 1);
  assign go              = mem_req_valid_o & mem_req_ready_i;
  assign req_next        = (storing | fetching) ? req_q + 8'(go) : '0;
  assign req_d           = (state_d == state_q) ? req_next : '0;
  // A byte takes 16 cycles or more, so its word need not be there in the first one.
  assign rd_addr         = (state_q == StTxData) ? sent_q[8:2] - 7'd1 : req_next[6:0];

  always_ff @(posedge clk_i) begin
    rd_data_q <= buffer_q[rd_addr];
    if (fetching && rsp_valid_q) buffer_q[rsp_q[6:0]] <= rsp_data_q;
    else if (state_q == StRxData && !in_csd && rx_valid_q && got_q[1:0] == 2'd3 && !got_q[9])
      buffer_q[got_q[8:2]] <= {rx_q, word_q[31:8]};
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q     <= StPower;
      cmd_q       <= GoIdle;
      tries_q     <= Tries;
      again_q     <= 1'b0;
      stopped_q   <= 1'b0;
      pending_q   <= 1'b0;
      done_q      <= 1'b0;
      failed_q    <= 1'b0;
      settled_q   <= 1'b0;
      present_q   <= '1;
      ready_q     <= 1'b0;
      v2_q        <= 1'b0;
      ccs_q       <= 1'b0;
      read_only_q <= 1'b0;
      capacity_q  <= '0;
      size_q      <= '0;
      shift_q     <= '0;
      sector_q    <= '0;
      left_q      <= '0;
      offset_q    <= '0;
      tick_q      <= '0;
      ms_q        <= PowerMs;
      req_q       <= '0;
      rsp_q       <= '0;
      rsp_valid_q <= 1'b0;
      rsp_data_q  <= '0;
    end else begin
      state_q     <= state_d;
      cmd_q       <= cmd_d;
      tries_q     <= tries_d;
      again_q     <= again_d;
      stopped_q   <= stopped_d;
      pending_q   <= (pending_q & ~done_d) | blk_start_i;
      done_q      <= done_d;
      failed_q    <= failed_d;
      settled_q   <= settled_d;
      present_q   <= {present_q[0], sd_present_i};
      ready_q     <= ready_d;
      v2_q        <= v2_d;
      ccs_q       <= ccs_d;
      read_only_q <= read_only_d;
      capacity_q  <= capacity_d;
      size_q      <= size_d;
      shift_q     <= shift_d;
      tick_q      <= (tick_q == '0) ? TickBits'(TickClocks - 1) : tick_q - TickBits'(1);
      ms_q        <= ms_d;
      req_q       <= req_d;
      rsp_q       <= (storing | fetching) & (state_d == state_q) ? rsp_q + 8'(rsp_valid_q) : '0;
      rsp_valid_q <= mem_rsp_valid_i;
      rsp_data_q  <= mem_rsp_data_i;
      if (take) begin
        sector_q <= blk_sector_i[31:0];
        left_q   <= blk_count_i;
        offset_q <= blk_addr_i[OffsetBits-1:0];
      end else if (next_block) begin
        sector_q <= sector_q + 32'd1;
        left_q   <= left_q - 12'd1;
        offset_q <= offset_q + OffsetBits'(covert_pkg::IoSectorSize);
      end
    end
  end

  assign blk_done_o      = done_q;
  assign blk_failed_o    = failed_q;
  assign blk_capacity_o  = 64'(capacity_q);
  assign blk_read_only_o = read_only_q;
  assign settled_o       = settled_q;
  assign sd_clk_o        = sck_q;
  assign sd_mosi_o       = mosi_q;
  assign sd_cs_no        = cs_nq;

endmodule
