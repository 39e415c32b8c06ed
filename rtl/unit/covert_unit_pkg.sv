// Numbers private to the isolation unit's hand-written part.
package covert_unit_pkg;
  /* verilator lint_off UNUSEDPARAM */

  // Jobs of the block walker.
  localparam logic [3:0] JobClear      = 4'd0;  // power-on: no block is dirty
  localparam logic [3:0] JobLength     = 4'd1;  // read the VMM image's length
  localparam logic [3:0] JobImage      = 4'd2;  // the VMM image to the targets
  localparam logic [3:0] JobLoad       = 4'd3;  // boot region to all members
  localparam logic [3:0] JobPrecopy    = 4'd4;
  localparam logic [3:0] JobJoin       = 4'd5;
  localparam logic [3:0] JobCheckpoint = 4'd6;
  localparam logic [3:0] JobRestore    = 4'd7;
  localparam logic [3:0] JobCopyIn     = 4'd8;  // I/O region to all members
  localparam logic [3:0] JobCopyOut    = 4'd9;  // all members, compared, to the I/O region

  /* verilator lint_on UNUSEDPARAM */
endpackage
