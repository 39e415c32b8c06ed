// What the chip noticed, as lines on a board's console between the bytes of the guest:
//   [covert: detection K, tiles M]   K the kind, M the mask of accused tiles, in hexadecimal (DET_KIND, DET_TILE)
//   [covert: recovered]
//   [covert: unrecoverable]
// An event that comes while another is being written is written behind it; of two of a kind the last one counts.
module covert_notes #(
  parameter int unsigned NTiles = 2
) (
  input  logic              clk_i,
  input  logic              rst_ni,         // synchronous
  // observers of the chip
  input  logic              det_valid_i,    // pulse
  input  logic [       3:0] det_kind_i,
  input  logic [NTiles-1:0] det_tile_i,
  input  logic              resume_i,       // pulse
  input  logic              due_i,          // level
  // the guest's bytes in, both out: valid and ready
  input  logic              guest_valid_i,
  output logic              guest_ready_o,
  input  logic [       7:0] guest_data_i,
  output logic              tx_valid_o,
  input  logic              tx_ready_i,
  output logic [       7:0] tx_data_o
);

  // The lines, flush right; `#` stands for the kind, `@` for the tiles.
  localparam int unsigned Length = 34;
  typedef logic [8*Length-1:0] line_t;
  localparam logic [15:0] End = {8'h0D, 8'h0A};
  localparam line_t Detection = {End, "[covert: detection #, tiles @]", End};
  localparam line_t Recovered = line_t'({End, "[covert: recovered]", End});
  localparam line_t Unrecoverable = line_t'({End, "[covert: unrecoverable]", End});

  line_t      line_q;                          // its first byte is the next one
  logic [5:0] left_q;                          // bytes to go, 0: no line is under way
  logic       detected_q, recovered_q, due_q;  // to be written
  logic       due_seen_q;
  logic [3:0] kind_q, tile_q;                  // the last detection
  logic [3:0] line_kind_q, line_tile_q;        // the one that is being written
  logic [7:0] char;

  function automatic logic [7:0] hex(input logic [3:0] value);
    hex = (value < 4'd10) ? 8'h30 + 8'(value) : 8'h37 + 8'(value);
  endfunction

  always_comb begin
    char = line_q[8*Length-1-:8];
    if (char == "#") char = hex(line_kind_q);
    if (char == "@") char = hex(line_tile_q);
  end

  // What pads a short line at its left is passed over.
  logic line;
  assign line          = left_q != '0;
  assign tx_valid_o    = line ? char != '0 : guest_valid_i;
  assign tx_data_o     = line ? char : guest_data_i;
  assign guest_ready_o = tx_ready_i & ~line;

  always_ff @(posedge clk_i) begin
    if (line) begin
      if (tx_ready_i || char == '0) begin
        line_q <= line_q << 8;
        left_q <= left_q - 6'd1;
      end
    end else if (!guest_valid_i || tx_ready_i) begin
      // Not while a byte of the guest is being offered.
      if (detected_q) begin
        line_q      <= Detection;
        left_q      <= 6'(Length);
        line_kind_q <= kind_q;
        line_tile_q <= tile_q;
        detected_q  <= 1'b0;
      end else if (recovered_q) begin
        line_q      <= Recovered;
        left_q      <= 6'(Length);
        recovered_q <= 1'b0;
      end else if (due_q) begin
        line_q <= Unrecoverable;
        left_q <= 6'(Length);
        due_q  <= 1'b0;
      end
    end

    if (det_valid_i) begin
      detected_q <= 1'b1;
      kind_q     <= det_kind_i;
      tile_q     <= 4'(det_tile_i);
    end
    if (resume_i) recovered_q <= 1'b1;
    due_seen_q <= due_i;
    if (due_i && !due_seen_q) due_q <= 1'b1;

    if (!rst_ni) begin
      left_q      <= '0;
      detected_q  <= 1'b0;
      recovered_q <= 1'b0;
      due_q       <= 1'b0;
      due_seen_q  <= 1'b0;
    end
  end

endmodule
