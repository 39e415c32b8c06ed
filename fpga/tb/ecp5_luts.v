// LUTs as Yosys' own cell for them, which becomes one expression in Verilog. Yosys' models in words of ECP5 cells are trees of
// multiplexers: the same function, simulated half as fast.
module LUT4 (input A, B, C, D, output Z);
  parameter [15:0] INIT = 0;
  \$lut #(.WIDTH(4), .LUT(INIT)) u_lut (.A({D, C, B, A}), .Y(Z));
endmodule

module LUT2 (input A, B, output Z);
  parameter [3:0] INIT = 0;
  \$lut #(.WIDTH(2), .LUT(INIT)) u_lut (.A({B, A}), .Y(Z));
endmodule
