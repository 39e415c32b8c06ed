#!/bin/bash
# Builds the stand-alone bench of the tile: build.sh OUTDIR makes OUTDIR/tile_tb.
# Verilator: COVERT_VERILATOR_ROOT, else the project's cache (scripts/setup.sh).
# COVERT_TRACE=1 adds waveforms (--trace), COVERT_CXXFLAGS replaces the C++ options.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: build.sh OUTDIR}
# shellcheck source=../../verilate.sh
source "$here/../../verilate.sh"
options=(+define+COVERT_RVFI)
if [ -n "${COVERT_TRACE:-}" ]; then options+=(--trace-vcd); fi
verilate "$out" tile_tb covert_tile "$here/tile_tb.cpp" -F "$here/../tile.f" "$here/covert_mmu_checks.sv" \
  "${options[@]}"
echo "$out/tile_tb"
