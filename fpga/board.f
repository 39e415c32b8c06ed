// The chip and what stands around it on any board, paths relative to this folder.
-F ../rtl/covert.f
rtl/covert_sdram.sv
rtl/covert_sdcard.sv
rtl/covert_serial.sv
rtl/covert_rx_fifo.sv
rtl/covert_button.sv
rtl/covert_notes.sv
rtl/covert_injector.sv
rtl/covert_memory_map.sv
rtl/covert_loader.sv
rtl/covert_board.sv
