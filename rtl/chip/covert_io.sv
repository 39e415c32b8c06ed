// I/O controller: the registers by which the VMM reaches disk, network and random numbers (docs/io.md). It moves no data:
// a device works on the I/O region of main memory, outside the chip.
// Towards the devices everything is a pulse with fields that stay: a command starts, later it has ended. Inputs may change at
// any time and end in flip-flops. A device that never ends its command leaves BLK_STATUS busy; one that never takes
// a frame, or gives no random word, leaves the access without an answer: the devices must answer.
module covert_io (
  input  logic        clk_i,
  input  logic        rst_ni,
  // bus: the access happens in the cycle with valid and ready; words, strobes have no meaning
  input  logic        valid_i,
  output logic        ready_o,
  input  logic        we_i,
  input  logic [11:0] addr_i,
  input  logic [31:0] wdata_i,
  output logic [31:0] rdata_o,
  // inputs of the barrier
  output logic        blk_done_o,       // level: a block command has ended since BLK_STATUS was read
  output logic        net_rx_o,         // level: a received frame is in the posted buffer
  // block device
  output logic        blk_start_o,      // pulse; the fields stay until blk_done_i
  output logic [ 1:0] blk_op_o,         // covert_pkg::IoBlkRead, IoBlkWrite, IoBlkFlush
  output logic [63:0] blk_sector_o,
  output logic [11:0] blk_count_o,      // sectors, 1 to 2048
  output logic [31:0] blk_addr_o,       // byte offset in the I/O region
  input  logic        blk_done_i,       // pulse: the command has ended, all its data moved
  input  logic        blk_failed_i,     // with it
  input  logic [63:0] blk_capacity_i,   // sectors, 0: no disk
  input  logic        blk_read_only_i,
  // network
  input  logic        net_present_i,
  input  logic [47:0] net_mac_i,        // byte k in bits 8k+7:8k
  output logic        net_tx_start_o,   // pulse; the fields stay until net_tx_taken_i
  output logic [31:0] net_tx_addr_o,    // byte offset in the I/O region
  output logic [10:0] net_tx_len_o,     // bytes, 14 to 1514
  input  logic        net_tx_taken_i,   // pulse: the frame has left the I/O region
  output logic        net_rx_post_o,    // pulse: a buffer, in the place of the one before
  output logic [31:0] net_rx_addr_o,    // byte offset in the I/O region
  output logic        net_rx_tag_o,     // changes with each post
  input  logic        net_rx_done_i,    // pulse: a frame is in the buffer
  input  logic        net_rx_tag_i,     // of the post it answers: one that came too late is not taken for the next
  input  logic [10:0] net_rx_len_i,     // bytes, not 0
  // random numbers: a word goes over with valid and ready
  output logic        random_ready_o,
  input  logic        random_valid_i,
  input  logic [31:0] random_data_i
);

  // Straps of the devices.
  logic [63:0] capacity_q;
  logic        read_only_q, present_q;
  logic [47:0] mac_q;
  // Block device: the next command, the one under way.
  logic [63:0] sector_q, run_sector_q;
  logic [11:0] run_count_q;
  logic [31:0] count_q, blk_addr_q, run_addr_q;
  logic [ 1:0] run_op_q;
  logic        start_q, busy_q, failed_q, done_q;
  logic        ended_q, ended_failed_q;    // the device's answer
  // Network.
  logic [31:0] tx_addr_q, rx_addr_q;
  logic [10:0] tx_len_q, rx_len_q, received_len_q;
  logic        tx_start_q, tx_busy_q, taken_q;
  logic        rx_post_q, rx_posted_q, rx_tag_q, received_q, received_tag_q;
  // Random numbers.
  logic        word_valid_q;
  logic [31:0] word_q;

  logic        act, read, write;
  logic        at_cmd, at_status, at_tx, at_rx, at_random;

  assign at_cmd    = addr_i == covert_pkg::IoRegBlkCmd;
  assign at_status = addr_i == covert_pkg::IoRegBlkStatus;
  assign at_tx     = addr_i == covert_pkg::IoRegNetTx;
  assign at_rx     = addr_i == covert_pkg::IoRegNetRxAddr;
  assign at_random = addr_i == covert_pkg::IoRegRandom;

  // What lies in the I/O region, whatever software says.
  function automatic logic in_region(input logic [31:0] addr, input logic [31:0] bytes);
    in_region = ({1'b0, addr} + {1'b0, bytes} <= {1'b0, covert_pkg::RegionStride}) & (addr[1:0] == 2'b00);
  endfunction

  // Block commands.
  logic moves, possible, start;

  assign moves    = (wdata_i == covert_pkg::IoBlkRead) | (wdata_i == covert_pkg::IoBlkWrite & ~read_only_q);
  assign possible = (capacity_q != 64'd0) & ((wdata_i == covert_pkg::IoBlkFlush) |
      (moves & (count_q != 32'd0) & (count_q <= covert_pkg::IoBlkCountMax) &
      ({1'b0, sector_q} + 65'(count_q) <= {1'b0, capacity_q}) &
      in_region(blk_addr_q, 32'(count_q[11:0]) * covert_pkg::IoSectorSize)));
  assign start    = write & at_cmd & ~busy_q;

  // Frames sent: what is no frame, or has no network to go to, is answered and goes nowhere.
  logic frame, tx_go;

  assign frame = present_q & (wdata_i >= covert_pkg::IoNetFrameMin) & (wdata_i <= covert_pkg::IoNetFrameMax) &
      in_region(tx_addr_q, wdata_i);
  assign tx_go = valid_i & we_i & at_tx & frame & ~tx_busy_q;

  always_comb begin
    ready_o = 1'b1;
    if (we_i & at_tx) ready_o = tx_busy_q ? taken_q : ~frame;
    if (~we_i & at_random) ready_o = word_valid_q;
  end

  assign act   = valid_i & ready_o;
  assign read  = act & ~we_i;
  assign write = act & we_i;

  always_comb begin
    unique case (addr_i)
      covert_pkg::IoRegBlkCapacityLo: rdata_o = capacity_q[31:0];
      covert_pkg::IoRegBlkCapacityHi: rdata_o = capacity_q[63:32];
      covert_pkg::IoRegBlkSectorLo:   rdata_o = sector_q[31:0];
      covert_pkg::IoRegBlkSectorHi:   rdata_o = sector_q[63:32];
      covert_pkg::IoRegBlkCount:      rdata_o = count_q;
      covert_pkg::IoRegBlkAddr:       rdata_o = blk_addr_q;
      covert_pkg::IoRegBlkStatus:
      rdata_o = ({32{busy_q}} & covert_pkg::IoBlkBusy) | ({32{failed_q}} & covert_pkg::IoBlkFailed) |
          ({32{read_only_q}} & covert_pkg::IoBlkReadOnly) | ({32{done_q}} & covert_pkg::IoBlkDone);
      covert_pkg::IoRegNetMacLo:      rdata_o = mac_q[31:0];
      covert_pkg::IoRegNetMacHi:      rdata_o = 32'(mac_q[47:32]) | ({32{present_q}} & covert_pkg::IoNetPresent);
      covert_pkg::IoRegNetTxAddr:     rdata_o = tx_addr_q;
      covert_pkg::IoRegNetRxLen:      rdata_o = 32'(rx_len_q);
      covert_pkg::IoRegRandom:        rdata_o = word_q;
      default:                        rdata_o = '0;
    endcase
  end

  always_ff @(posedge clk_i) begin
    capacity_q     <= blk_capacity_i;
    read_only_q    <= blk_read_only_i;
    present_q      <= net_present_i;
    mac_q          <= net_mac_i;
    ended_failed_q <= blk_failed_i;
    received_tag_q <= net_rx_tag_i;
    received_len_q <= net_rx_len_i;
    if (random_valid_i && random_ready_o) word_q <= random_data_i;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      sector_q     <= '0;
      count_q      <= '0;
      blk_addr_q   <= '0;
      run_sector_q <= '0;
      run_count_q  <= '0;
      run_addr_q   <= '0;
      run_op_q     <= '0;
      start_q      <= 1'b0;
      busy_q       <= 1'b0;
      failed_q     <= 1'b0;
      done_q       <= 1'b0;
      ended_q      <= 1'b0;
      tx_addr_q    <= '0;
      tx_len_q     <= '0;
      tx_start_q   <= 1'b0;
      tx_busy_q    <= 1'b0;
      taken_q      <= 1'b0;
      rx_addr_q    <= '0;
      rx_len_q     <= '0;
      rx_post_q    <= 1'b0;
      rx_posted_q  <= 1'b0;
      rx_tag_q     <= 1'b0;
      received_q   <= 1'b0;
      word_valid_q <= 1'b0;
    end else begin
      ended_q    <= blk_done_i;
      taken_q    <= net_tx_taken_i;
      received_q <= net_rx_done_i;

      // Block device. A command that cannot be done has ended at once.
      start_q <= start & possible;
      if (read && at_status) done_q <= 1'b0;
      if (start) begin
        busy_q       <= possible;
        failed_q     <= ~possible;
        if (!possible) done_q <= 1'b1;
        run_op_q     <= wdata_i[1:0];
        run_sector_q <= sector_q;
        run_count_q  <= count_q[11:0];
        run_addr_q   <= blk_addr_q;
      end else if (ended_q && busy_q) begin
        busy_q   <= 1'b0;
        failed_q <= ended_failed_q;
        done_q   <= 1'b1;
      end
      if (write) begin
        unique case (addr_i)
          covert_pkg::IoRegBlkSectorLo: sector_q[31:0] <= wdata_i;
          covert_pkg::IoRegBlkSectorHi: sector_q[63:32] <= wdata_i;
          covert_pkg::IoRegBlkCount:    count_q <= wdata_i;
          covert_pkg::IoRegBlkAddr:     blk_addr_q <= wdata_i;
          covert_pkg::IoRegNetTxAddr:   tx_addr_q <= wdata_i;
          default: ;
        endcase
      end

      // Network. A buffer outside the region is none.
      tx_start_q <= tx_go;
      if (tx_go) begin
        tx_busy_q <= 1'b1;
        tx_len_q  <= wdata_i[10:0];
      end else if (taken_q) begin
        tx_busy_q <= 1'b0;
      end
      rx_post_q <= write & at_rx & in_region(wdata_i, covert_pkg::IoNetRxSize);
      if (write && at_rx) begin
        rx_posted_q <= in_region(wdata_i, covert_pkg::IoNetRxSize);
        rx_addr_q   <= wdata_i;
        rx_tag_q    <= ~rx_tag_q;
        rx_len_q    <= '0;
      end else if (received_q && rx_posted_q && received_tag_q == rx_tag_q) begin
        rx_posted_q <= 1'b0;
        rx_len_q    <= received_len_q;
      end

      if (random_valid_i && random_ready_o) word_valid_q <= 1'b1;
      else if (read && at_random) word_valid_q <= 1'b0;
    end
  end

  assign blk_done_o     = done_q;
  assign net_rx_o       = rx_len_q != 11'd0;
  assign blk_start_o    = start_q;
  assign blk_op_o       = run_op_q;
  assign blk_sector_o   = run_sector_q;
  assign blk_count_o    = run_count_q;
  assign blk_addr_o     = run_addr_q;
  assign net_tx_start_o = tx_start_q;
  assign net_tx_addr_o  = tx_addr_q;
  assign net_tx_len_o   = tx_len_q;
  assign net_rx_post_o  = rx_post_q;
  assign net_rx_addr_o  = rx_addr_q;
  assign net_rx_tag_o   = rx_tag_q;
  assign random_ready_o = ~word_valid_q;

endmodule
