// The tile: packages first. Paths are relative to this file.
../unit/gen/covert_pkg.sv
../core/covert_core_pkg.sv
../core/covert_alu.sv
../core/covert_expander.sv
../core/covert_decoder.sv
../core/covert_regfile.sv
../core/covert_muldiv.sv
../core/covert_fingerprint.sv
../core/covert_csr.sv
../core/covert_btb.sv
../core/covert_fetch.sv
../core/covert_core.sv
covert_tlb.sv
covert_mmu.sv
covert_icache.sv
covert_dcache.sv
covert_tile.sv
