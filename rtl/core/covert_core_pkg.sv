// Types and numbers shared by the modules of the core: decoded instruction, ALU operations, exception
// causes and privilege levels (The RISC-V Instruction Set Manual, volumes I and II).
package covert_core_pkg;

  localparam logic [1:0] PrivU = 2'd0;
  localparam logic [1:0] PrivS = 2'd1;
  localparam logic [1:0] PrivM = 2'd3;

  // Exception causes.
  localparam logic [4:0] ExcFetchFault = 5'd1;
  localparam logic [4:0] ExcIllegal = 5'd2;
  localparam logic [4:0] ExcBreakpoint = 5'd3;
  localparam logic [4:0] ExcLoadMisaligned = 5'd4;
  localparam logic [4:0] ExcLoadFault = 5'd5;
  localparam logic [4:0] ExcStoreMisaligned = 5'd6;
  localparam logic [4:0] ExcStoreFault = 5'd7;
  localparam logic [4:0] ExcEcallU = 5'd8;
  localparam logic [4:0] ExcFetchPage = 5'd12;
  localparam logic [4:0] ExcLoadPage = 5'd13;
  localparam logic [4:0] ExcStorePage = 5'd15;

  // Error code of a memory response: 0 none, 1 access fault, 2 page fault, 3 (fetches only) not known without a walk.
  localparam logic [1:0] RspOk = 2'd0;
  localparam logic [1:0] RspAccess = 2'd1;
  localparam logic [1:0] RspPage = 2'd2;
  localparam logic [1:0] RspMiss = 2'd3;

  // Cache maintenance, beside covert_pkg::McacheClean and McacheEmpty (CSR mcache): none; write the data cache back and
  // empty the instruction cache (fence.i).
  localparam logic [1:0] MaintNone = 2'd0;
  localparam logic [1:0] MaintFence = 2'd3;

  typedef enum logic [3:0] {
    AluAdd,
    AluSub,
    AluSll,
    AluSlt,
    AluSltu,
    AluXor,
    AluSrl,
    AluSra,
    AluOr,
    AluAnd
  } alu_op_e;

  // Where the value for rd comes from.
  typedef enum logic [2:0] {
    ResAlu,
    ResTarget,  // pc + immediate
    ResSeq,     // pc of the following instruction
    ResMul,     // like ResMem a cycle later
    ResDiv,
    ResCsr,
    ResMem
  } result_e;

  typedef enum logic [2:0] {
    MemNone,
    MemLoad,
    MemStore,
    MemLr,
    MemSc,
    MemAmo
  } mem_op_e;

  typedef enum logic [3:0] {
    SysNone,
    SysEcall,
    SysEbreak,
    SysMret,
    SysSret,
    SysWfi,
    SysSfence,
    SysFencei,
    SysCsr
  } sys_op_e;

`ifdef COVERT_RVFI
  // What a cycle went to, for a profile: see docs/blocks/core.md.
  localparam logic [2:0] SpentRetire = 3'd0;  // an instruction of the guest leaves, or its trap
  localparam logic [2:0] SpentData = 3'd1;  // for data, or for cache maintenance
  localparam logic [2:0] SpentWalk = 3'd2;  // for a page-table walk
  localparam logic [2:0] SpentFetch = 3'd3;  // for an instruction word
  localparam logic [2:0] SpentBranch = 3'd4;  // fetching anew after a redirection
  localparam logic [2:0] SpentExecute = 3'd5;  // for an operand, a division, a CSR
  localparam logic [2:0] SpentVmm = 3'd6;  // in M-mode
  localparam logic [2:0] SpentWait = 3'd7;  // in M-mode, for the isolation unit; or the tile stands
`endif

  // What the decoder says of one instruction.
  typedef struct packed {
    logic illegal;
    logic uses_rs1;
    logic uses_rs2;
    logic rd_we;
    logic b_is_imm;  // second ALU operand is the immediate
    logic a_is_zero; // first ALU operand is zero (lui)
    logic branch;
    logic jal;
    logic jalr;
    alu_op_e alu_op;
    result_e result;
    mem_op_e mem_op;
    sys_op_e sys_op;
  } decoded_t;

endpackage
