// Compressed instruction expander: RV32C without floating point (RV32IMAC), combinational.
//
// A 16-bit instruction (low bits other than 11) becomes the 32-bit instruction that defines it; a
// 32-bit one passes through. Reserved encodings, floating-point accesses and the all-zero half
// raise illegal_o, and instr_o is then 0. Hints (x0 as destination, shift by 0) are legal.
module covert_expander (
  input  logic [31:0] instr_i,       // fetched bits; [31:16] are ignored when compressed
  output logic [31:0] instr_o,       // 32-bit instruction, 0 when illegal
  output logic        illegal_o      // instr_i is a compressed instruction that is not defined
);

  localparam logic [6:0] OpLoad   = 7'h03;
  localparam logic [6:0] OpImm    = 7'h13;
  localparam logic [6:0] OpStore  = 7'h23;
  localparam logic [6:0] OpOp     = 7'h33;
  localparam logic [6:0] OpLui    = 7'h37;
  localparam logic [6:0] OpBranch = 7'h63;
  localparam logic [6:0] OpJalr   = 7'h67;
  localparam logic [6:0] OpJal    = 7'h6f;

  // Fields of the 16-bit formats.
  logic [4:0]  rd;        // CR/CI: full register, also rs1
  logic [4:0]  rs2;       // CR/CSS
  logic [4:0]  rd_low;    // CIW/CL/CA: x8..x15 in bits 4:2, also rs2
  logic [4:0]  rs1_low;   // CL/CS/CA/CB: x8..x15 in bits 9:7
  logic [11:0] imm6;      // CI immediate, sign-extended
  logic [11:0] imm_lw;    // C.LW/C.SW offset
  logic [20:1] imm_j;     // C.J/C.JAL offset
  logic [12:1] imm_b;     // C.BEQZ/C.BNEZ offset
  logic        imm6_zero; // the CI immediate is 0

  assign rd        = instr_i[11:7];
  assign rs2       = instr_i[6:2];
  assign rd_low    = {2'b01, instr_i[4:2]};
  assign rs1_low   = {2'b01, instr_i[9:7]};
  assign imm6      = {{7{instr_i[12]}}, instr_i[6:2]};
  assign imm_lw    = {5'd0, instr_i[5], instr_i[12:10], instr_i[6], 2'b00};
  assign imm_j     = {{10{instr_i[12]}}, instr_i[8], instr_i[10:9], instr_i[6], instr_i[7],
                      instr_i[2], instr_i[11], instr_i[5:3]};
  assign imm_b     = {{5{instr_i[12]}}, instr_i[6:5], instr_i[2], instr_i[11:10], instr_i[4:3]};
  assign imm6_zero = !instr_i[12] && instr_i[6:2] == 5'd0;

  logic [31:0] expanded;
  logic        illegal;

  always_comb begin
    expanded = instr_i;
    illegal  = 1'b0;

    unique case ({instr_i[1:0], instr_i[15:13]})
      // Quadrant 0
      5'b00_000: begin  // C.ADDI4SPN
        expanded = {2'd0, instr_i[10:7], instr_i[12:11], instr_i[5], instr_i[6], 2'b00,
                    5'd2, 3'b000, rd_low, OpImm};
        illegal  = instr_i[12:5] == 8'd0;
      end
      5'b00_010: expanded = {imm_lw, rs1_low, 3'b010, rd_low, OpLoad};  // C.LW
      5'b00_110: expanded = {imm_lw[11:5], rd_low, rs1_low, 3'b010, imm_lw[4:0], OpStore};  // C.SW
      5'b00_001, 5'b00_011, 5'b00_100, 5'b00_101, 5'b00_111: illegal = 1'b1;

      // Quadrant 1
      5'b01_000: expanded = {imm6, rd, 3'b000, rd, OpImm};  // C.ADDI, C.NOP
      5'b01_010: expanded = {imm6, 5'd0, 3'b000, rd, OpImm};  // C.LI
      5'b01_001, 5'b01_101: begin  // C.JAL, C.J
        expanded = {imm_j[20], imm_j[10:1], imm_j[11], imm_j[19:12],
                    4'd0, !instr_i[15], OpJal};
      end
      5'b01_011: begin
        if (rd == 5'd2) begin  // C.ADDI16SP
          expanded = {{3{instr_i[12]}}, instr_i[4:3], instr_i[5], instr_i[2], instr_i[6], 4'd0,
                      5'd2, 3'b000, 5'd2, OpImm};
        end else begin  // C.LUI
          expanded = {{15{instr_i[12]}}, instr_i[6:2], rd, OpLui};
        end
        illegal = imm6_zero;
      end
      5'b01_100: begin
        unique case (instr_i[11:10])
          2'b00, 2'b01: begin  // C.SRLI, C.SRAI
            expanded = {1'b0, instr_i[10], 5'd0, instr_i[6:2], rs1_low, 3'b101, rs1_low, OpImm};
            illegal  = instr_i[12];
          end
          2'b10: expanded = {imm6, rs1_low, 3'b111, rs1_low, OpImm};  // C.ANDI
          default: begin
            illegal = instr_i[12];
            unique case (instr_i[6:5])
              2'b00:   expanded = {7'h20, rd_low, rs1_low, 3'b000, rs1_low, OpOp};  // C.SUB
              2'b01:   expanded = {7'h00, rd_low, rs1_low, 3'b100, rs1_low, OpOp};  // C.XOR
              2'b10:   expanded = {7'h00, rd_low, rs1_low, 3'b110, rs1_low, OpOp};  // C.OR
              default: expanded = {7'h00, rd_low, rs1_low, 3'b111, rs1_low, OpOp};  // C.AND
            endcase
          end
        endcase
      end
      5'b01_110, 5'b01_111: begin  // C.BEQZ, C.BNEZ
        expanded = {imm_b[12], imm_b[10:5], 5'd0, rs1_low, 2'b00, instr_i[13],
                    imm_b[4:1], imm_b[11], OpBranch};
      end

      // Quadrant 2
      5'b10_000: begin  // C.SLLI
        expanded = {7'd0, instr_i[6:2], rd, 3'b001, rd, OpImm};
        illegal  = instr_i[12];
      end
      5'b10_010: begin  // C.LWSP
        expanded = {4'd0, instr_i[3:2], instr_i[12], instr_i[6:4], 2'b00, 5'd2, 3'b010, rd, OpLoad};
        illegal  = rd == 5'd0;
      end
      5'b10_100: begin
        if (rs2 != 5'd0) begin  // C.MV, C.ADD
          expanded = {7'd0, rs2, instr_i[12] ? rd : 5'd0, 3'b000, rd, OpOp};
        end else if (rd != 5'd0) begin  // C.JR, C.JALR
          expanded = {12'd0, rd, 3'b000, 4'd0, instr_i[12], OpJalr};
        end else begin  // C.EBREAK
          expanded = 32'h0010_0073;
          illegal  = !instr_i[12];
        end
      end
      5'b10_110: begin  // C.SWSP
        expanded = {4'd0, instr_i[8:7], instr_i[12], rs2, 5'd2, 3'b010,
                    instr_i[11:9], 2'b00, OpStore};
      end
      5'b10_001, 5'b10_011, 5'b10_101, 5'b10_111: illegal = 1'b1;

      default: ;  // 32-bit instruction
    endcase
  end

  assign illegal_o    = illegal;
  assign instr_o      = illegal ? 32'd0 : expanded;

endmodule
