// Devices outside the isolation unit, one access at a time: UART, CLINT and the exit device (the first word written
// there ends the run). Addresses in these windows that are no register read as 0.
module covert_devices (
  input  logic        clk_i,
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
  output logic [63:0] mtime_o,
  output logic        irq_soft_o,
  output logic        irq_timer_o,
  // exit device
  output logic        exit_valid_o,
  output logic [31:0] exit_code_o
);

  logic at_uart, at_clint, at_exit;
  logic uart_ready;
  logic [31:0] uart_rdata, clint_rdata;
  logic        exit_valid_q;
  logic [31:0] exit_code_q;

  assign at_uart  = (addr_i & ~(covert_pkg::UartSize - 32'd1)) == covert_pkg::UartBase;
  assign at_clint = (addr_i & ~(covert_pkg::ClintSize - 32'd1)) == covert_pkg::ClintBase;
  assign at_exit  = addr_i == covert_pkg::ExitBase;

  assign ready_o = at_uart ? uart_ready : 1'b1;
  assign rdata_o = at_uart ? uart_rdata : (at_clint ? clint_rdata : 32'd0);

  covert_uart u_uart (
    .clk_i,
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

  always_ff @(posedge clk_i) begin
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
