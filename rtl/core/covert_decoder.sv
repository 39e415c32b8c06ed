// Decoder for RV32IMA_Zicsr_Zifencei (compressed instructions are expanded before). Combinational.
// What depends on privilege or CSR state is decided in the execute stage.
module covert_decoder
(
    input logic [31:0] instr_i,  // expanded instruction
    output covert_core_pkg::decoded_t dec_o,
    output logic [31:0] imm_o  // immediate of the instruction's format, sign-extended
);

  localparam logic [6:0] OpLoad = 7'h03;
  localparam logic [6:0] OpMiscMem = 7'h0F;
  localparam logic [6:0] OpImm = 7'h13;
  localparam logic [6:0] OpAuipc = 7'h17;
  localparam logic [6:0] OpStore = 7'h23;
  localparam logic [6:0] OpAmo = 7'h2F;
  localparam logic [6:0] OpReg = 7'h33;
  localparam logic [6:0] OpLui = 7'h37;
  localparam logic [6:0] OpBranch = 7'h63;
  localparam logic [6:0] OpJalr = 7'h67;
  localparam logic [6:0] OpJal = 7'h6F;
  localparam logic [6:0] OpSystem = 7'h73;

  logic [6:0] opcode;
  logic [2:0] funct3;
  logic [6:0] funct7;
  logic [4:0] funct5;
  logic [31:0] imm_i_type, imm_s_type, imm_b_type, imm_u_type, imm_j_type;

  assign opcode = instr_i[6:0];
  assign funct3 = instr_i[14:12];
  assign funct7 = instr_i[31:25];
  assign funct5 = instr_i[31:27];

  assign imm_i_type = {{20{instr_i[31]}}, instr_i[31:20]};
  assign imm_s_type = {{20{instr_i[31]}}, instr_i[31:25], instr_i[11:7]};
  assign imm_b_type = {{20{instr_i[31]}}, instr_i[7], instr_i[30:25], instr_i[11:8], 1'b0};
  assign imm_u_type = {instr_i[31:12], 12'b0};
  assign imm_j_type = {{12{instr_i[31]}}, instr_i[19:12], instr_i[20], instr_i[30:21], 1'b0};

  function automatic covert_core_pkg::alu_op_e alu_of(input logic [2:0] f3, input logic alt);
    case (f3)
      3'd0: alu_of = alt ? covert_core_pkg::AluSub : covert_core_pkg::AluAdd;
      3'd1: alu_of = covert_core_pkg::AluSll;
      3'd2: alu_of = covert_core_pkg::AluSlt;
      3'd3: alu_of = covert_core_pkg::AluSltu;
      3'd4: alu_of = covert_core_pkg::AluXor;
      3'd5: alu_of = alt ? covert_core_pkg::AluSra : covert_core_pkg::AluSrl;
      3'd6: alu_of = covert_core_pkg::AluOr;
      default: alu_of = covert_core_pkg::AluAnd;
    endcase
  endfunction

  always_comb begin
    dec_o.illegal = 1'b0;
    dec_o.uses_rs1 = 1'b0;
    dec_o.uses_rs2 = 1'b0;
    dec_o.rd_we = 1'b0;
    dec_o.b_is_imm = 1'b1;
    dec_o.a_is_zero = 1'b0;
    dec_o.branch = 1'b0;
    dec_o.jal = 1'b0;
    dec_o.jalr = 1'b0;
    dec_o.alu_op = covert_core_pkg::AluAdd;
    dec_o.result = covert_core_pkg::ResAlu;
    dec_o.mem_op = covert_core_pkg::MemNone;
    dec_o.sys_op = covert_core_pkg::SysNone;
    imm_o = imm_i_type;

    case (opcode)
      OpLui: begin
        dec_o.rd_we = 1'b1;
        dec_o.a_is_zero = 1'b1;
        imm_o = imm_u_type;
      end
      OpAuipc: begin
        dec_o.rd_we = 1'b1;
        dec_o.result = covert_core_pkg::ResTarget;
        imm_o = imm_u_type;
      end
      OpJal: begin
        dec_o.rd_we = 1'b1;
        dec_o.jal = 1'b1;
        dec_o.result = covert_core_pkg::ResSeq;
        imm_o = imm_j_type;
      end
      OpJalr: begin
        dec_o.uses_rs1 = 1'b1;
        dec_o.rd_we = 1'b1;
        dec_o.jalr = 1'b1;
        dec_o.result = covert_core_pkg::ResSeq;
        dec_o.illegal = funct3 != 3'd0;
      end
      OpBranch: begin
        dec_o.uses_rs1 = 1'b1;
        dec_o.uses_rs2 = 1'b1;
        dec_o.b_is_imm = 1'b0;
        dec_o.branch = 1'b1;
        dec_o.illegal = (funct3 == 3'd2) || (funct3 == 3'd3);
        imm_o = imm_b_type;
      end
      OpLoad: begin
        dec_o.uses_rs1 = 1'b1;
        dec_o.rd_we = 1'b1;
        dec_o.mem_op = covert_core_pkg::MemLoad;
        dec_o.result = covert_core_pkg::ResMem;
        dec_o.illegal = (funct3 == 3'd3) || (funct3 == 3'd6) || (funct3 == 3'd7);
      end
      OpStore: begin
        dec_o.uses_rs1 = 1'b1;
        dec_o.uses_rs2 = 1'b1;
        dec_o.mem_op = covert_core_pkg::MemStore;
        dec_o.illegal = funct3 > 3'd2;
        imm_o = imm_s_type;
      end
      OpImm: begin
        dec_o.uses_rs1 = 1'b1;
        dec_o.rd_we = 1'b1;
        dec_o.alu_op = alu_of(funct3, (funct3 == 3'd5) && funct7[5]);
        if (funct3 == 3'd1) dec_o.illegal = funct7 != 7'h00;
        if (funct3 == 3'd5) dec_o.illegal = (funct7 != 7'h00) && (funct7 != 7'h20);
      end
      OpReg: begin
        dec_o.uses_rs1 = 1'b1;
        dec_o.uses_rs2 = 1'b1;
        dec_o.rd_we = 1'b1;
        dec_o.b_is_imm = 1'b0;
        dec_o.alu_op = alu_of(funct3, funct7[5]);
        if (funct7 == 7'h01) dec_o.result = funct3[2] ? covert_core_pkg::ResDiv : covert_core_pkg::ResMul;
        else if (funct7 == 7'h20) dec_o.illegal = (funct3 != 3'd0) && (funct3 != 3'd5);
        else dec_o.illegal = funct7 != 7'h00;
      end
      OpMiscMem: begin
        // fence is a no-op: accesses are in order and the hart is the only master of its domain.
        case (funct3)
          3'd0: ;
          3'd1: dec_o.sys_op = covert_core_pkg::SysFencei;
          default: dec_o.illegal = 1'b1;
        endcase
      end
      OpAmo: begin
        dec_o.uses_rs1 = 1'b1;
        dec_o.uses_rs2 = 1'b1;
        dec_o.rd_we = 1'b1;
        dec_o.result = covert_core_pkg::ResMem;
        imm_o = 32'd0;
        dec_o.illegal = funct3 != 3'd2;
        case (funct5)
          5'h02: begin
            dec_o.mem_op = covert_core_pkg::MemLr;
            dec_o.uses_rs2 = 1'b0;
            if (instr_i[24:20] != 5'd0) dec_o.illegal = 1'b1;
          end
          5'h03: dec_o.mem_op = covert_core_pkg::MemSc;
          5'h00, 5'h01, 5'h04, 5'h08, 5'h0C, 5'h10, 5'h14, 5'h18, 5'h1C: dec_o.mem_op = covert_core_pkg::MemAmo;
          default: dec_o.illegal = 1'b1;
        endcase
      end
      OpSystem: begin
        if (funct3 == 3'd4) begin
          dec_o.illegal = 1'b1;
        end else if (funct3 != 3'd0) begin
          dec_o.sys_op = covert_core_pkg::SysCsr;
          dec_o.uses_rs1 = !funct3[2];
          dec_o.rd_we = 1'b1;
          dec_o.result = covert_core_pkg::ResCsr;
        end else if (instr_i[11:7] != 5'd0) begin
          dec_o.illegal = 1'b1;
        end else if (funct7 == 7'h09) begin
          dec_o.sys_op = covert_core_pkg::SysSfence;
          dec_o.uses_rs1 = 1'b1;
        end else begin
          case (instr_i[31:15])
            {12'h000, 5'd0} : dec_o.sys_op = covert_core_pkg::SysEcall;
            {12'h001, 5'd0} : dec_o.sys_op = covert_core_pkg::SysEbreak;
            {12'h302, 5'd0} : dec_o.sys_op = covert_core_pkg::SysMret;
            {12'h102, 5'd0} : dec_o.sys_op = covert_core_pkg::SysSret;
            {12'h105, 5'd0} : dec_o.sys_op = covert_core_pkg::SysWfi;
            default: dec_o.illegal = 1'b1;
          endcase
        end
      end
      default: dec_o.illegal = 1'b1;
    endcase

    // An illegal instruction has no effect but its trap.
    if (dec_o.illegal) begin
      dec_o.rd_we = 1'b0;
      dec_o.branch = 1'b0;
      dec_o.jal = 1'b0;
      dec_o.jalr = 1'b0;
      dec_o.mem_op = covert_core_pkg::MemNone;
      dec_o.sys_op = covert_core_pkg::SysNone;
      dec_o.result = covert_core_pkg::ResAlu;
    end
  end

endmodule
