// Devices outside the isolation unit, one access at a time: UART, CLINT, I/O controller and the exit device (the first
// word written there ends the run). All but the CLINT have a clock that may stop: not during an access, in the cycle
// before or the 16 after, nor while stirs_o is high. Addresses in these windows that are no register read as 0. Ports of
// the devices outside the chip are described in covert_io.
module covert_devices (
  input  logic        clk_i,         // of mtime
  input  logic        dev_clk_i,     // the same, gated
  output logic        stirs_o,       // level: the gated clock is needed
  input  logic        rst_ni,
  input  logic        bare_i,
  // bus: the access happens in the cycle with valid and ready
  input  logic        valid_i,
  output logic        ready_o,
  input  logic        we_i,
  input  logic [31:0] addr_i,
  input  logic [31:0] wdata_i,
  input  logic [ 3:0] strb_i,
  output logic [31:0] rdata_o,
  // UART
  output logic        uart_tx_valid_o,
  output logic [ 7:0] uart_tx_data_o,
  input  logic        uart_tx_ready_i,
  input  logic        uart_rx_valid_i,
  input  logic [ 7:0] uart_rx_data_i,
  output logic        uart_rx_ready_o,
  input  logic        uart_hangup_i,
  output logic        uart_rx_pending_o,
  output logic        uart_hangup_o,
  // CLINT
  input  logic [31:0] skip_i,
  output logic [63:0] mtime_o,
  output logic        irq_soft_o,
  output logic        irq_timer_o,
  // block device: a command, its end
  output logic        blk_start_o,
  output logic [ 1:0] blk_op_o,
  output logic [63:0] blk_sector_o,
  output logic [11:0] blk_count_o,
  output logic [31:0] blk_addr_o,
  input  logic        blk_done_i,
  input  logic        blk_failed_i,
  input  logic [63:0] blk_capacity_i,
  input  logic        blk_read_only_i,
  output logic        blk_done_o,
  // network: a frame sent, a buffer, a frame received
  input  logic        net_present_i,
  input  logic [47:0] net_mac_i,
  output logic        net_tx_start_o,
  output logic [31:0] net_tx_addr_o,
  output logic [10:0] net_tx_len_o,
  input  logic        net_tx_taken_i,
  output logic        net_rx_post_o,
  output logic [31:0] net_rx_addr_o,
  output logic        net_rx_tag_o,
  input  logic        net_rx_done_i,
  input  logic        net_rx_tag_i,
  input  logic [10:0] net_rx_len_i,
  output logic        net_rx_o,
  // random numbers
  output logic        random_ready_o,
  input  logic        random_valid_i,
  input  logic [31:0] random_data_i,
  // exit device
  output logic        exit_valid_o,
  output logic [31:0] exit_code_o
);

  logic at_uart, at_clint, at_io, at_exit;
  logic uart_ready, io_ready;
  logic [31:0] uart_rdata, clint_rdata, io_rdata;
  logic        exit_valid_q;
  logic [31:0] exit_code_q;

  assign at_uart  = (addr_i & ~(covert_pkg::UartSize - 32'd1)) == covert_pkg::UartBase;
  assign at_clint = (addr_i & ~(covert_pkg::ClintSize - 32'd1)) == covert_pkg::ClintBase;
  assign at_io    = (addr_i & ~(covert_pkg::IoSize - 32'd1)) == covert_pkg::IoBase;
  assign at_exit  = addr_i == covert_pkg::ExitBase;

  always_comb begin
    ready_o = 1'b1;
    rdata_o = '0;
    if (at_uart) begin
      ready_o = uart_ready;
      rdata_o = uart_rdata;
    end else if (at_clint) begin
      rdata_o = clint_rdata;
    end else if (at_io) begin
      ready_o = io_ready;
      rdata_o = io_rdata;
    end
  end

  assign stirs_o = uart_rx_valid_i | uart_tx_valid_o | blk_done_i | net_tx_taken_i | net_rx_done_i |
      (random_valid_i & random_ready_o);

  covert_uart u_uart (
    .clk_i       (dev_clk_i),
    .rst_ni,
    .valid_i     (valid_i & at_uart),
    .ready_o     (uart_ready),
    .we_i,
    .addr_i      (addr_i[7:0]),
    .wdata_i,
    .strb_i,
    .rdata_o     (uart_rdata),
    .tx_valid_o  (uart_tx_valid_o),
    .tx_data_o   (uart_tx_data_o),
    .tx_ready_i  (uart_tx_ready_i),
    .rx_valid_i  (uart_rx_valid_i),
    .rx_data_i   (uart_rx_data_i),
    .rx_ready_o  (uart_rx_ready_o),
    .hangup_i    (uart_hangup_i),
    .rx_pending_o(uart_rx_pending_o),
    .hangup_o    (uart_hangup_o)
  );

  covert_clint u_clint (
    .clk_i,
    .rst_ni,
    .bare_i,
    .skip_i,
    .valid_i(valid_i & at_clint),
    .we_i,
    .addr_i (addr_i[15:0]),
    .wdata_i,
    .strb_i,
    .rdata_o(clint_rdata),
    .mtime_o,
    .irq_soft_o,
    .irq_timer_o
  );

  covert_io u_io (
    .clk_i  (dev_clk_i),
    .rst_ni,
    .valid_i(valid_i & at_io),
    .ready_o(io_ready),
    .we_i,
    .addr_i (addr_i[11:0]),
    .wdata_i,
    .rdata_o(io_rdata),
    .blk_done_o,
    .net_rx_o,
    .blk_start_o,
    .blk_op_o,
    .blk_sector_o,
    .blk_count_o,
    .blk_addr_o,
    .blk_done_i,
    .blk_failed_i,
    .blk_capacity_i,
    .blk_read_only_i,
    .net_present_i,
    .net_mac_i,
    .net_tx_start_o,
    .net_tx_addr_o,
    .net_tx_len_o,
    .net_tx_taken_i,
    .net_rx_post_o,
    .net_rx_addr_o,
    .net_rx_tag_o,
    .net_rx_done_i,
    .net_rx_tag_i,
    .net_rx_len_i,
    .random_ready_o,
    .random_valid_i,
    .random_data_i
  );

  always_ff @(posedge dev_clk_i) begin
    if (!rst_ni) begin
      exit_valid_q <= 1'b0;
      exit_code_q  <= '0;
    end else if (valid_i && we_i && at_exit && !exit_valid_q) begin
      exit_valid_q <= 1'b1;
      exit_code_q  <= wdata_i & {{8{strb_i[3]}}, {8{strb_i[2]}}, {8{strb_i[1]}}, {8{strb_i[0]}}};
    end
  end

  assign exit_valid_o = exit_valid_q;
  assign exit_code_o  = exit_code_q;

endmodule
