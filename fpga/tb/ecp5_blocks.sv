// What Yosys has of the ECP5 as names and ports only: block RAM, multiplier, clock gate, PLL, and a net's driver that can be
// off. For a netlist in simulation; written after Lattice's FPGA-TN-02204 (memory), FPGA-TN-02205 (multiplier), FPGA-TN-02200
// (clocks) and what Yosys makes use of. What a netlist of ours does not use is refused.

// 1024 words of 18 bits. Port A reads and writes, B reads; both on one clock. Widths 9 and 18 on each, or 36: A writes and both
// data outputs together read at B's address. A word that A writes while B reads it comes out wrong: no order is promised.
module DP16KD #(
  parameter int         DATA_WIDTH_A = 18,
  parameter int         DATA_WIDTH_B = 18,
  parameter             WRITEMODE_A  = "NORMAL",
  parameter             WRITEMODE_B  = "NORMAL",
  parameter             REGMODE_A    = "NOREG",
  parameter             REGMODE_B    = "NOREG",
  parameter             RESETMODE    = "SYNC",
  parameter             ASYNC_RESET_RELEASE = "SYNC",
  parameter             CSDECODE_A   = "0b000",
  parameter             CSDECODE_B   = "0b000",
  parameter             CLKAMUX      = "CLKA",
  parameter             CLKBMUX      = "CLKB",
  parameter             GSR          = "ENABLED",
  // 16 words of 20 bits each, of which the low 18 count
  parameter logic [319:0]
    INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0, INITVAL_04 = 0, INITVAL_05 = 0, INITVAL_06 = 0, INITVAL_07 = 0,
    INITVAL_08 = 0, INITVAL_09 = 0, INITVAL_0A = 0, INITVAL_0B = 0, INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0, INITVAL_0F = 0,
    INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0, INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0,
    INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0, INITVAL_1C = 0, INITVAL_1D = 0, INITVAL_1E = 0, INITVAL_1F = 0,
    INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0, INITVAL_23 = 0, INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0,
    INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0, INITVAL_2B = 0, INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0,
    INITVAL_30 = 0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0, INITVAL_34 = 0, INITVAL_35 = 0, INITVAL_36 = 0, INITVAL_37 = 0,
    INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0, INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0
) (
  input  logic DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0,
  input  logic ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
  input  logic CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
  output logic DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0,
  input  logic DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0,
  input  logic ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
  input  logic CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
  output logic DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0
);

  localparam bit Wide = DATA_WIDTH_A == 36;
  localparam logic [63:0][15:0][19:0] Init = {
    INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38,
    INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30,
    INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28,
    INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20,
    INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18,
    INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10,
    INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
    INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00
  };

  // Two words are a wide one.
  logic [17:0] even_q [512];
  logic [17:0] odd_q  [512];

  initial begin
    for (int i = 0; i < 512; i++) begin
      even_q[i] = Init[i / 8][2 * i % 16][17:0];
      odd_q[i]  = Init[i / 8][2 * i % 16 + 1][17:0];
    end
    if (!(DATA_WIDTH_A inside {9, 18, 36} && DATA_WIDTH_B inside {9, 18, 36}) || Wide != (DATA_WIDTH_B == 36) ||
        REGMODE_A != "NOREG" || REGMODE_B != "NOREG" || CSDECODE_A != "0b000" || CSDECODE_B != "0b000" ||
        CLKAMUX != "CLKA" || CLKBMUX != "CLKB" || !Wide && WRITEMODE_A != "READBEFOREWRITE")
      $fatal(1, "DP16KD: parameters that this model does not know");
  end

  logic [13:0] a_addr, b_addr;
  logic [35:0] wdata, mask;
  logic [17:0] a_q, b_q;
  logic [35:0] wide_q;
  logic        a_on, b_on;

  assign a_addr = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
  assign b_addr = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
  assign a_on   = CEA && {CSA2, CSA1, CSA0} == 3'b000;
  assign b_on   = CEB && {CSB2, CSB1, CSB0} == 3'b000;

  always_comb begin
    logic [17:0] low, high;
    low  = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    high = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};
    if (DATA_WIDTH_A == 9) low = {2{low[8:0]}};
    wdata = Wide ? {high, low} : {2{low}};
    case (DATA_WIDTH_A)
      36:      mask = {{9{a_addr[3]}}, {9{a_addr[2]}}, {9{a_addr[1]}}, {9{a_addr[0]}}};
      18:      mask = {{18{a_addr[4]}}, {18{!a_addr[4]}}} & {2{{9{a_addr[1]}}, {9{a_addr[0]}}}};
      default: mask = 36'h1ff << (9 * a_addr[4:3]);
    endcase
    if (!a_on || !WEA) mask = '0;
  end

  // The word or byte at an address of one of the narrow ports.
  function automatic logic [17:0] part(input logic [35:0] words, input logic [13:0] addr, input int width);
    logic [17:0] word;
    word = addr[4] ? words[35:18] : words[17:0];
    return width == 9 ? {9'd0, addr[3] ? word[17:9] : word[8:0]} : word;
  endfunction

  always_ff @(posedge CLKA) begin
    even_q[a_addr[13:5]] <= even_q[a_addr[13:5]] & ~mask[17:0] | wdata[17:0] & mask[17:0];
    odd_q[a_addr[13:5]]  <= odd_q[a_addr[13:5]] & ~mask[35:18] | wdata[35:18] & mask[35:18];
    if (a_on) a_q <= part({odd_q[a_addr[13:5]], even_q[a_addr[13:5]]}, a_addr, DATA_WIDTH_A);
    if (WEB || RSTA || RSTB || !OCEB || !Wide && !OCEA) $fatal(1, "DP16KD: inputs that this model does not know");
  end

  always_ff @(posedge CLKB) begin
    logic [35:0] words;
    words = {odd_q[b_addr[13:5]], even_q[b_addr[13:5]]};
    if (b_addr[13:5] == a_addr[13:5]) words ^= mask;
    if (b_on) begin
      b_q    <= part(words, b_addr, DATA_WIDTH_B);
      wide_q <= words;
    end
  end

  assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0} =
    Wide ? wide_q[17:0] : a_q;
  assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0} =
    Wide ? wide_q[35:18] : b_q;

endmodule

// Without registers.
module MULT18X18D (
  input  logic A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
  input  logic B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
  input  logic C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
  input  logic SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
  output logic P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
  output logic P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);

  logic [17:0] a, b;

  assign a = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
  assign b = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
  assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
          P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} =
    {{18{SIGNEDA & a[17]}}, a} * {{18{SIGNEDB & b[17]}}, b};

endmodule

// The enable counts from the low phase before.
module DCCA (
  input  logic CLKI,
  input  logic CE,
  output logic CLKO
);

  logic on;

  always_latch begin
    if (!CLKI) on = CE;
  end

  assign CLKO = CLKI & on;

endmodule

// As ulx3s_pll in simulation: the input is the fast clock already.
module EHXPLLL #(
  parameter int CLKI_DIV = 1, CLKFB_DIV = 1, CLKOP_DIV = 1, CLKOP_CPHASE = 0, CLKOP_FPHASE = 0,
  parameter int CLKOS_DIV = 1, CLKOS_CPHASE = 0, CLKOS_FPHASE = 0,
  parameter     FEEDBK_PATH = "CLKOP", CLKOP_ENABLE = "ENABLED", CLKOS_ENABLE = "ENABLED", OUTDIVIDER_MUXA = "DIVA",
  parameter     OUTDIVIDER_MUXB = "DIVB", PLLRST_ENA = "DISABLED", INTFB_WAKE = "DISABLED", STDBY_ENABLE = "DISABLED",
  parameter     DPHASE_SOURCE = "DISABLED"
) (
  input  logic CLKI, CLKFB, RST, STDBY, PHASESEL1, PHASESEL0, PHASEDIR, PHASESTEP, PHASELOADREG, PLLWAKESYNC, ENCLKOP, ENCLKOS,
  output logic CLKOP, CLKOS, LOCK
);

  initial begin
    if (CLKOS_DIV != CLKOP_DIV || CLKOS_CPHASE - CLKOP_CPHASE != CLKOP_DIV / 2)
      $fatal(1, "EHXPLLL: the second output is not half a cycle behind the first");
  end

  assign CLKOP = CLKI;
  assign CLKOS = ~CLKI;
  assign LOCK  = 1'b1;

endmodule

module \$_TBUF_ (
  input  logic A,
  input  logic E,
  output wire  Y
);

  assign Y = E ? A : 1'bz;

endmodule
