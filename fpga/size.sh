#!/usr/bin/env bash
# How large a block of the chip is on an ECP5, alone: LUTs and what else of the device it takes.
# Usage: fpga/size.sh MODULE [PARAMETER=VALUE...]   (`make build` first)
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
[ $# -ge 1 ] || die "usage: fpga/size.sh MODULE [PARAMETER=VALUE...]"
readonly TOP=$1
shift

parameters=()
for parameter; do
    [[ $parameter == *=* ]] || die "$parameter: PARAMETER=VALUE"
    parameters+=(-p "chparam -set ${parameter%%=*} ${parameter#*=} $TOP")
done

readonly YOSYS=$COVERT_CACHE/venv/bin/yosys
[ -x "$YOSYS" ] || die "no Yosys in the project's cache: make build"
cd "$COVERT_ROOT/rtl"
mapfile -t files < <(grep -v '^//' covert.f)
[[ " ${files[*]} " == *"/$TOP."[sv]* ]] || die "$TOP: no file of rtl/covert.f has this name"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$YOSYS" -q -l "$log" -p "read_verilog -sv ${files[*]}" \
    "${parameters[@]}" -p "synth_ecp5 -nowidelut -top $TOP" -p flatten -p stat
awk '$2 ~ /^(LUT4|CCU2C|TRELLIS_FF|TRELLIS_DPR16X4|DP16KD|MULT18X18D)$/ { count[$2] = $1 }
    END {
        split("LUT4 CCU2C TRELLIS_FF TRELLIS_DPR16X4 DP16KD MULT18X18D", cells)
        for (i = 1; i in cells; i++) { printf "%s%s %d", (i > 1 ? ", " : ""), cells[i], count[cells[i]] }
        print ""
    }' "$log"
