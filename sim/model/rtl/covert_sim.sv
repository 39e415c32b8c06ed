// The chip as the simulator clocks it: every input passes a flip-flop here, so that what the host side
// drives for the next cycle costs nothing until the clock edge, and all outputs of a cycle can be read
// right after its edge. Counts retired instructions, which the fast model has no other way to show.
//
// Names here do not end in _q: these flip-flops are no state of the chip and are not injected into.
module covert_sim #(
  parameter int unsigned NTiles = 2  // 1, 2 or 4
) (
  input logic clk_i,
  input logic rst_ni,

  // Straps and the management side's wish, for the next cycle.
  input logic        bare_i,
  input logic [31:0] boot_addr_i,
  input logic        host_page_on_i,
  input logic [19:0] host_page_i,
  input logic [ 2:0] mode_req_i,

  // Bare mode: tile 0's data cache to memory.
  input  logic host_sync_i,
  output logic host_synced_o,

  // Memory channels: requests of this cycle, responses of the next.
  output logic [NTiles:0]          mem_req_valid_o,
  output logic [32*(NTiles+1)-1:0] mem_req_addr_o,
  output logic [NTiles:0]          mem_req_we_o,
  output logic [32*(NTiles+1)-1:0] mem_req_wdata_o,
  output logic [4*(NTiles+1)-1:0]  mem_req_wstrb_o,
  output logic [NTiles:0]          mem_req_more_o,
  input  logic [NTiles:0]          mem_req_ready_i,
  input  logic [NTiles:0]          mem_rsp_valid_i,
  input  logic [32*(NTiles+1)-1:0] mem_rsp_data_i,

  // Console.
  output logic       uart_tx_valid_o,
  output logic [7:0] uart_tx_data_o,
  input  logic       uart_rx_valid_i,
  input  logic [7:0] uart_rx_data_i,
  output logic       uart_rx_ready_o,
  input  logic       uart_hangup_i,

  // Disk, network, random numbers; ticks that were left out.
  input  logic         blk_done_i,
  input  logic         blk_failed_i,
  input  logic [63:0]  blk_capacity_i,
  input  logic         blk_read_only_i,
  input  logic         net_present_i,
  input  logic [47:0]  net_mac_i,
  input  logic         net_tx_taken_i,
  input  logic         net_rx_done_i,
  input  logic         net_rx_tag_i,
  input  logic [10:0]  net_rx_len_i,
  input  logic         random_valid_i,
  input  logic [31:0]  random_data_i,
  input  logic [31:0]  skip_i,
  output logic         blk_start_o,
  output logic [1:0]   blk_op_o,
  output logic [63:0]  blk_sector_o,
  output logic [11:0]  blk_count_o,
  output logic [31:0]  blk_addr_o,
  output logic         net_tx_start_o,
  output logic [31:0]  net_tx_addr_o,
  output logic [10:0]  net_tx_len_o,
  output logic         net_rx_post_o,
  output logic [31:0]  net_rx_addr_o,
  output logic         net_rx_tag_o,
  output logic         random_ready_o,
  output logic         wait_o,
  output logic [63:0]  wake_o,
  output logic [63:0]  mtime_o,

  // Exit device and observers.
  output logic              exit_valid_o,
  output logic [31:0]       exit_code_o,
  output logic              due_o,
  output logic [NTiles-1:0] members_o,
  output logic [NTiles-1:0] run_o,
  output logic              det_valid_o,
  output logic [3:0]        det_kind_o,
  output logic [NTiles-1:0] det_tile_o,
  output logic [3:0]        seq_state_o,
  output logic              ckpt_o,
  output logic              resume_o,
  output logic              epoch_o,

  // Instructions retired by each tile since power-on; and by whom the last one was: 1 for S or U mode.
  output logic [64*NTiles-1:0] retired_o,
  output logic [NTiles-1:0]    guest_o,

  // What this cycle went to in each tile, covert_core_pkg::Spent*.
  output logic [3*NTiles-1:0]  spent_o
`ifdef COVERT_RVFI_PORTS
  ,
  output logic [NTiles-1:0]    rvfi_valid_o,
  output logic [64*NTiles-1:0] rvfi_order_o,
  output logic [32*NTiles-1:0] rvfi_insn_o,
  output logic [NTiles-1:0]    rvfi_trap_o,
  output logic [NTiles-1:0]    rvfi_intr_o,
  output logic [2*NTiles-1:0]  rvfi_mode_o,
  output logic [5*NTiles-1:0]  rvfi_rd_addr_o,
  output logic [32*NTiles-1:0] rvfi_rd_wdata_o,
  output logic [32*NTiles-1:0] rvfi_pc_rdata_o,
  output logic [32*NTiles-1:0] rvfi_pc_wdata_o,
  output logic [32*NTiles-1:0] rvfi_mem_addr_o,
  output logic [4*NTiles-1:0]  rvfi_mem_rmask_o,
  output logic [4*NTiles-1:0]  rvfi_mem_wmask_o,
  output logic [32*NTiles-1:0] rvfi_mem_rdata_o,
  output logic [32*NTiles-1:0] rvfi_mem_wdata_o
`endif
);
  logic                     rst_n;
  logic                     bare;
  logic [31:0]              boot_addr;
  logic                     host_page_on, host_sync;
  logic [19:0]              host_page;
  logic [2:0]               mode_req;
  logic [NTiles:0]          mem_req_ready;
  logic [NTiles:0]          mem_rsp_valid;
  logic [32*(NTiles+1)-1:0] mem_rsp_data;
  logic                     uart_rx_valid;
  logic [7:0]               uart_rx_data;
  logic                     uart_hangup;
  logic                     blk_done;
  logic                     blk_failed;
  logic [63:0]              blk_capacity;
  logic                     blk_read_only;
  logic                     net_present;
  logic [47:0]              net_mac;
  logic                     net_tx_taken;
  logic                     net_rx_done;
  logic                     net_rx_tag;
  logic [10:0]              net_rx_len;
  logic                     random_valid;
  logic [31:0]              random_data;
  logic [31:0]              skip;

  always_ff @(posedge clk_i) begin
    rst_n         <= rst_ni;
    bare          <= bare_i;
    boot_addr     <= boot_addr_i;
    host_page_on  <= host_page_on_i;
    host_page     <= host_page_i;
    host_sync     <= host_sync_i;
    mode_req      <= mode_req_i;
    mem_req_ready <= mem_req_ready_i;
    mem_rsp_valid <= mem_rsp_valid_i;
    mem_rsp_data  <= mem_rsp_data_i;
    uart_rx_valid <= uart_rx_valid_i;
    uart_rx_data  <= uart_rx_data_i;
    uart_hangup   <= uart_hangup_i;
    blk_done      <= blk_done_i;
    blk_failed    <= blk_failed_i;
    blk_capacity  <= blk_capacity_i;
    blk_read_only <= blk_read_only_i;
    net_present   <= net_present_i;
    net_mac       <= net_mac_i;
    net_tx_taken  <= net_tx_taken_i;
    net_rx_done   <= net_rx_done_i;
    net_rx_tag    <= net_rx_tag_i;
    net_rx_len    <= net_rx_len_i;
    random_valid  <= random_valid_i;
    random_data   <= random_data_i;
    skip          <= skip_i;
  end

  logic [NTiles-1:0]   valid;
  logic [2*NTiles-1:0] mode;

  covert_chip #(
    .NTiles(NTiles)
  ) u_chip (
    .clk_i,
    .rst_ni          (rst_n),
    .bare_i          (bare),
    .boot_addr_i     (boot_addr),
    .host_page_on_i  (host_page_on),
    .host_page_i     (host_page),
    .host_sync_i     (host_sync),
    .host_synced_o,
    .mode_req_i      (mode_req),
    .mem_req_valid_o,
    .mem_req_ready_i (mem_req_ready),
    .mem_req_addr_o,
    .mem_req_we_o,
    .mem_req_wdata_o,
    .mem_req_wstrb_o,
    .mem_req_more_o,
    .mem_rsp_valid_i (mem_rsp_valid),
    .mem_rsp_data_i  (mem_rsp_data),
    .uart_tx_valid_o,
    .uart_tx_data_o,
    .uart_tx_ready_i (1'b1),
    .uart_rx_valid_i (uart_rx_valid),
    .uart_rx_data_i  (uart_rx_data),
    .uart_rx_ready_o,
    .uart_hangup_i   (uart_hangup),
    .blk_done_i      (blk_done),
    .blk_failed_i    (blk_failed),
    .blk_capacity_i  (blk_capacity),
    .blk_read_only_i (blk_read_only),
    .net_present_i   (net_present),
    .net_mac_i       (net_mac),
    .net_tx_taken_i  (net_tx_taken),
    .net_rx_done_i   (net_rx_done),
    .net_rx_tag_i    (net_rx_tag),
    .net_rx_len_i    (net_rx_len),
    .random_valid_i  (random_valid),
    .random_data_i   (random_data),
    .skip_i          (skip),
    .blk_start_o,
    .blk_op_o,
    .blk_sector_o,
    .blk_count_o,
    .blk_addr_o,
    .net_tx_start_o,
    .net_tx_addr_o,
    .net_tx_len_o,
    .net_rx_post_o,
    .net_rx_addr_o,
    .net_rx_tag_o,
    .random_ready_o,
    .wait_o,
    .wake_o,
    .mtime_o,
    .exit_valid_o,
    .exit_code_o,
    .due_o,
    .members_o,
    .run_o,
    .det_valid_o,
    .det_kind_o,
    .det_tile_o,
    .seq_state_o,
    .ckpt_o,
    .resume_o,
    .epoch_o,
    .spent_o,
    .rvfi_valid_o    (valid),
    .rvfi_mode_o     (mode),
`ifdef COVERT_RVFI_PORTS
    .rvfi_order_o,
    .rvfi_insn_o,
    .rvfi_trap_o,
    .rvfi_intr_o,
    .rvfi_rd_addr_o,
    .rvfi_rd_wdata_o,
    .rvfi_pc_rdata_o,
    .rvfi_pc_wdata_o,
    .rvfi_mem_addr_o,
    .rvfi_mem_rmask_o,
    .rvfi_mem_wmask_o,
    .rvfi_mem_rdata_o,
    .rvfi_mem_wdata_o,
`else
    .rvfi_order_o    (),
    .rvfi_insn_o     (),
    .rvfi_trap_o     (),
    .rvfi_intr_o     (),
    .rvfi_rd_addr_o  (),
    .rvfi_rd_wdata_o (),
    .rvfi_pc_rdata_o (),
    .rvfi_pc_wdata_o (),
    .rvfi_mem_addr_o (),
    .rvfi_mem_rmask_o(),
    .rvfi_mem_wmask_o(),
    .rvfi_mem_rdata_o(),
    .rvfi_mem_wdata_o(),
`endif
    .rvfi_halt_o     (),
    .rvfi_ixl_o      (),
    .rvfi_rs1_addr_o (),
    .rvfi_rs2_addr_o (),
    .rvfi_rs1_rdata_o(),
    .rvfi_rs2_rdata_o()
  );

`ifdef COVERT_RVFI_PORTS
  assign rvfi_valid_o = valid;
  assign rvfi_mode_o  = mode;
`endif

  for (genvar i = 0; i < NTiles; i++) begin : gen_count
    logic [63:0] retired;
    logic        guest;
    always_ff @(posedge clk_i) begin
      if (!rst_n) begin
        retired <= '0;
        guest   <= 1'b0;
      end else if (valid[i]) begin
        retired <= retired + 64'd1;
        guest   <= mode[2*i+:2] != 2'd3;
      end
    end
    assign retired_o[64*i+:64] = retired;
    assign guest_o[i]          = guest;
  end
endmodule
