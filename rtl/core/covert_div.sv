// Divider of the M extension, one operation at a time, radix 2.
//
// start_i is a level: it is held with stable operands until done_o, which is high for one cycle
// together with result_o; start_i in the cycle after that is a new operation. A division takes
// 34 cycles, less 7 for every leading zero byte of the dividend's magnitude.
module covert_div (
  input  logic        clk_i,     // clock
  input  logic        rst_ni,    // synchronous reset, active low
  input  logic        flush_i,   // drop the operation in progress; start_i is ignored meanwhile
  input  logic        start_i,   // operation requested, held until done_o
  input  logic [1:0]  op_i,      // funct3[1:0]: DIV, DIVU, REM, REMU
  input  logic [31:0] a_i,       // rs1: dividend
  input  logic [31:0] b_i,       // rs2: divisor
  output logic        done_o,    // result_o is valid, one cycle
  output logic [31:0] result_o   // result while done_o
);

  typedef enum logic [1:0] {
    StIdle,  // waiting for start_i; operands are taken in its first cycle
    StDiv,   // one quotient bit, or eight known zero ones, per cycle
    StDone   // quotient and remainder are valid
  } state_e;

  state_e      state_q;
  logic [31:0] quotient_q;   // dividend's bits to come, then quotient bits
  logic [31:0] remainder_q;  // partial remainder
  logic [31:0] divisor_q;    // magnitude of the divisor
  logic [5:0]  left_q;       // quotient bits to come
  logic        skip_q;       // no dividend bit seen yet: whole zero bytes may be skipped
  logic        negate_q;     // the result's sign is to be changed

  // Division on magnitudes; signs are put right at the end. Division by zero yields all ones and
  // the dividend by itself, as long as the quotient is not negated.
  logic        a_neg, b_neg;
  logic [32:0] diff;  // partial remainder with the next bit, less the divisor; bit 32: borrow

  always_comb begin
    a_neg = 1'b0;
    b_neg = 1'b0;
    diff  = '0;
    if (start_i) begin
      a_neg = !op_i[0] && a_i[31];
      b_neg = !op_i[0] && b_i[31];
      diff  = {remainder_q, quotient_q[31]} - {1'b0, divisor_q};
    end
  end

  always_ff @(posedge clk_i) begin
    unique case (state_q)
      StIdle: if (start_i) begin
        state_q     <= StDiv;
        quotient_q  <= a_neg ? -a_i : a_i;
        remainder_q <= 32'd0;
        divisor_q   <= b_neg ? -b_i : b_i;
        left_q      <= 6'd32;
        skip_q      <= b_i != 32'd0;
        negate_q    <= op_i[1] ? a_neg : (a_neg != b_neg && b_i != 32'd0);
      end
      StDiv: begin
        if (skip_q && quotient_q[31:24] == 8'd0) begin
          quotient_q <= {quotient_q[23:0], 8'd0};
          left_q     <= left_q - 6'd8;
          if (left_q == 6'd8) state_q <= StDone;
        end else begin
          skip_q      <= 1'b0;
          quotient_q  <= {quotient_q[30:0], !diff[32]};
          remainder_q <= diff[32] ? {remainder_q[30:0], quotient_q[31]} : diff[31:0];
          left_q      <= left_q - 6'd1;
          if (left_q == 6'd1) state_q <= StDone;
        end
      end
      default: state_q <= StIdle;  // StDone: done_o
    endcase

    if (flush_i) state_q <= StIdle;
    if (!rst_ni) begin
      state_q     <= StIdle;
      quotient_q  <= '0;
      remainder_q <= '0;
      divisor_q   <= '0;
      left_q      <= '0;
      skip_q      <= 1'b0;
      negate_q    <= 1'b0;
    end
  end

  logic [31:0] div_result;

  assign div_result = op_i[1] ? remainder_q : quotient_q;
  assign done_o     = state_q == StDone;
  assign result_o   = negate_q ? -div_result : div_result;

endmodule
