// Comparator of device transactions: picks the generated module for the number of tiles.
// Timing and ports are described at its source, rtl/src/comparator.rs.
module covert_comparator #(
  parameter int unsigned NTiles = 2  // 1, 2 or 4
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic [NTiles-1:0] members_i,
  input  logic freeze_i,
  input  logic flush_i,
  input  logic [31:0] time_limit_i,
  input  logic [NTiles-1:0] req_valid_i,
  input  logic [NTiles-1:0] req_we_i,
  input  logic [4*NTiles-1:0] req_strb_i,
  input  logic [32*NTiles-1:0] req_addr_i,
  input  logic [32*NTiles-1:0] req_data_i,
  output logic [NTiles-1:0] done_o,
  output logic [31:0] rsp_data_o,
  output logic rsp_err_o,
  output logic out_valid_o,
  output logic out_we_o,
  output logic [3:0] out_strb_o,
  output logic [31:0] out_addr_o,
  output logic [31:0] out_data_o,
  input  logic out_done_i,
  input  logic [31:0] out_rdata_i,
  input  logic out_err_i,
  output logic detect_o,
  output logic [3:0] kind_o,
  output logic [NTiles-1:0] accused_o,
  output logic [32*NTiles-1:0] said_addr_o,
  output logic [32*NTiles-1:0] said_data_o
);

  if (NTiles == 1) begin : gen_n1
    covert_comparator_n1 u_hdl (
      .clock(clk_i),
      .reset(~rst_ni),
      .members(members_i),
      .freeze(freeze_i),
      .flush(flush_i),
      .time_limit(time_limit_i),
      .req_valid(req_valid_i),
      .req_we(req_we_i),
      .req_strb(req_strb_i),
      .req_addr(req_addr_i),
      .req_data(req_data_i),
      .done(done_o),
      .rsp_data(rsp_data_o),
      .rsp_err(rsp_err_o),
      .out_valid(out_valid_o),
      .out_we(out_we_o),
      .out_strb(out_strb_o),
      .out_addr(out_addr_o),
      .out_data(out_data_o),
      .out_done(out_done_i),
      .out_rdata(out_rdata_i),
      .out_err(out_err_i),
      .detect(detect_o),
      .kind(kind_o),
      .accused(accused_o),
      .said_addr(said_addr_o),
      .said_data(said_data_o)
    );
  end else if (NTiles == 2) begin : gen_n2
    covert_comparator_n2 u_hdl (
      .clock(clk_i),
      .reset(~rst_ni),
      .members(members_i),
      .freeze(freeze_i),
      .flush(flush_i),
      .time_limit(time_limit_i),
      .req_valid(req_valid_i),
      .req_we(req_we_i),
      .req_strb(req_strb_i),
      .req_addr(req_addr_i),
      .req_data(req_data_i),
      .done(done_o),
      .rsp_data(rsp_data_o),
      .rsp_err(rsp_err_o),
      .out_valid(out_valid_o),
      .out_we(out_we_o),
      .out_strb(out_strb_o),
      .out_addr(out_addr_o),
      .out_data(out_data_o),
      .out_done(out_done_i),
      .out_rdata(out_rdata_i),
      .out_err(out_err_i),
      .detect(detect_o),
      .kind(kind_o),
      .accused(accused_o),
      .said_addr(said_addr_o),
      .said_data(said_data_o)
    );
  end else if (NTiles == 4) begin : gen_n4
    covert_comparator_n4 u_hdl (
      .clock(clk_i),
      .reset(~rst_ni),
      .members(members_i),
      .freeze(freeze_i),
      .flush(flush_i),
      .time_limit(time_limit_i),
      .req_valid(req_valid_i),
      .req_we(req_we_i),
      .req_strb(req_strb_i),
      .req_addr(req_addr_i),
      .req_data(req_data_i),
      .done(done_o),
      .rsp_data(rsp_data_o),
      .rsp_err(rsp_err_o),
      .out_valid(out_valid_o),
      .out_we(out_we_o),
      .out_strb(out_strb_o),
      .out_addr(out_addr_o),
      .out_data(out_data_o),
      .out_done(out_done_i),
      .out_rdata(out_rdata_i),
      .out_err(out_err_i),
      .detect(detect_o),
      .kind(kind_o),
      .accused(accused_o),
      .said_addr(said_addr_o),
      .said_data(said_data_o)
    );
  end else begin : gen_none
    $error("no such configuration has been generated");
  end

endmodule
