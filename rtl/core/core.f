// The core: package first. Paths are relative to this file.
covert_core_pkg.sv
covert_alu.sv
covert_expander.sv
covert_decoder.sv
covert_regfile.sv
covert_muldiv.sv
covert_fingerprint.sv
covert_csr.sv
covert_fetch.sv
covert_core.sv
