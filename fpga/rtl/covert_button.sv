// A button: level once it has been the same for 10 ms.
module covert_button #(
  parameter int unsigned ClockHz = 50_000_000
) (
  input  logic clk_i,
  input  logic rst_ni,    // synchronous
  input  logic pad_i,     // asynchronous, high while pressed
  output logic level_o,
  output logic pressed_o  // pulse, when it goes down
);

  localparam int unsigned Clocks = ClockHz / 100;
  localparam int unsigned ClocksBits = $clog2(Clocks);

  logic [           1:0] pad_q;
  logic [ClocksBits-1:0] left_q;

  always_ff @(posedge clk_i) begin
    pad_q     <= {pad_q[0], pad_i};
    pressed_o <= 1'b0;
    if (!rst_ni) begin
      pad_q   <= '0;
      left_q  <= '0;
      level_o <= 1'b0;
    end else if (pad_q[1] == level_o) begin
      left_q <= ClocksBits'(Clocks - 1);
    end else if (left_q != '0) begin
      left_q <= left_q - ClocksBits'(1);
    end else begin
      level_o   <= pad_q[1];
      pressed_o <= pad_q[1];
    end
  end

endmodule
