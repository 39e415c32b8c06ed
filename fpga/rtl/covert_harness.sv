// The chip alone between two shift registers, so that four pads are enough: for its area and how fast it is, without a
// board around it. Every input of the chip comes from a flip-flop and every output ends in one. It computes nothing of use.
module covert_harness #(
  parameter int unsigned NTiles = 2  // as of covert_chip
) (
  input  logic clk_i,
  input  logic shift_i,    // into the inputs, one bit a clock
  input  logic capture_i,  // take the outputs; otherwise they are shifted out
  output logic shift_o
);

  localparam int unsigned Channels = NTiles + 1;
  localparam int unsigned Inputs   = 233 + 34 * Channels;
  localparam int unsigned Outputs  = 376 + 71 * Channels + 3 * NTiles;

  logic               rst_n, bare, host_page_on, host_sync, uart_tx_ready, uart_rx_valid, uart_hangup;
  logic               blk_done, blk_failed, blk_read_only, net_present, net_tx_taken, net_rx_done, net_rx_tag;
  logic               random_valid;
  logic [       31:0] boot_addr, random_data;
  logic [      31:12] host_page;
  logic [        2:0] mode_req;
  logic [Channels-1:0] mem_req_ready, mem_rsp_valid;
  logic [32*Channels-1:0] mem_rsp_data;
  logic [        7:0] uart_rx_data;
  logic [       63:0] blk_capacity;
  logic [       47:0] net_mac;
  logic [       10:0] net_rx_len;

  logic [ Inputs-1:0] in_q;
  logic [Outputs-1:0] out, out_q;
  logic               shift_q, capture_q;

  always_ff @(posedge clk_i) begin
    shift_q   <= shift_i;
    capture_q <= capture_i;
    in_q      <= {in_q[Inputs-2:0], shift_q};
    out_q     <= capture_q ? out : {out_q[Outputs-2:0], 1'b0};
  end

  assign shift_o = out_q[Outputs-1];

  assign {rst_n, bare, boot_addr, host_page_on, host_page, host_sync, mode_req, mem_req_ready, mem_rsp_valid,
          mem_rsp_data, uart_tx_ready, uart_rx_valid, uart_rx_data, uart_hangup, blk_done, blk_failed, blk_capacity,
          blk_read_only, net_present, net_mac, net_tx_taken, net_rx_done, net_rx_tag, net_rx_len, random_valid,
          random_data} = in_q;

  logic                   host_synced, uart_tx_valid, uart_rx_ready, blk_start, net_tx_start, net_rx_post;
  logic                   net_rx_post_tag, random_ready, exit_valid, due, det_valid, ckpt, resume, epoch, waits;
  logic [ Channels-1:0]   mem_req_valid, mem_req_we, mem_req_more;
  logic [32*Channels-1:0] mem_req_addr, mem_req_wdata;
  logic [ 4*Channels-1:0] mem_req_wstrb;
  logic [            7:0] uart_tx_data;
  logic [            1:0] blk_op;
  logic [           63:0] blk_sector, wake, mtime;
  logic [           11:0] blk_count;
  logic [           31:0] blk_addr, net_tx_addr, net_rx_addr, exit_code;
  logic [           10:0] net_tx_len;
  logic [     NTiles-1:0] members, run, det_tile;
  logic [            3:0] det_kind, seq_state;

  assign out = {host_synced, mem_req_valid, mem_req_addr, mem_req_we, mem_req_wdata, mem_req_wstrb, mem_req_more,
                uart_tx_valid, uart_tx_data, uart_rx_ready, blk_start, blk_op, blk_sector, blk_count, blk_addr,
                net_tx_start, net_tx_addr, net_tx_len, net_rx_post, net_rx_addr, net_rx_post_tag, random_ready,
                exit_valid, exit_code, due, members, run, det_valid, det_kind, det_tile, seq_state, ckpt, resume, epoch,
                waits, wake, mtime};

  covert_chip #(
    .NTiles(NTiles)
  ) u_chip (
    .clk_i,
    .rst_ni         (rst_n),
    .bare_i         (bare),
    .boot_addr_i    (boot_addr),
    .host_page_on_i (host_page_on),
    .host_page_i    (host_page),
    .host_sync_i    (host_sync),
    .host_synced_o  (host_synced),
    .mode_req_i     (mode_req),
    .mem_req_valid_o(mem_req_valid),
    .mem_req_ready_i(mem_req_ready),
    .mem_req_addr_o (mem_req_addr),
    .mem_req_we_o   (mem_req_we),
    .mem_req_wdata_o(mem_req_wdata),
    .mem_req_wstrb_o(mem_req_wstrb),
    .mem_req_more_o (mem_req_more),
    .mem_rsp_valid_i(mem_rsp_valid),
    .mem_rsp_data_i (mem_rsp_data),
    .uart_tx_valid_o(uart_tx_valid),
    .uart_tx_data_o (uart_tx_data),
    .uart_tx_ready_i(uart_tx_ready),
    .uart_rx_valid_i(uart_rx_valid),
    .uart_rx_data_i (uart_rx_data),
    .uart_rx_ready_o(uart_rx_ready),
    .uart_hangup_i  (uart_hangup),
    .blk_start_o    (blk_start),
    .blk_op_o       (blk_op),
    .blk_sector_o   (blk_sector),
    .blk_count_o    (blk_count),
    .blk_addr_o     (blk_addr),
    .blk_done_i     (blk_done),
    .blk_failed_i   (blk_failed),
    .blk_capacity_i (blk_capacity),
    .blk_read_only_i(blk_read_only),
    .net_present_i  (net_present),
    .net_mac_i      (net_mac),
    .net_tx_start_o (net_tx_start),
    .net_tx_addr_o  (net_tx_addr),
    .net_tx_len_o   (net_tx_len),
    .net_tx_taken_i (net_tx_taken),
    .net_rx_post_o  (net_rx_post),
    .net_rx_addr_o  (net_rx_addr),
    .net_rx_tag_o   (net_rx_post_tag),
    .net_rx_done_i  (net_rx_done),
    .net_rx_tag_i   (net_rx_tag),
    .net_rx_len_i   (net_rx_len),
    .random_ready_o (random_ready),
    .random_valid_i (random_valid),
    .random_data_i  (random_data),
    .exit_valid_o   (exit_valid),
    .exit_code_o    (exit_code),
    .due_o          (due),
    .members_o      (members),
    .run_o          (run),
    .det_valid_o    (det_valid),
    .det_kind_o     (det_kind),
    .det_tile_o     (det_tile),
    .seq_state_o    (seq_state),
    .ckpt_o         (ckpt),
    .resume_o       (resume),
    .epoch_o        (epoch),
    .skip_i         (32'd0),
    .wait_o         (waits),
    .wake_o         (wake),
    .mtime_o        (mtime)
  );

endmodule
