// The chip alone between shift registers, paths relative to this folder.
-F ../rtl/covert.f
rtl/covert_harness.sv
