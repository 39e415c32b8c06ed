#!/bin/bash
# Builds the stand-alone bench of the core: build.sh OUTDIR makes OUTDIR/core_tb.
# Verilator: COVERT_VERILATOR_ROOT, else the project's cache (scripts/setup.sh).
# COVERT_TRACE=1 adds waveforms (--trace), COVERT_CXXFLAGS replaces the C++ options.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: build.sh OUTDIR}
# shellcheck source=verilate.sh
source "$here/verilate.sh"
options=(+define+COVERT_RVFI)
if [ -n "${COVERT_TRACE:-}" ]; then options+=(--trace-vcd); fi
verilate "$out" core_tb covert_core "$here/core_tb.cpp" -F "$here/../core.f" "${options[@]}"
echo "$out/core_tb"
