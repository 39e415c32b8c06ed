// The chip with all that it needs on a board, but for what is the board's own (pads, clocks): SDRAM, card, serial line,
// loader, buttons and lights. docs/fpga.md.
module covert_board #(
  parameter int unsigned NTiles      = 2,
  parameter int unsigned ClockHz     = 50_000_000,
  parameter int unsigned Baud        = 115_200,
  // Memory: covert_memory_map, covert_sdram.
  parameter int unsigned MemoryBytes = 32 << 20,
  parameter int unsigned DomainBits  = 23,
  parameter logic [31:0] IoStart     = 32'h00F8_0000,
  parameter int unsigned Capture     = 2,
  // Firmware: its words in hexadecimal, and how many there are.
  parameter int unsigned RomWords    = 1024,
  // verilog_lint: waive explicit-parameter-storage-type (a string, which not every tool has as a type)
  parameter              RomFile     = "firmware.hex",
  parameter int unsigned SdHalf      = 1            // covert_sdcard's FastHalf
) (
  input  logic        clk_i,
  input  logic        rst_ni,           // synchronous
  // SDRAM, pads
  output logic        sdram_cke_o,
  output logic        sdram_cs_no,
  output logic        sdram_ras_no,
  output logic        sdram_cas_no,
  output logic        sdram_we_no,
  output logic [ 1:0] sdram_ba_o,
  output logic [12:0] sdram_a_o,
  output logic [ 1:0] sdram_dqm_o,
  output logic [15:0] sdram_dq_o,
  output logic        sdram_dq_oe_o,
  input  logic [15:0] sdram_dq_i,
  // SD card in SPI mode, pads
  output logic        sd_clk_o,
  output logic        sd_mosi_o,
  input  logic        sd_miso_i,
  output logic        sd_cs_no,
  input  logic        sd_present_i,
  // serial line, pads
  output logic        txd_o,
  input  logic        rxd_i,
  // buttons, asynchronous, high while pressed
  input  logic        button_mode_i,    // protect the guest, or protect it no more
  input  logic        button_inject_i,  // with COVERT_INJECTOR: flip a bit of a core
  input  logic        button_serial_i,  // held at the start: take the image from the serial line, not the card
  // lights
  output logic [ 7:0] led_o
);

  localparam int unsigned Channels = NTiles + 2;  // tiles; loader, then the DMA engine; card
  localparam int unsigned Dma = NTiles;
  localparam int unsigned Card = NTiles + 1;
  localparam int unsigned IoRegion = NTiles + 3;
  localparam int unsigned BootRegion = NTiles + 2;

  logic [   Channels-1:0] req_valid, req_ready, req_we, req_more, rsp_valid;
  logic [32*Channels-1:0] req_addr, map_addr, req_wdata, rsp_data;
  logic [ 4*Channels-1:0] req_wstrb;

  // ---------------------------------------------------------------- chip
  logic        chip_rst_n;
  logic [ 2:0] mode_q;
  logic        dma_valid, dma_we, dma_more;
  logic [31:0] dma_addr, dma_wdata;
  logic [ 3:0] dma_wstrb;
  logic        uart_tx_valid, uart_tx_ready, uart_rx_valid, uart_rx_ready;
  logic [ 7:0] uart_tx_data, uart_rx_data;
  logic        blk_start, blk_done, blk_failed, blk_read_only;
  logic [ 1:0] blk_op;
  logic [63:0] blk_sector, blk_capacity;
  logic [11:0] blk_count;
  logic [31:0] blk_addr;
  logic [31:0] random_q;
  logic        exit_valid, due, det_valid, resume, ckpt;
  logic [ 3:0] det_kind;
  logic [NTiles-1:0] det_tile, members;
  logic        rx_valid, guest_rx_valid;  // received, and for the guest
  logic [ 7:0] rx_data;
`ifdef COVERT_INJECTOR
  logic        inject_pressed;
  logic [NTiles-1:0] inject;
  logic [ 1:0] inject_register;
  logic [ 4:0] inject_bit;
`endif

  covert_chip #(
    .NTiles(NTiles)
  ) u_chip (
    .clk_i,
    .rst_ni          (chip_rst_n),
    .bare_i          (1'b0),
    .boot_addr_i     ('0),
    .host_page_on_i  (1'b0),
    .host_page_i     ('0),
    .host_sync_i     (1'b0),
    .host_synced_o   (),
    .mode_req_i      (mode_q),
    .mem_req_valid_o ({dma_valid, req_valid[NTiles-1:0]}),
    .mem_req_ready_i (req_ready[NTiles:0]),
    .mem_req_addr_o  ({dma_addr, req_addr[32*NTiles-1:0]}),
    .mem_req_we_o    ({dma_we, req_we[NTiles-1:0]}),
    .mem_req_wdata_o ({dma_wdata, req_wdata[32*NTiles-1:0]}),
    .mem_req_wstrb_o ({dma_wstrb, req_wstrb[4*NTiles-1:0]}),
    .mem_req_more_o  ({dma_more, req_more[NTiles-1:0]}),
    .mem_rsp_valid_i (rsp_valid[NTiles:0]),
    .mem_rsp_data_i  (rsp_data[32*NTiles+31:0]),
    .uart_tx_valid_o (uart_tx_valid),
    .uart_tx_data_o  (uart_tx_data),
    .uart_tx_ready_i (uart_tx_ready),
    .uart_rx_valid_i (uart_rx_valid),
    .uart_rx_data_i  (uart_rx_data),
    .uart_rx_ready_o (uart_rx_ready),
    .uart_hangup_i   (1'b0),
    .blk_start_o     (blk_start),
    .blk_op_o        (blk_op),
    .blk_sector_o    (blk_sector),
    .blk_count_o     (blk_count),
    .blk_addr_o      (blk_addr),
    .blk_done_i      (blk_done),
    .blk_failed_i    (blk_failed),
    .blk_capacity_i  (blk_capacity),
    .blk_read_only_i (blk_read_only),
    .net_present_i   (1'b0),
    .net_mac_i       ('0),
    .net_tx_start_o  (),
    .net_tx_addr_o   (),
    .net_tx_len_o    (),
    .net_tx_taken_i  (1'b0),
    .net_rx_post_o   (),
    .net_rx_addr_o   (),
    .net_rx_tag_o    (),
    .net_rx_done_i   (1'b0),
    .net_rx_tag_i    (1'b0),
    .net_rx_len_i    ('0),
    .random_ready_o  (),
    .random_valid_i  (1'b1),
    .random_data_i   (random_q),
    .exit_valid_o    (exit_valid),
    .exit_code_o     (),
    .due_o           (due),
    .members_o       (members),
    .run_o           (),
    .det_valid_o     (det_valid),
    .det_kind_o      (det_kind),
    .det_tile_o      (det_tile),
    .seq_state_o     (),
    .ckpt_o          (ckpt),
    .resume_o        (resume),
    .epoch_o         (),
    .skip_i          ('0),
    .wait_o          (),
    .wake_o          (),
    .mtime_o         ()
`ifdef COVERT_INJECTOR
    ,
    .inject_i         (inject),
    .inject_register_i(inject_register),
    .inject_bit_i     (inject_bit)
`endif
  );

  // ---------------------------------------------------------------- fault injector
`ifdef COVERT_INJECTOR
  covert_button #(
    .ClockHz(ClockHz)
  ) u_button_inject (
    .clk_i,
    .rst_ni,
    .pad_i    (button_inject_i),
    .level_o  (),
    .pressed_o(inject_pressed)
  );

  covert_injector #(
    .NTiles(NTiles)
  ) u_injector (
    .clk_i,
    .rst_ni    (chip_rst_n),
    .button_i  (inject_pressed),
    .rx_valid_i(rx_valid),
    .rx_data_i (rx_data),
    .rx_valid_o(guest_rx_valid),
    .inject_o  (inject),
    .register_o(inject_register),
    .bit_o     (inject_bit)
  );
`else
  // verilator lint_off UNUSEDSIGNAL
  logic unused;
  // verilator lint_on UNUSEDSIGNAL
  assign unused         = button_inject_i;
  assign guest_rx_valid = rx_valid;
`endif

  // ---------------------------------------------------------------- loader
  logic        load_valid, load_ready, load_whole, load_we, load_more;
  logic [31:0] load_addr, load_wdata;
  logic        card_start, card_done, card_failed, card_settled, card_read_only;
  logic [31:0] load_sector, load_blk_addr, disk_first, disk_sectors;
  logic [11:0] load_count;
  logic        load_start, load_tx_valid, load_tx_ready, loaded, waiting;
  logic [ 7:0] load_tx_data;
  logic [ 2:0] load_mode;
  logic [63:0] card_capacity;
  logic        tx_valid, tx_ready, note_valid;
  logic [ 7:0] tx_data, note_data;

  logic [1:0]  from_serial_q;

  always_ff @(posedge clk_i) from_serial_q <= {from_serial_q[0], button_serial_i};

  covert_loader #(
    .ClockHz    (ClockHz),
    .MemoryWords(MemoryBytes / 4),
    .BootBytes  (1 << DomainBits),
    .RomWords   (RomWords),
    .RomFile    (RomFile)
  ) u_loader (
    .clk_i,
    .rst_ni,
    .from_serial_i  (from_serial_q[1]),
    .mem_req_valid_o(load_valid),
    .mem_req_ready_i(load_ready),
    .mem_req_addr_o (load_addr),
    .mem_req_whole_o(load_whole),
    .mem_req_we_o   (load_we),
    .mem_req_wdata_o(load_wdata),
    .mem_req_more_o (load_more),
    .mem_rsp_valid_i(rsp_valid[Dma] & ~loaded),
    .mem_rsp_data_i (rsp_data[32*Dma+:32]),
    .blk_start_o    (load_start),
    .blk_sector_o   (load_sector),
    .blk_count_o    (load_count),
    .blk_addr_o     (load_blk_addr),
    .blk_done_i     (card_done),
    .blk_failed_i   (card_failed),
    .blk_settled_i  (card_settled),
    .blk_present_i  (card_capacity != '0),
    .rx_valid_i     (rx_valid),
    .rx_data_i      (rx_data),
    .tx_valid_o     (load_tx_valid),
    .tx_ready_i     (load_tx_ready),
    .tx_data_o      (load_tx_data),
    .done_o         (loaded),
    .waiting_o      (waiting),
    .mode_o         (load_mode),
    .disk_first_o   (disk_first),
    .disk_sectors_o (disk_sectors)
  );

  // The chip leaves reset behind it.
  always_ff @(posedge clk_i) chip_rst_n <= rst_ni & loaded;

  // ---------------------------------------------------------------- memory
  assign req_valid[Dma]         = loaded ? dma_valid : load_valid;
  assign req_addr[32*Dma+:32]   = loaded ? dma_addr : {7'(BootRegion), load_addr[24:0]};
  assign req_we[Dma]            = loaded ? dma_we : load_we;
  assign req_wdata[32*Dma+:32]  = loaded ? dma_wdata : load_wdata;
  assign req_wstrb[4*Dma+:4]    = loaded ? dma_wstrb : 4'hF;
  assign req_more[Dma]          = loaded ? dma_more : load_more;
  assign load_ready             = req_ready[Dma];

  for (genvar i = 0; i < Channels; i++) begin : gen_map
    logic [31:0] addr;
    covert_memory_map #(
      .NTiles    (NTiles),
      .DomainBits(DomainBits),
      .IoStart   (IoStart)
    ) u_map (
      .addr_i(req_addr[32*i+:32]),
      .addr_o(addr)
    );
    assign map_addr[32*i+:32] = (i == Dma && !loaded && load_whole) ? load_addr : addr;
  end

  covert_sdram #(
    .Channels(Channels),
    .ClockHz (ClockHz),
    .Capture (Capture)
  ) u_sdram (
    .clk_i,
    .rst_ni,
    .mem_req_valid_i(req_valid),
    .mem_req_ready_o(req_ready),
    .mem_req_addr_i (map_addr),
    .mem_req_we_i   (req_we),
    .mem_req_wdata_i(req_wdata),
    .mem_req_wstrb_i(req_wstrb),
    .mem_req_more_i (req_more),
    .mem_rsp_valid_o(rsp_valid),
    .mem_rsp_data_o (rsp_data),
    .sdram_cke_o,
    .sdram_cs_no,
    .sdram_ras_no,
    .sdram_cas_no,
    .sdram_we_no,
    .sdram_ba_o,
    .sdram_a_o,
    .sdram_dqm_o,
    .sdram_dq_o,
    .sdram_dq_oe_o,
    .sdram_dq_i
  );

  // ---------------------------------------------------------------- card
  // The guest's disk is a part of it. The loader's reads go into the boot region.
  logic [63:0] card_sector, room;
  logic [31:0] card_addr;

  assign card_start    = loaded ? blk_start : load_start;
  assign card_sector   = loaded ? blk_sector + 64'(disk_first) : 64'(load_sector);
  assign blk_done      = card_done & loaded;
  assign blk_failed    = card_failed;
  assign blk_read_only = card_read_only;
  // No more than the card has, and nothing of what is not the disk's.
  assign room          = card_capacity - 64'(disk_first);
  always_comb begin
    blk_capacity = 64'(disk_sectors);
    if (card_capacity <= 64'(disk_first)) blk_capacity = '0;
    else if (room < blk_capacity) blk_capacity = room;
  end

  covert_sdcard #(
    .ClockHz (ClockHz),
    .FastHalf(SdHalf),
    .IoBase  (32'(IoRegion) * covert_pkg::RegionStride)
  ) u_sdcard (
    .clk_i,
    .rst_ni,
    .blk_start_i    (card_start),
    .blk_op_i       (loaded ? blk_op : covert_pkg::IoBlkRead[1:0]),
    .blk_sector_i   (card_sector),
    .blk_count_i    (loaded ? blk_count : load_count),
    .blk_addr_i     (loaded ? blk_addr : load_blk_addr),
    .blk_done_o     (card_done),
    .blk_failed_o   (card_failed),
    .blk_capacity_o (card_capacity),
    .blk_read_only_o(card_read_only),
    .settled_o      (card_settled),
    .mem_req_valid_o(req_valid[Card]),
    .mem_req_ready_i(req_ready[Card]),
    .mem_req_addr_o (card_addr),
    .mem_req_we_o   (req_we[Card]),
    .mem_req_wdata_o(req_wdata[32*Card+:32]),
    .mem_req_wstrb_o(req_wstrb[4*Card+:4]),
    .mem_req_more_o (req_more[Card]),
    .mem_rsp_valid_i(rsp_valid[Card]),
    .mem_rsp_data_i (rsp_data[32*Card+:32]),
    .sd_clk_o,
    .sd_mosi_o,
    .sd_miso_i,
    .sd_cs_no,
    .sd_present_i
  );
  assign req_addr[32*Card+:32] = loaded ? card_addr : {7'(BootRegion), card_addr[24:0]};

  // ---------------------------------------------------------------- serial line
  covert_serial #(
    .ClockHz(ClockHz),
    .Baud   (Baud)
  ) u_serial (
    .clk_i,
    .rst_ni,
    .tx_valid_i(tx_valid),
    .tx_ready_o(tx_ready),
    .tx_data_i (tx_data),
    .rx_valid_o(rx_valid),
    .rx_data_o (rx_data),
    .txd_o,
    .rxd_i
  );

  assign tx_valid      = loaded ? note_valid : load_tx_valid;
  assign tx_data       = loaded ? note_data : load_tx_data;
  assign load_tx_ready = tx_ready;

  covert_notes #(
    .NTiles(NTiles)
  ) u_notes (
    .clk_i,
    .rst_ni       (chip_rst_n),
    .det_valid_i  (det_valid),
    .det_kind_i   (det_kind),
    .det_tile_i   (det_tile),
    .resume_i     (resume),
    .due_i        (due),
    .guest_valid_i(uart_tx_valid),
    .guest_ready_o(uart_tx_ready),
    .guest_data_i (uart_tx_data),
    .tx_valid_o   (note_valid),
    .tx_ready_i   (tx_ready),
    .tx_data_o    (note_data)
  );

  // The VMM takes received bytes at the end of an epoch: they wait here.
  covert_rx_fifo u_rx_fifo (
    .clk_i,
    .rst_ni (chip_rst_n),
    .push_i (guest_rx_valid),
    .data_i (rx_data),
    .valid_o(uart_rx_valid),
    .ready_i(uart_rx_ready),
    .data_o (uart_rx_data)
  );

  // ---------------------------------------------------------------- random numbers
  // A xorshift register that runs all the time; when software asks is what is random about it. Good for a hash table's seed,
  // not for a key.
  function automatic logic [31:0] xorshift(input logic [31:0] value);
    xorshift = value ^ (value << 13);
    xorshift = xorshift ^ (xorshift >> 17);
    xorshift = xorshift ^ (xorshift << 5);
  endfunction

  always_ff @(posedge clk_i) begin
    random_q <= xorshift(random_q);
    if (rx_valid) random_q <= xorshift(random_q) ^ {24'd0, rx_data};
    if (random_q == '0 || !rst_ni) random_q <= 32'h434F_5631;
  end

  // ---------------------------------------------------------------- buttons and lights
  logic mode_pressed;

  covert_button #(
    .ClockHz(ClockHz)
  ) u_button_mode (
    .clk_i,
    .rst_ni,
    .pad_i    (button_mode_i),
    .level_o  (),
    .pressed_o(mode_pressed)
  );

  always_ff @(posedge clk_i) begin
    if (!loaded) mode_q <= load_mode;
    else if (mode_pressed) mode_q <= (mode_q == covert_pkg::ModeNone) ? covert_pkg::ModeDmr : covert_pkg::ModeNone;
  end

  localparam int unsigned Blink = ClockHz / 2;
  localparam int unsigned BlinkBits = $clog2(Blink);
  logic [BlinkBits-1:0] beat_q, det_left_q, rec_left_q, ckpt_left_q;
  logic                 heart_q;

  always_ff @(posedge clk_i) begin
    beat_q <= (beat_q == '0) ? BlinkBits'(Blink - 1) : beat_q - BlinkBits'(1);
    if (beat_q == '0) heart_q <= ~heart_q;
    if (det_valid) det_left_q <= BlinkBits'(Blink - 1);
    else if (det_left_q != '0) det_left_q <= det_left_q - BlinkBits'(1);
    if (resume) rec_left_q <= BlinkBits'(Blink - 1);
    else if (rec_left_q != '0) rec_left_q <= rec_left_q - BlinkBits'(1);
    if (ckpt) ckpt_left_q <= BlinkBits'(Blink / 8 - 1);
    else if (ckpt_left_q != '0) ckpt_left_q <= ckpt_left_q - BlinkBits'(1);
    if (!rst_ni) begin
      beat_q      <= '0;
      heart_q     <= 1'b0;
      det_left_q  <= '0;
      rec_left_q  <= '0;
      ckpt_left_q <= '0;
    end
  end

  assign led_o[0] = heart_q;                                     // the clock runs
  assign led_o[1] = loaded & ~exit_valid;                        // a guest runs
  assign led_o[2] = (members & (members - NTiles'(1))) != '0;    // it is protected: more than one member
  assign led_o[3] = ckpt_left_q != '0;                           // a checkpoint, for a sixteenth of a second
  assign led_o[4] = det_left_q != '0;                            // a detection, for half a second
  assign led_o[5] = rec_left_q != '0;                            // a recovery, likewise
  assign led_o[6] = due;                                         // detected, unrecoverable
  assign led_o[7] = waiting;                                     // an image is waited for on the serial line

endmodule
