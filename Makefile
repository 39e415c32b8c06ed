# The commands of COVERT. The work itself is done by cargo and by scripts/.
#
# Everything but `help`, `generate` and `clean` begins with set-up, which only looks when there is
# nothing to install.

include versions.env

export COVERT_CACHE ?= $(HOME)/.cache/covert
# One target folder, whatever the environment says: its paths are part of the commands' face.
export CARGO_TARGET_DIR := $(CURDIR)/target
export COVERT_FIRMWARE_DIR := $(CARGO_TARGET_DIR)/firmware/$(RISCV_TARGET)/release
# Looked up when used, by the shell: on a fresh machine it is there only after set-up, and make's
# own wildcard remembers the folder that it did not find before.
export COVERT_VERILATOR_ROOT = $(shell ls -d $(COVERT_CACHE)/venv/lib/python3*/site-packages/verilator 2>/dev/null | head -n 1)

.DEFAULT_GOAL := help
.PHONY: help setup setup-linux setup-tests setup-bench setup-fpga build demo bench fpga test test-full lint generate clean
MAKEFLAGS += --no-print-directory
# The order of the steps below is meant; cargo and the scripts use all processors themselves.
.NOTPARALLEL:

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## install the tools and packages that are missing
	@scripts/setup.sh

setup-linux:
	@scripts/setup.sh --linux

setup-bench:
	@scripts/setup.sh --bench

setup-fpga:
	@scripts/setup.sh --fpga

setup-tests:
	@scripts/setup.sh --linux --tests

build: setup-linux ## build the firmware, the guest Linux and target/release/covert
	scripts/firmware.sh build
	cargo build --release --locked -p covert

demo: build ## boot a protected guest, break it, show that nobody noticed
	$(CARGO_TARGET_DIR)/release/covert demo

bench: setup-bench build ## measure kernels and simulation speed beside VexRiscv (BENCH_ARGS: docs/bench.md)
	sim/bench/kernels/build.sh $(CARGO_TARGET_DIR)/bench/programs
	sim/bench/vexriscv/build.sh $(CARGO_TARGET_DIR)/bench
	cargo run --release --locked --quiet -p covert-bench -- $(BENCH_ARGS)

fpga: setup-fpga build ## a bitstream of duo for the ULX3S (FPGA_ARGS: docs/fpga.md)
	$(CARGO_TARGET_DIR)/release/covert fpga build --board ulx3s --chip duo $(FPGA_ARGS)

test: setup-tests build lint ## run every test (what continuous integration runs)
	scripts/test.sh

test-full: export COVERT_TEST_FULL := 1
test-full: setup-tests setup-fpga build lint ## run every test in its long version
	scripts/test.sh

lint: build ## formatters, clippy, Verilator -Wall, generated files
	scripts/lint.sh

generate: ## write the generated Verilog and the register page anew
	cargo run --release --locked -p covert-rtl --bin generate

clean: ## remove what was built; the cache stays
	cargo clean
