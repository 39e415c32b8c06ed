// The blocks around the chip on a board, paths relative to this folder.
rtl/covert_sdram.sv
