#!/usr/bin/env bash
# Verilator -Wall on the chip in each configuration: as it is synthesised, and as the simulator's
# fast and fault models see it, and on the blocks around it on a board; then Verible's style rules
# on the hand-written files. A warning is an error.
#
# Read: rtl/covert.f, fpga/*.f, fpga/boards/*/*.f (source files), rtl/chip/configs (name and number of tiles a
# line), rtl/lint.vlt (waivers, each with its reason).
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# House style beyond Verible's defaults: suffixes of ports, UpperCamelCase parameters.
readonly RULES=line-length=length:120,port-name-suffix,signal-name-style,parameter-name-style=localparam_style:CamelCase,always-ff-non-blocking,mismatched-labels,one-module-per-file

VERILATOR_ROOT=$(verilator_root)
export VERILATOR_ROOT
cd "$COVERT_ROOT"
failed=false

# lint NAME TOP ARGUMENT...
lint() {
    local name=$1 top=$2
    shift 2
    "$VERILATOR_ROOT/bin/verilator_bin" --lint-only --quiet -Wall --top-module "$top" rtl/lint.vlt "$@" || {
        say "Verilator: $top $*: configuration $name fails"
        failed=true
    }
}

# The simulator's wrapper is never synthesised: it leaves outputs open that it has no use for, and
# resets its own registers at the clock, unlike the chip.
wrapper=(-Wno-PINCONNECTEMPTY -Wno-SYNCASYNCNET sim/model/rtl/covert_sim.sv)
configs=0
while read -r name tiles _; do
    case $name in '' | \#*) continue ;; esac
    configs=$((configs + 1))
    chip=("-GNTiles=$tiles" -F rtl/covert.f)
    lint "$name" covert_chip "${chip[@]}"
    lint "$name" covert_sim "${chip[@]}" +define+COVERT_RVFI "${wrapper[@]}"
    lint "$name" covert_sim "${chip[@]}" +define+COVERT_RVFI +define+COVERT_RVFI_PORTS "${wrapper[@]}"
    lint "$name" covert_harness "${chip[@]}" fpga/rtl/covert_harness.sv
    lint "$name" covert_sdram "-GChannels=$((tiles + 1))" -F fpga/fpga.f
done <rtl/chip/configs
lint sdcard covert_sdcard -F fpga/fpga.f

# A board leaves open what the chip shows to a simulator.
lint board covert_board -GNTiles=2 -Wno-PINCONNECTEMPTY -F fpga/board.f
lint ulx3s ulx3s -Wno-PINCONNECTEMPTY -F fpga/boards/ulx3s/ulx3s.f
[ "$configs" -gt 0 ] || die "rtl/chip/configs names no configuration"

# The design only: property modules name what they watch, and test benches are small on purpose.
mapfile -d '' files < <(find rtl sim/model/rtl fpga/rtl fpga/boards -name '*.sv' -not -path '*/gen/*' -not -path '*/formal/*' \
    -not -path '*/tb/*' -not -path '*/tests/*' -print0 | sort -z)
"$COVERT_CACHE/venv/bin/verible-verilog-lint" --rules="$RULES" "${files[@]}" || failed=true

if $failed; then die "the RTL is not lint-clean"; fi
