// Numbers private to the isolation unit's hand-written part.
package covert_unit_pkg;
  /* verilator lint_off UNUSEDPARAM */

  // Jobs of the page walker.
  localparam logic [2:0] JobClear      = 3'd0;  // power-on: no page is dirty
  localparam logic [2:0] JobLength     = 3'd1;  // read the VMM image's length
  localparam logic [2:0] JobImage      = 3'd2;  // the VMM image to the targets
  localparam logic [2:0] JobLoad       = 3'd3;  // boot region to all members
  localparam logic [2:0] JobPrecopy    = 3'd4;
  localparam logic [2:0] JobJoin       = 3'd5;
  localparam logic [2:0] JobCheckpoint = 3'd6;
  localparam logic [2:0] JobRestore    = 3'd7;

  /* verilator lint_on UNUSEDPARAM */
endpackage
