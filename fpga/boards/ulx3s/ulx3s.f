// Top of the ULX3S and all below it, paths relative to this folder.
-F ../../board.f
rtl/ulx3s_pll.sv
rtl/ulx3s.sv
