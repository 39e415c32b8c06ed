// The blocks around the chip on a board, paths relative to this folder.
../rtl/unit/gen/covert_pkg.sv
rtl/covert_sdram.sv
rtl/covert_sdcard.sv
